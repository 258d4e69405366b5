// What a real client did, from a capture of it: its requests in order, each with the bulk that
// moved and the reply it was given. One connection to a single address that played MGS, MDS and
// OST. testdata/README.md says where the captures come from.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"

namespace suites {

// One RPC of the client.
struct Exchange {
  uint32_t number = 0;  // from 1, in the order of requests
  protocol::LnetMessage request;
  protocol::Message message;                            // the request's payload
  const protocol::OperationInfo* operation = nullptr;  // what it asks for
  std::optional<protocol::Bytes> given = {};           // bulk that the client gave to a GET
  std::optional<protocol::Bytes> taken = {};           // bulk that the client was PUT
  protocol::LnetMessage reply = {};
  protocol::Message answer = {};  // the reply's payload

  uint64_t xid() const;
};

struct Session {
  protocol::Dialect dialect = protocol::Dialect::v2_0;
  std::vector<Exchange> exchanges;
  protocol::Bytes hello;  // what the client sent first: acceptor request and HELLO, as they were
};

// The error is one line: what of the file is not as a whole session must be.
std::expected<Session, std::string> read_session(const std::string& path,
                                                 protocol::Dialect dialect);

// The session of that dialect's user-space client, of those in testdata/.
std::expected<Session, std::string> read_stock_session(protocol::Dialect dialect);

}  // namespace suites
