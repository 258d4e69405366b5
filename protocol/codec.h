// Values <-> bytes. A generated struct has exactly the wire's layout, so decoding is a copy, and a
// swap of its integers if the sender's byte order is the other one.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/struct_info.h"

namespace protocol {

// A struct that the schema compiler made.
template <class T>
concept WireStruct = std::is_trivially_copyable_v<T> && sizeof(T) == T::kSize &&
                     std::same_as<decltype(T::kInfo), const StructInfo>;

// What may be copied from the wire as it is: such a struct, or a plain integer.
template <class T>
concept WireValue = WireStruct<T> || (std::integral<T> && !std::same_as<T, bool>);

template <std::integral T>
void swap_integer(T& value) {
  value = std::byteswap(value);
}
template <std::integral T, size_t N>
void swap_integer(std::array<T, N>& values) {
  for (T& value : values) value = std::byteswap(value);
}

// Every integer of `value` changes its byte order; opaque and always-little-endian parts do not.
template <WireValue T>
void swap_value(T& value) {
  if constexpr (std::integral<T>) {
    swap_integer(value);
  } else {
    swap_bytes(value);
  }
}

template <WireValue T>
constexpr std::string_view wire_name() {
  if constexpr (std::integral<T>) {
    return "integer";
  } else {
    return T::kLustre;
  }
}

// The value at the start of `bytes`. Fewer bytes than its size are refused, more are left alone.
template <WireValue T>
std::expected<T, WireError> decode(ByteView bytes, ByteOrder order = ByteOrder::little) {
  if (bytes.size() < sizeof(T)) {
    return std::unexpected(WireError{.subject = wire_name<T>(),
                                     .field = {},
                                     .offset = 0,
                                     .found = bytes.size(),
                                     .allowed = sizeof(T),
                                     .kind = WireError::Kind::too_short});
  }
  // In its place at once: one copy of the bytes.
  std::expected<T, WireError> value(std::in_place);
  std::memcpy(static_cast<void*>(&*value), bytes.data(), sizeof(T));
  if (order != ByteOrder::little) swap_value(*value);
  return value;
}

// Writes the value to the start of `out`, which must be large enough (a CHECK of the caller's).
template <WireValue T>
void encode(const T& value, ByteSpan out, ByteOrder order = ByteOrder::little) {
  const ByteSpan place = out.first(sizeof(T));
  if (order == ByteOrder::little) {
    std::memcpy(place.data(), &value, sizeof(T));
    return;
  }
  T ordered = value;
  swap_value(ordered);
  std::memcpy(place.data(), &ordered, sizeof(T));
}

template <WireValue T>
void append(std::vector<uint8_t>& out, const T& value) {
  // Not insert(): g++ 12 sees an overflow in it that is not there.
  const size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

// The bytes of a value in little-endian order. The view lives as long as the value.
template <WireValue T>
ByteView bytes_of(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof(T)};
}

// An array on the wire, decoded element by element when asked. A vector or span of values is such
// an array too: the same type serves the two directions, and never owns anything.
template <WireValue T>
class ArrayView {
 public:
  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const ArrayView* array, size_t index) : array_(array), index_(index) {}
    T operator*() const { return (*array_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++index_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }

   private:
    const ArrayView* array_ = nullptr;
    size_t index_ = 0;
  };

  ArrayView() = default;
  // Bytes behind the last whole element are left out.
  ArrayView(ByteView bytes, ByteOrder order)
      : bytes_(bytes.first(bytes.size() / sizeof(T) * sizeof(T))), order_(order) {}
  // The views live as long as what they were made of.
  ArrayView(std::span<const T> values)  // NOLINT(google-explicit-constructor)
      : bytes_(reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()) {}
  ArrayView(const std::vector<T>& values)  // NOLINT(google-explicit-constructor)
      : ArrayView(std::span<const T>(values)) {}

  size_t size() const { return bytes_.size() / sizeof(T); }
  bool empty() const { return bytes_.empty(); }
  T operator[](size_t index) const {
    T value;
    std::memcpy(&value, bytes_.subspan(index * sizeof(T), sizeof(T)).data(), sizeof(T));
    if (order_ != ByteOrder::little) swap_value(value);
    return value;
  }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }
  std::vector<T> copy() const { return {begin(), end()}; }
  ByteView bytes() const { return bytes_; }
  ByteOrder order() const { return order_; }

  friend bool operator==(const ArrayView& a, const ArrayView& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!(a[i] == b[i])) return false;
    }
    return true;
  }

 private:
  ByteView bytes_;
  ByteOrder order_ = ByteOrder::little;
};

// A C union: the struct T that lies over the first bytes of `part`, and the other way round.
template <WireStruct T, class Part>
T overlay(const Part& part) {
  static_assert(sizeof(T) <= sizeof(Part));
  T value;
  std::memcpy(static_cast<void*>(&value), &part, sizeof(T));
  return value;
}
template <class Part, WireStruct T>
void set_overlay(Part& part, const T& value) {
  static_assert(sizeof(T) <= sizeof(Part));
  part = {};
  std::memcpy(static_cast<void*>(&part), &value, sizeof(T));
}

// A name in a fixed char array ends at its first NUL, or fills the array.
template <size_t N>
std::string_view name_of(const std::array<char, N>& field) {
  const std::string_view whole(field.data(), N);
  return whole.substr(0, whole.find('\0'));
}
// Cuts what does not fit, and keeps the last byte NUL.
template <size_t N>
void set_name(std::array<char, N>& field, std::string_view name) {
  field = {};
  name = name.substr(0, N - 1);
  if (!name.empty()) std::memcpy(field.data(), name.data(), name.size());
}

}  // namespace protocol
