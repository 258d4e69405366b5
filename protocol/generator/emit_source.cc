#include <fmt/format.h>

#include <set>

#include "protocol/generator/emit.h"
#include "protocol/generator/names.h"

namespace generator {
namespace {

std::string includes(const File& file) {
  std::set<std::string> stems;
  const auto add = [&](const Field& field) {
    if (field.names != nullptr && field.names->file != &file) stems.insert(field.names->file->stem);
    for (const Struct* type : field.overlays) {
      if (type->file != &file) stems.insert(type->file->stem);
    }
  };
  for (const Struct* type : file.structs) {
    for (const Field& field : type->fields) add(field);
  }
  for (const Operation& operation : file.operations) {
    for (const Field& field : operation.request.buffers) add(field);
    for (const Field& field : operation.reply.buffers) add(field);
  }
  if (!file.operations.empty()) stems.insert("buffers");
  std::string out;
  for (const std::string& stem : stems) out += fmt::format("#include \"protocol/{}.h\"\n", stem);
  return out.empty() ? out : out + "\n";
}

std::string emit_name_table(const ConstantSet& set) {
  const std::string space = snake_case(set.name);
  std::string out = fmt::format("namespace {} {{\nnamespace {{\n", space);
  if (!set.constants.empty()) {
    out += "constexpr NamedValue kValues[] = {\n";
    for (const Constant& constant : set.constants) {
      out += fmt::format("    {{.lustre = \"{}\"", constant.lustre);
      out += set.texts ? fmt::format(", .text = \"{}\"", c_escaped(constant.text))
                       : fmt::format(", .value = {:#x}", constant.value);
      if (!constant.only.empty()) {
        out += fmt::format(", .only = Dialect::{}", constant.only == "1.8" ? "v1_8" : "v2_0");
      }
      out += "},\n";
    }
    out += "};\n";
  } else {
    out += "constexpr std::span<const NamedValue> kValues;\n";
  }
  return out + fmt::format(
                   "}}  // namespace\n"
                   "constinit const NameTable kNames = {{\"{}\", \"{}\", {}, {}, kValues}};\n"
                   "}}  // namespace {}\n\n",
                   set.lustre, set.name, set.bits, set.width, space);
}

std::string_view kind_name(const Field& field) {
  switch (field.kind) {
    case Kind::integer:
      return field.is_signed ? "signed_integer" : "unsigned_integer";
    case Kind::structure:
      return "structure";
    case Kind::text:
      return "text";
    case Kind::data:
      return "bytes";
  }
  return {};
}

std::string overlays_name(const Struct& type, const Field& field) {
  return fmt::format("{}{}Overlays", constant_name(type.name), constant_name(field.name).substr(1));
}

std::string parts_name(const Struct& type, const Field& field) {
  return fmt::format("{}{}Parts", constant_name(type.name), constant_name(field.name).substr(1));
}

std::string emit_parts_1_8(const Struct& type, const Field& field) {
  std::string out = fmt::format("constexpr FieldInfo {}[] = {{\n", parts_name(type, field));
  for (const Division& part : field.parts_1_8) {
    out += fmt::format(
        "    {{.lustre = \"{0}\",\n     .name = \"{0}\",\n     .shown = {{\"{0}\", \"{0}\"}},\n"
        "     .offset = {1},\n     .size = {2},\n"
        "     .width = {2},\n     .count = 1,\n     .kind = FieldKind::unsigned_integer{3}}},\n",
        part.lustre, part.offset, part.size,
        part.lustre.find("padding") == std::string::npos ? "" : ",\n     .padding = true");
  }
  return out + "};\n";
}

// An array's name without the "[0]" of its first element.
std::string whole_name(const Field& field, const std::string& name) {
  return field.list || field.trailing ? name.substr(0, name.find('[')) : name;
}

std::string emit_field_info(const Struct& type, const Field& field, const File& file) {
  const std::string shown = whole_name(field, field.later.empty() ? field.lustre : field.later);
  const std::string shown_1_8 =
      field.lustre_1_8.empty() ? shown : whole_name(field, field.lustre_1_8);
  std::string out = fmt::format(
      "    {{.lustre = \"{}\",\n     .name = \"{}\",\n     .shown = {{\"{}\", \"{}\"}},\n"
      "     .offset = {},\n     .size = {},\n     .width = {},\n     .count = {},\n     .kind = "
      "FieldKind::{}",
      field.lustre, snake_case(field.name), shown_1_8, shown, field.offset, field.size, field.width,
      field.count.value_or(1), kind_name(field));
  if (field.structure != nullptr) {
    out += fmt::format(",\n     .structure = &{}::kInfo", type_name(*field.structure, file));
  }
  if (field.names != nullptr) {
    const std::string space = field.names->file == &file ? "" : field.names->file->stem + "::";
    out += fmt::format(",\n     .names = &{}{}::kNames", space, snake_case(field.names->name));
  }
  if (!field.overlays.empty()) {
    out += fmt::format(",\n     .overlays = {}", overlays_name(type, field));
  }
  if (field.list) out += ",\n     .array = true";
  if (field.trailing) out += ",\n     .trailing = true";
  if (field.opaque || type.opaque) out += ",\n     .opaque = true";
  if (field.little_endian || type.little_endian) out += ",\n     .little_endian = true";
  if (field.hex) out += ",\n     .hex = true";
  if (field.padding()) out += ",\n     .padding = true";
  if (field.width == sizeof(uint64_t) && shown.ends_with("nid")) out += ",\n     .nid = true";
  if (!field.lustre_1_8.empty()) {
    out += fmt::format(",\n     .lustre_1_8 = \"{}\"", field.lustre_1_8);
  }
  if (!field.parts_1_8.empty()) {
    out += fmt::format(",\n     .parts_1_8 = {}", parts_name(type, field));
  }
  if (!field.later.empty()) out += fmt::format(",\n     .later = \"{}\"", field.later);
  return out + "},\n";
}

std::string emit_struct_info(const Struct& type, const File& file) {
  std::string out = "namespace {\n";
  for (const Field& field : type.fields) {
    if (!field.parts_1_8.empty()) out += emit_parts_1_8(type, field);
    if (field.overlays.empty()) continue;
    out += fmt::format("constexpr const StructInfo* {}[] = {{\n", overlays_name(type, field));
    for (const Struct* over : field.overlays) {
      out += fmt::format("    &{}::kInfo,\n", type_name(*over, file));
    }
    out += "};\n";
  }
  out += fmt::format("constexpr FieldInfo {}Fields[] = {{\n", constant_name(type.name));
  for (const Field& field : type.fields) out += emit_field_info(type, field, file);
  out += "};\n}  // namespace\n";
  out += fmt::format(
      "constinit const StructInfo {0}::kInfo = {{\n    .lustre = \"{1}\",\n"
      "    .name = \"{0}\",\n    .file = \"{2}\",\n    .size = {3},\n    .opaque = {4},\n"
      "    .little_endian = {5},\n    .fields = {6}Fields,\n"
      "    .swap = [](void* value) {{ swap_bytes(*static_cast<{0}*>(value)); }}{7}}};\n\n",
      type.name, type.lustre, file.stem, type.size, type.opaque, type.little_endian,
      constant_name(type.name),
      type.lustre_1_8.empty() ? "" : fmt::format(",\n    .lustre_1_8 = \"{}\"", type.lustre_1_8));
  return out;
}

std::string swap_statement(const Field& field, bool packed) {
  const std::string name = "value." + snake_case(field.name);
  const std::string verb = field.kind == Kind::integer ? "swap_integer" : "swap_bytes";
  if (packed) {
    return fmt::format("  auto {0} = value.{0};\n  {1}({0});\n  value.{0} = {0};\n",
                       snake_case(field.name), verb);
  }
  if (field.list && field.kind == Kind::structure) {
    return fmt::format("  for (auto& each : {}) swap_bytes(each);\n", name);
  }
  return fmt::format("  {}({});\n", verb, name);
}

std::string emit_swap(const Struct& type) {
  std::string body;
  for (const Field& field : type.fields) {
    const bool swapped = field.kind == Kind::integer
                             ? field.width > 1
                             : field.kind == Kind::structure && !field.structure->opaque &&
                                   !field.structure->little_endian;
    if (swapped && field.fixed() && !field.opaque && !field.little_endian && !type.opaque &&
        !type.little_endian) {
      body += swap_statement(field, type.packed);
    }
  }
  if (body.empty()) return fmt::format("void swap_bytes({}&) {{}}\n\n", type.name);
  return fmt::format("void swap_bytes({}& value) {{\n{}}}\n\n", type.name, body);
}

}  // namespace

std::string emit_source(const File& file) {
  std::string out = fmt::format(
      "// Made from protocol/schema/{0}.capnp by assay-schema.\n"
      "#include \"protocol/{0}.h\"\n\n{1}"
      "namespace protocol::{0} {{\n\n",
      file.stem, includes(file));
  for (const ConstantSet* set : file.constant_sets) out += emit_name_table(*set);
  for (const Struct* type : file.structs) {
    out += emit_struct_info(*type, file) + emit_swap(*type);
  }
  return out + emit_operations_source(file) +
         fmt::format("}}  // namespace protocol::{}\n", file.stem);
}

}  // namespace generator
