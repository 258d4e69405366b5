// One object's data at a client: what was read under its locks and what was written and is not yet
// on the OST. Pure: it sends nothing and knows no locks; whoever loses a lock flushes and drops the
// range. Facts: semantics 3.5, 3.6.
//
// Data is kept in segments, as it came, not in pages; grant is counted in pages of 4096 bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/bytes.h"

namespace reference {

inline constexpr uint64_t kCachePage = 4096;

class ObjectCache {
 public:
  // Clean bytes kept; beyond it trim() lets all of them go.
  static constexpr uint64_t kCleanMax = 16u << 20;

  struct Range {
    uint64_t start = 0;
    uint64_t end = 0;  // the byte behind the last
    bool operator==(const Range&) const = default;
  };

  // --- the application's side ---

  // New dirty data over whatever was there. `granted`: its space was taken from grant.
  void write(uint64_t offset, const protocol::Bytes& data, bool granted);
  // Pages of the range that no granted dirty data covers: each takes a page of grant.
  uint64_t pages_to_grant(uint64_t offset, uint64_t length) const;
  // What of the range is not here.
  std::vector<Range> gaps(uint64_t offset, uint64_t length) const;
  // Copies what is here over `out`, whose first byte is that of `offset`.
  void copy(uint64_t offset, protocol::ByteSpan out) const;
  // What the OST sent; goes only where nothing is.
  void fill(uint64_t offset, const protocol::Bytes& data);
  // Lets all clean data go if there is more than kCleanMax. Not while somebody reads.
  void trim();

  // --- write-back ---

  struct Piece {
    uint64_t offset = 0;
    uint32_t length = 0;
    bool granted = false;
  };
  struct Batch {
    uint64_t id = 0;
    std::vector<Piece> pieces;  // by offset; adjacent ones are one
    protocol::Bytes data;       // theirs, in a row
  };
  // Dirty data to be written next, at most `bytes_max`; nothing that overlaps a batch under way, so
  // that no two writes of one range can overtake each other.
  std::optional<Batch> take_batch(uint32_t bytes_max);
  // The batch is on the OST, or is lost: either way it is dirty no more.
  void written(uint64_t batch);
  bool dirty() const { return dirty_bytes_ != 0 || !batches_.empty(); }
  bool dirty(uint64_t start, uint64_t end) const;  // end: last byte, included, as in locks
  uint64_t dirty_bytes() const { return dirty_bytes_; }
  // Pages whose grant is taken: those of dirty data, and those that are being written.
  uint64_t granted_pages() const;

  // --- losing data ---

  // Forgets the range (end included), dirty or not. Returns the grant that it took and that no
  // write will use: bytes, of whole pages.
  uint64_t discard(uint64_t start, uint64_t end);

  // End of the last dirty byte, written or being written; 0 if there is none.
  uint64_t dirty_end() const;
  bool empty() const { return segments_.empty() && batches_.empty(); }

  void invariants() const;
  void state(auto&& visit) const { visit(segments_, batches_, next_batch_, dirty_bytes_); }

 private:
  struct Segment {
    uint64_t offset = 0;
    protocol::Bytes data;
    bool dirty = false;
    bool granted = false;
    uint64_t batch = 0;  // being written
    uint64_t end() const { return offset + data.size(); }
    void state(auto&& visit) const { visit(offset, data, dirty, granted, batch); }
  };
  struct Flight {
    uint64_t id = 0;
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t granted_pages = 0;
    void state(auto&& visit) const { visit(id, start, end, granted_pages); }
  };

  // Makes room: cuts away the range (end excluded).
  void cut(uint64_t start, uint64_t end);
  std::vector<Segment>::const_iterator first_at(uint64_t offset) const;
  void insert(Segment segment);

  std::vector<Segment> segments_;  // by offset, without overlap
  std::vector<Flight> batches_;
  uint64_t next_batch_ = 1;
  uint64_t dirty_bytes_ = 0;  // not in a batch
  uint64_t clean_bytes_ = 0;  // derived
};

}  // namespace reference
