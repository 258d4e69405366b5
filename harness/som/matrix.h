// All cells side by side: use case x row x solution, each decided by itself; and sets of solutions
// that no schedule of any cell breaks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/som/decide.h"

namespace harness::som {

struct Column {
  std::string name;  // "none", "4", "FENCE"
  SomPolicies policies;
};
// The base, what shipped servers do, and each solution by itself on top of the base.
std::vector<Column> columns();

struct Line {
  UseCase use_case = UseCase::evicted;
  Row row = Row::p3c;
  bool operator==(const Line&) const = default;
};
std::vector<Line> lines();
std::string name_of(const Line& line);  // "2 x P5l"

// States and transitions, in all and a second.
std::string figures_of(const Decided& decided, double seconds);

struct MatrixCell {
  Line line;
  size_t column = 0;
  Decided decided;
  double seconds = 0;  // that it took, as the caller measured it
};

struct Matrix {
  Bounds bounds;
  uint64_t states_max = 0;  // of a cell
  std::vector<Column> columns;
  std::vector<MatrixCell> cells;  // line by line
  size_t count(Verdict verdict) const;
};

// Every cell of these columns, so many of them side by side; `done` is told how many are decided,
// by one at a time.
Matrix decide_all(std::vector<Column> columns, Bounds bounds, uint64_t states_max, unsigned jobs,
                  const std::function<void(const Cell&, MatrixCell&)>& decide_cell,
                  const std::function<void(size_t count, size_t all)>& done);

// The steps that break the cell, as text.
std::vector<std::string> witness_of(const Matrix& matrix, const MatrixCell& cell);

// A grid; a cell that is broken says how many moves its witness has. Then each cell's figures, and
// the witness's steps.
std::string text_of(const Matrix& matrix, bool witnesses);
std::string html_of(const Matrix& matrix);

// A set of solutions on top of the base, over all cells.
struct SetDecided {
  SomPolicies policies;
  Verdict verdict = Verdict::undecided;
  std::string by;         // the cell that is broken, or the first that is undecided
  size_t undecided = 0;   // cells
  uint64_t states = 0;    // of all searches
  bool minimal = false;   // it holds, and none of its subsets does
  bool superset = false;  // one of its subsets holds
};
// Decides a cell within so many states.
using Decide = std::function<Decided(const Cell&, uint64_t states_max)>;
// Of all cells, those that other sets broke first; ends at the first that is broken. All are looked
// at with few states before any with many: most sets are broken soon somewhere.
SetDecided decide_set(SomPolicies policies, std::vector<Line>& order, const Decide& decide_cell,
                      Bounds bounds, uint64_t states_max);
// Sets of so many of the solutions that may be combined.
std::vector<SomPolicies> sets_of(size_t size);

// Which sets are decided, by growing size: also those that hold another safe one, if not left open.
struct Which {
  size_t size = 0;  // at most
  bool only_minimal = false;
  std::vector<SomPolicies> left_open;  // all that holds one of these
};
struct Combinations {
  Which which;
  Bounds bounds;
  uint64_t states_max = 0;       // of a cell
  std::vector<SetDecided> sets;  // in order of their sizes
  size_t left = 0;               // sets that were not reached in time
  size_t left_open = 0;
  size_t count(Verdict verdict) const;
};
// `stopped` is asked before each set; `done` is told each.
Combinations combine(Which which, Bounds bounds, uint64_t states_max, const Decide& decide_cell,
                     const std::function<bool()>& stopped,
                     const std::function<void(const SetDecided&)>& done);
std::string text_of(const SetDecided& set);
std::string text_of(const Combinations& combinations);

}  // namespace harness::som
