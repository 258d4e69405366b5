// A struct whose padding is zeros is described from ready items, any other member by member: both
// say the same of everything but the padding.
#include "protocol/ready_items.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "protocol/catalogue.h"
#include "protocol/description.h"

namespace protocol {
namespace {

struct Place {
  uint32_t offset, size;
};

void find_padding(const StructInfo& info, Dialect dialect, uint32_t base, std::vector<Place>& out) {
  for_each_member(info, dialect, [&](const FieldInfo& field) {
    const uint32_t offset = base + field.offset;
    if (field.padding) return out.push_back({offset, field.size});
    if (field.kind != FieldKind::structure || field.trailing || !field.overlays.empty()) return;
    for (uint32_t index = 0; index < field.count; ++index) {
      find_padding(*field.structure, dialect, offset + index * field.width, out);
    }
  });
}

using Leaf = std::tuple<std::string, Item::Kind, Item::Notation, Dialect, bool, bool, uint64_t,
                        const NameTable*, std::vector<uint8_t>>;

// What is not padding, groups by their names and notations.
std::vector<Leaf> leaves(const Description& description, const std::vector<std::string>& padding) {
  std::vector<Leaf> out;
  for (size_t i = 0; i < description.items.size(); ++i) {
    const Item& item = description.items[i];
    if (std::ranges::find(padding, std::string(item.name)) != padding.end()) {
      i += item.inside;
      continue;
    }
    out.emplace_back(item.full_name(), item.kind, item.notation, item.dialect, item.is_signed,
                     item.hex, item.number, item.names,
                     std::vector<uint8_t>(item.bytes.begin(), item.bytes.end()));
  }
  return out;
}

void padding_names(const StructInfo& info, Dialect dialect, std::vector<std::string>& out) {
  for_each_member(info, dialect, [&](const FieldInfo& field) {
    if (field.padding) out.emplace_back(field.shown[static_cast<size_t>(dialect)]);
    if (field.structure != nullptr) padding_names(*field.structure, dialect, out);
  });
}

TEST_CASE("ready items say what a walk over the members says") {
  std::mt19937_64 random(1);
  size_t compared = 0;
  for (const SchemaFile& file : catalogue()) {
    for (const StructInfo* info : file.structs) {
      for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
        std::vector<Place> padding;
        find_padding(*info, dialect, 0, padding);
        if (padding.empty()) continue;
        std::vector<std::string> names;
        padding_names(*info, dialect, names);
        std::vector<uint8_t> zeros(info->size), filled(info->size);
        for (uint32_t i = 0; i < info->size; ++i) zeros[i] = filled[i] = random() & 0xff;
        for (const Place& place : padding) {
          for (uint32_t i = 0; i < place.size; ++i) {
            zeros[place.offset + i] = 0;
            filled[place.offset + i] = 0xa5;
          }
        }
        for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
          INFO(info->lustre);
          const auto ready = leaves(describe(*info, zeros, order, dialect), names);
          const auto walked = leaves(describe(*info, filled, order, dialect), names);
          REQUIRE(ready == walked);
          ++compared;
        }
      }
    }
  }
  REQUIRE(compared > 100);
}

TEST_CASE("members are a run until one depends on the bytes") {
  for (const SchemaFile& file : catalogue()) {
    for (const StructInfo* info : file.structs) {
      INFO(info->lustre);
      size_t members = 0, ready = 0;
      for_each_member(*info, Dialect::v2_0, [&](const FieldInfo&) { ++members; });
      for (const ReadyRun& run : ready_runs(*info, Dialect::v2_0)) {
        REQUIRE((run.ready() || run.members.size() == 1));
        ready += run.members.size();
      }
      REQUIRE(ready == members);
    }
  }
}

}  // namespace
}  // namespace protocol
