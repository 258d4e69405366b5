#include "suites/application.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "suites/conformance.h"

namespace suites {

using harness::Result;
using harness::Syscall;
using Kind = harness::Syscall::Kind;

namespace {

protocol::Bytes bytes_of(std::string_view text) {
  return protocol::Bytes(protocol::as_bytes(text));
}

std::string text_of(const protocol::Bytes& bytes) {
  return std::string(protocol::as_text(bytes.view()));
}

}  // namespace

bool Pending::done() const { return conformance_->world().result(client_, order_) != nullptr; }

const Result& Pending::result() {
  if (!conformance_->world().run_until([this] { return done(); })) {
    throw Stop{Outcome::fail, "LIVE-1: a call of an application did not end"};
  }
  return *conformance_->world().result(client_, order_);
}

std::string Application::uuid() const { return conformance_.world().client_uuid(client_); }

Pending Application::begin(const Syscall& call) {
  return {conformance_, client_, conformance_.world().submit(client_, call)};
}

Result Application::call(const Syscall& call) { return begin(call).result(); }

int32_t Application::mount() { return call({.kind = Kind::mount}).status; }
int32_t Application::unmount() { return call({.kind = Kind::unmount}).status; }

int32_t Application::mkdir(std::string_view path, uint32_t mode) {
  return call({.kind = Kind::mkdir, .path = std::string(path), .mode = mode}).status;
}

int32_t Application::rmdir(std::string_view path) {
  return call({.kind = Kind::rmdir, .path = std::string(path)}).status;
}

int32_t Application::unlink(std::string_view path) {
  return call({.kind = Kind::unlink, .path = std::string(path)}).status;
}

int32_t Application::link(std::string_view existing, std::string_view path) {
  return call({.kind = Kind::link, .path = std::string(existing), .target = std::string(path)})
      .status;
}

int32_t Application::symlink(std::string_view content, std::string_view path) {
  return call({.kind = Kind::symlink, .path = std::string(path), .target = std::string(content)})
      .status;
}

int32_t Application::rename(std::string_view from, std::string_view to) {
  return call({.kind = Kind::rename, .path = std::string(from), .target = std::string(to)}).status;
}

int32_t Application::chmod(std::string_view path, uint32_t mode) {
  return call({.kind = Kind::chmod, .path = std::string(path), .mode = mode}).status;
}

int32_t Application::chown(std::string_view path, uint32_t uid, uint32_t gid) {
  return call({.kind = Kind::chown, .path = std::string(path), .uid = uid, .gid = gid}).status;
}

int32_t Application::utime(std::string_view path, int64_t atime, int64_t mtime) {
  return call(
             {.kind = Kind::utime, .path = std::string(path), .atime = atime, .mtime = mtime})
      .status;
}

int32_t Application::truncate(std::string_view path, uint64_t size) {
  return call({.kind = Kind::truncate, .path = std::string(path), .offset = size}).status;
}

int32_t Application::mknod(std::string_view path, uint32_t mode) {
  return call({.kind = Kind::mknod, .path = std::string(path), .mode = mode}).status;
}

int32_t Application::create(std::string_view path, uint32_t mode) {
  const Result made = open(path, kCreate | kExclusive | kWrite, mode);
  return made.status != 0 ? made.status : close(made.value);
}

int32_t Application::close(uint64_t fd) { return call({.kind = Kind::close, .fd = fd}).status; }
int32_t Application::fsync(uint64_t fd) { return call({.kind = Kind::fsync, .fd = fd}).status; }

int32_t Application::flock(uint64_t fd, uint32_t kind, uint64_t start, uint64_t end) {
  return call({.kind = Kind::flock,
               .flags = kind | harness::kFlockNoWait,
               .fd = fd,
               .offset = start,
               .length = end})
      .status;
}

int32_t Application::setxattr(std::string_view path, std::string_view name,
                              std::string_view value) {
  return call({.kind = Kind::setxattr,
               .path = std::string(path),
               .target = std::string(name),
               .data = bytes_of(value)})
      .status;
}

Result Application::open(std::string_view path, uint32_t flags, uint32_t mode) {
  return call({.kind = Kind::open, .path = std::string(path), .flags = flags, .mode = mode});
}

uint64_t Application::opened(std::string_view path, uint32_t flags, uint32_t mode) {
  const Result result = open(path, flags, mode);
  EXPECT_EQ(result.status, 0) << "open " << path;
  return result.value;
}

Result Application::stat(std::string_view path) {
  return call({.kind = Kind::stat, .path = std::string(path)});
}

Result Application::lstat(std::string_view path) {
  return call({.kind = Kind::lstat, .path = std::string(path)});
}

Result Application::readlink(std::string_view path) {
  return call({.kind = Kind::readlink, .path = std::string(path)});
}

Result Application::getxattr(std::string_view path, std::string_view name) {
  return call(
      {.kind = Kind::getxattr, .path = std::string(path), .target = std::string(name)});
}

Result Application::statfs() { return call({.kind = Kind::statfs}); }

int64_t Application::write(uint64_t fd, uint64_t offset, std::string_view bytes) {
  const Result result =
      call({.kind = Kind::write, .fd = fd, .offset = offset, .data = bytes_of(bytes)});
  return result.status != 0 ? result.status : static_cast<int64_t>(result.value);
}

std::string Application::read(uint64_t fd, uint64_t offset, uint64_t length) {
  const Result result =
      call({.kind = Kind::read, .fd = fd, .offset = offset, .length = length});
  EXPECT_EQ(result.status, 0) << "read";
  return text_of(result.data);
}

std::vector<std::string> Application::list(std::string_view path) {
  const Result result = call({.kind = Kind::readdir, .path = std::string(path)});
  EXPECT_EQ(result.status, 0) << "readdir " << path;
  std::vector<std::string> names;
  for (const harness::DirectoryEntry& entry : result.entries) {
    if (entry.name != "." && entry.name != "..") names.push_back(entry.name);
  }
  std::ranges::sort(names);
  return names;
}

void Application::put(std::string_view path, std::string_view content) {
  const uint64_t fd = opened(path, kCreate | kTruncate | kWrite);
  EXPECT_EQ(write(fd, 0, content), static_cast<int64_t>(content.size())) << "write " << path;
  EXPECT_EQ(close(fd), 0) << "close " << path;
}

std::string Application::get(std::string_view path) {
  constexpr uint64_t kAll = 64u << 20;
  const uint64_t fd = opened(path, kRead);
  std::string content = read(fd, 0, kAll);
  EXPECT_EQ(close(fd), 0) << "close " << path;
  return content;
}

}  // namespace suites
