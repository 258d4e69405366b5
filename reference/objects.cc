#include "reference/objects.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "reference/record.h"

namespace reference {

using protocol::ByteView;

namespace {

constexpr std::string_view kObjectTable = "object/";
constexpr std::string_view kDataTable = "data/";
constexpr std::string_view kLastIdTable = "last_id/";
constexpr uint32_t kRegularFile = 0100666;

Bytes record_of(const ObjectAttributes& attributes) {
  return Bytes(ByteView(reinterpret_cast<const uint8_t*>(&attributes), sizeof attributes));
}

// Visits the records of a table, with the numbers of their keys' tails at `offset`.
template <class Visit>
void each_record(const Store& store, std::string_view table, Visit visit) {
  for (auto record = store.lower_bound(Key(table));
       record != store.end() && record->first.starts_with(table); ++record) {
    visit(record->first, record->second);
  }
}

}  // namespace

Key object_key(ObjectId id) {
  Key key(kObjectTable);
  append_key(key, id.seq);
  append_key(key, id.id);
  return key;
}

Key data_key(ObjectId id, uint64_t page) {
  Key key(kDataTable);
  append_key(key, id.seq);
  append_key(key, id.id);
  append_key(key, page);
  return key;
}

Key last_id_key(uint64_t seq) {
  Key key(kLastIdTable);
  append_key(key, seq);
  return key;
}

// --- one object ---

bool Object::has_page(uint64_t index) const {
  return std::ranges::binary_search(pages_, index, {}, &Page::index);
}

Bytes Object::read(uint64_t offset, uint64_t length) const {
  if (offset >= attributes.size) return {};
  length = std::min(length, attributes.size - offset);
  auto page = std::ranges::lower_bound(pages_, offset / kPage, {}, &Page::index);
  // A read within one page is a slice of it.
  if (page != pages_.end() && page->index == offset / kPage &&
      offset % kPage + length <= page->data.size()) {
    return page->data.slice(offset % kPage, length);
  }
  std::vector<uint8_t> content(length);
  for (; page != pages_.end() && page->index * kPage < offset + length; ++page) {
    const uint64_t begin = std::max(page->index * kPage, offset);
    const uint64_t end = std::min(page->index * kPage + page->data.size(), offset + length);
    if (begin >= end) continue;
    std::memcpy(content.data() + (begin - offset), page->data.data() + begin % kPage, end - begin);
  }
  return Bytes(std::move(content));
}

// --- all of them ---

Objects::Objects(const Store& store) {
  each_record(store, kLastIdTable, [&](const Key& key, const Bytes& value) {
    last_ids_.push_back(
        {number_in_key(key, kLastIdTable.size()), RecordReader(value.view()).number<uint64_t>()});
  });
  each_record(store, kObjectTable, [&](const Key& key, const Bytes& value) {
    CHECK(value.size() == ObjectAttributes::kSize, "an object's record has its size");
    Object object;
    std::memcpy(&object.attributes, value.data(), value.size());
    objects_.push_back(
        {{number_in_key(key, kObjectTable.size()), number_in_key(key, kObjectTable.size() + 8)},
         Cow<Object>(std::move(object))});
  });
  each_record(store, kDataTable, [&](const Key& key, const Bytes& value) {
    const ObjectId id{number_in_key(key, kDataTable.size()),
                      number_in_key(key, kDataTable.size() + 8)};
    Entry* there = entry(id);
    CHECK(there != nullptr, "data belongs to an object");
    there->object.change().pages_.push_back({number_in_key(key, kDataTable.size() + 16), value});
    ++pages_;
  });
}

const Object* Objects::find(ObjectId id) const {
  const auto found = std::ranges::lower_bound(objects_, id, {}, &Entry::id);
  return found == objects_.end() || found->id != id ? nullptr : &*found->object;
}

std::vector<ObjectId> Objects::all() const {
  std::vector<ObjectId> ids;
  for (const Entry& each : objects_) ids.push_back(each.id);
  return ids;
}

Objects::Entry* Objects::entry(ObjectId id) {
  const auto found = std::ranges::lower_bound(objects_, id, {}, &Entry::id);
  return found == objects_.end() || found->id != id ? nullptr : &*found;
}

uint64_t Objects::last_id(uint64_t seq) const {
  const auto found = std::ranges::lower_bound(last_ids_, seq, {}, &LastId::seq);
  return found == last_ids_.end() || found->seq != seq ? 0 : found->id;
}

void Objects::set_last_id(uint64_t seq, uint64_t id, std::vector<Write>& writes) {
  auto place = std::ranges::lower_bound(last_ids_, seq, {}, &LastId::seq);
  if (place == last_ids_.end() || place->seq != seq) place = last_ids_.insert(place, {seq, 0});
  place->id = id;
  writes.push_back({last_id_key(seq), Bytes(protocol::bytes_of(id))});
}

void Objects::add(ObjectId id, std::vector<Write>& writes) {
  Object object;
  object.attributes.mode = kRegularFile;
  writes.push_back({object_key(id), record_of(object.attributes)});
  objects_.insert(std::ranges::lower_bound(objects_, id, {}, &Entry::id),
                  {id, Cow<Object>(std::move(object))});
}

// --- changes ---

uint64_t Objects::precreate(uint64_t seq, uint64_t last, std::vector<Write>& writes) {
  const uint64_t before = last_id(seq);
  if (last <= before) return before;
  last = std::min(last, before + kPrecreateMax);
  for (uint64_t id = before + 1; id <= last; ++id) {
    if (find({seq, id}) == nullptr) add({seq, id}, writes);
  }
  set_last_id(seq, last, writes);
  return last;
}

void Objects::destroy_above(uint64_t seq, uint64_t last, bool keep_counter,
                            std::vector<Write>& writes) {
  std::vector<ObjectId> orphans;
  auto first = std::ranges::upper_bound(objects_, ObjectId{seq, last}, {}, &Entry::id);
  for (; first != objects_.end() && first->id.seq == seq; ++first) orphans.push_back(first->id);
  for (size_t i = orphans.size(); i-- > 0;) destroy(orphans[i], writes);
  if (!keep_counter && last < last_id(seq)) set_last_id(seq, last, writes);
}

void Objects::recreate(ObjectId id, std::vector<Write>& writes) {
  if (find(id) != nullptr) return;
  add(id, writes);
  if (id.id > last_id(id.seq)) set_last_id(id.seq, id.id, writes);
}

bool Objects::destroy(ObjectId id, std::vector<Write>& writes) {
  const Entry* there = entry(id);
  if (there == nullptr) return false;
  truncate_pages(id, 0, writes);
  writes.push_back({object_key(id), std::nullopt});
  objects_.erase(objects_.begin() + (there - objects_.data()));
  return true;
}

void Objects::set_attributes(ObjectId id, const ObjectAttributes& attributes,
                             std::vector<Write>& writes) {
  Entry* there = entry(id);
  CHECK(there != nullptr);
  there->object.change().attributes = attributes;
  writes.push_back({object_key(id), record_of(attributes)});
}

void Objects::store_page(ObjectId id, Object& object, uint64_t index, Bytes data,
                         std::vector<Write>& writes) {
  writes.push_back({data_key(id, index), data});
  auto place = std::ranges::lower_bound(object.pages_, index, {}, &Object::Page::index);
  if (place != object.pages_.end() && place->index == index) {
    place->data = std::move(data);
  } else {
    object.pages_.insert(place, {index, std::move(data)});
    ++pages_;
  }
}

void Objects::write(ObjectId id, uint64_t offset, const Bytes& data, std::vector<Write>& writes) {
  Entry* there = entry(id);
  CHECK(there != nullptr && offset + data.size() <= kSizeMax);
  if (data.empty()) return;
  Object& object = there->object.change();
  for (uint64_t done = 0; done < data.size();) {
    const uint64_t index = (offset + done) / Object::kPage;
    const uint64_t within = (offset + done) % Object::kPage;
    const uint64_t count = std::min<uint64_t>(Object::kPage - within, data.size() - done);
    const auto old = std::ranges::lower_bound(object.pages_, index, {}, &Object::Page::index);
    const bool exists = old != object.pages_.end() && old->index == index;
    const uint64_t old_size = exists ? old->data.size() : 0;
    if (within == 0 && count >= old_size) {
      store_page(id, object, index, data.slice(done, count), writes);
    } else {
      std::vector<uint8_t> page(std::max(old_size, within + count));
      if (exists) std::memcpy(page.data(), old->data.data(), old_size);
      std::memcpy(page.data() + within, data.data() + done, count);
      store_page(id, object, index, Bytes(std::move(page)), writes);
    }
    done += count;
  }
}

void Objects::truncate_pages(ObjectId id, uint64_t size, std::vector<Write>& writes) {
  Entry* there = entry(id);
  CHECK(there != nullptr);
  const uint64_t whole = size / Object::kPage + (size % Object::kPage == 0 ? 0 : 1);
  const auto has_tail = [&] {
    const auto& pages = there->object->pages_;
    return !pages.empty() && (pages.back().index >= whole ||
                              pages.back().index * Object::kPage + pages.back().data.size() > size);
  };
  if (!has_tail()) return;
  Object& object = there->object.change();
  while (!object.pages_.empty() && object.pages_.back().index >= whole) {
    writes.push_back({data_key(id, object.pages_.back().index), std::nullopt});
    object.pages_.pop_back();
    --pages_;
  }
  if (has_tail()) {
    Object::Page& last = object.pages_.back();
    last.data = last.data.slice(0, size - last.index * Object::kPage);
    writes.push_back({data_key(id, last.index), last.data});
  }
}

void Objects::invariants() const {
  uint64_t pages = 0;
  for (size_t i = 0; i < objects_.size(); ++i) {
    CHECK(i == 0 || objects_[i - 1].id < objects_[i].id, "objects are sorted");
    CHECK(objects_[i].id.id <= last_id(objects_[i].id.seq), "no object is above the last id");
    const Object& object = *objects_[i].object;
    pages += object.pages_.size();
    if (object.pages_.empty()) continue;
    const Object::Page& last = object.pages_.back();
    CHECK(last.index * Object::kPage + last.data.size() <= object.attributes.size,
          "no data lies behind the size");
  }
  CHECK(pages == pages_, "pages are counted");
}

}  // namespace reference
