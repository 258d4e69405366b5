#include "harness/fuzzing/arena.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "faults/random.h"
#include "harness/fuzzing/script_mutator.h"
#include "protocol/check.h"

namespace harness::fuzzing {

namespace {

// In the child: what it found, as its kind in one byte and the text; nothing if it found nothing.
std::string run_here(const Arena& arena, uint64_t seed, const Script& script) {
  const std::unique_ptr<World> world = make_world(arena.world, {.dialect = arena.target.dialect,
                                                                .defects = arena.target.defects,
                                                                .seed = seed,
                                                                .timing = live_timing(),
                                                                .capture = {}});
  const std::optional<Finding> finding = attack(*world, arena.server, script);
  if (!finding) return {};
  return static_cast<char>(finding->kind) + finding->what;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> piece;
  for (ssize_t got; (got = read(fd, piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<size_t>(got));
  }
  close(fd);
  return text;
}

}  // namespace

Script draw_script(const Arena& arena, uint64_t seed, uint32_t steps) {
  faults::Random random(seed);
  ScriptMutator mutator(random, arena.target.dialect, arena.server.role);
  Script script;
  while (script.size() < steps) {
    Step step = mutator.make_step();
    if (step.carries_bytes()) script.push_back(std::move(step));
  }
  return script;
}

std::optional<Finding> attack_in(const Arena& arena, uint64_t seed, const Script& script) {
  std::array<int, 2> said, logged;
  CHECK(pipe2(said.data(), O_CLOEXEC) == 0 && pipe2(logged.data(), O_CLOEXEC) == 0);
  const pid_t child = fork();
  CHECK(child >= 0, "no process can be made");
  if (child == 0) {
    dup2(logged[1], STDERR_FILENO);
    write_all(said[1], run_here(arena, seed, script));
    _exit(0);
  }
  close(said[1]);
  close(logged[1]);
  const std::string log = read_all(logged[0]);
  const std::string found = read_all(said[0]);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  if (!WIFEXITED(status)) {
    // In simulation the server is part of the process; in the live world it is not.
    const auto kind =
        arena.world == WorldKind::sim ? Finding::Kind::died : Finding::Kind::broken;
    return Finding{kind, log.empty() ? strsignal(WTERMSIG(status)) : log};
  }
  if (found.empty()) return std::nullopt;
  return Finding{static_cast<Finding::Kind>(found[0]), found.substr(1)};
}

Script shrink(Script script, const std::function<bool(const Script&)>& fails) {
  uint32_t runs = 0;
  for (size_t part = std::max<size_t>(1, script.size() / 2);; part /= 2) {
    for (size_t at = 0; at < script.size() && runs < kShrinkRunsMax;) {
      Script fewer(script.begin(), script.begin() + static_cast<std::ptrdiff_t>(at));
      const size_t behind = std::min(at + part, script.size());
      fewer.insert(fewer.end(), script.begin() + static_cast<std::ptrdiff_t>(behind),
                   script.end());
      ++runs;
      if (fails(fewer)) {
        script = std::move(fewer);
      } else {
        at += part;
      }
    }
    if (part == 1) return script;
  }
}

}  // namespace harness::fuzzing
