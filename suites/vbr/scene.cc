#include "suites/vbr/scene.h"

#include "suites/errno.h"
#include "suites/recovery/barrier.h"

namespace suites {

using harness::kMds;

// A file that is open for writing is executed by nobody (OPEN-5).
constexpr std::string_view kAnchor = "/open-for-writing";

Scene::Scene(Conformance& c) : a(worker(c)), lost(worker(c)), watcher(worker(c)), c_(c) {
  a.opened(kAnchor, kCreate | kWrite, 0755);
}

void Scene::barrier() { suites::barrier(c_); }

void Scene::crash_and_lose() {
  c_.world().kill_client(lost.id());
  crash_at_barrier(c_);
  c_.world().evict(kMds, lost.uuid());
}

bool Scene::evicted() {
  const harness::Result executed = watcher.open(kAnchor, kRead | kExecute);
  if (executed.status == 0) {
    EXPECT_EQ(watcher.close(executed.value), 0);
  }
  EXPECT_TRUE(executed.status == 0 || executed.status == -kEtxtbsy) << executed.status;
  return executed.status == 0;
}

}  // namespace suites
