#include <cerrno>

#include "protocol/operations_2_0.h"
#include "reference/mds_body.h"
#include "reference/mds_dialect.h"
#include "reference/service.h"

namespace reference {

namespace {

namespace wire = protocol::operations_2_0;
using protocol::fid::LuFid;
using protocol::ldlm::LdlmReply;
using protocol::mds_2_0::MdtBody;
using Message = protocol::Message;
using Builder = protocol::MessageBuilder;

Fid from_wire(const LuFid& fid) { return {fid.seq, fid.oid, fid.ver}; }

LuFid to_wire(Fid fid) {
  LuFid wire_fid;
  wire_fid.seq = fid.seq;
  wire_fid.oid = fid.oid;
  wire_fid.ver = fid.ver;
  return wire_fid;
}

// fid1 counts only with FLID.
Fid fid_of(const MdtBody& body) {
  return (body.valid & protocol::mds::valid::kId) != 0 ? from_wire(body.fid1) : Fid{};
}

template <class Record>
Credentials credentials(const Record& record) {
  Credentials who{.fsuid = record.fsuid, .fsgid = record.fsgid};
  if constexpr (requires { record.suppgid1; }) {
    who.suppgid1 = record.suppgid1;
    who.suppgid2 = record.suppgid2;
  } else {
    who.suppgid1 = record.suppgid;
  }
  return who;
}

operation::Getattr getattr_of(const MdtBody& body, std::string_view name) {
  return {.who = credentials(body),
          .fid = fid_of(body),
          .child = from_wire(body.fid2),
          .name = name,
          .valid = body.valid,
          .room = body.eadatasize};
}

Decoded<operation::Getattr> getattr(const Message& message) {
  const auto in = wire::MdsGetattr::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return getattr_of(in->body, {});
}

Decoded<operation::Getattr> getattr_name(const Message& message) {
  const auto in = wire::MdsGetattrName::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return getattr_of(in->body, in->name);
}

Decoded<operation::Getattr> getattr_intent(const Message& message) {
  const auto in = wire::LdlmEnqueueIntentGetattr::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return getattr_of(in->body, in->name);
}

Decoded<operation::Readpage> readpage(const Message& message) {
  const auto in = wire::MdsReadpage::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Readpage{.fid = fid_of(in->body),
                             .offset = in->body.size,
                             .bytes = in->body.nlink,
                             .attributes = in->body.mode};
}

Decoded<operation::Open> open(const Message& message) {
  const auto in = wire::LdlmEnqueueIntentOpen::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  const auto& record = in->record;
  return operation::Open{.who = credentials(record),
                         .parent = from_wire(record.fid1),
                         .name = in->name,
                         .child = from_wire(record.fid2),
                         .flags = record.flags,
                         .mode = record.mode,
                         .old_handle = record.old_handle.cookie,
                         .io_epoch = record.ioepoch,
                         .time = static_cast<int64_t>(record.time),
                         .layout = in->eadata};
}

operation::Create create_of(const protocol::mds_2_0::MdtRecCreate& record, std::string_view name,
                            ByteView layout) {
  return {.who = credentials(record),
          .parent = from_wire(record.fid1),
          .name = name,
          .child = from_wire(record.fid2),
          .mode = record.mode,
          .rdev = static_cast<uint32_t>(record.rdev),
          .time = static_cast<int64_t>(record.time),
          .target = {},
          .layout = layout,
          .cancels = {}};
}

Decoded<operation::Create> create(const Message& message) {
  const auto in = wire::MdsReintCreate::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  operation::Create asked = create_of(in->record, in->name, in->eadata);
  asked.cancels = cancels_of(in->elc, in->elc_more_handles);
  if ((asked.mode & kModeTypeMask) == kModeSymlink) {
    const auto link = wire::MdsReintSymlink::Request::decode(message);
    if (!link) return std::unexpected(link.error());
    asked.target = link->target;
  }
  return asked;
}

Decoded<operation::Create> create_intent(const Message& message) {
  const auto in = wire::LdlmEnqueueIntentCreate::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return create_of(in->record, in->name, in->eadata);
}

Decoded<operation::Link> link(const Message& message) {
  const auto in = wire::MdsReintLink::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Link{.who = credentials(in->record),
                         .file = from_wire(in->record.fid1),
                         .directory = from_wire(in->record.fid2),
                         .name = in->name,
                         .time = static_cast<int64_t>(in->record.time),
                         .cancels = cancels_of(in->elc, in->elc_more_handles)};
}

Decoded<operation::Unlink> unlink(const Message& message) {
  const auto in = wire::MdsReintUnlink::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Unlink{.who = credentials(in->record),
                           .directory = from_wire(in->record.fid1),
                           .name = in->name,
                           .of_directory = (in->record.mode & kModeTypeMask) == kModeDirectory,
                           .time = static_cast<int64_t>(in->record.time),
                           .cancels = cancels_of(in->elc, in->elc_more_handles)};
}

Decoded<operation::Rename> rename(const Message& message) {
  const auto in = wire::MdsReintRename::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Rename{.who = credentials(in->record),
                           .source_directory = from_wire(in->record.fid1),
                           .source_name = in->old_name,
                           .target_directory = from_wire(in->record.fid2),
                           .target_name = in->new_name,
                           .time = static_cast<int64_t>(in->record.time),
                           .cancels = cancels_of(in->elc, in->elc_more_handles)};
}

Decoded<operation::Setattr> setattr(const Message& message) {
  const auto in = wire::MdsReintSetattr::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  const auto& record = in->record;
  operation::Setattr asked;
  asked.who = credentials(record);
  asked.fid = from_wire(record.fid);
  asked.valid = record.valid;
  asked.mode = record.mode;
  asked.uid = record.uid;
  asked.gid = record.gid;
  asked.flags = record.attr_flags & ~protocol::mds::inode_flag::kExtFlags;
  asked.size = record.size;
  asked.blocks = record.blocks;
  asked.atime = static_cast<int64_t>(record.atime);
  asked.mtime = static_cast<int64_t>(record.mtime);
  asked.ctime = static_cast<int64_t>(record.ctime);
  asked.layout = in->eadata;
  if (in->ioepoch) {
    asked.handle = in->ioepoch->handle.cookie;
    asked.io_epoch = in->ioepoch->ioepoch;
    asked.epoch_flags = in->ioepoch->flags;
  }
  asked.cancels = cancels_of(in->elc, in->elc_more_handles);
  return asked;
}

Decoded<operation::Getxattr> getxattr(const Message& message) {
  const auto in = wire::MdsGetxattr::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Getxattr{.fid = fid_of(in->body),
                             .valid = in->body.valid,
                             .name = in->name,
                             .room = in->body.eadatasize};
}

Decoded<operation::Setxattr> setxattr(const Message& message) {
  const auto in = wire::MdsReintSetxattr::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Setxattr{.who = credentials(in->record),
                             .fid = from_wire(in->record.fid),
                             .valid = in->record.valid,
                             .name = in->name,
                             .value = in->eadata,
                             .flags = in->record.flags};
}

template <class Operation>
Decoded<operation::Close> close(const Message& message) {
  namespace attr = protocol::mds::attr;
  const auto in = Operation::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  const auto& record = in->record;
  constexpr uint64_t kAtimeSet = attr::kAtime | attr::kAtimeSet;
  constexpr uint64_t kSizes = attr::kSize | attr::kBlocks;
  return operation::Close{.handle = in->ioepoch.handle.cookie,
                          .atime_set = (record.valid & kAtimeSet) != 0,
                          .atime = static_cast<int64_t>(record.atime),
                          .epoch_flags = in->ioepoch.flags,
                          .sizes_known = (record.valid & kSizes) == kSizes,
                          .size = record.size,
                          .blocks = record.blocks};
}

Decoded<operation::Sync> sync(const Message& message) {
  const auto in = wire::MdsSync::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Sync{fid_of(in->body)};
}

MdtBody body_of(const FileReply& reply) {
  MdtBody body;
  put_attributes(body, reply);
  const bool other = !is_zero(reply.fid);
  if (reply.inode != nullptr || other) {
    body.valid |= protocol::mds::valid::kId;
    body.fid1 = to_wire(other ? reply.fid : reply.inode->fid());
  }
  body.ioepoch = reply.io_epoch;
  return body;
}

void put_getattr(const FileReply& reply, Builder& out) {
  wire::MdsGetattr::Reply{body_of(reply), reply.md.view(), reply.acl.view(), {}, {}}.encode(out);
}
void put_getstatus(const FileReply& reply, Builder& out) {
  wire::MdsGetstatus::Reply{body_of(reply), {}}.encode(out);
}
void put_body(const FileReply& reply, Builder& out) {
  wire::MdsReadpage::Reply{body_of(reply)}.encode(out);
}
void put_create(const FileReply& reply, Builder& out) {
  wire::MdsReintCreate::Reply{body_of(reply), {}}.encode(out);
}
void put_unlink(const FileReply& reply, Builder& out) {
  wire::MdsReintUnlink::Reply{body_of(reply), reply.md.view(), reply.cookies.view(), {}, {}}.encode(
      out);
}
void put_getxattr(const FileReply& reply, Builder& out) {
  wire::MdsGetxattr::Reply{body_of(reply), reply.md.view()}.encode(out);
}
void put_open(const LdlmReply& lock, const FileReply& reply, Builder& out) {
  wire::LdlmEnqueueIntentOpen::Reply{lock, body_of(reply), reply.md.view(), reply.acl.view(), {},
                                     {}}
      .encode(out);
}
void put_intent(const LdlmReply& lock, const FileReply& reply, Builder& out) {
  wire::LdlmEnqueueIntentGetattr::Reply{lock, body_of(reply), reply.md.view(), reply.acl.view(), {}}
      .encode(out);
}

void put_enqueue(const LdlmReply& lock, Builder& out) {
  wire::LdlmEnqueue::Reply{lock, protocol::ldlm::OstLvb{}}.encode(out);
}

protocol::ldlm::LdlmResId resource(const Inode& inode) {
  const Fid fid = inode.fid();
  return {{fid.seq, fid.oid, fid.ver, 0}};
}
uint64_t layout_object_id(const Inode& inode) {
  const Fid fid = inode.fid();
  return uint64_t{fid.ver} << 32 | fid.oid;
}
uint64_t layout_object_seq(const Inode& inode) { return inode.fid().seq; }

}  // namespace

const MdsDialect kMdsDialect20 = {
    .getattr = getattr,
    .getattr_name = getattr_name,
    .getattr_intent = getattr_intent,
    .readpage = readpage,
    .open = open,
    .create = create,
    .create_intent = create_intent,
    .link = link,
    .unlink = unlink,
    .rename = rename,
    .setattr = setattr,
    .getxattr = getxattr,
    .setxattr = setxattr,
    .close = close<wire::MdsClose>,
    .done_writing = close<wire::MdsDoneWriting>,
    .sync = sync,
    .put_getattr = put_getattr,
    .put_getstatus = put_getstatus,
    .put_body = put_body,
    .put_create = put_create,
    .put_setattr = put_getattr,
    .put_unlink = put_unlink,
    .put_getxattr = put_getxattr,
    .put_setxattr = put_body,
    .put_open = put_open,
    .put_intent = put_intent,
    .put_enqueue = put_enqueue,
    .resource = resource,
    .layout_object_id = layout_object_id,
    .layout_object_seq = layout_object_seq,
    .operations = kOperationsOf20,
    .malformed = -EFAULT,
    .no_fid = -EINVAL,
    .unknown_intent = -EOPNOTSUPP,
    .unknown_reint = -EOPNOTSUPP,
    .no_such_opcode = kNotSupported,
    .clients_choose_fids = true,
    .child_fid_only_in_replay = false,
    .open_needs_flags = true,
    .joins_refused = true,
    .xattrs_by_reint = true,
    .blocks_by_offset = false,
    .replay_without_md = false,
    .names_version_directory = false,
    .old_handles = true,
};

}  // namespace reference
