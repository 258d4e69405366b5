// What peers do to one server, as a list of steps with a form in bytes: any bytes are a script, so
// that a fuzzer without knowledge can write one; the text form is for files that people read.
//
// A step in bytes: kind (low four bits, modulo the kinds) and peer (high four), place, quirks; then
// for kinds that carry bytes their length in 16 bits, little-endian, and so many of them, or as
// many as there are.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"

namespace harness::fuzzing {

struct Step {
  enum class Kind : uint8_t {
    request,  // bytes: a ptlrpc request; place: the portal, 0 for the operation's own
    answer,   // bytes: a ptlrpc reply to the oldest request of the server's own
    bulk,     // bytes: what the oldest GET of the server fetches; or its oldest PUT is acknowledged
    lnet,     // bytes: a whole LNet message, sent as it is
    connect,  // a CONNECT that the server takes; bytes: connect flags to be asked for, 8 of them
    lost,     // the peer's connections are gone
    commit,   // place: transactions become durable, one more than that
    timer,    // place: which of the timers that are set fires; time passes to it
    restart,  // the server dies and starts again with what is durable
  };
  static constexpr uint32_t kKinds = 9;
  // For request: what is not put in for the sender.
  enum Quirk : uint8_t {
    own_handle = 1,    // pb_handle is sent as it is
    same_xid = 2,      // the xid of the request before
    own_conn_cnt = 4,  // pb_conn_cnt is sent as it is
    own_values = 8,    // references stay what they are
  };

  Kind kind = Kind::request;
  uint8_t peer = 0;  // modulo the peers there are
  uint8_t place = 0;
  uint8_t quirks = 0;
  std::vector<uint8_t> bytes = {};

  bool carries_bytes() const { return kind <= Kind::connect; }
  friend bool operator==(const Step&, const Step&) = default;
};

using Script = std::vector<Step>;

// No more steps are read than this.
inline constexpr size_t kStepsMax = 64;

Script parse_script(protocol::ByteView bytes);
void append_step(std::vector<uint8_t>& out, const Step& step);
std::vector<uint8_t> script_bytes(const Script& script);

// One line a step, "request peer 1 place 0 quirks 0: d30bd00b…"; lines that begin with # are for
// people. The error says which line is none.
std::string script_text(const Script& script);
std::expected<Script, std::string> parse_script_text(std::string_view text);

}  // namespace harness::fuzzing
