#include "harness/check/wire_1.h"

#include <fmt/format.h>

#include <array>

#include "protocol/ptlrpc.h"

namespace harness::check {

namespace portal = protocol::ptlrpc::portal;
using record::Envelope;

namespace {

// Where servers take requests.
constexpr std::array kRequestPortals = {
    portal::kOstIo,      portal::kOstCreate,   portal::kMdsRequest, portal::kLdlmCancelRequest,
    portal::kMdsSetattr, portal::kMdsReadpage, portal::kMgsRequest, portal::kOstRequest};

}  // namespace

void Wire1::on(const Record& record, Findings& findings) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    servers_[record.node] = record::is_server(started->node.role);
    struck_.erase(record.node);
  } else if (const auto* received = std::get_if<record::Received>(&record.what)) {
    const bool* server = servers_.find(record.node);
    const Envelope& envelope = received->envelope;
    if (server == nullptr || !*server || envelope.kind == Envelope::Kind::request) return;
    if (std::ranges::find(kRequestPortals, envelope.portal) == kRequestPortals.end()) return;
    if (awaited_.size() == kAwaitedMax) return findings.inconclusive("too many malformed requests");
    awaited_[{record.node, received->from, envelope.xid}] = {record.index};
  } else if (const auto* sent = std::get_if<record::Sent>(&record.what)) {
    if (sent->envelope.status < 0) awaited_.erase({record.node, sent->to, sent->envelope.xid});
  } else if (const auto* dropped = std::get_if<record::Dropped>(&record.what)) {
    forget(record.node, dropped->peer);
  } else if (const auto* lost = std::get_if<record::Lost>(&record.what)) {
    forget(record.node, lost->peer);
  } else if (std::holds_alternative<record::Faulted>(record.what)) {
    struck_[record.node] = true;
  } else if (std::holds_alternative<record::Crashed>(record.what)) {
    on_crash(record, findings);
  } else if (const Fact* fact = fact_of(record)) {
    for (const auto& [awaited, at] : awaited_) {
      if (awaited.server != record.node || awaited.xid != fact->xid) continue;
      findings.broken("WIRE-1", fmt::format("malformed request x{} was executed", fact->xid),
                      {at.index, record.index});
    }
  }
}

void Wire1::forget(record::NodeIndex server, const record::PeerId& peer) {
  awaited_.erase_if([&](const Awaited& awaited, Seen) {
    return awaited.server == server && awaited.peer == peer;
  });
}

void Wire1::on_crash(const Record& record, Findings& findings) {
  const bool* server = servers_.find(record.node);
  const bool struck = struck_.find(record.node) != nullptr;
  awaited_.erase_if([&](const Awaited& awaited, Seen) { return awaited.server == record.node; });
  if (server == nullptr || !*server || struck) return;
  findings.broken("WIRE-1", "a server stopped, and no fault had struck it", {record.index});
}

void Wire1::finish(Findings& findings) {
  if (awaited_.size() == 0) return;
  const auto& [awaited, at] = *awaited_.begin();
  findings.broken("WIRE-1",
                  fmt::format("malformed request x{} was neither refused nor its connection closed",
                              awaited.xid),
                  {at.index});
}

}  // namespace harness::check
