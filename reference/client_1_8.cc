// The client's requests and replies in the 1.8 dialect.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "protocol/codec.h"
#include "protocol/fid.h"
#include "protocol/mds.h"
#include "protocol/mds_1_8.h"
#include "protocol/operations_1_8.h"
#include "reference/client_dialect.h"
#include "reference/client_ost_requests.h"

namespace reference {

namespace operation = protocol::operations_1_8;
namespace md = protocol::mds_1_8;
namespace mds = protocol::mds;
namespace flag = protocol::ptlrpc::connect_flag;
using protocol::ByteView;
using protocol::Message;

namespace {

constexpr uint32_t kSuppgidNone = 0xffffffff;

// (inode, generation) are seq and oid of the neutral form.
protocol::fid::LlFid wire(Fid fid) { return {.id = fid.seq, .generation = fid.oid, .f_type = 0}; }

md::MdsBody body_of(const MdRequest& request) {
  md::MdsBody body;
  body.fid1 = wire(request.fid);
  body.valid = request.valid;
  body.fsuid = request.fsuid;
  body.fsgid = request.fsgid;
  body.suppgid = kSuppgidNone;
  body.eadatasize = request.room;
  return body;
}

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

// The bits that a close's body has for a setattr's.
struct AttrRow {
  uint64_t attr;
  uint64_t valid;
};
constexpr auto kCloseBits = std::to_array<AttrRow>({
    {mds::attr::kAtime, mds::valid::kAtime},
    {mds::attr::kMtime, mds::valid::kMtime},
    {mds::attr::kCtime, mds::valid::kCtime},
    {mds::attr::kSize, mds::valid::kSize},
});

OutgoingRequest close(const MdRequest& request) {
  operation::MdsClose::Request buffers;
  buffers.body = body_of(request);
  buffers.body.valid = 0;
  for (const AttrRow& row : kCloseBits) {
    if ((request.valid & row.attr) != 0) buffers.body.valid |= row.valid;
  }
  buffers.body.handle.cookie = request.handle;
  buffers.body.size = request.size;
  buffers.body.atime = static_cast<uint64_t>(request.atime);
  buffers.body.mtime = static_cast<uint64_t>(request.mtime);
  buffers.body.ctime = static_cast<uint64_t>(request.time);
  return make_request<operation::MdsClose>(buffers, 3, md::MdsBody::kSize + kEaRoom + 32 * 160);
}

OutgoingRequest setattr(const MdRequest& request) {
  operation::MdsReintSetattr::Request buffers;
  auto& record = buffers.record;
  record = record_of<md::MdsRecSetattr>(request, mds::reint_op::kSetattr);
  record.fid = wire(request.fid);
  record.valid = request.valid;
  record.uid = request.uid;
  record.gid = request.gid;
  record.size = request.size;
  record.mtime = static_cast<uint64_t>(request.mtime);
  record.atime = static_cast<uint64_t>(request.atime);
  record.ctime = static_cast<uint64_t>(request.time);
  record.mode = request.mode;
  OutgoingRequest outgoing =
      make_request<operation::MdsReintSetattr>(buffers, 3, md::MdsBody::kSize + kEaRoom);
  if ((request.valid & mds::attr::kFromOpen) != 0) {
    outgoing.request_portal = operation::MdsReintSetattr::kAltRequestPortal;
  }
  return outgoing;
}

md::MdsRecCreate create_record(const MdRequest& request, uint32_t opcode) {
  auto record = record_of<md::MdsRecCreate>(request, opcode);
  record.fid = wire(request.parent);
  record.mode = request.mode;
  record.rdev = request.rdev;
  return record;
}

OutgoingRequest create(const MdRequest& request) {
  operation::MdsReintCreate::Request buffers;
  buffers.record = create_record(request, mds::reint_op::kCreate);
  buffers.name = request.name;
  if (!request.data.empty()) buffers.eadata = request.data;
  return make_request<operation::MdsReintCreate>(buffers, 1, md::MdsBody::kSize);
}

OutgoingRequest symlink(const MdRequest& request) {
  operation::MdsReintSymlink::Request buffers;
  buffers.record = create_record(request, mds::reint_op::kCreate);
  buffers.name = request.name;
  buffers.target = request.source_name;
  return make_request<operation::MdsReintSymlink>(buffers, 1, md::MdsBody::kSize);
}

OutgoingRequest link(const MdRequest& request) {
  operation::MdsReintLink::Request buffers;
  buffers.record = record_of<md::MdsRecLink>(request, mds::reint_op::kLink);
  buffers.record.fid1 = wire(request.fid);
  buffers.record.fid2 = wire(request.parent);
  buffers.name = request.name;
  return make_request<operation::MdsReintLink>(buffers, 1, md::MdsBody::kSize);
}

OutgoingRequest unlink(const MdRequest& request) {
  operation::MdsReintUnlink::Request buffers;
  buffers.record = record_of<md::MdsRecUnlink>(request, mds::reint_op::kUnlink);
  buffers.record.fid1 = wire(request.parent);
  buffers.record.fid2 = wire(request.fid);
  buffers.record.mode = request.flags;
  buffers.name = request.name;
  return make_request<operation::MdsReintUnlink>(buffers, 3,
                                                 md::MdsBody::kSize + kEaRoom + 32 * 160);
}

OutgoingRequest rename(const MdRequest& request) {
  operation::MdsReintRename::Request buffers;
  buffers.record = record_of<md::MdsRecRename>(request, mds::reint_op::kRename);
  buffers.record.fid1 = wire(request.source_parent);
  buffers.record.fid2 = wire(request.parent);
  buffers.old_name = request.source_name;
  buffers.new_name = request.name;
  return make_request<operation::MdsReintRename>(buffers, 3,
                                                 md::MdsBody::kSize + kEaRoom + 32 * 160);
}

OutgoingRequest setxattr(const MdRequest& request) {
  operation::MdsSetxattr::Request buffers;
  buffers.body = body_of(request);
  buffers.body.valid = request.remove ? mds::valid::kXattrRm : mds::valid::kXattr;
  buffers.body.flags = request.flags;
  buffers.body.eadatasize = static_cast<uint32_t>(request.data.size());
  buffers.name = request.name;
  if (!request.remove) buffers.value = request.data;
  return make_request<operation::MdsSetxattr>(buffers, 0, 0);
}

OutgoingRequest getxattr(const MdRequest& request) {
  operation::MdsGetxattr::Request buffers;
  buffers.body = body_of(request);
  if (!request.name.empty()) buffers.name = request.name;
  return make_request<operation::MdsGetxattr>(buffers, 2, md::MdsBody::kSize + request.room);
}

OutgoingRequest readpage(const MdRequest& request) {
  operation::MdsReadpage::Request buffers;
  buffers.body = body_of(request);
  buffers.body.valid = 0;
  buffers.body.size = request.size;
  buffers.body.nlink = kDirectoryPageSize;
  OutgoingRequest outgoing = make_request<operation::MdsReadpage>(buffers, 1, md::MdsBody::kSize);
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
      buffers, 4, protocol::ldlm::LdlmReply::kSize + md::MdsBody::kSize + kEaRoom + kAclRoom);
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
      buffers, 4, protocol::ldlm::LdlmReply::kSize + md::MdsBody::kSize + kEaRoom + kAclRoom);
}

OutgoingRequest metadata(MdOp op, const MdRequest& request) {
  switch (op) {
    case MdOp::getstatus:
      return make_request<operation::MdsGetstatus>({}, 1, md::MdsBody::kSize);
    case MdOp::getattr: {
      operation::MdsGetattr::Request buffers;
      buffers.body = body_of(request);
      return make_request<operation::MdsGetattr>(
          buffers, 3, md::MdsBody::kSize + std::max(request.room, kEaRoom) + kAclRoom);
    }
    case MdOp::readpage:
      return readpage(request);
    case MdOp::sync: {
      operation::MdsSync::Request buffers;
      buffers.body = body_of(request);
      return make_request<operation::MdsSync>(buffers, 1, md::MdsBody::kSize);
    }
    case MdOp::close:
      return close(request);
    case MdOp::done_writing:  // of Size-on-MDS, which 1.8 does not have
      return {};
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

// 1.8's body is the beginning of 2.0's; the file's type lies where 2.0 has the FID's version.
protocol::mds_2_0::MdtBody neutral(const md::MdsBody& body) {
  protocol::mds_2_0::MdtBody out;
  std::memcpy(static_cast<void*>(&out), &body, md::MdsBody::kSize);
  out.fid1.ver = 0;
  out.fid2.ver = 0;
  return out;
}

template <class Operation>
void take(const Message& message, MdReply& out) {
  const auto reply = Operation::Reply::decode(message);
  if (!reply) {
    if (out.status >= 0) out.status = -EPROTO;
    return;
  }
  if constexpr (requires { reply->body; }) out.body = neutral(reply->body);
  if constexpr (requires { reply->lock; }) out.lock = reply->lock;
  if constexpr (requires { reply->md; }) out.ea = Bytes(reply->md);
  if constexpr (requires { reply->value; }) out.ea = Bytes(reply->value.value_or(ByteView{}));
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
      take<operation::MdsSetxattr>(message, out);
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

protocol::fid::LlFid replay_fid(const MdReply& reply) {
  return {.id = reply.body.fid1.seq, .generation = reply.body.fid1.oid, .f_type = 0};
}

Bytes kept_open(const Bytes& bytes, const MdReply& reply) {
  const auto message = Message::parse(bytes);
  auto buffers = operation::LdlmEnqueueIntentOpen::Request::decode(message.value()).value();
  buffers.record.replayfid = replay_fid(reply);
  buffers.lock.lock_flags |= protocol::ldlm::lock_flag::kIntentOnly;
  if (!reply.ea.empty()) buffers.eadata = reply.ea.view();
  return make_request<operation::LdlmEnqueueIntentOpen>(buffers, 0, 0).message;
}

Bytes kept_create(const Bytes& bytes, const MdReply& reply) {
  const auto message = Message::parse(bytes).value();
  const auto plain = operation::MdsReintCreate::Request::decode(message);
  if (plain && (plain->record.mode & 0170000) != 0120000) {
    auto buffers = *plain;
    buffers.record.replayfid = replay_fid(reply);
    return make_request<operation::MdsReintCreate>(buffers, 0, 0).message;
  }
  auto buffers = operation::MdsReintSymlink::Request::decode(message).value();
  buffers.record.replayfid = replay_fid(reply);
  return make_request<operation::MdsReintSymlink>(buffers, 0, 0).message;
}

Bytes kept_close(const Bytes& bytes, uint64_t handle) {
  const auto message = Message::parse(bytes);
  auto buffers = operation::MdsClose::Request::decode(message.value()).value();
  buffers.body.handle.cookie = handle;
  return make_request<operation::MdsClose>(buffers, 0, 0).message;
}

// --- directories ---

// S_IFMT bits by ext2's types.
constexpr std::array<uint32_t, 8> kTypes = {0,       0100000, 0040000, 0020000,
                                            0060000, 0010000, 0140000, 0120000};

// A block of the directory as it is on disk. The reply's size is the directory's.
bool page(ByteView bytes, uint64_t position, const MdReply& reply, DirectoryPage& out) {
  out.next = position + kDirectoryPageSize;
  out.last = bytes.empty() || out.next >= reply.body.size;
  size_t at = 0;
  while (at < bytes.size()) {
    const auto entry = protocol::decode<md::Ext2DirEntry>(bytes.subspan(at));
    if (!entry || entry->rec_len < md::Ext2DirEntry::kSize || entry->rec_len % 4 != 0 ||
        entry->rec_len > bytes.size() - at ||
        entry->name_len > entry->rec_len - md::Ext2DirEntry::kSize) {
      return false;
    }
    if (entry->inode != 0 && entry->name_len != 0) {
      const ByteView name = bytes.subspan(at + md::Ext2DirEntry::kSize, entry->name_len);
      DirectoryEntry found;
      found.name = protocol::as_text(name);
      found.ino = entry->inode;
      found.type = entry->file_type < kTypes.size() ? kTypes[entry->file_type] : 0;
      out.entries.push_back(std::move(found));
    }
    at += entry->rec_len;
  }
  return true;
}

OutgoingRequest ost(OstOp op, const OstRequest& request) {
  return ost_operation<operation::OstGetattr, operation::OstSetattr, operation::OstPunch,
                       operation::OstSync, operation::OstDestroy, operation::OstRead,
                       operation::OstWrite, operation::OstStatfs>(op, request, false);
}

}  // namespace

// Likewise of the flags of the real 1.8.9 kernel client. FID is asked for: a 2.0 MDT wants it, and
// grants it, and is then spoken to in 2.0's formats.
const ClientDialect kClient18 = {
    .mgs_flags = flag::kVersion | flag::kAt,
    .mds_flags = flag::kVersion | flag::kAcl | flag::kXattr | flag::kIbits | flag::kAttrfid |
                 flag::kNodevoh | flag::kAt | flag::kFid | flag::kVbr | flag::kLovV3,
    .ost_flags = flag::kGrant | flag::kSrvlock | flag::kVersion | flag::kReqportal |
                 flag::kTrunclock | flag::kBrwSize | flag::kAt | flag::kFid | flag::kVbr,
    .version = 0x01080900,
    .flock_name = 2,
    .obdo_valid = mds::valid::kId,
    .open_bits = protocol::ldlm::inodebit::kLookup,
    .chooses_fids = false,
    .metadata = metadata,
    .parse = parse,
    .kept_open = kept_open,
    .kept_create = kept_create,
    .kept_close = kept_close,
    .kept_truncate = nullptr,
    .kept_epoch_end = nullptr,
    .page = page,
    .ost = ost,
};

}  // namespace reference
