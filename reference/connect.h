// Whether a CONNECT is accepted, and what both sides agree on. Pure: facts in, verdict out.
// The rules are the rows C1 to C25 of facts: semantics 1.2, in their order; C26 is Recovery's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/message.h"
#include "protocol/ptlrpc.h"
#include "reference/config.h"
#include "reference/journal.h"

namespace reference {

// The four buffers after the body. Both forms are understood: uuids in 40 bytes (1.8) or 39 (2.0),
// connect data longer than ours. The views point into the message.
struct ConnectRequest {
  std::string_view target_uuid;
  std::string_view client_uuid;
  uint64_t client_handle = 0;
  std::optional<protocol::ptlrpc::ObdConnectData> data;  // old clients send none
};

// None if a uuid or the handle is missing or malformed.
std::optional<ConnectRequest> unpack_connect(const protocol::Message& message);

// What the rules look at.
struct ConnectFacts {
  Dialect dialect = Dialect::v2_0;
  bool serving = true;          // C1: the target named is this one, and it runs
  bool holding = false;         // C2: the operator has it refuse connections
  bool well_formed = true;      // C3
  bool has_data = true;         // C3
  bool library_fits = true;     // C4: no LIBCLIENT, or a version near ours
  bool own_uuid = false;        // C5
  bool initial = false;         // op flag INITIAL
  bool from_mds = false;        // connect flag MDS
  bool known = false;           // an export with this uuid exists
  bool connected = false;       // and it has a connection
  bool delayed = false;         // C10: and it missed recovery
  bool knows_versions = true;   // C10: VBR was asked for
  bool other_nid = false;       // from another NID than now
  bool same_handle = false;     // and the client's handle is the one it had
  bool on_export = false;       // the request's pb_handle names that export
  uint32_t executing = 0;       // requests of the export that run, this one not counted
  bool recovering = false;      // the target is
  bool needs_fid = false;       // a 2.0 MDT, and FID was not asked for
  uint32_t conn_cnt = 0;        // of the request
  uint32_t known_conn_cnt = 0;  // of the export
};

struct ConnectVerdict {
  std::string_view row;  // which rule decided; empty if none objected
  int32_t status = 0;
  bool replace_export = false;  // C7: evict the export with this uuid, then ask again
  bool fail_export = false;     // C10: evict the export with this uuid, and refuse
  bool reconnect = false;       // C11, C19: a valid reconnect
  bool abort_active = false;    // C14: requests of the export that wait for bulk give up
};

ConnectVerdict decide_connect(const ConnectFacts& facts);

// ocd_version of the dialect: 1.8.9 or 2.0.0.
uint32_t server_version(Dialect dialect);
// Rule C4. Real servers take libraries within OBD_OCD_VERSION(0, 0, 1, 32) of themselves; ours
// stand for every release that speaks their dialect: 1.8 takes 1.8.x, 2.0 takes 2.x.
bool library_version_fits(Dialect dialect, uint32_t version);
// *_CONNECT_SUPPORTED (facts: constants-*.csv, connect_supported).
uint64_t supported_flags(Dialect dialect, TargetKind kind);

// What is granted of what was asked: never a flag that was not asked for. Grants of space are the
// OST's own business and are left 0.
protocol::ptlrpc::ObdConnectData negotiate(const Config& config, TargetKind kind,
                                           const protocol::ptlrpc::ObdConnectData& asked);

}  // namespace reference
