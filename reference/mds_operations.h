// What requests ask of a metadata server, whatever their dialect, and what it answers. The dialects
// (mds_dialect.h) turn messages into these and back. Views point into the request's message.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/ldlm.h"
#include "reference/fid.h"
#include "reference/mds_permission.h"
#include "reference/namespace.h"

namespace reference {

using protocol::ByteView;

namespace operation {

// Locks that the client gives up along with its request (early lock cancel).
using Cancels = std::vector<uint64_t>;

// Attributes of a file, or of the child of that name in a directory (GETATTR, GETATTR_NAME, the
// intents getattr and lookup). `valid` has the OBD_MD_* bits that are asked for.
struct Getattr {
  Credentials who;
  Fid fid;
  Fid child;              // intents by FID: the child, when the name is empty
  std::string_view name;  // empty: the file itself
  uint64_t valid = 0;
  uint32_t room = 0;  // for the EA or the symlink's target, bytes
};

struct Readpage {
  Fid fid;
  uint64_t offset = 0;      // 1.8: bytes; 2.0: a hash
  uint32_t bytes = 0;       // wanted
  uint32_t attributes = 0;  // 2.0: LUDA_* bits wanted
};

struct Open {
  Credentials who;
  Fid parent;
  std::string_view name;  // empty: the child itself is opened
  Fid child;              // 2.0: chosen by the client for a file to be made; replays: the file
  uint32_t flags = 0;     // OpenFlag
  uint32_t mode = 0;
  uint64_t old_handle = 0;  // 2.0, replays: the cookie of before the restart
  uint64_t io_epoch = 0;    // 2.0, replays
  int64_t time = 0;
  ByteView layout;  // the eadata buffer
};

// A directory, node or symlink.
struct Create {
  Credentials who;
  Fid parent;
  std::string_view name;
  Fid child;  // as in Open
  uint32_t mode = 0;
  uint32_t rdev = 0;
  int64_t time = 0;
  std::string_view target;  // of a symlink
  ByteView layout;
  Cancels cancels;
};

struct Link {
  Credentials who;
  Fid file;
  Fid directory;
  std::string_view name;
  int64_t time = 0;
  Cancels cancels;
};

struct Unlink {
  Credentials who;
  Fid directory;
  std::string_view name;
  bool of_directory = false;  // rmdir
  int64_t time = 0;
  Cancels cancels;
};

struct Rename {
  Credentials who;
  Fid source_directory;
  std::string_view source_name;
  Fid target_directory;
  std::string_view target_name;
  int64_t time = 0;
  Cancels cancels;
};

struct Setattr {
  Credentials who;
  Fid fid;
  uint64_t valid = 0;  // MDS_ATTR_*
  uint32_t mode = 0, uid = 0, gid = 0, flags = 0;
  uint64_t size = 0, blocks = 0;
  int64_t atime = 0, mtime = 0, ctime = 0;
  ByteView layout;           // of a directory: its wish for new files
  uint64_t handle = 0;       // 2.0, Size-on-MDS: the open file
  uint64_t io_epoch = 0;     // likewise
  uint32_t epoch_flags = 0;  // 2.0, Size-on-MDS: MF_*
  Cancels cancels;
};

struct Getxattr {
  Fid fid;
  uint64_t valid = 0;  // FLXATTR or FLXATTRLS
  std::string_view name;
  uint32_t room = 0;  // 0 asks for the size
};

struct Setxattr {
  Credentials who;
  Fid fid;
  uint64_t valid = 0;  // FLXATTR or FLXATTRRM
  std::string_view name;
  ByteView value;
  uint32_t flags = 0;  // XATTR_CREATE 1, XATTR_REPLACE 2
};

// And DONE_WRITING.
struct Close {
  uint64_t handle = 0;
  bool atime_set = false;
  int64_t atime = 0;
  uint32_t epoch_flags = 0;  // 2.0, Size-on-MDS: MF_*
  bool sizes_known = false;  // likewise: these are the file's
  uint64_t size = 0, blocks = 0;
};

struct Sync {
  Fid fid;  // zero: everything
};

}  // namespace operation

// A regular file's size, where the MDS knows it.
struct ToldSize {
  uint64_t size = 0, blocks = 0;
};

// An answer about a file. The dialects pack it into a body and its buffers.
struct FileReply {
  const Inode* inode = nullptr;  // whose attributes; valid until the namespace is changed
  Fid fid = {};                  // zero: the inode's own
  uint64_t valid = 0;            // OBD_MD_* besides those that come with the attributes
  bool size_known = false;       // a regular file's size is what the MDS says
  std::optional<ToldSize> told;  // Size-on-MDS: that of a regular file
  uint64_t handle = 0;           // of an open file
  uint64_t io_epoch = 0;
  uint32_t md_size_max = 0;      // with FLMODEASIZE
  uint32_t cookie_size_max = 0;  // likewise
  uint32_t md_size = 0;          // of an md that is not sent, for who asks its size
  Bytes md = {};                 // layout, wish of a directory, or target of a symlink with its NUL
  Bytes acl = {};
  Bytes cookies = {};  // of the unlink log, a record each
};

}  // namespace reference
