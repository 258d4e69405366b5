#include "suites/stock/session.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "protocol/lnet.h"
#include "protocol/ptlrpc.h"

namespace suites {
namespace {

using protocol::Dialect;

Session session(Dialect dialect) {
  auto read = read_stock_session(dialect);
  INFO((read ? "" : read.error()));
  REQUIRE(read);
  return *std::move(read);
}

}  // namespace

TEST_CASE("Session: all requests of the captures, each with its reply") {
  REQUIRE(session(Dialect::v1_8).exchanges.size() == 121);
  REQUIRE(session(Dialect::v2_0).exchanges.size() == 128);
}

TEST_CASE("Session: the client says HELLO of version 2, untyped") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    const Session stock = session(dialect);
    REQUIRE(stock.hello.size() == 16 + 56);
    const auto hello = protocol::decode<protocol::lnet::KsockHello>(
        stock.hello.view().subspan(16));
    REQUIRE(hello);
    REQUIRE(hello->version == 2);
    REQUIRE(hello->ctype == 0);
    REQUIRE((hello->src_pid & 0x80000000) != 0);
  }
}

TEST_CASE("Session: bulk stands with its request") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    size_t given = 0;
    size_t taken = 0;
    for (const Exchange& exchange : session(dialect).exchanges) {
      const uint32_t opcode = exchange.operation->opcode;
      REQUIRE(exchange.given.has_value() == (opcode == protocol::ptlrpc::opcode::kOstWrite));
      REQUIRE(exchange.taken.has_value() == (opcode == protocol::ptlrpc::opcode::kOstRead ||
                                             opcode == protocol::ptlrpc::opcode::kMdsReadpage));
      if (exchange.given) given = std::max(given, exchange.given->size());
      if (exchange.taken) taken = std::max(taken, exchange.taken->size());
    }
    REQUIRE(given == 200'000);
    REQUIRE(taken == 200'000);
  }
}

TEST_CASE("Session: a file that is no capture is refused") {
  REQUIRE_FALSE(read_session(ASSAY_STOCK_CAPTURES "/README.md", Dialect::v2_0));
  REQUIRE_FALSE(read_session(ASSAY_STOCK_CAPTURES "/missing", Dialect::v2_0));
}

}  // namespace suites
