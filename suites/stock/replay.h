// A captured client at work again, against our servers: sends what it sent, with the names that our
// servers gave; gives and takes the bulk; answers their callbacks as that client does; and judges
// every answer.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/world.h"
#include "protocol/ldlm.h"
#include "suites/stock/binding.h"
#include "suites/stock/rules.h"
#include "suites/stock/session.h"

namespace suites {

class Replay {
 public:
  Replay(harness::World& world, const Session& session,
         harness::ProbeKind kind = harness::ProbeKind::user_space);

  // Does the session's exchanges up to that one (all: 0), and says what was wrong, a line each. It
  // ends early without an answer, and after kWrongMax lines.
  std::vector<std::string> run(uint32_t last = 0);

  static constexpr size_t kWrongMax = 25;

 private:
  struct Held {  // a lock that was given
    harness::ServerId server;
    uint64_t handle = 0;  // the server's
    bool waits = false;   // for a completion callback
  };
  struct Waiting {  // for the reply to the request in hand
    const Exchange* exchange = nullptr;
    harness::PeerId server;
    std::optional<Given> given;
    std::optional<protocol::Bytes> taken;
    bool gotten = false;
  };

  bool perform(const Exchange& exchange);
  std::vector<harness::ServerId> targets(const Exchange& exchange) const;
  bool ask(const Exchange& exchange, harness::ServerId server);  // false: no answer
  void judge(const Exchange& exchange, const Request& asked, harness::ServerId server);
  void learn(const Exchange& exchange, const Request& asked, harness::ServerId server,
             const Given& given);
  void config(const Exchange& exchange, const Given& given);
  void wrong(const Exchange& exchange, const std::string& what);
  void stray(std::string what);  // what no request asked for

  void drain();
  void receive(harness::PeerId from, const protocol::Bytes& bytes);
  void received_put(harness::PeerId from, const protocol::LnetMessage& message);
  void callback(harness::PeerId from, const protocol::LnetMessage& message,
                const protocol::Message& request);
  void completion(const protocol::ldlm::LdlmRequest& request);
  bool granted(const Exchange& exchange, uint64_t mine);  // false: it never was
  void cancel(const Held& lock);
  void give(const protocol::LnetMessage& get);
  void acknowledge(const protocol::LnetMessage& put);
  void send(harness::PeerId to, uint64_t xid, uint32_t portal, uint32_t offset,
            const Request& message);

  harness::PeerId address(harness::ServerId server) const;

  harness::World& world_;
  const Session& session_;
  harness::ProbeId probe_;
  Binding binding_;
  std::map<uint64_t, harness::Role> captured_exports_;  // by the handle that the probe gave
  std::map<harness::ServerId, uint64_t> exports_;       // ours
  std::map<uint64_t, Held> held_;                       // by the client's own handle
  std::vector<uint8_t> config_header_;
  Waiting waiting_;
  std::set<uint64_t> cancels_;  // xids of cancels that no captured request asked for
  uint64_t own_xid_;
  std::vector<std::string> wrong_;
};

}  // namespace suites
