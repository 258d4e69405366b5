// What versions after 2.0 changed inside structs that they still send under the same name and in
// the same place. Only for reading their traffic: what is listed here must not be taken for what
// 2.0 meant by it.
#pragma once

#include "protocol/struct_info.h"

namespace protocol {

// Whether a later version gave these bytes of the struct another meaning.
bool changed_later(const StructInfo& info, const FieldInfo& field);

}  // namespace protocol
