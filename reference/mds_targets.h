// The metadata server's other servers: it registers at the MGS, reads its configuration log
// (<fsname>-MDT0000) to know the OSTs, connects to them, and keeps objects made in advance on each.
//
// An OST that restarted is told, before its recovery ends, to have all objects that files have got:
// it may have forgotten the last ones. At each connection, objects that nobody uses are destroyed
// (CREATE with DELORPHAN, after this server's own recovery, since replays bring objects that only
// then count as used); what the unlink log still has for it is destroyed; then objects are made
// whenever fewer than half are left. Facts: rpc-formats "OST", semantics 1.9, 2.5, 2.7 and 3.10.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/config.h"
#include "reference/config_log.h"
#include "reference/import.h"
#include "reference/object_pool.h"
#include "reference/service.h"
#include "reference/unlink_log.h"

namespace reference {

// What a call needs of its machine. Lives on the stack of step().
struct TargetsContext {
  const Config& config;
  Turn& turn;
  Service& service;
  ObjectPool& pool;
  UnlinkLog& unlink_log;
};

class MdsTargets {
 public:
  // Import numbers are an OST's index and 1; the MGS's is 0.
  static constexpr uint32_t kOstsMax = 160;

  explicit MdsTargets(const Config& config);

  void start(const TargetsContext& context);
  // Each says whether it was for one of its imports.
  bool receive(const TargetsContext& context, const ReplyIn& in);
  bool on_callback(const TargetsContext& context, const RequestIn& in);
  // OBD_LOG_CANCEL: an OST has destroyed objects, and that is committed there.
  // Whether the cookie is that of our connection to an OST.
  bool knows(uint64_t client_cookie) const;
  bool on_log_cancel(const TargetsContext& context, const RequestIn& in);
  bool fired(const TargetsContext& context, TimerId timer);
  void lost(const TargetsContext& context, PeerId peer);
  // At the end of each step: acts on what happened, asks for objects.
  void settle(const TargetsContext& context);
  // An object that no file has any more: destroyed, if its OST is connected.
  void destroy(const TargetsContext& context, const UnlinkLog::Record& record);

  // Asks every OST that is connected to evict the clients at this address (semantics 1.11 f).
  void evict_nid(const TargetsContext& context, uint64_t nid);

  // Size-on-MDS: a word to every OST that is known. It is lost when this server dies; it is said
  // again until each has answered.
  void tell(const TargetsContext& context, std::string_view key, const Bytes& value);
  bool telling() const { return !telling_.empty(); }
  bool knows_osts() const { return !osts_.empty(); }

  void invariants() const;
  void state(auto&& visit) const { visit(mgs_, log_, registration_, revision_, osts_, telling_); }

 private:
  // `stocking`: nothing is made in advance yet, since this connection.
  enum class Stage : uint8_t { connecting, connected, orphans, stocking, ready };
  struct Destroying {
    RequestId request = 0;
    protocol::llog::LlogCookie cookie;
    void state(auto&& visit) const { visit(request, cookie); }
  };
  struct Ost {
    uint32_t index = 0;
    Import import;
    Stage stage = Stage::connecting;
    RequestId creating = 0;  // 0: no CREATE under way
    Time retry_at = 0;       // of a CREATE that was refused; the next ping looks at it
    std::vector<Destroying> destroying;
    void state(auto&& visit) const { visit(index, import, stage, creating, retry_at, destroying); }
  };

  struct Telling {
    uint32_t ost = 0;
    RequestId request = 0;  // 0: not under way
    std::string key;
    Bytes value;
    void state(auto&& visit) const { visit(ost, request, key, value); }
  };

  void say(const TargetsContext& context);
  void on_event(const TargetsContext& context, const ImportEvent& event);
  void on_mgs_event(const TargetsContext& context, const ImportEvent& event);
  void on_ost_event(const TargetsContext& context, Ost& ost, const ImportEvent& event);
  void on_created(const TargetsContext& context, Ost& ost, const ImportEvent& event);
  void on_orphans_gone(const TargetsContext& context, Ost& ost, uint64_t last_id);
  void stocked(const TargetsContext& context, Ost& ost);
  void read_targets(const TargetsContext& context);
  void add_ost(const TargetsContext& context, const ConfigTarget& target);
  void create(const TargetsContext& context, Ost& ost, uint64_t last_id, bool orphans);
  void make_again(const TargetsContext& context, Ost& ost);
  void clean(const TargetsContext& context, Ost& ost);
  ImportContext import_context(const TargetsContext& context);
  Ost* find(uint32_t index);

  std::optional<Import> mgs_;
  ConfigLog log_;
  RequestId registration_ = 0;
  uint32_t revision_ = 0;  // of the log that was acted on
  std::vector<Ost> osts_;  // sorted by index
  std::vector<Telling> telling_;
  ImportEvents events_;  // empty between steps
};

}  // namespace reference
