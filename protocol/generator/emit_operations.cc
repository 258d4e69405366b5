#include <fmt/format.h>

#include "protocol/generator/emit.h"
#include "protocol/generator/names.h"

namespace generator {
namespace {

std::string trailing_name(const Field& buffer) {
  return snake_case(buffer.name) + "_" + snake_case(buffer.structure->trailing()->name);
}

bool has_trailing(const Field& buffer) {
  return buffer.kind == Kind::structure && !buffer.list && buffer.structure->trailing() != nullptr;
}

bool maybe_absent(const Field& buffer) {
  const bool value =
      !buffer.list && (buffer.kind == Kind::structure || buffer.kind == Kind::integer);
  return buffer.optional || (value && (buffer.may_be_empty || !buffer.present_if.empty()));
}

std::string buffer_type(const Field& buffer, const File& file) {
  std::string type = buffer.kind == Kind::text   ? "std::string_view"
                     : buffer.kind == Kind::data ? "ByteView"
                                                 : element_type(buffer, file);
  if (buffer.list) type = fmt::format("ArrayView<{}>", type);
  return maybe_absent(buffer) ? fmt::format("std::optional<{}>", type) : type;
}

std::string emit_direction_header(const Direction& direction, std::string_view name,
                                  const File& file) {
  std::string out = comment_lines(direction.comment, "  ");
  out += fmt::format("  struct {} {{\n", name);
  for (const Field& buffer : direction.buffers) {
    const bool number = buffer.kind == Kind::integer && !buffer.list && !maybe_absent(buffer);
    out += comment_lines(buffer.comment, "    ");
    out += fmt::format("    {} {} = {};\n", buffer_type(buffer, file), snake_case(buffer.name),
                       number ? "0" : "{}");
    if (!has_trailing(buffer)) continue;
    const Field& trailing = *buffer.structure->trailing();
    const std::string type =
        trailing.list ? fmt::format("ArrayView<{}>", element_type(trailing, file)) : "ByteView";
    out += fmt::format("    {} {} = {{}};  // behind {}\n", type, trailing_name(buffer),
                       snake_case(buffer.name));
  }
  return out + fmt::format(
                   "\n    static std::expected<{}, WireError> decode(const Message& message);\n"
                   "    void encode(MessageBuilder& builder) const;\n  }};\n",
                   name);
}

std::string emit_operation_header(const Operation& operation, const File& file) {
  std::string out = comment_lines(titled(operation.name, operation.comment), "");
  out += fmt::format("struct {} {{\n", operation.type);
  out += fmt::format("  static constexpr uint32_t kOpcode = {};\n", operation.opcode);
  out +=
      fmt::format("  static constexpr uint32_t kRequestPortal = {};\n", operation.request_portal);
  if (operation.alt_request_portal != 0) {
    out += fmt::format("  static constexpr uint32_t kAltRequestPortal = {};\n",
                       operation.alt_request_portal);
  }
  out += fmt::format("  static constexpr uint32_t kReplyPortal = {};\n", operation.reply_portal);
  if (operation.bulk_portal != 0) {
    out += fmt::format("  static constexpr uint32_t kBulkPortal = {};\n", operation.bulk_portal);
  }
  out += fmt::format("  static constexpr uint32_t kVersion = {:#x};\n", operation.version);
  if (operation.selector != "none") {
    out +=
        fmt::format("  static constexpr uint64_t kDiscriminator = {};\n", operation.discriminator);
  }
  if (!operation.key.empty()) {
    out += fmt::format("  static constexpr std::string_view kKey = \"{}\";\n", operation.key);
  }
  out += "  static const OperationInfo kInfo;\n\n";
  out += emit_direction_header(operation.request, "Request", file);
  out += emit_direction_header(operation.reply, "Reply", file);
  return out + "};\n\n";
}

std::string_view buffer_kind(const Field& buffer) {
  if (buffer.list) return "array";
  switch (buffer.kind) {
    case Kind::integer:
      return "integer";
    case Kind::structure:
      return "structure";
    case Kind::text:
      return "text";
    case Kind::data:
      return "data";
  }
  return {};
}

std::string emit_buffer_info(const Direction& direction, const Field& buffer, const File& file) {
  std::string out = fmt::format("    {{.name = \"{}\", .kind = BufferKind::{}",
                                snake_case(buffer.name), buffer_kind(buffer));
  if (buffer.structure != nullptr) {
    out += fmt::format(", .structure = &{}::kInfo", type_name(*buffer.structure, file));
  }
  out += fmt::format(", .element_size = {}", buffer.width);
  if (buffer.count) out += fmt::format(", .count = {}", *buffer.count);
  if (buffer.names != nullptr) {
    const std::string space = buffer.names->file == &file ? "" : buffer.names->file->stem + "::";
    out += fmt::format(", .names = &{}{}::kNames", space, snake_case(buffer.names->name));
  }
  if (buffer.optional) out += ", .optional = true";
  if (buffer.may_be_empty) out += ", .may_be_empty = true";
  if (buffer.presence_field != nullptr) {
    out += fmt::format(
        ",\n     .presence = {{.buffer = {}, .offset = {}, .width = {}, .mask = {:#x}}}",
        buffer.presence_buffer - direction.buffers.data(), buffer.presence_field->offset,
        buffer.presence_field->width, buffer.presence_mask);
  }
  return out + "},\n";
}

std::string emit_buffer_table(const Operation& operation, const Direction& direction,
                              std::string_view name, const File& file) {
  if (direction.buffers.empty()) return {};
  std::string out = fmt::format("constexpr BufferInfo k{}{}[] = {{\n", operation.type, name);
  for (const Field& buffer : direction.buffers) out += emit_buffer_info(direction, buffer, file);
  return out + "};\n";
}

std::string direction_init(const Operation& operation, const Direction& direction,
                           std::string_view name) {
  return fmt::format(
      "{{.buffers = {0},\n                .compact = {1},\n"
      "                .check = check_as<{2}::{3}>,\n                .recode = recode<{2}::{3}>}}",
      direction.buffers.empty() ? "{}" : fmt::format("k{}{}", operation.type, name),
      direction.compact, operation.type, name);
}

std::string selector_name(const Operation& operation) {
  return operation.selector == "lockType" ? "lock_type" : operation.selector;
}

// What BufferReader and BufferWriter call this kind of buffer.
std::string_view verb(const Field& buffer) {
  if (buffer.list) return "array";
  if (buffer.kind == Kind::text) return "text";
  return buffer.kind == Kind::data ? "data" : "value";
}

// One more term of a sum that is an argument of builder.reserve, with a line break where it is due.
void add_term(std::string& sum, const std::string& term) {
  const size_t line = sum.size() - (sum.rfind('\n') == std::string::npos ? 0 : sum.rfind('\n') + 1);
  if (sum.empty()) {
    sum = term;
  } else if (line + term.size() > 72) {
    sum += " +\n                  " + term;
  } else {
    sum += " + " + term;
  }
}

std::string emit_codec(const Operation& operation, const Direction& direction,
                       std::string_view name, std::string_view member) {
  std::string arguments, sizes;
  const std::string type = fmt::format("{}::{}", operation.type, name);
  if (direction.buffers.empty()) {
    return fmt::format(
        "std::expected<{0}, WireError> {0}::decode(const Message& message) {{\n"
        "  BufferReader reader(message, kInfo, kInfo.{2});\n  reader.finish();\n"
        "  if (reader.error()) return std::unexpected(*reader.error());\n  return {1}{{}};\n}}\n"
        "void {0}::encode(MessageBuilder&) const {{}}\n\n",
        type, name, member);
  }
  std::string reads, writes;
  for (const Field& buffer : direction.buffers) {
    const std::string field = snake_case(buffer.name);
    const std::string behind = has_trailing(buffer) ? trailing_name(buffer) : "";
    reads += fmt::format("  reader.{}(out.{}{});\n", verb(buffer), field,
                         behind.empty() ? "" : ", out." + behind);
    writes += fmt::format("  writer.{}({}{});\n", verb(buffer), field,
                          behind.empty() ? "" : ", " + behind);
    add_term(sizes, fmt::format("wire_size({})", field));
    if (!behind.empty()) add_term(sizes, fmt::format("wire_size({})", behind));
    if (buffer.count) add_term(sizes, fmt::format("{}", (*buffer.count + 7) / 8 * 8));
  }
  return fmt::format(
      "std::expected<{0}, WireError> {0}::decode(const Message& message) {{\n"
      "  std::expected<{1}, WireError> decoded(std::in_place);\n  {1}& out = *decoded;\n"
      "  BufferReader reader(message, kInfo, kInfo.{2});\n{3}  reader.finish();\n"
      "  if (reader.error()) return std::unexpected(*reader.error());\n  return decoded;\n}}\n"
      "void {0}::encode(MessageBuilder& builder) const {{\n"
      "  builder.reserve({5});\n"
      "  BufferWriter writer(builder, kInfo.{2});\n{4}  writer.finish();\n}}\n\n",
      type, name, member, reads, writes, sizes);
}

std::string emit_operation_source(const Operation& operation, const File& file) {
  std::string out =
      "namespace {\n" + emit_buffer_table(operation, operation.request, "Request", file) +
      emit_buffer_table(operation, operation.reply, "Reply", file) + "}  // namespace\n";
  out += fmt::format(
      "constinit const OperationInfo {0}::kInfo = {{\n"
      "    .name = \"{1}\",\n    .type = \"{0}\",\n    .dialect = Dialect::{2},\n"
      "    .opcode = {3},\n    .request_portal = {4},\n    .alt_request_portal = {5},\n"
      "    .reply_portal = {6},\n    .bulk_portal = {7},\n    .version = {8:#x},\n"
      "    .selector = Selector::{9},\n    .discriminator = {10},\n    .key = \"{11}\",\n"
      "    .request = {12},\n    .reply = {13}}};\n\n",
      operation.type, operation.name, file.is_2_0() ? "v2_0" : "v1_8", operation.opcode,
      operation.request_portal, operation.alt_request_portal, operation.reply_portal,
      operation.bulk_portal, operation.version, selector_name(operation), operation.discriminator,
      operation.key, direction_init(operation, operation.request, "Request"),
      direction_init(operation, operation.reply, "Reply"));
  return out + emit_codec(operation, operation.request, "Request", "request") +
         emit_codec(operation, operation.reply, "Reply", "reply");
}

}  // namespace

std::string emit_operations_header(const File& file) {
  std::string out;
  for (const Operation& operation : file.operations) {
    out += emit_operation_header(operation, file);
  }
  return out;
}

std::string emit_operations_source(const File& file) {
  std::string out;
  for (const Operation& operation : file.operations) {
    out += emit_operation_source(operation, file);
  }
  return out;
}

}  // namespace generator
