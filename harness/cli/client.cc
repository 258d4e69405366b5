// assay client: mounts, runs one command (client_commands.cc), unmounts.
#include "harness/cli/client.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstring>
#include <optional>

#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/json_text.h"
#include "harness/live/loopback.h"
#include "harness/live/machines.h"
#include "harness/live/server.h"
#include "reference/nid.h"

namespace harness {
namespace {

using reference::Result;
using reference::Syscall;

struct Wishes {
  std::string mgs;
  std::string nid;
  std::string dialect = "2.0";
  std::string fsname = "assay";
  std::string timing = "lustre";
  uint16_t port = reference::kLnetPort;
  uint32_t timeout_s = 60;
  bool json = false;
};

struct Unreachable {
  std::string why;
};

class Mounted final : public FileSystem {
 public:
  explicit Mounted(const Wishes& wishes) : timeout_(std::chrono::seconds(wishes.timeout_s)) {
    const auto mgs = reference::parse_nid(wishes.mgs);
    if (!mgs) throw BadArguments{fmt::format("--mgs: no NID: {}", wishes.mgs)};
    config_.dialect = wishes.dialect == "1.8" ? reference::Dialect::v1_8 : reference::Dialect::v2_0;
    config_.fsname = wishes.fsname;
    config_.mgs = {*mgs, reference::kLnetPid};
    config_.self = {own_nid(wishes, *mgs), reference::kLnetPid};
    const auto timing = live::decode_timing(wishes.timing);
    if (!timing) throw BadArguments{"--timing: lustre or short"};
    config_.timing = *timing;
    const auto wall_clock = std::chrono::system_clock::now().time_since_epoch();
    config_.incarnation = static_cast<uint64_t>(wall_clock.count());
    config_.wall_clock_base_s =
        std::chrono::duration_cast<std::chrono::seconds>(wall_clock).count();
    live::NodeOptions options = live::node_options(config_, wishes.port);
    options.listen = {reference::nid_address(config_.self.nid), wishes.port};
    node_ = std::make_unique<live::Node>(
        loop_, options,
        live::Node::Handlers{
            .answer = [this](reference::OrderId, Result&& result) { result_ = std::move(result); },
            .refused = [](std::string_view line) { fmt::print(stderr, "client: {}\n", line); },
            .unreachable =
                [this](reference::PeerId peer, std::string_view why) {
                  in_vain_ = fmt::format("{}: {}", reference::nid_text(peer.nid), why);
                }});
    if (auto opened = node_->open(); !opened) throw Unreachable{opened.error()};
    node_->run(live::make_client_machine(config_));
    Syscall mount;
    mount.kind = Syscall::Kind::mount;
    call(mount);
  }

  Result call(const Syscall& call) override {
    result_.reset();
    node_->ask(call);
    const auto limit = std::chrono::steady_clock::now() + timeout_;
    while (!result_) {
      loop_.restart();
      if (std::chrono::steady_clock::now() >= limit) {
        throw Unreachable{in_vain_.empty() ? "no answer in time" : in_vain_};
      }
      loop_.run_one_until(limit);
    }
    if (result_->status < 0) {
      const bool mounting = call.kind == Syscall::Kind::mount;
      throw CallFailed{mounting ? "mount" : call.path, result_->status};
    }
    return std::move(*result_);
  }

  void unmount() {
    Syscall bye;
    bye.kind = Syscall::Kind::unmount;
    call(bye);
  }

 private:
  uint64_t own_nid(const Wishes& wishes, uint64_t mgs) {
    if (!wishes.nid.empty()) {
      const auto nid = reference::parse_nid(wishes.nid);
      if (!nid) throw BadArguments{fmt::format("--nid: no NID: {}", wishes.nid)};
      return *nid;
    }
    const auto net = static_cast<uint16_t>(reference::nid_net(mgs));
    if (reference::nid_address(mgs) >> 24 != 127) {
      const auto own = live::own_address_towards(reference::nid_address(mgs));
      if (!own) throw Unreachable{fmt::format("there is no way to {}", wishes.mgs)};
      return reference::make_nid(*own, net);
    }
    block_.emplace(live::LoopbackBlock::claim());
    return reference::make_nid(block_->address(1), net);
  }

  std::chrono::seconds timeout_;
  boost::asio::io_context loop_;
  std::optional<live::LoopbackBlock> block_;
  reference::Config config_;
  std::unique_ptr<live::Node> node_;
  std::optional<Result> result_;
  std::string in_vain_;  // the last that was dialled and did not answer
};

std::string commands_text() {
  std::string text = "Commands:\n";
  for (const ClientCommand& command : client_commands()) {
    text += fmt::format("  {:44} {}\n", fmt::format("{} {}", command.name, command.usage),
                        command.what);
  }
  return text;
}

ExitCode run(const Wishes& wishes, const std::vector<std::string>& words) {
  const auto known = client_commands();
  const auto command =
      std::ranges::find(known, words.empty() ? "" : words[0], &ClientCommand::name);
  if (command == known.end()) {
    throw BadArguments{words.empty() ? "which command? see `assay client --help`"
                                     : fmt::format("no such command: {}", words[0])};
  }
  const std::span<const std::string> arguments(words.begin() + 1, words.end());
  if (arguments.size() < command->arguments_min || arguments.size() > command->arguments_max) {
    throw BadArguments{fmt::format("usage: {} {}", command->name, command->usage)};
  }
  if (wishes.json && command->name == "cat") throw BadArguments{"cat writes bytes, not JSON"};
  Mounted files(wishes);
  const Output output = command->run(files, arguments);
  files.unmount();
  fmt::print("{}", wishes.json ? json_text(output.json) + "\n" : output.text);
  return ExitCode::pass;
}

ExitCode run_and_complain(const Wishes& wishes, const std::vector<std::string>& words) {
  try {
    return run(wishes, words);
  } catch (const CallFailed& failed) {
    if (wishes.json) {
      const nlohmann::ordered_json failure = {{"failed", failed.what}, {"errno", -failed.status}};
      fmt::print("{}\n", json_text(failure));
    }
    complain(fmt::format("{}: {}", failed.what, std::strerror(-failed.status)));
    return failed.what == "mount" ? ExitCode::broken : ExitCode::fail;
  } catch (const Unreachable& unreachable) {
    complain(unreachable.why);
    return ExitCode::broken;
  } catch (const BadArguments& bad) {
    complain(bad.why);
    return ExitCode::usage;
  }
}

}  // namespace

void add_client(CLI::App& app, ExitCode& exit) {
  auto wishes = std::make_shared<Wishes>();
  CLI::App* command = app.add_subcommand("client", "use a file system: ls, put, get, stat, …");
  command->add_option("--mgs", wishes->mgs, "NID of the MGS")->required();
  command->add_option("--nid", wishes->nid, "own NID (default: one that reaches the MGS)");
  command->add_option("--dialect", wishes->dialect, "1.8 or 2.0")
      ->check(CLI::IsMember({"1.8", "2.0"}))
      ->capture_default_str();
  command->add_option("--fsname", wishes->fsname, "name of the file system")->capture_default_str();
  command->add_option("--port", wishes->port, "where servers are dialled")->capture_default_str();
  command->add_option("--timing", wishes->timing, "lustre (its defaults) or short")
      ->capture_default_str();
  command->add_option("--timeout", wishes->timeout_s, "seconds that a call may take")
      ->capture_default_str();
  command->add_flag("--json", wishes->json, "the result as JSON");
  command->prefix_command();
  command->footer(commands_text());
  command->callback([wishes, command, &exit] {
    std::vector<std::string> words = command->remaining();
    // Behind the command too: paths there begin with a slash.
    if (std::erase(words, "--json") != 0) wishes->json = true;
    exit = run_and_complain(*wishes, words);
  });
}

}  // namespace harness
