// The disk of one server in the live world: an LMDB database in a directory. What is committed
// survives the death of the process; what is not is in nobody's memory but the server's.
#pragma once

#include <lmdb.h>

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reference/machine.h"
#include "reference/store.h"

namespace harness::live {

class DiskStore {
 public:
  // A directory that is made if it is missing, one process at a time. `sync` waits for the medium
  // at each commit, which only the death of the whole machine makes necessary.
  static std::expected<DiskStore, std::string> open(const std::string& directory, bool sync);

  DiskStore(DiskStore&&) = default;
  DiskStore& operator=(DiskStore&&) = default;

  // All of it.
  reference::Store load() const;
  // The transactions in one commit. A full disk or a failing medium ends the process (CHECK): the
  // server has promised nothing about them yet.
  void commit(std::span<const reference::Persist> transactions);

 private:
  struct Close {
    void operator()(MDB_env* environment) const { mdb_env_close(environment); }
  };
  DiskStore(MDB_env* environment, MDB_dbi table) : environment_(environment), table_(table) {}

  std::unique_ptr<MDB_env, Close> environment_;
  MDB_dbi table_ = 0;
};

}  // namespace harness::live
