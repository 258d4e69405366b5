// Recovery as the metadata server sees it: what replays find, who waits for a reply to be taken,
// what is left behind.

#include <catch2/catch.hpp>
#include <cerrno>

#include "reference/mds_probe.h"

using namespace reference;
using namespace reference::mds_probe;

namespace {

constexpr Fid kFile{kFidSeqNormal, 1, 0};
constexpr Fid kOther{kFidSeqNormal, 2, 0};
constexpr uint32_t kCreate = open_flag::kCreat | open_flag::kFmodeRead;

int64_t status_of(const Said<v20::LdlmEnqueueIntentOpen>& said) {
  return static_cast<int64_t>(said.reply().lock.lock_policy_res2);
}

// Two clients on a server with commits held back.
struct Held {
  explicit Held(DefectSet defects = {})
      : server([&] {
          Config config = config_of(Dialect::v2_0);
          config.defects = defects;
          return config;
        }()),
        alice(server, kAlice, "alice"),
        bob(server, kBob, "bob") {
    server.hold_commits = true;
  }
  void crash() {
    server.crash_and_restart();
    alice.connect();
    bob.connect();
  }
  Fid root() const { return root_of(server); }
  Server server;
  Client alice, bob;
};

}  // namespace

TEST_CASE("A replayed create whose name another file has by now is refused", "[mds recovery]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  alice.wish &= ~connect_flag::kVbr;
  alice.connect();
  const Fid root = root_of(server);
  alice.call<v20::LdlmEnqueueIntentOpen>(open_20(root, "f", kFile, kCreate));
  const auto replay = alice.call<v20::LdlmEnqueueIntentOpen>(
      open_20(root, "f", kOther, kCreate), {.flags = msg_flag::kReplay, .transno = 9});
  REQUIRE(status_of(replay) == -EEXIST);
}

TEST_CASE("A replay judges versions before it looks for what it would change", "[mds recovery]") {
  Held held;
  // The first transaction's number, 1, is also the version of what is not there.
  REQUIRE(held.alice.call<v20::MdsReintCreate>(mkdir_20(held.root(), "c", kOther)).status() == 0);
  const auto made = held.alice.call<v20::MdsReintCreate>(mkdir_20(held.root(), "d", kFile));
  REQUIRE(made.status() == 0);
  const auto removed = held.bob.call<v20::MdsReintUnlink>(unlink_20(held.root(), "d", true));
  REQUIRE(removed.status() == 0);
  held.server.crash_and_restart();
  held.bob.connect();
  held.server.fire(Service::kRecoveryTimer);  // without Alice
  const auto replay = held.bob.call<v20::MdsReintUnlink>(
      unlink_20(held.root(), "d", true), {.flags = msg_flag::kReplay,
                                          .transno = removed.transno(),
                                          .xid = removed.xid,
                                          .versions = removed.message->body().pre_versions});
  REQUIRE(replay.status() == -EOVERFLOW);
}

TEST_CASE("A create whose reply was lost finds its file by FID, not by name", "[mds recovery]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice"), bob(server, kBob, "bob");
  const Fid root = root_of(server);
  const auto made = alice.call<v20::MdsReintCreate>(mkdir_20(root, "d", kFile));
  v20::MdsReintRename::Request rename;
  rename.record.opcode = 5;
  rename.record.fid1 = rename.record.fid2 = lu(root);
  rename.old_name = "d";
  rename.new_name = "e";
  REQUIRE(bob.call<v20::MdsReintRename>(rename).status() == 0);
  REQUIRE(bob.call<v20::MdsReintCreate>(mkdir_20(root, "d", kOther)).status() == 0);
  const auto again = alice.call<v20::MdsReintCreate>(mkdir_20(root, "d", kFile),
                                                     {.flags = msg_flag::kResent, .xid = made.xid});
  REQUIRE(again.status() == 0);
  REQUIRE(fid_in(again.reply().body.fid1) == kFile);
}

TEST_CASE("Nobody builds on a change whose reply is not taken", "[mds recovery]") {
  Held held;
  held.server.deaf.push_back(kAlice);  // her LNet never sees the reply
  held.alice.call<v20::MdsReintCreate>(mkdir_20(held.root(), "d", kFile));
  const auto within = held.bob.call<v20::MdsReintCreate>(mkdir_20(kFile, "e", kOther));
  REQUIRE_FALSE(within.message);
  held.server.commit();
  held.server.settle();
  REQUIRE(held.bob.answer<v20::MdsReintCreate>(within.xid).status() == 0);
}

TEST_CASE("With the planted defect another builds on it at once", "[mds recovery]") {
  Held held(Defect::reply_locks_not_kept);
  held.server.deaf.push_back(kAlice);
  held.alice.call<v20::MdsReintCreate>(mkdir_20(held.root(), "d", kFile));
  const auto within = held.bob.call<v20::MdsReintCreate>(mkdir_20(kFile, "e", kOther));
  REQUIRE(within.status() == 0);
}

TEST_CASE("A reply that is acknowledged lets others go on", "[mds recovery]") {
  Held held;
  held.alice.call<v20::MdsReintCreate>(mkdir_20(held.root(), "d", kFile));
  REQUIRE(held.bob.call<v20::MdsReintCreate>(mkdir_20(kFile, "e", kOther)).status() == 0);
}

TEST_CASE("A file that is made is opened by others when its reply is taken", "[mds recovery]") {
  Held held;
  held.server.deaf.push_back(kAlice);
  held.alice.call<v20::LdlmEnqueueIntentOpen>(open_20(held.root(), "f", kFile, kCreate));
  const auto open = held.bob.call<v20::LdlmEnqueueIntentOpen>(
      open_20(held.root(), "f", {}, open_flag::kFmodeRead));
  REQUIRE_FALSE(open.message);
  held.server.commit();
  held.server.settle();
  REQUIRE(status_of(held.bob.answer<v20::LdlmEnqueueIntentOpen>(open.xid)) == 0);
}

TEST_CASE("An orphan whose clients are all gone ends with the start of the server",
          "[mds recovery]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Fid root = root_of(server);
  alice.call<v20::LdlmEnqueueIntentOpen>(open_20(root, "f", kFile, kCreate));
  alice.call<v20::MdsReintUnlink>(unlink_20(root, "f"));
  // The slot goes, and the server dies before the rest of the eviction is on the disk.
  server.hold_commits = true;
  server.step(Asked{1, Evict{"alice"}});
  server.commit_one();
  server.crash_and_restart();
  REQUIRE_FALSE(server.mds.service().recovering());
  REQUIRE(server.mds.files().orphans().empty());
  REQUIRE(server.mds.files().find(kFile) == nullptr);
}

TEST_CASE("Eviction by NID takes all clients of a node", "[mds recovery]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice"), bob(server, kBob, "bob");
  server.step(Asked{1, EvictNid{kAlice.nid}});
  server.settle();
  REQUIRE(server.mds.service().exports().size() == 1);
  REQUIRE(server.mds.service().exports()[0].name() == "bob");
}
