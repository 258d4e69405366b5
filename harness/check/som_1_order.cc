#include "harness/check/som_1_order.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/lnet_message.h"
#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "protocol/ost.h"
#include "reference/file_mode.h"
#include "reference/layout.h"

namespace harness::check {

namespace operation = protocol::operations_2_0;
namespace disposition = protocol::ldlm::disposition;
namespace valid = protocol::mds::valid;
using record::Envelope;

namespace {

std::expected<protocol::Message, protocol::WireError> message_in(const protocol::Bytes& bytes) {
  const auto whole = protocol::LnetMessage::parse(bytes);
  if (!whole) return std::unexpected(whole.error());
  return protocol::Message::parse(whole->payload);
}

// What of an answer about a file counts here.
struct Told {
  protocol::mds_2_0::MdtBody body;
  protocol::ByteView md;
  bool created = false;
};
// A lookup's is like a getattr's.
template <class Operation>
std::optional<Told> told_by_intent(const protocol::Message& message) {
  const auto reply = Operation::Reply::decode(message);
  if (!reply || reply->lock.lock_policy_res2 < 0) return std::nullopt;
  const uint64_t creation = disposition::kLookupNeg | disposition::kOpenCreate;
  return Told{reply->body, reply->md, (reply->lock.lock_policy_res1 & creation) == creation};
}
std::optional<Told> told_in(const protocol::Message& message) {
  if (message.body().opc == operation::LdlmEnqueueIntentOpen::kOpcode) {
    const auto opened = told_by_intent<operation::LdlmEnqueueIntentOpen>(message);
    return opened ? opened : told_by_intent<operation::LdlmEnqueueIntentGetattr>(message);
  }
  const auto reply = operation::MdsGetattr::Reply::decode(message);
  return reply ? std::optional(Told{reply->body, reply->md}) : std::nullopt;
}

}  // namespace

void Som1Order::on(const Record& record, Findings& findings) {
  ++now_;
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    const record::Node& node = started->node;
    if (!record::is_server(node.role)) return;
    nodes_[record.node] = node.role == record::Role::ost ? Server(node.index) : std::nullopt;
  } else if (const Fact* fact = fact_of(record)) {
    if (nodes_.find(record.node) == nullptr) on_connected(record.node, *fact);
  } else if (std::holds_alternative<record::Crashed>(record.what)) {
    on_crashed(record.node);
  } else if (const auto* faulted = std::get_if<record::Faulted>(&record.what)) {
    // What was done to servers that tell nothing of themselves (live/target_world.cc).
    const std::string& what = faulted->what;
    if (what.starts_with("crash ost") || what.starts_with("stop ost")) forget(std::nullopt);
  } else if (!profile_ || nodes_.find(record.node) != nullptr) {
    return;
  } else if (const auto* sent = std::get_if<record::Sent>(&record.what)) {
    on_sent(record, *sent, findings);
  } else {
    on_received(record, std::get<record::Received>(record.what), findings);
  }
}

void Som1Order::on_connected(record::NodeIndex client, const Fact& fact) {
  const Server ost = ost_of(fact);
  const bool mds = fact.text.find("-MDT") != std::string::npos;
  if (!ost && !mds) return;
  handles_[{client, fact.handle}] = ost;
  profile_ = profile_ || (mds && (fact.start & protocol::ptlrpc::connect_flag::kSom) != 0);
}

void Som1Order::on_sent(const Record& record, const record::Sent& sent, Findings& findings) {
  const Server* server = handles_.find({record.node, sent.envelope.handle});
  if (sent.envelope.kind != Envelope::Kind::request || server == nullptr) return;
  switch (sent.envelope.opcode) {
    case operation::OstWrite::kOpcode:
    case operation::OstPunch::kOpcode:
      if (*server) on_change(record, sent, **server, findings);
      return;
    case operation::LdlmEnqueueIntentOpen::kOpcode:
    case operation::MdsGetattr::kOpcode:
    case operation::MdsGetattrName::kOpcode: {
      const Request request{record.node, sent.to, sent.envelope.xid};
      // Sent again, it is the same question.
      if (*server || questions_.find(request) != nullptr) return;
      if (questions_.size() == kUnderWayMax) return findings.inconclusive("too much at once");
      questions_[request] = {now_, {record.index}};
      return;
    }
    default:
      return;
  }
}

void Som1Order::on_change(const Record& record, const record::Sent& sent, uint32_t ost,
                          Findings& findings) {
  const Request request{record.node, sent.to, sent.envelope.xid};
  const auto message = message_in(sent.bytes);
  if (!message || changes_.find(request) != nullptr) return;
  FileSizes::Change change;
  protocol::ost::Obdo oa;
  if (const auto write = operation::OstWrite::Request::decode(*message);
      sent.envelope.opcode == operation::OstWrite::kOpcode && write) {
    oa = write->body.oa;
    for (const protocol::ost::NiobufRemote& each : write->niobufs) {
      change.size = std::max(change.size, each.offset + each.len);
    }
  } else if (const auto punch = operation::OstPunch::Request::decode(*message);
             sent.envelope.opcode == operation::OstPunch::kOpcode && punch) {
    oa = punch->body.oa;
    if (oa.blocks != protocol::ost::object_limit::kEof) return;  // a hole
    change.cuts = true;
    change.size = oa.size;
  } else {
    return;
  }
  const FileName name{oa.parent_seq, oa.parent_oid, oa.parent_ver};
  File* file = files_.find(name);
  if (file == nullptr) return;
  const Object object{ost, {oa.id, oa.seq}};
  const auto place = std::ranges::find(file->objects, object);
  if (place == file->objects.end()) return;
  change.stripe = static_cast<uint32_t>(place - file->objects.begin());
  if (changes_.size() == kUnderWayMax) return findings.inconclusive("too much at once");
  if (!file->sizes.begins(now_, change)) return findings.inconclusive("too many orders");
  file->changed = {record.index};
  changes_[request] = {name, now_};
}

void Som1Order::on_received(const Record& record, const record::Received& received,
                            Findings& findings) {
  if (received.envelope.kind != Envelope::Kind::reply) return;
  const Request request{record.node, received.from, received.envelope.xid};
  if (const UnderWay* known = changes_.find(request)) {
    const UnderWay change = *known;
    changes_.erase(request);
    on_changed(received, change, findings);
  } else if (const Question* asked = questions_.find(request)) {
    const Question question = *asked;
    questions_.erase(request);
    const auto message = message_in(received.bytes);
    if (message && message->body().status >= 0) on_answer(record, *message, question, findings);
  }
}

void Som1Order::on_changed(const record::Received& received, const UnderWay& change,
                           Findings& findings) {
  File* file = files_.find(change.file);
  const auto message = message_in(received.bytes);
  bool done = message && message->body().status == 0;
  if (done && received.envelope.opcode == operation::OstWrite::kOpcode) {
    const auto reply = operation::OstWrite::Reply::decode(*message);
    done = reply && std::ranges::all_of(reply->rc, [](int32_t status) { return status == 0; });
  }
  file->sizes.ends(change.began, now_, done);
  settle(*file, findings);
}

void Som1Order::on_answer(const Record& record, const protocol::Message& message,
                          const Question& question, Findings& findings) {
  const auto told = told_in(message);
  if (!told || (told->body.mode & reference::kModeTypeMask) != reference::kModeRegular) return;
  const FileName name{told->body.fid1.seq, told->body.fid1.oid, told->body.fid1.ver};
  File* file = files_.find(name);
  if (file == nullptr) {
    const auto layout = reference::decode_layout(told->md);
    if (!layout) return;
    if (files_.size() == kFilesMax) return findings.inconclusive("too many files");
    file = &files_[name];
    file->sizes = FileSizes(layout->stripe_size, layout->stripes.size(), told->created);
    for (const reference::Stripe& stripe : layout->stripes) {
      file->objects.push_back({stripe.ost_index, {stripe.object_id, stripe.object_seq}});
    }
    file->changed = {record.index};
  }
  if ((told->body.valid & valid::kSize) == 0) return settle(*file, findings);
  switch (file->sizes.told(question.asked, now_, told->body.size)) {
    case FileSizes::Answer::possible:
      return settle(*file, findings);
    case FileSizes::Answer::undecided:
      return findings.inconclusive("too many orders");
    case FileSizes::Answer::impossible:
      break;
  }
  std::vector<uint64_t> witness{file->changed.index, question.at.index, record.index};
  std::ranges::sort(witness);
  findings.broken("SOM-1-ORDER",
                  fmt::format("the MDS tells a size of {} bytes, which the file had in no order of "
                              "what was done to it",
                              told->body.size),
                  std::move(witness));
}

void Som1Order::on_crashed(record::NodeIndex node) {
  if (const Server* server = nodes_.find(node)) {
    if (*server) forget(*server);
  } else {
    changes_.erase_if(
        [&](const Request& request, const UnderWay&) { return request.client == node; });
    questions_.erase_if(
        [&](const Request& request, const Question&) { return request.client == node; });
  }
}

// What it has of files; none: any.
void Som1Order::forget(Server ost) {
  for (auto& [name, file] : files_) {
    for (uint32_t i = 0; i < file.objects.size(); ++i) {
      if (!ost || file.objects[i].ost == *ost) file.sizes.forget(i, now_);
    }
  }
}

// Whoever has asked something may still be told of any file.
void Som1Order::settle(File& file, Findings& findings) {
  if (questions_.size() == 0 && !file.sizes.settle(now_)) findings.inconclusive("too many orders");
}

}  // namespace harness::check
