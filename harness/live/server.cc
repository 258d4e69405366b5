#include "harness/live/server.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <csignal>

#include "harness/live/wall_clock.h"
#include "protocol/check.h"
#include "reference/nid.h"

namespace harness::live {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 3> kRoles{
    {{Role::mgs, "mgs"}, {Role::mds, "mds"}, {Role::ost, "ost"}}};

}  // namespace

std::string_view role_name(Role role) {
  for (const auto& [known, name] : kRoles) {
    if (known == role) return name;
  }
  CHECK(false, "no such role");
}

std::optional<Role> parse_role(std::string_view name) {
  for (const auto& [role, known] : kRoles) {
    if (known == name) return role;
  }
  return std::nullopt;
}

std::string encode_timing(const reference::Timing& timing) {
  std::string text;
  timing.state([&](const auto&... values) { ((text += fmt::format("{},", values)), ...); });
  return text;
}

std::optional<reference::Timing> decode_timing(std::string_view text) {
  if (text == "lustre") return reference::Timing{};
  if (text == "short") return reference::short_timing();
  reference::Timing timing;
  bool good = true;
  const auto take = [&](const reference::Time& into) {
    auto& value = const_cast<reference::Time&>(into);
    const size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    good &=
        comma != std::string_view::npos && error == std::errc{} && end == word.data() + word.size();
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  };
  timing.state([&](const auto&... values) { (take(values), ...); });
  if (!good || !text.empty()) return std::nullopt;
  return timing;
}

NodeOptions node_options(const reference::Config& config, uint16_t port) {
  NodeOptions options;
  options.lnet.self = config.self;
  options.lnet.incarnation = static_cast<uint64_t>(wall_clock_ns());
  options.lnet.privileged = may_use_privileged_ports();
  options.lnet.keepalive = config.timing.keepalive;
  options.lnet.zero_copy_timeout = config.timing.zero_copy_timeout;
  options.lnet.defects = config.defects;
  options.port = port;
  return options;
}

Server::Server(boost::asio::io_context& loop, ServerOptions options, MakeMachine make,
               Handlers handlers)
    : loop_(loop),
      options_(std::move(options)),
      make_(std::move(make)),
      handlers_(std::move(handlers)) {
  if (options_.listen.port == 0) {
    options_.listen = {reference::nid_address(options_.config.self.nid), options_.port};
  }
}

std::expected<void, std::string> Server::start() {
  if (options_.control >= 0) {
    control_ = std::make_unique<ControlPipe>(
        loop_, options_.control,
        ControlPipe::Handlers{.line = [this](std::string_view line) { on_order(line); },
                              .closed = handlers_.ended});
  }
  NodeOptions options = node_options(options_.config, options_.port);
  options.listen = options_.listen;
  options.store = options_.store;
  options.sync = options_.sync;
  options.commit_interval = options_.commit_interval;
  node_ = std::make_unique<Node>(loop_, options, node_handlers());
  if (auto opened = node_->open(); !opened) return opened;
  // Nothing that a server made in an earlier life may come out again: cookies, handles, xids.
  options_.config.incarnation = static_cast<uint64_t>(wall_clock_ns());
  options_.config.wall_clock_base_s = wall_clock_ns() / 1'000'000'000 - now() / reference::kSecond;
  node_->run(make_(options_.role, options_.config, node_->load()));
  if (control_)
    control_->send(fmt::format("ready {}", reference::nid_text(options_.config.self.nid)));
  return {};
}

Node::Handlers Server::node_handlers() {
  Node::Handlers handlers;
  handlers.refused = handlers_.log;
  handlers.note = handlers_.note;
  if (!control_) return handlers;
  handlers.note = [this](const reference::Fact& fact) {
    control_->send("note " + encode_fact(fact));
  };
  handlers.committed = [this](reference::CommitId id) {
    control_->send(fmt::format("committed {}", id));
  };
  handlers.refused = [this](std::string_view line) {
    handlers_.log(line);
    control_->send(fmt::format("refused {}", line));
  };
  if (options_.tells_all) tell_all(handlers);
  return handlers;
}

void Server::tell_all(Node::Handlers& handlers) {
  handlers.event = [this](const reference::Event& event) {
    if (const auto* received = std::get_if<reference::Received>(&event)) {
      control_->send(
          fmt::format("saw {} {}", encode_peer(received->from), message_digest(received->message)));
    } else if (const auto* lost = std::get_if<reference::PeerLost>(&event)) {
      control_->send("lost " + encode_peer(lost->peer));
    } else {
      control_->send("turns");
    }
  };
  handlers.dropping = [this](reference::PeerId peer) {
    control_->send("dropped " + encode_peer(peer));
  };
  handlers.sending = [this](reference::PeerId to, const reference::Bytes& message) {
    control_->send(fmt::format("sent {} {}", encode_peer(to), encode_bytes(message)));
    return true;
  };
}

void Server::on_order(std::string_view line) {
  const size_t space = line.find(' ');
  const std::string_view verb = line.substr(0, space);
  const std::string_view rest = space == std::string_view::npos ? "" : line.substr(space + 1);
  reference::CommitId number = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (verb == "evict") {
    node_->ask(reference::Evict{std::string(rest)});
  } else if (verb == "abort-recovery") {
    node_->ask(reference::AbortRecovery{});
  } else if (verb == "hold") {
    node_->hold_commits();
  } else if (verb == "release") {
    node_->release_commits();
  } else if (verb == "commit") {
    node_->commit_all();
  } else if (verb == "crash-before") {
    node_->crash_before(number == 0 ? 0 : node_->transactions() + number);
  } else if (verb == "crash-after") {
    node_->crash_after(number == 0 ? 0 : node_->transactions() + number);
  } else if (verb == "crash-at-write") {
    node_->crash_at_write(static_cast<uint32_t>(number));
  } else if (verb == "stop") {
    node_->commit_all();
    std::raise(SIGKILL);
  } else if (verb == "rest") {
    control_->send(fmt::format("rest {} {}", node_->at_rest() ? 1 : 0, node_->events()));
  } else if (verb == "audit") {
    node_->audit();
  } else if (verb == "resize") {
    node_->resize(number);
  } else if (verb == "jump-clock") {
    reference::Time by = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), by);
    node_->jump_clock(by);
  } else {
    CHECK(false, "an order that no server knows");
  }
  control_->send("done");
}

}  // namespace harness::live
