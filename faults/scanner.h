// Reads one line of a plan's text, word by word. The first thing that is not as expected is kept,
// with its column; from then on nothing is found any more, so a parser need not stop at once.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "faults/node_name.h"
#include "faults/plan.h"
#include "reference/machine.h"

namespace faults {

class Scanner {
 public:
  Scanner(std::string_view text, uint32_t line) : text_(text), line_(line) { skip_blanks(); }

  bool ok() const { return !error_; }
  bool at_end() const { return at_ == text_.size(); }
  const PlanError& error() const { return *error_; }
  // Complains about what comes next, or about what began at a column.
  void fail(std::string_view expected);
  void fail_at(size_t offset, std::string_view complaint);
  size_t offset() const { return at_; }

  // The next word: up to a blank or the colon that ends a trigger.
  std::string_view peek() const;
  std::string_view word();
  // Takes the words, if exactly they come next.
  bool take(std::string_view words);
  bool take_colon();
  void expect_end();

  uint64_t number(std::string_view what, uint64_t max);
  reference::Time duration();
  std::string string();
  NodeName node(std::string_view what);
  // One of these kinds, one node or all of a kind.
  NodeName node_of(std::string_view what, std::initializer_list<NodeName::Kind> kinds);
  // "a->b", and if `both_ways` is given also "a<->b".
  Link link(bool* both_ways);

 private:
  void skip_blanks();

  std::string_view text_;
  uint32_t line_;
  size_t at_ = 0;
  std::optional<PlanError> error_;
};

}  // namespace faults
