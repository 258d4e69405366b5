// Descriptions for people and for programs: indented text, one line, or JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "protocol/description.h"

namespace protocol {

// One field per line, groups indented by two spaces, from `indent` spaces on:
//   ptlrpc_body
//     pb_opc: 33 MDS_GETATTR
//     pb_flags: 0x6 MSG_RESENT|MSG_REPLAY
// Raw bytes are in hexadecimal, at most 64 of them. Unexplained bytes follow, a line each.
std::string to_text(const Description& description, size_t indent = 0);
void append_text(std::string& out, const Description& description, size_t indent);

// Everything in one line, what is zero left out:
//   ptlrpc_body{pb_opc=33 MDS_GETATTR pb_flags=0x6 MSG_RESENT|MSG_REPLAY} body{…}
std::string to_line(const Description& description);

// Groups are objects, lists arrays, names strings, raw bytes hexadecimal strings. A number is a
// number, with its meaning beside it where it has one: {"value": 33, "name": "MDS_GETATTR"},
// {"value": 6, "bits": ["MSG_RESENT", "MSG_REPLAY"]}. What Lustre writes in hexadecimal (cookies,
// NIDs, magics) is a string, "0x1f". A FID is "[0x200000400:0x1:0x0]". Unexplained bytes are an
// array under "unexplained", if there are any.
nlohmann::ordered_json to_json(const Description& description);

// One number as the schema names it: "33 MDS_GETATTR", "0x6 MSG_RESENT|MSG_REPLAY", "0x10".
std::string number_text(uint64_t value, const NameTable* names, bool hex = false,
                        bool is_signed = false, Dialect dialect = Dialect::v2_0);

}  // namespace protocol
