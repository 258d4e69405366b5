#include "harness/client_table.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/check.h"
#include "reference/journal.h"

namespace harness {

using protocol::Bytes;
using reference::ClientSlot;
using reference::ServerRecord;
using reference::Store;

namespace {

// The keys of reference/store.md.
constexpr std::string_view kServer = "last_rcvd/server";
constexpr std::string_view kSlots = "last_rcvd/slot/";

bool is_slot(const auto& entry) { return std::string_view(entry.first).starts_with(kSlots); }

template <class Record>
Record read(const Bytes& value) {
  CHECK(value.size() == Record::kSize, "a record of another size");
  Record record;
  std::memcpy(&record, value.view().data(), Record::kSize);
  return record;
}

}  // namespace

Store client_table(const Store& disk) {
  Store table;
  std::ranges::copy_if(disk, std::inserter(table, table.end()),
                       [](const auto& entry) { return is_slot(entry); });
  return table;
}

void replace_client_table(Store& disk, const Store& table) {
  const auto found = disk.find(std::string(kServer));
  if (found == disk.end()) return;  // it has never run
  auto server = read<ServerRecord>(found->second);
  for (const auto& [key, value] : client_table(disk)) {
    const auto slot = read<ClientSlot>(value);
    server.last_transno =
        std::max({server.last_transno, slot.last_transno, slot.last_close_transno});
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(&server);
  found->second = Bytes(std::vector<uint8_t>(bytes, bytes + ServerRecord::kSize));
  std::erase_if(disk, [](const auto& entry) { return is_slot(entry); });
  disk.insert(table.begin(), table.end());
}

}  // namespace harness
