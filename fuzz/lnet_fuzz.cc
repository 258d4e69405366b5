// Any stream of bytes into the socket layer: one connection accepted, one dialled, cut into chunks
// by the input's own bytes. What one reader makes of the whole, another must make of the pieces.
#include <optional>
#include <vector>

#include "protocol/check.h"
#include "reference/lnet.h"
#include "reference/lnet_reader.h"

namespace {

using protocol::ByteView;
using reference::LnetReader;
using reference::LnetUnit;

constexpr reference::PeerId kSelf{0x20000'7f00'0001, reference::kLnetPid};
constexpr reference::PeerId kDialled{0x20000'7f00'0002, reference::kLnetPid};

// Units and whether the stream broke; the bytes arrive in chunks of this size.
std::vector<LnetUnit> read(LnetReader::Side side, ByteView bytes, size_t chunk, bool& broken) {
  LnetReader reader(side, 4096);
  std::vector<LnetUnit> units;
  while (!bytes.empty() && !broken) {
    ByteView piece = bytes.first(std::min(chunk, bytes.size()));
    bytes = bytes.subspan(piece.size());
    while (!broken) {
      auto unit = reader.next(piece);
      broken = !unit;
      if (!unit || !*unit) break;
      const auto* hello = std::get_if<reference::Hello>(&**unit);
      broken = hello != nullptr && !hello->understood;
      units.push_back(**std::move(unit));
    }
  }
  return units;
}

void feed(reference::Lnet& lnet, reference::LinkId link, ByteView bytes, size_t chunk) {
  reference::LnetActions out;
  reference::Time now = 0;
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(chunk, bytes.size()));
    bytes = bytes.subspan(piece.size());
    lnet.received(++now, link, piece, out);
    lnet.flush(out);
    lnet.invariants();
  }
  lnet.fired(lnet.deadline(), out);
  lnet.closed(++now, link, out);
  lnet.invariants();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const ByteView bytes = ByteView(data, size).subspan(2);
  const size_t chunk = data[1] + size_t{1};
  const bool dialled = (data[0] & 1) != 0;
  const auto side = dialled ? LnetReader::Side::passive : LnetReader::Side::active;
  bool whole_broken = false, pieces_broken = false;
  const auto whole = read(side, bytes, bytes.size() + 1, whole_broken);
  const auto pieces = read(side, bytes, chunk, pieces_broken);
  CHECK(whole_broken == pieces_broken && whole.size() == pieces.size());

  reference::Lnet lnet({.self = kSelf, .incarnation = 7, .max_payload = 4096});
  reference::LnetActions out;
  if (dialled) {
    lnet.send(0, kDialled, protocol::Bytes(std::vector<uint8_t>(72)), out);
    lnet.connected(0, 1, out);
    feed(lnet, 1, bytes, chunk);
  } else if (const auto link = lnet.accepted(0, 0x7f00'0003, (data[0] & 2) != 0 ? 1021 : 40000)) {
    feed(lnet, *link, bytes, chunk);
  }
  return 0;
}
