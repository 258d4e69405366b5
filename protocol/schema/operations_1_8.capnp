# Every RPC of the 1.8 dialect: number, portals, version, and the buffers of request and reply in
# their order, ptlrpc_body apart. Facts: rpc-formats.
@0x8293932b962a5d90;

using Ptlrpc = import "ptlrpc.capnp";
using import "wire.capnp".operation;
using import "wire.capnp".count;

# --- connection and ping (facts: rpc-formats) ---

struct MdsConnect
    $operation(opcode = 38, name = "MDS_CONNECT", requestPortal = 12, replyPortal = 10,
               version = 0x10003) {
  struct Request {
    targetUuid @0 :Text $count(40);
    clientUuid @1 :Text $count(40);
    clientHandle @2 :Ptlrpc.LustreHandle;  # What the server names in callbacks.
    connectData @3 :Ptlrpc.ObdConnectData;
  }
  struct Reply {
    connectData @0 :Ptlrpc.ObdConnectData;
  }
}

struct MdsDisconnect
    $operation(opcode = 39, name = "MDS_DISCONNECT", requestPortal = 12, replyPortal = 10,
               version = 0x10003) {
  struct Request {}
  struct Reply {}
}

struct OstConnect
    $operation(opcode = 8, name = "OST_CONNECT", requestPortal = 28, replyPortal = 4,
               version = 0x10003) {
  struct Request {
    targetUuid @0 :Text $count(40);
    clientUuid @1 :Text $count(40);
    clientHandle @2 :Ptlrpc.LustreHandle;  # What the server names in callbacks.
    connectData @3 :Ptlrpc.ObdConnectData;
  }
  struct Reply {
    connectData @0 :Ptlrpc.ObdConnectData;
  }
}

struct OstDisconnect
    $operation(opcode = 9, name = "OST_DISCONNECT", requestPortal = 28, replyPortal = 4,
               version = 0x10003) {
  struct Request {}
  struct Reply {}
}

struct MgsConnect
    $operation(opcode = 250, name = "MGS_CONNECT", requestPortal = 26, replyPortal = 25,
               version = 0x10003) {
  struct Request {
    targetUuid @0 :Text $count(40);
    clientUuid @1 :Text $count(40);
    clientHandle @2 :Ptlrpc.LustreHandle;  # What the server names in callbacks.
    connectData @3 :Ptlrpc.ObdConnectData;
  }
  struct Reply {
    connectData @0 :Ptlrpc.ObdConnectData;
  }
}

struct MgsDisconnect
    $operation(opcode = 251, name = "MGS_DISCONNECT", requestPortal = 26, replyPortal = 25,
               version = 0x10003) {
  struct Request {}
  struct Reply {}
}

struct ObdPing
    $operation(opcode = 400, name = "OBD_PING", requestPortal = 0, replyPortal = 0,
               version = 0x10003) {
  # To any target. At the end of recovery its pb_flags say that nothing is left to replay.
  struct Request {}
  struct Reply {}
}
