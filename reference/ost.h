// The object server: objects and their data, locks on extents of them, grant. One machine for both
// dialects; what differs is in OstDialect (ost_dialect.h).
// Facts: semantics 3 and 1.13; rpc-formats "OST" and "LDLM"; differences 9; lnet-socklnd 5.
//
// Its parts: Service (the path of every request), Objects (durable), Grants, Locks and
// LockCallbacks, an Import to the MGS. Handlers are in ost_*.cc by family.
//
// A handler takes the decoded request, refuses, waits for what is in its way, changes state and
// fills the answer. A request that has to wait is a Job: for a lock of the server's own (then it
// runs again from its beginning), for bulk, or for the answer to a glimpse. The server drives bulk:
// it fetches what is written, and brings what is read before it replies.
//
// Written data is on the disk before its reply (sync journal). It does not model: quotas,
// capabilities, extent maps, journals that commit late, contention statistics.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/ost.h"
#include "reference/config.h"
#include "reference/defects.h"
#include "reference/endpoint.h"
#include "reference/grants.h"
#include "reference/import.h"
#include "reference/lock_callbacks.h"
#include "reference/locks.h"
#include "reference/machine.h"
#include "reference/object_times.h"
#include "reference/objects.h"
#include "reference/ost_dialect.h"
#include "reference/service.h"

namespace reference {

class Ost {
 public:
  // Requests that wait for locks, bulk or clients, at once; beyond it they are refused with -EBUSY.
  static constexpr size_t kJobsMax = 4096;
  static constexpr uint32_t kBulkTimer = LockCallbacks::kTimer + 1;
  static constexpr uint32_t kNiobufsMax = 256;
  static constexpr uint32_t kBulkMax = 1u << 20;

  Ost(const Config& config, const Store& store);

  void start(Time now, Actions& out);
  void step(Time now, const Event& event, Actions& out);
  void invariants() const;
  // What it has, counted (counts.h).
  std::vector<Fact> audit() const;
  void state(auto&& visit) const {
    visit(endpoint_, service_, objects_, grants_, times_, locks_, callbacks_, jobs_, mgs_,
          registered_, libraries_, last_word_, bulk_timer_at_);
  }

  // The device under it grows or shrinks to this size, but not below what is taken of it.
  void resize(uint64_t capacity_bytes) {
    config_.capacity_bytes = std::max(capacity_bytes, objects_.used_bytes() + grants_.total());
  }
  const Objects& objects() const { return objects_; }
  const Locks& locks() const { return locks_; }
  const Grants& grants() const { return grants_; }
  const Service& service() const { return service_; }

  // One operation of the service; the table in ost.cc has them all.
  struct Operation;

 private:
  using Obdo = protocol::ost::Obdo;

  // A step in the making.
  struct Step {
    Turn turn;
    LockNews news;
  };
  // A request under way, for the time of one run of its handler.
  struct Call {
    Step& step;
    const Request& request;
    LockHandle lock = 0;     // of the server's own, held for the request
    bool announced = false;  // the MDS knows that it will be executed (ost_word.cc)
    bool parked = false;     // a job has the request and the lock from here on
    const protocol::Message& message() const { return request.message; }
  };
  struct Job {
    enum class Waits : uint8_t { lock, bulk, glimpse, word };
    Waits waits = Waits::lock;
    Request request;
    LockHandle lock = 0;
    uint64_t cookie = 0;  // of the bulk transfer, the glimpse, or the word
    uint32_t length = 0;  // bytes of bulk expected; of a word: answers
    bool announced = false;
    Bytes data;              // that came, while the MDS is told
    uint32_t checksum = 0;   // of what was read
    Time deadline = kNever;  // of bulk
    void state(auto&& visit) const {
      visit(waits, request, lock, cookie, length, announced, data, checksum, deadline);
    }
  };
  struct Brw;  // ost_io.cc: a decoded read or write

  // --- ost.cc: events, running handlers, locks of the server's own ---
  void settle(Step& step);
  void on_received(Step& step, const Received& received);
  void on_work(Step& step, Work work);
  void on_connecting(Step& step, Connecting& connecting);
  void on_client_gone(Step& step, const ClientGone& gone);
  void on_bulk_done(Step& step, const BulkDone& done);
  void on_bulk_late(Step& step);
  void abort_bulk(Step& step, ExportId client);
  void unmount(Step& step, bool force);
  void run(Step& step, const Request& request, LockHandle lock, bool announced = false);
  void on_lock_granted(Step& step, LockHandle lock);
  // Takes the extent for the request, or parks it until the holders have given way.
  bool hold(Call& call, ObjectId object, LockMode mode, uint64_t start, uint64_t end,
            bool discard = false);
  void release(Step& step, LockHandle lock);
  bool park(Call& call, Job job);
  void drop_job(Step& step, size_t index);
  void arm_bulk_timer(Step& step);
  void on_import_events(Step& step, ImportEvents& events);
  ImportContext import_context(Step& step, ImportEvents& events);
  LockContext locking(Step& step) { return {step.turn, service_, locks_}; }
  // On behalf of a request.
  void note(const Call& call, Fact::Kind kind, ObjectId object, uint64_t start, uint64_t end) const;
  void note_grant(Turn& turn, ExportId client) const;

  // --- what handlers share (ost_answer.cc) ---
  const OstDialect& dialect() const { return ost_dialect(config_.dialect); }
  bool planted(Defect defect) const { return config_.defects.has(defect); }
  uint64_t wall_clock(Time now) const;
  void refuse(Call& call, int32_t status);
  void answer(Call& call, int32_t status, const Obdo& obdo);
  // What the transaction writes, the answer, and the object's note.
  void commit(Call& call, const Obdo& obdo, std::vector<Write> writes, ObjectId object,
              bool after_commit = false);
  // The sequence that is meant; an error if it cannot be. Changes the obdo to it.
  int32_t settle_sequence(const Call& call, Obdo& obdo) const;
  // None, with the status in `status`: no such object. In recovery a missing one is made again.
  const Object* find_object(Call& call, ObjectId id, std::vector<Write>& writes, int32_t& status);
  Obdo describe(ObjectId id, const Object& object, const Obdo& asked) const;
  // The times of `from` that its valid names, unless a later request has set them.
  // Where the change itself counts as a modification and the client gave no time, it is `now`.
  void take_times(const Call& call, ObjectId id, const Obdo& from, ObjectAttributes& to,
                  std::optional<uint64_t> now = std::nullopt) const;
  // The file's identity, and the owner of an object that nobody has touched yet.
  void take_owner(const Obdo& from, ObjectAttributes& to) const;
  // Free and given to nobody, in bytes.
  uint64_t space_left() const;

  // --- ost_object.cc ---
  void on_create(Call& call);
  void on_destroy(Call& call);
  void on_getattr(Call& call);
  void on_setattr(Call& call);
  void on_punch(Call& call);
  void on_sync(Call& call);

  // --- ost_io.cc ---
  void on_read(Call& call);
  void on_write(Call& call);
  void finish_read(Step& step, const Job& job);
  // False if it has to wait, and keeps its lock.
  bool finish_write(Step& step, const Job& job, const Bytes& data);
  std::optional<Brw> decode_brw(Call& call);
  void take_accounts(Call& call, const Brw& brw);
  bool lock_brw(Call& call, const Brw& brw, LockMode mode);
  void prolong(Call& call, const Brw& brw);
  // Whether there is room for the pages of the range, by grant or by free space.
  bool cover(const Call& call, const Object& object, const protocol::ost::NiobufRemote& niobuf,
             uint64_t& left);

  // --- ost_som.cc: the profile `som` ---
  void note_object(Turn& turn, ObjectId id) const;
  void note_objects_found(Turn& turn) const;
  // Whether the operation's epoch is over.
  bool fenced(const Obdo& obdo, ObjectId id) const;
  bool fenced(uint64_t epoch, ObjectId id) const;
  // Likewise that of a lock to write under: who had it would write into its cache what is refused
  // when it is written back.
  bool fenced(const LockRequest& wanted) const;
  // Locks that wait while the fence is raised.
  void refuse_fenced(Step& step, ObjectId id);
  // What the MDS says (som_words.h); false if it is none of these.
  bool on_som_word(Call& call, std::string_view key, protocol::ByteView value);
  // Waits until no client holds a lock to write under.
  void flush_all(Call& call);
  void evict_unlisted(Call& call, std::string_view uuids);
  // A client reads the size for the MDS.
  void validate(Call& call, const Obdo& obdo, ObjectId id);

  // --- ost_word.cc: words to the MDS and to clients (solutions 10 and 12) ---
  // Lockless, and the MDS has not heard of it yet: parked until it has.
  bool announces(const Call& call, const Obdo& obdo, bool lockless) const;
  void announce(Call& call, Bytes data = Bytes());
  void announce_waiting(Step& step);
  void say_of(Step& step, const Request& request, std::string_view key, uint64_t cookie);
  void on_worded(Step& step, const LockNews::Worded& worded);
  void ask_clients(Call& call);
  uint64_t new_word();
  ExportId mds() const;

  // --- ost_lock.cc ---
  void on_enqueue(Call& call);
  void on_cancel(Call& call);
  void on_convert(Call& call);
  void on_glimpse(Call& call, const LockRequest& wanted);
  void finish_glimpse(Step& step, const LockNews::Glimpsed& glimpsed);
  bool listens(ExportId client) const;
  void give_lock(Call& call, const LockRequest& wanted);
  void answer_glimpse(Call& call, const LockRequest& wanted, const protocol::ldlm::OstLvb& lvb);
  protocol::ldlm::OstLvb lvb_of(const ResourceId& resource) const;
  protocol::ldlm::OstLvb disk_lvb(const ResourceId& resource) const;
  // What all clients together know of the size comes from the disk again, or at least so much.
  void refresh_lvb(const ResourceId& resource, bool only_upwards);
  void refresh_lvbs(const std::vector<LockHandle>& handles);

  // --- ost_info.cc ---
  void on_statfs(Call& call);
  void on_set_info(Call& call);
  void on_grant_shrink(Call& call);
  void on_get_info(Call& call);
  void on_quota(Call& call);
  void on_log_connect(Call& call);

  Config config_;
  Endpoint endpoint_;
  Service service_;
  Objects objects_;
  Grants grants_;
  ObjectTimes times_;
  Locks locks_;
  LockCallbacks callbacks_;
  std::vector<Job> jobs_;  // in order of arrival
  // Clients that connected as user-space ones. They answer callbacks only while a call is in
  // progress, so they are given nothing that may be called back, and are asked nothing.
  std::vector<ExportId> libraries_;  // sorted
  std::optional<Import> mgs_;
  bool registered_ = false;
  uint64_t last_word_ = 0;
  Time bulk_timer_at_ = kNever;
};

}  // namespace reference
