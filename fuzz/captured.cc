#include "fuzz/captured.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "harness/decode/capture_file.h"
#include "harness/decode/trace.h"
#include "protocol/check.h"
#include "protocol/lnet.h"
#include "protocol/message.h"

namespace fuzz {

using harness::Entry;
using harness::EntryKind;
using harness::Role;

namespace {

constexpr size_t kKsockHeader = 24;
constexpr size_t kStreamMax = 6000;
constexpr uint16_t kLnetPort = 988;

Role role_of(const protocol::OperationInfo& operation, Role before) {
  const std::string_view name = operation.name;
  if (name.starts_with("MGS_")) return Role::mgs;
  if (name.starts_with("OST_")) return Role::ost;
  if (name.starts_with("MDS_")) return Role::mds;
  return before;
}

void take_message(Captured& out, const Entry& entry, Role& server) {
  const bool reply = entry.kind == EntryKind::reply || entry.kind == EntryKind::error_reply;
  if (entry.kind != EntryKind::request && !reply) return;
  constexpr size_t kHeaders = kKsockHeader + sizeof(protocol::lnet::LnetHdr);
  const auto message = protocol::Message::parse(entry.frame.slice(kHeaders));
  if (!message) return;
  CapturedMessage taken{
      .dialect = entry.dialect == "1.8" ? protocol::Dialect::v1_8 : protocol::Dialect::v2_0,
      .reply = reply};
  taken.operation = reply ? protocol::find(taken.dialect, message->body().opc)
                          : protocol::identify(taken.dialect, *message);
  if (taken.operation == nullptr) return;
  server = role_of(*taken.operation, server);
  taken.server = server;
  const auto view = message->bytes().view().first(message->length());
  taken.bytes.assign(view.begin(), view.end());
  out.messages.push_back(std::move(taken));
}

}  // namespace

Captured read_captured(const std::string& path) {
  auto capture = harness::Capture::open(path);
  CHECK(capture, capture ? "" : capture.error());
  Captured out;
  std::map<std::pair<uint64_t, bool>, size_t> streams;
  // By connection, the kind of server that was spoken to last: pings and locks do not tell.
  std::map<uint64_t, Role> servers;
  const auto summary = harness::trace_capture(std::move(*capture), [&](const Entry& entry) {
    const bool dialled = entry.place.from.port == kLnetPort;
    const auto [at, fresh] =
        streams.try_emplace({entry.place.connection, dialled}, out.streams.size());
    if (fresh) out.streams.push_back({.dialled = dialled, .bytes = {}});
    std::vector<uint8_t>& bytes = out.streams[at->second].bytes;
    const auto view = entry.frame.view();
    if (bytes.size() < kStreamMax) bytes.insert(bytes.end(), view.begin(), view.end());
    take_message(out, entry, servers.try_emplace(entry.place.connection, Role::mds).first->second);
  });
  CHECK(summary, "no capture");
  return out;
}

std::vector<uint8_t> pcap_slice(const std::vector<uint8_t>& pcap, size_t first, size_t bytes_max) {
  constexpr size_t kFileHeader = 24, kRecordHeader = 16, kCapturedLength = 8;
  std::vector<uint8_t> out(pcap.begin(), pcap.begin() + kFileHeader);
  size_t at = kFileHeader;
  for (size_t packet = 0; at + kRecordHeader <= pcap.size(); ++packet) {
    uint32_t length = 0;
    std::memcpy(&length, pcap.data() + at + kCapturedLength, sizeof(length));
    const size_t whole = std::min(kRecordHeader + length, pcap.size() - at);
    if (packet >= first) {
      if (out.size() + whole > bytes_max) break;
      out.insert(out.end(), pcap.begin() + static_cast<std::ptrdiff_t>(at),
                 pcap.begin() + static_cast<std::ptrdiff_t>(at + whole));
    }
    at += whole;
  }
  return out;
}

}  // namespace fuzz
