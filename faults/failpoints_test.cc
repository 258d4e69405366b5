#include "faults/failpoints.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

using faults::fail_points;
using faults::FailLoc;
using faults::FailPoint;
using faults::line_of;
using faults::LustreVersion;

namespace {

struct Row {
  std::string name;
  uint32_t codes[3] = {};
};

std::vector<Row> facts() {
  std::ifstream file(ASSAY_FAILPOINTS);
  std::vector<Row> rows;
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("#") || line.starts_with("name,")) continue;
    std::istringstream words(line);
    Row row;
    std::getline(words, row.name, ',');
    for (uint32_t& code : row.codes) {
      std::string number, used;
      std::getline(words, number, ',');
      std::getline(words, used, ',');
      if (!number.empty()) code = static_cast<uint32_t>(std::stoul(number, nullptr, 16));
    }
    rows.push_back(row);
  }
  return rows;
}

std::string spelled(std::string_view text) {
  const auto line = faults::parse_line(text);
  if (!line) return line.error().text();
  faults::Line plain = *line;
  plain.spelled.reset();
  return to_text(plain);
}

}  // namespace

TEST_CASE("Every point of the facts is mapped, or the reason why not is given") {
  const std::vector<Row> rows = facts();
  REQUIRE(rows.size() == 322);
  REQUIRE(rows.size() == fail_points().size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const FailPoint& point = fail_points()[i];
    INFO(rows[i].name);
    REQUIRE(rows[i].name == "OBD_FAIL_" + std::string(point.name));
    REQUIRE(rows[i].codes[0] == point.code_1_8);
    REQUIRE(rows[i].codes[1] == point.code_2_1);
    REQUIRE(rows[i].codes[2] == point.code_2_5);
    REQUIRE(point.line.empty() != point.why_not.empty());
  }
}

TEST_CASE("Every mapped point gives a line, in each version that has it, which prints back") {
  size_t lines = 0;
  for (const FailPoint& point : fail_points()) {
    if (point.line.empty()) continue;
    for (const auto version : {LustreVersion::v1_8, LustreVersion::v2_1, LustreVersion::v2_5}) {
      if (point.code(version) == 0) continue;
      INFO(point.name);
      // 36 is MDS_REINT, a second and an OST's index are as good as another.
      const auto line =
          line_of({.loc = point.code(version) | 0x80000000, .val = 36, .version = version});
      REQUIRE(line.has_value());
      const auto again = faults::parse_line(to_text(*line));
      REQUIRE(again.has_value());
      REQUIRE(*again == *line);
      ++lines;
    }
  }
  REQUIRE(lines > 300);
}

TEST_CASE("Lustre's own tests' spellings mean what they do there") {
  REQUIRE(spelled("fail_loc=0x80000119 version 2.1") == "on MDS_REINT #1 *->mds: drop reply");
  REQUIRE(spelled("fail_loc=0x119 version 1.8") == "on MDS_REINT #1+ *->mds: drop reply");
  REQUIRE(spelled("fail_loc=0xa0000119 fail_val=2 version 2.1") ==
          "on MDS_REINT #3 *->mds: drop reply");
  REQUIRE(spelled("fail_loc=0x10000119 fail_val=3 version 2.1") ==
          "on MDS_REINT #1-3 *->mds: drop reply");
  REQUIRE(spelled("fail_loc=0x8000211 fail_val=5 version 2.1 ost1") ==
          "on any #1+ 1/5 *->ost1: drop reply");
  REQUIRE(spelled("fail_loc=0x80000505 version 2.1 client1") ==
          "on any #1 client1->*: drop request");
  REQUIRE(spelled("fail_loc=0x80000224 fail_val=3 version 2.1") ==
          "on OST_READ|OST_WRITE #1 *->ost*: delay reply for 3s");
  REQUIRE(spelled("fail_loc=0x80000513 fail_val=35 version 2.1 mds") ==
          "on MDS_CLOSE #1 *->mds: drop request");
  REQUIRE(spelled("fail_loc=0x215 fail_val=1 version 2.1") == "on time +0s: fill disk of ost1");
  REQUIRE(spelled("fail_loc=0x123 version 2.1") == "on any #1 *->mds: drop request");
}

TEST_CASE("A code means what it meant in its version") {
  REQUIRE(spelled("fail_loc=0x80000142 version 2.1") ==
          "on MDS_REINT #1 *->mds: delay request for 10s");
  REQUIRE(spelled("fail_loc=0x80000142 version 1.8").starts_with("1:1: OBD_FAIL_MDS_SPLIT_OPEN: "));
}

TEST_CASE("A spelling that means nothing is refused, with the reason") {
  REQUIRE(spelled("fail_loc=0x80000fff version 2.1") == "1:1: Lustre 2.1 has no fail_loc 0xfff");
  REQUIRE(spelled("fail_loc=0 version 2.1") == "1:1: Lustre 2.1 has no fail_loc 0x0");
  REQUIRE(spelled("fail_loc=0x80000114 version 2.1") ==
          "1:1: OBD_FAIL_MDS_OPEN_PACK: the server answers an error of its own making: nothing is "
          "done to it from outside");
  REQUIRE(spelled("fail_loc=0x8000119 version 2.1") ==
          "1:1: OBD_FAIL_MDS_REINT_NET_REP: with a fail_val below 2 it never fails");
  REQUIRE(spelled("fail_loc=0x80000119 version 2.1 ost0") ==
          "1:1: OBD_FAIL_MDS_REINT_NET_REP: ost0 does not pass it, mds does");
  REQUIRE(spelled("fail_loc=zzz") == "1:10: expected a number of 32 bits, found \"zzz\"");
  REQUIRE(spelled("fail_loc=0x119 version 3.0") == "1:24: expected 1.8, 2.1 or 2.5, found \"3.0\"");
}

TEST_CASE("A point is hit by what does the same, however it was asked for") {
  const FailPoint* reply_lost = faults::find_fail_point(LustreVersion::v2_1, 0x119);
  const FailPoint* request_lost = faults::find_fail_point(LustreVersion::v2_1, 0x107);
  REQUIRE(reply_lost != nullptr);
  REQUIRE(request_lost != nullptr);
  faults::Struck struck{.line = 0, .what = "", .where = ""};
  struck.verb = faults::Verb::drop;
  struck.part = faults::Part::reply;
  struck.opcode = 36;
  struck.link = {faults::client_name(1), faults::kTheMds};
  REQUIRE(is_hit(*reply_lost, struck));
  REQUIRE_FALSE(is_hit(*request_lost, struck));
  struck.part = faults::Part::request;
  REQUIRE(is_hit(*request_lost, struck));
  struck.link.to = faults::ost_name(0);
  REQUIRE_FALSE(is_hit(*request_lost, struck));
}
