// What a live world tells its recorder, in one order: that in which this process hears of it. Our
// clients and probes are heard as they step; each server tells by its pipe, in the order of its own
// steps and before any message of theirs leaves (control.h), and whoever gets a message hears first
// all that its sender told. So a record never comes before what led to it.
//
// A message that arrives is known by the digest of its bytes. What a server that is killed could
// not tell any more is missing: its last commits, at most.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>

#include "faults/injector.h"
#include "harness/record/recorder.h"

namespace harness::live {

class Chronicle {
 public:
  using PeerId = reference::PeerId;
  using Bytes = reference::Bytes;

  // Messages that may still arrive; older ones arrive without a number.
  static constexpr size_t kMessagesMax = 16'384;

  // Until then, and without a recorder, nothing is told.
  void begin(record::Recorder* recorder) { recorder_ = recorder; }
  void end() { recorder_ = nullptr; }
  bool on() const { return recorder_ != nullptr; }

  void started(const record::Node& who, reference::Dialect dialect);
  // `what` killed it; empty: it ended by itself.
  void crashed(PeerId node, std::string_view what);
  // The node begins a step that no message led to.
  void turns(PeerId node);
  void noted(PeerId node, const reference::Fact& fact);
  void sent(PeerId node, PeerId to, const Bytes& message);
  void received(PeerId node, PeerId from, const Bytes& message);
  void received(PeerId node, PeerId from, uint64_t digest);
  bool has(PeerId from, PeerId to, uint64_t digest) const;
  void lost(PeerId node, PeerId peer);
  void dropped(PeerId node, PeerId peer);
  void committed(PeerId node, uint64_t transactions);
  void faulted(PeerId node, std::string what);
  void call_began(PeerId node, reference::OrderId order, const reference::Syscall& call);
  void call_ended(PeerId node, reference::OrderId order, const reference::Result& result);
  // What has struck since this was asked last, but for what is done to nodes: that is told when it
  // is carried out. `struck`, the message that it was about.
  void strikes(const faults::Injector& injector, const faults::Parcel* struck = nullptr);
  void quiesced();

 private:
  using Way = std::tuple<PeerId, PeerId, uint64_t>;  // from, to, digest
  struct Known {
    record::NodeIndex index = 0;
    uint32_t incarnation = 0;
    uint64_t cause = 0;
  };
  record::Recorder::Place place(PeerId node) const;
  uint64_t add(PeerId node, record::What what);

  record::Recorder* recorder_ = nullptr;
  std::map<PeerId, Known> nodes_;
  std::map<Way, Bytes> messages_;
  std::deque<Way> oldest_;  // of messages_, first
  size_t strikes_told_ = 0;
};

}  // namespace harness::live
