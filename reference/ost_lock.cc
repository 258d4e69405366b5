// OST: extent locks of clients, glimpses, and what locks say of an object's size (LVB).
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/operations_2_0.h"
#include "reference/ost.h"

namespace reference {

namespace flag = protocol::ldlm::lock_flag;
namespace operations = protocol::operations_2_0;
using protocol::ldlm::OstLvb;

namespace {

constexpr int32_t kAborted = protocol::ldlm::status::kLockAborted;

// An object that does not exist: OST_LVB_ERR_INIT and the errno, in lvb_blocks.
constexpr uint64_t kLvbError = 0xffbadbad80000000;

OstLvb larger(const OstLvb& a, const OstLvb& b) {
  return {.size = std::max(a.size, b.size),
          .mtime = std::max(a.mtime, b.mtime),
          .atime = std::max(a.atime, b.atime),
          .ctime = std::max(a.ctime, b.ctime),
          .blocks = std::max(a.blocks, b.blocks)};
}

Bytes pack(const OstLvb& lvb) { return Bytes(protocol::bytes_of(lvb)); }

}  // namespace

// --- the LVB ---

// As the locks have it, or from the disk.
OstLvb Ost::lvb_of(const ResourceId& resource) const {
  if (const auto known = protocol::decode<OstLvb>(locks_.lvb(resource).view())) return *known;
  return disk_lvb(resource);
}

OstLvb Ost::disk_lvb(const ResourceId& resource) const {
  OstLvb lvb;
  const Object* object = objects_.find({resource.name[1], resource.name[0]});
  if (object == nullptr) {
    lvb.blocks = kLvbError - ENOENT;
    return lvb;
  }
  lvb.size = object->attributes.size;
  lvb.mtime = object->attributes.mtime;
  lvb.atime = object->attributes.atime;
  lvb.ctime = object->attributes.ctime;
  lvb.blocks = object->blocks();
  return lvb;
}

void Ost::refresh_lvb(const ResourceId& resource, bool only_upwards) {
  if (locks_.resource(resource) == nullptr) return;
  const OstLvb disk = disk_lvb(resource);
  locks_.set_lvb(resource, pack(only_upwards ? larger(lvb_of(resource), disk) : disk));
}

void Ost::refresh_lvbs(const std::vector<LockHandle>& handles) {
  for (const LockHandle handle : handles) {
    if (const Lock* lock = locks_.find(handle)) refresh_lvb(ResourceId(lock->resource), false);
  }
}

// --- enqueue ---

void Ost::on_enqueue(Call& call) {
  const auto decoded = operations::LdlmEnqueueExtent::Request::decode(call.message());
  if (!decoded) return refuse(call, -EFAULT);
  auto wanted =
      lock_request(decoded->lock, call.request.export_id, call.request.from, call.request.resent);
  if (!wanted) return refuse(call, -EFAULT);
  // Where only group locks have a use for it: the epoch of a lock to write under.
  if (config_.som.on && config_.som.has(SomPolicy::fence) && wanted->mode != LockMode::group) {
    wanted->epoch =
        protocol::overlay<protocol::ldlm::LdlmExtent>(decoded->lock.lock_desc.policy_data).gid;
  }
  if (fenced(*wanted)) return refuse(call, -ESTALE);
  const bool replayed = (wanted->flags & flag::kReplay) != 0;
  if (!replayed && decoded->lock.lock_count > 1) {
    const auto handles = cancel_handles(decoded->lock, decoded->lock_more_handles, 1);
    refresh_lvbs(handles);
    callbacks_.cancel(locking(call.step), handles, call.step.news);
  }
  if (!replayed && (wanted->flags & flag::kHasIntent) != 0) return on_glimpse(call, *wanted);
  give_lock(call, *wanted);
}

void Ost::give_lock(Call& call, const LockRequest& wanted) {
  const bool first = locks_.resource(wanted.resource) == nullptr;
  LockEffects effects;
  const EnqueueResult result = locks_.enqueue(wanted, effects);
  if (first) refresh_lvb(wanted.resource, false);
  callbacks_.apply(locking(call.step), effects, call.step.news);
  Reply reply = service_.reply(call.request);
  reply.status = result.status;
  operations::LdlmEnqueueExtent::Reply buffers;
  buffers.lock = lock_reply(result);
  buffers.lvb = lvb_of(wanted.resource);
  buffers.encode(reply.message);
  service_.finish(call.step.turn, call.request, reply);
}

void Ost::on_cancel(Call& call) {
  if (const auto handles = cancel_handles(call.request)) refresh_lvbs(*handles);
  callbacks_.on_cancel(locking(call.step), call.request, call.step.news);
}

void Ost::on_convert(Call& call) {
  callbacks_.on_convert(locking(call.step), call.request, call.step.news);
}

// --- glimpse ---

bool Ost::listens(ExportId client) const { return !std::ranges::binary_search(libraries_, client); }

// Nobody in the way: the lock itself. Otherwise the size, as the holder of the lock that begins
// last, of those that reach behind the size known here, says it.
void Ost::on_glimpse(Call& call, const LockRequest& wanted) {
  const bool known = locks_.find(wanted.owner, wanted.client_handle) != nullptr;
  if (known || locks_.grantable(wanted)) {
    return listens(wanted.owner) ? give_lock(call, wanted)
                                 : answer_glimpse(call, wanted, lvb_of(wanted.resource));
  }
  if (planted(Defect::glimpse_from_disk)) {
    return answer_glimpse(call, wanted, disk_lvb(wanted.resource));
  }
  const OstLvb lvb = lvb_of(wanted.resource);
  const Lock* holder = nullptr;
  bool writes_unheard = false;
  for (const Lock& held : locks_.resource(wanted.resource)->granted) {
    const bool writes = !compatible_modes(held.granted, LockMode::pr);
    if (!writes || held.policy.end < lvb.size) continue;
    if (held.owner == 0 || !listens(held.owner)) {
      writes_unheard = true;
    } else if (holder == nullptr ||
               (held.policy.start > holder->policy.start) != planted(Defect::glimpse_asks_first)) {
      holder = &held;
    }
  }
  if (holder == nullptr) {
    // What user-space clients write is on the disk at once.
    if (writes_unheard) refresh_lvb(wanted.resource, true);
    return answer_glimpse(call, wanted, lvb_of(wanted.resource));
  }
  Job job;
  job.waits = Job::Waits::glimpse;
  job.cookie = 1;
  while (std::ranges::any_of(jobs_, [&](const Job& other) {
    return other.waits == Job::Waits::glimpse && other.cookie == job.cookie;
  })) {
    ++job.cookie;
  }
  if (!callbacks_.glimpse(locking(call.step), holder->handle, job.cookie)) {
    return answer_glimpse(call, wanted, lvb);
  }
  park(call, std::move(job));
}

void Ost::finish_glimpse(Step& step, const LockNews::Glimpsed& glimpsed) {
  const auto found = std::ranges::find_if(jobs_, [&](const Job& job) {
    return job.waits == Job::Waits::glimpse && job.cookie == glimpsed.cookie;
  });
  if (found == jobs_.end()) return;
  const Job job = std::move(*found);
  jobs_.erase(found);
  Call call{step, job.request};
  const auto decoded = operations::LdlmEnqueue::Request::decode(job.request.message);
  const auto wanted =
      lock_request(decoded->lock, job.request.export_id, job.request.from, job.request.resent);
  const ResourceId& resource = wanted->resource;
  const OstLvb lvb = glimpsed.lvb ? larger(lvb_of(resource), *glimpsed.lvb) : disk_lvb(resource);
  locks_.set_lvb(resource, pack(lvb));
  answer_glimpse(call, *wanted, lvb);
}

void Ost::answer_glimpse(Call& call, const LockRequest& wanted, const OstLvb& lvb) {
  Reply reply = service_.reply(call.request);
  reply.status = kAborted;
  reply.result = 0;
  operations::LdlmEnqueueExtent::Reply buffers;
  const auto decoded = operations::LdlmEnqueue::Request::decode(call.message());
  buffers.lock.lock_desc = decoded->lock.lock_desc;
  buffers.lock.lock_desc.resource.name = wanted.resource;
  buffers.lvb = lvb;
  buffers.encode(reply.message);
  service_.finish(call.step.turn, call.request, reply);
}

}  // namespace reference
