#include "harness/live/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>

#include "harness/client_table.h"
#include "protocol/check.h"
#include "reference/counts.h"
#include "reference/nid.h"

namespace harness::live {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using reference::kNever;
using reference::Time;

constexpr auto kAcceptPause = std::chrono::milliseconds(50);

}  // namespace

Time now() {
  static const auto kStart = std::chrono::steady_clock::now();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                              kStart)
      .count();
}

Node::Node(asio::io_context& loop, NodeOptions options, Handlers handlers)
    : loop_(loop),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      lnet_(options_.lnet),
      acceptor_(loop),
      clock_(loop),
      accept_again_(loop) {
  now();
}

Node::~Node() {
  *alive_ = false;
  commits_.reset();
  for (const auto& [id, link] : links_) link.socket->finish();
}

std::expected<void, std::string> Node::open() {
  std::unique_ptr<DiskStore> store;
  if (!options_.store.empty()) {
    auto opened = DiskStore::open(options_.store, options_.sync);
    if (!opened) return std::unexpected(opened.error());
    store = std::make_unique<DiskStore>(std::move(*opened));
  }
  commits_ = std::make_unique<Commits>(std::move(store), options_.commit_interval,
                                       [this](reference::CommitId up_to) {
                                         asio::post(loop_, [this, alive = alive_, up_to] {
                                           if (!*alive) return;
                                           if (handlers_.committed) handlers_.committed(up_to);
                                           step(reference::Durable{up_to});
                                           settle();
                                         });
                                       });
  if (options_.listen.port == 0) return {};
  error_code error;
  acceptor_.open(tcp::v4(), error);
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint_of(options_.listen), error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return std::unexpected(fmt::format("{}: {}", address_text(options_.listen), error.message()));
  }
  return {};
}

void Node::run(std::unique_ptr<AnyMachine> machine) {
  machine_ = std::move(machine);
  if (acceptor_.is_open()) accept();
  reference::Actions actions;
  machine_->start(now() + ahead_, actions);
  carry_out(actions);
  settle();
}

reference::OrderId Node::ask(reference::Order order) {
  const reference::OrderId id = ++last_order_;
  inbox_.push_back(reference::Asked{id, std::move(order)});
  settle_soon();
  return id;
}

void Node::send(reference::PeerId to, reference::Bytes message) {
  reference::LnetActions below;
  lnet_.send(now(), to, std::move(message), below);
  carry_out(below);
  settle_soon();
}

void Node::receive(reference::PeerId from, reference::Bytes message) {
  inbox_.push_back(reference::Received{from, std::move(message)});
  settle_soon();
}

void Node::drop(reference::PeerId peer) {
  reference::LnetActions below;
  lnet_.drop(peer, below);
  carry_out(below);
  settle_soon();
}

void Node::resume() {
  paused_ = false;
  on_clock();
}

void Node::jump_clock(reference::Time by) {
  ahead_ += by;
  on_clock();
}

void Node::audit() const {
  if (!handlers_.note || !machine_) return;
  std::vector<reference::Fact> counts = machine_->audit();
  if (!options_.store.empty()) {
    const size_t slots = client_table(commits_->load()).size();
    counts.push_back(reference::counted(reference::count::kDiskSlots, slots));
  }
  for (const reference::Fact& count : counts) handlers_.note(count);
}

bool Node::at_rest() const {
  return inbox_.empty() && commits_->idle() && std::ranges::none_of(timers_, [](const auto& timer) {
           return (timer.first.kind & reference::kPeriodic) == 0;
         });
}

void Node::settle_soon() {
  asio::post(loop_, [this, alive = alive_] {
    if (*alive) settle();
  });
}

// --- connections ---

void Node::accept() {
  acceptor_.async_accept([this, alive = alive_](const error_code& error, tcp::socket socket) {
    if (!*alive) return;
    if (!error) {
      on_accepted(std::move(socket));
      accept();
      return;
    }
    if (error == asio::error::operation_aborted) return;
    // Most likely too many open files: wait until some are closed.
    accept_again_.expires_after(kAcceptPause);
    accept_again_.async_wait([this, alive](const error_code& cancelled) {
      if (*alive && !cancelled) accept();
    });
  });
}

void Node::on_accepted(tcp::socket&& accepted) {
  error_code error;
  const auto remote = accepted.remote_endpoint(error);
  if (error) return;
  const Address from = address_of(remote);
  const auto id = lnet_.accepted(now(), from.host, from.port);
  if (!id) {
    if (handlers_.refused)
      handlers_.refused(fmt::format("{}: too many connections", address_text(from)));
    return;
  }
  auto socket = std::make_shared<Socket>(loop_, handlers_of(*id));
  links_.emplace(*id, Link{socket, from, {}});
  socket->adopt(std::move(accepted));
  arm();
}

void Node::dial(const reference::LinkDial& dial) {
  const Address to{reference::nid_address(dial.peer.nid), options_.port};
  auto socket = std::make_shared<Socket>(loop_, handlers_of(dial.link));
  links_.emplace(dial.link, Link{socket, to, dial.peer});
  socket->connect({reference::nid_address(options_.lnet.self.nid), 0}, options_.reserved_port, to);
}

Socket::Handlers Node::handlers_of(reference::LinkId link) {
  return {.connected =
              [this, link] {
                links_.at(link).dialled.reset();
                reference::LnetActions actions;
                lnet_.connected(now(), link, actions);
                carry_out(actions);
                settle();
              },
          .bytes =
              [this, link](protocol::ByteView bytes) {
                reference::LnetActions actions;
                lnet_.received(now(), link, bytes, actions);
                carry_out(actions);
                settle();
              },
          .closed = [this, link](std::string_view why) { on_closed(link, why); }};
}

void Node::on_closed(reference::LinkId link, std::string_view why) {
  if (const auto found = links_.find(link); found != links_.end()) {
    const std::optional<reference::PeerId> dialled = found->second.dialled;
    links_.erase(found);
    if (dialled && handlers_.unreachable) handlers_.unreachable(*dialled, why);
  }
  reference::LnetActions actions;
  lnet_.closed(now(), link, actions);
  carry_out(actions);
  settle();
}

void Node::close(const reference::LinkClose& close) {
  const auto found = links_.find(close.link);
  if (found == links_.end()) return;
  if (handlers_.refused) {
    const std::string who = close.peer.nid == 0 ? "unknown" : peer_text(close.peer);
    const std::string what = close.error ? fmt::format(": {}", close.error->text()) : "";
    handlers_.refused(
        fmt::format("{} ({}): {}{}", address_text(found->second.remote), who, close.why, what));
  }
  found->second.socket->finish();
  links_.erase(found);
}

// --- events and actions ---

// Hands what has come to the machine until nothing is left, then lets the sockets send.
void Node::settle() {
  if (settling_ || paused_ || !machine_) return;
  settling_ = true;
  while (!inbox_.empty()) {
    const std::vector<reference::Event> events = std::exchange(inbox_, {});
    for (const reference::Event& event : events) step(event);
  }
  reference::LnetActions acknowledgements;
  lnet_.flush(acknowledgements);
  carry_out(acknowledgements);
  for (const auto& socket : std::exchange(written_, {})) socket->flush();
  arm();
  settling_ = false;
}

void Node::step(const reference::Event& event) {
  if (!machine_) return;
  ++events_;
  if (handlers_.event) handlers_.event(event);
  reference::Actions actions;
  machine_->step(now() + ahead_, event, actions);
  carry_out(actions);
}

void Node::carry_out(reference::Actions& actions) {
  if (handlers_.note) {
    for (const reference::Action& action : actions) {
      if (const auto* note = std::get_if<reference::Note>(&action)) handlers_.note(note->fact);
    }
  }
  reference::LnetActions below;
  for (reference::Action& action : actions) {
    if (auto* send = std::get_if<reference::Send>(&action)) {
      const bool passes = !handlers_.sending || handlers_.sending(send->to, send->message);
      if (passes) lnet_.send(now(), send->to, send->message, below);
    } else if (const auto* drop = std::get_if<reference::Drop>(&action)) {
      if (handlers_.dropping) handlers_.dropping(drop->peer);
      lnet_.drop(drop->peer, below);
    } else if (const auto* timer = std::get_if<reference::SetTimer>(&action)) {
      set_timer(*timer);
    } else if (auto* transaction = std::get_if<reference::Persist>(&action)) {
      persist(std::move(*transaction));
    } else if (auto* answer = std::get_if<reference::Answer>(&action)) {
      if (handlers_.answer) handlers_.answer(answer->id, std::move(answer->result));
    }
  }
  carry_out(below);
}

void Node::carry_out(reference::LnetActions& actions) {
  for (reference::LnetAction& action : actions) {
    if (auto* write = std::get_if<reference::LinkWrite>(&action)) {
      const auto found = links_.find(write->link);
      if (found == links_.end()) continue;
      found->second.socket->write(std::move(write->head));
      found->second.socket->write(std::move(write->body));
      if (written_.empty() || written_.back() != found->second.socket) {
        written_.push_back(found->second.socket);
      }
    } else if (auto* deliver = std::get_if<reference::LnetDeliver>(&action)) {
      const bool passes =
          !handlers_.receiving || handlers_.receiving(deliver->from, deliver->message);
      if (passes) inbox_.push_back(reference::Received{deliver->from, deliver->message});
    } else if (const auto* lost = std::get_if<reference::LnetLost>(&action)) {
      inbox_.push_back(reference::PeerLost{lost->peer});
    } else if (const auto* note = std::get_if<reference::LnetNote>(&action)) {
      if (handlers_.note) handlers_.note(note->fact);
    } else if (const auto* dialled = std::get_if<reference::LinkDial>(&action)) {
      dial(*dialled);
    } else if (const auto* closed = std::get_if<reference::LinkClose>(&action)) {
      close(*closed);
    }
  }
}

void Node::persist(reference::Persist&& transaction) {
  const reference::CommitId id = transaction.id;
  transactions_ = id;
  if (crash_before_ != 0 && id >= crash_before_) std::raise(SIGKILL);
  commits_->add(std::move(transaction));
  if (crash_after_ != 0 && id >= crash_after_) {
    commits_->commit_all();
    std::raise(SIGKILL);
  }
}

// --- time ---

void Node::set_timer(const reference::SetTimer& timer) {
  const auto found = timers_.find(timer.timer);
  if (found != timers_.end()) {
    deadlines_.erase({found->second, timer.timer});
    timers_.erase(found);
  }
  if (timer.at == kNever) return;
  timers_.emplace(timer.timer, timer.at);
  deadlines_.emplace(timer.at, timer.timer);
}

void Node::arm() {
  Time at = lnet_.deadline();
  if (!deadlines_.empty() && !paused_) at = std::min(at, deadlines_.begin()->first - ahead_);
  if (at >= armed_) return;
  armed_ = at;
  clock_.expires_after(std::chrono::nanoseconds(std::max<Time>(0, at - now())));
  clock_.async_wait([this, alive = alive_](const error_code& cancelled) {
    if (*alive && !cancelled) on_clock();
  });
}

void Node::on_clock() {
  armed_ = kNever;
  const Time time = now();
  reference::LnetActions below;
  lnet_.fired(time, below);
  carry_out(below);
  while (!paused_ && !deadlines_.empty() && deadlines_.begin()->first - ahead_ <= time) {
    const reference::TimerId timer = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    timers_.erase(timer);
    step(reference::TimerFired{timer});
  }
  settle();
  arm();
}

}  // namespace harness::live
