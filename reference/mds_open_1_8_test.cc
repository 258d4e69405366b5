#include <catch2/catch.hpp>
#include <cerrno>

#include "reference/layout.h"
#include "reference/mds_probe.h"

using namespace reference;
using namespace reference::mds_probe;

namespace {

using Open = v18::LdlmEnqueueIntentOpen;
constexpr uint32_t kCreate = open_flag::kCreat | open_flag::kFmodeRead;

Open::Request open_18(std::string_view name, uint32_t flags) {
  Open::Request request;
  request.lock.lock_desc.resource.type = lock_type::kIbits;
  request.lock.lock_desc.req_mode = lock_mode::kCw;
  request.lock.lock_desc.policy_data.start = 1;
  request.lock.lock_flags = lock_flag::kHasIntent;
  request.lock.lock_handle[0].cookie = 0x1000;
  request.intent.opc = intent_op::kOpen | (flags & open_flag::kCreat ? intent_op::kCreat : 0);
  request.record.opcode = 6;
  request.record.fid.id = kRootInode;
  request.record.flags = flags;
  request.record.mode = 0100644;
  request.name = name;
  return request;
}

v18::MdsReintUnlink::Request unlink_18(std::string_view name) {
  v18::MdsReintUnlink::Request request;
  request.record.opcode = 4;
  request.record.fid1.id = kRootInode;
  request.name = name;
  return request;
}

Bytes one_stripe() {
  return encode_layout({.object_id = 0,
                        .object_seq = 0,
                        .stripe_size = 1u << 20,
                        .pool = {},
                        .stripes = {{55, 0, 0, 0}}});
}

}  // namespace

TEST_CASE("1.8: an open creates; the file is an inode and its generation", "[mds open 1.8]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");
  const auto said = alice.call<Open>(open_18("f", kCreate));
  REQUIRE(said.transno() != 0);
  REQUIRE(said.reply().lock.lock_policy_res2 == 0);
  REQUIRE(said.reply().body.fid1.id == kRootInode + 1);
  REQUIRE(said.reply().body.fid1.f_type == 0100000);
  REQUIRE(said.reply().body.handle.cookie != 0);

  v18::MdsClose::Request close;
  close.body.handle = said.reply().body.handle;
  const auto closed = alice.call<v18::MdsClose>(close);
  REQUIRE(closed.status() == 0);
  REQUIRE((closed.reply().body.valid & valid::kEaSize) == 0);
}

TEST_CASE("1.8: a replay FID in an open that is no replay is a fault", "[mds open 1.8]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");
  auto request = open_18("f", kCreate);
  request.record.replayfid.id = 30000;
  REQUIRE(alice.call<Open>(request).status() == -EFAULT);
}

TEST_CASE("1.8: a replayed create gets the inode number it had", "[mds open 1.8]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");
  server.hold_commits = true;
  auto request = open_18("f", kCreate);
  const auto first = alice.call<Open>(request);
  server.crash_and_restart();
  alice.connect();
  request.record.replayfid = first.reply().body.fid1;
  const auto replayed = alice.call<Open>(request, {.flags = msg_flag::kReplay,
                                                   .transno = first.transno(),
                                                   .xid = first.xid,
                                                   .versions = first.message->body().pre_versions});
  REQUIRE(replayed.reply().lock.lock_policy_res2 == 0);
  REQUIRE(replayed.reply().body.fid1 == first.reply().body.fid1);
  REQUIRE(replayed.transno() == first.transno());
}

TEST_CASE("1.8: the last unlink brings the layout and a cookie for each object", "[mds open 1.8]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");
  const Bytes layout = one_stripe();
  auto request = open_18("f", kCreate | open_flag::kHasObjs);
  request.eadata = layout.view();
  const auto open = alice.call<Open>(request);
  REQUIRE(open.reply().md.size() == layout.size());
  v18::MdsClose::Request close;
  close.body.handle = open.reply().body.handle;
  alice.call<v18::MdsClose>(close);

  const auto said = alice.call<v18::MdsReintUnlink>(unlink_18("f"));
  REQUIRE(said.status() == 0);
  REQUIRE((said.reply().body.valid & valid::kEaSize) != 0);
  REQUIRE(said.reply().md.size() == layout.size());
  REQUIRE(said.reply().logcookies.size() == 32);
}

TEST_CASE("1.8: the unlink of an open file brings nothing, its close does", "[mds open 1.8]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");
  const Bytes layout = one_stripe();
  auto request = open_18("f", kCreate | open_flag::kHasObjs);
  request.eadata = layout.view();
  const auto open = alice.call<Open>(request);
  const auto unlinked = alice.call<v18::MdsReintUnlink>(unlink_18("f"));
  REQUIRE((unlinked.reply().body.valid & valid::kEaSize) == 0);
  v18::MdsClose::Request close;
  close.body.handle = open.reply().body.handle;
  const auto closed = alice.call<v18::MdsClose>(close);
  REQUIRE(closed.reply().md.size() == layout.size());
}

TEST_CASE("1.8: a file that needs objects and finds no OST cannot be made", "[mds open 1.8]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");
  const auto said = alice.call<Open>(open_18("f", kCreate | open_flag::kFmodeWrite));
  REQUIRE(said.reply().lock.lock_policy_res2 == -EIO);
  REQUIRE(said.transno() == 0);
}

TEST_CASE("1.8: the intent unlink is a fault, setxattr has an opcode", "[mds open 1.8]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");
  auto request = open_18("f", kCreate);
  request.intent.opc = intent_op::kUnlink;
  REQUIRE(alice.call<Open>(request).status() == -EFAULT);

  v18::MdsSetxattr::Request set;
  set.body.fid1.id = kRootInode;
  set.body.valid = valid::kXattr;
  set.name = "user.a";
  set.value = protocol::as_bytes("b");
  REQUIRE(alice.call<v18::MdsSetxattr>(set).status() == 0);
}
