// Numbers what happens in a run and hands it on: to a history on disk, to checkers. A world has one
// if it was asked for (Setup::recorder) and tells it what happens, in order.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "harness/record/record.h"

namespace harness::record {

class Recorder {
 public:
  using Sink = std::function<void(const Record&)>;
  void listen(Sink sink) { sinks_.push_back(std::move(sink)); }

  // Who it happened to, and when.
  struct Place {
    Time time = 0;
    NodeIndex node = 0;
    uint32_t incarnation = 0;
    uint64_t cause = 0;
  };
  // The record's index.
  uint64_t add(const Place& place, What what);
  // The record's index and, of `sent`, the number that the message got. The same bytes that arrive
  // later are known by their storage.
  uint64_t sent(const Place& place, PeerId to, const Bytes& bytes);
  uint64_t received(const Place& place, PeerId from, const Bytes& bytes);
  // Number of the message with these bytes; 0 if it was not sent here.
  uint64_t message(const Bytes& bytes) const;

  uint64_t records() const { return records_; }

 private:
  struct Known {
    uint64_t message = 0;
    uint64_t record = 0;
  };
  std::vector<Sink> sinks_;
  std::unordered_map<const uint8_t*, Known> messages_;  // by storage; a later one replaces it
  uint64_t records_ = 0;
  uint64_t numbered_ = 0;
};

}  // namespace harness::record
