// For tests of the OST: the machine with its disk and time, and clients that say what they are told
// to and keep what they hear.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/digest.h"
#include "reference/ost.h"

namespace reference::ost_probe {

namespace ops = protocol::operations_2_0;
namespace connect_flag = protocol::ptlrpc::connect_flag;
namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace valid = protocol::mds::valid;
using protocol::Message;

inline Config config_of(Dialect dialect, DefectSet defects = {}) {
  Config config;
  config.dialect = dialect;
  config.self = {0x20000'7f000014, kLnetPid};
  config.defects = defects;
  config.capacity_bytes = 64u << 20;
  return config;
}

struct Client {
  Client(std::string name, uint32_t pid)
      : uuid(std::move(name)), id{0x20000'7f000001, pid}, endpoint([this] {
          Config config;
          config.self = id;
          return config;
        }()) {}
  std::string uuid;
  PeerId id;
  Endpoint endpoint;
  uint64_t handle = 0;
  uint32_t conn_cnt = 1;
  uint64_t xid = 1000;
  std::vector<ReplyIn> replies;
  std::vector<RequestIn> callbacks;  // not answered yet
};

struct Said {
  uint32_t flags = 0;    // pb_flags
  uint64_t transno = 0;  // of a replay
  uint32_t portal = 0;   // 0: the operation's
  uint32_t op_flags = 0;
  std::optional<Bytes> source = std::nullopt;
  uint32_t sink = 0;
};

class Talk {
 public:
  explicit Talk(Dialect dialect, DefectSet defects = {}) : Talk(config_of(dialect, defects)) {}
  explicit Talk(const Config& chosen) : config(chosen), ost(chosen, {}) {
    Actions out;
    ost.start(now, out);
    carry(std::move(out));
  }

  // --- what clients say ---

  // The reply, if there is one by the end of all that follows at once.
  template <class Operation>
  std::optional<Message> say(Client& who, const typename Operation::Request& buffers,
                             Said said = {}) {
    protocol::ptlrpc::PtlrpcBody body;
    body.handle.cookie = who.handle;
    body.type = protocol::ptlrpc::msg_type::kRequest;
    body.version = Operation::kVersion;
    body.opc = Operation::kOpcode;
    body.conn_cnt = who.conn_cnt;
    body.timeout = 100;
    body.flags = said.flags;
    body.transno = said.transno;
    body.op_flags = said.op_flags;
    protocol::MessageBuilder builder(body);
    buffers.encode(builder);
    const uint64_t xid = ++who.xid;
    if (said.source) who.endpoint.post_source(config.self, 8, xid, *said.source);
    if (said.sink != 0) who.endpoint.post_sink(config.self, 8, xid, said.sink);
    Actions out;
    const uint32_t portal = said.portal != 0 ? said.portal : Operation::kRequestPortal;
    who.endpoint.send_request(config.self, portal, xid, builder.finish(), out);
    carry_from(who, std::move(out));
    if (said.sink != 0) sunk = who.endpoint.unpost(config.self, 8, xid).data;
    return reply_to(who, xid);
  }
  std::optional<Message> reply_to(const Client& who, uint64_t xid) const {
    for (const ReplyIn& reply : who.replies) {
      if (reply.xid == xid) return *Message::parse(reply.message);
    }
    return std::nullopt;
  }

  Message connect(Client& who, uint64_t flags, uint32_t grant = 0, uint32_t op_flags = 0) {
    clients.push_back(&who);
    ops::OstConnect::Request request;
    request.target_uuid = "assay-OST0000_UUID";
    request.client_uuid = who.uuid;
    request.client_handle.cookie = 7000 + who.id.pid;
    request.connect_data.connect_flags = flags;
    request.connect_data.grant = grant;
    request.connect_data.version = 0x02000000;
    const auto reply = say<ops::OstConnect>(who, request, {.op_flags = op_flags});
    REQUIRE(reply);
    REQUIRE(reply->body().status == 0);
    who.handle = reply->body().handle.cookie;
    return *reply;
  }

  // Answers the oldest callback of the client.
  void answer(Client& who, int32_t status = 0,
              std::optional<protocol::ldlm::OstLvb> lvb = std::nullopt) {
    REQUIRE_FALSE(who.callbacks.empty());
    const RequestIn in = who.callbacks.front();
    who.callbacks.erase(who.callbacks.begin());
    const Message asked = *Message::parse(in.message);
    protocol::ptlrpc::PtlrpcBody body;
    body.type = protocol::ptlrpc::msg_type::kReply;
    body.version = asked.body().version;
    body.opc = asked.body().opc;
    body.status = status;
    protocol::MessageBuilder builder(body);
    if (lvb) builder.add(*lvb);
    Actions out;
    who.endpoint.send_reply(config.self, 16, in.xid, 0, builder.finish(), out);
    carry_from(who, std::move(out));
  }

  // --- the world ---

  void commit() {
    if (persisted.empty()) return;
    const CommitId last = persisted.back().id;
    for (const Persist& one : persisted) {
      for (const Write& write : one.writes) {
        if (write.value) {
          disk[write.key] = *write.value;
        } else {
          disk.erase(write.key);
        }
      }
    }
    persisted.clear();
    step(Durable{last});
  }
  // Lets time pass up to the next timer of the kind.
  void fire(uint32_t kind) {
    for (const auto& [id, at] : timers) {
      if (id.kind != kind) continue;
      const TimerId timer = id;
      now = std::max(now, at);
      timers.erase(timer);
      return step(TimerFired{timer});
    }
    FAIL("no such timer is set");
  }
  void crash_and_restart() {
    persisted.clear();
    timers.clear();
    ++config.incarnation;
    ost = Ost(config, disk);
    Actions out;
    ost.start(now, out);
    carry(std::move(out));
  }
  void step(const Event& event) {
    Actions out;
    ost.step(now, event, out);
    ost.invariants();
    carry(std::move(out));
  }
  size_t facts(Fact::Kind kind) const {
    size_t count = 0;
    for (const Fact& fact : noted) count += fact.kind == kind ? 1 : 0;
    return count;
  }

  Config config;
  Store disk;
  Ost ost;
  Time now = 0;
  bool commits_at_once = true;
  std::vector<Persist> persisted;
  std::vector<Fact> noted;
  std::map<TimerId, Time> timers;
  std::vector<Client*> clients;
  Bytes sunk;

 private:
  void carry(Actions actions) {
    for (Action& action : actions) {
      if (auto* send = std::get_if<Send>(&action)) {
        to_client(*send);
      } else if (auto* persist = std::get_if<Persist>(&action)) {
        persisted.push_back(std::move(*persist));
      } else if (const auto* timer = std::get_if<SetTimer>(&action)) {
        timers.erase(timer->timer);
        if (timer->at != kNever) timers[timer->timer] = timer->at;
      } else if (const auto* note = std::get_if<Note>(&action)) {
        noted.push_back(note->fact);
      }
    }
    if (commits_at_once) commit();
  }
  void to_client(const Send& send) {
    for (Client* client : clients) {
      if (client->id != send.to) continue;
      Actions out;
      Incoming incoming = client->endpoint.receive(config.self, send.message, out);
      if (auto* reply = std::get_if<ReplyIn>(&incoming)) {
        client->replies.push_back(std::move(*reply));
      } else if (auto* request = std::get_if<RequestIn>(&incoming)) {
        client->callbacks.push_back(std::move(*request));
      }
      carry_from(*client, std::move(out));
    }
  }
  void carry_from(const Client& who, Actions actions) {
    for (const Action& action : actions) {
      if (const auto* send = std::get_if<Send>(&action)) step(Received{who.id, send->message});
    }
  }
};

// --- what is said often ---

inline protocol::ost::Obdo obdo(uint64_t id) {
  protocol::ost::Obdo made;
  made.id = id;
  made.valid = valid::kId;
  return made;
}

inline Bytes text(std::string_view content) { return Bytes(protocol::as_bytes(content)); }

inline Message create(Talk& talk, Client& who, uint64_t last) {
  ops::OstCreate::Request request;
  request.body.oa = obdo(last);
  return *talk.say<ops::OstCreate>(who, request);
}

struct Brw {
  uint32_t flags = 0;  // of the niobuf
  uint64_t extra_valid = 0;
  Said said = {};
};

inline ops::OstWrite::Request brw_request(uint64_t id,
                                          const std::vector<protocol::ost::NiobufRemote>& niobufs,
                                          uint64_t extra_valid = 0) {
  ops::OstWrite::Request request;
  request.body.oa = obdo(id);
  request.body.oa.valid |= extra_valid;
  request.ioobj = {
      .id = id, .seq = 0, .type = 0x8000, .bufcnt = static_cast<uint32_t>(niobufs.size())};
  request.niobufs = niobufs;
  return request;
}

inline std::optional<Message> write(Talk& talk, Client& who, uint64_t id, uint64_t offset,
                                    const Bytes& data, Brw how = {}) {
  const std::vector<protocol::ost::NiobufRemote> niobufs{
      {offset, static_cast<uint32_t>(data.size()), how.flags}};
  how.said.source = data;
  return talk.say<ops::OstWrite>(who, brw_request(id, niobufs, how.extra_valid), how.said);
}

inline std::optional<Message> read(Talk& talk, Client& who, uint64_t id, uint64_t offset,
                                   uint32_t length, Brw how = {}) {
  const std::vector<protocol::ost::NiobufRemote> niobufs{{offset, length, how.flags}};
  const auto as_write = brw_request(id, niobufs, how.extra_valid);
  ops::OstRead::Request request;
  request.body = as_write.body;
  request.ioobj = as_write.ioobj;
  request.niobufs = niobufs;
  how.said.sink = length;
  return talk.say<ops::OstRead>(who, request, how.said);
}

inline std::optional<Message> punch(Talk& talk, Client& who, uint64_t id, uint64_t size,
                                    uint32_t flags = 0) {
  ops::OstPunch::Request request;
  request.body.oa = obdo(id);
  request.body.oa.size = size;
  request.body.oa.blocks = kEof;
  request.body.oa.valid |= valid::kSize | valid::kBlocks | (flags != 0 ? valid::kFlags : 0);
  request.body.oa.flags = flags;
  return talk.say<ops::OstPunch>(who, request);
}

inline protocol::ost::Obdo attributes(Talk& talk, Client& who, uint64_t id) {
  ops::OstGetattr::Request request;
  request.body.oa = obdo(id);
  return ops::OstGetattr::Reply::decode(*talk.say<ops::OstGetattr>(who, request))->body.oa;
}

inline std::optional<Message> enqueue(Talk& talk, Client& who, uint64_t id, uint32_t mode,
                                      uint64_t start, uint64_t end, uint32_t flags = 0,
                                      Said said = {}) {
  ops::LdlmEnqueueExtent::Request request;
  request.lock.lock_flags = flags;
  request.lock.lock_desc.resource = {.type = 11, .padding = 0, .name = {{id, 0, 0, 0}}};
  request.lock.lock_desc.req_mode = mode;
  protocol::set_overlay(request.lock.lock_desc.policy_data,
                        protocol::ldlm::LdlmExtent{.start = start, .end = end, .gid = 0});
  request.lock.lock_handle[0].cookie = 500'000 + who.xid;
  return talk.say<ops::LdlmEnqueueExtent>(who, request, said);
}

inline std::optional<Message> cancel(Talk& talk, Client& who, uint64_t handle) {
  ops::LdlmCancel::Request request;
  request.lock.lock_count = 1;
  request.lock.lock_handle[0].cookie = handle;
  return talk.say<ops::LdlmCancel>(who, request);
}

inline ops::LdlmEnqueueExtent::Reply lock_in(const std::optional<Message>& reply) {
  REQUIRE(reply);
  return *ops::LdlmEnqueueExtent::Reply::decode(*reply);
}

}  // namespace reference::ost_probe
