#include "harness/record/record_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "protocol/ptlrpc.h"

namespace harness::record {

namespace {

constexpr std::array<std::string_view, Fact::kKinds> kFacts = {
    "executed",       "reconstructed",   "committed",     "granted",       "waiting",
    "blocked",        "cancelled",       "evicted",       "connected",     "recovery_began",
    "recovery_ended", "opened",          "closed",        "reached",       "started",
    "slot_found",     "slot_erased",     "replays_ended", "gap_skipped",   "inode_made",
    "inode_orphaned", "inode_destroyed", "layout_set",    "object_made",   "object_destroyed",
    "written",        "punched",         "read",          "grant",         "grant_known",
    "dirtied",        "discarded",       "lock_used",     "lock_lost",     "object_state",
    "som_state",      "som_written",     "som_answered",  "som_validated", "som_stripe",
    "counted",        "zero_copy"};
static_assert(!kFacts.back().empty());

constexpr std::array<std::string_view, 29> kCalls = {
    "mount",    "unmount",   "stat",        "lstat", "open",   "close",   "read",    "write",
    "fsync",    "truncate",  "mkdir",       "rmdir", "unlink", "link",    "symlink", "readlink",
    "rename",   "chmod",     "chown",       "utime", "mknod",  "readdir", "statfs",  "getxattr",
    "setxattr", "listxattr", "removexattr", "flock", "sync"};
static_assert(kCalls.size() == static_cast<size_t>(Syscall::Kind::sync) + 1);

template <class... Fs>
struct Visit : Fs... {
  using Fs::operator()...;
};

std::string text_of(const Envelope& envelope) {
  namespace flag = protocol::ptlrpc::msg_flag;
  if (envelope.kind == Envelope::Kind::other) {
    return fmt::format("x{} at portal {}", envelope.xid, envelope.portal);
  }
  std::string text =
      fmt::format("{} {}{}", envelope.kind == Envelope::Kind::request ? "request" : "reply",
                  envelope.opcode, envelope.kind == Envelope::Kind::early_reply ? " (early)" : "");
  text += fmt::format(" x{} conn {}", envelope.xid, envelope.conn_cnt);
  if (envelope.transno != 0) text += fmt::format(" t{}", envelope.transno);
  if ((envelope.flags & flag::kResent) != 0) text += " RESENT";
  if ((envelope.flags & flag::kReplay) != 0) text += " REPLAY";
  if (envelope.status != 0) text += fmt::format(" status {}", envelope.status);
  return text;
}

std::string text_of(const Fact& fact) {
  std::string text(fact_name(fact.kind));
  if (!fact.client.empty()) text += fmt::format(" by {}", fact.client.view());
  if (fact.xid != 0) text += fmt::format(" x{}", fact.xid);
  if (fact.transno != 0) text += fmt::format(" t{}", fact.transno);
  if (fact.object != reference::ObjectName{}) {
    text += fmt::format(" object {:#x}:{:#x}", fact.object.first, fact.object.second);
  }
  if (fact.handle != 0) text += fmt::format(" handle {:#x}", fact.handle);
  if (fact.value != 0) text += fmt::format(" value {}", fact.value);
  if (fact.start != 0 || fact.end != 0)
    text += fmt::format(" [{:#x}, {:#x}]", fact.start, fact.end);
  if (!fact.text.empty()) text += " \"" + fact.text + "\"";
  return text;
}

std::string text_of(const CallBegan& began) {
  const Syscall& call = *began.call;
  std::string text = fmt::format("call {} begins: {}", began.order, call_name(call.kind));
  if (!call.path.empty()) text += " " + call.path;
  if (!call.target.empty()) text += " " + call.target;
  if (call.fd != 0) text += fmt::format(" fd {}", call.fd);
  if (call.offset != 0) text += fmt::format(" at {}", call.offset);
  const uint64_t length = std::max<uint64_t>(call.length, call.data.size());
  if (length != 0) text += fmt::format(" of {} bytes", length);
  return text;
}

}  // namespace

std::string_view fact_name(Fact::Kind kind) { return kFacts.at(static_cast<size_t>(kind)); }
std::string_view call_name(Syscall::Kind kind) { return kCalls.at(static_cast<size_t>(kind)); }

void RecordText::see(const Record& record) {
  if (const auto* started = std::get_if<Started>(&record.what)) {
    nodes_[record.node] = started->node;
  }
}

std::string RecordText::name(NodeIndex node) const {
  const auto at = nodes_.find(node);
  return at == nodes_.end() ? fmt::format("node{}", node) : at->second.name();
}

std::string RecordText::name(const PeerId& peer) const {
  const auto at =
      std::ranges::find_if(nodes_, [&](const auto& known) { return known.second.peer == peer; });
  return at == nodes_.end() ? fmt::format("{:#x}", peer.nid) : at->second.name();
}

std::string RecordText::line(const Record& record) const {
  const std::string what = std::visit(
      Visit{[](const CallBegan& began) { return text_of(began); },
            [](const CallEnded& ended) {
              return fmt::format("call {} ends: {}", ended.order, ended.result->status);
            },
            [&](const Sent& sent) {
              return fmt::format("to {}: {}", name(sent.to), text_of(sent.envelope));
            },
            [&](const Received& received) {
              return fmt::format("from {}: {}", name(received.from), text_of(received.envelope));
            },
            [&](const Lost& lost) { return "loses " + name(lost.peer); },
            [&](const Dropped& dropped) { return "drops " + name(dropped.peer); },
            [](const Faulted& faulted) { return "fault: " + faulted.what; },
            [](const Committed&) { return std::string("one more transaction is durable"); },
            [](const Crashed&) { return std::string("crashed"); },
            [](const Started&) { return std::string("started"); },
            [](const Noted& noted) { return text_of(noted.fact); },
            [](const Digested& digested) { return fmt::format("digest {:#x}", digested.digest); },
            [](const Quiesced&) { return std::string("everything is quiet"); }},
      record.what);
  const double seconds = static_cast<double>(record.time) / reference::kSecond;
  return fmt::format("#{} {:.6f} {}: {}", record.index, seconds, name(record.node), what);
}

}  // namespace harness::record
