// The layout of a struct: natural alignment, no holes, what a C compiler makes of it.
#pragma once

#include "protocol/generator/model.h"

namespace generator {

// Fills in the offset and size of every field, and size and alignment of the struct. Refuses holes,
// arrays without a length, and a trailing part that is not at the end.
void lay_out(Struct& type);

}  // namespace generator
