# Changelogs, and what rides with them on keys of GET_INFO and SET_INFO: paths of FIDs, actions of
# HSM. Only 2.0.
#
# Facts: wire-2.0.csv, rpc-formats.
@0xc8a5f0d2b7e64a35;

using Fid = import "fid.capnp";
using Llog = import "llog.capnp";
using import "wire.capnp".lustre;
using import "wire.capnp".size;
using import "wire.capnp".packed;
using import "wire.capnp".trailing;
using import "wire.capnp".headOnly;
using import "wire.capnp".littleEndian;
using import "wire.capnp".overlay;
using import "wire.capnp".hex;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

struct ChangelogRec $lustre("changelog_rec") $size(64) $littleEndian {
  # One change of the name space.
  namelen @0 :UInt16 $lustre("cr_namelen");
  flags @1 :UInt16 $lustre("cr_flags") $hex;
  type @2 :UInt32 $lustre("cr_type");
  index @3 :UInt64 $lustre("cr_index");
  prev @4 :UInt64 $lustre("cr_prev");  # The last change of the same file.
  time @5 :UInt64 $lustre("cr_time");
  tfid @6 :Fid.LuFid $lustre("cr_tfid") $overlay(["fid.LuFid", "ChangelogMarker"]);
  # The file; in a mark, flags.
  pfid @7 :Fid.LuFid $lustre("cr_pfid");  # The directory.
  name @8 :Data $lustre("cr_name") $trailing;
}

struct ChangelogMarker $size(4) $littleEndian {
  # Over cr_tfid in a mark.
  markerflags @0 :UInt32 $lustre("cr_markerflags") $hex;
}

struct LlogChangelogRec $lustre("llog_changelog_rec") $size(88) $littleEndian {
  # A change as a record of a log; a name makes it longer, before the tail.
  hdr @0 :Llog.LlogRecHdr $lustre("cr_hdr");
  change @1 :ChangelogRec $lustre("cr") $headOnly;
  tail @2 :Llog.LlogRecTail $lustre("cr_tail");
}

struct LlogChangelogUserRec $lustre("llog_changelog_user_rec") $size(40) $littleEndian {
  # A reader of the changelog and how far it is done.
  hdr @0 :Llog.LlogRecHdr $lustre("cur_hdr");
  id @1 :UInt32 $lustre("cur_id");
  padding @2 :UInt32 $lustre("cur_padding");
  endrec @3 :UInt64 $lustre("cur_endrec");
  tail @4 :Llog.LlogRecTail $lustre("cur_tail");
}

enum ChangelogMagic $lustre("llog") $valueSet(32) {
  # Marks of changelogs.
  magic @0 $lustre("CHANGELOG_MAGIC") $value(0xca103000);
  allMask @1 $lustre("CHANGELOG_ALLMASK") $value(0xffffffff);
}

struct ChangelogSetinfo $lustre("changelog_setinfo") $size(12) $packed {
  # Value of SET_INFO with key changelog_clear.
  recno @0 :UInt64 $lustre("cs_recno");
  id @1 :UInt32 $lustre("cs_id");
}

struct GetinfoFid2path $lustre("getinfo_fid2path") $size(32) $packed {
  # Value of GET_INFO with key fid2path, both ways; the path behind it.
  fid @0 :Fid.LuFid $lustre("gf_fid");
  recno @1 :UInt64 $lustre("gf_recno");
  linkno @2 :UInt32 $lustre("gf_linkno");
  pathlen @3 :UInt32 $lustre("gf_pathlen");
  path @4 :Data $lustre("gf_path") $trailing;
}

struct HsmActionList $lustre("hsm_action_list") $size(16) {
  # Value of LDLM_SET_INFO with key hsm_send. The file system's name and hal_count items follow,
  # each at a boundary of 8.
  version @0 :UInt32 $lustre("hal_version");
  count @1 :UInt32 $lustre("hal_count");
  archiveNum @2 :UInt32 $lustre("hal_archive_num");
  padding1 @3 :UInt32 $lustre("padding1");
  fsname @4 :Data $lustre("hal_fsname") $trailing;
}

struct HsmActionItem $lustre("hsm_action_item") $size(56) {
  # What is to be done with one file.
  len @0 :UInt32 $lustre("hai_len");  # Bytes, the data included.
  action @1 :UInt32 $lustre("hai_action");
  fid @2 :Fid.LuFid $lustre("hai_fid");
  cookie @3 :UInt64 $lustre("hai_cookie") $hex;
  extentStart @4 :UInt64 $lustre("hai_extent_start");  # Bytes, like the end.
  extentEnd @5 :UInt64 $lustre("hai_extent_end");
  gid @6 :UInt64 $lustre("hai_gid");  # Of the group lock under which it happens.
  data @7 :Data $lustre("hai_data") $trailing;
}
