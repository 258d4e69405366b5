#include "reference/mds_targets.h"

#include <algorithm>
#include <cerrno>

#include "protocol/check.h"
#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "protocol/ost.h"
#include "reference/nid.h"
#include "reference/registration.h"

namespace reference {

namespace {

// CREATE and DESTROY are the same in both dialects, but for buffers that may be left out.
using protocol::operations_2_0::OstCreate;
using protocol::operations_2_0::OstDestroy;
using protocol::operations_2_0::OstSetInfo;

namespace valid = protocol::mds::valid;
constexpr uint32_t kOstServicePortal =
    28;  // orphans are asked for here, objects on the operation's

// Objects up to this one; with `orphans`, and none above it.
OutgoingRequest create_request(uint64_t last_id, bool orphans) {
  OstCreate::Request request;
  request.body.oa.valid = valid::kId | valid::kGroup;
  request.body.oa.id = last_id;
  if (orphans) {
    request.body.oa.valid |= valid::kFlags;
    request.body.oa.flags = protocol::ost::obdo_flag::kDelorphan;
  }
  OutgoingRequest outgoing = make_request<OstCreate>(request, 1, protocol::ost::OstBody::kSize);
  if (orphans) outgoing.request_portal = kOstServicePortal;
  return outgoing;
}

}  // namespace

MdsTargets::MdsTargets(const Config& config)
    : log_(config.fsname, target_name(config, RegisteredKind::mdt)) {
  if (config.mgs != PeerId{}) mgs_.emplace(config, mgs_import_setup(config));
}

ImportContext MdsTargets::import_context(const TargetsContext& context) {
  return {context.config, context.turn.now, context.turn.endpoint, context.turn.out, events_};
}

MdsTargets::Ost* MdsTargets::find(uint32_t index) {
  const auto place = std::ranges::lower_bound(osts_, index, {}, &Ost::index);
  return place != osts_.end() && place->index == index ? &*place : nullptr;
}

void MdsTargets::start(const TargetsContext& context) {
  if (mgs_) mgs_->connect(import_context(context));
}

bool MdsTargets::receive(const TargetsContext& context, const ReplyIn& in) {
  if (mgs_ && mgs_->receive(import_context(context), in)) return true;
  return std::ranges::any_of(
      osts_, [&](Ost& ost) { return ost.import.receive(import_context(context), in); });
}

bool MdsTargets::on_callback(const TargetsContext& context, const RequestIn& in) {
  return mgs_ && log_.on_callback(import_context(context), *mgs_, in);
}

bool MdsTargets::knows(uint64_t client_cookie) const {
  return std::ranges::any_of(
      osts_, [&](const Ost& ost) { return ost.import.client_cookie() == client_cookie; });
}

bool MdsTargets::on_log_cancel(const TargetsContext& context, const RequestIn& in) {
  using protocol::operations_2_0::ObdLogCancel;
  if (in.portal != ObdLogCancel::kRequestPortal) return false;
  const auto message = protocol::Message::parse(in.message);
  if (!message || message->body().opc != ObdLogCancel::kOpcode) return false;
  const bool known = knows(message->body().handle.cookie);
  const auto request = ObdLogCancel::Request::decode(*message);
  if (!known || !request) return false;

  for (const protocol::llog::LlogCookie& cookie : request->cookies) {
    context.unlink_log.cancel(cookie);
  }
  protocol::ptlrpc::PtlrpcBody body;
  body.type = protocol::ptlrpc::msg_type::kReply;
  body.version = ObdLogCancel::kVersion;
  body.opc = ObdLogCancel::kOpcode;
  context.turn.endpoint.send_reply(in.from, ObdLogCancel::kReplyPortal, in.xid, 0,
                                   protocol::MessageBuilder(body).finish(), context.turn.out);
  return true;
}

bool MdsTargets::fired(const TargetsContext& context, TimerId timer) {
  if (mgs_ && mgs_->fired(import_context(context), timer)) return true;
  return std::ranges::any_of(
      osts_, [&](Ost& ost) { return ost.import.fired(import_context(context), timer); });
}

void MdsTargets::lost(const TargetsContext& context, PeerId peer) {
  if (mgs_) mgs_->lost(import_context(context), peer);
  for (Ost& ost : osts_) ost.import.lost(import_context(context), peer);
}

void MdsTargets::settle(const TargetsContext& context) {
  for (;;) {
    while (!events_.empty()) {
      const ImportEvent event = std::move(events_.front());
      events_.erase(events_.begin());
      on_event(context, event);
    }
    read_targets(context);
    if (mgs_) mgs_->proceed(import_context(context));
    for (Ost& ost : osts_) {
      ost.import.proceed(import_context(context));
      clean(context, ost);
    }
    say(context);
    if (events_.empty()) return;
  }
}

void MdsTargets::on_event(const TargetsContext& context, const ImportEvent& event) {
  if (event.import == 0) {
    on_mgs_event(context, event);
  } else if (Ost* ost = find(event.import - 1)) {
    on_ost_event(context, *ost, event);
  }
}

void MdsTargets::on_mgs_event(const TargetsContext& context, const ImportEvent& event) {
  const bool registered = event.kind == ImportEvent::Kind::completed && registration_ != 0 &&
                          event.request == registration_;
  if (event.kind == ImportEvent::Kind::connected) {
    registration_ = mgs_->submit(import_context(context),
                                 registration_request(context.config, RegisteredKind::mdt));
  } else if (registered) {
    // The log names this target only now: it is read as after a connection.
    registration_ = 0;
    ImportEvent connected;
    connected.kind = ImportEvent::Kind::connected;
    log_.handle(import_context(context), *mgs_, connected);
  } else {
    log_.handle(import_context(context), *mgs_, event);
  }
}

void MdsTargets::read_targets(const TargetsContext& context) {
  if (log_.revision() == revision_) return;
  revision_ = log_.revision();
  for (const ConfigTarget& target : log_.targets()) {
    const bool wanted = target.kind == ConfigTarget::Kind::ost && target.index < kOstsMax;
    if (wanted && find(target.index) == nullptr) add_ost(context, target);
  }
}

void MdsTargets::add_ost(const TargetsContext& context, const ConfigTarget& target) {
  namespace connect_flag = protocol::ptlrpc::connect_flag;
  ImportSetup setup;
  setup.kind = ImportSetup::Kind::ost;
  setup.number = target.index + 1;
  setup.target_uuid = target.uuid;
  setup.self_uuid = context.config.fsname + "-mdtlov_UUID";
  setup.peers = target.peers;
  setup.sec_part = protocol::ptlrpc::sec_part::kMdt;
  setup.wish.connect_flags = connect_flag::kVersion | connect_flag::kIndex | connect_flag::kMds |
                             connect_flag::kReqportal | connect_flag::kAt;
  setup.wish.index = target.index;
  const auto place = std::ranges::lower_bound(osts_, target.index, {}, &Ost::index);
  Ost& ost = *osts_.insert(
      place, Ost{target.index, Import(context.config, setup), Stage::connecting, 0, 0, {}});
  context.pool.know(target.index);
  ost.import.connect(import_context(context));
}

void MdsTargets::on_ost_event(const TargetsContext& context, Ost& ost, const ImportEvent& event) {
  switch (event.kind) {
    case ImportEvent::Kind::connected:
      ost.stage = Stage::connected;
      ost.creating = 0;
      context.pool.lost(ost.index);
      break;
    case ImportEvent::Kind::evicted:
      ost.stage = Stage::connecting;
      ost.creating = 0;
      ost.destroying.clear();
      context.pool.lost(ost.index);
      break;
    case ImportEvent::Kind::completed:
      for (Telling& each : telling_) {
        if (each.ost != ost.index || each.request != event.request) continue;
        each.request = 0;
        if (event.status == 0) each.key.clear();
      }
      std::erase_if(telling_, [](const Telling& each) { return each.key.empty(); });
      if (ost.creating != 0 && event.request == ost.creating) {
        on_created(context, ost, event);
        break;
      }
      for (const Destroying& each : ost.destroying) {
        if (each.request != event.request) continue;
        if (event.status == 0 || event.status == -ENOENT) context.unlink_log.cancel(each.cookie);
      }
      std::erase_if(ost.destroying,
                    [&](const Destroying& each) { return each.request == event.request; });
      break;
    case ImportEvent::Kind::want_locks:
      make_again(context, ost);
      break;
    case ImportEvent::Kind::replayed:
    case ImportEvent::Kind::locks_lost:
    case ImportEvent::Kind::refused:
    case ImportEvent::Kind::closed:
      break;
  }
}

void MdsTargets::on_created(const TargetsContext& context, Ost& ost, const ImportEvent& event) {
  ost.creating = 0;
  const auto reply = event.reply && event.status == 0
                         ? OstCreate::Reply::decode(*event.reply)
                         : std::unexpected(protocol::WireError{.subject = {}, .field = {}});
  const bool orphans = ost.stage == Stage::orphans;
  if (!reply) {
    if (orphans) ost.stage = Stage::connected;
    ost.retry_at = context.turn.now + context.config.timing.reconnect_delay;
    return;
  }
  if (orphans) {
    on_orphans_gone(context, ost, reply->body.oa.id);
  } else {
    context.pool.precreated(ost.index, reply->body.oa.id);
  }
  const bool enough = !orphans || context.pool.wanted(ost.index) == 0;
  if (ost.stage == Stage::stocking && enough) stocked(context, ost);
}

void MdsTargets::on_orphans_gone(const TargetsContext& context, Ost& ost, uint64_t last_id) {
  ost.stage = Stage::stocking;
  context.pool.usable(ost.index, last_id);
  for (const UnlinkLog::Record& record : context.unlink_log.of_ost(ost.index)) {
    if (context.service.is_durable(record.commit)) destroy(context, record);
  }
}

void MdsTargets::stocked(const TargetsContext& context, Ost& ost) {
  ost.stage = Stage::ready;
  Fact fact;
  fact.object.first = ost.index;
  fact.text = kOstReady;
  context.turn.out.push_back(Note{std::move(fact)});
}

void MdsTargets::create(const TargetsContext& context, Ost& ost, uint64_t last_id, bool orphans) {
  OutgoingRequest request = create_request(last_id, orphans);
  // After a reconnect both ends begin anew: this one would destroy what has been made since.
  request.no_resend = true;
  ost.creating = ost.import.submit(import_context(context), std::move(request));
}

// An OST that died may have forgotten objects that files have got. It has them again before its
// recovery ends, for which it waits for this server too: no client's write comes earlier.
void MdsTargets::make_again(const TargetsContext& context, Ost& ost) {
  const uint64_t last_id = context.pool.last_used(ost.index);
  if (last_id == 0) return;
  ost.import.replay_locks(import_context(context), {create_request(last_id, false)});
}

void MdsTargets::clean(const TargetsContext& context, Ost& ost) {
  const bool ready = ost.import.usable() && context.turn.now >= ost.retry_at;
  if (!ready || ost.creating != 0) return;
  if (ost.stage == Stage::connected && !context.service.recovering()) {
    ost.stage = Stage::orphans;
    create(context, ost, context.pool.last_used(ost.index), true);
  } else if (const uint64_t last_id = context.pool.wanted(ost.index);
             ost.stage >= Stage::stocking && last_id != 0) {
    create(context, ost, last_id, false);
  }
}

void MdsTargets::destroy(const TargetsContext& context, const UnlinkLog::Record& record) {
  Ost* ost = find(record.ost);
  if (ost == nullptr || ost->stage < Stage::stocking || !ost->import.room()) return;
  OstDestroy::Request request;
  request.body.oa.valid = valid::kId | valid::kGroup | valid::kCookie;
  request.body.oa.id = record.object_id;
  request.body.oa.seq = record.object_seq;
  request.body.oa.lcookie = context.unlink_log.cookie_of(record);
  OutgoingRequest outgoing = make_request<OstDestroy>(request, 1, protocol::ost::OstBody::kSize);
  const RequestId id = ost->import.submit(import_context(context), std::move(outgoing));
  ost->destroying.push_back({id, request.body.oa.lcookie});
}

void MdsTargets::evict_nid(const TargetsContext& context, uint64_t nid) {
  const std::string text = nid_text(nid) + '\0';
  OstSetInfo::Request request;
  request.key = "evict_by_nid";
  request.value = protocol::as_bytes(text);
  for (Ost& ost : osts_) {
    if (!ost.import.usable() || !ost.import.room()) continue;
    ost.import.submit(import_context(context), make_request<OstSetInfo>(request, 0, 0));
  }
}

void MdsTargets::tell(const TargetsContext& context, std::string_view key, const Bytes& value) {
  for (const Ost& ost : osts_) telling_.push_back({ost.index, 0, std::string(key), value});
  say(context);
}

void MdsTargets::say(const TargetsContext& context) {
  for (Telling& each : telling_) {
    Ost* ost = find(each.ost);
    if (each.request != 0 || !ost->import.usable() || !ost->import.room()) continue;
    OstSetInfo::Request request;
    request.key = each.key;
    request.value = each.value.view();
    each.request =
        ost->import.submit(import_context(context), make_request<OstSetInfo>(request, 0, 0));
  }
}

void MdsTargets::invariants() const {
  CHECK(events_.empty());
  if (mgs_) mgs_->invariants();
  for (const Ost& ost : osts_) ost.import.invariants();
}

}  // namespace reference
