// The walk through the schema's tables that fills a Description. One describer per description.
#pragma once

#include <string>
#include <string_view>

#include "protocol/description.h"

namespace protocol {

struct ReadyRun;

class Describer {
 public:
  // `base` is added to every offset of what is unexplained.
  Describer(Description& out, ByteOrder order, Dialect dialect, uint32_t base)
      : out_(out), order_(order), dialect_(dialect), base_(base) {}
  // The sender speaks a version after 2.0: fields that got another meaning since, and padding that
  // is not zero, are unexplained.
  void speak_later() { later_ = true; }

  // The fields of a struct at `offset`, from bytes that start with it; its trailing part takes the
  // rest. Returns the number of bytes explained.
  size_t fields(const StructInfo& info, ByteView bytes, uint32_t offset,
                bool within_little_endian = false);
  // The same as one group, with a notice of bytes left over. The items that are to be named so:
  struct Name {
    std::string_view name = {};
    uint32_t index = Item::kNoIndex;
  };
  void structure(Name name, const StructInfo& info, ByteView bytes, uint32_t offset);
  void number(Name name, ByteView bytes, const NameTable* names);
  void text(Name name, ByteView bytes);  // up to its first NUL
  // The same of a place of its own, in which nothing but zeros should follow.
  void text_and_zeros(Name name, ByteView bytes, uint32_t offset);
  void raw(Name name, ByteView bytes);
  // Raw bytes in a place of that name, described by what is known to be sent there.
  void data(std::string_view name, ByteView bytes, uint32_t offset);
  void unexplained(uint64_t offset, uint64_t length, std::string_view reason);
  ByteOrder order() const { return order_; }

 private:
  std::string_view shown_name(const FieldInfo& field) const {
    return field.shown[static_cast<size_t>(dialect_)];
  }
  Item& add(Item::Kind kind, Name name);
  size_t open(Item::Kind kind, Name name);
  void close(size_t group, const StructInfo& info);
  void element(const FieldInfo& field, Name name, ByteView bytes, uint32_t offset,
               bool little_endian, const StructInfo& owner, ByteView owner_bytes);
  void integer(const FieldInfo& field, Name name, ByteView bytes, ByteOrder order);
  void field(const FieldInfo& field, const StructInfo& owner, ByteView owner_bytes, uint32_t offset,
             bool little_endian);
  size_t trailing(const FieldInfo& field, ByteView bytes, uint32_t offset, bool little_endian);
  const StructInfo* overlay_of(const FieldInfo& field, const StructInfo& owner,
                               ByteView owner_bytes, ByteOrder order) const;
  bool put_ready(const ReadyRun& run, ByteView bytes, uint32_t offset, bool within_little_endian);
  void member(const FieldInfo& field, const StructInfo& info, ByteView bytes, uint32_t offset,
              bool little_endian);
  void end_text(Item& item, uint32_t offset);
  bool unknown_later(const StructInfo& info, const FieldInfo& field, ByteView bytes,
                     uint32_t offset);

  // describe_data.cc
  void layout(std::string_view name, ByteView bytes, uint32_t offset);
  void log_records(std::string_view name, ByteView bytes, uint32_t offset);
  void log_record(uint32_t index, ByteView bytes, uint32_t offset);
  void configuration(ByteView bytes, uint32_t offset);

  Description& out_;
  ByteOrder order_;
  Dialect dialect_;
  uint32_t base_;
  bool later_ = false;
};

}  // namespace protocol
