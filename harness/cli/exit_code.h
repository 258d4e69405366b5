// The exit status of every command: it tells wrong, undecided, broken and misused apart, and is
// never a count. Where several apply: fail before broken before inconclusive.
#pragma once

namespace harness {

enum class ExitCode {
  pass = 0,          // all passed, or unsupported, or failed as the target file expects
  fail = 1,          // the server is wrong
  inconclusive = 2,  // the run did not decide, or a bound was reached
  broken = 3,        // the harness or its environment failed, or the target cannot be reached
  usage = 64,        // bad usage or unreadable input
};

// The one that counts when both happened.
constexpr ExitCode worse(ExitCode a, ExitCode b) {
  const auto rank = [](ExitCode code) {
    switch (code) {
      case ExitCode::pass:
        return 0;
      case ExitCode::inconclusive:
        return 1;
      case ExitCode::broken:
        return 2;
      case ExitCode::fail:
        return 3;
      case ExitCode::usage:
        return 4;
    }
    return 4;
  };
  return rank(a) < rank(b) ? b : a;
}

}  // namespace harness
