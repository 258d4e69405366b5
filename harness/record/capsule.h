// A capsule: a failure that can be run again. It holds the whole scenario (scripts included, so
// that tables may change), the dialect, every decision of the schedule as text and what each step
// showed, so that a replay stops at the first difference. The history is what the replay makes.
//
// Errors of reading are texts for people: not a capsule, truncated, of a newer version, nonsense
// in a field. Nothing of a file is trusted.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "protocol/bytes.h"
#include "reference/config.h"
#include "reference/order.h"

namespace harness::record {

struct Capsule {
  static constexpr uint64_t kVersion = 1;
  static constexpr size_t kBytesMax = 256u << 20;  // of a file
  static constexpr size_t kStepsMax = 1'000'000;

  struct Call {
    reference::Syscall call;
    uint8_t slot = 0;
    bool beside = false;
  };
  struct Client {
    std::vector<Call> prepared;
    std::vector<Call> calls;
    bool begun = false;
    bool unhurried = false;
    bool last = false;
  };
  struct Step {
    std::string decision;
    uint64_t shown = 0;
    bool operator==(const Step&) const = default;
  };

  std::string title;
  std::string property;
  std::string what;
  std::string build_id;
  std::string scenario;  // its name
  reference::Dialect dialect = reference::Dialect::v2_0;
  uint32_t osts = 1;
  uint64_t seed = 0;
  std::vector<std::string> defects;
  reference::Timing timing;
  reference::Time patience = 0;
  std::vector<Client> clients;
  std::vector<std::pair<std::string, uint8_t>> budget;  // fault, count
  bool prompt = false;
  bool prompt_osts = false;
  std::vector<uint32_t> slow_opcodes;
  bool som = false;
  std::vector<std::string> som_policies;
  bool som_from_restart = false;
  bool crash_loses = false;
  std::vector<Step> steps;
};

std::vector<uint8_t> write_capsule(const Capsule& capsule);
std::expected<Capsule, std::string> read_capsule(protocol::ByteView file);

}  // namespace harness::record
