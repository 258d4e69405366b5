// A short list without allocation: what is copied at every step of a search.
#pragma once

#include <array>
#include <cstddef>

#include "protocol/check.h"

namespace harness::explore {

// At most N; one more is a CHECK.
template <class T, size_t N>
class Few {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == N; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }
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
  void resize(size_t size) { size_ = size; }

 private:
  size_t size_ = 0;
  std::array<T, N> items_;
};

}  // namespace harness::explore
