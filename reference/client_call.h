// A system call in progress, and the other things a Client keeps: what it knows of files, locks,
// objects, open files. All data, no behaviour; the client_*.cc act on them.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "protocol/ldlm.h"
#include "reference/cache.h"
#include "reference/client_dialect.h"
#include "reference/fid.h"
#include "reference/order.h"

namespace reference {

inline constexpr uint32_t kTransferMax =
    1u << 20;  // bytes of one bulk transfer, as the client asks for
inline constexpr uint64_t kEofByte = ~uint64_t{0};  // the last byte of an extent that has no end

using ResourceName = protocol::ldlm::LdlmResId;

// Where a call is in its procedure. Each family of calls uses some of them (client_*.cc).
enum class Stage : uint8_t {
  begin,
  walk,         // from the root to the file, or to the directory that has its last name
  walk_second,  // link, rename: to the second name's directory
  rpc_lock,     // waits its turn among the requests that change the file system
  fid,          // waits for a sequence to make FIDs of
  request,      // waits for the answer to its main request
  open_truncate,
  open_truncated,
  layout,  // waits for the lock on the layout (Size-on-MDS, solution 2)
  lock_objects,
  transfer,  // reads or writes are under way
  flush,     // waits until what it wrote is on the OSTs
  glimpse,   // asks OSTs for sizes
  punch,
  sync,
  lockless,   // waits for writes that servers lock for
  epoch_end,  // waits until the MDT knows that the epoch ends
  destroy,    // the objects of a file that is gone
  pages,      // of a directory
  flock_wait,
  // mount and unmount
  config,
  connect,
  root,
  cancel_locks,
  disconnect,
  done,
};

// A stretch of a call's data that lies in one object without a break.
struct CallPart {
  uint32_t stripe = 0;
  uint64_t object_offset = 0;  // where it begins in the object
  uint64_t file_offset = 0;    // and in the file
  uint64_t length = 0;
  Bytes data;  // of a transfer: what the OST sent
  void state(auto&& visit) const { visit(stripe, object_offset, file_offset, length, data); }
};

// A lock that a call holds on an object of its file, or asks for.
struct CallLock {
  uint32_t stripe = 0;
  uint64_t start = 0;
  uint64_t end = 0;     // included
  uint64_t handle = 0;  // 0 as long as it was not asked for
  bool local = false;   // glimpse: what we hold already says it
  void state(auto&& visit) const { visit(stripe, start, end, handle, local); }
};

// What the walk waits to hear.
enum class WalkAsked : uint8_t { nothing, name, itself, link };

struct Call {
  OrderId id = 0;
  Syscall args;
  Stage stage = Stage::begin;
  int32_t status = 0;
  uint32_t waiting = 0;  // replies that must come before it goes on

  // the walk
  std::vector<std::string> names;  // still to be looked up, the next one last
  std::vector<Fid> trail;          // directories passed, the root first
  uint32_t symlinks = 0;           // followed so far
  WalkAsked asked = WalkAsked::nothing;
  Fid directory;     // that has `name`
  std::string name;  // last component, where the call works on a name
  Fid source_directory;
  std::string source_name;
  Fid source_fid;

  // the file found
  Fid fid;
  bool attributes_known = false;
  Attributes attributes;
  Bytes ea;

  // its requests
  MdOp op = MdOp::getattr;
  RequestId request = 0;
  uint64_t lock = 0;  // that an intent or a flock asked for
  uint64_t layout_lock = 0;
  MdReply reply;
  uint64_t position = 0;            // readdir
  bool sized = false;               // the file's size is known (glimpsed, or told by the MDS)
  uint64_t ioepoch = 0;             // of a truncate or a lockless write
  bool committed = false;           // so is the open that it rests on
  std::vector<CallPart> parts;      // of what is read or written, by stripe
  std::vector<CallPart> transfers;  // what of it had to be asked of the OSTs
  std::vector<CallLock> object_locks;
  std::vector<CallLock> glimpses;

  Result result;

  void state(auto&& visit) const {
    visit(id, args, stage, status, waiting, names, trail, symlinks, asked, directory, name,
          source_directory, source_name, source_fid, fid, attributes_known, attributes, ea, op,
          request, lock, layout_lock, reply, position, sized, ioepoch, committed, parts, transfers,
          object_locks, glimpses, result);
  }
};

// What is known of a file while a lock of it is held or it is open.
struct CachedInode {
  Fid fid;
  Attributes attributes;
  Bytes ea;           // layout of a regular file
  bool told = false;  // its size, by the MDS
  void state(auto&& visit) const { visit(fid, attributes, ea, told); }
};

// A name that counts as long as a lock with the LOOKUP bit on the child is held.
struct CachedName {
  Fid directory;
  std::string name;
  Fid child;
  auto key() const { return std::tie(directory, name); }
  void state(auto&& visit) const { visit(directory, name, child); }
};

struct OpenedFile {
  uint64_t fd = 0;
  Fid fid;
  uint32_t flags = 0;   // O_*
  uint64_t handle = 0;  // at the MDS
  uint64_t ioepoch = 0;
  Bytes ea;
  RequestId open_request = 0;  // as the MDS's import keeps it
  RequestId close_request = 0;
  bool closed = false;   // by the application; kept until neither request is needed for a replay
  bool changed = false;  // written to in its IO epoch
  bool lost = false;     // the MDT has forgotten us since it was opened
  bool epoch_goes_on = false;  // beyond its close, until its data is written
  void state(auto&& visit) const {
    visit(fd, fid, flags, handle, ioepoch, ea, open_request, close_request, closed, changed, lost,
          epoch_goes_on);
  }
};

// The end of an IO epoch of ours (facts: semantics 4.3): the data gets to the OSTs, DONE_WRITING,
// and if the MDT wants them the sizes of all objects, in an update of its attributes.
struct EpochEnd {
  enum class Step : uint8_t { flush, done_writing, gather, update };
  RequestId id = 0;  // of the request that began it: a CLOSE, or a truncate's SETATTR
  uint64_t fd = 0;   // the closed file; 0: a truncate's
  Fid fid;
  Bytes ea;
  uint64_t handle = 0;  // at the MDS, of a truncate
  uint64_t ioepoch = 0;
  bool change = false;
  Step step = Step::flush;
  bool under_lock = false;
  uint32_t waiting = 0;
  int32_t status = 0;
  RequestId request = 0;  // the DONE_WRITING, for its replay
  struct Found {
    uint64_t size = 0, blocks = 0;
    int64_t atime = 0, mtime = 0, ctime = 0;
    void state(auto&& visit) const { visit(size, blocks, atime, mtime, ctime); }
  };
  std::vector<Found> found;  // by stripe
  void state(auto&& visit) const {
    visit(id, fd, fid, ea, handle, ioepoch, change, step, under_lock, waiting, status, request,
          found);
  }
};

// A lock of ours (facts: semantics 3.4, "Client copy").
struct ClientLock {
  uint64_t handle = 0;  // ours
  uint32_t import = 0;
  ResourceName resource;
  uint32_t type = 0;
  uint32_t mode = 0;                 // asked for, then as granted
  protocol::ldlm::LdlmFlock policy;  // by type; likewise
  uint64_t remote = 0;               // the server's handle
  bool granted = false;
  bool waiting = false;  // the server said so; a completion callback will come
  bool ended = false;    // no lock will come of it: status
  int32_t status = 0;
  bool callback_pending = false;  // somebody wants it: not to be used anew
  bool discard = false;           // whoever wants it will destroy the data
  bool cancelling = false;
  uint32_t users = 0;
  uint64_t last_use = 0;  // a count, for giving up the one unused longest
  uint64_t ioepoch = 0;   // of the open file, of a lock to write under
  protocol::ldlm::OstLvb lvb;
  void state(auto&& visit) const {
    visit(handle, import, resource, type, mode, policy, remote, granted, waiting, ended, status,
          callback_pending, discard, cancelling, users, last_use, ioepoch, lvb);
  }
};

// An object of a file on an OST, as far as this client has to do with it.
struct ClientObject {
  uint32_t ost = 0;  // index
  uint64_t id = 0;
  uint64_t seq = 0;
  Fid file;
  ObjectCache cache;
  uint64_t size = 0;  // kms: what the OST or our own writes say
  int64_t mtime = 0, atime = 0, ctime = 0;
  uint64_t blocks = 0;
  bool flush = false;    // dirty data is to go out now
  bool written = false;  // since the last fsync
  uint32_t writing = 0;  // transfers under way
  uint64_t ioepoch = 0;  // of the last write into the cache
  int32_t error = 0;     // of a write-back, for the next fsync or close
  auto key() const { return std::tie(ost, seq, id); }
  void state(auto&& visit) const {
    visit(ost, id, seq, file, cache, size, mtime, atime, ctime, blocks, flush, written, writing,
          ioepoch, error);
  }
};

// An object whose file is gone. It is destroyed once that is committed at the MDT: a crash before
// would bring the file back, and with us gone, too, its data would be missed (facts: semantics 2.5,
// H-DESTROY).
struct DoomedObject {
  uint32_t ost = 0;
  uint64_t transno = 0;  // of the file's end
  protocol::ost::Obdo obdo;
  void state(auto&& visit) const { visit(ost, transno, obdo); }
};

// What an OST lets us write without asking (facts: rpc-formats "obdo overlays").
struct ClientGrant {
  uint32_t ost = 0;
  uint64_t available = 0;  // bytes
  uint64_t lost = 0;       // granted, but its data was discarded: told with the next write
  void state(auto&& visit) const { visit(ost, available, lost); }
};

// Who waits for the answer to a request.
struct Waiter {
  enum class Kind : uint8_t {
    nobody,  // the answer matters to the import alone: a lock cancel
    call,    // the call's main request
    part,    // one of its parts: which
    lock,    // an enqueue: id is the lock's handle
    write,   // a write-back: id is the batch, with the object's key
    replayed_lock,
    sequence,
    statfs,
    closed,       // a close that no call waits for: id is the fd
    epoch_end,    // a request for it: id is its id
    epoch_part,   // likewise, one of those that read sizes: which
    reopened,     // an open after an eviction: id is the fd, bytes the lock
    revalidated,  // a word from the MDT that it knows us
  };
  uint32_t import = 0;
  RequestId request = 0;
  Kind kind = Kind::nobody;
  uint64_t id = 0;
  uint32_t which = 0;
  uint64_t object_seq = 0, object_id = 0;
  uint64_t bytes = 0;  // write: from grant
  auto key() const { return std::tie(import, request); }
  void state(auto&& visit) const {
    visit(import, request, kind, id, which, object_seq, object_id, bytes);
  }
};

}  // namespace reference
