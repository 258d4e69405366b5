#include "reference/mds.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "reference/digest.h"
#include "reference/mds_probe.h"

using namespace reference;
using namespace reference::mds_probe;

TEST_CASE("2.0: the root is told, and its attributes", "[mds]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");

  const auto status = alice.call<v20::MdsGetstatus>({});
  REQUIRE(status.status() == 0);
  const Fid root = fid_in(status.reply().body.fid1);
  REQUIRE(is_igif(root));
  REQUIRE((status.reply().body.valid & valid::kId) != 0);

  v20::MdsGetattr::Request getattr;
  getattr.body.valid = valid::kId | valid::kMode;
  getattr.body.fid1 = lu(root);
  const auto said = alice.call<v20::MdsGetattr>(getattr);
  REQUIRE(said.status() == 0);
  REQUIRE(said.reply().body.mode == 0040755);
  REQUIRE(said.reply().body.nlink == 2);
  REQUIRE(said.transno() == 0);
}

TEST_CASE("2.0: a FID without its valid bit is no FID", "[mds]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  v20::MdsGetattr::Request getattr;
  getattr.body.fid1 = lu(root_of(server));
  REQUIRE(alice.call<v20::MdsGetattr>(getattr).status() == -EINVAL);
}

TEST_CASE("1.8: the root is an inode and its generation", "[mds]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");

  const auto said = alice.call<v18::MdsGetstatus>({});
  REQUIRE(said.status() == 0);
  const auto body = said.reply().body;
  REQUIRE(body.fid1.id == kRootInode);
  REQUIRE(body.fid1.generation == root_of(server).oid);

  v18::MdsGetattr::Request getattr;
  getattr.body.fid1 = body.fid1;
  const auto root = alice.call<v18::MdsGetattr>(getattr);
  REQUIRE(root.reply().body.mode == 0040755);
  REQUIRE(root.reply().body.ino == kRootInode);
}

TEST_CASE("2.0: a directory is made, found, and removed", "[mds]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Fid root = root_of(server), child{kFidSeqNormal, 1, 0};

  const auto made = alice.call<v20::MdsReintCreate>(mkdir_20(root, "d", child));
  REQUIRE(made.status() == 0);
  REQUIRE(made.transno() != 0);
  REQUIRE(fid_in(made.reply().body.fid1) == child);
  REQUIRE(alice.call<v20::MdsReintCreate>(mkdir_20(root, "d", {kFidSeqNormal, 2, 0})).status() ==
          -EEXIST);

  const auto found = alice.call<v20::LdlmEnqueueIntentGetattr>(getattr_20(root, "d", 77));
  REQUIRE(found.status() == 0);
  REQUIRE(found.reply().lock.lock_policy_res1 ==
          (disposition::kItExecd | disposition::kLookupExecd | disposition::kLookupPos));
  REQUIRE(found.reply().lock.lock_handle.cookie != 0);
  REQUIRE(found.reply().lock.lock_desc.resource.name.name[0] == child.seq);

  const auto removed = alice.call<v20::MdsReintUnlink>(unlink_20(root, "d", true));
  REQUIRE_FALSE(removed.message.has_value());  // alice's own lock is in the way
  REQUIRE(server.called_back.size() == 1);
  v20::LdlmCancel::Request cancel;
  cancel.lock.lock_count = 1;
  cancel.lock.lock_handle[0] = found.reply().lock.lock_handle;
  REQUIRE(alice.call<v20::LdlmCancel>(cancel).status() == 0);
  REQUIRE(alice.answer<v20::MdsReintUnlink>(removed.xid).status() == 0);
  REQUIRE(server.mds.files().find(child) == nullptr);
}

TEST_CASE("2.0: a name that is not there is a negative answer without a lock", "[mds]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const auto said =
      alice.call<v20::LdlmEnqueueIntentGetattr>(getattr_20(root_of(server), "nothing", 77));
  REQUIRE(said.status() == 301);
  REQUIRE(said.reply().lock.lock_policy_res2 == -ENOENT);
  REQUIRE((said.reply().lock.lock_policy_res1 & disposition::kLookupNeg) != 0);
  REQUIRE(said.reply().lock.lock_handle.cookie == 0);
}

TEST_CASE("2.0: a directory page is put before the reply", "[mds]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Fid root = root_of(server);
  alice.call<v20::MdsReintCreate>(mkdir_20(root, "d", {kFidSeqNormal, 1, 0}));

  server.endpoint(kAlice).post_sink(kServer, 14, alice.next_xid(), 4096);
  v20::MdsReadpage::Request request;
  request.body.valid = valid::kId;
  request.body.fid1 = lu(root);
  request.body.nlink = 4096;
  request.body.mode = 3;
  const auto said = alice.call<v20::MdsReadpage>(request);
  REQUIRE(said.status() == 0);
  const auto sunk = server.endpoint(kAlice).unpost(kServer, 14, said.xid);
  REQUIRE(sunk.arrived);
  REQUIRE(sunk.data.size() == 4096);
}

TEST_CASE("2.0: sequences are given once, also over a crash, and while nothing is committed",
          "[mds]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  v20::SeqQuery::Request request;
  request.op = 1;
  const auto first = alice.call<v20::SeqQuery>(request);
  REQUIRE(first.reply().range.start >= kFidSeqNormal);
  server.crash_and_restart();
  Client bob(server, kBob, "bob");
  alice.connect();
  server.step(Asked{1, AbortRecovery{}});
  server.settle();
  bob.connect();
  server.hold_commits = true;
  const auto second = bob.call<v20::SeqQuery>(request);
  REQUIRE(second.reply().range.start >= first.reply().range.end);
  server.crash_and_restart();
  Client carl(server, kAlice, "carl");
  server.step(Asked{1, AbortRecovery{}});
  server.settle();
  carl.connect();
  REQUIRE_FALSE(carl.call<v20::SeqQuery>(request).message);
  server.commit();
  server.settle();
  REQUIRE(carl.answer<v20::SeqQuery>(carl.next_xid() - 1).reply().range.start >=
          second.reply().range.end);
}

TEST_CASE("Opcodes of the other dialect are not known", "[mds]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");
  v20::SeqQuery::Request request;
  request.op = 1;
  REQUIRE(alice.call<v20::SeqQuery>(request).status() == -524);
}

TEST_CASE("A copy of the server is a server of its own", "[mds]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Mds before = server.mds;
  const uint64_t digest = digest_of(before);
  alice.call<v20::MdsReintCreate>(mkdir_20(root_of(server), "d", {kFidSeqNormal, 1, 0}));
  REQUIRE(digest_of(before) == digest);
  REQUIRE(digest_of(server.mds) != digest);
}
