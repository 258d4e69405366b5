#include "harness/check/contents.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "protocol/ptlrpc.h"

namespace harness::check {

using Kind = reference::Syscall::Kind;

namespace {

// A read that got less than it asked for got nothing behind it: zeros, so far.
constexpr uint64_t kPaddingMax = 1 << 20;

protocol::Bytes padded(const protocol::Bytes& data, uint64_t asked) {
  if (data.size() >= asked || asked > kPaddingMax) return data;
  std::vector<uint8_t> whole(data.view().begin(), data.view().end());
  whole.resize(asked);
  return protocol::Bytes(std::move(whole));
}

}  // namespace

void Contents::on(const Record& record, Findings& findings) {
  if (const auto* began = std::get_if<record::CallBegan>(&record.what)) {
    on_began(record, *began);
  } else if (const auto* ended = std::get_if<record::CallEnded>(&record.what)) {
    on_ended(record, *ended, findings);
  } else if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (started->node.role == record::Role::probe) probes_[record.node] = true;
  } else if (const auto* sent = std::get_if<record::Sent>(&record.what)) {
    on_sent(record, *sent);
  } else if (const Fact* fact = fact_of(record)) {
    if (fact->kind == Fact::Kind::connected) {
      if (!fact->text.empty()) names_[record.node] = fact->client;
    } else if (fact->kind == Fact::Kind::evicted || fact->text == "client:evicted" ||
               fact->text == "write:failed") {
      lose(fact->client);
    }
  } else {
    lose(record.node);
    const FlatMap<Running, Begun> running = running_;
    for (const auto& [call, begun] : running) {
      if (call.client != record.node) continue;
      add(begun, call.client, kNeverEnds, nullptr, findings);
      running_.erase(call);
    }
    descriptors_.erase_if([&](const Descriptor& d, const Fid&) { return d.first == record.node; });
  }
}

void Contents::on_sent(const Record& record, const record::Sent& sent) {
  namespace opcode = protocol::ptlrpc::opcode;
  if (probes_.find(record.node) == nullptr) return;
  if (sent.envelope.kind != record::Envelope::Kind::request) return;
  foreign_ |=
      sent.envelope.opcode == opcode::kOstWrite || sent.envelope.opcode == opcode::kOstPunch;
}

void Contents::lose(const reference::ClientName& name) {
  for (const auto& [node, known] : names_) {
    if (known == name) lose(node);
  }
}

void Contents::lose(record::NodeIndex client) {
  for (const Call& call : calls_) {
    if (call.client == client && call.kind != Access::Kind::read) left_out_[call.file] = true;
  }
  for (const auto& [descriptor, file] : descriptors_) {
    if (descriptor.first == client) left_out_[file] = true;
  }
}

void Contents::on_began(const Record& record, const record::CallBegan& began) {
  // What may have happened until now of this client's, did or did not.
  for (Call& call : calls_) {
    if (call.client == record.node && call.maybe && call.end == kNeverEnds) {
      call.end = moments_.next(record);
    }
  }
  running_[{record.node, began.order}] = {began.call, moments_.next(record)};
  if (began.call->kind == Kind::unlink || began.call->kind == Kind::rename) {
    forget_names(*began.call);
  }
}

// The names mean another file from now on, or none.
void Contents::forget_names(const reference::Syscall& call) {
  const auto below = [](const std::string& path, const std::string& top) {
    return path == top || path.starts_with(top + "/");
  };
  paths_.erase_if([&](const std::string& path, const Fid&) {
    return below(path, call.path) || (!call.target.empty() && below(path, call.target));
  });
}

void Contents::on_ended(const Record& record, const record::CallEnded& ended, Findings& findings) {
  const Running key{record.node, ended.order};
  const Begun* known = running_.find(key);
  if (known == nullptr) return;
  const Begun begun = *known;
  running_.erase(key);
  add(begun, record.node, moments_.next(record), ended.result.get(), findings);
}

// Result null: the call never ended.
void Contents::add(const Begun& begun, record::NodeIndex client, Moment end,
                   const reference::Result* result, Findings& findings) {
  if (calls_.size() == kCallsMax || bytes_ > kBytesMax) {
    return findings.inconclusive("more calls, or bytes in them, than are remembered");
  }
  const reference::Syscall& call = *begun.call;
  const bool done = result != nullptr && result->status == 0;
  if (call.kind == Kind::close) return descriptors_.erase({client, call.fd});
  if (call.kind == Kind::open) {
    if (!done) return;
    const reference::Attributes& of = result->attributes;
    const Fid file{of.fid_seq, of.fid_oid, of.ino};
    descriptors_[{client, result->value}] = file;
    paths_[call.path] = file;
    if ((call.flags & O_APPEND) != 0) left_out_[file] = true;
    if ((call.flags & O_TRUNC) != 0) add_truncation(begun, client, end, file, 0, false);
    return;
  }
  if (call.kind == Kind::truncate) {
    if (const Fid* file = paths_.find(call.path)) {
      return add_truncation(begun, client, end, *file, call.offset, !done);
    }
    for (const Call& other : calls_) left_out_[other.file] = true;
    for (const auto& [descriptor, file] : descriptors_) left_out_[file] = true;
    return;
  }
  const Fid* file = descriptors_.find({client, call.fd});
  if (file == nullptr) return;
  Call access{
      .client = client, .file = *file, .begin = begun.at, .end = end, .offset = call.offset};
  if (call.kind == Kind::write) {
    access.kind = Access::Kind::write;
    access.maybe = !done;
    access.data = done ? call.data.slice(0, result->value) : call.data;
    if (!done) access.end = kNeverEnds;
  } else if (call.kind == Kind::read && done) {
    access.data = padded(result->data, call.length);
  } else {
    return;
  }
  if (access.data.empty()) return;
  bytes_ += access.data.size();
  calls_.push_back(std::move(access));
}

void Contents::add_truncation(const Begun& begun, record::NodeIndex client, Moment end,
                              const Fid& file, uint64_t size, bool maybe) {
  calls_.push_back({.kind = Access::Kind::truncate,
                    .maybe = maybe,
                    .client = client,
                    .file = file,
                    .begin = begun.at,
                    .end = maybe ? kNeverEnds : end,
                    .offset = size,
                    .data = {}});
}

void Contents::finish(Findings& findings) {
  if (foreign_) return;
  std::vector<const Call*> sorted;
  for (const Call& call : calls_) {
    if (left_out_.find(call.file) == nullptr) sorted.push_back(&call);
  }
  std::ranges::stable_sort(sorted, {}, [](const Call* call) { return call->file; });
  for (size_t first = 0; first < sorted.size();) {
    std::vector<Access> accesses;
    size_t last = first;
    for (; last < sorted.size() && sorted[last]->file == sorted[first]->file; ++last) {
      const Call& call = *sorted[last];
      accesses.push_back(
          {call.kind, call.maybe, call.begin, call.end, call.offset, call.data.view()});
    }
    const LinearVerdict verdict = judge_file(accesses);
    if (verdict.kind == LinearVerdict::Kind::broken) {
      std::vector<uint64_t> witness;
      for (const uint32_t index : verdict.witness) {
        const auto [begin, end] = std::pair(accesses[index].begin, accesses[index].end);
        witness.push_back(moments_.record_of(begin));
        if (end != kNeverEnds) witness.push_back(moments_.record_of(end));
      }
      std::ranges::sort(witness);
      const Fid& file = sorted[first]->file;
      return findings.broken("ATOMIC-DATA",
                             fmt::format("file {:#x}:{:#x}: {}", file.seq, file.oid, verdict.why),
                             witness);
    }
    if (verdict.kind == LinearVerdict::Kind::undecided) findings.inconclusive(verdict.why);
    first = last;
  }
}

std::pair<std::vector<std::pair<Contents::Call, Span>>, std::vector<Span>> Contents::told() const {
  std::vector<Span> spans;
  for (const Call& call : calls_) spans.push_back({call.begin, call.end});
  for (const auto& [key, begun] : running_) spans.push_back({begun.at, kNeverEnds});
  spans = plainest(std::move(spans));
  std::vector<std::pair<Call, Span>> ended;
  for (size_t i = 0; i < calls_.size(); ++i) ended.emplace_back(calls_[i], spans[i]);
  std::ranges::stable_sort(ended, {}, [](const auto& one) { return one.first.client; });
  spans.erase(spans.begin(), spans.begin() + static_cast<ptrdiff_t>(calls_.size()));
  return {std::move(ended), std::move(spans)};
}

}  // namespace harness::check
