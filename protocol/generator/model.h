// The schema as the emitters need it: structs with computed layout, constants, operations. Built
// from capnpc's request by `read_model`, which refuses what the wire could not carry (a hole, a
// wrong $size, an unknown $bits name) with the file and name of the place.
#pragma once

#include <capnp/schema.capnp.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace generator {

// What is wrong with a schema; its text begins with file and name.
struct SchemaError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// "ptlrpc.capnp: PtlrpcBody.handle: why".
[[noreturn]] void refuse(std::string_view file, std::string_view name, std::string_view why);

struct Constant {
  std::string name;  // as in the schema: "mdsGetattr"
  std::string lustre;
  std::string comment;
  uint64_t value = 0;  // two's complement
  std::string text;  // of a text set
  std::string only;  // "1.8" or "2.0"; empty: both
  bool is_signed = false;
};

struct File;

struct ConstantSet {
  const File* file = nullptr;
  std::string name;
  std::string lustre;
  std::string comment;
  bool bits = false;
  bool texts = false;  // names that travel as text, not numbers
  uint32_t width = 0;  // in bits
  std::vector<Constant> constants;
};

struct Struct;

enum class Kind { integer, structure, text, data };

// One of the fields that 1.8 has in bytes of others.
struct Division {
  std::string lustre;
  uint32_t offset = 0;
  uint32_t size = 0;
};

// A member of a struct, or a buffer of an operation.
struct Field {
  std::string name;
  std::string lustre;
  std::string lustre_1_8;           // only where 1.8 calls it otherwise
  std::vector<Division> parts_1_8;  // only where 1.8 divides the bytes otherwise
  std::string later;                // what later versions have there
  std::string comment;
  Kind kind = Kind::integer;
  bool is_signed = false;
  uint32_t width = 0;  // of one element, in bytes
  const Struct* structure = nullptr;
  bool list = false;
  std::optional<uint32_t> count;
  bool trailing = false;
  bool head_only = false;  // an embedded struct without its trailing part
  bool opaque = false;
  bool little_endian = false;
  bool hex = false;
  const ConstantSet* names = nullptr;
  std::vector<const Struct*> overlays;
  uint32_t offset = 0;
  uint32_t size = 0;
  // Of buffers:
  bool optional = false;
  bool may_be_empty = false;
  std::string present_if;                  // as the schema says it
  const Field* presence_buffer = nullptr;  // what it means
  const Field* presence_field = nullptr;
  uint64_t presence_mask = 0;

  // A member's presence in memory: a trailing part has none.
  bool fixed() const { return !trailing; }
  bool padding() const { return name.starts_with("padding") || !later.empty(); }
};

struct Struct {
  const File* file = nullptr;
  std::string name;
  std::string lustre;
  std::string lustre_1_8;
  std::string comment;
  bool opaque = false;
  bool little_endian = false;
  uint32_t size = 0;
  uint32_t alignment = 1;
  bool packed = false;
  std::vector<Field> fields;

  const Field* trailing() const {
    return !fields.empty() && fields.back().trailing ? &fields.back() : nullptr;
  }
};

struct Direction {
  std::vector<Field> buffers;
  bool compact = false;
  std::string comment;
};

struct Operation {
  std::string type;  // "MdsGetattr"
  std::string name;  // "MDS_GETATTR"
  std::string comment;
  uint64_t opcode = 0, request_portal = 0, reply_portal = 0, version = 0, alt_request_portal = 0,
           bulk_portal = 0, discriminator = 0;
  std::string selector;
  std::string key;
  Direction request, reply;
};

struct File {
  std::string stem;  // "mds_2_0": name of the files made, and their namespace
  std::string comment;
  bool requested = false;
  std::vector<const Struct*> structs;  // each after those it embeds
  std::vector<const ConstantSet*> constant_sets;
  std::vector<Operation> operations;

  bool is_2_0() const { return stem.ends_with("_2_0"); }
};

struct Model {
  std::deque<Struct> structs;
  std::deque<ConstantSet> constant_sets;
  std::deque<File> files;
};

// All structs, each after those that it embeds or that lie over a field of it.
std::vector<const Struct*> embedded_first(const Model& model);

Model read_model(capnp::schema::CodeGeneratorRequest::Reader request);

}  // namespace generator
