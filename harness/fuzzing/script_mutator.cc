#include "harness/fuzzing/script_mutator.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "protocol/lnet.h"

namespace harness::fuzzing {

using protocol::Direction;
using protocol::MutationOperation;

namespace {

// The operations that a kind of server is asked for, by the beginnings of their names.
std::span<const std::string_view> families(Role role) {
  static constexpr std::array<std::string_view, 4> kMgs = {"MGS_", "LDLM_", "LLOG_", "OBD_"};
  static constexpr std::array<std::string_view, 6> kMds = {"MDS_",  "LDLM_", "OBD_",
                                                           "SEQ_",  "FLD_",  "LLOG_"};
  static constexpr std::array<std::string_view, 4> kOst = {"OST_", "LDLM_", "OBD_", "LLOG_"};
  switch (role) {
    case Role::mgs:
      return kMgs;
    case Role::mds:
      return kMds;
    case Role::ost:
      return kOst;
  }
  return {};
}

}  // namespace

ScriptMutator::ScriptMutator(faults::Random& random, Dialect dialect, Role role)
    : mutator_(random),
      dialect_(dialect == Dialect::v1_8 ? protocol::Dialect::v1_8 : protocol::Dialect::v2_0) {
  for (const MutationOperation& operation : protocol::mutation_operations(dialect_)) {
    const auto begins = [&](std::string_view family) {
      return operation.info->name.starts_with(family);
    };
    if (std::ranges::any_of(families(role), begins)) own_.push_back(&operation);
  }
}

Step ScriptMutator::make_request() {
  const auto all = protocol::mutation_operations(dialect_);
  const MutationOperation& operation =
      mutator_.chance(32) ? all[mutator_.draw(all.size())] : *own_[mutator_.draw(own_.size())];
  Step step{.kind = Step::Kind::request, .peer = static_cast<uint8_t>(mutator_.draw(2))};
  step.bytes = mutator_.make(operation, Direction::request);
  if (mutator_.chance(3)) mangle(step);
  return step;
}

Step ScriptMutator::make_step() {
  const auto small = [&](size_t bound) { return static_cast<uint8_t>(mutator_.draw(bound)); };
  switch (mutator_.draw(16)) {
    case 0:
      return {.kind = Step::Kind::commit, .place = small(8)};
    case 1:
      return {.kind = Step::Kind::timer, .place = small(16)};
    case 2:
      return {.kind = Step::Kind::bulk, .peer = small(3)};
    case 3: {
      const auto all = protocol::mutation_operations(dialect_);
      Step step{.kind = Step::Kind::answer, .peer = small(8)};
      step.bytes = mutator_.make(all[mutator_.draw(all.size())], Direction::reply);
      return step;
    }
    case 4:
      switch (mutator_.draw(4)) {
        case 0:
          return {.kind = Step::Kind::restart};
        case 1:
          return {.kind = Step::Kind::lost, .peer = small(8)};
        default:
          return {.kind = Step::Kind::connect, .peer = small(4), .place = small(2)};
      }
    case 5: {
      Step step{.kind = Step::Kind::lnet, .peer = small(4)};
      step.bytes.assign(sizeof(protocol::lnet::LnetHdr), 0);
      const auto structs = protocol::mutation_structs();
      const auto header = std::ranges::find(structs, &protocol::lnet::LnetHdr::kInfo,
                                            &protocol::MutationStruct::info);
      for (int i = 0; i < 6; ++i) {
        mutator_.mangle_struct(*header, step.bytes, protocol::ByteOrder::little);
      }
      return step;
    }
    default:
      return make_request();
  }
}

void ScriptMutator::mangle(Step& step) {
  switch (step.kind) {
    case Step::Kind::request:
      if (mutator_.chance(16)) {
        step.quirks = static_cast<uint8_t>(mutator_.draw(16));
      } else if (mutator_.chance(24)) {
        step.place = static_cast<uint8_t>(mutator_.draw(40));
      }
      return mutator_.mangle(dialect_, step.bytes, Direction::request);
    case Step::Kind::answer:
      return mutator_.mangle(dialect_, step.bytes, Direction::reply);
    case Step::Kind::bulk:
    case Step::Kind::lnet:
      return mutator_.mangle_bytes(step.bytes);
    case Step::Kind::connect:
      step.bytes.resize(sizeof(uint64_t));
      return mutator_.mangle_bytes(step.bytes);
    case Step::Kind::lost:
    case Step::Kind::commit:
    case Step::Kind::timer:
    case Step::Kind::restart:
      step.place = static_cast<uint8_t>(mutator_.draw(256));
  }
}

void ScriptMutator::mutate(Script& script) {
  if (script.empty() || (script.size() < kStepsMax && mutator_.chance(4))) {
    const auto at = static_cast<std::ptrdiff_t>(mutator_.draw(script.size() + 1));
    script.insert(script.begin() + at, make_step());
    return;
  }
  const size_t at = mutator_.draw(script.size());
  switch (mutator_.draw(12)) {
    case 0:
      script.erase(script.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    case 1:
      std::swap(script[at], script[mutator_.draw(script.size())]);
      return;
    case 2: {  // said again, as the same request or as another
      if (script.size() == kStepsMax) return;
      Step again = script[at];
      if (mutator_.chance(2)) again.quirks ^= Step::same_xid;
      script.insert(script.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(again));
      return;
    }
    case 3:
      script[at].peer = static_cast<uint8_t>(mutator_.draw(8));
      return;
    case 4:
      script[at] = make_step();
      return;
    default:
      mangle(script[at]);
  }
}

Script ScriptMutator::cross(const Script& one, const Script& other) {
  const size_t first = mutator_.draw(one.size() + 1);
  const size_t second = mutator_.draw(other.size() + 1);
  Script out(one.begin(), one.begin() + static_cast<std::ptrdiff_t>(first));
  out.insert(out.end(), other.begin() + static_cast<std::ptrdiff_t>(second), other.end());
  if (out.size() > kStepsMax) out.resize(kStepsMax);
  return out;
}

}  // namespace harness::fuzzing
