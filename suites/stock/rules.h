// What a stock client demands of an answer; where a server deviates these clients assert, hang or
// fail the call. Every rule names the client's own check or the format behind it.
//
// Facts: stock-clients "Connection", "Operations"; rpc-formats "Notation" and its tables. Rules
// marked (source) were read in the clients' code: mdc_enqueue, mdc_intent_lock, llu_iget and
// readlink of liblustre, osc's bulk completion, ldlm_cli_enqueue.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/lnet_message.h"
#include "protocol/mds_1_8.h"
#include "protocol/message.h"
#include "suites/stock/binding.h"
#include "suites/stock/session.h"

namespace suites {

// What our server answered to a captured request.
struct Given {
  protocol::LnetMessage reply;
  protocol::Message answer;               // the reply's payload
  std::optional<protocol::Bytes> taken = {};  // bulk that it PUT
  bool gotten = false;                    // it fetched the request's bulk
};

// Reads an answer as the operation's format says, whatever was left out of it.
class AnswerReader {
 public:
  AnswerReader(const protocol::OperationInfo& operation, const protocol::Message& answer);

  // The buffer of that name in the format; none if the answer does not have it.
  std::optional<protocol::ByteView> buffer(std::string_view name) const;
  template <protocol::WireStruct T>
  std::optional<T> value(std::string_view name) const {
    const auto bytes = buffer(name);
    if (!bytes || bytes->size() < T::kSize) return std::nullopt;
    return *protocol::decode<T>(*bytes);
  }
  // The metadata body, of which both dialects' forms begin alike.
  std::optional<protocol::mds_1_8::MdsBody> body() const;

 private:
  const protocol::OperationInfo& operation_;
  std::vector<std::optional<protocol::ByteView>> places_;
};

// Whether the operation is an open, a lookup or a getattr by intent.
bool is_intent(const protocol::OperationInfo& operation);

// Everything that this client could not live with, a line each. `asked` is the request as we sent
// it.
std::vector<std::string> unacceptable(const Exchange& exchange, const Request& asked,
                                      const Given& given);

// What the answer says otherwise than the captured one, of what follows from the client's own
// operations: statuses, kinds of file, sizes, contents (same.cc).
std::vector<std::string> otherwise(const Exchange& exchange, const Given& given);

}  // namespace suites
