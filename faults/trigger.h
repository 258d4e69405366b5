// When a fault strikes: the nth message of an operation on a link, a time, a transno, a named point
// of a procedure, the nth fact of a kind. A plain value; what has been counted so far is the
// injector's.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/node_name.h"
#include "reference/machine.h"

namespace faults {

// Which message of an exchange (facts: lnet-socklnd 5). bulk: the server's PUT of what is read, or
// its GET for what is written; data: the client's answer to that GET; ack: LNet's, of the reply or
// of what was read, from whoever got it.
enum class Part : uint8_t { request, reply, early, bulk, data, ack };

// Whether a request is sent for the first time, sent again, or replayed after a restart; a reply or
// bulk is of the sort of its request.
enum class Sort : uint8_t { any, first, resent, replayed };

// Which of the matches strike, counted from 1.
struct Count {
  uint32_t first = 1;
  uint32_t times = 1;   // from the first on; kAlways: all
  uint32_t one_in = 1;  // of these, on average one in so many, drawn from the plan's seed
  bool operator==(const Count&) const = default;
  void state(auto&& visit) const { visit(first, times, one_in); }
};
inline constexpr uint32_t kAlways = std::numeric_limits<uint32_t>::max();

// A ptlrpc operation as the schema names it: an opcode, and with it one of its variants
// ("MDS_REINT/UNLINK", "LDLM_ENQUEUE/OPEN") or any; or one of several opcodes
// ("OST_READ|OST_WRITE").
struct Operation {
  std::vector<uint32_t> opcodes;  // none: any
  std::string variant;            // only of a single opcode
  bool operator==(const Operation&) const = default;
  void state(auto&& visit) const { visit(opcodes, variant); }
  bool covers(uint32_t opcode, std::string_view name) const;
};

struct Trigger {
  enum class Kind : uint8_t { message, time, transno, point, fact };
  Kind kind = Kind::message;
  Count count = {};  // message, point, fact

  // message: as it is sent, before it arrives. The link is its request's, also of a reply.
  Operation operation = {};
  Part part = Part::request;
  Sort sort = Sort::any;
  Link link = {};

  reference::Time at = 0;  // time: since the plan was armed
  uint64_t transno = 0;    // transno: the first reply of `node` that carries it or a later one

  // transno, point, fact: whose
  NodeName node = {};
  std::string text = {};                                         // point: its name
  reference::Fact::Kind fact = reference::Fact::Kind::executed;  // fact
  NodeName client = {};                                          // fact: about whom

  bool operator==(const Trigger&) const = default;
  void state(auto&& visit) const {
    visit(kind, count, operation, part, sort, link, at, transno, node, text, fact, client);
  }
};

std::string_view part_name(Part part);
std::optional<Part> parse_part(std::string_view word);
std::string_view sort_name(Sort sort);
// "executed", "recovery-began": as the enumerator, with hyphens.
std::string_view fact_name(reference::Fact::Kind kind);
std::optional<reference::Fact::Kind> parse_fact(std::string_view word);
// "MDS_REINT/UNLINK"; "any".
std::string to_text(const Operation& operation);
// None for an operation of no dialect.
std::optional<Operation> parse_operation(std::string_view word);
// "#1", "#3-5", "#2+", with " 1/8" behind it where not all strike.
std::string to_text(const Count& count);
// "90s", "5ms": the largest unit that it is a whole number of.
std::string duration_text(reference::Time duration);
// In double quotes, with \" \\ \n \t and \xNN.
std::string quoted(std::string_view text);

// What stands between "on" and the colon. Without the part of a message, if the fault names it.
std::string to_text(const Trigger& trigger, bool with_part);

}  // namespace faults
