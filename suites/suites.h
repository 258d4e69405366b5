// The suites, one function a file of cases. catalogue.cc lists them in the order of reports.
#pragma once

#include <span>

#include "suites/conformance.h"

namespace suites {

std::span<const Case> connect_cases();        // connect/connect.cc
std::span<const Case> reconnect_cases();      // connect/reconnect.cc
std::span<const Case> connection_cases();     // connect/connection.cc
std::span<const Case> later_client_cases();   // connect/later_clients.cc
std::span<const Case> message_cases();        // wire/message.cc
std::span<const Case> namespace_cases();      // metadata/namespace.cc
std::span<const Case> attribute_cases();      // metadata/attributes.cc
std::span<const Case> data_cases();           // data/io.cc
std::span<const Case> size_cases();           // data/sizes.cc
std::span<const Case> open_cases();           // open/open.cc
std::span<const Case> open_kind_cases();      // open/kinds.cc
std::span<const Case> lock_cases();           // locks/locks.cc
std::span<const Case> grant_cases();          // connect/grant.cc
std::span<const Case> lookup_lock_cases();    // locks/lookup.cc
std::span<const Case> coherence_cases();      // locks/coherence.cc
std::span<const Case> pair_cases();           // locks/pairs.cc
std::span<const Case> resend_cases();         // recovery/resend.cc
std::span<const Case> boundary_cases();       // recovery/boundary.cc
std::span<const Case> mds_recovery_cases();   // recovery/mds.cc
std::span<const Case> ost_recovery_cases();   // recovery/ost.cc
std::span<const Case> replay_name_cases();    // replay/names.cc
std::span<const Case> orphan_cases();         // replay/orphans.cc
std::span<const Case> two_slot_cases();       // replay/two_slots.cc
std::span<const Case> replay_loss_cases();    // replay/losses.cc
std::span<const Case> dual_cases();           // replay/dual.cc
std::span<const Case> failed_cases();         // replay/failed.cc
std::span<const Case> open_flag_cases();      // replay/open_flags.cc
std::span<const Case> vbr_check_cases();      // vbr/checks.cc
std::span<const Case> vbr_cycle_cases();      // vbr/cycles.cc
std::span<const Case> vbr_version_cases();    // vbr/versions.cc
std::span<const Case> vbr_three_cases();      // vbr/three.cc
std::span<const Case> bulk_cases();           // recovery/bulk.cc
std::span<const Case> early_reply_cases();    // recovery/early.cc
std::span<const Case> lost_cases();           // recovery/lost.cc
std::span<const Case> window_cases();         // recovery/window.cc
std::span<const Case> abort_cases();          // recovery/abort.cc
std::span<const Case> mds_ost_cases();        // recovery/mds_ost.cc
std::span<const Case> many_cases();           // recovery/many.cc
std::span<const Case> eviction_cases();       // eviction/eviction.cc
std::span<const Case> late_eviction_cases();  // eviction/late.cc
std::span<const Case> replay_rule_cases();    // rules/replay.cc
std::span<const Case> version_rule_cases();   // rules/versions.cc
std::span<const Case> membership_cases();     // rules/membership.cc
std::span<const Case> order_cases();          // rules/order.cc
std::span<const Case> lock_rule_cases();      // rules/locks.cc
std::span<const Case> connect_rule_cases();   // rules/connect.cc
std::span<const Case> config_log_cases();     // rules/config_log.cc
std::span<const Case> som_cases();            // som/som.cc
std::span<const Case> stock_cases();          // stock/stock.cc

}  // namespace suites
