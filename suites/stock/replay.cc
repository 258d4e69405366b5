#include "suites/stock/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/ldlm.h"
#include "protocol/lnet.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/stock/config_rules.h"

namespace suites {

namespace lnet = protocol::lnet;
namespace opcode = protocol::ptlrpc::opcode;
namespace portal = protocol::ptlrpc::portal;
using harness::PeerId;
using harness::Role;
using harness::ServerId;
using protocol::Bytes;
using protocol::LnetMessage;
using protocol::Message;
using protocol::ldlm::LdlmReply;
using protocol::ldlm::LdlmRequest;

namespace {

constexpr std::string_view kCapturedFsname = "lustre";
constexpr uint64_t kNoWmd = ~uint64_t{0};
// Requests of ours between the captured ones have xids behind all of those.
constexpr uint64_t kOwnXids = 1 << 16;

bool is_connect(const protocol::OperationInfo& operation) {
  return operation.opcode == opcode::kMgsConnect || operation.opcode == opcode::kMdsConnect ||
         operation.opcode == opcode::kOstConnect;
}

// Which service has that portal; none for those that several have.
std::optional<Role> role_of(uint32_t request_portal) {
  switch (request_portal) {
    case portal::kMgsRequest:
      return Role::mgs;
    case portal::kOstRequest:
    case portal::kOstIo:
    case portal::kOstCreate:
      return Role::ost;
    case portal::kLdlmCancelRequest:
      return std::nullopt;
    default:
      return Role::mds;
  }
}

uint64_t client_handle(const Request& enqueue) {
  const auto request = protocol::decode<LdlmRequest>(enqueue.buffers[0]);
  return request ? request->lock_handle[0].cookie : 0;
}

}  // namespace

Replay::Replay(harness::World& world, const Session& session, harness::ProbeKind kind)
    : world_(world),
      session_(session),
      probe_(world.add_probe(kind)),
      binding_(kCapturedFsname, world.cast().fsname),
      own_xid_(session.exchanges.back().xid() + kOwnXids) {}

std::vector<std::string> Replay::run(uint32_t last) {
  world_.settle();  // servers that still register would change the log while it is read
  for (const Exchange& exchange : session_.exchanges) {
    if (last != 0 && exchange.number > last) break;
    if (!perform(exchange) || wrong_.size() >= kWrongMax) break;
  }
  return std::move(wrong_);
}

bool Replay::perform(const Exchange& exchange) {
  for (const ServerId server : targets(exchange)) {
    if (!ask(exchange, server)) return false;
  }
  if (is_connect(*exchange.operation)) {
    captured_exports_[exchange.answer.body().handle.cookie] =
        *role_of(exchange.request.header.msg.ptl_index);
  }
  return true;
}

// The captured client knew one OST; here it connects to all that the log names, and goes on with
// the one that has the object.
std::vector<ServerId> Replay::targets(const Exchange& exchange) const {
  std::optional<Role> role = role_of(exchange.request.header.msg.ptl_index);
  if (!role) {
    const auto exported = captured_exports_.find(exchange.message.body().handle.cookie);
    role = exported == captured_exports_.end() ? Role::mds : exported->second;
  }
  if (*role == Role::mgs) return {harness::kMgs};
  if (*role == Role::mds) return {harness::kMds};
  std::vector<ServerId> osts;
  const auto count = static_cast<uint32_t>(world_.cast().osts.size());
  if (is_connect(*exchange.operation)) {
    for (uint32_t i = 0; i < count; ++i) osts.push_back(harness::ost(i));
    return osts;
  }
  if (exchange.operation->opcode == opcode::kLdlmCancel) {
    for (const auto& [mine, lock] : held_) {
      const auto names = names_in(exchange.message, *exchange.operation,
                                  protocol::Direction::request);
      const auto name = binding_.find(
          Space::lock, read_name(exchange.message.buffer(names.front().buffer), names.front()));
      if (name && (*name)[0] == lock.handle) return {lock.server};
    }
  }
  return {harness::ost(std::min(binding_.ost_of(exchange).value_or(0), count - 1))};
}

bool Replay::ask(const Exchange& exchange, ServerId server) {
  Request request(exchange.message);
  for (const std::string& name : binding_.translate(exchange, request)) {
    wrong(exchange, "the request names a " + name + ", which no answer of ours gave");
  }
  if (is_connect(*exchange.operation)) {
    // The same client at another target.
    if (server.role == Role::ost) {
      const std::string uuid = fmt::format("{}-OST{:04x}_UUID",
                                           world_.cast().fsname, server.index);
      auto& target = request.buffers[0];
      std::ranges::fill(target, uint8_t{0});
      std::ranges::copy(uuid, target.begin());
    }
  } else {
    request.body.handle.cookie = exports_[server];
  }
  waiting_ = {.exchange = &exchange, .server = address(server)};
  send(waiting_.server, exchange.xid(), exchange.request.header.msg.ptl_index, 0, request);
  const bool answered = world_.run_until([&] {
    drain();
    return waiting_.given.has_value();
  });
  if (!answered) {
    wrong(exchange, "no answer");
    return false;
  }
  waiting_.given->taken = waiting_.taken;
  waiting_.given->gotten = waiting_.gotten;
  judge(exchange, request, server);
  return exchange.operation->opcode != opcode::kLdlmEnqueue ||
         granted(exchange, client_handle(request));
}

// A lock that was blocked is there when a completion callback says so.
bool Replay::granted(const Exchange& exchange, uint64_t mine) {
  const bool came = world_.run_until([&] {
    drain();
    const auto lock = held_.find(mine);
    return lock == held_.end() || !lock->second.waits;
  });
  if (!came) wrong(exchange, "the lock was never granted");
  return came;
}

void Replay::judge(const Exchange& exchange, const Request& asked, ServerId server) {
  const Given& given = *waiting_.given;
  for (const std::string& what : unacceptable(exchange, asked, given)) wrong(exchange, what);
  for (const std::string& what : otherwise(exchange, given)) wrong(exchange, what);
  if (given.answer.body().status >= 0) learn(exchange, asked, server, given);
}

void Replay::learn(const Exchange& exchange, const Request& asked, ServerId server,
                   const Given& given) {
  const protocol::OperationInfo& operation = *exchange.operation;
  if (is_connect(operation)) exports_[server] = given.answer.body().handle.cookie;
  for (const std::string& what : binding_.learn(exchange, given.answer)) wrong(exchange, what);
  if (operation.opcode == opcode::kLdlmEnqueue) {
    const auto reply = AnswerReader(operation, given.answer).value<LdlmReply>("lock");
    if (reply && given.answer.body().status == 0 && reply->lock_handle.cookie != 0) {
      const uint64_t mine = client_handle(asked);
      held_[mine] = {.server = server,
                     .handle = reply->lock_handle.cookie,
                     .waits = reply->lock_desc.granted_mode != reply->lock_desc.req_mode};
      if ((reply->lock_flags & protocol::ldlm::lock_flag::kAstSent) != 0) {
        cancel(held_[mine]);
        held_.erase(mine);
      }
    }
  } else if (operation.opcode == opcode::kLdlmCancel) {
    const uint64_t theirs = protocol::decode<LdlmRequest>(asked.buffers[0])->lock_handle[0].cookie;
    std::erase_if(held_, [&](const auto& lock) { return lock.second.handle == theirs; });
  } else {
    config(exchange, given);
  }
}

void Replay::config(const Exchange& exchange, const Given& given) {
  const AnswerReader reader(*exchange.operation, given.answer);
  if (exchange.operation->opcode == opcode::kLlogOriginHandleReadHeader) {
    const auto header = reader.buffer("header").value_or(protocol::ByteView{});
    config_header_.assign(header.begin(), header.end());
    for (const std::string& what : unusable_header(header)) wrong(exchange, what);
  } else if (exchange.operation->opcode == opcode::kLlogOriginHandleNextBlock) {
    const auto block = reader.buffer("data").value_or(protocol::ByteView{});
    for (const std::string& what :
         unusable_config(config_header_, block, world_.cast())) {
      wrong(exchange, what);
    }
  }
}

void Replay::wrong(const Exchange& exchange, const std::string& what) {
  wrong_.push_back(fmt::format("request {} ({}): {}", exchange.number, exchange.operation->type,
                               what));
}

void Replay::stray(std::string what) { wrong_.push_back(std::move(what)); }

// --- what comes in ---

void Replay::drain() {
  while (auto event = world_.probe_take(probe_)) {
    if (event->message) {
      receive(event->from, *event->message);
    } else {
      stray("a server closed the connection");
    }
  }
}

void Replay::receive(PeerId from, const Bytes& bytes) {
  const auto message = LnetMessage::parse(bytes);
  if (!message) {
    stray("no LNet message: " + message.error().text());
  } else if (message->header.type == lnet::lnet_msg_type::kGet) {
    give(*message);
  } else if (message->header.type == lnet::lnet_msg_type::kPut) {
    acknowledge(*message);
    received_put(from, *message);
  } else {
    stray(fmt::format("an LNet message of type {}", message->header.type));
  }
}

void Replay::received_put(PeerId from, const LnetMessage& put) {
  const lnet::LnetPut& place = put.header.msg;
  const bool waited_for = waiting_.exchange != nullptr && from == waiting_.server &&
                          place.match_bits == waiting_.exchange->xid();
  if (waited_for && place.ptl_index == waiting_.exchange->operation->bulk_portal) {
    if (!waiting_.exchange->taken || waiting_.given) {
      wrong(*waiting_.exchange, "bulk that it does not wait for");
    }
    waiting_.taken = put.payload;
    return;
  }
  auto message = Message::parse(put.payload);
  if (!message) {
    stray("no ptlrpc message: " + message.error().text());
  } else if (message->body().type == protocol::ptlrpc::msg_type::kRequest) {
    callback(from, put, *message);
  } else if (message->header().cksum != 0 && place.offset == 0) {
    return;  // an early reply
  } else if (waited_for && !waiting_.given) {
    waiting_.given = Given{.reply = put, .answer = *std::move(message)};
  } else if (cancels_.erase(place.match_bits) == 0) {
    stray(fmt::format("a reply to nothing, xid {:#x}", place.match_bits));
  }
}

void Replay::give(const LnetMessage& get) {
  const auto place = protocol::overlay<lnet::LnetGet>(get.header.msg);
  const Exchange* exchange = waiting_.exchange;
  if (exchange == nullptr || place.match_bits != exchange->xid() || !exchange->given ||
      place.ptl_index != exchange->operation->bulk_portal || waiting_.given) {
    stray(fmt::format("a GET of portal {}, where nothing is posted", place.ptl_index));
    return;
  }
  if (place.src_offset + uint64_t{place.sink_length} < exchange->given->size()) {
    wrong(*exchange, fmt::format("the GET takes {} bytes of {}", place.sink_length,
                                 exchange->given->size()));
  }
  waiting_.gotten = true;
  const size_t length = std::min<size_t>(place.sink_length,
                                         exchange->given->size() - place.src_offset);
  const PeerId self = world_.probe_peer(probe_);
  LnetMessage reply{.header = {.dest_nid = get.header.src_nid,
                               .src_nid = self.nid,
                               .dest_pid = get.header.src_pid,
                               .src_pid = self.pid,
                               .type = lnet::lnet_msg_type::kReply},
                    .payload = exchange->given->slice(place.src_offset, length)};
  protocol::set_overlay(reply.header.msg, lnet::LnetReply{.dst_wmd = place.return_wmd});
  world_.probe_send(probe_, {get.header.src_nid, get.header.src_pid},
                                  reply.build());
}

void Replay::acknowledge(const LnetMessage& put) {
  const lnet::LnetPut& sent = put.header.msg;
  if (sent.ack_wmd == lnet::LnetHandleWire{kNoWmd, kNoWmd}) return;
  const PeerId self = world_.probe_peer(probe_);
  LnetMessage ack{.header = {.dest_nid = put.header.src_nid,
                             .src_nid = self.nid,
                             .dest_pid = put.header.src_pid,
                             .src_pid = self.pid,
                             .type = lnet::lnet_msg_type::kAck}};
  protocol::set_overlay(ack.header.msg,
                        lnet::LnetAck{.dst_wmd = sent.ack_wmd,
                                      .match_bits = sent.match_bits,
                                      .mlength = static_cast<uint32_t>(put.payload.size())});
  world_.probe_send(probe_, {put.header.src_nid, put.header.src_pid}, ack.build());
}

// --- locks that the captured client never had: given here, and asked back ---

void Replay::callback(PeerId from, const LnetMessage& put, const Message& request) {
  const auto& body = request.body();
  const lnet::LnetPut& place = put.header.msg;
  if (place.ptl_index != portal::kLdlmCbRequest) {
    stray(fmt::format("a request of opcode {} at portal {}", body.opc, place.ptl_index));
    return;
  }
  Request reply(request);
  reply.buffers.clear();
  reply.body = {.type = protocol::ptlrpc::msg_type::kReply,
                .version = body.version,
                .opc = body.opc,
                .conn_cnt = body.conn_cnt};
  if (body.opc == opcode::kLdlmGlCallback) {
    reply.body.status = -static_cast<int32_t>(protocol::ldlm::status::kNoLockData);
  }
  constexpr uint32_t kEarlyReplySize = 192;
  send(from, place.match_bits, portal::kLdlmCbReply,
       (request.header().flags & 1) != 0 ? kEarlyReplySize : 0, reply);
  const auto asked = protocol::decode<LdlmRequest>(request.buffer(1));
  if (!asked) return stray("a callback without a lock");
  if (body.opc == opcode::kLdlmCpCallback) completion(*asked);
  if (body.opc != opcode::kLdlmBlCallback) return;
  const auto lock = held_.find(asked->lock_handle[0].cookie);
  if (lock == held_.end()) return;  // given back meanwhile
  cancel(lock->second);
  held_.erase(lock);
}

void Replay::completion(const LdlmRequest& request) {
  const auto lock = held_.find(request.lock_handle[0].cookie);
  if (lock == held_.end() || !lock->second.waits) return stray("a completion of no lock");
  if (request.lock_desc.granted_mode != request.lock_desc.req_mode) {
    stray(fmt::format("a completion with mode {}, asked for {}", request.lock_desc.granted_mode,
                      request.lock_desc.req_mode));
  }
  lock->second.waits = false;
}

void Replay::cancel(const Held& lock) {
  using Cancel = protocol::operations_2_0::LdlmCancel;  // the same in both dialects
  const auto& any = session_.exchanges.back().message;
  Request request(any);
  request.body = {.handle = {exports_[lock.server]},
                  .type = protocol::ptlrpc::msg_type::kRequest,
                  .version = Cancel::kVersion,
                  .opc = Cancel::kOpcode,
                  .conn_cnt = 1,
                  .timeout = any.body().timeout};
  LdlmRequest locks{.lock_count = 1};
  locks.lock_handle[0].cookie = lock.handle;
  const auto bytes = protocol::bytes_of(locks);
  request.buffers.assign(1, {bytes.begin(), bytes.end()});
  cancels_.insert(++own_xid_);
  send(address(lock.server), own_xid_, Cancel::kRequestPortal, 0, request);
}

// --- addresses ---

void Replay::send(PeerId to, uint64_t xid, uint32_t to_portal, uint32_t offset,
                  const Request& message) {
  const PeerId self = world_.probe_peer(probe_);
  lnet::LnetHdr header{.dest_nid = to.nid,
                       .src_nid = self.nid,
                       .dest_pid = to.pid,
                       .src_pid = self.pid,
                       .type = lnet::lnet_msg_type::kPut};
  header.msg = lnet::LnetPut{.ack_wmd = {kNoWmd, kNoWmd},
                             .match_bits = xid,
                             .ptl_index = to_portal,
                             .offset = offset};
  world_.probe_send(probe_, to, message.finish(header));
}

PeerId Replay::address(ServerId server) const {
  const harness::Cast& cast = world_.cast();
  switch (server.role) {
    case Role::mgs:
      return cast.mgs;
    case Role::mds:
      return cast.mds;
    case Role::ost:
      break;
  }
  return cast.osts.at(server.index);
}

}  // namespace suites
