// Attributes, extended attributes, the state of the file system.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

constexpr uint32_t kPermissions = 07777;

const Case kCases[] = {
    {.id = "attributes.1",
     .requirement = "ATTR-1",
     .sentence = "chmod changes the mode for every client, also one that had it cached",
     .source = "semantics 3.1 (LOOKUP lock); rpc-formats, MDS_REINT SETATTR",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.create("/f", 0644), 0);
           EXPECT_EQ(b.stat("/f").attributes.mode & kPermissions, 0644u);
           EXPECT_EQ(a.chmod("/f", 0600), 0);

           EXPECT_EQ(b.stat("/f").attributes.mode & kPermissions, 0600u);
         }},
    {.id = "attributes.2",
     .requirement = "ATTR-2",
     .sentence = "chown changes owner and group",
     .source = "rpc-formats, MDS_REINT SETATTR",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(a.chown("/f", 500, 600), 0);

           EXPECT_EQ(a.stat("/f").attributes.uid, 500u);
           EXPECT_EQ(a.stat("/f").attributes.gid, 600u);
         }},
    {.id = "attributes.3",
     .requirement = "ATTR-3",
     .sentence = "utime sets both times, and they stay",
     .source = "rpc-formats, MDS_REINT SETATTR",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "content");
           EXPECT_EQ(a.utime("/f", 1'000'000'000, 1'100'000'000), 0);

           EXPECT_EQ(a.stat("/f").attributes.atime, 1'000'000'000);
           EXPECT_EQ(b.stat("/f").attributes.mtime, 1'100'000'000);
         }},
    {.id = "attributes.4",
     .requirement = "ATTR-4",
     .sentence = "An extended attribute is there for every client, with its value",
     .source = "rpc-formats, MDS_SETXATTR and REINT_SETXATTR",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(a.setxattr("/f", "user.colour", "blue"), 0);

           EXPECT_EQ(protocol::as_text(b.getxattr("/f", "user.colour").data.view()), "blue");
           EXPECT_EQ(b.getxattr("/f", "user.taste").status, -kEnodata);
         }},
    {.id = "attributes.5",
     .requirement = "ATTR-5",
     .sentence = "The file system says how large it is, and no more free than that",
     .source = "rpc-formats, MDS_STATFS and OST_STATFS",
     .run =
         [](Conformance& c) {
           const auto result = c.mount().statfs();

           EXPECT_EQ(result.status, 0);
           EXPECT_GT(result.file_system.blocks, 0u);
           EXPECT_GT(result.file_system.files, 0u);
           EXPECT_LE(result.file_system.free, result.file_system.blocks);
         }},
    {.id = "attributes.6",
     .requirement = "ATTR-6",
     .sentence = "A file's identity is the same for every client and over a rename",
     .source = "differences 2",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.create("/f"), 0);
           const uint64_t ino = a.stat("/f").attributes.ino;
           EXPECT_NE(ino, 0u);
           EXPECT_EQ(b.stat("/f").attributes.ino, ino);
           EXPECT_EQ(a.rename("/f", "/g"), 0);

           EXPECT_EQ(b.stat("/g").attributes.ino, ino);
         }},
};

}  // namespace

std::span<const Case> attribute_cases() { return kCases; }

}  // namespace suites
