// The rules by which buffers come, go and are measured, on the operations that need them.
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "protocol/mds.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"

namespace protocol {
namespace {

namespace v1_8 = operations_1_8;
namespace v2_0 = operations_2_0;

template <class T>
Message sent(const T& value, uint32_t opcode) {
  MessageBuilder builder(ptlrpc::PtlrpcBody{.opc = opcode});
  value.encode(builder);
  auto message = Message::parse(builder.finish());
  REQUIRE(message);
  return *std::move(message);
}

// A message of these buffers, whoever may have made it so.
Message made_of(const std::vector<std::vector<uint8_t>>& buffers, uint32_t opcode) {
  MessageBuilder builder(ptlrpc::PtlrpcBody{.opc = opcode});
  for (const auto& buffer : buffers) builder.add(ByteView(buffer));
  auto message = Message::parse(builder.finish());
  REQUIRE(message);
  return *std::move(message);
}

std::vector<size_t> lengths(const Message& message) {
  std::vector<size_t> out;
  for (uint32_t i = 1; i < message.buffer_count(); ++i) out.push_back(message.buffer(i).size());
  return out;
}

const std::vector<uint8_t> kEa(56, 0xea);
const std::vector<uint8_t> kAcl(28, 0xac);

}  // namespace

TEST_CASE("Operations: 1.8 moves the ACL into the place of a missing EA") {
  v1_8::MdsGetattr::Reply reply;
  reply.body.aclsize = 28;
  reply.acl = kAcl;
  const Message message = sent(reply, 33);
  REQUIRE(lengths(message) == std::vector<size_t>{168, 28, 0});
  const auto decoded = v1_8::MdsGetattr::Reply::decode(message);
  REQUIRE(decoded);
  REQUIRE(decoded->md.empty());
  REQUIRE(std::ranges::equal(decoded->acl, kAcl));
}

TEST_CASE("Operations: 1.8 keeps the ACL behind an EA") {
  v1_8::MdsGetattr::Reply reply;
  reply.body.valid = mds::valid::kEaSize;
  reply.body.aclsize = 28;
  reply.md = kEa;
  reply.acl = kAcl;
  const Message message = sent(reply, 33);
  REQUIRE(lengths(message) == std::vector<size_t>{168, 56, 28});
  const auto decoded = v1_8::MdsGetattr::Reply::decode(message);
  REQUIRE(decoded);
  REQUIRE(std::ranges::equal(decoded->md, kEa));
  REQUIRE(std::ranges::equal(decoded->acl, kAcl));
}

TEST_CASE("Operations: in an intent's reply the second struct says what is there") {
  v1_8::LdlmEnqueueIntentLookup::Reply reply;
  reply.body.aclsize = 28;
  reply.acl = kAcl;
  const Message message = sent(reply, 101);
  REQUIRE(lengths(message) == std::vector<size_t>{112, 168, 28, 0});
  const auto decoded = v1_8::LdlmEnqueueIntentLookup::Reply::decode(message);
  REQUIRE(decoded);
  REQUIRE(std::ranges::equal(decoded->acl, kAcl));
}

TEST_CASE("Operations: 2.0 leaves every buffer in its place") {
  v2_0::MdsGetattr::Reply reply;
  reply.acl = kAcl;
  const Message message = sent(reply, 33);
  REQUIRE(lengths(message) == std::vector<size_t>{216, 0, 28, 0, 0});
  const auto decoded = v2_0::MdsGetattr::Reply::decode(message);
  REQUIRE(decoded);
  REQUIRE(std::ranges::equal(decoded->acl, kAcl));
}

TEST_CASE("Operations: a 1.8 client sends the longer body of 2.0") {
  REQUIRE(lengths(sent(v1_8::MdsGetattr::Request{}, 33)) == std::vector<size_t>{216});
  REQUIRE(v1_8::MdsGetattr::Request::decode(made_of({std::vector<uint8_t>(168)}, 33)));
  REQUIRE(v1_8::MdsGetattr::Request::decode(made_of({std::vector<uint8_t>(500)}, 33)));
  const auto refused = v1_8::MdsGetattr::Request::decode(made_of({std::vector<uint8_t>(167)}, 33));
  REQUIRE_FALSE(refused);
  REQUIRE(refused.error().field == "body");
  REQUIRE(refused.error().allowed == 168);
}

TEST_CASE("Operations: early cancels beyond two lengthen the request") {
  const std::vector<uint8_t> more = {1, 2, 3, 4, 5, 6, 7, 8};
  v2_0::MdsReintUnlink::Request request;
  request.name = "f";
  request.elc = ldlm::LdlmRequest{.lock_count = 3};
  request.elc_more_handles = {more, ByteOrder::little};
  const Message message = sent(request, 36);
  REQUIRE(lengths(message) == std::vector<size_t>{136, 0, 2, 112});
  const auto decoded = v2_0::MdsReintUnlink::Request::decode(message);
  REQUIRE(decoded);
  REQUIRE(decoded->elc->lock_count == 3);
  REQUIRE(decoded->elc_more_handles.size() == 1);
  REQUIRE(decoded->elc_more_handles[0].cookie == 0x0807060504030201);
}

TEST_CASE("Operations: early cancels may be missing") {
  v1_8::MdsReintLink::Request request;
  request.name = "f";
  const Message message = sent(request, 36);
  REQUIRE(lengths(message) == std::vector<size_t>{80, 2});
  REQUIRE_FALSE(v1_8::MdsReintLink::Request::decode(message)->elc);
}

TEST_CASE("Operations: an empty buffer keeps the place before early cancels") {
  v1_8::MdsReintCreate::Request request;
  request.name = "d";
  request.elc = ldlm::LdlmRequest{};
  REQUIRE(lengths(sent(request, 36)) == std::vector<size_t>{96, 2, 0, 104});
  request.elc.reset();
  REQUIRE(lengths(sent(request, 36)) == std::vector<size_t>{96, 2});
}

TEST_CASE("Operations: a name must fill its buffer up to the NUL") {
  const std::vector<uint8_t> body(216);
  // The name that is read, or "refused".
  const auto read = [&body](const std::vector<uint8_t>& name) -> std::string {
    const Message message = made_of({body, name}, 34);
    const auto request = v1_8::MdsGetattrName::Request::decode(message);
    return request ? std::string(request->name) : "refused";
  };
  REQUIRE(read({'f', 0}) == "f");
  REQUIRE(read({'f'}) == "refused");
  REQUIRE(read({'f', 0, 0}) == "refused");
  REQUIRE(read({}) == "refused");
}

TEST_CASE("Operations: a uuid needs a NUL somewhere, and is sent at full length") {
  REQUIRE(lengths(sent(v1_8::OstConnect::Request{}, 8)) == std::vector<size_t>{40, 40, 8, 72});
  REQUIRE(lengths(sent(v2_0::OstConnect::Request{}, 8)) == std::vector<size_t>{39, 39, 8, 72});
  const std::vector<uint8_t> rest(72), handle(8), uuid = {'u', 0, 'x'}, endless(40, 'u');
  REQUIRE(v2_0::OstConnect::Request::decode(made_of({uuid, uuid, handle, rest}, 8)));
  REQUIRE_FALSE(v2_0::OstConnect::Request::decode(made_of({uuid, endless, handle, rest}, 8)));
}

TEST_CASE("Operations: 2.0 wants whole niobufs, 1.8 leaves a rest alone") {
  const std::vector<uint8_t> body(208), ioobj(24), niobufs(20);
  REQUIRE(v1_8::OstRead::Request::decode(made_of({body, ioobj, niobufs}, 3))->niobufs.size() == 1);
  REQUIRE_FALSE(v2_0::OstRead::Request::decode(made_of({body, ioobj, niobufs}, 3)));
}

TEST_CASE("Operations: 1.8.9 leaves out the capability of a 2.0 request to an OST") {
  const std::vector<uint8_t> body(208);
  const auto decoded = v2_0::OstPunch::Request::decode(made_of({body}, 10));
  REQUIRE(decoded);
  REQUIRE_FALSE(decoded->capa);
}

TEST_CASE("Operations: each is found by what tells it from its like") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    std::set<std::string_view> names;
    for (const OperationInfo* operation : operations(dialect)) {
      INFO(operation->type);
      REQUIRE(names.insert(operation->name).second);
      REQUIRE(find(dialect, operation->opcode) != nullptr);
      if (operation->selector == Selector::key || operation->type == "MdsReintSymlink") continue;
      REQUIRE(find(dialect, operation->opcode, operation->selector, operation->discriminator) ==
              operation);
    }
    REQUIRE(find(dialect, 101, Selector::intent, 3)->type == "LdlmEnqueueIntentOpen");
    REQUIRE(find(dialect, 54) == nullptr);
  }
}

TEST_CASE("Operations: every version has its service's half and the message's") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    for (const OperationInfo* operation : operations(dialect)) {
      INFO(operation->type);
      REQUIRE((operation->version & 0xffff) == ptlrpc::msg_version::kV3);
      REQUIRE(operation->version >> 16 >= 1);
      REQUIRE(operation->version >> 16 <= 6);
    }
  }
}

}  // namespace protocol
