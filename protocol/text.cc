#include "protocol/text.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace protocol {
namespace {

constexpr size_t kBytesShown = 64;

std::string hex_text(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string short_hex(ByteView bytes) {
  size_t used = bytes.size();
  while (used > 0 && bytes[used - 1] == 0) --used;
  if (used == 0) return fmt::format("{} zero bytes", bytes.size());
  const std::string shown = hex_text(bytes.first(std::min(used, kBytesShown)));
  return used < bytes.size() || used > kBytesShown
             ? fmt::format("{}... ({} bytes)", shown, bytes.size())
             : shown;
}

// The names of the bits that are set; masks that hold others only if nothing smaller says it. What
// is left of the value goes to `rest`.
std::vector<std::string_view> bit_names(uint64_t value, const NameTable& table, Dialect dialect,
                                        uint64_t& rest) {
  std::vector<std::string_view> out;
  rest = value;
  for (const bool single : {true, false}) {
    for (const NamedValue& bit : table.values) {
      const bool is_single = (bit.value & (bit.value - 1)) == 0;
      if (is_single != single || bit.value == 0) continue;
      if (bit.only.value_or(dialect) != dialect) continue;
      if ((value & bit.value) == bit.value && (rest & bit.value) != 0) {
        out.push_back(bit.lustre);
        rest &= ~bit.value;
      }
    }
  }
  return out;
}

// An item in its place: the items behind it are what is in it.
using Place = std::span<const Item>;

// Calls `visit` with each of the items directly in a group or list, or of a description.
void for_each(Place siblings, auto&& visit) {
  while (!siblings.empty()) {
    visit(siblings);
    siblings = siblings.subspan(size_t{siblings.front().inside} + 1);
  }
}

Place children(Place group) { return group.subspan(1, group.front().inside); }

bool is_zero(Place place) {
  const Item& item = place.front();
  switch (item.kind) {
    case Item::Kind::number:
      return item.number == 0;
    case Item::Kind::text:
      return item.bytes.empty();
    case Item::Kind::bytes:
      return all_zero(item.bytes);
    case Item::Kind::group:
    case Item::Kind::list:
      break;
  }
  bool zero = true;
  for_each(children(place), [&](Place each) { zero = zero && is_zero(each); });
  return zero;
}

// A group of one number, as handles are, is shown as that number.
Place inner(Place place) {
  while (place.front().kind == Item::Kind::group && place.front().inside > 0 &&
         place.front().inside == place[1].inside + 1) {
    place = place.subspan(1);
  }
  return place;
}

// A name as it is, but for what would drive a terminal.
std::string harmless(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

// 0x00020000c0a80a01 is 192.168.10.1@tcp; empty for another kind of net.
std::string nid_text(uint64_t nid) {
  const uint64_t net = nid >> 32;
  if (net >> 16 != 2) return {};
  const std::string number = (net & 0xffff) == 0 ? "" : fmt::format("{}", net & 0xffff);
  return fmt::format("{}.{}.{}.{}@tcp{}", nid >> 24 & 0xff, nid >> 16 & 0xff, nid >> 8 & 0xff,
                     nid & 0xff, number);
}

// What people have a notation for, in it; empty if there is none.
std::string notation(Place place) {
  const Item& item = place.front();
  switch (item.notation) {
    case Item::Notation::none:
      return {};
    case Item::Notation::nid:
      return nid_text(item.number);
    case Item::Notation::fid:
      return fmt::format(FMT_COMPILE("[{:#x}:{:#x}:{:#x}]"), place[1].number, place[2].number,
                         place[3].number);
  }
  return {};
}

void append_number(std::string& out, uint64_t value, const NameTable* names, bool hex,
                   bool is_signed, Dialect dialect) {
  const auto end = std::back_inserter(out);
  if (names != nullptr && names->bits) {
    if (value == 0) {
      out += '0';
      return;
    }
    fmt::format_to(end, FMT_COMPILE("{:#x} "), value);
    uint64_t rest = 0;
    std::string_view between;
    for (const std::string_view name : bit_names(value, *names, dialect, rest)) {
      out.append(between).append(name);
      between = "|";
    }
    if (rest != 0) fmt::format_to(end, FMT_COMPILE("{}{:#x}"), between, rest);
    return;
  }
  if (hex) {
    fmt::format_to(end, FMT_COMPILE("{:#x}"), value);
  } else {
    const fmt::format_int digits =
        is_signed ? fmt::format_int(static_cast<int64_t>(value)) : fmt::format_int(value);
    out.append(digits.data(), digits.size());
  }
  if (names == nullptr) return;
  if (const std::string_view name = names->name_of(value, dialect); !name.empty()) {
    out.append(1, ' ').append(name);
  }
}

void append_scalar(std::string& out, Place place) {
  const Item& item = place.front();
  switch (item.kind) {
    case Item::Kind::number:
      if (item.notation == Item::Notation::nid && item.number != 0) {
        if (const std::string text = notation(place); !text.empty()) {
          out += text;
          return;
        }
      }
      return append_number(out, item.number, item.names, item.hex, item.is_signed, item.dialect);
    case Item::Kind::text:
      out.append(1, '"').append(harmless(as_text(item.bytes))) += '"';
      return;
    case Item::Kind::bytes:
      out += short_hex(item.bytes);
      return;
    case Item::Kind::group:
    case Item::Kind::list:
      out += notation(place);
      return;
  }
}

bool is_scalar(const Item& item) {
  return (item.kind != Item::Kind::group && item.kind != Item::Kind::list) ||
         item.notation != Item::Notation::none;
}

bool all_plain_numbers(Place list) {
  bool plain = true;
  for_each(children(list),
           [&](Place each) { plain = plain && inner(each).front().kind == Item::Kind::number; });
  return plain;
}

void append_name(std::string& out, const Item& item) {
  out += item.name;
  if (item.index == Item::kNoIndex) return;
  const fmt::format_int digits(item.index);
  out.append(1, '[').append(digits.data(), digits.size()) += ']';
}

void write(std::string& out, Place place, size_t indent) {
  const Place value = inner(place);
  out.append(indent, ' ');
  append_name(out, place.front());
  if (is_scalar(value.front())) {
    out += ": ";
    append_scalar(out, value);
    out += '\n';
  } else if (value.front().kind == Item::Kind::list && all_plain_numbers(value)) {
    out += ':';
    for_each(children(value), [&](Place each) {
      out += ' ';
      append_scalar(out, inner(each));
    });
    out += '\n';
  } else {
    out += '\n';
    for_each(children(place), [&](Place each) { write(out, each, indent + 2); });
  }
}

nlohmann::ordered_json json(Place place);

nlohmann::ordered_json json_number(const Item& item) {
  if (item.notation == Item::Notation::nid && item.number != 0) {
    if (std::string text = nid_text(item.number); !text.empty()) return text;
  }
  nlohmann::ordered_json value;
  if (item.hex) {
    value = fmt::format("{:#x}", item.number);
  } else if (item.is_signed) {
    value = static_cast<int64_t>(item.number);
  } else {
    value = item.number;
  }
  if (item.names == nullptr) return value;
  nlohmann::ordered_json out = {{"value", value}};
  if (!item.names->bits) {
    const std::string_view name = item.names->name_of(item.number, item.dialect);
    if (name.empty()) return value;
    out["name"] = name;
    return out;
  }
  uint64_t rest = 0;
  out["bits"] = nlohmann::ordered_json::array();
  for (const std::string_view name : bit_names(item.number, *item.names, item.dialect, rest)) {
    out["bits"].push_back(name);
  }
  if (rest != 0) out["unnamed"] = fmt::format("{:#x}", rest);
  return out;
}

// The names in a group are Lustre's and unique, but two lists of one name would lose one.
void put(nlohmann::ordered_json& object, Place place) {
  const std::string first = place.front().full_name();
  std::string name = first;
  for (int again = 2; object.contains(name); ++again) name = fmt::format("{}#{}", first, again);
  object[name] = json(place);
}

// JSON is UTF-8: other bytes are written as they are escaped in C.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", byte);
    }
  }
  return out;
}

nlohmann::ordered_json json(Place place) {
  const Place value = inner(place);
  switch (const Item& item = value.front(); item.kind) {
    case Item::Kind::number:
      return json_number(item);
    case Item::Kind::text:
      return escaped(as_text(item.bytes));
    case Item::Kind::bytes:
      return hex_text(item.bytes);
    case Item::Kind::list: {
      nlohmann::ordered_json out = nlohmann::ordered_json::array();
      for_each(children(value), [&](Place each) { out.push_back(json(each)); });
      return out;
    }
    case Item::Kind::group: {
      if (item.notation != Item::Notation::none) return notation(value);
      nlohmann::ordered_json out = nlohmann::ordered_json::object();
      for_each(children(value), [&](Place each) { put(out, each); });
      return out;
    }
  }
  return {};
}

void append_line(std::string& out, Place place) {
  const Place value = inner(place);
  append_name(out, place.front());
  if (is_scalar(value.front())) {
    out += '=';
    return append_scalar(out, value);
  }
  out += '{';
  std::string_view between;
  for_each(children(value), [&](Place each) {
    if (is_zero(each)) return;
    out += between;
    append_line(out, each);
    between = " ";
  });
  out += '}';
}

}  // namespace

std::string number_text(uint64_t value, const NameTable* names, bool hex, bool is_signed,
                        Dialect dialect) {
  std::string out;
  append_number(out, value, names, hex, is_signed, dialect);
  return out;
}

void append_text(std::string& out, const Description& description, size_t indent) {
  for_each(description.items, [&](Place each) { write(out, each, indent); });
  for (const Unexplained& part : description.unexplained) {
    out.append(indent, ' ');
    fmt::format_to(std::back_inserter(out), "unexplained: {} bytes at {}: {}\n", part.length,
                   part.offset, part.reason);
  }
}

std::string to_text(const Description& description, size_t indent) {
  std::string out;
  append_text(out, description, indent);
  return out;
}

std::string to_line(const Description& description) {
  std::string out;
  for_each(description.items, [&](Place each) {
    if (is_zero(each)) return;
    if (!out.empty()) out += ' ';
    append_line(out, each);
  });
  if (const uint64_t count = description.unexplained_bytes(); count > 0) {
    out += fmt::format(" unexplained={}", count);
  }
  return out;
}

nlohmann::ordered_json to_json(const Description& description) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for_each(description.items, [&](Place each) { put(out, each); });
  if (description.unexplained.empty()) return out;
  nlohmann::ordered_json& parts = out["unexplained"] = nlohmann::ordered_json::array();
  for (const Unexplained& part : description.unexplained) {
    parts.push_back({{"offset", part.offset}, {"length", part.length}, {"reason", part.reason}});
  }
  return out;
}

}  // namespace protocol
