// Connections that are lost, doubled, overtaken, busy, or made by somebody with other abilities
// than before.
#include "protocol/mds.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace connect_flag = protocol::ptlrpc::connect_flag;
namespace msg_connect_flag = protocol::ptlrpc::msg_connect_flag;
namespace opcode = protocol::ptlrpc::opcode;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
using faults::Part;
using faults::Verdict;
using harness::kMds;
using harness::kMgs;
using harness::ost;
using harness::ServerId;
using protocol::ptlrpc::ObdConnectData;
using Kind = harness::Syscall::Kind;

// A message of a first mount is lost, and the client mounts all the same.
void lose_in_mount(Conformance& c, Part part, uint32_t operation, ServerId server) {
  Application& a = c.client();
  const size_t rule = c.lose(part, operation, server, 2);
  EXPECT_EQ(a.mount(), 0);
  for (const char* name : {"/1", "/2", "/3", "/4"}) a.put(name, "content");
  for (const char* name : {"/1", "/2", "/3", "/4"}) EXPECT_EQ(a.get(name), "content");
  EXPECT_EQ(c.world().struck(rule), 2u);
}

// CONNECT to the MDT with these flags; what was granted.
template <class Connect>
ObdConnectData ask_for(Conformance& c, Peer& peer, uint64_t flags, Envelope envelope) {
  const Answer answer = peer.ask<Connect>(
      kMds,
      {.target_uuid = c.world().cast().fsname + "-MDT0000_UUID",
       .client_uuid = peer.uuid(),
       .client_handle = {7},
       .connect_data = {.connect_flags = flags, .version = 0x02000001, .ibits_known = 7}},
      envelope);
  EXPECT_EQ(answer.status(), 0);
  const auto reply = Connect::Reply::decode(answer.message);
  EXPECT_TRUE(reply);
  return reply ? reply->connect_data : ObdConnectData{};
}
ObdConnectData ask_for(Conformance& c, Peer& peer, uint64_t flags, const Envelope& envelope) {
  if (c.dialect() == Dialect::v1_8) return ask_for<v1_8::MdsConnect>(c, peer, flags, envelope);
  Envelope newer = envelope;
  newer.op_flags |= msg_connect_flag::kNextVer;
  return ask_for<v2_0::MdsConnect>(c, peer, flags, newer);
}

// Getattr of the root, by a request that both dialects have.
int32_t getstatus(Conformance& c, Peer& peer, const Envelope& envelope) {
  return c.dialect() == Dialect::v1_8 ? peer.ask<v1_8::MdsGetstatus>(kMds, {}, envelope).status()
                                      : peer.ask<v2_0::MdsGetstatus>(kMds, {}, envelope).status();
}

// A request that reaches the server twice, or whose answer reaches the client twice.
void duplicate(Conformance& c, Part part) {
  Application& a = worker(c);
  Application& b = worker(c);
  a.put("/f", "content");
  for (const uint32_t operation : {opcode::kMdsReint, opcode::kLdlmEnqueue, opcode::kMdsClose,
                                   opcode::kOstWrite, opcode::kOstPunch}) {
    c.world().add_rule({.part = part,
                        .opcode = operation,
                        .times = faults::kAlways,
                        .verdict = Verdict::duplicate});
  }
  EXPECT_EQ(a.mkdir("/d"), 0);
  EXPECT_EQ(a.rename("/f", "/d/g"), 0);
  EXPECT_EQ(a.link("/d/g", "/h"), 0);
  EXPECT_EQ(a.truncate("/h", 4), 0);
  const uint64_t fd = a.opened("/h", kReadWrite | kAppend);
  EXPECT_EQ(a.write(fd, 0, "ext"), 3);
  EXPECT_EQ(a.fsync(fd), 0);
  EXPECT_EQ(a.close(fd), 0);
  EXPECT_EQ(a.unlink("/d/g"), 0);
  EXPECT_EQ(a.rmdir("/d"), 0);

  EXPECT_EQ(b.get("/h"), "context");
  EXPECT_EQ(b.stat("/h").attributes.nlink, 1u);
  EXPECT_EQ(b.unlink("/h"), 0);
  EXPECT_EQ(a.stat("/h").status, -kEnoent);
}

const Case kCases[] = {
    {.id = "connection.1a",
     .requirement = "LIVE-1",
     .sentence = "The first CONNECTs to the MDS are lost: the client mounts",
     .source = "semantics 1.7 (CONNECTING)",
     .run = [](Conformance& c) { lose_in_mount(c, Part::request, opcode::kMdsConnect, kMds); }},
    {.id = "connection.1b",
     .requirement = "LIVE-1",
     .sentence = "The replies to the first CONNECTs to the MDS are lost: the client mounts",
     .source = "semantics 1.2 C11, 1.7 (CONNECTING)",
     .run = [](Conformance& c) { lose_in_mount(c, Part::reply, opcode::kMdsConnect, kMds); }},
    {.id = "connection.1c",
     .requirement = "LIVE-1",
     .sentence = "The first CONNECTs to an OST are lost: the client mounts",
     .source = "semantics 1.7 (CONNECTING)",
     .run = [](Conformance& c) { lose_in_mount(c, Part::request, opcode::kOstConnect, ost(0)); }},
    {.id = "connection.1d",
     .requirement = "LIVE-1",
     .sentence = "The replies to the first CONNECTs to an OST are lost: the client mounts",
     .source = "semantics 1.2 C11, 1.7 (CONNECTING)",
     .run = [](Conformance& c) { lose_in_mount(c, Part::reply, opcode::kOstConnect, ost(0)); }},
    {.id = "connection.1e",
     .requirement = "LIVE-1",
     .sentence = "The replies to the first CONNECTs to the MGS are lost: the client mounts",
     .source = "semantics 1.2 C11, 1.7 (CONNECTING)",
     .run = [](Conformance& c) { lose_in_mount(c, Part::reply, opcode::kMgsConnect, kMgs); }},
    {.id = "connection.2",
     .requirement = "RECONN-3",
     .sentence =
         "While a request of a client is being executed, its CONNECT is refused with EBUSY; "
         "afterwards it is taken",
     .source = "semantics 1.2 C13, C14",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(a.stat("/f").status, 0);
           c.world().settle();
           Peer& peer = c.peer();
           peer.connect(kMds);
           const uint64_t handle = peer.handle(kMds);
           const auto file = a.stat("/f").attributes;
           c.world().add_rule({.opcode = opcode::kLdlmBlCallback,
                               .client = c.address(kMds),
                               .verdict = Verdict::hold});
           uint64_t change = 0;
           if (c.dialect() == Dialect::v1_8) {
             v1_8::MdsReintSetattr::Request request;
             request.record.opcode = 1;  // REINT_SETATTR
             request.record.fid = {.id = file.fid_seq, .generation = file.fid_oid};
             request.record.valid = protocol::mds::attr::kMode;
             request.record.mode = 0100600;
             change = peer.send<v1_8::MdsReintSetattr>(kMds, request);
           } else {
             v2_0::MdsReintSetattr::Request request;
             request.record.opcode = 1;
             request.record.fid = {file.fid_seq, file.fid_oid, file.fid_ver};
             request.record.valid = protocol::mds::attr::kMode;
             request.record.mode = 0100600;
             change = peer.send<v2_0::MdsReintSetattr>(kMds, request);
           }
           c.wait_for("the callback", [&] { return c.world().struck(0) == 1; });
           for (uint32_t i = 2; i < 12; ++i) {
             EXPECT_EQ(peer.connect(kMds, {.handle = handle, .conn_cnt = i}).status(), -kEbusy);
           }
           c.world().end_faults();
           EXPECT_EQ(peer.answer_to(change).status(), 0);

           EXPECT_EQ(peer.connect(kMds, {.handle = handle, .conn_cnt = 12}).status(), 0);
           EXPECT_EQ(a.stat("/f").attributes.mode & 07777u, 0600u);
         }},
    {.id = "connection.3",
     .requirement = "RECONN-1",
     .sentence = "Ten reconnects in a row keep the export, and each is answered",
     .source = "semantics 1.2 C11, C19, C25",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const uint64_t handle = peer.handle(kMds);
           for (uint32_t i = 2; i < 12; ++i) {
             const Answer again = peer.connect(kMds, {.handle = handle, .conn_cnt = i});
             EXPECT_EQ(again.status(), 0);
             EXPECT_EQ(again.message.body().handle.cookie, handle);
             EXPECT_EQ(getstatus(c, peer, {.conn_cnt = i}), 0);
           }
         }},
    {.id = "connection.4",
     .requirement = "REPLAY-6",
     .sentence = "A request that was held up on an old connection and overtaken by the same on a "
                 "new one has no effect when it arrives",
     .source = "semantics 1.3, 9.2 REPLAY-6",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           c.world().settle();
           c.world().add_rule(
               {.opcode = opcode::kMdsReint, .server = c.address(kMds), .verdict = Verdict::hold});
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(b.rmdir("/d"), 0);
           c.world().end_faults();
           c.world().settle();

           EXPECT_EQ(b.stat("/d").status, -kEnoent);
           EXPECT_EQ(a.mkdir("/d"), 0);
         }},
    {.id = "connection.5",
     .requirement = "REPLAY-6",
     .sentence =
         "A write that was held up and overtaken by the same does not come over a later one",
     .source = "semantics 1.3, 9.2 REPLAY-6, ORDER-1",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           a.put("/f", "......");
           const uint64_t fd = a.opened("/f", kReadWrite);
           EXPECT_EQ(a.fsync(fd), 0);
           c.world().settle();
           c.world().add_rule({.opcode = opcode::kOstWrite, .verdict = Verdict::hold});
           EXPECT_EQ(a.write(fd, 0, "first!"), 6);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(a.write(fd, 0, "second"), 6);
           EXPECT_EQ(a.fsync(fd), 0);
           c.world().end_faults();
           c.world().settle();

           EXPECT_EQ(b.get("/f"), "second");
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "connection.6a",
     .requirement = "REPLAY-1",
     .sentence = "Requests that arrive twice are executed once",
     .source = "semantics 1.3, 1.6",
     .run = [](Conformance& c) { duplicate(c, Part::request); }},
    {.id = "connection.6b",
     .requirement = "REPLAY-1",
     .sentence = "Replies that arrive twice do no harm",
     .source = "lnet-socklnd 5 (an unexpected message is dropped)",
     .run = [](Conformance& c) { duplicate(c, Part::reply); }},
    {.id = "connection.7",
     .requirement = "NEGO-1",
     .sentence = "A client that asks for next to nothing is granted no more, and is served",
     .source = "semantics 1.2 (connect data)",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           const uint64_t few = connect_flag::kVersion | connect_flag::kIbits |
                                (c.dialect() == Dialect::v1_8 ? 0 : connect_flag::kFid);
           const ObdConnectData granted =
               ask_for(c, peer, few, {.handle = 0, .op_flags = Peer::kInitial});
           EXPECT_EQ(granted.connect_flags & ~few, 0u);
         }},
    {.id = "connection.8",
     .requirement = "NEGO-1",
     .sentence = "Each reconnect negotiates anew: abilities go and come back with what the client "
                 "asks for",
     .source = "semantics 1.2 C24; 9.2 NEGO-1",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           const uint64_t few = connect_flag::kVersion | connect_flag::kIbits |
                                (c.dialect() == Dialect::v1_8 ? 0 : connect_flag::kFid);
           const uint64_t many = few | connect_flag::kVbr | connect_flag::kAt;
           const uint64_t first =
               ask_for(c, peer, many, {.handle = 0, .op_flags = Peer::kInitial}).connect_flags;
           const uint64_t second =
               ask_for(c, peer, few, {.handle = 0, .conn_cnt = 2}).connect_flags;
           const uint64_t third =
               ask_for(c, peer, many, {.handle = 0, .conn_cnt = 3}).connect_flags;

           EXPECT_NE(first & connect_flag::kVbr, 0u);
           EXPECT_EQ(second & ~few, 0u);
           EXPECT_EQ(third, first);
         }},
};

}  // namespace

std::span<const Case> connection_cases() { return kCases; }

}  // namespace suites
