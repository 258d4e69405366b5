# LNet over TCP: what a connection carries below ptlrpc. Acceptor request, HELLO, socklnd message
# header, LNet header.
#
# Facts: lnet-socklnd, sections 1 to 4 and 6. The same in 1.8 and 2.0.
@0xa919bec4485a2485;

using import "wire.capnp".lustre;
using import "wire.capnp".size;
using import "wire.capnp".headOnly;
using import "wire.capnp".packed;
using import "wire.capnp".count;
using import "wire.capnp".trailing;
using import "wire.capnp".opaque;
using import "wire.capnp".littleEndian;
using import "wire.capnp".overlay;
using import "wire.capnp".values;
using import "wire.capnp".hex;
using import "wire.capnp".valueSet;
using import "wire.capnp".value;

# --- opening a connection ---

struct LnetAcceptorConnreq $lustre("lnet_acceptor_connreq_t") $size(16) {
  # The first 16 bytes on every TCP connection, from the side that connected, in its own byte order
  # (the magic tells). Nothing is sent back unless the version is unknown. Facts: lnet-socklnd 2.1.
  magic @0 :UInt32 $lustre("acr_magic") $values("AcceptorMagic") $hex;
  version @1 :UInt32 $lustre("acr_version") $values("AcceptorVersion");
  nid @2 :UInt64 $lustre("acr_nid") $hex;
  # The NID that the sender wants to reach; another one closes the connection.
}

struct KsockHello $lustre("ksock_hello_msg_t") $size(56) {
  # HELLO of protocol versions 2 and 3: one from each side, in its own byte order, before any
  # message. The passive side answers with the addresses exchanged and its own view of the type.
  # Version 1 sends an LnetHdr instead (LnetHello). Facts: lnet-socklnd 2.2.
  magic @0 :UInt32 $lustre("kshm_magic") $values("ProtoMagic") $hex;
  version @1 :UInt32 $lustre("kshm_version") $values("KsockVersion");
  srcNid @2 :UInt64 $lustre("kshm_src_nid") $hex;
  dstNid @3 :UInt64 $lustre("kshm_dst_nid") $hex;
  srcPid @4 :UInt32 $lustre("kshm_src_pid");
  dstPid @5 :UInt32 $lustre("kshm_dst_pid");  # Unused.
  srcIncarnation @6 :UInt64 $lustre("kshm_src_incarnation") $hex;
  # The same on all connections of one boot; a new value makes the peer drop the old ones.
  dstIncarnation @7 :UInt64 $lustre("kshm_dst_incarnation") $hex;  # Unused.
  ctype @8 :UInt32 $lustre("kshm_ctype") $values("ConnType");
  # The sender's view of the connection; none refuses it.
  nips @9 :UInt32 $lustre("kshm_nips");
  # Number of interface addresses that follow, 0 to 16; 0 unless there are two or more.
  ips @10 :List(UInt32) $lustre("kshm_ips") $trailing;  # IPv4 addresses.
}

enum AcceptorMagic $lustre("acceptor") $valueSet(32) {
  # First word of an acceptor request.
  acceptor @0 $lustre("LNET_PROTO_ACCEPTOR_MAGIC") $value(0xacce7100);
}

enum AcceptorVersion $lustre("acceptor") $valueSet(32) {
  # Version of the acceptor request.
  v1 @0 $lustre("LNET_PROTO_ACCEPTOR_VERSION") $value(1);
}

enum ProtoMagic $lustre("lnet") $valueSet(32) {
  # First word of a HELLO.
  lnet @0 $lustre("LNET_PROTO_MAGIC") $value(0x45726963);  # Versions 2 and 3.
  tcp @1 $lustre("LNET_PROTO_TCP_MAGIC") $value(0xeebc0ded);  # Version 1, in the place of dest_nid.
}

enum KsockVersion $lustre("socklnd") $valueSet(32) {
  # Socklnd protocol version. Connectors try 3 first.
  v1 @0 $lustre("KSOCK_PROTO_V1") $value(1);
  v2 @1 $lustre("KSOCK_PROTO_V2") $value(2);
  v3 @2 $lustre("KSOCK_PROTO_V3") $value(3);
}

enum ConnType $lustre("socklnd") $valueSet(32) {
  # Connection type as its sender sees it: the peer's bulkIn is our bulkOut. Facts: lnet-socklnd 6.
  any @0 $lustre("SOCKLND_CONN_ANY") $value(0);  # Untyped; only with versions 1 and 2.
  control @1 $lustre("SOCKLND_CONN_CONTROL") $value(1);
  # Messages of less than 1024 bytes, headers included.
  bulkIn @2 $lustre("SOCKLND_CONN_BULK_IN") $value(2);
  # Version 3 sends acknowledgements and keepalives here, nothing else.
  bulkOut @3 $lustre("SOCKLND_CONN_BULK_OUT") $value(3);  # The larger messages.
  none @4 $lustre("SOCKLND_CONN_NONE") $value(0xffffffff);
}

enum NetType $lustre("lnet") $valueSet(16) {
  # Kind of a network: the upper half of the upper half of a NID. The rest is its number and the
  # IPv4 address.
  qsw @0 $lustre("QSWLND") $value(1);
  tcp @1 $lustre("SOCKLND") $value(2);
  gm @2 $lustre("GMLND") $value(3);
  ptl @3 $lustre("PTLLND") $value(4);
  o2ib @4 $lustre("O2IBLND") $value(5);
  openib @5 $lustre("OPENIBLND") $value(7);
  iib @6 $lustre("IIBLND") $value(8);
  loopback @7 $lustre("LOLND") $value(9);
  ra @8 $lustre("RALND") $value(10);
  vib @9 $lustre("VIBLND") $value(11);
  mx @10 $lustre("MXLND") $value(12);
  gni @11 $lustre("GNILND") $value(13);  # Only 1.8.
}

enum LnetPid $lustre("lnet") $valueSet(32) {
  # Process ids in LNet.
  lustre @0 $lustre("LUSTRE_SRV_LNET_PID") $value(12345);  # Kernel peers, and servers.
  userFlag @1 $lustre("LNET_PID_USERFLAG") $value(0x80000000);
  # Marks the pid of a user-space peer.
  reserved @2 $lustre("LNET_PID_RESERVED") $value(0xf0000000);
  any @3 $lustre("LNET_PID_ANY") $value(0xffffffff);
  lustreClient @4 $lustre("LUSTRE_LNET_PID") $value(12345);
}

enum NidValue $lustre("lnet") $valueSet(64) {
  # A NID that is none, the match bits of a ping, and the cookies of a handle that is none.
  any @0 $lustre("LNET_NID_ANY") $value(0xffffffffffffffff);
  cookieNone @1 $lustre("LNET_WIRE_HANDLE_COOKIE_NONE") $value(0xffffffffffffffff);  # Only 2.0.
  pingMatchBits @2 $lustre("LNET_PROTO_PING_MATCHBITS") $value(0x8000000000000000);
}

enum TcpVersion $lustre("lnet") $valueSet(16) {
  # Version of an LnetMagicversion.
  major @0 $lustre("LNET_PROTO_TCP_VERSION_MAJOR") $value(1);
  minor @1 $lustre("LNET_PROTO_TCP_VERSION_MINOR") $value(0);
}

enum PingVersion $lustre("lnet") $valueSet(32) {
  # Of an LNet ping's answer, where later versions have bits.
  v1 @0 $lustre("LNET_PROTO_PING_VERSION1") $value(1);
  v2 @1 $lustre("LNET_PROTO_PING_VERSION") $value(2);
}

enum LnetLimit $lustre("lnet") $valueSet(32) {
  # Most interfaces of a HELLO, most bytes of a payload.
  maxInterfaces @0 $lustre("LNET_MAX_INTERFACES") $value(16);
  mtu @1 $lustre("LNET_MTU") $value(0x100000);
}

enum AcceptorPort $lustre("acceptor") $valueSet(16) {
  # TCP port of servers.
  accept @0 $lustre("accept_port") $value(988);
}

enum SocklndSize $lustre("socklnd") $valueSet(32) {
  # Bytes of a message without payload, by its type, and from which size bulk connections and
  # acknowledged payloads are used.
  noop @0 $lustre("ksock_msg NOOP bytes on wire") $value(24);
  lnet @1 $lustre("ksock_msg LNET header bytes on wire") $value(96);
  minBulk @2 $lustre("min_bulk") $value(1024);
  zcMinPayload @3 $lustre("zero-copy threshold zc_min_payload") $value(16384);
}

# --- messages ---

struct KsockMsgHeader $lustre("ksock_msg_t") $size(24) {
  # What precedes each LnetHdr (and stands alone in a NOOP) in versions 2 and 3, in the sender's
  # byte order. There is no length: the LnetHdr has it. Facts: lnet-socklnd 3.
  type @0 :UInt32 $lustre("ksm_type") $values("KsockMsgType") $hex;
  csum @1 :UInt32 $lustre("ksm_csum") $hex;
  # CRC-32 of the whole message with this field 0; 0 is none, and the only right value in version 3.
  zcCookies @2 :List(UInt64) $lustre("ksm_zc_cookies") $count(2);
  # In an LNET message: [0] asks for an acknowledgement after the payload, [1] carries one. In a
  # NOOP: the acknowledged cookie [1], both, or from [0] to [1]; 0, 1 is the keepalive.
}

enum KsockMsgType $lustre("socklnd") $valueSet(32) {
  # What follows the KsockMsgHeader.
  noop @0 $lustre("KSOCK_MSG_NOOP") $value(192);
  lnet @1 $lustre("KSOCK_MSG_LNET") $value(193);
}

struct KsockLnetMsg $lustre("ksock_lnet_msg_t") $size(72) $littleEndian {
  # What follows the header of a KSOCK_MSG_LNET: a whole LNet message.
  hdr @0 :LnetHdr $lustre("ksnm_hdr");
  payload @1 :Data $lustre("ksnm_payload") $trailing;
}

struct KsockMsg $lustre("ksock_msg_t") $size(96) {
  # The two together, as Lustre declares them. A NOOP ends after the header.
  type @0 :UInt32 $lustre("ksm_type") $values("KsockMsgType") $hex;
  csum @1 :UInt32 $lustre("ksm_csum") $hex;
  zcCookies @2 :List(UInt64) $lustre("ksm_zc_cookies") $count(2);
  content @3 :KsockLnetMsg $lustre("ksm_u") $headOnly $overlay(["KsockLnetMsg"]);
}

struct LnetProcessIdPacked $lustre("lnet_process_id_packed_t") $size(12) $packed {
  # A process, where two travel side by side.
  nid @0 :UInt64 $lustre("nid") $hex;
  pid @1 :UInt32 $lustre("pid");
}

struct LnetHandleWire $lustre("lnet_handle_wire_t") $size(16) $opaque {
  # A handle on a memory descriptor of the peer that made it; others copy it back bit for bit. All
  # ones is none.
  interfaceCookie @0 :UInt64 $lustre("wh_interface_cookie") $hex;
  objectCookie @1 :UInt64 $lustre("wh_object_cookie") $hex;
}

struct LnetHdr $lustre("lnet_hdr_t") $size(72) $littleEndian {
  # Header of every LNet message, payload after it. Little-endian whoever sends it. In HELLO version
  # 1 the first eight bytes are an LnetMagicversion. Facts: lnet-socklnd 4.
  destNid @0 :UInt64 $lustre("dest_nid") $hex;
  srcNid @1 :UInt64 $lustre("src_nid") $hex;
  destPid @2 :UInt32 $lustre("dest_pid");
  srcPid @3 :UInt32 $lustre("src_pid");
  type @4 :UInt32 $lustre("type") $values("LnetMsgType");
  payloadLength @5 :UInt32 $lustre("payload_length");  # Bytes; 0 in ACK and GET.
  msg @6 :LnetPut $lustre("msg")
      $overlay(["LnetAck", "LnetPut", "LnetGet", "LnetReply", "LnetHello"]);
  # By type; what a shorter one leaves of the 40 bytes is 0.
}

enum LnetMsgType $lustre("lnet_msg") $valueSet(32) {
  # Kind of an LNet message.
  ack @0 $lustre("LNET_MSG_ACK") $value(0);
  put @1 $lustre("LNET_MSG_PUT") $value(1);
  get @2 $lustre("LNET_MSG_GET") $value(2);
  reply @3 $lustre("LNET_MSG_REPLY") $value(3);
  hello @4 $lustre("LNET_MSG_HELLO") $value(4);  # Only in a version 1 handshake.
}

struct LnetAck $lustre("lnet_ack_t") $size(28) $packed $littleEndian {
  # Tells the sender of a PUT, who asked for it, that the payload was accepted.
  dstWmd @0 :LnetHandleWire $lustre("dst_wmd");  # The PUT's ack_wmd.
  matchBits @1 :UInt64 $lustre("match_bits") $hex;  # Informational.
  mlength @2 :UInt32 $lustre("mlength");  # Bytes accepted.
}

struct LnetPut $lustre("lnet_put_t") $size(40) $littleEndian {
  # Payload for a posted buffer of the peer: requests, replies, bulk reads.
  ackWmd @0 :LnetHandleWire $lustre("ack_wmd");  # All ones: no ACK wanted.
  matchBits @1 :UInt64 $lustre("match_bits") $hex;  # The xid of the request concerned.
  hdrData @2 :UInt64 $lustre("hdr_data") $hex $opaque;  # Unused by ptlrpc; never swapped.
  ptlIndex @3 :UInt32 $lustre("ptl_index") $values("ptlrpc.Portal");
  offset @4 :UInt32 $lustre("offset");
  # Where in the posted buffer, in bytes; not 0 for a reply behind the place of early replies.
}

struct LnetGet $lustre("lnet_get_t") $size(36) $packed $littleEndian {
  # Asks for the content of a posted buffer, as the server does in a bulk write.
  returnWmd @0 :LnetHandleWire $lustre("return_wmd");  # Comes back in the REPLY.
  matchBits @1 :UInt64 $lustre("match_bits") $hex;
  ptlIndex @2 :UInt32 $lustre("ptl_index") $values("ptlrpc.Portal");
  srcOffset @3 :UInt32 $lustre("src_offset");  # Bytes.
  sinkLength @4 :UInt32 $lustre("sink_length");  # Bytes wanted.
}

struct LnetReply $lustre("lnet_reply_t") $size(16) $littleEndian {
  # Answers a GET; the data is its payload.
  dstWmd @0 :LnetHandleWire $lustre("dst_wmd");  # The GET's return_wmd.
}

struct LnetHello $lustre("lnet_hello_t") $size(12) $packed $littleEndian {
  # HELLO of protocol version 1, in an LnetHdr. Facts: lnet-socklnd 2.3.
  incarnation @0 :UInt64 $lustre("incarnation") $hex;
  type @1 :UInt32 $lustre("type") $values("ConnType");
}

struct LnetMagicversion $lustre("lnet_magicversion_t") $size(8) $littleEndian {
  # Lies over dest_nid in HELLO version 1.
  magic @0 :UInt32 $lustre("magic") $values("ProtoMagic") $hex;
  versionMajor @1 :UInt16 $lustre("version_major");  # 1.
  versionMinor @2 :UInt16 $lustre("version_minor");  # 0.
}

struct LnetPingInfo $lustre("lnet_ping_info") $size(16) {
  # What a node answers to an LNet ping (a GET of portal 0 with match bits 1 << 63), and what later
  # versions PUT there to announce themselves. In the sender's byte order. Facts: wire-2.15.csv,
  # captures/lustre-2.x; 1.8 and 2.0 have a version, 2, where later ones have bits.
  magic @0 :UInt32 $lustre("pi_magic") $values("PingMagic") $hex;
  features @1 :UInt32 $lustre("pi_features") $hex;
  pid @2 :UInt32 $lustre("pi_pid");
  nnis @3 :UInt32 $lustre("pi_nnis");  # Number of interfaces that follow.
  ni @4 :List(LnetNiStatus) $lustre("pi_ni") $trailing;
}

struct LnetNiStatus $lustre("lnet_ni_status") $size(16) {
  # One network interface of the node that answers a ping; its loopback comes first.
  nid @0 :UInt64 $lustre("ns_nid") $hex;
  status @1 :UInt32 $lustre("ns_status") $values("NiStatus") $hex;
  unused @2 :UInt32 $lustre("ns_unused");
}

enum PingMagic $lustre("lnet") $valueSet(32) {
  # First word of an LNet ping's answer.
  ping @0 $lustre("LNET_PROTO_PING_MAGIC") $value(0x70696e67);
}

enum NiStatus $lustre("lnet") $valueSet(32) {
  # State of an interface.
  invalid @0 $lustre("LNET_NI_STATUS_INVALID") $value(0);
  up @1 $lustre("LNET_NI_STATUS_UP") $value(0x15aac0de);
  down @2 $lustre("LNET_NI_STATUS_DOWN") $value(0xdeadface);
}
