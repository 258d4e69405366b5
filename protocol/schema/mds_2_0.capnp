# The metadata service in 2.0: body, records, directory pages, and what profile layout adds.
#
# Facts: rpc-formats, differences 4 to 8. All records are 136 bytes with one common beginning. 1.8.9
# clients of a 2.0 MDT speak this too.
@0xeaa174660e64f489;

using Ptlrpc = import "ptlrpc.capnp";
using Fid = import "fid.capnp";
using import "wire.capnp".lustre;
using import "wire.capnp".lustre18;
using import "wire.capnp".later;
using import "wire.capnp".size;
using import "wire.capnp".text;
using import "wire.capnp".textSet;
using import "wire.capnp".count;
using import "wire.capnp".trailing;
using import "wire.capnp".littleEndian;
using import "wire.capnp".bits;
using import "wire.capnp".values;
using import "wire.capnp".hex;
using import "wire.capnp".bitSet;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

struct MdtBody $lustre("mdt_body") $size(216) {
  # First buffer of most MDS requests and of all replies: names a file, asks for or gives
  # attributes. The first 164 bytes are those of 1.8's MdsBody.
  fid1 @0 :Fid.LuFid $lustre("fid1");  # The file, or the directory of the name; counts with FLID.
  fid2 @1 :Fid.LuFid $lustre("fid2");
  handle @2 :Ptlrpc.LustreHandle $lustre("handle");  # Of an open file.
  valid @3 :UInt64 $lustre("valid") $bits("mds.Valid");
  size @4 :UInt64 $lustre("size");  # Bytes. READPAGE: hash to read from.
  mtime @5 :UInt64 $lustre("mtime");  # Seconds, like atime and ctime.
  atime @6 :UInt64 $lustre("atime");
  ctime @7 :UInt64 $lustre("ctime");
  blocks @8 :UInt64 $lustre("blocks");  # Of 512 bytes.
  ioepoch @9 :UInt64 $lustre("ioepoch");  # Of Size-on-MDS.
  ino @10 :UInt64 $lustre("ino");
  fsuid @11 :UInt32 $lustre("fsuid");  # Who asks.
  fsgid @12 :UInt32 $lustre("fsgid");
  capability @13 :UInt32 $lustre("capability") $hex;
  mode @14 :UInt32 $lustre("mode") $hex;  # READPAGE: LudaBits wanted.
  uid @15 :UInt32 $lustre("uid");
  gid @16 :UInt32 $lustre("gid");
  flags @17 :UInt32 $lustre("flags") $bits("mds.InodeFlag");
  rdev @18 :UInt32 $lustre("rdev");
  nlink @19 :UInt32 $lustre("nlink");  # READPAGE: bytes wanted.
  generation @20 :UInt32 $lustre("generation");
  suppgid @21 :UInt32 $lustre("suppgid");  # A group of the caller's, or -1.
  eadatasize @22 :UInt32 $lustre("eadatasize");
  # Request: room for the EA in the reply. Reply: bytes of the EA.
  aclsize @23 :UInt32 $lustre("aclsize");  # Bytes of the ACL.
  maxMdsize @24 :UInt32 $lustre("max_mdsize");  # Bytes of the largest EA.
  maxCookiesize @25 :UInt32 $lustre("max_cookiesize");  # Bytes of the largest set of log cookies.
  uidH @26 :UInt32 $lustre("uid_h") $lustre18("padding_4");
  gidH @27 :UInt32 $lustre("gid_h") $lustre18("padding_5:8");
  padding5 @28 :UInt32 $lustre("padding_5");
  padding6 @29 :UInt64 $lustre("padding_6");
  padding7 @30 :UInt64 $lustre("padding_7");
  padding8 @31 :UInt64 $lustre("padding_8");
  padding9 @32 :UInt64 $lustre("padding_9");
  padding10 @33 :UInt64 $lustre("padding_10");
}

struct MdtIoepoch $lustre("mdt_ioepoch") $lustre18("mdt_epoch") $size(24) {
  # First buffer of CLOSE and DONE_WRITING, part of SETATTR.
  handle @0 :Ptlrpc.LustreHandle $lustre("handle");  # Of the open file.
  ioepoch @1 :UInt64 $lustre("ioepoch");
  flags @2 :UInt32 $lustre("flags") $bits("EpochFlag");
  padding @3 :UInt32 $lustre("padding");
}

enum EpochFlag $lustre("ioepoch_som") $bitSet(32) {
  # flags of an MdtIoepoch (Size-on-MDS).
  somChange @0 $lustre("MF_SOM_CHANGE") $value(0x1);  # Size-on-MDS was changed.
  epochOpen @8 $lustre("MF_EPOCH_OPEN") $value(0x2);
  epochClose @1 $lustre("MF_EPOCH_CLOSE") $value(0x4);  # The client is done with the epoch.
  mdcCancelFid1 @2 $lustre("MF_MDC_CANCEL_FID1") $value(0x8);
  mdcCancelFid2 @3 $lustre("MF_MDC_CANCEL_FID2") $value(0x10);
  mdcCancelFid3 @4 $lustre("MF_MDC_CANCEL_FID3") $value(0x20);
  mdcCancelFid4 @5 $lustre("MF_MDC_CANCEL_FID4") $value(0x40);
  somAu @6 $lustre("MF_SOM_AU") $value(0x80);
  # SETATTR: an update of the attributes, asked for by EAGAIN.
  getattrLock @7 $lustre("MF_GETATTR_LOCK") $value(0x100);  # Attributes were got under a lock.
}

# --- records ---

struct MdtRecSetattr $lustre("mdt_rec_setattr") $size(136) {
  # Changes attributes of a file; also in CLOSE and DONE_WRITING.
  opcode @0 :UInt32 $lustre("sa_opcode") $values("mds.ReintOp");
  cap @1 :UInt32 $lustre("sa_cap") $hex;
  fsuid @2 :UInt32 $lustre("sa_fsuid");  # Who asks; _h are the high halves, unused.
  fsuidH @3 :UInt32 $lustre("sa_fsuid_h");
  fsgid @4 :UInt32 $lustre("sa_fsgid");
  fsgidH @5 :UInt32 $lustre("sa_fsgid_h");
  suppgid @6 :UInt32 $lustre("sa_suppgid");
  suppgidH @7 :UInt32 $lustre("sa_suppgid_h");
  padding1 @8 :UInt32 $lustre("sa_padding_1");
  padding1H @9 :UInt32 $lustre("sa_padding_1_h");
  fid @10 :Fid.LuFid $lustre("sa_fid");
  valid @11 :UInt64 $lustre("sa_valid") $bits("mds.Attr");
  uid @12 :UInt32 $lustre("sa_uid");
  gid @13 :UInt32 $lustre("sa_gid");
  size @14 :UInt64 $lustre("sa_size");  # Bytes.
  blocks @15 :UInt64 $lustre("sa_blocks");  # Of 512 bytes.
  mtime @16 :UInt64 $lustre("sa_mtime");  # Seconds, like atime and ctime.
  atime @17 :UInt64 $lustre("sa_atime");
  ctime @18 :UInt64 $lustre("sa_ctime");
  attrFlags @19 :UInt32 $lustre("sa_attr_flags") $bits("mds.InodeFlag");
  mode @20 :UInt32 $lustre("sa_mode") $hex;
  # A CLOSE may mark it valid and leave it 0: it must not be applied.
  padding2 @21 :UInt32 $lustre("sa_padding_2");
  padding3 @22 :UInt32 $lustre("sa_padding_3");
  padding4 @23 :UInt32 $lustre("sa_padding_4");
  padding5 @24 :UInt32 $lustre("sa_padding_5");
}

struct MdtRecCreate $lustre("mdt_rec_create") $size(136) {
  # Makes a file, directory, symlink or node, or opens a file (then in an intent, with REINT_OPEN).
  opcode @0 :UInt32 $lustre("cr_opcode") $values("mds.ReintOp");
  cap @1 :UInt32 $lustre("cr_cap") $hex;
  fsuid @2 :UInt32 $lustre("cr_fsuid");  # Who asks; _h are the high halves, unused.
  fsuidH @3 :UInt32 $lustre("cr_fsuid_h");
  fsgid @4 :UInt32 $lustre("cr_fsgid");
  fsgidH @5 :UInt32 $lustre("cr_fsgid_h");
  suppgid1 @6 :UInt32 $lustre("cr_suppgid1");
  suppgid1H @7 :UInt32 $lustre("cr_suppgid1_h");
  suppgid2 @8 :UInt32 $lustre("cr_suppgid2");
  suppgid2H @9 :UInt32 $lustre("cr_suppgid2_h");
  fid1 @10 :Fid.LuFid $lustre("cr_fid1");  # The directory.
  fid2 @11 :Fid.LuFid $lustre("cr_fid2");
  # New: the FID that the client chose, though the file may exist. Else the known file, or 0.
  # Replay: the file.
  oldHandle @12 :Ptlrpc.LustreHandle $lustre("cr_old_handle");  # Replay: the handle given before.
  time @13 :UInt64 $lustre("cr_time");  # Seconds.
  rdev @14 :UInt64 $lustre("cr_rdev");
  ioepoch @15 :UInt64 $lustre("cr_ioepoch");
  padding1 @16 :UInt64 $lustre("cr_padding_1");
  mode @17 :UInt32 $lustre("cr_mode") $hex;
  bias @18 :UInt32 $lustre("cr_bias") $bits("mds.Bias");
  flags @19 :UInt32 $lustre("cr_flags") $bits("mds.OpenFlag");
  # 0 is refused with EPROTO in an open.
  flagsHigh @20 :UInt32 $lustre("cr_padding_2") $later("cr_flags_h") $bits("mds.OpenFlagHigh");
  # Unused in 2.0; cr_flags_h from 2.4 on (profile layout).
  padding3 @21 :UInt32 $lustre("cr_padding_3");
  padding4 @22 :UInt32 $lustre("cr_padding_4");
}

struct MdtRecLink $lustre("mdt_rec_link") $size(136) {
  # Gives a file another name.
  opcode @0 :UInt32 $lustre("lk_opcode") $values("mds.ReintOp");
  cap @1 :UInt32 $lustre("lk_cap") $hex;
  fsuid @2 :UInt32 $lustre("lk_fsuid");  # Who asks; _h are the high halves, unused.
  fsuidH @3 :UInt32 $lustre("lk_fsuid_h");
  fsgid @4 :UInt32 $lustre("lk_fsgid");
  fsgidH @5 :UInt32 $lustre("lk_fsgid_h");
  suppgid1 @6 :UInt32 $lustre("lk_suppgid1");
  suppgid1H @7 :UInt32 $lustre("lk_suppgid1_h");
  suppgid2 @8 :UInt32 $lustre("lk_suppgid2");
  suppgid2H @9 :UInt32 $lustre("lk_suppgid2_h");
  fid1 @10 :Fid.LuFid $lustre("lk_fid1");  # The file.
  fid2 @11 :Fid.LuFid $lustre("lk_fid2");  # The directory.
  time @12 :UInt64 $lustre("lk_time");  # Seconds.
  padding1 @13 :UInt64 $lustre("lk_padding_1");
  padding2 @14 :UInt64 $lustre("lk_padding_2");
  padding3 @15 :UInt64 $lustre("lk_padding_3");
  padding4 @16 :UInt64 $lustre("lk_padding_4");
  bias @17 :UInt32 $lustre("lk_bias") $bits("mds.Bias");
  padding5 @18 :UInt32 $lustre("lk_padding_5");
  padding6 @19 :UInt32 $lustre("lk_padding_6");
  padding7 @20 :UInt32 $lustre("lk_padding_7");
  padding8 @21 :UInt32 $lustre("lk_padding_8");
  padding9 @22 :UInt32 $lustre("lk_padding_9");
}

struct MdtRecUnlink $lustre("mdt_rec_unlink") $size(136) {
  # Removes a name.
  opcode @0 :UInt32 $lustre("ul_opcode") $values("mds.ReintOp");
  cap @1 :UInt32 $lustre("ul_cap") $hex;
  fsuid @2 :UInt32 $lustre("ul_fsuid");  # Who asks; _h are the high halves, unused.
  fsuidH @3 :UInt32 $lustre("ul_fsuid_h");
  fsgid @4 :UInt32 $lustre("ul_fsgid");
  fsgidH @5 :UInt32 $lustre("ul_fsgid_h");
  suppgid1 @6 :UInt32 $lustre("ul_suppgid1");
  suppgid1H @7 :UInt32 $lustre("ul_suppgid1_h");
  suppgid2 @8 :UInt32 $lustre("ul_suppgid2");
  suppgid2H @9 :UInt32 $lustre("ul_suppgid2_h");
  fid1 @10 :Fid.LuFid $lustre("ul_fid1");  # The directory.
  fid2 @11 :Fid.LuFid $lustre("ul_fid2");  # The file.
  time @12 :UInt64 $lustre("ul_time");  # Seconds.
  padding2 @13 :UInt64 $lustre("ul_padding_2");
  padding3 @14 :UInt64 $lustre("ul_padding_3");
  padding4 @15 :UInt64 $lustre("ul_padding_4");
  padding5 @16 :UInt64 $lustre("ul_padding_5");
  bias @17 :UInt32 $lustre("ul_bias") $bits("mds.Bias");
  mode @18 :UInt32 $lustre("ul_mode") $hex;  # 0x4000 (S_IFDIR) for rmdir, else 0.
  padding6 @19 :UInt32 $lustre("ul_padding_6");
  padding7 @20 :UInt32 $lustre("ul_padding_7");
  padding8 @21 :UInt32 $lustre("ul_padding_8");
  padding9 @22 :UInt32 $lustre("ul_padding_9");
}

struct MdtRecRename $lustre("mdt_rec_rename") $size(136) {
  # Renames.
  opcode @0 :UInt32 $lustre("rn_opcode") $values("mds.ReintOp");
  cap @1 :UInt32 $lustre("rn_cap") $hex;
  fsuid @2 :UInt32 $lustre("rn_fsuid");  # Who asks; _h are the high halves, unused.
  fsuidH @3 :UInt32 $lustre("rn_fsuid_h");
  fsgid @4 :UInt32 $lustre("rn_fsgid");
  fsgidH @5 :UInt32 $lustre("rn_fsgid_h");
  suppgid1 @6 :UInt32 $lustre("rn_suppgid1");
  suppgid1H @7 :UInt32 $lustre("rn_suppgid1_h");
  suppgid2 @8 :UInt32 $lustre("rn_suppgid2");
  suppgid2H @9 :UInt32 $lustre("rn_suppgid2_h");
  fid1 @10 :Fid.LuFid $lustre("rn_fid1");  # Source directory.
  fid2 @11 :Fid.LuFid $lustre("rn_fid2");  # Target directory.
  time @12 :UInt64 $lustre("rn_time");  # Seconds.
  padding1 @13 :UInt64 $lustre("rn_padding_1");
  padding2 @14 :UInt64 $lustre("rn_padding_2");
  padding3 @15 :UInt64 $lustre("rn_padding_3");
  padding4 @16 :UInt64 $lustre("rn_padding_4");
  bias @17 :UInt32 $lustre("rn_bias") $bits("mds.Bias");
  mode @18 :UInt32 $lustre("rn_mode") $hex;
  padding5 @19 :UInt32 $lustre("rn_padding_5");
  padding6 @20 :UInt32 $lustre("rn_padding_6");
  padding7 @21 :UInt32 $lustre("rn_padding_7");
  padding8 @22 :UInt32 $lustre("rn_padding_8");
}

struct MdtRecSetxattr $lustre("mdt_rec_setxattr") $size(136) {
  # Sets or removes an extended attribute.
  opcode @0 :UInt32 $lustre("sx_opcode") $values("mds.ReintOp");
  cap @1 :UInt32 $lustre("sx_cap") $hex;
  fsuid @2 :UInt32 $lustre("sx_fsuid");  # Who asks; _h are the high halves, unused.
  fsuidH @3 :UInt32 $lustre("sx_fsuid_h");
  fsgid @4 :UInt32 $lustre("sx_fsgid");
  fsgidH @5 :UInt32 $lustre("sx_fsgid_h");
  suppgid1 @6 :UInt32 $lustre("sx_suppgid1");
  suppgid1H @7 :UInt32 $lustre("sx_suppgid1_h");
  suppgid2 @8 :UInt32 $lustre("sx_suppgid2");
  suppgid2H @9 :UInt32 $lustre("sx_suppgid2_h");
  fid @10 :Fid.LuFid $lustre("sx_fid");
  padding1 @11 :UInt64 $lustre("sx_padding_1");
  padding2 @12 :UInt32 $lustre("sx_padding_2");
  padding3 @13 :UInt32 $lustre("sx_padding_3");
  valid @14 :UInt64 $lustre("sx_valid") $bits("mds.Valid");  # FLXATTR sets, FLXATTRRM removes.
  time @15 :UInt64 $lustre("sx_time");  # Seconds.
  padding5 @16 :UInt64 $lustre("sx_padding_5");
  padding6 @17 :UInt64 $lustre("sx_padding_6");
  padding7 @18 :UInt64 $lustre("sx_padding_7");
  size @19 :UInt32 $lustre("sx_size");  # Bytes of the value.
  flags @20 :UInt32 $lustre("sx_flags");  # setxattr's XATTR_CREATE 1, XATTR_REPLACE 2.
  padding8 @21 :UInt32 $lustre("sx_padding_8");
  padding9 @22 :UInt32 $lustre("sx_padding_9");
  padding10 @23 :UInt32 $lustre("sx_padding_10");
  padding11 @24 :UInt32 $lustre("sx_padding_11");
}

struct MdtRecJoin $lustre("mdt_rec_join") $size(24) {
  # Last buffer of an open that joins a file to another, from 1.8.9; 2.0 refuses it.
  fid @0 :Fid.LuFid $lustre("jr_fid");
  headsize @1 :UInt64 $lustre("jr_headsize");  # Bytes of the head file.
}

struct MdtRecReint $lustre("mdt_rec_reint") $size(136) {
  # The beginning that all records share, for looking at one before its kind is known.
  opcode @0 :UInt32 $lustre("rr_opcode") $values("mds.ReintOp");
  cap @1 :UInt32 $lustre("rr_cap") $hex;
  fsuid @2 :UInt32 $lustre("rr_fsuid");  # Who asks; _h are the high halves, unused.
  fsuidH @3 :UInt32 $lustre("rr_fsuid_h");
  fsgid @4 :UInt32 $lustre("rr_fsgid");
  fsgidH @5 :UInt32 $lustre("rr_fsgid_h");
  suppgid1 @6 :UInt32 $lustre("rr_suppgid1");
  suppgid1H @7 :UInt32 $lustre("rr_suppgid1_h");
  suppgid2 @8 :UInt32 $lustre("rr_suppgid2");
  suppgid2H @9 :UInt32 $lustre("rr_suppgid2_h");
  fid1 @10 :Fid.LuFid $lustre("rr_fid1");
  fid2 @11 :Fid.LuFid $lustre("rr_fid2");
  mtime @12 :UInt64 $lustre("rr_mtime");
  atime @13 :UInt64 $lustre("rr_atime");
  ctime @14 :UInt64 $lustre("rr_ctime");
  size @15 :UInt64 $lustre("rr_size");
  blocks @16 :UInt64 $lustre("rr_blocks");
  bias @17 :UInt32 $lustre("rr_bias") $bits("mds.Bias");
  mode @18 :UInt32 $lustre("rr_mode");
  flags @19 :UInt32 $lustre("rr_flags");
  padding2 @20 :UInt32 $lustre("rr_padding_2");
  padding3 @21 :UInt32 $lustre("rr_padding_3");
  padding4 @22 :UInt32 $lustre("rr_padding_4");
}

# --- directory pages ---

struct LuDirpage $lustre("lu_dirpage") $size(24) $littleEndian {
  # Starts a directory page; entries follow by hash.
  hashStart @0 :UInt64 $lustre("ldp_hash_start") $hex;
  hashEnd @1 :UInt64 $lustre("ldp_hash_end") $hex;
  # Where the next page starts; 0xfffffffffffffffe at the end.
  flags @2 :UInt32 $lustre("ldp_flags") $bits("DirPageFlag");
  pad0 @3 :UInt32 $lustre("ldp_pad0");
  entries @4 :Data $lustre("ldp_entries") $trailing;  # LuDirents, each as long as it says.
}

struct LuDirent $lustre("lu_dirent") $size(32) $littleEndian {
  # An entry of a page, as long as reclen says; with LUDA_TYPE a LudaType follows the name at an
  # even offset.
  fid @0 :Fid.LuFid $lustre("lde_fid");
  hash @1 :UInt64 $lustre("lde_hash") $hex;
  reclen @2 :UInt16 $lustre("lde_reclen");  # Bytes, a multiple of 8; 0 in the last of a page.
  namelen @3 :UInt16 $lustre("lde_namelen");
  attrs @4 :UInt32 $lustre("lde_attrs") $bits("LudaBit");
  name @5 :Data $lustre("lde_name") $trailing;
}

struct LudaType $lustre("luda_type") $size(2) $littleEndian {
  # Type of the file that an entry names: the S_IFMT bits of its mode.
  type @0 :UInt16 $lustre("lt_type") $hex;
}

enum DirPageFlag $lustre("dir") $bitSet(32) {
  # ldp_flags.
  empty @0 $lustre("LDF_EMPTY") $value(0x1);
}

enum LudaBit $lustre("dir") $bitSet(32) {
  # What entries bring along.
  fid @0 $lustre("LUDA_FID") $value(0x1);
  type @1 $lustre("LUDA_TYPE") $value(0x2);
}

enum DirHash $lustre("dir") $valueSet(64) {
  # Hashes with a meaning of their own.
  end @0 $lustre("DIR_END_OFF") $value(0xfffffffffffffffe);  # hash_end of the last page.
}

# --- capabilities ---

struct LustreCapa $lustre("lustre_capa") $size(120) {
  # A capability, where both sides have them on; otherwise its buffers are empty.
  fid @0 :Fid.LuFid $lustre("lc_fid");
  opc @1 :UInt64 $lustre("lc_opc") $bits("CapaOpc");
  uid @2 :UInt64 $lustre("lc_uid");
  gid @3 :UInt64 $lustre("lc_gid");
  flags @4 :UInt32 $lustre("lc_flags") $hex;
  keyid @5 :UInt32 $lustre("lc_keyid");
  timeout @6 :UInt32 $lustre("lc_timeout");  # Seconds, like expiry.
  expiry @7 :UInt32 $lustre("lc_expiry");
  hmac @8 :Data $lustre("lc_hmac") $count(64);
}

struct LustreCapaKey $lustre("lustre_capa_key") $size(72) {
  # Value of SET_INFO with key capa_key: how an MDT signs, for the OSTs.
  seq @0 :UInt64 $lustre("lk_seq");
  keyid @1 :UInt32 $lustre("lk_keyid");
  padding @2 :UInt32 $lustre("lk_padding");
  key @3 :Data $lustre("lk_key") $count(56);
}

enum CapaOpc $lustre("capa") $bitSet(64) {
  # lc_opc: what the holder may do.
  bodyWrite @0 $lustre("CAPA_OPC_BODY_WRITE") $value(0x1);
  bodyRead @1 $lustre("CAPA_OPC_BODY_READ") $value(0x2);
  indexLookup @2 $lustre("CAPA_OPC_INDEX_LOOKUP") $value(0x4);
  indexInsert @3 $lustre("CAPA_OPC_INDEX_INSERT") $value(0x8);
  indexDelete @4 $lustre("CAPA_OPC_INDEX_DELETE") $value(0x10);
  ossWrite @5 $lustre("CAPA_OPC_OSS_WRITE") $value(0x20);
  ossRead @6 $lustre("CAPA_OPC_OSS_READ") $value(0x40);
  ossTrunc @7 $lustre("CAPA_OPC_OSS_TRUNC") $value(0x80);
  ossDestroy @8 $lustre("CAPA_OPC_OSS_DESTROY") $value(0x100);
  metaWrite @9 $lustre("CAPA_OPC_META_WRITE") $value(0x200);
  metaRead @10 $lustre("CAPA_OPC_META_READ") $value(0x400);
}

enum CapaSize $lustre("capa") $valueSet(32) {
  # Bytes of a capability's signature and of its key.
  hmacMaxLen @0 $lustre("CAPA_HMAC_MAX_LEN") $value(64);
  hmacKeyMaxLen @1 $lustre("CAPA_HMAC_KEY_MAX_LEN") $value(56);
}

enum CapaAlgorithm $lustre("capa") $valueSet(32) {
  # Top byte of lc_flags.
  sha1 @0 $lustre("CAPA_HMAC_ALG_SHA1") $value(1);
}

# --- remote clients ---

struct MdtRemotePerm $lustre("mdt_remote_perm") $size(28) {
  # What a user of a remote client may do with a file: acl buffer of a GETATTR with FLRMTPERM.
  uid @0 :UInt32 $lustre("rp_uid");
  gid @1 :UInt32 $lustre("rp_gid");
  fsuid @2 :UInt32 $lustre("rp_fsuid");
  fsuidH @3 :UInt32 $lustre("rp_fsuid_h");
  fsgid @4 :UInt32 $lustre("rp_fsgid");
  fsgidH @5 :UInt32 $lustre("rp_fsgid_h");
  accessPerm @6 :UInt32 $lustre("rp_access_perm") $hex;
}

# --- split directories ---

struct LmvStripeMd $lustre("lmv_stripe_md") $size(32) $littleEndian {
  # EA of a directory that is spread over MDTs.
  magic @0 :UInt32 $lustre("mea_magic") $values("MeaMagic") $hex;
  count @1 :UInt32 $lustre("mea_count");
  master @2 :UInt32 $lustre("mea_master");  # Index of the MDT that holds the name.
  padding @3 :UInt32 $lustre("mea_padding");
  poolName @4 :Text $lustre("mea_pool_name") $count(16);
  ids @5 :List(Fid.LuFid) $lustre("mea_ids") $trailing;
}

enum MeaMagic $lustre("lmv") $valueSet(32) {
  # mea_magic: how names are spread.
  lastChar @0 $lustre("MEA_MAGIC_LAST_CHAR") $value(0xb2221ca1);
  allChars @1 $lustre("MEA_MAGIC_ALL_CHARS") $value(0xb222a11c);
  hashSegment @2 $lustre("MEA_MAGIC_HASH_SEGMENT") $value(0xb222a11b);
}

struct LmvDesc $lustre("lmv_desc") $size(88) $littleEndian {
  # How a file system's directories are spread; in the configuration log (LCFG_SETUP of an lmv).
  tgtCount @0 :UInt32 $lustre("ld_tgt_count");
  activeTgtCount @1 :UInt32 $lustre("ld_active_tgt_count");
  defaultStripeCount @2 :UInt32 $lustre("ld_default_stripe_count");
  pattern @3 :UInt32 $lustre("ld_pattern") $hex;
  defaultHashSize @4 :UInt64 $lustre("ld_default_hash_size");
  padding1 @5 :UInt64 $lustre("ld_padding_1");
  padding2 @6 :UInt32 $lustre("ld_padding_2");
  qosMaxage @7 :UInt32 $lustre("ld_qos_maxage");  # Seconds.
  padding3 @8 :UInt32 $lustre("ld_padding_3");
  padding4 @9 :UInt32 $lustre("ld_padding_4");
  uuid @10 :Ptlrpc.ObdUuid $lustre("ld_uuid");
}

enum HashSize $lustre("dir") $valueSet(64) {
  # Greatest hashes of directories.
  max @0 $lustre("MAX_HASH_SIZE") $value(0x7fffffffffffffff);
  max32 @1 $lustre("MAX_HASH_SIZE_32") $value(0x7fffffff);
  highestBit @2 $lustre("MAX_HASH_HIGHEST_BIT") $value(0x1000000000000000);
}

# --- profile layout (from 2.4) ---

enum VolatileName $lustre("volatile_later") $textSet {
  # Begins the name under which a volatile file is made; the index of an MDT follows, in hexadecimal
  # between colons.
  header @0 $lustre("LUSTRE_VOLATILE_HDR") $text(".\x0c\x13\x14\x12:VOLATILE");
}

struct MdcSwapLayouts $lustre("mdc_swap_layouts") $size(8) {
  # Second buffer of MDS_SWAP_LAYOUTS.
  flags @0 :UInt64 $lustre("msl_flags") $bits("SwapFlag");
}

struct LayoutIntent $lustre("layout_intent") $size(24) {
  # After the intent of a layout lock: why the layout is wanted.
  opc @0 :UInt32 $lustre("li_opc") $values("LayoutOp");
  flags @1 :UInt32 $lustre("li_flags");
  extent @2 :LuExtent $lustre("li_extent");
}

struct LuExtent $lustre("lu_extent") $size(16) {
  # Bytes from start to end.
  start @0 :UInt64 $lustre("e_start");
  end @1 :UInt64 $lustre("e_end");
}

enum SwapFlag $lustre("layout_swap_later") $bitSet(64) {
  # msl_flags.
  checkDv1 @0 $lustre("SWAP_LAYOUTS_CHECK_DV1") $value(0x1);
  checkDv2 @1 $lustre("SWAP_LAYOUTS_CHECK_DV2") $value(0x2);
  keepMtime @2 $lustre("SWAP_LAYOUTS_KEEP_MTIME") $value(0x4);
  keepAtime @3 $lustre("SWAP_LAYOUTS_KEEP_ATIME") $value(0x8);
  close @4 $lustre("SWAP_LAYOUTS_CLOSE") $value(0x10);
  mdsHsm @5 $lustre("SWAP_LAYOUTS_MDS_HSM") $value(0x80000000);
}

enum LayoutOp $lustre("layout_lock_later") $valueSet(32) {
  # li_opc.
  access @0 $lustre("LAYOUT_INTENT_ACCESS") $value(0);
  read @1 $lustre("LAYOUT_INTENT_READ") $value(1);
  write @2 $lustre("LAYOUT_INTENT_WRITE") $value(2);
  glimpse @3 $lustre("LAYOUT_INTENT_GLIMPSE") $value(3);
  trunc @4 $lustre("LAYOUT_INTENT_TRUNC") $value(4);
  release @5 $lustre("LAYOUT_INTENT_RELEASE") $value(5);
  restore @6 $lustre("LAYOUT_INTENT_RESTORE") $value(6);
}
