// What the MGS tells clients: each target of the file system once, whatever targets do.
#include <fmt/format.h>

#include <cstring>

#include "protocol/llog.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "suites/application.h"
#include "suites/peer.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
using harness::kMgs;
using harness::ost;

constexpr uint32_t kChunk = 8192;
constexpr uint32_t kPlain = 4;  // llh_flags as clients send them
constexpr size_t kRecordHeader = 16, kCommandAt = 4;

// How often the records of a chunk add this target to the LOV.
size_t additions_in(protocol::ByteView chunk, std::string_view uuid) {
  size_t found = 0;
  for (size_t at = 0; at + kRecordHeader <= chunk.size();) {
    uint32_t length = 0, command = 0;
    std::memcpy(&length, chunk.data() + at, sizeof length);
    if (length < kRecordHeader || at + length > chunk.size()) break;
    if (length >= kRecordHeader + kCommandAt + sizeof command) {
      std::memcpy(&command, chunk.data() + at + kRecordHeader + kCommandAt, sizeof command);
    }
    const auto text = protocol::as_text(chunk.subspan(at, length));
    const bool names_it = text.find(uuid) != std::string_view::npos;
    if (names_it && command == protocol::llog::lcfg_command::kLovAddObd) ++found;
    at += length;
  }
  return found;
}

// How often the clients' log adds the OST. Each time by a client of the MGS that is new to it.
template <class Create, class Block>
size_t additions(Conformance& c, uint32_t index) {
  Peer& peer = c.peer();
  EXPECT_EQ(peer.connect(kMgs).status(), 0);
  const std::string name = c.world().cast().fsname + "-client";
  typename Create::Request open;
  open.name = name;
  const auto opened = Create::Reply::decode(peer.ask<Create>(kMgs, open).message);
  EXPECT_TRUE(opened) << "the clients' log";
  if (!opened) return 0;
  typename Block::Request read;
  read.body.logid = opened->body.logid;
  read.body.llh_flags = kPlain;
  read.body.index = 1;
  read.body.len = kChunk;
  read.body.cur_offset = kChunk;
  const Answer answer = peer.ask<Block>(kMgs, read);
  const auto block = Block::Reply::decode(answer.message);
  EXPECT_TRUE(block) << "the log's first block";
  if (!block) return 0;
  const std::string uuid = fmt::format("{}-OST{:04x}_UUID", c.world().cast().fsname, index);
  return additions_in(block->data, uuid);
}

size_t additions(Conformance& c, uint32_t index) {
  return c.dialect() == Dialect::v1_8
             ? additions<v1_8::LlogOriginHandleCreate, v1_8::LlogOriginHandleNextBlock>(c, index)
             : additions<v2_0::LlogOriginHandleCreate, v2_0::LlogOriginHandleNextBlock>(c, index);
}

const Case kCases[] = {
    {.id = "config.1",
     .requirement = "MGS-1",
     .sentence = "The clients' log adds each OST once",
     .source = "semantics 9.2 MGS-1; rpc-formats, MGS",
     .run =
         [](Conformance& c) {
           EXPECT_EQ(additions(c, 0), 1u);
           EXPECT_EQ(additions(c, 1), 1u);
         }},
    {.id = "config.2",
     .requirement = "MGS-1",
     .sentence = "An OST that starts again is not added to the log again",
     .source = "semantics 9.2 MGS-1",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           c.world().settle();
           c.restart(ost(0));
           // Whoever uses the OST waits for it; it has registered by then.
           a.put("/f", "one");
           a.put("/g", "two");
           EXPECT_EQ(a.statfs().status, 0);
           c.world().settle();

           EXPECT_EQ(additions(c, 0), 1u);
         }},
};

}  // namespace

std::span<const Case> config_log_cases() { return kCases; }

}  // namespace suites
