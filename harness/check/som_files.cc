#include "harness/check/som_files.h"

#include <algorithm>

namespace harness::check {

bool SomFiles::on(const Record& record) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (started->node.role == record::Role::ost) osts_[record.node] = started->node.index;
    return true;
  }
  const Fact* fact = fact_of(record);
  if (fact == nullptr) return false;
  if (fact->kind == Fact::Kind::som_stripe) {
    const Object object{static_cast<uint32_t>(fact->value), {fact->start, fact->end}};
    File& file = files_[fact->object];
    // A replay that makes the file again names its first stripe again.
    if (std::ranges::find(file.stripes, object) != file.stripes.end()) file.stripes.clear();
    file.stripe_size = fact->digest;
    file.stripes.push_back(object);
    return true;
  }
  if (fact->kind != Fact::Kind::object_state) return false;
  if (const uint32_t* index = osts_.find(record.node)) {
    sizes_[{*index, fact->object}] = {fact->start, fact->end, {record.index}};
  }
  return true;
}

std::optional<uint32_t> SomFiles::ost(record::NodeIndex node) const {
  const uint32_t* index = osts_.find(node);
  return index == nullptr ? std::nullopt : std::optional(*index);
}

std::optional<std::pair<ObjectName, uint32_t>> SomFiles::file_of(const Object& object) const {
  for (const auto& [name, file] : files_) {
    const auto at = std::ranges::find(file.stripes, object);
    if (at == file.stripes.end()) continue;
    return std::pair(name, static_cast<uint32_t>(at - file.stripes.begin()));
  }
  return std::nullopt;
}

const std::vector<SomFiles::Object>* SomFiles::stripes(const ObjectName& name) const {
  const File* file = files_.find(name);
  return file == nullptr ? nullptr : &file->stripes;
}

uint64_t SomFiles::end_of(const ObjectName& name, uint32_t stripe, uint64_t object_size) const {
  const File* file = files_.find(name);
  if (file == nullptr || object_size == 0) return 0;
  const uint64_t last = object_size - 1, unit = file->stripe_size;
  return last / unit * unit * file->stripes.size() + unit * stripe + last % unit + 1;
}

SomFiles::Size SomFiles::size_of(const ObjectName& name) const {
  Size whole;
  const std::vector<Object>* objects = stripes(name);
  for (uint32_t i = 0; objects != nullptr && i < objects->size(); ++i) {
    const Size* part = sizes_.find((*objects)[i]);
    if (part == nullptr) continue;
    whole.size = std::max(whole.size, end_of(name, i, part->size));
    whole.blocks += part->blocks;
    whole.at.index = std::max(whole.at.index, part->at.index);
  }
  return whole;
}

}  // namespace harness::check
