// The LNet end of a machine: turns whole LNet messages into requests, replies and finished bulk
// transfers, and back. It stands below service.h and import.h in every machine.
//
// It answers by itself what LNet answers by itself: a GET from a posted source with its REPLY, a
// PUT that wants it with its ACK. What matches nothing posted is ignored, as LNet does; what is
// malformed or meant for another node closes the connection (Drop, with a Note). The source of a
// message is what the world says (Received::from), never what its header claims.
// Facts: lnet-socklnd 4 and 5.
//
// It does not model: portals that overflow, routing, fragments of a posted buffer.
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/lnet.h"
#include "protocol/message.h"
#include "reference/config.h"
#include "reference/machine.h"

namespace reference {

// A ptlrpc request came in, on one of the request portals.
struct RequestIn {
  PeerId from;
  uint32_t portal = 0;
  uint64_t xid = 0;  // match bits
  Bytes message;     // lustre_msg
};

// A reply, or an early reply (offset 0 although the request could have early replies), on one of
// the reply portals. Whether anybody waits for it is for an Import, or a sender of ASTs, to say.
struct ReplyIn {
  PeerId from;
  uint32_t portal = 0;
  uint64_t xid = 0;
  uint32_t offset = 0;
  Bytes message;
};

// A transfer that this node began (bulk_get, bulk_put, a reply with an ACK wanted) has ended.
struct BulkDone {
  PeerId peer;
  uint64_t cookie = 0;  // as the call that began it returned it
  bool lost = false;    // the peer is gone; nothing more will come
  uint32_t length = 0;  // bytes received, or bytes that the peer acknowledged
  Bytes data;           // bulk_get: the content
};

using Incoming = std::variant<std::monostate, RequestIn, ReplyIn, BulkDone>;

class Endpoint {
 public:
  // LNET_MTU: no payload is longer.
  static constexpr uint32_t kPayloadMax = 1u << 20;
  // Posted buffers at once, of all peers: beyond it nothing is posted, and the peer's bulk drops.
  static constexpr size_t kPostedMax = 4096;
  // Transfers under way at once, of all peers.
  static constexpr size_t kTransfersMax = 4096;

  explicit Endpoint(const Config& config);

  // What arrived. Nothing (monostate) for what LNet handles alone and for what it drops.
  Incoming receive(PeerId from, const Bytes& message, Actions& out);
  // All connections to the peer are gone: its transfers end, with `lost` set. Posted buffers stay,
  // since their request will be sent again.
  std::vector<BulkDone> lost(PeerId peer);

  // --- requests and replies ---

  void send_request(PeerId to, uint32_t portal, uint64_t xid, const Bytes& message,
                    Actions& out) const;
  // The offset is the early-reply size (192) for the final reply of a request that had
  // MSGHDR_AT_SUPPORT, else 0.
  void send_reply(PeerId to, uint32_t portal, uint64_t xid, uint32_t offset, const Bytes& message,
                  Actions& out) const;
  // The same without copying: the builder makes the whole LNet message, and is spent.
  void send_reply(PeerId to, uint32_t portal, uint64_t xid, uint32_t offset,
                  protocol::MessageBuilder& message, Actions& out) const;
  // Likewise, and BulkDone says when the peer has it. 0 if too many transfers are under way: then
  // the reply was sent without asking for an ACK.
  uint64_t send_reply_acked(PeerId to, uint32_t portal, uint64_t xid, uint32_t offset,
                            const Bytes& message, Actions& out);

  // --- bulk, the server's side: it drives every transfer ---

  // Fetches what the client posted (bulk write). The result is a cookie for BulkDone, or 0 if too
  // many transfers are under way.
  uint64_t bulk_get(PeerId to, uint32_t portal, uint64_t xid, uint32_t length, Actions& out);
  // Brings data to the buffer that the client posted (bulk read, also of length 0).
  uint64_t bulk_put(PeerId to, uint32_t portal, uint64_t xid, const Bytes& data, Actions& out);
  // The server waits no longer; a late answer is ignored.
  void forget(uint64_t cookie);

  // --- bulk, the client's side: post before the request is sent; a buffer serves once ---

  void post_source(PeerId peer, uint32_t portal, uint64_t xid, Bytes data);
  // Data longer than this does not match, and is dropped.
  void post_sink(PeerId peer, uint32_t portal, uint64_t xid, uint32_t length_max);
  // What came for the sink so far; nothing if none did.
  struct Sunk {
    bool arrived = false;
    Bytes data;
  };
  Sunk unpost(PeerId peer, uint32_t portal, uint64_t xid);

  // For machines that talk to themselves (a client mounted on a server's own node) and texts.
  PeerId self() const { return self_; }

  void invariants() const;
  void state(auto&& visit) const { visit(self_, posted_, transfers_, counts_); }

 private:
  struct Posted {
    PeerId peer;
    uint32_t portal = 0;
    uint64_t xid = 0;
    bool source = false;
    bool used = false;
    uint32_t length_max = 0;
    Bytes data;
    auto key() const { return std::tie(peer, portal, xid); }
    void state(auto&& visit) const { visit(peer, portal, xid, source, used, length_max, data); }
  };
  struct Transfer {
    uint64_t cookie = 0;
    PeerId peer;
    bool get = false;  // awaits a REPLY, else an ACK
    uint32_t length_max = 0;
    void state(auto&& visit) const { visit(cookie, peer, get, length_max); }
  };
  struct Count {  // of the handles given to a peer
    PeerId peer;
    uint64_t count = 0;
    void state(auto&& visit) const { visit(peer, count); }
  };

  Incoming on_put(PeerId from, const protocol::lnet::LnetHdr& header, Bytes payload, Actions& out);
  void on_get(PeerId from, const protocol::lnet::LnetHdr& header, Actions& out);
  Incoming on_reply(PeerId from, const protocol::lnet::LnetHdr& header, Bytes payload,
                    Actions& out);
  Incoming on_ack(PeerId from, const protocol::lnet::LnetHdr& header);

  std::vector<Posted>::iterator find_posted(PeerId peer, uint32_t portal, uint64_t xid);
  uint64_t begin_transfer(PeerId peer, bool get, uint32_t length_max);
  protocol::lnet::LnetHandleWire handle_of(uint64_t cookie) const;
  void put(PeerId to, uint32_t portal, uint64_t xid, uint32_t offset,
           const protocol::lnet::LnetHandleWire& ack, const Bytes& payload, Actions& out) const;
  void send(PeerId to, uint32_t type, const protocol::lnet::LnetPut& message, const Bytes& payload,
            Actions& out) const;

  PeerId self_;
  uint64_t seed_ = 0;                // of the handles
  uint64_t incarnation_ = 0;         // of this node
  std::vector<Posted> posted_;       // sorted by peer, portal, xid
  std::vector<Transfer> transfers_;  // sorted by cookie
  std::vector<Count> counts_;        // sorted by peer
};

}  // namespace reference
