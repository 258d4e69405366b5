#include "protocol/check.h"

#include <cstdio>
#include <cstdlib>

namespace protocol {
namespace {
CheckHook the_hook = nullptr;
}

void set_check_hook(CheckHook hook) { the_hook = hook; }

void check_failed(const char* condition, const char* file, int line, std::string_view why) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s %.*s\n", file, line, condition,
               static_cast<int>(why.size()), why.data());
  if (const CheckHook hook = the_hook; hook != nullptr) {
    the_hook = nullptr;
    hook();
  }
  std::abort();
}

}  // namespace protocol
