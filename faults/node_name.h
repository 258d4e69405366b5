// Who is meant in a plan: one node of the cluster, or all of a kind; and the links between them.
//
// Text: "client1", "mds", "mgs", "ost0", "probe2"; "client*", "ost*", "probe*"; "*" for anybody.
// Clients and probes count from 1, OSTs by their index from 0. A link is "client1->mds", for
// requests the one who asks first; with "<->" both directions are meant.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace faults {

struct NodeName {
  enum class Kind : uint8_t { any, client, mds, mgs, ost, probe };
  Kind kind = Kind::any;
  std::optional<uint32_t> index;  // none: all of the kind

  auto operator<=>(const NodeName&) const = default;
  void state(auto&& visit) const { visit(kind, index); }
  // Whether `who`, one node, is among those meant.
  bool covers(const NodeName& who) const {
    return kind == Kind::any || (kind == who.kind && (!index || index == who.index));
  }
  bool is_one() const { return kind != Kind::any && index.has_value(); }
  bool is_server() const { return kind == Kind::mds || kind == Kind::mgs || kind == Kind::ost; }
  bool may_be_server() const { return kind == Kind::any || is_server(); }
};

inline constexpr NodeName kAnybody{};
inline constexpr NodeName kTheMds{NodeName::Kind::mds, 0};
inline constexpr NodeName kTheMgs{NodeName::Kind::mgs, 0};
constexpr NodeName client_name(uint32_t number) { return {NodeName::Kind::client, number}; }
constexpr NodeName ost_name(uint32_t index) { return {NodeName::Kind::ost, index}; }

struct Link {
  NodeName from, to;
  bool operator==(const Link&) const = default;
  void state(auto&& visit) const { visit(from, to); }
  bool covers(const NodeName& sender, const NodeName& receiver) const {
    return from.covers(sender) && to.covers(receiver);
  }
};

std::string to_text(const NodeName& node);
// None for what names no node.
std::optional<NodeName> parse_node(std::string_view word);

}  // namespace faults
