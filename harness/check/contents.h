// ATOMIC-DATA: what applications read of a file is what they wrote, as if their calls had been made
// one after the other (linear.h). A call that failed may have happened or not, but not after the
// next one of its client. Left out are files that a client wrote which was evicted or crashed
// since: what it had in its cache is lost (facts: semantics 9.3). Where a scripted peer changes
// objects itself nothing is judged: what it does is no call.
#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/linear.h"
#include "harness/check/moments.h"
#include "harness/check/seen.h"

namespace harness::check {

class Contents {
 public:
  static constexpr Profile kProfile = {
      "ATOMIC-DATA", Needs::messages,
      kinds<record::Started, record::Sent, record::CallBegan, record::CallEnded, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::evicted, Fact::Kind::reached)};
  static constexpr size_t kCallsMax = 1 << 20;
  static constexpr size_t kBytesMax = size_t{256} << 20;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  // Moments as far as they can matter.
  void state(auto&& visit) const {
    visit(told(), running_, descriptors_, paths_, left_out_, names_, probes_, foreign_);
  }

 private:
  struct Fid {
    uint64_t seq = 0;
    uint64_t oid = 0;
    uint64_t ino = 0;
    auto operator<=>(const Fid&) const = default;
    void state(auto&& visit) const { visit(seq, oid, ino); }
  };
  struct Call {
    Access::Kind kind = Access::Kind::read;
    bool maybe = false;
    record::NodeIndex client = 0;
    Fid file;
    Moment begin = 0;
    Moment end = kNeverEnds;
    uint64_t offset = 0;
    protocol::Bytes data;
    void state(auto&& visit) const { visit(kind, maybe, client, file, offset, data); }
  };
  struct Running {  // a call that has not ended
    record::NodeIndex client = 0;
    reference::OrderId order = 0;
    auto operator<=>(const Running&) const = default;
    void state(auto&& visit) const { visit(client, order); }
  };
  struct Begun {
    std::shared_ptr<const reference::Syscall> call;
    Moment at = 0;
    void state(auto&& visit) const { visit(*call); }
  };
  using Descriptor = std::pair<record::NodeIndex, uint64_t>;

  void on_sent(const Record& record, const record::Sent& sent);
  void on_began(const Record& record, const record::CallBegan& began);
  void on_ended(const Record& record, const record::CallEnded& ended, Findings& findings);
  void add(const Begun& begun, record::NodeIndex client, Moment end,
           const reference::Result* result, Findings& findings);
  void add_truncation(const Begun& begun, record::NodeIndex client, Moment end, const Fid& file,
                      uint64_t size, bool maybe);
  void forget_names(const reference::Syscall& call);
  void lose(record::NodeIndex client);
  void lose(const reference::ClientName& name);
  // The calls that ended, by client, and the spans of those that run.
  std::pair<std::vector<std::pair<Call, Span>>, std::vector<Span>> told() const;

  std::vector<Call> calls_;  // as they ended
  size_t bytes_ = 0;
  FlatMap<Running, Begun> running_;
  FlatMap<Descriptor, Fid> descriptors_;
  FlatMap<std::string, Fid> paths_;  // of what was opened by them
  FlatMap<Fid, bool> left_out_;
  FlatMap<record::NodeIndex, reference::ClientName> names_;
  FlatMap<record::NodeIndex, bool> probes_;
  bool foreign_ = false;  // a scripted peer changed objects
  Moments moments_;
};

}  // namespace harness::check
