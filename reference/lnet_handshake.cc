// How connections come up: acceptor request and HELLO on both sides (facts: lnet-socklnd 2, 6).
#include <algorithm>

#include "protocol/check.h"
#include "protocol/lnet.h"
#include "reference/lnet.h"
#include "reference/nid.h"

namespace reference {
namespace {

namespace lnet = protocol::lnet;
using protocol::WireError;

WireError bad_value(std::string_view subject, std::string_view field, uint32_t offset,
                    uint64_t found, uint64_t allowed) {
  return {.subject = subject,
          .field = field,
          .offset = offset,
          .found = found,
          .allowed = allowed,
          .kind = WireError::Kind::bad_value};
}

}  // namespace

std::optional<LinkId> Lnet::accepted(Time now, uint32_t address, uint16_t port) {
  if (links_.size() >= config_.links_max) return std::nullopt;
  Link link;
  link.address = address;
  link.port = port;
  link.give_up_at = now + config_.handshake_timeout;
  link.reader = LnetReader(LnetReader::Side::active, config_.max_payload);
  wake_at(link.give_up_at);
  const LinkId id = next_link_++;
  links_.emplace(id, std::move(link));
  return id;
}

void Lnet::connected(Time now, LinkId id, LnetActions& out) {
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  Link& link = found->second;
  CHECK(link.stage == Link::Stage::dialling);
  link.stage = Link::Stage::hello;
  link.give_up_at = now + config_.handshake_timeout;
  wake_at(link.give_up_at);
  std::vector<uint8_t> bytes = encode_acceptor_request(link.peer.nid);
  const std::vector<uint8_t> hello = encode_hello({.version = link.version,
                                                   .source = config_.self,
                                                   .destination_nid = link.peer.nid,
                                                   .incarnation = config_.incarnation,
                                                   .type = link.type});
  bytes.insert(bytes.end(), hello.begin(), hello.end());
  out.push_back(LinkWrite{id, Bytes(std::move(bytes)), {}});
}

void Lnet::on_acceptor(LinkId id, const AcceptorRequest& request, LnetActions& out) {
  constexpr std::string_view kSubject = lnet::LnetAcceptorConnreq::kLustre;
  if (request.version != lnet::acceptor_version::kV1) {
    out.push_back(LinkWrite{id, Bytes(encode_acceptor_request(0)), {}});
    close(id, "unknown acceptor version",
          bad_value(kSubject, "acr_version", 4, request.version, lnet::acceptor_version::kV1), out);
  } else if (request.nid != config_.self.nid) {
    close(id, "not the NID that was asked for",
          bad_value(kSubject, "acr_nid", 8, request.nid, config_.self.nid), out);
  }
}

// A HELLO in the place of the acceptor request is told which acceptor this is; other bytes are not
// answered.
void Lnet::on_bad_handshake(LinkId id, const WireError& error, LnetActions& out) const {
  if (error.field != "acr_magic") return;
  const auto magic = static_cast<uint32_t>(error.found);
  if (magic != lnet::proto_magic::kLnet && magic != std::byteswap(lnet::proto_magic::kLnet)) {
    return;
  }
  out.push_back(LinkWrite{id, Bytes(encode_acceptor_request(0)), {}});
}

void Lnet::on_hello(Time now, LinkId id, const Hello& hello, LnetActions& out) {
  if (links_.at(id).active) {
    on_hello_answered(now, id, hello, out);
  } else {
    on_hello_accepted(now, id, hello, out);
  }
}

void Lnet::answer_hello(LinkId id, uint32_t version, ConnType type, LnetActions& out) const {
  const Link& link = links_.at(id);
  out.push_back(LinkWrite{id,
                          Bytes(encode_hello({.version = version,
                                              .source = config_.self,
                                              .destination_nid = link.peer.nid,
                                              .incarnation = config_.incarnation,
                                              .type = type})),
                          {}});
}

// --- the passive side ---

void Lnet::on_hello_accepted(Time now, LinkId id, const Hello& hello, LnetActions& out) {
  Link& link = links_.at(id);
  if (!hello.understood || hello.version > config_.version) {
    answer_hello(id, config_.version, ConnType::none, out);
    close(id, "unknown protocol version",
          bad_value(lnet::KsockHello::kLustre, "kshm_version", 4, hello.version, config_.version),
          out);
    return;
  }
  link.version = hello.version;
  link.userspace = link.port > kLastPrivilegedPort;
  link.peer = hello.source;
  if (link.userspace) {
    const auto net = static_cast<uint16_t>(nid_net(config_.self.nid));
    link.peer = {make_nid(link.address, net), kUserspacePid | link.port};
    link.reader.rename_source(link.peer);
  }
  const auto type = inverted(hello.type);
  if (!type) {
    close(id, "no such connection type",
          bad_value(lnet::KsockHello::kLustre, "kshm_ctype", 48, static_cast<uint32_t>(hello.type),
                    3),
          out);
    return;
  }
  link.type = *type;
  const PeerId peer_id = link.peer;
  drop_old_incarnation(peer_id, hello.incarnation, out);
  Peer& peer = peers_[peer_id];
  peer.version = std::min(peer.version, config_.version);
  const bool duplicate = std::ranges::any_of(peer.links, [&](LinkId other) {
    const Link& known = links_.at(other);
    return known.stage == Link::Stage::open && known.type == *type;
  });
  const bool race = connecting(peer) && peer_id.nid < config_.self.nid;
  if (duplicate || race) {
    answer_hello(id, hello.version, ConnType::none, out);
    close(id, duplicate ? "a duplicate connection" : "lost a connection race", {}, out);
    return;
  }
  peer.links.push_back(id);
  answer_hello(id, hello.version, *type, out);
  opened(now, id, hello.incarnation, out);
}

// --- the active side ---

void Lnet::on_hello_answered(Time now, LinkId id, const Hello& hello, LnetActions& out) {
  Link& link = links_.at(id);
  constexpr std::string_view kSubject = lnet::KsockHello::kLustre;
  if (!hello.understood || hello.version != link.version || hello.type == ConnType::none) {
    on_refusal(now, id, hello, out);
  } else if (hello.source.nid != link.peer.nid) {
    close(id, "another node answered",
          bad_value(kSubject, "kshm_src_nid", 8, hello.source.nid, link.peer.nid), out);
  } else if (hello.source.pid != link.peer.pid) {
    close(id, "another process answered",
          bad_value(kSubject, "kshm_src_pid", 24, hello.source.pid, link.peer.pid), out);
  } else if (inverted(hello.type) != link.type) {
    close(id, "the connection type does not fit",
          bad_value(kSubject, "kshm_ctype", 48, static_cast<uint32_t>(hello.type),
                    static_cast<uint32_t>(*inverted(link.type))),
          out);
  } else {
    drop_old_incarnation(link.peer, hello.incarnation, out);
    opened(now, id, hello.incarnation, out);
  }
}

// The same version: a race was lost or the connection is there already, so try later if it is
// not. A lower one: the peer speaks that.
void Lnet::on_refusal(Time now, LinkId id, const Hello& hello, LnetActions& out) {
  const PeerId peer_id = links_.at(id).peer;
  Peer& peer = peers_.at(peer_id);
  const bool unknown = !hello.understood || hello.version > links_.at(id).version;
  const bool older = !unknown && hello.version < links_.at(id).version;
  if (unknown || ++peer.retries > config_.retries_max) {
    close(id, unknown ? "unknown protocol version" : "refused too often",
          bad_value(lnet::KsockHello::kLustre, "kshm_version", 4, hello.version,
                    links_.at(id).version),
          out);
    return;
  }
  if (older) peer.version = hello.version;
  peer.retry_at = older ? now : now + config_.retry_delay;
  wake_at(peer.retry_at);
  close(id, older ? "the peer speaks an older version" : "refused by the peer", {}, out);
  if (older) check_peer(now, peer_id, out);
}

void Lnet::opened(Time now, LinkId id, uint64_t incarnation, LnetActions& out) {
  Link& link = links_.at(id);
  link.stage = Link::Stage::open;
  link.give_up_at = kNever;
  const PeerId peer_id = link.peer;
  Peer& peer = peers_.at(peer_id);
  peer.incarnation = incarnation;
  peer.news_at = now;
  peer.retries = 0;
  if (link.version == 3 && peer.keepalive_at == kNever) {
    peer.keepalive_at = now + config_.keepalive;
    wake_at(peer.keepalive_at);
  }
  send_queue(now, peer_id, out);
  dial_missing(now, peer_id, out);
}

// The peer was started anew: what is connected to its earlier life leads nowhere.
void Lnet::drop_old_incarnation(PeerId id, uint64_t incarnation, LnetActions& out) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  if (peer.incarnation == 0 || peer.incarnation == incarnation) return;
  std::vector<LinkId> old;
  for (const LinkId link : peer.links) {
    if (links_.at(link).stage == Link::Stage::open) old.push_back(link);
  }
  peer.incarnation = incarnation;
  for (const LinkId link : old) close(link, "the peer was started anew", {}, out);
}

// --- dialling ---

bool Lnet::connecting(const Peer& peer) const {
  return std::ranges::any_of(peer.links, [&](LinkId id) {
    const Link& link = links_.at(id);
    return link.active && link.stage != Link::Stage::open;
  });
}

// One after the other, CONTROL first; the rest when that is open.
void Lnet::dial_missing(Time now, PeerId id, LnetActions& out) {
  const Peer& peer = peers_.at(id);
  if (!peer.dialled || connecting(peer)) return;
  if (peer.retry_at != kNever && now < peer.retry_at) return;
  if (now < peer.more_at && has_open(peer)) return;
  const auto has = [&](ConnType type) {
    return std::ranges::any_of(peer.links,
                               [&](LinkId link) { return links_.at(link).type == type; });
  };
  if (has(ConnType::any)) return;
  if (!config_.privileged) return dial(now, id, ConnType::any, out);
  for (const ConnType type : {ConnType::control, ConnType::bulk_in, ConnType::bulk_out}) {
    if (!has(type)) return dial(now, id, type, out);
  }
}

void Lnet::dial(Time now, PeerId id, ConnType type, LnetActions& out) {
  Peer& peer = peers_.at(id);
  Link link;
  link.stage = Link::Stage::dialling;
  link.active = true;
  link.peer = id;
  link.address = nid_address(id.nid);
  link.type = type;
  link.version = peer.version;
  link.give_up_at = now + config_.handshake_timeout;
  link.reader = LnetReader(LnetReader::Side::passive, config_.max_payload);
  if (!config_.privileged) link.reader.rename_destination(config_.self);
  wake_at(link.give_up_at);
  peer.retry_at = kNever;
  const LinkId link_id = next_link_++;
  links_.emplace(link_id, std::move(link));
  peer.links.push_back(link_id);
  out.push_back(LinkDial{link_id, id});
}

}  // namespace reference
