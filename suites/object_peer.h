// A scripted client of the first OST: locks, reads and writes of one object, each sent when the
// script says so. The object is a file's that somebody has made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/ldlm.h"
#include "protocol/operations_2_0.h"
#include "protocol/ost.h"
#include "suites/peer.h"

namespace suites {

class ObjectPeer {
 public:
  // Connects.
  explicit ObjectPeer(Conformance& conformance);

  Peer& peer() { return peer_; }
  // CONNECT again, with a higher count; the grant that the answer names.
  Answer reconnect();
  Envelope envelope() const;
  static uint32_t grant_in(const Answer& answer);

  // ENQUEUE of an extent lock; handle is the lock's at this client.
  uint64_t send_enqueue(uint64_t object, uint64_t handle, uint32_t mode, uint64_t start,
                        uint64_t end, uint64_t gid = 0);
  // What the answer says: the mode that was granted, 0 if the lock waits; and the server's handle.
  struct Enqueued {
    uint32_t granted_mode = 0;
    uint64_t handle = 0;
  };
  Enqueued enqueued(uint64_t xid);
  void cancel(uint64_t handle);

  // A write without a lock of ours (SRVLOCK), its bulk brought when the server asks for it.
  Answer write_lockless(uint64_t object, uint64_t offset, std::string_view data,
                        std::optional<uint64_t> mtime = {}, std::optional<uint64_t> xid = {});
  // A read, whose bulk is taken but not acknowledged: the server goes on waiting.
  uint64_t send_read(uint64_t object, uint32_t length);
  Answer set_mtime(uint64_t object, uint64_t mtime);
  uint64_t mtime_of(uint64_t object);
  Answer shrink_grant(uint64_t bytes, uint32_t flags, std::optional<uint64_t> xid = {});

 private:
  Answer connect(uint32_t op_flags, uint64_t handle);
  protocol::ost::OstBody body_of(uint64_t object) const;

  Conformance& conformance_;
  Peer& peer_;
  uint32_t conn_cnt_ = 1;
};

// The first object of a layout as the MDS gives it, v1 or v3; none if it is not on the first OST.
std::optional<uint64_t> object_in(protocol::ByteView layout);

}  // namespace suites
