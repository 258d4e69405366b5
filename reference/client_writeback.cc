// Dirty data on its way to the OSTs, and what else is sent to them: the objects' bookkeeping.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/client.h"

namespace reference {

namespace ldlm = protocol::ldlm;
namespace ost = protocol::ost;
namespace valid = protocol::mds::valid;

namespace {

uint32_t clamp32(uint64_t value) {
  return static_cast<uint32_t>(std::min<uint64_t>(value, 0xffffffff));
}

}  // namespace

// --- objects ---

ClientObject& Client::object_of(const Stripe& stripe, Fid file) {
  const auto key = std::tie(stripe.ost_index, stripe.object_seq, stripe.object_id);
  auto place = std::ranges::lower_bound(objects_, key, {}, &ClientObject::key);
  if (place == objects_.end() || place->key() != key) {
    ClientObject object;
    object.ost = stripe.ost_index;
    object.seq = stripe.object_seq;
    object.id = stripe.object_id;
    object.file = file;
    place = objects_.insert(place, std::move(object));
  }
  return *place;
}

ClientObject* Client::find_object(uint32_t ost, uint64_t seq, uint64_t id) {
  const auto key = std::tie(ost, seq, id);
  const auto found = std::ranges::lower_bound(objects_, key, {}, &ClientObject::key);
  return found != objects_.end() && found->key() == key ? &*found : nullptr;
}

ClientGrant& Client::grant_of(uint32_t ost) {
  const auto found = std::ranges::find(grants_, ost, &ClientGrant::ost);
  if (found != grants_.end()) return *found;
  grants_.push_back({ost, 0, 0});
  return grants_.back();
}

uint64_t Client::dirty_on(uint32_t ost) const {
  uint64_t sum = 0;
  for (const ClientObject& object : objects_) {
    if (object.ost == ost) sum += object.cache.dirty_bytes();
  }
  return sum;
}

uint64_t Client::granted_dirty_on(uint32_t ost) const {
  uint64_t pages = 0;
  for (const ClientObject& object : objects_) {
    if (object.ost == ost) pages += object.cache.granted_pages();
  }
  return pages * kCachePage;
}

ost::Obdo Client::obdo_of(const ClientObject& object) const {
  ost::Obdo obdo;
  obdo.valid = own().obdo_valid | valid::kFid | valid::kGener;
  obdo.id = object.id;
  obdo.seq = object.seq;
  obdo.parent_seq = object.file.seq;
  obdo.parent_oid = object.file.oid;
  obdo.parent_ver = object.file.ver;
  return obdo;
}

RequestId Client::submit_ost(Frame& frame, uint32_t ost, OstOp op, const OstRequest& request) {
  Import* import = find_import(ost + 2);
  CHECK(import != nullptr, "whoever takes a layout looks whether its OSTs are known");
  return import->submit(context(frame), own().ost(op, request));
}

// Objects that nothing is known of any more; only while no call may hold one.
void Client::prune_objects() {
  if (!calls_.empty()) return;
  for (ClientObject& object : objects_) object.cache.trim();
  std::erase_if(objects_, [&](const ClientObject& object) {
    if (!object.cache.empty() || object.writing != 0 || object.error != 0 || object.written) {
      return false;
    }
    return std::ranges::none_of(locks_, [&](const ClientLock& lock) {
      return lock.import == object.ost + 2 && lock.resource.name[0] == object.id &&
             lock.resource.name[1] == object.seq;
    });
  });
}

// --- writing back ---

void Client::write_back(Frame& frame, ClientObject& object) {
  if (!object.flush) return;
  const Import* import = find_import(object.ost + 2);
  if (import == nullptr) return;
  const uint32_t granted_size = import->granted().brw_size;
  const uint32_t bytes_max =
      granted_size == 0 ? kTransferMax : std::min(granted_size, kTransferMax);
  while (object.writing < kTransfersMax) {
    const uint64_t pages = object.cache.granted_pages();
    const auto batch = object.cache.take_batch(bytes_max);
    if (!batch) break;
    // The OST takes a page of grant for each part of one that it is sent by itself.
    const uint64_t again = (object.cache.granted_pages() - pages) * kCachePage;
    ClientGrant& grant = grant_of(object.ost);
    grant.available -= std::min(grant.available, again);
    if (again != 0) note_grant(frame, grant);
    send_write(frame, object, *batch);
  }
  if (!object.cache.dirty()) object.flush = false;
}

void Client::send_write(Frame& frame, ClientObject& object, const ObjectCache::Batch& batch) {
  ClientGrant& grant = grant_of(object.ost);
  const uint64_t dirty = dirty_on(object.ost);
  OstRequest request;
  request.obdo = obdo_of(object);
  request.obdo.valid |= valid::kMtime | valid::kCtime | valid::kBlocks | valid::kGrant;
  request.obdo.mtime = static_cast<uint64_t>(object.mtime);
  request.obdo.ctime = static_cast<uint64_t>(object.ctime);
  request.obdo.blocks = dirty;                                          // o_dirty
  request.obdo.mode = clamp32(kDirtyMax - std::min(kDirtyMax, dirty));  // o_undirty
  request.obdo.grant = grant.available;
  request.obdo.misc = clamp32(std::exchange(grant.lost, 0));  // o_dropped
  set_epoch(request.obdo, object.ioepoch);
  const ResourceName resource{.name = {object.id, object.seq, 0, 0}};
  for (const ClientLock& lock : locks_) {
    if (lock.granted && lock.import == object.ost + 2 && lock.resource == resource &&
        lock.mode == ldlm::lock_mode::kPw && lock.policy.start <= batch.pieces.front().offset &&
        lock.policy.end >= batch.pieces.front().offset) {
      request.obdo.valid |= valid::kHandle;
      request.obdo.handle.cookie = lock.remote;
      break;
    }
  }
  for (const ObjectCache::Piece& piece : batch.pieces) {
    request.niobufs.push_back({.offset = piece.offset,
                               .len = piece.length,
                               .flags = piece.granted ? ost::brw_flag::kFromGrant : 0u});
  }
  request.data = batch.data;
  const RequestId id = submit_ost(frame, object.ost, OstOp::write, request);
  ++object.writing;
  wait_for(object.ost + 2, id,
           {.kind = Waiter::Kind::write,
            .id = batch.id,
            .object_seq = object.seq,
            .object_id = object.id});
}

void Client::on_written(Frame& frame, const Waiter& waiter, const ImportEvent& event) {
  ClientObject* object = find_object(waiter.import - 2, waiter.object_seq, waiter.object_id);
  if (object == nullptr) return;
  int32_t status = event.status;
  if (event.reply && status >= 0) {
    const auto reply = protocol::operations_2_0::OstWrite::Reply::decode(*event.reply);
    if (!reply || status > 0) {
      note(frame, "write:bad reply", status);
      status = -EPROTO;
    } else {
      for (const int32_t rc : reply->rc) status = rc != 0 && status == 0 ? rc : status;
      if ((reply->body.oa.valid & valid::kGrant) != 0) {
        grant_of(object->ost).available += reply->body.oa.grant;
        note_grant(frame, grant_of(object->ost));
      }
    }
  }
  --object->writing;
  object->cache.written(waiter.id);
  if (status != 0) {
    note(frame, "write:failed", status);
    object->error = status < 0 && status != -EINTR ? status : -EIO;
  }
}

void Client::flush_file(Fid fid) {
  for (ClientObject& object : objects_) {
    if (object.file == fid && object.cache.dirty()) object.flush = true;
  }
}

bool Client::file_dirty(Fid fid) const {
  return std::ranges::any_of(objects_, [&](const ClientObject& object) {
    return object.file == fid && object.cache.dirty();
  });
}

// The first error of a write-back since it was asked last.
int32_t Client::take_error(Fid fid) {
  int32_t status = 0;
  for (ClientObject& object : objects_) {
    if (object.file != fid || object.error == 0) continue;
    status = status == 0 ? object.error : status;
    object.error = 0;
  }
  return status;
}

void Client::send_syncs(Frame& frame, Call& call, std::optional<Fid> file) {
  for (ClientObject& object : objects_) {
    if (!object.written || (file && object.file != *file)) continue;
    object.written = false;
    OstRequest request;
    request.obdo = obdo_of(object);
    request.obdo.valid |= valid::kSize | valid::kBlocks;
    request.obdo.size = 0;               // from
    request.obdo.blocks = ~uint64_t{0};  // to
    const RequestId id = submit_ost(frame, object.ost, OstOp::sync, request);
    wait_for(object.ost + 2, id, {.kind = Waiter::Kind::part, .id = call.id});
    ++call.waiting;
  }
}

// The answer to one of several requests of a call to OSTs.
void Client::on_part_done(Frame& frame, const Waiter& waiter, const ImportEvent& event) {
  Call* call = find_call(waiter.id);
  if (call == nullptr) return;
  --call->waiting;
  if (waiter.kind == Waiter::Kind::statfs) {
    const auto reply = event.reply
                           ? protocol::operations_2_0::OstStatfs::Reply::decode(*event.reply)
                           : std::unexpected(protocol::WireError{});
    if (event.status != 0 || !reply) {
      call->status = event.status < 0 ? event.status : -EPROTO;
      return;
    }
    FileSystemStatus& sum = call->result.file_system;
    const protocol::ptlrpc::ObdStatfs& statfs = reply->statfs;
    if (waiter.import == 1) {
      sum.files = statfs.files;
      sum.files_free = statfs.ffree;
    } else {
      sum.blocks += statfs.blocks;
      sum.free += statfs.bfree;
      sum.available += statfs.bavail;
      sum.block_size = statfs.bsize;
    }
    return;
  }
  if (call->stage == Stage::transfer) {
    on_read(frame, *call, waiter, event);
  } else if (event.status < 0 && call->status == 0) {
    call->status = event.status;
  }
}

void Client::arm_write_back(Frame& frame) {
  const bool dirty = std::ranges::any_of(objects_, [](const ClientObject& object) {
    return object.cache.dirty_bytes() != 0 && !object.flush;
  });
  if (dirty == (write_back_at_ != kNever)) return;
  write_back_at_ = dirty ? frame.now + config_.timing.write_back_delay : kNever;
  frame.out.push_back(SetTimer{{kWriteBackTimer, 0}, write_back_at_});
}

}  // namespace reference
