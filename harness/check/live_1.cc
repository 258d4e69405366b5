#include "harness/check/live_1.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace harness::check {

namespace {
constexpr uint32_t kWriteLock = 1, kUnlock = 2;  // F_WRLCK, F_UNLCK
}  // namespace

void Live1::on(const Record& record, Findings& findings) {
  if (const auto* began = std::get_if<record::CallBegan>(&record.what)) {
    begin(record, *began, findings);
  } else if (const auto* ended = std::get_if<record::CallEnded>(&record.what)) {
    const auto call = std::ranges::find_if(under_way_, [&](const Call& one) {
      return one.node == record.node && one.order == ended->order;
    });
    if (call != under_way_.end()) {
      if (call->is_flock && ended->result->status == 0) end_flock(call->flock);
      under_way_.erase(call);
    }
  } else {
    std::erase_if(under_way_, [&](const Call& call) { return call.node == record.node; });
    // Its flocks are in the way until its server finds out.
  }
  descriptors_.on(record);
}

void Live1::begin(const Record& record, const record::CallBegan& began, Findings& findings) {
  if (under_way_.size() == kOpenCallsMax) return findings.inconclusive("too many calls at once");
  Call call{record.node, began.order, false, {}, record.index};
  if (began.call->kind == reference::Syscall::Kind::flock) {
    const Descriptors::File* file = descriptors_.files().find({record.node, began.call->fd});
    const uint32_t how = began.call->flags & ~reference::kFlockNoWait;
    call.is_flock = true;
    call.flock = {record.node,        file == nullptr ? Descriptors::File{} : *file,
                  how == kWriteLock,  how == kUnlock,
                  began.call->offset, began.call->length};
  }
  const auto place = std::ranges::upper_bound(under_way_, record.node, {}, &Call::node);
  under_way_.insert(place, std::move(call));
}

// The new one stands for what it covers of the client's.
void Live1::end_flock(const Flock& flock) {
  std::erase_if(flocks_, [&](const Flock& held) {
    return held.node == flock.node && held.same_file(flock) && held.within(flock);
  });
  if (!flock.unlocks) flocks_.push_back(flock);
}

void Live1::finish(Findings& findings) {
  const Call* first = nullptr;
  size_t count = 0;
  for (const Call& call : under_way_) {
    const bool waits = call.is_flock && std::ranges::any_of(flocks_, [&](const Flock& held) {
                         return held.in_the_way_of(call.flock);
                       });
    if (waits) continue;
    ++count;
    if (first == nullptr || call.began < first->began) first = &call;
  }
  if (first == nullptr) return;
  findings.broken(
      "LIVE-1",
      fmt::format("{} call(s) never return, the first from record {}", count, first->began),
      {first->began});
}

}  // namespace harness::check
