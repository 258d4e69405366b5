// The objects of an OST: their attributes and their data, in pages of 4 KiB of which only written
// ones exist. A value; what changes is also put into a transaction by the caller: every change
// appends to `writes` the records that it altered (keys: reference/store.md, "OST").
// Facts: semantics 1.13, appendix B; differences 9; rpc-formats "OST".
//
// It does not model: extents on a disk, quotas, a journal of its own.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/bytes.h"
#include "reference/cow.h"
#include "reference/machine.h"
#include "reference/store.h"

namespace reference {

struct ObjectId {
  uint64_t seq = 0;  // 1.8: group. 0 for what MDT0 has made
  uint64_t id = 0;
  auto operator<=>(const ObjectId&) const = default;
  void state(auto&& visit) const { visit(seq, id); }
};

// On the disk as it is here, 88 bytes, little-endian.
struct ObjectAttributes {
  static constexpr uint32_t kSize = 88;
  uint64_t size = 0;   // bytes
  uint64_t mtime = 0;  // seconds since 1970; 0 until somebody sets them
  uint64_t atime = 0;
  uint64_t ctime = 0;
  uint64_t version = 0;  // transno of the last change
  // The file that the object is of, as the last write said (xattr trusted.fid).
  uint64_t parent_seq = 0;  // 1.8: inode
  uint32_t parent_oid = 0;  // 1.8: generation
  uint32_t parent_ver = 0;
  uint32_t stripe = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t mode = 0;  // S_IFREG and permission bits
  // Nobody has touched it since precreation: the first owner that comes is taken (real OSTs mark
  // this with the set-uid bits).
  uint32_t fresh = 1;
  uint32_t padding = 0;
  uint64_t fence = 0;  // profile som: epochs below it are over
  bool operator==(const ObjectAttributes&) const = default;
};
static_assert(sizeof(ObjectAttributes) == ObjectAttributes::kSize);

class Object {
 public:
  static constexpr uint64_t kPage = 4096;

  ObjectAttributes attributes;

  // Of 512 bytes.
  uint64_t blocks() const { return pages_.size() * (kPage / 512); }
  size_t pages() const { return pages_.size(); }
  bool has_page(uint64_t index) const;
  // Holes read as zeros; ends at the object's size.
  Bytes read(uint64_t offset, uint64_t length) const;

  void state(auto&& visit) const { visit(attributes, pages_); }

 private:
  friend class Objects;
  struct Page {
    uint64_t index = 0;  // offset / kPage
    Bytes data;          // at most kPage bytes; what follows is zero
    void state(auto&& visit) const { visit(index, data); }
  };
  std::vector<Page> pages_;  // sorted by index
};

class Objects {
 public:
  // What one precreation makes at most (OST_MAX_PRECREATE).
  static constexpr uint64_t kPrecreateMax = 20'000;
  // No object is longer than a file of ldiskfs.
  static constexpr uint64_t kSizeMax = (1ull << 44) - Object::kPage;

  explicit Objects(const Store& store);

  // Null if it does not exist.
  const Object* find(ObjectId id) const;
  std::vector<ObjectId> all() const;
  uint64_t last_id(uint64_t seq) const;
  size_t size() const { return objects_.size(); }
  uint64_t used_bytes() const { return pages_ * Object::kPage; }

  // --- changes ---

  // Objects up to `last`, at most kPrecreateMax; the result is the last that there is now.
  uint64_t precreate(uint64_t seq, uint64_t last, std::vector<Write>& writes);
  // All above `last` go, and the counter goes back to it, unless `keep_counter`: then the ids of
  // orphans are not used again.
  void destroy_above(uint64_t seq, uint64_t last, bool keep_counter, std::vector<Write>& writes);
  // This very object, within those that were made once (a replay finds it missing).
  void recreate(ObjectId id, std::vector<Write>& writes);
  bool destroy(ObjectId id, std::vector<Write>& writes);

  void set_attributes(ObjectId id, const ObjectAttributes& attributes, std::vector<Write>& writes);
  // The size is the caller's to raise (attributes); pages are replaced or made.
  void write(ObjectId id, uint64_t offset, const Bytes& data, std::vector<Write>& writes);
  // Frees what lies at or behind `size`.
  void truncate_pages(ObjectId id, uint64_t size, std::vector<Write>& writes);

  void invariants() const;
  void state(auto&& visit) const { visit(objects_, last_ids_); }

 private:
  struct Entry {
    ObjectId id;
    Cow<Object> object;
    void state(auto&& visit) const { visit(id, object); }
  };
  struct LastId {
    uint64_t seq = 0;
    uint64_t id = 0;
    void state(auto&& visit) const { visit(seq, id); }
  };
  Entry* entry(ObjectId id);
  void add(ObjectId id, std::vector<Write>& writes);
  void set_last_id(uint64_t seq, uint64_t id, std::vector<Write>& writes);
  void store_page(ObjectId id, Object& object, uint64_t index, Bytes data,
                  std::vector<Write>& writes);

  std::vector<Entry> objects_;    // sorted
  std::vector<LastId> last_ids_;  // sorted
  uint64_t pages_ = 0;            // of all objects
};

// Keys: a prefix and big-endian numbers.
Key object_key(ObjectId id);
Key data_key(ObjectId id, uint64_t page);
Key last_id_key(uint64_t seq);

}  // namespace reference
