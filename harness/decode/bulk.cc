#include "harness/decode/bulk.h"

#include <fmt/core.h>

#include <algorithm>

#include "protocol/codec.h"
#include "protocol/mds_1_8.h"
#include "protocol/mds_2_0.h"
#include "protocol/ptlrpc.h"

namespace harness {
namespace {

using protocol::ByteView;
using protocol::Description;
using protocol::Item;
using protocol::StructInfo;
using protocol::mds_1_8::Ext2DirEntry;
using protocol::mds_2_0::LudaType;
using protocol::mds_2_0::LuDirent;
using protocol::mds_2_0::LuDirpage;

constexpr size_t kPage = 4096;

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](uint8_t octet) { return octet == 0; });
}

// Adds a struct with its trailing part as one item.
void add_struct(Description& out, const StructInfo& info, ByteView bytes, size_t offset) {
  Description part = describe(info, bytes, protocol::ByteOrder::little);
  for (protocol::Unexplained& unknown : part.unexplained) {
    unknown.offset += static_cast<uint32_t>(offset);
    out.unexplained.push_back(std::move(unknown));
  }
  for (Item& item : part.items) {
    // The name at the end of an entry is raw bytes to the schema.
    if (!item.items.empty() && item.items.back().kind == Item::Kind::bytes) {
      Item& name = item.items.back();
      name.kind = Item::Kind::text;
      name.text = protocol::as_text(name.bytes);
    }
    out.items.push_back(std::move(item));
  }
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

Description describe_pages_1_8(ByteView bytes) {
  Description out;
  size_t at = 0;
  while (at < bytes.size()) {
    const ByteView rest = bytes.subspan(at);
    if (all_zero(rest)) break;
    const auto entry = protocol::decode<Ext2DirEntry>(rest);
    const size_t named = Ext2DirEntry::kSize + (entry ? entry->name_len : 0u);
    if (!entry || entry->rec_len < named || entry->rec_len % 4 != 0 ||
        entry->rec_len > rest.size()) {
      add_unexplained(out, rest, at, "no directory entry");
      break;
    }
    add_struct(out, Ext2DirEntry::kInfo, rest.first(named), at);
    add_slack(out, rest.subspan(named, entry->rec_len - named));
    at += entry->rec_len;
  }
  return out;
}

Description describe_pages_2_0(ByteView bytes) {
  Description out;
  for (size_t at = 0; at < bytes.size(); at += kPage) {
    describe_page(out, bytes.subspan(at, std::min(kPage, bytes.size() - at)), at);
  }
  return out;
}

void explain_bulk(EntryBuilder& out, const protocol::OperationInfo* operation) {
  const ByteView bytes = out.entry().frame.view().last(out.left());
  if (operation == nullptr) {
    out.unexplained(out.left(), "bulk data of an unknown operation");
  } else if (operation->opcode != protocol::ptlrpc::opcode::kMdsReadpage) {
    out.bulk(out.left());
  } else if (operation->dialect == protocol::Dialect::v1_8) {
    out.body("pages", describe_pages_1_8(bytes));
  } else {
    out.body("pages", describe_pages_2_0(bytes));
  }
}

}  // namespace harness
