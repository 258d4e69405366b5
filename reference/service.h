// The one path of every request of a server: accept before its handler, finish after.
//
// A machine (Mgs, Mds, Ost) owns a Service and feeds it what happens; what the machine then has to
// do comes out of next(), in order. So a step of a machine is
//
//   Turn turn{now, endpoint_, out};
//   … service_.accept(turn, request_in) / fired / durable / evict / abort_recovery …
//   while (std::optional<Work> work = service_.next(turn)) std::visit(…, *work);
//
// and nothing is left in the service's list of work between two steps. CONNECT, DISCONNECT, PING
// and everything about recovery happen inside; a handler sees requests that may run now, and never
// xids, resends or bytes of the envelope. What accept checks: semantics 1.2 (connect.h) and 1.3.
//
// A handler answers in the same step, or keeps the Request (it is a value) and answers later: it
// waits for bulk, for an AST, for another server. Early replies go out meanwhile. But a transaction
// is begun and finished within one step, or commit order would not be transno order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/message.h"
#include "reference/adaptive_timeout.h"
#include "reference/config.h"
#include "reference/connect.h"
#include "reference/defects.h"
#include "reference/endpoint.h"
#include "reference/exports.h"
#include "reference/journal.h"
#include "reference/machine.h"
#include "reference/recovery.h"
#include "reference/request.h"

namespace reference {

inline constexpr int32_t kNotSupported = -524;  // ENOTSUPP, the kernel's own, as it travels

// What a step carries along. Lives on the stack of step(), and is never kept.
struct Turn {
  Time now;
  Endpoint& endpoint;
  Actions& out;
};

// What a modification writes and the number it has. A transaction that writes nothing is an empty
// transno: 2.0 gives just the number, 1.8 writes the slot (semantics 1.4). An operation that failed
// hands its transaction in all the same, without writes: 1.8 records failures in the slot.
class Transaction {
 public:
  uint64_t transno() const { return transno_; }
  void put(Key key, Bytes value) { writes_.push_back({std::move(key), std::move(value)}); }
  void erase(Key key) { writes_.push_back({std::move(key), std::nullopt}); }

 private:
  friend class Service;
  explicit Transaction(uint64_t transno) : transno_(transno) {}
  uint64_t transno_;
  std::vector<Write> writes_;
};

// An answer in the making, from Service::reply. Add the buffers to `message` (a generated Reply's
// encode does); the body is filled in by finish.
struct Reply {
  protocol::MessageBuilder message;
  int32_t status = 0;             // pb_status: -errno, an ELDLM code, or a byte count
  std::optional<int32_t> result;  // of the operation, where pb_status is something else (intents)
  uint32_t data = 0;              // for the slot's last_data: disposition bits of an open
  std::array<uint64_t, 4> versions = {};  // of the objects before the operation (VBR)
  ObjectName object;                      // for the note `executed`
  size_t cached = 0;                      // of the records written: what counts in this mount alone
  bool after_commit = false;  // hold it until all that was done so far is durable (sync)
  // Locks depend on it ("difficult"): the client is to acknowledge it, and ReplyTaken says that it
  // has, or that what it tells of is durable (semantics 1.6, lnet-socklnd 5).
  bool difficult = false;
};

// --- what a machine has to do, besides requests ---

// A CONNECT was accepted. The machine may change `granted` (an OST fills in grant), reads what
// was agreed, and calls answer() in the same step.
struct Connecting {
  Request request;
  ExportId export_id = 0;
  bool fresh = false;     // a new export; otherwise a reconnect
  uint32_t op_flags = 0;  // of the reply: RECOVERING, RECONNECT, REPLAYABLE
  protocol::ptlrpc::ObdConnectData asked;
  protocol::ptlrpc::ObdConnectData granted;
};

// A client is gone: close its opens, drop its locks, before anything else runs. The export is no
// longer found. Requests of it that the machine has parked are to be forgotten (no finish needed;
// a finish is harmless and sends nothing).
struct ClientGone {
  ExportId export_id = 0;
  PeerId peer;
  std::string uuid;
  bool evicted = false;  // otherwise it said goodbye
};

// The client has reconnected while requests of its run: those that wait for bulk give up
// (rules C13, C14). abandon() them, or finish them as they are.
struct AbortActive {
  ExportId export_id = 0;
};

// A difficult reply, see Reply: what was kept for it may go.
struct ReplyTaken {
  ExportId export_id = 0;
  uint64_t xid = 0;
};

// All clients are back or evicted: re-process waiting locks, clean orphans, synchronise servers.
// Comes again when the last delayed client has recovered or is gone.
struct RecoveryEnded {};

using Work = std::variant<Request, Connecting, ClientGone, AbortActive, ReplyTaken, RecoveryEnded>;

// How to reach a client with a lock callback.
struct ReversePath {
  PeerId peer;
  uint64_t client_handle = 0;  // for pb_handle
  uint32_t conn_cnt = 0;
  uint32_t lm_flags = 0;
};

struct ServicePolicy;

class Service {
 public:
  // The kinds of its timers; a machine has its own from kTimersEnd on.
  static constexpr uint32_t kRecoveryTimer = 1;
  static constexpr uint32_t kPingTimer = kPeriodic | 2;
  static constexpr uint32_t kEarlyReplyTimer = 3;
  static constexpr uint32_t kTimersEnd = 16;

  Service(const Config& config, TargetKind kind, const Store& store);

  // --- what happens ---

  void start(Turn& turn);
  void accept(Turn& turn, RequestIn in);
  void durable(Turn& turn, CommitId up_to);
  // False if the timer is the machine's.
  bool fired(Turn& turn, TimerId timer);
  // The operator's, a lock callback's that was not answered in time, another server's by NID.
  void evict(Turn& turn, ExportId id, std::string_view why);
  void evict_uuid(Turn& turn, std::string_view uuid, std::string_view why);  // empty: everybody
  void evict_nid(Turn& turn, uint64_t nid, std::string_view why);
  void abort_recovery(Turn& turn);
  // Orders of order.h.
  void unmount(Turn& turn, bool force);
  void hold_connects(bool on) { holding_connects_ = on; }
  // False if the transfer was no reply's.
  bool acknowledged(const BulkDone& done);

  // The next thing to do. When there is nothing more it sets the timers of early replies.
  std::optional<Work> next(Turn& turn);

  // --- for handlers ---

  Transaction begin(const Request& request) const;
  Reply reply(const Request& request) const;
  // Sends the answer, with the transno, in the same Persist as the client's slot. The result is the
  // transaction's id, 0 if nothing was written. Without a transaction, a request with `reconstruct`
  // is answered with its slot's transno and versions.
  CommitId finish(Turn& turn, const Request& request, Reply& reply);
  CommitId finish(Turn& turn, const Request& request, Reply& reply, Transaction&& transaction);
  // A handler that failed before there was an answer (malformed buffers, no such operation): status
  // and nothing else, type 4712.
  void refuse(Turn& turn, const Request& request, int32_t status);
  // The request is forgotten, unanswered.
  void abandon(const Request& request);
  void answer(Turn& turn, Connecting& connecting);
  // Writes without a request: no transno, no slot (precreation, orphans, logs).
  CommitId persist(Turn& turn, std::vector<Write> writes);
  bool is_durable(CommitId id) const { return journal_.is_durable(id); }

  // VBR: 0 if the request is no replay, or its client knows no versions, or the versions that it
  // brings are these (objects in the order in which the original reply named them; at most 4).
  // Otherwise -EOVERFLOW, and the client is evicted after the stage.
  int32_t check_versions(const Request& request, std::span<const uint64_t> now);

  // --- what is known ---

  const Export* find(ExportId id) const { return exports_.find(id); }
  std::span<const Export> exports() const { return exports_.all(); }
  std::optional<ReversePath> reverse(ExportId id) const;
  bool recovering() const { return recovery_.active(); }
  // Whether a ReplyTaken will come for this request.
  bool awaits_taking(const Request& request) const;
  // Clients that may still come to recover by themselves.
  bool has_delayed() const;
  uint64_t last_committed() const { return journal_.last_committed(); }
  uint64_t last_transno() const { return journal_.last_transno(); }
  uint64_t mount_count() const { return journal_.mount_count(); }
  std::string_view uuid() const { return uuid_; }

  void invariants() const;
  void state(auto&& visit) const {
    visit(exports_, journal_, recovery_, estimates_, executing_, held_, untaken_, late_slots_,
          unmounted_, holding_connects_, recovery_timer_, ping_timer_, early_timer_);
  }

 private:
  // What every answer needs to know of its request.
  struct Envelope {
    PeerId from;
    uint32_t portal = 0;
    uint64_t xid = 0;
    uint32_t lm_flags = 0;
    uint32_t opcode = 0;
    uint32_t version = 0;
    uint32_t body_length = 0;
    Time arrived = 0;
    void state(auto&& visit) const {
      visit(from, portal, xid, lm_flags, opcode, version, body_length, arrived);
    }
  };
  // An accepted request whose answer is not out.
  struct Executing {
    ExportId export_id = 0;
    uint64_t xid = 0;
    Envelope envelope;
    Time deadline = 0;
    void state(auto&& visit) const { visit(export_id, xid, envelope, deadline); }
  };
  // An answer that waits for its commit.
  struct Held {
    CommitId until = 0;
    ExportId export_id = 0;
    PeerId peer;
    uint32_t portal = 0;
    uint64_t xid = 0;
    uint32_t lm_flags = 0;
    Bytes message;
    void state(auto&& visit) const {
      visit(until, export_id, peer, portal, xid, lm_flags, message);
    }
  };
  // A difficult reply that neither was acknowledged nor tells of durable things.
  struct Untaken {
    ExportId export_id = 0;
    uint64_t xid = 0;
    CommitId commit = 0;
    uint64_t transfer = 0;  // its cookie; 0 if the reply is held, or could not ask for an ACK
    void state(auto&& visit) const { visit(export_id, xid, commit, transfer); }
  };
  // A slot that goes to the disk when the operation has got there.
  struct LateSlot {
    CommitId after = 0;
    Write slot;
    void state(auto&& visit) const { visit(after, slot.key, slot.value); }
  };

  const ServicePolicy& policy() const;
  bool planted(Defect defect) const { return config_.defects.has(defect); }

  // service.cc
  void note_found(Turn& turn) const;
  void on_request(Turn& turn, Request request);
  ClientSlot::Group group_of(uint32_t opcode) const;
  bool must_run_once(const Request& request) const;
  bool repeats_without_saying(const Export& client, const Request& request) const;
  std::optional<SlotRecord> saved_answer(const Request& request) const;
  void queue(Request request);
  std::optional<Work> take_work();
  void end_recovery(Turn& turn);
  void miss_recovery(Turn& turn, ExportId id);

  // service_connect.cc
  void on_connect(Turn& turn, Request request);
  ConnectFacts connect_facts(const protocol::Message& message,
                             const std::optional<ConnectRequest>& asked, PeerId from);
  Export* new_export(Turn& turn, PeerId from, const ConnectRequest& asked);
  void refuse_library(Turn& turn, const Request& request);
  void on_disconnect(Turn& turn, const Request& request);
  void on_ping(Turn& turn, const Request& request);
  bool end_delayed(Turn& turn, const Request& ping);
  void remove_export(Turn& turn, ExportId id, bool evicted);

  // service_reply.cc
  static Envelope envelope_of(const Request& request);
  protocol::MessageBuilder builder_for(const Envelope& envelope) const;
  void complete_body(Turn& turn, const Envelope& envelope, const Export* client, int32_t status,
                     protocol::ptlrpc::PtlrpcBody& body);
  void send(Turn& turn, const Envelope& envelope, protocol::MessageBuilder& message) const;
  void refuse_envelope(Turn& turn, const Envelope& envelope, int32_t status,
                       const Export* client = nullptr);
  Export* retire(const Request& request);
  CommitId record(Turn& turn, Export* client, const Request& request, const Reply& reply,
                  int32_t result, Transaction& transaction);
  CommitId finish_with(Turn& turn, const Request& request, Reply& reply, Transaction* transaction);
  CommitId need_sync(const Export& client, CommitId commit) const;
  void send_or_hold(Turn& turn, const Export& client, const Request& request, Reply& reply,
                    CommitId commit);
  void taken(const Untaken& reply);
  static void note_done(Turn& turn, Fact::Kind kind, const Export* client, const Request& request,
                        const Reply& reply, uint64_t transno, size_t records);
  void hold(CommitId until, ExportId client, const Envelope& envelope,
            protocol::MessageBuilder& message);
  void arm(Turn& turn, uint32_t kind, Time at, Time& current) const;
  void set_timers(Turn& turn);
  void evict_silent(Turn& turn);
  template <class Visit>
  void each_waiting(Visit visit);
  void send_early_replies(Turn& turn);
  void send_early_reply(Turn& turn, const Envelope& envelope, Time& deadline);

  Config config_;
  TargetKind kind_;
  std::ptrdiff_t policy_;  // its row
  std::string uuid_;
  Exports exports_;
  Journal journal_;
  Recovery recovery_;
  AdaptiveTimeouts estimates_;
  std::vector<Executing> executing_;
  std::vector<Held> held_;
  std::vector<Untaken> untaken_;
  std::vector<LateSlot> late_slots_;
  bool unmounted_ = false;
  bool holding_connects_ = false;
  std::vector<Work> work_;  // empty between steps
  Time recovery_timer_ = kNever;
  Time ping_timer_ = kNever;
  Time early_timer_ = kNever;
};

}  // namespace reference
