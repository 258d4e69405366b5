// How the schema's names look in C++.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "protocol/generator/model.h"

namespace generator {

// "lastXid" -> "last_xid", "MsgFlag" -> "msg_flag". A keyword gets an underscore behind it.
inline std::string snake_case(std::string_view name) {
  static constexpr std::array<std::string_view, 22> kKeywords = {
      "namespace", "class",  "default",  "operator", "delete", "new",    "export", "register",
      "union",     "struct", "template", "this",     "public", "switch", "case",   "typename",
      "private",   "return", "int",      "short",    "long",   "signed"};
  std::string out;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0) {
      if (!out.empty()) out += '_';
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  for (const std::string_view keyword : kKeywords) {
    if (out == keyword) return out + '_';
  }
  return out;
}

// "mdsGetattr" -> "kMdsGetattr".
inline std::string constant_name(std::string_view name) {
  std::string out = "k";
  out += static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
  return out.append(name.substr(1));
}

// "ptlrpc::PtlrpcBody", or without the namespace within its own file.
inline std::string type_name(const Struct& type, const File& seen_from) {
  return type.file == &seen_from ? type.name : type.file->stem + "::" + type.name;
}

inline std::string integer_type(bool is_signed, uint32_t bytes) {
  return fmt::format("{}int{}_t", is_signed ? "" : "u", bytes * 8);
}

// Text as it stands between the quotes of a literal.
inline std::string c_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      out += fmt::format("\\{:03o}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

// The type of one element.
inline std::string element_type(const Field& field, const File& seen_from) {
  switch (field.kind) {
    case Kind::structure:
      return type_name(*field.structure, seen_from);
    case Kind::text:
      return "char";
    case Kind::data:
      return "uint8_t";
    case Kind::integer:
      return integer_type(field.is_signed, field.width);
  }
  return {};
}

// A schema comment as C++ comment lines, broken before column 100.
inline std::string comment_lines(std::string_view comment, std::string_view indent) {
  std::string out;
  while (!comment.empty()) {
    const size_t end = comment.find('\n');
    std::string_view line = comment.substr(0, end);
    comment = end == std::string_view::npos ? std::string_view{} : comment.substr(end + 1);
    while (!line.empty()) {
      const size_t room = 96 - indent.size();
      size_t cut = line.size();
      if (cut > room) {
        cut = line.rfind(' ', room);
        if (cut == std::string_view::npos) cut = line.size();
      }
      out += fmt::format("{}// {}\n", indent, line.substr(0, cut));
      line = cut < line.size() ? line.substr(cut + 1) : std::string_view{};
    }
  }
  return out;
}

// "ptlrpc_body: Buffer 0 of every message."
inline std::string titled(std::string_view name, std::string_view comment) {
  return comment.empty() ? std::string(name) : fmt::format("{}: {}", name, comment);
}

}  // namespace generator
