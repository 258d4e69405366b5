#include "protocol/text.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
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

bool is_zero(const Item& item) {
  switch (item.kind) {
    case Item::Kind::number:
      return item.number == 0;
    case Item::Kind::text:
      return item.text.empty();
    case Item::Kind::bytes:
      return std::ranges::all_of(item.bytes, [](uint8_t byte) { return byte == 0; });
    case Item::Kind::group:
    case Item::Kind::list:
      return std::ranges::all_of(item.items, is_zero);
  }
  return false;
}

// A group of one number, as handles are, is shown as that number.
const Item& inner(const Item& item) {
  return item.kind == Item::Kind::group && item.items.size() == 1 ? inner(item.items.front())
                                                                  : item;
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

std::string scalar_text(const Item& item) {
  switch (item.kind) {
    case Item::Kind::number:
      if (!item.text.empty() && item.number != 0) return item.text;
      return number_text(item.number, item.names, item.hex, item.is_signed, item.dialect);
    case Item::Kind::text:
      return fmt::format("\"{}\"", harmless(item.text));
    case Item::Kind::bytes:
      return short_hex(item.bytes);
    case Item::Kind::group:
    case Item::Kind::list:
      return item.text;
  }
  return {};
}

bool is_scalar(const Item& item) {
  return (item.kind != Item::Kind::group && item.kind != Item::Kind::list) || !item.text.empty();
}

bool all_plain_numbers(const Item& list) {
  return std::ranges::all_of(
      list.items, [](const Item& item) { return inner(item).kind == Item::Kind::number; });
}

void write(std::string& out, const Item& item, size_t indent) {
  const Item& value = inner(item);
  out.append(indent, ' ');
  if (is_scalar(value)) {
    out.append(item.name).append(": ").append(scalar_text(value)) += '\n';
  } else if (value.kind == Item::Kind::list && all_plain_numbers(value)) {
    out.append(item.name) += ':';
    for (const Item& each : value.items) out.append(1, ' ').append(scalar_text(inner(each)));
    out += '\n';
  } else {
    out.append(item.name) += '\n';
    for (const Item& each : item.items) write(out, each, indent + 2);
  }
}

nlohmann::ordered_json json(const Item& item);

nlohmann::ordered_json json_number(const Item& item) {
  if (!item.text.empty() && item.number != 0) return item.text;
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
void put(nlohmann::ordered_json& object, const Item& item) {
  std::string name = item.name;
  for (int again = 2; object.contains(name); ++again) name = fmt::format("{}#{}", item.name, again);
  object[name] = json(item);
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

nlohmann::ordered_json json(const Item& item) {
  const Item& value = inner(item);
  switch (value.kind) {
    case Item::Kind::number:
      return json_number(value);
    case Item::Kind::text:
      return escaped(value.text);
    case Item::Kind::bytes:
      return hex_text(value.bytes);
    case Item::Kind::list: {
      nlohmann::ordered_json out = nlohmann::ordered_json::array();
      for (const Item& each : value.items) out.push_back(json(each));
      return out;
    }
    case Item::Kind::group: {
      if (!value.text.empty()) return value.text;
      nlohmann::ordered_json out = nlohmann::ordered_json::object();
      for (const Item& each : value.items) put(out, each);
      return out;
    }
  }
  return {};
}

}  // namespace

std::string number_text(uint64_t value, const NameTable* names, bool hex, bool is_signed,
                        Dialect dialect) {
  if (names != nullptr && names->bits) {
    if (value == 0) return "0";
    uint64_t rest = 0;
    std::string out;
    for (const std::string_view name : bit_names(value, *names, dialect, rest)) {
      out += fmt::format("{}{}", out.empty() ? "" : "|", name);
    }
    if (rest != 0) out += fmt::format("{}{:#x}", out.empty() ? "" : "|", rest);
    return fmt::format("{:#x} {}", value, out);
  }
  const std::string number = hex         ? fmt::format(FMT_COMPILE("{:#x}"), value)
                             : is_signed ? fmt::format_int(static_cast<int64_t>(value)).str()
                                         : fmt::format_int(value).str();
  if (names == nullptr) return number;
  const std::string_view name = names->name_of(value, dialect);
  return name.empty() ? number : fmt::format("{} {}", number, name);
}

std::string to_text(const Description& description, size_t indent) {
  std::string out;
  for (const Item& item : description.items) write(out, item, indent);
  for (const Unexplained& part : description.unexplained) {
    out.append(indent, ' ');
    out += fmt::format("unexplained: {} bytes at {}: {}\n", part.length, part.offset, part.reason);
  }
  return out;
}

std::string to_line(const Item& item) {
  const Item& value = inner(item);
  if (is_scalar(value)) return fmt::format("{}={}", item.name, scalar_text(value));
  std::string inside;
  for (const Item& each : value.items) {
    if (!is_zero(each)) inside += (inside.empty() ? "" : " ") + to_line(each);
  }
  return fmt::format("{}{{{}}}", item.name, inside);
}

std::string to_line(const Description& description) {
  std::string out;
  for (const Item& item : description.items) {
    if (!is_zero(item)) out += (out.empty() ? "" : " ") + to_line(item);
  }
  if (const uint64_t count = description.unexplained_bytes(); count > 0) {
    out += fmt::format(" unexplained={}", count);
  }
  return out;
}

nlohmann::ordered_json to_json(const Description& description) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (const Item& item : description.items) put(out, item);
  if (description.unexplained.empty()) return out;
  nlohmann::ordered_json& parts = out["unexplained"] = nlohmann::ordered_json::array();
  for (const Unexplained& part : description.unexplained) {
    parts.push_back({{"offset", part.offset}, {"length", part.length}, {"reason", part.reason}});
  }
  return out;
}

}  // namespace protocol
