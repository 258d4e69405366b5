// Mgs: what it has, counted.
#include "protocol/check.h"
#include "reference/audit.h"
#include "reference/config_targets.h"
#include "reference/mgs.h"

namespace reference {

std::vector<Fact> Mgs::audit() const {
  std::vector<Fact> counts;
  count_clients(service_, counts);
  for (const RegisteredTarget& target : targets_) {
    Fact fact = counted(count::kRegistered, 1);
    fact.type = target.mdt ? 0 : 1;
    fact.xid = target.index;
    counts.push_back(std::move(fact));
  }
  // An OST's own log names nobody else.
  for (const LlogFile& log : logs_) {
    ConfigTargets targets;
    for (uint32_t i = 1; i <= log.last_index(); ++i) {
      CHECK(targets.apply(log.record(i).view()), "a record of its own that it cannot read");
    }
    for (const ConfigTargets::Named& named : targets.named()) {
      Fact fact = counted(count::kNamed, named.times, log.name());
      fact.type = named.kind == ConfigTarget::Kind::mdt ? 0 : 1;
      fact.xid = named.index;
      counts.push_back(std::move(fact));
    }
  }
  return counts;
}

}  // namespace reference
