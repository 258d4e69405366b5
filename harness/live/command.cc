#include "harness/live/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "protocol/check.h"

extern char** environ;

namespace harness::live {

ShellCommand::ShellCommand(boost::asio::io_context& loop, const std::string& command)
    : process_(loop), output_(memfd_create("command", MFD_CLOEXEC)) {
  CHECK(output_ >= 0, "no file for what a command says");
  std::string shell = "/bin/sh", flag = "-c", text = command;
  const std::array<char*, 4> arguments{shell.data(), flag.data(), text.data(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output_, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output_, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const int failed =
      posix_spawn(&pid_, shell.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  CHECK(failed == 0, "no shell can be started");
  // glibc 2.36 declares pidfd_open for C only.
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  CHECK(process >= 0, "a process cannot be watched");
  process_.assign(process);
  process_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& cancelled) {
                        if (!cancelled) collect();
                      });
}

ShellCommand::~ShellCommand() {
  if (!ended_) {
    ::kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  ::close(output_);
}

void ShellCommand::collect() { ended_ = waitpid(pid_, &status_, WNOHANG) == pid_; }

std::string ShellCommand::account() const {
  constexpr off_t kTail = 400;  // bytes of what it said
  const off_t length = std::max<off_t>(0, lseek(output_, 0, SEEK_END));
  std::string said(static_cast<size_t>(std::min(length, kTail)), '\0');
  const ssize_t got = pread(output_, said.data(), said.size(), std::max<off_t>(0, length - kTail));
  said.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  while (said.ends_with('\n')) said.pop_back();
  const std::string how = !ended_ ? "does not end"
                          : WIFSIGNALED(status_)
                              ? fmt::format("died of signal {}", WTERMSIG(status_))
                              : fmt::format("ended with status {}", WEXITSTATUS(status_));
  return said.empty() ? how : fmt::format("{}: {}", how, said);
}

}  // namespace harness::live
