// A world around servers that we did not start (targets/lustre.h): our clients and scripted peers
// as nodes in this process, and the commands of the target file for what is done to the servers.
//
// The servers outlive the world and keep what it leaves there. So clients mount a directory that is
// made for this world and removed with it, names that servers remember are new in each world, and
// in the end servers that were crashed are started again, and clients that died are evicted where
// the target can.
//
// What such servers cannot have done to them (a crash at a certain commit, commits released without
// a crash) throws Unsupported, and cannot() names what of a plan it is; a command that fails throws
// Broken. They give no notes: a recorder hears what our nodes send, hear and note, and what was
// done to servers.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/live/client_side.h"
#include "harness/live/loopback.h"
#include "harness/record/message_capture.h"
#include "harness/target.h"
#include "harness/targets/lustre.h"

namespace harness::live {

class TargetWorld final : public ClientSide {
 public:
  // setup.cast says who the servers are (find_servers). Mounts a client of its own, which looks
  // after the directory. Throws Broken.
  TargetWorld(const Setup& setup, const TargetFile& target);
  ~TargetWorld() override;

  uint64_t salt() const override { return salt_; }
  std::string root() const override { return directory_; }
  OrderId submit(ClientId client, const Syscall& call) override;
  void kill_client(ClientId client) override;
  // Waits also until what was done so far is durable.
  void settle() override;

  void crash(ServerId server) override;
  void stop(ServerId server) override;
  void start(ServerId server) override;
  void start_as(ServerId server, Dialect dialect) override;
  bool running(ServerId server) const override { return !down_.contains(server); }
  void evict(ServerId server, const std::string& client_uuid) override;
  void abort_recovery(ServerId server) override;
  void hold_commits(ServerId server) override;
  void release_commits(ServerId server) override;
  void crash_at_commit(ServerId server, uint32_t nth, bool durable) override;
  const std::vector<Fact>& facts(ServerId) const override { return no_facts_; }

  std::vector<std::string> cannot(const faults::Plan& plan) const override;

 private:
  friend std::expected<Servers, std::string> find_servers(const TargetFile& target);
  struct Bare {};  // a world that meets the servers for the first time

  TargetWorld(const Setup& setup, const TargetFile& target, Bare);

  Seat seat(uint32_t index, ProbeKind kind) override;
  void saw(PeerId from, PeerId to, const Bytes& message) override;
  void unreachable(PeerId peer, std::string_view why) override;
  Time patience() const override { return target_.patience; }

  // target_faults.cc
  Progress carry_out(const faults::Order& order, ServerId server) override;
  std::string why_not(const faults::Line& line) const;
  std::string why_not(const faults::Trigger& trigger) const;
  std::string why_not(const faults::Fault& fault) const;

  std::expected<void, std::string> mount_keeper(Time limit);
  Servers survey();
  std::string dialled_in_vain() const;
  PeerId peer_of(ServerId server) const;
  std::string name_of(ServerId server) const;
  bool can(std::string_view verb) const { return target_.can.contains(std::string(verb)); }
  void tell(std::string_view what, ServerId server);
  void command(std::string_view verb, ServerId server, const std::string& uuid = {});
  void run_command(const std::string& text, const std::string& what);
  Result call(const Syscall& syscall);
  void remove_tree(const std::string& path, uint32_t depth);
  void clean_up();

  const TargetFile target_;
  const uint64_t salt_;
  const std::string directory_;  // "/assay-…"
  std::optional<LoopbackBlock> block_;
  std::unique_ptr<record::MessageCapture> capture_;
  ClientId keeper_;
  std::vector<ClientId> mounted_;
  std::vector<std::string> killed_;
  std::set<ServerId> down_;
  std::set<ServerId> behind_barrier_;
  std::map<PeerId, std::string> in_vain_;
  const std::vector<Fact> no_facts_;
};

// Mounts from the target and says who serves. The text says what was dialled in vain.
std::expected<Servers, std::string> find_servers(const TargetFile& target);

}  // namespace harness::live
