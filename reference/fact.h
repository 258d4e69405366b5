// What a machine says that it did, for histories, checkers and triggers (facts: semantics 9.1).
// Making one allocates nothing, but for texts of more than 15 bytes. Nobody may behave differently
// for it.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace reference {

// A client's uuid, at most 40 bytes.
class ClientName {
 public:
  ClientName() = default;
  template <std::convertible_to<std::string_view> Text>
  ClientName(const Text& text) {  // NOLINT(google-explicit-constructor): it is a string, kept here
    const std::string_view view = text;
    std::copy_n(view.begin(), std::min(view.size(), text_.size()), text_.begin());
  }
  std::string_view view() const {
    const std::string_view all(text_.data(), text_.size());
    return all.substr(0, all.find('\0'));
  }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  bool empty() const { return text_.front() == '\0'; }
  auto operator<=>(const ClientName&) const = default;
  void state(auto&& visit) const { visit(text_); }

 private:
  std::array<char, 40> text_ = {};
};

// The first words of a lock resource's name: FID sequence and object id, or inode and generation,
// or an OST's object id and group.
struct ObjectName {
  uint64_t first = 0;
  uint64_t second = 0;
  auto operator<=>(const ObjectName&) const = default;
  void state(auto&& visit) const { visit(first, second); }
};

struct Fact {
  // Of a request's doing, where there was one: client, xid, transno, conn_cnt, flags, opcode. What
  // a kind says besides:
  enum class Kind : uint8_t {
    executed,          // a modification: object; value = status; start = records it wrote, without
                       // the slot and what no other mount trusts; versions = those found before it
    reconstructed,     // a resent request answered from its slot: client, xid, transno
    committed,         // transno: all up to it are durable
    granted,           // a lock: handle, object, type, value = mode, flags = the lock's; start and
                       // end = its range (both included) or bits; digest = the gid of a group lock,
                       // the pid of a flock. Again when any of it changes
    waiting,           // a lock that could not be granted; as `granted`
    blocked,           // a blocking AST was sent for handle
    cancelled,         // a lock is gone: handle
    evicted,           // client and why (text)
    connected,         // client, conn_cnt, handle; value = pb_op_flags of the reply; start = the
                       // connect flags agreed on (of a client's: text = "TARGET row")
    recovery_began,    // value = clients awaited; transno = the next
    recovery_ended,    // value = clients that came back
    opened,            // handle, object; value = mode bits; start = open count after, end = writers
    closed,            // as opened
    reached,           // a named point of a procedure (text)
    started,           // a target: transno = last_committed found; value = mount count
    slot_found,        // at start: client, xid, transno of its last operation; of its last close:
                       // start = xid, end = transno
    slot_erased,       // client
    replays_ended,     // recovery: all requests are replayed
    gap_skipped,       // recovery goes on at transno; value = the number that was expected
    inode_made,        // object, transno; text = kVolatile
    inode_orphaned,    // object has no name any more, but somebody has it open; transno
    inode_destroyed,   // object
    layout_set,        // object has a stripe: value = the OST's index; start = id, end = group;
                       // transno
    object_made,       // an OST's, start to end: ids; object.second = group
    object_destroyed,  // an OST's: object
    written,           // an OST's object: start and end (exclusive) in bytes
    punched,           // an OST's object from start on; end = its size after
    read,              // an OST's object: start and end (exclusive)
    grant,        // an OST's account of a client: value = bytes granted; start = of all clients,
                  // end = free bytes of the target
    grant_known,  // what a client may still use: xid = the OST's index; value = bytes
    dirtied,      // a client's cache: an OST's object, start and end (exclusive); xid = its index
    discarded,    // as dirtied: forgotten, not to be written
    lock_used,    // a client used what a lock protects: handle = the client's cookie
    lock_lost,    // a client's lock is cancelled, dropped or lost: handle = the client's cookie
    // Of the profile `som` alone; object is the file.
    object_state,   // an OST's object has changed or was found at start: start = size, end = blocks
    som_state,      // value = 1 if the MDS would tell the size it keeps: start, end = size, blocks;
                    // xid = the open epoch, or 0; handle = mount of what is kept, digest = present
    som_written,    // a size is kept: start, end = size, blocks; xid = its epoch; client
    som_answered,   // the MDS told a client the size: start, end; handle, digest = mounts
    som_validated,  // an OST told an object's size: object = the object; xid = epoch; client
    som_stripe,     // as layout_set; digest = stripe size
    counted,        // of an audit (counts.h): text = what, value = how many
    zero_copy,      // of the socket layer (lnet.h): text = what, handle = cookie, xid = connection,
                    // start, end = the peer's NID and pid
  };
  static constexpr uint32_t kKinds = static_cast<uint32_t>(Kind::zero_copy) + 1;

  Kind kind = Kind::reached;
  uint8_t type = 0;       // of a lock, as LockType
  uint32_t opcode = 0;    // of the request
  uint32_t flags = 0;     // pb_flags of the request: MSG_RESENT, MSG_REPLAY, …
  uint32_t conn_cnt = 0;  // of the request
  ClientName client;
  uint64_t xid = 0;
  uint64_t transno = 0;
  ObjectName object;
  uint64_t handle = 0;
  int64_t value = 0;
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t digest = 0;
  std::array<uint64_t, 4> versions = {};
  std::string text;
  void state(auto&& visit) const {
    visit(kind, type, opcode, flags, conn_cnt, client, xid, transno, object, handle, value, start,
          end, digest, versions, text);
  }
};

// How the text ends of the point that a client reaches when it does not listen to a reply, because
// it will send the request again: xid.
inline constexpr std::string_view kReplyTooLate = "reply:too late";
// Text of the point that an MDS reaches where a replay met an object of another version (VBR).
inline constexpr std::string_view kReplayVersion = "replay:version";
// Text of `inode_made` of a file that lives only as long as it is open (facts: semantics 5.4).
inline constexpr std::string_view kVolatile = "volatile";
// Text of the point that an MDS reaches when it has objects made in advance on an OST that it
// connected to (object = the OST's index).
inline constexpr std::string_view kOstReady = "ost ready";

}  // namespace reference
