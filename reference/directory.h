// The names in one directory, "." and ".." apart.
//
// Entries are kept in the order of 2.0's readdir, by hash and then by name. Each also has the
// number of the 4096-byte block in which 1.8's readdir shows it; an entry never moves to another
// block, so a reader that goes on at a byte offset after others changed the directory neither
// misses nor repeats an entry that stayed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reference {

inline constexpr uint32_t kDirectoryBlockSize = 4096;
inline constexpr size_t kNameLengthMax = 255;

struct Name {
  uint32_t hash = 0;   // name_hash(name)
  uint32_t block = 0;  // in which 1.8's readdir shows it
  uint64_t inode = 0;  // number
  std::string name;
  bool operator==(const Name&) const = default;
  void state(auto&& visit) const { visit(hash, block, inode, name); }
};

// 31 bits, at least 2: 0 and 1 are the places of "." and "..".
uint32_t name_hash(std::string_view name);

class Directory {
 public:
  const Name* find(std::string_view name) const;
  // The name must not be there yet. Returns what was put in.
  const Name& insert(std::string_view name, uint64_t inode);
  // As read back from a store, with its block.
  void restore(Name name);
  // The name must be there.
  void erase(std::string_view name);

  bool empty() const { return names_.empty(); }
  const std::vector<Name>& names() const { return names_; }
  // The first entry whose hash is at least this one.
  std::vector<Name>::const_iterator from_hash(uint64_t hash) const;
  uint32_t block_count() const;

  bool operator==(const Directory&) const = default;
  void state(auto&& visit) const { visit(names_); }

 private:
  std::vector<Name>::iterator place_of(uint32_t hash, std::string_view name);
  void fill(const Name& name);

  std::vector<Name> names_;     // sorted by (hash, name)
  std::vector<uint32_t> used_;  // bytes used in each block; follows from names_
};

// Bytes of an entry in 1.8's form: inode, lengths and type, name, rounded up to 4.
constexpr uint32_t block_entry_size(size_t name_length) {
  return (8 + static_cast<uint32_t>(name_length) + 3) & ~3u;
}

}  // namespace reference
