// What a message is, as far as triggers ask: its part in which exchange between whom. Messages are
// read as they are on the wire; what a reply or bulk transfer belongs to is found by its xid among
// the requests that were seen.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "faults/trigger.h"
#include "protocol/bytes.h"
#include "reference/machine.h"

namespace faults {

struct Seen {
  Part part = Part::request;
  uint32_t opcode = 0;
  uint64_t xid = 0;
  uint64_t transno = 0;              // of a reply
  Sort sort = Sort::any;             // any: of a request that was not seen
  std::string_view name = {};        // the operation's, with its variant; empty: not known
  reference::PeerId client, server;  // of the exchange: who sends the request, who answers it
};

class Exchanges {
 public:
  // Requests that are remembered; beyond that the oldest are forgotten.
  static constexpr size_t kMax = 256;

  // None for what no trigger can mean: what does not parse, data and acks of nothing that was seen.
  // With `remember`, requests are kept, so that what follows them is known by its xid.
  std::optional<Seen> read(reference::PeerId from, reference::PeerId to,
                           const protocol::Bytes& message, bool remember);
  void state(auto&& visit) const { visit(asked_); }

 private:
  struct Asked {
    reference::PeerId client, server;
    uint64_t xid = 0;
    uint32_t opcode = 0;
    Sort sort = Sort::first;
    std::string_view name;
    uint64_t sink = 0;  // of a write: the buffer that the server's GET names, 0 before it
    void state(auto&& visit) const { visit(client, server, xid, opcode, sort, name, sink); }
  };
  void keep(const Seen& request);
  Asked* find(const Seen& seen);
  // Fills in what is known of the request that the xid is of.
  void recall(Seen& seen);
  std::optional<Seen> read_data(reference::PeerId from, reference::PeerId to, uint64_t sink);

  std::vector<Asked> asked_;  // oldest first
};

}  // namespace faults
