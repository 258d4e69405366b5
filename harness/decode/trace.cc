#include "harness/decode/trace.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/decode/conversation.h"
#include "harness/decode/segment.h"
#include "harness/decode/socklnd_stream.h"
#include "harness/decode/tcp_stream.h"

namespace harness {
namespace {

constexpr uint16_t kLustrePort = 988;

class Tracer {
 public:
  explicit Tracer(const std::function<void(const Entry&)>& on_entry) : on_entry_(on_entry) {}

  void packet(const CapturedPacket& packet) {
    const auto segment = tcp_segment(packet);
    if (!segment) return;
    now_ = {.packet = packet.number, .time_ns = packet.time_ns};
    const Ends ends{segment->from, segment->to};
    Direction* there = &direction(ends);
    if (there->tcp.begins_anew(*segment)) {
      close(ends);
      close({ends.second, ends.first});
      there = &direction(ends);
    }
    receive(ends, *there, there->tcp.feed(*segment));
    if (!segment->has_ack) return;
    const Ends back{ends.second, ends.first};
    Direction& other = direction(back);
    receive(back, other, other.tcp.peer_acknowledged(segment->acknowledged));
  }

  void finish() {
    std::vector<Ends> open;
    for (const auto& [ends, direction] : directions_) open.push_back(ends);
    std::ranges::sort(open);
    for (const Ends& ends : open) close(ends);
  }

  TraceSummary summary;

 private:
  using Ends = std::pair<TcpEnd, TcpEnd>;
  struct Direction {
    uint64_t connection;
    TcpStream tcp;
    SocklndStream frames;
  };

  struct Hash {
    size_t operator()(const Ends& ends) const {
      const auto word = [](const TcpEnd& end) { return uint64_t{end.address} << 16 | end.port; };
      return std::hash<uint64_t>()(word(ends.first) * 0x9e3779b97f4a7c15 ^ word(ends.second));
    }
  };

  Direction& direction(const Ends& ends) {
    const auto found = directions_.find(ends);
    if (found != directions_.end()) return found->second;
    const auto back = directions_.find({ends.second, ends.first});
    const uint64_t number = back != directions_.end() ? back->second.connection : ++connections_;
    const bool expected = ends.first.port == kLustrePort || ends.second.port == kLustrePort;
    return directions_.emplace(ends, Direction{number, TcpStream(), SocklndStream(expected)})
        .first->second;
  }

  void receive(const Ends& ends, Direction& direction, const std::vector<StreamPiece>& pieces) {
    for (const StreamPiece& piece : pieces) {
      explain(ends, direction,
              piece.missing > 0 ? direction.frames.missing(piece.missing)
                                : direction.frames.feed(piece.bytes));
    }
  }

  void explain(const Ends& ends, const Direction& direction,
               const std::vector<SocklndFrame>& frames) {
    for (const SocklndFrame& frame : frames) {
      FlowPlace place = now_;
      place.connection = direction.connection;
      place.from = ends.first;
      place.to = ends.second;
      const Entry& entry = conversation_.explain(place, frame);
      summary.account.add(entry);
      on_entry_(entry);
    }
  }

  void close(const Ends& ends) {
    const auto found = directions_.find(ends);
    if (found == directions_.end()) return;
    Direction& direction = found->second;
    receive(ends, direction, direction.tcp.finish());
    explain(ends, direction, direction.frames.finish());
    summary.repeated_bytes += direction.tcp.repeated();
    // Both directions of a connection are closed; it counts with the first.
    if (!directions_.contains({ends.second, ends.first})) {
      ++(direction.frames.foreign() ? summary.foreign_connections : summary.connections);
    }
    directions_.erase(found);
  }

  const std::function<void(const Entry&)>& on_entry_;
  Conversation conversation_;
  std::unordered_map<Ends, Direction, Hash> directions_;
  uint64_t connections_ = 0;
  FlowPlace now_;
};

}  // namespace

std::expected<TraceSummary, std::string> trace_capture(
    Capture capture, const std::function<void(const Entry&)>& on_entry) {
  Tracer tracer(on_entry);
  auto read = for_each_packet(std::move(capture),
                              [&tracer](const CapturedPacket& packet) { tracer.packet(packet); });
  if (!read) return std::unexpected(read.error());
  if (!known_link_type(read->link_type)) {
    return std::unexpected(
        fmt::format("packets of link type {}, which is not known here: Ethernet, "
                    "loopback, raw IP and Linux's cooked ones are",
                    read->link_type));
  }
  tracer.finish();
  tracer.summary.capture = std::move(*read);
  return std::move(tracer.summary);
}

}  // namespace harness
