// For unit tests: a metadata server, its disk, and clients that say exactly what a test wants said
// and see what comes back. Transactions become durable at once unless the test holds them back.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/lnet_message.h"
#include "protocol/mds.h"
#include "protocol/message.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "reference/mds.h"

namespace reference::mds_probe {

namespace attr = protocol::mds::attr;
namespace connect_flag = protocol::ptlrpc::connect_flag;
namespace disposition = protocol::ldlm::disposition;
namespace intent_op = protocol::ldlm::intent_op;
namespace lock_flag = protocol::ldlm::lock_flag;
namespace lock_mode = protocol::ldlm::lock_mode;
namespace lock_type = protocol::ldlm::lock_type;
namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace open_flag = protocol::mds::open_flag;
namespace v18 = protocol::operations_1_8;
namespace v20 = protocol::operations_2_0;
namespace valid = protocol::mds::valid;
using protocol::Message;

inline constexpr PeerId kServer{0x200007f000001, kLnetPid};
inline constexpr PeerId kAlice{0x200007f00000a, kLnetPid};
inline constexpr PeerId kBob{0x200007f00000b, kLnetPid};

inline Config config_of(Dialect dialect) {
  Config config;
  config.dialect = dialect;
  config.self = kServer;
  config.seed = 7;
  return config;
}

// How a request is sent, where it is not the ordinary way.
struct How {
  uint32_t flags = 0;
  uint64_t transno = 0;
  uint64_t xid = 0;  // 0: the next
  std::array<uint64_t, 4> versions = {};
};

template <class Operation>
struct Said {
  uint64_t xid = 0;
  std::optional<Message> message;  // none: not answered (yet)
  int32_t status() const { return message ? message->body().status : -1000; }
  uint64_t transno() const { return message->body().transno; }
  typename Operation::Reply reply() const { return Operation::Reply::decode(*message).value(); }
};

class Server {
 public:
  explicit Server(Config chosen) : config(std::move(chosen)), mds(config, disk) { start(); }

  void start() {
    Actions out;
    mds.start(now, out);
    take(std::move(out));
  }
  // What was not durable is lost, and everything volatile.
  void crash_and_restart() {
    ++config.incarnation;
    unwritten.clear();
    wire_.clear();
    mds = Mds(config, disk);
    start();
  }
  void step(const Event& event) {
    Actions out;
    mds.step(now, event, out);
    mds.invariants();
    take(std::move(out));
  }
  void commit() {
    if (unwritten.empty()) return;
    for (const Persist& persist : unwritten) {
      for (const Write& write : persist.writes) {
        disk.erase(write.key);
        if (write.value) disk[write.key] = *write.value;
      }
    }
    const CommitId last = unwritten.back().id;
    unwritten.clear();
    step(Durable{last});
  }

  // The oldest transaction only, and the server does not hear of it.
  void commit_one() {
    const Persist persist = unwritten.at(0);
    unwritten.erase(unwritten.begin());
    for (const Write& write : persist.writes) {
      disk.erase(write.key);
      if (write.value) disk[write.key] = *write.value;
    }
  }

  // The endpoint of a client; everything that is sent to it passes through.
  Endpoint& endpoint(PeerId peer) {
    Config own = config;
    own.self = peer;
    return endpoints_.try_emplace(peer, own).first->second;
  }
  // Carries messages until all is still.
  void settle() {
    for (;;) {
      if (wire_.empty()) {
        if (!hold_commits && !unwritten.empty()) {
          commit();
          continue;
        }
        return;
      }
      const auto [from, send] = wire_.front();
      wire_.pop_front();
      if (send.to == kServer) {
        step(Received{from, send.message});
        continue;
      }
      if (std::ranges::find(deaf, send.to) != deaf.end()) continue;
      Actions out;
      Incoming incoming = endpoint(send.to).receive(kServer, send.message, out);
      if (auto* reply = std::get_if<ReplyIn>(&incoming)) {
        answers[{send.to, reply->xid}] = Message::parse(reply->message).value();
      }
      if (auto* request = std::get_if<RequestIn>(&incoming)) {
        called_back.push_back({send.to, *request});
      }
      queue(send.to, std::move(out));
    }
  }
  void queue(PeerId from, Actions out) {
    for (Action& action : out) {
      if (auto* send = std::get_if<Send>(&action)) wire_.push_back({from, std::move(*send)});
    }
  }
  void fire(uint32_t kind) {
    const auto timer = timers.find(kind);
    if (timer == timers.end() || timer->second == kNever) return;
    now = timer->second;
    step(TimerFired{{kind, 0}});
    settle();
  }

  struct CalledBack {
    PeerId client;
    RequestIn request;
    uint32_t opcode() const { return Message::parse(request.message)->body().opc; }
  };

  Config config;
  Store disk;
  Time now = 1000 * kSecond;
  Mds mds;
  bool hold_commits = false;
  std::vector<PeerId> deaf;  // clients whom nothing reaches
  std::vector<Persist> unwritten;
  std::vector<CalledBack> called_back;
  std::vector<Fact> notes;
  std::map<uint32_t, Time> timers;  // those whose `which` is 0
  std::map<std::pair<PeerId, uint64_t>, Message> answers;

 private:
  void take(Actions out) {
    for (Action& action : out) {
      if (auto* persist = std::get_if<Persist>(&action)) unwritten.push_back(std::move(*persist));
      if (auto* note = std::get_if<Note>(&action)) notes.push_back(std::move(note->fact));
      if (auto* set = std::get_if<SetTimer>(&action); set && set->timer.which == 0) {
        timers[set->timer.kind] = set->at;
      }
      if (auto* send = std::get_if<Send>(&action)) wire_.push_back({kServer, std::move(*send)});
    }
  }
  struct OnWire {
    PeerId from;
    Send send;
  };
  std::map<PeerId, Endpoint> endpoints_;
  std::deque<OnWire> wire_;
};

class Client {
 public:
  Client(Server& server, PeerId peer, std::string uuid)
      : server_(server), peer_(peer), uuid_(std::move(uuid)), xid_(peer.nid << 16) {
    connect();
  }

  // CONNECT, again with a higher count. What the server granted is in `granted`.
  int32_t connect() {
    v20::MdsConnect::Request request;
    request.target_uuid = "assay-MDT0000_UUID";
    request.client_uuid = uuid_;
    request.client_handle.cookie = peer_.nid;
    request.connect_data.connect_flags = wish;
    request.connect_data.ibits_known = 7;
    const uint32_t op_flags = handle_ == 0 ? protocol::ptlrpc::msg_connect_flag::kInitial : 0;
    ++conn_cnt_;
    const auto said = send<v20::MdsConnect>(request, {}, op_flags);
    if (said.status() == 0) handle_ = said.message->body().handle.cookie;
    if (said.message) op_flags_ = said.message->body().op_flags;
    return said.status();
  }
  uint32_t op_flags() const { return op_flags_; }

  template <class Operation>
  Said<Operation> call(const typename Operation::Request& request, const How& how = {}) {
    return send<Operation>(request, how, 0);
  }
  // An answer that came later.
  template <class Operation>
  Said<Operation> answer(uint64_t xid) {
    Said<Operation> said{xid, std::nullopt};
    const auto found = server_.answers.find({peer_, xid});
    if (found != server_.answers.end()) said.message = found->second;
    return said;
  }
  uint64_t next_xid() const { return xid_ + 1; }
  PeerId peer() const { return peer_; }

  static constexpr uint64_t kWish = connect_flag::kVersion | connect_flag::kIbits |
                                    connect_flag::kFid | connect_flag::kVbr | connect_flag::kAcl |
                                    connect_flag::kXattr | connect_flag::kNodevoh |
                                    connect_flag::kLovV3 | connect_flag::kCancelset;
  uint64_t wish = kWish;

 private:
  template <class Operation>
  Said<Operation> send(const typename Operation::Request& request, const How& how,
                       uint32_t op_flags) {
    const uint64_t xid = how.xid == 0 ? ++xid_ : how.xid;
    protocol::ptlrpc::PtlrpcBody body;
    body.handle.cookie = handle_;
    body.type = protocol::ptlrpc::msg_type::kRequest;
    body.version = Operation::kVersion;
    body.opc = Operation::kOpcode;
    body.flags = how.flags;
    body.op_flags = op_flags;
    body.transno = how.transno;
    body.conn_cnt = conn_cnt_;
    body.timeout = 100;
    body.service_time = 1;
    body.pre_versions = how.versions;
    protocol::MessageBuilder builder(body);
    request.encode(builder);
    const uint32_t portal = Operation::kRequestPortal == 0 ? protocol::ptlrpc::portal::kMdsRequest
                                                           : Operation::kRequestPortal;
    Actions out;
    server_.endpoint(peer_).send_request(kServer, portal, xid, builder.finish(), out);
    server_.answers.erase({peer_, xid});
    server_.queue(peer_, std::move(out));
    server_.settle();
    return answer<Operation>(xid);
  }

  Server& server_;
  PeerId peer_;
  std::string uuid_;
  uint64_t handle_ = 0;
  uint32_t conn_cnt_ = 0;
  uint32_t op_flags_ = 0;
  uint64_t xid_;
};

// --- 2.0 requests in short ---

inline protocol::fid::LuFid lu(Fid fid) {
  protocol::fid::LuFid wire;
  wire.seq = fid.seq;
  wire.oid = fid.oid;
  wire.ver = fid.ver;
  return wire;
}
inline Fid fid_in(const protocol::fid::LuFid& wire) { return {wire.seq, wire.oid, wire.ver}; }
inline Fid root_of(const Server& server) { return server.mds.files().inode(kRootInode)->fid(); }

inline v20::LdlmEnqueueIntentOpen::Request open_20(Fid parent, std::string_view name, Fid child,
                                                   uint32_t flags) {
  v20::LdlmEnqueueIntentOpen::Request request;
  request.lock.lock_desc.resource.type = lock_type::kIbits;
  request.lock.lock_desc.req_mode =
      (flags & open_flag::kCreat) != 0 ? lock_mode::kCw : lock_mode::kCr;
  request.lock.lock_desc.policy_data.start = 2;
  request.lock.lock_flags = lock_flag::kHasIntent;
  request.lock.lock_handle[0].cookie = 0x1000 + child.oid;
  request.intent.opc =
      (flags & open_flag::kCreat) != 0 ? intent_op::kOpen | intent_op::kCreat : intent_op::kOpen;
  request.record.opcode = 6;
  request.record.fid1 = lu(parent);
  request.record.fid2 = lu(child);
  request.record.flags = flags;
  request.record.mode = 0100644;
  request.record.time = 1'300'000'100;
  request.name = name;
  return request;
}

inline v20::LdlmEnqueueIntentGetattr::Request getattr_20(Fid parent, std::string_view name,
                                                         uint64_t lock_handle) {
  v20::LdlmEnqueueIntentGetattr::Request request;
  request.lock.lock_desc.resource.type = lock_type::kIbits;
  request.lock.lock_desc.req_mode = lock_mode::kCr;
  request.lock.lock_desc.policy_data.start = 2;
  request.lock.lock_flags = lock_flag::kHasIntent;
  request.lock.lock_handle[0].cookie = lock_handle;
  request.intent.opc = intent_op::kGetattr;
  request.body.valid = valid::kId | valid::kEaSize;
  request.body.fid1 = lu(parent);
  request.name = name;
  return request;
}

inline v20::MdsReintUnlink::Request unlink_20(Fid parent, std::string_view name,
                                              bool directory = false) {
  v20::MdsReintUnlink::Request request;
  request.record.opcode = 4;
  request.record.fid1 = lu(parent);
  request.record.mode = directory ? 0040000 : 0;
  request.record.time = 1'300'000'200;
  request.name = name;
  return request;
}

inline v20::MdsReintCreate::Request mkdir_20(Fid parent, std::string_view name, Fid child) {
  v20::MdsReintCreate::Request request;
  request.record.opcode = 2;
  request.record.fid1 = lu(parent);
  request.record.fid2 = lu(child);
  request.record.mode = 0040755;
  request.record.time = 1'300'000'100;
  request.name = name;
  return request;
}

inline v20::MdsClose::Request close_20(uint64_t handle) {
  v20::MdsClose::Request request;
  request.ioepoch.handle.cookie = handle;
  request.record.opcode = 1;
  return request;
}

}  // namespace reference::mds_probe
