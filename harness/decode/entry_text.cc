#include "harness/decode/entry_text.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "protocol/text.h"

namespace harness {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

// The time of day, UTC, in microseconds.
std::string clock_text(int64_t time_ns) {
  const int64_t of_day =
      ((time_ns % (86'400 * kNsPerSecond)) + 86'400 * kNsPerSecond) % (86'400 * kNsPerSecond);
  const int64_t seconds = of_day / kNsPerSecond;
  return fmt::format("{:02}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     of_day % kNsPerSecond / 1000);
}

std::string joined(const std::vector<std::string>& notes) {
  std::string all;
  for (const std::string& note : notes) all += (all.empty() ? "" : "; ") + note;
  return all;
}

constexpr EntryKind kShown[] = {EntryKind::acceptor,    EntryKind::hello,    EntryKind::noop,
                                EntryKind::request,     EntryKind::reply,    EntryKind::error_reply,
                                EntryKind::early_reply, EntryKind::bulk_put, EntryKind::bulk_get,
                                EntryKind::bulk_reply,  EntryKind::ack,      EntryKind::ping,
                                EntryKind::lnet,        EntryKind::broken,   EntryKind::gap};

}  // namespace

std::string headline(const Entry& entry) {
  std::string line =
      fmt::format("#{} {} {} > {}  ", entry.place.packet, clock_text(entry.place.time_ns),
                  entry.place.from.text(), entry.place.to.text());
  if (!entry.operation.empty()) line += entry.operation + " ";
  line += name_of(entry.kind);
  if (!entry.dialect.empty()) line += fmt::format(" [{}]", entry.dialect);
  if (entry.xid) line += fmt::format(" xid {:#x}", *entry.xid);
  if (entry.status && *entry.status != 0) line += fmt::format(" status {}", *entry.status);
  if (!entry.notes.empty()) line += " (" + joined(entry.notes) + ")";
  return line;
}

std::string details(const Entry& entry) { return protocol::to_text(entry.description, 2); }

std::string to_text(const TraceSummary& summary) {
  const Account& account = summary.account;
  const ByteCount& count = account.count();
  std::string text =
      fmt::format("{} packets, {} connections", summary.capture.packets, summary.connections);
  if (summary.foreign_connections > 0) {
    text += fmt::format(", {} of something other than LNet", summary.foreign_connections);
  }
  text += "\n";
  for (const EntryKind kind : kShown) {
    const uint64_t times = account.entries(kind);
    if (times > 0) text += fmt::format("  {} {}\n", times, name_of(kind));
  }
  text += fmt::format("{} of {} bytes explained: {} framing, {} bodies, {} bulk data\n",
                      count.total() - count.unexplained, count.total(), count.framing, count.body,
                      count.bulk);
  if (count.unexplained > 0) {
    text += fmt::format("{} bytes unexplained, {} of them framing:\n", count.unexplained,
                        count.unexplained_framing);
  }
  for (const Account::Reason& reason : account.reasons()) {
    text += fmt::format("  {} bytes in {} places: {}\n", reason.bytes, reason.places, reason.why);
  }
  if (!summary.capture.cut.empty()) {
    text += fmt::format("the file ends early: {}\n", summary.capture.cut);
  }
  return text;
}

nlohmann::ordered_json to_json(const Entry& entry) {
  nlohmann::ordered_json json;
  json["packet"] = entry.place.packet;
  json["time_ns"] = entry.place.time_ns;
  json["connection"] = entry.place.connection;
  json["from"] = entry.place.from.text();
  json["to"] = entry.place.to.text();
  json["stream_offset"] = entry.stream_offset;
  json["length"] = entry.frame.size();
  json["kind"] = name_of(entry.kind);
  if (!entry.operation.empty()) json["operation"] = entry.operation;
  if (!entry.dialect.empty()) json["dialect"] = entry.dialect;
  if (entry.xid) json["xid"] = fmt::format("{:#x}", *entry.xid);
  if (entry.status) json["status"] = *entry.status;
  if (!entry.notes.empty()) json["notes"] = entry.notes;
  json["fields"] = protocol::to_json(entry.description);
  return json;
}

nlohmann::ordered_json to_json(const TraceSummary& summary) {
  const ByteCount& count = summary.account.count();
  nlohmann::ordered_json json;
  json["packets"] = summary.capture.packets;
  json["connections"] = summary.connections;
  json["foreign_connections"] = summary.foreign_connections;
  nlohmann::ordered_json& kinds = json["frames"] = nlohmann::ordered_json::object();
  for (const EntryKind kind : kShown) {
    const uint64_t times = summary.account.entries(kind);
    if (times > 0) kinds[std::string(name_of(kind))] = times;
  }
  json["bytes"] = {{"total", count.total()},
                   {"framing", count.framing},
                   {"bodies", count.body},
                   {"bulk", count.bulk},
                   {"unexplained", count.unexplained},
                   {"unexplained_framing", count.unexplained_framing},
                   {"repeated_by_tcp", summary.repeated_bytes}};
  nlohmann::ordered_json& reasons = json["unexplained"] = nlohmann::ordered_json::array();
  for (const Account::Reason& reason : summary.account.reasons()) {
    reasons.push_back({{"reason", reason.why}, {"bytes", reason.bytes}, {"places", reason.places}});
  }
  if (!summary.capture.cut.empty()) json["ends_early"] = summary.capture.cut;
  return json;
}

}  // namespace harness
