// CHECK: for our own mistakes, on in every build. It aborts; nobody catches it to carry on, so no
// bug passes for a protocol error (errors of a peer are std::expected<T, WireError>, bytes.h).
// A harness that wants its seed and history printed on the way out sets the hook.
#pragma once

#include <string>
#include <string_view>

namespace protocol {

// Called once by a failing CHECK after the message was printed and before abort(). May be null.
using CheckHook = void (*)();
void set_check_hook(CheckHook hook);

// While one lives, a failing CHECK of its thread throws CheckFailed instead. For an exploration, to
// which it is a finding about a copied machine that it throws away: nobody carries on with it.
struct CheckFailed {
  std::string what;  // file, line, condition, why
};
class CheckTrap {
 public:
  CheckTrap();
  ~CheckTrap();
  CheckTrap(const CheckTrap&) = delete;
  CheckTrap& operator=(const CheckTrap&) = delete;
};

[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               std::string_view why);

}  // namespace protocol

#include "protocol/check_macro.inc"
