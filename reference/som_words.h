// What an MDS tells OSTs for Size-on-MDS, as keys of OST_SET_INFO. No Lustre ever had them: they
// are the project's own.
#pragma once

#include <string_view>

namespace reference {

inline constexpr std::string_view kEvictByUuid = "evict_by_uuid";    // value: a client's uuid
inline constexpr std::string_view kCancelByUuid = "cancel_by_uuid";  // likewise: its extent locks
inline constexpr std::string_view kClientsLeft = "clients_left";     // uuids, a line each
inline constexpr std::string_view kFlushAll = "flush_all";           // of all clients' dirty data
inline constexpr std::string_view kForgetMe = "forget_me";  // a client's: the MDS forgot it

}  // namespace reference
