#include "suites/stock/binding.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/buffers.h"
#include "protocol/fid.h"
#include "protocol/ptlrpc.h"

namespace suites {

using protocol::ByteView;
using protocol::Direction;
using protocol::Message;

namespace {

constexpr Name kNone = {};

std::string text_of(Space space, const Name& name) {
  constexpr std::string_view kSpaces[] = {"file", "open handle", "lock",
                                          "object", "log", "sequence"};
  return fmt::format("{} {{{:#x}, {:#x}, {:#x}}}", kSpaces[static_cast<size_t>(space)], name[0],
                     name[1], name[2]);
}

// By what an object is known: not by where it is.
Name key_of(Space space, Name name) {
  if (space == Space::object) name[2] = 0;
  return name;
}

}  // namespace

Request::Request(const Message& message)
    : body(message.body()), header(message.header()), body_length(message.body_length()) {
  for (uint32_t i = 1; i < message.buffer_count(); ++i) {
    const ByteView buffer = message.buffer(i);
    buffers.emplace_back(buffer.begin(), buffer.end());
  }
}

protocol::Bytes Request::finish() const {
  protocol::MessageBuilder builder(body, header.flags, header.secflvr, header.repsize,
                                   body_length);
  for (const auto& buffer : buffers) builder.add(ByteView(buffer));
  return builder.finish();
}

protocol::Bytes Request::finish(const protocol::lnet::LnetHdr& to) const {
  protocol::MessageBuilder builder(body, header.flags, header.secflvr, header.repsize,
                                   body_length);
  for (const auto& buffer : buffers) builder.add(ByteView(buffer));
  return builder.finish(to);
}

std::vector<std::string> Binding::translate(const Exchange& exchange, Request& request) const {
  std::vector<std::string> unknown;
  for (const NamePlace& place :
       names_in(exchange.message, *exchange.operation, Direction::request)) {
    auto& buffer = request.buffers[place.buffer - 1];
    const Name captured = read_name(buffer, place);
    if (captured == kNone) continue;
    const auto ours = find(place.space, captured);
    ours ? write_name(buffer, place, *ours) : unknown.push_back(text_of(place.space, captured));
  }
  protocol::BufferCursor cursor(exchange.message, exchange.operation->request);
  for (const protocol::BufferInfo& info : exchange.operation->request.buffers) {
    const auto index = cursor.next();
    if (index && info.kind == protocol::BufferKind::text) {
      rename(request.buffers[*index - 1], info.count != 0);
    }
  }
  return unknown;
}

void Binding::rename(std::vector<uint8_t>& text, bool fixed_length) const {
  const std::string prefix = captured_fsname_ + "-";
  if (!protocol::as_text(text).starts_with(prefix)) return;
  const size_t length = text.size();
  text.erase(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(captured_fsname_.size()));
  text.insert(text.begin(), fsname_.begin(), fsname_.end());
  if (fixed_length) text.resize(length);
}

std::vector<std::string> Binding::learn(const Exchange& exchange, const Message& ours) {
  std::vector<std::string> changed;
  // Its answer says which sequences a server holds, and where they begin is its own affair.
  if (exchange.operation->opcode == protocol::ptlrpc::opcode::kFldQuery) return changed;
  const auto there = names_in(ours, *exchange.operation, Direction::reply);
  for (const NamePlace& place : names_in(exchange.answer, *exchange.operation, Direction::reply)) {
    const Name captured = read_name(exchange.answer.buffer(place.buffer), place);
    const auto at = std::ranges::find_if(
        there, [&](const NamePlace& other) { return other.same_place(place); });
    if (at == there.end() || captured == kNone) continue;
    Name name = read_name(ours.buffer(at->buffer), *at);
    if (name == kNone) continue;
    if (place.space == Space::object && place.pieces[2].size == 0) {
      // Only a layout says where an object is.
      const auto known = find(Space::object, captured);
      if (!known) continue;
      name[2] = (*known)[2];
    }
    if (auto wrong = bind(place.space, captured, name); !wrong.empty()) {
      changed.push_back(std::move(wrong));
    }
  }
  return changed;
}

std::string Binding::bind(Space space, const Name& captured, const Name& ours) {
  const auto [at, fresh] = names_.emplace(std::pair(space, key_of(space, captured)), ours);
  if (!fresh && at->second != ours) {
    return fmt::format("{} of the capture was {} here and is now {}", text_of(space, captured),
                       text_of(space, at->second), text_of(space, ours));
  }
  if (space == Space::file) {
    names_.emplace(std::pair(Space::sequence, Name{captured[0]}), Name{ours[0]});
  }
  return {};
}

std::optional<Name> Binding::find(Space space, const Name& captured) const {
  const auto at = names_.find({space, key_of(space, captured)});
  if (at != names_.end()) return at->second;
  if (space != Space::file) return std::nullopt;
  // A file that the client names itself, in a sequence that it was given.
  if (captured[0] < protocol::fid::fid_seq::kNormal) return std::nullopt;
  const auto sequence = names_.find({Space::sequence, Name{captured[0]}});
  if (sequence != names_.end()) return Name{sequence->second[0], captured[1], captured[2]};
  return std::nullopt;
}

std::optional<uint32_t> Binding::ost_of(const Exchange& exchange) const {
  for (const NamePlace& place :
       names_in(exchange.message, *exchange.operation, Direction::request)) {
    if (place.space != Space::object) continue;
    const Name captured = read_name(exchange.message.buffer(place.buffer), place);
    if (const auto ours = find(Space::object, captured)) return static_cast<uint32_t>((*ours)[2]);
  }
  return std::nullopt;
}

}  // namespace suites
