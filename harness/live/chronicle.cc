#include "harness/live/chronicle.h"

#include <utility>

#include "harness/live/control.h"
#include "harness/live/node.h"

namespace harness::live {

record::Recorder::Place Chronicle::place(PeerId node) const {
  record::Recorder::Place place{.time = now()};
  const auto known = nodes_.find(node);
  if (known == nodes_.end()) return place;
  place.node = known->second.index;
  place.incarnation = known->second.incarnation;
  place.cause = known->second.cause;
  return place;
}

uint64_t Chronicle::add(PeerId node, record::What what) {
  return recorder_ == nullptr ? 0 : recorder_->add(place(node), std::move(what));
}

void Chronicle::started(const record::Node& who, reference::Dialect dialect) {
  const auto next = static_cast<record::NodeIndex>(nodes_.size());
  Known& known = nodes_.try_emplace(who.peer, Known{next, 0, 0}).first->second;
  ++known.incarnation;
  known.cause = 0;
  known.cause = add(who.peer, record::Started{who, dialect});
}

void Chronicle::crashed(PeerId node, std::string_view what) {
  nodes_[node].cause = 0;
  if (!what.empty()) nodes_[node].cause = add(node, record::Faulted{std::string(what)});
  add(node, record::Crashed{});
  nodes_[node].cause = 0;
}

void Chronicle::turns(PeerId node) { nodes_[node].cause = 0; }

void Chronicle::noted(PeerId node, const reference::Fact& fact) { add(node, record::Noted{fact}); }

void Chronicle::sent(PeerId node, PeerId to, const Bytes& message) {
  if (recorder_ == nullptr) return;
  recorder_->sent(place(node), to, message);
  const Way way{node, to, message_digest(message)};
  if (messages_.insert_or_assign(way, message).second) oldest_.push_back(way);
  if (oldest_.size() > kMessagesMax) {
    messages_.erase(oldest_.front());
    oldest_.pop_front();
  }
}

void Chronicle::received(PeerId node, PeerId from, const Bytes& message) {
  if (recorder_ == nullptr) return;
  const auto known = messages_.find({from, node, message_digest(message)});
  const Bytes& bytes = known == messages_.end() ? message : known->second;
  nodes_[node].cause = recorder_->received(place(node), from, bytes);
}

void Chronicle::received(PeerId node, PeerId from, uint64_t digest) {
  if (recorder_ == nullptr) return;
  const auto known = messages_.find({from, node, digest});
  const Bytes bytes = known == messages_.end() ? Bytes() : known->second;
  nodes_[node].cause = recorder_->received(place(node), from, bytes);
}

bool Chronicle::has(PeerId from, PeerId to, uint64_t digest) const {
  return messages_.contains({from, to, digest});
}

void Chronicle::lost(PeerId node, PeerId peer) {
  nodes_[node].cause = 0;
  nodes_[node].cause = add(node, record::Lost{peer});
}
void Chronicle::dropped(PeerId node, PeerId peer) { add(node, record::Dropped{peer}); }

void Chronicle::committed(PeerId node, uint64_t transactions) {
  for (uint64_t i = 0; i < transactions; ++i) add(node, record::Committed{});
}

void Chronicle::faulted(PeerId node, std::string what) {
  add(node, record::Faulted{std::move(what)});
}

void Chronicle::call_began(PeerId node, reference::OrderId order, const reference::Syscall& call) {
  add(node, record::CallBegan{order, std::make_shared<const reference::Syscall>(call)});
}

void Chronicle::call_ended(PeerId node, reference::OrderId order, const reference::Result& result) {
  add(node, record::CallEnded{order, std::make_shared<const reference::Result>(result)});
}

void Chronicle::strikes(const faults::Injector& injector, const faults::Parcel* struck) {
  const std::vector<faults::Struck>& strikes = injector.struck();
  for (; strikes_told_ < strikes.size(); ++strikes_told_) {
    const faults::Struck& strike = strikes[strikes_told_];
    if (recorder_ == nullptr || strike.node != faults::kAnybody) continue;
    record::Faulted fault{strike.what + ' ' + strike.where};
    record::Recorder::Place where{.time = now()};
    if (struck != nullptr) where = place(struck->from);
    if (struck != nullptr && strike.xid != 0) {
      const auto known =
          messages_.find({struck->from, struck->to, message_digest(struck->message)});
      if (known != messages_.end()) fault.message = recorder_->message(known->second);
    }
    recorder_->add(where, std::move(fault));
  }
}

void Chronicle::quiesced() {
  if (recorder_ != nullptr) recorder_->add({.time = now()}, record::Quiesced{});
}

}  // namespace harness::live
