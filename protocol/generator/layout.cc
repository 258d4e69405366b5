#include "protocol/generator/layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace generator {

void lay_out(Struct& type) {
  uint32_t offset = 0;
  for (Field& field : type.fields) {
    const std::string place = type.name + "." + field.name;
    const bool many = field.list || field.kind == Kind::text || field.kind == Kind::data;
    if (many && !field.trailing && !field.count) {
      refuse(type.file->stem, place, "needs $count or $trailing");
    }
    if (field.trailing && &field != &type.fields.back()) {
      refuse(type.file->stem, place, "is $trailing but not the last field");
    }
    const bool continued = type.fields.back().trailing && &field + 1 == &type.fields.back();
    if (field.kind == Kind::structure && field.structure->trailing() != nullptr &&
        !field.trailing && !field.head_only && !continued) {
      refuse(type.file->stem, place, "embeds a struct whose trailing part is not the end");
    }
    const uint32_t alignment =
        field.kind == Kind::structure ? field.structure->alignment : field.width;
    if (offset % alignment != 0) {
      refuse(type.file->stem, place,
             fmt::format("a hole of {} bytes before offset {}: padding must be explicit",
                         alignment - offset % alignment, offset));
    }
    type.alignment = std::max(type.alignment, alignment);
    field.offset = offset;
    field.size = field.trailing ? field.width : field.width * field.count.value_or(1);
    for (Division& part : field.parts_1_8) part.offset += offset;
    if (field.fixed()) offset += field.size;
  }
  if (type.packed) {
    while (offset % type.alignment != 0) type.alignment /= 2;
  }
  if (offset % type.alignment != 0) {
    refuse(type.file->stem, type.name,
           fmt::format("a hole at the end: {} bytes, aligned to {}", offset, type.alignment));
  }
  type.size = offset;
}

}  // namespace generator
