// Rules in the order they were added, and how often each has struck: what becomes of one message.
#pragma once

#include <vector>

#include "faults/rule.h"

namespace faults {

class Injector {
 public:
  size_t add(const Rule& rule);

  // The verdict on a whole LNet message. Messages that are no ptlrpc request or reply (bulk, acks,
  // early replies, what does not parse) pass.
  Verdict judge(reference::PeerId from, reference::PeerId to, const protocol::Bytes& message);

  // How many messages the rule has struck.
  uint32_t struck(size_t rule) const;

  void state(auto&& visit) const { visit(armed_); }

 private:
  struct Armed {
    Rule rule;
    uint32_t seen = 0;  // messages that matched
    void state(auto&& visit) const { visit(rule, seen); }
  };
  std::vector<Armed> armed_;
};

}  // namespace faults
