// Entries and summaries of a capture for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/decode/entry.h"
#include "harness/decode/trace.h"

namespace harness {

// "#12 04:15:28.503205 127.0.0.1:46646 > 127.0.0.1:988  MDS_GETATTR request 2.0 xid 0x5 (resent)"
std::string headline(const Entry& entry);
// The fields, one a line, and what is unexplained with offset and length; indented.
std::string details(const Entry& entry);
// How many bytes are explained, how many not and why, and what the file did not have.
std::string to_text(const TraceSummary& summary);

nlohmann::ordered_json to_json(const Entry& entry);
nlohmann::ordered_json to_json(const TraceSummary& summary);

}  // namespace harness
