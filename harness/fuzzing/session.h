// The part of a fuzzing peer that is no nonsense: it gives a step's bytes what only a client could
// know (export handle, xid, addresses, what earlier answers named), so that they get past the
// envelope, and listens to what the server says. A value: a copy is an independent session.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/fuzzing/script.h"
#include "harness/world.h"
#include "protocol/lnet.h"
#include "protocol/message.h"
#include "protocol/mutation.h"

namespace harness::fuzzing {

class Session {
 public:
  // `target_uuid` is the name that the server answers to in CONNECTs.
  Session(Dialect dialect, Role role, PeerId server, std::string target_uuid)
      : dialect_(dialect), role_(role), server_(server), target_uuid_(std::move(target_uuid)) {}

  void add_peer(PeerId peer) { peers_.push_back({.id = peer}); }
  size_t peers() const { return peers_.size(); }
  PeerId peer(const Step& step) const { return peers_[step.peer % peers_.size()].id; }

  // The LNet message that a step of a kind with bytes stands for; none if there is nothing that it
  // could answer.
  std::optional<Bytes> message(const Step& step);
  // What the server sent to a peer.
  void heard(PeerId to, const Bytes& message);
  // The server has forgotten everybody.
  void server_restarted();
  // The handle that the last CONNECT of the step's peer got; 0 without one.
  uint64_t handle(const Step& step) const { return peers_[step.peer % peers_.size()].handle; }
  // Of the last request that `message` made.
  uint64_t last_xid(const Step& step) const { return peers_[step.peer % peers_.size()].xid; }

  // Cookies and FIDs that are kept, the newest first.
  static constexpr size_t kKnownMax = 8;
  // Requests, GETs and PUTs of the server that wait for an answer, per peer.
  static constexpr size_t kPendingMax = 16;

 private:
  using Fid = std::array<uint8_t, 16>;
  struct Asked {  // by the server
    uint64_t xid = 0;
    uint32_t reply_portal = 0;
  };
  struct Moving {  // bulk of the server's
    bool get = false;
    uint64_t match_bits = 0;
    uint32_t length = 0;
    protocol::lnet::LnetHandleWire handle;
  };
  struct Peer {
    PeerId id;
    uint64_t handle = 0;
    uint32_t conn_cnt = 0;
    uint64_t xid = 0x1000;
    uint32_t opcode = 0;  // of the last request
    const protocol::OperationInfo* operation = nullptr;
    std::vector<Asked> asked = {};
    std::vector<Moving> moving = {};
  };

  std::vector<uint8_t> connect_request(const Peer& peer, const Step& step) const;
  Bytes request(Peer& peer, const Step& step, std::vector<uint8_t> payload);
  std::optional<Bytes> answer(Peer& peer, const Step& step);
  std::optional<Bytes> bulk(Peer& peer, const Step& step);
  void resolve(std::vector<uint8_t>& payload, const protocol::Message& message);
  void hear_reply(Peer& peer, const protocol::Message& message);
  void learn(const protocol::MutationStruct& type, protocol::ByteView value);
  Bytes put(const Peer& peer, uint32_t portal, uint64_t xid, protocol::ByteView payload) const;
  Peer* find(PeerId id);

  Dialect dialect_;
  Role role_;
  PeerId server_;
  std::string target_uuid_;
  std::vector<Peer> peers_;
  std::vector<uint64_t> handles_;
  std::vector<Fid> fids_;
};

}  // namespace harness::fuzzing
