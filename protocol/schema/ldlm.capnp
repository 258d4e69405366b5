# The lock manager: resources, descriptors, requests and replies, callbacks.
#
# Facts: rpc-formats "LDLM", differences 3 and 11. The same bytes in 1.8 and 2.0; what names a
# resource differs.
@0xd259573de2482ece;

using Ptlrpc = import "ptlrpc.capnp";
using import "wire.capnp".lustre;
using import "wire.capnp".size;
using import "wire.capnp".count;
using import "wire.capnp".trailing;
using import "wire.capnp".overlay;
using import "wire.capnp".bits;
using import "wire.capnp".values;
using import "wire.capnp".hex;
using import "wire.capnp".bitSet;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

# --- what is locked, and how ---

struct LdlmResId $lustre("ldlm_res_id") $size(32) {
  # Name of a resource. MDS inode: 1.8 {inode, generation, 0, 0}, 2.0 {seq, oid, ver, 0}, flock with
  # 12 in [2] or [3] (differences 3). OST object: {id, group or seq, 0, 0}. MGS: first 8 bytes of
  # fsname.
  name @0 :List(UInt64) $lustre("name") $count(4) $hex;
}

struct LdlmResourceDesc $lustre("ldlm_resource_desc") $size(40) {
  # A resource: type and name.
  type @0 :UInt32 $lustre("lr_type") $values("LockType");
  padding @1 :UInt32 $lustre("lr_padding");
  name @2 :LdlmResId $lustre("lr_name");
}

struct LdlmExtent $lustre("ldlm_extent") $size(24) {
  # Policy of an extent lock: bytes from start to end, both included; end all ones is EOF.
  start @0 :UInt64 $lustre("start");
  end @1 :UInt64 $lustre("end") $hex;
  gid @2 :UInt64 $lustre("gid");
  # Group id of a group lock (mode GROUP); otherwise undefined, but for a lock to write under in the
  # profile som with the fence: the IO epoch of the open file.
}

struct LdlmFlock $lustre("ldlm_flock") $size(32) {
  # Policy of a flock: bytes from start to end, both included.
  start @0 :UInt64 $lustre("start");
  end @1 :UInt64 $lustre("end") $hex;
  blockingExport @2 :UInt64 $lustre("blocking_export") $hex;
  blockingPid @3 :UInt32 $lustre("blocking_pid");
  pid @4 :UInt32 $lustre("pid");  # Of the owner, with the client.
}

struct LdlmInodebits $lustre("ldlm_inodebits") $size(8) {
  # Policy of an inodebits lock.
  bits @0 :UInt64 $lustre("bits") $bits("Inodebit");
}

struct LdlmLockDesc $lustre("ldlm_lock_desc") $size(80) {
  # A lock: what it covers and how. The policy is that of the resource's type; it swaps alike as
  # any.
  resource @0 :LdlmResourceDesc $lustre("l_resource");
  reqMode @1 :UInt32 $lustre("l_req_mode") $values("LockMode");
  grantedMode @2 :UInt32 $lustre("l_granted_mode") $values("LockMode");
  policyData @3 :LdlmFlock $lustre("l_policy_data")
      $overlay(["LdlmExtent","LdlmFlock","LdlmInodebits"]);
}

enum ResourceName $lustre("ldlm_misc") $valueSet(32) {
  # Places in a resource's name, and how many it has.
  size @0 $lustre("RES_NAME_SIZE") $value(4);
  seqOff @1 $lustre("LUSTRE_RES_ID_SEQ_OFF") $value(0);
  oidOff @2 $lustre("LUSTRE_RES_ID_OID_OFF") $value(1);  # Only 2.0, like the next.
  verOff @3 $lustre("LUSTRE_RES_ID_VER_OFF") $value(2);
  verOidOff @4 $lustre("LUSTRE_RES_ID_VER_OID_OFF") $value(1);  # Only 1.8, like the next.
  wasVerOff @5 $lustre("LUSTRE_RES_ID_WAS_VER_OFF") $value(2);
  hshOff @6 $lustre("LUSTRE_RES_ID_HSH_OFF") $value(3);
}

enum HandlePlace $lustre("ldlm_misc") $valueSet(32) {
  # Handles that an LdlmRequest has room for, and the first of an enqueue that is to be cancelled.
  handles @0 $lustre("LDLM_LOCKREQ_HANDLES") $value(2);
  cancelOff @1 $lustre("LDLM_ENQUEUE_CANCEL_OFF") $value(1);
}

enum LockType $lustre("ldlm_type") $valueSet(32) {
  # l_resource.lr_type.
  plain @0 $lustre("LDLM_PLAIN") $value(10);
  # MGS configuration; MDS inodes of clients without IBITS.
  extent @1 $lustre("LDLM_EXTENT") $value(11);  # OST objects.
  flock @2 $lustre("LDLM_FLOCK") $value(12);  # Advisory file locks, on the MDS.
  ibits @3 $lustre("LDLM_IBITS") $value(13);  # MDS inodes.
}

enum LockMode $lustre("ldlm_mode") $valueSet(32) {
  # Modes of a lock. Which go together is a matter of the server.
  ex @0 $lustre("LCK_EX") $value(1);  # Exclusive.
  pw @1 $lustre("LCK_PW") $value(2);  # Protected write: readers and writers excluded.
  pr @2 $lustre("LCK_PR") $value(4);  # Protected read: writers excluded.
  cw @3 $lustre("LCK_CW") $value(8);  # Concurrent write: asked for by opens that create.
  cr @4 $lustre("LCK_CR") $value(16);
  # Concurrent read: opens, getattr, readdir, MGS configuration.
  nl @5 $lustre("LCK_NL") $value(32);  # Null.
  group @6 $lustre("LCK_GROUP") $value(64);  # Extent locks: goes with the same group id only.
  cos @7 $lustre("LCK_COS") $value(128);
  # Only 2.0. Of the server, with itself (commit on sharing).
}

enum Inodebit $lustre("inodelock_ibits") $bitSet(64) {
  # Parts of an inode that an inodebits lock covers.
  lookup @0 $lustre("MDS_INODELOCK_LOOKUP") $value(0x1);  # Name, mode, owner, ACL.
  update @1 $lustre("MDS_INODELOCK_UPDATE") $value(0x2);  # Size, times, directory content.
  open @2 $lustre("MDS_INODELOCK_OPEN") $value(0x4);  # Held open on the client.
  layout @3 $lustre("MDS_INODELOCK_LAYOUT") $value(0x8);  # Profile layout (from 2.4).
  perm @4 $lustre("MDS_INODELOCK_PERM") $value(0x10);  # Later versions only, like the next two.
  xattr @5 $lustre("MDS_INODELOCK_XATTR") $value(0x20);
  dom @6 $lustre("MDS_INODELOCK_DOM") $value(0x40);
}

# --- messages ---

struct LdlmRequest $lustre("ldlm_request") $size(104) {
  # Enqueue, convert, cancel and callbacks; also the buffer that takes early lock cancels along with
  # another request (ELC). 104 bytes have room for two handles, each further one adds 8. Enqueue:
  # handle 0 is the new lock at the client, cancels start at 1. Callbacks: handle 0 is the client's.
  lockFlags @0 :UInt32 $lustre("lock_flags") $bits("LockFlag");
  lockCount @1 :UInt32 $lustre("lock_count");  # Handles, of locks to be cancelled.
  lockDesc @2 :LdlmLockDesc $lustre("lock_desc");
  lockHandle @3 :List(Ptlrpc.LustreHandle) $lustre("lock_handle") $count(2);
  moreHandles @4 :List(Ptlrpc.LustreHandle) $trailing;  # Handles 2 and later.
}

struct LdlmReply $lustre("ldlm_reply") $size(112) {
  # Reply of enqueue and convert.
  lockFlags @0 :UInt32 $lustre("lock_flags") $bits("LockFlag");
  padding @1 :UInt32 $lustre("lock_padding");
  lockDesc @2 :LdlmLockDesc $lustre("lock_desc");
  # The lock as given; with an intent, on another resource than asked for.
  lockHandle @3 :Ptlrpc.LustreHandle $lustre("lock_handle");  # The lock at the server.
  lockPolicyRes1 @4 :UInt64 $lustre("lock_policy_res1") $bits("Disposition");  # Of an intent.
  lockPolicyRes2 @5 :Int64 $lustre("lock_policy_res2");
  # Status of an intent's operation: 0 or negative errno.
}

struct LdlmIntent $lustre("ldlm_intent") $size(8) {
  # What is to be done along with an enqueue.
  opc @0 :UInt64 $lustre("opc") $bits("IntentOp");
}

struct OstLvb $lustre("ost_lvb") $size(40) {
  # What a lock on an OST object brings along: sizes and times of the object as the holders know
  # them. 2.0 MDTs send it as 40 zero bytes.
  size @0 :UInt64 $lustre("lvb_size");  # Bytes.
  mtime @1 :UInt64 $lustre("lvb_mtime");  # Seconds, like atime and ctime.
  atime @2 :UInt64 $lustre("lvb_atime");
  ctime @3 :UInt64 $lustre("lvb_ctime");
  blocks @4 :UInt64 $lustre("lvb_blocks");  # Of 512 bytes.
}

enum LockFlag $lustre("ldlm_flag") $bitSet(32) {
  # lock_flags, as far as they mean something on the wire or are seen there.
  lockChanged @0 $lustre("LDLM_FL_LOCK_CHANGED") $value(0x1);
  # Reply: not the lock that was asked for.
  blockGranted @1 $lustre("LDLM_FL_BLOCK_GRANTED") $value(0x2);  # Granted; in replays too.
  blockConv @2 $lustre("LDLM_FL_BLOCK_CONV") $value(0x4);  # On the converting list.
  blockWait @3 $lustre("LDLM_FL_BLOCK_WAIT") $value(0x8);
  # Waiting; a completion callback will come.
  cbpending @4 $lustre("LDLM_FL_CBPENDING") $value(0x10);
  astSent @5 $lustre("LDLM_FL_AST_SENT") $value(0x20);
  # Reply: a blocking callback was already sent for this lock.
  waitNoreproc @6 $lustre("LDLM_FL_WAIT_NOREPROC") $value(0x40);
  cancel @7 $lustre("LDLM_FL_CANCEL") $value(0x80);
  replay @8 $lustre("LDLM_FL_REPLAY") $value(0x100);  # Replay of a lock after a crash.
  intentOnly @9 $lustre("LDLM_FL_INTENT_ONLY") $value(0x200);  # Do the intent, give no lock.
  localOnly @10 $lustre("LDLM_FL_LOCAL_ONLY") $value(0x400);
  failed @11 $lustre("LDLM_FL_FAILED") $value(0x800);
  hasIntent @12 $lustre("LDLM_FL_HAS_INTENT") $value(0x1000);
  # An intent follows, or a glimpse, or nothing (readdir).
  canceling @13 $lustre("LDLM_FL_CANCELING") $value(0x2000);
  local @14 $lustre("LDLM_FL_LOCAL") $value(0x4000);
  warn @15 $lustre("LDLM_FL_WARN") $value(0x8000);  # Only 1.8.
  discardData @16 $lustre("LDLM_FL_DISCARD_DATA") $value(0x10000);
  noTimeout @17 $lustre("LDLM_FL_NO_TIMEOUT") $value(0x20000);
  blockNowait @18 $lustre("LDLM_FL_BLOCK_NOWAIT") $value(0x40000);  # Fail rather than wait.
  testLock @19 $lustre("LDLM_FL_TEST_LOCK") $value(0x80000);  # Only test.
  lvbReady @20 $lustre("LDLM_FL_LVB_READY") $value(0x100000);
  kmsIgnore @21 $lustre("LDLM_FL_KMS_IGNORE") $value(0x200000);
  noLru @22 $lustre("LDLM_FL_NO_LRU") $value(0x400000);  # Only 1.8.
  cancelOnBlock @23 $lustre("LDLM_FL_CANCEL_ON_BLOCK") $value(0x800000);
  # Cancelled unused as soon as it blocks.
  cpReqd @24 $lustre("LDLM_FL_CP_REQD") $value(0x1000000);
  cleaned @25 $lustre("LDLM_FL_CLEANED") $value(0x2000000);
  atomicCb @26 $lustre("LDLM_FL_ATOMIC_CB") $value(0x4000000);
  blAst @27 $lustre("LDLM_FL_BL_AST") $value(0x10000000);
  blDone @28 $lustre("LDLM_FL_BL_DONE") $value(0x20000000);
  denyOnContention @29 $lustre("LDLM_FL_DENY_ON_CONTENTION") $value(0x40000000);
  # Refuse if the resource is contended.
  astDiscardData @30 $lustre("LDLM_AST_DISCARD_DATA") $value(0x80000000);
  # Only 1.8. Enqueue: whoever is blocked need not write back.
}

enum IntentOp $lustre("intent_op") $bitSet(64) {
  # ldlm_intent.opc.
  open @0 $lustre("IT_OPEN") $value(0x1);
  creat @1 $lustre("IT_CREAT") $value(0x2);  # With IT_OPEN: create if missing.
  readdir @2 $lustre("IT_READDIR") $value(0x4);
  getattr @3 $lustre("IT_GETATTR") $value(0x8);
  lookup @4 $lustre("IT_LOOKUP") $value(0x10);
  unlink @5 $lustre("IT_UNLINK") $value(0x20);  # 1.8 answers EFAULT, 2.0 EOPNOTSUPP.
  trunc @6 $lustre("IT_TRUNC") $value(0x40);
  getxattr @7 $lustre("IT_GETXATTR") $value(0x80);
  layout @8 $lustre("IT_LAYOUT") $value(0x400);  # Profile layout (from 2.4).
}

enum Disposition $lustre("intent_disposition") $bitSet(64) {
  # lock_policy_res1: what an intent did, in this order.
  itExecd @0 $lustre("DISP_IT_EXECD") $value(0x1);  # The intent was handled.
  lookupExecd @1 $lustre("DISP_LOOKUP_EXECD") $value(0x2);  # The name was looked up ...
  lookupNeg @2 $lustre("DISP_LOOKUP_NEG") $value(0x4);  # ... and not found
  lookupPos @3 $lustre("DISP_LOOKUP_POS") $value(0x8);  # ... or found.
  openCreate @4 $lustre("DISP_OPEN_CREATE") $value(0x10);  # Creation was tried.
  openOpen @5 $lustre("DISP_OPEN_OPEN") $value(0x20);  # Opening was tried.
  enqComplete @6 $lustre("DISP_ENQ_COMPLETE") $value(0x400000);
  enqOpenRef @7 $lustre("DISP_ENQ_OPEN_REF") $value(0x800000);
  enqCreateRef @8 $lustre("DISP_ENQ_CREATE_REF") $value(0x1000000);
  openLock @9 $lustre("DISP_OPEN_LOCK") $value(0x2000000);  # The open lock was given.
}

enum Status $lustre("ldlm_status") $valueSet(32) {
  # pb_status of enqueue replies beside errnos; negated in glimpse replies.
  ok @0 $lustre("ELDLM_OK") $value(0);
  lockMatched @1 $lustre("ELDLM_LOCK_MATCHED") $value(1);  # Only 1.8.
  lockChanged @2 $lustre("ELDLM_LOCK_CHANGED") $value(300);  # Another lock than asked for.
  lockAborted @3 $lustre("ELDLM_LOCK_ABORTED") $value(301);  # No lock; intent or LVB valid.
  lockReplaced @4 $lustre("ELDLM_LOCK_REPLACED") $value(302);  # Inside servers only.
  noLockData @5 $lustre("ELDLM_NO_LOCK_DATA") $value(303);  # The callback found no such lock.
  namespaceExists @6 $lustre("ELDLM_NAMESPACE_EXISTS") $value(400);
  badNamespace @7 $lustre("ELDLM_BAD_NAMESPACE") $value(401);
}
