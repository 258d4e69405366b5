# Every RPC of the 2.0 dialect: number, portals, version, and the buffers of request and reply in
# their order, ptlrpc_body apart. Facts: rpc-formats.
@0xecf50a7a7cb65ee7;

using Ptlrpc = import "ptlrpc.capnp";
using Fid = import "fid.capnp";
using Ldlm = import "ldlm.capnp";
using Llog = import "llog.capnp";
using Ost = import "ost.capnp";
using Mgs = import "mgs.capnp";
using Mds20 = import "mds_2_0.capnp";
using import "wire.capnp".operation;
using import "wire.capnp".keyName;
using import "wire.capnp".count;
using import "wire.capnp".optional;
using import "wire.capnp".mayBeEmpty;
using import "wire.capnp".values;

# --- connection and ping (facts: rpc-formats) ---

struct MdsConnect $operation(opcode = 38, name = "MDS_CONNECT", requestPortal = 12,
    replyPortal = 10, version = 0x10003) {
  struct Request {
    targetUuid @0 :Text $count(39);
    clientUuid @1 :Text $count(39);
    clientHandle @2 :Ptlrpc.LustreHandle;  # What the server names in callbacks.
    connectData @3 :Ptlrpc.ObdConnectData;
  }
  struct Reply { connectData @0 :Ptlrpc.ObdConnectData; }
}

struct MdsDisconnect $operation(opcode = 39, name = "MDS_DISCONNECT", requestPortal = 12,
    replyPortal = 10, version = 0x10003) {
  struct Request {}
  struct Reply {}
}

struct OstConnect $operation(opcode = 8, name = "OST_CONNECT", requestPortal = 28,
    replyPortal = 4, version = 0x10003) {
  struct Request {
    targetUuid @0 :Text $count(39);
    clientUuid @1 :Text $count(39);
    clientHandle @2 :Ptlrpc.LustreHandle;  # What the server names in callbacks.
    connectData @3 :Ptlrpc.ObdConnectData;
  }
  struct Reply { connectData @0 :Ptlrpc.ObdConnectData; }
}

struct OstDisconnect $operation(opcode = 9, name = "OST_DISCONNECT", requestPortal = 28,
    replyPortal = 4, version = 0x10003) {
  struct Request {}
  struct Reply {}
}

struct MgsConnect $operation(opcode = 250, name = "MGS_CONNECT", requestPortal = 26,
    replyPortal = 25, version = 0x10003) {
  struct Request {
    targetUuid @0 :Text $count(39);
    clientUuid @1 :Text $count(39);
    clientHandle @2 :Ptlrpc.LustreHandle;  # What the server names in callbacks.
    connectData @3 :Ptlrpc.ObdConnectData;
  }
  struct Reply { connectData @0 :Ptlrpc.ObdConnectData; }
}

struct MgsDisconnect $operation(opcode = 251, name = "MGS_DISCONNECT", requestPortal = 26,
    replyPortal = 25, version = 0x10003) {
  struct Request {}
  struct Reply {}
}

struct ObdPing $operation(opcode = 400, name = "OBD_PING", requestPortal = 0, replyPortal = 0,
    version = 0x10003) {
  # To any target. At the end of recovery its pb_flags say that nothing is left to replay.
  struct Request {}
  struct Reply {}
}

# --- metadata (facts: rpc-formats, "Metadata, plain") ---

struct MdsGetattr $operation(opcode = 33, name = "MDS_GETATTR", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  # Attributes of a file. md is its EA, or the target of a symlink.
  struct Request { body @0 :Mds20.MdtBody; capa @1 :Data $mayBeEmpty; }
  struct Reply {
    body @0 :Mds20.MdtBody;
    md @1 :Data $mayBeEmpty;
    acl @2 :Data $mayBeEmpty;
    capa1 @3 :Data $mayBeEmpty;
    capa2 @4 :Data $mayBeEmpty;
  }
}

struct MdsGetattrName $operation(opcode = 34, name = "MDS_GETATTR_NAME", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  # The same by directory and name.
  struct Request {
    body @0 :Mds20.MdtBody;
    capa @1 :Data $mayBeEmpty;
    name @2 :Text;
  }
  struct Reply {
    body @0 :Mds20.MdtBody;
    md @1 :Data $mayBeEmpty;
    acl @2 :Data $mayBeEmpty;
    capa1 @3 :Data $mayBeEmpty;
    capa2 @4 :Data $mayBeEmpty;
  }
}

struct MdsClose $operation(opcode = 35, name = "MDS_CLOSE", requestPortal = 23, replyPortal = 10,
    version = 0x20003) {
  # Closes the handle in ioepoch. EAGAIN asks for the size (Size-on-MDS).
  struct Request {
    ioepoch @0 :Mds20.MdtIoepoch;
    record @1 :Mds20.MdtRecSetattr;  # At most its atime is taken, unless Size-on-MDS is on.
    capa @2 :Data $mayBeEmpty;
  }
  struct Reply {
    body @0 :Mds20.MdtBody;
    md @1 :Data $mayBeEmpty;
    logcookies @2 :Data $mayBeEmpty;
    capa1 @3 :Data $mayBeEmpty;
    capa2 @4 :Data $mayBeEmpty;
  }
}

# --- changes of metadata (facts: rpc-formats, "MDS_REINT") ---

# elc is 104 zero bytes where OBD_CONNECT_CANCELSET is not granted; only 1.8.9 clients leave it out.

struct MdsReintSetattr $operation(opcode = 36, name = "MDS_REINT/SETATTR", requestPortal = 12,
    replyPortal = 10, version = 0x20003, altRequestPortal = 22, selector = reint,
    discriminator = 1) {
  struct Request {
    record @0 :Mds20.MdtRecSetattr;
    capa @1 :Data $mayBeEmpty;
    ioepoch @2 :Mds20.MdtIoepoch $mayBeEmpty;  # There with Size-on-MDS.
    eadata @3 :Data $mayBeEmpty;
    logcookies @4 :Data $mayBeEmpty;
    elc @5 :Ldlm.LdlmRequest $optional;
  }
  struct Reply {
    body @0 :Mds20.MdtBody;
    md @1 :Data $mayBeEmpty;
    acl @2 :Data $mayBeEmpty;
    capa1 @3 :Data $mayBeEmpty;
    capa2 @4 :Data $mayBeEmpty;
  }
}

struct MdsReintCreate $operation(opcode = 36, name = "MDS_REINT/CREATE", requestPortal = 12,
    replyPortal = 10, version = 0x20003, selector = reint, discriminator = 2) {
  # Directories and nodes. As the opcode does not tell, symlinks too when decoded.
  struct Request {
    record @0 :Mds20.MdtRecCreate;
    capa @1 :Data $mayBeEmpty;
    name @2 :Text;
    eadata @3 :Data $mayBeEmpty;
    elc @4 :Ldlm.LdlmRequest $optional;
  }
  struct Reply { body @0 :Mds20.MdtBody; capa @1 :Data $mayBeEmpty; }
}

struct MdsReintSymlink $operation(opcode = 36, name = "MDS_REINT/SYMLINK", requestPortal = 12,
    replyPortal = 10, version = 0x20003, selector = reint, discriminator = 2) {
  # A create of mode S_IFLNK.
  struct Request {
    record @0 :Mds20.MdtRecCreate;
    capa @1 :Data $mayBeEmpty;
    name @2 :Text;
    target @3 :Text;
    elc @4 :Ldlm.LdlmRequest $optional;
  }
  struct Reply { body @0 :Mds20.MdtBody; capa @1 :Data $mayBeEmpty; }
}

struct MdsReintLink $operation(opcode = 36, name = "MDS_REINT/LINK", requestPortal = 12,
    replyPortal = 10, version = 0x20003, selector = reint, discriminator = 3) {
  struct Request {
    record @0 :Mds20.MdtRecLink;
    capa1 @1 :Data $mayBeEmpty;
    capa2 @2 :Data $mayBeEmpty;
    name @3 :Text;
    elc @4 :Ldlm.LdlmRequest $optional;
  }
  struct Reply { body @0 :Mds20.MdtBody; }
}

struct MdsReintUnlink $operation(opcode = 36, name = "MDS_REINT/UNLINK", requestPortal = 12,
    replyPortal = 10, version = 0x20003, selector = reint, discriminator = 4) {
  # The reply to the last unlink brings the layout, and cookies for the client to destroy the
  # objects.
  struct Request {
    record @0 :Mds20.MdtRecUnlink;
    capa @1 :Data $mayBeEmpty;
    name @2 :Text;
    elc @3 :Ldlm.LdlmRequest $optional;
  }
  struct Reply {
    body @0 :Mds20.MdtBody;
    md @1 :Data $mayBeEmpty;
    logcookies @2 :Data $mayBeEmpty;
    capa1 @3 :Data $mayBeEmpty;
    capa2 @4 :Data $mayBeEmpty;
  }
}

struct MdsReintRename $operation(opcode = 36, name = "MDS_REINT/RENAME", requestPortal = 12,
    replyPortal = 10, version = 0x20003, selector = reint, discriminator = 5) {
  # The reply is as for unlink, if the target was removed.
  struct Request {
    record @0 :Mds20.MdtRecRename;
    capa1 @1 :Data $mayBeEmpty;
    capa2 @2 :Data $mayBeEmpty;
    oldName @3 :Text;
    newName @4 :Text;
    elc @5 :Ldlm.LdlmRequest $optional;
  }
  struct Reply {
    body @0 :Mds20.MdtBody;
    md @1 :Data $mayBeEmpty;
    logcookies @2 :Data $mayBeEmpty;
    capa1 @3 :Data $mayBeEmpty;
    capa2 @4 :Data $mayBeEmpty;
  }
}

struct MdsReintSetxattr $operation(opcode = 36, name = "MDS_REINT/SETXATTR", requestPortal = 12,
    replyPortal = 10, version = 0x20003, selector = reint, discriminator = 7) {
  struct Request {
    record @0 :Mds20.MdtRecSetxattr;
    capa @1 :Data $mayBeEmpty;
    name @2 :Text;
    eadata @3 :Data $mayBeEmpty;
  }
  struct Reply { body @0 :Mds20.MdtBody; }
}

# --- metadata, continued ---

struct MdsReadpage $operation(opcode = 37, name = "MDS_READPAGE", requestPortal = 23,
    replyPortal = 10, version = 0x20003, bulkPortal = 14) {
  # A page of a directory, from hash size on. The server PUTs it (LuDirpage).
  struct Request { body @0 :Mds20.MdtBody; capa @1 :Data $mayBeEmpty; }
  struct Reply { body @0 :Mds20.MdtBody; }
}

struct MdsGetstatus $operation(opcode = 40, name = "MDS_GETSTATUS", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  # The root of the file system; what the request holds is ignored.
  struct Request { body @0 :Mds20.MdtBody; }
  struct Reply { body @0 :Mds20.MdtBody; capa @1 :Data $mayBeEmpty; }
}

struct MdsStatfs $operation(opcode = 41, name = "MDS_STATFS", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  struct Request {}
  struct Reply { statfs @0 :Ptlrpc.ObdStatfs; }
}

struct MdsPin $operation(opcode = 42, name = "MDS_PIN", requestPortal = 12, replyPortal = 10,
    version = 0x20003) {
  struct Request { body @0 :Mds20.MdtBody; capa @1 :Data $mayBeEmpty; }
  struct Reply { body @0 :Mds20.MdtBody; }
}

struct MdsUnpin $operation(opcode = 43, name = "MDS_UNPIN", requestPortal = 12, replyPortal = 10,
    version = 0x20003) {
  struct Request { body @0 :Mds20.MdtBody; }
  struct Reply {}
}

struct MdsSync $operation(opcode = 44, name = "MDS_SYNC", requestPortal = 12, replyPortal = 10,
    version = 0x20003) {
  # To disk; fid1 zero: the whole file system.
  struct Request { body @0 :Mds20.MdtBody; capa @1 :Data $mayBeEmpty; }
  struct Reply { body @0 :Mds20.MdtBody; }
}

struct MdsDoneWriting $operation(opcode = 45, name = "MDS_DONE_WRITING", requestPortal = 12,
    replyPortal = 10, version = 0x20003, altRequestPortal = 23) {
  # Size-on-MDS: the client has flushed what it wrote in the epoch.
  struct Request {
    ioepoch @0 :Mds20.MdtIoepoch;
    record @1 :Mds20.MdtRecSetattr;
    capa @2 :Data $mayBeEmpty;
  }
  struct Reply { body @0 :Mds20.MdtBody; }
}

struct MdsSetInfo $operation(opcode = 46, name = "MDS_SET_INFO", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  struct Request { key @0 :Text; value @1 :Data $mayBeEmpty; }
  struct Reply {}
}

struct MdsQuotacheck $operation(opcode = 47, name = "MDS_QUOTACHECK", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  struct Request { quotactl @0 :Ost.ObdQuotactl; }
  struct Reply {}
}

struct MdsQuotactl $operation(opcode = 48, name = "MDS_QUOTACTL", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  struct Request { quotactl @0 :Ost.ObdQuotactl; }
  struct Reply { quotactl @0 :Ost.ObdQuotactl; }
}

struct MdsGetxattr $operation(opcode = 49, name = "MDS_GETXATTR", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  # One value, or with FLXATTRLS the names. eadatasize is the room; 0 asks for the size.
  struct Request {
    body @0 :Mds20.MdtBody;
    capa @1 :Data $mayBeEmpty;
    name @2 :Text $mayBeEmpty;
    eadata @3 :Data $mayBeEmpty;
  }
  struct Reply { body @0 :Mds20.MdtBody; eadata @1 :Data $mayBeEmpty; }
}

struct MdsIsSubdir $operation(opcode = 52, name = "MDS_IS_SUBDIR", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  struct Request { body @0 :Mds20.MdtBody; }
  struct Reply { body @0 :Mds20.MdtBody; }
}

struct MdsGetInfo $operation(opcode = 53, name = "MDS_GET_INFO", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  struct Request {
    key @0 :Text;
    valueLength @1 :UInt32;  # Room in the reply.
  }
  struct Reply { value @0 :Data $mayBeEmpty; }
}

struct MdsSwapLayouts $operation(opcode = 61, name = "MDS_SWAP_LAYOUTS", requestPortal = 12,
    replyPortal = 10, version = 0x20003) {
  # Profile layout (from 2.4).
  struct Request {
    body @0 :Mds20.MdtBody;  # fid1 and fid2 swap layouts.
    swap @1 :Mds20.MdcSwapLayouts;
    capa1 @2 :Data $mayBeEmpty;
    capa2 @3 :Data $mayBeEmpty;
    elc @4 :Ldlm.LdlmRequest $optional;
  }
  struct Reply {}
}

# --- locks (facts: rpc-formats, "LDLM") ---

struct LdlmEnqueue $operation(opcode = 101, name = "LDLM_ENQUEUE", requestPortal = 0,
    replyPortal = 0, version = 0x40003) {
  # Any enqueue without intent, for code that serves all types. The next four say what each has.
  struct Request { lock @0 :Ldlm.LdlmRequest; }
  struct Reply { lock @0 :Ldlm.LdlmReply; lvb @1 :Ldlm.OstLvb $optional; }
}

struct LdlmEnqueueExtent $operation(opcode = 101, name = "LDLM_ENQUEUE/EXTENT",
    requestPortal = 28, replyPortal = 4, version = 0x40003, selector = lockType,
    discriminator = 11) {
  # Data of an object. With HAS_INTENT, mode PR and 0 to EOF it is a glimpse: status
  # ELDLM_LOCK_ABORTED when only the LVB is given.
  struct Request { lock @0 :Ldlm.LdlmRequest; }
  struct Reply { lock @0 :Ldlm.LdlmReply; lvb @1 :Ldlm.OstLvb; }
}

struct LdlmEnqueueFlock $operation(opcode = 101, name = "LDLM_ENQUEUE/FLOCK", requestPortal = 12,
    replyPortal = 10, version = 0x40003, selector = lockType, discriminator = 12) {
  struct Request { lock @0 :Ldlm.LdlmRequest; }
  struct Reply {
    lock @0 :Ldlm.LdlmReply;
    lvb @1 :Ldlm.OstLvb $optional;  # Servers send 40 zero bytes.
  }
}

struct LdlmEnqueuePlain $operation(opcode = 101, name = "LDLM_ENQUEUE/PLAIN", requestPortal = 26,
    replyPortal = 25, version = 0x40003, altRequestPortal = 12, selector = lockType,
    discriminator = 10) {
  # A file system's configuration, mode CR. On the MDS (12) from clients without IBITS.
  struct Request { lock @0 :Ldlm.LdlmRequest; }
  struct Reply {
    lock @0 :Ldlm.LdlmReply;
    lvb @1 :Ldlm.OstLvb $optional;  # Servers send 40 zero bytes.
  }
}

struct LdlmEnqueueIbits $operation(opcode = 101, name = "LDLM_ENQUEUE/IBITS", requestPortal = 12,
    replyPortal = 10, version = 0x40003, selector = lockType, discriminator = 13) {
  # Readdir: HAS_INTENT is set although there is none.
  struct Request { lock @0 :Ldlm.LdlmRequest; }
  struct Reply {
    lock @0 :Ldlm.LdlmReply;
    lvb @1 :Ldlm.OstLvb $optional;  # Servers send 40 zero bytes.
  }
}

struct LdlmEnqueueIntentOpen $operation(opcode = 101, name = "LDLM_ENQUEUE/OPEN",
    requestPortal = 12, replyPortal = 10, version = 0x40003, selector = intent, discriminator = 1) {
  # IT_OPEN, with IT_CREAT or without. The lock given is on the child. An empty name opens fid2.
  struct Request {
    lock @0 :Ldlm.LdlmRequest;
    intent @1 :Ldlm.LdlmIntent;
    record @2 :Mds20.MdtRecCreate;
    capa1 @3 :Data $mayBeEmpty;
    capa2 @4 :Data $mayBeEmpty;
    name @5 :Text $mayBeEmpty;
    eadata @6 :Data $mayBeEmpty;
  }
  struct Reply {
    lock @0 :Ldlm.LdlmReply;
    body @1 :Mds20.MdtBody;
    md @2 :Data $mayBeEmpty;
    acl @3 :Data $mayBeEmpty;
    capa1 @4 :Data $mayBeEmpty;
    capa2 @5 :Data $mayBeEmpty;
  }
}

struct LdlmEnqueueIntentCreate $operation(opcode = 101, name = "LDLM_ENQUEUE/CREATE",
    requestPortal = 12, replyPortal = 10, version = 0x40003, selector = intent, discriminator = 2) {
  struct Request {
    lock @0 :Ldlm.LdlmRequest;
    intent @1 :Ldlm.LdlmIntent;
    record @2 :Mds20.MdtRecCreate;
    capa @3 :Data $mayBeEmpty;
    name @4 :Text;
    eadata @5 :Data $mayBeEmpty;
  }
  struct Reply {
    lock @0 :Ldlm.LdlmReply;
    body @1 :Mds20.MdtBody;
    md @2 :Data $mayBeEmpty;
    acl @3 :Data $mayBeEmpty;
    capa @4 :Data $mayBeEmpty;
  }
}

struct LdlmEnqueueIntentGetattr $operation(opcode = 101, name = "LDLM_ENQUEUE/GETATTR",
    requestPortal = 12, replyPortal = 10, version = 0x40003, selector = intent, discriminator = 8) {
  struct Request {
    lock @0 :Ldlm.LdlmRequest;
    intent @1 :Ldlm.LdlmIntent;
    body @2 :Mds20.MdtBody;
    capa @3 :Data $mayBeEmpty;
    name @4 :Text $mayBeEmpty;
  }
  struct Reply {
    lock @0 :Ldlm.LdlmReply;
    body @1 :Mds20.MdtBody;
    md @2 :Data $mayBeEmpty;
    acl @3 :Data $mayBeEmpty;
    capa @4 :Data $mayBeEmpty;
  }
}

struct LdlmEnqueueIntentLookup $operation(opcode = 101, name = "LDLM_ENQUEUE/LOOKUP",
    requestPortal = 12, replyPortal = 10, version = 0x40003, selector = intent,
    discriminator = 16) {
  struct Request {
    lock @0 :Ldlm.LdlmRequest;
    intent @1 :Ldlm.LdlmIntent;
    body @2 :Mds20.MdtBody;
    capa @3 :Data $mayBeEmpty;
    name @4 :Text $mayBeEmpty;
  }
  struct Reply {
    lock @0 :Ldlm.LdlmReply;
    body @1 :Mds20.MdtBody;
    md @2 :Data $mayBeEmpty;
    acl @3 :Data $mayBeEmpty;
    capa @4 :Data $mayBeEmpty;
  }
}

struct LdlmEnqueueIntentUnlink $operation(opcode = 101, name = "LDLM_ENQUEUE/UNLINK",
    requestPortal = 12, replyPortal = 10, version = 0x40003, selector = intent,
    discriminator = 32) {
  # The server answers EOPNOTSUPP.
  struct Request {
    lock @0 :Ldlm.LdlmRequest;
    intent @1 :Ldlm.LdlmIntent;
    record @2 :Mds20.MdtRecUnlink;
    capa @3 :Data $mayBeEmpty;
    name @4 :Text;
  }
  struct Reply {}
}

struct LdlmEnqueueIntentLayout $operation(opcode = 101, name = "LDLM_ENQUEUE/LAYOUT",
    requestPortal = 12, replyPortal = 10, version = 0x40003, selector = intent,
    discriminator = 0x400) {
  # Profile layout (from 2.4).
  struct Request {
    lock @0 :Ldlm.LdlmRequest;
    intent @1 :Ldlm.LdlmIntent;
    layout @2 :Mds20.LayoutIntent;
    eadata @3 :Data $mayBeEmpty;
  }
  struct Reply {
    lock @0 :Ldlm.LdlmReply;
    lvb @1 :Data $mayBeEmpty;  # The layout.
  }
}

struct LdlmConvert $operation(opcode = 102, name = "LDLM_CONVERT", requestPortal = 0,
    replyPortal = 0, version = 0x40003) {
  struct Request {
    lock @0 :Ldlm.LdlmRequest;  # Handle 0 is the lock at the server, desc.req_mode the mode wanted.
  }
  struct Reply { lock @0 :Ldlm.LdlmReply; }
}

struct LdlmCancel $operation(opcode = 103, name = "LDLM_CANCEL", requestPortal = 17,
    replyPortal = 18, version = 0x40003) {
  # pb_status may be 116 (ESTALE): a lock was gone.
  struct Request {
    lock @0 :Ldlm.LdlmRequest;  # lock_count handles of the server.
  }
  struct Reply {}
}

struct LdlmBlCallback $operation(opcode = 104, name = "LDLM_BL_CALLBACK", requestPortal = 15,
    replyPortal = 16, version = 0x40003) {
  # Server to client: a lock is in the way.
  struct Request {
    lock @0 :Ldlm.LdlmRequest;  # Handle 0 is the client's; the descriptor is the blocked lock's.
  }
  struct Reply {}
}

struct LdlmCpCallback $operation(opcode = 105, name = "LDLM_CP_CALLBACK", requestPortal = 15,
    replyPortal = 16, version = 0x40003) {
  # Server to client: a lock is granted.
  struct Request {
    lock @0 :Ldlm.LdlmRequest;  # Handle 0 is the client's; the descriptor is the lock as granted.
    lvb @1 :Ldlm.OstLvb;
  }
  struct Reply {}
}

struct LdlmGlCallback $operation(opcode = 106, name = "LDLM_GL_CALLBACK", requestPortal = 15,
    replyPortal = 16, version = 0x40003) {
  # Server to client: size and times as the holder of the lock knows them.
  struct Request {
    lock @0 :Ldlm.LdlmRequest;  # Handle 0 is the client's.
  }
  struct Reply { lvb @0 :Ldlm.OstLvb; }
}

struct LdlmSetInfo $operation(opcode = 107, name = "LDLM_SET_INFO", requestPortal = 15,
    replyPortal = 16, version = 0x40003) {
  # Server to client.
  struct Request { key @0 :Text; value @1 :Data $mayBeEmpty; }
  struct Reply {}
}

# --- objects and data (facts: rpc-formats, "OST") ---

# capa is missing altogether from 1.8.9 clients.

struct OstGetattr $operation(opcode = 1, name = "OST_GETATTR", requestPortal = 28,
    replyPortal = 4, version = 0x30003) {
  struct Request { body @0 :Ost.OstBody; capa @1 :Data $optional $mayBeEmpty; }
  struct Reply { body @0 :Ost.OstBody; }
}

struct OstSetattr $operation(opcode = 2, name = "OST_SETATTR", requestPortal = 28,
    replyPortal = 4, version = 0x30003) {
  struct Request { body @0 :Ost.OstBody; capa @1 :Data $optional $mayBeEmpty; }
  struct Reply { body @0 :Ost.OstBody; }
}

struct OstRead $operation(opcode = 3, name = "OST_READ", requestPortal = 6, replyPortal = 4,
    version = 0x30003, bulkPortal = 8) {
  # pb_status of the reply is the number of bytes that the server PUT.
  struct Request {
    body @0 :Ost.OstBody;
    ioobj @1 :Ost.ObdIoobj;
    niobufs @2 :List(Ost.NiobufRemote);
    capa @3 :Data $optional $mayBeEmpty;
  }
  struct Reply { body @0 :Ost.OstBody; }
}

struct OstWrite $operation(opcode = 4, name = "OST_WRITE", requestPortal = 6, replyPortal = 4,
    version = 0x30003, bulkPortal = 8) {
  # The server GETs the bytes. pb_status of the reply is not positive.
  struct Request {
    body @0 :Ost.OstBody;
    ioobj @1 :Ost.ObdIoobj;
    niobufs @2 :List(Ost.NiobufRemote);
    capa @3 :Data $optional $mayBeEmpty;
  }
  struct Reply {
    body @0 :Ost.OstBody;
    rc @1 :List(Int32);  # 0 for each niobuf.
  }
}

struct OstCreate $operation(opcode = 5, name = "OST_CREATE", requestPortal = 7, replyPortal = 4,
    version = 0x30003, altRequestPortal = 28) {
  # Precreation up to id (portal 7); single objects, and deletion of orphans with OBD_FL_DELORPHAN
  # (28).
  struct Request { body @0 :Ost.OstBody; }
  struct Reply { body @0 :Ost.OstBody; }
}

struct OstDestroy $operation(opcode = 6, name = "OST_DESTROY", requestPortal = 6, replyPortal = 4,
    version = 0x30003) {
  struct Request {
    body @0 :Ost.OstBody;
    elc @1 :Ldlm.LdlmRequest $optional;
    capa @2 :Data $optional $mayBeEmpty;
  }
  struct Reply { body @0 :Ost.OstBody; }
}

struct OstGetInfo $operation(opcode = 7, name = "OST_GET_INFO", requestPortal = 28,
    replyPortal = 4, version = 0x30003) {
  # Keys that have no variant of their own.
  struct Request { key @0 :Text; }
  struct Reply { value @0 :Data; }
}

struct OstGetInfoLastId $operation(opcode = 7, name = "OST_GET_INFO/last_id", requestPortal = 28,
    replyPortal = 4, version = 0x30003, selector = key)
    $keyName("last_id") {
  struct Request { key @0 :Text; }
  struct Reply { lastId @0 :UInt64; }
}

struct OstGetInfoFiemap $operation(opcode = 7, name = "OST_GET_INFO/fiemap", requestPortal = 28,
    replyPortal = 4, version = 0x30003, selector = key)
    $keyName("fiemap") {
  struct Request {
    key @0 :Ost.LlFiemapInfoKey;
    fiemap @1 :Data $mayBeEmpty;  # As long as the answer may be.
  }
  struct Reply { fiemap @0 :Ost.LlUserFiemap; }
}

struct OstPunch $operation(opcode = 10, name = "OST_PUNCH", requestPortal = 6, replyPortal = 4,
    version = 0x30003) {
  struct Request {
    body @0 :Ost.OstBody;  # Without size to blocks, both bytes.
    capa @1 :Data $optional $mayBeEmpty;
  }
  struct Reply { body @0 :Ost.OstBody; }
}

struct OstStatfs $operation(opcode = 13, name = "OST_STATFS", requestPortal = 7, replyPortal = 4,
    version = 0x30003) {
  struct Request {}
  struct Reply { statfs @0 :Ptlrpc.ObdStatfs; }
}

struct OstSync $operation(opcode = 16, name = "OST_SYNC", requestPortal = 28, replyPortal = 4,
    version = 0x30003) {
  struct Request {
    body @0 :Ost.OstBody;  # From size to blocks, both bytes.
    capa @1 :Data $optional $mayBeEmpty;
  }
  struct Reply { body @0 :Ost.OstBody; }
}

struct OstSetInfo $operation(opcode = 17, name = "OST_SET_INFO", requestPortal = 28,
    replyPortal = 4, version = 0x30003) {
  # Keys that have no variant of their own.
  struct Request { key @0 :Text; value @1 :Data $mayBeEmpty; }
  struct Reply {}
}

struct OstSetInfoGrantShrink $operation(opcode = 17, name = "OST_SET_INFO/grant_shrink",
    requestPortal = 28, replyPortal = 4, version = 0x30003, selector = key)
    $keyName("grant_shrink") {
  struct Request { key @0 :Text; body @1 :Ost.OstBody; }
  struct Reply { body @0 :Ost.OstBody; }
}

struct OstQuotacheck $operation(opcode = 18, name = "OST_QUOTACHECK", requestPortal = 28,
    replyPortal = 4, version = 0x30003) {
  struct Request { quotactl @0 :Ost.ObdQuotactl; }
  struct Reply {}
}

struct OstQuotactl $operation(opcode = 19, name = "OST_QUOTACTL", requestPortal = 28,
    replyPortal = 4, version = 0x30003) {
  struct Request { quotactl @0 :Ost.ObdQuotactl; }
  struct Reply { quotactl @0 :Ost.ObdQuotactl; }
}

struct OstQuotaAdjustQunit $operation(opcode = 20, name = "OST_QUOTA_ADJUST_QUNIT",
    requestPortal = 28, replyPortal = 4, version = 0x30003) {
  struct Request { adjust @0 :Ost.QuotaAdjustQunit; }
  struct Reply { adjust @0 :Ost.QuotaAdjustQunit; }
}

# --- MGS, logs, sequences (facts: rpc-formats) ---

struct MgsTargetReg $operation(opcode = 253, name = "MGS_TARGET_REG", requestPortal = 26,
    replyPortal = 25, version = 0x60003) {
  struct Request { target @0 :Mgs.MgsTargetInfo; }
  struct Reply { target @0 :Mgs.MgsTargetInfo; }
}

struct MgsSetInfo $operation(opcode = 255, name = "MGS_SET_INFO", requestPortal = 26,
    replyPortal = 25, version = 0x60003) {
  struct Request { param @0 :Mgs.MgsSendParam; }
  struct Reply { param @0 :Mgs.MgsSendParam; }
}

# Logs are read from the MGS (26), the MDS (12), and by OSTs from the MDS in reverse (15).

struct LlogOriginHandleCreate $operation(opcode = 501, name = "LLOG_ORIGIN_HANDLE_CREATE",
    requestPortal = 0, replyPortal = 0, version = 0x50003) {
  # Opens a log by name or, without one, by logid.
  struct Request { body @0 :Llog.LlogdBody; name @1 :Text $mayBeEmpty; }
  struct Reply { body @0 :Llog.LlogdBody; }
}

struct LlogOriginHandleNextBlock $operation(opcode = 502, name = "LLOG_ORIGIN_HANDLE_NEXT_BLOCK",
    requestPortal = 0, replyPortal = 0, version = 0x50003) {
  # len bytes of the log; records are where the header of the chunk says.
  struct Request { body @0 :Llog.LlogdBody; }
  struct Reply { body @0 :Llog.LlogdBody; data @1 :Data; }
}

struct LlogOriginHandleReadHeader $operation(opcode = 503,
    name = "LLOG_ORIGIN_HANDLE_READ_HEADER", requestPortal = 0, replyPortal = 0,
    version = 0x50003) {
  struct Request { body @0 :Llog.LlogdBody; }
  struct Reply { header @0 :Llog.LlogLogHdr; }
}

struct LlogOriginHandlePrevBlock $operation(opcode = 508, name = "LLOG_ORIGIN_HANDLE_PREV_BLOCK",
    requestPortal = 0, replyPortal = 0, version = 0x50003) {
  struct Request { body @0 :Llog.LlogdBody; }
  struct Reply { body @0 :Llog.LlogdBody; data @1 :Data; }
}

struct LlogOriginHandleDestroy $operation(opcode = 509, name = "LLOG_ORIGIN_HANDLE_DESTROY",
    requestPortal = 0, replyPortal = 0, version = 0x50003) {
  struct Request { body @0 :Llog.LlogdBody; }
  struct Reply { body @0 :Llog.LlogdBody; }
}

struct LlogOriginConnect $operation(opcode = 506, name = "LLOG_ORIGIN_CONNECT",
    requestPortal = 28, replyPortal = 4, version = 0x50003) {
  struct Request { body @0 :Llog.LlogdConnBody; }
  struct Reply {}
}

struct ObdLogCancel $operation(opcode = 401, name = "OBD_LOG_CANCEL", requestPortal = 17,
    replyPortal = 18, version = 0x50003) {
  struct Request { cookies @0 :List(Llog.LlogCookie); }
  struct Reply {}
}

struct SeqQuery $operation(opcode = 700, name = "SEQ_QUERY", requestPortal = 30, replyPortal = 10,
    version = 0x20003, altRequestPortal = 32) {
  # Sent before the first create.
  struct Request {
    op @0 :UInt32 $values("fid.SeqOp");
    range @1 :Fid.LuSeqRange;  # Zero.
  }
  struct Reply {
    range @0 :Fid.LuSeqRange;  # The sequences that the client may use.
  }
}

struct FldQuery $operation(opcode = 900, name = "FLD_QUERY", requestPortal = 29, replyPortal = 10,
    version = 0x20003) {
  # Which MDT serves a sequence.
  struct Request {
    op @0 :UInt32 $values("fid.FldOp");
    range @1 :Fid.LuSeqRange;  # Only start counts.
  }
  struct Reply { range @0 :Fid.LuSeqRange; }
}

struct QuotaDqacq $operation(opcode = 601, name = "QUOTA_DQACQ", requestPortal = 15,
    replyPortal = 16, version = 0x20003) {
  # To the MDS over the reverse import.
  struct Request { qunit @0 :Ost.QunitData; }
  struct Reply { qunit @0 :Ost.QunitData; }
}

struct QuotaDqrel $operation(opcode = 602, name = "QUOTA_DQREL", requestPortal = 15,
    replyPortal = 16, version = 0x20003) {
  # To the MDS over the reverse import.
  struct Request { qunit @0 :Ost.QunitData; }
  struct Reply { qunit @0 :Ost.QunitData; }
}
