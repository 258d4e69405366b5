#include "reference/unlink_log.h"

#include <catch2/catch.hpp>

#include "protocol/codec.h"

using namespace reference;
using protocol::llog::LlogCookie;

namespace {

Layout two_stripes() {
  return {.object_id = 1,
          .object_seq = 0,
          .stripe_size = 65536,
          .pool = {},
          .stripes = {{101, 0, 0, 0}, {202, 0, 0, 1}}};
}

void apply(Store& store, UnlinkLog& log) {
  for (Write& write : log.take_writes()) {
    store.erase(write.key);
    if (write.value) store[write.key] = *write.value;
  }
}

}  // namespace

TEST_CASE("Each object has a cookie, in order of stripes", "[unlink log]") {
  UnlinkLog log{Store{}};
  const Bytes cookies = log.add(two_stripes(), {7, 1});
  REQUIRE(cookies.size() == 2 * LlogCookie::kSize);
  const auto second = protocol::decode<LlogCookie>(cookies.slice(LlogCookie::kSize).view()).value();
  REQUIRE(log.of_ost(1).size() == 1);
  REQUIRE(log.of_ost(1)[0].object_id == 202);
  REQUIRE(log.cookie_of(log.of_ost(1)[0]) == second);
}

TEST_CASE("A record lives on the disk until it is cancelled", "[unlink log]") {
  Store store;
  UnlinkLog log(store);
  const Bytes cookies = log.add(two_stripes(), {7, 1});
  apply(store, log);
  REQUIRE(store.size() == 2);

  UnlinkLog again(store);
  REQUIRE(again.size() == 2);
  const auto first = protocol::decode<LlogCookie>(cookies.view()).value();
  REQUIRE(again.cancel(first));
  REQUIRE_FALSE(again.cancel(first));
  apply(store, again);
  REQUIRE(store.size() == 1);
}

TEST_CASE("An index is not given again after a restart", "[unlink log]") {
  Store store;
  UnlinkLog log(store);
  log.add(two_stripes(), {7, 1});
  apply(store, log);
  UnlinkLog again(store);
  again.add(two_stripes(), {7, 1});
  REQUIRE(again.of_ost(0)[1].index > log.of_ost(1)[0].index);
}
