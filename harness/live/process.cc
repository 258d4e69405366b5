#include "harness/live/process.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <utility>

#include "harness/target.h"
#include "protocol/check.h"
#include "reference/defects.h"
#include "reference/nid.h"

extern char** environ;

namespace harness::live {
namespace {

constexpr int kControl = 3;  // the descriptor of the control pipe in the child

}  // namespace

std::vector<std::string> serve_command(const std::string& program, const ServerOptions& options) {
  const reference::Config& config = options.config;
  std::vector<std::string> words{
      program,
      "serve",
      std::string(role_name(options.role)),
      "--nid=" + reference::nid_text(config.self.nid),
      "--mgs=" + reference::nid_text(config.mgs.nid),
      "--fsname=" + config.fsname,
      fmt::format("--index={}", config.index),
      fmt::format("--dialect={}", dialect_name(config.dialect)),
      fmt::format("--port={}", options.port),
      fmt::format("--seed={}", config.seed),
      "--timing=" + encode_timing(config.timing),
      fmt::format("--commit-interval-us={}", options.commit_interval.count() / 1000),
      fmt::format("--stripe-count={}", config.default_stripe_count),
      fmt::format("--stripe-size={}", config.default_stripe_size),
      fmt::format("--capacity={}", config.capacity_bytes),
  };
  if (options.listen.port != 0) {
    words.push_back("--listen=" + address_text(options.listen));
  }
  if (!options.store.empty()) words.push_back("--store=" + options.store);
  if (options.tells_all) words.emplace_back("--tell-all");
  for (const reference::DefectInfo& info : reference::kDefects) {
    if (!config.defects.has(info.defect)) continue;
    words.push_back(fmt::format("--defect={}", info.name));
  }
  if (config.som.on) words.push_back("--som");
  return words;
}

ServerProcess::ServerProcess(boost::asio::io_context& loop, const std::string& program,
                             const ServerOptions& options, Handlers handlers)
    : handlers_(std::move(handlers)) {
  const auto [ours, theirs] = make_control_pipe();
  std::vector<std::string> words = serve_command(program, options);
  words.push_back(fmt::format("--control={}", kControl));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // The child must not hold our sockets open.
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, theirs, kControl);
  posix_spawn_file_actions_addclosefrom_np(&files, kControl + 1);
  const int status =
      posix_spawn(&pid_, program.c_str(), &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  ::close(theirs);
  if (status != 0) pid_ = -1;
  control_ = std::make_unique<ControlPipe>(loop, ours,
                                           ControlPipe::Handlers{.line =
                                                                     [this](std::string_view line) {
                                                                       heard_.emplace_back(line);
                                                                       if (!patient_) hear({});
                                                                     },
                                                                 .closed = [this] { kill(); }});
}

ServerProcess::~ServerProcess() { kill(); }

void ServerProcess::order(const std::string& line) {
  if (ended_) return;
  ++outstanding_;
  control_->send(line);
}

void ServerProcess::drain() {
  if (ended_) return;
  control_->drain();
  hear({});
}

void ServerProcess::hear_until(const std::function<bool()>& enough) {
  patient_ = true;
  if (!ended_) control_->drain();
  patient_ = false;
  hear(enough);
}

// What one server says may make another one be heard first.
void ServerProcess::hear(const std::function<bool()>& enough) {
  if (std::exchange(hearing_, true)) return;
  while (!heard_.empty() && !(enough && enough())) {
    const std::string line = std::move(heard_.front());
    heard_.pop_front();
    on_line(line);
  }
  hearing_ = false;
}

void ServerProcess::signal(int number) {
  if (!ended_ && pid_ > 0) ::kill(pid_, number);
}

void ServerProcess::kill() {
  if (ended_) return;
  ended_ = true;
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  control_->drain();
  hear({});
  if (handlers_.ended) handlers_.ended();
}

void ServerProcess::on_line(std::string_view line) {
  const size_t space = line.find(' ');
  const std::string_view verb = line.substr(0, space);
  const std::string_view rest = space == std::string_view::npos ? "" : line.substr(space + 1);
  if (verb == "note") {
    auto fact = decode_fact(rest);
    CHECK(fact.has_value(), "a note that cannot be read");
    if (handlers_.note) handlers_.note(std::move(*fact));
  } else if (verb == "committed") {
    const reference::CommitId before = committed_;
    std::from_chars(rest.data(), rest.data() + rest.size(), committed_);
    if (handlers_.committed) handlers_.committed(committed_ - before);
  } else if (verb == "ready") {
    ready_ = true;
  } else if (verb == "done") {
    --outstanding_;
  } else if (verb == "refused") {
    if (handlers_.refused) handlers_.refused(rest);
  } else if (verb == "rest") {
    rest_.at_rest = rest.starts_with('1');
    std::from_chars(rest.data() + 2, rest.data() + rest.size(), rest_.events);
  } else {
    on_history_line(verb, rest);
  }
}

void ServerProcess::on_history_line(std::string_view verb, std::string_view rest) {
  if (verb == "turns") {
    if (handlers_.turns) handlers_.turns();
    return;
  }
  const bool more = verb == "saw" || verb == "sent";
  const size_t end = more ? rest.rfind(' ') : rest.size();
  const auto peer = decode_peer(rest.substr(0, end));
  CHECK(peer.has_value(), "a line of a server that cannot be read");
  const std::string_view what = more ? rest.substr(end + 1) : "";
  if (verb == "saw") {
    uint64_t digest = 0;
    std::from_chars(what.data(), what.data() + what.size(), digest);
    if (handlers_.saw) handlers_.saw(*peer, digest);
  } else if (verb == "sent") {
    auto message = decode_bytes(what);
    CHECK(message.has_value(), "a message of a server that cannot be read");
    if (handlers_.sent) handlers_.sent(*peer, std::move(*message));
  } else if (verb == "lost") {
    if (handlers_.lost) handlers_.lost(*peer);
  } else if (verb == "dropped") {
    if (handlers_.dropped) handlers_.dropped(*peer);
  }
}

}  // namespace harness::live
