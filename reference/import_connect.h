// The requests that an import makes for itself, CONNECT, DISCONNECT and PING, in each dialect and
// to each kind of target (facts: rpc-formats "Connection and ping").
#pragma once

#include "reference/import.h"

namespace reference {

// A CONNECT with these op flags. Its handle and conn_cnt are filled in when it is sent.
OutgoingRequest connect_message(Dialect dialect, const ImportSetup& setup, uint64_t client_cookie,
                                const protocol::ptlrpc::ObdConnectData& data, uint32_t op_flags);
OutgoingRequest disconnect_message(ImportSetup::Kind kind);
OutgoingRequest ping_message();

}  // namespace reference
