#include "faults/injector.h"

#include <algorithm>
#include <optional>

#include "protocol/lnet.h"
#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"

namespace faults {

using protocol::Bytes;
using reference::PeerId;

namespace {

struct Seen {
  Part part;
  uint32_t opcode;
};

std::optional<Seen> read(const Bytes& bytes) {
  const auto lnet = protocol::LnetMessage::parse(bytes);
  if (!lnet || lnet->header.type != protocol::lnet::lnet_msg_type::kPut) return std::nullopt;
  const auto message = protocol::Message::parse(lnet->payload);
  if (!message) return std::nullopt;
  const protocol::ptlrpc::PtlrpcBody& body = message->body();
  if (body.type == protocol::ptlrpc::msg_type::kRequest) return Seen{Part::request, body.opc};
  // Only early replies carry a checksum (facts: lnet-socklnd 5).
  if (message->header().cksum != 0) return std::nullopt;
  return Seen{Part::reply, body.opc};
}

bool matches(const Rule& rule, const Seen& seen, PeerId from, PeerId to) {
  const PeerId client = seen.part == Part::request ? from : to;
  const PeerId server = seen.part == Part::request ? to : from;
  return rule.part == seen.part && rule.opcode == seen.opcode &&
         (!rule.client || *rule.client == client) && (!rule.server || *rule.server == server);
}

bool strikes(const Rule& rule, uint32_t nth) {
  return nth >= rule.first && nth - rule.first < rule.times;
}

}  // namespace

size_t Injector::add(const Rule& rule) {
  armed_.push_back({rule});
  return armed_.size() - 1;
}

Verdict Injector::judge(PeerId from, PeerId to, const Bytes& message) {
  if (armed_.empty()) return Verdict::pass;
  const std::optional<Seen> seen = read(message);
  if (!seen) return Verdict::pass;
  for (Armed& armed : armed_) {
    if (!matches(armed.rule, *seen, from, to)) continue;
    ++armed.seen;
    if (strikes(armed.rule, armed.seen)) return armed.rule.verdict;
  }
  return Verdict::pass;
}

uint32_t Injector::struck(size_t rule) const {
  const Armed& armed = armed_.at(rule);
  if (armed.seen < armed.rule.first) return 0;
  return std::min(armed.seen - armed.rule.first + 1, armed.rule.times);
}

}  // namespace faults
