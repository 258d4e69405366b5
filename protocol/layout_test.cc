// Compares what the schemas define with the tables of facts, which a C compiler made from Lustre's
// own headers: each struct's size, each member's offset and size, each constant's value. A row that
// the schemas contradict fails; a row they do not speak of is listed.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/catalogue.h"

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

// "lnet_put", "lnet_put_t" and "put" are one, as are "ldlm_extent" and "l_extent".
std::string bare(std::string name) {
  for (const std::string_view prefix : {"lnet_", "ldlm_", "l_", "ksock_", "ksm_", "ksnm_"}) {
    if (name.starts_with(prefix)) name = name.substr(prefix.size());
  }
  return name.ends_with("_t") ? name.substr(0, name.size() - 2) : name;
}

const StructInfo* struct_named(const std::string& name,
                               const std::vector<const SchemaFile*>& files) {
  for (const bool loosely : {false, true}) {
    for (const SchemaFile* file : files) {
      for (const StructInfo* info : file->structs) {
        if (loosely ? bare(std::string(info->lustre)) == bare(name) : info->lustre == name) {
          return info;
        }
      }
    }
  }
  return nullptr;
}

// Rows that the schemas depart from on purpose. Each starts what Tally is told.
struct Departure {
  std::string_view row;
  std::string_view why;
};
constexpr Departure kDepartures[] = {
    {"ksock_msg_t", "the schema's ends before the lnet_hdr (72 of the 96 bytes)"},
    {"mdt_body.padding_5 is at 172", "2.0 split 1.8's padding of that name: gid_h, padding_5"},
    {"volatile_later MDS_OPEN_VOLATILE", "the schema has the high half of the flags, cr_flags_h"},
};

struct Place {
  uint32_t offset;
  uint32_t size;
};

bool is_called(const FieldInfo& field, const std::string& name) {
  return field.lustre == name || field.lustre_1_8 == name || field.lustre == name + "[0]";
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
    name = name.substr(0, bracket);
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
    const std::string rest = path.substr(dot + 1);
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
  }
  return std::nullopt;
}

Verdict judge_constant(const std::string& group, const std::string& name, uint64_t value,
                       const std::vector<const SchemaFile*>& files) {
  Verdict verdict = Verdict::unknown;
  for (const SchemaFile* file : files) {
    for (const NameTable* table : file->names) {
      if (table->group != group) continue;
      const uint64_t mask = table->width == 64 ? ~uint64_t{0} : (uint64_t{1} << table->width) - 1;
      for (const NamedValue& constant : table->values) {
        if (constant.lustre != name) continue;
        if ((constant.value & mask) == (value & mask)) return Verdict::proven;
        verdict = Verdict::wrong;
      }
    }
  }
  return verdict;
}

struct Tally {
  std::string table;
  size_t rows = 0;
  size_t proven = 0;
  std::vector<std::string> wrong = {};
  std::set<std::string> unknown = {};

  void count(Verdict verdict, const std::string& what) {
    ++rows;
    for (const Departure& departure : kDepartures) {
      if (verdict == Verdict::wrong && what.starts_with(departure.row)) verdict = Verdict::unknown;
    }
    if (verdict == Verdict::proven) ++proven;
    if (verdict == Verdict::wrong) wrong.push_back(what);
    if (verdict == Verdict::unknown) unknown.insert(what);
  }
  void print() const {
    std::printf("%s: %zu of %zu rows proven\n", table.c_str(), proven, rows);
    for (const std::string& what : wrong) std::printf("  WRONG: %s\n", what.c_str());
    for (const std::string& what : unknown) {
      if (what.starts_with("struct ")) std::printf("  not proven: %s\n", what.c_str());
    }
  }
  void print_unknown() const {
    for (const std::string& what : unknown) {
      std::printf("%s, not proven: %s\n", table.c_str(), what.c_str());
    }
  }
};

void judge_wire(Tally& tally, const std::vector<std::string>& row,
                const std::vector<const SchemaFile*>& files) {
  const std::string& kind = row[0];
  const std::string& name = row[1];
  const std::string& member = row[2];
  if (kind == "const") {
    tally.count(judge_constant(name, member, number(row[5]), files), name + " " + member);
    return;
  }
  const StructInfo* info = struct_named(name, files);
  const std::string what = member.empty() ? name : name + "." + member;
  if (info == nullptr) return tally.count(Verdict::unknown, "struct " + name);
  if (kind == "struct_size") {
    tally.count(info->size == number(row[4]) ? Verdict::proven : Verdict::wrong, what);
    return;
  }
  const std::optional<Place> place = place_of(*info, member);
  if (!place) return tally.count(Verdict::unknown, what);
  const bool same = place->offset == number(row[3]) && place->size == number(row[4]);
  tally.count(same ? Verdict::proven : Verdict::wrong,
              what + " is at " + std::to_string(place->offset) + ", " +
                  std::to_string(place->size) + " bytes; the table says " + row[3] + ", " + row[4]);
}

Tally judge(const std::string& dialect, bool all = false) {
  const std::vector<const SchemaFile*> files = files_for(dialect);
  Tally wire{.table = "wire-" + dialect};
  for (const auto& row : read_rows("wire-" + dialect + ".csv")) judge_wire(wire, row, files);
  wire.print();
  Tally constants{.table = "constants-" + dialect};
  for (const auto& row : read_rows("constants-" + dialect + ".csv")) {
    constants.count(judge_constant(row[0], row[1], number(row[2]), files), row[0] + " " + row[1]);
  }
  constants.print();
  if (all) {
    wire.print_unknown();
    constants.print_unknown();
  }
  wire.wrong.insert(wire.wrong.end(), constants.wrong.begin(), constants.wrong.end());
  wire.proven += constants.proven;
  return wire;
}

}  // namespace

TEST_CASE("Layout: no row of the 1.8 tables is contradicted") {
  const Tally tally = judge("1.8");
  REQUIRE(tally.wrong.empty());
  REQUIRE(tally.proven > 1000);
}

TEST_CASE("Layout: no row of the 2.0 tables is contradicted") {
  const Tally tally = judge("2.0");
  REQUIRE(tally.wrong.empty());
  REQUIRE(tally.proven > 1000);
}

// Only when asked for: protocol_test "[unproven]".
TEST_CASE("Layout: what no schema speaks of", "[.unproven]") {
  judge("1.8", true);
  judge("2.0", true);
}

}  // namespace protocol
