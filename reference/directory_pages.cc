#include "reference/directory_pages.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "protocol/codec.h"
#include "protocol/mds_1_8.h"
#include "protocol/mds_2_0.h"

namespace reference {

namespace {

using protocol::mds_1_8::Ext2DirEntry;
using protocol::mds_2_0::LuDirent;
using protocol::mds_2_0::LuDirpage;

constexpr uint32_t kLudaFid = 1, kLudaType = 2;
constexpr uint32_t kPageEmpty = 1;  // LDF_EMPTY

// S_IFMT bits of an inode as the type in an ext2 entry.
uint8_t ext2_type(uint32_t mode) {
  switch (mode & kModeTypeMask) {
    case kModeRegular: return 1;
    case kModeDirectory: return 2;
    case 0020000: return 3;
    case 0060000: return 4;
    case 0010000: return 5;
    case 0140000: return 6;
    case kModeSymlink: return 7;
    default: return 0;
  }
}

// Fills one block; its last entry reaches to the end of the block, as ext2 has it.
class Block {
 public:
  void add(const Inode& inode, std::string_view name) {
    if (last_) set_length(*last_, size_ - *last_);
    Ext2DirEntry entry;
    entry.inode = static_cast<uint32_t>(inode.number);
    entry.name_len = static_cast<uint8_t>(name.size());
    entry.file_type = ext2_type(inode.mode);
    last_ = size_;
    protocol::encode(entry, protocol::ByteSpan(bytes_).subspan(size_, Ext2DirEntry::kSize));
    std::memcpy(bytes_.data() + size_ + Ext2DirEntry::kSize, name.data(), name.size());
    size_ += block_entry_size(name.size());
  }
  const std::vector<uint8_t>& finish() {
    set_length(last_.value_or(0), kDirectoryBlockSize - last_.value_or(0));
    return bytes_;
  }

 private:
  void set_length(uint32_t at, uint32_t length) {
    const auto value = static_cast<uint16_t>(length);
    std::memcpy(bytes_.data() + at + 4, &value, sizeof value);  // rec_len
  }

  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(kDirectoryBlockSize);
  uint32_t size_ = 0;
  std::optional<uint32_t> last_;  // where the last entry begins
};

// Names whose inode is gone, which a torn operation leaves, are not told.
struct PageEntry {
  uint64_t hash = 0;
  const Inode* inode = nullptr;
  std::string_view name;
};

uint32_t entry_size(const PageEntry& entry, uint32_t attributes) {
  auto size = static_cast<uint32_t>(LuDirent::kSize + entry.name.size());
  if ((attributes & kLudaType) != 0) size = ((size + 1) & ~1u) + 2;
  return (size + 7) & ~7u;
}

void put_entry(std::vector<uint8_t>& page, uint32_t at, const PageEntry& entry, uint32_t length,
               uint32_t attributes) {
  LuDirent wire;
  const Fid fid = entry.inode->fid();
  wire.fid.seq = fid.seq;
  wire.fid.oid = fid.oid;
  wire.fid.ver = fid.ver;
  wire.hash = entry.hash;
  wire.reclen = static_cast<uint16_t>(length);
  wire.namelen = static_cast<uint16_t>(entry.name.size());
  wire.attrs = attributes & (kLudaFid | kLudaType);
  protocol::encode(wire, protocol::ByteSpan(page).subspan(at, LuDirent::kSize));
  std::memcpy(page.data() + at + LuDirent::kSize, entry.name.data(), entry.name.size());
  if ((attributes & kLudaType) != 0) {
    const size_t place = at + ((LuDirent::kSize + entry.name.size() + 1) & ~size_t{1});
    const auto type = static_cast<uint16_t>(entry.inode->type());
    std::memcpy(page.data() + place, &type, sizeof type);
  }
}

// The entries from `hash` on that could fit into a page of `bytes`, and the first that could not.
std::vector<PageEntry> entries_from(const Namespace& files, const Inode& directory, uint64_t hash,
                                    uint32_t bytes) {
  std::vector<PageEntry> entries;
  if (hash <= 0) entries.push_back({0, &directory, "."});
  const auto add = [&](uint64_t at, uint64_t number, std::string_view name) {
    if (const Inode* inode = files.inode(number)) entries.push_back({at, inode, name});
  };
  if (hash <= 1) add(1, directory.parent, "..");
  const Directory& names = files.directory(directory.number);
  for (auto name = names.from_hash(hash);
       name != names.names().end() && entries.size() <= bytes / LuDirent::kSize; ++name) {
    add(name->hash, name->inode, name->name);
  }
  return entries;
}

}  // namespace

Bytes directory_blocks(const Namespace& files, const Inode& directory, uint64_t offset,
                       uint32_t bytes) {
  const Directory& names = files.directory(directory.number);
  const uint64_t first = offset / kDirectoryBlockSize;
  const uint64_t end = std::min<uint64_t>(names.block_count(), first + bytes / kDirectoryBlockSize);
  std::vector<uint8_t> data;
  for (uint64_t number = first; number < end; ++number) {
    Block block;
    const auto add = [&](uint64_t of, std::string_view name) {
      if (const Inode* inode = files.inode(of)) block.add(*inode, name);
    };
    if (number == 0) {
      block.add(directory, ".");
      add(directory.parent, "..");
    }
    for (const Name& name : names.names()) {
      if (name.block == number) add(name.inode, name.name);
    }
    const std::vector<uint8_t>& filled = block.finish();
    data.insert(data.end(), filled.begin(), filled.end());
  }
  return Bytes(std::move(data));
}

Bytes directory_page(const Namespace& files, const Inode& directory, uint64_t hash, uint32_t bytes,
                     uint32_t attributes) {
  const std::vector<PageEntry> entries = entries_from(files, directory, hash, bytes);
  size_t count = 0;
  for (uint32_t size = LuDirpage::kSize; count < entries.size(); ++count) {
    size += entry_size(entries[count], attributes);
    if (size > bytes) break;
  }
  if (count < entries.size()) {
    size_t whole = count;
    while (whole > 0 && entries[whole - 1].hash == entries[count].hash) --whole;
    if (whole > 0) count = whole;
  }

  std::vector<uint8_t> page(bytes);
  LuDirpage head;
  head.hash_start = hash;
  head.hash_end = count < entries.size() ? entries[count].hash : kDirectoryEnd;
  head.flags = count == 0 ? kPageEmpty : 0;
  protocol::encode(head, protocol::ByteSpan(page).first(LuDirpage::kSize));
  uint32_t at = LuDirpage::kSize;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t size = entry_size(entries[i], attributes);
    put_entry(page, at, entries[i], i + 1 == count ? 0 : size, attributes);
    at += size;
  }
  return Bytes(std::move(page));
}

}  // namespace reference
