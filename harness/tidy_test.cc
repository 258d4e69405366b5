// Runs the style rules over the tree, after showing that each of them finds what it is for.
#include "harness/tidy.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

using harness::offences;
using harness::SourceFile;

namespace {

// The only offence in a file of this content, or all of them if there are several or none.
std::string offence(std::string path, std::string text) {
  std::string all;
  for (const std::string& found : offences(SourceFile{std::move(path), std::move(text)})) {
    all += (all.empty() ? "" : "\n") + found;
  }
  return all;
}

std::string repeated(std::string_view line, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += line;
  return text;
}

bool left_out(const std::filesystem::path& folder) {
  const std::string name = folder.filename().string();
  return name.starts_with(".") || name.starts_with("build") || name == "out" ||
         name == "__pycache__";
}

std::vector<SourceFile> read_tree() {
  const std::filesystem::path root = ASSAY_SOURCE_DIR;
  std::vector<SourceFile> tree;
  auto walk = std::filesystem::recursive_directory_iterator(root);
  for (; walk != std::filesystem::recursive_directory_iterator(); ++walk) {
    if (walk->is_directory() && left_out(walk->path())) walk.disable_recursion_pending();
    if (!walk->is_regular_file() || walk->file_size() > (4u << 20)) continue;
    std::ostringstream text;
    text << std::ifstream(walk->path()).rdbuf();
    tree.push_back({std::filesystem::relative(walk->path(), root).string(), text.str()});
  }
  return tree;
}

std::string all_offences(const std::vector<SourceFile>& tree) {
  std::string all;
  for (const SourceFile& file : tree) {
    for (const std::string& found : offences(file)) all += found + "\n";
  }
  for (const std::string& found : offences(tree)) all += found + "\n";
  return all;
}

}  // namespace

TEST_CASE("the tree keeps the house style") {
  const std::vector<SourceFile> tree = read_tree();
  REQUIRE(tree.size() > 20);
  REQUIRE(all_offences(tree) == "");
}

TEST_CASE("an honest file has no offence") {
  REQUIRE(offence("reference/mds.cc", "#include \"protocol/bytes.h\"\n\nint f() {\n}\n") == "");
  REQUIRE(offence("reference/mds.h", "// A metadata server.\n#pragma once\n") == "");
}

TEST_CASE("who includes whom") {
  const auto bad = [](std::string path, const std::string& included) {
    return offence(std::move(path), "#include \"" + included + "\"\n").contains("may not include");
  };
  REQUIRE(bad("protocol/x.cc", "reference/mds.h"));
  REQUIRE(bad("reference/mds.cc", "harness/world.h"));
  REQUIRE(bad("reference/mds.cc", "faults/plan.h"));
  REQUIRE(bad("faults/plan.cc", "reference/mds.h"));
  REQUIRE(bad("suites/open/x.cc", "reference/mds.h"));
  REQUIRE(bad("fuzz/x.cc", "suites/conformance.h"));
  REQUIRE(bad("harness/sim/world.cc", "harness/live/socket.h"));
  REQUIRE(bad("harness/live/world.cc", "harness/sim/cluster.h"));
  REQUIRE(bad("harness/check/leak.cc", "harness/sim/cluster.h"));
  REQUIRE(bad("harness/report/text.cc", "harness/live/socket.h"));
  REQUIRE(bad("harness/cli/main.cc", "commands.h"));
  CHECK_FALSE(bad("harness/check/leak.cc", "harness/record/history.h"));
  CHECK_FALSE(bad("suites/open/x.cc", "harness/target.h"));
  CHECK_FALSE(bad("fuzz/x.cc", "reference/mds.h"));
}

TEST_CASE("the outside world stays outside") {
  REQUIRE(offence("protocol/x.cc", "auto t = std::chrono::steady_clock::now();\n") != "");
  REQUIRE(offence("harness/record/x.cc", "std::random_device d;\n") != "");
  REQUIRE(offence("faults/x.cc", "int n = rand();\n") != "");
  REQUIRE(offence("harness/sim/x.cc", "#include <sys/socket.h>\n") != "");
  REQUIRE(offence("harness/sim/x.cc", "std::thread t;\n") != "");
  REQUIRE(offence("reference/x.cc", "std::unordered_map<int, int> m;\n") != "");
  REQUIRE(offence("harness/live/x.cc", "getenv(\"A\");\n") != "");
  REQUIRE(offence("suites/open/x.cc", "std::this_thread::sleep_for(1s);\n") != "");
  REQUIRE(offence("harness/live/x.cc", "auto t = steady_clock::now();\n") == "");
  REQUIRE(offence("harness/explore/x.cc", "std::thread t;\n") == "");
  REQUIRE(offence("protocol/bytes_bench.cc", "auto t = steady_clock::now();\n") == "");
  REQUIRE(offence("faults/x.cc", "int n = operand(1);  // not rand()\n") == "");
  REQUIRE(offence("faults/x.cc", "print(\"call rand()\");\n") == "");
}

TEST_CASE("a dialect is asked for in its own files") {
  REQUIRE(offence("reference/mds.cc", "if (d == Dialect::v1_8) {\n") != "");
  REQUIRE(offence("reference/mds.cc", "if (reference::Dialect::v1_8 != d) {\n") != "");
  REQUIRE(offence("reference/dialect_1_8.cc", "if (d == Dialect::v1_8) {\n") == "");
  REQUIRE(offence("reference/mds.cc", "make(Dialect::v1_8);\n") == "");
  REQUIRE(offence("reference/mds.cc", "x = d == Dialect::v1_8 ? kOld : kNew;\n") == "");
}

TEST_CASE("words that put work off, and macros") {
  REQUIRE(offence("reference/x.cc",
                  "// TO"
                  "DO: later\n") != "");
  REQUIRE(offence("reference/x.cc",
                  "// FIX"
                  "ME\n") != "");
  REQUIRE(offence("reference/x.cc", "#define MAX 3\n") != "");
  REQUIRE(offence("reference/x.cc", "std::format(\"{}\", 1);\n") != "");
}

TEST_CASE("sizes end somewhere") {
  REQUIRE(offence("a/x.cc", repeated("int i;\n", 800)) == "");
  REQUIRE(offence("a/x.cc", repeated("int i;\n", 801)).contains("801 lines"));
  REQUIRE(offence("a/x.cc", std::string(100, 'x') + "\n") == "");
  REQUIRE(offence("a/x.cc", std::string(101, 'x') + "\n").contains("101 columns"));
  REQUIRE(offence("a/x.cc", "// " + repeated("é", 97) + "\n") == "");
  REQUIRE(offence("a/x.cc", "int f() {\n" + repeated("  g();\n", 68) + "}\n") == "");
  REQUIRE(offence("a/x.cc", "int f() {\n" + repeated("  g();\n", 69) + "}\n").contains("71 lines"));
  REQUIRE(offence("a/x.cc", "constexpr int a[] = {\n" + repeated("  1,\n", 90) + "};\n") == "");
  REQUIRE(offence("CMakeLists.txt", repeated("# x\n", 100)).contains("under 100"));
}

TEST_CASE("names say what is inside") {
  REQUIRE(offence("harness/util.cc", "").contains("grab-bag"));
  REQUIRE(offence("reference/common/x.cc", "").contains("grab-bag"));
  REQUIRE(offence("protocol/types.cc", "").contains("grab-bag"));
  REQUIRE(offence("suites/base.cc", "").contains("grab-bag"));
  REQUIRE(offence("misc/x.cc", "").contains("grab-bag"));
  REQUIRE(offence("reference/database.cc", "") == "");
  REQUIRE(offence("reference/x.h", "#pragma once\n").contains("opens with"));
  REQUIRE(offence("reference/x.h", "// A thing.\n").contains("#pragma once"));
  REQUIRE(offence("reference/x.h", "// various things\n#pragma once\n").contains("various"));
  REQUIRE(offence("suites/x.cc", "TEST_F(Resend, lost_reply) {\n}\n").contains("underscores"));
  REQUIRE(offence("suites/x.cc", "TEST_F(Resend, LostReply) {\n}\n") == "");
}

TEST_CASE("the build lists files by name and has few options") {
  REQUIRE(offence("a/CMakeLists.txt", "file(GLOB x *.cc)\n").contains("glob"));
  REQUIRE(offence("CMakeLists.txt", repeated("option(A \"\" ON)\n", 6)).contains("options"));
  const SourceFile source{"a/b/x.cc", "#include <vector>\n"};
  REQUIRE(offences({source, {"a/CMakeLists.txt", "y.cc"}}).size() == 1);
  REQUIRE(offences({source, {"a/CMakeLists.txt", "b/x.cc"}}).empty());
  REQUIRE(offences({source, {"a/b/CMakeLists.txt", "SOURCES x.cc"}}).empty());
  REQUIRE(offences({source, {"a/b/CMakeLists.txt", "SOURCES fox.cc"}}).size() == 1);
}

TEST_CASE("a source opens with its own header") {
  const SourceFile list{"CMakeLists.txt", "a/x.cc"};
  const SourceFile header{"a/x.h", "// X.\n#pragma once\n"};
  REQUIRE(offences({list, header, {"a/x.cc", "#include \"a/x.h\"\n"}}).empty());
  REQUIRE(offences({list, header, {"a/x.cc", "#include <map>\n#include \"a/x.h\"\n"}}).size() == 1);
}
