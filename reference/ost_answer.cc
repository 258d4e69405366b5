// What the OST's handlers share: answers, object attributes, sequences.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/fid.h"
#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/ost.h"

namespace reference {

namespace fid_seq = protocol::fid::fid_seq;
namespace valid = protocol::mds::valid;

namespace {

// FILTER_VALID_FLAGS: what an OST says of an object.
constexpr uint64_t kDescribed = valid::kId | valid::kType | valid::kMode | valid::kSize |
                                valid::kBlocks | valid::kBlksz | valid::kAtime | valid::kMtime |
                                valid::kCtime;

}  // namespace

uint64_t Ost::wall_clock(Time now) const {
  return static_cast<uint64_t>(config_.wall_clock_base_s + now / kSecond);
}

void Ost::refuse(Call& call, int32_t status) {
  if (dialect().marks_refusals) return service_.refuse(call.step.turn, call.request, status);
  Reply reply = service_.reply(call.request);
  reply.status = status;
  service_.finish(call.step.turn, call.request, reply);
}

void Ost::answer(Call& call, int32_t status, const Obdo& obdo) {
  Reply reply = service_.reply(call.request);
  reply.status = status;
  protocol::operations_2_0::OstGetattr::Reply buffers;
  buffers.body.oa = obdo;
  buffers.encode(reply.message);
  service_.finish(call.step.turn, call.request, reply);
}

void Ost::commit(Call& call, const Obdo& obdo, std::vector<Write> writes, ObjectId object,
                 bool after_commit) {
  Transaction transaction = service_.begin(call.request);
  for (Write& write : writes) {
    if (write.value) {
      transaction.put(std::move(write.key), std::move(*write.value));
    } else {
      transaction.erase(std::move(write.key));
    }
  }
  Reply reply = service_.reply(call.request);
  reply.object = {object.id, object.seq};
  reply.after_commit = after_commit;
  protocol::operations_2_0::OstGetattr::Reply buffers;
  buffers.body.oa = obdo;
  buffers.encode(reply.message);
  service_.finish(call.step.turn, call.request, reply, std::move(transaction));
}

int32_t Ost::settle_sequence(const Call& call, Obdo& obdo) const {
  const Export* client = service_.find(call.request.export_id);
  const bool old_client = dialect().minds_full20 && client != nullptr &&
                          !client->may(protocol::ptlrpc::connect_flag::kFull20);
  if ((obdo.valid & valid::kGroup) == 0 || old_client) {
    obdo.seq = fid_seq::kOstMdt0;
    return 0;
  }
  const bool idif = obdo.seq >= fid_seq::kIdif && obdo.seq <= fid_seq::kIdifMax;
  const bool known = obdo.seq <= dialect().sequence_max || (idif && dialect().knows_idif);
  return known ? 0 : dialect().sequence_error;
}

const Object* Ost::find_object(Call& call, ObjectId id, std::vector<Write>& writes,
                               int32_t& status) {
  status = 0;
  if (const Object* object = objects_.find(id)) return object;
  // Precreated objects that a crash took are made again by the replay that needs them.
  if (id.id != 0 && (call.request.replay || service_.recovering())) {
    objects_.recreate(id, writes);
    note(call, Fact::Kind::object_made, id, id.id, id.id);
    return objects_.find(id);
  }
  status = -ENOENT;
  return nullptr;
}

Ost::Obdo Ost::describe(ObjectId id, const Object& object, const Obdo& asked) const {
  const ObjectAttributes& attributes = object.attributes;
  Obdo obdo = asked;
  obdo.valid = kDescribed | (asked.valid & valid::kGroup);
  obdo.id = id.id;
  obdo.seq = id.seq;
  obdo.size = attributes.size;
  obdo.blocks = object.blocks();
  obdo.blksize = Object::kPage;
  obdo.mtime = attributes.mtime;
  obdo.atime = attributes.atime;
  obdo.ctime = attributes.ctime;
  obdo.mode = attributes.mode;
  obdo.uid = attributes.uid;
  obdo.gid = attributes.gid;
  obdo.flags = 0;
  return obdo;
}

void Ost::take_times(const Call& call, ObjectId id, const Obdo& from, ObjectAttributes& to,
                     std::optional<uint64_t> now) const {
  const bool newest = times_.may_set(call.request.export_id, id, call.request.xid);
  if (!newest && !planted(Defect::older_times_win)) return;
  if (now && (from.valid & valid::kMtime) == 0) to.mtime = to.ctime = *now;
  if ((from.valid & valid::kMtime) != 0) to.mtime = from.mtime;
  if ((from.valid & valid::kAtime) != 0) to.atime = from.atime;
  if ((from.valid & valid::kCtime) != 0) to.ctime = from.ctime;
}

void Ost::take_owner(const Obdo& from, ObjectAttributes& to) const {
  if ((from.valid & valid::kFid) != 0) {
    to.parent_seq = from.parent_seq;
    to.parent_oid = from.parent_oid;
    to.parent_ver = from.parent_ver;
    to.stripe = from.stripe_idx;
  }
  if (to.fresh == 0) return;
  if ((from.valid & valid::kUid) != 0) to.uid = from.uid;
  if ((from.valid & valid::kGid) != 0) to.gid = from.gid;
  to.fresh = 0;
}

void Ost::note(const Call& call, Fact::Kind kind, ObjectId object, uint64_t start,
               uint64_t end) const {
  const Export* client = service_.find(call.request.export_id);
  call.step.turn.out.push_back(
      Note{{.kind = kind,
            .opcode = call.request.opcode,
            .flags = call.request.flags,
            .conn_cnt = call.request.message.body().conn_cnt,
            .client = client != nullptr ? client->name() : std::string_view(),
            .xid = call.request.xid,
            .object = {object.id, object.seq},
            .start = start,
            .end = end}});
}

void Ost::note_grant(Turn& turn, ExportId id) const {
  const Export* client = service_.find(id);
  if (client == nullptr) return;
  turn.out.push_back(Note{
      {.kind = Fact::Kind::grant,
       .client = client->name(),
       .value = static_cast<int64_t>(grants_.of(id)),
       .start = grants_.total(),
       .end = config_.capacity_bytes - std::min(config_.capacity_bytes, objects_.used_bytes())}});
}

uint64_t Ost::space_left() const {
  const uint64_t taken = objects_.used_bytes() + grants_.total();
  return config_.capacity_bytes - std::min(config_.capacity_bytes, taken);
}

}  // namespace reference
