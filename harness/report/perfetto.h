// A run as a trace that ui.perfetto.dev and chrome://tracing read (the JSON trace event format): a
// track for each node, a slice for each call and each step, a flow for each message. Where virtual
// time stands still, records are drawn a microsecond apart.
#pragma once

#include <string>

#include "harness/report/run.h"

namespace harness::report {

std::string perfetto_trace(const Run& run);

}  // namespace harness::report
