// Bulk transfers that get stuck, as a scripted client makes them: a client that does not answer in
// time is not put out for it, and what it asks for again is done.
#include "protocol/lnet.h"
#include "protocol/mds.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ost.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace lnet = protocol::lnet;
namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;  // those of OSTs are the same in both dialects
using harness::kMds;
using harness::ost;
using protocol::LnetMessage;

constexpr std::string_view kContent = "content";

// An object of the peer's own on the first OST.
uint64_t make_object(Peer& peer) {
  peer.connect(ost(0));
  v2_0::OstCreate::Request request;
  request.body.oa.valid = protocol::mds::valid::kId;
  const Answer answer = peer.ask<v2_0::OstCreate>(ost(0), request);
  EXPECT_EQ(answer.status(), 0);
  const auto reply = v2_0::OstCreate::Reply::decode(answer.message);
  EXPECT_TRUE(reply);
  return reply ? reply->body.oa.id : 0;
}

template <class Operation>
uint64_t transfer(Peer& peer, uint64_t object, const Envelope& envelope = {}) {
  const protocol::ost::NiobufRemote niobuf{0, static_cast<uint32_t>(kContent.size()), 0};
  typename Operation::Request request;
  request.body.oa.id = object;
  request.body.oa.valid = protocol::mds::valid::kId;
  request.ioobj = {.id = object, .seq = 0, .type = 0x8000, .bufcnt = 1};
  request.niobufs = std::span(&niobuf, 1);
  return peer.send<Operation>(ost(0), request, envelope);
}

LnetMessage next_get(Peer& peer) {
  LnetMessage get = peer.next("the server's GET of the data");
  EXPECT_EQ(get.header.type, lnet::lnet_msg_type::kGet);
  return get;
}

void write(Peer& peer, uint64_t object) {
  const uint64_t xid = transfer<v2_0::OstWrite>(peer, object);
  peer.reply_to_get(next_get(peer), protocol::as_bytes(kContent));
  EXPECT_EQ(peer.answer_to(xid).status(), 0);
}

// Reads as a client does that takes what it is given.
std::string read(Peer& peer, uint64_t object) {
  const uint64_t xid = transfer<v2_0::OstRead>(peer, object);
  const LnetMessage put = peer.next("the server's PUT of the data");
  peer.acknowledge(put);
  EXPECT_GE(peer.answer_to(xid).status(), 0);
  return std::string(protocol::as_text(put.payload.view()));
}

template <class Getstatus, class Readpage>
void lose_page(Conformance& c) {
  Application& a = worker(c);
  EXPECT_EQ(a.create("/f"), 0);
  Peer& peer = c.peer();
  peer.connect(kMds);
  const auto root = Getstatus::Reply::decode(peer.ask<Getstatus>(kMds, {}).message);
  ASSERT_TRUE(root);
  typename Readpage::Request request;
  request.body.fid1 = root->body.fid1;
  request.body.nlink = 4096;
  request.body.valid = protocol::mds::valid::kId;
  peer.send<Readpage>(kMds, request);
  peer.next("the first page");  // nobody takes it
  EXPECT_EQ(peer.ping(kMds).status(), 0);
  const uint64_t xid = peer.send<Readpage>(kMds, request, {.flags = msg_flag::kResent});
  const LnetMessage page = peer.next("the page again");
  peer.acknowledge(page);

  EXPECT_EQ(peer.answer_to(xid).status(), 0);
  EXPECT_EQ(page.payload.size(), 4096u);
}

const Case kCases[] = {
    {.id = "bulk.1",
     .requirement = "DATA-13",
     .sentence = "The server's GET of the data is not answered: its client is not evicted, and the "
                 "write is done when it is asked for again, under a new xid",
     .source = "semantics 1.1 (bulk takes a fresh xid), 1.6; Lustre's recovery-small 17",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           const uint64_t object = make_object(peer);
           transfer<v2_0::OstWrite>(peer, object);
           next_get(peer);
           EXPECT_EQ(peer.ping(ost(0)).status(), 0);
           const uint64_t again =
               transfer<v2_0::OstWrite>(peer, object, {.flags = msg_flag::kResent});
           peer.reply_to_get(next_get(peer), protocol::as_bytes(kContent));

           EXPECT_EQ(peer.answer_to(again).status(), 0);
           EXPECT_EQ(read(peer, object), kContent);
           EXPECT_EQ(peer.ping(ost(0)).status(), 0);
         }},
    {.id = "bulk.2",
     .requirement = "DATA-13",
     .sentence = "Data that comes late, behind other requests and their answers, is written",
     .source = "lnet-socklnd 5; Lustre's recovery-small 9",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           const uint64_t object = make_object(peer);
           const uint64_t first = transfer<v2_0::OstWrite>(peer, object);
           const LnetMessage get = next_get(peer);
           for (int i = 0; i < 3; ++i) EXPECT_EQ(peer.ping(ost(0)).status(), 0);
           peer.reply_to_get(get, protocol::as_bytes(kContent));

           EXPECT_EQ(peer.answer_to(first).status(), 0);
           EXPECT_EQ(read(peer, object), kContent);
         }},
    {.id = "bulk.3",
     .requirement = "DATA-13",
     .sentence = "Data that was read and not taken does not put its client out; it is given again",
     .source = "semantics 1.1, 1.6; Lustre's recovery-small 16",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           const uint64_t object = make_object(peer);
           write(peer, object);
           transfer<v2_0::OstRead>(peer, object);
           peer.next("the data");  // nobody takes it
           EXPECT_EQ(peer.ping(ost(0)).status(), 0);

           EXPECT_EQ(read(peer, object), kContent);
           EXPECT_EQ(peer.ping(ost(0)).status(), 0);
         }},
    {.id = "bulk.4",
     .requirement = "DIR-1",
     .sentence = "A page of a directory that was not taken is given again",
     .source = "semantics 1.6; Lustre's recovery-small 14",
     .run =
         [](Conformance& c) {
           c.dialect() == Dialect::v1_8 ? lose_page<v1_8::MdsGetstatus, v1_8::MdsReadpage>(c)
                                        : lose_page<v2_0::MdsGetstatus, v2_0::MdsReadpage>(c);
         }},
    {.id = "bulk.5",
     .requirement = "REPLAY-6",
     .sentence = "Data that comes for a write of an older connection is not written over what was "
                 "written since",
     .source = "semantics 1.2 C14 (bulk waits give up), 1.3",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           const uint64_t object = make_object(peer);
           const uint64_t handle = peer.handle(ost(0));
           transfer<v2_0::OstWrite>(peer, object);
           const LnetMessage late = next_get(peer);
           // The first tells the server to give the transfer up.
           uint32_t count = 2;
           c.expect("a new connection", [&] {
             return peer.connect(ost(0), {.handle = handle, .conn_cnt = count++}).status() == 0;
           });
           const uint64_t xid = transfer<v2_0::OstWrite>(peer, object, {.conn_cnt = count - 1});
           peer.reply_to_get(next_get(peer), protocol::as_bytes(kContent));
           EXPECT_EQ(peer.answer_to(xid).status(), 0);
           peer.reply_to_get(late, protocol::as_bytes("too late"));
           c.world().settle();

           const uint64_t again = transfer<v2_0::OstRead>(peer, object, {.conn_cnt = count - 1});
           const LnetMessage put = peer.next("the data");
           peer.acknowledge(put);
           EXPECT_GE(peer.answer_to(again).status(), 0);
           EXPECT_EQ(std::string(protocol::as_text(put.payload.view())), kContent);
         }},
};

}  // namespace

std::span<const Case> bulk_cases() { return kCases; }

}  // namespace suites
