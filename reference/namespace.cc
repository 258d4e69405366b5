#include "reference/namespace.h"

#include <algorithm>

#include "protocol/check.h"
#include "reference/derive.h"
#include "reference/digest.h"
#include "reference/record.h"

namespace reference {

namespace {

constexpr std::string_view kInodePrefix = "inode/";
constexpr std::string_view kNamePrefix = "name/";
constexpr std::string_view kOrphanPrefix = "orphan/";
constexpr uint64_t kInodeNumberMax = kFidSeqIgifMax;  // an IGIF has room for 32 bits

Key key_of(std::string_view prefix, uint64_t number) {
  Key key(prefix);
  append_key(key, number);
  return key;
}

Key name_key(uint64_t directory, std::string_view name) {
  Key key = key_of(kNamePrefix, directory);
  key += '/';
  key += name;
  return key;
}

void put_fid(RecordWriter& record, Fid fid) {
  record.number(fid.seq);
  record.number(fid.oid);
  record.number(fid.ver);
}

Fid get_fid(RecordReader& record) {
  Fid fid;
  fid.seq = record.number<uint64_t>();
  fid.oid = record.number<uint32_t>();
  fid.ver = record.number<uint32_t>();
  return fid;
}

template <class Range, class Visit>
void visit_table(const Range& store, std::string_view prefix, Visit visit) {
  for (auto row = store.lower_bound(std::string(prefix));
       row != store.end() && row->first.starts_with(prefix); ++row) {
    visit(row->first, row->second);
  }
}

}  // namespace

Bytes encode_inode(const Inode& inode) {
  RecordWriter record;
  record.number(inode.generation);
  put_fid(record, inode.lma);
  for (const uint32_t word :
       {inode.mode, inode.nlink, inode.uid, inode.gid, inode.flags, inode.rdev}) {
    record.number(word);
  }
  record.number(inode.size);
  record.number(inode.blocks);
  for (const int64_t time : {inode.atime, inode.mtime, inode.ctime}) record.number(time);
  record.number(inode.version);
  record.number(inode.parent);
  record.string(inode.symlink.view());
  record.string(inode.layout.view());
  record.number(static_cast<uint32_t>(inode.xattrs.size()));
  for (const Xattr& xattr : inode.xattrs) {
    record.string(xattr.name);
    record.string(xattr.value.view());
  }
  return record.finish();
}

Inode decode_inode(uint64_t number, protocol::ByteView bytes) {
  RecordReader record(bytes);
  Inode inode;
  inode.number = number;
  inode.generation = record.number<uint32_t>();
  inode.lma = get_fid(record);
  for (uint32_t* word :
       {&inode.mode, &inode.nlink, &inode.uid, &inode.gid, &inode.flags, &inode.rdev}) {
    *word = record.number<uint32_t>();
  }
  inode.size = record.number<uint64_t>();
  inode.blocks = record.number<uint64_t>();
  for (int64_t* time : {&inode.atime, &inode.mtime, &inode.ctime}) *time = record.number<int64_t>();
  inode.version = record.number<uint64_t>();
  inode.parent = record.number<uint64_t>();
  inode.symlink = Bytes(record.string());
  inode.layout = Bytes(record.string());
  const auto count = record.number<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) {
    std::string name = record.text();
    inode.xattrs.push_back({std::move(name), Bytes(record.string())});
  }
  return inode;
}

Namespace::Namespace(const Config& config, const Store& store)
    : seed_(config.seed), incarnation_(config.incarnation) {
  restore(store);
  if (entries_->empty()) format(config);
}

void Namespace::restore(const Store& store) {
  visit_table(store, kInodePrefix, [this](const Key& key, const Bytes& value) {
    insert(decode_inode(number_in_key(key, kInodePrefix.size()), value.view()));
  });
  visit_table(store, kNamePrefix, [this](const Key& key, const Bytes& value) {
    RecordReader record(value.view());
    Name name;
    name.inode = record.number<uint64_t>();
    name.block = record.number<uint32_t>();
    name.name = key.substr(kNamePrefix.size() + 9);
    name.hash = name_hash(name.name);
    Entry* directory = entry(number_in_key(key, kNamePrefix.size()));
    CHECK(directory != nullptr, "a name in a directory that is not there");
    directory->names.change().restore(std::move(name));
  });
  visit_table(store, kOrphanPrefix, [this](const Key& key, const Bytes&) {
    orphans_.push_back(number_in_key(key, kOrphanPrefix.size()));
  });
}

void Namespace::format(const Config& config) {
  Inode root;
  root.number = kRootInode;
  root.generation = static_cast<uint32_t>(digest_of(std::tuple(seed_, config.fsname)) | 1);
  root.mode = kModeDirectory | 0755;
  root.nlink = 2;
  root.size = kDirectoryBlockSize;
  root.blocks = kDirectoryBlockSize / 512;
  root.atime = root.mtime = root.ctime = config.wall_clock_base_s;
  root.parent = kRootInode;
  insert(std::move(root));
  change(kRootInode);
}

const Namespace::Entry* Namespace::entry(uint64_t number) const {
  const auto place =
      std::lower_bound(entries_->begin(), entries_->end(), number,
                       [](const Entry& row, uint64_t key) { return row.inode->number < key; });
  return place != entries_->end() && place->inode->number == number ? &*place : nullptr;
}

Namespace::Entry* Namespace::entry(uint64_t number) {
  if (std::as_const(*this).entry(number) == nullptr) return nullptr;
  std::vector<Entry>& rows = entries_.change();
  return &*std::lower_bound(rows.begin(), rows.end(), number,
                            [](const Entry& row, uint64_t key) { return row.inode->number < key; });
}

Namespace::Entry& Namespace::insert(Inode inode) {
  if (!is_zero(inode.lma)) {
    std::vector<FidEntry>& fids = fids_.change();
    const FidEntry row{inode.lma, inode.number};
    fids.insert(std::lower_bound(fids.begin(), fids.end(), row), row);
  }
  std::vector<Entry>& rows = entries_.change();
  const auto place =
      std::lower_bound(rows.begin(), rows.end(), inode.number,
                       [](const Entry& row, uint64_t key) { return row.inode->number < key; });
  return *rows.insert(place, Entry{Cow<Inode>(std::move(inode)), {}});
}

const Inode* Namespace::find(Fid fid) const {
  const auto place = std::lower_bound(fids_->begin(), fids_->end(), FidEntry{fid, 0});
  if (place != fids_->end() && place->fid == fid) return inode(place->number);
  if (fid.seq == 0 || fid.seq > kFidSeqIgifMax) return nullptr;
  const Inode* found = inode(fid.seq);
  if (found == nullptr || (fid.oid != 0 && fid.oid != found->generation)) return nullptr;
  return found;
}

const Inode* Namespace::inode(uint64_t number) const {
  const Entry* found = entry(number);
  return found == nullptr ? nullptr : &*found->inode;
}

const Directory& Namespace::directory(uint64_t number) const {
  const Entry* found = entry(number);
  CHECK(found != nullptr && found->inode->is_directory());
  return *found->names;
}

const Inode* Namespace::lookup(const Inode& directory, std::string_view name) const {
  if (name == ".") return inode(directory.number);
  if (name == "..") return inode(directory.parent);
  const Name* found = this->directory(directory.number).find(name);
  return found == nullptr ? nullptr : inode(found->inode);
}

Inode& Namespace::change(uint64_t number) {
  Entry* found = entry(number);
  CHECK(found != nullptr, "no such inode");
  if (std::ranges::find(dirty_, number) == dirty_.end()) dirty_.push_back(number);
  return found->inode.change();
}

Inode* Namespace::create(uint32_t mode, Fid as) {
  Inode inode;
  inode.mode = mode;
  if (is_igif(as)) {
    if (this->inode(as.seq) != nullptr) return nullptr;
    inode.number = as.seq;
    inode.generation = as.oid;
  } else {
    inode.number = std::max(entries_->back().inode->number + 1, next_number_);
    next_number_ = inode.number + 1;
    CHECK(inode.number <= kInodeNumberMax, "inode numbers are used up");
    const uint64_t drawn = digest_of(std::tuple(seed_, incarnation_, inode.number));
    inode.generation = static_cast<uint32_t>(drawn | 1);
    inode.lma = as;
  }
  const uint64_t number = inode.number;
  insert(std::move(inode));
  return &change(number);
}

void Namespace::add_name(uint64_t directory, std::string_view name, uint64_t inode) {
  Entry* holder = entry(directory);
  CHECK(holder != nullptr && holder->inode->is_directory());
  const Name& added = holder->names.change().insert(name, inode);
  RecordWriter record;
  record.number(added.inode);
  record.number(added.block);
  write(name_key(directory, name), record.finish());
  const uint64_t size = uint64_t{holder->names->block_count()} * kDirectoryBlockSize;
  if (holder->inode->size != size) {
    Inode& grown = change(directory);
    grown.size = size;
    grown.blocks = size / 512;
  }
}

void Namespace::remove_name(uint64_t directory, std::string_view name) {
  Entry* holder = entry(directory);
  CHECK(holder != nullptr);
  holder->names.change().erase(name);
  write(name_key(directory, name), std::nullopt);
}

void Namespace::destroy(uint64_t number) {
  Entry* found = entry(number);
  CHECK(found != nullptr && number != kRootInode);
  CHECK(found->names->empty(), "a directory is destroyed with names in it");
  if (!is_zero(found->inode->lma)) {
    std::erase(fids_.change(), FidEntry{found->inode->lma, number});
  }
  std::vector<Entry>& rows = entries_.change();
  rows.erase(rows.begin() + (found - rows.data()));
  std::erase(dirty_, number);
  write(key_of(kInodePrefix, number), std::nullopt);
}

bool Namespace::is_orphan(uint64_t number) const {
  return std::ranges::binary_search(orphans_, number);
}

void Namespace::add_orphan(uint64_t number, bool durable) {
  CHECK(!is_orphan(number));
  orphans_.insert(std::ranges::lower_bound(orphans_, number), number);
  if (durable) write(key_of(kOrphanPrefix, number), Bytes());
}

void Namespace::remove_orphan(uint64_t number) {
  CHECK(is_orphan(number));
  std::erase(orphans_, number);
  write(key_of(kOrphanPrefix, number), std::nullopt);
}

void Namespace::write(Key key, std::optional<Bytes> value) {
  const auto same = std::ranges::find(writes_, key, &WriteOnce::key);
  if (same != writes_.end()) {
    same->value = std::move(value);
  } else {
    writes_.push_back({std::move(key), std::move(value)});
  }
}

std::vector<Write> Namespace::take_writes() {
  for (const uint64_t number : dirty_) {
    write(key_of(kInodePrefix, number), encode_inode(*inode(number)));
  }
  std::vector<Write> writes;
  for (WriteOnce& each : writes_) writes.push_back({std::move(each.key), std::move(each.value)});
  dirty_.clear();
  writes_.clear();
  return writes;
}

std::vector<const Inode*> Namespace::all() const {
  std::vector<const Inode*> inodes;
  for (const Entry& entry : *entries_) inodes.push_back(&*entry.inode);
  return inodes;
}

void Namespace::invariants() const {
  CHECK(inode(kRootInode) != nullptr);
  for (const uint64_t number : orphans_) {
    const Inode* orphan = inode(number);
    CHECK(orphan != nullptr, "an orphan without an inode");
    CHECK(orphan->nlink == 0 || orphan->is_directory(), "an orphan with a name");
  }
}

}  // namespace reference
