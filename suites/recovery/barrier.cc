#include "suites/recovery/barrier.h"

namespace suites {

Application& worker(Conformance& c) {
  Application& application = c.mount();
  EXPECT_EQ(application.create("/first-of-" + application.uuid()), 0);
  c.world().settle();
  return application;
}

void barrier(Conformance& c, harness::ServerId server) {
  c.world().settle();
  c.world().hold_commits(server);
}

void crash_at_barrier(Conformance& c, harness::ServerId server) {
  c.world().crash(server);
  c.world().release_commits(server);
  c.world().start(server);
}

void notice_eviction(Application& a) {
  static_cast<void>(a.getxattr("/", "user.none"));
  static_cast<void>(a.statfs());
  static_cast<void>(a.getxattr("/", "user.none"));
}

}  // namespace suites
