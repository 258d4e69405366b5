// How commands speak: standard output is the result, standard error the log. Colours only on a
// terminal and never with NO_COLOR; a progress line only on a terminal, rewritten in place.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace harness {

// Whether to colour what goes to this stream. NO_COLOR counts when set to anything but nothing.
bool use_colour(std::FILE* stream);
bool use_colour(bool is_terminal, const char* no_color);

enum class Colour { plain, bold, dim, red, green, yellow, cyan };

// The text with its colour's escape sequences, or as it is when `enabled` is false.
std::string coloured(std::string_view text, Colour colour, bool enabled);

// "assay: <text>" and a newline on standard error: for what went wrong.
void complain(std::string_view text);

// One line on standard error that each show() replaces and the destructor clears. Silent when
// standard error is no terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(std::string_view text);
  void clear();

 private:
  bool on_terminal_;
  bool shown_ = false;
};

}  // namespace harness
