#include "protocol/mutation.h"

#include <algorithm>

namespace protocol {

const MutationOperation* find_mutation(const OperationInfo* operation) {
  if (operation == nullptr) return nullptr;
  const auto all = mutation_operations(operation->dialect);
  const auto found = std::ranges::find(all, operation, &MutationOperation::info);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace protocol
