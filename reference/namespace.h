// The files of a metadata target: inodes, names, orphans. Shared by both dialects.
//
// Inodes are keyed by number; a file made by a 2.0 server also has the FID its client chose (on a
// real disk the "lma" attribute), and is found by either. So a server of either version can start
// on what the other left (facts: semantics 2.8, differences 14). Durable keys: store.md.
//
// Changes are made in memory at once and are collected; take_writes() hands them out for the
// transaction of the operation. Not modelled here: who may do what (mds_permission.h), open files
// (open_files.h), locks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/config.h"
#include "reference/cow.h"
#include "reference/directory.h"
#include "reference/fid.h"
#include "reference/file_mode.h"
#include "reference/store.h"

namespace reference {

inline constexpr uint64_t kRootInode = 25001;  // as mkfs leaves the first directory
inline constexpr uint32_t kLinksMax = 65000;

struct Xattr {
  std::string name;
  Bytes value;
  bool operator==(const Xattr&) const = default;
  void state(auto&& visit) const { visit(name, value); }
};

struct Inode {
  uint64_t number = 0;
  uint32_t generation = 0;
  Fid lma;  // the FID of a file made by 2.0; zero for one made by 1.8
  uint32_t mode = 0, nlink = 0, uid = 0, gid = 0;
  uint32_t flags = 0;  // MDS_*_FL of mds.h
  uint32_t rdev = 0;
  uint64_t size = 0, blocks = 0;            // of a regular file: as last told, not to be trusted
  int64_t atime = 0, mtime = 0, ctime = 0;  // seconds since 1970
  uint64_t version = 0;  // transno of the last change that recovery cares for (semantics 1.10)
  uint64_t parent = 0;   // of a directory: number of the one that holds it
  Bytes symlink;         // its target
  Bytes layout;          // trusted.lov: of a file its stripes, of a directory a wish for new files
  std::vector<Xattr> xattrs;  // the others, sorted by name

  uint32_t type() const { return mode & kModeTypeMask; }
  bool is_directory() const { return type() == kModeDirectory; }
  bool is_regular() const { return type() == kModeRegular; }
  bool is_symlink() const { return type() == kModeSymlink; }
  Fid igif() const { return reference::igif(number, generation); }
  Fid fid() const { return is_zero(lma) ? igif() : lma; }
  bool operator==(const Inode&) const = default;
  void state(auto&& visit) const {
    visit(number, generation, lma, mode, nlink, uid, gid, flags, rdev, size, blocks, atime, mtime,
          ctime, version, parent, symlink, layout, xattrs);
  }
};

Bytes encode_inode(const Inode& inode);
Inode decode_inode(uint64_t number, protocol::ByteView record);

class Namespace {
 public:
  // Restores what the store holds; an empty one gets its root (written with the first transaction).
  Namespace(const Config& config, const Store& store);

  // None when there is no such file. A FID of a 2.0 client is looked for among the lma's; an IGIF
  // by number, and its generation must match unless it is 0.
  const Inode* find(Fid fid) const;
  const Inode* inode(uint64_t number) const;
  const Directory& directory(uint64_t number) const;
  // None when the name is not there. "." and ".." are understood.
  const Inode* lookup(const Inode& directory, std::string_view name) const;
  size_t inode_count() const { return entries_->size(); }
  std::vector<const Inode*> all() const;

  // For changing; the reference is good until the next inode is made or destroyed.
  Inode& change(uint64_t number);
  // A new inode without a name. Its number is the next one, and it gets a generation of its own,
  // unless `as` (an IGIF) asks for both, as replays in 1.8 do: none when that number is taken. Any
  // other FID is kept as the lma.
  Inode* create(uint32_t mode, Fid as);
  void add_name(uint64_t directory, std::string_view name, uint64_t inode);
  void remove_name(uint64_t directory, std::string_view name);
  // The inode must have no name any more.
  void destroy(uint64_t number);

  // Without a name but still open. Durable, and iterated after recovery (semantics 2.7).
  const std::vector<uint64_t>& orphans() const { return orphans_; }
  bool is_orphan(uint64_t number) const;
  // Not `durable` is a planted defect: a crash forgets it.
  void add_orphan(uint64_t number, bool durable = true);
  void remove_orphan(uint64_t number);

  // What was changed since the last call, each key once.
  std::vector<Write> take_writes();
  bool has_writes() const { return !dirty_.empty() || !writes_.empty(); }

  void invariants() const;
  void state(auto&& visit) const {
    visit(next_number_, entries_, fids_, orphans_, dirty_, writes_);
  }

 private:
  struct Entry {
    Cow<Inode> inode;
    Cow<Directory> names;
    void state(auto&& visit) const { visit(inode, names); }
    bool operator==(const Entry&) const = default;
  };
  struct FidEntry {
    Fid fid;
    uint64_t number = 0;
    auto operator<=>(const FidEntry&) const = default;
    void state(auto&& visit) const { visit(fid, number); }
  };
  struct WriteOnce {  // a Write with a state()
    Key key;
    std::optional<Bytes> value;
    void state(auto&& visit) const { visit(key, value); }
  };

  void restore(const Store& store);
  void format(const Config& config);
  Entry* entry(uint64_t number);
  const Entry* entry(uint64_t number) const;
  void write(Key key, std::optional<Bytes> value);
  Entry& insert(Inode inode);

  uint64_t seed_ = 0;                      // of generations; constant
  uint64_t incarnation_ = 0;               // constant
  uint64_t next_number_ = kRootInode + 1;  // no number is used twice in one incarnation
  Cow<std::vector<Entry>> entries_;        // sorted by number
  Cow<std::vector<FidEntry>> fids_;        // sorted; of the inodes with an lma
  std::vector<uint64_t> orphans_;          // sorted
  std::vector<uint64_t> dirty_;            // inodes to write; empty between steps
  std::vector<WriteOnce> writes_;          // other keys to write; empty between steps
};

}  // namespace reference
