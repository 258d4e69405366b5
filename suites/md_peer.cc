#include "suites/md_peer.h"

#include <ranges>

#include "protocol/fid.h"
#include "protocol/ldlm.h"
#include "protocol/mds.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "suites/conformance.h"

namespace suites {

namespace ldlm = protocol::ldlm;
namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace open_flag = protocol::mds::open_flag;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
using harness::kMds;

namespace {

constexpr uint32_t kReintCreate = 2, kReintUnlink = 4, kReintOpen = 6;
constexpr uint32_t kDirectory = 0040755, kRegular = 0100644;
constexpr uint64_t kTime = 1'300'000'000;

protocol::fid::LlFid ll(FileId id) { return {.id = id.sequence, .generation = id.object}; }
protocol::fid::LuFid lu(FileId id) {
  return {.seq = id.sequence, .oid = id.object, .ver = id.version};
}
void to_wire(FileId id, protocol::fid::LlFid& fid) { fid = ll(id); }
void to_wire(FileId id, protocol::fid::LuFid& fid) { fid = lu(id); }
FileId id_of(const protocol::fid::LlFid& fid) { return {fid.id, fid.generation, 0}; }
FileId id_of(const protocol::fid::LuFid& fid) { return {fid.seq, fid.oid, fid.ver}; }

// The body of an answer to an operation: whose file it was.
template <class Operation>
FileId file_in(const Answer& answer) {
  const auto reply = Operation::Reply::decode(answer.message);
  EXPECT_TRUE(reply) << "an answer without its body";
  return reply ? id_of(reply->body.fid1) : FileId{};
}

// The directory that our clients have as their root.
template <class Getstatus, class GetattrName>
FileId root_for(Peer& peer, std::string_view path, const Envelope& envelope) {
  FileId at = file_in<Getstatus>(peer.ask<Getstatus>(kMds, {}, envelope));
  for (const auto part : std::views::split(path, '/')) {
    if (part.empty()) continue;
    typename GetattrName::Request request;
    to_wire(at, request.body.fid1);
    request.body.valid = protocol::mds::valid::kId;
    request.name = std::string_view(part);
    at = file_in<GetattrName>(peer.ask<GetattrName>(kMds, request, envelope));
  }
  return at;
}

// The lock that an open's intent asks for.
ldlm::LdlmRequest lock_for(FileId parent, bool creates) {
  ldlm::LdlmRequest lock;
  lock.lock_flags = ldlm::lock_flag::kHasIntent;
  lock.lock_desc.resource = {.type = ldlm::lock_type::kIbits,
                             .name = {.name = {parent.sequence, parent.object, parent.version, 0}}};
  lock.lock_desc.req_mode = creates ? ldlm::lock_mode::kCw : ldlm::lock_mode::kCr;
  protocol::set_overlay(lock.lock_desc.policy_data,
                        ldlm::LdlmInodebits{.bits = ldlm::inodebit::kUpdate});
  return lock;
}

template <class Operation>
void take_open(Opened& opened, const Answer& answer) {
  const auto reply = Operation::Reply::decode(answer.message);
  EXPECT_TRUE(reply) << "an open's answer that cannot be read";
  if (!reply) return;
  opened.status = static_cast<int32_t>(static_cast<int64_t>(reply->lock.lock_policy_res2));
  opened.child = id_of(reply->body.fid1);
  opened.handle = reply->body.handle.cookie;
  opened.md = protocol::Bytes(reply->md);
}

}  // namespace

MdPeer::MdPeer(Conformance& conformance)
    : conformance_(conformance),
      peer_(conformance.peer()),
      old_(conformance.dialect() == Dialect::v1_8) {}

void MdPeer::connect() {
  EXPECT_EQ(peer_.connect(kMds).status(), 0) << "CONNECT";
  const std::string path = conformance_.world().root();
  root_ = old_ ? root_for<v1_8::MdsGetstatus, v1_8::MdsGetattrName>(peer_, path, envelope())
               : root_for<v2_0::MdsGetstatus, v2_0::MdsGetattrName>(peer_, path, envelope());
  if (old_) return;
  v2_0::SeqQuery::Request wanted;
  wanted.op = protocol::fid::seq_op::kAllocMeta;
  const Answer given = peer_.ask<v2_0::SeqQuery>(kMds, wanted, envelope());
  const auto range = v2_0::SeqQuery::Reply::decode(given.message);
  EXPECT_TRUE(range) << "SEQ_QUERY";
  if (range) sequence_ = range->range.start;
}

Answer MdPeer::reconnect() {
  ++conn_cnt_;
  return peer_.connect(kMds, {.handle = peer_.handle(kMds), .conn_cnt = conn_cnt_, .op_flags = 0});
}

Envelope MdPeer::envelope(uint32_t flags, uint64_t transno) const {
  Envelope envelope;
  envelope.conn_cnt = conn_cnt_;
  envelope.flags = flags;
  envelope.transno = transno;
  return envelope;
}

FileId MdPeer::next_child() { return old_ ? FileId{} : FileId{sequence_, ++objects_, 0}; }

void MdPeer::take(Made& made, const Answer& answer) const {
  made.status = answer.status();
  made.transno = answer.transno();
  made.versions = answer.message.body().pre_versions;
}

// --- directories ---

uint64_t MdPeer::post_mkdir(const Made& made, bool replay, Envelope envelope) {
  if (old_) {
    v1_8::MdsReintCreate::Request request;
    request.record.opcode = kReintCreate;
    request.record.mode = kDirectory;
    request.record.time = kTime;
    request.record.fid = ll(made.parent);
    if (replay) request.record.replayfid = ll(made.child);
    request.name = made.name;
    return peer_.send<v1_8::MdsReintCreate>(kMds, request, envelope);
  }
  v2_0::MdsReintCreate::Request request;
  request.record.opcode = kReintCreate;
  request.record.mode = kDirectory;
  request.record.time = kTime;
  request.record.fid1 = lu(made.parent);
  request.record.fid2 = lu(made.child);
  request.name = made.name;
  request.elc = ldlm::LdlmRequest{};
  return peer_.send<v2_0::MdsReintCreate>(kMds, request, envelope);
}

Made MdPeer::mkdir(FileId parent, std::string_view name) {
  Made made;
  made.name = name;
  made.parent = parent;
  made.child = next_child();
  made.xid = post_mkdir(made, false, envelope());
  const Answer answer = peer_.answer_to(made.xid);
  take(made, answer);
  if (made.status == 0 && old_) made.child = file_in<v1_8::MdsReintCreate>(answer);
  return made;
}

uint64_t MdPeer::send_mkdir(std::string_view name) {
  Made made;
  made.name = name;
  made.parent = root_;
  made.child = next_child();
  return post_mkdir(made, false, envelope());
}

uint64_t MdPeer::send_again(const Made& made, uint32_t flags) {
  const bool replay = (flags & msg_flag::kReplay) != 0;
  Envelope again = envelope(flags, replay ? made.transno : 0);
  again.xid = made.xid;
  if (replay) again.versions = made.versions;
  return post_mkdir(made, replay, again);
}

Answer MdPeer::unlink(std::string_view name) {
  if (old_) {
    v1_8::MdsReintUnlink::Request request;
    request.record.opcode = kReintUnlink;
    request.record.fid1 = ll(root_);
    request.record.time = kTime;
    request.name = name;
    return peer_.ask<v1_8::MdsReintUnlink>(kMds, request, envelope());
  }
  v2_0::MdsReintUnlink::Request request;
  request.record.opcode = kReintUnlink;
  request.record.fid1 = lu(root_);
  request.record.time = kTime;
  request.name = name;
  request.elc = ldlm::LdlmRequest{};
  return peer_.ask<v2_0::MdsReintUnlink>(kMds, request, envelope());
}

// --- files ---

uint64_t MdPeer::post_open(const Opened& opened, bool replay, Envelope envelope) {
  const bool creates = (opened.flags & open_flag::kCreat) != 0;
  ldlm::LdlmIntent intent;
  intent.opc = creates ? ldlm::intent_op::kOpen | ldlm::intent_op::kCreat : ldlm::intent_op::kOpen;
  if (old_) {
    v1_8::LdlmEnqueueIntentOpen::Request request;
    request.lock = lock_for(opened.parent, creates);
    request.intent = intent;
    request.record.opcode = kReintOpen;
    request.record.flags = opened.flags;
    request.record.mode = kRegular;
    request.record.time = kTime;
    request.record.fid = ll(opened.parent);
    if (replay) request.record.replayfid = ll(opened.child);
    request.name = opened.name;
    if (replay) request.eadata = opened.md.view();
    return peer_.send<v1_8::LdlmEnqueueIntentOpen>(kMds, request, envelope);
  }
  v2_0::LdlmEnqueueIntentOpen::Request request;
  request.lock = lock_for(opened.parent, creates);
  request.intent = intent;
  request.record.opcode = kReintOpen;
  request.record.flags = opened.flags;
  request.record.mode = kRegular;
  request.record.time = kTime;
  request.record.fid1 = lu(opened.parent);
  request.record.fid2 = lu(opened.child);
  if (replay) request.record.old_handle = {opened.handle};
  request.name = opened.name;
  if (replay) request.eadata = opened.md.view();
  return peer_.send<v2_0::LdlmEnqueueIntentOpen>(kMds, request, envelope);
}

Opened MdPeer::open(std::string_view name, uint32_t flags) {
  Opened opened;
  opened.name = name;
  opened.parent = root_;
  opened.flags = flags;
  if ((flags & open_flag::kCreat) != 0) opened.child = next_child();
  opened.xid = post_open(opened, false, envelope());
  const Answer answer = peer_.answer_to(opened.xid);
  take(opened, answer);
  if (old_) {
    take_open<v1_8::LdlmEnqueueIntentOpen>(opened, answer);
  } else {
    take_open<v2_0::LdlmEnqueueIntentOpen>(opened, answer);
  }
  return opened;
}

uint64_t MdPeer::send_replay(const Opened& opened) {
  Envelope again = envelope(msg_flag::kReplay, opened.transno);
  again.xid = opened.xid;
  again.versions = opened.versions;
  return post_open(opened, true, again);
}

uint64_t MdPeer::handle_in(const Answer& answer) const {
  Opened opened;
  if (old_) {
    take_open<v1_8::LdlmEnqueueIntentOpen>(opened, answer);
  } else {
    take_open<v2_0::LdlmEnqueueIntentOpen>(opened, answer);
  }
  return opened.status < 0 ? 0 : opened.handle;
}

uint64_t MdPeer::send_close(uint64_t handle, Envelope envelope) {
  if (old_) {
    v1_8::MdsClose::Request request;
    request.body.handle.cookie = handle;
    return peer_.send<v1_8::MdsClose>(kMds, request, envelope);
  }
  v2_0::MdsClose::Request request;
  request.ioepoch.handle.cookie = handle;
  request.record.opcode = 1;
  return peer_.send<v2_0::MdsClose>(kMds, request, envelope);
}

uint64_t MdPeer::send_last_ping() {
  uint32_t flags = msg_flag::kReqReplayDone | msg_flag::kLockReplayDone;
  if (old_) flags |= msg_flag::kLastReplay;
  return peer_.send<v2_0::ObdPing>(kMds, {}, envelope(flags));
}

}  // namespace suites
