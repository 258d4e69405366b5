#include "harness/check/nego_1.h"

#include <fmt/format.h>

#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"

namespace harness::check {

namespace opcode = protocol::ptlrpc::opcode;
using protocol::ptlrpc::ObdConnectData;
using record::Envelope;

namespace {

// Where a CONNECT and its reply carry obd_connect_data.
constexpr uint32_t kInRequest = 4, kInReply = 1;

std::optional<uint64_t> flags_in(const protocol::Bytes& bytes, uint32_t buffer) {
  const auto lnet = protocol::LnetMessage::parse(bytes);
  if (!lnet) return std::nullopt;
  const auto message = protocol::Message::parse(lnet->payload);
  if (!message) return std::nullopt;
  const auto data = protocol::decode<ObdConnectData>(message->buffer(buffer), message->order());
  if (!data) return std::nullopt;
  return data->connect_flags;
}

bool is_connect(const Envelope& envelope) {
  return envelope.opcode == opcode::kMdsConnect || envelope.opcode == opcode::kOstConnect ||
         envelope.opcode == opcode::kMgsConnect;
}

}  // namespace

void Nego1::on(const Record& record, Findings& findings) {
  if (const auto* sent = std::get_if<record::Sent>(&record.what)) {
    if (sent->envelope.kind != Envelope::Kind::request || !is_connect(sent->envelope)) return;
    if (const auto flags = flags_in(sent->bytes, kInRequest)) {
      proposed_[{record.node, sent->to, sent->envelope.xid}] = {*flags, {record.index}};
    }
  } else if (const auto* received = std::get_if<record::Received>(&record.what)) {
    on_reply(record, *received, findings);
  } else if (const Fact* fact = fact_of(record)) {
    on_connected(record, *fact, findings);
  } else {
    proposed_.erase_if([&](const Way& way, const auto&) { return way.client == record.node; });
  }
}

void Nego1::on_reply(const Record& record, const record::Received& received, Findings& findings) {
  if (received.envelope.kind != Envelope::Kind::reply || !is_connect(received.envelope)) return;
  const Way way{record.node, received.from, received.envelope.xid};
  const Flags* known = proposed_.find(way);
  if (known == nullptr) return;
  const Flags proposed = *known;
  proposed_.erase(way);
  const auto flags = flags_in(received.bytes, kInReply);
  if (received.envelope.status != 0 || !flags) return;
  if ((*flags & ~proposed.flags) != 0) {
    return findings.broken(
        "NEGO-1",
        fmt::format("flags {:#x} are granted and were not proposed", *flags & ~proposed.flags),
        {proposed.at.index, record.index});
  }
  const Flags* agreed = agreed_.find(received.envelope.handle);
  if (agreed != nullptr && agreed->flags != *flags) {
    return findings.broken(
        "NEGO-1",
        fmt::format("the server holds flags {:#x} and answers {:#x}", agreed->flags, *flags),
        {agreed->at.index, record.index});
  }
  granted_[record.node] = {*flags, {record.index}};
}

void Nego1::on_connected(const Record& record, const Fact& fact, Findings& findings) {
  if (fact.text.empty()) {
    agreed_[fact.handle] = {fact.start, {record.index}};
    return;
  }
  const Flags* granted = granted_.find(record.node);
  if (granted == nullptr) return;
  if (granted->flags != fact.start) {
    findings.broken(
        "NEGO-1",
        fmt::format("the client was granted {:#x} and holds {:#x}", granted->flags, fact.start),
        {granted->at.index, record.index});
  }
  granted_.erase(record.node);
}

}  // namespace harness::check
