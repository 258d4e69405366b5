#include "harness/tidy.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <span>

namespace harness {
namespace {

using Lines = std::vector<std::string_view>;

constexpr size_t kColumns = 100, kLinesMax = 800, kFunctionLinesMax = 70, kTopCmakeLinesMax = 100;
constexpr size_t kOptionsMax = 5;

Lines split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

bool ends(std::string_view path, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view end) { return path.ends_with(end); });
}

bool under(std::string_view path, std::initializer_list<std::string_view> folders) {
  return std::ranges::any_of(folders, [&](std::string_view f) { return path.starts_with(f); });
}

std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// The code of a line: string and character literals emptied, a comment at the end taken off.
std::string code_of(std::string_view line) {
  std::string code;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line.substr(i).starts_with("//")) break;
    const bool digit_separator =
        line[i] == '\'' && i > 0 && std::isxdigit(static_cast<unsigned char>(line[i - 1])) != 0;
    code += line[i];
    if ((line[i] != '"' && line[i] != '\'') || digit_separator) continue;
    const char quote = line[i];
    for (++i; i < line.size() && line[i] != quote; ++i) i += line[i] == '\\' ? 1 : 0;
    code += quote;
  }
  return code;
}

bool is_word_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Whether `word` is in the code and not the end of a longer identifier.
bool has_word(std::string_view code, std::string_view word) {
  for (size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
    if (at == 0 || !std::isalnum(static_cast<unsigned char>(word.front())) ||
        !is_word_part(code[at - 1]))
      return true;
  }
  return false;
}

class Findings {
 public:
  explicit Findings(std::string_view path) : path_(path) {}
  void add(size_t line, std::string_view what) {
    found_.push_back(fmt::format("{}:{}: {}", path_, line, what));
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::string path_;
  std::vector<std::string> found_;
};

// --- who may include whom ---

struct IncludeRule {
  std::string_view folder;
  std::vector<std::string_view> allowed;
};

const std::vector<IncludeRule>& include_rules() {
  static const std::vector<IncludeRule> kRules = {
      {"protocol/", {"protocol/"}},
      {"reference/", {"reference/", "protocol/"}},
      {"faults/",
       {"faults/", "reference/machine.h", "reference/fact.h", "reference/config.h",
        "reference/digest.h", "protocol/"}},
      {"harness/sim/", {"harness/", "faults/", "reference/", "protocol/"}},
      {"harness/live/", {"harness/", "faults/", "reference/", "protocol/"}},
      {"harness/check/",
       {"harness/check/", "harness/record/", "faults/", "reference/", "protocol/"}},
      {"harness/report/",
       {"harness/report/", "harness/record/", "faults/", "reference/", "protocol/"}},
      {"harness/cli/", {"suites/", "harness/", "faults/", "reference/", "protocol/"}},
      {"harness/", {"harness/", "faults/", "reference/", "protocol/"}},
      {"suites/", {"suites/", "harness/", "faults/", "protocol/"}},
      {"fuzz/", {"fuzz/", "harness/", "faults/", "reference/", "protocol/"}},
  };
  return kRules;
}

bool may_include(std::string_view path, std::string_view included) {
  if (under(path, {"harness/sim/"}) && under(included, {"harness/live/"})) return false;
  if (under(path, {"harness/live/"}) && under(included, {"harness/sim/"})) return false;
  for (const IncludeRule& rule : include_rules()) {
    if (!path.starts_with(rule.folder)) continue;
    return std::ranges::any_of(rule.allowed,
                               [&](std::string_view a) { return included.starts_with(a); });
  }
  return true;
}

void check_includes(const SourceFile& file, const Lines& lines, Findings& out) {
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with("#include \"")) continue;
    const std::string_view included = lines[i].substr(10, lines[i].rfind('"') - 10);
    if (may_include(file.path, included)) continue;
    out.add(i + 1, fmt::format("{} may not include \"{}\" (style.md 3; includes are written from "
                               "the root)",
                               folder_of(file.path), included));
  }
}

// --- words ---

struct BannedWord {
  std::string_view word;
  std::vector<std::string_view> only_in;  // empty: everywhere
  std::vector<std::string_view> allowed_in;
  std::string_view instead;
};

const std::vector<BannedWord>& banned_words() {
  static const std::vector<std::string_view> kOutsideWorld = {"harness/live/", "harness/view/",
                                                              "harness/cli/"};
  static const std::vector<std::string_view> kDeterministic = {"reference/", "faults/",
                                                               "harness/sim/"};
  static const std::vector<std::string_view> kThreads = {"harness/live/", "harness/view/",
                                                         "harness/cli/", "harness/explore/"};
  static const std::vector<BannedWord> kWords = {
      {"_clock::now", {}, kOutsideWorld, "time is handed in"},
      {"random_device", {}, kOutsideWorld, "randomness comes from the seed"},
      {"rand(", {}, kOutsideWorld, "randomness comes from the seed"},
      {"<sys/socket.h>", {}, kOutsideWorld, "sockets are harness/live's"},
      {"std::thread", {}, kThreads, "threads are harness/explore's and the live world's"},
      {"unordered_map", kDeterministic, {}, "an ordered container: order shows"},
      {"unordered_set", kDeterministic, {}, "an ordered container: order shows"},
      {"unordered_multi", kDeterministic, {}, "an ordered container: order shows"},
      {"getenv(", {}, {"harness/cli/"}, "the environment is harness/cli's"},
      {"sleep_for(", {"suites/"}, {}, "a test waits for what it needs"},
      {"std::format", {}, {}, "fmt::format: libstdc++ 12 has none"},
  };
  return kWords;
}

bool applies(const BannedWord& banned, std::string_view path) {
  const auto starts = [&](std::string_view folder) { return path.starts_with(folder); };
  if (path.ends_with("_bench.cc")) return false;
  if (std::ranges::any_of(banned.allowed_in, starts)) return false;
  return banned.only_in.empty() || std::ranges::any_of(banned.only_in, starts);
}

void check_words(const SourceFile& file, const Lines& lines, Findings& out) {
  // A dialect's behaviour is a table or a policy; only these may ask which one it is.
  const bool asks_dialect =
      !under(file.path, {"reference/"}) || file.path.find("dialect") != std::string::npos ||
      file.path.find("config") != std::string::npos || file.path.ends_with("_test.cc");
  static const std::regex kComparison(R"(([=!]=\s*([a-z_]+::)*Dialect::)|(Dialect::\w+\s*[=!]=))");
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string code = code_of(lines[i]);
    for (const BannedWord& banned : banned_words()) {
      if (applies(banned, file.path) && has_word(code, banned.word)) {
        out.add(i + 1, fmt::format("`{}`: {}", banned.word, banned.instead));
      }
    }
    // To choose between two constants is a table of two rows.
    static const std::regex kTwoRows(R"(\? k\w+ : k\w+)");
    const bool compares = std::regex_search(code, kComparison);
    if (!asks_dialect && compares && !std::regex_search(code, kTwoRows)) {
      out.add(i + 1, "a comparison with a dialect outside tables, dialect_* and construction");
    }
    const std::string_view word = lines[i];
    for (const std::string_view later : {"TO"
                                         "DO",
                                         "FIX"
                                         "ME",
                                         "XX"
                                         "X",
                                         "HA"
                                         "CK"}) {
      if (has_word(word, later)) out.add(i + 1, fmt::format("`{}`: do it, or say why not", later));
    }
    const bool catch_macro =
        code.starts_with("#define CATCH_") || code.starts_with("#define BOOST");
    if (code.starts_with("#define") && !catch_macro && file.path != "protocol/check.h") {
      out.add(i + 1, "a macro; the only one is CHECK");
    }
  }
}

// --- sizes ---

size_t columns(std::string_view line) {
  return static_cast<size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void check_sizes(const Lines& lines, Findings& out) {
  if (lines.size() > kLinesMax) {
    out.add(kLinesMax, fmt::format("{} lines, {} is the end", lines.size(), kLinesMax));
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t wide = columns(lines[i]);
    if (wide > kColumns) out.add(i + 1, fmt::format("{} columns, {} is the end", wide, kColumns));
  }
}

// As clang-format lays it out, a function outside a class begins and ends at the left edge.
void check_functions(const Lines& lines, Findings& out) {
  static const std::regex kNotFunction(R"(^(namespace|struct|class|enum|union|extern|using)\b)");
  size_t start = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    if (line.empty() || line.front() == ' ' || line.front() == '#') continue;
    if (line == "}" && start > 0 && i + 2 - start > kFunctionLinesMax) {
      out.add(start, fmt::format("a function of {} lines, {} is the end", i + 2 - start,
                                 kFunctionLinesMax));
    }
    const bool opens = line.back() == '{' && !std::regex_search(std::string(line), kNotFunction);
    if (opens) start = i + 1;
    if (line.front() == '}') start = 0;
  }
}

// --- names ---

void check_names(const SourceFile& file, const Lines& lines, Findings& out) {
  static const std::regex kGrabBag(R"((^|/)(utils?|common|misc|helpers?|base|types)([./_]|$))",
                                   std::regex::icase);
  if (std::regex_search(file.path, kGrabBag)) out.add(1, "a grab-bag: name the noun it holds");
  const bool header = file.path.ends_with(".h");
  if (header && (lines.empty() || !lines[0].starts_with("// "))) {
    out.add(1, "a header opens with what the thing is");
  }
  if (header && !lines.empty() &&
      (lines[0].find("various") != std::string_view::npos ||
       lines[0].find("utilities") != std::string_view::npos)) {
    out.add(1, "a header that holds various things holds none");
  }
  if (header && std::ranges::find(lines, "#pragma once") == lines.end()) {
    out.add(1, "a header without #pragma once");
  }
  static const std::regex kTestName(R"(^TEST(_F|_P)?\((\w+), (\w+)\))");
  for (size_t i = 0; i < lines.size(); ++i) {
    std::match_results<std::string_view::const_iterator> name;
    if (std::regex_search(lines[i].begin(), lines[i].end(), name, kTestName) &&
        (name.str(2) + name.str(3)).find('_') != std::string::npos) {
      out.add(i + 1, "test suite and test are named without underscores");
    }
  }
}

void check_cmake(const SourceFile& file, const Lines& lines, Findings& out) {
  size_t options = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (has_word(lines[i], "option(") && !lines[i].starts_with("#")) ++options;
    if (lines[i].find("file(GLOB") != std::string_view::npos) {
      out.add(i + 1, "files are listed by name, never by glob");
    }
  }
  if (options > kOptionsMax) out.add(1, fmt::format("{} options, five are enough", options));
  if (file.path == "CMakeLists.txt" && lines.size() >= kTopCmakeLinesMax) {
    out.add(1, fmt::format("{} lines, should be under {}", lines.size(), kTopCmakeLinesMax));
  }
}

bool is_cpp(std::string_view path) { return ends(path, {".h", ".cc"}); }

// Whether a CMakeLists.txt in the file's folder or above names it, by its path from there.
bool listed(const SourceFile& file, const std::vector<SourceFile>& tree) {
  return std::ranges::any_of(tree, [&](const SourceFile& list) {
    if (!list.path.ends_with("CMakeLists.txt")) return false;
    const std::string_view folder = folder_of(list.path);
    if (!folder.empty() && !file.path.starts_with(std::string(folder) + "/")) return false;
    const std::string_view rest = folder.empty()
                                      ? std::string_view(file.path)
                                      : std::string_view(file.path).substr(folder.size() + 1);
    return has_word(list.text, rest);
  });
}

}  // namespace

std::vector<std::string> offences(const SourceFile& file) {
  Findings out(file.path);
  const Lines lines = split_lines(file.text);
  if (ends(file.path, {".h", ".cc", ".capnp", ".py"})) check_sizes(lines, out);
  if (is_cpp(file.path)) {
    check_includes(file, lines, out);
    // This rule book has to spell out what it bans.
    if (!file.path.starts_with("harness/tidy")) check_words(file, lines, out);
    check_functions(lines, out);
    check_names(file, lines, out);
  }
  if (ends(file.path, {"CMakeLists.txt", ".cmake"})) check_cmake(file, lines, out);
  return out.take();
}

std::vector<std::string> offences(const std::vector<SourceFile>& tree) {
  std::vector<std::string> found;
  std::set<std::string_view> paths;
  for (const SourceFile& file : tree) paths.insert(file.path);
  for (const SourceFile& file : tree) {
    if (!file.path.ends_with(".cc")) continue;
    const std::string header = file.path.substr(0, file.path.size() - 3) + ".h";
    const size_t first = file.text.find("#include ");
    if (paths.contains(header) && first != std::string::npos &&
        !std::string_view(file.text).substr(first).starts_with("#include \"" + header + "\"")) {
      found.push_back(fmt::format("{}:1: its own header comes first", file.path));
    }
    if (!listed(file, tree)) {
      found.push_back(fmt::format("{}:1: no CMakeLists.txt names it", file.path));
    }
  }
  return found;
}

}  // namespace harness
