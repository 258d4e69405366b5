// Where in a history something was seen, for the witness: no part of a checker's state.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <tuple>

#include "harness/record/record.h"
#include "reference/fact.h"

namespace harness::check {

struct Seen {
  uint64_t index = 0;
  void state(auto&&) const {}
};

// A client of a server: the server's node, and the client's uuid.
struct ServedClient {
  record::NodeIndex server = 0;
  reference::ClientName client;
  auto operator<=>(const ServedClient&) const = default;
  void state(auto&& visit) const { visit(server, client); }
};

// One request of a client to a server, resends and replays included.
struct ServedRequest {
  record::NodeIndex server = 0;
  reference::ClientName client;
  uint64_t xid = 0;
  auto operator<=>(const ServedRequest&) const = default;
  void state(auto&& visit) const { visit(server, client, xid); }
};

// The index of the OST whose import a client's note is about ("assay-OST0001_UUID I2").
inline std::optional<uint32_t> ost_of(const reference::Fact& fact) {
  const size_t at = fact.text.find("-OST");
  if (at == std::string::npos) return std::nullopt;
  return static_cast<uint32_t>(std::strtoul(fact.text.substr(at + 4, 4).c_str(), nullptr, 16));
}

inline const reference::Fact* fact_of(const record::Record& record) {
  const auto* noted = std::get_if<record::Noted>(&record.what);
  return noted == nullptr ? nullptr : &noted->fact;
}

}  // namespace harness::check
