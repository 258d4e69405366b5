// The engine against the captured answers themselves: first as they are, then as a server would
// give them that calls everything otherwise.
#include "suites/stock/binding.h"

#include <catch2/catch.hpp>

#include "protocol/ldlm.h"
#include "protocol/ptlrpc.h"

namespace suites {
namespace {

using protocol::Dialect;
using protocol::Direction;
using protocol::Message;

constexpr Dialect kDialects[] = {Dialect::v1_8, Dialect::v2_0};

Session session(Dialect dialect) { return *read_stock_session(dialect); }

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "; ";
  return out;
}

// What another server calls it.
Name elsewhere(Space space, Name name) {
  if (name == Name{}) return name;
  name[0] += 0x1'0000 * (static_cast<uint64_t>(space) + 1);
  if (space == Space::object) name[2] = 1;
  return name;
}

Message of_another_server(const Exchange& exchange) {
  Request reply(exchange.answer);
  for (const NamePlace& place : names_in(exchange.answer, *exchange.operation, Direction::reply)) {
    auto& buffer = reply.buffers[place.buffer - 1];
    // A sequence is part of its files' names.
    const Space space = place.space == Space::sequence ? Space::file : place.space;
    write_name(buffer, place, elsewhere(space, read_name(buffer, place)));
  }
  return *Message::parse(reply.finish());
}

}  // namespace

TEST_CASE("Binding: where every name stays as it is, the requests are the captured ones") {
  for (const Dialect dialect : kDialects) {
    Binding binding("lustre", "lustre");
    for (const Exchange& exchange : session(dialect).exchanges) {
      INFO(exchange.number << " " << exchange.operation->type);
      Request request(exchange.message);
      REQUIRE(joined(binding.translate(exchange, request)).empty());
      REQUIRE(request.finish() == exchange.message.bytes());
      REQUIRE(joined(binding.learn(exchange, exchange.answer)).empty());
    }
  }
}

TEST_CASE("Binding: requests say the names that another server gave") {
  for (const Dialect dialect : kDialects) {
    Binding binding("lustre", "lustre");
    size_t translated = 0;
    for (const Exchange& exchange : session(dialect).exchanges) {
      INFO(exchange.number << " " << exchange.operation->type);
      Request request(exchange.message);
      REQUIRE(joined(binding.translate(exchange, request)).empty());
      for (const NamePlace& place :
           names_in(exchange.message, *exchange.operation, Direction::request)) {
        const Name captured = read_name(exchange.message.buffer(place.buffer), place);
        if (captured == Name{}) continue;
        const Space space = place.space == Space::sequence ? Space::file : place.space;
        Name expected = elsewhere(space, captured);
        if (place.pieces[2].size == 0) expected[2] = 0;
        REQUIRE(read_name(request.buffers[place.buffer - 1], place) == expected);
        ++translated;
      }
      REQUIRE(joined(binding.learn(exchange, of_another_server(exchange))).empty());
    }
    REQUIRE(translated > 150);
  }
}

TEST_CASE("Binding: the OST of a request is the one that the layout named") {
  for (const Dialect dialect : kDialects) {
    Binding binding("lustre", "lustre");
    size_t about_objects = 0;
    for (const Exchange& exchange : session(dialect).exchanges) {
      if (const auto ost = binding.ost_of(exchange)) {
        REQUIRE(*ost == 1);
        ++about_objects;
      }
      (void)binding.learn(exchange, of_another_server(exchange));
    }
    REQUIRE(about_objects > 20);
  }
}

TEST_CASE("Binding: a file system of another name") {
  Binding binding("lustre", "assay");
  for (const Exchange& exchange : session(Dialect::v1_8).exchanges) {
    Request request(exchange.message);
    (void)binding.translate(exchange, request);
    if (exchange.operation->opcode == protocol::ptlrpc::opcode::kLlogOriginHandleCreate) {
      REQUIRE(protocol::as_text(request.buffers[1]) == std::string_view("assay-client\0", 13));
    }
    if (exchange.operation->opcode == protocol::ptlrpc::opcode::kMdsConnect) {
      REQUIRE(request.buffers[0].size() == 40);
      REQUIRE(protocol::as_text(request.buffers[0]).starts_with("assay-MDT0000_UUID"));
      REQUIRE(request.buffers[0].back() == 0);
    }
  }
}

TEST_CASE("Binding: a name that no answer gave is reported") {
  const Session stock = session(Dialect::v2_0);
  const Exchange& getattr = stock.exchanges[9];
  Request request(getattr.message);
  REQUIRE(Binding("lustre", "lustre").translate(getattr, request) ==
          std::vector<std::string>{"file {0x200000007, 0x1, 0x0}"});
}

TEST_CASE("Binding: a file that is suddenly another one is reported") {
  const Session stock = session(Dialect::v2_0);
  Binding binding("lustre", "lustre");
  const Exchange& getstatus = stock.exchanges[7];
  REQUIRE(binding.learn(getstatus, getstatus.answer).empty());
  REQUIRE(binding.learn(getstatus, of_another_server(getstatus)).size() == 1);
}

}  // namespace suites
