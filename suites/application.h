// An application on a client of ours: file system calls that wait for their results, and calls that
// are begun now and looked at later.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/world.h"

namespace suites {

class Conformance;

// A call that was begun.
class Pending {
 public:
  Pending(Conformance& conformance, harness::ClientId client, harness::OrderId order)
      : conformance_(&conformance), client_(client), order_(order) {}
  bool done() const;
  // Waits for it.
  const harness::Result& result();
  int32_t status() { return result().status; }

 private:
  Conformance* conformance_;
  harness::ClientId client_;
  harness::OrderId order_;
};

// Linux's open flags, as applications on x86 give them.
inline constexpr uint32_t kRead = 00, kWrite = 01, kReadWrite = 02, kCreate = 0100,
                          kExclusive = 0200, kExecute = 040, kTruncate = 01000, kAppend = 02000,
                          kDirect = 040000;
inline constexpr uint32_t kShared = 0, kExclusiveLock = 1, kUnlock = 2;  // F_RDLCK F_WRLCK F_UNLCK

class Application {
 public:
  Application(Conformance& conformance, harness::ClientId client)
      : conformance_(conformance), client_(client) {}

  harness::ClientId id() const { return client_; }
  std::string uuid() const;

  // Begins a call; nothing has happened yet when this returns.
  Pending begin(const harness::Syscall& call);
  // Begins a call and waits for its result.
  harness::Result call(const harness::Syscall& call);

  // Each returns 0 or a negative errno, unless it says otherwise.
  int32_t mount();
  int32_t unmount();
  int32_t mkdir(std::string_view path, uint32_t mode = 0755);
  int32_t rmdir(std::string_view path);
  int32_t unlink(std::string_view path);
  int32_t link(std::string_view existing, std::string_view path);
  int32_t symlink(std::string_view content, std::string_view path);
  int32_t rename(std::string_view from, std::string_view to);
  int32_t chmod(std::string_view path, uint32_t mode);
  int32_t chown(std::string_view path, uint32_t uid, uint32_t gid);
  int32_t utime(std::string_view path, int64_t atime, int64_t mtime);
  int32_t truncate(std::string_view path, uint64_t size);
  int32_t mknod(std::string_view path, uint32_t mode);
  int32_t create(std::string_view path, uint32_t mode = 0644);  // and close
  int32_t close(uint64_t fd);
  int32_t fsync(uint64_t fd);
  // Does not wait: -EAGAIN while another has the range.
  int32_t flock(uint64_t fd, uint32_t kind, uint64_t start, uint64_t end);
  int32_t setxattr(std::string_view path, std::string_view name, std::string_view value);
  harness::Result open(std::string_view path, uint32_t flags, uint32_t mode = 0644);
  // Opens, expecting that it works; returns the fd.
  uint64_t opened(std::string_view path, uint32_t flags, uint32_t mode = 0644);
  harness::Result stat(std::string_view path);
  harness::Result lstat(std::string_view path);
  harness::Result readlink(std::string_view path);
  harness::Result getxattr(std::string_view path, std::string_view name);
  harness::Result statfs();
  // Bytes written, or a negative errno.
  int64_t write(uint64_t fd, uint64_t offset, std::string_view bytes);
  // What was read; a failed read fails the case.
  std::string read(uint64_t fd, uint64_t offset, uint64_t length);
  // Names in a directory without "." and "..", sorted.
  std::vector<std::string> list(std::string_view path);
  // Creates, writes, closes: expecting that it works.
  void put(std::string_view path, std::string_view content);
  // Opens, reads all, closes: expecting that it works.
  std::string get(std::string_view path);

 private:
  Conformance& conformance_;
  harness::ClientId client_;
};

}  // namespace suites
