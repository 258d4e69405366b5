#include "harness/decode/bulk.h"

#include <fmt/core.h>

#include <algorithm>

#include "protocol/codec.h"
#include "protocol/mds_1_8.h"
#include "protocol/mds_2_0.h"
#include "protocol/ptlrpc.h"

namespace harness {
namespace {

using protocol::all_zero;
using protocol::ByteView;
using protocol::Description;
using protocol::Item;
using protocol::StructInfo;
using protocol::mds_1_8::Ext2DirEntry;
using protocol::mds_2_0::LudaType;
using protocol::mds_2_0::LuDirent;
using protocol::mds_2_0::LuDirpage;

constexpr size_t kPage = 4096;

// Adds a struct with its trailing part as one item.
void add_struct(Description& out, const StructInfo& info, ByteView bytes, size_t offset) {
  describe(out, info, bytes, protocol::ByteOrder::little, protocol::Dialect::v2_0,
           static_cast<uint32_t>(offset));
  // The name at the end of an entry is raw bytes to the schema.
  if (Item& last = out.items.back(); last.kind == Item::Kind::bytes) last.kind = Item::Kind::text;
}

// Bytes between entries, which hold what earlier entries left.
void add_slack(Description& out, ByteView bytes) {
  if (all_zero(bytes)) return;
  out.items.push_back({.name = "slack", .kind = Item::Kind::bytes, .bytes = bytes});
}

void add_unexplained(Description& out, ByteView bytes, size_t offset, std::string reason) {
  if (bytes.empty()) return;
  out.items.push_back({.name = "unexplained", .kind = Item::Kind::bytes, .bytes = bytes});
  out.unexplained.push_back(
      {static_cast<uint32_t>(offset), static_cast<uint32_t>(bytes.size()), std::move(reason)});
}

// One page of 2.0, at `offset` of all.
void describe_page(Description& out, ByteView page, size_t offset) {
  const auto head = protocol::decode<LuDirpage>(page);
  if (!head) return add_unexplained(out, page, offset, "a directory page too short");
  add_struct(out, LuDirpage::kInfo, page.first(LuDirpage::kSize), offset);
  size_t at = LuDirpage::kSize;
  bool last = (head->flags & protocol::mds_2_0::dir_page_flag::kEmpty) != 0;
  while (!last) {
    const ByteView rest = page.subspan(at);
    const auto entry = protocol::decode<LuDirent>(rest);
    if (!entry) return add_unexplained(out, rest, offset + at, "no directory entry");
    const bool typed = (entry->attrs & protocol::mds_2_0::luda_bit::kType) != 0;
    const size_t named = LuDirent::kSize + entry->namelen;
    const size_t type_at = (named + 1) / 2 * 2;
    const size_t used = typed ? type_at + LudaType::kSize : named;
    last = entry->reclen == 0;
    const size_t size = last ? std::min(protocol::padded(used), rest.size()) : entry->reclen;
    if (used > size || size > rest.size()) {
      return add_unexplained(out, rest, offset + at, "no directory entry");
    }
    add_struct(out, LuDirent::kInfo, rest.first(named), offset + at);
    if (typed) {
      add_struct(out, LudaType::kInfo, rest.subspan(type_at, LudaType::kSize),
                 offset + at + type_at);
    }
    add_slack(out, rest.subspan(used, size - used));
    at += size;
  }
  add_slack(out, page.subspan(at));
}

}  // namespace

void describe_pages_1_8(Description& out, ByteView bytes, uint32_t base) {
  size_t at = 0;
  while (at < bytes.size()) {
    const ByteView rest = bytes.subspan(at);
    if (all_zero(rest)) break;
    const auto entry = protocol::decode<Ext2DirEntry>(rest);
    const size_t named = Ext2DirEntry::kSize + (entry ? entry->name_len : 0u);
    if (!entry || entry->rec_len < named || entry->rec_len % 4 != 0 ||
        entry->rec_len > rest.size()) {
      add_unexplained(out, rest, base + at, "no directory entry");
      break;
    }
    add_struct(out, Ext2DirEntry::kInfo, rest.first(named), base + at);
    add_slack(out, rest.subspan(named, entry->rec_len - named));
    at += entry->rec_len;
  }
}

void describe_pages_2_0(Description& out, ByteView bytes, uint32_t base) {
  for (size_t at = 0; at < bytes.size(); at += kPage) {
    describe_page(out, bytes.subspan(at, std::min(kPage, bytes.size() - at)), base + at);
  }
}

void explain_bulk(EntryBuilder& out, const protocol::OperationInfo* operation) {
  if (operation == nullptr) {
    return out.unexplained(out.left(), "bulk data of an unknown operation");
  }
  if (operation->opcode != protocol::ptlrpc::opcode::kMdsReadpage) return out.bulk(out.left());
  const ByteView bytes = out.entry().frame.view().last(out.left());
  const EntryBuilder::Body pages = out.open_body("pages");
  const auto describe_pages =
      operation->dialect == protocol::Dialect::v1_8 ? describe_pages_1_8 : describe_pages_2_0;
  describe_pages(out.entry().description, bytes, out.position());
  out.close_body(pages);
}

}  // namespace harness
