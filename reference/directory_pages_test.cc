#include "reference/directory_pages.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <set>

#include "protocol/codec.h"
#include "protocol/mds_1_8.h"
#include "protocol/mds_2_0.h"

using namespace reference;

namespace {

Namespace files_with(int count) {
  Namespace files(Config{}, {});
  for (int i = 0; i < count; ++i) {
    const Fid fid{kFidSeqNormal, static_cast<uint32_t>(i) + 1, 0};
    files.add_name(kRootInode, fmt::format("file-{:04}", i),
                   files.create(kModeRegular | 0644, fid)->number);
  }
  return files;
}

struct Seen {
  std::string name;
  uint64_t hash = 0;
  uint16_t type = 0;
  auto operator<=>(const Seen&) const = default;
};

std::vector<Seen> read_page(const Bytes& page) {
  using protocol::mds_2_0::LuDirent;
  std::vector<Seen> seen;
  if ((protocol::decode<protocol::mds_2_0::LuDirpage>(page.view())->flags & 1) != 0) return seen;
  for (size_t at = 24;;) {
    const auto entry = protocol::decode<LuDirent>(page.view().subspan(at));
    const size_t end = at + LuDirent::kSize + entry->namelen;
    seen.push_back(
        {std::string(protocol::as_text(page.view().subspan(at + LuDirent::kSize, entry->namelen))),
         entry->hash, 0});
    std::memcpy(&seen.back().type, page.data() + ((end + 1) & ~size_t{1}), 2);
    if (entry->reclen == 0) return seen;
    at += entry->reclen;
  }
}

std::vector<std::string> read_blocks(const Bytes& data) {
  using protocol::mds_1_8::Ext2DirEntry;
  std::vector<std::string> names;
  for (size_t at = 0; at < data.size();) {
    const auto entry = protocol::decode<Ext2DirEntry>(data.view().subspan(at));
    if (entry->inode != 0) {
      names.emplace_back(
          protocol::as_text(data.view().subspan(at + Ext2DirEntry::kSize, entry->name_len)));
    }
    REQUIRE(entry->rec_len % 4 == 0);
    at += entry->rec_len;
  }
  return names;
}

}  // namespace

TEST_CASE("2.0: an empty directory is one page with its two dots", "[directory pages]") {
  const Namespace files = files_with(0);
  const Bytes page = directory_page(files, *files.inode(kRootInode), 0, 4096, 3);
  const std::vector<Seen> seen = read_page(page);
  REQUIRE(seen == std::vector<Seen>{{".", 0, 0040000}, {"..", 1, 0040000}});
  REQUIRE(protocol::decode<protocol::mds_2_0::LuDirpage>(page.view())->hash_end == kDirectoryEnd);
}

TEST_CASE("2.0: several pages show every name once, in order of hash", "[directory pages]") {
  const Namespace files = files_with(1000);
  std::set<std::string> names;
  uint64_t hash = 0;
  uint64_t last = 0;
  int pages = 0;
  for (; hash != kDirectoryEnd && pages < 100; ++pages) {
    const Bytes page = directory_page(files, *files.inode(kRootInode), hash, 4096, 3);
    REQUIRE(page.size() == 4096);
    for (const Seen& seen : read_page(page)) {
      REQUIRE(names.insert(seen.name).second);
      REQUIRE(seen.hash >= last);
      last = seen.hash;
    }
    hash = protocol::decode<protocol::mds_2_0::LuDirpage>(page.view())->hash_end;
  }
  REQUIRE(names.size() == 1002);
  REQUIRE(pages > 10);
}

TEST_CASE("2.0: behind the last hash the page is empty", "[directory pages]") {
  const Namespace files = files_with(3);
  const Bytes page = directory_page(files, *files.inode(kRootInode), 0x7fffffff, 4096, 3);
  REQUIRE(read_page(page).empty());
}

TEST_CASE("1.8: the blocks show every name once", "[directory pages]") {
  const Namespace files = files_with(1000);
  const Inode& root = *files.inode(kRootInode);
  std::set<std::string> names;
  for (uint64_t offset = 0; offset < root.size; offset += 4096) {
    const Bytes block = directory_blocks(files, root, offset, 4096);
    REQUIRE(block.size() == 4096);
    for (std::string& name : read_blocks(block)) REQUIRE(names.insert(std::move(name)).second);
  }
  REQUIRE(names.size() == 1002);
  REQUIRE(root.size > 4096);
  REQUIRE(directory_blocks(files, root, root.size, 4096).empty());
}

TEST_CASE("1.8: a reader in the middle misses nothing when names before it go",
          "[directory pages]") {
  Namespace files = files_with(500);
  const Bytes before = directory_blocks(files, *files.inode(kRootInode), 4096, 4096);
  const std::string first =
      read_blocks(directory_blocks(files, *files.inode(kRootInode), 0, 4096))[5];
  files.remove_name(kRootInode, first);
  REQUIRE(directory_blocks(files, *files.inode(kRootInode), 4096, 4096) == before);
}
