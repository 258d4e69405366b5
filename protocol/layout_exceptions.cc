#include "protocol/layout_exceptions.h"

namespace protocol {
namespace {

// Reasons. Looked up in Lustre's b1_8 and v2_0_0; `checked` says where.
constexpr std::string_view kIoctl = "argument of an ioctl";
constexpr std::string_view kUpcall = "between the kernel and a program of the same node";
constexpr std::string_view kMemory = "only in memory";
constexpr std::string_view kEnd = "bounds a C enumeration, is no value of it";
constexpr std::string_view kMask = "several constants in one, for code; each of them is proven";
constexpr std::string_view kSame = "another spelling of a constant that is proven";
constexpr std::string_view kSwapped = "a magic as it looks from the other byte order";
constexpr std::string_view kSetting = "how one node behaves; the peer cannot tell";
constexpr std::string_view kNetwork = "of other networks than TCP";
constexpr std::string_view kLocalKey = "a key between the modules of one node";
constexpr std::string_view kDisk = "on the server's disk only";
constexpr std::string_view kUnspoken = "of flavours other than null, which are not spoken";
constexpr std::string_view kSecurity =
    "part of a flavour, whose whole is proven; GSS is not spoken";
constexpr std::string_view kLater = "of later versions than any profile";
constexpr std::string_view kNote = "a remark of the table, no constant";

constexpr LayoutException kExceptions[] = {
    // wire tables
    {"if_quotactl", "*", kIoctl, "lustre_user.h; llite/dir.c copies it into obd_quotactl"},
    {"if_quotacheck", "*", kIoctl, "lustre_user.h; llite/dir.c"},
    {"ll_recreate_obj", "*", kIoctl, "lustre_user.h; llite/file.c"},
    {"ioc_changelog", "*", kIoctl, "lustre_user.h; mdc_request.c sends changelog_setinfo for it"},
    {"lov_user_md_join", "*", kIoctl, "lustre_idl.h; llite/file.c only"},
    {"lov_user_ost_data_join", "*", kIoctl, "lustre_user.h; llite/file.c only"},
    {"mds_grp_downcall_data", "*", kUpcall, "mds/lproc_mds.c, utils/l_getgroups.c"},
    {"identity_downcall_data", "*", kUpcall, "mdt/mdt_lproc.c, utils/l_getidentity.c"},
    {"perm_downcall_data", "*", kUpcall, "utils/l_getidentity.c"},
    {"md_fld", "*", "declared and used nowhere: FLD_QUERY has a lu_seq_range",
     "lustre_idl.h is the only file with it"},
    {"mds_remote_perm", "*", kMemory, "mdt_remote_perm is what mdt_handler.c packs"},
    {"reint_opcode", "REINT_MAX", kEnd, "lustre_idl.h"},
    {"ldlm_mode", "LCK_MAXMODE", kEnd, "lustre_idl.h"},
    {"ldlm_mode", "LCK_MODE_NUM", kEnd, "lustre_idl.h"},
    // constants alone
    {"rpc_opcode", "*_FIRST_OPC", kEnd, "lustre_idl.h"},
    {"rpc_opcode", "*_LAST_OPC", kEnd, "lustre_idl.h"},
    {"ldlm_mode", "LCK_MINMODE", kEnd, "lustre_idl.h"},
    {"ldlm_mode", "LCK_COMPAT_*", kMask, "lustre_dlm.h: compatibility masks of servers"},
    {"ldlm_type", "LDLM_M*_TYPE", kEnd, "lustre_idl.h"},
    {"acceptor", "reserved local port range", kSetting, "acceptor.c"},
    {"barrier_later", "*", kLater, "2.10 and after; the project has a barrier of its own"},
    {"connect_flag_later", "OBD_CONNECT_FLAGS2", kLater, "2.10 and after"},
    {"brw_flag", "OBD_BRW_RWMASK", kMask, "lustre_idl.h"},
    {"capa", "CAPA_FL_MASK", kMask, "lustre_idl.h"},
    {"capa", "CAPA_HMAC_ALG_M*", kMask, "lustre_idl.h"},
    {"capa", "CAPA_OPC_OSS_RW", kMask, "lustre_idl.h"},
    {"capa", "CAPA_OPC_*_ONLY", kMask, "lustre_idl.h"},
    {"capa", "CAPA_OPC_*_DEFAULT", kMask, "lustre_idl.h"},
    {"capa", "CAPA_*TIMEOUT", kSetting, "lustre_capa.h"},
    {"capa", "CAPA_SITE_*", kMemory, "lustre_capa.h"},
    {"capa", "CAPA_KEYS", kDisk, "lustre_disk.h: a file's name"},
    {"cksum_type", "OBD_CKSUM_ALL", kMask, "obd.h"},
    {"connect_supported", "ECHO_CONNECT_SUPPORTED", "no server of ours, and no flag",
     "lustre_idl.h: 0"},
    {"connect_supported", "note", kNote, "constants tables"},
    {"dir_super", "*", kMemory, "lustre_user.h: flags of open files, statfs of the client"},
    {"errno", "*rule*", kNote, "constants tables; the numbers are proven"},
    {"fid", "FID_SEQ_*_OID", kDisk, "lustre_fid.h: object ids of the sequence server's files"},
    {"fid", "FID_SEQ_*START", kSame, "FID_SEQ_NORMAL, and the sequence before LOCAL_FILE"},
    {"fid", "I*", "how an OST numbers objects in FIDs of its own; a rule, checked where it is used",
     "lustre_idl.h: IDIF, IGIF"},
    {"fid", "LUSTRE_FID_INIT_OID", kMemory, "lustre_idl.h, lustre_fid.h"},
    {"fid", "LUSTRE_SEQ_*DATA", kMemory, "lustre_idl.h, lustre_fid.h"},
    {"fid", "LUSTRE_SEQ_SERVER", kMemory, "lustre_idl.h, lustre_fid.h"},
    {"fid", "LUSTRE_SEQ_CONTROLLER", kMemory, "lustre_idl.h, lustre_fid.h"},
    {"fid", "LUSTRE_SEQ_*NAME", kMemory, "lustre_idl.h, lustre_fid.h"},
    {"fid", "MAX_MDT_COUNT", kSetting, "lustre_idl.h"},
    {"fid", "OBIF_*", "declared and used nowhere", "lustre_idl.h"},
    {"fiemap", "FIEMAP_MAX_OFFSET", "the end of a file in requests of programs", "ll_fiemap.h"},
    {"fld_seq_op", "*", kSetting, "lustre_net.h, lustre_fld.h: sizes of services, credits"},
    {"info_key", "KEY_NEXT_ID", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_LOVDESC", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_LOV_IDX", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_INIT_RECOV*", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_LOCK_TO_STRIPE", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_CHECKSUM", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_REGISTER_TARGET", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_SET_FS", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_CLEAR_FS", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_BLOCKSIZE*", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_CONNECT_FLAG", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_CONN_DATA", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_SYNC_LOCK_CANCEL", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_ASYNC", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_OFF_RPCSIZE", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_FLUSH_CTX", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_INTERMDS", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_MGSSEC", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_REVIMP_UPD", kLocalKey, "obd.h; no pack function sends it"},
    {"info_key", "KEY_SPTLRPC_CONF", kLocalKey, "obd.h; no pack function sends it"},
    {"inodelock_ibits", "MDS_INODELOCK_FULL", kMask, "lustre_idl.h"},
    {"inodelock_ibits", "MDS_INODELOCK_MAXSHIFT", kEnd, "lustre_idl.h"},
    {"ioepoch_som", "MF_EPOCH_OPEN", kNote, "1.8 has no such flags", "constants-1.8"},
    {"ioepoch_som", "LMA_INCOMPAT_SUPP", kMask, "lustre_idl.h: 0"},
    {"ioepoch_som", "MF_SOM_LOCAL_FLAGS", kMask, "lustre_idl.h"},
    {"ioepoch_som", "IOEPOCH_INVAL", kMemory, "md_object.h: 0"},
    {"layout_swap_later", "struct mdc_swap_layouts", "proven in wire-later", "wire-2.15.csv"},
    {"ldlm_flag", "LDLM_AST_FLAGS", kMask, "lustre_dlm.h"},
    {"ldlm_flag", "LDLM_INHERIT_FLAGS", kMask, "lustre_dlm.h"},
    {"ldlm_flag", "LDLM_FL_FAIL_LOC", "beyond the 32 bits that travel", "lustre_dlm.h"},
    {"ldlm_flag", "LDLM_FL_SKIPPED", "beyond the 32 bits that travel", "lustre_dlm.h"},
    {"ldlm_misc", "LDLM_CB_*", kMemory, "lustre_dlm.h"},
    {"ldlm_misc", "LDLM_ITER_*", kMemory, "lustre_dlm.h"},
    {"llog", "CATLIST", kDisk, "lustre_idl.h: a file's name"},
    {"llog", "CHANGELOG_MINMASK", kDisk, "lustre_idl.h, lustre_disk.h"},
    {"llog", "CHANGELOG_DEFMASK", kDisk, "lustre_idl.h, lustre_disk.h"},
    {"llog", "CHANGELOG_CATALOG", kDisk, "lustre_idl.h, lustre_disk.h"},
    {"llog", "CHANGELOG_USER_PREFIX", kDisk, "lustre_idl.h, lustre_disk.h"},
    {"llog", "CHANGELOG_USERS", kDisk, "lustre_idl.h, lustre_disk.h"},
    {"llog", "LLOG_CTXT_FLAG_UNINITIALIZED", kMemory, "lustre_log.h"},
    {"llog", "LLOG_DEL_RECORD", kMemory, "lustre_log.h"},
    {"llog", "LLOG_EEMPTY", kMemory, "lustre_log.h"},
    {"llog", "LLOG_FLAG_NODEAMON", kMemory, "lustre_log.h"},
    {"llog", "LLOG_MAX_CTXTS", kEnd, "obd.h"},
    {"llog", "LLOG_PROC_BREAK", kMemory, "lustre_log.h"},
    {"lmv", "LL_DIR_*", kMemory, "llite: directory offsets of the client's kernel"},
    {"lnet", "LNET_COOKIE_*", kMemory, "lib-types.h: how a node makes its handles"},
    {"lnet", "LNET_E*", kMemory, "lnet types.h: events"},
    {"lnet", "LNET_INS_*", kMemory, "lnet types.h"},
    {"lnet", "LNET_MAX_IOV", kSetting, "lnet types.h, lib-types.h"},
    {"lnet", "LNET_MAX_RTR_NIS", kSetting, "lnet types.h, lib-types.h"},
    {"lnet", "LNET_MD_*", kMemory, "lnet types.h: memory descriptors"},
    {"lnet", "LNET_MTU_BITS", kSame, "LNET_MTU"},
    {"lnet", "LNET_NRBPOOLS", kSetting, "lib-types.h"},
    {"lnet", "LNET_P*HASH*", kSetting, "lib-types.h"},
    {"lnet", "LNET_ACCEPTOR_M*", kSetting, "acceptor.c: ports of the connecting side"},
    {"lnet", "LNET_PROTO_ACCEPTOR_*", "proven in group acceptor", "constants tables"},
    {"lnet", "LNET_PROTO_*IB_MAGIC", kNetwork, "lib-types.h, the other LNDs"},
    {"lnet", "LNET_PROTO_RA_MAGIC", kNetwork, "lib-types.h, the other LNDs"},
    {"lnet", "LNET_PROTO_QSW_MAGIC", kNetwork, "lib-types.h, the other LNDs"},
    {"lnet", "LNET_PROTO_GNI_MAGIC", kNetwork, "lib-types.h, the other LNDs"},
    {"lnet", "LNET_PROTO_PTL_MAGIC", kNetwork, "lib-types.h, the other LNDs"},
    {"lnet", "LNET_PROTO_GM_MAGIC", kNetwork, "lib-types.h, the other LNDs"},
    {"lnet", "LNET_PROTO_MX_MAGIC", kNetwork, "lib-types.h, the other LNDs"},
    {"lnet", "LNET_PTL_*", kMemory, "lib-types.h"},
    {"lnet", "LNET_RC_STATE_*", kMemory, "lib-types.h: the router checker"},
    {"lnet", "LNET_RETAIN", kMemory, "lnet types.h"},
    {"lnet", "LNET_UNLINK", kMemory, "lnet types.h"},
    {"lnet", "LNET_TIME_FOREVER", kMemory, "lnet types.h"},
    {"lnet", "net encoding", kNote, "constants tables"},
    {"lnet_msg", "LNET_*ACK_REQ", kMemory, "lnet types.h: argument of LNetPut"},
    {"lov", "LOV_MAGIC", kSame, "LOV_MAGIC_V1"},
    {"lov", "LOV_MAGIC_JOIN_V1", kSame, "LOV_MAGIC_JOIN"},
    {"lov", "LOV_MAX_UUID_BUFFER_SIZE", kIoctl, "lustre_idl.h"},
    {"lov", "LOV_MIN_STRIPE_BITS", kSame, "LOV_MIN_STRIPE_SIZE"},
    {"lov", "LOV_OBJECT_GROUP_*", kMemory, "lustre_idl.h"},
    {"lov", "LOV_OBJID", kDisk, "lustre_disk.h: a file's name"},
    {"lov", "LOV_POOLNAMEF", kMemory, "lustre_user.h: a format of printf"},
    {"lov", "LOV_USER_MAGIC", kSame, "LOV_USER_MAGIC_V1"},
    {"lov", "LOV_USER_MAGIC_JOIN_V1", kSame, "LOV_USER_MAGIC_JOIN"},
    {"lov", "LOV_USER_MAGIC_V1_SWABBED", kSwapped, "lustre_user.h"},
    {"lov", "LOV_USER_MAGIC_V3_SWABBED", kSwapped, "lustre_user.h"},
    {"lov", "LOV_V1_INSANE_STRIPE_COUNT", kSetting, "lustre_idl.h"},
    {"mds_bflag", "MDS_BFLAG_UNCOMMITTED_WRITES", "declared and set nowhere", "lustre_idl.h"},
    {"mgs_config", "CFG_F_*", kMemory, "lustre_log.h, obd_config.c: state of reading a log"},
    {"mgs_config", "CM_START_SKIP", kMask, "lustre_disk.h"},
    {"mgs_config", "CONFIGS_FILE", kDisk, "lustre_disk.h: a file's name"},
    {"mgs_config", "MOUNT_*", kDisk, "lustre_disk.h: files' names"},
    {"mgs_config", "LCFG_FLG_MOUNTCONF", kMemory, "lustre_cfg.h"},
    {"mgs_config", "LDD_*_SUPP", kMask, "lustre_disk.h"},
    {"mgs_config", "LDD_MT_LAST", kEnd, "lustre_disk.h"},
    {"mgs_config", "LR_EPOCH_BITS", kSetting, "lustre_disk.h: half of a transno"},
    {"mgs_config", "LR_EXPIRE_INTERVALS", "the count of lsd_trans_table, which is proven",
     "lustre_disk.h"},
    {"mgs_config", "LUSTRE_CFG_TYPE", kMemory, "lustre_cfg.h: of an ioctl"},
    {"mgs_config", "MDT_INCOMPAT_SUPP", kMask, "mds_internal.h, mdt_internal.h"},
    {"mgs_config", "MDT_ROCOMPAT_SUPP", kMask, "mds_internal.h, mdt_internal.h"},
    {"msg_flag", "MSG_*MASK", kMask, "lustre_idl.h"},
    {"msg_flag", "MSG_OP_FLAG_*", "where 1.6 had pb_op_flags in pb_flags", "lustre_idl.h"},
    {"msg_layout", "JOBSTATS_JOBID_SIZE", kLater, "lustre_idl.h of b1_8 reserves it"},
    {"msg_layout", "MSG_PTLRPC_HEADER_OFF", kMemory, "lustre_idl.h: 31, no buffer"},
    {"msg_layout", "PTLRPC_INTEROP_1_6", kMemory, "lustre_idl.h: a compile-time switch"},
    {"msg_magic", "LUSTRE_MSG_MAGIC", kSame, "LUSTRE_MSG_MAGIC_V2"},
    {"msg_magic", "LUSTRE_MSG_MAGIC_V1_SWABBED", kSwapped, "lustre_idl.h"},
    {"msg_magic", "LUSTRE_MSG_MAGIC_V2_SWABBED", kSwapped, "lustre_idl.h"},
    {"msg_magic", "LUSTRE_VERSION_MASK", kMask, "lustre_idl.h"},
    {"obd_md_valid", "OBD_MD_FLGETATTR", kMask, "lustre_idl.h"},
    {"obdo_flag", "OBD_FL_CKSUM_ALL", kMask, "lustre_idl.h"},
    {"obdo_flag", "OBD_FL_LOCAL_MASK", kMask, "lustre_idl.h"},
    {"open_flag", "FMODE_CLOSED", "no bit", "lustre_idl.h: 0"},
    {"open_flag", "FMODE_EXEC", "no bit", "llite_internal.h: 0 where the kernel has none"},
    {"open_flag", "O_LOV_DELAY_CREATE", kSame, "MDS_OPEN_DELAY_CREATE, as programs spell it"},
    {"ost_misc", "OBD_STATFS_*", kMemory, "obd.h, lustre_idl.h: how the client may answer itself"},
    {"quota", "LQUOTA_QAQ_CREATE_LQS", kMemory, "lustre_idl.h: a mark in qaq_flags of one node"},
    {"quota", "LQUOTA_QUNIT_FLAGS", kMask, "lustre_idl.h"},
    {"quota", "QIF_LIMITS", kMask, "lustre_user.h"},
    {"quota", "QIF_USAGE", kMask, "lustre_user.h"},
    {"quota", "QIF_TIMES", kMask, "lustre_user.h"},
    {"quota", "QIF_ALL", kMask, "lustre_user.h"},
    {"quota", "QUOTA_*", kMemory, "lustre_idl.h: arguments of functions that pack"},
    {"recovery", "*", kMemory, "lustre_import.h, obd_support.h: states and settings of a client"},
    {"rpc_size", "PTLRPC_MAX_BRW_BITS", kSame, "PTLRPC_MAX_BRW_SIZE"},
    {"rpc_size", "*_BUFSIZE", kSetting, "lustre_net.h: buffers of services"},
    {"rpc_size", "*_MAXRE*SIZE", kSetting, "lustre_net.h: buffers of services"},
    {"sec_flavor", "SPTLRPC_SUBFLVR_*", kSecurity, "lustre_sec.h"},
    {"sec_flavor", "SPTLRPC_POLICY_*", kSecurity, "lustre_sec.h"},
    {"sec_flavor", "SPTLRPC_MECH_*", kSecurity, "lustre_sec.h"},
    {"sec_flavor", "SPTLRPC_SVC_*", kSecurity, "lustre_sec.h"},
    {"sec_flavor", "SPTLRPC_BULK_*", kSecurity, "lustre_sec.h"},
    {"sec_flavor", "BULK_HASH_ALG_*", kUnspoken, "lustre_sec.h"},
    {"sec_flavor", "PTLRPC_SEC_FL_*", kUnspoken, "lustre_sec.h"},
    {"sec_flavor", "SPTLRPC_FLVR_DEFAULT", kMemory, "lustre_sec.h"},
    {"sec_flavor", "SPTLRPC_FLVR_INVALID", kMemory, "lustre_sec.h"},
    {"sec_flavor", "SPTLRPC_FLVR_ANY", kMemory, "lustre_sec.h"},
    {"sec_flavor", "SPTLRPC_MAX_PAYLOAD", kMemory, "lustre_sec.h"},
    {"socklnd", "KSOCK_PROTO_V1_M*", kSame, "LNET_PROTO_TCP_VERSION_*"},
    {"socklnd", "SOCKLND_CONN_ACK", kSame, "SOCKLND_CONN_BULK_IN"},
    {"socklnd", "SOCKLND_CONN_NTYPES", kEnd, "socklnd.h"},
    {"socklnd", "SOCKNAL_*", kSetting, "klnds/socklnd/socklnd.h"},
    {"svc", "*", kMemory, "lustre_idl.h: state of a service's thread"},
    {"volatile_later", "LUSTRE_VOLATILE_HDR_LEN",
     "the length of LUSTRE_VOLATILE_HDR, which is proven", "constants tables"},
    {"volatile_later", "LUSTRE_VOLATILE_IDX format", "a format of printf", "constants tables"},
};

// A star stands for any text.
bool covers(std::string_view pattern, std::string_view member) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == member;
  if (!member.starts_with(pattern.substr(0, star))) return false;
  member = member.substr(star);
  pattern = pattern.substr(star + 1);
  if (pattern.empty()) return true;
  for (size_t skipped = 0; skipped <= member.size(); ++skipped) {
    if (covers(pattern, member.substr(skipped))) return true;
  }
  return false;
}

}  // namespace

std::span<const LayoutException> layout_exceptions() { return kExceptions; }

const LayoutException* exception_of(std::string_view table, std::string_view owner,
                                    std::string_view member) {
  for (const LayoutException& exception : kExceptions) {
    if (!exception.table.empty() && exception.table != table) continue;
    if (exception.owner == owner && covers(exception.member, member)) return &exception;
  }
  return nullptr;
}

}  // namespace protocol
