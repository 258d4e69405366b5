#include "reference/nid.h"

#include <fmt/format.h>

#include <charconv>

namespace reference {
namespace {

// A decimal number up to `most`, all of `text`.
std::optional<uint32_t> number(std::string_view text, uint32_t most) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end || value > most) return std::nullopt;
  return value;
}

}  // namespace

std::optional<uint32_t> parse_address(std::string_view text) {
  uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const size_t dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto octet = number(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    address = address << 8 | *octet;
    if (part < 3) text.remove_prefix(dot + 1);
  }
  return address;
}

std::optional<uint64_t> parse_nid(std::string_view text) {
  const size_t at = text.find('@');
  const auto address = parse_address(text.substr(0, at));
  if (!address) return std::nullopt;
  if (at == std::string_view::npos) return make_nid(*address);
  const std::string_view net = text.substr(at + 1);
  if (!net.starts_with("tcp")) return std::nullopt;
  if (net == "tcp") return make_nid(*address);
  const auto which = number(net.substr(3), 0xffff);
  if (!which) return std::nullopt;
  return make_nid(*address, static_cast<uint16_t>(*which));
}

std::string address_text(uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                     address & 255);
}

std::string nid_text(uint64_t nid) {
  const uint32_t net = nid_net(nid);
  if (net >> 16 != kTcpNetType) {
    return fmt::format("{}@{:#x}", address_text(nid_address(nid)), net);
  }
  const uint32_t which = net & 0xffff;
  return which == 0 ? fmt::format("{}@tcp", address_text(nid_address(nid)))
                    : fmt::format("{}@tcp{}", address_text(nid_address(nid)), which);
}

std::string peer_text(PeerId peer) {
  if (peer.pid & kUserspacePid) {
    return fmt::format("U{}-{}", peer.pid & ~kUserspacePid, nid_text(peer.nid));
  }
  return fmt::format("{}-{}", peer.pid, nid_text(peer.nid));
}

}  // namespace reference
