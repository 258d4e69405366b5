# What the metadata service's dialects share: bits of attributes, of opens, of records, and ACLs.
#
# Facts: differences 4 to 8, constants-*.csv.
@0xed7079603edd6bb7;

using import "wire.capnp".lustre;
using import "wire.capnp".only;
using import "wire.capnp".bits;
using import "wire.capnp".size;
using import "wire.capnp".text;
using import "wire.capnp".textSet;
using import "wire.capnp".trailing;
using import "wire.capnp".littleEndian;
using import "wire.capnp".hex;
using import "wire.capnp".bitSet;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

# --- attributes ---

enum Valid $lustre("obd_md_valid") $bitSet(64) {
  # valid of MdsBody, MdtBody and Obdo: which fields count, or what is asked for.
  id @0 $lustre("OBD_MD_FLID") $value(0x1);
  # fid1; obdo: id. 2.0 sets it wherever fid1 is filled, 1.8 needs it nowhere.
  atime @1 $lustre("OBD_MD_FLATIME") $value(0x2);
  mtime @2 $lustre("OBD_MD_FLMTIME") $value(0x4);
  ctime @3 $lustre("OBD_MD_FLCTIME") $value(0x8);
  size @4 $lustre("OBD_MD_FLSIZE") $value(0x10);
  blocks @5 $lustre("OBD_MD_FLBLOCKS") $value(0x20);
  blksz @6 $lustre("OBD_MD_FLBLKSZ") $value(0x40);
  mode @7 $lustre("OBD_MD_FLMODE") $value(0x80);
  type @8 $lustre("OBD_MD_FLTYPE") $value(0x100);
  uid @9 $lustre("OBD_MD_FLUID") $value(0x200);
  gid @10 $lustre("OBD_MD_FLGID") $value(0x400);
  flags @11 $lustre("OBD_MD_FLFLAGS") $value(0x800);
  nlink @12 $lustre("OBD_MD_FLNLINK") $value(0x2000);
  gener @13 $lustre("OBD_MD_FLGENER") $value(0x4000);  # generation; obdo: parent_oid.
  rdev @14 $lustre("OBD_MD_FLRDEV") $value(0x10000);
  eaSize @15 $lustre("OBD_MD_FLEASIZE") $value(0x20000);
  # The file's layout; EA buffer of eadatasize bytes.
  linkname @16 $lustre("OBD_MD_LINKNAME") $value(0x40000);  # Target of a symlink.
  handle @17 $lustre("OBD_MD_FLHANDLE") $value(0x80000);  # handle.
  cksum @18 $lustre("OBD_MD_FLCKSUM") $value(0x100000);  # Obdo: nlink is a checksum.
  qos @19 $lustre("OBD_MD_FLQOS") $value(0x200000);
  cookie @20 $lustre("OBD_MD_FLCOOKIE") $value(0x800000);  # Log cookies.
  group @21 $lustre("OBD_MD_FLGROUP") $value(0x1000000);  # Obdo: seq (1.8: o_gr).
  fid @22 $lustre("OBD_MD_FLFID") $value(0x2000000);  # Obdo: the file that the object is of.
  epoch @23 $lustre("OBD_MD_FLEPOCH") $value(0x4000000);  # IO epoch.
  grant @24 $lustre("OBD_MD_FLGRANT") $value(0x8000000);  # Obdo: grant, and the cache overlay.
  dirEa @25 $lustre("OBD_MD_FLDIREA") $value(0x10000000);  # A directory's default layout.
  usrquota @26 $lustre("OBD_MD_FLUSRQUOTA") $value(0x20000000);
  grpquota @27 $lustre("OBD_MD_FLGRPQUOTA") $value(0x40000000);
  moDeaSize @28 $lustre("OBD_MD_FLMODEASIZE") $value(0x80000000);  # max_mdsize and max_cookiesize.
  mds @29 $lustre("OBD_MD_MDS") $value(0x100000000);
  reint @30 $lustre("OBD_MD_REINT") $value(0x200000000);
  mea @31 $lustre("OBD_MD_MEA") $value(0x400000000);  # A split directory.
  mdtidx @32 $lustre("OBD_MD_MDTIDX") $value(0x800000000);  # Only 2.0.
  xattr @33 $lustre("OBD_MD_FLXATTR") $value(0x1000000000);  # GETXATTR, SETXATTR: one attribute.
  xattrLs @34 $lustre("OBD_MD_FLXATTRLS") $value(0x2000000000);  # GETXATTR: the list of names.
  xattrRm @35 $lustre("OBD_MD_FLXATTRRM") $value(0x4000000000);  # SETXATTR: remove.
  acl @36 $lustre("OBD_MD_FLACL") $value(0x8000000000);  # ACL buffer of aclsize bytes.
  rmtperm @37 $lustre("OBD_MD_FLRMTPERM") $value(0x10000000000);
  mdsCapa @38 $lustre("OBD_MD_FLMDSCAPA") $value(0x20000000000);
  ossCapa @39 $lustre("OBD_MD_FLOSSCAPA") $value(0x40000000000);
  cksplit @40 $lustre("OBD_MD_FLCKSPLIT") $value(0x80000000000);
  # 2.0 getattr and lookup: ask whether the directory is split.
  crossref @41 $lustre("OBD_MD_FLCROSSREF") $value(0x100000000000);
  getattrLock @42 $lustre("OBD_MD_FLGETATTRLOCK") $value(0x200000000000) $only("2.0");
  trunc @43 $lustre("OBD_FL_TRUNC") $value(0x200000000000) $only("1.8");
  # Of OST_READ and OST_WRITE.
  rmtLSetfacl @44 $lustre("OBD_MD_FLRMTLSETFACL") $value(0x1000000000000);
  # ACLs of remote clients, like the next three.
  rmtLGetfacl @45 $lustre("OBD_MD_FLRMTLGETFACL") $value(0x2000000000000);
  rmtRSetfacl @46 $lustre("OBD_MD_FLRMTRSETFACL") $value(0x4000000000000);
  rmtRGetfacl @47 $lustre("OBD_MD_FLRMTRGETFACL") $value(0x8000000000000);
  dataVersion @48 $lustre("OBD_MD_FLDATAVERSION") $value(0x10000000000000);
  # From 2.4 (profile layout): o_data_version.
}

enum Attr $lustre("mds_attr") $bitSet(64) {
  # sa_valid of setattr records.
  mode @0 $lustre("MDS_ATTR_MODE") $value(0x1);
  uid @1 $lustre("MDS_ATTR_UID") $value(0x2);
  gid @2 $lustre("MDS_ATTR_GID") $value(0x4);
  size @3 $lustre("MDS_ATTR_SIZE") $value(0x8);
  atime @4 $lustre("MDS_ATTR_ATIME") $value(0x10);
  mtime @5 $lustre("MDS_ATTR_MTIME") $value(0x20);
  ctime @6 $lustre("MDS_ATTR_CTIME") $value(0x40);
  atimeSet @7 $lustre("MDS_ATTR_ATIME_SET") $value(0x80);
  # To the value given, not to now; likewise mtimeSet, ctimeSet.
  mtimeSet @8 $lustre("MDS_ATTR_MTIME_SET") $value(0x100);
  force @9 $lustre("MDS_ATTR_FORCE") $value(0x200);  # Without checks of permission.
  attrFlag @10 $lustre("MDS_ATTR_ATTR_FLAG") $value(0x400);  # attr_flags.
  killSuid @11 $lustre("MDS_ATTR_KILL_SUID") $value(0x800);
  killSgid @12 $lustre("MDS_ATTR_KILL_SGID") $value(0x1000);
  ctimeSet @13 $lustre("MDS_ATTR_CTIME_SET") $value(0x2000);
  fromOpen @14 $lustre("MDS_ATTR_FROM_OPEN") $value(0x4000);
  # Truncation by an open; goes to portal 22.
  blocks @15 $lustre("MDS_ATTR_BLOCKS") $value(0x8000);  # 2.0 (Size-on-MDS).
}

enum InodeFlag $lustre("mds_bflag") $bitSet(32) {
  # flags of a body, attr_flags: the bits of EXT3. 1.8 marks them so with extFlags.
  sync @0 $lustre("MDS_SYNC_FL") $value(0x8);
  immutable @1 $lustre("MDS_IMMUTABLE_FL") $value(0x10);
  append @2 $lustre("MDS_APPEND_FL") $value(0x20);
  noatime @3 $lustre("MDS_NOATIME_FL") $value(0x80);
  dirsync @4 $lustre("MDS_DIRSYNC_FL") $value(0x10000);
  extFlags @5 $lustre("MDS_BFLAG_EXT_FLAGS") $value(0x80000000);
  # Only 1.8. Without it, 1.8's values are the kernel's S_* bits.
}

# --- opens and records ---

enum OpenFlag $lustre("open_flag") $bitSet(32) {
  # cr_flags of an open.
  fmodeRead @0 $lustre("FMODE_READ") $value(0x1);  # Open for reading.
  fmodeWrite @1 $lustre("FMODE_WRITE") $value(0x2);  # Open for writing.
  fmodeExec @2 $lustre("MDS_FMODE_EXEC") $value(0x4);
  created @3 $lustre("MDS_OPEN_CREATED") $value(0x8);  # Only 2.0. Inside the MDT.
  cross @4 $lustre("MDS_OPEN_CROSS") $value(0x10);  # Only 2.0. Between MDTs.
  creat @5 $lustre("MDS_OPEN_CREAT") $value(0x40);
  excl @6 $lustre("MDS_OPEN_EXCL") $value(0x80);
  trunc @7 $lustre("MDS_OPEN_TRUNC") $value(0x200);
  append @8 $lustre("MDS_OPEN_APPEND") $value(0x400);
  sync @9 $lustre("MDS_OPEN_SYNC") $value(0x1000);
  directory @10 $lustre("MDS_OPEN_DIRECTORY") $value(0x10000);  # Only if it is a directory.
  fmodeEpoch @11 $lustre("FMODE_EPOCH") $value(0x40000);
  # Only 2.0. Inside the MDT, like the next two.
  fmodeTrunc @12 $lustre("FMODE_TRUNC") $value(0x80000);  # Only 2.0.
  fmodeSom @13 $lustre("FMODE_SOM") $value(0x100000);  # Only 2.0.
  delayCreate @14 $lustre("MDS_OPEN_DELAY_CREATE") $value(0x1000000);  # No objects yet.
  owneroverride @15 $lustre("MDS_OPEN_OWNEROVERRIDE") $value(0x2000000);
  # The owner may write a read-only file.
  joinFile @16 $lustre("MDS_OPEN_JOIN_FILE") $value(0x4000000);  # 1.8: join; 2.0 refuses it.
  createRmtAcl @17 $lustre("MDS_CREATE_RMT_ACL") $value(0x8000000);
  createSlaveObj @18 $lustre("MDS_CREATE_SLAVE_OBJ") $value(0x10000000);
  lock @19 $lustre("MDS_OPEN_LOCK") $value(0x20000000);  # An OPEN lock is wanted.
  hasEa @20 $lustre("MDS_OPEN_HAS_EA") $value(0x40000000);
  # The eadata buffer holds a striping wish.
  hasObjs @21 $lustre("MDS_OPEN_HAS_OBJS") $value(0x80000000);
  # The eadata buffer holds a layout with objects.
}

enum OpenFlagWhole $lustre("volatile_later") $bitSet(64) {
  # From 2.4 (profile layout): open flags beyond 32 bits.
  volatile @0 $lustre("MDS_OPEN_VOLATILE") $value(0x800000000);  # The file never gets a name.
}

enum OpenFlagHigh $lustre("open_flag_high") $bitSet(32) {
  # From 2.4 (profile layout): high half of the open flags, cr_flags_h.
  volatile @0 $lustre("MDS_OPEN_VOLATILE") $value(0x8);
}

enum ReintOp $lustre("reint_opcode") $valueSet(32) {
  # First word of a reint record.
  setattr @0 $lustre("REINT_SETATTR") $value(1);
  create @1 $lustre("REINT_CREATE") $value(2);
  link @2 $lustre("REINT_LINK") $value(3);
  unlink @3 $lustre("REINT_UNLINK") $value(4);
  rename @4 $lustre("REINT_RENAME") $value(5);
  open @5 $lustre("REINT_OPEN") $value(6);  # In the intent of an enqueue only.
  setxattr @6 $lustre("REINT_SETXATTR") $value(7);  # 2.0 only; 1.8 has MDS_SETXATTR.
}

enum Bias $lustre("mds_bias") $bitSet(32) {
  # bias of 2.0 records.
  checkSplit @0 $lustre("MDS_CHECK_SPLIT") $value(0x1);
  # 2.0.0 clients always set it in create, open, unlink.
  crossRef @1 $lustre("MDS_CROSS_REF") $value(0x2);
  vtxBypass @2 $lustre("MDS_VTX_BYPASS") $value(0x4);
  permBypass @3 $lustre("MDS_PERM_BYPASS") $value(0x8);
  som @4 $lustre("MDS_SOM") $value(0x10);  # Size-on-MDS.
  quotaIgnore @5 $lustre("MDS_QUOTA_IGNORE") $value(0x20);
  closeCleanup @6 $lustre("MDS_CLOSE_CLEANUP") $value(0x40);
  createVolatile @7 $lustre("MDS_CREATE_VOLATILE") $value(0x400);  # Profile layout (from 2.4).
  closeLayoutSwap @8 $lustre("MDS_CLOSE_LAYOUT_SWAP") $value(0x4000);  # Profile layout.
}

struct MdsStatusReq $lustre("mds_status_req") $size(8) {
  # Request of MDS_GETSTATUS before 1.6; later clients send a body.
  flags @0 :UInt32 $lustre("flags") $bits("StatusFlag");
  repbuf @1 :UInt32 $lustre("repbuf");
}

enum StatusFlag $lustre("mds_bflag") $bitSet(32) {
  # flags of an MdsStatusReq.
  conn @0 $lustre("MDS_STATUS_CONN") $value(0x1);
  lov @1 $lustre("MDS_STATUS_LOV") $value(0x2);
}

# --- keys, attributes, names ---

enum InfoKey $lustre("info_key") $textSet {
  # Keys of GET_INFO and SET_INFO that travel; the others stay within a node.
  lastId @0 $lustre("KEY_LAST_ID") $text("last_id");
  fiemap @1 $lustre("KEY_FIEMAP") $text("fiemap");
  grantShrink @2 $lustre("KEY_GRANT_SHRINK") $text("grant_shrink");
  evictByNid @3 $lustre("KEY_EVICT_BY_NID") $text("evict_by_nid");
  mdsConn @4 $lustre("KEY_MDS_CONN") $text("mds_conn");
  capaKey @5 $lustre("KEY_CAPA_KEY") $text("capa_key");
  readOnly @6 $lustre("KEY_READ_ONLY") $text("read-only");  # Only 2.0.
  readOnly18 @7 $lustre("KEY_READONLY") $text("read-only");  # Only 1.8, like the next.
  readOnly166 @8 $lustre("KEY_READONLY_166COMPAT") $text("readonly");
  fid2path @9 $lustre("KEY_FID2PATH") $text("fid2path");  # Only 2.0, like the next two.
  changelogClear @10 $lustre("KEY_CHANGELOG_CLEAR") $text("changelog_clear");
  hsmSend @11 $lustre("KEY_HSM_COPYTOOL_SEND") $text("hsm_send");
  maxEasize @12 $lustre("KEY_MAX_EASIZE") $text("max_easize");  # Only 2.0.
  maxEasize18 @13 $lustre("KEY_MAX_EASIZE") $text("max_ea_size");  # Only 1.8.
  setInfo @14 $lustre("KEY_SET_INFO") $text("set_info");
}

enum XattrName $lustre("xattr_acl") $textSet {
  # Names and prefixes of extended attributes, in GETXATTR and SETXATTR.
  user @0 $lustre("XATTR_USER_PREFIX") $text("user.");
  trusted @1 $lustre("XATTR_TRUSTED_PREFIX") $text("trusted.");
  security @2 $lustre("XATTR_SECURITY_PREFIX") $text("security.");
  lustrePrefix @3 $lustre("XATTR_LUSTRE_PREFIX") $text("lustre.");
  aclAccess @4 $lustre("XATTR_NAME_ACL_ACCESS") $text("system.posix_acl_access");
  aclDefault @5 $lustre("XATTR_NAME_ACL_DEFAULT") $text("system.posix_acl_default");
  lov @6 $lustre("XATTR_NAME_LOV") $text("trusted.lov");
  lma @7 $lustre("XATTR_NAME_LMA") $text("trusted.lma");
  lmv @8 $lustre("XATTR_NAME_LMV") $text("trusted.lmv");
  link @9 $lustre("XATTR_NAME_LINK") $text("trusted.link");
}

# --- ACLs ---

enum AclLimit $lustre("xattr_acl") $valueSet(32) {
  # Entries of an ACL in a reply.
  maxEntries @0 $lustre("LUSTRE_POSIX_ACL_MAX_ENTRIES") $value(32);
}

struct XattrAclHeader $lustre("xattr_acl_header") $size(4) $littleEndian {
  # ACL buffer of a reply: a POSIX ACL as in the attribute system.posix_acl_access.
  version @0 :UInt32 $lustre("a_version");  # 2.
  entries @1 :List(XattrAclEntry) $lustre("a_entries") $trailing;
}

struct XattrAclEntry $lustre("xattr_acl_entry") $size(8) $littleEndian {
  # One entry of an ACL.
  tag @0 :UInt16 $lustre("e_tag") $hex;
  perm @1 :UInt16 $lustre("e_perm");  # rwx bits.
  id @2 :UInt32 $lustre("e_id");  # uid or gid, where the tag has one.
}
