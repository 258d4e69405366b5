// What operators ask of servers and applications of clients, and what they get back.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "protocol/bytes.h"

namespace reference {

// Flag of stat, AT_STATX_DONT_SYNC: what the MDS says of the size will do, OSTs are not asked.
inline constexpr uint32_t kStatDontSync = 0x4000;

using OrderId = uint64_t;

// --- of a server ---

struct Evict {  // the client with this uuid, or all when it is empty
  std::string uuid;
  void state(auto&& visit) const { visit(uuid); }
};
// All clients at this address. An MDS has its OSTs evict them, too.
struct EvictNid {
  uint64_t nid = 0;
  void state(auto&& visit) const { visit(nid); }
};
struct AbortRecovery {
  void state(auto&& visit) const { visit(); }
};
// The target is unmounted: from now on nobody is answered but with -ENODEV. Without `force` that is
// a failover: the slots stay, and clients recover with whoever serves the target next; with it they
// are as if every client had disconnected. What was executed becomes durable as ever; then the
// machine may go.
struct Unmount {
  bool force = false;
  void state(auto&& visit) const { visit(force); }
};
// CONNECT is answered with -EAGAIN as long as it is `on`.
struct HoldConnects {
  bool on = true;
  void state(auto&& visit) const { visit(on); }
};

// --- of a client: the calls of an application ---
// Paths are absolute within the mounted file system (mount: within the whole, the directory that
// becomes the root), names of at most 255 bytes, separated by '/'.

inline constexpr uint32_t kFlockNoWait = 0x100;

struct Syscall {
  enum class Kind : uint8_t {
    mount,
    unmount,
    stat,
    lstat,
    open,
    close,
    read,
    write,
    fsync,
    truncate,
    mkdir,
    rmdir,
    unlink,
    link,
    symlink,
    readlink,
    rename,
    chmod,
    chown,
    utime,
    mknod,
    readdir,
    statfs,
    getxattr,
    setxattr,
    listxattr,
    removexattr,
    flock,
    sync,
  };
  Kind kind = Kind::stat;
  std::string path;
  std::string target;  // link, symlink, rename: the other name; xattr: its name
  uint32_t flags = 0;  // open, truncate (O_DIRECT): O_*; setxattr: XATTR_*; flock: F_RDLCK,
                       // F_WRLCK, F_UNLCK, with kFlockNoWait: -EAGAIN instead of waiting
  uint32_t mode = 0;   // open, mkdir, mknod, chmod: permission bits (mknod: with S_IFMT)
  uint32_t uid = 0, gid = 0;
  uint64_t fd = 0;               // of an open file, as open returned it in Result::value
  uint64_t offset = 0;           // read, write, truncate (new size), flock (start)
  uint64_t length = 0;           // read; flock: end (inclusive)
  int64_t atime = 0, mtime = 0;  // utime, seconds since 1970
  uint32_t stripe_count = 0;     // open that creates: a striping wish, 0 for the default
  uint32_t stripe_size = 0;      // bytes
  protocol::Bytes data;          // write; setxattr
  void state(auto&& visit) const {
    visit(kind, path, target, flags, mode, uid, gid, fd, offset, length, atime, mtime, stripe_count,
          stripe_size, data);
  }
};

using Order = std::variant<Evict, EvictNid, AbortRecovery, Unmount, HoldConnects, Syscall>;

// --- back ---

struct Attributes {
  uint64_t fid_seq = 0;
  uint32_t fid_oid = 0, fid_ver = 0;
  uint64_t ino = 0;
  uint32_t mode = 0, nlink = 0, uid = 0, gid = 0;
  uint64_t rdev = 0, size = 0, blocks = 0;
  int64_t atime = 0, mtime = 0, ctime = 0;  // seconds since 1970
  bool operator==(const Attributes&) const = default;
  void state(auto&& visit) const {
    visit(fid_seq, fid_oid, fid_ver, ino, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime,
          ctime);
  }
};

struct DirectoryEntry {
  std::string name;
  uint64_t ino = 0;
  uint32_t type = 0;  // S_IFMT bits, 0 where the server does not say
  bool operator==(const DirectoryEntry&) const = default;
  void state(auto&& visit) const { visit(name, ino, type); }
};

struct FileSystemStatus {
  uint64_t blocks = 0, free = 0, available = 0, files = 0, files_free = 0;
  uint32_t block_size = 0;
  bool operator==(const FileSystemStatus&) const = default;
  void state(auto&& visit) const { visit(blocks, free, available, files, files_free, block_size); }
};

struct Result {
  int32_t status = 0;                   // 0 or a negative errno, as on the wire
  uint64_t value = 0;                   // open: fd; write: bytes written
  Attributes attributes;                // stat, lstat, open
  protocol::Bytes data;                 // read, readlink, getxattr, listxattr
  std::vector<DirectoryEntry> entries;  // readdir
  FileSystemStatus file_system;         // statfs
  void state(auto&& visit) const { visit(status, value, attributes, data, entries, file_system); }
};

}  // namespace reference
