// Runs a command of a target file in the shell, while the loop goes on.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <string>

namespace harness::live {

class ShellCommand {
 public:
  // Starts `/bin/sh -c command`, with nothing to read and its own process group.
  ShellCommand(boost::asio::io_context& loop, const std::string& command);
  ~ShellCommand();  // kills the group, if it has not ended
  ShellCommand(const ShellCommand&) = delete;
  ShellCommand& operator=(const ShellCommand&) = delete;

  bool ended() const { return ended_; }
  bool succeeded() const { return ended_ && status_ == 0; }
  // "ended with status 3: its last lines"
  std::string account() const;

 private:
  void collect();

  boost::asio::posix::stream_descriptor process_;  // a pidfd, readable when it has ended
  pid_t pid_ = -1;
  int output_ = -1;  // a file in memory: background processes may keep it
  bool ended_ = false;
  int status_ = -1;  // as waitpid gives it
};

}  // namespace harness::live
