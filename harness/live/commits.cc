#include "harness/live/commits.h"

#include <csignal>
#include <utility>

namespace harness::live {

Commits::Commits(std::unique_ptr<DiskStore> store, std::chrono::nanoseconds interval,
                 std::function<void(reference::CommitId)> durable)
    : store_(std::move(store)),
      interval_(interval),
      durable_(std::move(durable)),
      thread_([this] { run(); }) {}

Commits::~Commits() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Commits::add(reference::Persist transaction) {
  {
    const std::lock_guard lock(mutex_);
    added_ = transaction.id;
    pending_.push_back(std::move(transaction));
  }
  changed_.notify_all();
}

bool Commits::idle() const {
  const std::lock_guard lock(mutex_);
  return committed_ == added_;
}

void Commits::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void Commits::die_at(uint32_t nth) {
  const std::lock_guard lock(mutex_);
  left_to_live_ = nth;
}

void Commits::release() {
  {
    const std::lock_guard lock(mutex_);
    held_ = false;
  }
  changed_.notify_all();
}

void Commits::commit_all() {
  std::unique_lock lock(mutex_);
  at_once_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return committed_ == added_; });
  at_once_ = false;
}

void Commits::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto ready = [this] { return ending_ || (!pending_.empty() && (!held_ || at_once_)); };
    changed_.wait(lock, ready);
    if (ending_) return;
    // What comes within the interval shares the commit.
    changed_.wait_for(lock, interval_, [this] { return ending_ || at_once_; });
    if (!ready()) continue;
    if (ending_) return;
    std::vector<reference::Persist> batch = std::exchange(pending_, {});
    const bool last = left_to_live_ != 0 && batch.size() >= left_to_live_;
    if (last) batch.resize(left_to_live_);
    if (left_to_live_ != 0 && !last) left_to_live_ -= static_cast<uint32_t>(batch.size());
    lock.unlock();
    if (store_) store_->commit(batch);
    if (last) std::raise(SIGKILL);
    durable_(batch.back().id);
    lock.lock();
    committed_ = batch.back().id;
    changed_.notify_all();
  }
}

}  // namespace harness::live
