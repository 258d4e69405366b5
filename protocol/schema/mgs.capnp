# The management server: how targets register. Configuration logs are in llog.capnp.
#
# Facts: rpc-formats "MGS, llog, sequences".
@0xd1ba34299d85eba3;

using import "wire.capnp".lustre;
using import "wire.capnp".size;
using import "wire.capnp".valueSet;
using import "wire.capnp".count;
using import "wire.capnp".bits;
using import "wire.capnp".hex;
using import "wire.capnp".bitSet;
using import "wire.capnp".value;

struct MgsTargetInfo $lustre("mgs_target_info") $size(4544) {
  # Request and reply of MGS_TARGET_REG.
  lustreVer @0 :UInt32 $lustre("mti_lustre_ver") $hex;
  stripeIndex @1 :UInt32 $lustre("mti_stripe_index");
  configVer @2 :UInt32 $lustre("mti_config_ver");
  flags @3 :UInt32 $lustre("mti_flags") $bits("TargetFlag");
  nidCount @4 :UInt32 $lustre("mti_nid_count");
  padding @5 :UInt32 $lustre("padding");
  fsname @6 :Text $lustre("mti_fsname") $count(64);
  svname @7 :Text $lustre("mti_svname") $count(64);  # Such as "lustre-OST0001".
  uuid @8 :Text $lustre("mti_uuid") $count(40);
  nids @9 :List(UInt64) $lustre("mti_nids") $count(32) $hex;
  params @10 :Text $lustre("mti_params") $count(4096);
  # Settings, "key=value", a space between them.
}

struct MgsSendParam $lustre("mgs_send_param") $size(1024) {
  # Request and reply of MGS_SET_INFO: a setting, as "fsname.key=value".
  param @0 :Text $lustre("mgs_param") $count(1024);
}

enum MgsLimit $lustre("mgs_config") $valueSet(32) {
  # Sizes of the parts of a MgsTargetInfo and of a MgsSendParam.
  nidsMax @0 $lustre("MTI_NIDS_MAX") $value(32);
  nameMaxlen @1 $lustre("MTI_NAME_MAXLEN") $value(64);
  targetParamMaxlen @2 $lustre("MTI_PARAM_MAXLEN") $value(4096);
  paramMaxlen @3 $lustre("MGS_PARAM_MAXLEN") $value(1024);
}

enum TargetFlag $lustre("mgs_config") $bitSet(32) {
  # mti_flags.
  svTypeMdt @0 $lustre("LDD_F_SV_TYPE_MDT") $value(0x1);
  svTypeOst @1 $lustre("LDD_F_SV_TYPE_OST") $value(0x2);
  svTypeMgs @2 $lustre("LDD_F_SV_TYPE_MGS") $value(0x4);
  svAll @3 $lustre("LDD_F_SV_ALL") $value(0x8);  # Only 2.0.
  needIndex @4 $lustre("LDD_F_NEED_INDEX") $value(0x10);  # The MGS is to choose the index.
  virgin @5 $lustre("LDD_F_VIRGIN") $value(0x20);  # Never registered.
  update @6 $lustre("LDD_F_UPDATE") $value(0x40);  # The NIDs in the logs are to be rewritten.
  rewriteLdd @7 $lustre("LDD_F_REWRITE_LDD") $value(0x80);
  writeconf @8 $lustre("LDD_F_WRITECONF") $value(0x100);  # All logs are to be rewritten.
  upgrade14 @9 $lustre("LDD_F_UPGRADE14") $value(0x200);
  param @10 $lustre("LDD_F_PARAM") $value(0x400);
  iamDir @11 $lustre("LDD_F_IAM_DIR") $value(0x800);  # Only 2.0.
  noPrimnode @12 $lustre("LDD_F_NO_PRIMNODE") $value(0x1000);  # Only 1.8.
}
