// Rows of the tables of facts that the schemas do not have, because nobody sends them.
#pragma once

#include <span>
#include <string_view>

namespace protocol {

struct LayoutException {
  std::string_view owner;       // struct or group
  std::string_view member;      // member or constant; a star stands for any text
  std::string_view why;         // why it never travels
  std::string_view checked;     // where in Lustre's sources that was looked up
  std::string_view table = {};  // of this one alone: "constants-1.8"
};

std::span<const LayoutException> layout_exceptions();
// The first that covers the row; null if none does.
const LayoutException* exception_of(std::string_view table, std::string_view owner,
                                    std::string_view member);

}  // namespace protocol
