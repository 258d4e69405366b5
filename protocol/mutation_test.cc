#include "protocol/mutation.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <vector>

#include "protocol/ldlm.h"
#include "protocol/mds_2_0.h"
#include "protocol/ptlrpc.h"

namespace protocol {
namespace {

const MutationStruct& table_of(const StructInfo& info) {
  const auto all = mutation_structs();
  const auto found = std::ranges::find(all, &info, &MutationStruct::info);
  REQUIRE(found != all.end());
  return *found;
}

std::vector<uint32_t> places_of(const MutationStruct& type, LeafRole role) {
  std::vector<uint32_t> places;
  for (const MutationLeaf& leaf : type.leaves) {
    if (leaf.role == role) places.push_back(leaf.offset);
  }
  return places;
}

TEST_CASE("no leaf leaves its struct") {
  for (const MutationStruct& type : mutation_structs()) {
    INFO(type.info->lustre);
    REQUIRE(std::ranges::all_of(type.leaves, [&](const MutationLeaf& leaf) {
      return leaf.width > 0 && leaf.offset + leaf.width <= type.info->size;
    }));
  }
}

TEST_CASE("a lock request's leaves play the parts that its fields have") {
  const MutationStruct& type = table_of(ldlm::LdlmRequest::kInfo);
  using Places = std::vector<uint32_t>;
  REQUIRE((places_of(type, LeafRole::handle) == Places{88, 96}));
  REQUIRE((places_of(type, LeafRole::resource) == std::vector<uint32_t>{16}));
  REQUIRE((places_of(type, LeafRole::length) == std::vector<uint32_t>{4}));
  REQUIRE(type.leaves[0].role == LeafRole::bits);
  REQUIRE(type.leaves[0].names == &ldlm::lock_flag::kNames);
  REQUIRE(type.trailing_size == 8);
}

TEST_CASE("a file's identifier is one leaf") {
  const MutationStruct& type = table_of(mds_2_0::MdtBody::kInfo);
  REQUIRE(places_of(type, LeafRole::fid).front() == 0);
}

TEST_CASE("a header's magic and lengths are known as such") {
  const MutationStruct& type = table_of(ptlrpc::LustreMsgV2::kInfo);
  REQUIRE((places_of(type, LeafRole::magic) == std::vector<uint32_t>{8}));
  REQUIRE((places_of(type, LeafRole::length) == std::vector<uint32_t>{0, 12}));
}

TEST_CASE("every buffer with a struct has its leaves") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    for (const MutationOperation& operation : mutation_operations(dialect)) {
      INFO(operation.info->name);
      const auto same = [](std::span<const BufferInfo> buffers,
                           std::span<const MutationStruct* const> types) {
        return std::ranges::equal(buffers, types, [](const BufferInfo& a, const MutationStruct* b) {
          return a.structure == (b == nullptr ? nullptr : b->info);
        });
      };
      REQUIRE(same(operation.info->request.buffers, operation.request));
      REQUIRE(same(operation.info->reply.buffers, operation.reply));
      REQUIRE(find_mutation(operation.info) == &operation);
    }
  }
}

TEST_CASE("a struct is recoded to the other byte order and back") {
  const MutationStruct& type = table_of(ptlrpc::PtlrpcBody::kInfo);
  std::array<uint8_t, ptlrpc::PtlrpcBody::kSize> value, turned, back;
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<uint8_t>(i);
  REQUIRE(type.recode(value, ByteOrder::little, ByteOrder::big, turned));
  REQUIRE(turned[8] == 11);  // pb_type, from its other end
  REQUIRE(turned[0] == 0);   // pb_handle is never swapped
  REQUIRE(type.recode(turned, ByteOrder::big, ByteOrder::little, back));
  REQUIRE(back == value);
  REQUIRE_FALSE(type.recode(ByteView(value).first(10), ByteOrder::little, ByteOrder::big, back));
}

}  // namespace
}  // namespace protocol
