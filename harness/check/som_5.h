// SOM-5: a size is kept only from the attributes of all objects of the file, that the client that
// tells it has read in this epoch; or of a file that was made in it and is empty.
#pragma once

#include <tuple>

#include "harness/check/som_files.h"

namespace harness::check {

class Som5 {
 public:
  static constexpr Profile kProfile = {
      "SOM-5", Needs::notes, kSomFileRecords,
      kSomFileFacts | facts(Fact::Kind::som_written, Fact::Kind::som_validated)};
  static constexpr size_t kReadsMax = 1 << 12;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(files_, read_); }

 private:
  struct Read {
    SomFiles::Object object;
    uint64_t epoch = 0;
    reference::ClientName client;
    auto operator<=>(const Read&) const = default;
    void state(auto&& visit) const { visit(object, epoch, client); }
  };
  SomFiles files_;
  FlatMap<Read, Seen> read_;
};

}  // namespace harness::check
