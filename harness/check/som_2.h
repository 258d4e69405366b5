// SOM-2: while a client that no OST has evicted holds data in its cache that makes a file longer,
// the MDS tells no size that is shorter than that.
#pragma once

#include <tuple>
#include <utility>

#include "harness/check/som_files.h"

namespace harness::check {

class Som2 {
 public:
  static constexpr Profile kProfile = {
      "SOM-2", Needs::notes, kSomFileRecords | kinds<record::Crashed>(),
      kSomFileFacts | facts(Fact::Kind::som_answered, Fact::Kind::dirtied, Fact::Kind::discarded,
                            Fact::Kind::written, Fact::Kind::evicted, Fact::Kind::connected)};
  static constexpr size_t kDirtyMax = 1 << 12;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(files_, dirty_, evicted_); }

 private:
  struct Data {
    SomFiles::Object object;
    reference::ClientName client;
    auto operator<=>(const Data&) const = default;
    void state(auto&& visit) const { visit(object, client); }
  };
  struct Dirty {
    record::NodeIndex node = 0;  // of the client
    uint64_t end = 0;
    Seen at;
    void state(auto&& visit) const { visit(node, end); }
  };
  void on_fact(const Record& record, const Fact& fact, Findings& findings);
  void on_told(const Record& record, const Fact& fact, Findings& findings) const;

  SomFiles files_;
  FlatMap<Data, Dirty> dirty_;
  // By that OST, and not connected to it since.
  FlatMap<std::pair<uint32_t, reference::ClientName>, bool> evicted_;
};

}  // namespace harness::check
