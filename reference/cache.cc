#include "reference/cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "protocol/check.h"

namespace reference {

using protocol::Bytes;
using protocol::ByteSpan;

namespace {

// How many pages the range touches.
uint64_t pages_of(uint64_t start, uint64_t end) {
  return (end + kCachePage - 1) / kCachePage - start / kCachePage;
}

}  // namespace

// The first segment that ends behind the offset.
std::vector<ObjectCache::Segment>::const_iterator ObjectCache::first_at(uint64_t offset) const {
  return std::ranges::upper_bound(segments_, offset, {}, &Segment::end);
}

void ObjectCache::insert(Segment segment) {
  if (segment.dirty) dirty_bytes_ += segment.data.size();
  if (!segment.dirty && segment.batch == 0) clean_bytes_ += segment.data.size();
  const auto place = std::ranges::upper_bound(segments_, segment.offset, {}, &Segment::offset);
  segments_.insert(place, std::move(segment));
}

void ObjectCache::cut(uint64_t start, uint64_t end) {
  const auto first = segments_.begin() + (first_at(start) - segments_.cbegin());
  auto last = first;
  std::vector<Segment> rests;
  for (; last != segments_.end() && last->offset < end; ++last) {
    if (last->dirty) dirty_bytes_ -= last->data.size();
    if (!last->dirty && last->batch == 0) clean_bytes_ -= last->data.size();
    if (last->offset < start) {
      Segment head = *last;
      head.data = last->data.slice(0, start - last->offset);
      rests.push_back(std::move(head));
    }
    if (last->end() > end) {
      Segment tail = *last;
      tail.data = last->data.slice(end - last->offset);
      tail.offset = end;
      rests.push_back(std::move(tail));
    }
  }
  segments_.erase(first, last);
  for (Segment& rest : rests) insert(std::move(rest));
}

void ObjectCache::write(uint64_t offset, const Bytes& data, bool granted) {
  if (data.empty()) return;
  cut(offset, offset + data.size());
  insert({offset, data, true, granted, 0});
}

uint64_t ObjectCache::pages_to_grant(uint64_t offset, uint64_t length) const {
  if (length == 0) return 0;
  uint64_t pages = 0;
  for (uint64_t page = offset / kCachePage; page <= (offset + length - 1) / kCachePage; ++page) {
    bool covered = false;
    for (auto at = first_at(page * kCachePage);
         at != segments_.end() && at->offset < (page + 1) * kCachePage; ++at) {
      covered = covered || (at->dirty && at->granted);
    }
    pages += covered ? 0 : 1;
  }
  return pages;
}

std::vector<ObjectCache::Range> ObjectCache::gaps(uint64_t offset, uint64_t length) const {
  std::vector<Range> missing;
  const uint64_t end = offset + length;
  uint64_t at = offset;
  for (auto segment = first_at(offset); segment != segments_.end() && segment->offset < end;
       ++segment) {
    if (segment->offset > at) missing.push_back({at, segment->offset});
    at = segment->end();
  }
  if (at < end) missing.push_back({at, end});
  return missing;
}

void ObjectCache::copy(uint64_t offset, ByteSpan out) const {
  const uint64_t end = offset + out.size();
  for (auto segment = first_at(offset); segment != segments_.end() && segment->offset < end;
       ++segment) {
    const uint64_t from = std::max(segment->offset, offset);
    const uint64_t to = std::min(segment->end(), end);
    std::memcpy(out.data() + (from - offset), segment->data.data() + (from - segment->offset),
                to - from);
  }
}

void ObjectCache::fill(uint64_t offset, const Bytes& data) {
  for (const Range& gap : gaps(offset, data.size())) {
    insert({gap.start, data.slice(gap.start - offset, gap.end - gap.start), false, false, 0});
  }
}

void ObjectCache::trim() {
  if (clean_bytes_ <= kCleanMax) return;
  std::erase_if(segments_,
                [](const Segment& segment) { return !segment.dirty && segment.batch == 0; });
  clean_bytes_ = 0;
}

std::optional<ObjectCache::Batch> ObjectCache::take_batch(uint32_t bytes_max) {
  Batch batch{next_batch_, {}, {}};
  std::vector<uint8_t> data;
  for (Segment& segment : segments_) {
    if (!segment.dirty) continue;
    const bool overtakes = std::ranges::any_of(batches_, [&](const Flight& flight) {
      return segment.offset < flight.end && flight.start < segment.end();
    });
    if (overtakes) continue;
    if (data.size() + segment.data.size() > bytes_max) {
      if (!data.empty()) break;
      // A write longer than a transfer goes out in several.
      Segment tail = segment;
      tail.data = segment.data.slice(bytes_max);
      tail.offset += bytes_max;
      segment.data = segment.data.slice(0, bytes_max);
      dirty_bytes_ -= tail.data.size();
      const uint64_t offset = segment.offset;
      insert(std::move(tail));
      const auto again = std::ranges::find(segments_, offset, &Segment::offset);
      again->dirty = false;
      again->batch = batch.id;
      dirty_bytes_ -= again->data.size();
      batch.pieces.push_back({offset, bytes_max, again->granted});
      data.assign(again->data.view().begin(), again->data.view().end());
      break;
    }
    segment.dirty = false;
    segment.batch = batch.id;
    dirty_bytes_ -= segment.data.size();
    const auto length = static_cast<uint32_t>(segment.data.size());
    if (!batch.pieces.empty() && batch.pieces.back().granted == segment.granted &&
        batch.pieces.back().offset + batch.pieces.back().length == segment.offset) {
      batch.pieces.back().length += length;
    } else {
      batch.pieces.push_back({segment.offset, length, segment.granted});
    }
    data.insert(data.end(), segment.data.view().begin(), segment.data.view().end());
  }
  if (batch.pieces.empty()) return std::nullopt;
  ++next_batch_;
  const Piece& last = batch.pieces.back();
  uint64_t granted_pages = 0;
  for (const Piece& piece : batch.pieces) {
    if (piece.granted) granted_pages += pages_of(piece.offset, piece.offset + piece.length);
  }
  batches_.push_back(
      {batch.id, batch.pieces.front().offset, last.offset + last.length, granted_pages});
  batch.data = Bytes(std::move(data));
  return batch;
}

void ObjectCache::written(uint64_t batch) {
  std::erase_if(batches_, [&](const Flight& flight) { return flight.id == batch; });
  for (Segment& segment : segments_) {
    if (segment.batch != batch) continue;
    segment.batch = 0;
    segment.granted = false;
    clean_bytes_ += segment.data.size();
  }
}

bool ObjectCache::dirty(uint64_t start, uint64_t end) const {
  for (auto at = first_at(start); at != segments_.end() && at->offset <= end; ++at) {
    if (at->dirty || at->batch != 0) return true;
  }
  return std::ranges::any_of(
      batches_, [&](const Flight& flight) { return flight.start <= end && start < flight.end; });
}

uint64_t ObjectCache::discard(uint64_t start, uint64_t end) {
  const uint64_t before = granted_pages();
  cut(start, end == ~uint64_t{0} ? end : end + 1);
  return (before - granted_pages()) * kCachePage;
}

uint64_t ObjectCache::granted_pages() const {
  uint64_t pages = 0;
  uint64_t counted = 0;  // up to this byte
  for (const Segment& segment : segments_) {
    if (!segment.dirty || !segment.granted) continue;
    const uint64_t start = std::max(segment.offset, counted);
    if (start >= segment.end()) continue;
    pages += pages_of(start, segment.end());
    counted = (segment.end() + kCachePage - 1) / kCachePage * kCachePage;
  }
  for (const Flight& flight : batches_) pages += flight.granted_pages;
  return pages;
}

uint64_t ObjectCache::dirty_end() const {
  uint64_t end = 0;
  for (const Segment& segment : segments_) {
    if (segment.dirty || segment.batch != 0) end = std::max(end, segment.end());
  }
  for (const Flight& flight : batches_) end = std::max(end, flight.end);
  return end;
}

void ObjectCache::invariants() const {
  uint64_t at = 0, dirty_sum = 0;
  for (const Segment& segment : segments_) {
    CHECK(segment.offset >= at && !segment.data.empty());
    CHECK(!segment.dirty || segment.batch == 0);
    at = segment.end();
    if (segment.dirty) dirty_sum += segment.data.size();
  }
  CHECK(dirty_sum == dirty_bytes_);
}

}  // namespace reference
