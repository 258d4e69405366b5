// Size-on-MDS in the client (facts: semantics 4.3): an IO epoch ends when the data is on the OSTs,
// and then the MDT may want the sizes. And lockless writes, which go past cache and locks.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/mds.h"
#include "protocol/mds_2_0.h"
#include "protocol/operations_2_0.h"
#include "reference/client.h"
#include "reference/open_flags.h"
#include "reference/som_words.h"

namespace reference {

namespace attr = protocol::mds::attr;
namespace epoch_flag = protocol::mds_2_0::epoch_flag;
namespace ost = protocol::ost;
namespace valid = protocol::mds::valid;

namespace {

// Who has the turn to change the file system or to close: calls have their ids, these have bits
// that no id has.
uint64_t turn_of(const EpochEnd& end) { return uint64_t{1} << 63 | end.id; }

// The MDT asks for sizes: under locks perhaps and, with the fence, in an epoch that it names.
void read_as_asked(EpochEnd& end, const protocol::mds_2_0::MdtBody& asked) {
  end.under_lock = (asked.valid & valid::kGetattrLock) != 0;
  if ((asked.valid & valid::kEpoch) != 0) end.ioepoch = asked.ioepoch;
}

}  // namespace

bool Client::epochs() const {
  return config_.som.on && imports_.size() > 1 &&
         imports_[1].granted(protocol::ptlrpc::connect_flag::kSom);
}

void Client::set_epoch(ost::Obdo& obdo, uint64_t ioepoch) const {
  if (!config_.som.on || ioepoch == 0) return;
  obdo.valid |= valid::kEpoch;
  obdo.ioepoch = ioepoch;
}

uint64_t Client::fenced_epoch(const Call& call) const {
  if (!has(SomPolicy::fence)) return 0;
  if (call.args.kind == Syscall::Kind::truncate) return call.ioepoch;
  const uint64_t fd =
      call.args.kind == Syscall::Kind::open ? call.result.value : uint64_t{call.args.fd};
  const auto file = std::ranges::find(files_, fd, &OpenedFile::fd);
  return file == files_.end() ? 0 : file->ioepoch;
}

bool Client::takes_turn(uint64_t& turn, uint64_t who) const {
  if (turn == 0) turn = who;
  return turn == who;
}

EpochEnd* Client::find_epoch_end(RequestId id) {
  const auto found = std::ranges::find(epoch_ends_, id, &EpochEnd::id);
  return found == epoch_ends_.end() ? nullptr : &*found;
}

uint64_t Client::handle_of(const EpochEnd& end) const {
  const auto file = std::ranges::find(files_, end.fd, &OpenedFile::fd);
  return end.fd != 0 && file != files_.end() ? file->handle : end.handle;
}

// --- lockless writes ---

// Waits for the OSTs: true when they have all of it, or have refused.
bool Client::advance_lockless_write(Frame& frame, Call& call, const Layout& layout) {
  if (!call.transfers.empty()) {
    call.result.value = call.args.data.size();
    return true;
  }
  if (cut_off() || !layout_locked(frame, call) || !open_committed(frame, call)) return false;
  OpenedFile* file = find_file(call.args.fd);
  if (call.status == 0 && file == nullptr) call.status = -EIO;
  if (call.status != 0) return true;
  file->changed = true;
  for (const CallPart& part : call.parts) {
    if (find_import(layout.stripes[part.stripe].ost_index + 2) == nullptr) {
      return call.status = -EIO, true;
    }
  }
  call.ioepoch = file->ioepoch;
  for (const CallPart& part : call.parts) {
    send_lockless(frame, call, layout, part);
    call.transfers.push_back(part);
  }
  return false;
}

void Client::send_lockless(Frame& frame, Call& call, const Layout& layout, const CallPart& part) {
  const Stripe& stripe = layout.stripes[part.stripe];
  const ClientObject& object = object_of(stripe, call.fid);
  OstRequest request;
  request.obdo = obdo_of(object);
  request.obdo.valid |= valid::kMtime | valid::kCtime;
  request.obdo.mtime = request.obdo.ctime = static_cast<uint64_t>(wall_clock(frame));
  set_epoch(request.obdo, call.ioepoch);
  request.niobufs = {{.offset = part.object_offset,
                      .len = static_cast<uint32_t>(part.length),
                      .flags = ost::brw_flag::kSrvlock}};
  request.data = call.args.data.slice(part.file_offset - call.args.offset, part.length);
  const RequestId id = submit_ost(frame, stripe.ost_index, OstOp::write, request);
  wait_for(stripe.ost_index + 2, id, {.kind = Waiter::Kind::part, .id = call.id});
  ++call.waiting;
}

bool Client::open_committed(Frame& frame, Call& call) {
  if (!has(SomPolicy::wait_for_commit) || call.committed) return true;
  // A sync is answered when all that was done before is committed.
  MdRequest request = md_request(frame, call);
  request.fid = call.fid;
  const RequestId id = mds().submit(context(frame), spoken().metadata(MdOp::sync, request));
  wait_for(1, id, {.kind = Waiter::Kind::part, .id = call.id});
  ++call.waiting;
  call.committed = true;
  return false;
}

// --- an epoch ends ---

uint32_t Client::close_flags(const OpenedFile& file) const {
  if (!epochs() || file.ioepoch == 0) return 0;
  uint32_t flags = file.changed ? epoch_flag::kSomChange : 0;
  if (!file_dirty(file.fid)) flags |= epoch_flag::kEpochClose;
  return flags;
}

void Client::closed_epoch(Frame& frame, Call& call) {
  const auto file = std::ranges::find(files_, call.args.fd, &OpenedFile::fd);
  if (!epochs() || file == files_.end() || file->ioepoch == 0) return;
  const bool asked = call.reply.status == -EAGAIN;
  const bool goes_on = call.reply.status == 0 && file->epoch_goes_on;
  if (!asked && !goes_on) return;
  if (epoch_ends_.size() >= kEpochEndsMax) return note(frame, "som:too many epochs end");
  EpochEnd end;
  end.id = call.request;
  end.fd = file->fd;
  end.fid = file->fid;
  end.ea = file->ea;
  end.ioepoch = file->ioepoch;
  end.change = file->changed;
  if (asked) {
    end.step = EpochEnd::Step::gather;
    read_as_asked(end, call.reply.body);
    call.reply.status = 0;
    if (const Bytes* kept = mds().message(file->close_request)) {
      mds().amend(file->close_request, spoken().kept_epoch_end(*kept, false, file->handle, true));
    }
  }
  epoch_ends_.push_back(std::move(end));
}

void Client::truncate_opened(Call& call) {
  const bool tells = epochs() || has(SomPolicy::always_done_writing);
  if (!tells || (call.reply.body.valid & valid::kHandle) == 0) return;
  call.ioepoch = call.reply.body.ioepoch;
  if (const Bytes* kept = mds().message(call.request)) {
    mds().amend(call.request, spoken().kept_truncate(*kept, call.reply));
  }
}

// Also where the profile is off, and the epoch is none: the MDT may have it on when it comes back.
bool Client::opened_by_truncate(const Call& call) const {
  const bool opened = (call.reply.body.valid & valid::kHandle) != 0;
  return call.ioepoch != 0 || (opened && has(SomPolicy::always_done_writing));
}

void Client::begin_truncate_end(Call& call) {
  EpochEnd end;
  end.id = call.request;
  end.fid = call.fid;
  end.ea = call.ea;
  end.handle = call.reply.body.handle.cookie;
  end.ioepoch = call.ioepoch;
  end.change = true;
  epoch_ends_.push_back(std::move(end));
}

Client::Progress Client::settle_epochs(Frame& frame) {
  Progress progress = Progress::none;
  for (EpochEnd& end : epoch_ends_) {
    if (end.waiting == 0 && advance_epoch_end(frame, end) == Progress::some) {
      progress = Progress::some;
    }
  }
  if (std::erase_if(epoch_ends_, [](const EpochEnd& end) { return end.id == 0; }) != 0) {
    progress = Progress::some;
  }
  return progress;
}

Client::Progress Client::advance_epoch_end(Frame& frame, EpochEnd& end) {
  switch (end.step) {
    case EpochEnd::Step::flush:
      if (file_dirty(end.fid) || !takes_turn(close_busy_, turn_of(end))) return Progress::none;
      send_done_writing(frame, end);
      return Progress::some;
    case EpochEnd::Step::done_writing:
      close_busy_ = 0;
      if (end.status == -EAGAIN) {
        end.step = EpochEnd::Step::gather;
        end.status = 0;
      } else {
        end.id = 0;
      }
      return Progress::some;
    case EpochEnd::Step::gather:
      if (end.found.empty()) {
        ask_sizes(frame, end);
        return Progress::some;
      }
      if (!takes_turn(md_busy_, turn_of(end))) return Progress::none;
      send_update(frame, end);
      return Progress::some;
    case EpochEnd::Step::update:
      md_busy_ = 0;
      end.id = 0;
      return Progress::some;
  }
  return Progress::none;
}

void Client::send_done_writing(Frame& frame, EpochEnd& end) {
  MdRequest request;
  request.time = wall_clock(frame);
  request.fid = end.fid;
  request.handle = handle_of(end);
  request.ioepoch = end.ioepoch;
  request.epoch_flags = epoch_flag::kEpochClose | (end.change ? epoch_flag::kSomChange : 0u);
  const auto file = std::ranges::find(files_, end.fd, &OpenedFile::fd);
  mds().release(end.fd != 0 && file != files_.end() ? file->open_request : end.id);
  end.request = mds().submit(context(frame), spoken().metadata(MdOp::done_writing, request));
  end.step = EpochEnd::Step::done_writing;
  end.waiting = 1;
  wait_for(1, end.request, {.kind = Waiter::Kind::epoch_end, .id = end.id});
}

void Client::on_epoch_end_reply(const Waiter& waiter, const ImportEvent& event) {
  EpochEnd* end = find_epoch_end(waiter.id);
  if (end == nullptr) return;
  --end->waiting;
  if (waiter.kind == Waiter::Kind::epoch_part) {
    const auto reply = event.reply && event.status == 0
                           ? protocol::operations_2_0::OstGetattr::Reply::decode(*event.reply)
                           : std::unexpected(protocol::WireError{});
    if (!reply) {
      end->status = -EIO;
    } else {
      const ost::Obdo& oa = reply->body.oa;
      end->found.at(waiter.which) = {oa.size, oa.blocks, static_cast<int64_t>(oa.atime),
                                     static_cast<int64_t>(oa.mtime),
                                     static_cast<int64_t>(oa.ctime)};
    }
    return;
  }
  end->status = event.status;
  if (end->step != EpochEnd::Step::done_writing || !event.reply || event.status != -EAGAIN) return;
  const MdReply reply = spoken().parse(MdOp::done_writing, *event.reply);
  read_as_asked(*end, reply.body);
  if (const Bytes* kept = mds().message(end->request)) {
    mds().amend(end->request, spoken().kept_epoch_end(*kept, true, handle_of(*end), true));
  }
}

void Client::ask_sizes(Frame& frame, EpochEnd& end) {
  const auto layout = layout_of(end.ea);
  const size_t all = layout ? layout->stripes.size() : 0;
  end.found.resize(std::max<size_t>(all, 1));
  if (all == 0) end.status = -EIO;
  for (uint32_t i = 0; i < all; ++i) {
    const Stripe& stripe = layout->stripes[i];
    if (find_import(stripe.ost_index + 2) == nullptr) end.status = -EIO;
    if (end.status != 0) return;
    if (i > 0 && config_.defects.has(Defect::som_one_stripe_read)) return;
    OstRequest request;
    request.obdo = obdo_of(object_of(stripe, end.fid));
    set_epoch(request.obdo, end.ioepoch);
    if (end.under_lock) {
      request.obdo.valid |= valid::kFlags;
      request.obdo.flags |= ost::obdo_flag::kSrvlock;
    }
    const RequestId id = submit_ost(frame, stripe.ost_index, OstOp::getattr, request);
    wait_for(stripe.ost_index + 2, id,
             {.kind = Waiter::Kind::epoch_part, .id = end.id, .which = i});
    ++end.waiting;
  }
}

// Without sizes when they could not be had: then the MDT keeps none.
void Client::send_update(Frame& frame, EpochEnd& end) {
  MdRequest request;
  request.time = wall_clock(frame);
  request.fid = end.fid;
  request.handle = handle_of(end);
  request.ioepoch = end.ioepoch;
  request.epoch_flags = epoch_flag::kSomChange;
  const auto layout = layout_of(end.ea);
  if (end.status == 0 && layout) {
    request.valid = attr::kSize | attr::kBlocks | attr::kAtime | attr::kAtimeSet | attr::kMtime |
                    attr::kMtimeSet | attr::kCtime | attr::kCtimeSet;
    request.time = 0;  // the ctime
    for (uint32_t i = 0; i < layout->stripes.size(); ++i) {
      const EpochEnd::Found& found = end.found[i];
      request.size = std::max(request.size, file_size(*layout, i, found.size));
      request.blocks += found.blocks;
      request.atime = std::max(request.atime, found.atime);
      request.mtime = std::max(request.mtime, found.mtime);
      request.time = std::max(request.time, found.ctime);
    }
  }
  end.status = 0;
  const RequestId id = mds().submit(context(frame), spoken().metadata(MdOp::setattr, request));
  end.step = EpochEnd::Step::update;
  end.waiting = 1;
  wait_for(1, id, {.kind = Waiter::Kind::epoch_end, .id = end.id});
}

// --- recovery ---

// A truncate's epoch was opened again: its handle is another.
bool Client::epoch_replayed(const ImportEvent& event) {
  EpochEnd* end = find_epoch_end(event.request);
  const auto call = std::ranges::find_if(calls_, [&](const Call& each) {
    return each.args.kind == Syscall::Kind::truncate && each.request == event.request &&
           opened_by_truncate(each);
  });
  const bool of_truncate = (end != nullptr && end->fd == 0) || call != calls_.end();
  if (!of_truncate) return false;
  const MdReply reply = spoken().parse(MdOp::setattr, *event.reply);
  if ((reply.body.valid & valid::kHandle) == 0) return true;
  if (call != calls_.end()) {
    call->reply.body.handle = reply.body.handle;
    if (call->ioepoch == 0) call->ioepoch = reply.body.ioepoch;
  }
  if (end == nullptr) return true;
  if (end->ioepoch == 0) end->ioepoch = reply.body.ioepoch;
  end->handle = reply.body.handle.cookie;
  if (const Bytes* done = end->request == 0 ? nullptr : mds().message(end->request)) {
    mds().amend(end->request, spoken().kept_epoch_end(*done, true, end->handle, false));
  }
  return true;
}

// Tells the OSTs that the MDT has forgotten us: they forget us, too, and what is on its way there
// is refused.
void Client::leave_osts(Frame& frame) {
  using protocol::operations_2_0::OstSetInfo;
  OstSetInfo::Request request;
  request.key = kForgetMe;
  for (Import& import : imports_) {
    if (import.number() < 2) continue;
    OutgoingRequest word = make_request<OstSetInfo>(request, 0, 0);
    word.no_resend = true;
    const RequestId id = import.submit(context(frame), std::move(word));
    wait_for(import.number(), id, {.kind = Waiter::Kind::nobody});
  }
}

// By their FIDs, as they were opened before.
void Client::reopen_files(Frame& frame) {
  if (!mds().usable()) return;
  reopens_ = false;
  for (OpenedFile& file : files_) {
    if (file.closed) continue;
    MdRequest request;
    request.time = wall_clock(frame);
    request.parent = request.fid = file.fid;
    request.flags = protocol::mds::open_flag::kFmodeRead;
    if ((file.flags & open_flags::kAccess) != open_flags::kRead) {
      request.flags |= protocol::mds::open_flag::kFmodeWrite;
    }
    const uint64_t lock =
        make_intent_lock(file.fid, spoken().open_bits, protocol::ldlm::lock_mode::kCr, request);
    file.open_request = mds().submit(context(frame), spoken().metadata(MdOp::open, request));
    wait_for(1, file.open_request, {.kind = Waiter::Kind::reopened, .id = file.fd, .bytes = lock});
  }
}

void Client::on_reopened(const Waiter& waiter, const ImportEvent& event) {
  erase_lock(waiter.bytes);
  OpenedFile* file = find_file(waiter.id);
  if (file == nullptr || !event.reply) return;
  const MdReply reply = spoken().parse(MdOp::open, *event.reply);
  if (reply.status < 0 || reply.body.handle.cookie == 0) return;
  file->handle = reply.body.handle.cookie;
  file->ioepoch = reply.body.ioepoch;
  file->lost = false;
  if (const Bytes* kept = mds().message(waiter.request)) {
    mds().amend(waiter.request, spoken().kept_open(*kept, reply));
  }
}

// The MDT has forgotten us, and our epochs.
void Client::forget_epochs() {
  for (const EpochEnd& end : epoch_ends_) {
    if (close_busy_ == turn_of(end)) close_busy_ = 0;
    if (md_busy_ == turn_of(end)) md_busy_ = 0;
  }
  epoch_ends_.clear();
}

}  // namespace reference
