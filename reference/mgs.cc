#include "reference/mgs.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <variant>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"

namespace reference {

namespace opcode = protocol::ptlrpc::opcode;
// These requests are the same in both dialects (facts: rpc-formats), but for one reply.
namespace operations = protocol::operations_2_0;
namespace llog = protocol::llog;
using protocol::MessageBuilder;
using protocol::ldlm::LdlmReply;

struct Mgs::Operation {
  uint32_t opcode;
  void (Mgs::*handler)(Call, const Request&);

  static const Operation* find(uint32_t opcode);
};

// CONNECT, DISCONNECT and PING are the service's; what is not here is answered with ENOTSUPP.
const Mgs::Operation* Mgs::Operation::find(uint32_t wanted) {
  static constexpr auto kTable = std::to_array<Operation>({
      {opcode::kLdlmEnqueue, &Mgs::on_enqueue},
      {opcode::kLdlmCancel, &Mgs::on_cancel},
      {opcode::kMgsTargetReg, &Mgs::on_change},
      {opcode::kMgsSetInfo, &Mgs::on_change},
      {opcode::kLlogOriginHandleCreate, &Mgs::on_log_create},
      {opcode::kLlogOriginHandleNextBlock, &Mgs::on_log_block},
      {opcode::kLlogOriginHandleReadHeader, &Mgs::on_log_header},
      {opcode::kLlogOriginHandlePrevBlock, &Mgs::on_log_block},
      {opcode::kLlogOriginHandleDestroy, &Mgs::on_log_destroy},
  });
  const auto found = std::ranges::find(kTable, wanted, &Operation::opcode);
  return found == kTable.end() ? nullptr : &*found;
}

namespace {

// 2.0 sends a lock value of 40 zero bytes along.
struct EnqueuedForm {
  Dialect dialect;
  void (*encode)(const LdlmReply& lock, MessageBuilder& message);
};
constexpr auto kEnqueued = std::to_array<EnqueuedForm>({
    {Dialect::v1_8,
     [](const LdlmReply& lock, MessageBuilder& message) {
       protocol::operations_1_8::LdlmEnqueuePlain::Reply{.lock = lock}.encode(message);
     }},
    {Dialect::v2_0,
     [](const LdlmReply& lock, MessageBuilder& message) {
       operations::LdlmEnqueuePlain::Reply{.lock = lock, .lvb = protocol::ldlm::OstLvb{}}.encode(
           message);
     }},
});

}  // namespace

Mgs::Mgs(const Config& config, const Store& store)
    : config_(config),
      endpoint_(config),
      service_(config, TargetKind::mgs, store),
      locks_(config),
      callbacks_(config) {
  restore(store);
}

void Mgs::start(Time now, Actions& out) {
  Turn turn{now, endpoint_, out};
  LockNews news;
  service_.start(turn);
  settle({turn, news});
}

void Mgs::step(Time now, const Event& event, Actions& out) {
  Turn turn{now, endpoint_, out};
  LockNews news;
  const LockContext locking{turn, service_, locks_};
  if (const auto* received = std::get_if<Received>(&event)) {
    Incoming incoming = endpoint_.receive(received->from, received->message, out);
    if (auto* request = std::get_if<RequestIn>(&incoming)) {
      service_.accept(turn, std::move(*request));
    } else if (const auto* reply = std::get_if<ReplyIn>(&incoming)) {
      callbacks_.receive(locking, *reply, news);
    }
  } else if (const auto* lost = std::get_if<PeerLost>(&event)) {
    endpoint_.lost(lost->peer);
  } else if (const auto* fired = std::get_if<TimerFired>(&event)) {
    if (!service_.fired(turn, fired->timer)) callbacks_.fired(locking, fired->timer);
  } else if (const auto* durable = std::get_if<Durable>(&event)) {
    service_.durable(turn, durable->up_to);
    end_change({turn, news});
  } else if (const auto* asked = std::get_if<Asked>(&event)) {
    Result result;
    if (const auto* evict = std::get_if<Evict>(&asked->order)) {
      service_.evict_uuid(turn, evict->uuid, "an operator asked for it");
    } else if (const auto* by_nid = std::get_if<EvictNid>(&asked->order)) {
      service_.evict_nid(turn, by_nid->nid, "an operator asked for it, by NID");
    } else if (const auto* down = std::get_if<Unmount>(&asked->order)) {
      service_.unmount(turn, down->force);
    } else if (const auto* hold = std::get_if<HoldConnects>(&asked->order)) {
      service_.hold_connects(hold->on);
    } else if (!std::holds_alternative<AbortRecovery>(asked->order)) {
      result.status = -EOPNOTSUPP;
    }
    out.push_back(Answer{asked->id, std::move(result)});
  }
  settle({turn, news});
}

// Until nothing is left to do: what was accepted, and who waited for the configuration's lock.
void Mgs::settle(Call call) {
  const LockContext locking{call.turn, service_, locks_};
  for (;;) {
    if (std::optional<Work> work = service_.next(call.turn)) {
      if (const auto* request = std::get_if<Request>(&*work)) {
        run(call, *request);
      } else if (auto* connecting = std::get_if<Connecting>(&*work)) {
        service_.answer(call.turn, *connecting);
      } else if (const auto* gone = std::get_if<ClientGone>(&*work)) {
        drop_changes(call, gone->export_id);
        callbacks_.client_gone(locking, gone->export_id, call.news);
      }
    } else if (!call.news.granted.empty()) {
      call.news.granted.erase(call.news.granted.begin());
      if (!changes_.empty() && changes_.front().commit == 0) carry_out(call);
    } else {
      break;
    }
  }
}

void Mgs::run(Call call, const Request& request) {
  const Operation* operation = Operation::find(request.opcode);
  if (operation == nullptr) return service_.refuse(call.turn, request, kNotSupported);
  (this->*operation->handler)(call, request);
}

// --- the configuration's lock ---

void Mgs::on_enqueue(Call call, const Request& request) {
  const auto asked = operations::LdlmEnqueuePlain::Request::decode(request.message);
  if (!asked) return service_.refuse(call.turn, request, -EPROTO);
  const auto wanted = lock_request(asked->lock, request.export_id, request.from, request.resent);
  if (!wanted || wanted->type != LockType::plain) {
    return service_.refuse(call.turn, request, -EFAULT);
  }
  LockEffects effects;
  const EnqueueResult result = locks_.enqueue(*wanted, effects);
  Reply reply = service_.reply(request);
  reply.status = result.status;
  const auto form = std::ranges::find(kEnqueued, config_.dialect, &EnqueuedForm::dialect);
  if (result.kind != EnqueueResult::Kind::refused) form->encode(lock_reply(result), reply.message);
  service_.finish(call.turn, request, reply);
  callbacks_.apply({call.turn, service_, locks_}, effects, call.news);
}

void Mgs::on_cancel(Call call, const Request& request) {
  callbacks_.on_cancel({call.turn, service_, locks_}, request, call.news);
}

// --- reading logs ---

void Mgs::on_log_create(Call call, const Request& request) {
  const auto asked = operations::LlogOriginHandleCreate::Request::decode(request.message);
  if (!asked) return service_.refuse(call.turn, request, -EPROTO);
  const LlogFile* log =
      asked->name.empty() ? find_log(asked->body.logid) : open_log(std::string(asked->name));
  if (log == nullptr) return service_.refuse(call.turn, request, -ENOENT);
  Reply reply = service_.reply(request);
  operations::LlogOriginHandleCreate::Reply answer{.body = asked->body};
  answer.body.logid = log->id();
  answer.encode(reply.message);
  service_.finish(call.turn, request, reply);
}

void Mgs::on_log_header(Call call, const Request& request) {
  const auto asked = operations::LlogOriginHandleReadHeader::Request::decode(request.message);
  if (!asked) return service_.refuse(call.turn, request, -EPROTO);
  const LlogFile* log = find_log(asked->body.logid);
  if (log == nullptr) return service_.refuse(call.turn, request, -ENOENT);
  Reply reply = service_.reply(request);
  operations::LlogOriginHandleReadHeader::Reply{.header = log->header()}.encode(reply.message);
  service_.finish(call.turn, request, reply);
}

// NEXT_BLOCK and PREV_BLOCK: the chunk with the record wanted, which is the first one to be read
// forward, the last one backward.
void Mgs::on_log_block(Call call, const Request& request) {
  const auto asked = operations::LlogOriginHandleNextBlock::Request::decode(request.message);
  if (!asked) return service_.refuse(call.turn, request, -EPROTO);
  const LlogFile* log = find_log(asked->body.logid);
  if (log == nullptr) return service_.refuse(call.turn, request, -ENOENT);
  const auto block = log->block(asked->body.index);
  if (!block) return service_.refuse(call.turn, request, -EIO);
  Reply reply = service_.reply(request);
  operations::LlogOriginHandleNextBlock::Reply answer{.body = asked->body, .data = block->data};
  answer.body.saved_index = block->last_index;
  answer.body.len = LlogFile::kChunk;
  answer.body.cur_offset = block->end;
  answer.encode(reply.message);
  service_.finish(call.turn, request, reply);
}

// A configuration log goes with its file system only.
void Mgs::on_log_destroy(Call call, const Request& request) {
  service_.refuse(call.turn, request, -EPERM);
}

LlogFile* Mgs::find_log(std::string_view name) {
  const auto log = std::ranges::find(logs_, name, &LlogFile::name);
  return log == logs_.end() ? nullptr : &*log;
}

LlogFile* Mgs::find_log(const llog::LlogLogid& id) {
  const auto log = std::ranges::find(logs_, id, &LlogFile::id);
  return log == logs_.end() ? nullptr : &*log;
}

// As on Lustre's, a log that was never written is an empty one; it comes to the disk with its
// first record.
LlogFile* Mgs::open_log(const std::string& name) {
  constexpr size_t kNameMax = 128;
  if (LlogFile* log = find_log(name)) return log;
  if (name.empty() || name.size() > kNameMax || logs_.size() >= kLogsMax) return nullptr;
  logs_.emplace_back(name, static_cast<uint64_t>(config_.wall_clock_base_s));
  written_.push_back(0);
  return &logs_.back();
}

void Mgs::invariants() const {
  service_.invariants();
  locks_.invariants();
  callbacks_.invariants();
  CHECK(logs_.size() == written_.size());
  for (size_t i = 0; i < logs_.size(); ++i) CHECK(written_[i] == logs_[i].last_index());
  CHECK(std::ranges::is_sorted(targets_, std::ranges::less_equal{}, &RegisteredTarget::name));
  CHECK(changes_.empty() == (lock_ == 0));
  CHECK(changes_.size() <= kChangesMax);
}

}  // namespace reference
