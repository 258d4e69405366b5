// For toml++ 3.3, which asserts what a file can break ("[%"): TOML_ASSERT calls this instead.
#pragma once

struct TomlAssertion {};
template <class T>
constexpr void toml_assertion(const T& holds) {
  if (!static_cast<bool>(holds)) throw TomlAssertion();
}
