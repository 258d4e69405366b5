#include "reference/open_files.h"

#include <algorithm>
#include <functional>

#include "protocol/check.h"

namespace reference {

namespace {

template <class Files, class Condition>
const OpenFile* first_where(const Files& files, Condition condition) {
  const auto found = std::ranges::find_if(files, condition);
  return found == files.end() ? nullptr : &*found;
}

size_t count_with(const std::vector<OpenFile>& files, uint64_t inode, uint32_t mode) {
  return static_cast<size_t>(std::ranges::count_if(
      files, [&](const OpenFile& file) { return file.inode == inode && (file.mode & mode) != 0; }));
}

}  // namespace

void OpenFiles::open(const OpenFile& file) {
  const auto place =
      std::ranges::lower_bound(files_, file.handle, std::less<>(), &OpenFile::handle);
  CHECK(place == files_.end() || place->handle != file.handle, "a handle is given twice");
  files_.insert(place, file);
}

void OpenFiles::close(uint64_t handle) {
  const auto place = std::ranges::lower_bound(files_, handle, std::less<>(), &OpenFile::handle);
  CHECK(place != files_.end() && place->handle == handle);
  files_.erase(place);
}

const OpenFile* OpenFiles::find(uint64_t handle) const {
  const auto place = std::ranges::lower_bound(files_, handle, std::less<>(), &OpenFile::handle);
  return place != files_.end() && place->handle == handle ? &*place : nullptr;
}

const OpenFile* OpenFiles::find_by_xid(uint64_t export_id, uint64_t xid) const {
  return first_where(
      files_, [&](const OpenFile& file) { return file.export_id == export_id && file.xid == xid; });
}

const OpenFile* OpenFiles::find_by_old_handle(uint64_t export_id, uint64_t handle) const {
  return first_where(files_, [&](const OpenFile& file) {
    return file.export_id == export_id && handle != 0 &&
           (file.old_handle == handle || file.handle == handle);
  });
}

std::vector<OpenFile> OpenFiles::of_export(uint64_t export_id) const {
  std::vector<OpenFile> files;
  std::ranges::copy_if(files_, std::back_inserter(files),
                       [&](const OpenFile& file) { return file.export_id == export_id; });
  return files;
}

size_t OpenFiles::open_count(uint64_t inode) const {
  return static_cast<size_t>(std::ranges::count(files_, inode, &OpenFile::inode));
}
size_t OpenFiles::writer_count(uint64_t inode) const {
  return count_with(files_, inode, kOpenWrite);
}
size_t OpenFiles::executor_count(uint64_t inode) const {
  return count_with(files_, inode, kOpenExecute);
}

void OpenFiles::invariants() const {
  for (size_t i = 0; i < files_.size(); ++i) {
    if (files_[i].xid == 0) continue;  // made by no request
    const OpenFile* first = find_by_xid(files_[i].export_id, files_[i].xid);
    CHECK(first == &files_[i], "two open files of one request");
  }
}

}  // namespace reference
