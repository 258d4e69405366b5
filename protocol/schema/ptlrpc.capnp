# Ptlrpc: the envelope of every RPC (message header, body, flags, opcodes, portals) and connecting.
#
# Facts: lnet-socklnd 5 and 7, rpc-formats "Connection and ping", differences 10.
@0xc6d999cba534a191;

using import "wire.capnp".lustre;
using import "wire.capnp".lustre18;
using import "wire.capnp".size;
using import "wire.capnp".count;
using import "wire.capnp".trailing;
using import "wire.capnp".opaque;
using import "wire.capnp".bits;
using import "wire.capnp".values;
using import "wire.capnp".hex;
using import "wire.capnp".bitSet;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

# --- the message ---

struct LustreMsgV2 $lustre("lustre_msg_v2") $size(32) {
  # Starts every message, in the sender's byte order, which the magic tells. After the lengths,
  # padded to 8, come the buffers, each padded to 8; the first is a PtlrpcBody.
  bufcount @0 :UInt32 $lustre("lm_bufcount");  # Buffers, PtlrpcBody included.
  secflvr @1 :UInt32 $lustre("lm_secflvr") $hex;
  # 2.0: the low 20 bits are the flavour (0 null), the top byte the part (SecPart). 1.8: 0.
  magic @2 :UInt32 $lustre("lm_magic") $values("MsgMagic") $hex;
  repsize @3 :UInt32 $lustre("lm_repsize");
  # Request: bytes of the full reply that the client makes room for.
  cksum @4 :UInt32 $lustre("lm_cksum") $hex;  # CRC-32 of the body, in early replies only.
  flags @5 :UInt32 $lustre("lm_flags") $bits("MsghdrFlag");
  padding2 @6 :UInt32 $lustre("lm_padding_2");
  padding3 @7 :UInt32 $lustre("lm_padding_3");
  buflens @8 :List(UInt32) $lustre("lm_buflens[0]") $trailing;
  # Bytes of each buffer, without its padding.
}

struct LustreMsgV1 $lustre("lustre_msg_v1") $size(64) {
  # Header of a message before 1.6, which later versions refuse by its magic.
  handle @0 :LustreHandle $lustre("lm_handle");
  magic @1 :UInt32 $lustre("lm_magic") $values("MsgMagic") $hex;
  type @2 :UInt32 $lustre("lm_type") $values("MsgType");
  version @3 :UInt32 $lustre("lm_version") $hex;
  opc @4 :UInt32 $lustre("lm_opc") $values("Opcode");
  lastXid @5 :UInt64 $lustre("lm_last_xid");
  lastCommitted @6 :UInt64 $lustre("lm_last_committed");
  transno @7 :UInt64 $lustre("lm_transno");
  status @8 :UInt32 $lustre("lm_status");
  flags @9 :UInt32 $lustre("lm_flags");
  connCnt @10 :UInt32 $lustre("lm_conn_cnt");
  bufcount @11 :UInt32 $lustre("lm_bufcount");
  buflens @12 :List(UInt32) $lustre("lm_buflens[0]") $trailing;
}

struct PtlrpcBody $lustre("ptlrpc_body") $size(152) {
  # Buffer 0 of every message. Readers accept 88 bytes and more (1.6 had 88) and take the rest as 0;
  # a server answers with the length that the request had.
  handle @0 :LustreHandle $lustre("pb_handle");
  # Request: the server's export cookie, 0 at the first connect. Callback: the client's handle.
  # Connect reply: the new export.
  type @1 :UInt32 $lustre("pb_type") $values("MsgType");
  version @2 :UInt32 $lustre("pb_version") $hex;  # A ServiceVersion plus MsgVersion.
  opc @3 :UInt32 $lustre("pb_opc") $values("Opcode");
  status @4 :Int32 $lustre("pb_status");
  # Reply: negative errno, or a positive ELDLM code or byte count. Request: the sender's pid.
  lastXid @5 :UInt64 $lustre("pb_last_xid");
  # Reply: the last xid of this client that the server has on disk.
  lastSeen @6 :UInt64 $lustre("pb_last_seen");  # Reply: the last xid seen.
  lastCommitted @7 :UInt64 $lustre("pb_last_committed");
  # Reply: the last transno of this target on disk.
  transno @8 :UInt64 $lustre("pb_transno");
  # Reply: the transno given, 0 if nothing changed. Replay: the original one.
  flags @9 :UInt32 $lustre("pb_flags") $bits("MsgFlag");
  opFlags @10 :UInt32 $lustre("pb_op_flags") $bits("MsgConnectFlag");
  # Of the operation; used by connect alone.
  connCnt @11 :UInt32 $lustre("pb_conn_cnt");
  # Request: count of connection attempts; lower than the export's is refused.
  timeout @12 :UInt32 $lustre("pb_timeout");
  # Request: seconds that the client will wait. Reply: the service estimate in seconds.
  serviceTime @13 :UInt32 $lustre("pb_service_time");
  # Reply: seconds spent. CONNECT request: the service time that the client expects.
  limit @14 :UInt32 $lustre("pb_limit");  # Reply: lock LRU limit, in locks.
  slv @15 :UInt64 $lustre("pb_slv");  # Reply: server lock volume.
  preVersions @16 :List(UInt64) $lustre("pb_pre_versions") $count(4);
  # Versions (transnos) of the objects before the change: given in replies, returned in replays.
  padding @17 :List(UInt64) $lustre("pb_padding") $count(4);
}

struct PtlrpcBodyV3 $lustre("ptlrpc_body_v3") $size(184) {
  # The body of 2.3 and later, which neither dialect here sends; for reading later traffic. Facts:
  # wire-2.15.csv.
  handle @0 :LustreHandle $lustre("pb_handle");
  type @1 :UInt32 $lustre("pb_type") $values("MsgType");
  version @2 :UInt32 $lustre("pb_version") $hex;
  opc @3 :UInt32 $lustre("pb_opc") $values("Opcode");
  status @4 :Int32 $lustre("pb_status");
  lastXid @5 :UInt64 $lustre("pb_last_xid") $hex;
  tag @6 :UInt16 $lustre("pb_tag");  # Slot of a request that modifies, of several in flight.
  padding0 @7 :UInt16 $lustre("pb_padding0");
  padding1 @8 :UInt32 $lustre("pb_padding1");
  lastCommitted @9 :UInt64 $lustre("pb_last_committed");
  transno @10 :UInt64 $lustre("pb_transno");
  flags @11 :UInt32 $lustre("pb_flags") $bits("MsgFlag");
  opFlags @12 :UInt32 $lustre("pb_op_flags") $bits("MsgConnectFlag");
  connCnt @13 :UInt32 $lustre("pb_conn_cnt");
  timeout @14 :UInt32 $lustre("pb_timeout");
  serviceTime @15 :UInt32 $lustre("pb_service_time");
  limit @16 :UInt32 $lustre("pb_limit");
  slv @17 :UInt64 $lustre("pb_slv");
  preVersions @18 :List(UInt64) $lustre("pb_pre_versions") $count(4);
  mbits @19 :UInt64 $lustre("pb_mbits") $hex;  # Match bits of reply and bulk.
  padding64a @20 :UInt64 $lustre("pb_padding64_0");
  padding64b @21 :UInt64 $lustre("pb_padding64_1");
  padding64c @22 :UInt64 $lustre("pb_padding64_2");
  jobid @23 :Data $lustre("pb_jobid") $count(32);
}

struct LustreHandle $lustre("lustre_handle") $size(8) $opaque {
  # A 64-bit cookie that names an object of the node that made it: export, lock, open file. Others
  # only give it back.
  cookie @0 :UInt64 $lustre("cookie") $hex;
}

struct ObdUuid $lustre("obd_uuid") $size(40) $opaque {
  # A target's or client's uuid, at most 39 characters and a NUL.
  uuid @0 :Text $lustre("uuid") $count(40);
}

enum ErrorNumber $lustre("errno") $valueSet(32) {
  # Numbers of errors; pb_status has them negative. Linux's, whatever the node runs.
  eperm @0 $lustre("EPERM") $value(1);
  enoent @1 $lustre("ENOENT") $value(2);
  eintr @2 $lustre("EINTR") $value(4);
  eio @3 $lustre("EIO") $value(5);
  ebadf @4 $lustre("EBADF") $value(9);
  eagain @5 $lustre("EAGAIN") $value(11);
  enomem @6 $lustre("ENOMEM") $value(12);
  eacces @7 $lustre("EACCES") $value(13);
  efault @8 $lustre("EFAULT") $value(14);
  ebusy @9 $lustre("EBUSY") $value(16);
  eexist @10 $lustre("EEXIST") $value(17);
  exdev @11 $lustre("EXDEV") $value(18);
  enodev @12 $lustre("ENODEV") $value(19);
  enotdir @13 $lustre("ENOTDIR") $value(20);
  eisdir @14 $lustre("EISDIR") $value(21);
  einval @15 $lustre("EINVAL") $value(22);
  efbig @16 $lustre("EFBIG") $value(27);
  enospc @17 $lustre("ENOSPC") $value(28);
  erofs @18 $lustre("EROFS") $value(30);
  emlink @19 $lustre("EMLINK") $value(31);
  erange @20 $lustre("ERANGE") $value(34);
  edeadlk @21 $lustre("EDEADLK") $value(35);
  enametoolong @22 $lustre("ENAMETOOLONG") $value(36);
  enotempty @23 $lustre("ENOTEMPTY") $value(39);
  ebade @24 $lustre("EBADE") $value(52);  # A client without what the server demands.
  enodata @25 $lustre("ENODATA") $value(61);
  eproto @26 $lustre("EPROTO") $value(71);
  eoverflow @27 $lustre("EOVERFLOW") $value(75);
  eopnotsupp @28 $lustre("EOPNOTSUPP") $value(95);
  enotconn @29 $lustre("ENOTCONN") $value(107);
  eshutdown @30 $lustre("ESHUTDOWN") $value(108);
  etimedout @31 $lustre("ETIMEDOUT") $value(110);
  ealready @32 $lustre("EALREADY") $value(114);
  einprogress @33 $lustre("EINPROGRESS") $value(115);
  estale @34 $lustre("ESTALE") $value(116);
  edquot @35 $lustre("EDQUOT") $value(122);
  erestartsys @36 $lustre("ERESTARTSYS") $value(512);
  enotsupp @37 $lustre("ENOTSUPP") $value(524);  # An opcode that the server does not know.
}

enum MsgMagic $lustre("msg_magic") $valueSet(32) {
  # lm_magic. Read with its bytes reversed, the sender has the other byte order.
  v1 @0 $lustre("LUSTRE_MSG_MAGIC_V1") $value(0xbd00bd0);
  # From before 1.6; refused by 2.0, never sent by 1.8.
  v2 @1 $lustre("LUSTRE_MSG_MAGIC_V2") $value(0xbd00bd3);
}

enum MsghdrFlag $lustre("msghdr_flag") $bitSet(32) {
  # lm_flags.
  atSupport @0 $lustre("MSGHDR_AT_SUPPORT") $value(0x1);
  # The sender understands early replies; set once OBD_CONNECT_AT is granted.
  cksumIncompat18 @1 $lustre("MSGHDR_CKSUM_INCOMPAT18") $value(0x2);
  # Only 2.0. An early reply is to be checksummed over the whole body, not its first 88 bytes.
}

enum MsgLayout $lustre("msg_layout") $valueSet(32) {
  # Which buffer is which, as far as it is the same in all messages, and what bounds them.
  bodyOff @0 $lustre("MSG_PTLRPC_BODY_OFF") $value(0);
  requestOff @1 $lustre("REQ_REC_OFF") $value(1);
  replyOff @2 $lustre("REPLY_REC_OFF") $value(1);
  lockRequestOff @3 $lustre("DLM_LOCKREQ_OFF") $value(1);
  lockReplyOff @4 $lustre("DLM_LOCKREPLY_OFF") $value(1);
  intentOff @5 $lustre("DLM_INTENT_IT_OFF") $value(2);
  intentRecordOff @6 $lustre("DLM_INTENT_REC_OFF") $value(3);
  lockRecordOff @7 $lustre("DLM_REQ_REC_OFF") $value(2);
  lockReplyRecordOff @8 $lustre("DLM_REPLY_REC_OFF") $value(2);
  rounding @9 $lustre("buffer rounding") $value(8);
  versions @10 $lustre("PTLRPC_NUM_VERSIONS") $value(4);
  bodyMinSize @11 $lustre("PTLRPC_BODY_MIN_SIZE") $value(88);  # 1.6's.
}

enum SecFlavor $lustre("sec_flavor") $valueSet(32) {
  # Low 20 bits of lm_secflvr in 2.0. 1.8 has none but null.
  null @0 $lustre("SPTLRPC_FLVR_NULL") $value(0);
  plain @1 $lustre("SPTLRPC_FLVR_PLAIN") $value(0x21001);
  krb5n @2 $lustre("SPTLRPC_FLVR_KRB5N") $value(0x12);
  krb5a @3 $lustre("SPTLRPC_FLVR_KRB5A") $value(0x112);
  krb5i @4 $lustre("SPTLRPC_FLVR_KRB5I") $value(0x20212);
  krb5p @5 $lustre("SPTLRPC_FLVR_KRB5P") $value(0x30312);
}

enum SecPart $lustre("sec_flavor") $valueSet(8) {
  # Top byte of lm_secflvr in 2.0: which part of Lustre sends.
  cli @0 $lustre("LUSTRE_SP_CLI") $value(0);
  mdt @1 $lustre("LUSTRE_SP_MDT") $value(1);
  ost @2 $lustre("LUSTRE_SP_OST") $value(2);
  mgc @3 $lustre("LUSTRE_SP_MGC") $value(3);
  mgs @4 $lustre("LUSTRE_SP_MGS") $value(4);
  any @5 $lustre("LUSTRE_SP_ANY") $value(255);
}

enum MsgType $lustre("msg_type") $valueSet(32) {
  # pb_type.
  request @0 $lustre("PTL_RPC_MSG_REQUEST") $value(4711);
  err @1 $lustre("PTL_RPC_MSG_ERR") $value(4712);
  # A reply of an operation that failed seriously; which failures, differs (rpc-formats, "Errors").
  reply @2 $lustre("PTL_RPC_MSG_REPLY") $value(4713);
}

enum MsgVersion $lustre("msg_magic") $valueSet(32) {
  # Low half of pb_version.
  v3 @0 $lustre("PTLRPC_MSG_VERSION") $value(3);
}

enum ServiceVersion $lustre("msg_magic") $valueSet(32) {
  # High half of pb_version, in place.
  obd @0 $lustre("LUSTRE_OBD_VERSION") $value(0x10000);  # Connect, disconnect, ping.
  mds @1 $lustre("LUSTRE_MDS_VERSION") $value(0x20000);  # Also SEQ_QUERY and FLD_QUERY.
  ost @2 $lustre("LUSTRE_OST_VERSION") $value(0x30000);
  dlm @3 $lustre("LUSTRE_DLM_VERSION") $value(0x40000);
  log @4 $lustre("LUSTRE_LOG_VERSION") $value(0x50000);
  mgs @5 $lustre("LUSTRE_MGS_VERSION") $value(0x60000);
}

enum MsgFlag $lustre("msg_flag") $bitSet(32) {
  # pb_flags.
  lastReplay @0 $lustre("MSG_LAST_REPLAY") $value(0x1);  # 1.8: the client has no more to replay.
  resent @1 $lustre("MSG_RESENT") $value(0x2);  # Sent before with the same xid, answer unknown.
  replay @2 $lustre("MSG_REPLAY") $value(0x4);
  # Answered before a crash of the server, now executed again by transno.
  delayReplay @3 $lustre("MSG_DELAY_REPLAY") $value(0x10);
  # Replay of a client that missed the recovery window.
  versionReplay @4 $lustre("MSG_VERSION_REPLAY") $value(0x20);  # 1.8: a replay by versions.
  reqReplayDone @5 $lustre("MSG_REQ_REPLAY_DONE") $value(0x40);
  # The client has replayed its requests; 2.0 also marks each replayed lock with it.
  lockReplayDone @6 $lustre("MSG_LOCK_REPLAY_DONE") $value(0x80);
  # The client has replayed its locks.
}

enum MsgConnectFlag $lustre("msg_connect_flag") $bitSet(32) {
  # pb_op_flags of connect requests and their replies.
  recovering @0 $lustre("MSG_CONNECT_RECOVERING") $value(0x1);  # Reply: the target is in recovery.
  reconnect @1 $lustre("MSG_CONNECT_RECONNECT") $value(0x2);  # Reply: the export was there already.
  replayable @2 $lustre("MSG_CONNECT_REPLAYABLE") $value(0x4);  # Reply: the client may replay.
  libclient @3 $lustre("MSG_CONNECT_LIBCLIENT") $value(0x10);  # Request: a user-space client.
  initial @4 $lustre("MSG_CONNECT_INITIAL") $value(0x20);  # Request: first connect of this import.
  async @5 $lustre("MSG_CONNECT_ASYNC") $value(0x40);  # Request: connect asynchronously.
  nextVer @6 $lustre("MSG_CONNECT_NEXT_VER") $value(0x80);  # Request: always set by 2.0, ignored.
  transno @7 $lustre("MSG_CONNECT_TRANSNO") $value(0x100);
  # Request: ocd_transno is set, there is something to replay.
  delayed @8 $lustre("MSG_CONNECT_DELAYED") $value(0x200);
  # Only 1.8. Reply: this client comes after the recovery window.
}

enum Opcode $lustre("rpc_opcode") $valueSet(32) {
  # pb_opc. What each carries is in operations_1_8.capnp and operations_2_0.capnp.
  ostReply @0 $lustre("OST_REPLY") $value(0);  # Never sent.
  ostGetattr @1 $lustre("OST_GETATTR") $value(1);
  ostSetattr @2 $lustre("OST_SETATTR") $value(2);
  ostRead @3 $lustre("OST_READ") $value(3);
  ostWrite @4 $lustre("OST_WRITE") $value(4);
  ostCreate @5 $lustre("OST_CREATE") $value(5);
  ostDestroy @6 $lustre("OST_DESTROY") $value(6);
  ostGetInfo @7 $lustre("OST_GET_INFO") $value(7);
  ostConnect @8 $lustre("OST_CONNECT") $value(8);
  ostDisconnect @9 $lustre("OST_DISCONNECT") $value(9);
  ostPunch @10 $lustre("OST_PUNCH") $value(10);
  ostOpen @11 $lustre("OST_OPEN") $value(11);
  ostClose @12 $lustre("OST_CLOSE") $value(12);
  ostStatfs @13 $lustre("OST_STATFS") $value(13);
  ostSync @14 $lustre("OST_SYNC") $value(16);
  ostSetInfo @15 $lustre("OST_SET_INFO") $value(17);
  ostQuotacheck @16 $lustre("OST_QUOTACHECK") $value(18);
  ostQuotactl @17 $lustre("OST_QUOTACTL") $value(19);
  ostQuotaAdjustQunit @18 $lustre("OST_QUOTA_ADJUST_QUNIT") $value(20);
  mdsGetattr @19 $lustre("MDS_GETATTR") $value(33);
  mdsGetattrName @20 $lustre("MDS_GETATTR_NAME") $value(34);
  mdsClose @21 $lustre("MDS_CLOSE") $value(35);
  mdsReint @22 $lustre("MDS_REINT") $value(36);
  mdsReadpage @23 $lustre("MDS_READPAGE") $value(37);
  mdsConnect @24 $lustre("MDS_CONNECT") $value(38);
  mdsDisconnect @25 $lustre("MDS_DISCONNECT") $value(39);
  mdsGetstatus @26 $lustre("MDS_GETSTATUS") $value(40);
  mdsStatfs @27 $lustre("MDS_STATFS") $value(41);
  mdsPin @28 $lustre("MDS_PIN") $value(42);
  mdsUnpin @29 $lustre("MDS_UNPIN") $value(43);
  mdsSync @30 $lustre("MDS_SYNC") $value(44);
  mdsDoneWriting @31 $lustre("MDS_DONE_WRITING") $value(45);
  mdsSetInfo @32 $lustre("MDS_SET_INFO") $value(46);
  mdsQuotacheck @33 $lustre("MDS_QUOTACHECK") $value(47);
  mdsQuotactl @34 $lustre("MDS_QUOTACTL") $value(48);
  mdsGetxattr @35 $lustre("MDS_GETXATTR") $value(49);
  mdsSetxattr @36 $lustre("MDS_SETXATTR") $value(50);
  mdsWritepage @37 $lustre("MDS_WRITEPAGE") $value(51);
  mdsIsSubdir @38 $lustre("MDS_IS_SUBDIR") $value(52);
  mdsGetInfo @39 $lustre("MDS_GET_INFO") $value(53);  # Only 2.0.
  mdsSwapLayouts @40 $lustre("MDS_SWAP_LAYOUTS") $value(61);  # From 2.4; profile layout.
  ldlmEnqueue @41 $lustre("LDLM_ENQUEUE") $value(101);
  ldlmConvert @42 $lustre("LDLM_CONVERT") $value(102);
  ldlmCancel @43 $lustre("LDLM_CANCEL") $value(103);
  ldlmBlCallback @44 $lustre("LDLM_BL_CALLBACK") $value(104);
  ldlmCpCallback @45 $lustre("LDLM_CP_CALLBACK") $value(105);
  ldlmGlCallback @46 $lustre("LDLM_GL_CALLBACK") $value(106);
  ldlmSetInfo @47 $lustre("LDLM_SET_INFO") $value(107);  # Only 2.0.
  mgsConnect @48 $lustre("MGS_CONNECT") $value(250);
  mgsDisconnect @49 $lustre("MGS_DISCONNECT") $value(251);
  mgsException @50 $lustre("MGS_EXCEPTION") $value(252);
  mgsTargetReg @51 $lustre("MGS_TARGET_REG") $value(253);
  mgsTargetDel @52 $lustre("MGS_TARGET_DEL") $value(254);
  mgsSetInfo @53 $lustre("MGS_SET_INFO") $value(255);
  obdPing @54 $lustre("OBD_PING") $value(400);
  obdLogCancel @55 $lustre("OBD_LOG_CANCEL") $value(401);
  obdQcCallback @56 $lustre("OBD_QC_CALLBACK") $value(402);
  llogOriginHandleCreate @57 $lustre("LLOG_ORIGIN_HANDLE_CREATE") $value(501);
  llogOriginHandleNextBlock @58 $lustre("LLOG_ORIGIN_HANDLE_NEXT_BLOCK") $value(502);
  llogOriginHandleReadHeader @59 $lustre("LLOG_ORIGIN_HANDLE_READ_HEADER") $value(503);
  llogOriginHandleWriteRec @60 $lustre("LLOG_ORIGIN_HANDLE_WRITE_REC") $value(504);
  llogOriginHandleClose @61 $lustre("LLOG_ORIGIN_HANDLE_CLOSE") $value(505);
  llogOriginConnect @62 $lustre("LLOG_ORIGIN_CONNECT") $value(506);
  llogCatinfo @63 $lustre("LLOG_CATINFO") $value(507);
  llogOriginHandlePrevBlock @64 $lustre("LLOG_ORIGIN_HANDLE_PREV_BLOCK") $value(508);
  llogOriginHandleDestroy @65 $lustre("LLOG_ORIGIN_HANDLE_DESTROY") $value(509);
  quotaDqacq @66 $lustre("QUOTA_DQACQ") $value(601);
  quotaDqrel @67 $lustre("QUOTA_DQREL") $value(602);
  seqQuery @68 $lustre("SEQ_QUERY") $value(700);
  secCtxInit @69 $lustre("SEC_CTX_INIT") $value(801);
  secCtxInitCont @70 $lustre("SEC_CTX_INIT_CONT") $value(802);
  secCtxFini @71 $lustre("SEC_CTX_FINI") $value(803);
  fldQuery @72 $lustre("FLD_QUERY") $value(900);  # Only 2.0.
}

# --- where messages go ---

enum Portal $lustre("portal") $valueSet(32) {
  # LNet portal of a request, reply or bulk buffer (ptl_index). Facts: rpc-formats.
  lnetReserved @0 $lustre("LNET_RESERVED_PORTAL") $value(0);
  connmgrRequest @1 $lustre("CONNMGR_REQUEST_PORTAL") $value(1);
  connmgrReply @2 $lustre("CONNMGR_REPLY_PORTAL") $value(2);
  oscReply @3 $lustre("OSC_REPLY_PORTAL") $value(4);
  ostIo @4 $lustre("OST_IO_PORTAL") $value(6);  # Read, write, punch, destroy.
  ostCreate @5 $lustre("OST_CREATE_PORTAL") $value(7);  # Precreation by the MDS, and statfs.
  ostBulk @6 $lustre("OST_BULK_PORTAL") $value(8);
  mdcReply @7 $lustre("MDC_REPLY_PORTAL") $value(10);
  mdsRequest @8 $lustre("MDS_REQUEST_PORTAL") $value(12);
  mdsBulk @9 $lustre("MDS_BULK_PORTAL") $value(14);
  ldlmCbRequest @10 $lustre("LDLM_CB_REQUEST_PORTAL") $value(15);
  # On clients: callbacks of servers.
  ldlmCbReply @11 $lustre("LDLM_CB_REPLY_PORTAL") $value(16);
  ldlmCancelRequest @12 $lustre("LDLM_CANCEL_REQUEST_PORTAL") $value(17);
  # Cancels, and cancelled log records.
  ldlmCancelReply @13 $lustre("LDLM_CANCEL_REPLY_PORTAL") $value(18);
  mdsSetattr @14 $lustre("MDS_SETATTR_PORTAL") $value(22);
  # Setattr of a kernel client's open with truncate.
  mdsReadpage @15 $lustre("MDS_READPAGE_PORTAL") $value(23);  # Readpage and close.
  mdsMds @16 $lustre("MDS_MDS_PORTAL") $value(24);
  mgcReply @17 $lustre("MGC_REPLY_PORTAL") $value(25);
  mgsRequest @18 $lustre("MGS_REQUEST_PORTAL") $value(26);
  mgsReply @19 $lustre("MGS_REPLY_PORTAL") $value(27);
  # Unused: clients take replies of the MGS at MGC_REPLY_PORTAL.
  ostRequest @20 $lustre("OST_REQUEST_PORTAL") $value(28);
  fldRequest @21 $lustre("FLD_REQUEST_PORTAL") $value(29);
  seqMetadata @22 $lustre("SEQ_METADATA_PORTAL") $value(30);
  seqData @23 $lustre("SEQ_DATA_PORTAL") $value(31);
  seqController @24 $lustre("SEQ_CONTROLLER_PORTAL") $value(32);
}

# --- connecting ---

struct ObdConnectData $lustre("obd_connect_data") $size(72) {
  # What a client asks for, or a server grants, on connect: last buffer of the request, only buffer
  # of the reply. A server grants a subset of connect_flags. The client leaves 128 bytes more room
  # for a reply that grew. From byte 32 on 1.8 and 2.0 name the bytes differently (facts:
  # differences 10).
  connectFlags @0 :UInt64 $lustre("ocd_connect_flags") $bits("ConnectFlag");
  version @1 :UInt32 $lustre("ocd_version") $hex;  # Lustre version, a byte each: 0x02000000.
  grant @2 :UInt32 $lustre("ocd_grant");  # Bytes of grant wanted or given (OST).
  index @3 :UInt32 $lustre("ocd_index");  # Index of the target wanted.
  brwSize @4 :UInt32 $lustre("ocd_brw_size");  # Bytes of the largest bulk transfer.
  ibitsKnown @5 :UInt64 $lustre("ocd_ibits_known") $bits("ldlm.Inodebit");
  nllu @6 :UInt32 $lustre("ocd_nllu")
      $lustre18("ocd_blocksize:1,ocd_inodespace:1,ocd_grant_extent:2");
  # Remote clients' nobody uid. 1.8 reserves the bytes.
  nllg @7 :UInt32 $lustre("ocd_nllg") $lustre18("ocd_unused");  # Remote clients' nobody gid.
  transno @8 :UInt64 $lustre("ocd_transno");
  # First transno to be replayed, with MSG_CONNECT_TRANSNO.
  group @9 :UInt32 $lustre("ocd_group");
  # Object group (2.0: sequence) of the MDT, for OSTs; constant per export.
  cksumTypes @10 :UInt32 $lustre("ocd_cksum_types") $bits("ChecksumType");
  padding1 @11 :UInt64 $lustre("padding1") $lustre18("ocd_max_easize:4,ocd_instance:4");
  padding2 @12 :UInt64 $lustre("padding2") $lustre18("ocd_maxbytes");
}

enum RpcSize $lustre("rpc_size") $valueSet(32) {
  # Most bytes of a bulk transfer, and of an ACL in a reply.
  maxBrw @0 $lustre("PTLRPC_MAX_BRW_SIZE") $value(0x100000);
  maxAcl @1 $lustre("LUSTRE_POSIX_ACL_MAX_SIZE") $value(260);
}

enum ConnectFlag $lustre("connect_flag") $bitSet(64) {
  # Abilities, asked for and granted in ocd_connect_flags. Facts: differences 10.
  rdonly @0 $lustre("OBD_CONNECT_RDONLY") $value(0x1);  # Read-only mount.
  index @1 $lustre("OBD_CONNECT_INDEX") $value(0x2);  # ocd_index is set.
  mds @2 $lustre("OBD_CONNECT_MDS") $value(0x4);  # The client is an MDS.
  grant @3 $lustre("OBD_CONNECT_GRANT") $value(0x8);  # OST: ocd_grant is used.
  srvlock @4 $lustre("OBD_CONNECT_SRVLOCK") $value(0x10);
  # OST: lockless I/O under locks that the server takes.
  version @5 $lustre("OBD_CONNECT_VERSION") $value(0x20);  # ocd_version is set.
  reqportal @6 $lustre("OBD_CONNECT_REQPORTAL") $value(0x40);  # OST: separate I/O portal.
  acl @7 $lustre("OBD_CONNECT_ACL") $value(0x80);
  # MDS: POSIX ACLs; a 1.8 MDS with acl refuses clients without it.
  xattr @8 $lustre("OBD_CONNECT_XATTR") $value(0x100);  # MDS: extended attributes.
  crow @9 $lustre("OBD_CONNECT_CROW") $value(0x200);  # Objects are created on write.
  trunclock @10 $lustre("OBD_CONNECT_TRUNCLOCK") $value(0x400);  # OST: the server locks for PUNCH.
  transno @11 $lustre("OBD_CONNECT_TRANSNO") $value(0x800);  # ocd_transno is set.
  ibits @12 $lustre("OBD_CONNECT_IBITS") $value(0x1000);
  # MDS: inodebits locks; without it, plain ones.
  join @13 $lustre("OBD_CONNECT_JOIN") $value(0x2000);
  # MDS: joined files. From 2.10 the bit is BARRIER.
  attrfid @14 $lustre("OBD_CONNECT_ATTRFID") $value(0x4000);  # MDS: getattr by fid.
  nodevoh @15 $lustre("OBD_CONNECT_NODEVOH") $value(0x8000);  # No open handles on device nodes.
  rmtClient @16 $lustre("OBD_CONNECT_RMT_CLIENT") $value(0x10000);
  rmtClientForce @17 $lustre("OBD_CONNECT_RMT_CLIENT_FORCE") $value(0x20000);
  brwSize @18 $lustre("OBD_CONNECT_BRW_SIZE") $value(0x40000);  # ocd_brw_size is set.
  quota64 @19 $lustre("OBD_CONNECT_QUOTA64") $value(0x80000);  # 64-bit quota records.
  mdsCapa @20 $lustre("OBD_CONNECT_MDS_CAPA") $value(0x100000);  # MDS capabilities.
  ossCapa @21 $lustre("OBD_CONNECT_OSS_CAPA") $value(0x200000);  # OSS capabilities.
  cancelset @22 $lustre("OBD_CONNECT_CANCELSET") $value(0x400000);
  # Early lock cancels, batched cancels.
  som @23 $lustre("OBD_CONNECT_SOM") $value(0x800000);  # Size on MDS.
  at @24 $lustre("OBD_CONNECT_AT") $value(0x1000000);  # Adaptive timeouts, early replies.
  lruResize @25 $lustre("OBD_CONNECT_LRU_RESIZE") $value(0x2000000);  # Lock volume in replies.
  mdsMds @26 $lustre("OBD_CONNECT_MDS_MDS") $value(0x4000000);  # Between MDTs.
  real @27 $lustre("OBD_CONNECT_REAL") $value(0x8000000);  # A real client, not an inner stack.
  changeQs @28 $lustre("OBD_CONNECT_CHANGE_QS") $value(0x10000000);  # Variable quota units.
  cksum @29 $lustre("OBD_CONNECT_CKSUM") $value(0x20000000);  # ocd_cksum_types is set.
  fid @30 $lustre("OBD_CONNECT_FID") $value(0x40000000);
  # FIDs: the formats of 2.0. Tells a 1.8 client which dialect to speak.
  vbr @31 $lustre("OBD_CONNECT_VBR") $value(0x80000000);  # Version-based recovery.
  lovV3 @32 $lustre("OBD_CONNECT_LOV_V3") $value(0x100000000);  # v3 (pool) layouts.
  grantShrink @33 $lustre("OBD_CONNECT_GRANT_SHRINK") $value(0x200000000);
  # Clients give grant back.
  skipOrphan @34 $lustre("OBD_CONNECT_SKIP_ORPHAN") $value(0x400000000);
  # Do not reuse ids of destroyed orphans.
  maxEasize @35 $lustre("OBD_CONNECT_MAX_EASIZE") $value(0x800000000);
  full20 @36 $lustre("OBD_CONNECT_FULL20") $value(0x1000000000);
  # The client is a 2.0 or later one.
  layoutlock @37 $lustre("OBD_CONNECT_LAYOUTLOCK") $value(0x2000000000);
  # Profile layout (from 2.4).
  hash64 @38 $lustre("OBD_CONNECT_64BITHASH") $value(0x4000000000);
  # Only 1.8. 64-bit directory hashes (from 2.1).
  maxbytes @39 $lustre("OBD_CONNECT_MAXBYTES") $value(0x8000000000);  # Only 1.8.
  impRecov @40 $lustre("OBD_CONNECT_IMP_RECOV") $value(0x10000000000);  # Only 1.8.
  jobstats @41 $lustre("OBD_CONNECT_JOBSTATS") $value(0x20000000000);  # Only 1.8.
  umask @42 $lustre("OBD_CONNECT_UMASK") $value(0x40000000000);  # Only 1.8.
  einprogress @43 $lustre("OBD_CONNECT_EINPROGRESS") $value(0x80000000000);
  # Only 1.8. The client retries after EINPROGRESS.
  grantParam @44 $lustre("OBD_CONNECT_GRANT_PARAM") $value(0x100000000000);  # Only 1.8.
  flockOwner @45 $lustre("OBD_CONNECT_FLOCK_OWNER") $value(0x200000000000);  # Only 1.8.
  lvbType @46 $lustre("OBD_CONNECT_LVB_TYPE") $value(0x400000000000);  # Only 1.8.
  nanosecTime @47 $lustre("OBD_CONNECT_NANOSEC_TIME") $value(0x800000000000);  # Only 1.8.
  lightweight @48 $lustre("OBD_CONNECT_LIGHTWEIGHT") $value(0x1000000000000);  # Only 1.8.
  shortio @49 $lustre("OBD_CONNECT_SHORTIO") $value(0x2000000000000);
  pingless @50 $lustre("OBD_CONNECT_PINGLESS") $value(0x4000000000000);  # Only 1.8.
}

enum Grants18 $lustre("connect_supported") $valueSet(64) {
  # The most that servers of 1.8.9 grant, as masks of ConnectFlag. Facts: differences 10.
  mds @0 $lustre("MDS_CONNECT_SUPPORTED") $value(0x8018140f1a1);
  mgs @1 $lustre("MGS_CONNECT_SUPPORTED") $value(0x1000020);
  ost @2 $lustre("OST_CONNECT_SUPPORTED") $value(0x804b14c047e);
}

enum Grants20 $lustre("connect_supported") $valueSet(64) {
  # The most that servers of 2.0.0 grant, as masks of ConnectFlag. Facts: differences 10.
  mdt @0 $lustre("MDT_CONNECT_SUPPORTED") $value(0x11c5f3b1a1);
  mgs @1 $lustre("MGS_CONNECT_SUPPORTED") $value(0x1001000020);
  ost @2 $lustre("OST_CONNECT_SUPPORTED") $value(0x16b16f047e);
}

enum ChecksumType $lustre("cksum_type") $bitSet(32) {
  # Kinds of bulk checksum, in ocd_cksum_types.
  crc32 @0 $lustre("OBD_CKSUM_CRC32") $value(0x1);
  adler @1 $lustre("OBD_CKSUM_ADLER") $value(0x2);
}

# --- file system statistics ---

struct ObdStatfs $lustre("obd_statfs") $size(144) {
  # Reply of MDS_STATFS and OST_STATFS.
  type @0 :UInt64 $lustre("os_type") $hex;
  blocks @1 :UInt64 $lustre("os_blocks");  # In units of bsize, like bfree and bavail.
  bfree @2 :UInt64 $lustre("os_bfree");
  bavail @3 :UInt64 $lustre("os_bavail");
  files @4 :UInt64 $lustre("os_files");
  ffree @5 :UInt64 $lustre("os_ffree");
  fsid @6 :Data $lustre("os_fsid") $count(40);
  bsize @7 :UInt32 $lustre("os_bsize");  # Bytes.
  namelen @8 :UInt32 $lustre("os_namelen");  # Longest file name.
  maxbytes @9 :UInt64 $lustre("os_maxbytes");  # Largest file.
  state @10 :UInt32 $lustre("os_state") $bits("StatfsState");
  spare1 @11 :UInt32 $lustre("os_spare1");
  spare2 @12 :UInt32 $lustre("os_spare2");
  spare3 @13 :UInt32 $lustre("os_spare3");
  spare4 @14 :UInt32 $lustre("os_spare4");
  spare5 @15 :UInt32 $lustre("os_spare5");
  spare6 @16 :UInt32 $lustre("os_spare6");
  spare7 @17 :UInt32 $lustre("os_spare7");
  spare8 @18 :UInt32 $lustre("os_spare8");
  spare9 @19 :UInt32 $lustre("os_spare9");
}

enum StatfsState $lustre("ost_misc") $bitSet(32) {
  # os_state of an OST.
  degraded @0 $lustre("OS_STATE_DEGRADED") $value(0x1);
  readonly @1 $lustre("OS_STATE_READONLY") $value(0x2);
  rdonly1 @2 $lustre("OS_STATE_RDONLY_1") $value(0x4);
  rdonly2 @3 $lustre("OS_STATE_RDONLY_2") $value(0x8);
  rdonly3 @4 $lustre("OS_STATE_RDONLY_3") $value(0x10);
}
