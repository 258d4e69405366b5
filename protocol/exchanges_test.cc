// Real requests against the operations of the schema: each is identified, decoded and encoded back
// to the same bytes. protocol/testdata/README.md says where they come from.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "protocol/mds.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"

namespace protocol {
namespace {

struct Exchange {
  uint32_t request_portal;
  Message request;
  uint32_t reply_portal;
  Message reply;
};

// The next portal and message of the file.
std::pair<uint32_t, Message> take(Bytes& rest) {
  const uint32_t portal = *decode<uint32_t>(rest.view());
  const uint32_t length = *decode<uint32_t>(rest.view().subspan(4));
  auto message = Message::parse(rest.slice(8, length));
  REQUIRE(message);
  rest = rest.slice(8 + length);
  return {portal, *std::move(message)};
}

std::vector<Exchange> read_exchanges(const std::string& name) {
  std::ifstream file(ASSAY_TESTDATA "/" + name, std::ios::binary);
  Bytes rest(std::vector<uint8_t>{std::istreambuf_iterator<char>(file), {}});
  std::vector<Exchange> out;
  while (!rest.empty()) {
    auto [request_portal, request] = take(rest);
    auto [reply_portal, reply] = take(rest);
    out.push_back({request_portal, std::move(request), reply_portal, std::move(reply)});
  }
  REQUIRE(out.size() > 40);
  return out;
}

bool expects(uint32_t schema, uint32_t alternative, uint32_t found) {
  return schema == 0 || schema == found || (alternative != 0 && alternative == found);
}

// The same message made anew from what its buffers mean.
std::expected<Bytes, WireError> rebuilt(const Message& message, const DirectionInfo& direction) {
  MessageBuilder builder(message.body(), message.header().flags, message.header().secflvr,
                         message.header().repsize, message.body_length());
  builder.header().cksum = message.header().cksum;
  if (const auto error = direction.recode(message, builder)) return std::unexpected(*error);
  return builder.finish();
}

// The buffers up to the last that is not empty: the probe added empty ones to some replies.
std::vector<Bytes> filled_buffers(const Message& message) {
  std::vector<Bytes> out;
  for (uint32_t i = 0; i < message.buffer_count(); ++i) out.emplace_back(message.buffer(i));
  while (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

void check_requests(Dialect dialect, const std::string& file) {
  for (const Exchange& exchange : read_exchanges(file)) {
    const OperationInfo* operation = identify(dialect, exchange.request);
    REQUIRE(operation != nullptr);
    INFO(operation->type);
    REQUIRE(
        expects(operation->request_portal, operation->alt_request_portal, exchange.request_portal));
    REQUIRE(expects(operation->reply_portal, 0, exchange.reply_portal));
    REQUIRE(exchange.request.body().version == operation->version);
    const auto again = rebuilt(exchange.request, operation->request);
    INFO((again ? "decoded" : again.error().text()));
    REQUIRE(again);
    REQUIRE(*again == exchange.request.bytes());
  }
}

void check_replies(Dialect dialect, const std::string& file) {
  for (const Exchange& exchange : read_exchanges(file)) {
    const OperationInfo* operation = identify(dialect, exchange.request);
    REQUIRE(operation != nullptr);
    INFO(operation->type);
    const auto again = rebuilt(exchange.reply, operation->reply);
    INFO((again ? "decoded" : again.error().text()));
    REQUIRE(again);
    const auto second = Message::parse(*again);
    REQUIRE(second);
    REQUIRE(filled_buffers(*second) == filled_buffers(exchange.reply));
  }
}

std::map<std::string, int> count_types(Dialect dialect, const std::string& file) {
  std::map<std::string, int> out;
  for (const Exchange& exchange : read_exchanges(file)) {
    ++out[std::string(identify(dialect, exchange.request)->type)];
  }
  return out;
}

const std::string kOld = "client-1.8.9.exchanges";
const std::string kNew = "client-2.0.0.exchanges";

}  // namespace

TEST_CASE("Exchanges: requests of a 1.8.9 client are encoded back to their bytes") {
  check_requests(Dialect::v1_8, kOld);
}

TEST_CASE("Exchanges: requests of a 2.0.0 client are encoded back to their bytes") {
  check_requests(Dialect::v2_0, kNew);
}

TEST_CASE("Exchanges: the replies that a 1.8.9 client accepted are decoded") {
  check_replies(Dialect::v1_8, kOld);
}

TEST_CASE("Exchanges: the replies that a 2.0.0 client accepted are decoded") {
  check_replies(Dialect::v2_0, kNew);
}

TEST_CASE("Exchanges: variants of one opcode are told apart") {
  const auto old_types = count_types(Dialect::v1_8, kOld);
  const auto new_types = count_types(Dialect::v2_0, kNew);
  for (const auto* types : {&old_types, &new_types}) {
    for (const char* type :
         {"MdsReintSetattr", "MdsReintCreate", "MdsReintLink", "MdsReintUnlink", "MdsReintRename",
          "LdlmEnqueueExtent", "LdlmEnqueueIbits", "LdlmEnqueueIntentOpen",
          "LdlmEnqueueIntentLookup", "OstRead", "OstWrite", "MdsClose"}) {
      INFO(type);
      REQUIRE(types->contains(type));
    }
    CHECK_FALSE(types->contains("LdlmEnqueue"));
  }
}

TEST_CASE("Exchanges: a request of one dialect is not taken for the other's") {
  for (const Exchange& exchange : read_exchanges(kNew)) {
    const OperationInfo* operation = identify(Dialect::v1_8, exchange.request);
    if (operation == nullptr || std::string_view(operation->type) != "MdsReintUnlink") continue;
    const auto again = rebuilt(exchange.request, operation->request);
    REQUIRE((!again || *again != exchange.request.bytes()));
  }
}

TEST_CASE("Exchanges: what a 1.8.9 client says on its first connect") {
  const Exchange first = read_exchanges(kOld).front();
  const auto request = operations_1_8::MgsConnect::Request::decode(first.request);
  REQUIRE(request);
  REQUIRE(request->target_uuid == "MGS");
  REQUIRE(request->client_uuid == "c044cfa7-c3a9-e823-8003-3dbd299496dc");
  REQUIRE(request->connect_data.version == 0x01080900);
  REQUIRE(request->connect_data.connect_flags ==
          (ptlrpc::connect_flag::kVersion | ptlrpc::connect_flag::kAcl | ptlrpc::connect_flag::kAt |
           ptlrpc::connect_flag::kVbr));
}

TEST_CASE("Exchanges: what a 2.0.0 client wants of a write") {
  for (const Exchange& exchange : read_exchanges(kNew)) {
    if (exchange.request.body().opc != ptlrpc::opcode::kOstWrite) continue;
    const auto request = operations_2_0::OstWrite::Request::decode(exchange.request);
    REQUIRE(request);
    REQUIRE(request->ioobj.bufcnt == request->niobufs.size());
    REQUIRE(request->ioobj.type == 0x8000);
    REQUIRE((request->body.oa.valid & mds::valid::kGroup) != 0);
    REQUIRE((request->niobufs[0].flags & ost::brw_flag::kSrvlock) != 0);
    return;
  }
  FAIL("no write");
}

}  // namespace protocol
