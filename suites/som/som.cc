// Size-on-MDS: what the MDS tells is the size of the objects, whoever writes, closes, truncates or
// is lost in between. Files are written past the cache where it matters when the OST has the data.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using faults::Part;
using harness::kMds;
using harness::ost;
using Kind = harness::Syscall::Kind;

constexpr std::string_view kFour = "four", kNine = "nine char";

// A file of four bytes whose size is on the MDS.
void make(Application& a, uint32_t stripes = 1) {
  const auto made = a.call({.kind = Kind::open,
                            .path = "/f",
                            .flags = kCreate | kWrite | kDirect,
                            .mode = 0644,
                            .stripe_count = stripes});
  EXPECT_EQ(made.status, 0);
  EXPECT_EQ(a.write(made.value, 0, kFour), 4);
  EXPECT_EQ(a.close(made.value), 0);
}

// Two clients, and the file that the first has made; the MDS knows how long it is.
struct Two {
  Application& a;
  Application& b;
};
Two with_file(Conformance& c, uint32_t stripes = 1) {
  const Two two{c.mount(), c.mount()};
  make(two.a, stripes);
  c.world().settle();
  return two;
}

// Opened past the cache, and nine bytes long on the OST; an epoch is open.
uint64_t lengthen(Application& a) {
  const uint64_t fd = a.opened("/f", kWrite | kDirect);
  EXPECT_EQ(a.write(fd, 0, kNine), 9);
  return fd;
}

uint64_t size_for(Application& a) { return a.stat("/f").attributes.size; }
// When the MDS has been told what it asked closes for: no call waits for that.
uint64_t size_at_rest(Conformance& c, Application& a) {
  c.world().settle();
  return size_for(a);
}

const Case kCases[] = {
    {.id = "som.1",
     .requirement = "SOM-1",
     .sentence = "While somebody has a file open for writing its size is not told from the MDS",
     .source = "semantics 4.2",
     .needs = Needs::som,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           const uint64_t fd = lengthen(a);
           EXPECT_EQ(size_for(b), 9u);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(size_at_rest(c, b), 9u);
           EXPECT_EQ(c.judge(), 0u);
         }},
    {.id = "som.2",
     .requirement = "SOM-1",
     .sentence = "A close that is answered with EAGAIN leaves the epoch open until the sizes come",
     .source = "semantics 4.4",
     .needs = Needs::som,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           const uint64_t fd = lengthen(a);
           const size_t rule = c.lose(Part::request, opcode::kMdsReint);
           Pending close = a.begin({.kind = Kind::close, .fd = fd});
           c.wait_for_loss(rule);
           EXPECT_EQ(size_for(b), 9u);
           EXPECT_EQ(close.status(), 0);
           c.drain();
           EXPECT_EQ(size_for(b), 9u);
         }},
    {.id = "som.3",
     .requirement = "SOM-1",
     .sentence = "An update that comes when another epoch has begun and ended is not taken",
     .source = "semantics 4.4, H-LATE-AU, SOM-L1",
     .needs = Needs::som,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           const uint64_t fd = lengthen(a);
           const size_t rule = c.lose(Part::request, opcode::kMdsReint);
           Pending close = a.begin({.kind = Kind::close, .fd = fd});
           c.wait_for_loss(rule);
           const uint64_t other = b.opened("/f", kWrite | kDirect);
           EXPECT_EQ(b.write(other, 9, kFour), 4);
           EXPECT_EQ(b.close(other), 0);
           EXPECT_EQ(close.status(), 0);
           c.drain();
           EXPECT_EQ(size_for(b), 13u);
           EXPECT_EQ(size_for(a), 13u);
         }},
    {.id = "som.4",
     .requirement = "SOM-1",
     .sentence = "The eviction of who has a file open for writing ends what the MDS knows of it",
     .source = "semantics 4.4, the mail's Solution 3",
     .needs = Needs::som | Needs::evict,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           lengthen(a);
           c.world().evict(kMds, a.uuid());
           c.world().settle();
           EXPECT_EQ(size_for(b), 9u);
         }},
    {.id = "som.5",
     .requirement = "SOM-5",
     .sentence = "The size of a file on two OSTs is that of both objects",
     .source = "semantics 4.5",
     .needs = Needs::som | Needs::stripes,
     .run =
         [](Conformance& c) {
           constexpr uint64_t kSecondStripe = 1 << 20;
           const auto [a, b] = with_file(c, 2);
           const uint64_t fd = a.opened("/f", kWrite | kDirect);
           EXPECT_EQ(a.write(fd, kSecondStripe, kFour), 4);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(size_at_rest(c, b), kSecondStripe + 4);
           EXPECT_EQ(b.stat("/f").attributes.blocks, 16u);
         }},
    {.id = "som.6",
     .requirement = "SOM-1",
     .sentence = "Where nothing is known, sizes are read under locks, after all data is written",
     .source = "semantics 4.4, the mail's Solution 4",
     .needs = Needs::som | Needs::evict,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           const uint64_t fd = a.opened("/f", kWrite);
           EXPECT_EQ(a.write(fd, 0, kNine), 9);
           c.world().evict(kMds, a.uuid());
           EXPECT_EQ(b.close(b.opened("/f", kWrite)), 0);
           EXPECT_EQ(size_at_rest(c, b), 9u);
         }},
    {.id = "som.7",
     .requirement = "SOM-1",
     .sentence = "A change counts though its writer closes before another who changes nothing",
     .source = "semantics 4.4",
     .needs = Needs::som,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           const uint64_t fd = lengthen(a);
           const uint64_t other = b.opened("/f", kWrite);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(b.close(other), 0);
           EXPECT_EQ(size_at_rest(c, b), 9u);
         }},
    {.id = "som.8",
     .requirement = "SOM-3",
     .sentence = "A truncate is an epoch of its own",
     .source = "semantics 4.3",
     .needs = Needs::som,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           EXPECT_EQ(size_for(b), 4u);
           EXPECT_EQ(a.truncate("/f", 1), 0);
           EXPECT_EQ(size_for(b), 1u);
           EXPECT_EQ(size_at_rest(c, b), 1u);
         }},
    {.id = "som.9",
     .requirement = "SOM-1",
     .sentence = "When sizes cannot be read the MDS knows none, not those of before",
     .source = "semantics 4.4",
     .needs = Needs::som | Needs::evict | Needs::stripes,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c, 2);
           const uint64_t fd = lengthen(a);
           const size_t rule = c.lose(Part::request, opcode::kOstGetattr, ost(0));
           Pending close = a.begin({.kind = Kind::close, .fd = fd});
           c.wait_for_loss(rule);
           c.world().evict(ost(0), a.uuid());
           EXPECT_EQ(close.status(), 0);
           c.drain();
           EXPECT_EQ(size_for(b), 9u);
         }},
    {.id = "som.10",
     .requirement = "SOM-4",
     .sentence = "What the MDS knew before it died it does not tell, also after a replayed close",
     .source = "semantics 4.2, rule M",
     .needs = Needs::som | Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           barrier(c, kMds);
           const uint64_t fd = lengthen(a);
           const size_t rule = c.lose(Part::request, opcode::kMdsReint);
           Pending close = a.begin({.kind = Kind::close, .fd = fd});
           c.wait_for_loss(rule);
           crash_at_barrier(c, kMds);
           EXPECT_EQ(close.status(), 0);
           EXPECT_EQ(size_for(b), 9u);
           c.drain();
           EXPECT_EQ(size_for(b), 9u);
         }},
    {.id = "som.11",
     .requirement = "SOM-2",
     .sentence = "Who was told a size forgets it before somebody else may change it",
     .source = "semantics 4.2",
     .needs = Needs::som,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           EXPECT_EQ(size_for(b), 4u);
           const uint64_t fd = lengthen(a);
           EXPECT_EQ(size_for(b), 9u);
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "som.12",
     .requirement = "SOM-1",
     .sentence = "Data in a cache at the close reaches the OST before the epoch ends",
     .source = "semantics 4.3, DONE_WRITING",
     .needs = Needs::som,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           const uint64_t fd = a.opened("/f", kWrite);
           EXPECT_EQ(a.write(fd, 0, kNine), 9);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(size_for(b), 9u);
           c.world().settle();
           EXPECT_EQ(size_for(b), 9u);
         }},
    {.id = "som.13",
     .requirement = "SOM-2",
     .sentence = "Who is lost gets no lock to write under once the sizes have been read without it",
     .source = "semantics 4.8",
     .needs = Needs::som | Needs::evict,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           const uint64_t fd = a.opened("/f", kWrite);
           c.world().evict(kMds, a.uuid());
           EXPECT_EQ(b.close(b.opened("/f", kWrite)), 0);
           EXPECT_EQ(size_at_rest(c, b), 4u);
           EXPECT_LT(a.write(fd, 0, kNine), 0);
           EXPECT_EQ(size_for(b), 4u);
           EXPECT_EQ(c.judge(), 0u);
         }},
    {.id = "som.14",
     .requirement = "SOM-3",
     .sentence = "A truncate under way has its epoch again when the MDS is back",
     .source = "semantics 4.4, replay",
     .needs = Needs::som | Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           const auto [a, b] = with_file(c);
           barrier(c, kMds);
           const size_t rule = c.lose(Part::request, opcode::kOstPunch, ost(0));
           Pending cut =
               a.begin({.kind = Kind::truncate, .path = "/f", .flags = kDirect, .offset = 1});
           c.wait_for_loss(rule);
           crash_at_barrier(c, kMds);
           EXPECT_EQ(b.close(b.opened("/f", kWrite | kDirect)), 0);
           EXPECT_EQ(cut.status(), 0);
           EXPECT_EQ(size_at_rest(c, b), 1u);
         }},
};

}  // namespace

std::span<const Case> som_cases() { return kCases; }

}  // namespace suites
