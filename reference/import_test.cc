// Conversations of one import with a hand-made server: each row of the table of connect replies,
// time-outs, resends, replays.
#include "reference/import.h"

#include <catch2/catch.hpp>

#include "protocol/checksum.h"
#include "protocol/codec.h"
#include "protocol/lnet_message.h"
#include "protocol/operations_2_0.h"
#include "reference/digest.h"

namespace reference {
namespace {

namespace ptlrpc = protocol::ptlrpc;
namespace reply_flag = protocol::ptlrpc::msg_connect_flag;
namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace v2_0 = protocol::operations_2_0;
using protocol::Message;
using Kind = ImportEvent::Kind;

constexpr PeerId kServer{0x20000c0a80a01, kLnetPid};
constexpr PeerId kPartner{0x20000c0a80a02, kLnetPid};
constexpr uint64_t kHandle = 0x1111;
constexpr uint64_t kWish = ptlrpc::connect_flag::kVersion | ptlrpc::connect_flag::kAt;

// What went out: a request, opened.
struct Sent {
  PeerId to;
  uint32_t portal = 0;
  uint64_t xid = 0;
  Message message;
  const ptlrpc::PtlrpcBody& body() const { return message.body(); }
};

class Conversation {
 public:
  explicit Conversation(Dialect dialect = Dialect::v2_0, std::vector<PeerId> peers = {kServer})
      : config_(config_of(dialect)), endpoint_(config_), import_(config_, setup_of(peers)) {}

  Import& import() { return import_; }
  ImportContext context() { return {config_, now_, endpoint_, out_, events_}; }

  // The last request sent, and how many were since the last look.
  Sent last() {
    Sent sent;
    for (const Action& action : out_) {
      if (const auto* send = std::get_if<Send>(&action)) {
        const auto lnet = protocol::LnetMessage::parse(send->message).value();
        sent = {send->to, lnet.header.msg.ptl_index, lnet.header.msg.match_bits,
                Message::parse(lnet.payload).value()};
      }
    }
    return sent;
  }
  int sends() {
    int count = 0;
    for (const Action& action : out_) count += std::holds_alternative<Send>(action) ? 1 : 0;
    out_.clear();
    return count;
  }

  // Answers it. Every reply says last_committed as set here.
  void answer(const Sent& sent, ptlrpc::PtlrpcBody body) {
    body.type = ptlrpc::msg_type::kReply;
    body.opc = sent.body().opc;
    body.last_committed = committed;
    protocol::MessageBuilder builder(body);
    ptlrpc::ObdConnectData data;
    data.connect_flags = grant;
    if (sent.body().opc == v2_0::MdsConnect::kOpcode) builder.add(data);
    const bool adaptive = (sent.message.header().flags & 1) != 0;
    import_.receive(context(), {sent.to, ptlrpc::portal::kMdcReply, sent.xid, adaptive ? 192u : 0u,
                                builder.finish()});
    proceed();
  }
  void answer_connect(uint32_t flags, uint64_t handle) {
    ptlrpc::PtlrpcBody body;
    body.op_flags = flags;
    body.handle.cookie = handle;
    const Sent sent = last();
    REQUIRE(sent.body().opc == v2_0::MdsConnect::kOpcode);
    out_.clear();
    answer(sent, body);
  }
  void answer_last(int32_t status = 0, uint64_t transno = 0) {
    ptlrpc::PtlrpcBody body;
    body.status = status;
    body.transno = transno;
    const Sent sent = last();
    out_.clear();
    answer(sent, body);
  }
  void proceed() {
    size_t before = 0;
    do {
      before = events_.size();
      import_.proceed(context());
    } while (events_.size() != before);
    import_.invariants();
  }
  void fire(uint32_t kind, Time after) {
    now_ += after;
    import_.fired(context(), {kind, 1});
    proceed();
  }
  RequestId request(bool open = false) {
    OutgoingRequest request = make_request<v2_0::MdsGetstatus>({}, 2, 300);
    request.replay_always = open;
    return import_.submit(context(), std::move(request));
  }
  void mount() {
    import_.connect(context());
    answer_connect(reply_flag::kReplayable, kHandle);
    out_.clear();
    events_.clear();
  }
  // The server has crashed: the request under way times out, and a CONNECT goes out.
  void lose_server() {
    request();
    fire(Import::kDeadlineTimer, 1000 * kSecond);
    REQUIRE(import_.phase() == ImportState::connecting);
    events_.clear();
  }
  bool heard(Kind kind) const {
    for (const ImportEvent& event : events_) {
      if (event.kind == kind) return true;
    }
    return false;
  }
  const ImportEvent& event(size_t index) const { return events_.at(index); }
  size_t events() const { return events_.size(); }

  uint64_t grant = kWish;
  uint64_t committed = 0;

 private:
  static Config config_of(Dialect dialect) {
    Config config;
    config.dialect = dialect;
    config.self = {0x20000c0a80a15, kLnetPid};
    return config;
  }
  static ImportSetup setup_of(std::vector<PeerId> peers) {
    ImportSetup setup;
    setup.number = 1;
    setup.target_uuid = "assay-MDT0000_UUID";
    setup.self_uuid = "a-client";
    setup.peers = std::move(peers);
    setup.wish.connect_flags = kWish;
    return setup;
  }

  Config config_;
  Endpoint endpoint_;
  Import import_;
  Time now_ = 0;
  Actions out_;
  ImportEvents events_;
};

}  // namespace

// --- the table of connect replies, by row ---

TEST_CASE("I2: the first connection becomes full", "[import]") {
  Conversation talk;
  talk.import().connect(talk.context());
  const Sent connect = talk.last();
  REQUIRE(connect.portal == 12);
  REQUIRE(connect.body().handle.cookie == 0);
  REQUIRE(connect.body().conn_cnt == 1);
  REQUIRE(connect.body().op_flags == (reply_flag::kInitial | reply_flag::kNextVer));
  REQUIRE(connect.message.header().flags == 0);
  REQUIRE(connect.message.buffer(1).size() == 39);
  talk.answer_connect(reply_flag::kReplayable, kHandle);
  REQUIRE(talk.import().usable());
  REQUIRE(talk.heard(Kind::connected));
}

TEST_CASE("I1: a server in recovery takes us in and makes us wait", "[import]") {
  Conversation talk;
  talk.import().connect(talk.context());
  talk.answer_connect(reply_flag::kReplayable | reply_flag::kRecovering, kHandle);
  REQUIRE(talk.import().phase() == ImportState::replay_wait);
  REQUIRE(talk.last().body().flags == (msg_flag::kReqReplayDone | msg_flag::kLockReplayDone));
  REQUIRE(talk.last().body().handle.cookie == kHandle);
  talk.answer_last();
  REQUIRE(talk.import().usable());
}

TEST_CASE("R1: RECONNECT with a zero handle is a failure", "[import]") {
  Conversation talk;
  talk.mount();
  talk.lose_server();
  talk.answer_connect(reply_flag::kReconnect, 0);
  REQUIRE(talk.import().phase() == ImportState::disconnected);
  REQUIRE(talk.event(0).kind == Kind::refused);
  REQUIRE(talk.event(0).status == -107);
}

TEST_CASE("R2: RECONNECT with another handle means that we were evicted", "[import]") {
  Conversation talk;
  talk.mount();
  const uint32_t generation = talk.import().generation();
  talk.lose_server();
  talk.answer_connect(reply_flag::kReconnect, kHandle + 1);
  REQUIRE(talk.heard(Kind::evicted));
  REQUIRE(talk.event(0).kind == Kind::completed);
  REQUIRE(talk.event(0).status == -4);
  REQUIRE(talk.import().generation() == generation + 1);
  REQUIRE(talk.import().usable());
}

TEST_CASE("R4: RECONNECT with our handle resends what has no answer", "[import]") {
  Conversation talk;
  talk.mount();
  talk.request();
  const Sent first = talk.last();
  REQUIRE(first.message.header().flags == 1);
  talk.fire(Import::kDeadlineTimer, 1000 * kSecond);
  const Sent connect = talk.last();
  REQUIRE(connect.body().conn_cnt == 2);
  REQUIRE(connect.body().handle.cookie == kHandle);
  REQUIRE((connect.body().op_flags & reply_flag::kInitial) == 0);
  talk.answer_connect(reply_flag::kReconnect | reply_flag::kReplayable, kHandle);
  const Sent again = talk.last();
  REQUIRE(again.xid == first.xid);
  REQUIRE(again.body().flags == msg_flag::kResent);
  REQUIRE(again.body().conn_cnt == 2);
  talk.answer_last();
  REQUIRE(talk.event(1).kind == Kind::completed);
  REQUIRE(talk.event(1).status == 0);
}

TEST_CASE("R6: RECONNECT and RECOVERING sends the last replay again as RESENT", "[import]") {
  Conversation talk;
  talk.mount();
  talk.request();
  talk.answer_last(0, 101);
  talk.lose_server();
  talk.answer_connect(reply_flag::kRecovering, kHandle + 1);
  REQUIRE(talk.last().body().flags == msg_flag::kReplay);
  talk.fire(Import::kDeadlineTimer, 1000 * kSecond);
  REQUIRE(talk.import().phase() == ImportState::connecting);
  talk.answer_connect(reply_flag::kReconnect | reply_flag::kRecovering, kHandle + 1);
  REQUIRE(talk.last().body().flags == (msg_flag::kReplay | msg_flag::kResent));
  REQUIRE(talk.last().body().transno == 101);
}

TEST_CASE("R6: an open is sent again though it is committed and its file being closed",
          "[import]") {
  Conversation talk;
  talk.mount();
  const RequestId open = talk.request(true);
  talk.answer_last(0, 101);
  talk.import().release(open);
  talk.lose_server();
  talk.answer_connect(reply_flag::kRecovering, kHandle + 1);
  talk.fire(Import::kDeadlineTimer, 1000 * kSecond);
  talk.committed = 101;
  talk.answer_connect(reply_flag::kReconnect | reply_flag::kRecovering, kHandle + 1);
  REQUIRE(talk.last().body().flags == (msg_flag::kReplay | msg_flag::kResent));
  REQUIRE(talk.last().body().transno == 101);
  talk.answer_last(0, 101);
  REQUIRE(talk.import().retained() == 0);
}

TEST_CASE("an open whose replay is refused stays, though it is committed and being closed",
          "[import]") {
  Conversation talk;
  talk.mount();
  const RequestId open = talk.request(true);
  talk.answer_last(0, 101);
  talk.lose_server();
  talk.committed = 101;
  talk.answer_connect(reply_flag::kRecovering, kHandle + 1);
  REQUIRE(talk.last().body().flags == msg_flag::kReplay);
  talk.import().release(open);
  talk.answer_last(-ENOTCONN);
  talk.import().invariants();
  REQUIRE(talk.import().retained() == 1);
  talk.answer_connect(reply_flag::kReconnect | reply_flag::kRecovering, kHandle + 1);
  REQUIRE(talk.last().body().transno == 101);
  talk.answer_last(0, 101);
  REQUIRE(talk.import().retained() == 0);
}

TEST_CASE("R8: RECOVERING replays in order of transno, then locks, then the rest", "[import]") {
  Conversation talk;
  talk.mount();
  talk.request();
  const Sent first = talk.last();
  talk.answer_last(0, 101);
  talk.request();
  talk.answer_last(0, 102);
  REQUIRE(talk.import().retained() == 2);
  talk.lose_server();
  const Sent connect = talk.last();
  REQUIRE((connect.body().op_flags & reply_flag::kTransno) != 0);
  const auto data = protocol::decode<ptlrpc::ObdConnectData>(connect.message.buffer(4));
  REQUIRE(data->transno == 101);

  talk.answer_connect(reply_flag::kRecovering | reply_flag::kReplayable, 0x2222);
  REQUIRE(talk.last().xid == first.xid);
  REQUIRE(talk.last().body().transno == 101);
  REQUIRE(talk.last().body().handle.cookie == 0x2222);
  talk.answer_last(0, 101);
  REQUIRE(talk.last().body().transno == 102);
  talk.answer_last(0, 102);
  REQUIRE(talk.heard(Kind::want_locks));
  REQUIRE(talk.import().phase() == ImportState::replay_wait);
  talk.answer_last();
  REQUIRE(talk.import().usable());
  REQUIRE(talk.last().body().flags == msg_flag::kResent);
}

TEST_CASE("R9: no flag at all means that we were evicted", "[import]") {
  Conversation talk;
  talk.mount();
  talk.request(true);
  talk.answer_last(0, 101);
  talk.lose_server();
  talk.answer_connect(0, 0x2222);
  REQUIRE(talk.heard(Kind::evicted));
  REQUIRE(talk.import().retained() == 0);
  REQUIRE(talk.import().usable());
}

TEST_CASE("an import that cannot be replayed is invalid after it lost its server", "[import]") {
  Conversation talk;
  talk.import().connect(talk.context());
  talk.answer_connect(0, kHandle);
  talk.lose_server();
  talk.answer_connect(reply_flag::kReconnect, kHandle);
  REQUIRE(talk.heard(Kind::evicted));
}

TEST_CASE("1.8 ends its recovery with LAST_REPLAY", "[import]") {
  Conversation talk(Dialect::v1_8);
  talk.import().connect(talk.context());
  REQUIRE(talk.last().message.buffer(1).size() == 40);
  REQUIRE(talk.last().body().op_flags == reply_flag::kInitial);
  talk.answer_connect(reply_flag::kRecovering, kHandle);
  REQUIRE(talk.last().body().flags == 0xc1);
}

// --- what is kept ---

TEST_CASE("a committed request is let go, a committed open stays until its file is closed",
          "[import]") {
  Conversation talk;
  talk.mount();
  const RequestId open = talk.request(true);
  talk.answer_last(0, 101);
  talk.committed = 102;
  talk.request();
  talk.answer_last(0, 102);
  REQUIRE(talk.import().retained() == 1);
  talk.import().release(open);
  REQUIRE(talk.import().retained() == 0);
}

TEST_CASE("an open that is not committed stays though its file is closed", "[import]") {
  Conversation talk;
  talk.mount();
  const RequestId open = talk.request(true);
  talk.answer_last(0, 101);
  talk.import().release(open);
  REQUIRE(talk.import().retained() == 1);
  talk.committed = 101;
  talk.request();
  talk.answer_last();
  REQUIRE(talk.import().retained() == 0);
}

TEST_CASE("an amended request is replayed as amended", "[import]") {
  Conversation talk;
  talk.mount();
  const RequestId open = talk.request(true);
  talk.answer_last(0, 101);
  v2_0::MdsGetstatus::Request changed;
  changed.body.fid1.seq = 77;
  talk.import().amend(open, make_request<v2_0::MdsGetstatus>(changed, 2, 300).message);
  talk.lose_server();
  talk.answer_connect(reply_flag::kRecovering, 0x2222);
  const Sent replay = talk.last();
  REQUIRE(v2_0::MdsGetstatus::Request::decode(replay.message)->body.fid1.seq == 77);
}

TEST_CASE("a version mismatch ends in the eviction that the server has in store", "[import]") {
  Conversation talk;
  talk.mount();
  talk.request();
  talk.answer_last(0, 101);
  talk.lose_server();
  talk.answer_connect(reply_flag::kRecovering, 0x2222);
  talk.answer_last(-75);
  CHECK_FALSE(talk.heard(Kind::want_locks));
  talk.answer_last();
  REQUIRE(talk.import().phase() == ImportState::connecting);
}

// --- time ---

TEST_CASE("an early reply gives the server more time", "[import]") {
  Conversation talk;
  talk.mount();
  talk.request();
  const Sent sent = talk.last();
  ptlrpc::PtlrpcBody body;
  body.type = ptlrpc::msg_type::kReply;
  body.timeout = 500;
  protocol::MessageBuilder builder(body);
  builder.header().cksum = protocol::crc32(protocol::bytes_of(body).first(88));
  const Bytes early = builder.finish();
  talk.import().receive(talk.context(), {kServer, 10, sent.xid, 0, early});
  talk.fire(Import::kDeadlineTimer, 100 * kSecond);
  REQUIRE(talk.import().usable());
  talk.fire(Import::kDeadlineTimer, 1000 * kSecond);
  REQUIRE(talk.import().phase() == ImportState::connecting);
}

TEST_CASE("an early reply with a wrong checksum gives none", "[import]") {
  Conversation talk;
  talk.mount();
  talk.request();
  ptlrpc::PtlrpcBody body;
  body.type = ptlrpc::msg_type::kReply;
  body.timeout = 500;
  protocol::MessageBuilder builder(body);
  const Bytes early = builder.finish();
  talk.import().receive(talk.context(), {kServer, 10, talk.last().xid, 0, early});
  talk.fire(Import::kDeadlineTimer, 100 * kSecond);
  REQUIRE(talk.import().phase() == ImportState::connecting);
}

TEST_CASE("a refused connection is tried again, at the partner", "[import]") {
  Conversation talk(Dialect::v2_0, {kServer, kPartner});
  talk.import().connect(talk.context());
  REQUIRE(talk.last().to == kServer);
  talk.fire(Import::kDeadlineTimer, 5 * kSecond);
  talk.fire(Import::kReconnectTimer, kSecond);
  REQUIRE(talk.last().to == kPartner);
  REQUIRE(talk.last().body().conn_cnt == 2);
}

TEST_CASE("a busy server is asked again, not its partner", "[import]") {
  Conversation talk(Dialect::v2_0, {kServer, kPartner});
  talk.import().connect(talk.context());
  talk.answer_last(-16);
  talk.fire(Import::kReconnectTimer, kSecond);
  REQUIRE(talk.last().to == kServer);
}

TEST_CASE("not connected: the request waits for the new connection", "[import]") {
  Conversation talk;
  talk.mount();
  const RequestId id = talk.request();
  talk.answer_last(-107);
  REQUIRE(talk.import().phase() == ImportState::connecting);
  REQUIRE(talk.events() == 0);
  talk.answer_connect(reply_flag::kReconnect | reply_flag::kReplayable, kHandle);
  talk.answer_last();
  REQUIRE(talk.event(1).request == id);
}

TEST_CASE("an idle import pings", "[import]") {
  Conversation talk;
  talk.mount();
  talk.fire(Import::kPingTimer, 25 * kSecond);
  REQUIRE(talk.last().body().opc == 400);
  talk.answer_last(-107);
  REQUIRE(talk.import().phase() == ImportState::connecting);
}

TEST_CASE("a reply that is not one fails its request", "[import]") {
  Conversation talk;
  talk.mount();
  talk.request();
  const Sent sent = talk.last();
  talk.import().receive(talk.context(),
                        {kServer, 10, sent.xid, 192, Bytes(protocol::as_bytes("nonsense"))});
  REQUIRE(talk.event(0).status == -71);
}

TEST_CASE("a server that grants more than was asked is refused", "[import]") {
  Conversation talk;
  talk.grant = kWish | ptlrpc::connect_flag::kFid;
  talk.import().connect(talk.context());
  talk.answer_connect(0, kHandle);
  REQUIRE(talk.import().phase() == ImportState::closed);
  REQUIRE(talk.event(0).status == -71);
}

TEST_CASE("a copy of an import is another import", "[import]") {
  Conversation talk;
  talk.mount();
  Conversation other = talk;
  REQUIRE(digest_of(talk.import()) == digest_of(other.import()));
  other.request();
  REQUIRE(digest_of(talk.import()) != digest_of(other.import()));
}

}  // namespace reference
