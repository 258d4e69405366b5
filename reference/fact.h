// What a machine says that it did, for histories, checkers and triggers (facts: semantics 9.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reference {

struct Fact {
  enum class Kind : uint8_t {
    executed,       // a modification: client, xid, transno, object, status
    reconstructed,  // a resent request answered from its slot: client, xid, transno
    committed,      // transno: all up to it are durable
    granted,        // a lock: handle, object (first word of the resource), value = mode
    blocked,        // a blocking AST was sent for handle
    cancelled,      // a lock is gone: handle
    evicted,        // client and why (text)
    connected,      // client; value = pb_op_flags of the reply
    recovery_began, // value = clients awaited
    recovery_ended, // value = clients that came back
    opened,         // handle, object
    closed,         // handle, object
    reached,        // a named point of a procedure (text)
  };
  Kind kind = Kind::reached;
  std::string client;  // its uuid
  uint64_t xid = 0;
  uint64_t transno = 0;
  uint64_t object = 0;
  uint64_t handle = 0;
  int64_t value = 0;
  std::string text;
};

// Text of the point that an MDS reaches when it may create objects on an OST (object = its index).
inline constexpr std::string_view kOstReady = "ost ready";

}  // namespace reference
