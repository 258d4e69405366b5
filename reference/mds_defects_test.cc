// Each planted defect of the metadata server beside the behaviour that it breaks.

#include <catch2/catch.hpp>
#include <cerrno>

#include "reference/mds_probe.h"

using namespace reference;
using namespace reference::mds_probe;

namespace {

constexpr Fid kFile{kFidSeqNormal, 1, 0};
constexpr uint32_t kCreate = open_flag::kCreat | open_flag::kFmodeRead;

Config with(std::optional<Defect> defect) {
  Config config = config_of(Dialect::v2_0);
  if (defect) config.defects = *defect;
  return config;
}

// An open file loses its name; is it still there?
bool survives_unlink(std::optional<Defect> defect) {
  Server server(with(defect));
  Client alice(server, kAlice, "alice");
  alice.call<v20::LdlmEnqueueIntentOpen>(open_20(root_of(server), "f", kFile, kCreate));
  alice.call<v20::MdsReintUnlink>(unlink_20(root_of(server), "f"));
  return server.mds.files().find(kFile) != nullptr;
}

// A file is open for writing; what does an open for execution get?
int64_t executed_beside_writer(std::optional<Defect> defect) {
  Server server(with(defect));
  Client alice(server, kAlice, "alice");
  constexpr uint32_t kWrite = open_flag::kFmodeWrite | open_flag::kDelayCreate;
  alice.call<v20::LdlmEnqueueIntentOpen>(open_20(root_of(server), "f", kFile, kCreate | kWrite));
  const auto said = alice.call<v20::LdlmEnqueueIntentOpen>(
      open_20(root_of(server), "f", {}, open_flag::kFmodeExec));
  return said.reply().lock.lock_policy_res2;
}

// Bob knows a name by a lookup lock when alice renames it; is he called back?
bool called_back_at_rename(std::optional<Defect> defect) {
  Server server(with(defect));
  Client alice(server, kAlice, "alice"), bob(server, kBob, "bob");
  const Fid root = root_of(server);
  alice.call<v20::MdsReintCreate>(mkdir_20(root, "d", kFile));
  v20::LdlmEnqueueIntentLookup::Request lookup;
  const auto getattr = getattr_20(root, "d", 77);
  lookup.lock = getattr.lock;
  lookup.intent.opc = intent_op::kLookup;
  lookup.body = getattr.body;
  lookup.name = "d";
  REQUIRE(bob.call<v20::LdlmEnqueueIntentLookup>(lookup).status() == 0);

  v20::MdsReintRename::Request rename;
  rename.record.opcode = 5;
  rename.record.fid1 = rename.record.fid2 = lu(root);
  rename.old_name = "d";
  rename.new_name = "e";
  alice.call<v20::MdsReintRename>(rename);
  return !server.called_back.empty();
}

}  // namespace

TEST_CASE("An open file survives its last name, but for the defect", "[mds defects]") {
  REQUIRE(survives_unlink(std::nullopt));
  REQUIRE_FALSE(survives_unlink(Defect::unlink_destroys_open_file));
}

TEST_CASE("A file that is written is not executed, but for the defect", "[mds defects]") {
  REQUIRE(executed_beside_writer(std::nullopt) == -ETXTBSY);
  REQUIRE(executed_beside_writer(Defect::executor_beside_writer) == 0);
}

TEST_CASE("A rename calls lookup locks back, but for the defect", "[mds defects]") {
  REQUIRE(called_back_at_rename(std::nullopt));
  REQUIRE_FALSE(called_back_at_rename(Defect::lookup_lock_kept_over_rename));
}

TEST_CASE("The end of recovery takes orphans along, but for the defect", "[mds defects]") {
  Server server(with(Defect::orphans_kept_after_recovery));
  Client alice(server, kAlice, "alice");
  alice.call<v20::LdlmEnqueueIntentOpen>(open_20(root_of(server), "f", kFile, kCreate));
  alice.call<v20::MdsReintUnlink>(unlink_20(root_of(server), "f"));
  server.crash_and_restart();
  server.step(Asked{1, AbortRecovery{}});
  server.settle();
  REQUIRE(server.mds.files().orphans().size() == 1);
}
