#include "faults/plan.h"

#include <catch2/catch.hpp>

#include "faults/random.h"

using faults::parse_plan;
using faults::Plan;
using faults::Verb;

namespace {

std::string error_of(std::string_view text) {
  const auto plan = parse_plan(text);
  return plan ? "no error" : plan.error().text();
}

}  // namespace

TEST_CASE("The plan of the design reads as it was meant") {
  const auto plan = parse_plan(R"(plan "close lost, then MDS dies"
on MDS_CLOSE #1 client1->mds: drop reply
on time +2s: crash mds
on time +3s: start mds version 2.0
)");
  REQUIRE(plan.has_value());
  REQUIRE(plan->title == "close lost, then MDS dies");
  REQUIRE(plan->lines.size() == 3);
  REQUIRE(plan->lines[0].when.part == faults::Part::reply);
  REQUIRE(plan->lines[0].when.link.from == faults::client_name(1));
  REQUIRE(plan->lines[1].when.at == 2 * reference::kSecond);
  REQUIRE(plan->lines[2].fault.version == faults::Dialect::v2_0);
}

TEST_CASE("Every form of line is printed as it was written") {
  const std::string_view text = R"(plan "a \"title\" \\ \x07"
seed 7
on MDS_CLOSE #1 client1->mds: drop reply
on MDS_REINT/UNLINK resent #2-4 client*->mds: delay request for 1500ms
on any #1+ 1/8 mds->ost*: duplicate early
on OST_WRITE #3+: delay bulk until MDS_REINT reply #1 client2->mds
on LDLM_BL_CALLBACK #1 ost1->client2: reorder request
on OST_READ|OST_WRITE #1: corrupt reply byte 40 xor 0x80
on OST_WRITE #1: corrupt data byte 0 xor 0x01
on any #1: drop ack
on LDLM_ENQUEUE/OPEN reply first #1: crash mds
on MDS_CONNECT replayed #1: release held
on time +2s: crash ost0 before commit #2
on time +2s: crash ost* after commit #1
on time +2s: crash mds at write #3
on time +0s: crash mds twice
on time +1h: restart mds version 1.8 after 3s
on time +90s: start ost0
on transno 4294967310 mds: upgrade mds after 1s
on transno 12: downgrade mds
on point "ost ready" #2 mds: failover mds version 2.0 after 1s
on fact executed #5 mds of client1: pause ost0 for 3s
on fact recovery-ended #1: evict client1 from all
on fact committed #1+ 1/3: evict client* from ost*
on time +1us: partition client1->mds for 5s
on time +1ns: partition client1<->* until fact evicted #1
on time +3s: heal client1<->*
on time +3s: disconnect mds<->ost1
on time +3s: lose clients of mds
on time +3s: roll back clients of ost0
on time +3s: hold commits of mds
on time +3s: release commits of mds
on time +3s: fill disk of ost0
on time +3s: free disk of ost0
on time +3s: jump clock of mds by -10s
)";
  const auto plan = parse_plan(text);
  INFO(error_of(text));
  REQUIRE(plan.has_value());
  REQUIRE(to_text(*plan) == text);
}

TEST_CASE("What is left out has its default, and comments are skipped") {
  const auto plan =
      parse_plan("# first\n\n  plan \"\"\n\t# second\non MDS_SYNC : drop request\r\n");
  REQUIRE(plan.has_value());
  REQUIRE(to_text(*plan) == "plan \"\"\non MDS_SYNC #1: drop request\n");
}

TEST_CASE("An error says where it is and what was expected there") {
  REQUIRE(error_of("") == "1:1: expected plan \"TITLE\"");
  REQUIRE(error_of("on time +1s: crash mds") == "1:1: expected plan \"TITLE\", found \"on\"");
  REQUIRE(error_of("plan \"x\n") == "1:6: this text has no end: expected a closing double quote");
  REQUIRE(error_of("plan \"x\"\non MDS_CLOSE #1 client1->mds; drop reply") ==
          "2:17: expected a link such as client1->mds, found \"client1->mds;\"");
  REQUIRE(error_of("plan \"x\"\non MDS_CLSE: drop reply") ==
          "2:4: expected an operation such as MDS_CLOSE or MDS_REINT/UNLINK, or any, time, "
          "transno, point, fact, found \"MDS_CLSE\"");
  REQUIRE(error_of("plan \"x\"\non MDS_CLOSE #0: drop reply") ==
          "2:14: expected a count such as #1, #2-5 or #3+, found \"#0\"");
  REQUIRE(error_of("plan \"x\"\non MDS_CLOSE #1: drop rply") ==
          "2:23: expected request, reply, early, bulk, data or ack, found \"rply\"");
  REQUIRE(error_of("plan \"x\"\n\non time +2s: drop reply") ==
          "3:14: drop is done to a message: its trigger is an operation");
  REQUIRE(error_of("plan \"x\"\non time +2: crash mds") ==
          "2:9: expected a time since the plan was armed, such as +2s, found \"+2\"");
  REQUIRE(error_of("plan \"x\"\non time +2s: crash mds version 2.0") ==
          "2:24: expected the end of the line, found \"version\"");
  REQUIRE(error_of("plan \"x\"\non time +2s: start ost version 2.0") ==
          "2:20: expected a server: mds, mgs, ost0 or ost*, found \"ost\"");
  REQUIRE(error_of("plan \"x\"\non time +2s crash mds") ==
          "2:13: expected a colon before the fault, found \"crash\"");
  REQUIRE(error_of("plan \"x\"\non time +2s:") ==
          "2:13: expected a fault such as drop, delay, crash, restart, evict, partition or pause, "
          "found the end of the line");
  REQUIRE(error_of("plan \"x\"\non time +99999999999h: crash mds") ==
          "2:9: expected a time since the plan was armed, such as +2s, found \"+99999999999h\"");
  REQUIRE(error_of("plan \"x\"\non MDS_SYNC reply #1: drop request") ==
          "2:23: the trigger is a reply, the fault of a request");
  REQUIRE(error_of("plan \"x\"\non MDS_SYNC #1: corrupt request xor 0") ==
          "2:37: xor 0 would change nothing");
}

TEST_CASE("A plan of too many lines or bytes is refused") {
  std::string text = "plan \"x\"\n";
  for (size_t i = 0; i <= faults::kPlanLinesMax; ++i) text += "on any: drop bulk\n";
  REQUIRE(error_of(text) == "10002:1: a plan has at most 10000 faults");
  REQUIRE(error_of(std::string(faults::kPlanBytesMax + 1, ' ')) ==
          "1:1: a plan has at most 1048576 bytes");
}

TEST_CASE("Bytes that are cut off or changed anywhere are a plan or an error, never more") {
  const std::string good =
      "plan \"t\"\nseed 3\non MDS_REINT/UNLINK reply resent #1-3 1/2 client1->mds: crash mds at "
      "write #2\nfail_loc=0x80000119 fail_val=2 version 2.1 mds\non any: delay bulk until time "
      "+1s\n";
  REQUIRE(parse_plan(good).has_value());
  faults::Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good.substr(0, random.below(good.size() + 1));
    const uint64_t changes = random.below(4);
    for (uint64_t c = 0; c < changes && !text.empty(); ++c) {
      const uint64_t at = random.below(text.size());
      text[at] = static_cast<char>(random.below(256));
    }
    const auto plan = parse_plan(text);
    INFO(text);
    if (plan) {
      const auto again = parse_plan(to_text(*plan));
      REQUIRE(again.has_value());
      REQUIRE(*again == *plan);
    } else {
      REQUIRE(plan.error().line >= 1);
      REQUIRE(plan.error().column >= 1);
    }
  }
}
