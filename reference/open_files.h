// The open files of a metadata server ("mfd"s): volatile, lost in a crash and made again by the
// replay of opens (facts: semantics 2.1, 2.6). Open and write counts follow from the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reference {

// Modes of an open file, as in the open flags of a request (mds.h OpenFlag).
inline constexpr uint32_t kOpenRead = 1;
inline constexpr uint32_t kOpenWrite = 2;
inline constexpr uint32_t kOpenExecute = 4;

struct OpenFile {
  uint64_t handle = 0;      // the cookie that the client was given
  uint64_t old_handle = 0;  // 2.0: the cookie from before the restart, of a replayed open
  uint64_t inode = 0;       // number
  uint32_t mode = 0;        // kOpen… bits
  uint64_t xid = 0;         // of the request that opened
  uint64_t export_id = 0;   // whose it is
  bool operator==(const OpenFile&) const = default;
  void state(auto&& visit) const { visit(handle, old_handle, inode, mode, xid, export_id); }
};

class OpenFiles {
 public:
  void open(const OpenFile& file);
  // The file must be open.
  void close(uint64_t handle);

  // None when there is no such file.
  const OpenFile* find(uint64_t handle) const;
  const OpenFile* find_by_xid(uint64_t export_id, uint64_t xid) const;
  // By its present cookie or the one from before the restart.
  const OpenFile* find_by_old_handle(uint64_t export_id, uint64_t handle) const;
  std::vector<OpenFile> of_export(uint64_t export_id) const;

  size_t open_count(uint64_t inode) const;
  size_t writer_count(uint64_t inode) const;
  size_t executor_count(uint64_t inode) const;
  size_t size() const { return files_.size(); }

  // At most one open file for each (export, xid): OPEN-1.
  void invariants() const;
  void state(auto&& visit) const { visit(files_); }

 private:
  std::vector<OpenFile> files_;  // sorted by handle
};

}  // namespace reference
