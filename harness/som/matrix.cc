#include "harness/som/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace harness::som {

namespace {

std::string short_verdict(const Decided& decided) {
  if (decided.verdict == Verdict::broken) {
    return fmt::format("broken {}", decided.schedule.size());
  }
  return std::string(verdict_name(decided.verdict));
}

double speed(const MatrixCell& cell) {
  return static_cast<double>(cell.decided.transitions) / std::max(cell.seconds, 1e-3);
}

std::string figures(const MatrixCell& cell) {
  return fmt::format("{} states, {} transitions, {:.0f}/s{}{}", cell.decided.states,
                     cell.decided.transitions, speed(cell), cell.decided.why.empty() ? "" : "; ",
                     cell.decided.why);
}

std::string summary(const Matrix& matrix) {
  return fmt::format(
      "{} hold (exhausted), {} broken, {} undecided; bounds: 2 clients, {} MDS crash(es) where the "
      "use case has any, {} OST crash(es), {} stripe(s), {} states a cell",
      matrix.count(Verdict::holds), matrix.count(Verdict::broken), matrix.count(Verdict::undecided),
      matrix.bounds.mds_crashes, matrix.bounds.ost_crashes, matrix.bounds.osts, matrix.states_max);
}

}  // namespace

std::vector<Column> columns() {
  std::vector<Column> all = {{"none", reference::kSomBase},
                             {"shipped", *parse_solutions("shipped")}};
  for (const reference::SomPolicyInfo& info : reference::kSomPolicies) {
    if (!built(info.policy) || reference::kSomBase.has(info.policy)) continue;
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

std::string text_of(const Matrix& matrix) {
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
  const MatrixCell* last = nullptr;
  for (const MatrixCell& cell : matrix.cells) {
    if (last == nullptr || name_of(last->line) != name_of(cell.line)) {
      out += fmt::format("</tr>\n<tr><th>{}</th>", name_of(cell.line));
    }
    out += fmt::format("<td class=\"{}\" title=\"{}\">{}</td>", verdict_name(cell.decided.verdict),
                       figures(cell), short_verdict(cell.decided));
    last = &cell;
  }
  return out + "</tr></table>\n";
}

SetDecided decide_set(SomPolicies policies, std::vector<Line>& order,
                      const std::function<Decided(const Cell&)>& decide_cell, Bounds bounds) {
  SetDecided set{.policies = policies, .verdict = Verdict::holds, .by = {}};
  for (size_t i = 0; i < order.size(); ++i) {
    const Decided decided = decide_cell({order[i].use_case, order[i].row, policies, bounds});
    set.states += decided.states;
    if (decided.verdict == Verdict::undecided && set.verdict == Verdict::holds) {
      set.verdict = Verdict::undecided;
      set.by = name_of(order[i]);
    }
    if (decided.verdict != Verdict::broken) continue;
    set.verdict = Verdict::broken;
    set.by = name_of(order[i]);
    std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(i),
                order.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    break;
  }
  return set;
}

std::vector<SomPolicies> sets_of(size_t size) {
  std::vector<SomPolicy> members;
  for (const reference::SomPolicyInfo& info : reference::kSomPolicies) {
    const bool combines = built(info.policy) && !reference::kSomBase.has(info.policy) &&
                          info.policy != SomPolicy::fence;
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
