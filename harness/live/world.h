// The live world: our servers as processes on loopback addresses of their own, with LMDB stores,
// killed with SIGKILL; our clients and scripted peers as nodes in this process (client_side.h);
// real time.
//
// Faults see the messages of our clients and probes (client_side.h). With a capture or the servers'
// links asked for, a relay stands before each server, so that what servers say to each other is
// captured and faulted too: in this process, in one order. With a recorder the servers tell by
// their pipes all that they see and send (chronicle.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/live/client_side.h"
#include "harness/live/loopback.h"
#include "harness/live/process.h"
#include "harness/live/relay.h"

namespace harness::live {

// The program that is running, if it is `assay`.
std::string own_program();

class LiveWorld final : public ClientSide {
 public:
  // Starts the servers, MGS first, and waits until they serve. `program` is the assay binary.
  explicit LiveWorld(const Setup& setup, const std::string& program = own_program());
  ~LiveWorld() override;

  void crash(ServerId server) override;
  void stop(ServerId server) override;
  void start(ServerId server) override;
  void start_as(ServerId server, Dialect dialect) override;
  bool running(ServerId server) const override;
  void evict(ServerId server, const std::string& client_uuid) override;
  void abort_recovery(ServerId server) override;
  void hold_commits(ServerId server) override;
  void release_commits(ServerId server) override;
  void crash_at_commit(ServerId server, uint32_t nth, bool durable) override;
  const std::vector<Fact>& facts(ServerId server) const override;
  // Told to a recorder only; without one it does nothing.
  bool quiesce() override;

  std::vector<std::string> cannot(const faults::Plan& plan) const override;

  // Lines about connections that servers refused: peer, field and offset.
  const std::vector<std::string>& refusals() const { return refusals_; }

 private:
  // What becomes of a server's client table before its next start.
  enum class TableEdit : uint8_t { lose, roll_back };
  struct OurServer {
    ServerId id;
    ServerOptions options;
    std::vector<Fact> facts;
    std::vector<TableEdit> edits;
    reference::Store table;  // its clients' slots as it found them when it started last
    std::string doom;        // by what it will have died: what was done to it last
    bool full = false;       // its disk
    bool stopping = false;   // was told to end
    bool dying = false;      // was killed, and is not yet waited for
    std::unique_ptr<Relay> relay;
    std::unique_ptr<ServerProcess> process;  // last: what it still says while it ends has a place
  };

  Seat seat(uint32_t index, ProbeKind kind) override;
  void drain() override;
  void add_server(ServerId server, uint32_t index);
  void order(ServerId server, const std::string& line);
  bool judge_between_servers(PeerId from, PeerId to, const Bytes& message);
  // world_faults.cc
  Progress carry_out(const faults::Order& order, ServerId server) override;
  void begin(const faults::Order& order, ServerId server) override;
  void deliver_between_servers(const faults::Parcel& parcel) override;
  void disconnect(ServerId server, PeerId peer) override;
  void carry_out_start(const faults::Order& order, OurServer& server);
  void edit_table(OurServer& server);
  void spawn(OurServer& server);
  void on_note(OurServer& server, Fact&& fact);
  // world_record.cc
  ServerProcess::Handlers handlers_of(OurServer& server);
  void on_saw(OurServer& server, PeerId from, uint64_t digest);
  void on_ended(OurServer& server);
  void tell_started(const OurServer& server);
  void tell_order(OurServer& server, const faults::Order& order);
  bool servers_at_rest(uint64_t& events);
  void end_dooms();
  OurServer& find(ServerId server);
  const OurServer& find(ServerId server) const;

  std::string program_;
  std::string directory_;
  uint16_t port_;
  LoopbackBlock block_;
  std::shared_ptr<record::PcapngWriter> capture_;
  std::vector<std::unique_ptr<OurServer>> servers_;
  std::vector<std::string> refusals_;
};

std::unique_ptr<World> make_world(const Setup& setup);

}  // namespace harness::live
