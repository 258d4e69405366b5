#include "harness/live/control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <charconv>
#include <iterator>

#include "protocol/check.h"
#include "reference/digest.h"

namespace harness::live {
namespace {

using boost::system::error_code;
using reference::Fact;

constexpr size_t kBuffer = size_t{64} << 10;
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

namespace {

// Every number of a fact, in the order of its text form.
template <class F, class Visit>
void each_number(F& fact, Visit visit) {
  visit(fact.type);
  visit(fact.opcode);
  visit(fact.flags);
  visit(fact.conn_cnt);
  visit(fact.xid);
  visit(fact.transno);
  visit(fact.object.first);
  visit(fact.object.second);
  visit(fact.handle);
  visit(fact.value);
  visit(fact.start);
  visit(fact.end);
  visit(fact.digest);
  for (auto& version : fact.versions) visit(version);
}

}  // namespace

std::string encode_fact(const Fact& fact) {
  std::string line = fmt::format("{}\t", static_cast<unsigned>(fact.kind));
  each_number(fact, [&](auto value) { fmt::format_to(std::back_inserter(line), "{}\t", value); });
  return line + escaped(fact.client) + '\t' + escaped(fact.text) + '\t';
}

std::string encode_peer(const reference::PeerId& peer) {
  return fmt::format("{} {}", peer.nid, peer.pid);
}

std::optional<reference::PeerId> decode_peer(std::string_view text) {
  reference::PeerId peer;
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const bool whole =
      number(text.substr(0, space), peer.nid) && number(text.substr(space + 1), peer.pid);
  return whole ? std::optional(peer) : std::nullopt;
}

std::string encode_bytes(const protocol::Bytes& bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const uint8_t byte : bytes.view()) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<protocol::Bytes> decode_bytes(std::string_view text) {
  const auto value = [](char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
  };
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<uint8_t> bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = value(text[i]);
    const int low = value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return protocol::Bytes(std::move(bytes));
}

uint64_t message_digest(const protocol::Bytes& message) {
  reference::Digest digest;
  digest.bytes(message.view().data(), message.size());
  return digest.value();
}

std::optional<Fact> decode_fact(std::string_view line) {
  bool whole = true;
  const auto field = [&] {
    const size_t tab = line.find('\t');
    whole = whole && tab != std::string_view::npos;
    const std::string_view value = line.substr(0, tab);
    line.remove_prefix(whole ? tab + 1 : line.size());
    return value;
  };
  Fact fact;
  unsigned kind = 0;
  whole = number(field(), kind) && kind < Fact::kKinds;
  each_number(fact, [&](auto& value) { whole = number(field(), value) && whole; });
  const std::string client = unescaped(field());
  fact.text = unescaped(field());
  if (!whole || !line.empty()) return std::nullopt;
  fact.kind = static_cast<Fact::Kind>(kind);
  fact.client = client;
  return fact;
}

}  // namespace harness::live
