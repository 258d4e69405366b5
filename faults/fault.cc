#include "faults/fault.h"

#include <fmt/format.h>

namespace faults {
namespace {

std::string link_text(const Fault& fault, bool both_ways) {
  return fmt::format("{}{}{}", to_text(fault.link.from), both_ways ? "<->" : "->",
                     to_text(fault.link.to));
}

std::string ending(const Fault& fault) {
  if (fault.duration) return fmt::format(" for {}", duration_text(*fault.duration));
  if (fault.until) return fmt::format(" until {}", to_text(*fault.until, true));
  return {};
}

std::string moment_text(const Fault& fault) {
  switch (fault.moment) {
    case Moment::now:
      return {};
    case Moment::before_commit:
      return fmt::format(" before commit #{}", fault.nth);
    case Moment::after_commit:
      return fmt::format(" after commit #{}", fault.nth);
    case Moment::at_write:
      return fmt::format(" at write #{}", fault.nth);
    case Moment::twice:
      return " twice";
  }
  return {};
}

std::string start_text(const Fault& fault) {
  std::string text;
  if (fault.version) {
    text += fmt::format(" version {}", *fault.version == Dialect::v1_8 ? "1.8" : "2.0");
  }
  if (fault.duration) text += fmt::format(" after {}", duration_text(*fault.duration));
  return text;
}

}  // namespace

std::string_view verb_name(Verb verb) {
  switch (verb) {
    case Verb::drop:
      return "drop";
    case Verb::delay:
      return "delay";
    case Verb::duplicate:
      return "duplicate";
    case Verb::reorder:
      return "reorder";
    case Verb::corrupt:
      return "corrupt";
    case Verb::release:
      return "release held";
    case Verb::disconnect:
      return "disconnect";
    case Verb::partition:
      return "partition";
    case Verb::heal:
      return "heal";
    case Verb::crash:
      return "crash";
    case Verb::restart:
      return "restart";
    case Verb::start:
      return "start";
    case Verb::upgrade:
      return "upgrade";
    case Verb::downgrade:
      return "downgrade";
    case Verb::failover:
      return "failover";
    case Verb::pause:
      return "pause";
    case Verb::evict:
      return "evict";
    case Verb::lose_clients:
      return "lose clients of";
    case Verb::roll_back_clients:
      return "roll back clients of";
    case Verb::hold_commits:
      return "hold commits of";
    case Verb::release_commits:
      return "release commits of";
    case Verb::fill_disk:
      return "fill disk of";
    case Verb::free_disk:
      return "free disk of";
    case Verb::jump_clock:
      return "jump clock of";
  }
  return "?";
}

std::string to_text(const Fault& fault) {
  const std::string verb(verb_name(fault.verb));
  switch (fault.verb) {
    case Verb::drop:
    case Verb::duplicate:
    case Verb::reorder:
      return fmt::format("{} {}", verb, part_name(fault.part));
    case Verb::delay:
      return fmt::format("{} {}{}", verb, part_name(fault.part), ending(fault));
    case Verb::corrupt:
      return fmt::format("{} {} byte {} xor 0x{:02x}", verb, part_name(fault.part), fault.offset,
                         fault.mask);
    case Verb::release:
      return verb;
    case Verb::disconnect:
      return fmt::format("{} {}", verb, link_text(fault, true));
    case Verb::heal:
      return fmt::format("{} {}", verb, link_text(fault, fault.both_ways));
    case Verb::partition:
      return fmt::format("{} {}{}", verb, link_text(fault, fault.both_ways), ending(fault));
    case Verb::crash:
      return fmt::format("{} {}{}", verb, to_text(fault.node), moment_text(fault));
    case Verb::restart:
    case Verb::start:
    case Verb::upgrade:
    case Verb::downgrade:
    case Verb::failover:
      return fmt::format("{} {}{}", verb, to_text(fault.node), start_text(fault));
    case Verb::pause:
      return fmt::format("{} {}{}", verb, to_text(fault.node), ending(fault));
    case Verb::evict:
      return fmt::format("{} {} from {}", verb, to_text(fault.node),
                         fault.server == kAnybody ? "all" : to_text(fault.server));
    case Verb::jump_clock: {
      const reference::Time by = fault.duration.value_or(0);
      return fmt::format("{} {} by {}{}", verb, to_text(fault.node), by < 0 ? "-" : "+",
                         duration_text(by < 0 ? -by : by));
    }
    case Verb::lose_clients:
    case Verb::roll_back_clients:
    case Verb::hold_commits:
    case Verb::release_commits:
    case Verb::fill_disk:
    case Verb::free_disk:
      return fmt::format("{} {}", verb, to_text(fault.node));
  }
  return verb;
}

}  // namespace faults
