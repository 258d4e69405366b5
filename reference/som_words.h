// What an MDS tells OSTs for Size-on-MDS, as keys of OST_SET_INFO. No Lustre ever had them: they
// are the project's own.
#pragma once

#include <string_view>

namespace reference {

inline constexpr std::string_view kEvictByUuid = "evict_by_uuid";    // value: a client's uuid
inline constexpr std::string_view kCancelByUuid = "cancel_by_uuid";  // likewise: its extent locks
inline constexpr std::string_view kClientsLeft = "clients_left";     // uuids, a line each
inline constexpr std::string_view kFlushAll = "flush_all";           // of all clients' dirty data
inline constexpr std::string_view kAskClients = "ask_clients";       // whether the MDS knows them
inline constexpr std::string_view kForgetMe = "forget_me";  // a client's: the MDS forgot it

// What an OST says with LDLM_SET_INFO. To a client: look whether the MDS knows you. To the MDS: an
// operation on the file of this obdo will be executed, has been executed; its handle names it.
inline constexpr std::string_view kRevalidate = "revalidate";
inline constexpr std::string_view kEpochBegins = "epoch_begins";
inline constexpr std::string_view kEpochEnds = "epoch_ends";

}  // namespace reference
