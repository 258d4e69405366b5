// Size-on-MDS on an OST: what its objects are, for who judges; reading sizes for the MDS; the fence
// that then keeps operations of older epochs out (facts: semantics 4.8).

#include <algorithm>
#include <utility>

#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/lock_modes.h"
#include "reference/ost.h"
#include "reference/som_words.h"

namespace reference {

namespace valid = protocol::mds::valid;

void Ost::note_object(Turn& turn, ObjectId id) const {
  if (!config_.som.on) return;
  const Object* object = objects_.find(id);
  if (object == nullptr) return;
  turn.out.push_back(Note{{.kind = Fact::Kind::object_state,
                           .object = {id.id, id.seq},
                           .start = object->attributes.size,
                           .end = object->blocks()}});
}

void Ost::note_objects_found(Turn& turn) const {
  if (!config_.som.on) return;
  for (const ObjectId id : objects_.all()) {
    const ObjectAttributes& attributes = objects_.find(id)->attributes;
    if (attributes.fresh == 0 || attributes.size != 0) note_object(turn, id);
  }
}

bool Ost::fenced(uint64_t epoch, ObjectId id) const {
  if (!config_.som.on || !config_.som.has(SomPolicy::fence)) return false;
  const Object* object = objects_.find(id);
  return object != nullptr && epoch < object->attributes.fence;
}

bool Ost::fenced(const Obdo& obdo, ObjectId id) const {
  return fenced((obdo.valid & valid::kEpoch) != 0 ? obdo.ioepoch : 0, id);
}

bool Ost::fenced(const LockRequest& wanted) const {
  if (compatible_modes(wanted.mode, LockMode::pr)) return false;
  if (planted(Defect::som_enqueue_not_fenced)) return false;
  return fenced(wanted.epoch, {wanted.resource.name[1], wanted.resource.name[0]});
}

void Ost::refuse_fenced(Step& step, ObjectId id) {
  const Resource* there = locks_.resource({{id.id, id.seq, 0, 0}});
  if (there == nullptr) return;
  std::vector<LockHandle> refused;
  for (const Lock& lock : there->waiting) {
    const bool writes = !compatible_modes(lock.requested, LockMode::pr);
    if (lock.owner != 0 && writes && fenced(lock.epoch, id)) refused.push_back(lock.handle);
  }
  for (const LockHandle lock : refused) callbacks_.refuse_waiting(locking(step), lock, step.news);
}

// The fence is raised in the step that reads; it, and what was read, is durable before the client
// hears the size, though it asks again meanwhile.
void Ost::validate(Call& call, const Obdo& obdo, ObjectId id) {
  const Object* object = objects_.find(id);
  const Obdo described = describe(id, *object, obdo);
  Fact& fact = std::get<Note>(call.step.turn.out.emplace_back(Note{})).fact;
  fact.kind = Fact::Kind::som_validated;
  fact.client = service_.find(call.request.export_id)->name();
  fact.xid = obdo.ioepoch;
  fact.object = {id.id, id.seq};
  fact.start = described.size;
  fact.end = described.blocks;
  Reply reply = service_.reply(call.request);
  reply.after_commit = config_.som.has(SomPolicy::fence);
  if (reply.after_commit && object->attributes.fence <= obdo.ioepoch) {
    ObjectAttributes attributes = object->attributes;
    attributes.fence = obdo.ioepoch + 1;
    std::vector<Write> writes;
    objects_.set_attributes(id, attributes, writes);
    service_.persist(call.step.turn, std::move(writes));
    refuse_fenced(call.step, id);
  }
  protocol::operations_2_0::OstGetattr::Reply buffers;
  buffers.body.oa = described;
  buffers.encode(reply.message);
  service_.finish(call.step.turn, call.request, reply);
}

bool Ost::on_som_word(Call& call, std::string_view key, protocol::ByteView value) {
  std::string_view text = protocol::as_text(value);
  text = text.substr(0, text.find('\0'));
  if (key.starts_with(kEvictByUuid)) {
    if (!text.empty()) service_.evict_uuid(call.step.turn, text, "the MDS asked for it");
  } else if (key.starts_with(kCancelByUuid)) {
    for (const Export& client : service_.exports()) {
      if (client.name() != text) continue;
      const ExportId id = client.id;
      refresh_lvbs(locks_.of_owner(id));
      callbacks_.client_gone(locking(call.step), id, call.step.news);
      break;
    }
  } else if (key.starts_with(kClientsLeft)) {
    evict_unlisted(call, text);
  } else if (key.starts_with(kFlushAll)) {
    flush_all(call);
  } else if (key.starts_with(kAskClients)) {
    ask_clients(call);
  } else {
    return false;
  }
  return true;
}

void Ost::evict_unlisted(Call& call, std::string_view uuids) {
  std::vector<std::string> gone;
  for (const Export& client : service_.exports()) {
    const std::string line = std::string(client.name()) + '\n';
    if (client.id != call.request.export_id && uuids.find(line) == std::string_view::npos) {
      gone.emplace_back(client.name());
    }
  }
  for (const std::string& uuid : gone) {
    service_.evict_uuid(call.step.turn, uuid, "the MDS does not list it");
  }
}

void Ost::flush_all(Call& call) {
  release(call.step, std::exchange(call.lock, 0));
  for (const ObjectId id : objects_.all()) {
    const Resource* there = locks_.resource({{id.id, id.seq, 0, 0}});
    if (there == nullptr) continue;
    const bool written = std::ranges::any_of(there->granted, [](const Lock& lock) {
      return lock.owner != 0 && !compatible_modes(lock.granted, LockMode::pr);
    });
    if (!written) continue;
    if (!hold(call, id, LockMode::pr, 0, kEof)) return;
    release(call.step, std::exchange(call.lock, 0));
  }
}

}  // namespace reference
