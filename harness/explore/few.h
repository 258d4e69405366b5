// A short list without allocation: what is copied at every step of a search. Only what is in it is
// copied.
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>

#include "protocol/check.h"

namespace harness::explore {

// At most N; one more is a CHECK.
template <class T, size_t N>
class Few {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  Few() {}
  Few(const Few& other) { *this = other; }
  Few& operator=(const Few& other) {
    size_ = other.size_;
    std::memmove(begin(), other.begin(), size_ * sizeof(T));
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == N; }
  T* begin() { return items_; }
  T* end() { return items_ + size_; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }
  T& operator[](size_t at) { return items_[at]; }
  const T& operator[](size_t at) const { return items_[at]; }
  void push_back(const T& item) { insert(size_, item); }
  void insert(size_t at, const T& item) {
    CHECK(!full(), "too many at once for an exploration");
    for (size_t i = size_; i > at; --i) items_[i] = items_[i - 1];
    items_[at] = item;
    ++size_;
  }
  void erase(size_t at) {
    for (size_t i = at + 1; i < size_; ++i) items_[i - 1] = items_[i];
    --size_;
  }
  // What is new is to be filled in.
  void resize(size_t size) { size_ = size; }

 private:
  size_t size_ = 0;
  union {  // not initialized
    T items_[N];
  };
};

}  // namespace harness::explore
