// The lock on a name's file, as a scripted client holds it.
#include <optional>
#include <ranges>

#include "protocol/ldlm.h"
#include "protocol/mds.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/peer.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace ldlm = protocol::ldlm;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
using harness::kMds;

constexpr uint64_t kFirstHandle = 0x10c4;

ldlm::LdlmResId resource_of(const protocol::fid::LlFid& fid) {
  return {.name = {fid.id, fid.generation, 0, 0}};
}
ldlm::LdlmResId resource_of(const protocol::fid::LuFid& fid) {
  return {.name = {fid.seq, fid.oid, fid.ver, 0}};
}

// A lock by the handles that the server and the peer know it by.
struct Held {
  uint64_t at_server = 0;
  uint64_t at_peer = 0;
};

// Looks a name up with a LOOKUP lock on what it names, which the peer knows by the handle.
template <class Lookup, class Fid>
std::optional<typename Lookup::Reply> look_up_in(Peer& peer, const Fid& parent,
                                                 std::string_view name, uint64_t handle) {
  typename Lookup::Request request;
  request.lock.lock_flags = ldlm::lock_flag::kHasIntent;
  request.lock.lock_desc = {
      .resource = {.type = ldlm::lock_type::kIbits, .name = resource_of(parent)},
      .req_mode = ldlm::lock_mode::kCr};
  protocol::set_overlay(request.lock.lock_desc.policy_data,
                        ldlm::LdlmInodebits{.bits = ldlm::inodebit::kLookup});
  request.lock.lock_handle[0] = {handle};
  request.intent.opc = ldlm::intent_op::kLookup;
  request.body.fid1 = parent;
  request.body.valid = protocol::mds::valid::kId;
  request.name = name;
  const Answer answer = peer.ask<Lookup>(kMds, request);
  const auto found = Lookup::Reply::decode(answer.message);
  EXPECT_TRUE(found) << "the intent's answer";
  if (!found) return std::nullopt;
  EXPECT_EQ(answer.status(), 0) << "no lock was given on " << name;
  return *found;
}

// The LOOKUP lock on what an absolute path names.
template <class Getstatus, class Lookup>
Held look_up(Peer& peer, std::string_view path) {
  const Answer status = peer.ask<Getstatus>(kMds, {});
  const auto root = Getstatus::Reply::decode(status.message);
  EXPECT_TRUE(root) << "GETSTATUS";
  if (!root) return {};
  auto at = root->body.fid1;
  Held held{.at_peer = kFirstHandle};
  for (const auto part : std::views::split(path, '/')) {
    if (part.empty()) continue;
    const auto found = look_up_in<Lookup>(peer, at, std::string_view(part), ++held.at_peer);
    if (!found) return {};
    at = found->body.fid1;
    held.at_server = found->lock.lock_handle.cookie;
  }
  return held;
}

const Case kCases[] = {
    {.id = "locks.10",
     .requirement = "LOCK-2",
     .sentence = "A rename calls back the lookup locks on the file that it renames",
     .source = "semantics 3.1, 3.4",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/f"), 0);
           Peer& peer = c.peer();
           peer.connect(kMds);
           const bool old = c.dialect() == Dialect::v1_8;
           const std::string path = c.world().root() + "/f";
           const Held lock =
               old ? look_up<v1_8::MdsGetstatus, v1_8::LdlmEnqueueIntentLookup>(peer, path)
                   : look_up<v2_0::MdsGetstatus, v2_0::LdlmEnqueueIntentLookup>(peer, path);
           EXPECT_NE(lock.at_server, 0u);
           Pending rename =
               a.begin({.kind = harness::Syscall::Kind::rename, .path = "/f", .target = "/g"});

           const auto call = peer.next("a blocking callback");
           const auto message = protocol::Message::parse(call.payload);
           ASSERT_TRUE(message);
           EXPECT_EQ(message->body().opc, protocol::ptlrpc::opcode::kLdlmBlCallback);
           const auto asked = v2_0::LdlmBlCallback::Request::decode(*message);
           ASSERT_TRUE(asked);
           EXPECT_EQ(asked->lock.lock_handle[0].cookie, lock.at_peer);
           peer.send<v2_0::LdlmCancel>(
               kMds, {.lock = {.lock_count = 1, .lock_handle = {{{lock.at_server}}}}});
           EXPECT_EQ(rename.status(), 0);
         }},
};

}  // namespace

std::span<const Case> lookup_lock_cases() { return kCases; }

}  // namespace suites
