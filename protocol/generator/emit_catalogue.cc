#include <fmt/format.h>

#include "protocol/generator/emit.h"
#include "protocol/generator/names.h"

namespace generator {
namespace {

std::string table(std::string_view type, const std::string& name, const std::string& rows) {
  if (rows.empty()) return fmt::format("constexpr std::span<const {}* const> {};\n", type, name);
  return fmt::format("constexpr const {}* {}[] = {{\n{}}};\n", type, name, rows);
}

}  // namespace

std::string emit_catalogue(const Model& model) {
  std::string out =
      "// Made from protocol/schema/*.capnp by assay-schema.\n#include "
      "\"protocol/catalogue.h\"\n\n";
  for (const File& file : model.files)
    out += fmt::format("#include \"protocol/{}.h\"\n", file.stem);
  out += "\nnamespace protocol {\nnamespace {\n\n";
  std::string files;
  for (const File& file : model.files) {
    std::string structs, names, operations;
    for (const Struct* type : file.structs) {
      structs += fmt::format("    &{}::{}::kInfo,\n", file.stem, type->name);
    }
    for (const ConstantSet* set : file.constant_sets) {
      names += fmt::format("    &{}::{}::kNames,\n", file.stem, snake_case(set->name));
    }
    for (const Operation& operation : file.operations) {
      operations += fmt::format("    &{}::{}::kInfo,\n", file.stem, operation.type);
    }
    out += table("StructInfo", "k_" + file.stem + "_structs", structs);
    out += table("NameTable", "k_" + file.stem + "_names", names);
    out += table("OperationInfo", "k_" + file.stem + "_operations", operations);
    files +=
        fmt::format("    {{\"{0}\", k_{0}_structs, k_{0}_names, k_{0}_operations}},\n", file.stem);
  }
  return out + fmt::format("\nconstexpr SchemaFile kFiles[] = {{\n{}}};\n\n", files) +
         "}  // namespace\n\nstd::span<const SchemaFile> catalogue() { return kFiles; }\n\n"
         "}  // namespace protocol\n";
}

}  // namespace generator
