// The items of a struct made ready, so that describing one is a copy and its numbers put in. What
// depends on the bytes (a union's members, a trailing part) stays to be walked.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "protocol/description.h"

namespace protocol {

// The members of a struct in that dialect, in order: where 1.8 divides bytes otherwise, its parts.
template <class Visit>
void for_each_member(const StructInfo& info, Dialect dialect, const Visit& visit) {
  uint32_t end_1_8 = 0;  // of the last part; parts may reach over the fields that follow
  for (const FieldInfo& field : info.fields) {
    if (field.offset < end_1_8) continue;
    if (dialect == Dialect::v2_0 || field.parts_1_8.empty()) {
      visit(field);
      continue;
    }
    for (const FieldInfo& part : field.parts_1_8) {
      end_1_8 = part.offset + part.size;
      visit(part);
    }
  }
}

// A run of members whose items are the same whatever the bytes say, if the padding between them is
// zeros; or one member that has to be walked, which is `members` then and all else empty.
struct ReadyRun {
  struct Number {
    uint32_t item;  // its place in `items`
    uint32_t offset;
    uint8_t width;
    bool is_signed;
    bool as_is;  // little-endian whoever sent it
  };
  struct Octets {
    uint32_t item, offset, size;
  };
  struct Zeros {
    uint32_t offset, size;
  };
  std::vector<const FieldInfo*> members;
  std::vector<Item> items;
  std::vector<Number> numbers;
  std::vector<Octets> octets;  // of texts, too
  std::vector<Zeros> padding;

  bool ready() const { return !items.empty() || !padding.empty(); }
};

// Whether the group of such a struct is a FID that people can read as a whole: all of it is there.
bool is_whole_fid(const StructInfo& info, const Item& group);

// Made when first asked for, and kept by each thread.
std::span<const ReadyRun> ready_runs(const StructInfo& info, Dialect dialect);

}  // namespace protocol
