// assay-schema: a capnpc plugin. Reads a CodeGeneratorRequest from standard input and writes, into
// the current directory, X.h and X.cc for every requested X.capnp, catalogue.cc,
// mutation_tables.cc, wire.dict, lustre_tables.lua, plain.capnp and plain_codec.h. A file whose
// content stays the same is left alone, so that what includes it is not compiled again.
#include <capnp/serialize.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include "protocol/generator/emit.h"
#include "protocol/generator/model.h"

namespace {

void write_if_changed(const std::string& path, const std::string& text) {
  std::ifstream old(path, std::ios::binary);
  if (old && std::string(std::istreambuf_iterator<char>(old), {}) == text) return;
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw generator::SchemaError("cannot write " + path);
}

}  // namespace

int main() {
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = uint64_t{1} << 30;
    capnp::StreamFdMessageReader message(STDIN_FILENO, options);
    const generator::Model model =
        generator::read_model(message.getRoot<capnp::schema::CodeGeneratorRequest>());
    for (const generator::File& file : model.files) {
      write_if_changed(file.stem + ".h", generator::emit_header(file));
      write_if_changed(file.stem + ".cc", generator::emit_source(file));
    }
    write_if_changed("catalogue.cc", generator::emit_catalogue(model));
    write_if_changed("lustre_tables.lua", generator::emit_lua(model));
    write_if_changed("plain.capnp", generator::emit_plain_schema(model));
    write_if_changed("plain_codec.h", generator::emit_plain_header(model));
    write_if_changed("mutation_tables.cc", generator::emit_mutator(model));
    write_if_changed("wire.dict", generator::emit_dictionary(model));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "assay-schema: %s\n", error.what());
  } catch (const kj::Exception& error) {
    std::fprintf(stderr, "assay-schema: %s\n", error.getDescription().cStr());
  }
  return 1;
}
