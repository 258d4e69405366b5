// Captures from end to end. The whole captures lie beside the tree (../shared); tests that need
// them are skipped, and say so, where they are missing.
#include "harness/decode/trace.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/decode/entry_text.h"

using harness::Capture;
using harness::Entry;
using harness::EntryKind;
using harness::TraceSummary;
using Octets = std::vector<uint8_t>;

namespace {

const std::filesystem::path kTestData = ASSAY_DECODE_TESTDATA;
const std::filesystem::path kCaptures = ASSAY_CAPTURES;

Octets read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return Octets(std::istreambuf_iterator<char>(file), {});
}

Capture open(const std::filesystem::path& path) {
  auto capture = Capture::open(path.string());
  REQUIRE(capture);
  return std::move(*capture);
}

// Traces a capture and checks that each byte of each frame is accounted for exactly once.
TraceSummary trace(Capture capture, const std::function<void(const Entry&)>& look = {}) {
  uint64_t bytes = 0;
  auto summary = harness::trace_capture(std::move(capture), [&](const Entry& entry) {
    REQUIRE(entry.count.total() == entry.frame.size());
    uint64_t unexplained = 0;
    for (const protocol::Unexplained& part : entry.description.unexplained) {
      REQUIRE(uint64_t{part.offset} + part.length <= entry.frame.size());
      unexplained += part.length;
    }
    REQUIRE(unexplained == entry.count.unexplained);
    bytes += entry.frame.size();
    if (look) look(entry);
  });
  REQUIRE(summary);
  REQUIRE(summary->account.count().total() == bytes);
  return std::move(*summary);
}

bool missing(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) return false;
  WARN("skipped: " << path << " is missing");
  return true;
}

// A generator of its own, so that the same bytes are hit on every machine.
class Lottery {
 public:
  uint64_t next(uint64_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % below;
  }

 private:
  uint64_t state_ = 1;
};

// Decodes bytes of any kind: an error or a summary, and text and JSON of all that was found.
void survive(const Octets& content) {
  const auto summary = harness::trace_capture(Capture(content), [](const Entry& entry) {
    REQUIRE_FALSE(harness::headline(entry).empty());
    harness::details(entry);
    harness::to_json(entry).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    REQUIRE(entry.count.total() == entry.frame.size());
  });
  if (summary) REQUIRE_FALSE(harness::to_text(*summary).empty());
}

}  // namespace

TEST_CASE("traffic of a 1.8 client is explained to the last byte") {
  std::map<std::string, int> operations;
  const TraceSummary summary = trace(open(kTestData / "client-1.8.9.pcap"), [&](const Entry& e) {
    if (e.kind == EntryKind::request) ++operations[e.operation];
    if (e.kind == EntryKind::request) REQUIRE(e.dialect == "1.8");
    REQUIRE(e.notes.empty());
  });
  REQUIRE(summary.account.count().unexplained == 0);
  REQUIRE(summary.account.entries(EntryKind::request) == 19);
  REQUIRE(summary.account.entries(EntryKind::reply) == 19);
  REQUIRE(summary.account.entries(EntryKind::hello) == 2);
  REQUIRE(operations["MGS_CONNECT"] == 1);
  REQUIRE(operations["MDS_REINT/CREATE"] == 1);
}

TEST_CASE("traffic of a 2.0 client is explained to the last byte") {
  const TraceSummary summary = trace(open(kTestData / "client-2.0.0.pcap"), [](const Entry& e) {
    if (e.kind == EntryKind::request) REQUIRE(e.dialect == "2.0");
    REQUIRE(e.notes.empty());
  });
  REQUIRE(summary.account.count().unexplained == 0);
}

TEST_CASE("of later traffic the framing is explained, and what was added is not") {
  const TraceSummary summary = trace(open(kTestData / "client-2.17.pcap"), [](const Entry& e) {
    if (e.kind == EntryKind::request) REQUIRE(e.dialect == "later");
  });
  REQUIRE(summary.account.count().unexplained_framing == 0);
  REQUIRE(summary.account.count().unexplained > 0);
  REQUIRE(summary.account.entries(EntryKind::ping) > 0);
  REQUIRE(summary.account.entries(EntryKind::broken) == 0);
}

TEST_CASE("the whole captures of 1.8.9 and 2.0.0") {
  for (const char* name :
       {"lustre-1.8/client-1.8.9-userspace.pcap", "lustre-2.0/client-2.0.0-userspace.pcap"}) {
    if (missing(kCaptures / name)) continue;
    INFO(name);
    const TraceSummary summary = trace(open(kCaptures / name));
    REQUIRE(summary.account.count().unexplained == 0);
    REQUIRE(summary.account.entries(EntryKind::request) > 100);
    REQUIRE(summary.account.entries(EntryKind::request) ==
            summary.account.entries(EntryKind::reply));
    REQUIRE(summary.account.entries(EntryKind::broken) == 0);
  }
}

TEST_CASE("the framing of every capture of a later version") {
  if (missing(kCaptures / "lustre-2.x")) return;
  for (const auto& file : std::filesystem::directory_iterator(kCaptures / "lustre-2.x")) {
    if (file.path().extension() == ".md") continue;
    INFO(file.path());
    const TraceSummary summary = trace(open(file.path()));
    REQUIRE(summary.account.count().unexplained_framing == 0);
    REQUIRE(summary.account.entries(EntryKind::broken) == 0);
    REQUIRE(summary.account.entries(EntryKind::gap) == 0);
  }
}

TEST_CASE("the early reply of the capture made for it") {
  if (missing(kCaptures / "lustre-2.x/early-reply.pcap")) return;
  const TraceSummary summary =
      trace(open(kCaptures / "lustre-2.x/early-reply.pcap"), [](const Entry& entry) {
        // The checksum was compared, too: a wrong one would be noted.
        if (entry.kind == EntryKind::early_reply) REQUIRE(entry.notes.empty());
      });
  REQUIRE(summary.account.entries(EntryKind::early_reply) > 0);
}

TEST_CASE("resent and replayed requests are noted") {
  if (missing(kCaptures / "lustre-2.x/crash-replay.pcap")) return;
  int replays = 0;
  trace(open(kCaptures / "lustre-2.x/crash-replay.pcap"), [&](const Entry& entry) {
    for (const std::string& note : entry.notes) replays += note == "replay" ? 1 : 0;
  });
  REQUIRE(replays >= 15);
}

TEST_CASE("a capture cut anywhere is read as far as it goes, or refused") {
  const Octets whole = read(kTestData / "client-1.8.9.pcap");
  for (size_t length = 0; length < whole.size(); length += length < 2000 ? 1 : 61) {
    survive(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
  }
}

TEST_CASE("a capture with any bytes changed does not end the program") {
  for (const char* name : {"client-1.8.9.pcap", "client-2.0.0.pcap", "client-2.17.pcap"}) {
    const Octets whole = read(kTestData / name);
    Lottery lottery;
    for (int round = 0; round < 100; ++round) {
      Octets changed = whole;
      const uint64_t flips = 1 + lottery.next(40);
      for (uint64_t i = 0; i < flips; ++i) {
        const uint64_t place = lottery.next(changed.size());
        const uint64_t bit = lottery.next(8);
        changed[place] = static_cast<uint8_t>(changed[place] ^ (1u << bit));
      }
      survive(changed);
    }
  }
}

TEST_CASE("a missing packet is a gap and what follows is found again") {
  // Packet 13, a reply of 8480 bytes, is left out of the file.
  const Octets whole = read(kTestData / "client-1.8.9.pcap");
  Octets without(whole.begin(), whole.begin() + 24);
  for (size_t at = 24, number = 1; at < whole.size(); ++number) {
    const size_t length = 16 + (whole[at + 8] | size_t{whole[at + 9]} << 8);
    const auto first = whole.begin() + static_cast<std::ptrdiff_t>(at);
    if (number != 13)
      without.insert(without.end(), first, first + static_cast<std::ptrdiff_t>(length));
    at += length;
  }
  const TraceSummary summary = trace(Capture(without));
  REQUIRE(summary.account.entries(EntryKind::gap) == 1);
  REQUIRE(summary.account.entries(EntryKind::request) == 19);
  REQUIRE(summary.account.entries(EntryKind::reply) == 18);
}
