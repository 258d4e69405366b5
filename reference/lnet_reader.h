// What one side of an LNet connection sends, read from the stream of bytes: acceptor request (the
// active side's), HELLO, then messages and NOOPs (facts: lnet-socklnd 2 and 3). Byte order and
// protocol version are found out from the stream itself; no decision about it is taken here.
//
// The same bytes give the same units and the same error however they are cut into chunks. At most
// one message (72 bytes and max_payload) is kept.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <variant>
#include <vector>

#include "protocol/bytes.h"
#include "reference/machine.h"

namespace reference {

inline constexpr uint32_t kKsockHeaderSize = 24;
inline constexpr uint32_t kLnetHeaderSize = 72;
inline constexpr uint32_t kLnetMaxPayload = 1u << 20;  // LNET_MTU
inline constexpr uint32_t kHelloMaxInterfaces = 16;
inline constexpr uint32_t kAcceptorRequestSize = 16;

// The values are the wire's, as the sender sees the connection.
enum class ConnType : uint32_t {
  any = 0,
  control = 1,
  bulk_in = 2,
  bulk_out = 3,
  none = 0xffff'ffff
};
// The other side's view of it; none for a number that is no type.
std::optional<ConnType> inverted(ConnType type);
std::string_view conn_type_name(ConnType type);

struct AcceptorRequest {
  uint32_t version = 0;
  uint64_t nid = 0;
  void state(auto&& visit) const { visit(version, nid); }
};

struct Hello {
  uint32_t version = 3;
  bool understood = true;  // else only the version and the order are filled in
  protocol::ByteOrder order = protocol::ByteOrder::little;  // of the sender
  PeerId source{};
  uint64_t destination_nid = 0;
  uint64_t incarnation = 0;
  ConnType type = ConnType::control;   // may be a number that is no type
  std::vector<uint32_t> interfaces{};  // IPv4, when the sender has several
  void state(auto&& visit) const {
    visit(version, understood, order, source, destination_nid, incarnation, type, interfaces);
  }
};

// An LNet message with its lnet_hdr in front, or a NOOP: then the message is empty.
struct Frame {
  std::array<uint64_t, 2> cookies{};  // of the ksock header; zero in version 1
  protocol::Bytes message{};
  bool noop() const { return message.empty(); }
  void state(auto&& visit) const { visit(cookies, message); }
};

using LnetUnit = std::variant<AcceptorRequest, Hello, Frame>;

class LnetReader {
 public:
  enum class Side : uint8_t { active, passive };  // whose bytes these are
  explicit LnetReader(Side side, uint32_t max_payload = kLnetMaxPayload)
      : stage_(side == Side::active ? Stage::acceptor : Stage::hello_magic),
        max_payload_(max_payload) {}

  // Takes bytes off the front of `input` until a unit is complete; none when the input is used up.
  // After an error, and after a HELLO that was not understood, the stream cannot be read on.
  std::expected<std::optional<LnetUnit>, protocol::WireError> next(protocol::ByteView& input);

  // From here on messages get these addresses instead of those that came.
  void rename_source(PeerId source) { source_ = source; }
  void rename_destination(PeerId destination) { destination_ = destination; }

  void state(auto&& visit) const {
    visit(stage_, order_, version_, max_payload_, head_, cookies_, crc_, crc_expected_, message_,
          message_size_, source_, destination_);
  }

 private:
  enum class Stage : uint8_t {
    acceptor,
    hello_magic,
    hello,
    hello_v1,
    interfaces,
    interfaces_v1,
    ksock,
    lnet,
    payload,
    broken
  };
  using Step = std::expected<std::optional<LnetUnit>, protocol::WireError>;

  uint32_t wanted() const;  // bytes of head_ that complete the stage
  Step stage_done();
  Step on_acceptor();
  Step on_hello_magic();
  Step on_hello();
  Step on_hello_v1();
  Step on_interfaces();
  Step on_ksock();
  Step on_lnet();
  Step on_payload();
  void begin_messages();

  Stage stage_;
  protocol::ByteOrder order_ = protocol::ByteOrder::little;
  uint32_t version_ = 0;
  uint32_t max_payload_;
  std::vector<uint8_t> head_;  // what there is of a header; never more than 136 bytes
  std::array<uint64_t, 2> cookies_{};
  uint32_t crc_ = 0;
  uint32_t crc_expected_ = 0;  // 0: not to be checked
  std::vector<uint8_t> message_;
  uint32_t message_size_ = 0;
  std::optional<PeerId> source_;
  std::optional<PeerId> destination_;
};

// --- the other direction ---

// All little-endian, as this side always sends.
std::vector<uint8_t> encode_acceptor_request(uint64_t nid);
std::vector<uint8_t> encode_hello(const Hello& hello);  // in its version
// The ksock header in front of a message, or a NOOP when `message` is empty; nothing in version 1.
// With `checksum` (version 2 only) the CRC goes in.
std::vector<uint8_t> encode_frame_head(uint32_t version, std::array<uint64_t, 2> cookies,
                                       protocol::ByteView message, bool checksum);

}  // namespace reference
