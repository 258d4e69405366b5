#include "harness/cli/watch.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace harness {
namespace {

constexpr double kGiB = 1 << 30;

volatile std::sig_atomic_t interrupted = 0;

uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  unsigned long long size = 0, resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &size, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

Watch::Watch(uint32_t seconds, double memory_gib)
    : begin_(std::chrono::steady_clock::now()), seconds_(seconds), memory_gib_(memory_gib) {
  std::signal(SIGINT, [](int) { interrupted = 1; });
  thread_ = std::thread([this] {
    while (!done_) {
      look();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
}

Watch::~Watch() {
  done_ = true;
  thread_.join();
  std::signal(SIGINT, SIG_DFL);
}

void Watch::look() {
  const uint64_t resident = resident_bytes();
  peak_ = std::max(peak_.load(), resident);
  if (interrupted != 0) {
    stop_ = explore::Stop::interrupt;
  } else if (seconds_ != 0 && elapsed() > seconds_) {
    stop_ = explore::Stop::seconds;
  } else if (static_cast<double>(resident) > memory_gib_ * kGiB) {
    stop_ = explore::Stop::memory;
  }
}

double Watch::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

uint64_t Watch::peak_bytes() const { return std::max(peak_.load(), resident_bytes()); }

void Watch::go_on_after_memory() {
  explore::Stop reason = explore::Stop::memory;
  if (stop_.load() != reason) return;
  malloc_trim(0);  // what the allocator keeps is resident
  stop_.compare_exchange_strong(reason, explore::Stop::none);
}

}  // namespace harness
