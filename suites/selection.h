// Which cases a list of ids means: "resend.1,open-replay.3-7,locks.*". An element is an id, a glob
// (* and ?), a whole suite ("locks"), or a range of numbers within a suite ("open-replay.3-7",
// letters included: 3, 3b … 7, 7a).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace suites {

class Selection {
 public:
  // What is wrong with an element, if it cannot be understood.
  static std::expected<Selection, std::string> parse(std::string_view list);
  bool contains(std::string_view id) const;
  bool empty() const { return elements_.empty(); }

 private:
  struct Element {
    std::string glob;        // of the whole id; for a range: the suite
    uint32_t first = 0, last = 0;
    bool range = false;
  };
  std::vector<Element> elements_;
};

}  // namespace suites
