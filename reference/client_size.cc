// Sizes: glimpses of objects, and truncation.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/mds.h"
#include "reference/client.h"
#include "reference/file_mode.h"
#include "reference/open_flags.h"

namespace reference {

namespace ldlm = protocol::ldlm;
namespace valid = protocol::mds::valid;

namespace {

// How much of a file of this size lies in one of its objects.
uint64_t object_size(const Layout& layout, uint32_t stripe, uint64_t size) {
  const uint64_t width = uint64_t{layout.stripe_size} * layout.stripes.size();
  const uint64_t rest = size % width, before = uint64_t{layout.stripe_size} * stripe;
  const uint64_t last = rest <= before ? 0 : std::min<uint64_t>(rest - before, layout.stripe_size);
  return size / width * layout.stripe_size + last;
}

}  // namespace

// Where the file ends, as far as one object says.
uint64_t Client::file_size(const Layout& layout, uint32_t stripe, uint64_t object_size) {
  if (object_size == 0) return 0;
  const uint64_t last = object_size - 1, unit = layout.stripe_size;
  return last / unit * unit * layout.stripes.size() + unit * stripe + last % unit + 1;
}

bool Client::glimpse(Frame& frame, Call& call, Progress& progress) {
  if (call.sized || (call.attributes.mode & kModeTypeMask) != kModeRegular) return true;
  const auto layout = layout_of(call.ea);
  if (!layout) {
    if (!call.ea.empty()) {
      note(frame, "layout:unreadable");
      call.status = -EIO;
    }
    return true;  // without objects the MDT's size counts
  }
  if (call.glimpses.empty()) {
    progress = Progress::some;
    for (uint32_t i = 0; i < layout->stripes.size(); ++i) {
      const Stripe& stripe = layout->stripes[i];
      if (find_import(stripe.ost_index + 2) == nullptr) {
        note(frame, "layout:unknown OST", stripe.ost_index);
        call.status = -EIO;
        return true;
      }
      const ResourceName resource{.name = {stripe.object_id, stripe.object_seq, 0, 0}};
      CallLock asked{i, 0, kEofByte, 0, false};
      object_of(stripe, call.fid);
      if (match_extent(stripe.ost_index + 2, resource, ldlm::lock_mode::kPr, 0, kEofByte)) {
        asked.local = true;
      } else {
        ldlm::LdlmFlock policy;
        protocol::set_overlay(policy, ldlm::LdlmExtent{.start = 0, .end = kEofByte});
        ClientLock& lock = make_lock(stripe.ost_index + 2, resource, ldlm::lock_type::kExtent,
                                     ldlm::lock_mode::kPr, policy);
        asked.handle = lock.handle;
        enqueue(frame, lock, ldlm::lock_flag::kHasIntent);
      }
      call.glimpses.push_back(asked);
    }
  }
  for (const CallLock& asked : call.glimpses) {
    const ClientLock* lock = asked.local ? nullptr : find_lock(asked.handle);
    if (asked.local) continue;
    if (lock == nullptr || (lock->ended && lock->status != 0)) {
      call.status = lock == nullptr ? -EIO : lock->status;
      return true;
    }
    if (!lock->granted && !lock->ended) return false;
  }
  merge_sizes(call, *layout);
  return true;
}

void Client::merge_sizes(Call& call, const Layout& layout) {
  call.attributes.size = 0;
  call.attributes.blocks = 0;
  for (const CallLock& asked : call.glimpses) {
    const ClientObject& object = object_of(layout.stripes[asked.stripe], call.fid);
    uint64_t size = object.size, blocks = object.blocks;
    int64_t mtime = object.mtime, atime = object.atime, ctime = object.ctime;
    if (const ClientLock* lock = asked.local ? nullptr : find_lock(asked.handle)) {
      size = std::max(lock->lvb.size, object.cache.dirty_end());
      blocks = lock->lvb.blocks;
      mtime = std::max(mtime, static_cast<int64_t>(lock->lvb.mtime));
      atime = std::max(atime, static_cast<int64_t>(lock->lvb.atime));
      ctime = std::max(ctime, static_cast<int64_t>(lock->lvb.ctime));
    }
    Attributes& out = call.attributes;
    out.size = std::max(out.size, file_size(layout, asked.stripe, size));
    out.blocks += blocks;
    out.mtime = std::max(out.mtime, mtime);
    out.atime = std::max(out.atime, atime);
    out.ctime = std::max(out.ctime, ctime);
  }
  for (const CallLock& asked : std::exchange(call.glimpses, {})) release_lock(asked.handle);
  call.sized = true;
}

// --- truncate ---

Client::Progress Client::advance_truncate(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::begin) {
    if (!start_walk(call, call.args.path)) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    call.stage = Stage::walk;
  }
  if (call.stage == Stage::walk) {
    if (!walk(frame, call, false, true, progress)) return progress;
    const uint32_t type = call.attributes.mode & kModeTypeMask;
    if (call.status == 0 && type == kModeDirectory) call.status = -EISDIR;
    if (call.status == 0 && type != kModeRegular) call.status = -EINVAL;
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    call.stage = Stage::rpc_lock;
  }
  if (call.stage == Stage::rpc_lock) {
    if (!layout_locked(frame, call)) return progress;
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    if (!take_turn(md_busy_, call)) return progress;
    MdRequest request = md_request(frame, call);
    request.fid = call.fid;
    request.valid =
        protocol::mds::attr::kSize | protocol::mds::attr::kMtime | protocol::mds::attr::kCtime;
    request.size = call.args.offset;
    request.mtime = wall_clock(frame);
    if (epochs() || has(SomPolicy::always_done_writing)) {
      request.epoch_flags = protocol::mds_2_0::epoch_flag::kEpochOpen;
    }
    send_md(frame, call, MdOp::setattr, request);
    call.stage = Stage::request;
    return Progress::some;
  }
  if (call.stage == Stage::request) {
    md_busy_ = 0;
    call.status = std::min(call.reply.status, 0);
    if (call.status == 0) truncate_opened(call);
    call.stage = Stage::punch;
  }
  if (call.stage == Stage::epoch_end) {
    // The sizes may take as long as a commit of an OST: nobody waits for that.
    const EpochEnd* end = find_epoch_end(call.request);
    if (end != nullptr && end->step < EpochEnd::Step::gather) return progress;
    finish(frame, call, call.status);
    return Progress::some;
  }
  if (call.stage == Stage::punch && call.status == 0) {
    if (cut_off() || !open_committed(frame, call)) return progress;
    if (!layout_held(call.fid)) call.status = -EIO;
  }
  if (call.status == 0 && !punch(frame, call, call.args.offset, progress)) return progress;
  if (opened_by_truncate(call)) {
    unlock_objects(call);
    begin_truncate_end(call);
    call.stage = Stage::epoch_end;
    return Progress::some;
  }
  finish(frame, call, call.status);
  return Progress::some;
}

bool Client::punch(Frame& frame, Call& call, uint64_t size, Progress& progress) {
  const auto layout = layout_of(call.ea);
  if (!layout) return true;
  const bool lockless =
      call.args.kind == Syscall::Kind::truncate && (call.args.flags & open_flags::kDirect) != 0;
  if (call.stage == Stage::punch && lockless) {
    send_punches(frame, call, *layout);
    call.stage = Stage::sync;
    progress = Progress::some;
    return false;
  }
  if (call.stage == Stage::punch) {
    for (uint32_t i = 0; i < layout->stripes.size(); ++i) {
      const uint64_t start = object_size(*layout, i, size) / kCachePage * kCachePage;
      call.object_locks.push_back({i, start, kEofByte, 0, false});
    }
    call.stage = Stage::lock_objects;
    progress = Progress::some;
  }
  bool first = false;
  if (call.stage == Stage::lock_objects) {
    if (!lock_objects(frame, call, *layout, ldlm::lock_mode::kPw, progress)) return false;
    if (call.status != 0) return true;
    call.stage = Stage::flush;
    first = true;
    progress = Progress::some;
  }
  if (call.stage == Stage::flush) {
    // What is behind the new end need not be written; what is on its way must have arrived.
    bool waiting = false;
    for (uint32_t i = 0; i < layout->stripes.size(); ++i) {
      ClientObject& object = object_of(layout->stripes[i], call.fid);
      const uint64_t end = object_size(*layout, i, size);
      const uint64_t dirty = object.cache.dirty_bytes();
      grant_of(object.ost).lost += object.cache.discard(end, kEofByte);
      const bool told = !first && object.cache.dirty_bytes() == dirty;
      if (!told) note_data(frame, Fact::Kind::discarded, object, end, kEofByte);
      waiting = waiting || object.cache.dirty(end, kEofByte);
    }
    if (waiting) return false;
    send_punches(frame, call, *layout);
    call.stage = Stage::sync;
    progress = Progress::some;
    return false;
  }
  return true;
}

void Client::send_punches(Frame& frame, Call& call, const Layout& layout) {
  const bool truncate = call.args.kind == Syscall::Kind::truncate;
  const uint64_t size = truncate ? call.args.offset : 0;
  const bool lockless = truncate && (call.args.flags & open_flags::kDirect) != 0;
  OpenedFile* file = truncate ? nullptr : find_file(call.result.value);
  if (file != nullptr) file->changed = true;
  for (uint32_t i = 0; i < layout.stripes.size(); ++i) {
    ClientObject& object = object_of(layout.stripes[i], call.fid);
    object.size = object_size(layout, i, size);
    object.mtime = object.ctime = wall_clock(frame);
    OstRequest request;
    request.obdo = obdo_of(object);
    request.obdo.valid |= valid::kSize | valid::kBlocks | valid::kMtime | valid::kCtime;
    request.obdo.size = object.size;  // from
    request.obdo.blocks = kEofByte;   // to
    request.obdo.mtime = static_cast<uint64_t>(object.mtime);
    request.obdo.ctime = static_cast<uint64_t>(object.ctime);
    if (lockless) {
      request.obdo.valid |= valid::kFlags;
      request.obdo.flags = protocol::ost::obdo_flag::kSrvlock;
    }
    set_epoch(request.obdo, file != nullptr ? file->ioepoch : call.ioepoch);
    const RequestId id = submit_ost(frame, object.ost, OstOp::punch, request);
    wait_for(object.ost + 2, id, {.kind = Waiter::Kind::part, .id = call.id});
    ++call.waiting;
  }
}

}  // namespace reference
