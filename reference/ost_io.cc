// OST: reading and writing. The server moves the data: what is written is fetched before it takes
// effect, what is read is brought before the reply.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/checksum.h"
#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/ost.h"
#include "reference/som_words.h"

namespace reference {

namespace brw_flag = protocol::ost::brw_flag;
namespace obdo_flag = protocol::ost::obdo_flag;
namespace operations = protocol::operations_2_0;
namespace valid = protocol::mds::valid;
using protocol::ost::NiobufRemote;
using protocol::ost::ObdIoobj;

struct Ost::Brw {
  Obdo obdo;
  ObjectId object;
  std::vector<NiobufRemote> niobufs;  // at least one, sorted
  uint32_t length = 0;                // of all
  uint64_t start() const { return niobufs.front().offset; }
  uint64_t end() const { return niobufs.back().offset + niobufs.back().len - 1; }
};

namespace {

constexpr uint32_t kChecksumFlags = obdo_flag::kCksumCrc32 | obdo_flag::kCksumAdler;

// Which of the two the client asked for; CRC-32 if it does not say.
uint32_t checksum_flag(const protocol::ost::Obdo& obdo) {
  const bool said = (obdo.valid & valid::kFlags) != 0;
  return said && (obdo.flags & obdo_flag::kCksumAdler) != 0 ? obdo_flag::kCksumAdler
                                                            : obdo_flag::kCksumCrc32;
}

uint32_t checksum(uint32_t flag, protocol::ByteView data) {
  return flag == obdo_flag::kCksumAdler ? protocol::adler32(data) : protocol::crc32(data);
}

void set_checksum(protocol::ost::Obdo& obdo, uint32_t flag, uint32_t sum) {
  obdo.valid |= valid::kCksum | valid::kFlags;
  obdo.flags = (obdo.flags & ~kChecksumFlags) | flag;
  obdo.nlink = sum;
}

// One object, as many stretches as it says, in order, one bulk transfer at most.
bool well_formed(const ObdIoobj& ioobj, protocol::ByteView ioobjs,
                 const protocol::ArrayView<NiobufRemote>& niobufs) {
  if (ioobjs.size() >= 2 * ObdIoobj::kSize || ioobj.bufcnt == 0) return false;
  if (ioobj.bufcnt > Ost::kNiobufsMax || niobufs.size() < ioobj.bufcnt) return false;
  uint64_t length = 0;
  uint64_t last = 0;
  for (uint32_t i = 0; i < ioobj.bufcnt; ++i) {
    const NiobufRemote niobuf = niobufs[i];
    if (niobuf.len == 0 || niobuf.offset < last) return false;
    if (niobuf.offset > Objects::kSizeMax - niobuf.len) return false;
    last = niobuf.offset + niobuf.len;
    length += niobuf.len;
    if ((niobuf.flags & brw_flag::kSrvlock) != (niobufs[0].flags & brw_flag::kSrvlock)) {
      return false;
    }
  }
  return length <= Ost::kBulkMax;
}

}  // namespace

std::optional<Ost::Brw> Ost::decode_brw(Call& call) {
  const auto buffers = dialect().decode_brw(call.message());
  if (!buffers) return refuse(call, -EFAULT), std::nullopt;
  const auto& [body, ioobj, niobufs] = *buffers;
  if (!well_formed(ioobj, call.message().buffer(2), niobufs)) {
    return refuse(call, -EFAULT), std::nullopt;
  }
  Brw brw;
  brw.obdo = body.oa;
  if (const int32_t status = settle_sequence(call, brw.obdo)) {
    return refuse(call, status), std::nullopt;
  }
  brw.object = {brw.obdo.seq, ioobj.id};
  for (uint32_t i = 0; i < ioobj.bufcnt; ++i) {
    brw.niobufs.push_back(niobufs[i]);
    brw.length += niobufs[i].len;
  }
  prolong(call, brw);
  return brw;
}

// The holder of a lock that is called back has its time again as long as it writes.
void Ost::prolong(Call& call, const Brw& brw) {
  if ((brw.obdo.valid & valid::kHandle) != 0) {
    callbacks_.prolong(locking(call.step), brw.obdo.handle.cookie);
    return;
  }
  const Resource* there = locks_.resource({{brw.object.id, brw.object.seq, 0, 0}});
  if (there == nullptr) return;
  for (const Lock& lock : there->granted) {
    if (lock.owner != call.request.export_id) continue;
    if (lock.policy.start > brw.end() || lock.policy.end < brw.start()) continue;
    callbacks_.prolong(locking(call.step), lock.handle);
  }
}

// Once for each request: what runs again after waiting has its lock.
void Ost::take_accounts(Call& call, const Brw& brw) {
  if (call.lock != 0 || (brw.obdo.valid & valid::kGrant) == 0) return;
  grants_.incoming(call.request.export_id, brw.obdo, call.request.resent);
}

bool Ost::lock_brw(Call& call, const Brw& brw, LockMode mode) {
  const bool lockless = (brw.niobufs.front().flags & brw_flag::kSrvlock) != 0;
  if (!lockless || planted(Defect::server_lock_ignored)) return true;
  constexpr uint64_t kPageMask = Object::kPage - 1;
  return hold(call, brw.object, mode, brw.start() & ~kPageMask, brw.end() | kPageMask);
}

// --- reading ---

void Ost::on_read(Call& call) {
  const auto brw = decode_brw(call);
  if (!brw) return;
  take_accounts(call, *brw);
  if (objects_.find(brw->object) == nullptr) return refuse(call, -ENOENT);
  if (!lock_brw(call, *brw, LockMode::pr)) return;
  const Object* object = objects_.find(brw->object);
  if (object == nullptr) return refuse(call, -ENOENT);
  // What lies behind the end is not sent, and nothing comes after the first stretch cut short.
  Bytes data;
  if (brw->niobufs.size() == 1) {
    data = object->read(brw->start(), brw->length);
  } else {
    std::vector<uint8_t> content;
    for (const NiobufRemote& niobuf : brw->niobufs) {
      const Bytes part = object->read(niobuf.offset, niobuf.len);
      content.insert(content.end(), part.view().begin(), part.view().end());
      if (part.size() < niobuf.len) break;
    }
    data = Bytes(std::move(content));
  }
  Job job;
  job.waits = Job::Waits::bulk;
  job.length = static_cast<uint32_t>(data.size());
  if ((brw->obdo.valid & valid::kCksum) != 0) {
    job.checksum = checksum(checksum_flag(brw->obdo), data.view());
  }
  job.deadline = call.step.turn.now + config_.timing.bulk_timeout;
  note(call, Fact::Kind::read, brw->object, brw->start(), brw->end() + 1);
  job.cookie = endpoint_.bulk_put(call.request.from, operations::OstRead::kBulkPortal,
                                  call.request.xid, data, call.step.turn.out);
  if (job.cookie == 0) return refuse(call, -ENOMEM);
  park(call, std::move(job));
}

void Ost::finish_read(Step& step, const Job& job) {
  const auto decoded = operations::OstRead::Request::decode(job.request.message);
  Reply reply = service_.reply(job.request);
  operations::OstRead::Reply buffers;
  buffers.body.oa = decoded->body.oa;
  buffers.body.oa.valid = 0;
  if ((decoded->body.oa.valid & valid::kCksum) != 0) {
    set_checksum(buffers.body.oa, checksum_flag(decoded->body.oa), job.checksum);
  }
  buffers.encode(reply.message);
  reply.status = static_cast<int32_t>(job.length);
  service_.finish(step.turn, job.request, reply);
}

// --- writing ---

void Ost::on_write(Call& call) {
  const auto brw = decode_brw(call);
  if (!brw) return;
  take_accounts(call, *brw);
  std::vector<Write> writes;
  int32_t status = 0;
  if (find_object(call, brw->object, writes, status) == nullptr) return refuse(call, status);
  if (!writes.empty()) service_.persist(call.step.turn, std::move(writes));
  if (!lock_brw(call, *brw, LockMode::pw)) return;
  if (fenced(brw->obdo, brw->object)) return refuse(call, -ESTALE);
  Job job;
  job.waits = Job::Waits::bulk;
  job.length = brw->length;
  job.deadline = call.step.turn.now + config_.timing.bulk_timeout;
  job.cookie = endpoint_.bulk_get(call.request.from, operations::OstWrite::kBulkPortal,
                                  call.request.xid, brw->length, call.step.turn.out);
  if (job.cookie == 0) return refuse(call, -ENOMEM);
  park(call, std::move(job));
}

// Grant pays for the pages that the client has cached under it, free space for the others. What a
// resent write made when it was first executed was paid for then.
bool Ost::cover(const Call& call, const Object& object, const NiobufRemote& niobuf,
                uint64_t& left) {
  const bool from_grant = (niobuf.flags & brw_flag::kFromGrant) != 0;
  const uint64_t last = (niobuf.offset + niobuf.len - 1) / Object::kPage;
  uint64_t unpaid = 0;
  for (uint64_t page = niobuf.offset / Object::kPage; page <= last; ++page) {
    const bool exists = object.has_page(page);
    const bool pays = from_grant && !(exists && call.request.resent);
    if (pays && grants_.use(call.request.export_id, Object::kPage)) continue;
    if (!exists) unpaid += Object::kPage;
  }
  if (unpaid > left) return false;
  left -= unpaid;
  return true;
}

// The checksum of what arrived is the client's to compare: it sends again what differs.
bool Ost::finish_write(Step& step, const Job& job, const Bytes& data) {
  Call call{step, job.request, job.lock, job.announced};
  const auto brw = decode_brw(call);
  if (!brw) return true;
  if (data.size() < job.length) return refuse(call, -EPROTO), true;
  const ObjectId id = brw->object;
  std::vector<Write> writes;
  int32_t status = 0;
  const Object* object = find_object(call, id, writes, status);
  if (object == nullptr) return refuse(call, status), true;
  if (fenced(brw->obdo, id)) return refuse(call, -ESTALE), true;
  const bool lockless = (brw->niobufs.front().flags & brw_flag::kSrvlock) != 0;
  if (announces(call, brw->obdo, lockless)) {
    announce(call, data);
    return !call.parked;
  }

  ObjectAttributes attributes = object->attributes;
  std::vector<int32_t> results;
  uint64_t left = space_left();
  uint64_t done = 0;
  for (const NiobufRemote& niobuf : brw->niobufs) {
    const bool room = cover(call, *objects_.find(id), niobuf, left);
    results.push_back(room ? 0 : -ENOSPC);
    if (room) {
      objects_.write(id, niobuf.offset, data.slice(done, niobuf.len), writes);
      attributes.size = std::max(attributes.size, niobuf.offset + niobuf.len);
      note(call, Fact::Kind::written, id, niobuf.offset, niobuf.offset + niobuf.len);
    }
    done += niobuf.len;
  }
  take_times(call, id, brw->obdo, attributes, wall_clock(step.turn.now));
  take_owner(brw->obdo, attributes);
  Transaction transaction = service_.begin(job.request);
  attributes.version = transaction.transno();
  objects_.set_attributes(id, attributes, writes);
  for (Write& write : writes) transaction.put(std::move(write.key), std::move(*write.value));
  refresh_lvb({{id.id, id.seq, 0, 0}}, true);
  note_object(step.turn, id);

  Reply reply = service_.reply(job.request);
  operations::OstWrite::Reply buffers;
  buffers.body.oa = describe(id, *objects_.find(id), brw->obdo);
  if ((brw->obdo.valid & valid::kGrant) != 0) {
    buffers.body.oa.valid |= valid::kGrant;
    buffers.body.oa.grant = grants_.give(job.request.export_id, brw->obdo.grant, brw->obdo.mode,
                                         space_left(), service_.recovering());
  }
  if ((brw->obdo.valid & valid::kCksum) != 0) {
    const uint32_t flag = checksum_flag(brw->obdo);
    set_checksum(buffers.body.oa, flag, checksum(flag, data.view()));
  }
  note_grant(step.turn, job.request.export_id);
  buffers.rc = results;
  buffers.encode(reply.message);
  reply.object = {id.id, id.seq};
  reply.after_commit = true;
  service_.finish(step.turn, job.request, reply, std::move(transaction));
  if (job.announced) say_of(step, job.request, kEpochEnds, 0);
  return true;
}

}  // namespace reference
