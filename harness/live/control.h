// The pipe between the harness and a server process that it started: orders in, notes out, one line
// each. The server answers each order with "done" when it is carried out. What a server notes is
// in the pipe before any message of the same step leaves, so whoever got a message finds all notes
// that led to it by drain(). When one end closes, the other learns it.
//
// For a history a server tells all that its machine sees and does, in order: "saw" a message, by
// its digest, since whoever sent it has told its bytes; "sent" one; "lost" a peer; "dropped" one;
// "turns" at the beginning of a step that nothing of these led to; notes and commits.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/machine.h"

namespace harness::live {

class ControlPipe {
 public:
  struct Handlers {
    std::function<void(std::string_view line)> line;
    std::function<void()> closed;
  };
  // Owns the descriptor.
  ControlPipe(boost::asio::io_context& loop, int descriptor, Handlers handlers);
  ~ControlPipe();
  ControlPipe(const ControlPipe&) = delete;
  ControlPipe& operator=(const ControlPipe&) = delete;

  // Waits until the line is in the pipe; false when the other end is closed.
  bool send(std::string_view line);
  // Hands on what has arrived by now.
  void drain();

 private:
  void read();
  void take(std::string_view bytes);

  boost::asio::posix::stream_descriptor descriptor_;
  const Handlers handlers_;
  std::string partial_;
  std::vector<char> buffer_;
  bool closed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Two connected descriptors; the second survives exec.
std::pair<int, int> make_control_pipe();

// Two numbers; and hexadecimal digits.
std::string encode_peer(const reference::PeerId& peer);
std::optional<reference::PeerId> decode_peer(std::string_view text);
std::string encode_bytes(const protocol::Bytes& bytes);
std::optional<protocol::Bytes> decode_bytes(std::string_view text);
// Of a message, where its bytes are known already.
uint64_t message_digest(const protocol::Bytes& message);

std::string encode_fact(const reference::Fact& fact);
// Of what encode_fact made; none for anything else.
std::optional<reference::Fact> decode_fact(std::string_view line);

}  // namespace harness::live
