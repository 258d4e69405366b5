#include "reference/llog_file.h"

#include <catch2/catch.hpp>

#include "protocol/codec.h"

namespace reference {

namespace llog = protocol::llog;

namespace {

constexpr uint32_t kType = llog::llog_rec_type::kObdCfgRec;

// Records one after the other, as a reader walks a chunk.
std::vector<llog::LlogRecHdr> records_in(const LlogFile::Block& block) {
  std::vector<llog::LlogRecHdr> found;
  protocol::ByteView rest = block.data;
  while (rest.size() >= llog::LlogRecHdr::kSize) {
    const auto header = protocol::decode<llog::LlogRecHdr>(rest);
    if (header->len == 0) break;
    found.push_back(*header);
    rest = rest.subspan(header->len);
  }
  return found;
}

}  // namespace

TEST_CASE("LlogFile: an empty log is a header") {
  const LlogFile log("assay-client", 1'300'000'000);
  const auto header = log.header();
  REQUIRE(header.hdr.len == 8192);
  REQUIRE(header.hdr.type == 0x10645539);
  REQUIRE(header.count == 1);
  REQUIRE(header.bitmap_offset == 88);
  REQUIRE(header.flags == 4);
  REQUIRE(header.bitmap[0] == 1);
  REQUIRE(header.tail.len == 8192);
  REQUIRE(header.tail.index == 0);
  REQUIRE_FALSE(log.block(1));
}

TEST_CASE("LlogFile: a record has its length and index at both ends") {
  LlogFile log("x", 0);
  const std::vector<uint8_t> payload(5, 0xaa);
  REQUIRE(log.append(kType, payload) == 1);
  const protocol::ByteView record = log.record(1).view();
  REQUIRE(record.size() == 16 + 8 + 8);
  const auto tail = protocol::decode<llog::LlogRecTail>(record.last(8));
  REQUIRE(tail->len == 32);
  REQUIRE(tail->index == 1);
  REQUIRE(log.header().bitmap[0] == 3);
}

TEST_CASE("LlogFile: no record crosses a chunk, pad records fill it and are not in the map") {
  LlogFile log("x", 0);
  const std::vector<uint8_t> payload(1000);
  for (int i = 0; i < 12; ++i) log.append(kType, payload);  // seven of 1024 fit, and a pad
  const auto first = log.block(1);
  REQUIRE(first);
  REQUIRE(first->offset == 8192);
  const auto records = records_in(*first);
  uint32_t length = 0;
  for (const auto& record : records) length += record.len;
  REQUIRE(length == 8192);
  const auto second = log.block(first->last_index + 1);
  REQUIRE(second);
  REQUIRE(second->offset == 16384);
  REQUIRE(second->last_index == log.last_index());
  REQUIRE(log.header().tail.index == log.last_index());
  REQUIRE(log.header().count == 13);
}

TEST_CASE("LlogFile: a chunk that a record fills to the last byte needs no pad") {
  LlogFile log("x", 0);
  const std::vector<uint8_t> payload(1000);
  for (int i = 0; i < 8; ++i) log.append(kType, payload);
  REQUIRE(log.last_index() == 8);
  REQUIRE(log.block(8)->offset == 8192);
  log.append(kType, payload);
  REQUIRE(log.last_index() == 9);
  REQUIRE(log.block(9)->offset == 16384);
}

TEST_CASE("LlogFile: restored from its records it is the same log, and goes on alike") {
  LlogFile log("x", 7);
  const std::vector<uint8_t> payload(900);
  for (int i = 0; i < 20; ++i) log.append(kType, payload);
  LlogFile again("x", 7);
  for (uint32_t i = 1; i <= log.last_index(); ++i) again.restore(log.record(i));
  log.append(kType, payload);
  again.append(kType, payload);
  REQUIRE(again.header() == log.header());
  REQUIRE(again.block(again.last_index())->data == log.block(log.last_index())->data);
}

}  // namespace reference
