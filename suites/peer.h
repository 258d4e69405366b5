// A scripted peer: sends exactly what it is told to and keeps what comes back until it is asked
// for. It behaves like no client: nothing is resent, answered or acknowledged on its own, but for
// the ACK that LNet itself owes for a reply that asks for one.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "harness/world.h"
#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"

namespace suites {

class Conformance;

// A reply as it came: its place and its message.
struct Answer {
  uint32_t portal = 0;
  uint32_t offset = 0;
  protocol::Message message;

  int32_t status() const { return message.body().status; }
  uint32_t type() const { return message.body().type; }
  uint64_t transno() const { return message.body().transno; }
};

// What of a request's envelope a script may want to say itself.
struct Envelope {
  std::optional<uint64_t> handle;  // default: what the last CONNECT to that server gave
  std::optional<uint64_t> xid;     // default: the next
  uint32_t conn_cnt = 1;
  uint32_t flags = 0;     // pb_flags
  uint32_t op_flags = 0;  // pb_op_flags
  uint32_t lm_flags = 0;
  uint32_t timeout = 100;  // seconds
  uint64_t transno = 0;
  std::array<uint64_t, 4> versions = {};  // pb_pre_versions of a replay
  uint32_t body_length = protocol::ptlrpc::PtlrpcBody::kSize;
};

class Peer {
 public:
  Peer(Conformance& conformance, harness::ProbeId probe);

  harness::PeerId id() const;
  const std::string& uuid() const { return uuid_; }

  // CONNECT to a target of the cast, in its dialect's form, asking for what a client of that
  // version asks for. Keeps the handle of a good answer.
  Answer connect(harness::ServerId server, Envelope envelope = {.op_flags = kInitial});
  Answer ping(harness::ServerId server, Envelope envelope = {});
  Answer disconnect(harness::ServerId server, Envelope envelope = {});
  // Tells every server goodbye and does not wait for long.
  void leave();

  // One request, and its answer.
  template <class Operation>
  Answer ask(harness::ServerId server, const typename Operation::Request& request,
             Envelope envelope = {}) {
    return answer_to(send<Operation>(server, request, envelope));
  }
  // One request; its xid.
  template <class Operation>
  uint64_t send(harness::ServerId server, const typename Operation::Request& request,
                Envelope envelope = {}) {
    protocol::MessageBuilder builder =
        begin(server, Operation::kOpcode, Operation::kVersion, envelope);
    request.encode(builder);
    return post(server, Operation::kRequestPortal, builder);
  }

  // Waits for the reply to a request. Early replies are passed over.
  Answer answer_to(uint64_t xid);
  // Waits for a message that is no reply of ours: bulk, callbacks, acknowledgements.
  protocol::LnetMessage next(std::string_view what);
  // Whether any message for this xid has come. Does not wait.
  bool answered(uint64_t xid);
  // How many early replies have come for this xid. Does not wait.
  size_t early_replies(uint64_t xid);
  // Waits until the server closes all connections of this peer.
  void expect_closed(harness::ServerId server);

  // A whole LNet message, or any bytes that pretend to be one.
  void send_bytes(harness::ServerId server, protocol::Bytes message);
  // The answer that LNet gives to a GET, or to a PUT that wants an ACK.
  void reply_to_get(const protocol::LnetMessage& get, protocol::ByteView data);
  void acknowledge(const protocol::LnetMessage& put);

  uint64_t handle(harness::ServerId server) const;
  // Takes the handle that the answer to a CONNECT made by hand brings.
  void remember(harness::ServerId server, const Answer& connected);
  uint64_t last_xid() const { return xid_; }

  static constexpr uint32_t kInitial = protocol::ptlrpc::msg_connect_flag::kInitial;

 private:
  protocol::MessageBuilder begin(harness::ServerId server, uint32_t opcode, uint32_t version,
                                 const Envelope& envelope);
  uint64_t post(harness::ServerId server, uint32_t portal, protocol::MessageBuilder& builder);
  void drain();

  Conformance& conformance_;
  harness::ProbeId probe_;
  std::string uuid_;
  uint64_t xid_;
  uint64_t sending_ = 0;
  std::vector<std::pair<harness::ServerId, uint64_t>> handles_;
  std::vector<std::pair<uint64_t, Answer>> answers_;
  std::vector<protocol::LnetMessage> others_;
  std::vector<uint64_t> early_;  // the xids of early replies
  std::vector<harness::PeerId> closed_;
};

}  // namespace suites
