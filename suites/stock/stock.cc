// Stock clients live on these servers: the sessions of Lustre's own user-space clients of 1.8.9 and
// 2.0.0, done again message by message.
#include "suites/stock/replay.h"
#include "suites/suites.h"

namespace suites {
namespace {

void replay(Conformance& c, uint32_t last,
            harness::ProbeKind kind = harness::ProbeKind::user_space) {
  const auto dialect = c.dialect() == Dialect::v1_8 ? protocol::Dialect::v1_8
                                                    : protocol::Dialect::v2_0;
  const auto session = read_stock_session(dialect);
  if (!session) throw Stop{Outcome::broken, session.error()};
  for (const std::string& wrong : Replay(c.world(), *session, kind).run(last)) {
    ADD_FAILURE() << wrong;
  }
}

// The last request of the mount: the root's attributes.
constexpr uint32_t kMounted18 = 9, kMounted20 = 10;

const Case kCases[] = {
    {.id = "stock.1",
     .requirement = "STOCK-1",
     .sentence = "A stock 1.8.9 client mounts: MGS, configuration log, MDT, OSTs, root",
     .source = "stock-clients, Connection, Mount order",
     .needs = Needs::only_1_8 | Needs::fresh,
     .run = [](Conformance& c) { replay(c, kMounted18); }},
    {.id = "stock.2",
     .requirement = "STOCK-1",
     .sentence = "A stock 1.8.9 client gets an answer that it can live with to all that it asks",
     .source = "stock-clients, Operations; rpc-formats",
     .needs = Needs::only_1_8 | Needs::fresh,
     .run = [](Conformance& c) { replay(c, 0); }},
    {.id = "stock.3",
     .requirement = "STOCK-1",
     .sentence = "A stock 2.0.0 client mounts: MGS, configuration log, OSTs, MDT, root",
     .source = "stock-clients, Connection, Mount order",
     .needs = Needs::only_2_0 | Needs::fresh,
     .run = [](Conformance& c) { replay(c, kMounted20); }},
    {.id = "stock.4",
     .requirement = "STOCK-1",
     .sentence = "A stock 2.0.0 client gets an answer that it can live with to all that it asks",
     .source = "stock-clients, Operations; rpc-formats",
     .needs = Needs::only_2_0 | Needs::fresh,
     .run = [](Conformance& c) { replay(c, 0); }},
    {.id = "stock.5",
     .requirement = "STOCK-2",
     .sentence = "The 1.8.9 client's requests from a peer that listens: locks are given, asked for "
                 "back and given back, and all answers are the same",
     .source = "stock-clients, Operations; rpc-formats, LDLM",
     .needs = Needs::only_1_8 | Needs::fresh,
     .run = [](Conformance& c) { replay(c, 0, harness::ProbeKind::kernel); }},
    {.id = "stock.6",
     .requirement = "STOCK-2",
     .sentence = "The 2.0.0 client's requests from a peer that listens: locks are given, asked for "
                 "back and given back, and all answers are the same",
     .source = "stock-clients, Operations; rpc-formats, LDLM",
     .needs = Needs::only_2_0 | Needs::fresh,
     .run = [](Conformance& c) { replay(c, 0, harness::ProbeKind::kernel); }},
};

}  // namespace

std::span<const Case> stock_cases() { return kCases; }

}  // namespace suites
