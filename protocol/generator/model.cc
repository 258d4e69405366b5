#include "protocol/generator/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "protocol/generator/annotations.h"
#include "protocol/generator/layout.h"

namespace generator {

void refuse(std::string_view file, std::string_view name, std::string_view why) {
  throw SchemaError(fmt::format("{}.capnp: {}: {}", file, name, why));
}

namespace {

namespace schema = capnp::schema;

class Reading {
 public:
  explicit Reading(schema::CodeGeneratorRequest::Reader request)
      : request_(request), annotations_(request) {}

  Model read() {
    for (const auto node : request_.getNodes()) nodes_.emplace(node.getId(), node);
    for (const auto info : request_.getSourceInfo()) infos_.emplace(info.getId(), info);
    for (const auto file : request_.getRequestedFiles()) requested_.insert(file.getId());
    for (const auto& [id, node] : nodes_) {
      if (node.isFile()) add_file(node);
    }
    for (const auto& [id, file] : files_) add_constants(*file, nodes_.at(id));
    for (const auto& [id, file] : files_) add_structs(*file, nodes_.at(id));
    for (const auto& [id, file] : files_) add_operations(*file, nodes_.at(id));
    return std::move(model_);
  }

 private:
  void add_file(schema::Node::Reader node) {
    std::string stem = node.getDisplayName().cStr();
    stem = stem.substr(stem.rfind('/') + 1);
    stem = stem.substr(0, stem.find('.'));
    if (stem == "wire" || !requested_.contains(node.getId())) return;
    File& file = model_.files.emplace_back();
    file.stem = stem;
    file.comment = comment(node.getId());
    file.requested = true;
    files_.emplace(node.getId(), &file);
  }

  std::string comment(uint64_t id) const {
    const auto found = infos_.find(id);
    return found == infos_.end() ? "" : found->second.getDocComment().cStr();
  }
  std::string member_comment(uint64_t id, uint32_t index) const {
    const auto found = infos_.find(id);
    if (found == infos_.end() || index >= found->second.getMembers().size()) return {};
    return found->second.getMembers()[index].getDocComment().cStr();
  }

  static std::string short_name(schema::Node::Reader node) {
    return node.getDisplayName().slice(node.getDisplayNamePrefixLength()).cStr();
  }

  void add_constants(File& file, schema::Node::Reader scope) {
    for (const auto nested : scope.getNestedNodes()) {
      const auto node = nodes_.at(nested.getId());
      if (!node.isEnum()) continue;
      ConstantSet& set = model_.constant_sets.emplace_back();
      set.file = &file;
      set.name = short_name(node);
      const Annotations notes = annotations_.of(node.getAnnotations());
      set.lustre = notes.text("lustre");
      set.comment = comment(node.getId());
      set.bits = notes.has("bitSet");
      set.texts = notes.has("textSet");
      if (!set.bits && !set.texts && !notes.has("valueSet")) {
        refuse(file.stem, set.name, "neither $bitSet nor $valueSet nor $textSet");
      }
      set.width = static_cast<uint32_t>(notes.number(set.bits ? "bitSet" : "valueSet"));
      if (!set.texts && set.width != 8 && set.width != 16 && set.width != 32 && set.width != 64) {
        refuse(file.stem, set.name, fmt::format("no integer is {} bits wide", set.width));
      }
      uint32_t index = 0;
      for (const auto enumerant : node.getEnum().getEnumerants()) {
        add_constant(file, set, enumerant, member_comment(node.getId(), index++));
      }
      file.constant_sets.push_back(&set);
      sets_.emplace(node.getId(), &set);
    }
  }

  void add_constant(const File& file, ConstantSet& set, schema::Enumerant::Reader enumerant,
                    std::string text) {
    const Annotations notes = annotations_.of(enumerant.getAnnotations());
    Constant constant;
    constant.name = enumerant.getName().cStr();
    constant.lustre = notes.text("lustre");
    constant.comment = std::move(text);
    constant.only = notes.text("only");
    if (set.texts) {
      constant.text = notes.text("text");
      if (constant.text.empty()) refuse(file.stem, set.name + "." + constant.name, "no $text");
      set.constants.push_back(std::move(constant));
      return;
    }
    constant.is_signed = notes.has("signedValue");
    if (!constant.is_signed && !notes.has("value")) {
      refuse(file.stem, set.name + "." + constant.name, "neither $value nor $signedValue");
    }
    constant.value = notes.number(constant.is_signed ? "signedValue" : "value");
    if (!constant.is_signed && set.width < 64 && (constant.value >> set.width) != 0) {
      refuse(file.stem, set.name + "." + constant.name,
             fmt::format("{:#x} does not fit {} bits", constant.value, set.width));
    }
    set.constants.push_back(std::move(constant));
  }

  void add_structs(File& file, schema::Node::Reader scope) {
    for (const auto nested : scope.getNestedNodes()) {
      const auto node = nodes_.at(nested.getId());
      if (node.isStruct() && !annotations_.of(node.getAnnotations()).has("operation")) {
        structure(node.getId(), file.stem);
      }
    }
  }

  // The struct of that id, read when first asked for: so an embedded one comes before its user.
  const Struct* structure(uint64_t id, std::string_view user) {
    if (const auto found = structs_.find(id); found != structs_.end()) return found->second;
    const auto node = nodes_.at(id);
    const auto scope = files_.find(node.getScopeId());
    if (scope == files_.end()) {
      refuse(user, node.getDisplayName().cStr(), "is of a file that is not compiled with it");
    }
    Struct& type = model_.structs.emplace_back();
    type.file = scope->second;
    type.name = short_name(node);
    type.comment = comment(id);
    const Annotations notes = annotations_.of(node.getAnnotations());
    type.lustre = notes.text("lustre");
    if (type.lustre.empty()) type.lustre = snake(type.name);
    type.lustre_1_8 = notes.text("lustre18");
    type.opaque = notes.has("opaque");
    type.little_endian = notes.has("littleEndian");
    type.packed = notes.has("packed");
    type.fields = fields(node, *scope->second);
    lay_out(type);
    if (!notes.has("size")) refuse(type.file->stem, type.name, "no $size");
    if (notes.number("size") != type.size) {
      refuse(type.file->stem, type.name,
             fmt::format("$size({}), but its fields take {}", notes.number("size"), type.size));
    }
    scope->second->structs.push_back(&type);
    structs_.emplace(id, &type);
    return &type;
  }

  static std::string snake(std::string_view name) {
    std::string out;
    for (const char c : name) {
      const bool upper = c >= 'A' && c <= 'Z';
      if (upper && !out.empty()) out += '_';
      out += upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
  }

  std::vector<Field> fields(schema::Node::Reader node, const File& file) {
    std::vector<Field> out;
    uint32_t index = 0;
    for (const auto field : node.getStruct().getFields()) {
      out.push_back(this->field(field, short_name(node), file));
      out.back().comment = member_comment(node.getId(), index++);
    }
    return out;
  }

  Field field(schema::Field::Reader reader, const std::string& owner, const File& file) {
    const Annotations notes = annotations_.of(reader.getAnnotations());
    Field field;
    field.name = reader.getName().cStr();
    const std::string place = owner + "." + field.name;
    if (!reader.isSlot() || reader.getDiscriminantValue() != schema::Field::NO_DISCRIMINANT) {
      refuse(file.stem, place, "groups and unions have no place on this wire");
    }
    field.lustre = notes.text("lustre");
    read_1_8(field, notes.text("lustre18"));
    field.later = notes.text("later");
    field.head_only = notes.has("headOnly");
    if (field.lustre.empty()) field.lustre = snake(field.name);
    if (notes.has("count")) field.count = static_cast<uint32_t>(notes.number("count"));
    field.trailing = notes.has("trailing");
    field.opaque = notes.has("opaque");
    field.little_endian = notes.has("littleEndian");
    field.hex = notes.has("hex");
    field.optional = notes.has("optional");
    field.may_be_empty = notes.has("mayBeEmpty");
    field.present_if = notes.text("presentIf");
    for (const std::string& name : notes.texts("overlay")) {
      field.overlays.push_back(struct_named(name, file, place));
    }
    auto type = reader.getSlot().getType();
    if (type.isList()) {
      field.list = true;
      type = type.getList().getElementType();
    }
    read_type(field, type, file, place);
    for (const char* role : {"bits", "values"}) {
      if (notes.has(role)) field.names = set_named(notes.text(role), file, place);
    }
    if (field.kind == Kind::text) field.opaque = true;
    return field;
  }

  // "o_gr", or the fields that 1.8 has there: "o_easize:4,o_mds:4".
  static void read_1_8(Field& field, const std::string& text) {
    if (text.find(':') == std::string::npos) {
      field.lustre_1_8 = text;
      return;
    }
    std::string_view rest = text;
    uint32_t offset = 0;
    while (!rest.empty()) {
      const size_t colon = rest.find(':');
      const size_t comma = std::min(rest.find(','), rest.size());
      const auto size = static_cast<uint32_t>(std::stoul(std::string(rest.substr(colon + 1))));
      field.parts_1_8.push_back({std::string(rest.substr(0, colon)), offset, size});
      offset += size;
      rest = rest.substr(std::min(comma + 1, rest.size()));
    }
  }

  void read_type(Field& field, schema::Type::Reader type, const File& file,
                 const std::string& place) {
    const auto integer = [&field](uint32_t width, bool is_signed) {
      field.kind = Kind::integer;
      field.width = width;
      field.is_signed = is_signed;
    };
    switch (type.which()) {
      case schema::Type::UINT8:
        return integer(1, false);
      case schema::Type::UINT16:
        return integer(2, false);
      case schema::Type::UINT32:
        return integer(4, false);
      case schema::Type::UINT64:
        return integer(8, false);
      case schema::Type::INT8:
        return integer(1, true);
      case schema::Type::INT16:
        return integer(2, true);
      case schema::Type::INT32:
        return integer(4, true);
      case schema::Type::INT64:
        return integer(8, true);
      case schema::Type::TEXT:
        field.kind = Kind::text;
        field.width = 1;
        return;
      case schema::Type::DATA:
        field.kind = Kind::data;
        field.width = 1;
        return;
      case schema::Type::STRUCT:
        field.kind = Kind::structure;
        field.structure = structure(type.getStruct().getTypeId(), file.stem);
        field.width = field.structure->size;
        return;
      case schema::Type::ENUM: {
        const auto found = sets_.find(type.getEnum().getTypeId());
        if (found == sets_.end()) break;
        integer(found->second->width / 8, false);
        field.names = found->second;
        return;
      }
      default:
        break;
    }
    refuse(file.stem, place, "a type that this wire does not have");
  }

  // "ptlrpc.MsgFlag" of that file, "MsgFlag" of this one.
  uint64_t node_named(std::string_view name, const File& file, const std::string& place) const {
    const size_t dot = name.find('.');
    const std::string_view stem = dot == std::string_view::npos ? file.stem : name.substr(0, dot);
    if (dot != std::string_view::npos) name = name.substr(dot + 1);
    for (const auto& [id, candidate] : files_) {
      if (candidate->stem != stem) continue;
      for (const auto nested : nodes_.at(id).getNestedNodes()) {
        if (name == nested.getName().cStr()) return nested.getId();
      }
    }
    refuse(file.stem, place, fmt::format("nothing is called {}.{}", stem, name));
  }
  const Struct* struct_named(std::string_view name, const File& file, const std::string& place) {
    const uint64_t id = node_named(name, file, place);
    if (!nodes_.at(id).isStruct()) refuse(file.stem, place, fmt::format("{} is no struct", name));
    return structure(id, file.stem);
  }
  const ConstantSet* set_named(std::string_view name, const File& file, const std::string& place) {
    const auto found = sets_.find(node_named(name, file, place));
    if (found == sets_.end()) refuse(file.stem, place, fmt::format("{} is no enum", name));
    return found->second;
  }

  void add_operations(File& file, schema::Node::Reader scope) {
    for (const auto nested : scope.getNestedNodes()) {
      const auto node = nodes_.at(nested.getId());
      if (!node.isStruct()) continue;
      const Annotations notes = annotations_.of(node.getAnnotations());
      if (!notes.has("operation")) continue;
      Operation operation;
      operation.type = short_name(node);
      operation.comment = comment(node.getId());
      operation.name = notes.member_text("operation", "name");
      if (operation.name.empty()) refuse(file.stem, operation.type, "$operation without a name");
      operation.opcode = notes.member_number("operation", "opcode");
      operation.request_portal = notes.member_number("operation", "requestPortal");
      operation.reply_portal = notes.member_number("operation", "replyPortal");
      operation.version = notes.member_number("operation", "version");
      operation.alt_request_portal = notes.member_number("operation", "altRequestPortal");
      operation.bulk_portal = notes.member_number("operation", "bulkPortal");
      operation.discriminator = notes.member_number("operation", "discriminator");
      operation.selector = notes.member_enumerant("operation", "selector");
      operation.key = notes.text("keyName");
      for (const auto part : node.getNestedNodes()) {
        const std::string_view name = part.getName().cStr();
        if (name != "Request" && name != "Reply") {
          refuse(file.stem, operation.type, fmt::format("{} is not Request or Reply", name));
        }
        Direction& direction = name == "Request" ? operation.request : operation.reply;
        read_direction(direction, nodes_.at(part.getId()), file,
                       fmt::format("{}.{}", operation.type, name));
      }
      file.operations.push_back(std::move(operation));
    }
  }

  void read_direction(Direction& direction, schema::Node::Reader node, const File& file,
                      const std::string& place) {
    direction.compact = annotations_.of(node.getAnnotations()).has("compact");
    direction.comment = comment(node.getId());
    direction.buffers = fields(node, file);
    for (Field& buffer : direction.buffers) {
      if (buffer.list && buffer.kind != Kind::integer && buffer.kind != Kind::structure) {
        refuse(file.stem, place + "." + buffer.name, "a list of names or bytes");
      }
      if (!buffer.present_if.empty()) resolve_presence(direction, buffer, file, place);
    }
  }

  // "valid.OBD_MD_FLEASIZE|OBD_MD_FLDIREA" or "aclsize": of the first struct buffer that has such
  // a field.
  static void resolve_presence(const Direction& direction, Field& buffer, const File& file,
                               const std::string& place) {
    const std::string where = place + "." + buffer.name;
    const size_t dot = buffer.present_if.find('.');
    const std::string name = buffer.present_if.substr(0, dot);
    for (const Field& earlier : direction.buffers) {
      if (&earlier == &buffer) break;
      if (earlier.kind != Kind::structure || earlier.list || buffer.presence_field != nullptr) {
        continue;
      }
      for (const Field& field : earlier.structure->fields) {
        if (field.name != name || field.kind != Kind::integer) continue;
        buffer.presence_buffer = &earlier;
        buffer.presence_field = &field;
      }
    }
    if (buffer.presence_field == nullptr) {
      refuse(file.stem, where, fmt::format("no struct buffer before it has a field {}", name));
    }
    if (dot == std::string::npos) {
      buffer.presence_mask = ~uint64_t{0};
      return;
    }
    std::string_view bits = std::string_view(buffer.present_if).substr(dot + 1);
    while (!bits.empty()) {
      const size_t bar = bits.find('|');
      buffer.presence_mask |= bit_named(*buffer.presence_field, bits.substr(0, bar), file, where);
      bits = bar == std::string_view::npos ? std::string_view{} : bits.substr(bar + 1);
    }
  }

  static uint64_t bit_named(const Field& field, std::string_view lustre, const File& file,
                            const std::string& where) {
    if (field.names != nullptr) {
      for (const Constant& constant : field.names->constants) {
        if (constant.lustre == lustre) return constant.value;
      }
    }
    refuse(file.stem, where, fmt::format("{} is no bit of {}", lustre, field.name));
  }

  schema::CodeGeneratorRequest::Reader request_;
  AnnotationReader annotations_;
  Model model_;
  std::map<uint64_t, schema::Node::Reader> nodes_;
  std::map<uint64_t, schema::Node::SourceInfo::Reader> infos_;
  std::set<uint64_t> requested_;
  std::map<uint64_t, File*> files_;
  std::map<uint64_t, const ConstantSet*> sets_;
  std::map<uint64_t, const Struct*> structs_;
};

void add_embedded_first(std::vector<const Struct*>& out, std::set<const Struct*>& seen,
                  const Struct* type) {
  if (type == nullptr || !seen.insert(type).second) return;
  for (const Field& field : type->fields) {
    add_embedded_first(out, seen, field.structure);
    for (const Struct* over : field.overlays) add_embedded_first(out, seen, over);
  }
  out.push_back(type);
}

}  // namespace

std::vector<const Struct*> embedded_first(const Model& model) {
  std::vector<const Struct*> out;
  std::set<const Struct*> seen;
  for (const Struct& type : model.structs) add_embedded_first(out, seen, &type);
  return out;
}

Model read_model(schema::CodeGeneratorRequest::Reader request) { return Reading(request).read(); }

}  // namespace generator
