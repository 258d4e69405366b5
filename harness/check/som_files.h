// What the servers said of files, their objects and the sizes of these, for the checkers of
// Size-on-MDS: exact where the run has one clock, as in simulation.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

using reference::ObjectName;

// The facts that it has to be told.
inline constexpr uint64_t kSomFileFacts = facts(Fact::Kind::som_stripe, Fact::Kind::object_state);
inline constexpr uint32_t kSomFileRecords = kinds<record::Started>();

class SomFiles {
 public:
  static constexpr size_t kFilesMax = 1 << 12;

  struct Object {
    uint32_t ost = 0;
    ObjectName name;
    auto operator<=>(const Object&) const = default;
    void state(auto&& visit) const { visit(ost, name); }
  };
  struct Size {
    uint64_t size = 0, blocks = 0;
    Seen at;
    void state(auto&& visit) const { visit(size, blocks); }
  };

  // True if the record was one of its own.
  bool on(const Record& record);
  bool too_many() const { return files_.size() > kFilesMax; }

  std::optional<uint32_t> ost(record::NodeIndex node) const;
  // The object's file, and which of its stripes.
  std::optional<std::pair<ObjectName, uint32_t>> file_of(const Object& object) const;
  const std::vector<Object>* stripes(const ObjectName& file) const;
  // Of all objects, as the OSTs have them now; `at` is the last change.
  Size size_of(const ObjectName& file) const;
  // Where the file ends if this stripe's object has this size.
  uint64_t end_of(const ObjectName& file, uint32_t stripe, uint64_t object_size) const;

  void state(auto&& visit) const { visit(files_, sizes_, osts_); }

 private:
  struct File {
    uint64_t stripe_size = 0;
    std::vector<Object> stripes;
    void state(auto&& visit) const { visit(stripe_size, stripes); }
  };
  FlatMap<ObjectName, File> files_;
  FlatMap<Object, Size> sizes_;
  FlatMap<record::NodeIndex, uint32_t> osts_;
};

}  // namespace harness::check
