// What an answer must say as the captured one did, because the client's own operations, which are
// the same, decide it. What is a server's to choose (names, times, places, grants) is left out, and
// so is what the captured server, a probe, said against the facts (Lie).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "protocol/ldlm.h"
#include "protocol/mds.h"
#include "protocol/mds_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/stock/rules.h"

namespace suites {

namespace disposition = protocol::ldlm::disposition;
namespace opcode = protocol::ptlrpc::opcode;
namespace valid = protocol::mds::valid;
using protocol::ByteView;
using protocol::Bytes;
using protocol::Dialect;
using protocol::ldlm::LdlmReply;
using protocol::ldlm::OstLvb;
using protocol::mds_1_8::MdsBody;

namespace {

constexpr uint32_t kFileTypes = 0170000;
constexpr uint32_t kDirectory = 0040000;
constexpr uint32_t kSymlink = 0120000;
constexpr auto kAborted = static_cast<int32_t>(protocol::ldlm::status::kLockAborted);
// Times that the client sets by utime, unlike any clock's.
constexpr uint64_t kUtimeMax = 1'000'000'000;

class Comparison {
 public:
  Comparison(const Exchange& exchange, const Given& given)
      : exchange_(exchange),
        given_(given),
        there_(*exchange.operation, exchange.answer),
        here_(*exchange.operation, given.answer) {}

  std::vector<std::string> compare() {
    status();
    if (given_.answer.body().status < 0) return std::move(found_);
    disposition();
    attributes();
    size();
    data();
    return std::move(found_);
  }

 private:
  template <class Value>
  void same(std::string_view what, const Value& captured, const Value& ours) {
    if (captured == ours) return;
    found_.push_back(fmt::format("{} is {}, not {}", what, ours, captured));
  }

  // A lock is given or not, as the server likes, with an intent and with a glimpse.
  void status() {
    const int32_t captured = exchange_.answer.body().status;
    const int32_t ours = given_.answer.body().status;
    const bool free = captured == kAborted && (ours == 0 || ours == kAborted);
    if (!free) same("the status", captured, ours);
  }

  void disposition() {
    const auto captured = there_.value<LdlmReply>("lock");
    const auto ours = here_.value<LdlmReply>("lock");
    if (!captured || !ours || !is_intent(*exchange_.operation)) return;
    constexpr uint64_t kDecided = disposition::kItExecd | disposition::kLookupExecd |
                                  disposition::kLookupNeg | disposition::kLookupPos |
                                  disposition::kOpenCreate | disposition::kOpenOpen;
    same("the disposition", captured->lock_policy_res1 & kDecided,
         ours->lock_policy_res1 & kDecided);
    same("the intent's status", captured->lock_policy_res2, ours->lock_policy_res2);
  }

  void attributes() {
    const auto captured = there_.body();
    const auto ours = here_.body();
    if (!captured || !ours) return;
    const uint64_t both = captured->valid & ours->valid;
    const auto attribute = [&](std::string_view what, uint64_t bit, auto MdsBody::*field) {
      if ((both & bit) != 0) same(what, (*captured).*field, (*ours).*field);
    };
    attribute("the mode", valid::kMode | valid::kType, &MdsBody::mode);
    attribute("the uid", valid::kUid, &MdsBody::uid);
    attribute("the gid", valid::kGid, &MdsBody::gid);
    const uint32_t type = captured->mode & kFileTypes;
    // The probe gave every directory two links, whatever was in it.
    if (type != kDirectory) attribute("nlink", valid::kNlink, &MdsBody::nlink);
    if (type == kSymlink) attribute("the size", valid::kSize, &MdsBody::size);
    if (captured->mtime < kUtimeMax) attribute("mtime", valid::kMtime, &MdsBody::mtime);
    if (captured->atime < kUtimeMax) attribute("atime", valid::kAtime, &MdsBody::atime);
    // By the EA itself: the probe announced one in the answer to a link, and gave none.
    const auto has_ea = [](const AnswerReader& reader, const MdsBody& body) {
      const auto md = reader.buffer("md");
      return (body.valid & valid::kEaSize) != 0 && md && !md->empty();
    };
    same("whether there is an EA", has_ea(there_, *captured), has_ea(here_, *ours));
    if ((both & valid::kLinkname) != 0) {
      same("the symlink's content", protocol::as_text(there_.buffer("md").value_or(ByteView{})),
           protocol::as_text(here_.buffer("md").value_or(ByteView{})));
    }
  }

  void size() {
    const auto captured = there_.value<OstLvb>("lvb");
    const auto ours = here_.value<OstLvb>("lvb");
    if (captured && ours && exchange_.operation->opcode == opcode::kLdlmEnqueue) {
      same("the size", captured->size, ours->size);
      if (captured->mtime < kUtimeMax) same("mtime", captured->mtime, ours->mtime);
    }
  }

  void data() {
    if (!exchange_.taken || !given_.taken) return;
    if (exchange_.operation->opcode == opcode::kOstRead) {
      if (*exchange_.taken != *given_.taken) found_.emplace_back("other data");
    } else {
      const auto captured = entries(exchange_.taken->view());
      const auto ours = entries(given_.taken->view());
      same("the directory", fmt::to_string(fmt::join(captured, " ")),
           fmt::to_string(fmt::join(ours, " ")));
    }
  }

  // The names in a page of a directory.
  std::set<std::string> entries(ByteView page) const {
    return exchange_.operation->dialect == Dialect::v1_8 ? of_blocks(page) : of_hashes(page);
  }

  // ext2's: inode 4, record length 2, name length 1, type 1, name. Inode 0 is no entry.
  static std::set<std::string> of_blocks(ByteView page) {
    constexpr size_t kHeader = 8;
    std::set<std::string> names;
    for (size_t at = 0; at + kHeader <= page.size();) {
      const auto inode = *protocol::decode<uint32_t>(page.subspan(at));
      const auto length = *protocol::decode<uint16_t>(page.subspan(at + 4));
      const size_t name = page[at + 6];
      if (length < kHeader + name || at + length > page.size()) {
        names.insert("(a broken entry)");
        break;
      }
      if (inode != 0) names.emplace(protocol::as_text(page.subspan(at + kHeader, name)));
      at += length;
    }
    return names;
  }

  static std::set<std::string> of_hashes(ByteView page) {
    using protocol::mds_2_0::LuDirent;
    using protocol::mds_2_0::LuDirpage;
    std::set<std::string> names;
    const auto header = protocol::decode<LuDirpage>(page);
    if (!header || (header->flags & 1) != 0) return names;
    for (size_t at = LuDirpage::kSize; at + LuDirent::kSize <= page.size();) {
      const auto entry = *protocol::decode<LuDirent>(page.subspan(at));
      if (at + LuDirent::kSize + entry.namelen > page.size()) {
        names.insert("(a broken entry)");
        break;
      }
      names.emplace(protocol::as_text(page.subspan(at + LuDirent::kSize, entry.namelen)));
      if (entry.reclen == 0) break;
      at += entry.reclen;
    }
    return names;
  }

  const Exchange& exchange_;
  const Given& given_;
  AnswerReader there_, here_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> otherwise(const Exchange& exchange, const Given& given) {
  return Comparison(exchange, given).compare();
}

}  // namespace suites
