#include "harness/som/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>
#include <thread>

namespace harness::som {

namespace {

std::string short_verdict(const Decided& decided) {
  if (decided.verdict == Verdict::broken) {
    return fmt::format("broken {}", decided.depth);
  }
  return std::string(verdict_name(decided.verdict));
}

std::string bounds_text(const Bounds& bounds, uint64_t states_max) {
  return fmt::format(
      "2 clients, {} MDS crash(es) where the use case has any, {} OST crash(es){}, {} stripe(s), "
      "{}",
      bounds.mds_crashes, bounds.ost_crashes,
      bounds.crash_loses ? ", a crash loses what was sent" : "", bounds.osts,
      states_max == ~uint64_t{0} ? "no bound of states"
                                 : fmt::format("{} states a cell", states_max));
}

bool large(const Line& line) {
  return line.use_case == UseCase::evicted_then_failover &&
         (line.row == Row::p2l || line.row == Row::p2k);
}

std::string summary(const Matrix& matrix) {
  return fmt::format("{} hold (exhausted), {} broken, {} undecided; {}",
                     matrix.count(Verdict::holds), matrix.count(Verdict::broken),
                     matrix.count(Verdict::undecided),
                     bounds_text(matrix.bounds, matrix.states_max));
}

std::string figures(const MatrixCell& cell) {
  const std::string& why = cell.decided.why;
  return figures_of(cell.decided, cell.seconds) + (why.empty() ? "" : "; ") + why;
}

}  // namespace

std::string figures_of(const Decided& decided, double seconds) {
  const auto rate = [&](uint64_t first, uint64_t again) {
    return static_cast<double>(first + again) / std::max(seconds, 1e-3);
  };
  std::string out = fmt::format("{} states, {} transitions", decided.states, decided.transitions);
  if (decided.states_again != 0) {
    out += fmt::format(", and {}, {} for a shortest witness", decided.states_again,
                       decided.transitions_again);
  }
  return out + fmt::format("; {:.0f} states/s, {:.0f} transitions/s",
                           rate(decided.states, decided.states_again),
                           rate(decided.transitions, decided.transitions_again));
}

std::vector<Column> columns() {
  std::vector<Column> all = {{"none", reference::kSomBase},
                             {"shipped", *parse_solutions("shipped")}};
  for (const reference::SomPolicyInfo& info : reference::kSomPolicies) {
    if (reference::kSomBase.has(info.policy)) continue;
    SomPolicies policies = reference::kSomBase;
    policies.add(info.policy);
    all.push_back({std::string(info.name), policies});
  }
  return all;
}

std::vector<Line> lines() {
  std::vector<Line> all;
  for (const UseCaseInfo& use_case : use_cases()) {
    for (const RowInfo& row : rows()) {
      if (exists(use_case.use_case, row.row)) all.push_back({use_case.use_case, row.row});
    }
  }
  return all;
}

std::string name_of(const Line& line) {
  return fmt::format("{} x {}", use_cases()[static_cast<size_t>(line.use_case)].name,
                     rows()[static_cast<size_t>(line.row)].name);
}

size_t Matrix::count(Verdict verdict) const {
  return static_cast<size_t>(std::ranges::count_if(
      cells, [&](const MatrixCell& cell) { return cell.decided.verdict == verdict; }));
}

Matrix decide_all(std::vector<Column> columns, Bounds bounds, uint64_t states_max, unsigned jobs,
                  const std::function<void(const Cell&, MatrixCell&)>& decide_cell,
                  const std::function<void(size_t count, size_t all)>& done) {
  Matrix matrix{bounds, states_max, std::move(columns), {}};
  for (const Line& line : lines()) {
    for (size_t column = 0; column < matrix.columns.size(); ++column) {
      matrix.cells.push_back({line, column, {}, 0});
    }
  }
  // The largest first, so that none of them is left to one core at the end.
  std::vector<MatrixCell*> order;
  for (MatrixCell& cell : matrix.cells) order.push_back(&cell);
  std::ranges::stable_partition(order, [](const MatrixCell* cell) { return large(cell->line); });
  std::atomic<size_t> next = 0;
  std::mutex telling;
  size_t decided = 0;
  const auto work = [&] {
    for (size_t at = next++; at < order.size(); at = next++) {
      MatrixCell& made = *order[at];
      const SomPolicies policies = matrix.columns[made.column].policies;
      decide_cell({made.line.use_case, made.line.row, policies, bounds}, made);
      const std::lock_guard lock(telling);
      done(++decided, matrix.cells.size());
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  return matrix;
}

std::vector<std::string> witness_of(const Matrix& matrix, const MatrixCell& cell) {
  const explore::Names names(scenario_of(
      {cell.line.use_case, cell.line.row, matrix.columns[cell.column].policies, matrix.bounds}));
  std::vector<std::string> steps;
  for (const auto& step : cell.decided.schedule) steps.push_back(names.text(step));
  return steps;
}

std::string text_of(const Matrix& matrix, bool witnesses) {
  std::string out = fmt::format("{:<9}", "");
  for (const Column& column : matrix.columns) out += fmt::format(" {:<11}", column.name);
  const MatrixCell* last = nullptr;
  for (const MatrixCell& cell : matrix.cells) {
    if (last == nullptr || name_of(last->line) != name_of(cell.line)) {
      out += fmt::format("\n{:<9}", name_of(cell.line));
    }
    out += fmt::format(" {:<11}", short_verdict(cell.decided));
    last = &cell;
  }
  out += fmt::format("\n\n{}\n\n", summary(matrix));
  for (const MatrixCell& cell : matrix.cells) {
    out += fmt::format("{}, {}: {}; {}\n", name_of(cell.line), matrix.columns[cell.column].name,
                       short_verdict(cell.decided), figures(cell));
    if (!witnesses) continue;
    for (const std::string& step : witness_of(matrix, cell)) out += fmt::format("  {}\n", step);
  }
  return out;
}

std::string html_of(const Matrix& matrix) {
  std::string out =
      "<!doctype html><meta charset=\"utf-8\"><title>Size-on-MDS</title>\n"
      "<style>body{font-family:sans-serif}td,th{padding:4px 8px;text-align:left}"
      ".holds{background:#cfc}.broken{background:#fcc}.undecided{background:#eee}</style>\n";
  out += fmt::format("<p>{}</p>\n<table><tr><th></th>", summary(matrix));
  for (const Column& column : matrix.columns) out += fmt::format("<th>{}</th>", column.name);
  std::string below;
  for (size_t i = 0; i < matrix.cells.size(); ++i) {
    const MatrixCell& cell = matrix.cells[i];
    const std::string name = name_of(cell.line);
    if (i == 0 || !(matrix.cells[i - 1].line == cell.line)) {
      out += fmt::format("</tr>\n<tr><th>{}</th>", name);
    }
    out += fmt::format("<td class=\"{}\" title=\"{}\"><a href=\"#{}\">{}</a></td>",
                       verdict_name(cell.decided.verdict), figures(cell), i,
                       short_verdict(cell.decided));
    below +=
        fmt::format("<h3 id=\"{}\">{}, {}: {}</h3>\n<p>{}</p>\n", i, name,
                    matrix.columns[cell.column].name, short_verdict(cell.decided), figures(cell));
    if (cell.decided.schedule.empty()) continue;
    below += fmt::format("<details><summary>its {}witness</summary><ol>\n",
                         cell.decided.shortest ? "shortest " : "");
    for (const std::string& step : witness_of(matrix, cell)) {
      below += fmt::format("<li>{}</li>\n", step);
    }
    below += "</ol></details>\n";
  }
  return out + "</tr></table>\n" + below;
}

SetDecided decide_set(SomPolicies policies, std::vector<Line>& order, const Decide& decide_cell,
                      Bounds bounds, uint64_t states_max) {
  constexpr uint64_t kFew = 10'000, kMore = 20;  // the first bound, and how much the next is larger
  SetDecided set{.policies = policies, .verdict = Verdict::holds, .by = {}};
  std::vector<Line> open = order;
  for (uint64_t bound = std::min(kFew, states_max); !open.empty(); bound *= kMore) {
    const bool final = bound >= states_max;
    std::vector<Line> undecided;
    for (const Line& line : open) {
      const Cell cell{line.use_case, line.row, policies, bounds};
      const Decided decided = decide_cell(cell, std::min(bound, states_max));
      set.states += decided.states;
      if (decided.verdict == Verdict::undecided) undecided.push_back(line);
      if (decided.verdict != Verdict::broken) continue;
      set.verdict = Verdict::broken;
      set.by = name_of(line);
      const auto place = std::ranges::find(order, line);
      std::rotate(order.begin(), place, place + 1);
      return set;
    }
    open = std::move(undecided);
    if (!final) continue;
    set.undecided = open.size();
    if (open.empty()) break;
    set.verdict = Verdict::undecided;
    set.by = name_of(open.front());
    break;
  }
  return set;
}

size_t Combinations::count(Verdict verdict) const {
  return static_cast<size_t>(std::ranges::count(sets, verdict, &SetDecided::verdict));
}

Combinations combine(Which which, Bounds bounds, uint64_t states_max, const Decide& decide_cell,
                     const std::function<bool()>& stopped,
                     const std::function<void(const SetDecided&)>& done) {
  Combinations all{std::move(which), bounds, states_max, {}, 0, 0};
  std::vector<Line> order = lines();
  for (size_t of = 0; of <= all.which.size; ++of) {
    for (const SomPolicies policies : sets_of(of)) {
      if (stopped()) {
        ++all.left;
        continue;
      }
      const bool superset = std::ranges::any_of(all.sets, [&](const SetDecided& other) {
        return other.verdict == Verdict::holds && policies.contains(other.policies);
      });
      const bool left_out = std::ranges::any_of(
          all.which.left_open, [&](SomPolicies other) { return policies.contains(other); });
      if (left_out || (superset && all.which.only_minimal)) {
        ++all.left_open;
        continue;
      }
      SetDecided set = decide_set(policies, order, decide_cell, bounds, states_max);
      set.superset = superset;
      set.minimal = set.verdict == Verdict::holds && !superset;
      done(set);
      all.sets.push_back(std::move(set));
    }
  }
  return all;
}

std::string text_of(const SetDecided& set) {
  std::string out = fmt::format("{}: {}", text_of(set.policies), verdict_name(set.verdict));
  if (set.minimal) out += ", minimal";
  if (set.superset) out += ", a subset holds";
  if (set.undecided != 0) out += fmt::format(", {} cell(s)", set.undecided);
  if (!set.by.empty()) out += fmt::format(" by {}", set.by);
  return out + fmt::format("; {} states\n", set.states);
}

std::string text_of(const Combinations& combinations) {
  return fmt::format(
      "of {} sets of up to {} solutions on top of {}: {} hold, {} broken, {} undecided, {} left "
      "open, {} not reached; {}\n",
      combinations.sets.size() + combinations.left + combinations.left_open,
      combinations.which.size, "3,M,E", combinations.count(Verdict::holds),
      combinations.count(Verdict::broken), combinations.count(Verdict::undecided),
      combinations.left_open, combinations.left,
      bounds_text(combinations.bounds, combinations.states_max));
}

std::vector<SomPolicies> sets_of(size_t size) {
  std::vector<SomPolicy> members;
  for (const reference::SomPolicyInfo& info : reference::kSomPolicies) {
    const bool combines = !reference::kSomBase.has(info.policy) && info.policy != SomPolicy::fence;
    if (combines) members.push_back(info.policy);
  }
  std::vector<SomPolicies> sets;
  for (uint32_t bits = 0; bits < 1u << members.size(); ++bits) {
    if (static_cast<size_t>(std::popcount(bits)) != size) continue;
    SomPolicies policies = reference::kSomBase;
    for (size_t i = 0; i < members.size(); ++i) {
      if ((bits >> i & 1) != 0) policies.add(members[i]);
    }
    sets.push_back(policies);
  }
  return sets;
}

}  // namespace harness::som
