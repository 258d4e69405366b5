// Two clients do something with one name of one directory at the same time: what they are told, and
// what is there afterwards, is as if one had come before the other.
#include <algorithm>
#include <array>
#include <map>

#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

using Kind = harness::Syscall::Kind;

constexpr uint32_t kRegular = 0100000;

enum class Deed : uint8_t {
  create,  // exclusively
  mkdir,
  unlink,
  rename_to,    // another file over it
  rename_from,  // it over another name
  link,         // another file's second name
  getattr,
  readdir,
};
constexpr Deed kDeeds[] = {Deed::create,      Deed::mkdir, Deed::unlink,  Deed::rename_to,
                           Deed::rename_from, Deed::link,  Deed::getattr, Deed::readdir};

// A directory as it should be: names, and whether they are directories.
using Model = std::map<std::string, bool>;

constexpr const char* kName = "name";
std::string source_of(bool first) { return first ? "source-1" : "source-2"; }
std::string target_of(bool first) { return first ? "target-1" : "target-2"; }

// What a client is told; of a readdir also which names.
struct Told {
  int32_t status = 0;
  std::vector<std::string> names;
  bool operator==(const Told&) const = default;
};

std::vector<std::string> names_in(const Model& model) {
  std::vector<std::string> names;
  for (const auto& [name, is_directory] : model) names.push_back(name);
  return names;
}

Told imagine(Model& model, Deed deed, bool first) {
  const auto there = model.find(kName);
  const bool exists = there != model.end();
  switch (deed) {
    case Deed::create:
    case Deed::mkdir:
      if (exists) return {-kEexist, {}};
      model[kName] = deed == Deed::mkdir;
      return {};
    case Deed::unlink:
      if (!exists) return {-kEnoent, {}};
      if (there->second) return {-kEisdir, {}};
      model.erase(there);
      return {};
    case Deed::rename_to:
      if (exists && there->second) return {-kEisdir, {}};
      model.erase(source_of(first));
      model[kName] = false;
      return {};
    case Deed::rename_from:
      if (!exists) return {-kEnoent, {}};
      model[target_of(first)] = there->second;
      model.erase(there);
      return {};
    case Deed::link:
      if (exists) return {-kEexist, {}};
      model[kName] = false;
      return {};
    case Deed::getattr:
      return {exists ? 0 : -kEnoent, {}};
    case Deed::readdir:
      return {0, names_in(model)};
  }
  return {};
}

harness::Syscall call_of(const std::string& directory, Deed deed, bool first) {
  const std::string name = directory + "/" + kName;
  switch (deed) {
    case Deed::create:
      return {.kind = Kind::mknod, .path = name, .mode = kRegular | 0644};
    case Deed::mkdir:
      return {.kind = Kind::mkdir, .path = name, .mode = 0755};
    case Deed::unlink:
      return {.kind = Kind::unlink, .path = name};
    case Deed::rename_to:
      return {.kind = Kind::rename, .path = directory + "/" + source_of(first), .target = name};
    case Deed::rename_from:
      return {.kind = Kind::rename, .path = name, .target = directory + "/" + target_of(first)};
    case Deed::link:
      return {.kind = Kind::link, .path = directory + "/" + source_of(first), .target = name};
    case Deed::getattr:
      return {.kind = Kind::stat, .path = name};
    case Deed::readdir:
      return {.kind = Kind::readdir, .path = directory};
  }
  return {};
}

Told told_by(Pending& pending, Deed deed) {
  Told told{pending.status(), {}};
  if (deed != Deed::readdir) return told;
  for (const harness::DirectoryEntry& entry : pending.result().entries) {
    if (entry.name != "." && entry.name != "..") told.names.push_back(entry.name);
  }
  std::ranges::sort(told.names);
  return told;
}

// `exists`: whether the name is there, as a file, when they begin.
void meet(Application& a, Application& b, const std::string& directory, Deed one, Deed two,
          bool exists) {
  SCOPED_TRACE(testing::Message() << "deeds " << static_cast<int>(one) << " and "
                                  << static_cast<int>(two) << (exists ? ", it is there" : ""));
  EXPECT_EQ(a.mkdir(directory), 0);
  Model before;
  for (const bool first : {true, false}) before[source_of(first)] = false;
  if (exists) before[kName] = false;
  for (const std::string& name : names_in(before)) {
    EXPECT_EQ(a.mknod(directory + "/" + name, kRegular | 0644), 0);
  }
  Pending pa = a.begin(call_of(directory, one, true));
  Pending pb = b.begin(call_of(directory, two, false));
  const std::array told = {told_by(pa, one), told_by(pb, two)};
  const std::vector<std::string> after = a.list(directory);

  bool possible = false;
  for (const bool a_first : {true, false}) {
    Model model = before;
    std::array<Told, 2> imagined;
    if (a_first) imagined[0] = imagine(model, one, true);
    imagined[1] = imagine(model, two, false);
    if (!a_first) imagined[0] = imagine(model, one, true);
    possible = possible || (imagined == told && names_in(model) == after);
  }
  EXPECT_TRUE(possible) << "no order gives " << told[0].status << " and " << told[1].status;
}

template <Deed deed>
void meet_all(Conformance& c) {
  Application& a = worker(c);
  Application& b = worker(c);
  int directories = 0;
  for (const Deed other : kDeeds) {
    for (const bool exists : {false, true}) {
      meet(a, b, "/d" + std::to_string(++directories), deed, other, exists);
      meet(a, b, "/d" + std::to_string(++directories), other, deed, exists);
    }
  }
}

constexpr std::string_view kSource = "semantics 3.1, 3.3; Lustre's sanityn 41 to 46";

const Case kCases[] = {
    {.id = "pair.1",
     .requirement = "LOCK-1",
     .sentence = "A create and every other deed with the same name",
     .source = kSource,
     .run = meet_all<Deed::create>},
    {.id = "pair.2",
     .requirement = "LOCK-1",
     .sentence = "A mkdir and every other deed with the same name",
     .source = kSource,
     .run = meet_all<Deed::mkdir>},
    {.id = "pair.3",
     .requirement = "LOCK-1",
     .sentence = "An unlink and every other deed with the same name",
     .source = kSource,
     .run = meet_all<Deed::unlink>},
    {.id = "pair.4",
     .requirement = "LOCK-1",
     .sentence = "A rename to a name and every other deed with it",
     .source = kSource,
     .run = meet_all<Deed::rename_to>},
    {.id = "pair.5",
     .requirement = "LOCK-1",
     .sentence = "A rename away from a name and every other deed with it",
     .source = kSource,
     .run = meet_all<Deed::rename_from>},
    {.id = "pair.6",
     .requirement = "LOCK-1",
     .sentence = "A link to a name and every other deed with it",
     .source = kSource,
     .run = meet_all<Deed::link>},
    {.id = "pair.7",
     .requirement = "LOCK-4",
     .sentence = "Deeds with different names of one directory, all at once, all succeed",
     .source = "semantics 3.1; Lustre's sanityn 40",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           for (const char* name : {"/d/1", "/d/2", "/d/3", "/d/4"}) EXPECT_EQ(a.create(name), 0);
           std::vector<Pending> pending;
           pending.push_back(a.begin({.kind = Kind::mkdir, .path = "/d/5", .mode = 0755}));
           pending.push_back(b.begin({.kind = Kind::mkdir, .path = "/d/6", .mode = 0755}));
           pending.push_back(a.begin({.kind = Kind::open,
                                      .path = "/d/7",
                                      .flags = kCreate | kExclusive | kWrite,
                                      .mode = 0644}));
           pending.push_back(b.begin({.kind = Kind::mknod, .path = "/d/8", .mode = kRegular}));
           pending.push_back(a.begin({.kind = Kind::link, .path = "/d/1", .target = "/d/9"}));
           pending.push_back(b.begin({.kind = Kind::rename, .path = "/d/2", .target = "/d/10"}));
           pending.push_back(a.begin({.kind = Kind::unlink, .path = "/d/3"}));
           pending.push_back(b.begin({.kind = Kind::stat, .path = "/d/4"}));
           for (Pending& one : pending) EXPECT_EQ(one.status(), 0);

           EXPECT_EQ(a.list("/d"),
                     (std::vector<std::string>{"1", "10", "4", "5", "6", "7", "8", "9"}));
           EXPECT_EQ(a.list("/d"), b.list("/d"));
         }},
};

}  // namespace

std::span<const Case> pair_cases() { return kCases; }

}  // namespace suites
