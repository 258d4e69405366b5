# The metadata service in 1.8: body, records, directory pages.
#
# Facts: rpc-formats, differences 4 to 8. Records are the first buffer after ptlrpc_body of
# MDS_REINT (in an open, after the intent) and start with a ReintOp.
@0xa606e1196f2e36d5;

using Ptlrpc = import "ptlrpc.capnp";
using Fid = import "fid.capnp";
using import "wire.capnp".lustre;
using import "wire.capnp".size;
using import "wire.capnp".trailing;
using import "wire.capnp".littleEndian;
using import "wire.capnp".bits;
using import "wire.capnp".values;
using import "wire.capnp".hex;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

struct MdsBody $lustre("mds_body") $size(168) {
  # First buffer of most MDS requests and of all replies: names a file, asks for or gives
  # attributes. 1.8.9 clients send 216 bytes (an MdtBody), of which a 1.8 server reads these.
  fid1 @0 :Fid.LlFid $lustre("fid1");  # The file, or the directory of the name.
  fid2 @1 :Fid.LlFid $lustre("fid2");
  handle @2 :Ptlrpc.LustreHandle $lustre("handle");  # Of an open file.
  valid @3 :UInt64 $lustre("valid") $bits("mds.Valid");
  size @4 :UInt64 $lustre("size");  # Bytes. READPAGE: where to read from.
  mtime @5 :UInt64 $lustre("mtime");  # Seconds, like atime and ctime.
  atime @6 :UInt64 $lustre("atime");
  ctime @7 :UInt64 $lustre("ctime");
  blocks @8 :UInt64 $lustre("blocks");  # Of 512 bytes.
  ioEpoch @9 :UInt64 $lustre("io_epoch");
  ino @10 :UInt64 $lustre("ino");
  fsuid @11 :UInt32 $lustre("fsuid");  # Who asks.
  fsgid @12 :UInt32 $lustre("fsgid");
  capability @13 :UInt32 $lustre("capability") $hex;
  mode @14 :UInt32 $lustre("mode") $hex;
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
  padding4 @26 :UInt32 $lustre("padding_4");
}

struct MdsRecSetattr $lustre("mds_rec_setattr") $size(96) {
  # Changes attributes of a file.
  opcode @0 :UInt32 $lustre("sa_opcode") $values("mds.ReintOp");
  fsuid @1 :UInt32 $lustre("sa_fsuid");  # Who asks.
  fsgid @2 :UInt32 $lustre("sa_fsgid");
  cap @3 :UInt32 $lustre("sa_cap") $hex;
  suppgid @4 :UInt32 $lustre("sa_suppgid");
  mode @5 :UInt32 $lustre("sa_mode") $hex;
  fid @6 :Fid.LlFid $lustre("sa_fid");
  valid @7 :UInt64 $lustre("sa_valid") $bits("mds.Attr");
  size @8 :UInt64 $lustre("sa_size");  # Bytes.
  mtime @9 :UInt64 $lustre("sa_mtime");  # Seconds, like atime and ctime.
  atime @10 :UInt64 $lustre("sa_atime");
  ctime @11 :UInt64 $lustre("sa_ctime");
  uid @12 :UInt32 $lustre("sa_uid");
  gid @13 :UInt32 $lustre("sa_gid");
  attrFlags @14 :UInt32 $lustre("sa_attr_flags") $bits("mds.InodeFlag");
  padding @15 :UInt32 $lustre("sa_padding");
}

struct MdsRecCreate $lustre("mds_rec_create") $size(96) {
  # Makes a file, directory, symlink or node, or opens a file (then in an intent, with REINT_OPEN).
  opcode @0 :UInt32 $lustre("cr_opcode") $values("mds.ReintOp");
  fsuid @1 :UInt32 $lustre("cr_fsuid");  # Who asks.
  fsgid @2 :UInt32 $lustre("cr_fsgid");
  cap @3 :UInt32 $lustre("cr_cap") $hex;
  flags @4 :UInt32 $lustre("cr_flags") $bits("mds.OpenFlag");
  mode @5 :UInt32 $lustre("cr_mode") $hex;
  fid @6 :Fid.LlFid $lustre("cr_fid");  # The directory.
  replayfid @7 :Fid.LlFid $lustre("cr_replayfid");
  # Replay: the file that was made. Otherwise zero, or the server answers EFAULT.
  time @8 :UInt64 $lustre("cr_time");  # Seconds.
  rdev @9 :UInt64 $lustre("cr_rdev");
  suppgid @10 :UInt32 $lustre("cr_suppgid");
  padding1 @11 :UInt32 $lustre("cr_padding_1");
  padding2 @12 :UInt32 $lustre("cr_padding_2");
  padding3 @13 :UInt32 $lustre("cr_padding_3");
  padding4 @14 :UInt32 $lustre("cr_padding_4");
  padding5 @15 :UInt32 $lustre("cr_padding_5");
}

struct MdsRecLink $lustre("mds_rec_link") $size(80) {
  # Gives a file another name.
  opcode @0 :UInt32 $lustre("lk_opcode") $values("mds.ReintOp");
  fsuid @1 :UInt32 $lustre("lk_fsuid");  # Who asks.
  fsgid @2 :UInt32 $lustre("lk_fsgid");
  cap @3 :UInt32 $lustre("lk_cap") $hex;
  suppgid1 @4 :UInt32 $lustre("lk_suppgid1");
  suppgid2 @5 :UInt32 $lustre("lk_suppgid2");
  fid1 @6 :Fid.LlFid $lustre("lk_fid1");  # The file.
  fid2 @7 :Fid.LlFid $lustre("lk_fid2");  # The directory.
  time @8 :UInt64 $lustre("lk_time");  # Seconds.
  padding1 @9 :UInt32 $lustre("lk_padding_1");
  padding2 @10 :UInt32 $lustre("lk_padding_2");
  padding3 @11 :UInt32 $lustre("lk_padding_3");
  padding4 @12 :UInt32 $lustre("lk_padding_4");
}

struct MdsRecUnlink $lustre("mds_rec_unlink") $size(80) {
  # Removes a name.
  opcode @0 :UInt32 $lustre("ul_opcode") $values("mds.ReintOp");
  fsuid @1 :UInt32 $lustre("ul_fsuid");  # Who asks.
  fsgid @2 :UInt32 $lustre("ul_fsgid");
  cap @3 :UInt32 $lustre("ul_cap") $hex;
  suppgid @4 :UInt32 $lustre("ul_suppgid");
  mode @5 :UInt32 $lustre("ul_mode") $hex;  # 0x4000 (S_IFDIR) for rmdir, else 0.
  fid1 @6 :Fid.LlFid $lustre("ul_fid1");  # The directory.
  fid2 @7 :Fid.LlFid $lustre("ul_fid2");  # The file.
  time @8 :UInt64 $lustre("ul_time");  # Seconds.
  padding1 @9 :UInt32 $lustre("ul_padding_1");
  padding2 @10 :UInt32 $lustre("ul_padding_2");
  padding3 @11 :UInt32 $lustre("ul_padding_3");
  padding4 @12 :UInt32 $lustre("ul_padding_4");
}

struct MdsRecRename $lustre("mds_rec_rename") $size(80) {
  # Renames.
  opcode @0 :UInt32 $lustre("rn_opcode") $values("mds.ReintOp");
  fsuid @1 :UInt32 $lustre("rn_fsuid");  # Who asks.
  fsgid @2 :UInt32 $lustre("rn_fsgid");
  cap @3 :UInt32 $lustre("rn_cap") $hex;
  suppgid1 @4 :UInt32 $lustre("rn_suppgid1");
  suppgid2 @5 :UInt32 $lustre("rn_suppgid2");
  fid1 @6 :Fid.LlFid $lustre("rn_fid1");  # Source directory.
  fid2 @7 :Fid.LlFid $lustre("rn_fid2");  # Target directory.
  time @8 :UInt64 $lustre("rn_time");  # Seconds.
  padding1 @9 :UInt32 $lustre("rn_padding_1");
  padding2 @10 :UInt32 $lustre("rn_padding_2");
  padding3 @11 :UInt32 $lustre("rn_padding_3");
  padding4 @12 :UInt32 $lustre("rn_padding_4");
}

struct MdsRecJoin $lustre("mds_rec_join") $size(24) {
  # Last buffer of an open that joins a file to another.
  fid @0 :Fid.LlFid $lustre("jr_fid");
  headsize @1 :UInt64 $lustre("jr_headsize");  # Bytes of the head file.
}

struct Ext2DirEntry $lustre("ext3_dir_entry_2") $size(8) $littleEndian {
  # An entry of a directory page. Pages are the directory's blocks as they are on disk; entries fill
  # each block exactly, the last with a longer recLen. Facts: differences 8.
  inode @0 :UInt32 $lustre("inode");  # 0: no entry here.
  recLen @1 :UInt16 $lustre("rec_len");  # Bytes to the next entry, a multiple of 4.
  nameLen @2 :UInt8 $lustre("name_len");
  fileType @3 :UInt8 $lustre("file_type") $values("FileType");
  name @4 :Data $lustre("name") $trailing;
}

enum DirOffset $lustre("dir") $valueSet(64) {
  # Offsets with a meaning of their own.
  end @0 $lustre("MDS_DIR_END_OFF") $value(0xfffffffffffffffe);
}

enum FileType $lustre("ext2 file type") $valueSet(8) {
  # What an entry names, as ext2 has it.
  unknown @0 $lustre("EXT2_FT_UNKNOWN") $value(0);
  regular @1 $lustre("EXT2_FT_REG_FILE") $value(1);
  directory @2 $lustre("EXT2_FT_DIR") $value(2);
  charDevice @3 $lustre("EXT2_FT_CHRDEV") $value(3);
  blockDevice @4 $lustre("EXT2_FT_BLKDEV") $value(4);
  fifo @5 $lustre("EXT2_FT_FIFO") $value(5);
  socket @6 $lustre("EXT2_FT_SOCK") $value(6);
  symlink @7 $lustre("EXT2_FT_SYMLINK") $value(7);
}
