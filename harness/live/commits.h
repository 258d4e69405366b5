// What a server wrote and its disk does not have yet. Transactions become durable in order, some
// time after they were made, in a thread of their own; until then they are in this process' memory
// only, so that its death loses them, as a real crash would. They can be held back by order.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "harness/live/store.h"

namespace harness::live {

class Commits {
 public:
  // `durable` is called in the commit thread, with the id of the last transaction of a batch.
  // Without a store everything is durable at once and survives nothing.
  Commits(std::unique_ptr<DiskStore> store, std::chrono::nanoseconds interval,
          std::function<void(reference::CommitId)> durable);
  ~Commits();  // what is not durable by then never will be
  Commits(const Commits&) = delete;
  Commits& operator=(const Commits&) = delete;

  reference::Store load() const { return store_ ? store_->load() : reference::Store{}; }

  void add(reference::Persist transaction);
  // Nothing is left that is not durable.
  bool idle() const;
  void hold();
  void release();
  // The process dies (SIGKILL) as soon as the nth transaction from now is durable.
  void die_at(uint32_t nth);
  // Waits until all that was added is durable, held or not.
  void commit_all();

 private:
  void run();

  std::unique_ptr<DiskStore> store_;
  const std::chrono::nanoseconds interval_;
  const std::function<void(reference::CommitId)> durable_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<reference::Persist> pending_;
  reference::CommitId added_ = 0;
  reference::CommitId committed_ = 0;
  uint32_t left_to_live_ = 0;  // transactions, 0 for any number
  bool held_ = false;
  bool at_once_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace harness::live
