// How a target makes itself known to the MGS (MGS_TARGET_REG), so that its name and NID get into
// the configuration logs. Facts: rpc-formats "MGS, llog, sequences".
#pragma once

#include <string>

#include "reference/config.h"
#include "reference/import.h"

namespace reference {

enum class RegisteredKind : uint8_t { mdt, ost };

// "assay-MDT0000"; its uuid is this and "_UUID".
std::string target_name(const Config& config, RegisteredKind kind);

// To be submitted to the MGS's import once that is connected. Registering again changes nothing.
OutgoingRequest registration_request(const Config& config, RegisteredKind kind);

// The import of a server towards its MGS.
ImportSetup mgs_import_setup(const Config& config);

}  // namespace reference
