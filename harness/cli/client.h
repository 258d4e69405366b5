// The commands of `assay client`: each is a few calls of an application on a mounted file system.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/order.h"

namespace harness {

// What a call ended with, when it did not succeed: caught by the command line.
struct CallFailed {
  std::string what;    // "open /x"
  int32_t status = 0;  // negative errno
};
struct BadArguments {
  std::string why;
};

// A mounted file system.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Waits for the result; throws CallFailed.
  virtual reference::Result call(const reference::Syscall& call) = 0;
};

// What a command has to say, for people and for programs.
struct Output {
  std::string text;
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
};

struct ClientCommand {
  std::string_view name;
  std::string_view usage;  // of its arguments
  size_t arguments_min;
  size_t arguments_max;
  Output (*run)(FileSystem&, std::span<const std::string> arguments);
  std::string_view what;
};

std::span<const ClientCommand> client_commands();

}  // namespace harness
