// Lock callbacks of a server: blocking, completion and glimpse requests to clients over the
// connection that they made (portal 15, answers on 16), and what follows when they are answered,
// refused or not answered. Used by Mds, Ost and Mgs. Facts: semantics 1.11, 3.4, 3.5;
// rpc-formats "LDLM".
//
//   answered 0      blocking: the CANCEL is awaited, until the deadline that began with the sending
//   -ENOTCONN       the client does not know us: evicted
//   another error   the client has no such lock (EINVAL): it is cancelled here too
//   no answer, or no CANCEL, within lock_callback_timeout: evicted
//
// Callbacks are not sent again. Group locks have no time limit once the callback was answered. I/O
// under a lock prolongs its time (prolong). While this server recovers, callbacks wait.
//
// A machine has, beside its Locks, one of these, and hands every LockEffects to apply(). It does
// not model: a limit on callbacks in flight, adaptive lock time-outs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/ldlm.h"
#include "reference/config.h"
#include "reference/endpoint.h"
#include "reference/locks.h"
#include "reference/machine.h"
#include "reference/service.h"

namespace reference {

// What a call needs of its machine. Lives on the stack of step().
struct LockContext {
  Turn& turn;
  Service& service;
  Locks& locks;
};

// What concerns the machine itself.
struct LockNews {
  struct Glimpsed {
    uint64_t cookie = 0;
    std::optional<protocol::ldlm::OstLvb> lvb;  // none: the holder has none, or is gone
  };
  std::vector<LockHandle> granted;  // the server's own locks, after they waited
  // A word was answered, or its client is gone.
  struct Worded {
    uint64_t cookie = 0;
    bool answered = false;
  };
  std::vector<Glimpsed> glimpsed;
  std::vector<Worded> worded;
};

class LockCallbacks {
 public:
  // Its timer's kind, above the service's.
  static constexpr uint32_t kTimer = Service::kTimersEnd;

  explicit LockCallbacks(const Config& config);

  // Sends what follows from a change, starts and stops timers, notes what happened.
  void apply(const LockContext& context, const LockEffects& effects, LockNews& news);

  // --- requests of clients ---

  // LDLM_CANCEL (portal 17). Handles nobody knows are passed over; if none is known the status is
  // ESTALE (positive).
  void on_cancel(const LockContext& context, const Request& request, LockNews& news);
  void on_convert(const LockContext& context, const Request& request, LockNews& news);
  // Early lock cancels that came along with another request; not to be done for replays.
  void cancel(const LockContext& context, const std::vector<LockHandle>& handles, LockNews& news);

  // --- events ---

  // False if the answer is to none of its callbacks.
  bool receive(const LockContext& context, const ReplyIn& in, LockNews& news);
  // False if the timer is not its own. Evictions come back as the service's ClientGone.
  bool fired(const LockContext& context, TimerId timer);
  // A client is gone: its locks are cancelled, nothing is awaited of it.
  void client_gone(const LockContext& context, ExportId client, LockNews& news);
  // Waiting locks are looked at again, and the callbacks that were held back are sent.
  void recovery_ended(const LockContext& context, LockNews& news);

  // --- for the machine ---

  // A lock that waits will not be given: its owner is told (a completion with FAILED).
  void refuse_waiting(const LockContext& context, LockHandle lock, LockNews& news);

  // Asks the lock's holder for its size and times; LockNews::Glimpsed says the answer. False if
  // there is nobody to ask.
  bool glimpse(const LockContext& context, LockHandle holder, uint64_t cookie);
  // A word of Size-on-MDS (som_words.h); LockNews::Worded says when it is answered. Who does not
  // answer in time is evicted, if there is a time. False if nobody is there to hear it.
  struct Word {
    std::string_view key;
    protocol::ByteView value;
    uint64_t cookie = 0;  // 0: nobody waits for the answer
    bool in_time = true;
  };
  bool say(const LockContext& context, ExportId to, const Word& word);
  // I/O under the lock goes on: its holder has the whole time again.
  void prolong(const LockContext& context, LockHandle lock);

  void invariants() const;
  void state(auto&& visit) const { visit(pending_, deferred_, xids_, timer_at_); }

 private:
  enum class Kind : uint8_t { blocking, completion, glimpse, word };
  // A callback that is not answered, or a lock whose CANCEL is awaited (xid 0).
  struct Pending {
    Kind kind = Kind::blocking;
    LockHandle lock = 0;
    ExportId owner = 0;
    PeerId peer;
    uint64_t xid = 0;
    uint32_t lm_flags = 0;
    bool cancel_awaited = false;
    Time deadline = kNever;
    uint64_t cookie = 0;  // of a glimpse or a word
    void state(auto&& visit) const {
      visit(kind, lock, owner, peer, xid, lm_flags, cancel_awaited, deadline, cookie);
    }
  };
  // Held back until recovery ends.
  struct Deferred {
    Kind kind = Kind::blocking;
    LockEffects::Blocking blocking;
    LockEffects::Change granted;
    void state(auto&& visit) const {
      visit(kind, blocking.holder, blocking.blocked, blocking.discard, granted.handle,
            granted.description);
    }
  };
  struct Xids {
    PeerId peer;
    uint64_t next = 0;
    void state(auto&& visit) const { visit(peer, next); }
  };

  void send_blocking(const LockContext& context, const LockEffects::Blocking& blocking);
  void send_completion(const LockContext& context, const LockEffects::Change& granted);
  // The xid, or 0 if the client cannot be reached now.
  template <class Callback>
  uint64_t send(const LockContext& context, ExportId owner, uint32_t reply_room,
                const typename Callback::Request& buffers);
  using Complete = uint64_t (LockCallbacks::*)(const LockContext&, ExportId,
                                               const protocol::ldlm::LdlmRequest&,
                                               const protocol::ldlm::OstLvb*);
  static const std::array<Complete, 2> kComplete;
  template <class Callback>
  uint64_t complete(const LockContext& context, ExportId owner,
                    const protocol::ldlm::LdlmRequest& buffer, const protocol::ldlm::OstLvb* lvb);
  void await(const LockContext& context, Pending pending);
  void on_answer(const LockContext& context, Pending pending, const protocol::Message& answer,
                 LockNews& news);
  void forget_lock(LockHandle lock);
  void arm(const LockContext& context);
  uint64_t new_xid(PeerId peer);
  static void note(const LockContext& context, const LockEffects::Logged& change);

  Config config_;
  std::vector<Pending> pending_;  // in order of sending
  std::vector<Deferred> deferred_;
  std::vector<Xids> xids_;  // sorted by peer
  Time timer_at_ = kNever;
};

// The handles of a CANCEL, or of early cancels (from which slot on they begin: 0, in ENQUEUE 1).
std::vector<LockHandle> cancel_handles(
    const protocol::ldlm::LdlmRequest& request,
    const protocol::ArrayView<protocol::ptlrpc::LustreHandle>& more, uint32_t first = 0);
// Of a whole LDLM_CANCEL; none if it is malformed.
std::optional<std::vector<LockHandle>> cancel_handles(const Request& request);

}  // namespace reference
