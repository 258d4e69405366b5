// A record in one line, for people: when, who, what.
#pragma once

#include <map>
#include <string>

#include "harness/record/record.h"

namespace harness::record {

// Knows nodes by the starts that it has seen.
class RecordText {
 public:
  void see(const Record& record);
  std::string line(const Record& record) const;

 private:
  std::string name(NodeIndex node) const;
  std::string name(const PeerId& peer) const;

  std::map<NodeIndex, Node> nodes_;
};

// "executed", "lock_used": as reference/fact.h spells them.
std::string_view fact_name(Fact::Kind kind);
std::string_view call_name(Syscall::Kind kind);

}  // namespace harness::record
