// Hashing of states: 64 bits over everything that a value's `state()` names, recursively.
//
// A class takes part by `void state(auto&& visit) const { visit(a_, b_, …); }`: all members that
// can make two of its values behave differently, and no other (no caches). Wire structs go in as
// their bytes. No floating point, no addresses, no size_t as such, no padding. (A template, so that
// only who hashes pays for compiling it.)
#pragma once

#include <xxhash.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/bytes.h"

namespace reference {

class Digest {
 public:
  void bytes(const void* data, size_t length) { word(XXH3_64bits(data, length)); }
  uint64_t value() const { return hash_; }

  template <class T>
  void add(const T& value);

 private:
  // A full avalanche a word (the finaliser of SplitMix64), chained by what came before.
  void word(uint64_t value) {
    uint64_t z = (hash_ ^ value) + 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    hash_ = (z ^ (z >> 31)) + (hash_ << 1);
  }
  template <class Range>
  void range(const Range& values) {
    word(values.size());
    for (const auto& value : values) add(value);
  }

  uint64_t hash_ = 0;
};

template <class T>
uint64_t digest_of(const T& value) {
  Digest digest;
  digest.add(value);
  return digest.value();
}

namespace digest_detail {
template <class T>
concept HasState = requires(const T& value) { value.state([](const auto&...) {}); };
template <class T>
concept HasTupleOfState = requires(const T& value) { value.state(); };
template <class T>
concept WireStruct = std::is_trivially_copyable_v<T> && requires {
  { T::kSize } -> std::convertible_to<uint32_t>;
};
template <class T, template <class...> class Of>
inline constexpr bool kIs = false;
template <template <class...> class Of, class... Args>
inline constexpr bool kIs<Of<Args...>, Of> = true;
template <class T>
inline constexpr bool kIsArray = false;
template <class T, size_t N>
inline constexpr bool kIsArray<std::array<T, N>> = true;
}  // namespace digest_detail

template <class T>
void Digest::add(const T& value) {
  using namespace digest_detail;
  if constexpr (std::is_enum_v<T>) {
    word(static_cast<uint64_t>(std::to_underlying(value)));
  } else if constexpr (std::integral<T>) {
    word(static_cast<uint64_t>(value));
  } else if constexpr (std::same_as<T, protocol::Bytes>) {
    word(value.size());
    bytes(value.view().data(), value.size());
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>) {
    word(value.size());
    bytes(value.data(), value.size());
  } else if constexpr (HasState<T>) {
    value.state([this](const auto&... parts) {
      (void)this;  // a state may have no parts
      (add(parts), ...);
    });
  } else if constexpr (HasTupleOfState<T>) {
    add(value.state());
  } else if constexpr (WireStruct<T>) {
    bytes(&value, sizeof value);
  } else if constexpr (kIs<T, std::tuple> || kIs<T, std::pair>) {
    std::apply([&](const auto&... parts) { (add(parts), ...); }, value);
  } else if constexpr (kIs<T, std::optional>) {
    word(value.has_value());
    if (value) add(*value);
  } else if constexpr (kIs<T, std::variant>) {
    word(value.index());
    std::visit([digest = this](const auto& alternative) { digest->add(alternative); }, value);
  } else if constexpr (std::same_as<T, std::monostate>) {
    word(0);
  } else {
    static_assert(kIs<T, std::vector> || kIs<T, std::map> || kIs<T, std::set> || kIsArray<T>,
                  "give this type a state()");
    range(value);
  }
}

}  // namespace reference
