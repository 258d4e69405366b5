// The faults of a run as a fault plan (faults/plan.h): what a capsule holds, in the words that
// `assay run --faults` reads. Each strikes at the message that it struck at, or that was sent last
// before it; that is as much of a schedule as a plan can say: which other message was quicker, and
// what was durable when a server died, is the capsule's alone.
#pragma once

#include <span>
#include <string_view>

#include "faults/plan.h"
#include "harness/explore/ground.h"
#include "harness/record/record.h"

namespace harness::explore {

// Of the records of a walk (Walk::keep_records), those from `first` on.
faults::Plan plan_of(const Cast& cast, std::span<const record::Record> records, size_t first,
                     std::string_view title);

}  // namespace harness::explore
