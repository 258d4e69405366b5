// One client's view of one server: connecting, requests in flight, time-outs, resends, what is kept
// for replay, recovery, eviction, pings. Used by Client, and by Mds and Ost towards OSTs and MGS.
// Facts: semantics 1.1, 1.4, 1.6 to 1.8, 1.12, 2.4; lnet-socklnd 5 and 7.
//
// A plain value without callbacks: what happened is appended to the context's events, in order, and
// the machine acts on it. Its loop after each call that takes a context:
//
//   while there are events: take the first, act on it (amend kept requests, submit lock replays);
//   when none are left: import.proceed(context); until proceed adds no events.
//
// proceed() goes on with recovery (next replay, resends, delayed requests), so that a replayed
// open's new handle is in the kept close before the close is sent.
//
// It does not model: several requests packed together, imports that give up after a number of
// attempts, idle disconnection.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "protocol/message.h"
#include "protocol/ptlrpc.h"
#include "reference/adaptive_timeout.h"
#include "reference/config.h"
#include "reference/endpoint.h"
#include "reference/import_table.h"
#include "reference/machine.h"

namespace reference {

using RequestId = uint64_t;  // counts up from 1 in each import

// A message to be sent, complete but for what the import knows: handle, conn_cnt, flags, time-outs,
// transno and versions of a replay are filled in at each sending.
struct OutgoingRequest {
  enum class Bulk : uint8_t { none, source, sink };

  Bytes message;                // from MessageBuilder: body with type, version and opcode set
  uint32_t request_portal = 0;  // 0: the target's own (12, 26, 28)
  uint32_t reply_portal = 0;    // 0: likewise (10, 25, 4)
  uint32_t reply_room = 0;      // bytes of the full reply, for lm_repsize
  Bulk bulk = Bulk::none;
  uint32_t bulk_portal = 0;
  Bytes source;                // bulk write
  uint32_t sink_length = 0;    // bulk read: at most so many bytes
  bool replay_always = false;  // an open: kept though committed, until release()
  bool no_resend = false;      // fails with -ETIMEDOUT instead (pings, lock cancels)
  bool no_delay = false;       // fails with -EWOULDBLOCK unless the import is FULL
  void state(auto&& visit) const {
    visit(message, request_portal, reply_portal, reply_room, bulk, bulk_portal, source, sink_length,
          replay_always, no_resend, no_delay);
  }
};

// From a generated operation: portals, opcode and version are its own. `reply_room` counts the
// buffers of the reply with their padding, ptlrpc_body and header apart. What `body` has besides
// type, version and opcode stays.
template <class Operation>
OutgoingRequest make_request(const typename Operation::Request& buffers, uint32_t reply_buffers,
                             uint32_t reply_room, protocol::ptlrpc::PtlrpcBody body = {}) {
  body.type = protocol::ptlrpc::msg_type::kRequest;
  body.version = Operation::kVersion;
  body.opc = Operation::kOpcode;
  protocol::MessageBuilder builder(body);
  buffers.encode(builder);
  OutgoingRequest request;
  request.message = builder.finish();
  request.request_portal = Operation::kRequestPortal;
  request.reply_portal = Operation::kReplyPortal;
  request.reply_room = static_cast<uint32_t>(protocol::message_header_size(reply_buffers + 1)) +
                       protocol::ptlrpc::PtlrpcBody::kSize + reply_room;
  return request;
}

struct ImportEvent {
  enum class Kind : uint8_t {
    completed,   // a request has ended; status, reply, bulk
    replayed,    // a kept request was executed again: its new reply (an open's new handle)
    want_locks,  // replays are done: call replay_locks(), or go on without
    locks_lost,  // recovery goes on without them: the server knows the import's locks no more, but
                 // its data may still be written
    evicted,     // locks, open handles and dirty data of this server are lost. Requests that were
                 // in flight ended before with -EINTR, delayed ones with -EIO
    connected,   // FULL, the first time or again: granted() is known, requests flow
    refused,     // a CONNECT was answered with an error: status. It is tried again unless the state
                 // is closed
    closed,      // disconnect() has ended
  };
  Kind kind = Kind::completed;
  uint32_t import = 0;  // its number
  RequestId request = 0;
  int32_t status = 0;  // pb_status of the reply (may be positive), or without reply: -ETIMEDOUT,
                       // -EIO, -EINTR, -EBUSY, -EWOULDBLOCK, -ESHUTDOWN, -EPROTO (a reply that no
                       // decoder could read)
  std::optional<protocol::Message> reply;
  Bytes bulk;  // what a sink took; empty also when the server sent nothing
};
using ImportEvents = std::vector<ImportEvent>;

// What an import needs of its machine, at each call.
struct ImportContext {
  const Config& config;
  Time now;
  Endpoint& endpoint;
  Actions& out;
  ImportEvents& events;
};

struct ImportSetup {
  enum class Kind : uint8_t { mgs, mds, ost };
  Kind kind = Kind::mds;
  uint32_t number = 0;        // of this import within its machine, below 2048; part of its xids
  std::string target_uuid;    // "assay-MDT0000_UUID"; "MGS"
  std::string self_uuid;      // of the client, at most 39 characters
  std::vector<PeerId> peers;  // where the target may be: failover partners
  protocol::ptlrpc::ObdConnectData wish;  // asked for at every connect; transno is the import's
  uint8_t sec_part = 0;                   // 2.0: top byte of lm_secflvr (SecPart)
  bool pings = true;
  void state(auto&& visit) const {
    visit(kind, number, target_uuid, self_uuid, peers, wish, sec_part, pings);
  }
};

class Import {
 public:
  // Requests that have not ended, at once; a further one ends with -EBUSY.
  static constexpr size_t kRequestsMax = 16384;
  // Requests kept for replay; beyond it the oldest committed opens are let go (their files stay
  // open, but are not opened again after a crash of the server).
  static constexpr size_t kRetainedMax = 65536;

  static constexpr uint32_t kDeadlineTimer = kImportTimerKinds | 1;
  static constexpr uint32_t kReconnectTimer = kImportTimerKinds | kPeriodic | 2;
  static constexpr uint32_t kPingTimer = kImportTimerKinds | kPeriodic | 1;

  Import(const Config& config, ImportSetup setup);

  // --- what the machine calls ---

  void connect(const ImportContext& context);
  // Sends DISCONNECT if FULL; `closed` says when it is over. Requests that have not ended fail.
  void disconnect(const ImportContext& context);
  RequestId submit(const ImportContext& context, OutgoingRequest request);
  // Lock replays, after want_locks: ENQUEUEs with LDLM_FL_REPLAY. They end as `completed`; one that
  // fails makes the import connect again (and ask again).
  std::vector<RequestId> replay_locks(const ImportContext& context,
                                      std::vector<OutgoingRequest> requests);
  void proceed(const ImportContext& context);

  // --- what the machine hears, each returning whether it concerned this import ---

  bool receive(const ImportContext& context, const ReplyIn& in);
  bool fired(const ImportContext& context, TimerId timer);
  bool lost(const ImportContext& context, PeerId peer);

  // Holds requests back, those that are to be sent again too; connecting and recovering go on.
  void hold(const ImportContext& context, bool on);

  // A PING now, if it is FULL and none is under way: to hear what is committed.
  void probe(const ImportContext& context);

  // --- kept requests (facts: semantics 2.4, differences 14) ---

  // The message of a request that has not ended or is kept for replay; null when it is neither.
  const Bytes* message(RequestId request) const;
  // Replaces it, by one with the child's fid, the handle, the EA of the reply filled in. The next
  // sending, replay or resend, is of this message.
  void amend(RequestId request, Bytes message);
  // The open's file is being closed: it is kept only until it is committed itself, as any other
  // request (semantics 2.4, "shipped rule"). Were it kept until its close is known to be committed,
  // a server that has executed the close, but whose reply was lost, would open the file again, and
  // answer the close that is sent again from its slot.
  void release(RequestId open);

  // --- questions ---

  ImportState phase() const { return phase_; }
  bool usable() const { return phase_ == ImportState::full; }
  // On its way back to the server.
  bool recovering() const {
    return phase_ >= ImportState::disconnected && phase_ < ImportState::full;
  }
  bool room() const { return pending_.size() < kRequestsMax; }
  uint32_t number() const { return setup_.number; }
  const ImportSetup& setup() const { return setup_; }
  // Connect flags and data as the server granted them last.
  const protocol::ptlrpc::ObdConnectData& granted() const { return granted_; }
  bool granted(uint64_t connect_flags) const {
    return (granted_.connect_flags & connect_flags) == connect_flags;
  }
  PeerId peer() const { return peers_.empty() ? PeerId{} : peers_[current_peer_].peer; }
  // The cookie given at connect: servers put it into pb_handle of their callbacks.
  uint64_t client_cookie() const { return client_cookie_; }
  uint64_t last_committed() const { return last_committed_; }
  uint32_t generation() const { return generation_; }
  uint32_t connection_count() const { return connection_count_; }
  size_t retained() const { return retained_.size(); }
  size_t pending() const { return pending_.size(); }

  void invariants() const;
  void state(auto&& visit) const {
    visit(setup_, phase_, peers_, current_peer_, client_cookie_, remote_handle_, connection_count_,
          generation_, next_request_, next_xid_, last_committed_, granted_, pending_, retained_,
          estimates_, last_replayed_, ever_connected_, replayable_, invalid_, resend_replay_,
          replay_unanswered_, vbr_failed_, no_lock_replay_, closing_, held_, internal_request_,
          replaying_, retry_same_peer_, last_sent_, reconnect_at_, deadline_at_);
  }

 private:
  enum class Purpose : uint8_t {
    ordinary,
    connect,
    disconnect,
    ping,
    final_ping,
    lock_replay,
    replay
  };

  // A request that has not ended.
  struct Pending {
    RequestId id = 0;
    uint64_t xid = 0;
    Purpose purpose = Purpose::ordinary;
    OutgoingRequest request;
    uint32_t generation = 0;
    bool sent = false;              // on the wire now; else delayed, or waiting to be sent again
    bool resend = false;            // was on the wire before: RESENT
    bool early = false;             // its last sending allowed early replies
    uint32_t connection_count = 0;  // of the last sending
    PeerId peer;
    Time sent_at = 0;
    Time deadline = kNever;
    uint64_t transno = 0;  // a replay's
    void state(auto&& visit) const {
      visit(id, xid, purpose, request, generation, sent, resend, early, connection_count, peer,
            sent_at, deadline, transno);
    }
  };

  // A request that was executed and would have to be executed again after a crash.
  struct Retained {
    uint64_t transno = 0;
    uint64_t xid = 0;
    RequestId id = 0;
    OutgoingRequest request;
    std::array<uint64_t, 4> versions = {};
    bool always = false;  // an open whose file is open: kept though committed
    auto key() const { return std::tie(transno, xid); }
    void state(auto&& visit) const { visit(transno, xid, id, request, versions, always); }
  };

  struct Peer {
    PeerId peer;
    uint64_t last_attempt = 0;  // connection count of the last attempt here, 0 for none
    void state(auto&& visit) const { visit(peer, last_attempt); }
  };

  // import.cc: requests
  Pending* find(RequestId id);
  Pending& add(const ImportContext& context, OutgoingRequest request, Purpose purpose);
  void send(const ImportContext& context, Pending& pending);
  void send_unsent(const ImportContext& context);
  Bytes stamped(const ImportContext& context, const Pending& pending) const;
  uint32_t flags_of(const ImportContext& context, const Pending& pending) const;
  void end(const ImportContext& context, const Pending& pending, int32_t status,
           std::optional<protocol::Message> reply, Bytes bulk);
  void end_all(const ImportContext& context, int32_t sent_status, int32_t delayed_status);
  Bytes unpost(const ImportContext& context, const Pending& pending);
  void on_early(const ImportContext& context, Pending& pending, const ReplyIn& in);
  void on_reply(const ImportContext& context, const Pending& pending, protocol::Message reply,
                Bytes bulk);
  void on_ordinary_reply(const ImportContext& context, const Pending& pending,
                         protocol::Message reply, Bytes bulk);
  void retain(const Pending& pending, const protocol::Message& reply);
  const Retained* open_without_answer() const;
  void free_committed();
  void expire(const ImportContext& context);
  void arm(const ImportContext& context);
  void arm_ping(const ImportContext& context);
  uint32_t request_portal() const;
  uint32_t reply_portal() const;

  // import_recovery.cc: connection and recovery
  enum class Plain : uint8_t { ping, disconnect };
  void send_internal(const ImportContext& context, OutgoingRequest request, Purpose purpose);
  OutgoingRequest plain_request(const ImportContext& context, Plain which) const;
  void set_reconnect(const ImportContext& context, Time at);
  void try_connect(const ImportContext& context);
  void choose_peer();
  OutgoingRequest connect_request(const ImportContext& context) const;
  void on_connect_reply(const ImportContext& context, const protocol::Message& reply);
  void on_connect_failed(const ImportContext& context, int32_t status, bool answered);
  void apply(const ImportContext& context, const ConnectRow& row, const protocol::Message& reply);
  void become_disconnected(const ImportContext& context, bool at_once);
  void become_evicted(const ImportContext& context);
  void become_full(const ImportContext& context);
  void replay_next(const ImportContext& context);
  void on_replay_reply(const ImportContext& context, const Pending& pending,
                       const protocol::Message& reply);
  void end_recovery_requests(const ImportContext& context);
  void note(const ImportContext& context, Fact::Kind kind, int64_t value,
            std::string_view text) const;

  ImportSetup setup_;
  ImportState phase_ = ImportState::fresh;
  std::vector<Peer> peers_;
  uint32_t current_peer_ = 0;
  uint64_t client_cookie_ = 0;
  uint64_t remote_handle_ = 0;
  uint32_t connection_count_ = 0;
  uint32_t generation_ = 0;
  RequestId next_request_ = 1;
  uint64_t next_xid_ = 0;
  uint64_t last_committed_ = 0;
  protocol::ptlrpc::ObdConnectData granted_;
  std::vector<Pending> pending_;    // by id
  std::vector<Retained> retained_;  // by transno, then xid
  AdaptiveTimeouts estimates_;
  uint64_t last_replayed_ = 0;
  bool ever_connected_ = false;
  bool replayable_ = false;
  bool invalid_ = false;
  bool resend_replay_ = false;
  bool replay_unanswered_ = false;  // of the one after last_replayed_; a refusal is no answer
  bool vbr_failed_ = false;
  bool no_lock_replay_ = false;
  bool retry_same_peer_ = false;
  bool closing_ = false;
  bool held_ = false;
  RequestId internal_request_ = 0;  // the connect, ping or disconnect under way
  RequestId replaying_ = 0;         // the replay under way
  Time last_sent_ = 0;
  Time reconnect_at_ = kNever;
  Time deadline_at_ = kNever;  // what the deadline timer is set to
};

}  // namespace reference
