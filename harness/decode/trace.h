// A whole capture explained, frame by frame: pcap file, TCP, socklnd, LNet, ptlrpc.
//
// Connections of other protocols are left alone and counted. Frames of one direction come in order;
// those of different directions and connections in the order in which they were completed.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "harness/decode/capture_file.h"
#include "harness/decode/entry.h"
#include "protocol/bytes.h"

namespace harness {

struct TraceSummary {
  CaptureSummary capture;
  Account account;
  uint64_t connections = 0;          // of LNet
  uint64_t foreign_connections = 0;  // of something else
  uint64_t repeated_bytes = 0;       // that TCP sent again, counted once in the account
};

// The error is for content that is no capture, or of a link type that cannot be read.
std::expected<TraceSummary, std::string> trace_capture(
    Capture capture, const std::function<void(const Entry&)>& on_entry);

}  // namespace harness
