// A script against a running server, and what may not come of it (semantics 9.2, WIRE-1): the
// server dies, or stops answering others, or leaves a malformed request without an answer and the
// connection open.
//
// What it does not judge: what a request that is well formed does, and with which error a malformed
// one is answered.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "harness/fuzzing/script.h"
#include "harness/world.h"

namespace harness::fuzzing {

struct Finding {
  enum class Kind : uint8_t {
    died,        // the server ended by itself
    silent,      // a new client gets no answer any more
    unanswered,  // a malformed request got none, and its connection stayed
    broken,      // the world did not come up, or the harness itself failed
  };
  Kind kind = Kind::died;
  std::string what;  // for people: the request's operation and what is wrong with it
};
std::string_view finding_name(Finding::Kind kind);

// Runs the steps against a server of a fresh world. Steps that need the server's own machine or its
// operator (commit, timer, lost, restart) are passed over: time passes by itself.
std::optional<Finding> attack(World& world, ServerId server, const Script& script);

// Peers of an attack: what Step::peer is modulo of.
inline constexpr uint8_t kAttackers = 3;

}  // namespace harness::fuzzing
