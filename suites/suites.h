// The suites, one function a file of cases. catalogue.cc lists them in the order of reports.
#pragma once

#include <span>

#include "suites/conformance.h"

namespace suites {

std::span<const Case> connect_cases();    // connect/connect.cc
std::span<const Case> reconnect_cases();  // connect/reconnect.cc
std::span<const Case> later_client_cases();  // connect/later_clients.cc
std::span<const Case> message_cases();    // wire/message.cc
std::span<const Case> namespace_cases();  // metadata/namespace.cc
std::span<const Case> attribute_cases();  // metadata/attributes.cc
std::span<const Case> data_cases();       // data/io.cc
std::span<const Case> open_cases();       // open/open.cc
std::span<const Case> lock_cases();       // locks/locks.cc
std::span<const Case> grant_cases();      // connect/grant.cc
std::span<const Case> lookup_lock_cases();  // locks/lookup.cc
std::span<const Case> resend_cases();     // recovery/resend.cc
std::span<const Case> boundary_cases();   // recovery/boundary.cc
std::span<const Case> mds_recovery_cases();  // recovery/mds.cc
std::span<const Case> ost_recovery_cases();  // recovery/ost.cc
std::span<const Case> stock_cases();      // stock/stock.cc

}  // namespace suites
