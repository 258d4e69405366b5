// For unit tests: a target with a Service and a handful of operations, a disk whose transactions
// become durable when the test says so, and clients that say exactly what the test wants said.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"
#include "reference/endpoint.h"
#include "reference/service.h"

namespace reference::probe {

namespace opcode = protocol::ptlrpc::opcode;
namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace op_flag = protocol::ptlrpc::msg_connect_flag;
namespace connect_flag = protocol::ptlrpc::connect_flag;
namespace portal_of = protocol::ptlrpc::portal;

inline constexpr PeerId kServer{0x200007f000001, kLnetPid};
inline constexpr PeerId kAlice{0x200007f00000a, kLnetPid};
inline constexpr PeerId kBob{0x200007f00000b, kLnetPid};

// A request as a client words it. Operations that the target knows: MDS_REINT (a modification that
// writes "made/<xid>"), MDS_CLOSE (one that writes nothing), MDS_GETATTR (none), LDLM_ENQUEUE
// (none), MDS_SYNC (answered when all is durable), MDS_STATFS (kept until the test lets it go).
struct Say {
  uint32_t opcode = 0;
  uint64_t xid = 0;
  uint32_t flags = 0;
  uint64_t transno = 0;
  uint64_t handle = 0;
  uint32_t conn_cnt = 1;
  uint32_t op_flags = 0;
  uint32_t lm_flags = 0;
  uint32_t timeout = 100;
  uint32_t service_time = 1;
  uint32_t portal = portal_of::kMdsRequest;
  uint32_t body_length = protocol::ptlrpc::PtlrpcBody::kSize;
  std::array<uint64_t, 4> versions = {};
};

struct Answer {
  PeerId to;
  uint32_t portal = 0;
  uint64_t xid = 0;
  uint32_t offset = 0;
  uint64_t transfer = 0;  // that an ACK ends; 0 if none is asked for
  protocol::Message message;
  const protocol::ptlrpc::PtlrpcBody& body() const { return message.body(); }
};

struct Done {
  uint64_t xid = 0;
  uint64_t transno = 0;
  bool operator==(const Done&) const = default;
};

class Target {
 public:
  explicit Target(Config chosen, TargetKind kind = TargetKind::mdt)
      : config(std::move(chosen)), kind_(kind), service(config, kind, disk), endpoint_(config) {
    begin();
  }

  // The disk keeps what was committed; everything else is new.
  void crash_and_restart() {
    ++config.incarnation;
    unwritten_.clear();
    parked.clear();
    durable_ = 0;
    service = Service(config, kind_, disk);
    endpoint_ = Endpoint(config);
    begin();
  }

  // All transactions become durable. The answers that waited for it.
  std::vector<Answer> commit() {
    while (!unwritten_.empty()) commit_first();
    Actions out;
    Turn turn{now, endpoint_, out};
    service.durable(turn, durable_);
    return settle(turn);
  }
  // The oldest one does, and the target does not hear of it.
  Persist commit_first() {
    const Persist transaction = unwritten_.at(0);
    unwritten_.erase(unwritten_.begin());
    for (const Write& write : transaction.writes) {
      disk.erase(write.key);
      if (write.value) disk[write.key] = *write.value;
    }
    durable_ = transaction.id;
    return transaction;
  }

  // The answers that the message brought, to whoever.
  std::vector<Answer> say(PeerId from, const Say& words,
                          const std::vector<std::vector<uint8_t>>& buffers = {}) {
    protocol::ptlrpc::PtlrpcBody body;
    body.handle.cookie = words.handle;
    body.type = protocol::ptlrpc::msg_type::kRequest;
    body.version = 0x20003;
    body.opc = words.opcode;
    body.transno = words.transno;
    body.flags = words.flags;
    body.op_flags = words.op_flags;
    body.conn_cnt = words.conn_cnt;
    body.timeout = words.timeout;
    body.service_time = words.service_time;
    body.pre_versions = words.versions;
    protocol::MessageBuilder builder(body, words.lm_flags, 0, 0, words.body_length);
    for (const auto& buffer : buffers) builder.add(buffer);
    return say_bytes(from, words.portal, words.xid, builder.finish());
  }

  std::vector<Answer> say_bytes(PeerId from, uint32_t portal, uint64_t xid, Bytes message) {
    Actions out;
    Turn turn{now, endpoint_, out};
    service.accept(turn, RequestIn{from, portal, xid, std::move(message)});
    return settle(turn);
  }

  // CONNECT with the four buffers. `wish` is the connect data asked for.
  struct Wish {
    std::string uuid = "alice";
    std::string target = "assay-MDT0000_UUID";
    uint64_t client_handle = 0xa11ce;
    uint32_t conn_cnt = 1;
    uint64_t handle = 0;
    uint32_t op_flags = op_flag::kInitial;
    uint64_t flags = connect_flag::kVersion | connect_flag::kIbits | connect_flag::kAt |
                     connect_flag::kFid | connect_flag::kVbr;
    uint64_t transno = 0;
    uint32_t version = 0x02000000;
    uint32_t lm_flags = 0;
    uint64_t xid = 1;
  };
  std::vector<Answer> connect(PeerId from, const Wish& wish) {
    auto text = [](const std::string& value) {
      std::vector<uint8_t> buffer(40);
      std::copy(value.begin(), value.end(), buffer.begin());
      return buffer;
    };
    std::vector<uint8_t> handle, data;
    protocol::append(handle, wish.client_handle);
    protocol::ptlrpc::ObdConnectData asked;
    asked.connect_flags = wish.flags;
    asked.version = wish.version;
    asked.transno = wish.transno;
    asked.ibits_known = 7;
    protocol::append(data, asked);
    static constexpr std::array<uint32_t, 3> kOpcodes = {opcode::kMgsConnect, opcode::kMdsConnect,
                                                         opcode::kOstConnect};
    return say(from,
               {.opcode = kOpcodes[static_cast<size_t>(kind_)],
                .xid = wish.xid,
                .handle = wish.handle,
                .conn_cnt = wish.conn_cnt,
                .op_flags = wish.op_flags,
                .lm_flags = wish.lm_flags},
               {text(wish.target), text(wish.uuid), handle, data});
  }
  // A new client; its handle.
  uint64_t mount(PeerId from, const std::string& uuid) {
    const auto answers = connect(from, {.uuid = uuid});
    return answers.size() == 1 && answers[0].body().status == 0 ? answers[0].body().handle.cookie
                                                                : 0;
  }

  std::vector<Answer> fire(TimerId timer) {
    Actions out;
    Turn turn{now, endpoint_, out};
    service.fired(turn, timer);
    return settle(turn);
  }
  std::vector<Answer> evict(std::string_view uuid) {
    Actions out;
    Turn turn{now, endpoint_, out};
    service.evict_uuid(turn, uuid, "asked");
    return settle(turn);
  }
  std::vector<Answer> unmount(bool force) {
    Actions out;
    Turn turn{now, endpoint_, out};
    service.unmount(turn, force);
    return settle(turn);
  }
  // The client's LNet has the reply.
  std::vector<Answer> acknowledge(const Answer& reply) {
    Actions out;
    Turn turn{now, endpoint_, out};
    REQUIRE(service.acknowledged({.peer = reply.to, .cookie = reply.transfer}));
    return settle(turn);
  }
  std::vector<Answer> abort_recovery() {
    Actions out;
    Turn turn{now, endpoint_, out};
    service.abort_recovery(turn);
    return settle(turn);
  }
  // Answers a parked request.
  std::vector<Answer> let_go(size_t index = 0) {
    const Request request = parked.at(index);
    parked.erase(parked.begin() + static_cast<std::ptrdiff_t>(index));
    Actions out;
    Turn turn{now, endpoint_, out};
    Reply reply = service.reply(request);
    service.finish(turn, request, reply);
    return settle(turn);
  }

  Time timer(uint32_t kind) const {
    for (const SetTimer& one : timers) {
      if (one.timer.kind == kind) return one.at;
    }
    return kNever;
  }

  Config config;
  Store disk;
  Time now = 1000 * kSecond;
  std::vector<Request> parked;
  std::vector<Done> done;  // modifications executed, in order
  std::vector<ClientGone> gone;
  std::vector<AbortActive> aborted;
  std::vector<ReplyTaken> taken;
  bool difficult = false;  // the answers of MDS_REINT are
  std::vector<Connecting> connecting;
  std::vector<Fact> notes;
  std::vector<SetTimer> timers;
  std::vector<uint64_t> versions_now;  // of the object that MDS_REINT changes
  int32_t reint_status = 0;
  int ended = 0;  // recoveries

 private:
  TargetKind kind_;

 public:
  Service service;

 private:
  void begin() {
    Actions out;
    Turn turn{now, endpoint_, out};
    service.start(turn);
    settle(turn);
  }

  std::vector<Answer> settle(Turn& turn) {
    while (std::optional<Work> work = service.next(turn)) {
      if (auto* request = std::get_if<Request>(&*work)) run(turn, *request);
      if (auto* one = std::get_if<Connecting>(&*work)) {
        service.answer(turn, *one);
        connecting.push_back(*one);
      }
      if (auto* one = std::get_if<ClientGone>(&*work)) gone.push_back(*one);
      if (auto* one = std::get_if<AbortActive>(&*work)) aborted.push_back(*one);
      if (auto* one = std::get_if<ReplyTaken>(&*work)) taken.push_back(*one);
      if (std::holds_alternative<RecoveryEnded>(*work)) ++ended;
    }
    service.invariants();
    return sort_out(turn.out);
  }

  void run(Turn& turn, const Request& request) {
    Reply reply = service.reply(request);
    switch (request.opcode) {
      case opcode::kMdsStatfs:
        parked.push_back(request);
        return;
      case opcode::kMdsSync:
        reply.after_commit = true;
        service.finish(turn, request, reply);
        return;
      case opcode::kMdsClose:
        service.finish(turn, request, reply, service.begin(request));
        return;
      case opcode::kMdsReint:
        reint(turn, request, reply);
        return;
      case opcode::kMdsGetattr:
      case opcode::kLdlmEnqueue:
        service.finish(turn, request, reply);
        return;
      default:
        service.refuse(turn, request, -524);
    }
  }

  void reint(Turn& turn, const Request& request, Reply& reply) {
    if (request.reconstruct) {
      reply.status = request.reconstruct->result;
      service.finish(turn, request, reply);
      return;
    }
    Transaction transaction = service.begin(request);
    reply.difficult = difficult;
    reply.status = reint_status != 0 ? reint_status : service.check_versions(request, versions_now);
    for (size_t i = 0; i < versions_now.size(); ++i) reply.versions[i] = versions_now[i];
    if (reply.status == 0) {
      transaction.put("made/" + std::to_string(request.xid), Bytes(std::vector<uint8_t>{1}));
      done.push_back({request.xid, transaction.transno()});
    }
    service.finish(turn, request, reply, std::move(transaction));
  }

  std::vector<Answer> sort_out(Actions& out) {
    std::vector<Answer> answers;
    for (Action& action : out) {
      if (auto* persist = std::get_if<Persist>(&action)) unwritten_.push_back(std::move(*persist));
      if (auto* note = std::get_if<Note>(&action)) notes.push_back(std::move(note->fact));
      if (auto* timer = std::get_if<SetTimer>(&action)) {
        std::erase_if(timers, [&](const SetTimer& one) { return one.timer == timer->timer; });
        timers.push_back(*timer);
      }
      if (auto* send = std::get_if<Send>(&action)) answers.push_back(parse(*send));
    }
    return answers;
  }

  static Answer parse(const Send& send) {
    const auto whole = protocol::LnetMessage::parse(send.message).value();
    const auto put = protocol::overlay<protocol::lnet::LnetPut>(whole.header.msg);
    constexpr uint64_t kNone = ~uint64_t{0};
    const uint64_t cookie = put.ack_wmd.object_cookie;
    return {send.to,
            put.ptl_index,
            put.match_bits,
            put.offset,
            cookie == kNone ? 0 : cookie,
            protocol::Message::parse(whole.payload).value()};
  }

  Endpoint endpoint_;
  std::vector<Persist> unwritten_;
  CommitId durable_ = 0;
};

inline Config config_of(Dialect dialect) {
  Config config;
  config.dialect = dialect;
  config.self = kServer;
  config.seed = 7;
  return config;
}

}  // namespace reference::probe
