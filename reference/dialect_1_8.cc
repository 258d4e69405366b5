#include <cerrno>

#include "protocol/operations_1_8.h"
#include "reference/mds_body.h"
#include "reference/mds_dialect.h"
#include "reference/service.h"

namespace reference {

namespace {

namespace wire = protocol::operations_1_8;
using protocol::fid::LlFid;
using protocol::ldlm::LdlmReply;
using protocol::mds_1_8::MdsBody;
using Message = protocol::Message;
using Builder = protocol::MessageBuilder;

Fid from_wire(const LlFid& fid) { return {fid.id, fid.generation, 0}; }

LlFid to_wire(const Inode& inode) {
  LlFid fid;
  fid.id = inode.number;
  fid.generation = inode.generation;
  fid.f_type = inode.type();
  return fid;
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

operation::Getattr getattr_of(const MdsBody& body, std::string_view name) {
  return {.who = credentials(body),
          .fid = from_wire(body.fid1),
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
  return operation::Readpage{.fid = from_wire(in->body.fid1),
                             .offset = in->body.size,
                             .bytes = in->body.nlink,
                             .attributes = 0};
}

Decoded<operation::Open> open(const Message& message) {
  const auto in = wire::LdlmEnqueueIntentOpen::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  const auto& record = in->record;
  return operation::Open{.who = credentials(record),
                         .parent = from_wire(record.fid),
                         .name = in->name,
                         .child = from_wire(record.replayfid),
                         .flags = record.flags,
                         .mode = record.mode,
                         .time = static_cast<int64_t>(record.time),
                         .layout = in->eadata};
}

operation::Create create_of(const protocol::mds_1_8::MdsRecCreate& record, std::string_view name) {
  return {.who = credentials(record),
          .parent = from_wire(record.fid),
          .name = name,
          .child = from_wire(record.replayfid),
          .mode = record.mode,
          .rdev = static_cast<uint32_t>(record.rdev),
          .time = static_cast<int64_t>(record.time),
          .target = {},
          .layout = {},
          .cancels = {}};
}

Decoded<operation::Create> create(const Message& message) {
  const auto in = wire::MdsReintCreate::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  operation::Create asked = create_of(in->record, in->name);
  asked.layout = in->eadata.value_or(ByteView{});
  asked.cancels = cancels_of(in->elc, in->elc_more_handles);
  if ((asked.mode & kModeTypeMask) == kModeSymlink) {
    const auto link = wire::MdsReintSymlink::Request::decode(message);
    if (!link) return std::unexpected(link.error());
    asked.target = link->target;
  }
  return asked;
}

Decoded<operation::Create> create_intent(const Message&) {
  return std::unexpected(protocol::WireError{.subject = "intent create", .field = {}});
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
  asked.atime = static_cast<int64_t>(record.atime);
  asked.mtime = static_cast<int64_t>(record.mtime);
  asked.ctime = static_cast<int64_t>(record.ctime);
  asked.layout = in->eadata;
  asked.cancels = cancels_of(in->elc, in->elc_more_handles);
  return asked;
}

Decoded<operation::Getxattr> getxattr(const Message& message) {
  const auto in = wire::MdsGetxattr::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Getxattr{.fid = from_wire(in->body.fid1),
                             .valid = in->body.valid,
                             .name = in->name.value_or(std::string_view{}),
                             .room = in->body.eadatasize};
}

Decoded<operation::Setxattr> setxattr(const Message& message) {
  const auto in = wire::MdsSetxattr::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Setxattr{.who = credentials(in->body),
                             .fid = from_wire(in->body.fid1),
                             .valid = in->body.valid,
                             .name = in->name,
                             .value = in->value.value_or(ByteView{}),
                             .flags = in->body.flags};
}

Decoded<operation::Close> close(const Message& message) {
  const auto in = wire::MdsClose::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Close{.handle = in->body.handle.cookie,
                          .atime_set = (in->body.valid & protocol::mds::valid::kAtime) != 0,
                          .atime = static_cast<int64_t>(in->body.atime)};
}

Decoded<operation::Sync> sync(const Message& message) {
  const auto in = wire::MdsSync::Request::decode(message);
  if (!in) return std::unexpected(in.error());
  return operation::Sync{from_wire(in->body.fid1)};
}

MdsBody body_of(const FileReply& reply) {
  MdsBody body;
  put_attributes(body, reply);
  if (reply.inode != nullptr) {
    body.valid |= protocol::mds::valid::kId | protocol::mds::valid::kGener;
    body.fid1 = to_wire(*reply.inode);
    body.ino = reply.inode->number;
    body.generation = reply.inode->generation;
    body.flags |= protocol::mds::inode_flag::kExtFlags;
  }
  body.io_epoch = reply.io_epoch;
  return body;
}

void put_getattr(const FileReply& reply, Builder& out) {
  wire::MdsGetattr::Reply{body_of(reply), reply.md.view(), reply.acl.view()}.encode(out);
}
void put_getstatus(const FileReply& reply, Builder& out) {
  wire::MdsGetstatus::Reply{body_of(reply)}.encode(out);
}
void put_body(const FileReply& reply, Builder& out) {
  wire::MdsReadpage::Reply{body_of(reply)}.encode(out);
}
void put_unlink(const FileReply& reply, Builder& out) {
  wire::MdsReintUnlink::Reply{body_of(reply), reply.md.view(), reply.cookies.view()}.encode(out);
}
void put_getxattr(const FileReply& reply, Builder& out) {
  wire::MdsGetxattr::Reply{body_of(reply), reply.md.view()}.encode(out);
}
void put_setxattr(const FileReply&, Builder&) {}
void put_intent(const LdlmReply& lock, const FileReply& reply, Builder& out) {
  wire::LdlmEnqueueIntentOpen::Reply{lock, body_of(reply), reply.md.view(), reply.acl.view()}
      .encode(out);
}

void put_enqueue(const LdlmReply& lock, Builder& out) {
  wire::LdlmEnqueue::Reply{lock, std::nullopt}.encode(out);
}

protocol::ldlm::LdlmResId resource(const Inode& inode) {
  return {{inode.number, inode.generation, 0, 0}};
}
uint64_t layout_object_id(const Inode& inode) { return inode.number; }
uint64_t layout_object_seq(const Inode&) { return 0; }

}  // namespace

const MdsDialect kMdsDialect18 = {
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
    .close = close,
    .done_writing = nullptr,
    .sync = sync,
    .put_getattr = put_getattr,
    .put_getstatus = put_getstatus,
    .put_body = put_body,
    .put_create = put_body,
    .put_setattr = put_body,
    .put_unlink = put_unlink,
    .put_getxattr = put_getxattr,
    .put_setxattr = put_setxattr,
    .put_open = put_intent,
    .put_intent = put_intent,
    .put_enqueue = put_enqueue,
    .resource = resource,
    .layout_object_id = layout_object_id,
    .layout_object_seq = layout_object_seq,
    .operations = kOperationsOf18,
    .malformed = -EFAULT,
    .no_fid = -ESTALE,
    .unknown_intent = -EFAULT,
    .unknown_reint = -EOPNOTSUPP,
    .no_such_opcode = kNotSupported,
    .clients_choose_fids = false,
    .child_fid_only_in_replay = true,
    .open_needs_flags = false,
    .joins_refused = false,
    .xattrs_by_reint = false,
    .blocks_by_offset = true,
    .replay_without_md = true,
    .names_version_directory = true,
    .old_handles = false,
};

}  // namespace reference
