// The objects that OSTs have made in advance, from which new files get theirs, and how far they are
// used up (Lustre's lov_objid). Pure bookkeeping: MdsTargets talks to the OSTs.
//
// What is used is durable, written in the transaction of the file that uses it. After a restart an
// OST is told to destroy what lies behind it (facts: rpc-formats "OST", CREATE with DELORPHAN), so
// an object is never lost to a file that a crash undid. Key: "objid/" and the index, store.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reference/config.h"
#include "reference/layout.h"
#include "reference/store.h"

namespace reference {

class ObjectPool {
 public:
  static constexpr uint64_t kPrecreated = 32;     // OST_MIN_PRECREATE: kept ahead on each OST
  static constexpr uint64_t kPrecreatedLow = 16;  // fewer: more are asked for

  explicit ObjectPool(const Store& store);

  // --- what MdsTargets learns ---
  void know(uint32_t ost);  // the configuration names it
  // Orphans are destroyed; objects up to this one are there.
  void usable(uint32_t ost, uint64_t last_id);
  void precreated(uint32_t ost, uint64_t last_id);
  void lost(uint32_t ost);
  // The id up to which the OST should make objects now; 0 if it has enough.
  uint64_t wanted(uint32_t ost) const;
  uint64_t last_used(uint32_t ost) const;

  // --- for new files ---
  enum class Outcome : uint8_t { given, wait, impossible };
  struct Allocation {
    Outcome outcome = Outcome::impossible;  // impossible: -EINVAL or -EIO, no such OST, none at all
    std::vector<Stripe> stripes;
  };
  // Objects for so many stripes (0: `default_count`; kStripeOnAll: every OST), each on another OST,
  // from the OST `offset` on. Fewer OSTs than wanted give fewer stripes.
  Allocation allocate(uint32_t count, uint32_t offset, uint32_t default_count);
  // A replayed create brings the objects it had: they are used.
  void use(const Stripe& stripe);

  std::vector<Write> take_writes();
  bool has_writes() const;
  uint32_t known() const { return static_cast<uint32_t>(osts_.size()); }
  uint64_t free_objects() const;
  // Ids that no file has; of an OST that is not usable up to the largest there is.
  struct Ready {
    uint32_t ost = 0;
    uint64_t first = 0, last = 0;
  };
  std::vector<Ready> ready() const;

  void invariants() const;
  void state(auto&& visit) const { visit(osts_, next_); }

 private:
  struct Ost {
    uint32_t index = 0;
    uint64_t last_used = 0;
    uint64_t last_made = 0;  // while usable
    bool known = false;      // a record alone does not make an OST
    bool usable = false;
    bool dirty = false;  // last_used is to be written; false between steps
    void state(auto&& visit) const { visit(index, last_used, last_made, known, usable, dirty); }
  };
  Ost& ost(uint32_t index);
  const Ost* find(uint32_t index) const;

  std::vector<Ost> osts_;  // sorted by index
  uint32_t next_ = 0;      // where the next file begins: a position in osts_
};

}  // namespace reference
