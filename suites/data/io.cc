// What is written is read: one client, several clients, several stripes, truncation.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

// Content in which every place is different from its neighbours.
std::string pattern(size_t length, uint32_t salt = 1) {
  std::string text(length, '\0');
  uint32_t state = salt;
  for (char& byte : text) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return text;
}

// A file over two stripes of 64 KiB.
uint64_t open_striped(Application& a, std::string_view path) {
  const auto result = a.call({.kind = harness::Syscall::Kind::open,
                              .path = std::string(path),
                              .flags = kCreate | kReadWrite,
                              .mode = 0644,
                              .stripe_count = 2,
                              .stripe_size = 65536});
  EXPECT_EQ(result.status, 0);
  return result.value;
}

const Case kCases[] = {
    {.id = "data.1",
     .requirement = "DATA-1",
     .sentence = "What a client wrote and closed, another client reads",
     .source = "semantics A2, A7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "hello, world");

           EXPECT_EQ(b.get("/f"), "hello, world");
           EXPECT_EQ(b.stat("/f").attributes.size, 12u);
         }},
    {.id = "data.2",
     .requirement = "DATA-2",
     .sentence = "What one client wrote and has not flushed, another reads all the same",
     .source = "semantics 3.4, 3.5, A7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "not flushed"), 11);

           EXPECT_EQ(b.get("/f"), "not flushed");
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "data.3",
     .requirement = "LOCK-7",
     .sentence = "A size that exists only in one client's cache is what another's stat gives",
     .source = "semantics 3.6, A8",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 1000, "x"), 1);

           EXPECT_EQ(b.stat("/f").attributes.size, 1001u);
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "data.4",
     .requirement = "DATA-3",
     .sentence = "A file larger than one transfer comes back byte for byte",
     .source = "rpc-formats, OST (at most 1 MiB a request)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const std::string content = pattern(5'000'000);
           a.put("/f", content);

           EXPECT_EQ(b.stat("/f").attributes.size, content.size());
           EXPECT_TRUE(b.get("/f") == content);
         }},
    {.id = "data.5",
     .requirement = "DATA-4",
     .sentence = "A striped file is one file: content and size over its stripes",
     .source = "differences 9; semantics 3.6",
     .needs = Needs::stripes,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const std::string content = pattern(300'000);
           const uint64_t fd = open_striped(a, "/f");
           EXPECT_EQ(a.write(fd, 0, content), 300'000);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_EQ(b.stat("/f").attributes.size, 300'000u);
           EXPECT_TRUE(b.get("/f") == content);
         }},
    {.id = "data.6",
     .requirement = "DATA-5",
     .sentence = "A hole reads as zeros",
     .source = "lnet-socklnd 5 (bulk read); rpc-formats, OST READ",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 100'000, "end"), 3);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_TRUE(b.get("/f") == std::string(100'000, '\0') + "end");
         }},
    {.id = "data.7",
     .requirement = "DATA-6",
     .sentence = "A read that begins behind the end gives nothing, one that crosses it is short",
     .source = "rpc-formats, OST READ",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           a.put("/f", "0123456789");
           const uint64_t fd = a.opened("/f", kRead);

           EXPECT_EQ(a.read(fd, 10, 100), "");
           EXPECT_EQ(a.read(fd, 1000, 100), "");
           EXPECT_EQ(a.read(fd, 7, 100), "789");
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "data.8",
     .requirement = "DATA-7",
     .sentence = "Truncation sets the size for every client, and what was behind it is gone",
     .source = "semantics 3.7; rpc-formats, OST PUNCH",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "0123456789");
           EXPECT_EQ(b.stat("/f").attributes.size, 10u);
           EXPECT_EQ(a.truncate("/f", 4), 0);
           EXPECT_EQ(b.stat("/f").attributes.size, 4u);
           EXPECT_EQ(a.truncate("/f", 8), 0);

           EXPECT_TRUE(b.get("/f") == std::string("0123\0\0\0\0", 8));
         }},
    {.id = "data.9",
     .requirement = "DATA-8",
     .sentence = "Truncation of a striped file sets the size over its stripes",
     .source = "semantics 3.7; rpc-formats, OST PUNCH",
     .needs = Needs::stripes,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const std::string content = pattern(300'000);
           const uint64_t fd = open_striped(a, "/f");
           EXPECT_EQ(a.write(fd, 0, content), 300'000);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(b.truncate("/f", 100'000), 0);

           EXPECT_EQ(a.stat("/f").attributes.size, 100'000u);
           EXPECT_TRUE(a.get("/f") == content.substr(0, 100'000));
         }},
    {.id = "data.10",
     .requirement = "DATA-9",
     .sentence = "Opening with O_TRUNC empties the file",
     .source = "semantics 3.7; rpc-formats, MDS_REINT (user-space O_TRUNC)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "a long content");
           b.put("/f", "short");

           EXPECT_EQ(a.get("/f"), "short");
         }},
    {.id = "data.11",
     .requirement = "DATA-10",
     .sentence = "Writes of two clients to one file, in turn, leave each what it wrote last",
     .source = "semantics 3.3, 3.5",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", std::string(20, '.'));
           const uint64_t fa = a.opened("/f", kReadWrite);
           const uint64_t fb = b.opened("/f", kReadWrite);
           EXPECT_EQ(a.write(fa, 0, "AAAAAAAAAA"), 10);
           EXPECT_EQ(b.write(fb, 5, "BBBBBBBBBB"), 10);
           EXPECT_EQ(a.write(fa, 8, "aa"), 2);

           EXPECT_EQ(b.read(fb, 0, 20), "AAAAABBBaaBBBBB.....");
           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.close(fb), 0);
         }},
    {.id = "data.12",
     .requirement = "DATA-11",
     .sentence = "Appends of two clients follow each other, none is lost",
     .source = "stock-clients, Operations (append)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fa = a.opened("/f", kCreate | kWrite | kAppend);
           const uint64_t fb = b.opened("/f", kWrite | kAppend);
           EXPECT_EQ(a.write(fa, 0, "one,"), 4);
           EXPECT_EQ(b.write(fb, 0, "two,"), 4);
           EXPECT_EQ(a.write(fa, 0, "three"), 5);
           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.close(fb), 0);

           EXPECT_EQ(a.get("/f"), "one,two,three");
         }},
    {.id = "data.13",
     .requirement = "DATA-12",
     .sentence = "fsync brings the data to the OSTs: a client that dies afterwards loses none",
     .source = "semantics 1.13, 3.5",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, "synced"), 6);
           EXPECT_EQ(a.fsync(fd), 0);
           c.world().kill_client(a.id());

           EXPECT_EQ(b.get("/f"), "synced");
         }},
    {.id = "data.14",
     .requirement = "ATOM-5",
     .sentence = "The space of an unlinked file is free again",
     .source = "semantics 2.5, A10",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           const uint64_t before = a.statfs().file_system.free;
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, pattern(2'000'000)), 2'000'000);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_LT(a.statfs().file_system.free, before);
           EXPECT_EQ(a.unlink("/f"), 0);
           c.drain();

           c.expect_in_time("the space to be free again",
                            [&] { return a.statfs().file_system.free == before; });
         }},
};

}  // namespace

std::span<const Case> data_cases() { return kCases; }

}  // namespace suites
