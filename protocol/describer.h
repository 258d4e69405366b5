// The walk through the schema's tables that fills a Description. One describer per description.
#pragma once

#include <string>
#include <string_view>

#include "protocol/description.h"

namespace protocol {

class Describer {
 public:
  Describer(Description& out, ByteOrder order, Dialect dialect)
      : out_(out), order_(order), dialect_(dialect) {}
  // The sender speaks a version after 2.0: fields that got another meaning since, and padding that
  // is not zero, are unexplained.
  void speak_later() { later_ = true; }

  // The fields of a struct at `offset`, from bytes that start with it; its trailing part takes the
  // rest. Appends to `items` and returns the number of bytes explained.
  size_t fields(std::vector<Item>& items, const StructInfo& info, ByteView bytes, uint32_t offset,
                bool within_little_endian = false);
  // The same as one group, with a notice of bytes left over.
  Item structure(std::string name, const StructInfo& info, ByteView bytes, uint32_t offset);
  Item number(std::string name, ByteView bytes, const NameTable* names);
  // Raw bytes in a place of that name, described by what is known to be sent there.
  Item data(std::string name, ByteView bytes, uint32_t offset);
  void unexplained(uint64_t offset, uint64_t length, std::string reason);
  ByteOrder order() const { return order_; }

 private:
  std::string_view lustre_name(const FieldInfo& field) const;
  Item element(const FieldInfo& field, std::string name, ByteView bytes, uint32_t offset,
               bool little_endian, const StructInfo& owner, ByteView owner_bytes);
  Item field(const FieldInfo& field, const StructInfo& owner, ByteView owner_bytes, uint32_t offset,
             bool little_endian);
  size_t trailing(std::vector<Item>& items, const FieldInfo& field, ByteView bytes, uint32_t offset,
                  bool little_endian);
  uint64_t read(ByteView bytes, ByteOrder order) const;
  const StructInfo* overlay_of(const FieldInfo& field, const StructInfo& owner,
                               ByteView owner_bytes, ByteOrder order) const;

  bool unknown_later(const StructInfo& info, const FieldInfo& field, ByteView bytes,
                     uint32_t offset);

  // describe_data.cc
  Item layout(std::string name, ByteView bytes, uint32_t offset);
  Item log_records(std::string name, ByteView bytes, uint32_t offset);
  Item log_record(std::string name, ByteView bytes, uint32_t offset);
  Item configuration(ByteView bytes, uint32_t offset);

  Description& out_;
  ByteOrder order_;
  Dialect dialect_;
  bool later_ = false;
};

}  // namespace protocol
