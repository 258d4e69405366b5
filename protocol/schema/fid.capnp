# Names of files: 1.8's inode and generation, 2.0's FID, and who hands out sequences.
#
# Facts: differences 2, rpc-formats "MGS, llog, sequences".
@0xd13b27c4dbe66ed7;

using import "wire.capnp".lustre;
using import "wire.capnp".size;
using import "wire.capnp".hex;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

struct LlFid $lustre("ll_fid") $size(16) {
  # A file in 1.8: an inode of the MDS file system.
  id @0 :UInt64 $lustre("id");  # Inode number.
  generation @1 :UInt32 $lustre("generation");
  fType @2 :UInt32 $lustre("f_type");  # S_IFMT bits; often 0 in requests.
}

struct LuFid $lustre("lu_fid") $size(16) {
  # A file in 2.0 (and to 1.8 clients of a 2.0 MDT). A file that 1.8 made has an IGIF: seq is its
  # inode number, oid its generation, ver 0. Others: seq from FidSeq.normal on, oid from 1, ver 0.
  seq @0 :UInt64 $lustre("f_seq") $hex;
  oid @1 :UInt32 $lustre("f_oid") $hex;
  ver @2 :UInt32 $lustre("f_ver");  # 0 in both dialects.
}

struct LuSeqRange $lustre("lu_seq_range") $size(24) {
  # Sequences start to end (end excluded) that an MDT gave out or serves. In FLD_QUERY start is the
  # sequence asked for and the rest of the request is uninitialised.
  start @0 :UInt64 $lustre("lsr_start") $hex;
  end @1 :UInt64 $lustre("lsr_end") $hex;
  mdt @2 :UInt32 $lustre("lsr_mdt");  # Index of the MDT.
  padding @3 :UInt32 $lustre("lsr_padding");
}

enum FidSeq $lustre("fid") $valueSet(64) {
  # Where the kinds of sequence begin.
  ostMdt0 @0 $lustre("FID_SEQ_OST_MDT0") $value(0);
  # Objects on OSTs made for MDT0, in both dialects.
  llog @1 $lustre("FID_SEQ_LLOG") $value(1);
  echo @2 $lustre("FID_SEQ_ECHO") $value(2);
  ostMdt1 @3 $lustre("FID_SEQ_OST_MDT1") $value(3);
  ostMax @4 $lustre("FID_SEQ_OST_MAX") $value(9);
  rsvd @5 $lustre("FID_SEQ_RSVD") $value(11);
  igif @6 $lustre("FID_SEQ_IGIF") $value(12);  # First that is an inode number.
  igifMax @7 $lustre("FID_SEQ_IGIF_MAX") $value(0xffffffff);
  idif @8 $lustre("FID_SEQ_IDIF") $value(0x100000000);  # OST objects under their FID form.
  idifMax @9 $lustre("FID_SEQ_IDIF_MAX") $value(0x1ffffffff);
  localFile @10 $lustre("FID_SEQ_LOCAL_FILE") $value(0x200000001);
  dotLustre @11 $lustre("FID_SEQ_DOT_LUSTRE") $value(0x200000002);  # .lustre
  normal @12 $lustre("FID_SEQ_NORMAL") $value(0x200000400);  # First that clients may get.
}

enum SeqWidth $lustre("fid") $valueSet(64) {
  # How many of something make up a sequence range or a sequence.
  metaWidth @0 $lustre("LUSTRE_SEQ_META_WIDTH") $value(1);  # Sequences that a client gets.
  batchWidth @1 $lustre("LUSTRE_SEQ_BATCH_WIDTH") $value(1000);
  maxWidth @2 $lustre("LUSTRE_SEQ_MAX_WIDTH") $value(0x20000);  # Object ids in a sequence.
  superWidth @3 $lustre("LUSTRE_SEQ_SUPER_WIDTH") $value(0x40000000);  # Sequences that an MDT gets.
}

enum SeqOp $lustre("fid") $valueSet(32) {
  # First buffer of SEQ_QUERY.
  allocSuper @0 $lustre("SEQ_ALLOC_SUPER") $value(0);
  allocMeta @1 $lustre("SEQ_ALLOC_META") $value(1);  # What clients send.
}

enum FldOp $lustre("fld_op") $valueSet(32) {
  # First buffer of FLD_QUERY (2.0).
  create @0 $lustre("FLD_CREATE") $value(0);
  delete @1 $lustre("FLD_DELETE") $value(1);
  lookup @2 $lustre("FLD_LOOKUP") $value(2);  # The only one that clients send.
}
