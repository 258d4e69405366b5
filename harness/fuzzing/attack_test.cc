#include "harness/fuzzing/attack.h"

#include <catch2/catch.hpp>

#include "faults/rule.h"
#include "harness/fuzzing/arena.h"
#include "harness/target.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"

namespace opcode = protocol::ptlrpc::opcode;
using harness::Dialect;
using harness::kMds;
using harness::World;
using harness::WorldKind;
using harness::fuzzing::Arena;
using harness::fuzzing::attack;
using harness::fuzzing::Finding;
using harness::fuzzing::Script;
using harness::fuzzing::Step;

namespace {

std::unique_ptr<World> world() {
  return harness::make_world(WorldKind::sim, {.dialect = Dialect::v2_0, .seed = 1});
}

// A request without the buffers that the operation has.
Step bare(uint32_t opc, uint32_t version) {
  protocol::MessageBuilder builder(
      {.type = protocol::ptlrpc::msg_type::kRequest, .version = version, .opc = opc});
  const harness::Bytes bytes = builder.finish();
  return {.kind = Step::Kind::request, .bytes = {bytes.view().begin(), bytes.view().end()}};
}

faults::Rule no_reply(uint32_t opc, uint32_t from) {
  return {.part = faults::Part::reply, .opcode = opc, .first = from, .times = faults::kAlways};
}

}  // namespace

TEST_CASE("servers that do as they should are found nothing wrong with") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    for (const harness::ServerId server : {harness::kMgs, kMds, harness::ost(0)}) {
      const Arena arena{.target = {.name = "ours", .dialect = dialect}, .server = server};
      const auto finding =
          harness::fuzzing::attack_in(arena, 1, harness::fuzzing::draw_script(arena, 1, 60));
      INFO((finding ? finding->what : ""));
      REQUIRE_FALSE(finding);
    }
  }
}

TEST_CASE("a server that ends by itself is a finding") {
  const auto servers = world();
  servers->crash_at_commit(kMds, 2, true);
  const auto finding = attack(*servers, kMds, {bare(opcode::kMdsGetattr, 0x20003)});
  REQUIRE(finding);
  REQUIRE(finding->kind == Finding::Kind::died);
}

TEST_CASE("a server that lets nobody in any more is a finding") {
  const auto servers = world();
  servers->add_rule(no_reply(opcode::kMdsConnect, 3));
  const auto finding = attack(*servers, kMds, {bare(opcode::kMdsGetattr, 0x20003)});
  REQUIRE(finding);
  REQUIRE(finding->kind == Finding::Kind::silent);
}

TEST_CASE("a malformed request that is left alone is a finding, and named") {
  const auto servers = world();
  servers->add_rule(no_reply(opcode::kMdsGetattr, 1));
  const auto finding = attack(*servers, kMds, {bare(opcode::kMdsGetattr, 0x20003)});
  REQUIRE(finding);
  REQUIRE(finding->kind == Finding::Kind::unanswered);
  REQUIRE(finding->what.starts_with("MDS_GETATTR: "));
}

TEST_CASE("a well-formed request may be left waiting") {
  const auto servers = world();
  servers->add_rule(no_reply(opcode::kMdsStatfs, 1));
  REQUIRE_FALSE(attack(*servers, kMds, {bare(opcode::kMdsStatfs, 0x20003)}));
}

TEST_CASE("shrinking leaves the steps that the finding needs") {
  Script script(40, {.kind = Step::Kind::lost});
  script[7].place = 1;
  script[31].place = 2;
  const auto needs_both = [](const Script& tried) {
    const auto has = [&](uint8_t place) { return std::ranges::count(tried, place, &Step::place); };
    return has(1) == 1 && has(2) == 1;
  };
  const Script least = harness::fuzzing::shrink(script, needs_both);
  REQUIRE(least.size() == 2);
  REQUIRE(least[0].place == 1);
  REQUIRE(least[1].place == 2);
}
