// What server and client count of the same when all is at rest, by whose it is.
#pragma once

#include <cstdint>

#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

template <class Key>
class BothEnds {
 public:
  struct Count {
    int64_t value = 0;
    Seen at;
    void state(auto&& visit) const { visit(value); }
  };

  void served(const Key& key, Count count) { served_[key] = count; }
  void held(const Key& key, Count count) { held_[key] = count; }
  // Calls `each(key, held, served)` where both were told, and forgets them. A server says nothing
  // of a client that it does not know: who was evicted may not have heard of it yet.
  void compare(auto&& each) {
    for (const auto& [key, held] : held_) {
      if (const Count* served = served_.find(key)) each(key, held, *served);
    }
    served_.clear();
    held_.clear();
  }
  void state(auto&& visit) const { visit(served_, held_); }

 private:
  FlatMap<Key, Count> served_, held_;
};

}  // namespace harness::check
