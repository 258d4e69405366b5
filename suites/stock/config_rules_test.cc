// The rules against the logs that the captured clients mounted by, and against logs with one thing
// wrong.
#include "suites/stock/config_rules.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "protocol/ptlrpc.h"
#include "suites/stock/session.h"

namespace suites {
namespace {

using protocol::Dialect;

constexpr uint64_t kLoopback = (uint64_t{2} << 48) | 0x7f000001;

harness::Cast captured_cast() {
  const harness::PeerId server{.nid = kLoopback, .pid = 12345};
  harness::Cast cast{.fsname = "lustre", .mgs = server, .mds = server};
  cast.osts.push_back(server);
  return cast;
}

struct Log {
  std::vector<uint8_t> header, block;

  explicit Log(Dialect dialect) {
    const Session stock = *read_stock_session(dialect);
    const protocol::Message& head = stock.exchanges[2].answer;
    const protocol::Message& data = stock.exchanges[3].answer;
    header.assign(head.buffer(1).begin(), head.buffer(1).end());
    block.assign(data.buffer(2).begin(), data.buffer(2).end());
  }
  // Writes over the first place where that text stands.
  void spoil(std::string_view text, std::string_view with) {
    const size_t at = protocol::as_text(block).find(text);
    REQUIRE(at != std::string_view::npos);
    std::memcpy(block.data() + at, with.data(), with.size());
  }
  std::vector<std::string> judge() const {
    return unusable_config(header, block, captured_cast());
  }
};

}  // namespace

TEST_CASE("Config: the logs of the captures will do") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    const Log log(dialect);
    REQUIRE(unusable_header(log.header).empty());
    REQUIRE(log.judge().empty());
  }
}

TEST_CASE("Config: a log of another file system will not") {
  Log log(Dialect::v1_8);
  harness::Cast other = captured_cast();
  other.fsname = "other";
  REQUIRE_FALSE(unusable_config(log.header, log.block, other).empty());
}

TEST_CASE("Config: an OST without a device is missed") {
  harness::Cast two = captured_cast();
  two.osts.push_back({.nid = kLoopback + 1, .pid = 12345});
  const Log log(Dialect::v2_0);
  REQUIRE(unusable_config(log.header, log.block, two).size() == 2);
}

TEST_CASE("Config: lov_desc without its magic is found") {
  Log log(Dialect::v2_0);
  log.spoil("\x5c\xde\xcc\xb0", "\x01");
  REQUIRE(log.judge().size() == 1);
}

TEST_CASE("Config: a target at another NID is found") {
  Log log(Dialect::v1_8);
  const uint64_t other = kLoopback + 5;
  log.spoil(protocol::as_text({reinterpret_cast<const uint8_t*>(&kLoopback), 8}),
            protocol::as_text({reinterpret_cast<const uint8_t*>(&other), 8}));
  // Both targets stand behind one name of a NID, and the second record still has the right one.
  REQUIRE(log.judge().empty());
  log.spoil(protocol::as_text({reinterpret_cast<const uint8_t*>(&kLoopback), 8}),
            protocol::as_text({reinterpret_cast<const uint8_t*>(&other), 8}));
  REQUIRE(log.judge().size() == 2);
}

TEST_CASE("Config: a header that counts otherwise is found") {
  Log log(Dialect::v1_8);
  log.header[24] += 1;
  REQUIRE_FALSE(unusable_header(log.header).empty());
  REQUIRE_FALSE(log.judge().empty());
}

TEST_CASE("Config: a record that ends otherwise than it began is found") {
  Log log(Dialect::v1_8);
  log.block[120 - 4] += 1;
  REQUIRE_FALSE(log.judge().empty());
}

}  // namespace suites
