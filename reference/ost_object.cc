// OST: creating, destroying, attributes, truncation, sync.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/ost.h"
#include "reference/som_words.h"

namespace reference {

namespace obdo_flag = protocol::ost::obdo_flag;
namespace operations = protocol::operations_2_0;
namespace valid = protocol::mds::valid;

namespace {

constexpr uint64_t kPageMask = Object::kPage - 1;
constexpr uint32_t kPermissions = 07777;

bool has_flag(const protocol::ost::Obdo& obdo, uint32_t flag) {
  return (obdo.valid & valid::kFlags) != 0 && (obdo.flags & flag) != 0;
}

}  // namespace

// Neither precreation nor the removal of orphans has a transno: the MDS repeats what it needs.
void Ost::on_create(Call& call) {
  const auto decoded = operations::OstCreate::Request::decode(call.message());
  if (!decoded) return refuse(call, -EFAULT);
  Obdo obdo = decoded->body.oa;
  if (const int32_t status = settle_sequence(call, obdo)) return refuse(call, status);
  std::vector<Write> writes;
  const uint64_t last = objects_.last_id(obdo.seq);
  int32_t status = 0;
  if (has_flag(obdo, obdo_flag::kDelorphan)) {
    const Export* client = service_.find(call.request.export_id);
    const bool skip = client->may(protocol::ptlrpc::connect_flag::kSkipOrphan);
    if (obdo.id < last) {
      objects_.destroy_above(obdo.seq, obdo.id, skip, writes);
      note(call, Fact::Kind::object_destroyed, {obdo.seq, obdo.id + 1}, obdo.id + 1, last);
      obdo.id = objects_.last_id(obdo.seq);
    } else {
      // A crash of this server took objects that the MDS has given out.
      obdo.id = objects_.precreate(obdo.seq, obdo.id, writes);
    }
  } else if (has_flag(obdo, obdo_flag::kRecreateObjs)) {
    if (obdo.id > last) {
      status = -EINVAL;
    } else {
      objects_.recreate({obdo.seq, obdo.id}, writes);
      note(call, Fact::Kind::object_made, {obdo.seq, obdo.id}, obdo.id, obdo.id);
    }
  } else if (space_left() == 0 && !service_.recovering()) {
    status = -ENOSPC;
  } else {
    obdo.id = objects_.precreate(obdo.seq, obdo.id == 0 ? last + 1 : obdo.id, writes);
  }
  if (objects_.last_id(obdo.seq) > last) {
    note(call, Fact::Kind::object_made, {obdo.seq, last + 1}, last + 1, objects_.last_id(obdo.seq));
  }
  obdo.valid |= valid::kId | valid::kGroup;
  if (!writes.empty()) service_.persist(call.step.turn, std::move(writes));
  answer(call, status, obdo);
}

// The holders of locks drop what they have cached, without writing it.
void Ost::on_destroy(Call& call) {
  const auto decoded = operations::OstDestroy::Request::decode(call.message());
  if (!decoded) return refuse(call, -EFAULT);
  Obdo obdo = decoded->body.oa;
  if (const int32_t status = settle_sequence(call, obdo)) return refuse(call, status);
  if (call.lock == 0 && decoded->elc && !call.request.replay) {
    const auto handles = cancel_handles(*decoded->elc, decoded->elc_more_handles);
    refresh_lvbs(handles);
    callbacks_.cancel(locking(call.step), handles, call.step.news);
  }
  if (call.request.reconstruct) return answer(call, call.request.reconstruct->result, obdo);
  const ObjectId id{obdo.seq, obdo.id};
  if (objects_.find(id) == nullptr) return answer(call, -ENOENT, obdo);
  if (!hold(call, id, LockMode::pw, 0, kEof, true)) return;
  std::vector<Write> writes;
  if (!objects_.destroy(id, writes)) return answer(call, -ENOENT, obdo);
  note(call, Fact::Kind::object_destroyed, id, id.id, id.id);
  refresh_lvb({{obdo.id, obdo.seq, 0, 0}}, false);
  commit(call, obdo, std::move(writes), id);
}

void Ost::on_getattr(Call& call) {
  const auto decoded = operations::OstGetattr::Request::decode(call.message());
  if (!decoded) return refuse(call, -EFAULT);
  Obdo obdo = decoded->body.oa;
  if (const int32_t status = settle_sequence(call, obdo)) return refuse(call, status);
  const ObjectId id{obdo.seq, obdo.id};
  if (dialect().locks_getattr && has_flag(obdo, obdo_flag::kSrvlock) &&
      !hold(call, id, LockMode::pr, 0, kEof)) {
    return;
  }
  const Object* object = objects_.find(id);
  if (object == nullptr) return answer(call, -ENOENT, obdo);
  if (config_.som.on && (obdo.valid & valid::kEpoch) != 0) return validate(call, obdo, id);
  answer(call, 0, describe(id, *object, obdo));
}

void Ost::on_setattr(Call& call) {
  const auto decoded = operations::OstSetattr::Request::decode(call.message());
  if (!decoded) return refuse(call, -EFAULT);
  Obdo obdo = decoded->body.oa;
  if (const int32_t status = settle_sequence(call, obdo)) return refuse(call, status);
  const ObjectId id{obdo.seq, obdo.id};
  std::vector<Write> writes;
  int32_t status = 0;
  const Object* object = find_object(call, id, writes, status);
  if (object == nullptr) return answer(call, status, obdo);
  if (call.request.reconstruct) return answer(call, 0, describe(id, *object, obdo));
  ObjectAttributes attributes = object->attributes;
  take_times(call, id, obdo, attributes);
  if ((obdo.valid & valid::kUid) != 0) attributes.uid = obdo.uid;
  if ((obdo.valid & valid::kGid) != 0) attributes.gid = obdo.gid;
  if ((obdo.valid & (valid::kUid | valid::kGid)) != 0) attributes.fresh = 0;
  if ((obdo.valid & valid::kMode) != 0) {
    attributes.mode = (attributes.mode & ~kPermissions) | (obdo.mode & kPermissions);
  }
  if ((obdo.valid & valid::kSize) != 0) {
    attributes.size = std::min(obdo.size, Objects::kSizeMax);
    objects_.truncate_pages(id, attributes.size, writes);
    note(call, Fact::Kind::punched, id, attributes.size, attributes.size);
  }
  attributes.version = service_.begin(call.request).transno();
  objects_.set_attributes(id, attributes, writes);
  if ((obdo.valid & (valid::kMtime | valid::kAtime | valid::kCtime)) != 0) {
    times_.set(call.request.export_id, id, call.request.xid);
  }
  refresh_lvb({{id.id, id.seq, 0, 0}}, false);
  note_object(call.step.turn, id);
  commit(call, describe(id, *objects_.find(id), obdo), std::move(writes), id);
}

// o_size is the start and o_blocks the end; only truncation is known, so that is EOF.
void Ost::on_punch(Call& call) {
  const auto decoded = operations::OstPunch::Request::decode(call.message());
  if (!decoded) return refuse(call, -EFAULT);
  Obdo obdo = decoded->body.oa;
  constexpr uint64_t kRange = valid::kSize | valid::kBlocks;
  if ((obdo.valid & kRange) != kRange) return refuse(call, -EINVAL);
  if (const int32_t status = settle_sequence(call, obdo)) return refuse(call, status);
  const ObjectId id{obdo.seq, obdo.id};
  const uint64_t size = obdo.size;
  if (obdo.blocks != kEof || size > Objects::kSizeMax) return answer(call, -EFAULT, obdo);
  if (has_flag(obdo, obdo_flag::kSrvlock) &&
      !hold(call, id, LockMode::pw, size & ~kPageMask, kEof, size == 0)) {
    return;
  }
  std::vector<Write> writes;
  int32_t status = 0;
  const Object* object = find_object(call, id, writes, status);
  if (object == nullptr) return answer(call, status, obdo);
  if (call.request.reconstruct) return answer(call, 0, describe(id, *object, obdo));
  if (fenced(obdo, id)) return answer(call, -ESTALE, obdo);
  if (announces(call, obdo, has_flag(obdo, obdo_flag::kSrvlock))) return announce(call);
  ObjectAttributes attributes = object->attributes;
  objects_.truncate_pages(id, size, writes);
  if (!planted(Defect::punch_keeps_size)) attributes.size = size;
  note(call, Fact::Kind::punched, id, size, attributes.size);
  take_times(call, id, obdo, attributes, wall_clock(call.step.turn.now));
  attributes.version = service_.begin(call.request).transno();
  objects_.set_attributes(id, attributes, writes);
  times_.set(call.request.export_id, id, call.request.xid);
  refresh_lvb({{id.id, id.seq, 0, 0}}, false);
  note_object(call.step.turn, id);
  commit(call, describe(id, *objects_.find(id), obdo), std::move(writes), id);
  if (call.announced) say_of(call.step, call.request, kEpochEnds, 0);
}

// Object 0 means the whole file system. Either way all that was done is on the disk by the reply.
void Ost::on_sync(Call& call) {
  const auto decoded = operations::OstSync::Request::decode(call.message());
  if (!decoded) return refuse(call, -EFAULT);
  Obdo obdo = decoded->body.oa;
  if (const int32_t status = settle_sequence(call, obdo)) return refuse(call, status);
  Reply reply = service_.reply(call.request);
  operations::OstSync::Reply buffers;
  buffers.body.oa = obdo;
  if (obdo.id != 0) {
    const ObjectId id{obdo.seq, obdo.id};
    const Object* object = objects_.find(id);
    if (object == nullptr) return answer(call, -ENOENT, obdo);
    buffers.body.oa = describe(id, *object, obdo);
  }
  buffers.encode(reply.message);
  reply.after_commit = true;
  service_.finish(call.step.turn, call.request, reply);
}

}  // namespace reference
