#include <fmt/format.h>

#include "protocol/generator/emit.h"
#include "protocol/generator/names.h"

namespace generator {
namespace {

std::string struct_key(const Struct& type) { return type.file->stem + "_" + type.name; }
std::string names_key(const ConstantSet& set) { return set.file->stem + "_" + set.name; }

// Lua 5.2 has no 64-bit integers: a number is its low and its high half.
std::string halves(uint64_t value) {
  return fmt::format("{:#x}, {:#x}", value & 0xffffffff, value >> 32);
}

std::string emit_names(const ConstantSet& set) {
  std::string out = fmt::format("names.{} = {{ bits = {},\n", names_key(set), set.bits);
  for (const Constant& constant : set.constants) {
    out += fmt::format("  {{ {}, \"{}\"", halves(constant.value), constant.lustre);
    if (!constant.only.empty()) out += fmt::format(", \"{}\"", constant.only);
    out += " },\n";
  }
  return out + "}\n";
}

std::string_view kind_letter(const Field& field) {
  switch (field.kind) {
    case Kind::integer:
      return field.is_signed ? "i" : "u";
    case Kind::structure:
      return "s";
    case Kind::text:
      return "t";
    case Kind::data:
      return "b";
  }
  return {};
}

std::string emit_parts(const Field& field) {
  std::string out = ", parts = {";
  for (const Division& part : field.parts_1_8) {
    out += fmt::format(" {{ n = \"{}\", o = {}, w = {}, c = 1, k = \"u\"{} }},", part.lustre,
                       part.offset, part.size,
                       part.lustre.find("padding") == std::string::npos ? "" : ", pad = true");
  }
  return out + " }";
}

std::string emit_field(const Struct& type, const Field& field) {
  const std::string_view lustre = std::string_view(field.lustre);
  std::string out = fmt::format("  {{ n = \"{}\", o = {}, w = {}, c = {}, k = \"{}\"",
                                lustre.substr(0, lustre.find('[')), field.offset, field.width,
                                field.count.value_or(1), kind_letter(field));
  if (field.structure != nullptr) {
    out += fmt::format(", s = structs.{}", struct_key(*field.structure));
  }
  if (field.names != nullptr) out += fmt::format(", v = names.{}", names_key(*field.names));
  if (!field.overlays.empty()) {
    out += ", over = {";
    for (const Struct* over : field.overlays) {
      out += fmt::format(" {} = structs.{},", over->name, struct_key(*over));
    }
    out += " }";
  }
  if (field.list) out += ", list = true";
  if (field.trailing) out += ", tr = true";
  if (field.little_endian || field.opaque || type.opaque || type.little_endian) {
    out += ", le = true";
  }
  if (field.hex) out += ", hex = true";
  if (field.padding()) out += ", pad = true";
  if (!field.lustre_1_8.empty()) out += fmt::format(", n18 = \"{}\"", field.lustre_1_8);
  if (!field.later.empty()) out += fmt::format(", later = \"{}\"", field.later);
  if (!field.parts_1_8.empty()) out += emit_parts(field);
  return out + " },\n";
}

std::string emit_struct(const Struct& type) {
  std::string out =
      fmt::format("structs.{} = {{ name = \"{}\", size = {}, le = {}, fields = {{\n",
                  struct_key(type), type.lustre, type.size, type.little_endian || type.opaque);
  for (const Field& field : type.fields) out += emit_field(type, field);
  return out + "} }\n";
}

std::string emit_buffer(const Direction& direction, const Field& buffer) {
  std::string out = fmt::format(" {{ n = \"{}\", k = \"{}\", w = {}", snake_case(buffer.name),
                                kind_letter(buffer), buffer.width);
  if (buffer.structure != nullptr) {
    out += fmt::format(", s = structs.{}", struct_key(*buffer.structure));
  }
  if (buffer.names != nullptr) out += fmt::format(", v = names.{}", names_key(*buffer.names));
  if (buffer.list) out += ", list = true";
  if (buffer.count) out += fmt::format(", count = {}", *buffer.count);
  if (buffer.presence_field != nullptr) {
    out += fmt::format(", when = {{ buffer = {}, o = {}, w = {}, lo = {:#x}, hi = {:#x} }}",
                       buffer.presence_buffer - direction.buffers.data() + 1,
                       buffer.presence_field->offset, buffer.presence_field->width,
                       buffer.presence_mask & 0xffffffff, buffer.presence_mask >> 32);
  }
  return out + " },";
}

std::string emit_direction(const Direction& direction) {
  std::string out = fmt::format("{{ compact = {},", direction.compact);
  for (const Field& buffer : direction.buffers) out += "\n     " + emit_buffer(direction, buffer);
  return out + " }";
}

std::string emit_operation(const Operation& operation) {
  return fmt::format(
      "  {{ name = \"{}\", opc = {}, selector = \"{}\", lo = {:#x}, hi = {:#x}, key = \"{}\",\n"
      "    request = {},\n    reply = {} }},\n",
      operation.name, operation.opcode, operation.selector, operation.discriminator & 0xffffffff,
      operation.discriminator >> 32, operation.key, emit_direction(operation.request),
      emit_direction(operation.reply));
}

}  // namespace

std::string emit_lua(const Model& model) {
  std::string out =
      "-- Made from protocol/schema/*.capnp by assay-schema. Wireshark dissector of Lustre 1.8\n"
      "-- and 2.0: wireshark -X lua_script:lustre.lua\n"
      "local names, structs, operations = {}, {}, { [\"1.8\"] = {}, [\"2.0\"] = {} }\n";
  for (const ConstantSet& set : model.constant_sets) {
    if (!set.texts) out += emit_names(set);
  }
  for (const Struct* type : embedded_first(model)) out += emit_struct(*type);
  for (const File& file : model.files) {
    if (file.operations.empty()) continue;
    out += fmt::format("operations[\"{}\"] = {{\n", file.is_2_0() ? "2.0" : "1.8");
    for (const Operation& operation : file.operations) out += emit_operation(operation);
    out += "}\n";
  }
  return out;
}

}  // namespace generator
