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
// The base, what shipped servers do, and each solution that is built by itself on top of the base.
std::vector<Column> columns();

struct Line {
  UseCase use_case = UseCase::evicted;
  Row row = Row::p3c;
};
std::vector<Line> lines();
std::string name_of(const Line& line);  // "2 x P5l"

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

// A grid; a cell that is broken says how long its witness is. Then each cell's figures.
std::string text_of(const Matrix& matrix);
std::string html_of(const Matrix& matrix);

// A set of solutions on top of the base, over all cells.
struct SetDecided {
  SomPolicies policies;
  Verdict verdict = Verdict::undecided;
  std::string by;  // the cell that is broken, or the first that is undecided
  uint64_t states = 0;
};
// Of all cells, those that other sets broke first; ends at the first that is broken.
SetDecided decide_set(SomPolicies policies, std::vector<Line>& order,
                      const std::function<Decided(const Cell&)>& decided, Bounds bounds);
// Sets of so many of the solutions that may be combined.
std::vector<SomPolicies> sets_of(size_t size);

}  // namespace harness::som
