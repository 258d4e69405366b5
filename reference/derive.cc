#include "reference/derive.h"

#include <fmt/format.h>

#include "reference/digest.h"

namespace reference {

uint64_t derive(const Config& config, Purpose purpose, PeerId peer, uint64_t count) {
  const uint64_t value = digest_of(std::tuple(config.seed, config.self, config.incarnation,
                                              purpose, peer, count));
  return value == 0 ? 1 : value;
}

std::string derive_uuid(const Config& config, PeerId peer, uint64_t count) {
  const uint64_t high = derive(config, Purpose::uuid, peer, 2 * count);
  const uint64_t low = derive(config, Purpose::uuid, peer, 2 * count + 1);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffff'ffff'ffff);
}

}  // namespace reference
