// The suites, one function a file of cases. catalogue.cc lists them in the order of reports.
#pragma once

#include <span>

#include "suites/conformance.h"

namespace suites {

std::span<const Case> connect_cases();    // connect/connect.cc
std::span<const Case> reconnect_cases();  // connect/reconnect.cc
std::span<const Case> message_cases();    // wire/message.cc

}  // namespace suites
