#include "reference/open_files.h"

#include <catch2/catch.hpp>

using namespace reference;

TEST_CASE("Open files are found by handle, by request, and by the handle of before",
          "[open files]") {
  OpenFiles files;
  const OpenFile read{
      .handle = 9, .old_handle = 0, .inode = 5, .mode = kOpenRead, .xid = 1, .export_id = 1};
  const OpenFile write{.handle = 4,
                       .old_handle = 70,
                       .inode = 5,
                       .mode = kOpenRead | kOpenWrite,
                       .xid = 2,
                       .export_id = 1};
  files.open(read);
  files.open(write);

  REQUIRE(*files.find(9) == read);
  REQUIRE(*files.find_by_xid(1, 2) == write);
  REQUIRE(files.find_by_xid(2, 2) == nullptr);
  REQUIRE(*files.find_by_old_handle(1, 70) == write);
  REQUIRE(files.find_by_old_handle(2, 70) == nullptr);
  REQUIRE(files.find_by_old_handle(1, 0) == nullptr);
}

TEST_CASE("The counts of an inode follow from its open files", "[open files]") {
  OpenFiles files;
  files.open({.handle = 1, .inode = 5, .mode = kOpenRead, .xid = 1});
  files.open({.handle = 2, .inode = 5, .mode = kOpenWrite, .xid = 2});
  files.open({.handle = 3, .inode = 6, .mode = kOpenExecute, .xid = 3});
  REQUIRE(files.open_count(5) == 2);
  REQUIRE(files.writer_count(5) == 1);
  REQUIRE(files.executor_count(6) == 1);
  files.close(2);
  REQUIRE(files.writer_count(5) == 0);
  REQUIRE(files.open_count(5) == 1);
}
