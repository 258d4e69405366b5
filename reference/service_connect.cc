// Service: clients come (CONNECT), stay (PING), leave (DISCONNECT), or are made to (eviction).
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "protocol/ptlrpc.h"
#include "reference/derive.h"
#include "reference/digest.h"
#include "reference/service.h"
#include "reference/service_policy.h"

namespace reference {

namespace connect_op = protocol::ptlrpc::msg_connect_flag;
namespace connect_flag = protocol::ptlrpc::connect_flag;
using protocol::Message;
using protocol::ptlrpc::ObdConnectData;

namespace {

// The name without "_UUID" is accepted too, as old configurations have it.
bool names_target(std::string_view asked, std::string_view uuid) {
  constexpr std::string_view kSuffix = "_UUID";
  return asked == uuid ||
         (uuid.ends_with(kSuffix) && asked == uuid.substr(0, uuid.size() - kSuffix.size()));
}

}  // namespace

ConnectFacts Service::connect_facts(const Message& message,
                                    const std::optional<ConnectRequest>& asked, PeerId from) {
  const auto& body = message.body();
  const ObdConnectData data = asked && asked->data ? *asked->data : ObdConnectData{};
  ConnectFacts facts;
  facts.dialect = config_.dialect;
  facts.well_formed = asked.has_value();
  facts.serving =
      !unmounted_ && !journal_.refused() && (!asked || names_target(asked->target_uuid, uuid_));
  facts.holding = holding_connects_;
  facts.has_data = asked && asked->data;
  facts.library_fits = (body.op_flags & connect_op::kLibclient) == 0 ||
                       library_version_fits(config_.dialect, data.version);
  facts.initial = (body.op_flags & connect_op::kInitial) != 0;
  facts.from_mds = (data.connect_flags & connect_flag::kMds) != 0;
  facts.recovering = recovery_.active();
  facts.knows_versions = (data.connect_flags & connect_flag::kVbr) != 0;
  facts.needs_fid = kind_ == TargetKind::mdt && (data.connect_flags & connect_flag::kFid) == 0;
  facts.conn_cnt = body.conn_cnt;
  if (!asked) return facts;
  facts.own_uuid = asked->client_uuid == uuid_;
  const Export* client = exports_.find_uuid(asked->client_uuid);
  if (client == nullptr) return facts;
  facts.known = true;
  facts.connected = client->connected;
  facts.delayed = client->delayed;
  facts.other_nid = client->peer.nid != from.nid;
  facts.same_handle = client->client_handle == asked->client_handle;
  facts.on_export = body.handle.cookie == client->id;
  facts.executing = planted(Defect::reconnect_while_executing) ? 0 : client->executing;
  facts.known_conn_cnt = client->conn_cnt;
  return facts;
}

Export* Service::new_export(Turn& turn, PeerId from, const ConnectRequest& asked) {
  if (exports_.size() >= Exports::kExportsMax) return nullptr;
  Export entry;
  do {
    entry.id = derive(config_, Purpose::export_cookie, from, exports_.count_new(from));
  } while (exports_.find(entry.id) != nullptr);
  protocol::set_name(entry.uuid, asked.client_uuid);
  if (kind_ != TargetKind::mgs && asked.client_uuid != uuid_) {
    entry.slot_index = exports_.free_slot();
    entry.slot.uuid = entry.uuid;
    entry.slot_commit = journal_.persist({slot_write(entry.slot_index, entry.slot)}, 0, turn.out);
  }
  return &exports_.add(std::move(entry));
}

void Service::on_connect(Turn& turn, Request request) {
  const Message& message = request.message;
  const auto asked = unpack_connect(message);
  ConnectVerdict verdict = decide_connect(connect_facts(message, asked, request.from));
  if (verdict.replace_export) {
    evict(turn, exports_.find_uuid(asked->client_uuid)->id, "the same server connects anew");
    verdict = decide_connect(connect_facts(message, asked, request.from));
  }
  if (verdict.abort_active) {
    work_.emplace_back(AbortActive{exports_.find_uuid(asked->client_uuid)->id});
  }
  if (verdict.fail_export) {
    evict(turn, exports_.find_uuid(asked->client_uuid)->id, "it was delayed and knows no versions");
  }
  if (verdict.row == "C22") recovery_.approached(turn.now);
  if (verdict.row == "C4") return refuse_library(turn, request);
  if (verdict.status != 0) return refuse_envelope(turn, envelope_of(request), verdict.status);

  const auto& body = message.body();
  Export* client = exports_.find_uuid(asked->client_uuid);
  const bool fresh = client == nullptr;
  if (fresh) client = new_export(turn, request.from, *asked);
  if (client == nullptr) return refuse_envelope(turn, envelope_of(request), -EOVERFLOW);
  client->peer = request.from;
  client->connected = true;
  client->client_handle = asked->client_handle;
  if (!verdict.reconnect || !planted(Defect::connection_count_kept)) {
    client->conn_cnt = body.conn_cnt;
  }
  client->lm_flags = message.header().flags;
  client->last_request = turn.now;

  Connecting connecting;
  if (recovery_.active() && client->from_disk) {
    connecting.op_flags |= connect_op::kRecovering;
    const bool says = (body.op_flags & connect_op::kTransno) != 0 && asked->data;
    recovery_.connected(*client, turn.now, body.service_time, says ? asked->data->transno : 0);
  }
  if (client->delayed) connecting.op_flags |= connect_op::kRecovering | connect_op::kDelayed;
  if (verdict.reconnect) connecting.op_flags |= connect_op::kReconnect;
  if (kind_ != TargetKind::mgs) connecting.op_flags |= connect_op::kReplayable;
  connecting.export_id = client->id;
  connecting.fresh = fresh;
  if (asked->data) connecting.asked = *asked->data;
  connecting.granted = negotiate(config_, kind_, connecting.asked);
  request.export_id = client->id;
  connecting.request = std::move(request);
  work_.emplace_back(std::move(connecting));
}

void Service::answer(Turn& turn, Connecting& connecting) {
  const Envelope envelope = envelope_of(connecting.request);
  Export* client = exports_.find(connecting.export_id);
  if (client == nullptr) return refuse_envelope(turn, envelope, -ENODEV);
  CHECK((connecting.granted.connect_flags & ~connecting.asked.connect_flags) == 0,
        "a server grants only what was asked for");
  if (client->granted.connect_flags == 0 || !planted(Defect::reconnect_keeps_old_flags)) {
    client->granted = connecting.granted;
  }
  ObdConnectData told = connecting.granted;
  if (planted(Defect::grants_unasked_flags)) {
    told.connect_flags = supported_flags(config_.dialect, kind_);
  }
  protocol::MessageBuilder message = builder_for(envelope);
  message.reserve(ObdConnectData::kSize);
  if (!connecting.request.message.buffer(4).empty()) message.add(told);
  complete_body(turn, envelope, client, 0, message.body());
  message.body().handle.cookie = client->id;
  message.body().op_flags = connecting.op_flags;
  send(turn, envelope, message);
  turn.out.push_back(Note{{.kind = Fact::Kind::connected,
                           .conn_cnt = connecting.request.message.body().conn_cnt,
                           .client = client->name(),
                           .handle = client->id,
                           .value = connecting.op_flags,
                           .start = client->granted.connect_flags}});
}

// C4: the reply says which version would do.
void Service::refuse_library(Turn& turn, const Request& request) {
  const Envelope envelope = envelope_of(request);
  protocol::MessageBuilder message = builder_for(envelope);
  ObdConnectData data;
  data.connect_flags = connect_flag::kVersion;
  data.version = server_version(config_.dialect);
  message.reserve(ObdConnectData::kSize);
  message.add(data);
  complete_body(turn, envelope, nullptr, -EPROTO, message.body());
  message.body().type = protocol::ptlrpc::msg_type::kErr;
  message.body().timeout = 0;
  send(turn, envelope, message);
}

void Service::on_disconnect(Turn& turn, const Request& request) {
  const Envelope envelope = envelope_of(request);
  remove_export(turn, request.export_id, false);
  protocol::MessageBuilder message = builder_for(envelope);
  complete_body(turn, envelope, nullptr, 0, message.body());
  send(turn, envelope, message);
}

void Service::on_ping(Turn& turn, const Request& request) {
  if (end_delayed(turn, request)) return;
  const Envelope envelope = envelope_of(request);
  protocol::MessageBuilder message = builder_for(envelope);
  complete_body(turn, envelope, exports_.find(request.export_id), 0, message.body());
  send(turn, envelope, message);
}

// The last ping of a client that recovered by itself. True if it was evicted, and so told.
bool Service::end_delayed(Turn& turn, const Request& ping) {
  namespace msg_flag = protocol::ptlrpc::msg_flag;
  Export* client = exports_.find(ping.export_id);
  if (client == nullptr || !client->delayed || (ping.flags & msg_flag::kLastReplay) == 0) {
    return false;
  }
  client->delayed = false;
  if (client->vbr_failed) {
    evict(turn, client->id, "a replay met another version");
    refuse_envelope(turn, envelope_of(ping), -ENOTCONN);
    return true;
  }
  if (!has_delayed()) work_.emplace_back(RecoveryEnded{});
  return false;
}

// Nobody is told anything: clients notice, and find the target again where it is served next.
void Service::unmount(Turn& turn, bool force) {
  unmounted_ = true;
  for (const Export& client : exports_.all()) {
    if (force && client.slot_index != kNoSlot) journal_.erase_slot(client.slot_index, turn.out);
  }
  executing_.clear();
  held_.clear();
  untaken_.clear();
  work_.clear();
  exports_ = Exports();
  recovery_ = Recovery(config_, kind_);
}

void Service::evict(Turn& turn, ExportId id, std::string_view why) {
  Export* client = exports_.find(id);
  if (client == nullptr) return;
  turn.out.push_back(
      Note{{.kind = Fact::Kind::evicted, .client = client->name(), .text = std::string(why)}});
  if (planted(Defect::evicted_handle_accepted)) {
    client->from_disk = client->request_replay_needed = client->lock_replay_needed = false;
    client->vbr_failed = false;
    return;
  }
  remove_export(turn, id, true);
}

void Service::evict_uuid(Turn& turn, std::string_view uuid, std::string_view why) {
  std::vector<ExportId> ids;
  for (const Export& client : exports_.all()) {
    if (uuid.empty() || client.name() == uuid) ids.push_back(client.id);
  }
  for (const ExportId id : ids) evict(turn, id, why);
}

void Service::evict_nid(Turn& turn, uint64_t nid, std::string_view why) {
  std::vector<ExportId> ids;
  for (const Export& client : exports_.all()) {
    if (client.connected && client.peer.nid == nid) ids.push_back(client.id);
  }
  for (const ExportId id : ids) evict(turn, id, why);
}

void Service::remove_export(Turn& turn, ExportId id, bool evicted) {
  const Export* client = exports_.find(id);
  ClientGone gone{.export_id = id,
                  .peer = client->peer,
                  .uuid = std::string(client->name()),
                  .evicted = evicted};
  for (const Request& request : recovery_.remove(id)) {
    refuse_envelope(turn, envelope_of(request), -ENOTCONN);
  }
  std::erase_if(executing_, [id](const Executing& one) { return one.export_id == id; });
  std::erase_if(held_, [id](const Held& one) { return one.export_id == id; });
  std::erase_if(untaken_, [id](const Untaken& one) { return one.export_id == id; });
  std::erase_if(work_, [id](const Work& work) {
    const auto* request = std::get_if<Request>(&work);
    return request != nullptr && request->export_id == id;
  });
  const bool slot_stays = evicted && planted(Defect::slot_kept_at_eviction);
  if (client->slot_index != kNoSlot && !slot_stays) {
    journal_.erase_slot(client->slot_index, turn.out);
    turn.out.push_back(Note{{.kind = Fact::Kind::slot_erased, .client = client->name()}});
  }
  const bool delayed = client->delayed;
  exports_.erase(id);
  // Before any request that another client has waiting in this step.
  work_.insert(work_.begin(), std::move(gone));
  if (delayed && !has_delayed()) work_.emplace_back(RecoveryEnded{});
}

}  // namespace reference
