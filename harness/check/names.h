// ATOMIC-NAMES: calls on names could have been made one after the other: what was created is there
// until it is removed, a rename moves it in one moment, an exclusive create succeeds once. A call
// that failed for no reason of its own may have happened or not.
//
// Names are judged by component: those that a rename or link has in one call go together, all
// others each by itself. Of a file system that is new in the history, and of which no scripted peer
// and no symbolic link is a part, it is known what is there at first: nothing; else the first look
// tells. Left out are names below a directory that was itself renamed or removed (but a call on
// one went through that directory, which is a look at it), symbolic links that a call followed,
// what an evicted or crashed client changed, and what one saw that did not know yet of its
// eviction.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/linear.h"
#include "harness/check/moments.h"
#include "harness/check/seen.h"

namespace harness::check {

class Names {
 public:
  static constexpr Profile kProfile = {
      "ATOMIC-NAMES", Needs::messages,
      kinds<record::Started, record::CallBegan, record::CallEnded, record::Crashed>(),
      facts(Fact::Kind::started, Fact::Kind::connected, Fact::Kind::evicted, Fact::Kind::reached)};
  static constexpr size_t kCallsMax = 1 << 20;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  // Moments as far as they can matter.
  void state(auto&& visit) const {
    visit(told(), running_, left_out_, names_, metadata_, unaware_, fresh_);
  }

  // What a call did, or said, of one name or two.
  struct Call {
    // look: it is there, as `inode` (0: whichever). absent: it is not. make: it was not there, and
    // is now. make_or_look: either. remove. move: from the first to the second. link: the second is
    // what the first is.
    enum class Kind : uint8_t { look, absent, make, make_or_look, remove, move, link };
    Kind kind = Kind::look;
    bool maybe = false;
    record::NodeIndex client = 0;
    std::string name, other;
    uint64_t inode = 0;
    Moment begin = 0;
    Moment end = kNeverEnds;
    bool changes() const { return kind != Kind::look && kind != Kind::absent; }
    void state(auto&& visit) const { visit(kind, maybe, client, name, other, inode); }
  };

 private:
  enum class Ternary : uint8_t { unknown, no, yes };
  struct Running {
    record::NodeIndex client = 0;
    reference::OrderId order = 0;
    auto operator<=>(const Running&) const = default;
    void state(auto&& visit) const { visit(client, order); }
  };
  struct Begun {
    std::shared_ptr<const reference::Syscall> call;
    Moment at = 0;
    bool unaware = false;  // its client was, at some time of it
    void state(auto&& visit) const { visit(*call, unaware); }
  };
  void on_started(const Record& record, const record::Started& started);
  void on_fact(const Record& record, const Fact& fact);
  void on_crashed(const Record& record, Findings& findings);
  void on_ended(const Record& record, const record::CallEnded& ended, Findings& findings);
  void add(const Begun& begun, record::NodeIndex client, Moment end, int32_t status, uint64_t inode,
           Findings& findings);
  void lose(record::NodeIndex client);
  void become_unaware(record::NodeIndex client);
  // The calls that ended, by client, and the spans of those that run.
  std::pair<std::vector<std::pair<Call, Span>>, std::vector<Span>> told() const;

  std::vector<Call> calls_;
  FlatMap<Running, Begun> running_;
  FlatMap<std::string, bool> left_out_;
  FlatMap<record::NodeIndex, reference::ClientName> names_;
  FlatMap<record::NodeIndex, bool> metadata_;  // servers
  FlatMap<record::NodeIndex, bool> unaware_;   // clients that one of these has evicted
  Ternary fresh_ = Ternary::unknown;           // whether the file system was empty at first
  Moments moments_;
};

}  // namespace harness::check
