#include "reference/endpoint.h"

#include <catch2/catch.hpp>

#include "protocol/codec.h"
#include "protocol/ptlrpc.h"

namespace reference {
namespace {

namespace lnet = protocol::lnet;
namespace portal = protocol::ptlrpc::portal;

constexpr uint64_t kXid = 0x4b3d3b0000001;

Config config_of(uint64_t nid) {
  Config config;
  config.self = {nid, kLnetPid};
  return config;
}
const Config kClient = config_of(0x20000c0a80a15);
const Config kServer = config_of(0x20000c0a80a01);

Bytes text(std::string_view words) { return Bytes(protocol::as_bytes(words)); }
const Bytes& sent(const Actions& out, size_t index = 0) {
  return std::get<Send>(out.at(index)).message;
}
lnet::LnetHdr header_of(const Bytes& message) {
  return protocol::decode<lnet::LnetHdr>(message.view()).value();
}

}  // namespace

TEST_CASE("a request crosses with its xid and no ACK wanted") {
  Actions out;
  Endpoint(kClient).send_request(kServer.self, portal::kMdsRequest, kXid, text("ping"), out);
  const lnet::LnetHdr header = header_of(sent(out));
  REQUIRE(header.type == 1);
  REQUIRE(header.payload_length == 4);
  REQUIRE(header.msg.match_bits == kXid);
  REQUIRE(header.msg.ack_wmd.object_cookie == ~uint64_t{0});

  Actions answer;
  const Incoming in = Endpoint(kServer).receive(kClient.self, sent(out), answer);
  const auto& request = std::get<RequestIn>(in);
  REQUIRE(request.portal == portal::kMdsRequest);
  REQUIRE(request.xid == kXid);
  REQUIRE(request.message == text("ping"));
  REQUIRE(answer.empty());
}

TEST_CASE("a bulk write is the server's GET and the client's REPLY") {
  Endpoint client(kClient), server(kServer);
  client.post_source(kServer.self, portal::kOstBulk, kXid, text("data"));
  Actions get, reply, rest;
  const uint64_t cookie = server.bulk_get(kClient.self, portal::kOstBulk, kXid, 4, get);
  client.receive(kServer.self, sent(get), reply);
  REQUIRE(header_of(sent(reply)).type == 3);
  const Incoming in = server.receive(kClient.self, sent(reply), rest);
  REQUIRE(std::get<BulkDone>(in).cookie == cookie);
  REQUIRE(std::get<BulkDone>(in).data == text("data"));
  Actions again;
  client.receive(kServer.self, sent(get), again);
  REQUIRE(again.empty());
}

TEST_CASE("a bulk read is the server's PUT and the client's ACK") {
  Endpoint client(kClient), server(kServer);
  client.post_sink(kServer.self, portal::kOstBulk, kXid, 8);
  Actions put, ack, rest;
  const uint64_t cookie = server.bulk_put(kClient.self, portal::kOstBulk, kXid, text("data"), put);
  client.receive(kServer.self, sent(put), ack);
  const Incoming in = server.receive(kClient.self, sent(ack), rest);
  REQUIRE(std::get<BulkDone>(in).cookie == cookie);
  REQUIRE(std::get<BulkDone>(in).length == 4);
  const Endpoint::Sunk sunk = client.unpost(kServer.self, portal::kOstBulk, kXid);
  REQUIRE(sunk.arrived);
  REQUIRE(sunk.data == text("data"));
}

TEST_CASE("bulk data that does not fit what was posted is dropped") {
  Endpoint client(kClient), server(kServer);
  client.post_sink(kServer.self, portal::kOstBulk, kXid, 3);
  Actions put, ack;
  server.bulk_put(kClient.self, portal::kOstBulk, kXid, text("data"), put);
  client.receive(kServer.self, sent(put), ack);
  REQUIRE(ack.empty());
  CHECK_FALSE(client.unpost(kServer.self, portal::kOstBulk, kXid).arrived);
}

TEST_CASE("a buffer is posted for one peer only") {
  Endpoint client(kClient), other(config_of(0x20000c0a80a63));
  client.post_source(kServer.self, portal::kOstBulk, kXid, text("data"));
  Actions get, reply;
  other.bulk_get(kClient.self, portal::kOstBulk, kXid, 4, get);
  client.receive(other.self(), sent(get), reply);
  REQUIRE(reply.empty());
}

TEST_CASE("a reply that wants it is acknowledged") {
  Endpoint client(kClient), server(kServer);
  Actions put, ack, rest;
  const uint64_t cookie =
      server.send_reply_acked(kClient.self, portal::kMdcReply, kXid, 192, text("reply"), put);
  const Incoming in = client.receive(kServer.self, sent(put), ack);
  REQUIRE(std::get<ReplyIn>(in).offset == 192);
  REQUIRE(std::get<BulkDone>(server.receive(kClient.self, sent(ack), rest)).cookie == cookie);
}

TEST_CASE("a message for another node closes the connection") {
  Actions out, answer;
  Endpoint(kClient).send_request(kServer.self, portal::kMdsRequest, kXid, text("ping"), out);
  Endpoint(config_of(0x20000c0a80a63)).receive(kClient.self, sent(out), answer);
  REQUIRE(answer.size() == 2);
  REQUIRE(std::get<Drop>(answer[0]).peer == kClient.self);
}

TEST_CASE("a message cut short closes the connection") {
  Actions out, answer;
  Endpoint(kClient).send_request(kServer.self, portal::kMdsRequest, kXid, text("ping"), out);
  Endpoint(kServer).receive(kClient.self, sent(out).slice(0, 74), answer);
  REQUIRE(std::holds_alternative<Drop>(answer.at(0)));
  Endpoint(kServer).receive(kClient.self, sent(out).slice(0, 20), answer);
  REQUIRE(answer.size() == 4);
}

TEST_CASE("transfers to a lost peer end") {
  Endpoint server(kServer);
  Actions out;
  const uint64_t cookie = server.bulk_get(kClient.self, portal::kOstBulk, kXid, 4, out);
  const std::vector<BulkDone> ended = server.lost(kClient.self);
  REQUIRE(ended.size() == 1);
  REQUIRE(ended[0].cookie == cookie);
  REQUIRE(ended[0].lost);
  REQUIRE(server.lost(kClient.self).empty());
}

}  // namespace reference
