// Where a schedule is: numbers of the nodes' values and of the messages on their way (ground.h),
// the calls and the faults that are left. And the rules: what may happen next, and what it does to
// the position (scenario.h says them in words).
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "harness/explore/decision.h"
#include "harness/explore/ground.h"

namespace harness::explore {

struct Parcel {
  uint32_t message = 0;  // 0: the sender's connections are gone
  LinkKey link;
  uint8_t reserved = 0;
  bool operator==(const Parcel&) const = default;
};

struct Position {
  static constexpr size_t kParcelsMax = 96, kHeldMax = 8;

  struct Client {
    uint8_t next = 0;                        // call
    uint8_t waiting = 0;                     // calls that have begun and not ended
    std::array<uint8_t, kSlots> files = {};  // descriptors; 0: not open
    bool operator==(const Client&) const = default;
  };

  Time now = 0;
  Time pings_since = reference::kNever;  // since then nothing but pings has happened
  uint64_t met = 0;  // pairs of nodes that have had a connection: bit 8 * from + to
  Budget left;
  Checking checkers;
  Few<uint32_t, Scenario::kNodesMax> nodes;
  Few<Client, Scenario::kClientsMax> clients;
  Few<Parcel, kParcelsMax> parcels;  // by link; those of one link in order
  Few<Parcel, kHeldMax> held;        // sorted
  bool broken = false;               // the last step broke a property: nothing goes on from here
};

// What its arrival is to the receiver.
Happening arrival_of(const Parcel& parcel);

// As bytes, for keeping; a position of the same scenario.
void encode(const Position& position, std::vector<uint8_t>& out);
Position decode(const uint8_t* bytes);

class Rules {
 public:
  Rules(const Cast& cast, Ground& ground) : cast_(cast), ground_(ground) {}

  // Servers started, prepared calls ended, everything settled; or why that did not come about.
  // Clients' uuids are set in the cast.
  std::expected<Position, std::string> root(Cast& cast);

  // What may happen next, in an order that depends on nothing but the position's content; first
  // what is free, then timers, then faults. None at the end of a schedule.
  void enabled(const Position& position, std::vector<Decision>& out) const;
  // What has to happen before anything else may; none if nothing has.
  std::optional<Decision> prompt(const Position& position) const;
  // Steps of one client that may as well come before everything else: of schedules that differ in
  // that alone it is enough to walk these. False if none are found. Where the MGS is prompt and
  // sends clients nothing unasked, and no server sends one what takes the bulk socket.
  bool sure(const Position& position, std::vector<Decision>& out) const;
  // Likewise of this client; only where no server may crash and no client die any more.
  bool sure_of(const Position& position, size_t client, std::vector<Decision>& out) const;
  // Does it, and lets the checkers know; the decision is one of those that are enabled.
  const Stepped& apply(Position& position, const Decision& decision) const;
  // Who has the last word has said it: what else could have happened does not.
  bool spoken(const Position& position) const;
  // Whether all has ended that can: then the checkers finish.
  bool ended(const Position& position) const;
  // Of a position that has ended, once: the checkers hear what everybody has, if all is at rest.
  void audit(Position& position) const;

 private:
  bool unreached(const Position& position, NodeIndex self, uint32_t senders) const;
  bool quiet(const Position& position, const Decision& step) const;
  Happening call_of(const Position& position, size_t client) const;
  bool impatient(const Position& position) const;
  bool slow(const Parcel& parcel) const;
  // Nothing is on its way or may be called, only periodic timers are left.
  bool at_rest(const Position& position) const;
  // Something is waited for, and all that has happened for a while is pings.
  bool stuck(const Position& position) const;
  bool only_pings_left(const Position& position) const;  // of timers
  void keep_quiet(Position& position, const Decision& decision) const;
  const Stepped& strike(Position& position, const Decision& decision) const;
  bool waiting(const Position& position) const;
  bool all_called(const Position& position, size_t client) const;
  bool can_call(const Position& position, size_t client) const;
  bool all_up(const Position& position) const;
  bool aimed(Fault fault, NodeIndex from, NodeIndex to, uint32_t message) const;
  bool may_crash(const Position& position, NodeIndex node) const;
  void add_free(const Position& position, std::vector<Decision>& out) const;
  void add_timers(const Position& position, std::vector<Decision>& out) const;
  void add_faults(const Position& position, std::vector<Decision>& out) const;
  void add_link_faults(const Position& position, size_t at, std::vector<Decision>& out) const;
  const Stepped& step(Position& position, NodeIndex self, const Happening& happening) const;
  void receive(Position& position, const Parcel& parcel, const Stepped*& stepped) const;
  void crash(Position& position, NodeIndex node) const;
  const Stepped& call(Position& position, size_t client) const;
  void push(Position& position, const Parcel& parcel) const;
  bool settle(Position& position, bool timers, size_t client) const;

  const Cast& cast_;
  Ground& ground_;
  Time began_ = 0;  // of the search
};

}  // namespace harness::explore
