#include "reference/namespace.h"

#include <catch2/catch.hpp>

using namespace reference;

namespace {

Config config_of(uint64_t incarnation = 1) {
  Config config;
  config.seed = 7;
  config.incarnation = incarnation;
  return config;
}

void apply(Store& store, std::vector<Write> writes) {
  for (Write& write : writes) {
    if (write.value) {
      store[write.key] = *write.value;
    } else {
      store.erase(write.key);
    }
  }
}

constexpr Fid kClientFid{kFidSeqNormal, 1, 0};

}  // namespace

TEST_CASE("An empty store gets a root that survives", "[namespace]") {
  Store store;
  Namespace files(config_of(), store);
  const Fid root = files.inode(kRootInode)->fid();
  REQUIRE(is_igif(root));
  apply(store, files.take_writes());
  REQUIRE_FALSE(files.has_writes());

  Namespace again(config_of(2), store);
  REQUIRE(again.find(root) != nullptr);
  REQUIRE(*again.find(root) == *files.find(root));
  REQUIRE_FALSE(again.has_writes());
}

TEST_CASE("A file made by 2.0 is found by its FID and by its inode number", "[namespace]") {
  Store store;
  Namespace files(config_of(), store);
  const Inode* made = files.create(kModeRegular | 0644, kClientFid);
  files.add_name(kRootInode, "a", made->number);

  REQUIRE(files.find(kClientFid) == files.inode(made->number));
  REQUIRE(files.find(made->igif()) == files.find(kClientFid));
  REQUIRE(files.lookup(*files.inode(kRootInode), "a") == files.find(kClientFid));
  REQUIRE(files.find(igif(made->number, made->generation + 1)) == nullptr);
  REQUIRE(files.find(igif(made->number, 0)) != nullptr);
}

TEST_CASE("A replay in 1.8 gets the number it had, or nothing", "[namespace]") {
  Namespace files(config_of(), {});
  REQUIRE(files.create(kModeRegular, igif(30000, 5))->igif() == igif(30000, 5));
  REQUIRE(files.create(kModeRegular, igif(30000, 6)) == nullptr);
  REQUIRE(files.create(kModeRegular, {})->number == 30001);
}

TEST_CASE("A number is not given twice in one incarnation", "[namespace]") {
  Namespace files(config_of(), {});
  const uint64_t first = files.create(kModeRegular, {})->number;
  files.destroy(first);
  REQUIRE(files.create(kModeRegular, {})->number == first + 1);
}

TEST_CASE("Everything of an inode comes back from the store", "[namespace]") {
  Store store;
  Namespace files(config_of(), store);
  Inode* made = files.create(kModeRegular | 0640, kClientFid);
  made->uid = 500;
  made->mtime = -3;
  made->version = 42;
  made->layout = Bytes(std::vector<uint8_t>{1, 2, 3});
  made->xattrs = {{"user.a", Bytes(std::vector<uint8_t>{9})}, {"user.b", {}}};
  const uint64_t number = made->number;
  files.add_name(kRootInode, "name", number);
  files.add_orphan(number);
  apply(store, files.take_writes());

  Namespace again(config_of(2), store);
  REQUIRE(*again.inode(number) == *files.inode(number));
  REQUIRE(again.directory(kRootInode) == files.directory(kRootInode));
  REQUIRE(again.is_orphan(number));
}

TEST_CASE("What was erased is erased in the store", "[namespace]") {
  Store store;
  Namespace files(config_of(), store);
  const uint64_t number = files.create(kModeRegular, kClientFid)->number;
  files.add_name(kRootInode, "gone", number);
  apply(store, files.take_writes());
  files.remove_name(kRootInode, "gone");
  files.destroy(number);
  apply(store, files.take_writes());

  Namespace again(config_of(2), store);
  REQUIRE(again.find(kClientFid) == nullptr);
  REQUIRE(again.directory(kRootInode).empty());
  REQUIRE(store.size() == 1);  // the root
}

TEST_CASE("A copy does not see what is changed later", "[namespace]") {
  Namespace files(config_of(), {});
  files.take_writes();
  const Namespace before = files;
  files.change(kRootInode).mode = kModeDirectory | 0700;
  files.add_name(kRootInode, "new", files.create(kModeRegular, {})->number);
  REQUIRE((before.inode(kRootInode)->mode & 07777) == 0755);
  REQUIRE(before.directory(kRootInode).find("new") == nullptr);
  REQUIRE(before.inode_count() == 1);
}
