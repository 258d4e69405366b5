#include "harness/explore/walk.h"

#include <algorithm>

#include "reference/digest.h"

namespace harness::explore {

Walk::Walk(const Scenario& scenario, const std::vector<std::string_view>& properties)
    : cast_(scenario),
      ground_(cast_, check::Checkers(properties.empty()
                                         ? check::Checkers::properties(check::Judges::everywhere)
                                         : properties)),
      rules_(cast_, ground_) {}

std::optional<std::string> Walk::begin() {
  const auto root = rules_.root(cast_);
  if (!root) return root.error();
  position_ = *root;
  prepared_ = ground_.records().size();
  return std::nullopt;
}

const std::vector<Decision>& Walk::enabled() {
  if (!current_) {
    if (broken_.empty()) {
      rules_.enabled(position_, enabled_);
    } else {
      enabled_.clear();
    }
    current_ = true;
  }
  return enabled_;
}

bool Walk::can(const Decision& decision) {
  const std::vector<Decision>& choices = enabled();
  return std::ranges::find(choices, decision) != choices.end();
}

const Stepped& Walk::apply(const Decision& decision) {
  const Decision taken = decision;  // it may be one of enabled_
  const Stepped& stepped = rules_.apply(position_, taken);
  current_ = false;
  if (!stepped.failed.empty()) {
    broken_.push_back({"CHECK", stepped.failed, {}});
  } else if (position_.broken) {
    look_for_violations();
  }
  return stepped;
}

bool Walk::over() {
  if (!enabled().empty()) return false;
  if (!finished_ && broken_.empty()) {
    rules_.audit(position_);
    ground_.finish();
    look_for_violations();
  }
  finished_ = true;
  return true;
}

void Walk::look_for_violations() {
  for (check::Violation& violation : ground_.checkers(0).violations()) {
    broken_.push_back(
        {std::move(violation.property), std::move(violation.what), std::move(violation.witness)});
  }
}

bool Walk::violates(std::string_view property) const {
  return std::ranges::find(broken_, property, &Broken::property) != broken_.end();
}

uint64_t shown_by(const Stepped& stepped, const Walk& walk) {
  reference::Digest digest;
  for (const Stepped::Post& post : stepped.posts) {
    digest.add(post.to);
    digest.add(walk.message(post.message));
  }
  for (const Stepped::Ended& ended : stepped.ended) {
    digest.add(ended.call);
    digest.add(ended.status);
    digest.add(ended.value);
  }
  digest.add(stepped.failed);
  return digest.value();
}

}  // namespace harness::explore
