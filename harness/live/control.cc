#include "harness/live/control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <charconv>

#include "protocol/check.h"

namespace harness::live {
namespace {

using boost::system::error_code;
using reference::Fact;

constexpr size_t kBuffer = size_t{64} << 10;
constexpr size_t kFields = 9;
constexpr int kRoom = 4 << 20;

// Tabs, newlines and percent signs would end a field or a line.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || static_cast<unsigned char>(c) < ' ') {
      out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

template <class T>
bool number(std::string_view text, T& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() && number(text.substr(i + 1, 2), value, 16)) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

ControlPipe::ControlPipe(boost::asio::io_context& loop, int descriptor, Handlers handlers)
    : descriptor_(loop, descriptor), handlers_(std::move(handlers)), buffer_(kBuffer) {
  descriptor_.non_blocking(true);
  read();
}

ControlPipe::~ControlPipe() { *alive_ = false; }

bool ControlPipe::send(std::string_view line) {
  std::string text(line);
  text += '\n';
  for (size_t done = 0; done < text.size();) {
    const ssize_t count =
        ::send(descriptor_.native_handle(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (count >= 0) {
      done += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd wait{descriptor_.native_handle(), POLLOUT, 0};
      poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void ControlPipe::drain() {
  while (!closed_) {
    error_code error;
    const size_t count = descriptor_.read_some(boost::asio::buffer(buffer_), error);
    if (error) return;  // nothing yet, or the end, which the read under way will find
    take({buffer_.data(), count});
  }
}

void ControlPipe::read() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this, alive = alive_](const error_code& cancelled) {
                           if (!*alive || cancelled || closed_) return;
                           error_code error;
                           const size_t count =
                               descriptor_.read_some(boost::asio::buffer(buffer_), error);
                           if (!error) take({buffer_.data(), count});
                           if (!*alive) return;
                           if (error && error != boost::asio::error::would_block) {
                             closed_ = true;
                             if (handlers_.closed) handlers_.closed();
                             return;
                           }
                           read();
                         });
}

void ControlPipe::take(std::string_view bytes) {
  partial_ += bytes;
  const std::shared_ptr<bool> alive = alive_;
  for (size_t end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n')) {
    const std::string line = partial_.substr(0, end);
    partial_.erase(0, end + 1);
    if (handlers_.line) handlers_.line(line);
    if (!*alive) return;
  }
}

std::pair<int, int> make_control_pipe() {
  int ends[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "no more sockets");
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  // Room for the notes of a busy server while the harness is busy itself; the kernel may give less.
  setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &kRoom, sizeof kRoom);
  return {ends[0], ends[1]};
}

std::string encode_fact(const Fact& fact) {
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t", static_cast<unsigned>(fact.kind),
                     escaped(fact.client), fact.xid, fact.transno, fact.object, fact.handle,
                     fact.value, escaped(fact.text));
}

std::optional<Fact> decode_fact(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (size_t i = 0; i < kFields; ++i) {
    const size_t tab = i + 1 < kFields ? line.find('\t') : line.size();
    if (tab == std::string_view::npos) return std::nullopt;
    fields[i] = line.substr(0, tab);
    line.remove_prefix(std::min(line.size(), tab + 1));
  }
  Fact fact;
  unsigned kind = 0;
  if (!number(fields[0], kind) || kind > static_cast<unsigned>(Fact::Kind::reached) ||
      !number(fields[2], fact.xid) || !number(fields[3], fact.transno) ||
      !number(fields[4], fact.object) || !number(fields[5], fact.handle) ||
      !number(fields[6], fact.value)) {
    return std::nullopt;
  }
  fact.kind = static_cast<Fact::Kind>(kind);
  fact.client = unescaped(fields[1]);
  fact.text = unescaped(fields[7]);
  return fact;
}

}  // namespace harness::live
