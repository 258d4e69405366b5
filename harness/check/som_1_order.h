// SOM-1-ORDER: SOM-1 as it can be judged of servers that tell nothing but their answers: a size
// that the MDS tells is one that the file may have had between the question and the answer, in some
// order of the writes and truncations of its objects that fits what our clients sent and heard
// (file_sizes.h). Of an object that was not made in this history, and of one whose OST died,
// nothing is known until it is truncated but how long it is at least.
//
// Servers are known by the handles that clients have of them: several may be at one address.
// Nothing is judged before a client has the profile from the MDS, nor who writes past our clients.
#pragma once

#include <optional>
#include <tuple>
#include <vector>

#include "harness/check/checker.h"
#include "harness/check/file_sizes.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"
#include "protocol/message.h"

namespace harness::check {

class Som1Order {
 public:
  static constexpr Profile kProfile = {
      "SOM-1-ORDER", Needs::messages,
      kinds<record::Started, record::Sent, record::Received, record::Crashed, record::Faulted>(),
      facts(Fact::Kind::connected), Judges::without_one_clock};
  static constexpr size_t kFilesMax = 1 << 12;
  static constexpr size_t kUnderWayMax = 1 << 12;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(handles_, files_, changes_, questions_, profile_); }

 private:
  using FileName = std::tuple<uint64_t, uint32_t, uint32_t>;  // a FID
  // The MDS, or this OST.
  using Server = std::optional<uint32_t>;
  using Handle = std::pair<record::NodeIndex, uint64_t>;  // a client's
  struct Object {
    uint32_t ost = 0;
    reference::ObjectName name;
    bool operator==(const Object&) const = default;
    void state(auto&& visit) const { visit(ost, name); }
  };
  struct File {
    std::vector<Object> objects;
    FileSizes sizes;
    Seen changed;
    void state(auto&& visit) const { visit(objects, sizes); }
  };
  struct Request {
    record::NodeIndex client = 0;
    record::PeerId server;
    uint64_t xid = 0;
    auto operator<=>(const Request&) const = default;
    void state(auto&& visit) const { visit(client, server, xid); }
  };
  struct UnderWay {
    FileName file;
    Moment began = 0;
    void state(auto&& visit) const { visit(file, began); }
  };
  struct Question {
    Moment asked = 0;
    Seen at;
    void state(auto&& visit) const { visit(asked); }
  };

  void on_connected(record::NodeIndex client, const Fact& fact);
  void on_sent(const Record& record, const record::Sent& sent, Findings& findings);
  void on_change(const Record& record, const record::Sent& sent, uint32_t ost, Findings& findings);
  void on_received(const Record& record, const record::Received& received, Findings& findings);
  void on_changed(const record::Received& received, const UnderWay& change, Findings& findings);
  void on_answer(const Record& record, const protocol::Message& message, const Question& question,
                 Findings& findings);
  void on_crashed(record::NodeIndex node);
  void forget(Server ost);
  void settle(File& file, Findings& findings);

  FlatMap<record::NodeIndex, Server> nodes_;  // of servers that tell of themselves
  FlatMap<Handle, Server> handles_;
  FlatMap<FileName, File> files_;
  FlatMap<Request, UnderWay> changes_;    // not answered yet
  FlatMap<Request, Question> questions_;  // likewise
  bool profile_ = false;                  // some client has it
  Moment now_ = 0;
};

}  // namespace harness::check
