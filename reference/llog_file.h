// A plain log as Lustre keeps it in a file and sends it over the wire: a header of 8192 bytes, then
// chunks of 8192 with records. No record crosses a chunk: a pad record fills the rest, and has an
// index of its own. Facts: rpc-formats "MGS, llog, sequences"; schema llog.capnp.
//
// It does not model: cancelled records, catalogs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/llog.h"
#include "reference/machine.h"

namespace reference {

class LlogFile {
 public:
  static constexpr uint32_t kChunk = 8192;           // LLOG_CHUNK_SIZE
  static constexpr uint32_t kRecordsMax = 8096 * 8;  // bits of the header's map, the header's too
  static constexpr uint32_t kPayloadMax = kChunk - 64;  // so a record and a pad record fit a chunk

  LlogFile() = default;
  LlogFile(std::string name, uint64_t created_s);

  const std::string& name() const { return name_; }
  // Made from the name, so that it is the same after a restart.
  protocol::llog::LlogLogid id() const;
  uint32_t last_index() const { return static_cast<uint32_t>(records_.size()); }
  bool has_room(uint32_t records) const { return last_index() + 2 * records < kRecordsMax; }

  // A record of that type around the payload, and a pad record before it if the chunk is too short.
  // The result is the index of the first record added; all from it on are new.
  uint32_t append(uint32_t type, protocol::ByteView payload);
  // A record as append made it, from the disk; in the order of indices.
  void restore(Bytes record);
  const Bytes& record(uint32_t index) const { return records_.at(index - 1); }

  protocol::llog::LlogLogHdr header() const;
  struct Block {
    uint32_t offset = 0;      // of the chunk in the file
    uint32_t end = 0;         // of its last record in the file
    uint32_t last_index = 0;  // in it
    std::vector<uint8_t> data;
  };
  // The chunk that holds that record, zeros behind the last one; none if there is no such record.
  std::optional<Block> block(uint32_t index) const;

  void state(auto&& visit) const { visit(name_, created_s_, records_); }

 private:
  void add(uint32_t type, protocol::ByteView payload, uint32_t length);

  std::string name_;
  uint64_t created_s_ = 0;
  uint32_t end_ = kChunk;       // where the next record goes
  std::vector<Bytes> records_;  // index 1 first
};

}  // namespace reference
