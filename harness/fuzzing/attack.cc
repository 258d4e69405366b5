#include "harness/fuzzing/attack.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "harness/fuzzing/session.h"
#include "protocol/check.h"
#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"

namespace harness::fuzzing {

namespace lnet = protocol::lnet;
namespace ptlrpc = protocol::ptlrpc;
using protocol::Message;

namespace {

// Requests under way at once; then the answers are waited for.
constexpr size_t kBurst = 8;

std::string target_uuid(const Cast& cast, ServerId server) {
  switch (server.role) {
    case Role::mgs:
      return "MGS";
    case Role::mds:
      return fmt::format("{}-MDT{:04x}_UUID", cast.fsname, server.index);
    case Role::ost:
      return fmt::format("{}-OST{:04x}_UUID", cast.fsname, server.index);
  }
  CHECK(false, "no such role");
}

PeerId address(const Cast& cast, ServerId server) {
  switch (server.role) {
    case Role::mgs:
      return cast.mgs;
    case Role::mds:
      return cast.mds;
    case Role::ost:
      return cast.osts.at(server.index);
  }
  CHECK(false, "no such role");
}

protocol::Dialect schema_dialect(Dialect dialect) {
  return dialect == Dialect::v1_8 ? protocol::Dialect::v1_8 : protocol::Dialect::v2_0;
}

class Attack {
 public:
  Attack(World& world, ServerId server)
      : world_(world),
        server_(server),
        address_(address(world.cast(), server)),
        session_(world.cast().dialect, server.role, address_, target_uuid(world.cast(), server)) {
    for (uint8_t i = 0; i < kAttackers; ++i) {
      probes_.push_back(world.add_probe());
      session_.add_peer(world.probe_peer(probes_.back()));
    }
  }

  std::optional<Finding> run(const Script& script) {
    for (uint8_t i = 0; i + 1 < kAttackers; ++i) {
      if (!connects(i)) return Finding{Finding::Kind::broken, "the server takes no client"};
    }
    size_t sent = 0;
    for (const Step& step : script) {
      if (!step.carries_bytes()) continue;
      Step said = step;
      said.peer = static_cast<uint8_t>(step.peer % kAttackers);
      send(said);
      if (++sent % kBurst == 0) hear();
      if (!world_.running(server_)) return Finding{Finding::Kind::died, "the process ended"};
    }
    hear();
    return judge();
  }

 private:
  struct Owed {  // a malformed request
    uint8_t peer = 0;
    uint64_t xid = 0;
    std::string what;
  };
  struct Heard {
    uint8_t peer = 0;
    uint64_t xid = 0;
    bool operator==(const Heard&) const = default;
  };

  void send(const Step& step) {
    const std::optional<Bytes> message = session_.message(step);
    if (!message) return;
    if (step.kind == Step::Kind::request) expect_answer(step, *message);
    world_.probe_send(probes_[step.peer], address_, *message);
  }

  // Whether somebody is owed an answer: the envelope is in order and the schema refuses the body.
  void expect_answer(const Step& step, const Bytes& bytes) {
    if (step.quirks != 0 || step.place != 0 || session_.handle(step) == 0) return;
    const auto whole = protocol::LnetMessage::parse(bytes);
    const auto message = whole ? Message::parse(whole->payload)
                               : std::unexpected(protocol::WireError{});
    if (!message || message->body().type != ptlrpc::msg_type::kRequest) return;
    // A replay or a resent one may have to wait for others.
    if (message->body().flags != 0 || message->header().flags != 0) return;
    const protocol::OperationInfo* operation =
        protocol::identify(schema_dialect(world_.cast().dialect), *message);
    if (operation == nullptr || operation->version != message->body().version) return;
    protocol::MessageBuilder again(message->body());
    const auto error = operation->request.recode(*message, again);
    if (!error) return;
    owed_.push_back({step.peer, session_.last_xid(step),
                     fmt::format("{}: {}", operation->name, error->text())});
  }

  void hear() {
    world_.settle();
    take();
  }

  void take() {
    for (uint8_t i = 0; i < probes_.size(); ++i) {
      while (const auto event = world_.probe_take(probes_[i])) {
        if (!event->message) {
          // What was under way on it needs no answer any more.
          std::erase_if(owed_, [&](const Owed& owed) { return owed.peer == i; });
          continue;
        }
        session_.heard(world_.probe_peer(probes_[i]), *event->message);
        const auto whole = protocol::LnetMessage::parse(*event->message);
        if (!whole || whole->header.type != lnet::lnet_msg_type::kPut) continue;
        const auto put = protocol::overlay<lnet::LnetPut>(whole->header.msg);
        answered_.push_back({i, put.match_bits});
        std::erase_if(owed_, [&](const Owed& owed) {
          return owed.peer == i && owed.xid == put.match_bits;
        });
      }
    }
  }

  bool connects(uint8_t peer) {
    const Step step{.kind = Step::Kind::connect,
                    .peer = peer,
                    .place = static_cast<uint8_t>(ptlrpc::msg_connect_flag::kInitial)};
    send(step);
    const Heard reply{peer, session_.last_xid(step)};
    return world_.run_until([&] {
      take();
      return std::ranges::find(answered_, reply) != answered_.end() || !world_.running(server_);
    });
  }

  // The last attacker has had no chance to spoil its name if it is a new one.
  std::optional<Finding> judge() {
    probes_.push_back(world_.add_probe());
    session_.add_peer(world_.probe_peer(probes_.back()));
    const bool serves = connects(static_cast<uint8_t>(probes_.size() - 1));
    if (!world_.running(server_)) return Finding{Finding::Kind::died, "the process ended"};
    if (!serves) return Finding{Finding::Kind::silent, "a new client gets no answer to CONNECT"};
    if (owed_.empty()) return std::nullopt;
    const bool all = world_.run_until([&] {
      take();
      return owed_.empty();
    });
    if (all) return std::nullopt;
    return Finding{Finding::Kind::unanswered, owed_.front().what};
  }

  World& world_;
  ServerId server_;
  PeerId address_;
  Session session_;
  std::vector<ProbeId> probes_;
  std::vector<Owed> owed_;
  std::vector<Heard> answered_;
};

}  // namespace

std::string_view finding_name(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::died:
      return "the server died";
    case Finding::Kind::silent:
      return "the server stopped answering";
    case Finding::Kind::unanswered:
      return "a malformed request was not answered";
    case Finding::Kind::broken:
      return "the harness failed";
  }
  CHECK(false, "no such finding");
}

std::optional<Finding> attack(World& world, ServerId server, const Script& script) {
  return Attack(world, server).run(script);
}

}  // namespace harness::fuzzing
