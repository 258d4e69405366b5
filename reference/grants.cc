#include "reference/grants.h"

#include <algorithm>

#include "protocol/check.h"
#include "protocol/mds.h"
#include "reference/defects.h"

namespace reference {

namespace {
constexpr uint64_t whole_pages(uint64_t bytes) { return bytes / Grants::kPage * Grants::kPage; }
}  // namespace

Grants::Client& Grants::client(ExportId id) {
  auto place = std::ranges::lower_bound(clients_, id, {}, &Client::id);
  if (place == clients_.end() || place->id != id) place = clients_.insert(place, {id, 0, 0});
  return *place;
}

// Nonsense counts as nothing, as on real servers.
void Grants::incoming(ExportId id, const protocol::ost::Obdo& obdo, bool resent) {
  Client& from = client(id);
  from.dirty = std::min(obdo.blocks, from.granted + 4 * kChunk);
  if (resent && !defects_.has(Defect::grant_returned_twice)) return;
  const auto give_back = [&](uint64_t bytes) {
    if (bytes > from.granted) return;
    from.granted -= bytes;
    total_ -= bytes;
  };
  give_back(obdo.misc);
  const bool shrink = (obdo.valid & protocol::mds::valid::kFlags) != 0 &&
                      (obdo.flags & protocol::ost::obdo_flag::kShrinkGrant) != 0;
  if (shrink) give_back(obdo.grant);
}

uint64_t Grants::give(ExportId id, uint64_t has, uint64_t wanted, uint64_t left, bool recovering) {
  Client& to = client(id);
  if (has >= wanted || has >= to.granted + kChunk) return 0;
  // An eighth of what is left, so that there is some for everybody; what a client had before a
  // crash is dirty in its cache by now, and must be covered.
  uint64_t bytes = std::min(whole_pages(wanted), whole_pages(recovering ? left : left / 8));
  if (!recovering) bytes = std::min(bytes, kChunk);
  to.granted += bytes;
  total_ += bytes;
  return bytes;
}

bool Grants::use(ExportId id, uint64_t bytes) {
  Client& by = client(id);
  if (by.granted < bytes) return false;
  by.granted -= bytes;
  total_ -= bytes;
  return true;
}

void Grants::gone(ExportId id) {
  const auto found = std::ranges::lower_bound(clients_, id, {}, &Client::id);
  if (found == clients_.end() || found->id != id) return;
  if (defects_.has(Defect::grant_leaked)) return;
  total_ -= found->granted;
  clients_.erase(found);
}

uint64_t Grants::of(ExportId id) const {
  const auto found = std::ranges::lower_bound(clients_, id, {}, &Client::id);
  return found == clients_.end() || found->id != id ? 0 : found->granted;
}

uint64_t Grants::dirty() const {
  uint64_t sum = 0;
  for (const Client& each : clients_) sum += each.dirty;
  return sum;
}

void Grants::invariants() const {
  uint64_t sum = 0;
  for (const Client& each : clients_) sum += each.granted;
  CHECK(sum == total_, "GRANT-1: grants are summed");
}

}  // namespace reference
