#include "harness/live/machines.h"

#include "protocol/check.h"
#include "reference/client.h"
#include "reference/mds.h"
#include "reference/mgs.h"
#include "reference/ost.h"

namespace harness::live {
namespace {

template <class M>
std::unique_ptr<AnyMachine> boxed(M machine) {
  return std::make_unique<MachineBox<M>>(std::move(machine));
}

}  // namespace

std::unique_ptr<AnyMachine> make_server_machine(Role role, const reference::Config& config,
                                                const reference::Store& store) {
  switch (role) {
    case Role::mgs:
      return boxed(reference::Mgs(config, store));
    case Role::mds:
      return boxed(reference::Mds(config, store));
    case Role::ost:
      return boxed(reference::Ost(config, store));
  }
  CHECK(false, "no such role");
}

std::unique_ptr<AnyMachine> make_client_machine(const reference::Config& config) {
  return boxed(reference::Client(config, reference::Store{}));
}

}  // namespace harness::live
