// What a machine has, counted when it is asked to (audit()): facts of the kind `counted`, one a
// count, by these texts. A total names no client; of a server's, counts for each client may follow
// under the same text. Where objects are counted, start to end (both included) are their ids,
// object.second is their sequence, and xid is the OST's index where the OST does not say so itself.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/fact.h"

namespace reference {

namespace count {
// --- of every target ---
inline constexpr std::string_view kClients = "clients";  // connected
inline constexpr std::string_view kSlots = "slots";      // given to clients
inline constexpr std::string_view kDiskSlots = "slots on disk";
inline constexpr std::string_view kLocks = "locks granted";  // also of each, less flocks
inline constexpr std::string_view kWaiting = "locks waiting";
// --- of an MDS ---
inline constexpr std::string_view kOpenFiles = "open files";      // also of each client
inline constexpr std::string_view kWriters = "open for writing";  // also of each client
inline constexpr std::string_view kInodes = "inodes";
inline constexpr std::string_view kOrphans = "orphans";
inline constexpr std::string_view kClosedOrphans = "orphans nobody has open";
inline constexpr std::string_view kStripes = "stripes";           // objects that files have
inline constexpr std::string_view kUnlinkLog = "unlink records";  // objects to be destroyed
inline constexpr std::string_view kReady = "objects ready";       // made in advance
// --- of an OST ---
inline constexpr std::string_view kObjects = "objects";
inline constexpr std::string_view kGrants = "bytes granted";  // also of each client
// --- of an MGS: value is how often the log `client` names the target that xid (the index) and type
// (0 an MDT, 1 an OST) mean; or that the target is registered ---
inline constexpr std::string_view kNamed = "targets in logs";
inline constexpr std::string_view kRegistered = "targets";
// --- of a client, which is always named ---
inline constexpr std::string_view kHeldOpen = "files held open";
inline constexpr std::string_view kHeldWriting = "files held for writing";
inline constexpr std::string_view kHeldStripes = "stripes held open";  // objects of these
inline constexpr std::string_view kHeldLocks = "locks held";      // xid: 0 the MDT's, OST index + 1
inline constexpr std::string_view kHeldGrant = "grant believed";  // xid: OST index
inline constexpr std::string_view kKnown = "targets known";       // as kRegistered
inline constexpr std::string_view kCalls = "calls under way";
inline constexpr std::string_view kDirty = "bytes dirty";
}  // namespace count

inline Fact counted(std::string_view what, uint64_t value, const ClientName& client = {}) {
  Fact fact;
  fact.kind = Fact::Kind::counted;
  fact.text = what;
  fact.value = static_cast<int64_t>(value);
  fact.client = client;
  return fact;
}

// Ids of objects, put together where one follows the other.
class CountedObjects {
 public:
  CountedObjects(std::string_view what, uint32_t ost) : what_(what), ost_(ost) {}
  // In order of sequence and id.
  void add(uint64_t seq, uint64_t first, uint64_t last) {
    if (last < first) return;
    if (!facts_.empty() && facts_.back().object.second == seq && facts_.back().end + 1 == first) {
      facts_.back().end = last;
    } else {
      Fact fact = counted(what_, 0);
      fact.xid = ost_;
      fact.object.second = seq;
      fact.start = first;
      fact.end = last;
      facts_.push_back(std::move(fact));
    }
    facts_.back().value = static_cast<int64_t>(facts_.back().end - facts_.back().start + 1);
  }
  void take(std::vector<Fact>& into) {
    for (Fact& fact : facts_) into.push_back(std::move(fact));
    facts_.clear();
  }

 private:
  std::string_view what_;
  uint32_t ost_;
  std::vector<Fact> facts_;
};

}  // namespace reference
