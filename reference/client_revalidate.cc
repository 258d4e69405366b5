// Size-on-MDS in the client, solutions 2 and 12 of the mail: new I/O rests on a lock on the layout;
// and an OST has us look whether the MDT knows us before anything more goes to OSTs.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/operations_2_0.h"
#include "reference/client.h"
#include "reference/som_words.h"

namespace reference {

namespace ldlm = protocol::ldlm;
using protocol::operations_2_0::LdlmSetInfo;

// --- the lock on the layout ---

bool Client::layout_held(Fid fid) const {
  return !has(SomPolicy::layout_lock) || inodebits_held(fid, ldlm::inodebit::kLayout);
}

bool Client::layout_locked(Frame& frame, Call& call) {
  if (!has(SomPolicy::layout_lock)) return true;
  if (call.args.kind == Syscall::Kind::write) {
    const OpenedFile* file = find_file(call.args.fd);
    const bool comes_back = has(SomPolicy::reopen) || has(SomPolicy::ask_clients);
    if (file == nullptr || (file->lost && !comes_back)) return call.status = -EIO, true;
    if (file->lost) return false;
  }
  if (layout_held(call.fid)) {
    release_lock(std::exchange(call.layout_lock, 0));
    return true;
  }
  const ClientLock* asked = find_lock(call.layout_lock);
  if (asked != nullptr && !asked->ended && !asked->granted) return false;
  release_lock(std::exchange(call.layout_lock, 0));
  if (!mds().usable()) return false;
  ldlm::LdlmFlock policy;
  protocol::set_overlay(policy, ldlm::LdlmInodebits{.bits = ldlm::inodebit::kLayout});
  ClientLock& lock = make_lock(1, {.name = {call.fid.seq, call.fid.oid, call.fid.ver, 0}},
                               ldlm::lock_type::kIbits, ldlm::lock_mode::kCr, policy);
  call.layout_lock = lock.handle;
  enqueue(frame, lock, 0);
  return false;
}

// --- whether the MDT knows us ---

void Client::hold_osts(Frame& frame, bool on) {
  for (Import& import : imports_) {
    if (import.number() >= 2) import.hold(context(frame), on);
  }
}

void Client::want_validation(Frame& frame) {
  if (!has(SomPolicy::ask_clients) || !mounted_) return;
  validation_ = Validation::wanted;
  hold_osts(frame, true);
}

// Files that the MDT had forgotten are open again before it is asked.
void Client::revalidate(Frame& frame) {
  const bool opening = std::ranges::any_of(
      waiters_, [](const Waiter& each) { return each.kind == Waiter::Kind::reopened; });
  if (!mds().usable() || reopens_ || opening) return;
  validation_ = Validation::asked;
  validating_ = mds().submit(context(frame), spoken().metadata(MdOp::getstatus, MdRequest{}));
  wait_for(1, validating_, {.kind = Waiter::Kind::revalidated});
}

void Client::on_revalidated(Frame& frame, const ImportEvent& event) {
  if (validation_ != Validation::asked || event.request != validating_) return;
  validation_ = event.status == 0 ? Validation::none : Validation::wanted;
  if (event.status != 0) return;
  hold_osts(frame, false);
  for (const Asking& asking : std::exchange(asking_, {})) {
    const RequestIn in{asking.from, asking.portal, asking.xid, asking.message};
    const auto message = protocol::Message::parse(in.message);
    if (message) answer_callback(frame, in, *message, 0, nullptr);
  }
}

int32_t Client::on_word(Frame& frame, const RequestIn& in, const protocol::Message& message) {
  const auto request = LdlmSetInfo::Request::decode(message);
  if (!request || request->key != kRevalidate) return -EINVAL;
  if (!has(SomPolicy::ask_clients)) return 0;
  asking_.push_back({in.from, in.portal, in.xid, in.message});
  want_validation(frame);
  return -EINPROGRESS;
}

}  // namespace reference
