# Logs: how they are read over the wire, their records, and the configuration records in them.
#
# Records are little-endian, as on disk. Each has its length at both ends, so a log reads both ways.
# Facts: rpc-formats "MGS, llog, sequences", stock-clients, semantics.
@0x92a48a87f113a06b;

using Ptlrpc = import "ptlrpc.capnp";
using Fid = import "fid.capnp";
using import "wire.capnp".lustre;
using import "wire.capnp".lustre18;
using import "wire.capnp".size;
using import "wire.capnp".only;
using import "wire.capnp".text;
using import "wire.capnp".textSet;
using import "wire.capnp".packed;
using import "wire.capnp".count;
using import "wire.capnp".trailing;
using import "wire.capnp".littleEndian;
using import "wire.capnp".bits;
using import "wire.capnp".values;
using import "wire.capnp".hex;
using import "wire.capnp".bitSet;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

# --- logs and reading them ---

struct LlogLogid $lustre("llog_logid") $size(20) $packed {
  # Names a log at its server.
  oid @0 :UInt64 $lustre("lgl_oid");
  oseq @1 :UInt64 $lustre("lgl_oseq") $lustre18("lgl_ogr");
  ogen @2 :UInt32 $lustre("lgl_ogen");
}

struct LlogdBody $lustre("llogd_body") $size(48) {
  # Request and reply of LLOG_ORIGIN_HANDLE_*. CREATE: all zero. READ_HEADER and NEXT_BLOCK: logid
  # as CREATE gave it; first NEXT_BLOCK: index 1, len 8192, cur_offset 8192.
  logid @0 :LlogLogid $lustre("lgd_logid");
  ctxtIdx @1 :UInt32 $lustre("lgd_ctxt_idx") $values("LlogContext");
  # The context less 1: 0 is configuration.
  llhFlags @2 :UInt32 $lustre("lgd_llh_flags") $bits("LlogFlag");
  index @3 :UInt32 $lustre("lgd_index");  # First record wanted.
  savedIndex @4 :UInt32 $lustre("lgd_saved_index");  # Last record seen.
  len @5 :UInt32 $lustre("lgd_len");  # Bytes wanted, at most LLOG_CHUNK_SIZE (8192).
  curOffset @6 :UInt64 $lustre("lgd_cur_offset");
  # Bytes into the log; the reply brings where to go on.
}

struct LlogdConnBody $lustre("llogd_conn_body") $size(40) {
  # Request of LLOG_ORIGIN_CONNECT: an MDS tells an OST which log to cancel records in.
  gen @0 :LlogGen $lustre("lgdc_gen");
  logid @1 :LlogLogid $lustre("lgdc_logid");
  ctxtIdx @2 :UInt32 $lustre("lgdc_ctxt_idx") $values("LlogContext");
}

struct LlogGen $lustre("llog_gen") $size(16) {
  # Generation of a log connection.
  mntCnt @0 :UInt64 $lustre("mnt_cnt");
  connCnt @1 :UInt64 $lustre("conn_cnt");
}

struct LlogCookie $lustre("llog_cookie") $size(32) {
  # Names one record of a log, so that whoever did what it says can cancel it (OBD_LOG_CANCEL).
  lgl @0 :LlogLogid $lustre("lgc_lgl");
  subsys @1 :UInt32 $lustre("lgc_subsys") $values("LlogContext");
  index @2 :UInt32 $lustre("lgc_index");  # Of the record.
  padding @3 :UInt32 $lustre("lgc_padding");
}

struct LlogCatid $lustre("llog_catid") $size(32) {
  # A catalog in the CATALOGS file.
  logid @0 :LlogLogid $lustre("lci_logid");
  padding1 @1 :UInt32 $lustre("lci_padding1");
  padding2 @2 :UInt32 $lustre("lci_padding2");
  padding3 @3 :UInt32 $lustre("lci_padding3");
}

struct LlogLogHdr $lustre("llog_log_hdr") $size(8192) $littleEndian {
  # First chunk of a log, which is its record 0; reply of READ_HEADER.
  hdr @0 :LlogRecHdr $lustre("llh_hdr");
  timestamp @1 :UInt64 $lustre("llh_timestamp");  # Seconds.
  count @2 :UInt32 $lustre("llh_count");  # Records in use, the header included.
  bitmapOffset @3 :UInt32 $lustre("llh_bitmap_offset");  # Bytes, of bitmap.
  size @4 :UInt32 $lustre("llh_size");  # Bytes of a record if all have one size, or 0.
  flags @5 :UInt32 $lustre("llh_flags") $bits("LlogFlag");
  catIdx @6 :UInt32 $lustre("llh_cat_idx");  # In the catalog.
  tgtuuid @7 :Ptlrpc.ObdUuid $lustre("llh_tgtuuid");
  reserved @8 :UInt32 $lustre("llh_reserved");
  bitmap @9 :Data $lustre("llh_bitmap") $count(8096);
  # Bit n (byte n / 8, from the lowest): record n is there.
  tail @10 :LlogRecTail $lustre("llh_tail");
}

enum LlogFlag $lustre("llog") $bitSet(32) {
  # llh_flags.
  zapWhenEmpty @0 $lustre("LLOG_F_ZAP_WHEN_EMPTY") $value(0x1);
  isCat @1 $lustre("LLOG_F_IS_CAT") $value(0x2);
  isPlain @2 $lustre("LLOG_F_IS_PLAIN") $value(0x4);
}

enum LlogContext $lustre("llog") $valueSet(32) {
  # Whose log. The numbers from 6 on differ by version.
  configOrigCtxt @0 $lustre("LLOG_CONFIG_ORIG_CTXT") $value(0);
  configReplCtxt @1 $lustre("LLOG_CONFIG_REPL_CTXT") $value(1);
  mdsOstOrigCtxt @2 $lustre("LLOG_MDS_OST_ORIG_CTXT") $value(2);
  mdsOstReplCtxt @3 $lustre("LLOG_MDS_OST_REPL_CTXT") $value(3);
  sizeOrigCtxt @4 $lustre("LLOG_SIZE_ORIG_CTXT") $value(4);
  sizeReplCtxt @5 $lustre("LLOG_SIZE_REPL_CTXT") $value(5);
  mdOrigCtxt @6 $lustre("LLOG_MD_ORIG_CTXT") $value(6) $only("1.8");
  mdReplCtxt @7 $lustre("LLOG_MD_REPL_CTXT") $value(7) $only("1.8");
  rd1OrigCtxt18 @8 $lustre("LLOG_RD1_ORIG_CTXT") $value(8) $only("1.8");
  rd1ReplCtxt18 @9 $lustre("LLOG_RD1_REPL_CTXT") $value(9) $only("1.8");
  testOrigCtxt18 @10 $lustre("LLOG_TEST_ORIG_CTXT") $value(10) $only("1.8");
  testReplCtxt18 @11 $lustre("LLOG_TEST_REPL_CTXT") $value(11) $only("1.8");
  loveaOrigCtxt18 @12 $lustre("LLOG_LOVEA_ORIG_CTXT") $value(12) $only("1.8");
  loveaReplCtxt18 @13 $lustre("LLOG_LOVEA_REPL_CTXT") $value(13) $only("1.8");
  rd1OrigCtxt @14 $lustre("LLOG_RD1_ORIG_CTXT") $value(6) $only("2.0");
  rd1ReplCtxt @15 $lustre("LLOG_RD1_REPL_CTXT") $value(7) $only("2.0");
  testOrigCtxt @16 $lustre("LLOG_TEST_ORIG_CTXT") $value(8) $only("2.0");
  testReplCtxt @17 $lustre("LLOG_TEST_REPL_CTXT") $value(9) $only("2.0");
  loveaOrigCtxt @18 $lustre("LLOG_LOVEA_ORIG_CTXT") $value(10) $only("2.0");
  loveaReplCtxt @19 $lustre("LLOG_LOVEA_REPL_CTXT") $value(11) $only("2.0");
  changelogOrigCtxt @20 $lustre("LLOG_CHANGELOG_ORIG_CTXT") $value(12) $only("2.0");
  changelogReplCtxt @21 $lustre("LLOG_CHANGELOG_REPL_CTXT") $value(13) $only("2.0");
  changelogUserOrigCtxt @22 $lustre("LLOG_CHANGELOG_USER_ORIG_CTXT") $value(14) $only("2.0");
}

enum LogMagic $lustre("llog") $valueSet(32) {
  # The part of a record's type that marks it as one, and its mask.
  op @0 $lustre("LLOG_OP_MAGIC") $value(0x10600000);
  opMask @1 $lustre("LLOG_OP_MASK") $value(0xfff00000);
}

enum LogSize $lustre("llog") $valueSet(32) {
  # Sizes of logs, in bytes.
  minRecSize @0 $lustre("LLOG_MIN_REC_SIZE") $value(24);
  headerSize @1 $lustre("LLOG_HEADER_SIZE") $value(96);  # LlogLogHdr without its bitmap.
  bitmapBytes @2 $lustre("LLOG_BITMAP_BYTES") $value(8096);
  chunkSize @3 $lustre("LLOG_CHUNK_SIZE") $value(8192);
  # A block, as read over the wire; no record crosses one.
}

# --- records ---

struct LlogRecHdr $lustre("llog_rec_hdr") $size(16) $littleEndian {
  # Starts every record.
  len @0 :UInt32 $lustre("lrh_len");  # Bytes, header and tail included; a multiple of 8.
  index @1 :UInt32 $lustre("lrh_index");
  type @2 :UInt32 $lustre("lrh_type") $values("LlogRecType") $hex;
  padding @3 :UInt32 $lustre("padding");
}

struct LlogRecTail $lustre("llog_rec_tail") $size(8) $littleEndian {
  # Ends every record: length and index again.
  len @0 :UInt32 $lustre("lrt_len");
  index @1 :UInt32 $lustre("lrt_index");
}

struct LlogLogidRec $lustre("llog_logid_rec") $size(64) $littleEndian {
  # A log in a catalog.
  hdr @0 :LlogRecHdr $lustre("lid_hdr");
  id @1 :LlogLogid $lustre("lid_id");
  padding1 @2 :UInt32 $lustre("padding1");
  padding2 @3 :UInt32 $lustre("padding2");
  padding3 @4 :UInt32 $lustre("padding3");
  padding4 @5 :UInt32 $lustre("padding4");
  padding5 @6 :UInt32 $lustre("padding5");
  tail @7 :LlogRecTail $lustre("lid_tail");
}

struct LlogUnlinkRec $lustre("llog_unlink_rec") $size(40) $littleEndian {
  # An MDS is to destroy an object on an OST.
  hdr @0 :LlogRecHdr $lustre("lur_hdr");
  oid @1 :UInt64 $lustre("lur_oid");  # Object id.
  oseq @2 :UInt32 $lustre("lur_oseq") $lustre18("lur_ogr");
  count @3 :UInt32 $lustre("lur_count");  # Objects, from oid on.
  tail @4 :LlogRecTail $lustre("lur_tail");
}

struct LlogSetattrRec $lustre("llog_setattr_rec") $size(48) $littleEndian {
  # An MDS is to change the owner of an object on an OST.
  hdr @0 :LlogRecHdr $lustre("lsr_hdr");
  oid @1 :UInt64 $lustre("lsr_oid");
  oseq @2 :UInt32 $lustre("lsr_oseq") $lustre18("lsr_ogr");
  uid @3 :UInt32 $lustre("lsr_uid");
  gid @4 :UInt32 $lustre("lsr_gid");
  padding @5 :UInt32 $lustre("padding");
  tail @6 :LlogRecTail $lustre("lsr_tail");
}

struct LlogSetattr64Rec $lustre("llog_setattr64_rec") $size(56) $littleEndian {
  # The same with 64-bit ids.
  hdr @0 :LlogRecHdr $lustre("lsr_hdr");
  oid @1 :UInt64 $lustre("lsr_oid");
  oseq @2 :UInt32 $lustre("lsr_oseq") $lustre18("lsr_ogr");
  padding @3 :UInt32 $lustre("padding");
  uid @4 :UInt32 $lustre("lsr_uid");
  uidH @5 :UInt32 $lustre("lsr_uid_h");
  gid @6 :UInt32 $lustre("lsr_gid");
  gidH @7 :UInt32 $lustre("lsr_gid_h");
  tail @8 :LlogRecTail $lustre("lsr_tail");
}

struct LlogSizeChangeRec $lustre("llog_size_change_rec") $size(48) $littleEndian {
  # An OST saw a file change in an epoch (Size-on-MDS).
  hdr @0 :LlogRecHdr $lustre("lsc_hdr");
  fid @1 :Fid.LlFid $lustre("lsc_fid");
  ioepoch @2 :UInt32 $lustre("lsc_ioepoch") $lustre18("lsc_io_epoch");  # Low half.
  padding @3 :UInt32 $lustre("padding");
  tail @4 :LlogRecTail $lustre("lsc_tail");
}

struct LlogCreateRec $lustre("llog_create_rec") $size(56) $littleEndian {
  # An object made for a file (unused by both versions).
  hdr @0 :LlogRecHdr $lustre("lcr_hdr");
  fid @1 :Fid.LlFid $lustre("lcr_fid");
  oid @2 :UInt64 $lustre("lcr_oid");
  oseq @3 :UInt32 $lustre("lcr_oseq") $lustre18("lcr_ogr");
  padding @4 :UInt32 $lustre("padding");
  tail @5 :LlogRecTail $lustre("lcr_tail");
}

struct LlogOrphanRec $lustre("llog_orphan_rec") $size(40) $littleEndian {
  # An orphan (unused by both versions).
  hdr @0 :LlogRecHdr $lustre("lor_hdr");
  oid @1 :UInt64 $lustre("lor_oid");
  ogen @2 :UInt32 $lustre("lor_ogen");
  padding @3 :UInt32 $lustre("padding");
  tail @4 :LlogRecTail $lustre("lor_tail");
}

struct LlogGenRec $lustre("llog_gen_rec") $size(40) $littleEndian {
  # The generation of a log connection.
  hdr @0 :LlogRecHdr $lustre("lgr_hdr");
  gen @1 :LlogGen $lustre("lgr_gen");
  tail @2 :LlogRecTail $lustre("lgr_tail");
}

enum LlogRecType $lustre("llog") $valueSet(32) {
  # lrh_type.
  llogPadMagic @0 $lustre("LLOG_PAD_MAGIC") $value(0x10600000);
  # Fills the rest of a chunk; no record crosses one.
  ostSzRec @1 $lustre("OST_SZ_REC") $value(0x10600f00);
  ostRaid1Rec @2 $lustre("OST_RAID1_REC") $value(0x10601000);
  mdsSetattrRec @3 $lustre("MDS_SETATTR_REC") $value(0x10612401);
  mdsUnlinkRec @4 $lustre("MDS_UNLINK_REC") $value(0x10612404);
  obdCfgRec @5 $lustre("OBD_CFG_REC") $value(0x10620000);
  # LustreCfg with its buffers, tail after it.
  ptlCfgRec @6 $lustre("PTL_CFG_REC") $value(0x10630000);
  llogGenRec @7 $lustre("LLOG_GEN_REC") $value(0x10640000);
  llogHdrMagic @8 $lustre("LLOG_HDR_MAGIC") $value(0x10645539);  # LlogLogHdr.
  llogLogidMagic @9 $lustre("LLOG_LOGID_MAGIC") $value(0x1064553b);  # LlogLogidRec.
  llogJoinRec @10 $lustre("LLOG_JOIN_REC") $value(0x10650000);
  changelogRec @11 $lustre("CHANGELOG_REC") $value(0x10660000);
  changelogUserRec @12 $lustre("CHANGELOG_USER_REC") $value(0x10670000);  # Only 2.0.
  mdsSetattr64Rec @13 $lustre("MDS_SETATTR64_REC") $value(0x10692401);
}

struct MdsExtentDesc $lustre("mds_extent_desc") $size(48) $littleEndian {
  # A piece of a joined file (1.8), in an LlogArrayRec.
  start @0 :UInt64 $lustre("med_start");  # Bytes, like the length.
  len @1 :UInt64 $lustre("med_len");
  lmm @2 :LovMdsMd $lustre("med_lmm");  # Its layout, without the objects.
}

struct LovMdsMd $lustre("lov_mds_md") $size(32) $littleEndian {
  # Head of a LovMdsMdV1.
  magic @0 :UInt32 $lustre("lmm_magic") $values("ost.LovMagic") $hex;
  pattern @1 :UInt32 $lustre("lmm_pattern") $values("ost.LovPattern") $hex;
  objectId @2 :UInt64 $lustre("lmm_object_id");
  objectSeq @3 :UInt64 $lustre("lmm_object_seq") $lustre18("lmm_object_gr") $hex;
  stripeSize @4 :UInt32 $lustre("lmm_stripe_size");
  stripeCount @5 :UInt32 $lustre("lmm_stripe_count");
}

struct LlogArrayRec $lustre("llog_array_rec") $size(72) $littleEndian {
  # Record of the log that lists the pieces of a joined file (1.8).
  hdr @0 :LlogRecHdr $lustre("lmr_hdr");
  med @1 :MdsExtentDesc $lustre("lmr_med");
  tail @2 :LlogRecTail $lustre("lmr_tail");
}

struct LovMdsMdJoin $lustre("lov_mds_md_join") $size(56) $littleEndian $packed {
  # EA of a joined file (1.8): which log has the pieces.
  md @0 :LovMdsMd $lustre("lmmj_md");
  arrayId @1 :LlogLogid $lustre("lmmj_array_id");
  extentCount @2 :UInt32 $lustre("lmmj_extent_count");
}

# --- configuration ---

enum CfgVersion $lustre("mgs_config") $valueSet(32) {
  # lcfg_version.
  v1 @0 $lustre("LUSTRE_CFG_VERSION") $value(0x1cf60001);
}

enum CfgLimit $lustre("mgs_config") $valueSet(32) {
  # Most buffers of a command, and the bit of commands that must be understood.
  maxBufcount @0 $lustre("LUSTRE_CFG_MAX_BUFCOUNT") $value(8);
  required @1 $lustre("LCFG_REQUIRED") $value(0x1000);
}

enum ConfigParam $lustre("mgs_config") $textSet {
  # Settings of LCFG_PARAM and of targets that register, as "key=value".
  mgsnode @0 $lustre("PARAM_MGSNODE") $text("mgsnode=");
  failnode @1 $lustre("PARAM_FAILNODE") $text("failover.node=");
  failmode @2 $lustre("PARAM_FAILMODE") $text("failover.mode=");
  active @3 $lustre("PARAM_ACTIVE") $text("active=");
  network @4 $lustre("PARAM_NETWORK") $text("network=");  # Only 2.0.
  timeout @5 $lustre("PARAM_TIMEOUT") $text("timeout=");
  ldlmTimeout @6 $lustre("PARAM_LDLM_TIMEOUT") $text("ldlm_timeout=");
  atMin @7 $lustre("PARAM_AT_MIN") $text("at_min=");
  atMax @8 $lustre("PARAM_AT_MAX") $text("at_max=");
  atExtra @9 $lustre("PARAM_AT_EXTRA") $text("at_extra=");
  atHistory @10 $lustre("PARAM_AT_HISTORY") $text("at_history=");
  atEarlyMargin @11 $lustre("PARAM_AT_EARLY_MARGIN") $text("at_early_margin=");
  ost @12 $lustre("PARAM_OST") $text("ost.");
  osc @13 $lustre("PARAM_OSC") $text("osc.");
  mdt @14 $lustre("PARAM_MDT") $text("mdt.");
  mdtUpcall @15 $lustre("PARAM_MDT_UPCALL") $text("mdt.group_upcall=");  # Only 1.8.
  mdd @16 $lustre("PARAM_MDD") $text("mdd.");  # Only 2.0.
  mdc @17 $lustre("PARAM_MDC") $text("mdc.");
  llite @18 $lustre("PARAM_LLITE") $text("llite.");
  lov @19 $lustre("PARAM_LOV") $text("lov.");
  sys @20 $lustre("PARAM_SYS") $text("sys.");
  sec @21 $lustre("PARAM_SEC") $text("security.");  # Only 2.0, like the rest.
  srpc @22 $lustre("PARAM_SRPC") $text("srpc.");
  srpcFlvr @23 $lustre("PARAM_SRPC_FLVR") $text("srpc.flavor.");
  srpcUdesc @24 $lustre("PARAM_SRPC_UDESC") $text("srpc.udesc.cli2mdt");
}

struct LustreCfg $lustre("lustre_cfg") $size(32) $littleEndian {
  # A configuration command, between the header and the tail of an OBD_CFG_REC. After the lengths,
  # padded to 8, come the buffers, each padded to 8; buffer 0 names a device.
  version @0 :UInt32 $lustre("lcfg_version") $hex;  # LUSTRE_CFG_VERSION, 0x1cf60001.
  command @1 :UInt32 $lustre("lcfg_command") $values("LcfgCommand") $hex;
  num @2 :UInt32 $lustre("lcfg_num");  # Seconds in SET_TIMEOUT.
  flags @3 :UInt32 $lustre("lcfg_flags");
  nid @4 :UInt64 $lustre("lcfg_nid") $hex;  # In ADD_UUID.
  nal @5 :UInt32 $lustre("lcfg_nal");  # Unused.
  bufcount @6 :UInt32 $lustre("lcfg_bufcount");
  buflens @7 :List(UInt32) $lustre("lcfg_buflens") $trailing;
  # Bytes of each buffer, at most 8 of them.
}

struct CfgMarker $lustre("cfg_marker") $size(160) $littleEndian {
  # Buffer 1 of a MARKER command, before and after a group of commands that concern one target.
  step @0 :UInt32 $lustre("cm_step");
  flags @1 :UInt32 $lustre("cm_flags") $bits("MarkerFlag");
  vers @2 :UInt32 $lustre("cm_vers") $hex;  # Lustre version of the writer.
  padding @3 :UInt32 $lustre("padding");
  createtime @4 :UInt64 $lustre("cm_createtime");  # Seconds.
  canceltime @5 :UInt64 $lustre("cm_canceltime");  # Seconds; 0 while it holds.
  tgtname @6 :Text $lustre("cm_tgtname") $count(64);
  comment @7 :Text $lustre("cm_comment") $count(64);
}

enum LcfgCommand $lustre("mgs_config") $valueSet(32) {
  # lcfg_command.
  logStart @0 $lustre("LCFG_LOG_START") $value(0xce011);
  logEnd @1 $lustre("LCFG_LOG_END") $value(0xce012);
  lovAddIna @2 $lustre("LCFG_LOV_ADD_INA") $value(0xce013);
  sptlrpcConf @3 $lustre("LCFG_SPTLRPC_CONF") $value(0xce016);  # Only 2.0.
  poolNew @4 $lustre("LCFG_POOL_NEW") $value(0xce020);
  poolAdd @5 $lustre("LCFG_POOL_ADD") $value(0xce021);
  poolRem @6 $lustre("LCFG_POOL_REM") $value(0xce022);
  poolDel @7 $lustre("LCFG_POOL_DEL") $value(0xce023);
  setLdlmTimeout @8 $lustre("LCFG_SET_LDLM_TIMEOUT") $value(0xce030);
  attach @9 $lustre("LCFG_ATTACH") $value(0xcf001);
  detach @10 $lustre("LCFG_DETACH") $value(0xcf002);
  setup @11 $lustre("LCFG_SETUP") $value(0xcf003);
  cleanup @12 $lustre("LCFG_CLEANUP") $value(0xcf004);
  addUuid @13 $lustre("LCFG_ADD_UUID") $value(0xcf005);
  delUuid @14 $lustre("LCFG_DEL_UUID") $value(0xcf006);
  mountopt @15 $lustre("LCFG_MOUNTOPT") $value(0xcf007);
  delMountopt @16 $lustre("LCFG_DEL_MOUNTOPT") $value(0xcf008);
  setTimeout @17 $lustre("LCFG_SET_TIMEOUT") $value(0xcf009);
  setUpcall @18 $lustre("LCFG_SET_UPCALL") $value(0xcf00a);
  addConn @19 $lustre("LCFG_ADD_CONN") $value(0xcf00b);
  delConn @20 $lustre("LCFG_DEL_CONN") $value(0xcf00c);
  lovAddObd @21 $lustre("LCFG_LOV_ADD_OBD") $value(0xcf00d);
  lovDelObd @22 $lustre("LCFG_LOV_DEL_OBD") $value(0xcf00e);
  param @23 $lustre("LCFG_PARAM") $value(0xcf00f);
  marker @24 $lustre("LCFG_MARKER") $value(0xcf010);
  addMdc @25 $lustre("LCFG_ADD_MDC") $value(0xcf014);  # Only 2.0.
  delMdc @26 $lustre("LCFG_DEL_MDC") $value(0xcf015);  # Only 2.0.
}

enum MarkerFlag $lustre("mgs_config") $bitSet(32) {
  # cm_flags.
  start @0 $lustre("CM_START") $value(0x1);
  end @1 $lustre("CM_END") $value(0x2);
  skip @2 $lustre("CM_SKIP") $value(0x4);  # The commands up to the end marker no longer hold.
  upgrade146 @3 $lustre("CM_UPGRADE146") $value(0x8);
  exclude @4 $lustre("CM_EXCLUDE") $value(0x10);
}
