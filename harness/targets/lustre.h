// A target file: somebody's servers, and what their operator can have done to them.
//
//   name = "acme-2.1"
//   dialect = "2.0"
//   mgs = "10.0.0.1@tcp"             # or mdt = "…" and osts = ["…"], without an MGS
//   fsname = "acme"
//   port = 988                       # where all of them are dialled
//   clients = ["10.0.0.7@tcp", …]    # addresses of this machine, one a client of ours; without it
//                                    # they share one, as user-space clients do (lnet-socklnd 1)
//   timing = "lustre"                # what our clients wait: as Lustre's, or "short"
//   [can]                            # a shell command per verb, with these filled in:
//   crash = "ssh {node} …"           #   {node} the server's address, {target} acme-MDT0000
//   stop = "… umount …"            # a controlled failover: nothing is lost, clients are remembered
//   start = "ssh {node} …"
//   evict = "… {target} … {uuid}"    #   {uuid} the client's
//   abort_recovery = "…"             # who has not recovered by now is given up
//   replay_barrier = "…"             # from here to the crash nothing becomes durable
//   version = { "2.0" = "…", "1.8" = "…" }   # starts {target} as {version}
//   [limits]
//   som = true                       # Size-on-MDS is on, and clients are to ask for it
//   stripe_count = 4                 # the most OSTs that one file can lie on
//   patience_s = 600                 # how long recovery or a command may take
//   [expect]                         # known failures, each with its issue
//   "open-replay.7" = "LU-1234"
//
// Commands run in /bin/sh on this machine; any exit status but 0 is a failure of theirs.
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
  uint16_t port = 988;
  std::vector<PeerId> clients;
  reference::Timing timing;
  std::map<std::string, std::string> can;       // verb -> command
  std::map<std::string, std::string> versions;  // "1.8" -> command
  bool som = false;  // Size-on-MDS is on there
  std::optional<uint32_t> stripe_count;
  Time patience = 600 * reference::kSecond;
  std::map<std::string, std::string> expect;  // case -> issue
};

// What the text says, or what is wrong with it: "line 3, column 5: …".
std::expected<TargetFile, std::string> parse_target_file(std::string_view text);

// Likewise of a file.
std::expected<TargetFile, std::string> read_target_file(const std::string& path);

// The command of a verb with {node} {target} {version} {uuid} filled in; none if the target cannot.
std::optional<std::string> command_for(const TargetFile& target, std::string_view verb,
                                       const std::map<std::string, std::string>& values);

}  // namespace harness
