#include "protocol/generator/annotations.h"

namespace generator {

namespace schema = capnp::schema;

AnnotationReader::AnnotationReader(schema::CodeGeneratorRequest::Reader request) {
  for (const auto node : request.getNodes()) {
    loader_.load(node);
    if (!node.isAnnotation()) continue;
    Declaration& declaration = declarations_[node.getId()];
    declaration.name = node.getDisplayName().slice(node.getDisplayNamePrefixLength()).cStr();
    const auto type = node.getAnnotation().getType();
    if (type.isStruct()) declaration.type_id = type.getStruct().getTypeId();
  }
}

Annotations AnnotationReader::of(capnp::List<schema::Annotation>::Reader list) const {
  Annotations out;
  out.reader_ = this;
  for (const auto annotation : list) {
    const auto found = declarations_.find(annotation.getId());
    if (found != declarations_.end()) out.values_.emplace(found->second.name, annotation);
  }
  return out;
}

std::string Annotations::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second.getValue().getText().cStr();
}

uint64_t Annotations::number(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return 0;
  const auto value = found->second.getValue();
  switch (value.which()) {
    case schema::Value::UINT32:
      return value.getUint32();
    case schema::Value::UINT64:
      return value.getUint64();
    case schema::Value::INT64:
      return static_cast<uint64_t>(value.getInt64());
    default:
      return 0;
  }
}

std::vector<std::string> Annotations::texts(std::string_view name) const {
  std::vector<std::string> out;
  const auto found = values_.find(name);
  if (found == values_.end()) return out;
  for (const auto text : found->second.getValue().getList().getAs<capnp::List<capnp::Text>>()) {
    out.emplace_back(text.cStr());
  }
  return out;
}

capnp::DynamicStruct::Reader Annotations::structure(std::string_view name) const {
  const auto annotation = values_.find(name)->second;
  const uint64_t type = reader_->declarations_.at(annotation.getId()).type_id;
  return annotation.getValue().getStruct().getAs<capnp::DynamicStruct>(
      reader_->loader_.get(type).asStruct());
}

uint64_t Annotations::member_number(std::string_view name, const char* member) const {
  return structure(name).get(member).as<uint64_t>();
}

std::string Annotations::member_text(std::string_view name, const char* member) const {
  return structure(name).get(member).as<capnp::Text>().cStr();
}

std::string Annotations::member_enumerant(std::string_view name, const char* member) const {
  const auto value = structure(name).get(member).as<capnp::DynamicEnum>();
  KJ_IF_MAYBE (enumerant, value.getEnumerant()) {
    return enumerant->getProto().getName().cStr();
  }
  return "none";
}

}  // namespace generator
