#include "suites/stock/names.h"

#include <cstring>
#include <optional>
#include <string_view>

#include "protocol/buffers.h"
#include "protocol/catalogue.h"
#include "protocol/codec.h"
#include "protocol/ldlm.h"
#include "protocol/ost.h"
#include "protocol/ptlrpc.h"

namespace suites {

using protocol::ByteSpan;
using protocol::ByteView;
using protocol::Dialect;
using protocol::Direction;
using protocol::StructInfo;

namespace {

enum class When : uint8_t { always, v1_8, v2_0, cancel };

// Which struct holds a name where.
struct Row {
  std::string_view structure;
  Space space;
  std::array<NamePlace::Piece, 3> pieces;
  When when = When::always;
};

constexpr Row kRows[] = {
    {"ll_fid", Space::file, {{{0, 8}, {8, 4}}}},
    {"lu_fid", Space::file, {{{0, 8}, {8, 4}, {12, 4}}}},
    {"mds_body", Space::open, {{{32, 8}}}},
    {"mdt_body", Space::open, {{{32, 8}}}},
    {"mdt_ioepoch", Space::open, {{{0, 8}}}},
    {"mdt_rec_create", Space::open, {{{72, 8}}}},
    {"ldlm_reply", Space::lock, {{{88, 8}}}},
    {"ldlm_request", Space::lock, {{{88, 8}}}, When::cancel},  // else it is the client's own
    {"obdo", Space::lock, {{{128, 8}}}},
    {"obdo", Space::object, {{{8, 8}, {16, 8}}}},
    {"obdo", Space::file, {{{24, 8}, {104, 4}}}, When::v1_8},
    {"obdo", Space::file, {{{24, 8}, {104, 4}, {124, 4}}}, When::v2_0},
    {"obd_ioobj", Space::object, {{{0, 8}, {8, 8}}}},
    {"lov_ost_data_v1", Space::object, {{{0, 8}, {8, 8}, {20, 4}}}},
    {"llog_logid", Space::log, {{{0, 8}, {8, 8}, {16, 4}}}},
    {"lu_seq_range", Space::sequence, {{{0, 8}}}},
};

class Walk {
 public:
  Walk(const protocol::OperationInfo& operation, Direction direction,
       std::vector<NamePlace>& out)
      : operation_(operation), direction_(direction), out_(out) {}

  void buffer(const protocol::BufferInfo& info, uint32_t place, uint32_t index, ByteView bytes) {
    place_ = place;
    buffer_ = index;
    const StructInfo* structure = info.structure;
    if (info.kind == protocol::BufferKind::data && info.name == "md") structure = layout_of(bytes);
    if (structure == nullptr) return;
    if (info.kind != protocol::BufferKind::array) return this->structure(*structure, bytes, 0);
    for (uint32_t at = 0; at + structure->size <= bytes.size(); at += structure->size) {
      this->structure(*structure, bytes, at);
    }
  }

 private:
  static const StructInfo* layout_of(ByteView bytes) {
    const auto magic = protocol::decode<uint32_t>(bytes);
    if (magic && *magic == protocol::ost::lov_magic::kV1) return &protocol::ost::LovMdsMdV1::kInfo;
    if (magic && *magic == protocol::ost::lov_magic::kV3) return &protocol::ost::LovMdsMdV3::kInfo;
    return nullptr;
  }

  void structure(const StructInfo& info, ByteView bytes, uint32_t at) {
    if (at + info.size > bytes.size()) return;
    for (const Row& row : kRows) {
      if (row.structure == info.lustre && holds(row.when)) add(row.space, row.pieces, at);
    }
    // An answer's is that of the lock that was given, which may be another than in the capture.
    if (info.lustre == "ldlm_resource_desc" && direction_ == Direction::request) {
      resource(bytes, at);
    }
    for (const protocol::FieldInfo& field : info.fields) {
      if (field.structure == nullptr || field.width == 0) continue;
      const auto end = field.trailing ? static_cast<uint32_t>(bytes.size())
                                      : at + field.offset + field.size;
      for (uint32_t to = at + field.offset; to + field.width <= end; to += field.width) {
        structure(*field.structure, bytes, to);
      }
    }
  }

  // What a lock's resource is called after depends on the lock's type.
  void resource(ByteView bytes, uint32_t at) {
    namespace lock_type = protocol::ldlm::lock_type;
    constexpr uint32_t kName = offsetof(protocol::ldlm::LdlmResourceDesc, name);
    const auto type = protocol::decode<uint32_t>(bytes.subspan(at));
    if (*type == lock_type::kExtent) {
      add(Space::object, {{{kName, 8}, {kName + 8, 8}}}, at);
    } else if (*type == lock_type::kIbits || *type == lock_type::kFlock) {
      operation_.dialect == Dialect::v1_8
          ? add(Space::file, {{{kName, 8}, {kName + 8, 4}}}, at)
          : add(Space::file, {{{kName, 8}, {kName + 8, 4}, {kName + 12, 4}}}, at);
    }
  }

  bool holds(When when) const {
    switch (when) {
      case When::always:
        return true;
      case When::v1_8:
        return operation_.dialect == Dialect::v1_8;
      case When::v2_0:
        return operation_.dialect == Dialect::v2_0;
      case When::cancel:
        return operation_.opcode == protocol::ptlrpc::opcode::kLdlmCancel;
    }
    return false;
  }

  void add(Space space, std::array<NamePlace::Piece, 3> pieces, uint32_t at) {
    for (NamePlace::Piece& piece : pieces) piece.offset += at;
    out_.push_back({space, place_, buffer_, pieces});
  }

  const protocol::OperationInfo& operation_;
  Direction direction_;
  std::vector<NamePlace>& out_;
  uint32_t place_ = 0;
  uint32_t buffer_ = 0;
};

}  // namespace

std::vector<NamePlace> names_in(const protocol::Message& message,
                                const protocol::OperationInfo& operation, Direction direction) {
  std::vector<NamePlace> out;
  Walk walk(operation, direction, out);
  const protocol::DirectionInfo& format =
      direction == Direction::request ? operation.request : operation.reply;
  protocol::BufferCursor cursor(message, format);
  for (uint32_t place = 0; place < format.buffers.size(); ++place) {
    const auto index = cursor.next();
    if (index) walk.buffer(format.buffers[place], place, *index, message.buffer(*index));
  }
  return out;
}

Name read_name(ByteView buffer, const NamePlace& place) {
  Name name = {};
  for (size_t i = 0; i < name.size(); ++i) {
    const auto [offset, size] = place.pieces[i];
    if (size != 0) std::memcpy(&name[i], buffer.subspan(offset, size).data(), size);
  }
  return name;
}

void write_name(ByteSpan buffer, const NamePlace& place, const Name& name) {
  for (size_t i = 0; i < name.size(); ++i) {
    const auto [offset, size] = place.pieces[i];
    if (size != 0) std::memcpy(buffer.subspan(offset, size).data(), &name[i], size);
  }
}

}  // namespace suites
