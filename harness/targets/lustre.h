// A target file: somebody's servers, and what their operator can have done to them.
//
//   name = "acme-2.1"
//   dialect = "2.0"
//   mgs = "10.0.0.1@tcp"            # or mdt = "…" and osts = ["…"], without an MGS
//   fsname = "acme"
//   [can]                            # a command per verb; {node} {target} {uuid} are filled in
//   crash = "ssh {node} …"
//   version = { "2.0" = "…", "1.8" = "…" }
//   [limits]
//   stripe_count = 4
//   [expect]                         # known failures, each with its issue
//   "open-replay.7" = "LU-1234"
//
// Design: architecture 4.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/world.h"

namespace harness {

struct TargetFile {
  std::string name;
  Dialect dialect = Dialect::v2_0;
  std::string fsname;
  std::optional<PeerId> mgs;
  std::optional<PeerId> mdt;
  std::vector<PeerId> osts;
  std::map<std::string, std::string> can;       // verb -> command
  std::map<std::string, std::string> versions;  // "1.8" -> command
  std::optional<uint32_t> stripe_count;
  std::map<std::string, std::string> expect;    // case -> issue
};

// What the text says, or what is wrong with it: "line 3, column 5: …".
std::expected<TargetFile, std::string> parse_target_file(std::string_view text);

// The command of a verb with {node} {target} {version} {uuid} filled in; none if the target cannot.
std::optional<std::string> command_for(const TargetFile& target, std::string_view verb,
                                       const std::map<std::string, std::string>& values);

}  // namespace harness
