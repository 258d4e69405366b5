// A peer of the other byte order: each integer of every struct is swapped exactly once, and what is
// opaque, a name, or little-endian in any case is left as it is. Messages: peers_test.cc.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "protocol/catalogue.h"
#include "protocol/made_messages.h"

namespace protocol {
namespace {

// For each byte of a struct, the byte from which it comes in a swapped one.
using Origins = std::vector<uint32_t>;

// What the facts say: integers of 2, 4, 8 bytes in the sender's order, the rest as it is.
void expect_reversed(Origins& origins, const StructInfo& info, uint32_t start, size_t& swapped) {
  if (info.opaque || info.little_endian) return;
  for (const FieldInfo& field : info.fields) {
    if (field.trailing || field.opaque || field.little_endian) continue;
    for (uint32_t index = 0; index < field.count; ++index) {
      const uint32_t place = start + field.offset + index * field.width;
      if (field.kind == FieldKind::structure) {
        expect_reversed(origins, *field.structure, place, swapped);
      } else if (field.kind != FieldKind::text && field.kind != FieldKind::bytes &&
                 field.width > 1) {
        for (uint32_t byte = 0; byte < field.width; ++byte) {
          origins[place + byte] = place + field.width - 1 - byte;
        }
        ++swapped;
      }
    }
  }
}

struct alignas(16) Storage {
  uint8_t bytes[16384];
};

// Where each byte of the struct came from, found by swapping the digits of the bytes' places.
Origins found_origins(const StructInfo& info) {
  Origins origins(info.size, 0);
  auto storage = std::make_unique<Storage>();
  REQUIRE(info.size <= sizeof(storage->bytes));
  for (uint32_t shift = 0; shift < 16; shift += 8) {
    for (uint32_t place = 0; place < info.size; ++place) {
      storage->bytes[place] = static_cast<uint8_t>(place >> shift);
    }
    info.swap(storage->bytes);
    for (uint32_t place = 0; place < info.size; ++place) {
      origins[place] |= uint32_t{storage->bytes[place]} << shift;
    }
  }
  return origins;
}

template <class Each>
void for_each_struct(Each each) {
  for (const SchemaFile& file : catalogue()) {
    for (const StructInfo* info : file.structs) each(*info);
  }
}

}  // namespace

TEST_CASE("Byte order: every integer of every struct is swapped exactly once") {
  size_t structs = 0, swapped = 0;
  for_each_struct([&](const StructInfo& info) {
    INFO(info.file << "." << info.name);
    Origins expected(info.size);
    for (uint32_t place = 0; place < info.size; ++place) expected[place] = place;
    expect_reversed(expected, info, 0, swapped);
    REQUIRE(found_origins(info) == expected);
    ++structs;
  });
  std::printf("byte order: %zu structs, %zu integers swapped once\n", structs, swapped);
  REQUIRE(structs > 100);
  REQUIRE(swapped > 800);
}

TEST_CASE("Byte order: handles, names and EAs are never swapped") {
  size_t seen = 0;
  for_each_struct([&](const StructInfo& info) {
    const std::string_view name = info.lustre;
    const bool left_alone = name == "lustre_handle" || name == "lnet_handle_wire_t" ||
                            name == "obd_uuid" || name.starts_with("lov_mds_md") ||
                            name.starts_with("lov_user_md") || name.starts_with("xattr_acl") ||
                            name == "lnet_hdr_t" || name == "llog_rec_hdr" || name == "lu_dirent";
    if (!left_alone) return;
    INFO(info.name);
    const Origins found = found_origins(info);
    for (uint32_t place = 0; place < info.size; ++place) REQUIRE(found[place] == place);
    ++seen;
  });
  REQUIRE(seen >= 12);
}

TEST_CASE("Byte order: swapped twice, every struct is what it was") {
  MessageMaker maker(21);
  for_each_struct([&](const StructInfo& info) {
    INFO(info.name);
    auto storage = std::make_unique<Storage>();
    const Content content = maker.bytes(info.size);
    std::ranges::copy(content, storage->bytes);
    info.swap(storage->bytes);
    info.swap(storage->bytes);
    REQUIRE(std::equal(content.begin(), content.end(), storage->bytes));
  });
}

}  // namespace protocol
