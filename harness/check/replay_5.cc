#include "harness/check/replay_5.h"

#include <fmt/format.h>

#include "protocol/ldlm.h"
#include "protocol/ptlrpc.h"

namespace harness::check {

void Replay5::on(const Record& record, Findings& findings) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    locks_last_[record.node] = started->dialect == reference::Dialect::v2_0;
    return;
  }
  const Fact* fact = fact_of(record);
  const bool over = fact == nullptr || fact->kind == Fact::Kind::replays_ended ||
                    fact->kind == Fact::Kind::recovery_ended;
  if (over) return replaying_.erase(record.node);
  if (fact->kind == Fact::Kind::recovery_began) {
    replaying_[record.node] = {record.index};
    return;
  }
  const Seen* began = replaying_.find(record.node);
  if (began == nullptr) return;
  if (fact->kind == Fact::Kind::executed) {
    if ((fact->flags & protocol::ptlrpc::msg_flag::kReplay) != 0) return;
    findings.broken("REPLAY-5",
                    fmt::format("x{} of {}, which is no replay, executed before all was replayed",
                                fact->xid, fact->client.view()),
                    {began->index, record.index});
  } else if (locks_last_[record.node] && (fact->flags & protocol::ldlm::lock_flag::kReplay) != 0) {
    findings.broken("REPLAY-5",
                    fmt::format("lock {:#x} was replayed before all requests were", fact->handle),
                    {began->index, record.index});
  }
}

}  // namespace harness::check
