// What a captured client's names are called here: learned from our servers' answers, place by place
// beside the answers that it got, and put into its later requests.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/lnet.h"
#include "protocol/message.h"
#include "suites/stock/names.h"
#include "suites/stock/session.h"

namespace suites {

// The buffers of a message, to be changed, and what they make.
struct Request {
  protocol::ptlrpc::PtlrpcBody body;
  protocol::ptlrpc::LustreMsgV2 header;
  uint32_t body_length = 0;
  std::vector<std::vector<uint8_t>> buffers;  // without ptlrpc_body

  explicit Request(const protocol::Message& message);
  protocol::Bytes finish() const;                                // the ptlrpc message alone
  protocol::Bytes finish(const protocol::lnet::LnetHdr& to) const;  // a whole LNet message
};

class Binding {
 public:
  // Names of the file system: what the captured client called it, and what it is called here.
  Binding(std::string_view captured_fsname, std::string_view fsname)
      : captured_fsname_(captured_fsname), fsname_(fsname) {}

  // Puts our names for the captured ones. Names that no answer of ours has given are left as they
  // are, and reported: "file {0x2, 0x1, 0x0}".
  std::vector<std::string> translate(const Exchange& exchange, Request& request) const;

  // Compares the captured answer with ours. Reported are names that were something else before.
  std::vector<std::string> learn(const Exchange& exchange, const protocol::Message& ours);

  // The index of the OST whose object the request is about.
  std::optional<uint32_t> ost_of(const Exchange& exchange) const;

  // What a captured name is here.
  std::optional<Name> find(Space space, const Name& captured) const;

 private:
  std::string bind(Space space, const Name& captured, const Name& ours);
  void rename(std::vector<uint8_t>& text, bool fixed_length) const;

  std::string captured_fsname_;
  std::string fsname_;
  std::map<std::pair<Space, Name>, Name> names_;
};

}  // namespace suites
