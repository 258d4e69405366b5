// The socket layer of one node: TCP connections below, LNet messages above (facts: lnet-socklnd,
// stock-clients). A machine like the others, without I/O: the world opens, reads and writes sockets
// as it is told here, and tells what came of it.
//
// It dials and accepts, shakes hands in protocol versions 3, 2 and 1, keeps the typed connections
// of each peer and puts each message on the right one, acknowledges zero-copy messages, sends
// keepalives, and settles races, duplicates and restarted peers. Not modelled: routing, several
// interfaces, peer credits.
//
// A peer on a port above 1023 is a user-space one: whatever it says, it is called by its address
// and port, and its messages are renamed so. It is never dialled.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference/defects.h"
#include "reference/lnet_reader.h"
#include "reference/machine.h"

namespace reference {

inline constexpr uint16_t kLnetPort = 988;
inline constexpr uint16_t kLastPrivilegedPort = 1023;
inline constexpr uint32_t kTypedMessageLimit =
    1024;  // with headers; CONTROL carries less than that
inline constexpr uint64_t kKeepaliveCookie = 1;

struct LnetConfig {
  PeerId self;
  uint64_t incarnation = 0;     // another one at each start of the node
  bool privileged = true;       // dials from ports below 1024; else as a user-space peer does:
                                // one connection a peer, version 2, untyped
  uint32_t version = 3;         // the first that is tried
  bool checksum = false;        // on messages of version 2
  uint32_t zero_copy_from = 0;  // payload in bytes from which an acknowledgement is asked; 0 never
  uint32_t max_payload = kLnetMaxPayload;
  Time keepalive = 30 * kSecond;
  Time zero_copy_timeout = 50 * kSecond;
  Time handshake_timeout = 5 * kSecond;
  Time retry_delay = 100 * kMillisecond;  // after a lost race
  DefectSet defects;
  uint32_t retries_max = 20;
  uint32_t queue_max = 1024;  // messages waiting for a connection, per peer
  uint64_t queue_bytes_max = 64u << 20;
  uint32_t unacknowledged_max = 1024;  // zero-copy messages, per peer
  uint32_t links_max = 4096;
  void state(auto&& visit) const {
    visit(self, incarnation, privileged, version, checksum, zero_copy_from, max_payload, keepalive,
          zero_copy_timeout, handshake_timeout, retry_delay, retries_max, queue_max,
          queue_bytes_max, unacknowledged_max, links_max);
  }
};

// One TCP connection. Numbers count up and are never used again.
using LinkId = uint64_t;

// --- what it asks of the world ---

struct LinkDial {
  LinkId link = 0;
  PeerId peer;  // by its address, on the port all nodes share
};
// Both parts, in order; what is written to a link is sent in order.
struct LinkWrite {
  LinkId link = 0;
  Bytes head;
  Bytes body;
};
// After what was written has gone out. The world need not say that it is closed.
struct LinkClose {
  LinkId link = 0;
  PeerId peer;                               // nid 0 before its HELLO
  std::string_view why;                      // a literal
  std::optional<protocol::WireError> error;  // what the peer sent wrong, if that is the reason
};
struct LnetDeliver {
  PeerId from;
  Bytes message;
};
struct LnetLost {
  PeerId peer;
};
// What becomes of a zero-copy message, by its cookie; of all of a connection, when that goes.
namespace zero_copy {
inline constexpr std::string_view kSent = "sent";          // it asks for an acknowledgement
inline constexpr std::string_view kReceived = "received";  // it asks us
inline constexpr std::string_view kAnswered = "answered";  // by us
inline constexpr std::string_view kDone = "done";          // the peer has acknowledged it
inline constexpr std::string_view kClosed = "closed";
}  // namespace zero_copy
struct LnetNote {
  Fact fact;
};
using LnetAction = std::variant<LinkDial, LinkWrite, LinkClose, LnetDeliver, LnetLost, LnetNote>;
using LnetActions = std::vector<LnetAction>;

class Lnet {
 public:
  explicit Lnet(const LnetConfig& config) : config_(config) {}

  // A connection was accepted from this address (host order) and port. None: too many already.
  std::optional<LinkId> accepted(Time now, uint32_t address, uint16_t port);
  void connected(Time now, LinkId link, LnetActions& out);  // a LinkDial came through
  void closed(Time now, LinkId link, LnetActions& out);     // by the peer, or it was never reached
  // Messages are delivered as they complete. Acknowledgements wait for flush(), so that they can
  // ride on what is sent meanwhile.
  void received(Time now, LinkId link, protocol::ByteView bytes, LnetActions& out);
  void flush(LnetActions& out);

  void send(Time now, PeerId to, Bytes message, LnetActions& out);
  void drop(PeerId peer, LnetActions& out);

  Time deadline() const { return deadline_; }  // when fired() wants to be called, or before that
  void fired(Time now, LnetActions& out);

  void invariants() const;
  void state(auto&& visit) const { visit(config_, next_link_, links_, peers_, acks_due_); }
  size_t link_count() const { return links_.size(); }

 private:
  struct Link {
    enum class Stage : uint8_t { dialling, hello, open };
    Stage stage = Stage::hello;
    bool active = false;
    PeerId peer;  // of a passive one: nid 0 before its HELLO
    uint32_t address = 0;
    uint16_t port = 0;
    bool userspace = false;         // the peer is; messages from it are renamed
    ConnType type = ConnType::any;  // as this side sees it
    uint32_t version = 0;
    Time give_up_at = kNever;  // handshake
    LnetReader reader{LnetReader::Side::active};
    std::vector<uint64_t> acks;  // cookies to be acknowledged
    void state(auto&& visit) const {
      visit(stage, active, peer, address, port, userspace, type, version, give_up_at, reader, acks);
    }
  };
  struct Unacknowledged {
    uint64_t cookie = 0;
    LinkId link = 0;
    Time give_up_at = kNever;
    void state(auto&& visit) const { visit(cookie, link, give_up_at); }
  };
  struct Peer {
    std::vector<LinkId> links;  // all that are known to be of this peer
    bool dialled = false;       // this side opened the first one, so it opens the rest
    uint64_t incarnation = 0;   // 0 until a link is open
    uint32_t version = 3;       // to be tried next
    uint64_t next_cookie = 2;
    std::vector<Unacknowledged> unacknowledged;
    std::vector<Bytes> queue;  // until a link is open
    uint64_t queue_bytes = 0;
    Time retry_at = kNever;  // no dialling before that
    Time more_at = 0;        // no further connection before that while there is one
    uint32_t retries = 0;
    Time news_at = 0;            // when something of it arrived last
    Time keepalive_at = kNever;  // when the next one is due
    void state(auto&& visit) const {
      visit(links, dialled, incarnation, version, next_cookie, unacknowledged, queue, queue_bytes,
            retry_at, more_at, retries, news_at, keepalive_at);
    }
  };

  // handshake (lnet_handshake.cc)
  void on_acceptor(LinkId id, const AcceptorRequest& request, LnetActions& out);
  void on_hello(Time now, LinkId id, const Hello& hello, LnetActions& out);
  void on_hello_accepted(Time now, LinkId id, const Hello& hello, LnetActions& out);
  void on_hello_answered(Time now, LinkId id, const Hello& hello, LnetActions& out);
  void on_refusal(Time now, LinkId id, const Hello& hello, LnetActions& out);
  void opened(Time now, LinkId id, uint64_t incarnation, LnetActions& out);
  void drop_old_incarnation(PeerId id, uint64_t incarnation, LnetActions& out);
  void answer_hello(LinkId id, uint32_t version, ConnType type, LnetActions& out) const;
  void on_bad_handshake(LinkId id, const protocol::WireError& error, LnetActions& out) const;
  bool connecting(const Peer& peer) const;
  bool has_open(const Peer& peer) const;
  void dial_missing(Time now, PeerId id, LnetActions& out);
  void dial(Time now, PeerId id, ConnType type, LnetActions& out);

  // messages (lnet.cc)
  void on_unit(Time now, LinkId id, LnetUnit&& unit, LnetActions& out);
  void on_frame(LinkId id, Frame&& frame, LnetActions& out);
  bool acknowledged(LinkId id, const Frame& frame, LnetActions& out);
  void deliver(LinkId id, Bytes message, LnetActions& out);
  std::optional<LinkId> link_for(const Peer& peer, size_t message_size) const;
  std::optional<LinkId> link_for_acks(const Peer& peer, LinkId came_by) const;
  void transmit(Time now, Peer& peer, LinkId id, Bytes message, LnetActions& out);
  void check_peer(Time now, PeerId id, LnetActions& out);
  void keep_alive(Time now, Peer& peer, LnetActions& out);
  void send_queue(Time now, PeerId id, LnetActions& out);
  void send_acks(LinkId id, LnetActions& out);
  void close(LinkId id, std::string_view why, const std::optional<protocol::WireError>& error,
             LnetActions& out);
  void unlink(LinkId id, LnetActions& out);
  void lose(PeerId id, std::string_view why, LnetActions& out);
  static void note(std::string_view what, LinkId id, PeerId peer, uint64_t cookie,
                   LnetActions& out);

  void wake_at(Time at) { deadline_ = at < deadline_ ? at : deadline_; }

  LnetConfig config_;
  LinkId next_link_ = 1;
  std::map<LinkId, Link> links_;
  std::map<PeerId, Peer> peers_;
  std::vector<LinkId> acks_due_;
  Time deadline_ = kNever;  // not later than any of the times above
};

}  // namespace reference
