# Objects and data: attributes of an object, bulk descriptors, striping, extent maps, quota.
#
# Facts: rpc-formats "OST", differences 9. The same bytes in 1.8 and 2.0; $lustre18 gives 1.8's name
# where it differs.
@0xeee0220508688e9c;

using Ptlrpc = import "ptlrpc.capnp";
using Llog = import "llog.capnp";
using import "wire.capnp".lustre;
using import "wire.capnp".lustre18;
using import "wire.capnp".later;
using import "wire.capnp".size;
using import "wire.capnp".only;
using import "wire.capnp".count;
using import "wire.capnp".trailing;
using import "wire.capnp".littleEndian;
using import "wire.capnp".bits;
using import "wire.capnp".values;
using import "wire.capnp".hex;
using import "wire.capnp".bitSet;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

# --- objects ---

struct Obdo $lustre("obdo") $size(208) {
  # Attributes of an object; valid says which fields count. Some fields have a second meaning: in a
  # BRW with FLGRANT, blocks is dirty, mode undirty, misc dropped bytes of the client's cache; with
  # FLCKSUM, nlink is the checksum of the bulk; in PUNCH and SYNC, size and blocks are start and
  # end.
  valid @0 :UInt64 $lustre("o_valid") $bits("mds.Valid");
  id @1 :UInt64 $lustre("o_oi.oi_id") $lustre18("o_id");
  # Object id. CREATE: the last id wanted, or given.
  seq @2 :UInt64 $lustre("o_oi.oi_seq") $lustre18("o_gr");
  # Counts with FLGROUP; 0 for objects of MDT0 in both dialects.
  parentSeq @3 :UInt64 $lustre("o_parent_seq") $lustre18("o_fid") $hex;
  # The file's FID, with FLFID. 1.8: inode of the file.
  size @4 :UInt64 $lustre("o_size");  # Bytes.
  mtime @5 :UInt64 $lustre("o_mtime");  # Seconds, like atime and ctime.
  atime @6 :UInt64 $lustre("o_atime");
  ctime @7 :UInt64 $lustre("o_ctime");
  blocks @8 :UInt64 $lustre("o_blocks");  # Of 512 bytes; o_dirty.
  grant @9 :UInt64 $lustre("o_grant");  # Bytes; with FLGRANT.
  blksize @10 :UInt32 $lustre("o_blksize");
  mode @11 :UInt32 $lustre("o_mode");  # o_undirty.
  uid @12 :UInt32 $lustre("o_uid");
  gid @13 :UInt32 $lustre("o_gid");
  flags @14 :UInt32 $lustre("o_flags") $bits("ObdoFlag");
  nlink @15 :UInt32 $lustre("o_nlink");  # o_cksum.
  parentOid @16 :UInt32 $lustre("o_parent_oid") $lustre18("o_generation");
  # With FLFID and FLGENER. 1.8: generation of the file.
  misc @17 :UInt32 $lustre("o_misc");  # o_dropped.
  ioepoch @18 :UInt64 $lustre("o_ioepoch") $lustre18("o_easize:4,o_mds:4");
  # IO epoch of the write, with FLEPOCH.
  stripeIdx @19 :UInt32 $lustre("o_stripe_idx");  # Index of the stripe in the file.
  parentVer @20 :UInt32 $lustre("o_parent_ver") $lustre18("o_padding_1");
  handle @21 :Ptlrpc.LustreHandle $lustre("o_handle");
  # With FLHANDLE: the lock (at the server) under which a BRW happens.
  lcookie @22 :Llog.LlogCookie $lustre("o_lcookie");
  # With FLCOOKIE: DESTROY and SETATTR cancel this record when done.
  uidH @23 :UInt32 $lustre("o_uid_h") $lustre18("o_padding_2:8");
  gidH @24 :UInt32 $lustre("o_gid_h");
  dataVersion @25 :UInt64 $lustre("o_padding_3") $later("o_data_version");
  # From 2.4 (profile layout): with FLDATAVERSION.
  padding4 @26 :UInt64 $lustre("o_padding_4");
  padding5 @27 :UInt64 $lustre("o_padding_5");
  padding6 @28 :UInt64 $lustre("o_padding_6");
}

struct OstId $lustre("ost_id") $size(16) {
  # What 2.0 calls the first two fields behind o_valid.
  id @0 :UInt64 $lustre("oi_id");
  seq @1 :UInt64 $lustre("oi_seq");
}

struct OstBody $lustre("ost_body") $size(208) {
  # An Obdo as a buffer: first of nearly all OST requests and replies.
  oa @0 :Obdo $lustre("oa");
}

enum ObdoFlag $lustre("obdo_flag") $bitSet(32) {
  # o_flags.
  inlinedata @0 $lustre("OBD_FL_INLINEDATA") $value(0x1);
  obdmdexists @1 $lustre("OBD_FL_OBDMDEXISTS") $value(0x2);
  delorphan @2 $lustre("OBD_FL_DELORPHAN") $value(0x4);  # CREATE: destroy all objects above id.
  norpc @3 $lustre("OBD_FL_NORPC") $value(0x8);
  idonly @4 $lustre("OBD_FL_IDONLY") $value(0x10);
  recreateObjs @5 $lustre("OBD_FL_RECREATE_OBJS") $value(0x20);
  # CREATE: make this very object again.
  debugCheck @6 $lustre("OBD_FL_DEBUG_CHECK") $value(0x40);
  noUsrquota @7 $lustre("OBD_FL_NO_USRQUOTA") $value(0x100);
  noGrpquota @8 $lustre("OBD_FL_NO_GRPQUOTA") $value(0x200);
  createCrow @9 $lustre("OBD_FL_CREATE_CROW") $value(0x400);
  srvlock @10 $lustre("OBD_FL_SRVLOCK") $value(0x800) $only("2.0");
  # PUNCH: the server takes the lock.
  cksumCrc32 @11 $lustre("OBD_FL_CKSUM_CRC32") $value(0x1000);  # The checksum is a CRC-32 ...
  cksumAdler @12 $lustre("OBD_FL_CKSUM_ADLER") $value(0x2000);  # ... or an Adler-32.
  cksumRsvd1 @13 $lustre("OBD_FL_CKSUM_RSVD1") $value(0x4000);
  cksumRsvd2 @14 $lustre("OBD_FL_CKSUM_RSVD2") $value(0x8000);
  cksumRsvd3 @15 $lustre("OBD_FL_CKSUM_RSVD3") $value(0x10000);
  shrinkGrant @16 $lustre("OBD_FL_SHRINK_GRANT") $value(0x20000);  # The client gives grant back.
  mmap @17 $lustre("OBD_FL_MMAP") $value(0x40000);  # Only 1.8.
  recovResend @18 $lustre("OBD_FL_RECOV_RESEND") $value(0x80000);
  # Only 1.8. The bulk was sent before.
  temporary @19 $lustre("OBD_FL_TEMPORARY") $value(0x10000000);
  haveLock @20 $lustre("OBD_FL_HAVE_LOCK") $value(0x20000000);  # Only 1.8.
  trunclock @21 $lustre("OBD_FL_TRUNCLOCK") $value(0x800) $only("1.8");  # Likewise in 1.8.
}

enum ObjectLimit $lustre("ost_misc") $valueSet(64) {
  # Bounds of precreation and of offsets.
  minPrecreate @0 $lustre("OST_MIN_PRECREATE") $value(32);
  maxPrecreate @1 $lustre("OST_MAX_PRECREATE") $value(20000);
  eof @2 $lustre("OBD_OBJECT_EOF") $value(0xffffffffffffffff);
}

# --- bulk ---

struct ObdIoobj $lustre("obd_ioobj") $size(24) {
  # An object of a BRW and how many niobufs are its own. Clients send one.
  id @0 :UInt64 $lustre("ioo_id");
  seq @1 :UInt64 $lustre("ioo_seq") $lustre18("ioo_gr");
  type @2 :UInt32 $lustre("ioo_type") $hex;  # 0x8000, S_IFREG, from clients.
  bufcnt @3 :UInt32 $lustre("ioo_bufcnt");
}

struct NiobufRemote $lustre("niobuf_remote") $size(16) {
  # A stretch of an object in a BRW. Sorted by offset, adjacent ones merged, 1 MiB in all at most.
  offset @0 :UInt64 $lustre("offset");  # Bytes, not pages, like len.
  len @1 :UInt32 $lustre("len");
  flags @2 :UInt32 $lustre("flags") $bits("BrwFlag");
}

enum BrwFlag $lustre("brw_flag") $bitSet(32) {
  # Flags of a niobuf.
  read @0 $lustre("OBD_BRW_READ") $value(0x1);
  write @1 $lustre("OBD_BRW_WRITE") $value(0x2);
  sync @2 $lustre("OBD_BRW_SYNC") $value(0x8);
  # To disk before the reply; 2.0.0 sets it in reads too.
  check @3 $lustre("OBD_BRW_CHECK") $value(0x10);
  fromGrant @4 $lustre("OBD_BRW_FROM_GRANT") $value(0x20);  # The space is from grant.
  granted @5 $lustre("OBD_BRW_GRANTED") $value(0x40);
  drop @6 $lustre("OBD_BRW_DROP") $value(0x80) $only("1.8");
  nocache @7 $lustre("OBD_BRW_NOCACHE") $value(0x80) $only("2.0");
  noquota @8 $lustre("OBD_BRW_NOQUOTA") $value(0x100);
  srvlock @9 $lustre("OBD_BRW_SRVLOCK") $value(0x200);  # The server takes the lock.
  async @10 $lustre("OBD_BRW_ASYNC") $value(0x400);  # Only 1.8.
  memalloc @11 $lustre("OBD_BRW_MEMALLOC") $value(0x800);
  reada @12 $lustre("OBD_BRW_READA") $value(0x1000);  # Only 1.8.
}

enum LvbError $lustre("ost_misc") $valueSet(64) {
  # lvb_size of an object that could not be read: these bits, with an errno in the low half.
  mask @0 $lustre("OST_LVB_ERR_MASK") $value(0xffbadbad00000000);
  init @1 $lustre("OST_LVB_ERR_INIT") $value(0xffbadbad80000000);
}

# --- striping ---

struct LovMdsMdV1 $lustre("lov_mds_md_v1") $size(32) $littleEndian {
  # Layout of a file, in EA buffers and on disk. Without objects it is a default of a directory.
  magic @0 :UInt32 $lustre("lmm_magic") $values("LovMagic") $hex;
  pattern @1 :UInt32 $lustre("lmm_pattern") $values("LovPattern") $hex;
  objectId @2 :UInt64 $lustre("lmm_object_id");
  # Of the file: 1.8 the inode number, 2.0 (ver << 32 | oid) of its FID.
  objectSeq @3 :UInt64 $lustre("lmm_object_seq") $lustre18("lmm_object_gr") $hex;
  # 1.8: 0. 2.0: seq of the FID.
  stripeSize @4 :UInt32 $lustre("lmm_stripe_size");  # Bytes.
  stripeCount @5 :UInt32 $lustre("lmm_stripe_count");  # Objects that follow.
  objects @6 :List(LovOstDataV1) $lustre("lmm_objects") $trailing;
}

struct LovMdsMdV3 $lustre("lov_mds_md_v3") $size(48) $littleEndian {
  # The same with a pool; sent to clients with OBD_CONNECT_LOV_V3 alone.
  magic @0 :UInt32 $lustre("lmm_magic") $values("LovMagic") $hex;
  pattern @1 :UInt32 $lustre("lmm_pattern") $values("LovPattern") $hex;
  objectId @2 :UInt64 $lustre("lmm_object_id");
  objectSeq @3 :UInt64 $lustre("lmm_object_seq") $lustre18("lmm_object_gr") $hex;
  stripeSize @4 :UInt32 $lustre("lmm_stripe_size");  # Bytes.
  stripeCount @5 :UInt32 $lustre("lmm_stripe_count");
  poolName @6 :Text $lustre("lmm_pool_name") $count(16);
  objects @7 :List(LovOstDataV1) $lustre("lmm_objects") $trailing;
}

struct LovOstDataV1 $lustre("lov_ost_data_v1") $size(24) $littleEndian {
  # One stripe of a layout.
  objectId @0 :UInt64 $lustre("l_object_id");
  objectSeq @1 :UInt64 $lustre("l_object_seq") $lustre18("l_object_gr");  # 0, of MDT0.
  ostGen @2 :UInt32 $lustre("l_ost_gen");  # Generation of the OST in the configuration.
  ostIdx @3 :UInt32 $lustre("l_ost_idx");  # Index of the OST.
}

struct LovUserOstDataV1 $lustre("lov_user_ost_data_v1") $size(24) $littleEndian {
  # The same in a layout of LovUserMdV1.
  objectId @0 :UInt64 $lustre("l_object_id");
  objectSeq @1 :UInt64 $lustre("l_object_seq") $lustre18("l_object_gr");
  ostGen @2 :UInt32 $lustre("l_ost_gen");
  ostIdx @3 :UInt32 $lustre("l_ost_idx");
}

struct LovUserMdV1 $lustre("lov_user_md_v1") $size(32) $littleEndian {
  # A striping wish: eadata of open, create, setattr. All zero where nothing is asked. Same place as
  # LovMdsMdV1, but a 16-bit count and the first OST wanted.
  magic @0 :UInt32 $lustre("lmm_magic") $values("LovMagic") $hex;
  pattern @1 :UInt32 $lustre("lmm_pattern") $values("LovPattern") $hex;
  objectId @2 :UInt64 $lustre("lmm_object_id");
  objectSeq @3 :UInt64 $lustre("lmm_object_seq") $lustre18("lmm_object_gr") $hex;
  stripeSize @4 :UInt32 $lustre("lmm_stripe_size");  # Bytes; 0 is the default.
  stripeCount @5 :UInt16 $lustre("lmm_stripe_count");  # 0 is the default, 0xffff all.
  stripeOffset @6 :UInt16 $lustre("lmm_stripe_offset");  # First OST; 0xffff any.
  objects @7 :List(LovUserOstDataV1) $lustre("lmm_objects") $trailing;
}

struct LovUserMdV3 $lustre("lov_user_md_v3") $size(48) $littleEndian {
  # The same with a pool.
  magic @0 :UInt32 $lustre("lmm_magic") $values("LovMagic") $hex;
  pattern @1 :UInt32 $lustre("lmm_pattern") $values("LovPattern") $hex;
  objectId @2 :UInt64 $lustre("lmm_object_id");
  objectSeq @3 :UInt64 $lustre("lmm_object_seq") $lustre18("lmm_object_gr") $hex;
  stripeSize @4 :UInt32 $lustre("lmm_stripe_size");
  stripeCount @5 :UInt16 $lustre("lmm_stripe_count");
  stripeOffset @6 :UInt16 $lustre("lmm_stripe_offset");
  poolName @7 :Text $lustre("lmm_pool_name") $count(16);
  objects @8 :List(LovUserOstDataV1) $lustre("lmm_objects") $trailing;
}

struct LovDesc $lustre("lov_desc") $size(88) $littleEndian {
  # How a file system is striped by default; in the configuration log (LCFG_SETUP of a lov).
  tgtCount @0 :UInt32 $lustre("ld_tgt_count");
  activeTgtCount @1 :UInt32 $lustre("ld_active_tgt_count");
  defaultStripeCount @2 :UInt32 $lustre("ld_default_stripe_count");
  pattern @3 :UInt32 $lustre("ld_pattern");
  defaultStripeSize @4 :UInt64 $lustre("ld_default_stripe_size");  # Bytes.
  defaultStripeOffset @5 :Int64 $lustre("ld_default_stripe_offset");  # -1: any.
  padding0 @6 :UInt32 $lustre("ld_padding_0");
  qosMaxage @7 :UInt32 $lustre("ld_qos_maxage");  # Seconds.
  padding1 @8 :UInt32 $lustre("ld_padding_1");
  padding2 @9 :UInt32 $lustre("ld_padding_2");
  uuid @10 :Ptlrpc.ObdUuid $lustre("ld_uuid");
}

enum LovMagic $lustre("lov") $valueSet(32) {
  # lmm_magic.
  v1 @0 $lustre("LOV_MAGIC_V1") $value(0xbd10bd0);
  join @1 $lustre("LOV_MAGIC_JOIN") $value(0xbd20bd0);  # Only 1.8. Joined files.
  v3 @2 $lustre("LOV_MAGIC_V3") $value(0xbd30bd0);
}

enum LovUserMagic $lustre("lov") $valueSet(32) {
  # lmm_magic of a wish; the same numbers.
  v1 @0 $lustre("LOV_USER_MAGIC_V1") $value(0xbd10bd0);
  join @1 $lustre("LOV_USER_MAGIC_JOIN") $value(0xbd20bd0);  # Only 1.8.
  v3 @2 $lustre("LOV_USER_MAGIC_V3") $value(0xbd30bd0);
}

enum LovLimit $lustre("lov") $valueSet(32) {
  # Bounds of a layout.
  maxStripeCount @0 $lustre("LOV_MAX_STRIPE_COUNT") $value(160);
  minStripeSize @1 $lustre("LOV_MIN_STRIPE_SIZE") $value(0x10000);  # Bytes.
  maxPoolName @2 $lustre("LOV_MAXPOOLNAME") $value(16);
  descMagic @3 $lustre("LOV_DESC_MAGIC") $value(0xb0ccde5c);
}

enum LovPattern $lustre("lov") $valueSet(32) {
  # lmm_pattern.
  raid0 @0 $lustre("LOV_PATTERN_RAID0") $value(1);  # The only one in use.
  raid1 @1 $lustre("LOV_PATTERN_RAID1") $value(2);
  first @2 $lustre("LOV_PATTERN_FIRST") $value(256);
  cmobd @3 $lustre("LOV_PATTERN_CMOBD") $value(512);
}

# --- extent maps ---

struct LlFiemapInfoKey $lustre("ll_fiemap_info_key") $size(248) {
  # Request of GET_INFO with key fiemap, the wish in its last part.
  name @0 :Text $lustre("name") $count(8);  # "fiemap".
  oa @1 :Obdo $lustre("oa");
  fiemap @2 :LlUserFiemap $lustre("fiemap");
  extents @3 :List(LlFiemapExtent) $trailing;  # Room for the answer.
}

struct LlUserFiemap $lustre("ll_user_fiemap") $size(32) {
  # Which part of an object, and how much of the answer there is.
  start @0 :UInt64 $lustre("fm_start");  # Bytes, like length.
  length @1 :UInt64 $lustre("fm_length");
  flags @2 :UInt32 $lustre("fm_flags") $bits("FiemapFlag");
  mappedExtents @3 :UInt32 $lustre("fm_mapped_extents");
  extentCount @4 :UInt32 $lustre("fm_extent_count");  # Room, in extents.
  reserved @5 :UInt32 $lustre("fm_reserved");
  extents @6 :List(LlFiemapExtent) $lustre("fm_extents") $trailing;
}

struct LlFiemapExtent $lustre("ll_fiemap_extent") $size(56) {
  # One stretch of an object on disk.
  logical @0 :UInt64 $lustre("fe_logical");  # Bytes, like physical and length.
  physical @1 :UInt64 $lustre("fe_physical");
  length @2 :UInt64 $lustre("fe_length");
  reserved64 @3 :List(UInt64) $lustre("fe_reserved64") $count(2);
  flags @4 :UInt32 $lustre("fe_flags") $bits("FiemapExtentFlag");
  device @5 :UInt32 $lustre("fe_device");  # Index of the OST.
  reserved @6 :UInt64 $lustre("fe_reserved");
}

enum FiemapFlag $lustre("fiemap") $bitSet(32) {
  # fm_flags.
  sync @0 $lustre("FIEMAP_FLAG_SYNC") $value(0x1);
  xattr @1 $lustre("FIEMAP_FLAG_XATTR") $value(0x2);
  deviceOrder @2 $lustre("FIEMAP_FLAG_DEVICE_ORDER") $value(0x40000000);
}

enum FiemapExtentFlag $lustre("fiemap") $bitSet(32) {
  # fe_flags.
  last @0 $lustre("FIEMAP_EXTENT_LAST") $value(0x1);
  unknown @1 $lustre("FIEMAP_EXTENT_UNKNOWN") $value(0x2);
  delalloc @2 $lustre("FIEMAP_EXTENT_DELALLOC") $value(0x4);
  encoded @3 $lustre("FIEMAP_EXTENT_ENCODED") $value(0x8);
  dataEncrypted @4 $lustre("FIEMAP_EXTENT_DATA_ENCRYPTED") $value(0x80);
  notAligned @5 $lustre("FIEMAP_EXTENT_NOT_ALIGNED") $value(0x100);
  dataInline @6 $lustre("FIEMAP_EXTENT_DATA_INLINE") $value(0x200);
  dataTail @7 $lustre("FIEMAP_EXTENT_DATA_TAIL") $value(0x400);
  unwritten @8 $lustre("FIEMAP_EXTENT_UNWRITTEN") $value(0x800);
  merged @9 $lustre("FIEMAP_EXTENT_MERGED") $value(0x1000);
  noDirect @10 $lustre("FIEMAP_EXTENT_NO_DIRECT") $value(0x40000000);
  net @11 $lustre("FIEMAP_EXTENT_NET") $value(0x80000000);
}

# --- quota ---

struct ObdQuotactl $lustre("obd_quotactl") $size(112) {
  # Request and reply of MDS_QUOTACTL and OST_QUOTACTL; request of QUOTACHECK.
  cmd @0 :UInt32 $lustre("qc_cmd") $values("QuotaCommand") $hex;
  type @1 :UInt32 $lustre("qc_type");  # 0 user, 1 group, 2 both.
  id @2 :UInt32 $lustre("qc_id");
  stat @3 :UInt32 $lustre("qc_stat");
  dqinfo @4 :ObdDqinfo $lustre("qc_dqinfo");
  dqblk @5 :ObdDqblk $lustre("qc_dqblk");
}

struct ObdDqinfo $lustre("obd_dqinfo") $size(24) {
  # Grace times of a quota file.
  bgrace @0 :UInt64 $lustre("dqi_bgrace");  # Seconds, like igrace.
  igrace @1 :UInt64 $lustre("dqi_igrace");
  flags @2 :UInt32 $lustre("dqi_flags");
  valid @3 :UInt32 $lustre("dqi_valid");
}

struct ObdDqblk $lustre("obd_dqblk") $size(72) {
  # Limits and use of a user or group.
  bhardlimit @0 :UInt64 $lustre("dqb_bhardlimit");  # KiB, like the soft limit.
  bsoftlimit @1 :UInt64 $lustre("dqb_bsoftlimit");
  curspace @2 :UInt64 $lustre("dqb_curspace");  # Bytes.
  ihardlimit @3 :UInt64 $lustre("dqb_ihardlimit");
  isoftlimit @4 :UInt64 $lustre("dqb_isoftlimit");
  curinodes @5 :UInt64 $lustre("dqb_curinodes");
  btime @6 :UInt64 $lustre("dqb_btime");  # Seconds, like itime.
  itime @7 :UInt64 $lustre("dqb_itime");
  valid @8 :UInt32 $lustre("dqb_valid") $bits("QuotaValid");
  padding @9 :UInt32 $lustre("padding");
}

struct QunitData $lustre("qunit_data") $size(32) {
  # Request and reply of QUOTA_DQACQ and QUOTA_DQREL: an OST or MDT asks the quota master for room.
  id @0 :UInt32 $lustre("qd_id");
  flags @1 :UInt32 $lustre("qd_flags") $bits("QuotaFlag");
  count @2 :UInt64 $lustre("qd_count");  # Bytes or inodes.
  qunit @3 :UInt64 $lustre("qd_qunit");
  padding @4 :UInt64 $lustre("padding");
}

struct QuotaAdjustQunit $lustre("quota_adjust_qunit") $size(32) {
  # Request of OST_QUOTA_ADJUST_QUNIT: the unit in which room is asked for changed.
  flags @0 :UInt32 $lustre("qaq_flags") $bits("QuotaFlag");
  id @1 :UInt32 $lustre("qaq_id");
  bunitSz @2 :UInt64 $lustre("qaq_bunit_sz");  # Bytes.
  iunitSz @3 :UInt64 $lustre("qaq_iunit_sz");  # Inodes.
  padding1 @4 :UInt64 $lustre("padding1");
}

struct QunitDataOld2 $lustre("qunit_data_old2") $size(16) {
  # The same from a peer without the longer form (1.8).
  id @0 :UInt32 $lustre("qd_id");
  flags @1 :UInt32 $lustre("qd_flags") $bits("QuotaFlag");
  count @2 :UInt64 $lustre("qd_count");
}

enum QuotaCommand $lustre("quota") $valueSet(32) {
  # qc_cmd.
  quotaon @0 $lustre("LUSTRE_Q_QUOTAON") $value(0x800002);
  quotaoff @1 $lustre("LUSTRE_Q_QUOTAOFF") $value(0x800003);
  getinfo @2 $lustre("LUSTRE_Q_GETINFO") $value(0x800005);
  setinfo @3 $lustre("LUSTRE_Q_SETINFO") $value(0x800006);
  getquota @4 $lustre("LUSTRE_Q_GETQUOTA") $value(0x800007);
  setquota @5 $lustre("LUSTRE_Q_SETQUOTA") $value(0x800008);
  invalidate @6 $lustre("LUSTRE_Q_INVALIDATE") $value(0x80000b);
  finvalidate @7 $lustre("LUSTRE_Q_FINVALIDATE") $value(0x80000c);
  quotacheck @8 $lustre("Q_QUOTACHECK") $value(0x800100);
  initquota @9 $lustre("Q_INITQUOTA") $value(0x800101);
  getoinfo @10 $lustre("Q_GETOINFO") $value(0x800102);
  getoquota @11 $lustre("Q_GETOQUOTA") $value(0x800103);
  ofinvalidate @12 $lustre("Q_FINVALIDATE") $value(0x800104);
}

enum QuotaFlag $lustre("quota") $bitSet(32) {
  # qd_flags, qaq_flags.
  grp @0 $lustre("LQUOTA_FLAGS_GRP") $value(0x1);
  blk @1 $lustre("LQUOTA_FLAGS_BLK") $value(0x2);
  adjblk @2 $lustre("LQUOTA_FLAGS_ADJBLK") $value(0x4);
  adjino @3 $lustre("LQUOTA_FLAGS_ADJINO") $value(0x8);
  chgQs @4 $lustre("LQUOTA_FLAGS_CHG_QS") $value(0x10);
}

enum QuotaValid $lustre("quota") $bitSet(32) {
  # dqb_valid.
  blimits @0 $lustre("QIF_BLIMITS") $value(0x1);
  space @1 $lustre("QIF_SPACE") $value(0x2);
  ilimits @2 $lustre("QIF_ILIMITS") $value(0x4);
  inodes @3 $lustre("QIF_INODES") $value(0x8);
  btime @4 $lustre("QIF_BTIME") $value(0x10);
  itime @5 $lustre("QIF_ITIME") $value(0x20);
}

enum QuotaType $lustre("quota") $valueSet(32) {
  # qc_type, beside 0 user and 1 group.
  both @0 $lustre("UGQUOTA") $value(2);
}
