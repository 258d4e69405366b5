// Compares what the schemas define with the tables of facts, which a C compiler made from Lustre's
// own headers: each struct's size, each member's offset and size, each constant's value. Every row
// is proven from the schemas, or is on the list of exceptions with the reason why it never travels.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/catalogue.h"
#include "protocol/layout_exceptions.h"

namespace protocol {
namespace {

enum class Verdict { proven, unknown, wrong };

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, separator);) out.push_back(part);
  return out;
}

std::vector<std::vector<std::string>> read_rows(const std::string& name) {
  std::ifstream in(ASSAY_TESTDATA "/" + name);
  REQUIRE(in);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    rows.push_back(split(line, ','));
    rows.back().resize(7);
  }
  return rows;
}

uint64_t number(const std::string& text) {
  if (text.starts_with('-')) return static_cast<uint64_t>(std::strtoll(text.c_str(), nullptr, 0));
  return std::strtoull(text.c_str(), nullptr, 0);
}

// Files of the other dialect come last: 1.8.9 clients speak 2.0 as well, so its tables have those
// structs too.
std::vector<const SchemaFile*> files_for(std::string_view dialect) {
  std::vector<const SchemaFile*> own;
  std::vector<const SchemaFile*> other;
  for (const SchemaFile& file : catalogue()) {
    const bool foreign = file.name.ends_with(dialect == "1.8" ? "_2_0" : "_1_8");
    (foreign ? other : own).push_back(&file);
  }
  own.insert(own.end(), other.begin(), other.end());
  return own;
}

// "lnet_put", "lnet_put_t" and "put" are one, as are "ldlm_extent" and "l_extent", and
// "ksock_lnet_msg_t" and "lnetmsg".
std::string bare(std::string name) {
  for (const std::string_view prefix : {"lnet_", "ldlm_", "l_", "ksock_", "ksm_", "ksnm_"}) {
    if (name.starts_with(prefix)) name = name.substr(prefix.size());
  }
  if (name.ends_with("_t")) name.resize(name.size() - 2);
  std::erase(name, '_');
  return name;
}

// All structs of that name in the first file that has one.
std::vector<const StructInfo*> structs_named(const std::string& name,
                                             const std::vector<const SchemaFile*>& files) {
  std::vector<const StructInfo*> out;
  for (const bool loosely : {false, true}) {
    for (const SchemaFile* file : files) {
      for (const StructInfo* info : file->structs) {
        const bool exactly = info->lustre == name || info->lustre_1_8 == name;
        if (loosely ? bare(std::string(info->lustre)) == bare(name) : exactly) out.push_back(info);
      }
      if (!out.empty()) return out;
    }
  }
  return out;
}

struct Place {
  uint32_t offset;
  uint32_t size;
};

bool is_called(const FieldInfo& field, const std::string& name) {
  return field.lustre == name || field.lustre_1_8 == name || field.lustre == name + "[0]";
}

std::optional<Place> place_of(const StructInfo& info, const std::string& path);

// What of a member lies behind the first dot of a path: in its struct, or in one of a union, which
// the path may name or not.
std::optional<Place> place_within(const FieldInfo& field, uint32_t start, const std::string& rest) {
  if (field.structure != nullptr) {
    if (const auto inner = place_of(*field.structure, rest)) {
      return Place{start + inner->offset, inner->size};
    }
  }
  const size_t next = rest.find('.');
  for (const StructInfo* over : field.overlays) {
    if (bare(std::string(over->lustre)) != bare(rest.substr(0, next))) continue;
    if (next == std::string::npos) return Place{start, over->size};
    if (const auto inner = place_of(*over, rest.substr(next + 1))) {
      return Place{start + inner->offset, inner->size};
    }
  }
  return std::nullopt;
}

// Members of unions without a name, and members that the schema has one by one.
std::optional<Place> place_apart(const StructInfo& info, const std::string& path) {
  std::optional<Place> whole;
  for (const FieldInfo& field : info.fields) {
    for (const StructInfo* over : field.overlays) {
      if (const auto inner = place_of(*over, path)) {
        return Place{field.offset + inner->offset, inner->size};
      }
    }
    if (!field.lustre.starts_with(path + ".")) continue;
    if (!whole) whole = Place{field.offset, 0};
    whole->size = field.offset + field.size - whole->offset;
  }
  return whole;
}

// "msg.put.ack_wmd", "pb_pre_versions[4]": names and, in brackets, elements.
std::optional<Place> place_of(const StructInfo& info, const std::string& path) {
  const size_t dot = path.find('.');
  std::string name = path.substr(0, dot);
  uint32_t index = 0;
  bool indexed = false;
  if (const size_t bracket = name.find('['); bracket != std::string::npos) {
    index = static_cast<uint32_t>(number(name.substr(bracket + 1)));
    indexed = true;
    name.resize(bracket);
  }
  for (const FieldInfo& field : info.fields) {
    if (field.lustre == path) {
      return Place{field.offset, indexed ? field.width : field.trailing ? 0 : field.size};
    }
    if (!is_called(field, name)) continue;
    const uint32_t start = field.offset + index * field.width;
    if (dot == std::string::npos) {
      const uint32_t whole = field.trailing ? 0 : field.size;
      return Place{start, indexed ? field.width : whole};
    }
    if (const auto inner = place_within(field, start, path.substr(dot + 1))) return inner;
  }
  return place_apart(info, path);
}

bool later(const std::string& group) { return group.ends_with("_later"); }

std::string in_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char each : text) {
    out += kDigits[static_cast<uint8_t>(each) >> 4];
    out += kDigits[static_cast<uint8_t>(each) & 15];
  }
  return out;
}

Verdict judge_constant(const std::string& group, const std::string& name, const std::string& value,
                       const std::vector<const SchemaFile*>& files) {
  Verdict verdict = Verdict::unknown;
  if (value == "(absent)") return verdict;
  for (const SchemaFile* file : files) {
    for (const NameTable* table : file->names) {
      if (table->group != group && !later(group)) continue;
      const uint64_t mask = table->width == 64 ? ~uint64_t{0} : (uint64_t{1} << table->width) - 1;
      for (const NamedValue& constant : table->values) {
        if (constant.lustre != name) continue;
        const bool same = table->width == 0
                              ? constant.text == value || in_hex(constant.text) == value
                              : (constant.value & mask) == (number(value) & mask);
        if (same) return Verdict::proven;
        verdict = Verdict::wrong;
      }
    }
    for (const OperationInfo* operation : file->operations) {
      if (later(group) && operation->name == name && operation->opcode == number(value)) {
        return Verdict::proven;
      }
    }
  }
  return verdict;
}

// A union that the tables list as a struct of its own, and the member that is it.
struct Union {
  std::string_view name;
  std::string_view owner;
  std::string_view member;
};
constexpr Union kUnions[] = {{"ldlm_policy_data_t", "ldlm_lock_desc", "l_policy_data"}};

using Complaints = std::vector<std::string>;

struct Tally {
  std::string table;
  size_t rows = 0;
  size_t proven = 0;
  std::map<std::string_view, size_t> excepted = {};  // by reason
  Complaints wrong = {};
  Complaints unknown = {};

  void count(Verdict verdict, std::string_view owner, std::string_view member,
             const std::string& what) {
    ++rows;
    const LayoutException* exception = exception_of(table, owner, member);
    if (verdict == Verdict::proven) {
      ++proven;
      if (exception != nullptr) wrong.push_back(what + ": proven, and yet an exception");
    } else if (verdict == Verdict::wrong) {
      wrong.push_back(what);
    } else if (exception != nullptr) {
      ++excepted[exception->why];
    } else {
      unknown.push_back(what);
    }
  }
  size_t exceptions() const {
    size_t sum = 0;
    for (const auto& [why, count] : excepted) sum += count;
    return sum;
  }
  void print() const {
    std::printf("%s: %zu of %zu rows proven, %zu exceptions (%.1f%%)\n", table.c_str(), proven,
                rows, exceptions(),
                100.0 * static_cast<double>(exceptions()) / static_cast<double>(rows));
    for (const auto& [why, count] : excepted) {
      std::printf("  %3zu  %.*s\n", count, static_cast<int>(why.size()), why.data());
    }
    for (const std::string& what : wrong) std::printf("  WRONG: %s\n", what.c_str());
    for (const std::string& what : unknown) std::printf("  NOT PROVEN: %s\n", what.c_str());
  }
};

// What 1.8 has where 2.0 has a field.
std::optional<Place> place_of_1_8(const StructInfo& info, const std::string& member) {
  for (const FieldInfo& field : info.fields) {
    for (const FieldInfo& part : field.parts_1_8) {
      if (part.lustre == member) return Place{part.offset, part.size};
    }
  }
  return std::nullopt;
}

Verdict compare(const StructInfo& info, const std::vector<std::string>& row,
                std::string_view dialect, std::string& found) {
  if (row[0] == "struct_size") {
    found = std::to_string(info.size) + " bytes";
    return info.size == number(row[4]) ? Verdict::proven : Verdict::wrong;
  }
  std::optional<Place> place;
  if (dialect == "1.8") place = place_of_1_8(info, row[2]);
  if (!place) place = place_of(info, row[2]);
  if (!place) return Verdict::unknown;
  found = "at " + std::to_string(place->offset) + ", " + std::to_string(place->size) + " bytes";
  const bool same = place->offset == number(row[3]) && place->size == number(row[4]);
  return same ? Verdict::proven : Verdict::wrong;
}

void judge_wire(Tally& tally, std::vector<std::string> row, std::string_view dialect) {
  const std::vector<const SchemaFile*> files = files_for(dialect);
  if (row[0] == "const") {
    tally.count(judge_constant(row[1], row[2], row[5], files), row[1], row[2],
                row[1] + " " + row[2]);
    return;
  }
  const std::string owner = row[1];
  const std::string member = row[2];
  for (const Union& each : kUnions) {
    if (each.name != row[1]) continue;
    row[0] = "field";
    row[1] = each.owner;
    row[2] = std::string(each.member) + (member.empty() ? "" : "." + member);
    const auto base = place_of(*structs_named(row[1], files).front(), std::string(each.member));
    row[3] = std::to_string(base->offset + number(row[3]));
  }
  Verdict verdict = Verdict::unknown;
  std::string found;
  for (const StructInfo* info : structs_named(row[1], files)) {
    const Verdict one = compare(*info, row, dialect, found);
    if (verdict == Verdict::unknown || one == Verdict::proven) verdict = one;
  }
  tally.count(verdict, owner, member,
              owner + "." + member + " is " + found + "; the table says " + row[3] + ", " + row[4]);
}

Tally judge_wire_table(const std::string& dialect) {
  Tally wire{.table = "wire-" + dialect};
  for (const auto& row : read_rows(wire.table + ".csv")) judge_wire(wire, row, dialect);
  wire.print();
  return wire;
}

Tally judge_constants(const std::string& dialect) {
  const std::vector<const SchemaFile*> files = files_for(dialect);
  Tally constants{.table = "constants-" + dialect};
  for (const auto& row : read_rows(constants.table + ".csv")) {
    constants.count(judge_constant(row[0], row[1], row[2], files), row[0], row[1],
                    row[0] + " " + row[1] + " = " + row[2]);
  }
  constants.print();
  return constants;
}

}  // namespace

TEST_CASE("Layout: every row of the wire tables is proven, or never travels") {
  for (const char* dialect : {"1.8", "2.0"}) {
    const Tally tally = judge_wire_table(dialect);
    REQUIRE(tally.rows > 1300);
    REQUIRE(tally.wrong == Complaints());
    REQUIRE(tally.unknown == Complaints());
    REQUIRE(tally.exceptions() * 20 < tally.rows);
  }
}

TEST_CASE("Layout: every constant is proven, or never travels") {
  for (const char* dialect : {"1.8", "2.0"}) {
    const Tally tally = judge_constants(dialect);
    REQUIRE(tally.rows > 900);
    REQUIRE(tally.wrong == Complaints());
    REQUIRE(tally.unknown == Complaints());
  }
}

// Rows of 2.15's table that the profiles speak of; the rest is another dialect.
TEST_CASE("Layout: what the profiles take from later versions is as 2.15 has it") {
  const std::vector<const SchemaFile*> files = files_for("2.0");
  size_t proven = 0;
  for (const auto& row : read_rows("wire-later.csv")) {
    INFO(row[1] << "." << row[2]);
    if (row[0] == "const") {
      REQUIRE(judge_constant(row[1] + "_later", row[2], row[5], files) == Verdict::proven);
    } else if (row[2] == "o_data_version" || row[2] == "cr_flags_h") {
      const StructInfo* info = structs_named(row[1], files).front();
      const auto field = std::ranges::find(info->fields, row[2], &FieldInfo::later);
      REQUIRE(field != info->fields.end());
      REQUIRE(field->offset == number(row[3]));
      REQUIRE(field->size == number(row[4]));
    } else {
      std::string found;
      REQUIRE(compare(*structs_named(row[1], files).front(), row, "2.0", found) == Verdict::proven);
    }
    ++proven;
  }
  std::printf("wire-later: %zu rows proven\n", proven);
  REQUIRE(proven > 15);
}

// An exception that no row needs is a leftover.
TEST_CASE("Layout: every exception is needed") {
  for (const LayoutException& exception : layout_exceptions()) {
    bool used = false;
    for (const char* table : {"wire-1.8", "wire-2.0", "constants-1.8", "constants-2.0"}) {
      const bool wire = std::string_view(table).starts_with("wire");
      for (const auto& row : read_rows(std::string(table) + ".csv")) {
        used = used || exception_of(table, row[wire ? 1 : 0], row[wire ? 2 : 1]) == &exception;
      }
    }
    INFO(exception.owner << " " << exception.member);
    REQUIRE(used);
  }
}

}  // namespace protocol
