// The window after a restart in which the clients of before come back and replay, in the order of
// transno over all of them. Facts: semantics 1.9.
//
// 1.8 has one queue and answers lock replays at once; 2.0 has four stages: wait for all clients,
// replay requests, replay locks, finish. What differs is in the policy of the dialect
// (recovery.cc). Recovery owns the requests that wait; it sends nothing and evicts nobody itself:
// it says whom to evict, and Service does.
//
// A modification that is no replay is refused with -EAGAIN until recovery is over. Shipped servers
// execute one that says transno 0, and rest on clients that send none (semantics 1.14 REC-5, 3.10;
// the planted defect new-request-in-recovery is theirs).
//
// It does not model: shrinking windows. Delayed clients of 1.8 are the service's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "reference/config.h"
#include "reference/exports.h"
#include "reference/request.h"

namespace reference {

struct RecoveryPolicy;

class Recovery {
 public:
  enum class Stage : uint8_t { over, clients, requests, locks };

  enum class Admission : uint8_t {
    run,      // now
    queued,   // taken over; comes back from take()
    refused,  // not permitted during recovery: -EAGAIN
    dropped,  // a duplicate of one that waits or runs, or a transno that another client claimed
  };

  Recovery(const Config& config, TargetKind kind);

  bool active() const { return stage_ != Stage::over; }
  Stage stage() const { return stage_; }
  uint64_t next_transno() const { return next_transno_; }
  Time deadline() const { return deadline_; }  // kNever before the first client came
  // A gap was skipped after clients were given up; 1.8 marks its replies VERSION_REPLAY.
  bool version_recovery() const { return version_recovery_; }

  void begin(uint64_t next_transno);
  // Somebody wants to connect, known or not: the window begins.
  void approached(Time now);
  // A known client has connected; its service time estimate and its first transno to replay (0:
  // none said) come from its CONNECT.
  void connected(Export& client, Time now, uint32_t service_time_s, uint64_t first_transno);
  // Takes `request` over if the answer is queued.
  // `usual` is how long a request of its service takes at most, as estimated.
  Admission admit(Export& client, Request& request, Time now, Time usual);
  // The request that may run now, if one may. One replay runs at a time.
  std::optional<Request> take(const Exports& exports);
  void finished(const Request& request);
  // Moves on to the next stage if nothing is left to do in this one. True if it did: then evict
  // who failed VBR, and if the stage is over, answer the final pings.
  bool advance(const Exports& exports);
  // The timer fired: whom to evict. Later stages get more time, until the hard limit.
  std::vector<ExportId> expired(const Exports& exports, Time now);
  // The operator gives up: whom to evict. Recovery ends when they are gone.
  std::vector<ExportId> abort(const Exports& exports) const;
  // Requests of a client that is gone, to be answered with -ENOTCONN.
  std::vector<Request> remove(ExportId id);
  // The pings that say "all is replayed", answered when recovery is over.
  std::vector<Request> take_final();
  // Everything that waits for its turn, for early replies.
  template <class Visit>
  void each_waiting(Visit visit) {
    for (Request& request : replays_) visit(request);
    for (Request& request : locks_) visit(request);
    for (Request& request : final_) visit(request);
  }

  void invariants() const;
  void state(auto&& visit) const {
    visit(stage_, next_transno_, began_, deadline_, hard_deadline_, version_recovery_, running_,
          replays_, locks_, final_);
  }

 private:
  struct Running {
    ExportId client = 0;
    uint64_t xid = 0;
    void state(auto&& visit) const { visit(client, xid); }
  };
  const RecoveryPolicy& policy() const;
  bool enter(Stage stage);  // true
  Admission admit_ping(Export& client, Request& request);
  bool waits(ExportId id) const;
  bool duplicate(const Request& request) const;
  bool permitted(const Request& request) const;
  Admission admit_replay(Request& request, Time now, Time usual);
  bool gap_may_be_skipped(const Exports& exports) const;
  void extend(Time until);

  std::ptrdiff_t policy_;  // its row
  TargetKind kind_;
  Timing timing_;
  DefectSet defects_;
  Stage stage_ = Stage::over;
  uint64_t next_transno_ = 0;
  Time began_ = 0;
  Time deadline_ = kNever;
  Time hard_deadline_ = kNever;
  bool version_recovery_ = false;
  std::optional<Running> running_;  // the replay that is executed
  std::vector<Request> replays_;    // sorted by transno
  std::vector<Request> locks_;      // lock replays (2.0), in order of arrival
  std::vector<Request> final_;
};

}  // namespace reference
