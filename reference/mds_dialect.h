// What a metadata server's dialect is: how requests are read and answers written, and the few
// behaviours that differ by version, each a field named after the fact. The tables are in
// dialect_1_8.cc and dialect_2_0.cc.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "protocol/message.h"
#include "reference/config.h"
#include "reference/mds_operations.h"

namespace reference {

template <class T>
using Decoded = std::expected<T, protocol::WireError>;

// Which operations a dialect has: those of the table in mds.cc with its bit.
inline constexpr uint8_t kOperationsOf18 = 1, kOperationsOf20 = 2;

struct MdsDialect {
  using Message = protocol::Message;
  using Builder = protocol::MessageBuilder;

  // --- requests ---
  Decoded<operation::Getattr> (*getattr)(const Message&);
  Decoded<operation::Getattr> (*getattr_name)(const Message&);
  Decoded<operation::Getattr> (*getattr_intent)(const Message&);  // and lookup
  Decoded<operation::Readpage> (*readpage)(const Message&);
  Decoded<operation::Open> (*open)(const Message&);
  Decoded<operation::Create> (*create)(const Message&);
  Decoded<operation::Create> (*create_intent)(const Message&);
  Decoded<operation::Link> (*link)(const Message&);
  Decoded<operation::Unlink> (*unlink)(const Message&);
  Decoded<operation::Rename> (*rename)(const Message&);
  Decoded<operation::Setattr> (*setattr)(const Message&);
  Decoded<operation::Getxattr> (*getxattr)(const Message&);
  Decoded<operation::Setxattr> (*setxattr)(const Message&);  // 1.8: opcode 50; 2.0: a reint
  Decoded<operation::Close> (*close)(const Message&);
  Decoded<operation::Close> (*done_writing)(const Message&);  // none: it means nothing
  Decoded<operation::Sync> (*sync)(const Message&);

  // --- answers: the buffers behind ptlrpc_body ---
  void (*put_getattr)(const FileReply&, Builder&);
  void (*put_getstatus)(const FileReply&, Builder&);
  void (*put_body)(const FileReply&, Builder&);  // readpage, sync, link, done_writing, pin
  void (*put_create)(const FileReply&, Builder&);
  void (*put_setattr)(const FileReply&, Builder&);
  void (*put_unlink)(const FileReply&, Builder&);  // rename and close too
  void (*put_getxattr)(const FileReply&, Builder&);
  void (*put_setxattr)(const FileReply&, Builder&);
  void (*put_open)(const protocol::ldlm::LdlmReply&, const FileReply&, Builder&);
  void (*put_intent)(const protocol::ldlm::LdlmReply&, const FileReply&, Builder&);
  void (*put_enqueue)(const protocol::ldlm::LdlmReply&, Builder&);

  // --- identities ---
  // Lock resource of a file (differences 3): 1.8 {inode, generation, 0, 0}, 2.0 the FID.
  protocol::ldlm::LdlmResId (*resource)(const Inode&);
  // Who a layout says the file is (differences 9).
  uint64_t (*layout_object_id)(const Inode&);
  uint64_t (*layout_object_seq)(const Inode&);

  // --- behaviours ---
  uint8_t operations;
  int32_t malformed;              // status for buffers that cannot be read
  int32_t no_fid;                 // a request without a FID where one is needed
  int32_t unknown_intent;         // intents nobody serves
  int32_t unknown_reint;          // a record with an opcode nobody serves
  int32_t no_such_opcode;         // an opcode of a later or earlier version
  bool clients_choose_fids;       // a create must bring the FID of the file to be made
  bool child_fid_only_in_replay;  // another child FID is EFAULT (differences 6)
  bool open_needs_flags;          // flags 0 are EPROTO (differences 6)
  bool joins_refused;             // MDS_OPEN_JOIN_FILE is EOPNOTSUPP
  bool xattrs_by_reint;           // setxattr is a reint, not an opcode of its own
  bool blocks_by_offset;          // readdir by blocks, not by hashes (differences 8)
  bool replay_without_md;         // no layout or cookies in the answer to a replay
  bool names_version_directory;   // a change of its names is a new version of a directory
  bool old_handles;               // replayed opens leave the old cookie findable (semantics 2.6)
};

const MdsDialect& mds_dialect(Dialect dialect);

// In dialect_1_8.cc and dialect_2_0.cc.
extern const MdsDialect kMdsDialect18;
extern const MdsDialect kMdsDialect20;

}  // namespace reference
