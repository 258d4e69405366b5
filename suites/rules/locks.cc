// Extent locks as scripted clients hold them: groups, glimpses, reads and writes without a lock.
#include "protocol/ldlm.h"
#include "protocol/mds.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/md_peer.h"
#include "suites/object_peer.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace lock_mode = protocol::ldlm::lock_mode;
namespace opcode = protocol::ptlrpc::opcode;
namespace open_flag = protocol::mds::open_flag;
using Kind = harness::Syscall::Kind;

constexpr uint64_t kEof = ~uint64_t{0};

// A file and its object on the first OST.
struct OnFirst {
  std::string path;
  uint64_t object = 0;
};
OnFirst file_on_first(Conformance& c) {
  MdPeer maker(c);
  maker.connect();
  for (int i = 0; i < 8; ++i) {
    const std::string name = "file" + std::to_string(i);
    const Opened file = maker.open(name, open_flag::kCreat | open_flag::kFmodeWrite);
    EXPECT_EQ(file.status, 0);
    const auto object = object_in(file.md.view());
    EXPECT_EQ(maker.close(file.handle).status(), 0);
    if (object) return {"/" + name, *object};
  }
  ADD_FAILURE() << "no file has an object on the first OST";
  return {};
}

uint32_t opcode_of(const protocol::LnetMessage& call) {
  const auto message = protocol::Message::parse(call.payload);
  return message ? message->body().opc : 0;
}

const Case kCases[] = {
    {.id = "lock-rules.1",
     .requirement = "LOCK-6",
     .sentence = "A group lock waits for one of another group, and not for one of its own",
     .source = "semantics 3.2, 3.8",
     .run =
         [](Conformance& c) {
           const uint64_t object = file_on_first(c).object;
           ObjectPeer one(c), same(c), other(c);
           const auto first =
               one.enqueued(one.send_enqueue(object, 0x11, lock_mode::kGroup, 0, kEof, 7));
           const auto second =
               same.enqueued(same.send_enqueue(object, 0x12, lock_mode::kGroup, 0, kEof, 7));
           const auto third =
               other.enqueued(other.send_enqueue(object, 0x13, lock_mode::kGroup, 0, kEof, 8));

           EXPECT_EQ(first.granted_mode, lock_mode::kGroup);
           EXPECT_EQ(second.granted_mode, lock_mode::kGroup);
           EXPECT_EQ(third.granted_mode, 0u);
         }},
    {.id = "lock-rules.2",
     .requirement = "LOCK-7",
     .sentence = "Whose write lock begins last is asked for the size of the file",
     .source = "semantics 3.6",
     .run =
         [](Conformance& c) {
           Application& reader = c.mount();
           const OnFirst file = file_on_first(c);
           ObjectPeer low(c), high(c);
           const auto all =
               low.enqueued(low.send_enqueue(file.object, 0x11, lock_mode::kPw, 0, 4095));
           // The second waits, and the first asks anew before it gives way: so they share.
           high.enqueued(
               high.send_enqueue(file.object, 0x12, lock_mode::kPw, 1u << 20, (1u << 20) + 4095));
           EXPECT_EQ(opcode_of(low.peer().next("a blocking callback")), opcode::kLdlmBlCallback);
           low.enqueued(low.send_enqueue(file.object, 0x13, lock_mode::kPw, 0, 4095));
           low.cancel(all.handle);
           EXPECT_EQ(opcode_of(high.peer().next("a completion")), opcode::kLdlmCpCallback);
           EXPECT_EQ(opcode_of(low.peer().next("a completion")), opcode::kLdlmCpCallback);
           reader.begin({.kind = Kind::stat, .path = file.path});

           EXPECT_EQ(opcode_of(high.peer().next("a glimpse")), opcode::kLdlmGlCallback);
         }},
    {.id = "lock-rules.3",
     .requirement = "LOCK-3",
     .sentence = "Before a lockless write is executed, what others have cached is written and "
                 "forgotten",
     .source = "semantics 3.7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           const OnFirst file = file_on_first(c);
           const uint64_t fd = a.opened(file.path, kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "cached"), 6);
           ObjectPeer other(c);
           EXPECT_EQ(other.write_lockless(file.object, 0, "OTHER").status(), 0);

           EXPECT_EQ(a.read(fd, 0, 10), "OTHERd");
           EXPECT_EQ(a.close(fd), 0);
         }},
};

}  // namespace

std::span<const Case> lock_rule_cases() { return kCases; }

}  // namespace suites
