// Verdicts across builds: `som_cells STATES` decides each cell of the matrix and says what was
// found of those that end within so many states. Built by another compiler it must say the same
// (cmake/same_verdicts.cmake compares).
#include <fmt/core.h>

#include <cstdlib>

#include "harness/som/matrix.h"

int main(int argc, char** argv) {
  using namespace harness;
  if (argc != 2) return 64;
  explore::SearchOptions options;
  options.states_max = std::strtoull(argv[1], nullptr, 10);
  size_t ended = 0;
  for (const som::Line& line : som::lines()) {
    for (const som::Column& column : som::columns()) {
      const som::Decided decided =
          som::decide({line.use_case, line.row, column.policies, {}}, options);
      if (decided.verdict == som::Verdict::undecided) continue;
      ++ended;
      fmt::print("{}, {}: {} {} {} states, {} deep, {} steps\n", som::name_of(line), column.name,
                 som::verdict_name(decided.verdict), decided.property, decided.states,
                 decided.depth, decided.schedule.size());
    }
  }
  return ended == 0 ? 1 : 0;
}
