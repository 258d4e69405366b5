// Names: making, linking, renaming and removing them.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

using Names = std::vector<std::string>;
constexpr uint32_t kTypeMask = 0170000, kDirectory = 0040000, kRegular = 0100000,
                   kSymlink = 0120000, kFifo = 0010000;

const Case kCases[] = {
    {.id = "namespace.1",
     .requirement = "META-1",
     .sentence = "A directory that one client makes is there for another, with its mode",
     .source = "rpc-formats, MDS_REINT CREATE",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.mkdir("/d", 0750), 0);

           const auto seen = b.stat("/d");
           EXPECT_EQ(seen.status, 0);
           EXPECT_EQ(seen.attributes.mode, kDirectory | 0750);
           EXPECT_EQ(seen.attributes.nlink, 2u);
         }},
    {.id = "namespace.2",
     .requirement = "META-2",
     .sentence = "A name that is taken is refused with EEXIST, and what has it stays",
     .source = "semantics 2.2",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.mkdir("/d/inner"), 0);
           EXPECT_EQ(a.mkdir("/d"), -kEexist);
           EXPECT_EQ(a.symlink("nowhere", "/d"), -kEexist);

           EXPECT_EQ(a.list("/d"), Names{"inner"});
         }},
    {.id = "namespace.3",
     .requirement = "META-3",
     .sentence = "A name that is not there is ENOENT, and a way through a file is ENOTDIR",
     .source = "semantics 2.2",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/f"), 0);

           EXPECT_EQ(a.stat("/missing").status, -kEnoent);
           EXPECT_EQ(a.unlink("/missing"), -kEnoent);
           EXPECT_EQ(a.mkdir("/missing/d"), -kEnoent);
           EXPECT_EQ(a.mkdir("/f/d"), -kEnotdir);
         }},
    {.id = "namespace.4",
     .requirement = "META-4",
     .sentence = "A directory with entries is not removed; an empty one is, and its parent's link "
                 "count falls",
     .source = "rpc-formats, MDS_REINT UNLINK",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/p"), 0);
           EXPECT_EQ(a.mkdir("/p/d"), 0);
           EXPECT_EQ(a.create("/p/d/f"), 0);
           EXPECT_EQ(a.rmdir("/p/d"), -kEnotempty);
           EXPECT_EQ(a.unlink("/p/d/f"), 0);
           EXPECT_EQ(a.stat("/p").attributes.nlink, 3u);
           EXPECT_EQ(a.rmdir("/p/d"), 0);

           EXPECT_EQ(a.stat("/p/d").status, -kEnoent);
           EXPECT_EQ(a.stat("/p").attributes.nlink, 2u);
         }},
    {.id = "namespace.5",
     .requirement = "META-5",
     .sentence = "unlink refuses a directory, rmdir refuses a file",
     .source = "rpc-formats, MDS_REINT UNLINK (ul_mode)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.create("/f"), 0);

           EXPECT_EQ(a.unlink("/d"), -kEisdir);
           EXPECT_EQ(a.rmdir("/f"), -kEnotdir);
         }},
    {.id = "namespace.6",
     .requirement = "META-6",
     .sentence = "A hard link is another name of the same file, which lives until the last goes",
     .source = "rpc-formats, MDS_REINT LINK",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           a.put("/f", "content");
           EXPECT_EQ(a.link("/f", "/g"), 0);
           EXPECT_EQ(a.stat("/g").attributes.nlink, 2u);
           EXPECT_EQ(a.stat("/g").attributes.ino, a.stat("/f").attributes.ino);
           EXPECT_EQ(a.unlink("/f"), 0);

           EXPECT_EQ(a.get("/g"), "content");
           EXPECT_EQ(a.stat("/g").attributes.nlink, 1u);
         }},
    {.id = "namespace.7",
     .requirement = "META-7",
     .sentence = "A symbolic link gives back its content and is followed",
     .source = "rpc-formats, MDS_REINT CREATE (symlink)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           a.put("/f", "target");
           EXPECT_EQ(a.symlink("/f", "/s"), 0);

           EXPECT_EQ(protocol::as_text(a.readlink("/s").data.view()), "/f");
           EXPECT_EQ(a.lstat("/s").attributes.mode & kTypeMask, kSymlink);
           EXPECT_EQ(a.stat("/s").attributes.mode & kTypeMask, kRegular);
         }},
    {.id = "namespace.8",
     .requirement = "META-8",
     .sentence = "A rename moves a name at once: the old one is gone, the new one is the file",
     .source = "rpc-formats, MDS_REINT RENAME",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/x"), 0);
           EXPECT_EQ(a.mkdir("/y"), 0);
           a.put("/x/f", "moved");
           EXPECT_EQ(a.rename("/x/f", "/y/g"), 0);

           EXPECT_EQ(a.list("/x"), Names{});
           EXPECT_EQ(a.list("/y"), Names{"g"});
           EXPECT_EQ(a.get("/y/g"), "moved");
         }},
    {.id = "namespace.9",
     .requirement = "META-9",
     .sentence = "A rename over a file replaces it",
     .source = "rpc-formats, MDS_REINT RENAME",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           a.put("/new", "new");
           a.put("/old", "old");
           EXPECT_EQ(a.rename("/new", "/old"), 0);

           EXPECT_EQ(a.get("/old"), "new");
           EXPECT_EQ(a.stat("/new").status, -kEnoent);
         }},
    {.id = "namespace.10",
     .requirement = "META-10",
     .sentence = "A directory cannot become its own descendant",
     .source = "rpc-formats, MDS_REINT RENAME; MDS_IS_SUBDIR",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.mkdir("/d/e"), 0);

           EXPECT_EQ(a.rename("/d", "/d/e/d"), -kEinval);
           EXPECT_EQ(a.list("/d"), Names{"e"});
         }},
    {.id = "namespace.11",
     .requirement = "META-11",
     .sentence = "A special file keeps its type",
     .source = "stock-clients (mkfifo); rpc-formats, MDS_REINT CREATE",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mknod("/p", kFifo | 0600), 0);

           EXPECT_EQ(a.stat("/p").attributes.mode, kFifo | 0600);
         }},
    {.id = "namespace.12",
     .requirement = "META-12",
     .sentence = "A directory of several pages lists every name exactly once",
     .source = "differences 8; rpc-formats, READPAGE",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           Names names;
           for (int i = 0; i < 300; ++i) {
             names.push_back("a-rather-long-name-of-a-file-" + std::to_string(1000 + i));
             EXPECT_EQ(a.create("/d/" + names.back()), 0);
           }

           EXPECT_EQ(a.list("/d"), names);
         }},
    {.id = "namespace.13",
     .requirement = "META-13",
     .sentence = "A listing shows what another client added and removed since the last",
     .source = "semantics 3.1 (UPDATE lock)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.create("/d/one"), 0);
           EXPECT_EQ(b.list("/d"), Names{"one"});
           EXPECT_EQ(a.create("/d/two"), 0);
           EXPECT_EQ(a.unlink("/d/one"), 0);

           EXPECT_EQ(b.list("/d"), Names{"two"});
         }},
};

}  // namespace

std::span<const Case> namespace_cases() { return kCases; }

}  // namespace suites
