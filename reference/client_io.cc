// Reading and writing: stretches of a file become stretches of its objects, under extent locks, out
// of the cache and into it.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/mds.h"
#include "reference/client.h"
#include "reference/open_flags.h"

namespace reference {

namespace ldlm = protocol::ldlm;

namespace {

constexpr uint64_t kFileSizeMax = uint64_t{1} << 62;

uint64_t page_start(uint64_t offset) { return offset / kCachePage * kCachePage; }
uint64_t page_end(uint64_t end) { return (end + kCachePage - 1) / kCachePage * kCachePage - 1; }

}  // namespace

std::optional<Layout> Client::layout_of(const Bytes& ea) const {
  if (ea.empty()) return std::nullopt;
  auto layout = decode_layout(ea.view());
  if (!layout || layout->stripes.empty() || layout->stripe_size < kCachePage) return std::nullopt;
  return std::move(*layout);
}

std::optional<Layout> Client::begin_io(Call& call, bool writing) {
  const OpenedFile* file = find_file(call.args.fd);
  const uint32_t access = file == nullptr ? 0 : file->flags & open_flags::kAccess;
  if (file == nullptr || (writing && access == open_flags::kRead) ||
      (!writing && access == open_flags::kWrite)) {
    call.status = -EBADF;
    return std::nullopt;
  }
  const uint64_t length = writing ? call.args.data.size() : call.args.length;
  if (length > kCallBytesMax) call.status = -EINVAL;
  if (call.args.offset > kFileSizeMax) call.status = writing ? -EFBIG : -EINVAL;
  call.fid = file->fid;
  call.ea = file->ea;
  call.attributes.mode = 0100000;
  auto layout = layout_of(file->ea);
  // A file that was opened for writing has objects; one without has nothing to read.
  if (!layout && writing && call.status == 0) call.status = -EIO;
  return layout;
}

void Client::split(Call& call, const Layout& layout, uint64_t offset, uint64_t length) {
  call.parts.clear();
  const uint64_t size = layout.stripe_size, count = layout.stripes.size();
  while (length > 0) {
    const uint64_t within = offset % size;
    const uint64_t here = std::min(length, size - within);
    CallPart part;
    part.stripe = static_cast<uint32_t>(offset / size % count);
    part.object_offset = offset / (size * count) * size + within;
    part.file_offset = offset;
    part.length = here;
    call.parts.push_back(std::move(part));
    offset += here;
    length -= here;
  }
  std::ranges::stable_sort(call.parts, {}, &CallPart::stripe);
}

// In order of stripes, so that two clients never wait for each other.
void Client::plan_locks(Call& call, const Layout& layout, bool whole) {
  call.object_locks.clear();
  if (whole) {
    for (uint32_t stripe = 0; stripe < layout.stripes.size(); ++stripe) {
      call.object_locks.push_back({stripe, 0, kEofByte, 0, false});
    }
    return;
  }
  for (const CallPart& part : call.parts) {
    const uint64_t start = page_start(part.object_offset);
    const uint64_t end = page_end(part.object_offset + part.length);
    if (!call.object_locks.empty() && call.object_locks.back().stripe == part.stripe) {
      call.object_locks.back().start = std::min(call.object_locks.back().start, start);
      call.object_locks.back().end = std::max(call.object_locks.back().end, end);
    } else {
      call.object_locks.push_back({part.stripe, start, end, 0, false});
    }
  }
}

bool Client::lock_objects(Frame& frame, Call& call, const Layout& layout, uint32_t mode,
                          Progress& progress) {
  for (CallLock& wanted : call.object_locks) {
    const Stripe& stripe = layout.stripes[wanted.stripe];
    const uint32_t import = stripe.ost_index + 2;
    const ResourceName resource{.name = {stripe.object_id, stripe.object_seq, 0, 0}};
    if (wanted.handle == 0) {
      progress = Progress::some;
      if (find_import(import) == nullptr) {
        note(frame, "layout:unknown OST", stripe.ost_index);
        call.status = -EIO;
        return true;
      }
      object_of(stripe, call.fid);
      const uint64_t epoch = mode == ldlm::lock_mode::kPw ? fenced_epoch(call) : 0;
      if (ClientLock* held =
              match_extent(import, resource, mode, wanted.start, wanted.end, epoch)) {
        ++held->users;
        wanted.handle = held->handle;
        note_lock(frame, Fact::Kind::lock_used, held->handle);
      } else {
        ldlm::LdlmFlock policy;
        protocol::set_overlay(policy, ldlm::LdlmExtent{.start = wanted.start, .end = wanted.end});
        ClientLock& lock = make_lock(import, resource, ldlm::lock_type::kExtent, mode, policy);
        wanted.handle = lock.handle;
        lock.ioepoch = epoch;
        enqueue(frame, lock, 0);
      }
    }
    const ClientLock* lock = find_lock(wanted.handle);
    if (lock == nullptr || lock->ended) {
      call.status = lock == nullptr || lock->status == 0 ? -EIO : lock->status;
      return true;
    }
    if (!lock->granted) return false;
  }
  return true;
}

void Client::unlock_objects(Call& call) {
  for (const CallLock& held : std::exchange(call.object_locks, {})) release_lock(held.handle);
  for (const CallLock& asked : std::exchange(call.glimpses, {})) release_lock(asked.handle);
}

// --- read ---

Client::Progress Client::advance_read(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::begin) {
    const auto layout = begin_io(call, false);
    if (call.status != 0 || !layout || call.args.length == 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    split(call, *layout, call.args.offset, call.args.length);
    plan_locks(call, *layout, false);
    call.stage = Stage::lock_objects;
  }
  const auto layout = layout_of(call.ea);
  CHECK(layout.has_value());
  if (call.stage == Stage::lock_objects) {
    if (!lock_objects(frame, call, *layout, ldlm::lock_mode::kPr, progress)) return progress;
    if (call.status == 0) send_reads(frame, call, *layout);
    call.stage = Stage::transfer;
    if (call.waiting != 0) return Progress::some;
  }
  if (call.stage == Stage::transfer) {
    if (call.status == 0 && read_is_whole(call, *layout)) {
      call.attributes.size = kFileSizeMax;
      finish_read(frame, call, *layout);
      return Progress::some;
    }
    // Something was not there: a hole, or the end of the file. The size tells.
    call.stage = Stage::glimpse;
  }
  if (call.status == 0 && !glimpse(frame, call, progress)) return progress;
  if (call.status != 0) {
    finish(frame, call, call.status);
  } else {
    finish_read(frame, call, *layout);
  }
  return Progress::some;
}

void Client::send_reads(Frame& frame, Call& call, const Layout& layout) {
  for (const CallPart& part : call.parts) {
    const Stripe& stripe = layout.stripes[part.stripe];
    const ClientObject& object = object_of(stripe, call.fid);
    for (ObjectCache::Range gap : object.cache.gaps(part.object_offset, part.length)) {
      while (gap.start < gap.end) {
        const uint64_t length = std::min<uint64_t>(gap.end - gap.start, kTransferMax);
        CallPart transfer;
        transfer.stripe = part.stripe;
        transfer.object_offset = gap.start;
        transfer.file_offset = part.file_offset + (gap.start - part.object_offset);
        transfer.length = length;
        OstRequest request;
        request.obdo = obdo_of(object);
        request.niobufs = {{.offset = gap.start, .len = static_cast<uint32_t>(length)}};
        const RequestId id = submit_ost(frame, stripe.ost_index, OstOp::read, request);
        const auto which = static_cast<uint32_t>(call.transfers.size());
        wait_for(stripe.ost_index + 2, id,
                 {.kind = Waiter::Kind::part, .id = call.id, .which = which});
        call.transfers.push_back(std::move(transfer));
        ++call.waiting;
        gap.start += length;
      }
    }
  }
}

// The reply says how many bytes came; fewer than asked for: the object ends there, or has a hole.
void Client::on_read(Frame& frame, Call& call, const Waiter& waiter, const ImportEvent& event) {
  CallPart& transfer = call.transfers.at(waiter.which);
  if (event.status < 0 || !event.reply) {
    if (call.status == 0) call.status = event.status < 0 ? event.status : -EPROTO;
    return;
  }
  if (static_cast<uint64_t>(event.status) != event.bulk.size() ||
      event.bulk.size() > transfer.length) {
    note(frame, "read:status is not what came", event.status);
    if (call.status == 0) call.status = -EPROTO;
    return;
  }
  transfer.data = event.bulk;
  const auto layout = layout_of(call.ea);
  object_of(layout->stripes[transfer.stripe], call.fid)
      .cache.fill(transfer.object_offset, event.bulk);
}

bool Client::read_is_whole(const Call& call, const Layout& layout) {
  return std::ranges::all_of(call.parts, [&](const CallPart& part) {
    const ClientObject& object = object_of(layout.stripes[part.stripe], call.fid);
    return object.cache.gaps(part.object_offset, part.length).empty();
  });
}

void Client::finish_read(Frame& frame, Call& call, const Layout& layout) {
  const uint64_t size = call.attributes.size;
  const uint64_t offset = call.args.offset;
  const uint64_t length = size <= offset ? 0 : std::min(call.args.length, size - offset);
  std::vector<uint8_t> data(length);
  for (const CallPart& part : call.parts) {
    if (part.file_offset >= offset + length) continue;
    const uint64_t here = std::min(part.length, offset + length - part.file_offset);
    const ClientObject& object = object_of(layout.stripes[part.stripe], call.fid);
    object.cache.copy(part.object_offset,
                      protocol::ByteSpan(data).subspan(part.file_offset - offset, here));
  }
  for (const CallLock& held : call.object_locks) {
    note_lock(frame, Fact::Kind::lock_used, held.handle);
  }
  call.result.value = length;
  call.result.data = Bytes(std::move(data));
  finish(frame, call, 0);
}

// --- write ---

Client::Progress Client::advance_write(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::begin) {
    const auto layout = begin_io(call, true);
    if (call.status != 0 || !layout || call.args.data.empty()) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    if ((find_file(call.args.fd)->flags & open_flags::kDirect) != 0) {
      split(call, *layout, call.args.offset, call.args.data.size());
      call.stage = Stage::lockless;
    }
  }
  if (call.stage == Stage::lockless) {
    const auto layout = layout_of(call.ea);
    if (!advance_lockless_write(frame, call, *layout)) return progress;
    finish(frame, call, call.status);
    return Progress::some;
  }
  if (call.stage == Stage::begin) call.stage = Stage::layout;
  if (call.stage == Stage::layout) {
    if (!layout_locked(frame, call)) return progress;
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    const auto layout = layout_of(call.ea);
    const bool append = (find_file(call.args.fd)->flags & open_flags::kAppend) != 0;
    if (!append) split(call, *layout, call.args.offset, call.args.data.size());
    plan_locks(call, *layout, append);
    call.stage = Stage::lock_objects;
  }
  const auto layout = layout_of(call.ea);
  CHECK(layout.has_value());
  if (call.stage == Stage::lock_objects) {
    if (!lock_objects(frame, call, *layout, ldlm::lock_mode::kPw, progress)) return progress;
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    if (call.parts.empty()) {  // append: now that all is locked, the end is known
      call.args.offset = size_under_locks(call, *layout);
      split(call, *layout, call.args.offset, call.args.data.size());
    }
    const bool later = write_parts(frame, call, *layout);
    call.result.value = call.args.data.size();
    if (later) {
      finish(frame, call, 0);
      return Progress::some;
    }
    flush_file(call.fid);
    call.stage = Stage::flush;
    return Progress::some;
  }
  if (file_dirty(call.fid)) return progress;
  finish(frame, call, take_error(call.fid));
  return Progress::some;
}

uint64_t Client::size_under_locks(const Call& call, const Layout& layout) {
  uint64_t size = 0;
  for (uint32_t i = 0; i < layout.stripes.size(); ++i) {
    const ClientObject& object = object_of(layout.stripes[i], call.fid);
    size = std::max(size, file_size(layout, i, object.size));
  }
  return size;
}

// Into the cache. False if some of it has no grant, or the file is O_SYNC: then it must be on the
// OSTs before the call ends.
bool Client::write_parts(Frame& frame, Call& call, const Layout& layout) {
  OpenedFile* file = find_file(call.args.fd);
  if (file != nullptr) file->changed = true;
  bool later = file == nullptr || (file->flags & open_flags::kSync) == 0;
  for (const CallPart& part : call.parts) {
    ClientObject& object = object_of(layout.stripes[part.stripe], call.fid);
    ClientGrant& grant = grant_of(object.ost);
    const uint64_t need = object.cache.pages_to_grant(part.object_offset, part.length) * kCachePage;
    const bool granted = grant.available >= need && dirty_on(object.ost) + need <= kDirtyMax;
    if (granted) grant.available -= need;
    if (granted && need != 0) note_grant(frame, grant);
    note_data(frame, Fact::Kind::dirtied, object, part.object_offset,
              part.object_offset + part.length);
    later = later && granted;
    const Bytes data = call.args.data.slice(part.file_offset - call.args.offset, part.length);
    object.cache.write(part.object_offset, data, granted);
    object.size = std::max(object.size, part.object_offset + part.length);
    if (file != nullptr) object.ioepoch = file->ioepoch;
    object.mtime = object.ctime = wall_clock(frame);
    object.written = true;
  }
  return later;
}

// --- fsync, sync ---

Client::Progress Client::advance_fsync(Frame& frame, Call& call) {
  if (call.stage == Stage::begin) {
    const OpenedFile* file = find_file(call.args.fd);
    if (file == nullptr) {
      finish(frame, call, -EBADF);
      return Progress::some;
    }
    call.fid = file->fid;
    flush_file(call.fid);
    call.stage = Stage::flush;
    return Progress::some;
  }
  if (call.stage == Stage::flush) {
    if (file_dirty(call.fid)) return Progress::none;
    call.status = take_error(call.fid);
    send_syncs(frame, call, call.fid);
    MdRequest request = md_request(frame, call);
    request.fid = call.fid;
    send_md(frame, call, MdOp::sync, request);
    call.stage = Stage::sync;
    return Progress::some;
  }
  if (call.status == 0) call.status = std::min(call.reply.status, 0);
  finish(frame, call, call.status);
  return Progress::some;
}

Client::Progress Client::advance_sync(Frame& frame, Call& call) {
  if (call.stage == Stage::begin) {
    for (ClientObject& object : objects_) object.flush = object.flush || object.cache.dirty();
    call.stage = Stage::flush;
    return Progress::some;
  }
  if (call.stage == Stage::flush) {
    const bool dirty = std::ranges::any_of(
        objects_, [](const ClientObject& object) { return object.cache.dirty(); });
    if (dirty) return Progress::none;
    send_syncs(frame, call, std::nullopt);
    send_md(frame, call, MdOp::sync, md_request(frame, call));
    call.stage = Stage::sync;
    return Progress::some;
  }
  if (call.status == 0) call.status = std::min(call.reply.status, 0);
  finish(frame, call, call.status);
  return Progress::some;
}

}  // namespace reference
