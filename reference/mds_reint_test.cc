#include <catch2/catch.hpp>
#include <cerrno>

#include "reference/mds_probe.h"

using namespace reference;
using namespace reference::mds_probe;

namespace {

constexpr Fid kDirectory{kFidSeqNormal, 1, 0};
constexpr Fid kFile{kFidSeqNormal, 2, 0};
constexpr Fid kOther{kFidSeqNormal, 3, 0};

v20::MdsReintRename::Request rename_20(Fid from, std::string_view name, Fid to,
                                       std::string_view new_name) {
  v20::MdsReintRename::Request request;
  request.record.opcode = 5;
  request.record.fid1 = lu(from);
  request.record.fid2 = lu(to);
  request.record.time = 1'300'000'300;
  request.old_name = name;
  request.new_name = new_name;
  return request;
}

void make_file(Client& client, Fid parent, std::string_view name, Fid fid) {
  auto request = mkdir_20(parent, name, fid);
  request.record.mode = 0100644;
  REQUIRE(client.call<v20::MdsReintCreate>(request).status() == 0);
}

}  // namespace

TEST_CASE("A rename moves a name and removes what it replaces", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Fid root = root_of(server);
  alice.call<v20::MdsReintCreate>(mkdir_20(root, "d", kDirectory));
  make_file(alice, root, "f", kFile);
  make_file(alice, kDirectory, "g", kOther);

  REQUIRE(alice.call<v20::MdsReintRename>(rename_20(root, "f", kDirectory, "g")).status() == 0);
  const Namespace& files = server.mds.files();
  REQUIRE(files.lookup(*files.find(root), "f") == nullptr);
  REQUIRE(files.lookup(*files.find(kDirectory), "g") == files.find(kFile));
  REQUIRE(files.find(kOther) == nullptr);
}

TEST_CASE("A directory does not move into itself", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Fid root = root_of(server);
  alice.call<v20::MdsReintCreate>(mkdir_20(root, "d", kDirectory));
  const auto said = alice.call<v20::MdsReintRename>(rename_20(root, "d", kDirectory, "x"));
  REQUIRE(said.status() == -EINVAL);
}

TEST_CASE("A rename over an open file leaves an orphan", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Fid root = root_of(server);
  make_file(alice, root, "f", kFile);
  const uint32_t flags = open_flag::kCreat | open_flag::kFmodeRead;
  alice.call<v20::LdlmEnqueueIntentOpen>(open_20(root, "g", kOther, flags));
  REQUIRE(alice.call<v20::MdsReintRename>(rename_20(root, "f", root, "g")).status() == 0);
  REQUIRE(server.mds.files().orphans().size() == 1);
}

TEST_CASE("A link is another name, and an unlink takes one", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Fid root = root_of(server);
  make_file(alice, root, "f", kFile);
  v20::MdsReintLink::Request link;
  link.record.opcode = 3;
  link.record.fid1 = lu(kFile);
  link.record.fid2 = lu(root);
  link.name = "g";
  REQUIRE(alice.call<v20::MdsReintLink>(link).status() == 0);
  REQUIRE(server.mds.files().find(kFile)->nlink == 2);
  REQUIRE(alice.call<v20::MdsReintUnlink>(unlink_20(root, "f")).status() == 0);
  REQUIRE(server.mds.files().find(kFile)->nlink == 1);
}

TEST_CASE("A directory with names in it stays", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Fid root = root_of(server);
  alice.call<v20::MdsReintCreate>(mkdir_20(root, "d", kDirectory));
  make_file(alice, kDirectory, "f", kFile);
  REQUIRE(alice.call<v20::MdsReintUnlink>(unlink_20(root, "d", true)).status() == -ENOTEMPTY);
  REQUIRE(alice.call<v20::MdsReintUnlink>(unlink_20(root, "d")).status() == -EISDIR);
}

TEST_CASE("A resent create is answered from the slot", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const auto request = mkdir_20(root_of(server), "d", kDirectory);
  const auto first = alice.call<v20::MdsReintCreate>(request);
  const auto again = alice.call<v20::MdsReintCreate>(
      request, {.flags = msg_flag::kResent, .transno = 0, .xid = first.xid});
  REQUIRE(again.status() == 0);
  REQUIRE(again.transno() == first.transno());
  REQUIRE(fid_in(again.reply().body.fid1) == kDirectory);
}

TEST_CASE("A mode is changed, and by strangers it is not", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  make_file(alice, root_of(server), "f", kFile);
  v20::MdsReintSetattr::Request request;
  request.record.opcode = 1;
  request.record.fid = lu(kFile);
  request.record.valid = attr::kMode;
  request.record.mode = 0100600;
  const auto said = alice.call<v20::MdsReintSetattr>(request);
  REQUIRE(said.status() == 0);
  REQUIRE(said.reply().body.mode == 0100600);
  request.record.fsuid = 500;
  REQUIRE(alice.call<v20::MdsReintSetattr>(request).status() == -EPERM);
}

TEST_CASE("A replay on another version is refused and its client evicted later", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  const Fid root = root_of(server);
  alice.call<v20::MdsReintCreate>(mkdir_20(root, "a", kDirectory));
  server.hold_commits = true;
  const auto request = mkdir_20(root, "b", kOther);
  const auto made = alice.call<v20::MdsReintCreate>(request);
  server.crash_and_restart();
  alice.connect();
  auto versions = made.message->body().pre_versions;
  versions[0] += 1;
  const auto said = alice.call<v20::MdsReintCreate>(
      request, {.flags = msg_flag::kReplay, .transno = made.transno(), .xid = made.xid,
                .versions = versions});
  REQUIRE(said.status() == -EOVERFLOW);
  REQUIRE(server.mds.files().find(kOther) == nullptr);
}

TEST_CASE("2.0: attributes with names are set, read, listed, removed", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  Client alice(server, kAlice, "alice");
  make_file(alice, root_of(server), "f", kFile);
  v20::MdsReintSetxattr::Request set;
  set.record.opcode = 7;
  set.record.fid = lu(kFile);
  set.record.valid = valid::kXattr;
  set.name = "user.colour";
  set.eadata = protocol::as_bytes("blue");
  REQUIRE(alice.call<v20::MdsReintSetxattr>(set).status() == 0);

  v20::MdsGetxattr::Request get;
  get.body.valid = valid::kId | valid::kXattr;
  get.body.fid1 = lu(kFile);
  get.name = "user.colour";
  REQUIRE(alice.call<v20::MdsGetxattr>(get).reply().body.eadatasize == 4);
  get.body.eadatasize = 4;
  const auto read = alice.call<v20::MdsGetxattr>(get);
  REQUIRE(protocol::as_text(read.reply().eadata) == "blue");

  set.record.valid = valid::kXattrRm;
  set.eadata = {};
  REQUIRE(alice.call<v20::MdsReintSetxattr>(set).status() == 0);
  REQUIRE(alice.call<v20::MdsGetxattr>(get).status() == -ENODATA);
}

TEST_CASE("1.8: a directory is made, opened by nobody, and removed", "[mds reint]") {
  Server server(config_of(Dialect::v1_8));
  Client alice(server, kAlice, "alice");
  v18::MdsReintCreate::Request request;
  request.record.opcode = 2;
  request.record.fid.id = kRootInode;
  request.record.mode = 0040755;
  request.name = "d";
  const auto made = alice.call<v18::MdsReintCreate>(request);
  REQUIRE(made.status() == 0);
  REQUIRE(made.reply().body.fid1.id == kRootInode + 1);
  REQUIRE(made.reply().body.fid1.f_type == 0040000);

  v18::MdsReintUnlink::Request unlink;
  unlink.record.opcode = 4;
  unlink.record.fid1.id = kRootInode;
  unlink.record.mode = 0040000;
  unlink.name = "d";
  REQUIRE(alice.call<v18::MdsReintUnlink>(unlink).status() == 0);
}

TEST_CASE("Either version starts on what the other left", "[mds reint]") {
  Server server(config_of(Dialect::v2_0));
  {
    Client alice(server, kAlice, "alice");
    make_file(alice, root_of(server), "f", kFile);
  }
  const uint64_t number = server.mds.files().find(kFile)->number;
  server.config.dialect = Dialect::v1_8;
  server.crash_and_restart();
  Client bob(server, kBob, "bob");
  v18::MdsGetattrName::Request request;
  request.body.fid1.id = kRootInode;
  request.name = "f";
  const auto said = bob.call<v18::MdsGetattrName>(request);
  REQUIRE(said.status() == 0);
  REQUIRE(said.reply().body.fid1.id == number);
}
