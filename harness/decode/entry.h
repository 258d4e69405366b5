// One frame of a capture explained: what it is, its fields as a tree, and an account in which every
// byte of the frame is either explained or listed with the reason why not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/decode/segment.h"
#include "protocol/bytes.h"
#include "protocol/description.h"

namespace harness {

enum class EntryKind : uint8_t {
  acceptor,
  hello,
  noop,
  request,
  reply,
  error_reply,
  early_reply,
  bulk_put,
  bulk_get,
  bulk_reply,
  ack,
  ping,    // LNet's own, on portal 0
  lnet,    // an LNet message of no known use
  broken,  // cut or lost bytes, or no message where one should be
  gap,     // bytes that the capture does not have
};
std::string_view name_of(EntryKind kind);

// Bytes of frames; their sum is all that was captured of the streams.
struct ByteCount {
  uint64_t framing = 0;              // socklnd, LNet, the ptlrpc envelope and body, padding
  uint64_t body = 0;                 // buffers of RPCs
  uint64_t bulk = 0;                 // contents of files, which have no fields
  uint64_t unexplained = 0;          // each with its reason
  uint64_t unexplained_framing = 0;  // that part of it

  uint64_t total() const { return framing + body + bulk + unexplained; }
  ByteCount& operator+=(const ByteCount& other);
  friend bool operator==(const ByteCount&, const ByteCount&) = default;
};

// Where a frame was. Connections are numbered as they begin.
struct FlowPlace {
  uint64_t connection = 0;
  TcpEnd from;
  TcpEnd to;
  uint64_t packet = 0;  // that completed the frame, as Wireshark counts
  int64_t time_ns = 0;  // of that packet, since 1970
};

struct Entry {
  FlowPlace place;
  uint64_t stream_offset = 0;
  EntryKind kind = EntryKind::broken;
  std::string operation;          // "MDS_REINT/CREATE", "opcode 61", or empty
  std::string_view dialect;       // "1.8", "2.0", "later"; empty where none is told
  std::optional<uint64_t> xid;    // the match bits
  std::optional<int32_t> status;  // of a reply
  std::vector<std::string> notes;
  protocol::Bytes frame;              // what the items' views point into
  protocol::Description description;  // offsets in the frame
  ByteCount count;

  // An empty entry that keeps its memory.
  void begin_anew();
};

// The sums over a capture.
class Account {
 public:
  void add(const Entry& entry);
  const ByteCount& count() const { return count_; }
  uint64_t entries(EntryKind kind) const { return entries_[static_cast<size_t>(kind)]; }
  struct Reason {
    std::string why;
    uint64_t bytes = 0;
    uint64_t places = 0;
  };
  // The most bytes first.
  std::vector<Reason> reasons() const;

 private:
  static constexpr size_t kKinds = static_cast<size_t>(EntryKind::gap) + 1;
  ByteCount count_;
  std::vector<uint64_t> entries_ = std::vector<uint64_t>(kKinds);
  std::vector<Reason> reasons_;
};

}  // namespace harness
