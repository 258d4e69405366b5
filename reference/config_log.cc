#include "reference/config_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/codec.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "reference/derive.h"

namespace reference {

// These requests are the same in both dialects (facts: rpc-formats).
namespace operations = protocol::operations_2_0;
namespace operation_1_8 = protocol::operations_1_8;
namespace ldlm = protocol::ldlm;
namespace llog = protocol::llog;
using protocol::Message;

namespace {

constexpr uint32_t kChunk = 8192;  // LLOG_CHUNK_SIZE

}  // namespace

ConfigLog::ConfigLog(std::string fsname, std::string log_name)
    : fsname_(std::move(fsname)), log_name_(std::move(log_name)) {}

bool ConfigLog::handle(const ImportContext& context, Import& mgs, const ImportEvent& event) {
  if (event.import != mgs.number()) return false;
  switch (event.kind) {
    case ImportEvent::Kind::connected:
      if (lock_ == 0 && stage_ == Stage::idle) enqueue(context, mgs);
      return false;
    case ImportEvent::Kind::evicted:
      lock_ = 0;
      server_lock_ = 0;
      stage_ = Stage::idle;
      request_ = 0;
      return false;
    case ImportEvent::Kind::completed:
      break;
    case ImportEvent::Kind::replayed:
    case ImportEvent::Kind::want_locks:
    case ImportEvent::Kind::locks_lost:
    case ImportEvent::Kind::refused:
    case ImportEvent::Kind::closed:
      return false;
  }
  if (event.request != request_ || request_ == 0) return false;
  request_ = 0;
  if (!event.reply || event.status < 0) {
    finish(context, mgs, event.status < 0 ? event.status : -EPROTO);
  } else {
    on_reply(context, mgs, *event.reply);
  }
  return true;
}

void ConfigLog::enqueue(const ImportContext& context, Import& mgs) {
  lock_ = derive(context.config, Purpose::lock_handle, context.config.mgs, ++lock_count_);
  server_lock_ = 0;
  operations::LdlmEnqueuePlain::Request request;
  request.lock.lock_count = 1;
  request.lock.lock_desc.resource.type = ldlm::lock_type::kPlain;
  uint64_t name = 0;
  std::memcpy(&name, fsname_.data(), std::min<size_t>(fsname_.size(), sizeof name));
  request.lock.lock_desc.resource.name.name[0] = name;
  request.lock.lock_desc.req_mode = ldlm::lock_mode::kCr;
  request.lock.lock_handle[0].cookie = lock_;
  stage_ = Stage::enqueue;
  request_ = mgs.submit(context, make_request<operations::LdlmEnqueuePlain>(request, 2, 152));
}

void ConfigLog::on_reply(const ImportContext& context, Import& mgs, const Message& reply) {
  switch (stage_) {
    case Stage::enqueue:
      on_enqueued(context, mgs, reply);
      return;
    case Stage::create: {
      const auto created = operations::LlogOriginHandleCreate::Reply::decode(reply);
      if (!created) return finish(context, mgs, -EPROTO);
      logid_ = created->body.logid;
      operations::LlogOriginHandleReadHeader::Request request;
      request.body.logid = logid_;
      request.body.llh_flags = llog::llog_flag::kIsPlain;
      stage_ = Stage::header;
      request_ = mgs.submit(
          context, make_request<operations::LlogOriginHandleReadHeader>(request, 1, kChunk));
      return;
    }
    case Stage::header:
      on_header(context, mgs, reply);
      return;
    case Stage::blocks:
      on_block(context, mgs, reply);
      return;
    case Stage::idle:
    case Stage::wait_grant:
      return;
  }
}

void ConfigLog::on_enqueued(const ImportContext& context, Import& mgs, const Message& reply) {
  const auto enqueued = operations::LdlmEnqueuePlain::Reply::decode(reply);
  if (!enqueued) return finish(context, mgs, -EPROTO);
  if (reply.body().status != 0) return finish(context, mgs, -EINVAL);
  server_lock_ = enqueued->lock.lock_handle.cookie;
  if ((enqueued->lock.lock_flags & ldlm::lock_flag::kAstSent) != 0) again_ = true;
  constexpr uint32_t kBlocked =
      ldlm::lock_flag::kBlockGranted | ldlm::lock_flag::kBlockWait | ldlm::lock_flag::kBlockConv;
  if (enqueued->lock.lock_desc.granted_mode == 0 && (enqueued->lock.lock_flags & kBlocked) != 0) {
    stage_ = Stage::wait_grant;
  } else {
    read_again(context, mgs);
  }
}

void ConfigLog::read_again(const ImportContext& context, Import& mgs) {
  again_ = false;
  blocks_ = 0;
  operations::LlogOriginHandleCreate::Request request;
  request.name = log_name_;
  stage_ = Stage::create;
  request_ = mgs.submit(context, make_request<operations::LlogOriginHandleCreate>(
                                     request, 1, llog::LlogdBody::kSize));
}

void ConfigLog::on_header(const ImportContext& context, Import& mgs, const Message& reply) {
  const auto read = operations::LlogOriginHandleReadHeader::Reply::decode(reply);
  if (!read || read->header.hdr.type != llog::llog_rec_type::kLlogHdrMagic) {
    return finish(context, mgs, -EPROTO);
  }
  constexpr uint32_t kIndexMax = sizeof(llog::LlogLogHdr::bitmap) * 8;
  last_index_ = std::min(read->header.tail.index, kIndexMax);
  saved_index_ = 0;
  offset_ = kChunk;
  next_block(context, mgs);
}

void ConfigLog::next_block(const ImportContext& context, Import& mgs) {
  if (next_index_ > last_index_) return finish(context, mgs, 0);
  if (++blocks_ > kBlocksMax) return finish(context, mgs, -EPROTO);
  operations::LlogOriginHandleNextBlock::Request request;
  request.body.logid = logid_;
  request.body.llh_flags = llog::llog_flag::kIsPlain;
  request.body.index = next_index_;
  request.body.saved_index = saved_index_;
  request.body.len = kChunk;
  request.body.cur_offset = offset_;
  stage_ = Stage::blocks;
  request_ = mgs.submit(context, make_request<operations::LlogOriginHandleNextBlock>(
                                     request, 2, llog::LlogdBody::kSize + kChunk));
}

void ConfigLog::on_block(const ImportContext& context, Import& mgs, const Message& reply) {
  const auto block = operations::LlogOriginHandleNextBlock::Reply::decode(reply);
  const uint32_t before = next_index_;
  if (!block || !take_records(block->data) || next_index_ == before) {
    return finish(context, mgs, -EPROTO);
  }
  saved_index_ = block->body.saved_index;
  offset_ = block->body.cur_offset;
  next_block(context, mgs);
}

// False when the bytes are no records. Those taken before are left out.
bool ConfigLog::take_records(protocol::ByteView data) {
  while (data.size() >= llog::LlogRecHdr::kSize) {
    const auto header = protocol::decode<llog::LlogRecHdr>(data);
    if (header->len == 0) break;  // the rest of a chunk that was not written yet
    if (header->len > data.size() || header->len % 8 != 0 ||
        header->len < llog::LlogRecHdr::kSize + llog::LlogRecTail::kSize) {
      return false;
    }
    if (header->index >= next_index_ && header->index <= last_index_) {
      if (!parsed_.apply(data.first(header->len))) return false;
      next_index_ = header->index + 1;
    }
    data = data.subspan(header->len);
  }
  return true;
}

void ConfigLog::finish(const ImportContext& context, Import& mgs, int32_t status) {
  const bool enqueue_failed = stage_ == Stage::enqueue;
  stage_ = Stage::idle;
  request_ = 0;
  status_ = status;
  if (status == 0) {
    complete_ = true;
    ++revision_;
  }
  if (enqueue_failed) {
    lock_ = 0;
  } else if (again_) {
    drop_lock(context, mgs);
    enqueue(context, mgs);
  }
}

void ConfigLog::drop_lock(const ImportContext& context, Import& mgs) {
  again_ = false;
  if (server_lock_ == 0) return;
  operations::LdlmCancel::Request request;
  request.lock.lock_count = 1;
  request.lock.lock_handle[0].cookie = server_lock_;
  OutgoingRequest cancel = make_request<operations::LdlmCancel>(request, 0, 0);
  cancel.no_resend = true;
  mgs.submit(context, std::move(cancel));
  lock_ = 0;
  server_lock_ = 0;
}

bool ConfigLog::on_callback(const ImportContext& context, Import& mgs, const RequestIn& in) {
  const auto message = Message::parse(in.message);
  if (!message || lock_ == 0 || message->body().handle.cookie != mgs.client_cookie()) return false;
  const auto request = operation_1_8::LdlmCpCallback::Request::decode(*message);
  if (!request || request->lock.lock_handle[0].cookie != lock_) return false;
  protocol::ptlrpc::PtlrpcBody body;
  body.type = protocol::ptlrpc::msg_type::kReply;
  body.version = message->body().version;
  body.opc = message->body().opc;
  protocol::MessageBuilder builder(body);
  const bool adaptive = (message->header().flags & protocol::ptlrpc::msghdr_flag::kAtSupport) != 0;
  context.endpoint.send_reply(in.from, operations::LdlmBlCallback::kReplyPortal, in.xid,
                              adaptive ? 192 : 0, builder.finish(), context.out);
  if (message->body().opc == operations::LdlmCpCallback::kOpcode) {
    if (stage_ == Stage::wait_grant) read_again(context, mgs);
    if ((request->lock.lock_flags & ldlm::lock_flag::kAstSent) != 0) again_ = true;
  } else if (message->body().opc == operations::LdlmBlCallback::kOpcode) {
    again_ = true;
    if (stage_ == Stage::idle) {
      drop_lock(context, mgs);
      enqueue(context, mgs);
    }
  }
  return true;
}

}  // namespace reference
