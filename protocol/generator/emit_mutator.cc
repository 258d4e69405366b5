#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "protocol/generator/emit.h"
#include "protocol/generator/names.h"

namespace generator {
namespace {

// Of a long array the first elements stand for all.
constexpr uint32_t kElementsMax = 4;

struct Leaf {
  uint32_t offset;
  uint32_t width;
  std::string_view role;
  bool little_endian;
  const ConstantSet* names;
};

bool ends_in(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view end) { return name.ends_with(end); });
}

std::string_view role_of(const Field& field) {
  if (field.kind == Kind::text) return "text";
  if (field.kind == Kind::data) return "bytes";
  if (ends_in(field.lustre, {"magic"})) return "magic";
  if (field.names != nullptr) return field.names->bits ? "bits" : "choice";
  if (ends_in(field.lustre, {"count", "counts", "cnt", "len", "lens", "length", "size", "num",
                             "buflens[0]", "_nr", "aclsize", "eadatasize"})) {
    return "length";
  }
  return "number";
}

// What is changed as a whole, though it is a struct.
std::string_view whole_role(const Struct& type) {
  if (type.lustre == "lustre_handle") return "handle";
  if (type.lustre == "lu_fid" || type.lustre == "ll_fid") return "fid";
  if (type.lustre == "ldlm_res_id") return "resource";
  return {};
}

void add_leaves(std::vector<Leaf>& out, const Struct& type, uint32_t offset, bool little_endian);

void add_leaves(std::vector<Leaf>& out, const Field& field, uint32_t offset, bool little_endian) {
  const uint32_t count =
      field.kind == Kind::integer || field.kind == Kind::structure
          ? std::min(field.count.value_or(1), kElementsMax)
          : 1;
  const uint32_t width = field.kind == Kind::structure ? field.structure->size
                         : field.kind == Kind::integer ? field.width
                                                       : field.size;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t at = offset + i * width;
    if (field.kind == Kind::structure) {
      add_leaves(out, *field.structure, at, little_endian);
    } else {
      out.push_back({at, width, role_of(field), little_endian, field.names});
    }
  }
  for (const Struct* over : field.overlays) {
    if (over != field.structure) add_leaves(out, *over, offset, little_endian);
  }
}

void add_leaves(std::vector<Leaf>& out, const Struct& type, uint32_t offset, bool little_endian) {
  const bool little = little_endian || type.little_endian;
  if (const std::string_view role = whole_role(type); !role.empty()) {
    out.push_back({offset, type.size, role, little, nullptr});
    return;
  }
  for (const Field& field : type.fields) {
    if (field.fixed()) {
      add_leaves(out, field, offset + field.offset, little || field.little_endian);
    }
  }
}

std::string qualified(const Struct& type) { return type.file->stem + "::" + type.name; }
std::string leaves_name(const Struct& type) {
  return fmt::format("k_{}_{}_leaves", type.file->stem, snake_case(type.name));
}

std::string emit_leaves(const Struct& type) {
  std::vector<Leaf> leaves;
  add_leaves(leaves, type, 0, false);
  if (leaves.empty()) {
    return fmt::format("constexpr std::span<const MutationLeaf> {};\n", leaves_name(type));
  }
  std::string out = fmt::format("constexpr MutationLeaf {}[] = {{\n", leaves_name(type));
  for (const Leaf& leaf : leaves) {
    out += fmt::format("    {{{}, {}, LeafRole::{}, {}", leaf.offset, leaf.width, leaf.role,
                       leaf.little_endian);
    if (leaf.names != nullptr) {
      out += fmt::format(", &{}::{}::kNames", leaf.names->file->stem, snake_case(leaf.names->name));
    }
    out += "},\n";
  }
  return out + "};\n";
}

std::string emit_struct(const Struct& type) {
  const Field* behind = type.trailing();
  const uint32_t trailing = behind == nullptr           ? 0
                            : behind->kind == Kind::structure ? behind->structure->size
                            : behind->kind == Kind::integer   ? behind->width
                                                              : 1;
  return fmt::format("    {{&{0}::kInfo, {1}, {2}, &recode_value<{0}>}},\n", qualified(type),
                     leaves_name(type), trailing);
}

std::string emit_buffers(const std::string& name, const Direction& direction,
                         const std::vector<const Struct*>& structs) {
  std::string rows;
  for (const Field& buffer : direction.buffers) {
    const auto at = std::ranges::find(structs, buffer.structure);
    rows += buffer.structure == nullptr || at == structs.end()
                ? "    nullptr,\n"
                : fmt::format("    &kStructs[{}],  // {}\n", at - structs.begin(),
                              buffer.structure->lustre);
  }
  if (rows.empty()) {
    return fmt::format("constexpr std::span<const MutationStruct* const> {};\n", name);
  }
  return fmt::format("constexpr const MutationStruct* {}[] = {{\n{}}};\n", name, rows);
}

std::string emit_operations(const Model& model, bool is_2_0,
                            const std::vector<const Struct*>& structs) {
  std::string tables, rows;
  for (const File& file : model.files) {
    if (file.operations.empty() || file.is_2_0() != is_2_0) continue;
    for (const Operation& operation : file.operations) {
      const std::string name =
          fmt::format("k_{}_{}", file.stem, snake_case(operation.type).substr(1));
      tables += emit_buffers(name + "_request", operation.request, structs);
      tables += emit_buffers(name + "_reply", operation.reply, structs);
      rows += fmt::format("    {{&{0}::{1}::kInfo, {2}_request, {2}_reply}},\n", file.stem,
                          operation.type, name);
    }
  }
  const std::string table = is_2_0 ? "kOperations20" : "kOperations18";
  if (rows.empty()) {
    return fmt::format("constexpr std::span<const MutationOperation> {};\n", table);
  }
  return tables + fmt::format("constexpr MutationOperation {}[] = {{\n{}}};\n", table, rows);
}

// One entry of a libFuzzer dictionary: the number's bytes.
std::string number_entry(std::string_view name, uint64_t value, uint32_t width, bool big_endian) {
  std::string out = fmt::format("{}_{}=\"", name, big_endian ? "be" : "le");
  for (uint32_t i = 0; i < width; ++i) {
    const uint32_t shift = 8 * (big_endian ? width - 1 - i : i);
    out += fmt::format("\\x{:02x}", (value >> shift) & 0xff);
  }
  return out + "\"\n";
}

}  // namespace

std::string emit_mutator(const Model& model) {
  std::string out =
      "// Made from protocol/schema/*.capnp by assay-schema.\n#include "
      "\"protocol/mutation.h\"\n\n";
  for (const File& file : model.files) {
    out += fmt::format("#include \"protocol/{}.h\"\n", file.stem);
  }
  out += "\nnamespace protocol {\nnamespace {\n\n";
  std::vector<const Struct*> structs;
  std::string rows;
  for (const File& file : model.files) {
    for (const Struct* type : file.structs) {
      structs.push_back(type);
      out += emit_leaves(*type);
      rows += emit_struct(*type);
    }
  }
  out += fmt::format("\nconstexpr MutationStruct kStructs[] = {{\n{}}};\n\n", rows);
  out += emit_operations(model, false, structs) + emit_operations(model, true, structs);
  return out +
         "\n}  // namespace\n\n"
         "std::span<const MutationStruct> mutation_structs() { return kStructs; }\n"
         "std::span<const MutationOperation> mutation_operations(Dialect dialect) {\n"
         "  return dialect == Dialect::v1_8 ? std::span<const MutationOperation>(kOperations18)\n"
         "                                  : std::span<const MutationOperation>(kOperations20);\n"
         "}\n\n}  // namespace protocol\n";
}

std::string emit_dictionary(const Model& model) {
  std::string out = "# Made from protocol/schema/*.capnp by assay-schema.\n";
  std::set<std::string> keys;
  std::set<std::pair<uint32_t, uint64_t>> seen;
  for (const File& file : model.files) {
    for (const ConstantSet* set : file.constant_sets) {
      for (const Constant& constant : set->constants) {
        const uint32_t width = set->width / 8;
        if (constant.value == 0 || !seen.emplace(width, constant.value).second) continue;
        out += number_entry(constant.lustre, constant.value, width, false);
        if (width > 1) out += number_entry(constant.lustre, constant.value, width, true);
      }
    }
    for (const Operation& operation : file.operations) {
      if (!operation.key.empty()) keys.insert(operation.key);
    }
  }
  for (const std::string& key : keys) out += fmt::format("\"{}\"\n", key);
  return out;
}

}  // namespace generator
