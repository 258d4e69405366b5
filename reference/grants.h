// Grant: space of an OST that clients may count on when they write into their caches. A value.
// Facts: semantics 9.2 GRANT-1; rpc-formats "OST" (overlays of obdo).
//
// What a client believes to have (unused plus dirty) is never more than `granted` here, and the sum
// is never more than what is free. A lost reply only makes the account here too large.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/ost.h"
#include "reference/config.h"
#include "reference/exports.h"

namespace reference {

class Grants {
 public:
  // FILTER_GRANT_CHUNK: given at once at most, but to a client that comes back in recovery.
  static constexpr uint64_t kChunk = 2u << 20;
  static constexpr uint64_t kPage = 4096;

  explicit Grants(const Config& config) : defects_(config.defects) {}

  // The overlays of a BRW or grant_shrink with FLGRANT: dirty, given up, given back. A resent one
  // may have given back before.
  void incoming(ExportId client, const protocol::ost::Obdo& obdo, bool resent);
  // Gives of `left` free bytes; `wanted` and what the client `has` by its own account are in bytes.
  // The result is what was added.
  uint64_t give(ExportId client, uint64_t has, uint64_t wanted, uint64_t left, bool recovering);
  // A write takes a page of what was granted; false if there is not so much.
  bool use(ExportId client, uint64_t bytes);
  void gone(ExportId client);

  uint64_t of(ExportId client) const;
  uint64_t total() const { return total_; }
  uint64_t dirty() const;

  void invariants() const;
  void state(auto&& visit) const { visit(clients_, total_); }

 private:
  struct Client {
    ExportId id = 0;
    uint64_t granted = 0;  // bytes
    uint64_t dirty = 0;    // as the client said last
    void state(auto&& visit) const { visit(id, granted, dirty); }
  };
  Client& client(ExportId id);

  DefectSet defects_;
  std::vector<Client> clients_;  // sorted by id
  uint64_t total_ = 0;
};

}  // namespace reference
