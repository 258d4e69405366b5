#include "harness/record/capsule.h"

#include <catch2/catch.hpp>

namespace harness::record {
namespace {

Capsule sample() {
  Capsule capsule;
  capsule.title = "LIVE-1: mkdir, crash";
  capsule.property = "LIVE-1";
  capsule.scenario = "mkdir";
  capsule.defects = {"completion-lost"};
  capsule.patience = 5;
  capsule.timing.ping_interval = 7;
  capsule.clients.push_back({.prepared = {{{.kind = reference::Syscall::Kind::mount}}},
                             .calls = {{{.kind = reference::Syscall::Kind::write,
                                         .fd = 1,
                                         .data = protocol::Bytes(protocol::as_bytes("content"))},
                                        1}}});
  capsule.budget = {{"crash", 1}};
  capsule.steps = {{"call client1", 17}, {"crash mds", 18}};
  return capsule;
}

}  // namespace

TEST_CASE("a capsule is read as it was written") {
  const auto read = read_capsule(write_capsule(sample()));
  REQUIRE(read);
  CHECK(read->title == sample().title);
  CHECK(read->defects == sample().defects);
  CHECK(read->timing.ping_interval == 7);
  CHECK(read->clients.at(0).calls.at(0).call.data == sample().clients[0].calls[0].call.data);
  CHECK(read->clients.at(0).calls.at(0).slot == 1);
  CHECK(read->budget == sample().budget);
  CHECK(read->steps == sample().steps);
}

TEST_CASE("a capsule that is cut off anywhere is refused, or says less") {
  const std::vector<uint8_t> file = write_capsule(sample());
  for (size_t length = 0; length < file.size(); ++length) {
    const auto read = read_capsule(protocol::ByteView(file).first(length));
    CHECK_FALSE(read);
  }
}

TEST_CASE("a capsule of a newer version is refused by its number") {
  std::vector<uint8_t> file = write_capsule(sample());
  file[8] = 9;
  const auto read = read_capsule(file);
  REQUIRE_FALSE(read);
  CHECK(read.error() == "it is a capsule of version 9, this program reads up to 1");
}

TEST_CASE("nonsense in any byte of a capsule is read or refused, never worse") {
  const std::vector<uint8_t> good = write_capsule(sample());
  for (size_t at = 0; at < good.size(); ++at) {
    for (const uint8_t value : {uint8_t{0x00}, uint8_t{0x7f}, uint8_t{0xff}}) {
      std::vector<uint8_t> file = good;
      file[at] = value;
      static_cast<void>(read_capsule(file));
    }
  }
  CHECK_FALSE(read_capsule(protocol::as_bytes("not a capsule at all")));
}

}  // namespace harness::record
