// A value that is shared until somebody changes it: copying costs a count. Clusters are copied at
// every step of an exploration, and a step changes one inode or directory of many.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace reference {

template <class T>
class Cow {
 public:
  Cow() = default;
  explicit Cow(T value) : value_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const {
    static const T kEmpty{};
    return value_ ? *value_ : kEmpty;
  }
  const T* operator->() const { return &**this; }

  // For changing; the other copies keep what they had.
  T& change() {
    if (!value_) {
      value_ = std::make_shared<T>();
    } else if (value_.use_count() > 1) {
      value_ = std::make_shared<T>(*value_);
    }
    // A copy in another thread that was just given up has been read before: see its last reads.
    std::atomic_thread_fence(std::memory_order_acquire);
    return *value_;
  }

  friend bool operator==(const Cow& a, const Cow& b) { return a.value_ == b.value_ || *a == *b; }
  void state(auto&& visit) const { visit(**this); }

 private:
  std::shared_ptr<T> value_;
};

}  // namespace reference
