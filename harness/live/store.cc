#include "harness/live/store.h"

#include <fmt/format.h>

#include <filesystem>

#include "protocol/check.h"

namespace harness::live {
namespace {

// Address space, not memory or disk; LMDB files grow as they are used.
constexpr size_t kMapSize = size_t{64} << 30;

void must(int status, const char* what) {
  if (status != MDB_SUCCESS) {
    CHECK(false, fmt::format("store: {}: {}", what, mdb_strerror(status)));
  }
}

MDB_val value_of(const void* data, size_t size) {
  return {.mv_size = size, .mv_data = const_cast<void*>(data)};
}

}  // namespace

std::expected<DiskStore, std::string> DiskStore::open(const std::string& directory, bool sync) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return std::unexpected(fmt::format("{}: {}", directory, error.message()));
  MDB_env* environment = nullptr;
  must(mdb_env_create(&environment), "mdb_env_create");
  must(mdb_env_set_mapsize(environment, kMapSize), "mdb_env_set_mapsize");
  const unsigned flags = MDB_NOTLS | (sync ? 0u : unsigned{MDB_NOSYNC});
  int status = mdb_env_open(environment, directory.c_str(), flags, 0644);
  MDB_dbi table = 0;
  if (status == MDB_SUCCESS) {
    MDB_txn* transaction = nullptr;
    status = mdb_txn_begin(environment, nullptr, 0, &transaction);
    if (status == MDB_SUCCESS) {
      status = mdb_dbi_open(transaction, nullptr, 0, &table);
      const int committed = mdb_txn_commit(transaction);
      if (status == MDB_SUCCESS) status = committed;
    }
  }
  if (status != MDB_SUCCESS) {
    mdb_env_close(environment);
    return std::unexpected(fmt::format("{}: {}", directory, mdb_strerror(status)));
  }
  return DiskStore(environment, table);
}

reference::Store DiskStore::load() const {
  reference::Store store;
  MDB_txn* transaction = nullptr;
  must(mdb_txn_begin(environment_.get(), nullptr, MDB_RDONLY, &transaction), "mdb_txn_begin");
  MDB_cursor* cursor = nullptr;
  must(mdb_cursor_open(transaction, table_, &cursor), "mdb_cursor_open");
  MDB_val key{}, value{};
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
    const auto* bytes = static_cast<const uint8_t*>(value.mv_data);
    store.emplace_hint(store.end(), std::string(static_cast<const char*>(key.mv_data), key.mv_size),
                       protocol::Bytes(protocol::ByteView(bytes, value.mv_size)));
  }
  mdb_cursor_close(cursor);
  mdb_txn_abort(transaction);
  return store;
}

void DiskStore::commit(std::span<const reference::Persist> transactions) {
  MDB_txn* transaction = nullptr;
  must(mdb_txn_begin(environment_.get(), nullptr, 0, &transaction), "mdb_txn_begin");
  for (const reference::Persist& persist : transactions) {
    for (const reference::Write& write : persist.writes) {
      MDB_val key = value_of(write.key.data(), write.key.size());
      if (write.value) {
        MDB_val value = value_of(write.value->data(), write.value->size());
        must(mdb_put(transaction, table_, &key, &value, 0), "mdb_put");
      } else {
        const int status = mdb_del(transaction, table_, &key, nullptr);
        if (status != MDB_NOTFOUND) must(status, "mdb_del");
      }
    }
  }
  must(mdb_txn_commit(transaction), "mdb_txn_commit");
}

}  // namespace harness::live
