// The management server: targets register here, and everybody reads the configuration logs.
//
// Registering takes an exclusive lock on the file system's configuration, so that every client
// gives its own back, and reads what was added once it has a new one. The answer goes out when the
// logs are durable. Facts: rpc-formats "MGS, llog, sequences", semantics 9.2 MGS-1; keys: store.md.
//
// It does not model: rewriting of logs (writeconf), pools, security flavours, recovery logs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/mgs.h"
#include "reference/config.h"
#include "reference/config_records.h"
#include "reference/endpoint.h"
#include "reference/llog_file.h"
#include "reference/lock_callbacks.h"
#include "reference/locks.h"
#include "reference/machine.h"
#include "reference/service.h"

namespace reference {

class Mgs {
 public:
  static constexpr size_t kTargetsMax = 2048;
  static constexpr size_t kLogsMax = 4096;    // more names are not found
  static constexpr size_t kChangesMax = 256;  // that wait for the lock

  Mgs(const Config& config, const Store& store);

  void start(Time now, Actions& out);
  void step(Time now, const Event& event, Actions& out);
  void invariants() const;
  // What it has, counted (counts.h).
  std::vector<Fact> audit() const;
  void state(auto&& visit) const {
    visit(endpoint_, service_, locks_, callbacks_, logs_, targets_, changes_, lock_);
  }

 private:
  struct RegisteredTarget {
    std::string fsname;
    std::string name;
    uint32_t index = 0;
    bool mdt = false;
    std::vector<uint64_t> nids;
    TargetNames names() const { return {fsname, name, index, nids}; }
    void state(auto&& visit) const { visit(fsname, name, index, mdt, nids); }
  };
  // A request that changes logs, parked until the configuration's lock is ours.
  struct Change {
    Request request;
    std::string fsname;
    CommitId commit = 0;  // of what it wrote
    void state(auto&& visit) const { visit(request, fsname, commit); }
  };
  struct Call {
    Turn& turn;
    LockNews& news;
  };
  struct Operation;

  void settle(Call call);
  void run(Call call, const Request& request);
  void on_enqueue(Call call, const Request& request);
  void on_cancel(Call call, const Request& request);
  void on_log_create(Call call, const Request& request);
  void on_log_header(Call call, const Request& request);
  void on_log_block(Call call, const Request& request);
  void on_log_destroy(Call call, const Request& request);

  // mgs_registration.cc
  void on_change(Call call, const Request& request);
  void begin_change(Call call);
  void carry_out(Call call);
  void end_change(Call call);
  void drop_changes(Call call, ExportId client);
  CommitId register_target(Call call, const Request& request);
  CommitId set_param(Call call, const Request& request);
  void answer_target(Call call, const Request& request, protocol::mgs::MgsTargetInfo info);
  int32_t check_target(protocol::mgs::MgsTargetInfo& info) const;
  const RegisteredTarget* find_target(std::string_view name) const;
  bool same_as_before(const protocol::mgs::MgsTargetInfo& info) const;
  void write_target(const RegisteredTarget& target, const ConfigRecords& write);
  void write_nodes(const RegisteredTarget& target, const ConfigRecords& write);
  std::vector<Write> unwritten();
  ConfigRecords records(Time now) const;

  LlogFile* find_log(std::string_view name);
  LlogFile* find_log(const protocol::llog::LlogLogid& id);
  LlogFile* open_log(const std::string& name);
  void restore(const Store& store);

  Config config_;
  Endpoint endpoint_;
  Service service_;
  Locks locks_;
  LockCallbacks callbacks_;
  std::vector<LlogFile> logs_;             // in order of appearance
  std::vector<uint32_t> written_;          // of each log: the last index that was persisted
  std::vector<RegisteredTarget> targets_;  // sorted by name
  std::vector<Change> changes_;            // the first holds or awaits the lock
  LockHandle lock_ = 0;                    // ours, on the configuration that is being changed
};

}  // namespace reference
