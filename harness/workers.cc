#include "harness/workers.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "harness/scratch.h"
#include "protocol/check.h"

namespace harness {
namespace {

constexpr int kRemovals = 1000;  // attempts at most

volatile std::sig_atomic_t g_told_to_end = 0;

void on_signal(int) { g_told_to_end = 1; }

// No SA_RESTART: who waits is to look.
void on_end_signals(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}

}  // namespace

Worker begin_worker(const std::function<void(int pipe)>& work) {
  int ends[2];
  CHECK(pipe(ends) == 0, "no more pipes");
  const pid_t parent = getpid();
  const pid_t pid = fork();
  CHECK(pid >= 0, "no more processes");
  if (pid == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    on_end_signals(SIG_IGN);  // whoever began it ends it
    close(ends[0]);
    work(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  setpgid(pid, pid);  // whichever of the two comes first
  return {.pid = pid, .pipe = ends[0]};
}

std::string end_worker(const Worker& worker) {
  close(worker.pipe);
  int status = 0;
  while (waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return fmt::format("died of signal {}", WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : fmt::format("ended with {}", WEXITSTATUS(status));
}

void kill_worker(const Worker& worker) {
  ::kill(-worker.pid, SIGKILL);
  end_worker(worker);
}

WorkRoom::WorkRoom()
    : directory_(make_scratch("assay-run-")), before_(std::filesystem::temp_directory_path()) {
  setenv("TMPDIR", directory_.c_str(), 1);
  on_end_signals(on_signal);
}

WorkRoom::~WorkRoom() {
  on_end_signals(SIG_DFL);
  setenv("TMPDIR", before_.c_str(), 1);
  // Somebody who was killed may have been making files just now.
  std::error_code error;
  for (int i = 0; i < kRemovals && std::filesystem::exists(directory_, error); ++i) {
    std::filesystem::remove_all(directory_, error);
  }
}

bool told_to_end() { return g_told_to_end != 0; }

}  // namespace harness
