// The budget of a long command: seconds and memory. A thread of its own sets the stop signal that
// searches and campaigns look at; SIGINT sets it too, so that an interrupted command says how far
// it got.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "harness/explore/search.h"

namespace harness {

class Watch {
 public:
  // `seconds` 0: no bound.
  Watch(uint32_t seconds, double memory_gib);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  double elapsed() const;  // seconds
  const std::atomic<explore::Stop>& stop() const { return stop_; }
  uint64_t peak_bytes() const;  // resident
  // A search that took too much memory is over, and the next may begin.
  void go_on_after_memory();

 private:
  void look();

  std::chrono::steady_clock::time_point begin_;
  uint32_t seconds_;
  double memory_gib_;
  std::atomic<explore::Stop> stop_ = explore::Stop::none;
  std::atomic<uint64_t> peak_ = 0;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace harness
