// Two machines for tests of what hosts them: one counts and echoes, one asks.
#pragma once

#include <vector>

#include "protocol/lnet_message.h"
#include "reference/machine.h"

namespace harness::live {

using protocol::Bytes;
using reference::PeerId;

inline Bytes put(PeerId from, PeerId to, Bytes payload) {
  protocol::LnetMessage message;
  message.header.dest_nid = to.nid;
  message.header.dest_pid = to.pid;
  message.header.src_nid = from.nid;
  message.header.src_pid = from.pid;
  message.header.type = protocol::lnet::lnet_msg_type::kPut;
  message.payload = std::move(payload);
  return message.build();
}

// Sends back what it gets, and remembers how many it got.
struct Echo {
  PeerId self{};
  uint64_t count = 0;
  reference::CommitId transactions = 0;
  void start(reference::Time, reference::Actions&) {}
  void step(reference::Time, const reference::Event& event, reference::Actions& out) {
    const auto* received = std::get_if<reference::Received>(&event);
    if (received == nullptr) return;
    ++count;
    const std::vector<uint8_t> value{static_cast<uint8_t>(count)};
    out.push_back(reference::Note{{.xid = count, .text = "echoed"}});
    out.push_back(
        reference::Persist{++transactions, {{"count", Bytes(protocol::ByteView(value))}}});
    out.push_back(
        reference::Send{received->from, put(self, received->from, received->message.slice(72))});
  }
  void invariants() const {}
  void state(auto&& visit) const { visit(self, count, transactions); }
};

// Each order sends its data to the server named by its path; the answer is what comes back.
struct Asker {
  PeerId self{};
  PeerId server{};
  std::vector<reference::OrderId> waiting{};
  void start(reference::Time, reference::Actions&) {}
  void step(reference::Time time, const reference::Event& event, reference::Actions& out) {
    if (const auto* asked = std::get_if<reference::Asked>(&event)) {
      waiting.push_back(asked->id);
      out.push_back(reference::Send{
          server, put(self, server, std::get<reference::Syscall>(asked->order).data)});
      out.push_back(reference::SetTimer{{1, asked->id}, time + 5 * reference::kSecond});
    } else if (const auto* received = std::get_if<reference::Received>(&event)) {
      answer({.data = received->message.slice(72)}, out);
    } else if (std::holds_alternative<reference::PeerLost>(event) ||
               std::holds_alternative<reference::TimerFired>(event)) {
      answer({.status = -5}, out);
    }
  }
  void answer(reference::Result result, reference::Actions& out) {
    if (waiting.empty()) return;
    out.push_back(reference::Answer{waiting.front(), std::move(result)});
    out.push_back(reference::SetTimer{{1, waiting.front()}, reference::kNever});
    waiting.erase(waiting.begin());
  }
  void invariants() const {}
  void state(auto&& visit) const { visit(self, server, waiting); }
};

}  // namespace harness::live
