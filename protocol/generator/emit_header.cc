#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "protocol/generator/emit.h"
#include "protocol/generator/names.h"

namespace generator {
namespace {

void add_use(std::set<std::string>& stems, const Struct* type, const File& file) {
  if (type != nullptr && type->file != &file) stems.insert(type->file->stem);
}

std::string includes(const File& file) {
  std::set<std::string> stems;
  for (const Struct* type : file.structs) {
    for (const Field& field : type->fields) add_use(stems, field.structure, file);
  }
  for (const Operation& operation : file.operations) {
    for (const Field& field : operation.request.buffers) add_use(stems, field.structure, file);
    for (const Field& field : operation.reply.buffers) add_use(stems, field.structure, file);
  }
  if (!file.operations.empty()) stems.insert({"message", "operation_info"});
  stems.insert({"codec", "struct_info"});
  std::string out =
      "#include <array>\n#include <cstddef>\n#include <cstdint>\n#include <cstring>\n"
      "#include <expected>\n#include <optional>\n#include <string_view>\n\n";
  for (const std::string& stem : stems) out += fmt::format("#include \"protocol/{}.h\"\n", stem);
  return out;
}

// One member with its comment: behind it if there is room, else above.
std::string member(const std::string& declaration, const std::string& comment) {
  if (comment.empty()) return fmt::format("  {}\n", declaration);
  const std::string line = comment.substr(0, comment.find('\n'));
  if (line.size() + 1 >= comment.size() && declaration.size() + line.size() + 7 <= 100) {
    return fmt::format("  {}  // {}\n", declaration, line);
  }
  return comment_lines(comment, "  ") + fmt::format("  {}\n", declaration);
}

std::string declaration(const Field& field, const File& file) {
  const std::string element = element_type(field, file);
  const std::string name = snake_case(field.name);
  if (field.count) return fmt::format("std::array<{}, {}> {} = {{}};", element, *field.count, name);
  if (field.kind == Kind::structure) return fmt::format("{} {} = {{}};", element, name);
  return fmt::format("{} {} = 0;", element, name);
}

std::string emit_struct(const Struct& type, const File& file) {
  std::string out = comment_lines(titled(type.lustre, type.comment), "");
  if (type.packed) out += fmt::format("#pragma pack(push, {})\n", type.alignment);
  out += fmt::format("struct {} {{\n", type.name);
  for (const Field& field : type.fields) {
    if (field.fixed()) out += member(declaration(field, file), field.comment);
  }
  if (const Field* trailing = type.trailing(); trailing != nullptr) {
    const bool list = trailing->list;
    out += fmt::format("  // Behind it: {}{} {}, as many as the buffer holds.\n",
                       element_type(*trailing, file), list ? " values," : "s,",
                       snake_case(trailing->name));
    out += comment_lines(trailing->comment, "  ");
  }
  out += fmt::format(
      "\n  static constexpr uint32_t kSize = {};\n"
      "  static constexpr std::string_view kLustre = \"{}\";\n"
      "  static const StructInfo kInfo;\n",
      type.size, type.lustre);
  if (type.packed) {
    out += fmt::format(
        "  friend bool operator==(const {0}& a, const {0}& b) {{\n"
        "    return std::memcmp(&a, &b, kSize) == 0;\n  }}\n}};\n#pragma pack(pop)\n",
        type.name);
  } else {
    out += fmt::format("  friend bool operator==(const {0}&, const {0}&) = default;\n}};\n",
                       type.name);
  }
  out += fmt::format("static_assert(sizeof({}) == {});\n", type.name, type.size);
  for (const Field& field : type.fields) {
    if (!field.fixed()) continue;
    out += fmt::format("static_assert(offsetof({}, {}) == {});\n", type.name,
                       snake_case(field.name), field.offset);
  }
  return out + fmt::format("void swap_bytes({}& value);\n\n", type.name);
}

}  // namespace

std::string emit_constants_header(const File& file) {
  std::string out;
  for (const ConstantSet* set : file.constant_sets) {
    const bool is_signed = std::ranges::any_of(set->constants, &Constant::is_signed);
    out += comment_lines(set->comment, "");
    out += fmt::format("namespace {} {{\n", snake_case(set->name));
    for (const Constant& constant : set->constants) {
      if (set->texts) {
        out += comment_lines(constant.comment, "") +
               fmt::format("inline constexpr std::string_view {} = \"{}\";  // {}\n",
                           constant_name(constant.name), c_escaped(constant.text), constant.lustre);
        continue;
      }
      const std::string value =
          constant.is_signed ? fmt::format("{}", static_cast<int64_t>(constant.value))
          : set->bits || constant.value > 0xffff ? fmt::format("{:#x}", constant.value)
                                                 : fmt::format("{}", constant.value);
      std::string text =
          fmt::format("inline constexpr {} {} = {};", integer_type(is_signed, set->width / 8),
                      constant_name(constant.name), value);
      out += comment_lines(constant.comment, "");
      out += fmt::format("{}  // {}\n", text, constant.lustre);
    }
    out += fmt::format("extern const NameTable kNames;\n}}  // namespace {}\n\n",
                       snake_case(set->name));
  }
  return out;
}

std::string emit_header(const File& file) {
  std::string out =
      fmt::format("// Made from protocol/schema/{}.capnp by assay-schema.\n", file.stem) +
      comment_lines(file.comment, "") + "#pragma once\n\n" + includes(file) +
      fmt::format("\nnamespace protocol::{} {{\n\n", file.stem) + emit_constants_header(file);
  for (const Struct* type : file.structs) out += emit_struct(*type, file);
  return out + emit_operations_header(file) +
         fmt::format("}}  // namespace protocol::{}\n", file.stem);
}

}  // namespace generator
