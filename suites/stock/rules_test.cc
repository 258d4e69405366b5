// The rules against the captured answers, which the clients accepted; and against answers with one
// thing wrong, each of which a rule must find.
#include "suites/stock/rules.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "protocol/ldlm.h"
#include "protocol/mds.h"
#include "protocol/ptlrpc.h"

namespace suites {
namespace {

using protocol::Dialect;
using protocol::Message;

Session session(Dialect dialect) { return *read_stock_session(dialect); }

Given as_captured(const Exchange& exchange) {
  return {.reply = exchange.reply,
          .answer = exchange.answer,
          .taken = exchange.taken,
          .gotten = exchange.given.has_value()};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "; ";
  return out;
}

}  // namespace

// Where the captured server, a probe, answered worse than its clients noticed.
struct Lie {
  Dialect dialect;
  uint32_t number;
  std::string_view what;
};
constexpr Lie kLies[] = {
    // A link's answer announces an EA and has none; mdc_link does not look.
    {Dialect::v1_8, 77, "OBD_MD_FLEASIZE without the EA; "},
    // A link's answer has the buffers of an unlink's.
    {Dialect::v2_0, 82,
     "the reply has 416 bytes, the client has room for 408; the reply has 4 buffers, not 2; "},
};

std::string_view lie(Dialect dialect, uint32_t number) {
  const auto at = std::ranges::find_if(
      kLies, [&](const Lie& l) { return l.dialect == dialect && l.number == number; });
  return at == std::end(kLies) ? std::string_view{} : at->what;
}

TEST_CASE("Rules: what the captured clients accepted is acceptable") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    for (const Exchange& exchange : session(dialect).exchanges) {
      INFO(exchange.number << " " << exchange.operation->type);
      const Given given = as_captured(exchange);
      REQUIRE(joined(unacceptable(exchange, Request(exchange.message), given)) ==
            lie(dialect, exchange.number));
      REQUIRE(joined(otherwise(exchange, given)).empty());
    }
  }
}

namespace {

// The answer to the first such operation of a session, to be spoilt in one place.
class Spoilt {
 public:
  Spoilt(Dialect dialect, std::string_view type, int32_t status = -1)
      : session_(session(dialect)),
        exchange_(*std::ranges::find_if(session_.exchanges, [&](const Exchange& exchange) {
          return exchange.operation->type == type &&
                 (status < 0 || exchange.answer.body().status == status);
        })),
        given_(as_captured(exchange_)),
        reply_(exchange_.answer) {}

  Request& reply() { return reply_; }
  Given& given() { return given_; }
  // A number in a buffer, counted from the first behind ptlrpc_body.
  template <class Number>
  Spoilt& put(size_t buffer, size_t offset, Number value) {
    std::memcpy(reply_.buffers.at(buffer).data() + offset, &value, sizeof(value));
    return *this;
  }
  template <class Number>
  Number get(size_t buffer, size_t offset) const {
    Number value;
    std::memcpy(&value, reply_.buffers.at(buffer).data() + offset, sizeof(value));
    return value;
  }
  bool refused() { return !unacceptable(exchange_, Request(exchange_.message), answer()).empty(); }
  bool different() { return !otherwise(exchange_, answer()).empty(); }

 private:
  const Given& answer() {
    given_.answer = *Message::parse(reply_.finish());
    given_.reply.payload = given_.answer.bytes();
    return given_;
  }

  Session session_;
  const Exchange& exchange_;
  Given given_;
  Request reply_;
};

constexpr size_t kValid = 40, kEaDataSize = 148, kMode = 116, kHandle = 32;  // mds_body
constexpr size_t kLockHandle = 88, kDisposition = 96, kIntentStatus = 104;   // ldlm_reply
constexpr uint64_t kEa = protocol::mds::valid::kEaSize;

}  // namespace

TEST_CASE("Rules: a reply at offset 0 is an early one") {
  Spoilt reply(Dialect::v1_8, "MdsGetstatus");
  reply.given().reply.header.msg.offset = 0;
  REQUIRE(reply.refused());
}

TEST_CASE("Rules: a reply at another portal is never seen") {
  Spoilt reply(Dialect::v2_0, "OstWrite");
  reply.given().reply.header.msg.ptl_index = 10;
  REQUIRE(reply.refused());
}

TEST_CASE("Rules: a reply larger than its room is cut") {
  Spoilt reply(Dialect::v2_0, "MdsReintCreate");
  reply.reply().buffers.emplace_back(400, uint8_t{0});
  REQUIRE(reply.refused());
}

TEST_CASE("Rules: 1.8 keeps ENOENT in an ordinary reply, 2.0 EINVAL too") {
  Spoilt old(Dialect::v1_8, "MdsGetattr");
  old.reply().body.status = -2;
  REQUIRE_FALSE(old.refused());
  old.reply().body.status = -22;
  REQUIRE(old.refused());
  old.reply().body.type = protocol::ptlrpc::msg_type::kErr;
  REQUIRE_FALSE(old.refused());
  Spoilt young(Dialect::v2_0, "MdsGetattr");
  young.reply().body.status = -22;
  REQUIRE_FALSE(young.refused());
}

TEST_CASE("Rules: a connect flag that was not offered kills a 1.8 client") {
  Spoilt reply(Dialect::v1_8, "MdsConnect");
  reply.put(0, 0, reply.get<uint64_t>(0, 0) | 0x40000000);
  REQUIRE(reply.refused());
}

TEST_CASE("Rules: SRVLOCK must be granted by an OST") {
  Spoilt reply(Dialect::v1_8, "OstConnect");
  reply.put(0, 0, reply.get<uint64_t>(0, 0) & ~uint64_t{0x10});
  REQUIRE(reply.refused());
}

TEST_CASE("Rules: a successful open has a transno and a handle") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    Spoilt transno(dialect, "LdlmEnqueueIntentOpen");
    transno.reply().body.transno = 0;
    REQUIRE(transno.refused());
    Spoilt handle(dialect, "LdlmEnqueueIntentOpen");
    handle.put(1, kHandle, uint64_t{0});
    REQUIRE(handle.refused());
  }
}

TEST_CASE("Rules: the EA that valid announces must be there, whole and of a regular file") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    Spoilt close(dialect, "MdsClose");
    close.put(0, kValid, close.get<uint64_t>(0, kValid) | kEa).put(0, kEaDataSize, 56);
    REQUIRE(close.refused());
    Spoilt empty(dialect, "LdlmEnqueueIntentOpen");
    REQUIRE_FALSE(empty.refused());
    empty.put(1, kEaDataSize, 0);
    REQUIRE(empty.refused());
    Spoilt directory(dialect, "LdlmEnqueueIntentOpen");
    directory.put(1, kMode, 0040755);
    REQUIRE(directory.refused());
  }
}

TEST_CASE("Rules: a 1.8 body has 168 bytes, a 2.0 body 216") {
  Spoilt old(Dialect::v1_8, "MdsGetattr");
  old.reply().buffers[0].resize(216);
  REQUIRE(old.refused());
  Spoilt young(Dialect::v2_0, "MdsGetattr");
  young.reply().buffers[0].resize(168);
  REQUIRE(young.refused());
}

TEST_CASE("Rules: 2.0 finds buffers by their index") {
  Spoilt reply(Dialect::v2_0, "MdsGetattr");
  reply.reply().buffers.pop_back();
  REQUIRE(reply.refused());
}

TEST_CASE("Rules: a file has a fid, a type and in 1.8 a generation") {
  Spoilt type(Dialect::v2_0, "MdsGetattr");
  type.put(0, kValid, type.get<uint64_t>(0, kValid) & ~uint64_t{0x100});
  REQUIRE(type.refused());
  Spoilt generation(Dialect::v1_8, "MdsGetattr");
  generation.put(0, kValid, generation.get<uint64_t>(0, kValid) & ~uint64_t{0x4000});
  REQUIRE(generation.refused());
  Spoilt f_type(Dialect::v1_8, "MdsGetattr");
  f_type.put(0, 12, 0);
  REQUIRE(f_type.refused());
}

TEST_CASE("Rules: a lock that is granted has a handle, one that is not has none") {
  Spoilt granted(Dialect::v2_0, "LdlmEnqueueIbits");
  granted.put(0, kLockHandle, uint64_t{0});
  REQUIRE(granted.refused());
  Spoilt aborted(Dialect::v2_0, "LdlmEnqueueIntentLookup");
  aborted.put(0, kLockHandle, uint64_t{5});
  REQUIRE(aborted.refused());
}

TEST_CASE("Rules: a granted intent lock is on the file of the body, and says so") {
  Spoilt reply(Dialect::v2_0, "LdlmEnqueueIntentGetattr");
  reply.reply().body.status = 0;
  reply.put(0, kLockHandle, uint64_t{5}).put(0, 52, reply.get<uint32_t>(0, 48));
  constexpr size_t kName = 16;
  REQUIRE_FALSE(reply.refused());
  reply.put(0, kName, reply.get<uint64_t>(1, 0)).put(0, kName + 8, reply.get<uint64_t>(1, 8));
  REQUIRE(reply.refused());
  reply.put(0, 0, protocol::ldlm::lock_flag::kLockChanged);
  REQUIRE_FALSE(reply.refused());
  reply.put(0, kName, uint64_t{77});
  REQUIRE(reply.refused());
}

TEST_CASE("Rules: READ's status is what came") {
  Spoilt reply(Dialect::v1_8, "OstRead");
  reply.reply().body.status = 0;
  REQUIRE(reply.refused());
}

TEST_CASE("Rules: WRITE has an rc for each niobuf, all 0, and took the data") {
  Spoilt rc(Dialect::v2_0, "OstWrite");
  rc.put(1, 0, -5);
  REQUIRE(rc.refused());
  Spoilt none(Dialect::v2_0, "OstWrite");
  none.reply().buffers.pop_back();
  REQUIRE(none.refused());
  Spoilt data(Dialect::v2_0, "OstWrite");
  data.given().gotten = false;
  REQUIRE(data.refused());
}

TEST_CASE("Rules: an answer that decides otherwise is told") {
  Spoilt missing(Dialect::v2_0, "LdlmEnqueueIntentLookup");
  missing.put(0, kDisposition, uint64_t{0xb}).put(0, kIntentStatus, uint64_t{0});
  REQUIRE(missing.different());
  Spoilt size(Dialect::v1_8, "LdlmEnqueueExtent");
  size.put(1, 0, uint64_t{12345});
  REQUIRE(size.different());
  Spoilt data(Dialect::v1_8, "OstRead");
  data.given().taken = protocol::Bytes(std::vector<uint8_t>(5, 'x'));
  REQUIRE(data.different());
  Spoilt names(Dialect::v2_0, "MdsReadpage");
  names.given().taken = protocol::Bytes(std::vector<uint8_t>(4096, 0));
  REQUIRE(names.different());
  Spoilt status(Dialect::v2_0, "MdsReintRename");
  status.reply().body.status = -17;
  REQUIRE(status.different());
}

TEST_CASE("Rules: a lookup may give a lock or not") {
  Spoilt reply(Dialect::v2_0, "LdlmEnqueueIntentLookup", 301);
  reply.reply().body.status = 0;
  REQUIRE_FALSE(reply.different());
  reply.reply().body.status = -108;
  REQUIRE(reply.different());
}

}  // namespace suites
