// A capture made from messages: what the sockets would have carried, had there been any. Each pair
// of peers gets the three typed connections of socklnd as they are needed, with acceptor request
// and HELLOs (facts: lnet-socklnd 2 and 6).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "harness/record/pcapng.h"
#include "reference/machine.h"

namespace harness::record {

class MessageCapture {
 public:
  // `wall_clock_base_s`: seconds since 1970 at time 0.
  MessageCapture(const std::string& path, int64_t wall_clock_base_s);
  bool ok() const { return writer_.ok(); }
  // One whole LNet message from sender to receiver, with a packet comment if there is something
  // to say.
  void message(reference::Time now, reference::PeerId from, reference::PeerId to,
               const protocol::Bytes& message, std::string_view comment = {});

 private:
  struct Connection {
    TcpFlow flow;
    reference::PeerId active;
  };
  Connection& connection(int64_t time, reference::PeerId from, reference::PeerId to, bool bulk);

  PcapngWriter writer_;
  int64_t base_ns_;
  int64_t last_ns_ = 0;
  uint16_t next_port_ = 1023;
  // By the pair of peers, lower first, and the type as the lower one sees it.
  std::map<std::tuple<reference::PeerId, reference::PeerId, uint32_t>, Connection> connections_;
};

}  // namespace harness::record
