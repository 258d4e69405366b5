// The annotations of wire.capnp by their names.
#pragma once

#include <capnp/dynamic.h>
#include <capnp/schema-loader.h>
#include <capnp/schema.capnp.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace generator {

class AnnotationReader;

// Those of one declaration.
class Annotations {
 public:
  bool has(std::string_view name) const { return values_.contains(name); }
  std::string text(std::string_view name) const;  // empty if absent
  uint64_t number(std::string_view name) const;   // 0 if absent; negative as two's complement
  std::vector<std::string> texts(std::string_view name) const;
  // Of a struct-typed annotation.
  uint64_t member_number(std::string_view name, const char* member) const;
  std::string member_text(std::string_view name, const char* member) const;
  std::string member_enumerant(std::string_view name, const char* member) const;

 private:
  friend class AnnotationReader;
  capnp::DynamicStruct::Reader structure(std::string_view name) const;

  const AnnotationReader* reader_ = nullptr;
  std::map<std::string, capnp::schema::Annotation::Reader, std::less<>> values_;
};

class AnnotationReader {
 public:
  explicit AnnotationReader(capnp::schema::CodeGeneratorRequest::Reader request);
  Annotations of(capnp::List<capnp::schema::Annotation>::Reader list) const;

 private:
  friend class Annotations;
  struct Declaration {
    std::string name;
    uint64_t type_id = 0;  // of a struct-typed one
  };
  capnp::SchemaLoader loader_;
  std::map<uint64_t, Declaration> declarations_;
};

}  // namespace generator
