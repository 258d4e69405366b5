#include "protocol/ready_items.h"

#include <algorithm>
#include <unordered_map>

#include "protocol/fid.h"

namespace protocol {
namespace {

bool always_the_same(const FieldInfo& field, Dialect dialect) {
  if (field.trailing || !field.overlays.empty()) return false;
  if (field.kind != FieldKind::structure) return true;
  bool same = true;
  for_each_member(*field.structure, dialect, [&](const FieldInfo& member) {
    same = same && always_the_same(member, dialect);
  });
  return same;
}

// Adds members to a run; offsets are the outermost struct's.
class RunMaker {
 public:
  RunMaker(ReadyRun& run, Dialect dialect) : run_(run), dialect_(dialect) {}

  void member(const FieldInfo& field, uint32_t base, bool little_endian) {
    const uint32_t offset = base + field.offset;
    if (field.padding) return run_.padding.push_back({offset, field.size});
    const bool little = little_endian || field.little_endian;
    const std::string_view name = field.shown[static_cast<size_t>(dialect_)];
    if (!field.array) return element(field, {.name = name}, offset, little);
    const size_t list = open({.name = name, .kind = Item::Kind::list});
    for (uint32_t index = 0; index < field.count; ++index) {
      element(field, {.index = index}, offset + index * field.width, little);
    }
    close(list);
  }

 private:
  void element(const FieldInfo& field, Item item, uint32_t offset, bool little_endian) {
    switch (field.kind) {
      case FieldKind::structure:
        return structure(*field.structure, item, offset, little_endian);
      case FieldKind::text:
      case FieldKind::bytes:
        item.kind = field.kind == FieldKind::text ? Item::Kind::text : Item::Kind::bytes;
        run_.octets.push_back({place(), offset, field.array ? field.width : field.size});
        break;
      case FieldKind::signed_integer:
      case FieldKind::unsigned_integer:
        item.kind = Item::Kind::number;
        item.is_signed = field.kind == FieldKind::signed_integer;
        item.hex = field.hex;
        item.names = field.names;
        if (field.nid) item.notation = Item::Notation::nid;
        run_.numbers.push_back({.item = place(),
                                .offset = offset,
                                .width = static_cast<uint8_t>(field.width),
                                .is_signed = item.is_signed,
                                .as_is = little_endian || field.opaque});
        break;
    }
    open(item);
  }

  void structure(const StructInfo& info, Item item, uint32_t offset, bool little_endian) {
    const size_t group = open(item);
    for_each_member(info, dialect_, [&](const FieldInfo& field) {
      member(field, offset, little_endian || info.little_endian);
    });
    close(group);
    if (is_whole_fid(info, run_.items[group])) run_.items[group].notation = Item::Notation::fid;
  }

  uint32_t place() const { return static_cast<uint32_t>(run_.items.size()); }
  size_t open(Item item) {
    item.dialect = dialect_;
    run_.items.push_back(item);
    return run_.items.size() - 1;
  }
  void close(size_t group) {
    run_.items[group].inside = static_cast<uint32_t>(run_.items.size() - group - 1);
  }

  ReadyRun& run_;
  Dialect dialect_;
};

std::vector<ReadyRun> make_runs(const StructInfo& info, Dialect dialect) {
  std::vector<ReadyRun> runs;
  for_each_member(info, dialect, [&](const FieldInfo& field) {
    const bool same = always_the_same(field, dialect);
    if (runs.empty() || !same || !runs.back().ready()) runs.emplace_back();
    runs.back().members.push_back(&field);
    if (same) RunMaker(runs.back(), dialect).member(field, 0, info.little_endian);
  });
  return runs;
}

}  // namespace

bool is_whole_fid(const StructInfo& info, const Item& group) {
  constexpr uint32_t kFidItems = 3;
  return &info == &fid::LuFid::kInfo && group.inside == kFidItems;
}

std::span<const ReadyRun> ready_runs(const StructInfo& info, Dialect dialect) {
  thread_local std::array<std::unordered_map<const StructInfo*, std::vector<ReadyRun>>, 2> made;
  auto& of_dialect = made[static_cast<size_t>(dialect)];
  auto found = of_dialect.find(&info);
  if (found == of_dialect.end()) found = of_dialect.emplace(&info, make_runs(info, dialect)).first;
  return found->second;
}

}  // namespace protocol
