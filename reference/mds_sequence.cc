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

void Mds::reserve_sequences(Turn& turn) {
  std::vector<Write> writes = take_writes();
  sequences_end_ = next_sequence_ + kSequencesReserved;
  RecordWriter record;
  record.number(sequences_end_);
  writes.push_back({Key(kSequenceKey), record.finish()});
  sequences_commit_ = service_.persist(turn, std::move(writes));
  unlink_log_.written(sequences_commit_);
}

// A sequence is never given twice: the answer waits only if its reservation is not durable yet, so
// that a client gets one even while nothing is committed.
void Mds::on_seq_query(Call& call) {
  const auto asked = SeqQuery::Request::decode(call.message());
  if (!asked) return malformed(call);
  if (asked->op != protocol::fid::seq_op::kAllocMeta) {
    return service_.refuse(call.turn, call.request, -EOPNOTSUPP);
  }

  if (next_sequence_ == sequences_end_) reserve_sequences(call.turn);
  SeqQuery::Reply granted;
  granted.range.start = next_sequence_++;
  granted.range.end = next_sequence_;
  granted.range.mdt = config_.index;

  Reply reply = service_.reply(call.request);
  reply.after_commit = !service_.is_durable(sequences_commit_);
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
