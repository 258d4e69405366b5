#include <catch2/catch.hpp>

#include "harness/check/story.h"
#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "protocol/ost.h"
#include "reference/layout.h"

namespace harness::check {

namespace {

namespace operation = protocol::operations_2_0;
namespace valid = protocol::mds::valid;
using protocol::Bytes;

constexpr uint64_t kSequence = 0x200000400;
constexpr uint32_t kStripeSize = 1 << 16;

// What clients send to one MDS and one OST, and what comes back.
class Talk : public Story {
 public:
  Talk() : Story("SOM-1-ORDER") {
    for (const record::NodeIndex client : {kAlice, kBob}) {
      note(client, {.kind = Fact::Kind::connected,
                    .client = name(client),
                    .handle = kMds,
                    .start = protocol::ptlrpc::connect_flag::kSom,
                    .text = "assay-MDT0000_UUID I2"});
      note(client, {.kind = Fact::Kind::connected,
                    .client = name(client),
                    .handle = kOst,
                    .text = "assay-OST0000_UUID I2"});
    }
  }

  // An open that makes the file, of one empty object; or one that finds it.
  Talk& open(record::NodeIndex client, bool makes) {
    const uint64_t xid = ask<operation::LdlmEnqueueIntentOpen>(client, kMds, {});
    operation::LdlmEnqueueIntentOpen::Reply reply;
    namespace done = protocol::ldlm::disposition;
    reply.lock.lock_policy_res1 =
        makes ? done::kLookupNeg | done::kOpenCreate : uint64_t{done::kLookupPos};
    reply.body = body();
    const Bytes layout = reference::encode_layout(
        {.object_id = 1, .object_seq = kSequence, .stripe_size = kStripeSize, .stripes = {{7}}});
    reply.md = layout.view();
    answer(client, kMds, xid, reply);
    return *this;
  }
  // By the file's name; by_fid, by its FID.
  uint64_t ask_size(record::NodeIndex client) {
    return ask<operation::LdlmEnqueueIntentGetattr>(client, kMds, {});
  }
  uint64_t ask_size_by_fid(record::NodeIndex client) {
    return ask<operation::MdsGetattr>(client, kMds, {});
  }
  Talk& told(record::NodeIndex client, uint64_t xid, uint64_t size) {
    return told<operation::LdlmEnqueueIntentGetattr>(client, xid, size);
  }
  Talk& told_by_fid(record::NodeIndex client, uint64_t xid, uint64_t size) {
    return told<operation::MdsGetattr>(client, xid, size);
  }
  uint64_t write(record::NodeIndex client, uint64_t end) {
    const protocol::ost::NiobufRemote whole{.offset = 0, .len = static_cast<uint32_t>(end)};
    operation::OstWrite::Request request;
    request.body.oa = object();
    request.ioobj = {.id = 7, .bufcnt = 1};
    request.niobufs = std::span(&whole, 1);
    return ask<operation::OstWrite>(client, kOst, request);
  }
  Talk& written(record::NodeIndex client, uint64_t xid) {
    const int32_t done = 0;
    operation::OstWrite::Reply reply;
    reply.rc = std::span(&done, 1);
    answer(client, kOst, xid, reply);
    return *this;
  }
  uint64_t cut(record::NodeIndex client, uint64_t size) {
    operation::OstPunch::Request request;
    request.body.oa = object();
    request.body.oa.size = size;
    request.body.oa.blocks = protocol::ost::object_limit::kEof;
    return ask<operation::OstPunch>(client, kOst, request);
  }
  Talk& was_cut(record::NodeIndex client, uint64_t xid) {
    answer(client, kOst, xid, operation::OstPunch::Reply{});
    return *this;
  }

 private:
  template <class Operation>
  Talk& told(record::NodeIndex client, uint64_t xid, uint64_t size) {
    typename Operation::Reply reply;
    reply.body = body();
    reply.body.valid |= valid::kSize;
    reply.body.size = size;
    answer(client, kMds, xid, reply);
    return *this;
  }
  static protocol::mds_2_0::MdtBody body() {
    protocol::mds_2_0::MdtBody body;
    body.fid1 = {.seq = kSequence, .oid = 1};
    body.mode = 0100644;
    return body;
  }
  static protocol::ost::Obdo object() {
    protocol::ost::Obdo oa;
    oa.id = 7;
    oa.parent_seq = kSequence;
    oa.parent_oid = 1;
    return oa;
  }
  template <class Buffers>
  static std::pair<Bytes, record::Envelope> message(uint32_t type, uint32_t opcode, uint64_t xid,
                                                    uint64_t handle, const Buffers& buffers) {
    protocol::ptlrpc::PtlrpcBody body;
    body.handle.cookie = handle;
    body.type = type;
    body.opc = opcode;
    protocol::MessageBuilder builder(body);
    buffers.encode(builder);
    protocol::lnet::LnetHdr header;
    header.type = protocol::lnet::lnet_msg_type::kPut;
    header.msg.match_bits = xid;
    const Bytes bytes = builder.finish(header);
    return {bytes, record::read_envelope(bytes)};
  }
  template <class Operation>
  uint64_t ask(record::NodeIndex client, record::NodeIndex server,
               const typename Operation::Request& request) {
    const auto [bytes, envelope] =
        message(protocol::ptlrpc::msg_type::kRequest, Operation::kOpcode, ++xid_, server, request);
    opcode_[xid_ % opcode_.size()] = Operation::kOpcode;
    tell(client, record::Sent{peer(server), 0, bytes, envelope});
    return xid_;
  }
  template <class Reply>
  void answer(record::NodeIndex client, record::NodeIndex server, uint64_t xid,
              const Reply& reply) {
    const auto [bytes, envelope] =
        message(protocol::ptlrpc::msg_type::kReply, opcode_[xid % opcode_.size()], xid, 0, reply);
    tell(client, record::Received{peer(server), 0, bytes, envelope});
  }

  uint64_t xid_ = 0;
  std::array<uint32_t, 64> opcode_ = {};
};

}  // namespace

TEST_CASE("SOM-1-ORDER: what was written before somebody asked is told") {
  Talk talk;
  talk.open(Story::kAlice, true).written(Story::kAlice, talk.write(Story::kAlice, 9));
  const uint64_t asked = talk.ask_size(Story::kBob);
  Talk wrong = talk;
  talk.told(Story::kBob, asked, 9);
  REQUIRE_FALSE(talk.broken());
  wrong.told(Story::kBob, asked, 4);
  REQUIRE(wrong.broken());
  REQUIRE(wrong.witness().back() == wrong.last());
}

TEST_CASE("SOM-1-ORDER: likewise who asks by the FID") {
  Talk talk;
  talk.open(Story::kAlice, true).written(Story::kAlice, talk.write(Story::kAlice, 9));
  talk.told_by_fid(Story::kBob, talk.ask_size_by_fid(Story::kBob), 9);
  REQUIRE_FALSE(talk.broken());
  talk.told_by_fid(Story::kBob, talk.ask_size_by_fid(Story::kBob), 4);
  REQUIRE(talk.broken());
}

TEST_CASE("SOM-1-ORDER: a write under way when somebody asked may be told or not") {
  Talk talk;
  talk.open(Story::kAlice, true);
  const uint64_t write = talk.write(Story::kAlice, 9);
  const uint64_t first = talk.ask_size(Story::kBob), second = talk.ask_size(Story::kBob);
  talk.told(Story::kBob, first, 0).told(Story::kBob, second, 9).written(Story::kAlice, write);
  REQUIRE_FALSE(talk.broken());
  talk.told(Story::kBob, talk.ask_size(Story::kBob), 0);
  REQUIRE(talk.broken());
}

TEST_CASE("SOM-1-ORDER: what was not written yet is not told") {
  Talk talk;
  talk.open(Story::kAlice, true).told(Story::kBob, talk.ask_size(Story::kBob), 9);
  REQUIRE(talk.broken());
}

TEST_CASE("SOM-1-ORDER: a truncation counts as well") {
  Talk talk;
  talk.open(Story::kAlice, true).written(Story::kAlice, talk.write(Story::kAlice, 9));
  talk.was_cut(Story::kBob, talk.cut(Story::kBob, 4));
  talk.told(Story::kBob, talk.ask_size(Story::kBob), 4);
  REQUIRE_FALSE(talk.broken());
  talk.told(Story::kBob, talk.ask_size(Story::kBob), 9);
  REQUIRE(talk.broken());
}

TEST_CASE("SOM-1-ORDER: of a file that was there before it is known how long it is at least") {
  Talk talk;
  talk.open(Story::kAlice, false).told(Story::kBob, talk.ask_size(Story::kBob), 77);
  talk.written(Story::kAlice, talk.write(Story::kAlice, 99));
  REQUIRE_FALSE(talk.broken());
  talk.told(Story::kBob, talk.ask_size(Story::kBob), 77);
  REQUIRE(talk.broken());
}

TEST_CASE("SOM-1-ORDER: an OST that died may have lost what was written") {
  Talk talk;
  talk.open(Story::kAlice, true).written(Story::kAlice, talk.write(Story::kAlice, 9));
  Talk somebody = talk;
  talk.crash(Story::kOst);
  talk.told(Story::kBob, talk.ask_size(Story::kBob), 0);
  REQUIRE_FALSE(talk.broken());
  somebody.tell(Story::kOst, record::Faulted{"crash ost0"});
  somebody.told(Story::kBob, somebody.ask_size(Story::kBob), 0);
  REQUIRE_FALSE(somebody.broken());
}

}  // namespace harness::check
