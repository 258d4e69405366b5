// What a capture has for the seeds: requests by the kind of server that they went to, messages, and
// streams as the sockets carried them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/world.h"
#include "protocol/operation_info.h"

namespace fuzz {

struct CapturedMessage {
  protocol::Dialect dialect = protocol::Dialect::v2_0;
  const protocol::OperationInfo* operation = nullptr;  // null if the schema knows none
  bool reply = false;
  harness::Role server = harness::Role::mds;
  std::vector<uint8_t> bytes;  // a ptlrpc message
};

struct CapturedStream {
  bool dialled = false;  // what the node that was dialled sent
  std::vector<uint8_t> bytes;
};

struct Captured {
  std::vector<CapturedMessage> messages;
  std::vector<CapturedStream> streams;
};

// The content of a pcap or pcapng file; an unreadable one is a CHECK, since it is a file of ours.
Captured read_captured(const std::string& path);

// The first packets of a pcap file, as many as fit in so many bytes, beginning at one of them.
std::vector<uint8_t> pcap_slice(const std::vector<uint8_t>& pcap, size_t first, size_t bytes_max);

}  // namespace fuzz
