#include "harness/report/run.h"

#include <fmt/format.h>

#include <array>

#include "protocol/operation_info.h"
#include "protocol/ptlrpc.h"

namespace harness::report {
namespace {

using record::Envelope;
using Kind = reference::Syscall::Kind;

std::string opcode_text(record::Dialect dialect, uint32_t opcode) {
  const auto wire =
      dialect == record::Dialect::v1_8 ? protocol::Dialect::v1_8 : protocol::Dialect::v2_0;
  const protocol::OperationInfo* operation = protocol::find(wire, opcode);
  if (operation == nullptr) return fmt::format("opcode {}", opcode);
  // Variants of one opcode have longer names: MDS_REINT create.
  return std::string(operation->name.substr(0, operation->name.find(' ')));
}

}  // namespace

std::string message_text(record::Dialect dialect, const Envelope& envelope) {
  namespace flag = protocol::ptlrpc::msg_flag;
  if (envelope.kind == Envelope::Kind::other) return fmt::format("bulk x{:x}", envelope.xid);
  const bool request = envelope.kind == Envelope::Kind::request;
  std::string text = request ? "" : envelope.kind == Envelope::Kind::reply ? "re: " : "early: ";
  text += opcode_text(dialect, envelope.opcode);
  text += fmt::format(" x{}", envelope.xid & 0xffff);
  if (envelope.transno != 0) text += fmt::format(" t{}", envelope.transno & 0xffff'ffff);
  if (request) {
    if ((envelope.flags & flag::kResent) != 0) text += " RESENT";
    if ((envelope.flags & flag::kReplay) != 0) text += " REPLAY";
  } else if (envelope.status != 0) {
    text += fmt::format(" = {}", envelope.status);
  }
  return text;
}

std::string fact_text(const record::Fact& fact) {
  using enum record::Fact::Kind;
  switch (fact.kind) {
    case executed:
      return fmt::format("executed t{} = {}", fact.transno & 0xffff'ffff, fact.value);
    case reconstructed:
      return fmt::format("reconstructed t{}", fact.transno & 0xffff'ffff);
    case evicted:
      return fmt::format("evicted a client: {}", fact.text);
    case recovery_began:
      return fmt::format("recovery: {} awaited", fact.value);
    case recovery_ended:
      return fmt::format("recovered: {} came back", fact.value);
    default:
      return {};
  }
}

std::string call_text(const record::Syscall& call) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"mount",    "unmount",   "stat",        "lstat", "open",   "close",   "read",    "write",
       "fsync",    "truncate",  "mkdir",       "rmdir", "unlink", "link",    "symlink", "readlink",
       "rename",   "chmod",     "chown",       "utime", "mknod",  "readdir", "statfs",  "getxattr",
       "setxattr", "listxattr", "removexattr", "flock", "sync"});
  static_assert(kNames.size() == static_cast<size_t>(Kind::sync) + 1);
  std::string text(kNames[static_cast<size_t>(call.kind)]);
  if (!call.path.empty()) text += " " + call.path;
  if (!call.target.empty() &&
      (call.kind == Kind::rename || call.kind == Kind::link || call.kind == Kind::symlink)) {
    text += " " + call.target;
  }
  if (call.kind == Kind::write) {
    text += fmt::format(" {} bytes at {}", call.data.size(), call.offset);
  } else if (call.kind == Kind::read) {
    text += fmt::format(" {} bytes at {}", call.length, call.offset);
  }
  return text;
}

std::string time_text(record::Time time) {
  return fmt::format("{:.3f} s", static_cast<double>(time) / reference::kSecond);
}

}  // namespace harness::report
