// What travels on open connections: messages, acknowledgements, keepalives; and how they end. The
// handshake is in lnet_handshake.cc.
#include "reference/lnet.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "protocol/lnet.h"
#include "reference/nid.h"

namespace reference {
namespace {

namespace lnet = protocol::lnet;
using protocol::ByteView;
using protocol::WireError;

constexpr Time kDialAgainAfter = 1 * kSecond;  // a further connection, when there is one

WireError bad_cookie(uint32_t which, uint64_t cookie) {
  return {.subject = lnet::KsockMsgHeader::kLustre,
          .field = which == 0 ? "ksm_zc_cookies[0]" : "ksm_zc_cookies[1]",
          .offset = 8 + 8 * which,
          .found = cookie,
          .allowed = 0,
          .kind = WireError::Kind::bad_value};
}

// How well a connection suits a message of this many bytes, headers included: 2 is what it is for,
// 1 will do, 0 never (facts: lnet-socklnd 6).
int fitness(ConnType type, uint32_t version, size_t size) {
  const bool small = size < kTypedMessageLimit;
  switch (type) {
    case ConnType::any:
      return version == 3 ? 0 : 2;
    case ConnType::control:
      return small ? 2 : 1;
    case ConnType::bulk_out:
      return small ? 1 : 2;
    case ConnType::bulk_in:
      return version == 3 ? 0 : 1;
    case ConnType::none:
      return 0;
  }
  return 0;
}

Bytes frame_head(uint32_t version, std::array<uint64_t, 2> cookies, ByteView message,
                 bool checksum) {
  static const Bytes plain{encode_frame_head(3, {}, std::array<uint8_t, 1>{}, false)};
  if (version != 1 && cookies == std::array<uint64_t, 2>{} && !checksum && !message.empty()) {
    return plain;
  }
  return Bytes(encode_frame_head(version, cookies, message, checksum));
}

}  // namespace

void Lnet::closed(Time now, LinkId id, LnetActions& out) {
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  if (found->second.active && found->second.stage != Link::Stage::open) {
    Peer& peer = peers_.at(found->second.peer);
    peer.more_at = now + kDialAgainAfter;
  }
  unlink(id, out);
}

void Lnet::received(Time now, LinkId id, ByteView bytes, LnetActions& out) {
  while (!bytes.empty()) {
    const auto found = links_.find(id);
    if (found == links_.end()) return;  // closed by what came before
    auto unit = found->second.reader.next(bytes);
    if (!unit) {
      on_bad_handshake(id, unit.error(), out);
      close(id, "what it sent is wrong", unit.error(), out);
    } else if (*unit) {
      on_unit(now, id, std::move(**unit), out);
    }
  }
  const auto found = links_.find(id);
  if (found == links_.end() || found->second.stage != Link::Stage::open) return;
  peers_.at(found->second.peer).news_at = now;
}

void Lnet::on_unit(Time now, LinkId id, LnetUnit&& unit, LnetActions& out) {
  if (const auto* request = std::get_if<AcceptorRequest>(&unit)) {
    on_acceptor(id, *request, out);
  } else if (const auto* hello = std::get_if<Hello>(&unit)) {
    on_hello(now, id, *hello, out);
  } else {
    on_frame(id, std::get<Frame>(std::move(unit)), out);
  }
}

void Lnet::on_frame(LinkId id, Frame&& frame, LnetActions& out) {
  if (!acknowledged(id, frame, out)) return;
  if (frame.noop()) return;
  if (frame.cookies[0] != 0) {
    Link& link = links_.at(id);
    note(zero_copy::kReceived, id, link.peer, frame.cookies[0], out);
    if (!config_.defects.has(Defect::zero_copy_not_acknowledged)) {
      if (link.acks.empty()) acks_due_.push_back(id);
      link.acks.push_back(frame.cookies[0]);
    }
  }
  deliver(id, std::move(frame.message), out);
}

// Takes what the frame acknowledges off the list; false if the connection was closed for it.
bool Lnet::acknowledged(LinkId id, const Frame& frame, LnetActions& out) {
  const Link& link = links_.at(id);
  uint64_t first = frame.noop() ? frame.cookies[0] : 0;
  uint64_t last = frame.cookies[1];
  if (last == 0) return true;
  if (link.version == 3 && frame.noop() && first == 0 && last == kKeepaliveCookie) return true;
  auto& waiting = peers_.at(link.peer).unacknowledged;
  if (link.version < 3) first = 0;
  const bool pair = first > last;
  if (first == 0) first = last;
  const uint64_t count = pair ? 2 : last - first + 1;
  const size_t before = waiting.size();
  if (count <= before) {
    std::erase_if(waiting, [&](const Unacknowledged& one) {
      const bool meant = pair ? one.cookie == first || one.cookie == last
                              : first <= one.cookie && one.cookie <= last;
      if (meant) note(zero_copy::kDone, one.link, link.peer, one.cookie, out);
      return meant;
    });
  }
  if (before - waiting.size() == count) return true;
  close(id, "it acknowledges what was never sent", bad_cookie(1, last), out);
  return false;
}

void Lnet::deliver(LinkId id, Bytes message, LnetActions& out) {
  const Link& link = links_.at(id);
  uint64_t destination = 0;
  std::memcpy(&destination, message.data() + offsetof(lnet::LnetHdr, dest_nid), 8);
  if (destination == config_.self.nid) {
    out.push_back(LnetDeliver{link.peer, std::move(message)});
  } else if (nid_net(destination) == nid_net(config_.self.nid)) {
    close(id, "it is meant for another node",
          WireError{.subject = lnet::LnetHdr::kLustre,
                    .field = "dest_nid",
                    .offset = 0,
                    .found = destination,
                    .allowed = config_.self.nid,
                    .kind = WireError::Kind::bad_value},
          out);
  }
  // What is for another network wants a router, and this is none: it is dropped.
}

// --- sending ---

void Lnet::send(Time now, PeerId to, Bytes message, LnetActions& out) {
  if (to == config_.self) {
    out.push_back(LnetDeliver{to, std::move(message)});
    return;
  }
  auto found = peers_.find(to);
  if (found == peers_.end()) {
    if (to.pid & kUserspacePid) {
      out.push_back(LnetLost{to});
      return;
    }
    found = peers_.emplace(to, Peer{}).first;
    found->second.dialled = true;
    found->second.version = config_.privileged ? config_.version : std::min(config_.version, 2u);
  }
  Peer& peer = found->second;
  const auto link = link_for(peer, message.size());
  if (link) {
    transmit(now, peer, *link, std::move(message), out);
    dial_missing(now, to, out);
    return;
  }
  peer.queue_bytes += message.size();
  peer.queue.push_back(std::move(message));
  if (peer.queue.size() > config_.queue_max || peer.queue_bytes > config_.queue_bytes_max) {
    lose(to, "too much waits for a connection", out);
    return;
  }
  dial_missing(now, to, out);
}

std::optional<LinkId> Lnet::link_for(const Peer& peer, size_t message_size) const {
  std::optional<LinkId> best;
  int best_fitness = 0;
  for (const LinkId id : peer.links) {
    const Link& link = links_.at(id);
    if (link.stage != Link::Stage::open) continue;
    const size_t head = link.version == 1 ? 0 : kKsockHeaderSize;
    const int fits = fitness(link.type, link.version, head + message_size);
    if (fits <= best_fitness) continue;
    best = id;
    best_fitness = fits;
  }
  return best;
}

void Lnet::transmit(Time now, Peer& peer, LinkId id, Bytes message, LnetActions& out) {
  Link& link = links_.at(id);
  std::array<uint64_t, 2> cookies{};
  const size_t payload = message.size() - kLnetHeaderSize;
  if (link.version != 1 && config_.zero_copy_from != 0 && payload >= config_.zero_copy_from &&
      peer.unacknowledged.size() < config_.unacknowledged_max) {
    cookies[0] = peer.next_cookie++;
    const Time give_up_at = now + config_.zero_copy_timeout;
    peer.unacknowledged.push_back({cookies[0], id, give_up_at});
    note(zero_copy::kSent, id, link.peer, cookies[0], out);
    wake_at(give_up_at);
  }
  if (link.version == 2 && !link.acks.empty()) {
    cookies[1] = link.acks.front();
    link.acks.erase(link.acks.begin());
    note(zero_copy::kAnswered, id, link.peer, cookies[1], out);
  }
  const bool checksum = config_.checksum && link.version == 2;
  Bytes head = frame_head(link.version, cookies, message.view(), checksum);
  out.push_back(LinkWrite{id, std::move(head), std::move(message)});
}

void Lnet::send_queue(Time now, PeerId id, LnetActions& out) {
  Peer& peer = peers_.at(id);
  std::vector<Bytes> queue = std::exchange(peer.queue, {});
  peer.queue_bytes = 0;
  for (Bytes& message : queue) {
    if (const auto link = link_for(peer, message.size())) {
      transmit(now, peer, *link, std::move(message), out);
    } else {
      peer.queue_bytes += message.size();
      peer.queue.push_back(std::move(message));
    }
  }
}

// --- acknowledgements and keepalives ---

std::optional<LinkId> Lnet::link_for_acks(const Peer& peer, LinkId came_by) const {
  if (links_.at(came_by).version != 3) return came_by;
  for (const LinkId id : peer.links) {
    const Link& link = links_.at(id);
    if (link.stage == Link::Stage::open && link.type == ConnType::bulk_in) return id;
  }
  return came_by;
}

void Lnet::flush(LnetActions& out) {
  for (const LinkId id : std::exchange(acks_due_, {})) {
    if (links_.contains(id)) send_acks(id, out);
  }
}

// Version 2 acknowledges one by one; version 3 a row of cookies, or any two, in one NOOP.
void Lnet::send_acks(LinkId id, LnetActions& out) {
  Link& link = links_.at(id);
  std::vector<uint64_t> cookies = std::exchange(link.acks, {});
  std::ranges::sort(cookies);
  for (const uint64_t cookie : cookies) {
    note(zero_copy::kAnswered, id, link.peer, cookie, out);
  }
  const LinkId by = *link_for_acks(peers_.at(link.peer), id);
  const auto noop = [&](uint64_t first, uint64_t second) {
    out.push_back(
        LinkWrite{by, frame_head(link.version, {first, second}, {}, config_.checksum), {}});
  };
  for (size_t i = 0; i < cookies.size();) {
    size_t end = i + 1;
    while (end < cookies.size() && cookies[end] == cookies[end - 1] + 1) ++end;
    if (link.version != 3 || cookies.size() - i == 1) {
      noop(0, cookies[i]);
      ++i;
    } else if (end - i > 1) {
      noop(cookies[i], cookies[end - 1]);
      i = end;
    } else {
      noop(cookies[i + 1], cookies[i]);
      i += 2;
    }
  }
}

void Lnet::keep_alive(Time now, Peer& peer, LnetActions& out) {
  const Time due = peer.news_at + config_.keepalive;
  if (now < due) {
    peer.keepalive_at = due;
    return;
  }
  peer.keepalive_at = now + config_.keepalive;
  for (const LinkId id : peer.links) {
    const Link& link = links_.at(id);
    if (link.stage != Link::Stage::open || link.version != 3) continue;
    const LinkId by = *link_for_acks(peer, id);
    out.push_back(LinkWrite{by, frame_head(3, {0, kKeepaliveCookie}, {}, false), {}});
    return;
  }
}

// --- time ---

void Lnet::fired(Time now, LnetActions& out) {
  if (now < deadline_) return;
  deadline_ = kNever;
  std::vector<LinkId> late;
  for (const auto& [id, link] : links_) {
    if (link.give_up_at <= now) late.push_back(id);
  }
  for (const LinkId id : late) {
    if (links_.contains(id)) close(id, "the handshake takes too long", {}, out);
  }
  std::vector<PeerId> ids;
  for (const auto& [id, peer] : peers_) ids.push_back(id);
  for (const PeerId id : ids) {
    if (peers_.contains(id)) check_peer(now, id, out);
  }
  for (const auto& [id, link] : links_) wake_at(link.give_up_at);
  for (const auto& [id, peer] : peers_) {
    wake_at(std::min(peer.retry_at, peer.keepalive_at));
    for (const Unacknowledged& one : peer.unacknowledged) wake_at(one.give_up_at);
  }
}

void Lnet::check_peer(Time now, PeerId id, LnetActions& out) {
  Peer& peer = peers_.at(id);
  const bool overdue = std::ranges::any_of(
      peer.unacknowledged, [&](const Unacknowledged& one) { return one.give_up_at <= now; });
  if (overdue) {
    lose(id, "a message was not acknowledged in time", out);
    return;
  }
  if (peer.keepalive_at <= now) keep_alive(now, peer, out);
  if (peer.retry_at > now) return;
  peer.retry_at = kNever;
  if (peer.links.empty() && peer.queue.empty()) {
    peers_.erase(id);
  } else {
    dial_missing(now, id, out);
  }
}

// --- the end of connections ---

void Lnet::drop(PeerId peer, LnetActions& out) {
  if (peers_.contains(peer)) lose(peer, "dropped", out);
}

void Lnet::close(LinkId id, std::string_view why, const std::optional<WireError>& error,
                 LnetActions& out) {
  out.push_back(LinkClose{id, links_.at(id).peer, why, error});
  unlink(id, out);
}

void Lnet::unlink(LinkId id, LnetActions& out) {
  const PeerId peer_id = links_.at(id).peer;
  const bool was_open = links_.at(id).stage == Link::Stage::open;
  if (was_open) note(zero_copy::kClosed, id, peer_id, 0, out);
  links_.erase(id);
  const auto found = peers_.find(peer_id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  if (std::erase(peer.links, id) == 0) return;  // refused before it became the peer's
  std::erase_if(peer.unacknowledged, [&](const Unacknowledged& one) { return one.link == id; });
  const bool some_open = has_open(peer);
  bool lost = was_open && !some_open;
  if (!some_open) peer.keepalive_at = kNever;
  if (peer.links.empty() && peer.retry_at == kNever) {
    lost |= !peer.queue.empty();
    peers_.erase(found);
  }
  if (lost) out.push_back(LnetLost{peer_id});
}

bool Lnet::has_open(const Peer& peer) const {
  return std::ranges::any_of(peer.links,
                             [&](LinkId id) { return links_.at(id).stage == Link::Stage::open; });
}

void Lnet::lose(PeerId id, std::string_view why, LnetActions& out) {
  const Peer peer = std::move(peers_.at(id));
  peers_.erase(id);
  for (const LinkId link : peer.links) {
    note(zero_copy::kClosed, link, id, 0, out);
    out.push_back(LinkClose{link, id, why, {}});
    links_.erase(link);
  }
  out.push_back(LnetLost{id});
}

void Lnet::note(std::string_view what, LinkId id, PeerId peer, uint64_t cookie, LnetActions& out) {
  Fact fact{.kind = Fact::Kind::zero_copy,
            .xid = id,
            .handle = cookie,
            .start = peer.nid,
            .end = peer.pid};
  fact.text = what;
  out.push_back(LnetNote{std::move(fact)});
}

void Lnet::invariants() const {
  for (const auto& [id, peer] : peers_) {
    for (const LinkId link : peer.links) {
      const auto found = links_.find(link);
      CHECK(found != links_.end() && found->second.peer == id);
      CHECK(found->second.give_up_at >= deadline_);
    }
    CHECK(peer.retry_at >= deadline_ && peer.keepalive_at >= deadline_);
    CHECK(!peer.links.empty() || peer.retry_at != kNever, "a peer without a reason to be kept");
    CHECK(peer.queue.size() <= config_.queue_max);
    CHECK(peer.unacknowledged.size() <= config_.unacknowledged_max);
  }
  for (const auto& [id, link] : links_) {
    CHECK(link.stage != Link::Stage::open ||
          std::ranges::count(peers_.at(link.peer).links, id) == 1);
    CHECK(link.active || link.stage != Link::Stage::dialling);
  }
}

}  // namespace reference
