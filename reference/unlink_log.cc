#include "reference/unlink_log.h"

#include <algorithm>
#include <limits>

#include "protocol/codec.h"
#include "reference/record.h"

namespace reference {

namespace {

constexpr std::string_view kPrefix = "llog/";
constexpr CommitId kNotWritten = std::numeric_limits<CommitId>::max();
constexpr uint64_t kLogObject = 0x100;  // a log's object id: this and the OST's index

Key key_of(uint32_t ost, uint32_t index) {
  Key key(kPrefix);
  append_key(key, ost);
  append_key(key, index);
  return key;
}

}  // namespace

UnlinkLog::UnlinkLog(const Store& store) {
  for (auto row = store.lower_bound(std::string(kPrefix));
       row != store.end() && row->first.starts_with(kPrefix); ++row) {
    RecordReader reader(row->second.view());
    Record record;
    record.ost = static_cast<uint32_t>(number_in_key(row->first, kPrefix.size()));
    record.index = static_cast<uint32_t>(number_in_key(row->first, kPrefix.size() + 8));
    record.object_id = reader.number<uint64_t>();
    record.object_seq = reader.number<uint64_t>();
    records_.push_back(record);
    next_index_ = std::max(next_index_, record.index + 1);
  }
}

Bytes UnlinkLog::add(const Layout& layout, Destroyer destroyer) {
  std::vector<uint8_t> cookies;
  for (const Stripe& stripe : layout.stripes) {
    const Record record{stripe.ost_index,  next_index_++, stripe.object_id,
                        stripe.object_seq, kNotWritten,   destroyer.client == 0,
                        destroyer.client,  destroyer.xid};
    const auto place =
        std::ranges::upper_bound(records_, record, [](const Record& a, const Record& b) {
          return std::tie(a.ost, a.index) < std::tie(b.ost, b.index);
        });
    records_.insert(place, record);
    RecordWriter writer;
    writer.number(record.object_id);
    writer.number(record.object_seq);
    writes_.push_back({key_of(record.ost, record.index), writer.finish()});
    protocol::append(cookies, cookie_of(record));
  }
  return Bytes(std::move(cookies));
}

void UnlinkLog::client_gone(ExportId client) {
  for (Record& record : records_) {
    if (client == 0 || record.client != client) continue;
    record.client = 0;
    record.by_server = true;
  }
}

void UnlinkLog::reply_lost(ExportId client, uint64_t xid) {
  for (Record& record : records_) {
    if (record.client != client || record.xid != xid) continue;
    record.client = 0;
    record.by_server = true;
  }
}

bool UnlinkLog::cancel(const protocol::llog::LlogCookie& cookie) {
  const auto place = std::ranges::find_if(records_, [&](const Record& record) {
    return record.index == cookie.index && record.ost + kLogObject == cookie.lgl.oid;
  });
  if (place == records_.end()) return false;
  writes_.push_back({key_of(place->ost, place->index), std::nullopt});
  records_.erase(place);
  return true;
}

std::vector<UnlinkLog::Record> UnlinkLog::of_ost(uint32_t ost) const {
  std::vector<Record> found;
  std::ranges::copy_if(records_, std::back_inserter(found),
                       [ost](const Record& record) { return record.ost == ost; });
  return found;
}

protocol::llog::LlogCookie UnlinkLog::cookie_of(const Record& record) const {
  protocol::llog::LlogCookie cookie;
  cookie.lgl.oid = kLogObject + record.ost;
  cookie.subsys = protocol::llog::llog_context::kMdsOstOrigCtxt;
  cookie.index = record.index;
  return cookie;
}

std::vector<UnlinkLog::Record> UnlinkLog::take_by_server(const Service& service) {
  std::vector<Record> taken;
  for (Record& record : records_) {
    if (!record.by_server || !service.is_durable(record.commit)) continue;
    record.by_server = false;
    taken.push_back(record);
  }
  return taken;
}

std::vector<Write> UnlinkLog::take_writes() { return std::exchange(writes_, {}); }

void UnlinkLog::written(CommitId commit) {
  for (Record& record : records_) {
    if (record.commit == kNotWritten) record.commit = commit;
  }
}

}  // namespace reference
