// Three clients: one is replayed in part, one not at all, one in full.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"
#include "suites/vbr/scene.h"

namespace suites {
namespace {

constexpr uint32_t kSame = ~0u, kPermissions = 07777;

const Case kCases[] = {
    {.id = "vbr-three.1",
     .requirement = "REPLAY-8",
     .sentence = "Of three clients' changes to two files those are replayed that met the versions "
                 "on which they were made; whoever had others is evicted, and nobody else",
     .source = "semantics 1.10; Lustre's replay-vbr 2b of 1.8 and 10b of 2.0",
     .needs = Needs::crash | Needs::hold_commits | Needs::evict,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           Application& full = scene.watcher;
           EXPECT_EQ(scene.a.create("/1", 0644), 0);
           EXPECT_EQ(scene.a.create("/2", 0644), 0);
           const uint64_t fd = full.opened("/held", kCreate | kWrite, 0755);
           scene.barrier();
           EXPECT_EQ(scene.a.chmod("/1", 0666), 0);           // replayed
           EXPECT_EQ(full.chmod("/2", 0666), 0);              // replayed
           EXPECT_EQ(scene.lost.chown("/1", kSame, 600), 0);  // lost
           EXPECT_EQ(scene.a.chown("/1", 500, 600), 0);       // refused
           EXPECT_EQ(scene.lost.truncate("/2", 1), 0);        // lost, and of no consequence
           EXPECT_EQ(full.chown("/2", kSame, 600), 0);        // replayed
           EXPECT_EQ(scene.a.chown("/2", 500, kSame), 0);     // replayed
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           const auto one = full.stat("/1").attributes, two = full.stat("/2").attributes;
           EXPECT_EQ(one.mode & kPermissions, 0666u);
           EXPECT_EQ(one.uid, 0u);
           EXPECT_EQ(one.gid, 0u);
           EXPECT_EQ(two.mode & kPermissions, 0666u);
           EXPECT_EQ(two.uid, 500u);
           EXPECT_EQ(two.gid, 600u);
           notice_eviction(scene.a);
           EXPECT_EQ(scene.a.open("/held", kRead | kExecute).status, -kEtxtbsy)
               << "the client that was replayed in full has lost its handle";
           EXPECT_EQ(full.close(fd), 0);
         }},
};

}  // namespace

std::span<const Case> vbr_three_cases() { return kCases; }

}  // namespace suites
