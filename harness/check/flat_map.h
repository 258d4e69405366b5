// A map as a sorted vector: what checkers remember is small, copied often and hashed.
#pragma once

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace harness::check {

template <class Key, class Value>
class FlatMap {
 public:
  struct Entry {
    Key key;
    Value value;
    void state(auto&& visit) const { visit(key, value); }
  };

  Value* find(const Key& key) {
    const auto at = place(key);
    return at != entries_.end() && at->key == key ? &at->value : nullptr;
  }
  const Value* find(const Key& key) const { return const_cast<FlatMap*>(this)->find(key); }
  // Made if it is not there.
  Value& operator[](const Key& key) {
    const auto at = place(key);
    if (at != entries_.end() && at->key == key) return at->value;
    return entries_.insert(at, Entry{key, Value{}})->value;
  }
  void erase(const Key& key) {
    const auto at = place(key);
    if (at != entries_.end() && at->key == key) entries_.erase(at);
  }
  // The condition takes key and value.
  template <class Condition>
  void erase_if(Condition condition) {
    std::erase_if(entries_, [&](Entry& entry) { return condition(entry.key, entry.value); });
  }
  void clear() { entries_.clear(); }
  size_t size() const { return entries_.size(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  void state(auto&& visit) const { visit(entries_); }

 private:
  auto place(const Key& key) {
    return std::lower_bound(
        entries_.begin(), entries_.end(), key,
        [](const Entry& entry, const Key& wanted) { return entry.key < wanted; });
  }

  std::vector<Entry> entries_;
};

}  // namespace harness::check
