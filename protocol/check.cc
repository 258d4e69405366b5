#include "protocol/check.h"

#include <cstdio>
#include <cstdlib>

namespace protocol {
namespace {
CheckHook the_hook = nullptr;
thread_local int traps = 0;
}  // namespace

CheckTrap::CheckTrap() { ++traps; }
CheckTrap::~CheckTrap() { --traps; }

void set_check_hook(CheckHook hook) { the_hook = hook; }

void check_failed(const char* condition, const char* file, int line, std::string_view why) {
  if (traps > 0) {
    std::string what = std::string(file) + ":" + std::to_string(line) + ": " + condition;
    if (!why.empty()) what.append(" (").append(why).append(")");
    throw CheckFailed{std::move(what)};
  }
  std::fprintf(stderr, "%s:%d: CHECK failed: %s %.*s\n", file, line, condition,
               static_cast<int>(why.size()), why.data());
  if (const CheckHook hook = the_hook; hook != nullptr) {
    the_hook = nullptr;
    hook();
  }
  std::abort();
}

}  // namespace protocol
