#include "harness/record/history.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/record/recorder.h"
#include "reference/digest.h"
#include "reference/lock_modes.h"

namespace harness::record {

namespace {

class Scratch {
 public:
  Scratch() {
    static int made = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("assay-history-" + std::to_string(getpid()) + "-" + std::to_string(++made));
  }
  ~Scratch() { std::filesystem::remove(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string path() const { return path_; }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void set(const std::string& content) const { std::ofstream(path_, std::ios::binary) << content; }

 private:
  std::filesystem::path path_;
};

// One record of each kind.
void tell(Recorder& recorder) {
  const Recorder::Place place{.time = 5, .node = 1, .incarnation = 2, .cause = 0};
  recorder.add(place, Started{{Role::ost, 1, {7, 12345}}, Dialect::v1_8});
  Syscall call;
  call.kind = Syscall::Kind::write;
  call.path = "/a";
  call.offset = 4096;
  call.data = Bytes(protocol::as_bytes("data"));
  recorder.add(place, CallBegan{3, std::make_shared<const Syscall>(call)});
  const Bytes message(protocol::as_bytes("a message that is none"));
  recorder.sent(place, {8, 1}, message);
  recorder.received(place, {9, 1}, message);
  recorder.add(place, Lost{{9, 1}});
  recorder.add(place, Dropped{{9, 1}});
  recorder.add(place, Faulted{"drop reply", 1});
  recorder.add(place, Committed{});
  Fact fact{.kind = Fact::Kind::reached, .client = "uuid", .object = {1, 2}, .value = -3};
  fact.versions[3] = 9;
  fact.text = "why";
  recorder.add(place, Noted{fact});
  Result result;
  result.status = -5;
  result.entries.push_back({"name", 3, 4});
  recorder.add(place, CallEnded{3, std::make_shared<const Result>(result)});
  recorder.add(place, Digested{77});
  recorder.add(place, Crashed{});
  recorder.add(place, Quiesced{});
}

std::vector<Record> read_all(const std::string& path) {
  auto reader = HistoryReader::open(path);
  REQUIRE(reader);
  std::vector<Record> records;
  while (auto record = reader->next().value()) records.push_back(*std::move(record));
  return records;
}

}  // namespace

TEST_CASE("what was written is read, also while the file grows") {
  const Scratch scratch;
  HistoryWriter writer(scratch.path());
  Recorder recorder;
  std::vector<Record> told;
  recorder.listen([&](const Record& record) {
    told.push_back(record);
    writer.write(record);
    writer.flush();
    CHECK(read_all(scratch.path()).size() == told.size());
  });
  tell(recorder);
  REQUIRE(writer.ok());
  const std::vector<Record> read = read_all(scratch.path());
  REQUIRE(read.size() == told.size());
  for (size_t i = 0; i < read.size(); ++i) {
    REQUIRE(read[i].index == told[i].index);
    REQUIRE(read[i].time == told[i].time);
    REQUIRE(read[i].cause == told[i].cause);
    REQUIRE(read[i].what.index() == told[i].what.index());
  }
  REQUIRE(std::get<CallBegan>(read[1].what).call->data ==
          std::get<CallBegan>(told[1].what).call->data);
  REQUIRE(std::get<Received>(read[3].what).bytes == std::get<Sent>(told[2].what).bytes);
  REQUIRE(std::get<Received>(read[3].what).message == 1);
  const Fact& fact = std::get<Noted>(read[8].what).fact;
  REQUIRE(reference::digest_of(fact) == reference::digest_of(std::get<Noted>(told[8].what).fact));
  REQUIRE(std::get<CallEnded>(read[9].what).result->entries.at(0).name == "name");
}

TEST_CASE("a history that ends anywhere is what there is so far") {
  const Scratch scratch;
  Recorder recorder;
  {
    HistoryWriter writer(scratch.path());
    recorder.listen([&](const Record& record) { writer.write(record); });
    tell(recorder);
  }
  const std::string whole = scratch.content();
  const Scratch empty;
  {
    HistoryWriter writer(empty.path());
  }
  const size_t header = empty.content().size();
  size_t before = 0;
  for (size_t length = header; length < whole.size(); ++length) {
    scratch.set(whole.substr(0, length));
    const size_t records = read_all(scratch.path()).size();
    CHECK(records >= before);
    before = records;
  }
}

TEST_CASE("a later version, and what is no history, are refused with a reason") {
  const Scratch scratch;
  {
    HistoryWriter writer(scratch.path());
  }
  const std::string header = scratch.content();
  for (size_t i = 8; i < header.size(); ++i) {
    std::string changed = header;
    if (changed[i] != 1) continue;
    changed[i] = 2;
    scratch.set(changed);
    const auto reader = HistoryReader::open(scratch.path());
    if (!reader && reader.error().find("of version 2") != std::string::npos) {
      scratch.set("not a history at all, but long enough to be looked at");
      REQUIRE_FALSE(HistoryReader::open(scratch.path()));
      scratch.set("");
      REQUIRE_FALSE(HistoryReader::open(scratch.path()));
      return;
    }
  }
  FAIL("no byte of the header is its version");
}

TEST_CASE("a lock of no type or no mode is no lock") {
  const auto read = [](uint8_t type, int64_t mode) {
    const Scratch scratch;
    {
      HistoryWriter writer(scratch.path());
      Recorder recorder;
      recorder.listen([&](const Record& record) { writer.write(record); });
      recorder.add({}, Noted{{.kind = Fact::Kind::granted, .type = type, .value = mode}});
    }
    return HistoryReader::open(scratch.path())->next().has_value();
  };
  constexpr auto kExtent = static_cast<uint8_t>(reference::LockType::extent);
  REQUIRE(read(kExtent, static_cast<int64_t>(reference::LockMode::pw)));
  REQUIRE_FALSE(read(kExtent, 0));
  REQUIRE_FALSE(read(kExtent, 3));
  REQUIRE_FALSE(read(0, static_cast<int64_t>(reference::LockMode::pw)));
}

TEST_CASE("no damage makes the reader stumble") {
  const Scratch scratch;
  Recorder recorder;
  {
    HistoryWriter writer(scratch.path());
    recorder.listen([&](const Record& record) { writer.write(record); });
    tell(recorder);
  }
  const std::string whole = scratch.content();
  size_t errors = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      scratch.set(damaged);
      auto reader = HistoryReader::open(scratch.path());
      if (!reader) continue;
      for (int i = 0; i < 100; ++i) {
        const auto record = reader->next();
        if (!record) ++errors;
        if (!record || !*record) break;
      }
    }
  }
  REQUIRE(errors > 0);
}

}  // namespace harness::record
