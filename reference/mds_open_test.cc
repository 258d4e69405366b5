#include <catch2/catch.hpp>
#include <cerrno>

#include "reference/mds_probe.h"

using namespace reference;
using namespace reference::mds_probe;

namespace {

constexpr Fid kFile{kFidSeqNormal, 1, 0};
constexpr uint32_t kCreate = open_flag::kCreat | open_flag::kFmodeRead;

using Open = v20::LdlmEnqueueIntentOpen;

}  // namespace

TEST_CASE("2.0: an open that creates has a transno, a handle, no lock", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const auto said = alice.call<Open>(open_20(root_of(server), "f", kFile, kCreate));

  REQUIRE(said.status() == 301);
  REQUIRE(said.transno() != 0);
  REQUIRE(said.reply().lock.lock_policy_res2 == 0);
  REQUIRE(said.reply().lock.lock_policy_res1 ==
          (disposition::kItExecd | disposition::kLookupExecd | disposition::kLookupNeg |
           disposition::kOpenCreate | disposition::kOpenOpen));
  REQUIRE(fid_in(said.reply().body.fid1) == kFile);
  REQUIRE(server.mds.opens().find(said.reply().body.handle.cookie) != nullptr);
}

TEST_CASE("2.0: an open of what is there has a transno too", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  alice.call<Open>(open_20(root_of(server), "f", kFile, kCreate));
  const auto said = alice.call<Open>(open_20(root_of(server), "f", {}, open_flag::kFmodeRead));
  REQUIRE(said.transno() != 0);
  REQUIRE(server.mds.opens().size() == 2);
}

TEST_CASE("2.0: exclusive creation refuses what is there", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  alice.call<Open>(open_20(root_of(server), "f", kFile, kCreate));
  const auto said = alice.call<Open>(
      open_20(root_of(server), "f", {kFidSeqNormal, 2, 0}, kCreate | open_flag::kExcl));
  REQUIRE(said.reply().lock.lock_policy_res2 == -EEXIST);
  REQUIRE(said.transno() == 0);
}

TEST_CASE("2.0: open flags of zero are a protocol error", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  REQUIRE(alice.call<Open>(open_20(root_of(server), "f", kFile, 0)).status() == -EPROTO);
}

TEST_CASE("2.0: a resent open gets the handle it had", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const auto request = open_20(root_of(server), "f", kFile, kCreate | open_flag::kExcl);
  const auto first = alice.call<Open>(request);
  const auto again =
      alice.call<Open>(request, {.flags = msg_flag::kResent, .transno = 0, .xid = first.xid});
  REQUIRE(again.reply().lock.lock_policy_res2 == 0);
  REQUIRE(again.reply().body.handle == first.reply().body.handle);
  REQUIRE(again.transno() == first.transno());
  REQUIRE(server.mds.opens().size() == 1);
}

TEST_CASE("2.0: an OPEN lock is given to who asks for one", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const auto said =
      alice.call<Open>(open_20(root_of(server), "f", kFile, kCreate | open_flag::kLock));
  REQUIRE(said.status() == 0);
  REQUIRE((said.reply().lock.lock_policy_res1 & disposition::kOpenLock) != 0);
  REQUIRE(said.reply().lock.lock_desc.granted_mode == lock_mode::kCr);
}

TEST_CASE("Closing an unknown handle is stale", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const auto said = alice.call<v20::MdsClose>(close_20(12345));
  REQUIRE(said.status() == -ESTALE);
  REQUIRE(said.transno() == 0);
}

TEST_CASE("A close has a transno and takes the handle away", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const auto open = alice.call<Open>(open_20(root_of(server), "f", kFile, kCreate));
  const auto said = alice.call<v20::MdsClose>(close_20(open.reply().body.handle.cookie));
  REQUIRE(said.status() == 0);
  REQUIRE(said.transno() > open.transno());
  REQUIRE(server.mds.opens().size() == 0);
}

TEST_CASE("Another client's handle cannot be closed", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice"), bob(server, kBob, "bob");
  const auto open = alice.call<Open>(open_20(root_of(server), "f", kFile, kCreate));
  REQUIRE(bob.call<v20::MdsClose>(close_20(open.reply().body.handle.cookie)).status() == -ESTALE);
  REQUIRE(server.mds.opens().size() == 1);
}

TEST_CASE("A file that is open lives on without a name until the last close", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice"), bob(server, kBob, "bob");
  const auto open = alice.call<Open>(open_20(root_of(server), "f", kFile, kCreate));
  const auto unlinked = bob.call<v20::MdsReintUnlink>(unlink_20(root_of(server), "f"));
  REQUIRE(unlinked.status() == 0);
  REQUIRE(server.mds.files().find(kFile) != nullptr);
  alice.call<v20::MdsClose>(close_20(open.reply().body.handle.cookie));
  REQUIRE(server.mds.files().find(kFile) == nullptr);
  REQUIRE(server.mds.files().orphans().empty());
}

TEST_CASE("Writers and executors exclude each other", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const auto text = open_20(root_of(server), "f", kFile, kCreate);
  alice.call<Open>(text);
  const auto runs = alice.call<Open>(open_20(root_of(server), "f", {}, open_flag::kFmodeExec));
  REQUIRE(runs.reply().lock.lock_policy_res2 == 0);
  const auto writes = alice.call<Open>(
      open_20(root_of(server), "f", {}, open_flag::kFmodeWrite | open_flag::kDelayCreate));
  REQUIRE(writes.reply().lock.lock_policy_res2 == -ETXTBSY);
}

TEST_CASE("2.0: an uncommitted open is made again by its replay, and closes by either handle",
          "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  server.hold_commits = true;
  auto request = open_20(root_of(server), "f", kFile, kCreate);
  const auto first = alice.call<Open>(request);
  const uint64_t old_handle = first.reply().body.handle.cookie;
  server.crash_and_restart();
  REQUIRE(server.mds.files().find(kFile) == nullptr);

  alice.connect();
  request.record.old_handle.cookie = old_handle;
  const auto replayed = alice.call<Open>(request, {.flags = msg_flag::kReplay,
                                                   .transno = first.transno(),
                                                   .xid = first.xid,
                                                   .versions = first.message->body().pre_versions});
  REQUIRE(replayed.transno() == first.transno());
  REQUIRE(replayed.reply().lock.lock_policy_res2 == 0);
  REQUIRE(server.mds.files().find(kFile) != nullptr);
  REQUIRE(replayed.reply().body.handle.cookie != old_handle);
  const auto closed = alice.call<v20::MdsClose>(
      close_20(old_handle), {.flags = msg_flag::kReplay, .transno = first.transno() + 1});
  REQUIRE(closed.status() == 0);
}

TEST_CASE("2.0: a committed open is opened again by FID", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  auto request = open_20(root_of(server), "f", kFile, kCreate);
  const auto first = alice.call<Open>(request);
  server.crash_and_restart();
  alice.connect();
  request.record.old_handle.cookie = first.reply().body.handle.cookie;
  const auto replayed = alice.call<Open>(
      request, {.flags = msg_flag::kReplay, .transno = first.transno(), .xid = first.xid});
  REQUIRE(replayed.reply().lock.lock_policy_res2 == 0);
  REQUIRE(server.mds.opens().size() == 1);
}

TEST_CASE("The planted defect loses the handle of a replayed open", "[mds open]") {
  Config config = config_of(Dialect::v2_0);
  config.defects = Defect::open_handle_lost_over_failover;
  Server server(config);
  Client alice(server, kAlice, "alice");
  const auto request = open_20(root_of(server), "f", kFile, kCreate);
  const auto first = alice.call<Open>(request);
  server.crash_and_restart();
  alice.connect();
  alice.call<Open>(request,
                   {.flags = msg_flag::kReplay, .transno = first.transno(), .xid = first.xid});
  REQUIRE(server.mds.opens().size() == 0);
}

TEST_CASE("Orphans of clients that do not come back go when recovery ends", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice"), bob(server, kBob, "bob");
  alice.call<Open>(open_20(root_of(server), "f", kFile, kCreate));
  bob.call<v20::MdsReintUnlink>(unlink_20(root_of(server), "f"));
  server.crash_and_restart();
  REQUIRE(server.mds.files().orphans().size() == 1);
  server.step(Asked{1, AbortRecovery{}});
  server.settle();
  REQUIRE(server.mds.files().orphans().empty());
  REQUIRE(server.mds.files().find(kFile) == nullptr);
}

TEST_CASE("An evicted client's files are closed", "[mds open]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  alice.call<Open>(open_20(root_of(server), "f", kFile, kCreate));
  server.step(Asked{1, Evict{"alice"}});
  server.settle();
  REQUIRE(server.mds.opens().size() == 0);
}
