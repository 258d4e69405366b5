# What servers keep on disk: last_rcvd, mountdata, attributes of inodes and objects. Read by other
# servers after a failover and by tools; the attributes also travel as values of GETXATTR.
#
# Facts: wire-1.8.csv, wire-2.0.csv, semantics 1. Little-endian, as on disk.
@0xb1f3b5a6c0a84e11;

using Ptlrpc = import "ptlrpc.capnp";
using Fid = import "fid.capnp";
using import "wire.capnp".lustre;
using import "wire.capnp".lustre18;
using import "wire.capnp".size;
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

# --- last_rcvd ---

struct LrServerData $lustre("lr_server_data") $size(512) $littleEndian {
  # Head of last_rcvd: the target and where its history stands.
  uuid @0 :Ptlrpc.ObdUuid $lustre("lsd_uuid");
  lastTransno @1 :UInt64 $lustre("lsd_last_transno");  # Last committed.
  compat14 @2 :UInt64 $lustre("lsd_compat14");
  mountCount @3 :UInt64 $lustre("lsd_mount_count");  # Incarnation.
  featureCompat @4 :UInt32 $lustre("lsd_feature_compat") $bits("Compat");
  featureRocompat @5 :UInt32 $lustre("lsd_feature_rocompat") $bits("RoCompat");
  featureIncompat @6 :UInt32 $lustre("lsd_feature_incompat") $bits("Incompat");
  serverSize @7 :UInt32 $lustre("lsd_server_size");  # Bytes of this struct.
  clientStart @8 :UInt32 $lustre("lsd_client_start");  # Where the clients' records begin.
  clientSize @9 :UInt16 $lustre("lsd_client_size");  # Bytes of each.
  subdirCount @10 :UInt16 $lustre("lsd_subdir_count");  # OST: directories of objects.
  catalogOid @11 :UInt64 $lustre("lsd_catalog_oid");
  catalogOgen @12 :UInt32 $lustre("lsd_catalog_ogen");
  peeruuid @13 :Ptlrpc.ObdUuid $lustre("lsd_peeruuid");
  ostIndex @14 :UInt32 $lustre("lsd_ost_index");
  mdtIndex @15 :UInt32 $lustre("lsd_mdt_index");
  startEpoch @16 :UInt32 $lustre("lsd_start_epoch");  # Of versions, upper half of a transno.
  transTable @17 :List(UInt64) $lustre("lsd_trans_table") $count(16);
  transTableTime @18 :UInt32 $lustre("lsd_trans_table_time");
  expireIntervals @19 :UInt32 $lustre("lsd_expire_intervals");
  padding @20 :Data $lustre("lsd_padding") $count(224);
}

struct LsdClientData $lustre("lsd_client_data") $size(128) $littleEndian {
  # A client's slot in last_rcvd: its last replies, from which a resend is answered.
  uuid @0 :Ptlrpc.ObdUuid $lustre("lcd_uuid");
  lastTransno @1 :UInt64 $lustre("lcd_last_transno");
  lastXid @2 :UInt64 $lustre("lcd_last_xid");
  lastResult @3 :UInt32 $lustre("lcd_last_result");
  lastData @4 :UInt32 $lustre("lcd_last_data");  # Disposition of the last intent.
  lastCloseTransno @5 :UInt64 $lustre("lcd_last_close_transno");  # Likewise of the last close.
  lastCloseXid @6 :UInt64 $lustre("lcd_last_close_xid");
  lastCloseResult @7 :UInt32 $lustre("lcd_last_close_result");
  lastCloseData @8 :UInt32 $lustre("lcd_last_close_data");
  preVersions @9 :List(UInt64) $lustre("lcd_pre_versions") $count(4);
  lastEpoch @10 :UInt32 $lustre("lcd_last_epoch");
  firstEpoch @11 :UInt32 $lustre("lcd_first_epoch");
  padding @12 :Data $lustre("lcd_padding") $trailing;
}

enum RecordSize $lustre("mgs_config") $valueSet(32) {
  # Places in last_rcvd, in bytes.
  serverSize @0 $lustre("LR_SERVER_SIZE") $value(512);
  clientStart @1 $lustre("LR_CLIENT_START") $value(8192);
  clientSize @2 $lustre("LR_CLIENT_SIZE") $value(128);
}

enum Compat $lustre("mgs_config") $bitSet(32) {
  # Features that an older server may ignore.
  ost @0 $lustre("OBD_COMPAT_OST") $value(0x2);
  mdt @1 $lustre("OBD_COMPAT_MDT") $value(0x4);
  v20 @2 $lustre("OBD_COMPAT_20") $value(0x8);
}

enum RoCompat $lustre("mgs_config") $bitSet(32) {
  # Features with which an older server may only read.
  lovobjid @0 $lustre("OBD_ROCOMPAT_LOVOBJID") $value(0x1);
  crow @1 $lustre("OBD_ROCOMPAT_CROW") $value(0x2);  # Only 1.8.
}

enum Incompat $lustre("mgs_config") $bitSet(32) {
  # Features that keep an older server from mounting.
  groups @0 $lustre("OBD_INCOMPAT_GROUPS") $value(0x1);
  ost @1 $lustre("OBD_INCOMPAT_OST") $value(0x2);
  mdt @2 $lustre("OBD_INCOMPAT_MDT") $value(0x4);
  commonLr @3 $lustre("OBD_INCOMPAT_COMMON_LR") $value(0x8);
  fid @4 $lustre("OBD_INCOMPAT_FID") $value(0x10);
  som @5 $lustre("OBD_INCOMPAT_SOM") $value(0x20);
  iamDir @6 $lustre("OBD_INCOMPAT_IAM_DIR") $value(0x40);  # Only 2.0.
  lma @7 $lustre("OBD_INCOMPAT_LMA") $value(0x80);  # Only 2.0.
}

# --- mountdata ---

struct LustreDiskData $lustre("lustre_disk_data") $size(12288) $littleEndian {
  # CONFIGS/mountdata: what a target is and how it was told to mount.
  magic @0 :UInt32 $lustre("ldd_magic") $values("DiskMagic") $hex;
  featureCompat @1 :UInt32 $lustre("ldd_feature_compat") $bits("Compat");
  featureRocompat @2 :UInt32 $lustre("ldd_feature_rocompat") $bits("RoCompat");
  featureIncompat @3 :UInt32 $lustre("ldd_feature_incompat") $bits("Incompat");
  configVer @4 :UInt32 $lustre("ldd_config_ver");
  flags @5 :UInt32 $lustre("ldd_flags") $bits("mgs.TargetFlag");
  svindex @6 :UInt32 $lustre("ldd_svindex");  # Index of the target.
  mountType @7 :UInt32 $lustre("ldd_mount_type") $values("MountType");
  fsname @8 :Text $lustre("ldd_fsname") $count(64);
  svname @9 :Text $lustre("ldd_svname") $count(64);  # Such as "lustre-OST0001".
  uuid @10 :Text $lustre("ldd_uuid") $count(40);
  userdata @11 :Text $lustre("ldd_userdata") $count(824);
  padding @12 :Data $lustre("ldd_padding") $count(3072);
  mountOpts @13 :Text $lustre("ldd_mount_opts") $count(4096);
  params @14 :Text $lustre("ldd_params") $count(4096);
}

enum DiskMagic $lustre("mgs_config") $valueSet(32) {
  # ldd_magic.
  v1 @0 $lustre("LDD_MAGIC") $value(0x1dd00001);
}

enum MountType $lustre("mgs_config") $valueSet(32) {
  # ldd_mount_type.
  ext3 @0 $lustre("LDD_MT_EXT3") $value(0);
  ldiskfs @1 $lustre("LDD_MT_LDISKFS") $value(1);
  smfs @2 $lustre("LDD_MT_SMFS") $value(2);
  reiserfs @3 $lustre("LDD_MT_REISERFS") $value(3);
  ldiskfs2 @4 $lustre("LDD_MT_LDISKFS2") $value(4);
}

# --- attributes ---

struct FilterFid $lustre("filter_fid") $size(32) $littleEndian {
  # trusted.fid of an OST object: the file that it belongs to.
  parent @0 :Fid.LuFid $lustre("ff_parent") $lustre18("ff_fid");
  objid @1 :UInt64 $lustre("ff_objid");
  seq @2 :UInt64 $lustre("ff_seq") $lustre18("ff_group");
}

struct LustreMdtAttrs $lustre("lustre_mdt_attrs") $size(64) $littleEndian {
  # trusted.lma of an MDT inode (2.0): its FID, and the size cache of Size-on-MDS.
  compat @0 :UInt32 $lustre("lma_compat") $bits("LmaCompat");
  incompat @1 :UInt32 $lustre("lma_incompat");
  selfFid @2 :Fid.LuFid $lustre("lma_self_fid");
  flags @3 :UInt64 $lustre("lma_flags");
  ioepoch @4 :UInt64 $lustre("lma_ioepoch");
  somSize @5 :UInt64 $lustre("lma_som_size");  # Bytes.
  somBlocks @6 :UInt64 $lustre("lma_som_blocks");  # Of 512 bytes.
  somMountid @7 :UInt64 $lustre("lma_som_mountid");
}

enum LmaCompat $lustre("ioepoch_som") $bitSet(32) {
  # lma_compat: which parts count.
  hsm @0 $lustre("LMAC_HSM") $value(0x1);
  som @1 $lustre("LMAC_SOM") $value(0x2);
}

struct LinkEaHeader $lustre("link_ea_header") $size(24) $littleEndian {
  # trusted.link of an MDT inode (2.0): where its names are. LinkEaEntry follows reccount times.
  magic @0 :UInt32 $lustre("leh_magic") $hex;
  reccount @1 :UInt32 $lustre("leh_reccount");
  len @2 :UInt64 $lustre("leh_len");  # Bytes of the whole.
  padding1 @3 :UInt32 $lustre("padding1");
  padding2 @4 :UInt32 $lustre("padding2");
}

struct LinkEaEntry $lustre("link_ea_entry") $size(18) $packed {
  # One name. Big-endian on disk, so its numbers are raw bytes here.
  reclen @0 :Data $lustre("lee_reclen") $count(2);
  parentFid @1 :Data $lustre("lee_parent_fid") $count(16);
  name @2 :Data $lustre("lee_name") $trailing;
}
