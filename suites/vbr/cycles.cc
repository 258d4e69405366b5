// Three things happen in one directory: a client does the first and the last of them, another the
// one in the middle, and is lost with it. What the last found is not there when it is replayed.
//
// 2.0 keeps a version for each name's file, and refuses the last only if it met another file, or
// none. In 1.8 every change of a name changes the directory's version too: there the last one is
// always refused.
#include <vector>

#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"
#include "suites/vbr/scene.h"

namespace suites {
namespace {

struct Step {
  enum class Kind : uint8_t { create, mkdir, unlink, rmdir, rename, link };
  Kind kind;
  const char* name;
  const char* target = "";
};
constexpr Step create(const char* name) { return {Step::Kind::create, name}; }
constexpr Step mkdir(const char* name) { return {Step::Kind::mkdir, name}; }
constexpr Step unlink(const char* name) { return {Step::Kind::unlink, name}; }
constexpr Step rmdir(const char* name) { return {Step::Kind::rmdir, name}; }
constexpr Step rename(const char* from, const char* to) { return {Step::Kind::rename, from, to}; }
constexpr Step link(const char* name, const char* to) { return {Step::Kind::link, name, to}; }

int32_t take(Application& a, const Step& step) {
  const std::string name = std::string("/d/") + step.name;
  const std::string target = std::string("/d/") + step.target;
  switch (step.kind) {
    case Step::Kind::create:
      return a.create(name);
    case Step::Kind::mkdir:
      return a.mkdir(name);
    case Step::Kind::unlink:
      return a.unlink(name);
    case Step::Kind::rmdir:
      return a.rmdir(name);
    case Step::Kind::rename:
      return a.rename(name, target);
    case Step::Kind::link:
      return a.link(name, target);
  }
  return -kEinval;
}

using Steps = std::initializer_list<Step>;
enum class Last : uint8_t { refused, replayed };  // by a 2.0 server

void cycle(Conformance& c, Steps first, Steps missing, const Step& last, Last outcome) {
  Scene scene(c);
  EXPECT_EQ(scene.a.mkdir("/d"), 0);
  scene.barrier();
  for (const Step& step : first) EXPECT_EQ(take(scene.a, step), 0);
  for (const Step& step : missing) EXPECT_EQ(take(scene.lost, step), 0);
  EXPECT_EQ(take(scene.a, last), 0);
  scene.crash_and_lose();

  EXPECT_EQ(scene.evicted(), outcome == Last::refused || c.dialect() == Dialect::v1_8);
  notice_eviction(scene.a);
  EXPECT_EQ(scene.a.stat("/").status, 0);
}

constexpr std::string_view kSource = "semantics 1.10";
constexpr Needs kNeeds = Needs::crash | Needs::hold_commits | Needs::evict;

const Case kCases[] = {
    {.id = "vbr-cycle.1a",
     .requirement = "REPLAY-8",
     .sentence = "Created; {removed}; created again",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0")}, {unlink("0")}, create("0"), Last::refused);
         }},
    {.id = "vbr-cycle.1b",
     .requirement = "REPLAY-8",
     .sentence = "Created; {removed}; made a directory",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) { cycle(c, {create("0")}, {unlink("0")}, mkdir("0"), Last::refused); }},
    {.id = "vbr-cycle.1c",
     .requirement = "REPLAY-8",
     .sentence = "A directory made; {moved away}; a file created",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {mkdir("0")}, {rename("0", "1")}, create("0"), Last::refused);
         }},
    {.id = "vbr-cycle.2a",
     .requirement = "REPLAY-8",
     .sentence = "Created; {removed, created}; removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0")}, {unlink("0"), create("0")}, unlink("0"), Last::refused);
         }},
    {.id = "vbr-cycle.2b",
     .requirement = "REPLAY-8",
     .sentence = "Created; {another moved over it}; removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0")}, {create("x"), rename("x", "0")}, unlink("0"), Last::refused);
         }},
    {.id = "vbr-cycle.2c",
     .requirement = "REPLAY-8",
     .sentence = "Created; {removed, made a directory}; directory removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0")}, {unlink("0"), mkdir("0")}, rmdir("0"), Last::refused);
         }},
    {.id = "vbr-cycle.3a",
     .requirement = "REPLAY-8",
     .sentence = "Created; {removed, created}; moved",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0")}, {unlink("0"), create("0")}, rename("0", "x"), Last::refused);
         }},
    {.id = "vbr-cycle.3b",
     .requirement = "REPLAY-8",
     .sentence = "Two created; {one made a directory}; the other moved into that",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), create("1")}, {unlink("0"), mkdir("0")}, rename("1", "0/1"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.3c",
     .requirement = "REPLAY-8",
     .sentence = "A file and a directory made; {the directory replaced by a file}; that "
                 "moved to the other",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), mkdir("1")}, {rmdir("1"), create("1")}, rename("1", "0"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.3d",
     .requirement = "REPLAY-8",
     .sentence = "Created; {moved}; moved back",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0")}, {rename("0", "x")}, rename("x", "0"), Last::refused);
         }},
    {.id = "vbr-cycle.4a",
     .requirement = "REPLAY-8",
     .sentence = "Created, removed; {created, removed}; created",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), unlink("0")}, {create("0"), unlink("0")}, create("0"),
                 Last::replayed);
         }},
    {.id = "vbr-cycle.4b",
     .requirement = "REPLAY-8",
     .sentence = "Created, removed; {a directory made, removed}; a directory made",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), unlink("0")}, {mkdir("0"), rmdir("0")}, mkdir("0"),
                 Last::replayed);
         }},
    {.id = "vbr-cycle.4c",
     .requirement = "REPLAY-8",
     .sentence = "A directory made, removed; {a file created, moved away}; a file created",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {mkdir("0"), rmdir("0")}, {create("0"), rename("0", "1")}, create("0"),
                 Last::replayed);
         }},
    {.id = "vbr-cycle.5a",
     .requirement = "REPLAY-8",
     .sentence = "Created, removed; {created, removed, created}; removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), unlink("0")}, {create("0"), unlink("0"), create("0")},
                 unlink("0"), Last::refused);
         }},
    {.id = "vbr-cycle.5b",
     .requirement = "REPLAY-8",
     .sentence = "A directory made, removed; {made, removed, made}; removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {mkdir("0"), rmdir("0")}, {mkdir("0"), rmdir("0"), mkdir("0")}, rmdir("0"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.5c",
     .requirement = "REPLAY-8",
     .sentence = "Created, removed; {a directory made}; that removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), unlink("0")}, {mkdir("0")}, rmdir("0"), Last::refused);
         }},
    {.id = "vbr-cycle.5d",
     .requirement = "REPLAY-8",
     .sentence = "A directory made, removed; {a file created}; that removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {mkdir("0"), rmdir("0")}, {create("0")}, unlink("0"), Last::refused);
         }},
    {.id = "vbr-cycle.5e",
     .requirement = "REPLAY-8",
     .sentence = "Two created, one removed; {the other moved to it}; removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), create("1"), unlink("0")}, {rename("1", "0")}, unlink("0"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.6a",
     .requirement = "REPLAY-8",
     .sentence = "Created, removed; {created}; moved",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), unlink("0")}, {create("0")}, rename("0", "1"), Last::refused);
         }},
    {.id = "vbr-cycle.6b",
     .requirement = "REPLAY-8",
     .sentence = "Two created, one removed; {it created}; the other moved over it",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), create("1"), unlink("0")}, {create("0")}, rename("1", "0"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.6c",
     .requirement = "REPLAY-8",
     .sentence = "A file and a directory made, the latter removed; {it made}; the file "
                 "moved into that",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {mkdir("x"), create("0"), rmdir("x")}, {mkdir("x")}, rename("0", "x/0"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.6d",
     .requirement = "REPLAY-8",
     .sentence = "Two created, one removed; {the other moved to it}; moved back",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), create("1"), unlink("0")}, {rename("1", "0")}, rename("0", "1"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.6e",
     .requirement = "REPLAY-8",
     .sentence = "Two created, one removed; {a directory in its place}; the other moved "
                 "into that",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), create("1"), unlink("0")}, {mkdir("0")}, rename("1", "0/1"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.7a",
     .requirement = "REPLAY-8",
     .sentence = "Created, moved; {a directory came and went}; created",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), rename("0", "1")}, {mkdir("0"), rmdir("0")}, create("0"),
                 Last::replayed);
         }},
    {.id = "vbr-cycle.7b",
     .requirement = "REPLAY-8",
     .sentence = "Created, moved over another; {a file came and went}; a directory made",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), create("1"), rename("0", "1")}, {create("0"), unlink("0")},
                 mkdir("0"), Last::replayed);
         }},
    {.id = "vbr-cycle.7c",
     .requirement = "REPLAY-8",
     .sentence = "Created, moved; {created}; that linked",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), rename("0", "x")}, {create("0")}, link("0", "1"), Last::refused);
         }},
    {.id = "vbr-cycle.8a",
     .requirement = "REPLAY-8",
     .sentence = "Created, moved; {created}; that removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), rename("0", "1")}, {create("0")}, unlink("0"), Last::refused);
         }},
    {.id = "vbr-cycle.8b",
     .requirement = "REPLAY-8",
     .sentence = "One moved over another; {removed, created}; removed",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), create("1"), rename("1", "0")}, {unlink("0"), create("0")},
                 unlink("0"), Last::refused);
         }},
    {.id = "vbr-cycle.9a",
     .requirement = "REPLAY-8",
     .sentence = "Created, moved; {created}; that moved over it",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), rename("0", "1")}, {create("0")}, rename("0", "1"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.9b",
     .requirement = "REPLAY-8",
     .sentence = "Created, moved; {a directory in its old place}; moved into that",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), rename("0", "1")}, {mkdir("0")}, rename("1", "0/1"),
                 Last::refused);
         }},
    {.id = "vbr-cycle.9c",
     .requirement = "REPLAY-8",
     .sentence = "One of three moved over the next; {the third moved over it}; moved",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), create("1"), create("2"), rename("1", "0")}, {rename("2", "0")},
                 rename("0", "2"), Last::refused);
         }},
    {.id = "vbr-cycle.9d",
     .requirement = "REPLAY-8",
     .sentence = "Two created, one moved; {the other removed}; moved to it",
     .source = kSource,
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           cycle(c, {create("0"), create("1"), rename("0", "x")}, {unlink("1")}, rename("x", "1"),
                 Last::refused);
         }},
};

}  // namespace

std::span<const Case> vbr_cycle_cases() { return kCases; }

}  // namespace suites
