#include "harness/record/recorder.h"

#include <utility>

namespace harness::record {

uint64_t Recorder::add(const Place& place, What what) {
  const Record record{++records_,        place.time,  place.node,
                      place.incarnation, place.cause, std::move(what)};
  for (const Sink& sink : sinks_) sink(record);
  return record.index;
}

uint64_t Recorder::sent(const Place& place, PeerId to, const Bytes& bytes) {
  const uint64_t number = ++numbered_;
  const uint64_t index = add(place, Sent{to, number, bytes, read_envelope(bytes)});
  messages_[bytes.data()] = {number, index};
  return index;
}

uint64_t Recorder::received(const Place& place, PeerId from, const Bytes& bytes) {
  Known known;
  if (const auto at = messages_.find(bytes.data()); at != messages_.end()) known = at->second;
  Place caused = place;
  caused.cause = known.record;
  return add(caused, Received{from, known.message, bytes, read_envelope(bytes)});
}

uint64_t Recorder::message(const Bytes& bytes) const {
  const auto at = messages_.find(bytes.data());
  return at == messages_.end() ? 0 : at->second.message;
}

}  // namespace harness::record
