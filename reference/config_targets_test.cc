#include "reference/config_targets.h"

#include <catch2/catch.hpp>

#include "protocol/codec.h"
#include "protocol/llog.h"

namespace reference {
namespace {

namespace llog = protocol::llog;
namespace command_of = protocol::llog::lcfg_command;

constexpr uint64_t kNid = 0x200007f00000b;

// An OBD_CFG_REC with a command and its buffers.
std::vector<uint8_t> record(uint32_t command, const std::vector<std::string>& buffers,
                            uint64_t nid = 0) {
  std::vector<uint8_t> body;
  protocol::append(body, llog::LustreCfg{.version = 0x1cf60001,
                                         .command = command,
                                         .nid = nid,
                                         .bufcount = static_cast<uint32_t>(buffers.size())});
  for (const std::string& buffer : buffers) {
    protocol::append(body, static_cast<uint32_t>(buffer.size() + 1));
  }
  body.resize(protocol::padded(body.size()));
  for (const std::string& buffer : buffers) {
    body.insert(body.end(), buffer.begin(), buffer.end());
    body.resize(protocol::padded(body.size() + 1));
  }
  const auto length = static_cast<uint32_t>(body.size() + 24);
  std::vector<uint8_t> out;
  protocol::append(
      out, llog::LlogRecHdr{.len = length, .index = 1, .type = llog::llog_rec_type::kObdCfgRec});
  out.insert(out.end(), body.begin(), body.end());
  protocol::append(out, llog::LlogRecTail{.len = length, .index = 1});
  return out;
}

}  // namespace

TEST_CASE("an OST is known from its node, its device and its place", "[config]") {
  ConfigTargets targets;
  REQUIRE(targets.apply(record(command_of::kAddUuid, {"", "127.0.0.11@tcp"}, kNid)));
  REQUIRE(targets.apply(record(command_of::kAttach, {"assay-OST0001-osc", "osc", "x_UUID"})));
  REQUIRE(targets.apply(
      record(command_of::kSetup, {"assay-OST0001-osc", "assay-OST0001_UUID", "127.0.0.11@tcp"})));
  REQUIRE(targets.targets().empty());
  REQUIRE(targets.apply(
      record(command_of::kLovAddObd, {"assay-clilov", "assay-OST0001_UUID", "1", "1"})));
  REQUIRE(targets.targets().size() == 1);
  const ConfigTarget& target = targets.targets().front();
  REQUIRE(target.index == 1);
  REQUIRE(target.peers == std::vector<PeerId>{{kNid, kLnetPid}});
  REQUIRE(targets.apply(
      record(command_of::kLovDelObd, {"assay-clilov", "assay-OST0001_UUID", "1", "1"})));
  REQUIRE(targets.targets().empty());
}

TEST_CASE("an MDT has its index in its uuid, and a partner", "[config]") {
  ConfigTargets targets;
  REQUIRE(targets.apply(record(command_of::kAddUuid, {"", "one"}, kNid)));
  REQUIRE(targets.apply(record(command_of::kAddUuid, {"", "two"}, kNid + 1)));
  REQUIRE(targets.apply(record(command_of::kAttach, {"mdc", "mdc", "x_UUID"})));
  REQUIRE(targets.apply(record(command_of::kSetup, {"mdc", "assay-MDT0000_UUID", "one"})));
  REQUIRE(targets.apply(record(command_of::kAddConn, {"mdc", "two"})));
  REQUIRE(targets.targets().front().kind == ConfigTarget::Kind::mdt);
  REQUIRE(targets.targets().front().peers.size() == 2);
}

TEST_CASE("a record cut anywhere is refused or means nothing", "[config]") {
  const std::vector<uint8_t> whole =
      record(command_of::kSetup, {"assay-OST0001-osc", "assay-OST0001_UUID", "node"});
  for (size_t length = 0; length < whole.size(); ++length) {
    ConfigTargets targets;
    REQUIRE_FALSE(targets.apply(protocol::ByteView(whole).first(length)));
  }
}

TEST_CASE("lengths that point outside are refused", "[config]") {
  std::vector<uint8_t> bad = record(command_of::kSetup, {"device", "uuid", "node"});
  bad[16 + 32] = 0xff;  // the first buffer's length
  bad[16 + 33] = 0xff;
  ConfigTargets targets;
  REQUIRE_FALSE(targets.apply(bad));
  std::vector<uint8_t> many = record(command_of::kSetup, {"device"});
  many[16 + 28] = 200;  // buffers
  REQUIRE_FALSE(targets.apply(many));
}

}  // namespace reference
