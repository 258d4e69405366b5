// The same structs as ordinary Cap'n Proto ones, and what copies values between the two: the
// yardstick of the benchmarks. Padding and trailing parts are left out.
#include <fmt/format.h>

#include <cctype>

#include "protocol/generator/emit.h"
#include "protocol/generator/names.h"

namespace generator {
namespace {

bool is_plain(const Field& field) { return field.fixed() && !field.padding(); }

std::string plain_type(const Field& field) {
  std::string type;
  switch (field.kind) {
    case Kind::integer:
      type = fmt::format("{}Int{}", field.is_signed ? "" : "U", field.width * 8);
      break;
    case Kind::structure:
      type = field.structure->name;
      break;
    case Kind::text:
      return "Text";
    case Kind::data:
      return "Data";
  }
  return field.list ? fmt::format("List({})", type) : type;
}

// "lastXid" -> "LastXid", as in setLastXid.
std::string method(const Field& field) {
  std::string out = field.name;
  out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

std::string emit_to(const Field& field) {
  const std::string name = snake_case(field.name);
  switch (field.kind) {
    case Kind::integer:
      if (!field.list) return fmt::format("  out.set{}(value.{});\n", method(field), name);
      return fmt::format(
          "  auto {0} = out.init{1}({2});\n"
          "  for (uint32_t i = 0; i < {2}; ++i) {0}.set(i, value.{0}[i]);\n",
          name, method(field), *field.count);
    case Kind::structure:
      if (!field.list) {
        return fmt::format("  const auto {0} = value.{0};\n  to_plain({0}, out.init{1}());\n", name,
                           method(field));
      }
      return fmt::format(
          "  auto {0} = out.init{1}({2});\n"
          "  for (uint32_t i = 0; i < {2}; ++i) to_plain(value.{0}[i], {0}[i]);\n",
          name, method(field), *field.count);
    case Kind::text:
      return fmt::format(
          "  const std::string_view {0} = name_of(value.{0});\n"
          "  memcpy(out.init{1}(static_cast<uint32_t>({0}.size())).begin(), {0}.data(), "
          "{0}.size());\n",
          name, method(field));
    case Kind::data:
      return fmt::format("  memcpy(out.init{1}({2}).begin(), value.{0}.data(), {2});\n", name,
                         method(field), *field.count);
  }
  return {};
}

std::string emit_from(const Field& field) {
  const std::string name = snake_case(field.name);
  switch (field.kind) {
    case Kind::integer:
      if (!field.list) return fmt::format("  value.{} = in.get{}();\n", name, method(field));
      return fmt::format(
          "  const auto {0} = in.get{1}();\n"
          "  for (uint32_t i = 0; i < {2}; ++i) value.{0}[i] = {0}[i];\n",
          name, method(field), *field.count);
    case Kind::structure:
      if (!field.list) {
        return fmt::format(
            "  auto {0} = value.{0};\n  from_plain(in.get{1}(), {0});\n  value.{0} = {0};\n", name,
            method(field));
      }
      return fmt::format(
          "  const auto {0} = in.get{1}();\n"
          "  for (uint32_t i = 0; i < {2}; ++i) from_plain({0}[i], value.{0}[i]);\n",
          name, method(field), *field.count);
    case Kind::text:
      return fmt::format(
          "  const auto {0} = in.get{1}();\n"
          "  set_name(value.{0}, {{{0}.begin(), {0}.size()}});\n",
          name, method(field));
    case Kind::data:
      return fmt::format("  memcpy(value.{0}.data(), in.get{1}().begin(), {2});\n", name,
                         method(field), *field.count);
  }
  return {};
}

template <class Each>
void for_each_struct(const Model& model, Each each) {
  for (const Struct* type : embedded_first(model)) each(*type, *type->file);
}

}  // namespace

std::string emit_plain_schema(const Model& model) {
  std::string out =
      "# Made from protocol/schema/*.capnp by assay-schema, for benchmarks.\n"
      "@0xb0c1d2e3f4a59687;\nusing Cxx = import \"/capnp/c++.capnp\";\n"
      "$Cxx.namespace(\"plain\");\n";
  for_each_struct(model, [&out](const Struct& type, const File&) {
    out += fmt::format("struct {} {{\n", type.name);
    uint32_t ordinal = 0;
    for (const Field& field : type.fields) {
      if (!is_plain(field)) continue;
      out += fmt::format("  {} @{} :{};\n", field.name, ordinal++, plain_type(field));
    }
    out += "}\n";
  });
  return out;
}

std::string emit_plain_header(const Model& model) {
  std::string out =
      "// Made from protocol/schema/*.capnp by assay-schema, for benchmarks: values of a struct\n"
      "// as the message that Cap'n Proto would send, and back.\n"
      "#pragma once\n\n#include <cstring>\n\n"
      "#include \"plain.capnp.h\"\n";
  for (const File& file : model.files) {
    out += fmt::format("#include \"protocol/{}.h\"\n", file.stem);
  }
  out += "\nnamespace protocol {\n\n";
  std::string visits;
  for_each_struct(model, [&](const Struct& type, const File& file) {
    const std::string name = fmt::format("{}::{}", file.stem, type.name);
    std::string to, from;
    for (const Field& field : type.fields) {
      if (!is_plain(field)) continue;
      to += emit_to(field);
      from += emit_from(field);
    }
    out += fmt::format(
        "inline void to_plain(const {0}& value, plain::{1}::Builder out) {{\n{2}}}\n"
        "inline void from_plain(plain::{1}::Reader in, {0}& value) {{\n{3}}}\n\n",
        name, type.name, to, from);
    visits += fmt::format("  visit.template operator()<{}, plain::{}>();\n", name, type.name);
  });
  return out + fmt::format(
                   "template <class Visit>\nvoid for_each_plain_struct(Visit visit) {{\n{}}}\n\n"
                   "}}  // namespace protocol\n",
                   visits);
}

}  // namespace generator
