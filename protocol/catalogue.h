// Everything that the schemas define, file by file.
#pragma once

#include <span>
#include <string_view>

#include "protocol/operation_info.h"
#include "protocol/struct_info.h"

namespace protocol {

struct SchemaFile {
  std::string_view name;
  std::span<const StructInfo* const> structs;
  std::span<const NameTable* const> names;
  std::span<const OperationInfo* const> operations;
};

std::span<const SchemaFile> catalogue();

// The struct of that Lustre name; `file` tells apart what the dialects define differently. Null if
// there is none.
const StructInfo* find_struct(std::string_view lustre, std::string_view file = {});

}  // namespace protocol
