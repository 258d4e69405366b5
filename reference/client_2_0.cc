// The client's requests and replies in the 2.0 dialect.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "protocol/codec.h"
#include "protocol/fid.h"
#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/client_dialect.h"
#include "reference/client_ost_requests.h"
#include "reference/directory_pages.h"

namespace reference {

namespace operation = protocol::operations_2_0;
namespace md = protocol::mds_2_0;
namespace mds = protocol::mds;
namespace flag = protocol::ptlrpc::connect_flag;
using protocol::ByteView;
using protocol::Message;

namespace {

constexpr uint32_t kSuppgidNone = 0xffffffff;

protocol::fid::LuFid wire(Fid fid) { return {.seq = fid.seq, .oid = fid.oid, .ver = fid.ver}; }
Fid neutral(const protocol::fid::LuFid& fid) { return {fid.seq, fid.oid, fid.ver}; }

md::MdtBody body_of(const MdRequest& request) {
  md::MdtBody body;
  body.fid1 = wire(request.fid);
  body.valid = request.valid | mds::valid::kId;
  body.fsuid = body.uid = request.fsuid;
  body.fsgid = body.gid = request.fsgid;
  body.suppgid = kSuppgidNone;
  body.eadatasize = request.room;
  return body;
}

// The beginning that all records have.
template <class Record>
Record record_of(const MdRequest& request, uint32_t opcode) {
  Record record;
  record.opcode = opcode;
  record.fsuid = request.fsuid;
  record.fsgid = request.fsgid;
  if constexpr (requires { record.suppgid1; }) {
    record.suppgid1 = kSuppgidNone;
    record.suppgid2 = kSuppgidNone;
  } else {
    record.suppgid = kSuppgidNone;
  }
  if constexpr (requires { record.time; }) record.time = static_cast<uint64_t>(request.time);
  return record;
}

md::MdtRecSetattr setattr_record(const MdRequest& request) {
  auto record = record_of<md::MdtRecSetattr>(request, mds::reint_op::kSetattr);
  record.fid = wire(request.fid);
  record.valid = request.valid;
  record.uid = request.uid;
  record.gid = request.gid;
  record.size = request.size;
  record.blocks = request.blocks;
  record.mtime = static_cast<uint64_t>(request.mtime);
  record.atime = static_cast<uint64_t>(request.atime);
  record.ctime = static_cast<uint64_t>(request.time);
  record.mode = request.mode;
  return record;
}

md::MdtIoepoch epoch_of(const MdRequest& request) {
  return {.handle = {.cookie = request.handle},
          .ioepoch = request.ioepoch,
          .flags = request.epoch_flags};
}

template <class Operation>
OutgoingRequest close(const MdRequest& request) {
  typename Operation::Request buffers;
  buffers.ioepoch = epoch_of(request);
  buffers.record = setattr_record(request);
  return make_request<Operation>(buffers, 5, md::MdtBody::kSize + kEaRoom + 32 * 160);
}

OutgoingRequest setattr(const MdRequest& request) {
  operation::MdsReintSetattr::Request buffers;
  buffers.record = setattr_record(request);
  if (request.epoch_flags != 0) buffers.ioepoch = epoch_of(request);
  buffers.elc.emplace();
  OutgoingRequest outgoing =
      make_request<operation::MdsReintSetattr>(buffers, 5, md::MdtBody::kSize + kEaRoom + kAclRoom);
  if ((request.valid & mds::attr::kFromOpen) != 0) {
    outgoing.request_portal = operation::MdsReintSetattr::kAltRequestPortal;
  }
  outgoing.replay_always = (request.epoch_flags & md::epoch_flag::kEpochOpen) != 0;
  return outgoing;
}

md::MdtRecCreate create_record(const MdRequest& request, uint32_t opcode) {
  auto record = record_of<md::MdtRecCreate>(request, opcode);
  record.fid1 = wire(request.parent);
  record.fid2 = wire(request.fid);
  record.mode = request.mode;
  record.rdev = request.rdev;
  record.bias = mds::bias::kCheckSplit;
  return record;
}

OutgoingRequest create(const MdRequest& request) {
  operation::MdsReintCreate::Request buffers;
  buffers.record = create_record(request, mds::reint_op::kCreate);
  buffers.name = request.name;
  buffers.eadata = request.data;
  buffers.elc.emplace();
  return make_request<operation::MdsReintCreate>(buffers, 2, md::MdtBody::kSize);
}

OutgoingRequest symlink(const MdRequest& request) {
  operation::MdsReintSymlink::Request buffers;
  buffers.record = create_record(request, mds::reint_op::kCreate);
  buffers.name = request.name;
  buffers.target = request.source_name;
  buffers.elc.emplace();
  return make_request<operation::MdsReintSymlink>(buffers, 2, md::MdtBody::kSize);
}

OutgoingRequest link(const MdRequest& request) {
  operation::MdsReintLink::Request buffers;
  buffers.record = record_of<md::MdtRecLink>(request, mds::reint_op::kLink);
  buffers.record.fid1 = wire(request.fid);
  buffers.record.fid2 = wire(request.parent);
  buffers.name = request.name;
  buffers.elc.emplace();
  return make_request<operation::MdsReintLink>(buffers, 1, md::MdtBody::kSize);
}

OutgoingRequest unlink(const MdRequest& request) {
  operation::MdsReintUnlink::Request buffers;
  buffers.record = record_of<md::MdtRecUnlink>(request, mds::reint_op::kUnlink);
  buffers.record.fid1 = wire(request.parent);
  buffers.record.fid2 = wire(request.fid);
  buffers.record.mode = request.flags;
  buffers.record.bias = mds::bias::kCheckSplit;
  buffers.name = request.name;
  buffers.elc.emplace();
  return make_request<operation::MdsReintUnlink>(buffers, 5,
                                                 md::MdtBody::kSize + kEaRoom + 32 * 160);
}

OutgoingRequest rename(const MdRequest& request) {
  operation::MdsReintRename::Request buffers;
  buffers.record = record_of<md::MdtRecRename>(request, mds::reint_op::kRename);
  buffers.record.fid1 = wire(request.source_parent);
  buffers.record.fid2 = wire(request.parent);
  buffers.record.mode = request.mode;
  buffers.old_name = request.source_name;
  buffers.new_name = request.name;
  buffers.elc.emplace();
  return make_request<operation::MdsReintRename>(buffers, 5,
                                                 md::MdtBody::kSize + kEaRoom + 32 * 160);
}

OutgoingRequest setxattr(const MdRequest& request) {
  operation::MdsReintSetxattr::Request buffers;
  buffers.record = record_of<md::MdtRecSetxattr>(request, mds::reint_op::kSetxattr);
  buffers.record.fid = wire(request.fid);
  buffers.record.valid = request.remove ? mds::valid::kXattrRm : mds::valid::kXattr;
  buffers.record.size = static_cast<uint32_t>(request.data.size());
  buffers.record.flags = request.flags;
  buffers.name = request.name;
  buffers.eadata = request.data;
  return make_request<operation::MdsReintSetxattr>(buffers, 1, md::MdtBody::kSize);
}

OutgoingRequest getxattr(const MdRequest& request) {
  operation::MdsGetxattr::Request buffers;
  buffers.body = body_of(request);
  buffers.name = request.name;
  return make_request<operation::MdsGetxattr>(buffers, 2, md::MdtBody::kSize + request.room);
}

OutgoingRequest readpage(const MdRequest& request) {
  operation::MdsReadpage::Request buffers;
  buffers.body = body_of(request);
  buffers.body.size = request.size;
  buffers.body.nlink = kDirectoryPageSize;
  buffers.body.mode = md::luda_bit::kFid | md::luda_bit::kType;
  OutgoingRequest outgoing = make_request<operation::MdsReadpage>(buffers, 1, md::MdtBody::kSize);
  outgoing.bulk = OutgoingRequest::Bulk::sink;
  outgoing.bulk_portal = operation::MdsReadpage::kBulkPortal;
  outgoing.sink_length = kDirectoryPageSize;
  return outgoing;
}

OutgoingRequest open(const MdRequest& request) {
  operation::LdlmEnqueueIntentOpen::Request buffers;
  buffers.lock = request.lock;
  buffers.intent.opc =
      protocol::ldlm::intent_op::kOpen |
      ((request.flags & mds::open_flag::kCreat) != 0 ? protocol::ldlm::intent_op::kCreat : 0);
  buffers.record = create_record(request, mds::reint_op::kOpen);
  buffers.record.flags = request.flags;
  buffers.name = request.name;
  buffers.eadata = request.data;
  OutgoingRequest outgoing = make_request<operation::LdlmEnqueueIntentOpen>(
      buffers, 6, protocol::ldlm::LdlmReply::kSize + md::MdtBody::kSize + kEaRoom + kAclRoom);
  outgoing.replay_always = true;
  return outgoing;
}

template <class Operation>
OutgoingRequest intent(const MdRequest& request, uint64_t opcode) {
  typename Operation::Request buffers;
  buffers.lock = request.lock;
  buffers.intent.opc = opcode;
  buffers.body = body_of(request);
  buffers.body.fid1 = wire(request.parent);
  buffers.body.fid2 = wire(request.fid);
  buffers.name = request.name;
  return make_request<Operation>(
      buffers, 5, protocol::ldlm::LdlmReply::kSize + md::MdtBody::kSize + kEaRoom + kAclRoom);
}

OutgoingRequest metadata(MdOp op, const MdRequest& request) {
  switch (op) {
    case MdOp::getstatus:
      return make_request<operation::MdsGetstatus>({}, 2, md::MdtBody::kSize);
    case MdOp::getattr: {
      operation::MdsGetattr::Request buffers;
      buffers.body = body_of(request);
      return make_request<operation::MdsGetattr>(
          buffers, 5, md::MdtBody::kSize + std::max(request.room, kEaRoom) + kAclRoom);
    }
    case MdOp::readpage:
      return readpage(request);
    case MdOp::sync: {
      operation::MdsSync::Request buffers;
      buffers.body = body_of(request);
      return make_request<operation::MdsSync>(buffers, 1, md::MdtBody::kSize);
    }
    case MdOp::close:
      return close<operation::MdsClose>(request);
    case MdOp::done_writing:
      return close<operation::MdsDoneWriting>(request);
    case MdOp::setattr:
      return setattr(request);
    case MdOp::create:
      return create(request);
    case MdOp::symlink:
      return symlink(request);
    case MdOp::link:
      return link(request);
    case MdOp::unlink:
      return unlink(request);
    case MdOp::rename:
      return rename(request);
    case MdOp::setxattr:
      return setxattr(request);
    case MdOp::getxattr:
      return getxattr(request);
    case MdOp::open:
      return open(request);
    case MdOp::intent_lookup:
      return intent<operation::LdlmEnqueueIntentLookup>(request,
                                                        protocol::ldlm::intent_op::kLookup);
    case MdOp::intent_getattr:
      return intent<operation::LdlmEnqueueIntentGetattr>(request,
                                                         protocol::ldlm::intent_op::kGetattr);
  }
  return {};
}

// --- replies ---

// What operations' replies have in common, by the names of their buffers.
template <class Operation>
void take(const Message& message, MdReply& out) {
  const auto reply = Operation::Reply::decode(message);
  if (!reply) {
    if (out.status >= 0) out.status = -EPROTO;
    return;
  }
  if constexpr (requires { reply->body; }) out.body = reply->body;
  if constexpr (requires { reply->lock; }) out.lock = reply->lock;
  if constexpr (requires { reply->md; }) out.ea = Bytes(reply->md);
  if constexpr (requires { reply->eadata; }) out.ea = Bytes(reply->eadata);
  if constexpr (requires { reply->logcookies; }) out.cookies = Bytes(reply->logcookies);
}

MdReply parse(MdOp op, const Message& message) {
  MdReply out;
  out.status = message.body().status;
  out.transno = message.body().transno;
  switch (op) {
    case MdOp::getstatus:
      take<operation::MdsGetstatus>(message, out);
      break;
    case MdOp::getattr:
      take<operation::MdsGetattr>(message, out);
      break;
    case MdOp::readpage:
      take<operation::MdsReadpage>(message, out);
      break;
    case MdOp::sync:
      take<operation::MdsSync>(message, out);
      break;
    case MdOp::close:
      take<operation::MdsClose>(message, out);
      break;
    case MdOp::done_writing:
      take<operation::MdsDoneWriting>(message, out);
      break;
    case MdOp::setattr:
      take<operation::MdsReintSetattr>(message, out);
      break;
    case MdOp::create:
      take<operation::MdsReintCreate>(message, out);
      break;
    case MdOp::symlink:
      take<operation::MdsReintSymlink>(message, out);
      break;
    case MdOp::link:
      take<operation::MdsReintLink>(message, out);
      break;
    case MdOp::unlink:
      take<operation::MdsReintUnlink>(message, out);
      break;
    case MdOp::rename:
      take<operation::MdsReintRename>(message, out);
      break;
    case MdOp::setxattr:
      take<operation::MdsReintSetxattr>(message, out);
      break;
    case MdOp::getxattr:
      take<operation::MdsGetxattr>(message, out);
      break;
    case MdOp::open:
      take<operation::LdlmEnqueueIntentOpen>(message, out);
      break;
    case MdOp::intent_lookup:
      take<operation::LdlmEnqueueIntentLookup>(message, out);
      break;
    case MdOp::intent_getattr:
      take<operation::LdlmEnqueueIntentGetattr>(message, out);
      break;
  }
  return out;
}

// --- what is kept for replay ---

Bytes kept_open(const Bytes& bytes, const MdReply& reply) {
  const auto message = Message::parse(bytes);
  auto buffers = operation::LdlmEnqueueIntentOpen::Request::decode(message.value()).value();
  buffers.record.fid2 = reply.body.fid1;
  buffers.record.ioepoch = reply.body.ioepoch;
  buffers.record.old_handle = reply.body.handle;
  buffers.lock.lock_flags |= protocol::ldlm::lock_flag::kIntentOnly;
  if (!reply.ea.empty()) buffers.eadata = reply.ea.view();
  return make_request<operation::LdlmEnqueueIntentOpen>(buffers, 0, 0).message;
}

// The client chose the file's FID: there is nothing to add.
Bytes kept_create(const Bytes& bytes, const MdReply&) { return bytes; }

Bytes kept_close(const Bytes& bytes, uint64_t handle) {
  const auto message = Message::parse(bytes);
  auto buffers = operation::MdsClose::Request::decode(message.value()).value();
  buffers.ioepoch.handle.cookie = handle;
  return make_request<operation::MdsClose>(buffers, 0, 0).message;
}

Bytes kept_truncate(const Bytes& bytes, const MdReply& reply) {
  const auto message = Message::parse(bytes);
  auto buffers = operation::MdsReintSetattr::Request::decode(message.value()).value();
  buffers.ioepoch->handle = reply.body.handle;
  buffers.ioepoch->ioepoch = reply.body.ioepoch;
  return make_request<operation::MdsReintSetattr>(buffers, 0, 0).message;
}

template <class Operation>
Bytes kept_end(const Bytes& bytes, uint64_t handle, bool update_asked) {
  const auto message = Message::parse(bytes);
  auto buffers = Operation::Request::decode(message.value()).value();
  buffers.ioepoch.handle.cookie = handle;
  if (update_asked) buffers.ioepoch.flags |= md::epoch_flag::kSomAu;
  return make_request<Operation>(buffers, 0, 0).message;
}

Bytes kept_epoch_end(const Bytes& bytes, bool done, uint64_t handle, bool update_asked) {
  return done ? kept_end<operation::MdsDoneWriting>(bytes, handle, update_asked)
              : kept_end<operation::MdsClose>(bytes, handle, update_asked);
}

// --- directories ---

bool page(ByteView bytes, uint64_t, const MdReply&, DirectoryPage& out) {
  const auto header = protocol::decode<md::LuDirpage>(bytes);
  if (!header) return false;
  out.next = header->hash_end;
  out.last = header->hash_end == kDirectoryEnd;
  if ((header->flags & md::dir_page_flag::kEmpty) != 0) return true;
  size_t at = md::LuDirpage::kSize;
  while (true) {
    const auto entry = protocol::decode<md::LuDirent>(bytes.subspan(std::min(at, bytes.size())));
    if (!entry || entry->namelen > bytes.size() - at - md::LuDirent::kSize) return false;
    const ByteView name = bytes.subspan(at + md::LuDirent::kSize, entry->namelen);
    if (entry->namelen != 0) {
      DirectoryEntry found;
      found.name = protocol::as_text(name);
      found.ino = inode_number(neutral(entry->fid));
      const size_t type_at = (at + md::LuDirent::kSize + entry->namelen + 1) & ~size_t{1};
      if ((entry->attrs & md::luda_bit::kType) != 0 && type_at + 2 <= bytes.size()) {
        found.type = protocol::decode<uint16_t>(bytes.subspan(type_at)).value();
      }
      out.entries.push_back(std::move(found));
    }
    if (entry->reclen == 0) return true;
    if (entry->reclen < md::LuDirent::kSize) return false;
    at += entry->reclen;
  }
}

OutgoingRequest ost(OstOp op, const OstRequest& request) {
  return ost_operation<operation::OstGetattr, operation::OstSetattr, operation::OstPunch,
                       operation::OstSync, operation::OstDestroy, operation::OstRead,
                       operation::OstWrite, operation::OstStatfs>(op, request, true);
}

}  // namespace

// Of the flags that the real 2.0.0 kernel client asks for (facts: stock-clients), those whose
// meaning is implemented here: no capabilities, remote clients, joined files, early cancels, LRU
// volumes, bulk checksums.
const ClientDialect kClient20 = {
    .mgs_flags = flag::kVersion | flag::kAt | flag::kFull20,
    .mds_flags = flag::kVersion | flag::kAcl | flag::kXattr | flag::kIbits | flag::kAttrfid |
                 flag::kNodevoh | flag::kAt | flag::kReal | flag::kFid | flag::kVbr | flag::kLovV3 |
                 flag::kFull20,
    .ost_flags = flag::kGrant | flag::kSrvlock | flag::kVersion | flag::kReqportal |
                 flag::kTrunclock | flag::kBrwSize | flag::kAt | flag::kFid | flag::kVbr |
                 flag::kFull20,
    .version = 0x02000001,
    .flock_name = 3,
    .obdo_valid = mds::valid::kId | mds::valid::kGroup,
    .open_bits = protocol::ldlm::inodebit::kUpdate,
    .chooses_fids = true,
    .metadata = metadata,
    .parse = parse,
    .kept_open = kept_open,
    .kept_create = kept_create,
    .kept_close = kept_close,
    .kept_truncate = kept_truncate,
    .kept_epoch_end = kept_epoch_end,
    .page = page,
    .ost = ost,
};

const ClientDialect& client_dialect(Dialect dialect) {
  static constexpr std::array<const ClientDialect*, 2> kDialects = {&kClient18, &kClient20};
  return *kDialects.at(static_cast<size_t>(dialect));
}

}  // namespace reference
