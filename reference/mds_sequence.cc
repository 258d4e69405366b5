// SEQ_QUERY and FLD_QUERY: who may make FIDs, and which MDT serves them (2.0).

#include <cerrno>

#include "protocol/operations_2_0.h"
#include "reference/mds.h"
#include "reference/record.h"

namespace reference {

namespace {
using protocol::operations_2_0::FldQuery;
using protocol::operations_2_0::SeqQuery;
constexpr std::string_view kSequenceKey = "seq/next";
}  // namespace

uint64_t Mds::stored_sequence(const Store& store) {
  const auto row = store.find(std::string(kSequenceKey));
  return row == store.end() ? kFidSeqNormal : RecordReader(row->second.view()).number<uint64_t>();
}

// A sequence is never given twice, so the answer waits until that is durable.
void Mds::on_seq_query(Call& call) {
  const auto asked = SeqQuery::Request::decode(call.message());
  if (!asked) return malformed(call);
  if (asked->op != protocol::fid::seq_op::kAllocMeta) {
    return service_.refuse(call.turn, call.request, -EOPNOTSUPP);
  }

  SeqQuery::Reply granted;
  granted.range.start = next_sequence_++;
  granted.range.end = next_sequence_;
  granted.range.mdt = config_.index;
  RecordWriter record;
  record.number(next_sequence_);
  service_.persist(call.turn, {{Key(kSequenceKey), record.finish()}});

  Reply reply = service_.reply(call.request);
  reply.after_commit = true;
  granted.encode(reply.message);
  service_.finish(call.turn, call.request, reply);
}

void Mds::on_fld_query(Call& call) {
  const auto asked = FldQuery::Request::decode(call.message());
  if (!asked) return malformed(call);
  if (asked->op != protocol::fid::fld_op::kLookup) {
    return service_.refuse(call.turn, call.request, -EOPNOTSUPP);
  }

  FldQuery::Reply found;
  found.range.start = asked->range.start;
  found.range.end = asked->range.start + 1;
  found.range.mdt = config_.index;
  Reply reply = service_.reply(call.request);
  found.encode(reply.message);
  service_.finish(call.turn, call.request, reply);
}

}  // namespace reference
