// The outputs of the generator, one function each; every one returns a whole file's text.
#pragma once

#include <string>

#include "protocol/generator/model.h"

namespace generator {

// X.h: constants, structs, operations.
std::string emit_header(const File& file);
std::string emit_constants_header(const File& file);   // the part of X.h with the constants
std::string emit_operations_header(const File& file);  // the part of X.h with the operations

// X.cc: tables, byte swapping, and the operations' decode and encode.
std::string emit_source(const File& file);
std::string emit_operations_source(const File& file);  // the part of X.cc with the operations

// catalogue.cc: what all the files hold.
std::string emit_catalogue(const Model& model);

// lustre_tables.lua: all of it as tables, for the dissector in dissector.lua.
std::string emit_lua(const Model& model);

// plain.capnp and plain_codec.h: the yardstick of the benchmarks.
std::string emit_plain_schema(const Model& model);
std::string emit_plain_header(const Model& model);

// mutation_tables.cc: what protocol/mutation.h declares; wire.dict: a dictionary for libFuzzer.
std::string emit_mutator(const Model& model);
std::string emit_dictionary(const Model& model);

}  // namespace generator
