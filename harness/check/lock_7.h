// LOCK-7: the size that a call reports is at least the end of every write that had ended before the
// call began, unless something that shortens files came in between, or data was lost to an
// eviction or a crash of its client. What a client writes while it has not learned yet that an OST
// evicted it is lost as well. Nor is it more than what a truncation had cut the file to, if nothing
// that changes sizes or names ran beside that or began since. Who asks for what the MDS knows alone
// (kStatDontSync) is told that.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"
#include "reference/cow.h"

namespace harness::check {

class Lock7 {
 public:
  static constexpr Profile kProfile = {
      "LOCK-7", Needs::messages,
      kinds<record::Started, record::CallBegan, record::CallEnded, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::evicted, Fact::Kind::reached)};
  static constexpr size_t kFilesMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const {
    visit(files_, calls_, sizes_, cut_, shortening_, changing_, osts_, names_, evicted_);
  }

 private:
  struct Fid {
    uint64_t seq = 0;
    uint64_t oid = 0;
    uint64_t ino = 0;
    auto operator<=>(const Fid&) const = default;
    void state(auto&& visit) const { visit(seq, oid, ino); }
  };
  struct Size {
    uint64_t end = 0;
    Seen at;
    void state(auto&& visit) const { visit(end); }
  };
  using Sizes = FlatMap<Fid, Size>;
  using Place = std::pair<record::NodeIndex, uint64_t>;  // client, descriptor
  struct Running {
    record::NodeIndex client = 0;
    reference::OrderId order = 0;
    auto operator<=>(const Running&) const = default;
    void state(auto&& visit) const { visit(client, order); }
  };
  struct Cut {  // a file that was truncated; no path: none was
    std::string path;
    uint64_t size = 0;
    Seen at;
    void state(auto&& visit) const { visit(path, size); }
  };
  struct Call {
    reference::Syscall::Kind kind = reference::Syscall::Kind::stat;
    bool shortens = false, changes = false;
    bool alone = false;  // no other that changes has been under way beside it
    uint64_t fd = 0;
    uint64_t end = 0;
    std::string path;              // of a truncation
    reference::Cow<Sizes> before;  // as they were when the call began
    Cut cut;                       // so was this, of its own path
    Seen at;
    void state(auto&& visit) const {
      visit(kind, shortens, changes, alone, fd, end, path, before, cut);
    }
  };
  void on_began(const Record& record, const record::CallBegan& began);
  void on_ended(const Record& record, const record::CallEnded& ended, Findings& findings);
  void on_fact(const Record& record, const Fact& fact);
  bool unaware(record::NodeIndex client) const;
  void lose();
  void disturb();

  FlatMap<Place, Fid> files_;
  FlatMap<Running, Call> calls_;
  reference::Cow<Sizes> sizes_;
  Cut cut_;                                    // last, nothing has changed since
  uint32_t shortening_ = 0;                    // calls under way that may shorten a file
  uint32_t changing_ = 0;                      // or change sizes or names at all
  FlatMap<record::NodeIndex, uint32_t> osts_;  // their index
  FlatMap<record::NodeIndex, reference::ClientName> names_;
  // By that OST, and not connected to it since.
  FlatMap<std::pair<uint32_t, reference::ClientName>, bool> evicted_;
};

}  // namespace harness::check
