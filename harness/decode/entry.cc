#include "harness/decode/entry.h"

#include <algorithm>
#include <utility>

namespace harness {

std::string_view name_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::acceptor:
      return "acceptor request";
    case EntryKind::hello:
      return "HELLO";
    case EntryKind::noop:
      return "NOOP";
    case EntryKind::request:
      return "request";
    case EntryKind::reply:
      return "reply";
    case EntryKind::error_reply:
      return "error reply";
    case EntryKind::early_reply:
      return "early reply";
    case EntryKind::bulk_put:
      return "bulk PUT";
    case EntryKind::bulk_get:
      return "bulk GET";
    case EntryKind::bulk_reply:
      return "bulk REPLY";
    case EntryKind::ack:
      return "ACK";
    case EntryKind::ping:
      return "LNet ping";
    case EntryKind::lnet:
      return "LNet message";
    case EntryKind::broken:
      return "broken";
    case EntryKind::gap:
      return "gap";
  }
  return "";
}

ByteCount& ByteCount::operator+=(const ByteCount& other) {
  framing += other.framing;
  body += other.body;
  bulk += other.bulk;
  unexplained += other.unexplained;
  unexplained_framing += other.unexplained_framing;
  return *this;
}

void Entry::begin_anew() {
  place = {};
  stream_offset = 0;
  kind = EntryKind::broken;
  operation.clear();
  dialect = {};
  xid.reset();
  status.reset();
  notes.clear();
  frame = {};
  description.items.clear();
  description.unexplained.clear();
  count = {};
}

void Account::add(const Entry& entry) {
  count_ += entry.count;
  ++entries_[static_cast<size_t>(entry.kind)];
  for (const protocol::Unexplained& part : entry.description.unexplained) {
    auto found = std::ranges::find(reasons_, part.reason, &Reason::why);
    if (found == reasons_.end()) found = reasons_.insert(found, Reason{.why = part.reason});
    found->bytes += part.length;
    ++found->places;
  }
}

std::vector<Account::Reason> Account::reasons() const {
  std::vector<Reason> sorted = reasons_;
  std::ranges::stable_sort(sorted, std::ranges::greater{}, &Reason::bytes);
  return sorted;
}

}  // namespace harness
