// assay serve: our servers, live, until a signal ends them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <set>

#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/live/machines.h"
#include "harness/live/server.h"
#include "harness/target.h"
#include "reference/defects.h"
#include "reference/fact.h"
#include "reference/nid.h"

namespace harness {
namespace {

using live::ServerOptions;

constexpr uint64_t kFirstAddress = 11;  // 127.0.0.11@tcp

struct Wishes {
  std::string what;
  std::string dialect = "2.0";
  std::string nid = fmt::format("127.0.0.{}@tcp", kFirstAddress);
  std::string mgs;
  std::string listen;
  std::string store;
  std::string fsname = "assay";
  std::string timing = "lustre";
  uint32_t index = 0;
  uint32_t osts = 2;
  uint16_t port = reference::kLnetPort;
  uint64_t seed = 0;
  uint64_t commit_interval_us = 5000;
  bool sync = false;
  int control = -1;
  bool tell_all = false;
  std::vector<std::string> defects;
  bool som = false;
  reference::Config defaults;
};

// Numbers that nobody gave are what the servers take by themselves.
void add_options(CLI::App& app, Wishes& wishes) {
  app.add_option("what", wishes.what, "mgs, mds, ost, or cluster: all of them")
      ->required()
      ->check(CLI::IsMember({"mgs", "mds", "ost", "cluster"}));
  app.add_option("--dialect", wishes.dialect, "1.8 or 2.0")
      ->check(CLI::IsMember({"1.8", "2.0"}))
      ->capture_default_str();
  app.add_option("--nid", wishes.nid,
                 "address of the server; in a cluster of the MGS, the others follow")
      ->capture_default_str();
  app.add_option("--mgs", wishes.mgs, "NID of the MGS (default: the server's own)");
  app.add_option("--port", wishes.port, "where the whole cluster is dialled")
      ->capture_default_str();
  app.add_option("--listen", wishes.listen, "ADDRESS[:PORT] to listen on instead of the NID's");
  app.add_option("--store", wishes.store, "directory of the disk (default: in memory only)");
  app.add_option("--fsname", wishes.fsname, "name of the file system")->capture_default_str();
  app.add_option("--index", wishes.index, "index of the OST")->capture_default_str();
  app.add_option("--osts", wishes.osts, "number of OSTs of a cluster")->capture_default_str();
  app.add_option("--timing", wishes.timing, "lustre (its defaults) or short")
      ->capture_default_str();
  app.add_option("--seed", wishes.seed, "what cookies and handles are derived from")
      ->capture_default_str();
  app.add_option("--commit-interval-us", wishes.commit_interval_us,
                 "how long transactions wait for others, in microseconds")
      ->capture_default_str();
  app.add_flag("--sync", wishes.sync, "wait for the medium at each commit");
  app.add_option("--stripe-count", wishes.defaults.default_stripe_count, "of new files")
      ->capture_default_str();
  app.add_option("--stripe-size", wishes.defaults.default_stripe_size, "of new files, bytes")
      ->capture_default_str();
  app.add_option("--capacity", wishes.defaults.capacity_bytes, "of an OST, bytes")
      ->capture_default_str();
  app.add_option("--defect", wishes.defects, "a planted defect (assay list --defects)");
  app.add_flag("--som", wishes.som, "with the profile som (2.0)");
  app.add_option("--control", wishes.control, "descriptor of a pipe for orders and notes")
      ->group("");
  app.add_flag("--tell-all", wishes.tell_all, "tell it of messages too")->group("");
}

struct Refused {
  std::string why;
};

live::Address parse_listen(const std::string& text, uint16_t port) {
  const size_t colon = text.find(':');
  const auto host = reference::parse_address(text.substr(0, colon));
  if (!host) throw Refused{fmt::format("--listen: no address: {}", text)};
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc{} || stop != end || port == 0) {
      throw Refused{fmt::format("--listen: no port: {}", text)};
    }
  }
  return {*host, port};
}

uint64_t parse_nid(const char* option, const std::string& text) {
  const auto nid = reference::parse_nid(text);
  if (!nid) throw Refused{fmt::format("{}: no NID: {}", option, text)};
  return *nid;
}

ServerOptions base_options(const Wishes& wishes) {
  ServerOptions options;
  options.config = wishes.defaults;
  options.config.dialect =
      wishes.dialect == "1.8" ? reference::Dialect::v1_8 : reference::Dialect::v2_0;
  options.config.self = {parse_nid("--nid", wishes.nid), reference::kLnetPid};
  options.config.mgs = options.config.self;
  if (!wishes.mgs.empty()) options.config.mgs.nid = parse_nid("--mgs", wishes.mgs);
  if (wishes.fsname.empty() || wishes.fsname.size() > 8) {
    throw Refused{"--fsname: 1 to 8 characters"};
  }
  options.config.fsname = wishes.fsname;
  options.config.index = wishes.index;
  options.config.seed = wishes.seed;
  const auto timing = live::decode_timing(wishes.timing);
  if (!timing) throw Refused{"--timing: lustre or short"};
  options.config.timing = *timing;
  for (const std::string& name : wishes.defects) {
    const auto defect = reference::find_defect(name);
    if (!defect) throw Refused{fmt::format("--defect: no such defect: {}", name)};
    options.config.defects.add(*defect);
  }
  if (wishes.som) options.config.som = {.on = true, .policies = reference::kSomComplete};
  options.port = wishes.port;
  if (!wishes.listen.empty()) options.listen = parse_listen(wishes.listen, wishes.port);
  options.store = wishes.store;
  options.sync = wishes.sync;
  options.commit_interval = std::chrono::microseconds(wishes.commit_interval_us);
  options.control = wishes.control;
  options.tells_all = wishes.tell_all;
  return options;
}

std::vector<ServerOptions> all_options(const Wishes& wishes) {
  const ServerOptions base = base_options(wishes);
  if (const auto role = live::parse_role(wishes.what)) {
    ServerOptions one = base;
    one.role = *role;
    return {one};
  }
  std::vector<ServerOptions> all;
  const auto add = [&](Role role, uint32_t index, uint64_t offset) {
    ServerOptions one = base;
    one.role = role;
    one.config.self.nid += offset;
    one.config.mgs = base.config.self;
    one.config.index = index;
    one.listen = {};
    if (!base.store.empty()) {
      one.store = fmt::format("{}/{}{}", base.store, live::role_name(role), index);
    }
    all.push_back(one);
  };
  add(Role::mgs, 0, 0);
  add(Role::mds, 0, 1);
  for (uint32_t i = 0; i < wishes.osts; ++i) add(Role::ost, i, 2 + i);
  return all;
}

// Says which servers listen, and when the cluster is whole: the MDS has objects to give on each
// OST.
class Readiness {
 public:
  explicit Readiness(const std::vector<ServerOptions>& all) {
    cluster_ = all.size() > 1;
    for (const ServerOptions& each : all) osts_ += each.role == Role::ost ? 1 : 0;
  }
  void started(const ServerOptions& options) {
    fmt::print("ready {} {} dialect {} port {}\n", live::role_name(options.role),
               reference::nid_text(options.config.self.nid), dialect_name(options.config.dialect),
               options.port);
    say_whole();
  }
  void noted(const reference::Fact& fact) {
    if (fact.text != reference::kOstReady) return;
    stocked_.insert(fact.object.first);
    say_whole();
  }

 private:
  void say_whole() {
    if (cluster_ && !said_ && stocked_.size() == osts_) {
      said_ = true;
      fmt::print("ready cluster\n");
    }
    std::fflush(stdout);
  }

  bool cluster_ = false;
  bool said_ = false;
  size_t osts_ = 0;
  std::set<uint64_t> stocked_;  // indices
};

ExitCode serve(const Wishes& wishes) {
  boost::asio::io_context loop;
  std::vector<std::unique_ptr<live::Server>> servers;
  const bool alone = wishes.control < 0;
  const std::vector<ServerOptions> all = all_options(wishes);
  Readiness readiness(all);
  for (const ServerOptions& options : all) {
    live::Server::Handlers handlers;
    handlers.log = [name = live::role_name(options.role), alone](std::string_view line) {
      if (alone) fmt::print(stderr, "{}: {}\n", name, line);
    };
    handlers.note = [&readiness](const reference::Fact& fact) { readiness.noted(fact); };
    handlers.ended = [&loop] { loop.stop(); };
    servers.push_back(
        std::make_unique<live::Server>(loop, options, live::make_server_machine, handlers));
    if (auto started = servers.back()->start(); !started) {
      complain(started.error());
      return ExitCode::broken;
    }
    if (alone) readiness.started(options);
  }
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    for (const auto& server : servers) server->commit_all();
    loop.stop();
  });
  loop.run();
  return ExitCode::pass;
}

}  // namespace

void add_serve(CLI::App& app, ExitCode& exit) {
  auto wishes = std::make_shared<Wishes>();
  CLI::App* command = app.add_subcommand("serve", "run our servers: mgs, mds, ost, or a cluster");
  command->footer(
      "`ready ROLE …` is said when a server listens, `ready cluster` when clients can mount\n"
      "and the MDS has objects to give on every OST.");
  add_options(*command, *wishes);
  command->callback([wishes, &exit] {
    try {
      exit = serve(*wishes);
    } catch (const Refused& refused) {
      complain(refused.why);
      exit = ExitCode::usage;
    }
  });
}

}  // namespace harness
