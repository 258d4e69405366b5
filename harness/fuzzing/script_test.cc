#include "harness/fuzzing/script.h"

#include <catch2/catch.hpp>

#include "faults/random.h"
#include "harness/fuzzing/script_mutator.h"

using harness::fuzzing::kStepsMax;
using harness::fuzzing::parse_script;
using harness::fuzzing::Script;
using harness::fuzzing::script_bytes;
using harness::fuzzing::Step;

TEST_CASE("a script in bytes is read back as it was written") {
  const Script script = {{.kind = Step::Kind::connect, .peer = 2, .place = 0x20},
                         {.kind = Step::Kind::request, .peer = 1, .quirks = 3, .bytes = {1, 2, 3}},
                         {.kind = Step::Kind::commit, .place = 7},
                         {.kind = Step::Kind::lnet, .peer = 15, .bytes = {}},
                         {.kind = Step::Kind::restart}};
  REQUIRE(parse_script(script_bytes(script)) == script);
}

TEST_CASE("a script that is cut ends with what is there") {
  const Script script = {{.kind = Step::Kind::request, .bytes = {1, 2, 3, 4}}};
  std::vector<uint8_t> bytes = script_bytes(script);
  bytes.pop_back();
  const Script cut = {{.kind = Step::Kind::request, .bytes = {1, 2, 3}}};
  REQUIRE(parse_script(bytes) == cut);
  bytes.resize(4);  // within the length
  const Script bare = {{.kind = Step::Kind::request}};
  REQUIRE(parse_script(bytes) == bare);
  bytes.resize(2);
  REQUIRE(parse_script(bytes).empty());
}

TEST_CASE("no more steps are read than a script may have") {
  REQUIRE(parse_script(std::vector<uint8_t>(5000, uint8_t{6})).size() == kStepsMax);
}

TEST_CASE("what the mutator makes of scripts survives its form in bytes") {
  faults::Random random(5);
  harness::fuzzing::ScriptMutator mutator(random, harness::Dialect::v2_0, harness::Role::mds);
  Script script;
  for (int i = 0; i < 300; ++i) {
    mutator.mutate(script);
    REQUIRE(script.size() <= kStepsMax);
    REQUIRE(parse_script(script_bytes(script)) == script);
  }
  const Script crossed = mutator.cross(script, {{.kind = Step::Kind::lost}});
  REQUIRE(parse_script(script_bytes(crossed)) == crossed);
}

TEST_CASE("a script in text is read back as it was written") {
  const Script script = {{.kind = Step::Kind::connect, .peer = 2, .place = 0x20},
                         {.kind = Step::Kind::request, .quirks = 3, .bytes = {1, 0xab, 3}},
                         {.kind = Step::Kind::commit, .place = 7}};
  const auto read = harness::fuzzing::parse_script_text("# seed 7\n" + script_text(script));
  REQUIRE(read);
  REQUIRE(*read == script);
}

TEST_CASE("a text that is no script is refused with its line") {
  for (const char* text : {"request peer 1\n", "reqest peer 1 place 0 quirks 0: 00\n",
                           "request peer 1 place 0 quirks 0: 0\n",
                           "request peer 1 place 0 quirks 0: 0x\n",
                           "commit peer 1 place 256 quirks 0\n",
                           "commit peer 1 place 0 quirks 0: 00\n"}) {
    INFO(text);
    REQUIRE(harness::fuzzing::parse_script_text(text).error() == "line 1: no step");
  }
}
