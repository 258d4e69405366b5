// The house style as far as a program can check it: pure functions from a file's path and text to
// what is wrong with it. tidy_test.cc runs them over the tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace harness {

struct SourceFile {
  std::string path;  // from the root, "harness/cli/main.cc"
  std::string text;
};

// Rules that look at one file. Each offence is "path:line: what".
std::vector<std::string> offences(const SourceFile& file);

// Rules between files: a source opens with its own header, and is named in a CMakeLists.txt.
std::vector<std::string> offences(const std::vector<SourceFile>& tree);

}  // namespace harness
