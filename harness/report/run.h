// What a report is drawn from: the records of one run, and who was in it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/record/record.h"

namespace harness::report {

struct Run {
  std::string title;    // "REPLAY-1: mkdir, crash"
  std::string verdict;  // what was violated, one sentence; empty when nothing was
  record::Dialect dialect = record::Dialect::v2_0;
  std::vector<record::Node> nodes;
  std::span<const record::Record> records;
  size_t first = 0;               // those before it prepared the scene and are left out
  std::vector<uint64_t> witness;  // indices of the records that explain the verdict
};

// One line for people: "MDS_REINT x5 RESENT", "reply MDS_REINT x5 t17 = -17".
std::string message_text(record::Dialect dialect, const record::Envelope& envelope);
// "executed t17", "evicted"; empty for what says nothing in a picture.
std::string fact_text(const record::Fact& fact);
// "mkdir /d", "write 7 bytes at 0".
std::string call_text(const record::Syscall& call);
std::string time_text(record::Time time);  // "1.250 s"

}  // namespace harness::report
