// OST: statfs, SET_INFO, GET_INFO, and what it refuses whole.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/nid.h"
#include "reference/ost.h"
#include "reference/som_words.h"

namespace reference {

namespace operations = protocol::operations_2_0;

namespace {

constexpr uint64_t kFileSystemType = 0xef53;  // ldiskfs
constexpr uint64_t kBytesPerInode = 16384;

// Servers compare as many bytes of a key as its name has.
bool is_key(protocol::ByteView key, std::string_view name) {
  return protocol::as_text(key).starts_with(name);
}

}  // namespace

void Ost::on_statfs(Call& call) {
  constexpr uint64_t kPage = Object::kPage;
  const uint64_t capacity = config_.capacity_bytes / kPage;
  const uint64_t used = objects_.used_bytes() / kPage;
  operations::OstStatfs::Reply buffers;
  buffers.statfs.type = kFileSystemType;
  buffers.statfs.bsize = kPage;
  buffers.statfs.blocks = capacity;
  buffers.statfs.bfree = capacity - used;
  // What is dirty in caches is as good as written.
  buffers.statfs.bavail = capacity - used - std::min(capacity - used, grants_.dirty() / kPage);
  buffers.statfs.files = config_.capacity_bytes / kBytesPerInode;
  buffers.statfs.ffree =
      buffers.statfs.files - std::min<uint64_t>(buffers.statfs.files, objects_.size());
  buffers.statfs.namelen = 255;
  buffers.statfs.maxbytes = Objects::kSizeMax;
  const std::string_view uuid = service_.uuid();
  std::memcpy(buffers.statfs.fsid.data(), uuid.data(),
              std::min(uuid.size(), buffers.statfs.fsid.size() - 1));
  Reply reply = service_.reply(call.request);
  buffers.encode(reply.message);
  service_.finish(call.step.turn, call.request, reply);
}

void Ost::on_set_info(Call& call) {
  const protocol::ByteView key = call.message().buffer(1);
  const protocol::ByteView value = call.message().buffer(2);
  if (is_key(key, "grant_shrink")) return on_grant_shrink(call);
  Reply reply = service_.reply(call.request);
  if (config_.som.on && is_key(key, kForgetMe)) {
    service_.finish(call.step.turn, call.request, reply);
    return service_.evict(call.step.turn, call.request.export_id, "the MDS forgot it, it says");
  }
  if (is_key(key, "evict_by_nid")) {
    std::string_view text = protocol::as_text(value);
    text = text.substr(0, text.find('\0'));
    const auto nid = parse_nid(text);
    if (nid) service_.evict_nid(call.step.turn, *nid, "the MDS asked for it, by NID");
    reply.status = nid ? 0 : -EINVAL;
  } else if (config_.som.on && on_som_word(call, protocol::as_text(key), value)) {
    if (call.parked) return;
  } else if (!is_key(key, "mds_conn") && !is_key(key, "capa_key")) {
    reply.status = key.empty() ? -EFAULT : -EINVAL;
  }
  service_.finish(call.step.turn, call.request, reply);
}

void Ost::on_grant_shrink(Call& call) {
  const auto decoded = operations::OstSetInfoGrantShrink::Request::decode(call.message());
  if (!decoded) return refuse(call, -EFAULT);
  grants_.incoming(call.request.export_id, decoded->body.oa, call.request.resent);
  note_grant(call.step.turn, call.request.export_id);
  Reply reply = service_.reply(call.request);
  operations::OstSetInfoGrantShrink::Reply buffers;
  buffers.body = decoded->body;
  buffers.body.oa.grant = 0;
  buffers.encode(reply.message);
  service_.finish(call.step.turn, call.request, reply);
}

void Ost::on_get_info(Call& call) {
  const protocol::ByteView key = call.message().buffer(1);
  Reply reply = service_.reply(call.request);
  // "blocksize_bits" begins as "blocksize" does.
  if (is_key(key, "blocksize_bits")) {
    reply.message.add(protocol::bytes_of(uint32_t{12}));
  } else if (is_key(key, "blocksize")) {
    reply.message.add(protocol::bytes_of(static_cast<uint32_t>(Object::kPage)));
  } else if (is_key(key, "last_id")) {
    const Export* client = service_.find(call.request.export_id);
    reply.message.add(protocol::bytes_of(objects_.last_id(client->granted.group)));
  } else if (is_key(key, "fiemap")) {
    reply.status = -EOPNOTSUPP;
  } else {
    reply.status = key.empty() ? -EFAULT : -EINVAL;
  }
  service_.finish(call.step.turn, call.request, reply);
}

// As an OST without quota support.
void Ost::on_quota(Call& call) { refuse(call, -EOPNOTSUPP); }

// The MDS offers its unlink log. It destroys what is in it by itself, so nothing is asked of it.
void Ost::on_log_connect(Call& call) {
  Reply reply = service_.reply(call.request);
  service_.finish(call.step.turn, call.request, reply);
}

}  // namespace reference
