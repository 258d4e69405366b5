// Which operations give which objects a new version. The replies of a scripted client's changes of
// mode say on what version they were made; each gives the object a new one itself.
#include "protocol/mds.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace attr = protocol::mds::attr;
namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
using harness::Attributes;
using harness::kMds;

constexpr uint32_t kRegular = 0100000, kFifo = 0010000, kPermissions = 07777;
constexpr uint32_t kSame = ~0u;  // chown: leave it

struct Change {
  uint64_t valid = 0;
  uint32_t mode = 0, attr_flags = 0;
};

template <class Setattr, class Fid>
Answer change_as(Peer& peer, Fid fid, const Change& change, const Envelope& envelope) {
  typename Setattr::Request request;
  request.record.opcode = 1;  // REINT_SETATTR
  request.record.fid = fid;
  request.record.valid = change.valid;
  request.record.mode = change.mode;
  request.record.attr_flags = change.attr_flags;
  return peer.ask<Setattr>(kMds, request, envelope);
}

Answer change(Conformance& c, Peer& peer, const Attributes& file, const Change& how,
              const Envelope& envelope = {}) {
  if (c.dialect() == Dialect::v1_8) {
    const protocol::fid::LlFid fid{.id = file.fid_seq, .generation = file.fid_oid};
    return change_as<v1_8::MdsReintSetattr>(peer, fid, how, envelope);
  }
  const protocol::fid::LuFid fid{file.fid_seq, file.fid_oid, file.fid_ver};
  return change_as<v2_0::MdsReintSetattr>(peer, fid, how, envelope);
}

// The versions of objects, as a peer that asks for them by changing their modes to what they are.
class Versions {
 public:
  explicit Versions(Conformance& c) : a(c.mount()), c_(c), peer_(c.peer()) { peer_.connect(kMds); }

  // Gives the object a version to begin with.
  void mark(std::string_view path) { marks_.emplace_back(path, touch(path).transno()); }

  // Whether the object has another version than at its mark. Marks it anew.
  bool changed(std::string_view path) {
    for (auto& [marked, version] : marks_) {
      if (marked != path) continue;
      const Answer answer = touch(path);
      const bool same = answer.message.body().pre_versions[0] == version;
      version = answer.transno();
      return !same;
    }
    ADD_FAILURE() << path << " was not marked";
    return false;
  }

  Application& a;

 private:
  Answer touch(std::string_view path) {
    const Attributes now = a.stat(path).attributes;
    Answer answer = change(c_, peer_, now, {.valid = attr::kMode, .mode = now.mode});
    EXPECT_EQ(answer.status(), 0) << path;
    EXPECT_NE(answer.transno(), 0u) << path;
    return answer;
  }

  Conformance& c_;
  Peer& peer_;
  std::vector<std::pair<std::string, uint64_t>> marks_;
};

// In 1.8 a change of its names gives a directory a new version, in 2.0 it does not.
bool names_count(const Conformance& c) { return c.dialect() == Dialect::v1_8; }

// A file with these attributes is changed by a scripted client after a lost one changed its mode.
void expect_refused_replay(Conformance& c, const Change& how) {
  Application& lost = worker(c);
  Application& watcher = worker(c);
  EXPECT_EQ(lost.create("/f", 0644), 0);
  const Attributes file = lost.stat("/f").attributes;
  Peer& peer = c.peer();
  peer.connect(kMds);
  barrier(c);
  EXPECT_EQ(lost.chmod("/f", 0666), 0);
  const Answer first = change(c, peer, file, how);
  EXPECT_EQ(first.status(), 0);
  const uint64_t before = peer.handle(kMds);
  c.world().kill_client(lost.id());
  crash_at_barrier(c);
  c.world().evict(kMds, lost.uuid());
  peer.connect(kMds, {.handle = before, .conn_cnt = 2});
  const Answer again = change(c, peer, file, how,
                              {.conn_cnt = 2,
                               .flags = msg_flag::kReplay,
                               .transno = first.transno(),
                               .versions = first.message.body().pre_versions});

  EXPECT_EQ(again.status(), -kEoverflow);
  const uint64_t last = peer.send<v2_0::ObdPing>(
      kMds, {},
      {.conn_cnt = 2,
       .flags = msg_flag::kLastReplay | msg_flag::kReqReplayDone | msg_flag::kLockReplayDone});
  EXPECT_EQ(watcher.stat("/f").attributes.mode & kPermissions, 0644u);
  EXPECT_EQ(peer.answer_to(last).status(), -kEnotconn);
}

const Case kCases[] = {
    {.id = "vbr-version.1",
     .requirement = "REPLAY-8",
     .sentence = "Opening and closing a file leaves its version",
     .source = "semantics 1.10",
     .run =
         [](Conformance& c) {
           Versions versions(c);
           EXPECT_EQ(versions.a.create("/f"), 0);
           versions.mark("/f");
           EXPECT_EQ(versions.a.close(versions.a.opened("/f", kReadWrite)), 0);

           EXPECT_FALSE(versions.changed("/f"));
         }},
    {.id = "vbr-version.2",
     .requirement = "REPLAY-8",
     .sentence = "A new name gives its directory a new version in 1.8, and not in 2.0",
     .source = "semantics 1.10; Lustre's replay-vbr 0d of 1.8 and 2a of 2.0",
     .run =
         [](Conformance& c) {
           Versions versions(c);
           Application& a = versions.a;
           EXPECT_EQ(a.mkdir("/d"), 0);
           versions.mark("/d");
           EXPECT_EQ(a.mknod("/d/p", kFifo | 0644), 0);
           EXPECT_EQ(versions.changed("/d"), names_count(c)) << "mknod";
           EXPECT_EQ(a.mkdir("/d/e"), 0);
           EXPECT_EQ(versions.changed("/d"), names_count(c)) << "mkdir";
           EXPECT_EQ(a.symlink("x", "/d/s"), 0);
           EXPECT_EQ(versions.changed("/d"), names_count(c)) << "symlink";
           EXPECT_EQ(a.create("/d/f"), 0);
           EXPECT_EQ(versions.changed("/d"), names_count(c)) << "open";
         }},
    {.id = "vbr-version.3",
     .requirement = "REPLAY-8",
     .sentence = "A name taken away gives its directory a new version in 1.8, and not in 2.0",
     .source = "semantics 1.10; Lustre's replay-vbr 0f of 1.8 and 3a of 2.0",
     .run =
         [](Conformance& c) {
           Versions versions(c);
           Application& a = versions.a;
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.mknod("/d/f", kRegular | 0644), 0);
           EXPECT_EQ(a.mkdir("/d/e"), 0);
           versions.mark("/d");
           EXPECT_EQ(a.unlink("/d/f"), 0);
           EXPECT_EQ(versions.changed("/d"), names_count(c)) << "unlink";
           EXPECT_EQ(a.rmdir("/d/e"), 0);
           EXPECT_EQ(versions.changed("/d"), names_count(c)) << "rmdir";
         }},
    {.id = "vbr-version.4",
     .requirement = "REPLAY-8",
     .sentence = "A new owner, a new group and new permissions give a file a new version",
     .source = "semantics 1.10",
     .run =
         [](Conformance& c) {
           Versions versions(c);
           Application& a = versions.a;
           EXPECT_EQ(a.create("/f"), 0);
           versions.mark("/f");
           EXPECT_EQ(a.chown("/f", 500, kSame), 0);
           EXPECT_TRUE(versions.changed("/f")) << "owner";
           EXPECT_EQ(a.chown("/f", kSame, 600), 0);
           EXPECT_TRUE(versions.changed("/f")) << "group";
           EXPECT_EQ(a.chmod("/f", 0666), 0);
           EXPECT_TRUE(versions.changed("/f")) << "permissions";
         }},
    {.id = "vbr-version.5",
     .requirement = "REPLAY-8",
     .sentence = "New flags give a file a new version",
     .source = "semantics 1.10",
     .run =
         [](Conformance& c) {
           Versions versions(c);
           EXPECT_EQ(versions.a.create("/f"), 0);
           versions.mark("/f");
           Peer& peer = c.peer();
           peer.connect(kMds);
           const Answer answer = change(
               c, peer, versions.a.stat("/f").attributes,
               {.valid = attr::kAttrFlag, .attr_flags = protocol::mds::inode_flag::kNoatime});
           EXPECT_EQ(answer.status(), 0);

           EXPECT_TRUE(versions.changed("/f"));
         }},
    {.id = "vbr-version.6",
     .requirement = "REPLAY-8",
     .sentence = "New times and a new size leave a file its version",
     .source = "semantics 1.10",
     .run =
         [](Conformance& c) {
           Versions versions(c);
           Application& a = versions.a;
           a.put("/f", "0123456789");
           versions.mark("/f");
           EXPECT_EQ(a.utime("/f", 1'000'000'000, 1'100'000'000), 0);
           EXPECT_FALSE(versions.changed("/f")) << "times";
           EXPECT_EQ(a.truncate("/f", 1), 0);
           EXPECT_FALSE(versions.changed("/f")) << "size";
         }},
    {.id = "vbr-version.7",
     .requirement = "REPLAY-8",
     .sentence = "A link gives the file a new version; the directory of the new name only in 1.8",
     .source = "semantics 1.10; Lustre's replay-vbr 0s of 1.8 and 5a of 2.0",
     .run =
         [](Conformance& c) {
           Versions versions(c);
           Application& a = versions.a;
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(a.mkdir("/d"), 0);
           versions.mark("/f");
           versions.mark("/d");
           EXPECT_EQ(a.link("/f", "/d/g"), 0);

           EXPECT_TRUE(versions.changed("/f"));
           EXPECT_EQ(versions.changed("/d"), names_count(c));
         }},
    {.id = "vbr-version.8",
     .requirement = "REPLAY-8",
     .sentence = "A rename gives both directories new versions in 1.8, and not in 2.0",
     .source = "semantics 1.10; Lustre's replay-vbr 0v, 0w of 1.8 and 6a, 6b of 2.0",
     .run =
         [](Conformance& c) {
           Versions versions(c);
           Application& a = versions.a;
           EXPECT_EQ(a.mkdir("/from"), 0);
           EXPECT_EQ(a.mkdir("/to"), 0);
           EXPECT_EQ(a.create("/from/f"), 0);
           EXPECT_EQ(a.create("/from/g"), 0);
           versions.mark("/from");
           versions.mark("/to");
           EXPECT_EQ(a.rename("/from/f", "/to/f"), 0);
           EXPECT_EQ(versions.changed("/from"), names_count(c));
           EXPECT_EQ(versions.changed("/to"), names_count(c));
           EXPECT_EQ(a.rename("/from/g", "/from/h"), 0);
           EXPECT_EQ(versions.changed("/from"), names_count(c)) << "within one";
         }},
    {.id = "vbr-version.9",
     .requirement = "REPLAY-8",
     .sentence =
         "A replay that changes flags on another version is refused with EOVERFLOW, and its "
         "client evicted when it has replayed the rest",
     .source = "semantics 1.10",
     .needs = Needs::crash | Needs::hold_commits | Needs::evict,
     .run =
         [](Conformance& c) {
           expect_refused_replay(
               c, {.valid = attr::kAttrFlag, .attr_flags = protocol::mds::inode_flag::kNoatime});
         }},
    {.id = "vbr-version.10",
     .requirement = "REPLAY-8",
     .sentence = "A replay that changes permissions on another version is refused with EOVERFLOW, "
                 "and its client evicted when it has replayed the rest",
     .source = "semantics 1.10",
     .needs = Needs::crash | Needs::hold_commits | Needs::evict,
     .run =
         [](Conformance& c) {
           expect_refused_replay(c, {.valid = attr::kMode, .mode = kRegular | 0600});
         }},
};

}  // namespace

std::span<const Case> vbr_version_cases() { return kCases; }

}  // namespace suites
