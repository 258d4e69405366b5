#include "harness/fuzzing/mutator.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>

#include "protocol/ldlm.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"

namespace harness::fuzzing {

using protocol::BufferInfo;
using protocol::BufferKind;
using protocol::ByteOrder;
using protocol::Bytes;
using protocol::Direction;
using protocol::LeafRole;
using protocol::Message;
using protocol::MutationLeaf;
using protocol::MutationOperation;
using protocol::MutationStruct;
using protocol::OperationInfo;
using protocol::Selector;
using protocol::ptlrpc::LustreMsgV2;
using protocol::ptlrpc::PtlrpcBody;

// A message taken apart. Buffer 0, the ptlrpc_body, is not among the buffers.
struct Mutator::Draft {
  LustreMsgV2 header = {.magic = protocol::ptlrpc::msg_magic::kV2};
  PtlrpcBody body = {};
  uint32_t body_length = PtlrpcBody::kSize;
  ByteOrder order = ByteOrder::little;
  std::vector<Buffer> buffers = {};

  static std::optional<Draft> of(const Buffer& bytes) {
    const auto message = Message::parse(Bytes(protocol::ByteView(bytes)));
    if (!message) return std::nullopt;
    Draft draft{.header = message->header(),
                .body = message->body(),
                .body_length = std::min<uint32_t>(message->body_length(), PtlrpcBody::kSize),
                .order = message->order()};
    for (uint32_t i = 1; i < message->buffer_count(); ++i) {
      const protocol::ByteView buffer = message->buffer(i);
      draft.buffers.emplace_back(buffer.begin(), buffer.end());
    }
    return draft;
  }

  Buffer bytes() const {
    const auto count = static_cast<uint32_t>(buffers.size() + 1);
    Buffer out(protocol::message_header_size(count));
    LustreMsgV2 whole = header;
    whole.bufcount = count;
    protocol::encode(whole, out, order);
    put_length(out, 0, body_length);
    std::array<uint8_t, PtlrpcBody::kSize> called;
    protocol::encode(body, called, order);
    out.insert(out.end(), called.begin(), called.begin() + body_length);
    out.resize(protocol::padded(out.size()));
    for (uint32_t i = 1; i < count; ++i) {
      const Buffer& buffer = buffers[i - 1];
      put_length(out, i, static_cast<uint32_t>(buffer.size()));
      out.insert(out.end(), buffer.begin(), buffer.end());
      out.resize(protocol::padded(out.size()));
    }
    return out;
  }

 private:
  void put_length(Buffer& out, uint32_t index, uint32_t length) const {
    protocol::encode(length,
                     protocol::ByteSpan(out).subspan(sizeof(LustreMsgV2) +
                                                     index * sizeof(uint32_t)),
                     order);
  }
};

namespace {

// Numbers at which something may begin or end.
constexpr uint64_t kEdges[] = {0,          1,          2,          7,           8,
                               255,        256,        4095,       4096,        65535,
                               65536,      0x7fffffff, 0x80000000, 0xffffffff,  0x100000000,
                               ~uint64_t{0} >> 1,      uint64_t{1} << 63,       ~uint64_t{0},
                               1u << 20,   (1u << 20) + 1,         40,          160,
                               2000,       0177777};

// Names that mean something to a server, and such as are in the way.
constexpr std::string_view kNames[] = {
    "f0",  "f1",        "d0",        "new",         "",         ".",    "..",
    "a/b", "link",      "user.a",    "trusted.lov", "MGS",      "size", "assay-MDT0000_UUID",
    "mdt", "last_id",   "max_ea_size", "assay-OST0000_UUID", "assay-client", "read_only",
    "mds_conn",         "assay-MDT0000", "assay-OST0000",     "security.capability",
    "system.posix_acl_access", "evict_by_nid",       "trusted.dmv",  "CONFIGS/assay-client",
    "0e3a1d22-1111-4222-8333-000000000001"};

uint64_t load(std::span<const uint8_t> value, ByteOrder order) {
  uint64_t out = 0;
  for (size_t i = 0; i < value.size() && i < sizeof(out); ++i) {
    const size_t at = order == ByteOrder::little ? i : value.size() - 1 - i;
    out |= uint64_t{value[at]} << (8 * i);
  }
  return out;
}

void store(uint64_t number, std::span<uint8_t> value, ByteOrder order) {
  for (size_t i = 0; i < value.size(); ++i) {
    const size_t at = order == ByteOrder::little ? i : value.size() - 1 - i;
    value[at] = i < sizeof(number) ? static_cast<uint8_t>(number >> (8 * i)) : 0;
  }
}

std::span<const BufferInfo> buffers_of(const OperationInfo& operation, Direction direction) {
  return (direction == Direction::request ? operation.request : operation.reply).buffers;
}

constexpr size_t kLockTypeOffset = 8;  // of lr_type in ldlm_request

}  // namespace

// --- numbers and values ---

uint64_t Mutator::number(uint32_t width) {
  const uint64_t mask = width >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * width)) - 1;
  switch (draw(5)) {
    case 0:
      return draw(16) & mask;
    case 1:
      return kEdges[draw(std::size(kEdges))] & mask;
    case 2:
      return (uint64_t{1} << draw(8 * size_t{std::min(width, 8u)})) & mask;
    case 3:
      return ~uint64_t{draw(16)} & mask;
    default:
      return random_.next() & mask;
  }
}

uint64_t Mutator::named(const protocol::NameTable& names, bool bits) {
  if (names.values.empty()) return 0;
  uint64_t value = names.values[draw(names.values.size())].value;
  if (bits) {
    for (uint32_t more = draw(4); more > 0; --more) {
      value |= names.values[draw(names.values.size())].value;
    }
  }
  return value;
}

uint64_t Mutator::integer(const MutationLeaf& leaf, uint64_t old) {
  if (chance(8)) return number(leaf.width);
  switch (leaf.role) {
    case LeafRole::bits:
      return leaf.names != nullptr && chance(2) ? old ^ named(*leaf.names, false)
             : leaf.names != nullptr            ? named(*leaf.names, true)
                                                : number(leaf.width);
    case LeafRole::magic:
    case LeafRole::choice:
      return leaf.names != nullptr ? named(*leaf.names, false) : old;
    case LeafRole::handle:
      return chance(4) ? old : kReference | draw(8);
    default:
      return chance(2) ? old + draw(5) - 2 : number(leaf.width);
  }
}

void Mutator::fill_fid(std::span<uint8_t> value) {
  std::ranges::fill(value, uint8_t{0});
  switch (draw(8)) {
    case 0:  // one of a sequence that clients may have
      store(0x200000400 + draw(3), value.first(8), ByteOrder::little);
      store(1 + draw(8), value.subspan(8, 4), ByteOrder::little);
      return;
    case 1:
      store(number(8), value.first(8), ByteOrder::little);
      return;
    default:
      store(kReference | draw(8), value.first(8), ByteOrder::little);
  }
}

void Mutator::fill(const MutationLeaf& leaf, std::span<uint8_t> value, ByteOrder order) {
  if (leaf.little_endian) order = ByteOrder::little;
  switch (leaf.role) {
    case LeafRole::fid:
    case LeafRole::resource:
      return fill_fid(value);
    case LeafRole::text: {
      std::ranges::fill(value, uint8_t{0});
      const std::string_view text = name().substr(0, value.size());
      std::ranges::copy(text, value.begin());
      return;
    }
    case LeafRole::bytes:
      for (uint32_t i = 0; i < 4 && !value.empty(); ++i) {
        value[draw(value.size())] = static_cast<uint8_t>(random_.next());
      }
      return;
    case LeafRole::handle:
      order = ByteOrder::little;
      [[fallthrough]];
    case LeafRole::number:
    case LeafRole::length:
    case LeafRole::magic:
    case LeafRole::bits:
    case LeafRole::choice:
      store(integer(leaf, load(value, order)), value, order);
  }
}

std::string_view Mutator::name() { return kNames[draw(std::size(kNames))]; }

// What lies in a buffer without fields: nothing, any bytes, or a struct from elsewhere in the
// schema (a layout, an ACL, a log record).
Buffer Mutator::data() {
  if (chance(3)) return {};
  if (chance(3)) return Buffer(draw(64), static_cast<uint8_t>(random_.next()));
  const auto structs = protocol::mutation_structs();
  for (uint32_t attempt = 0; attempt < 8; ++attempt) {
    const MutationStruct& type = structs[draw(structs.size())];
    if (type.info->size > 512) continue;
    Buffer value = value_of(type, false);
    if (type.trailing_size != 0) value.resize(value.size() + draw(4) * size_t{type.trailing_size});
    return value;
  }
  return {};
}

Buffer Mutator::value_of(const MutationStruct& type, bool plain) {
  Buffer value(type.info->size);
  for (const MutationLeaf& leaf : type.leaves) {
    const bool points = leaf.role == LeafRole::fid || leaf.role == LeafRole::handle ||
                        leaf.role == LeafRole::resource || leaf.role == LeafRole::choice ||
                        leaf.role == LeafRole::magic || leaf.role == LeafRole::bits;
    if (!chance(points && !plain ? 2 : 6)) continue;
    fill(leaf, std::span(value).subspan(leaf.offset, leaf.width), ByteOrder::little);
  }
  return value;
}

// --- making ---

Buffer Mutator::make_buffer(const OperationInfo& operation, const BufferInfo& info,
                            const MutationStruct* type) {
  switch (info.kind) {
    case BufferKind::structure: {
      if (type == nullptr) return {};
      Buffer value = value_of(*type, chance(2));
      if (type->trailing_size != 0 && chance(2)) {
        value.resize(value.size() + draw(4) * size_t{type->trailing_size});
      }
      if (value.size() < info.count) value.resize(info.count);
      return value;
    }
    case BufferKind::integer:
      return Buffer(info.element_size, static_cast<uint8_t>(draw(4)));
    case BufferKind::array: {
      Buffer out;
      for (uint32_t i = 0, count = draw(4); i <= count; ++i) {
        const Buffer one = type != nullptr ? value_of(*type, true) : Buffer(info.element_size);
        out.insert(out.end(), one.begin(), one.end());
      }
      return out;
    }
    case BufferKind::text: {
      std::string_view text = name();
      if (info.name == "target_uuid" && !chance(8)) {
        text = operation.opcode == protocol::ptlrpc::opcode::kMgsConnect   ? "MGS"
               : operation.opcode == protocol::ptlrpc::opcode::kMdsConnect ? "assay-MDT0000_UUID"
                                                                           : "assay-OST0000_UUID";
      }
      Buffer out(text.begin(), text.end());
      out.resize(std::max<size_t>(out.size() + 1, info.count));
      return out;
    }
    case BufferKind::data:
      return data();
  }
  return {};
}

void Mutator::identify_as(const OperationInfo& operation, Draft& draft) {
  const auto write = [&](size_t index, size_t offset, uint64_t value, size_t width) {
    if (index >= draft.buffers.size() || draft.buffers[index].size() < offset + width) return;
    store(value, std::span(draft.buffers[index]).subspan(offset, width), ByteOrder::little);
  };
  switch (operation.selector) {
    case Selector::none:
      return;
    case Selector::reint:
      return write(0, 0, operation.discriminator, sizeof(uint32_t));
    case Selector::intent:
      write(0, kLockTypeOffset, protocol::ldlm::lock_type::kIbits, sizeof(uint32_t));
      return write(1, 0, operation.discriminator, sizeof(uint64_t));
    case Selector::lock_type:
      return write(0, kLockTypeOffset, operation.discriminator, sizeof(uint32_t));
    case Selector::key:
      if (draft.buffers.empty()) return;
      draft.buffers[0].assign(operation.key.begin(), operation.key.end());
      draft.buffers[0].push_back(0);
      return;
  }
}

Buffer Mutator::make(const MutationOperation& operation, Direction direction) {
  const OperationInfo& info = *operation.info;
  Draft draft;
  draft.header.repsize = 4096;
  const bool request = direction == Direction::request;
  draft.body = {.type = request ? protocol::ptlrpc::msg_type::kRequest
                                : protocol::ptlrpc::msg_type::kReply,
                .version = info.version,
                .opc = info.opcode,
                .conn_cnt = 1,
                .timeout = 100};
  const auto types = request ? operation.request : operation.reply;
  const auto buffers = buffers_of(info, direction);
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (buffers[i].optional && chance(3)) break;
    draft.buffers.push_back(make_buffer(info, buffers[i], types[i]));
  }
  if (request) identify_as(info, draft);
  return draft.bytes();
}

// --- spoiling ---

void Mutator::mangle_struct(const MutationStruct& type, std::span<uint8_t> value,
                            ByteOrder order) {
  if (type.leaves.empty()) return;
  const MutationLeaf& leaf = type.leaves[draw(type.leaves.size())];
  if (leaf.offset + leaf.width > value.size()) return;
  fill(leaf, value.subspan(leaf.offset, leaf.width), order);
}

void Mutator::mangle_bytes(Buffer& bytes) {
  if (bytes.empty() || chance(6)) {
    bytes.resize(std::min(kMessageMax, bytes.size() + 1 + draw(32)));
    return;
  }
  const size_t at = draw(bytes.size());
  switch (draw(5)) {
    case 0:
      bytes[at] ^= static_cast<uint8_t>(1u << draw(8));
      return;
    case 1:
      bytes[at] = static_cast<uint8_t>(random_.next());
      return;
    case 2:
      bytes.resize(at);
      return;
    case 3: {
      const size_t width = std::min<size_t>(size_t{1} << draw(4), bytes.size() - at);
      store(number(static_cast<uint32_t>(width)), std::span(bytes).subspan(at, width),
            chance(4) ? ByteOrder::big : ByteOrder::little);
      return;
    }
    default:
      bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                  bytes.begin() + static_cast<std::ptrdiff_t>(
                                      std::min(bytes.size(), at + 1 + draw(8))));
  }
}

void Mutator::mangle_buffer(const MutationStruct* type, Draft& draft, Buffer& buffer) {
  if (type != nullptr && buffer.size() >= type->info->size && !chance(8)) {
    const size_t count = buffer.size() / type->info->size;
    const size_t at = type->trailing_size != 0 ? 0 : draw(count) * size_t{type->info->size};
    return mangle_struct(*type, std::span(buffer).subspan(at, type->info->size), draft.order);
  }
  switch (draw(4)) {
    case 0: {
      const std::string_view text = name();
      buffer.assign(text.begin(), text.end());
      buffer.push_back(0);
      return;
    }
    case 1:
      buffer = data();
      return;
    case 2:
      buffer.assign(draw(600), static_cast<uint8_t>('a' + draw(26)));
      if (!buffer.empty()) buffer.back() = 0;
      return;
    default:
      mangle_bytes(buffer);
  }
}

void Mutator::mangle_list(Draft& draft) {
  std::vector<Buffer>& buffers = draft.buffers;
  if (buffers.empty() || chance(6)) {
    if (buffers.size() + 1 < protocol::kBufferCountMax) buffers.push_back(data());
    return;
  }
  const size_t at = draw(buffers.size());
  switch (draw(6)) {
    case 0:
      buffers.pop_back();
      return;
    case 1:
      buffers.erase(buffers.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    case 2:
      std::swap(buffers[at], buffers[draw(buffers.size())]);
      return;
    case 3:
      buffers[at].clear();
      return;
    case 4:
      buffers[at].resize(buffers[at].size() - std::min<size_t>(buffers[at].size(), 1 + draw(8)));
      return;
    default:
      buffers[at].resize(std::min<size_t>(buffers[at].size() + 1 + draw(24), kMessageMax / 2));
  }
}

// What the ptlrpc_body says about the call, as a peer in trouble may say it.
void Mutator::mangle_call(Draft& draft) {
  namespace msg_flag = protocol::ptlrpc::msg_flag;
  switch (draw(8)) {
    case 0:
      draft.body.flags = static_cast<uint32_t>(named(msg_flag::kNames, true));
      return;
    case 1:
      draft.body.flags ^= msg_flag::kResent;
      return;
    case 2:
      draft.body.op_flags =
          static_cast<uint32_t>(named(protocol::ptlrpc::msg_connect_flag::kNames, true));
      return;
    case 3:
      draft.body.transno = number(8);
      return;
    case 4:
      draft.body.conn_cnt = static_cast<uint32_t>(number(4));
      return;
    case 5:
      draft.body.pre_versions[draw(4)] = number(8);
      return;
    case 6:
      draft.body_length = protocol::kBodySizeMin;
      return;
    default:
      draft.body.status = static_cast<int32_t>(number(4));
  }
}

// The whole message in the other byte order, as a peer of the other kind sends it.
static void turn_round(std::span<const MutationStruct* const> types, std::vector<Buffer>& buffers,
                       ByteOrder& order) {
  const ByteOrder other = order == ByteOrder::little ? ByteOrder::big : ByteOrder::little;
  for (size_t i = 0; i < std::min(types.size(), buffers.size()); ++i) {
    if (types[i] == nullptr) continue;
    const size_t step = types[i]->info->size;
    for (size_t at = 0; at + step <= buffers[i].size(); at += step) {
      const std::span<uint8_t> value = std::span(buffers[i]).subspan(at, step);
      types[i]->recode(Buffer(value.begin(), value.end()), order, other, value);
      if (types[i]->trailing_size != 0) break;
    }
  }
  order = other;
}

void Mutator::mangle_body(const MutationOperation* operation, Draft& draft, Direction direction) {
  std::span<const MutationStruct* const> types;
  if (operation != nullptr) {
    types = direction == Direction::request ? operation->request : operation->reply;
  }
  if (chance(24)) return turn_round(types, draft.buffers, draft.order);
  if (draft.buffers.empty() || chance(6)) return mangle_call(draft);
  if (chance(8)) return mangle_list(draft);
  const size_t at = draw(draft.buffers.size());
  mangle_buffer(at < types.size() ? types[at] : nullptr, draft, draft.buffers[at]);
}

void Mutator::mangle_envelope(Buffer& message) {
  static const MutationStruct& header =
      *std::ranges::find(protocol::mutation_structs(), &LustreMsgV2::kInfo, &MutationStruct::info);
  static const MutationStruct& body =
      *std::ranges::find(protocol::mutation_structs(), &PtlrpcBody::kInfo, &MutationStruct::info);
  const auto parsed = Message::parse(Bytes(protocol::ByteView(message)));
  const size_t lengths = sizeof(LustreMsgV2);
  switch (parsed ? draw(4) : 3) {
    case 0:
      return mangle_struct(header, message, parsed->order());
    case 1:
      return mangle_struct(body, std::span(message).subspan(parsed->buffer_offset(0)),
                           parsed->order());
    case 2: {
      const size_t at = lengths + draw(parsed->buffer_count()) * sizeof(uint32_t);
      store(number(4), std::span(message).subspan(at, sizeof(uint32_t)), parsed->order());
      return;
    }
    default:
      mangle_bytes(message);
  }
}

void Mutator::mangle(protocol::Dialect dialect, Buffer& message, Direction direction) {
  const auto whole = Message::parse(Bytes(protocol::ByteView(message)));
  std::optional<Draft> draft = Draft::of(message);
  if (!draft || chance(16)) {
    mangle_envelope(message);
  } else {
    const MutationOperation* operation =
        protocol::find_mutation(protocol::identify(dialect, *whole));
    for (uint32_t changes = 1 + draw(3); changes > 0; --changes) {
      mangle_body(operation, *draft, direction);
    }
    message = draft->bytes();
  }
  if (message.size() > kMessageMax) message.resize(kMessageMax);
}

}  // namespace harness::fuzzing
