// What a client says to metadata servers and OSTs, in neutral terms, and how each dialect puts it
// on the wire. One table per dialect (client_1_8.cc, client_2_0.cc); the Client itself compares no
// dialects. The formats towards an MDT are chosen by what it granted: with OBD_CONNECT_FID they are
// 2.0's, also for a client of 1.8. Facts: rpc-formats, differences 2 to 11 and 14.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ldlm.h"
#include "protocol/mds_2_0.h"
#include "protocol/message.h"
#include "protocol/ost.h"
#include "reference/fid.h"
#include "reference/import.h"
#include "reference/order.h"

namespace reference {

enum class MdOp : uint8_t {
  getstatus,
  getattr,
  readpage,
  sync,
  close,
  done_writing,
  setattr,
  create,
  symlink,
  link,
  unlink,
  rename,
  setxattr,
  getxattr,
  open,
  intent_lookup,
  intent_getattr,
};

// One metadata request; which fields count depends on the operation.
struct MdRequest {
  uint32_t fsuid = 0, fsgid = 0;  // who asks
  Fid parent;                     // the directory; link and rename: the target's directory
  Fid source_parent;              // rename
  Fid fid;                        // the file; create and open: of the new file (2.0)
  std::string_view name;          // in `parent`; xattr: its name
  std::string_view source_name;   // rename: the old name; symlink: what it points to
  uint32_t mode = 0;
  uint32_t flags = 0;  // open: open_flag; setxattr: XATTR_*; unlink: S_IFDIR for rmdir
  uint64_t rdev = 0;
  int64_t time = 0;           // seconds since 1970
  uint64_t valid = 0;         // getattr: what is wanted; setattr, close: mds::attr bits
  uint32_t uid = 0, gid = 0;  // setattr
  uint64_t size = 0;          // setattr; readpage: the position
  int64_t atime = 0, mtime = 0;
  uint64_t blocks = 0;  // setattr
  uint64_t handle = 0;  // close; setattr of an epoch
  uint64_t ioepoch = 0;
  uint32_t epoch_flags = 0;          // close, setattr: MF_*
  protocol::ByteView data;           // open: eadata; setxattr: the value
  uint32_t room = 0;                 // getattr: for the EA; getxattr: for the value
  bool remove = false;               // setxattr: remove it
  protocol::ldlm::LdlmRequest lock;  // intents
};

// What came back, both dialects in 2.0's body (1.8's is its beginning).
struct MdReply {
  int32_t status = 0;  // pb_status; -EPROTO when the reply could not be read
  protocol::mds_2_0::MdtBody body;
  Bytes ea;                        // layout, symlink's target, xattr's value
  Bytes cookies;                   // llog cookies, 32 bytes for each object
  protocol::ldlm::LdlmReply lock;  // intents
  uint64_t transno = 0;
  void state(auto&& visit) const { visit(status, body, ea, cookies, lock, transno); }
};

struct DirectoryPage {
  std::vector<DirectoryEntry> entries;
  uint64_t next = 0;  // position of the next page
  bool last = false;
};

enum class OstOp : uint8_t { getattr, setattr, punch, sync, destroy, read, write, statfs };

struct OstRequest {
  protocol::ost::Obdo obdo;
  std::vector<protocol::ost::NiobufRemote> niobufs;  // read, write
  Bytes data;                                        // write: what the niobufs say, in a row
};

struct ClientDialect {
  uint64_t mgs_flags;  // connect flags asked for
  uint64_t mds_flags;
  uint64_t ost_flags;
  uint32_t version;     // ocd_version
  uint32_t flock_name;  // which word of the resource name marks a flock
  uint64_t obdo_valid;  // set in every obdo
  uint64_t open_bits;   // inodebits that an open asks for
  bool chooses_fids;    // new files' FIDs, from SEQ_QUERY

  OutgoingRequest (*metadata)(MdOp op, const MdRequest& request);
  MdReply (*parse)(MdOp op, const protocol::Message& reply);
  // A request as it is kept for replay, with what its reply brought (differences 14). `handle` is
  // the open's; the file's EA takes the place of the wish.
  Bytes (*kept_open)(const Bytes& message, const MdReply& reply);
  Bytes (*kept_create)(const Bytes& message, const MdReply& reply);
  Bytes (*kept_close)(const Bytes& message, uint64_t handle);
  // Size-on-MDS, 2.0 alone: a truncate that opened an epoch; a CLOSE or DONE_WRITING (`done`) that
  // was answered with EAGAIN, or whose handle is another by now.
  Bytes (*kept_truncate)(const Bytes& message, const MdReply& reply) = nullptr;
  Bytes (*kept_epoch_end)(const Bytes& message, bool done, uint64_t handle,
                          bool update_asked) = nullptr;
  // False when the bytes are no page.
  bool (*page)(protocol::ByteView bytes, uint64_t position, const MdReply& reply,
               DirectoryPage& out);
  OutgoingRequest (*ost)(OstOp op, const OstRequest& request);
};

inline constexpr uint32_t kDirectoryPageSize = 4096;
inline constexpr uint32_t kEaRoom = 3888;  // a v3 layout of 160 stripes
inline constexpr uint32_t kAclRoom = 260;

extern const ClientDialect kClient18;
extern const ClientDialect kClient20;
// By Dialect.
const ClientDialect& client_dialect(Dialect dialect);

// The number that an application sees for a file.
constexpr uint64_t inode_number(Fid fid) {
  if (is_igif(fid)) return fid.seq;
  return (fid.seq << 24) + ((fid.seq >> 24) & 0xffffff0000) + fid.oid;
}

}  // namespace reference
