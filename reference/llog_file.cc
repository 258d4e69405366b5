#include "reference/llog_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "reference/digest.h"

namespace reference {

namespace llog = protocol::llog;
using protocol::ByteView;

namespace {

constexpr uint32_t kAround = llog::LlogRecHdr::kSize + llog::LlogRecTail::kSize;
// LLOG_MIN_REC_SIZE: what is left of a chunk must be nothing, or room for a pad record.
constexpr uint32_t kRecordMin = kAround;

uint32_t length_of(const Bytes& record) {
  return protocol::decode<llog::LlogRecHdr>(record.view()).value().len;
}

}  // namespace

LlogFile::LlogFile(std::string name, uint64_t created_s)
    : name_(std::move(name)), created_s_(created_s) {}

llog::LlogLogid LlogFile::id() const {
  return {.oid = digest_of(name_) >> 32 | 1, .oseq = 1, .ogen = 0};
}

void LlogFile::add(uint32_t type, ByteView payload, uint32_t length) {
  const uint32_t index = last_index() + 1;
  std::vector<uint8_t> record;
  record.reserve(length);
  protocol::append(record, llog::LlogRecHdr{.len = length, .index = index, .type = type});
  record.insert(record.end(), payload.begin(), payload.end());
  record.resize(length - llog::LlogRecTail::kSize);
  protocol::append(record, llog::LlogRecTail{.len = length, .index = index});
  restore(Bytes(std::move(record)));
}

uint32_t LlogFile::append(uint32_t type, ByteView payload) {
  CHECK(payload.size() <= kPayloadMax && has_room(1));
  const uint32_t first = last_index() + 1;
  const auto length = static_cast<uint32_t>(protocol::padded(payload.size())) + kAround;
  const uint32_t left = kChunk - end_ % kChunk;
  if (left != length && left < length + kRecordMin)
    add(llog::llog_rec_type::kLlogPadMagic, {}, left);
  add(type, payload, length);
  return first;
}

void LlogFile::restore(Bytes record) {
  end_ += length_of(record);
  records_.push_back(std::move(record));
}

llog::LlogLogHdr LlogFile::header() const {
  llog::LlogLogHdr header;
  header.hdr = {.len = kChunk, .index = 0, .type = llog::llog_rec_type::kLlogHdrMagic};
  header.timestamp = created_s_;
  header.bitmap_offset = offsetof(llog::LlogLogHdr, bitmap);
  header.flags = llog::llog_flag::kIsPlain;
  protocol::set_name(header.tgtuuid.uuid, "config_uuid");
  header.bitmap[0] = 1;
  header.count = 1;
  for (uint32_t index = 1; index <= last_index(); ++index) {
    const auto record = protocol::decode<llog::LlogRecHdr>(records_[index - 1].view());
    if (record->type == llog::llog_rec_type::kLlogPadMagic) continue;
    header.bitmap[index / 8] = static_cast<uint8_t>(header.bitmap[index / 8] | 1u << index % 8);
    ++header.count;
  }
  header.tail = {.len = kChunk, .index = last_index()};
  return header;
}

std::optional<LlogFile::Block> LlogFile::block(uint32_t index) const {
  if (index == 0 || index > last_index()) return std::nullopt;
  Block block{.offset = kChunk};
  block.data.reserve(kChunk);
  uint32_t end = kChunk;
  for (uint32_t at = 1; at <= last_index(); ++at) {
    if (end % kChunk == 0) {
      if (at > index) break;
      block.offset = end;
      block.data.clear();
    }
    const ByteView record = records_[at - 1].view();
    block.data.insert(block.data.end(), record.begin(), record.end());
    end += static_cast<uint32_t>(record.size());
    block.end = end;
    block.last_index = at;
  }
  block.data.resize(kChunk);
  return block;
}

}  // namespace reference
