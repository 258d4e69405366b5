// How many calls a second the checkers of contents judge, on histories that can be explained: many
// files, and one file that many clients read and write at once. Prints figures; asserts nothing but
// the verdict.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "harness/check/linear.h"
#include "protocol/check.h"

namespace harness::check {
namespace {

class Dice {
 public:
  uint64_t below(uint64_t n) {
    seed_ = seed_ * 6364136223846793005 + 1442695040888963407;
    return (seed_ >> 33) % n;
  }

 private:
  uint64_t seed_ = 1;
};

struct File {
  std::vector<Access> accesses;
  std::vector<uint64_t> payloads;  // of the accesses, in the same order
};

// Clients that read and write 8 bytes each at one place, a call after the other; a call takes
// effect at a moment between its beginning and its end.
File make_file(size_t calls, size_t clients, Dice& dice) {
  File file;
  file.accesses.reserve(calls);
  file.payloads.reserve(calls);
  std::vector<Moment> free_at(clients, 1);
  Moment effect = 1;
  uint64_t value = 0, next = 1;
  for (size_t i = 0; i < calls; ++i) {
    const size_t client = dice.below(clients);
    effect += 2 + dice.below(3);
    // Begins before the effect, after the client's last call has ended.
    const Moment begin = std::max(free_at[client], effect > 4 * clients ? effect - 4 * clients : 1);
    effect = std::max(effect, begin + 1);
    const Moment end = effect + 1 + dice.below(4 * clients);
    free_at[client] = end + 1;
    const bool writes = dice.below(2) == 0;
    if (writes) value = next++;
    file.payloads.push_back(value);
    file.accesses.push_back({.kind = writes ? Access::Kind::write : Access::Kind::read,
                             .begin = begin * 64 + i % 64,
                             .end = end * 64 + i % 64,
                             .offset = 0,
                             .data = {}});
  }
  for (size_t i = 0; i < calls; ++i) {
    file.accesses[i].data =
        protocol::ByteView(reinterpret_cast<const uint8_t*>(&file.payloads[i]), sizeof(uint64_t));
  }
  return file;
}

void measure(std::string_view what, size_t calls, size_t files, size_t clients) {
  Dice dice;
  std::vector<File> made;
  for (size_t i = 0; i < files; ++i) made.push_back(make_file(calls / files, clients, dice));
  size_t judged = 0;
  const auto begin = std::chrono::steady_clock::now();
  std::chrono::duration<double> spent{};
  while (spent.count() < 0.3) {
    for (const File& file : made) {
      const LinearVerdict verdict = judge_file(file.accesses);
      CHECK(verdict.kind == LinearVerdict::Kind::linearizable, verdict.why);
      judged += file.accesses.size();
    }
    spent = std::chrono::steady_clock::now() - begin;
  }
  fmt::print("{:<28} {:>7} calls {:>5} files {:>3} clients: {:>6.2f} million calls/s\n", what,
             calls, files, clients, static_cast<double>(judged) / spent.count() / 1e6);
}

}  // namespace
}  // namespace harness::check

int main() {
  using harness::check::measure;
  for (const size_t calls : {1'000, 10'000, 100'000}) measure("many files", calls, calls / 50, 4);
  for (const size_t clients : {10, 50}) {
    for (const size_t calls : {1'000, 10'000, 100'000}) measure("one file", calls, 1, clients);
  }
  return 0;
}
