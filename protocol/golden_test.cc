// What the schema compiler makes of testdata/golden.capnp, line by line.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

namespace protocol {
namespace {

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  INFO(path);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("Golden: the header is as expected") {
  REQUIRE(content(ASSAY_GOLDEN "/golden.h") == content(ASSAY_TESTDATA "/golden.h.expected"));
}

TEST_CASE("Golden: the source is as expected") {
  REQUIRE(content(ASSAY_GOLDEN "/golden.cc") == content(ASSAY_TESTDATA "/golden.cc.expected"));
}

}  // namespace protocol
