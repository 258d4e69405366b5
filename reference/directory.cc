#include "reference/directory.h"

#include <algorithm>
#include <tuple>

#include "protocol/check.h"

namespace reference {

uint32_t name_hash(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  hash &= 0x7fff'ffff;
  return std::clamp(hash, 2u, 0x7fff'fffeu);
}

std::vector<Name>::iterator Directory::place_of(uint32_t hash, std::string_view name) {
  return std::lower_bound(names_.begin(), names_.end(), std::tuple(hash, name),
                          [](const Name& entry, const auto& key) {
                            return std::tuple(entry.hash, std::string_view(entry.name)) < key;
                          });
}

const Name* Directory::find(std::string_view name) const {
  const auto place = const_cast<Directory*>(this)->place_of(name_hash(name), name);
  return place != names_.end() && place->name == name ? &*place : nullptr;
}

void Directory::fill(const Name& name) {
  if (used_.empty()) used_.push_back(2 * block_entry_size(2));  // "." and ".."
  if (used_.size() <= name.block) used_.resize(name.block + 1, 0);
  used_[name.block] += block_entry_size(name.name.size());
}

const Name& Directory::insert(std::string_view name, uint64_t inode) {
  CHECK(!name.empty() && name.size() <= kNameLengthMax);
  const uint32_t size = block_entry_size(name.size());
  uint32_t block = 0;
  while (block < used_.size() && used_[block] + size > kDirectoryBlockSize) ++block;
  Name entry{name_hash(name), block, inode, std::string(name)};
  fill(entry);
  const auto place = place_of(entry.hash, name);
  CHECK(place == names_.end() || place->name != name, "the name is there already");
  return *names_.insert(place, std::move(entry));
}

void Directory::restore(Name name) {
  fill(name);
  names_.insert(place_of(name.hash, name.name), std::move(name));
}

void Directory::erase(std::string_view name) {
  const auto place = place_of(name_hash(name), name);
  CHECK(place != names_.end() && place->name == name, "no such name");
  used_[place->block] -= block_entry_size(name.size());
  names_.erase(place);
}

std::vector<Name>::const_iterator Directory::from_hash(uint64_t hash) const {
  return std::lower_bound(names_.begin(), names_.end(), hash,
                          [](const Name& entry, uint64_t from) { return entry.hash < from; });
}

uint32_t Directory::block_count() const {
  return std::max<uint32_t>(1, static_cast<uint32_t>(used_.size()));
}

}  // namespace reference
