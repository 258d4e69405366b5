#include "reference/mgs.h"

#include <catch2/catch.hpp>
#include <optional>

#include "protocol/codec.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "reference/config_targets.h"
#include "reference/digest.h"
#include "reference/nid.h"

namespace reference {

namespace operations = protocol::operations_2_0;
namespace llog = protocol::llog;
namespace target_flag = protocol::mgs::target_flag;
using protocol::Message;

namespace {

constexpr uint32_t kMgsPortal = 26;
constexpr PeerId kMgsPeer{make_nid(0x7f000001), kLnetPid};
constexpr PeerId kClient{make_nid(0x7f00000a), kLnetPid};
constexpr PeerId kMdsPeer{make_nid(0x7f00000b), kLnetPid};
constexpr PeerId kOstPeer{make_nid(0x7f00000c), kLnetPid};

Config config_of(Dialect dialect, PeerId self) {
  Config config;
  config.dialect = dialect;
  config.self = self;
  config.fsname = "lustre";
  config.seed = 5;
  return config;
}

// What a node got: an answer to its request, or a callback of the MGS.
struct Heard {
  uint32_t portal = 0;
  uint64_t xid = 0;
  Message message;
};

// An MGS with its disk, and nodes that talk to it over LNet.
class World {
 public:
  explicit World(Dialect dialect) : config_(config_of(dialect, kMgsPeer)), mgs_(config_, disk_) {
    Actions out;
    mgs_.start(now_, out);
    take(out);
  }

  // Connects if need be, sends, and brings what that node hears at once.
  template <class Operation>
  std::vector<Heard> ask(PeerId from, const typename Operation::Request& buffers) {
    protocol::ptlrpc::PtlrpcBody body;
    body.type = 4711;
    body.version = Operation::kVersion;
    body.opc = Operation::kOpcode;
    body.conn_cnt = 1;
    body.timeout = 100;
    body.handle.cookie = handle_of(from);
    protocol::MessageBuilder builder(body);
    buffers.encode(builder);
    // The log operations have no portal of their own: each service takes them on its.
    const uint32_t portal = Operation::kRequestPortal;
    return send(from, portal != 0 ? portal : kMgsPortal, builder.finish());
  }
  // The reply's body and, of an answer that came at once, its buffers.
  template <class Operation>
  typename Operation::Reply answer(PeerId from, const typename Operation::Request& buffers) {
    const auto heard = ask<Operation>(from, buffers);
    REQUIRE(heard.size() == 1);
    REQUIRE(heard[0].message.body().status == 0);
    kept_ = heard[0].message;
    return Operation::Reply::decode(kept_).value();
  }
  std::vector<Heard> register_target(PeerId from, bool mdt, uint32_t index, uint32_t flags = 0) {
    operations::MgsTargetReg::Request request;
    request.target.flags = (mdt ? target_flag::kSvTypeMdt : target_flag::kSvTypeOst) | flags;
    request.target.stripe_index = index;
    request.target.nid_count = 1;
    request.target.nids[0] = from.nid;
    const std::string name =
        std::string("lustre-") + (mdt ? "MDT" : "OST") + "000" + std::to_string(index);
    protocol::set_name(request.target.fsname, "lustre");
    protocol::set_name(request.target.svname, name);
    return ask<operations::MgsTargetReg>(from, request);
  }
  // All that is persisted becomes durable; what that node hears of it.
  std::vector<Heard> commit(PeerId of) {
    CommitId id = 0;
    for (const Persist& transaction : std::exchange(unwritten_, {})) {
      for (const Write& write : transaction.writes) {
        disk_.erase(write.key);
        if (write.value) disk_[write.key] = *write.value;
      }
      id = transaction.id;
    }
    if (id == 0) return {};
    Actions out;
    mgs_.step(now_, Durable{id}, out);
    return take(out, of);
  }
  void restart() {
    ++config_.incarnation;
    unwritten_.clear();
    handles_.clear();
    mgs_ = Mgs(config_, disk_);
    Actions out;
    mgs_.start(now_, out);
    take(out);
  }
  std::vector<Bytes> read(PeerId from, const std::string& name) {
    const auto opened = answer<operations::LlogOriginHandleCreate>(from, {.name = name}).body.logid;
    operations::LlogOriginHandleReadHeader::Request header;
    header.body.logid = opened;
    const uint32_t last =
        answer<operations::LlogOriginHandleReadHeader>(from, header).header.tail.index;
    std::vector<Bytes> records;
    while (records.size() < last) {
      operations::LlogOriginHandleNextBlock::Request next;
      next.body.logid = opened;
      next.body.index = static_cast<uint32_t>(records.size()) + 1;
      next.body.len = 8192;
      const auto block = answer<operations::LlogOriginHandleNextBlock>(from, next);
      protocol::ByteView rest = block.data;
      while (rest.size() >= 16) {
        const auto record = protocol::decode<llog::LlogRecHdr>(rest);
        if (record->len == 0) break;
        if (record->index == records.size() + 1) records.emplace_back(rest.first(record->len));
        rest = rest.subspan(record->len);
      }
    }
    return records;
  }
  std::vector<ConfigTarget> targets(const std::string& name) {
    ConfigTargets parsed;
    for (const Bytes& record : read(kClient, name)) REQUIRE(parsed.apply(record.view()));
    return parsed.targets();
  }
  uint64_t handle_of(PeerId peer) {
    for (const auto& [who, handle] : handles_) {
      if (who == peer) return handle;
    }
    handles_.emplace_back(peer, 0);
    operations::MgsConnect::Request connect;
    const std::string uuid = peer_text(peer);
    connect.target_uuid = "MGS";
    connect.client_uuid = uuid;
    connect.client_handle.cookie = peer.nid;
    connect.connect_data.connect_flags = protocol::ptlrpc::connect_flag::kVersion;
    const auto heard = ask<operations::MgsConnect>(peer, connect);
    REQUIRE(heard.at(0).message.body().status == 0);
    return handles_.back().second = heard[0].message.body().handle.cookie;
  }
  // The answer to an enqueue of the configuration's lock.
  protocol::ldlm::LdlmReply enqueue(PeerId from, uint64_t client_handle = 0x10c) {
    operations::LdlmEnqueuePlain::Request request;
    request.lock.lock_count = 1;
    request.lock.lock_desc.resource.type = protocol::ldlm::lock_type::kPlain;
    std::memcpy(&request.lock.lock_desc.resource.name.name[0], "lustre", 6);
    request.lock.lock_desc.req_mode = protocol::ldlm::lock_mode::kCr;
    request.lock.lock_handle[0].cookie = client_handle;
    return answer<operations::LdlmEnqueuePlain>(from, request).lock;
  }
  const Mgs& mgs() const { return mgs_; }

 private:
  std::vector<Heard> send(PeerId from, uint32_t portal, Bytes message) {
    Endpoint sender(config_of(config_.dialect, from));
    Actions sent, out;
    sender.send_request(kMgsPeer, portal, ++xid_, message, sent);
    mgs_.step(now_, Received{from, std::get<Send>(sent.at(0)).message}, out);
    mgs_.invariants();
    return take(out, from);
  }
  std::vector<Heard> take(Actions& out, std::optional<PeerId> of = {}) {
    std::vector<Heard> heard = std::exchange(missed_, {});
    std::vector<std::pair<PeerId, Heard>> others;
    for (Action& action : out) {
      if (auto* persist = std::get_if<Persist>(&action)) unwritten_.push_back(std::move(*persist));
      const auto* one = std::get_if<Send>(&action);
      if (one == nullptr) continue;
      Endpoint receiver(config_of(config_.dialect, one->to));
      Actions ignored;
      Incoming incoming = receiver.receive(kMgsPeer, one->message, ignored);
      Heard what;
      if (const auto* reply = std::get_if<ReplyIn>(&incoming)) {
        what = {reply->portal, reply->xid, Message::parse(reply->message).value()};
      } else if (const auto* request = std::get_if<RequestIn>(&incoming)) {
        what = {request->portal, request->xid, Message::parse(request->message).value()};
      }
      if (of == one->to) {
        heard.push_back(std::move(what));
      } else {
        callbacks.push_back({one->to, std::move(what)});
      }
    }
    return heard;
  }

 public:
  std::vector<std::pair<PeerId, Heard>> callbacks;  // what others heard meanwhile

 private:
  Config config_;
  Store disk_;
  Mgs mgs_;
  Time now_ = kSecond;
  uint64_t xid_ = 0;
  Message kept_;
  std::vector<Persist> unwritten_;
  std::vector<Heard> missed_;
  std::vector<std::pair<PeerId, uint64_t>> handles_;
};

// "attach lustre-clilov lov lustre-clilov_UUID", without markers and descriptors.
std::string text_of(const Bytes& record) {
  const protocol::ByteView command = record.view().subspan(16);
  const auto header = protocol::decode<llog::LustreCfg>(command);
  static const std::vector<std::pair<uint32_t, std::string>> kNames = {
      {0xcf001, "attach"},  {0xcf003, "setup"},   {0xcf005, "add_uuid"}, {0xcf007, "mountopt"},
      {0xcf00d, "lov_add"}, {0xcf014, "add_mdc"}, {0xcf00b, "add_conn"}, {0xcf00f, "param"}};
  std::string text;
  for (const auto& [number, name] : kNames) {
    if (number == header->command) text = name;
  }
  if (text.empty()) return {};
  size_t at = 32 + protocol::padded(header->bufcount * 4);
  for (uint32_t i = 0; i < header->bufcount; ++i) {
    const auto length = *protocol::decode<uint32_t>(command.subspan(32 + 4 * i));
    const std::string_view buffer = protocol::as_text(command.subspan(at, length));
    if (length == 88) {
      text += " (description)";
    } else if (length > 0) {
      text += " " + std::string(buffer.substr(0, buffer.find('\0')));
    }
    at += protocol::padded(length);
  }
  return text;
}

std::vector<std::string> texts(const std::vector<Bytes>& records) {
  std::vector<std::string> all;
  for (const Bytes& record : records) {
    if (std::string text = text_of(record); !text.empty()) all.push_back(std::move(text));
  }
  return all;
}

World with_targets(Dialect dialect) {
  World world(dialect);
  world.register_target(kMdsPeer, true, 0);
  world.commit(kMdsPeer);
  world.register_target(kOstPeer, false, 0);
  world.commit(kOstPeer);
  return world;
}

}  // namespace

TEST_CASE("Mgs: a registration is answered when the logs are durable") {
  World world(Dialect::v2_0);
  REQUIRE(world.register_target(kMdsPeer, true, 0).empty());
  const auto heard = world.commit(kMdsPeer);
  REQUIRE(heard.size() == 1);
  REQUIRE(heard[0].portal == 25);
  REQUIRE(heard[0].message.body().status == 0);
  REQUIRE(heard[0].message.header().secflvr == 4u << 24);
  const auto reply = operations::MgsTargetReg::Reply::decode(heard[0].message);
  REQUIRE(reply);
  REQUIRE(protocol::name_of(reply->target.svname) == "lustre-MDT0000");
}

TEST_CASE("Mgs 2.0: the log of clients has the commands that stock clients read") {
  World world = with_targets(Dialect::v2_0);
  REQUIRE(texts(world.read(kClient, "lustre-client")) ==
          std::vector<std::string>{
              "attach lustre-clilov lov lustre-clilov_UUID",
              "setup lustre-clilov (description)",
              "attach lustre-clilmv lmv lustre-clilmv_UUID",
              "setup lustre-clilmv (description)",
              "mountopt lustre-client lustre-clilov lustre-clilmv",
              "add_uuid 127.0.0.11@tcp",
              "attach lustre-MDT0000-mdc mdc lustre-clilmv_UUID",
              "setup lustre-MDT0000-mdc lustre-MDT0000_UUID 127.0.0.11@tcp",
              "add_mdc lustre-clilmv lustre-MDT0000_UUID 0 1 lustre-MDT0000-mdc_UUID",
              "add_uuid 127.0.0.12@tcp",
              "attach lustre-OST0000-osc osc lustre-clilov_UUID",
              "setup lustre-OST0000-osc lustre-OST0000_UUID 127.0.0.12@tcp",
              "lov_add lustre-clilov lustre-OST0000_UUID 0 1",
          });
}

TEST_CASE("Mgs 1.8: the log of clients has no device over metadata targets") {
  World world = with_targets(Dialect::v1_8);
  REQUIRE(texts(world.read(kClient, "lustre-client")) ==
          std::vector<std::string>{
              "attach lustre-clilov lov lustre-clilov_UUID",
              "setup lustre-clilov (description)",
              "add_uuid 127.0.0.11@tcp",
              "attach lustre-MDT0000-mdc mdc lustre-MDT0000-mdc_UUID",
              "setup lustre-MDT0000-mdc lustre-MDT0000_UUID 127.0.0.11@tcp",
              "mountopt lustre-client lustre-clilov lustre-MDT0000-mdc",
              "add_uuid 127.0.0.12@tcp",
              "attach lustre-OST0000-osc osc lustre-clilov_UUID",
              "setup lustre-OST0000-osc lustre-OST0000_UUID 127.0.0.12@tcp",
              "lov_add lustre-clilov lustre-OST0000_UUID 0 1",
          });
}

TEST_CASE("Mgs: the log of an MDT names the OSTs, whoever comes first") {
  World world(Dialect::v2_0);
  world.register_target(kOstPeer, false, 0);
  world.commit(kOstPeer);
  world.register_target(kMdsPeer, true, 0);
  world.commit(kMdsPeer);
  const auto targets = world.targets("lustre-MDT0000");
  REQUIRE(targets.size() == 1);
  REQUIRE(targets[0].uuid == "lustre-OST0000_UUID");
  REQUIRE(targets[0].peers == std::vector<PeerId>{kOstPeer});
  REQUIRE(world.targets("lustre-client").size() == 2);
}

TEST_CASE("Mgs: a target that registers again where it was changes nothing") {
  World world = with_targets(Dialect::v2_0);
  const size_t before = world.read(kClient, "lustre-client").size();
  REQUIRE(world.register_target(kOstPeer, false, 0).size() == 1);
  REQUIRE(world.read(kClient, "lustre-client").size() == before);
}

TEST_CASE("Mgs: a target at another address gets one more, a virgin of its name is refused") {
  World world = with_targets(Dialect::v2_0);
  const PeerId other{make_nid(0x7f000020), kLnetPid};
  const auto refused = world.register_target(other, false, 0, target_flag::kVirgin);
  REQUIRE(refused.at(0).message.body().status == -98);
  world.register_target(other, false, 0);
  REQUIRE(world.commit(other).size() == 1);
  REQUIRE(world.targets("lustre-client").back().peers == std::vector<PeerId>{kOstPeer, other});
  REQUIRE(world.targets("lustre-MDT0000").back().peers == std::vector<PeerId>{kOstPeer, other});
}

TEST_CASE("Mgs: it chooses the index of a target that asks for it") {
  World world = with_targets(Dialect::v2_0);
  const PeerId other{make_nid(0x7f000020), kLnetPid};
  world.register_target(other, false, 9, target_flag::kNeedIndex | target_flag::kVirgin);
  const auto heard = world.commit(other);
  const auto reply = operations::MgsTargetReg::Reply::decode(heard.at(0).message);
  REQUIRE(reply->target.stripe_index == 1);
  REQUIRE(protocol::name_of(reply->target.svname) == "lustre-OST0001");
}

TEST_CASE("Mgs: a registration waits until clients have given the configuration's lock back") {
  World world = with_targets(Dialect::v2_0);
  const uint64_t lock = world.enqueue(kClient).lock_handle.cookie;
  const PeerId other{make_nid(0x7f000020), kLnetPid};
  REQUIRE(world.register_target(other, false, 1).empty());
  REQUIRE(world.commit(other).empty());
  REQUIRE(world.callbacks.back().first == kClient);
  REQUIRE(world.callbacks.back().second.message.body().opc == 104);
  operations::LdlmCancel::Request cancel;
  cancel.lock.lock_count = 1;
  cancel.lock.lock_handle[0].cookie = lock;
  REQUIRE(world.ask<operations::LdlmCancel>(kClient, cancel).size() == 1);
  // Nobody reads what may yet be lost.
  REQUIRE(world.enqueue(kClient, 0x10d).lock_desc.granted_mode == 0);
  REQUIRE(world.commit(other).size() == 1);
  REQUIRE(world.targets("lustre-client").size() == 3);
  REQUIRE(world.enqueue(kClient, 0x10e).lock_desc.granted_mode == protocol::ldlm::lock_mode::kCr);
}

TEST_CASE("Mgs: after a restart the logs are what was durable") {
  World world = with_targets(Dialect::v2_0);
  const auto before = world.read(kClient, "lustre-client");
  const PeerId other{make_nid(0x7f000020), kLnetPid};
  world.register_target(other, false, 1);
  world.restart();
  REQUIRE(world.read(kClient, "lustre-client") == before);
  world.register_target(kOstPeer, false, 0);
  REQUIRE(world.read(kClient, "lustre-client") == before);
}

TEST_CASE("Mgs: a log of many targets is read block by block") {
  World world(Dialect::v2_0);
  world.register_target(kMdsPeer, true, 0);
  world.commit(kMdsPeer);
  for (uint32_t i = 0; i < 40; ++i) {
    const PeerId ost{make_nid(0x7f000100 + i), kLnetPid};
    world.register_target(ost, false, 0, target_flag::kNeedIndex | target_flag::kVirgin);
    REQUIRE(world.commit(ost).size() == 1);
  }
  REQUIRE(world.targets("lustre-client").size() == 41);
  REQUIRE(world.targets("lustre-MDT0000").size() == 40);
}

TEST_CASE("Mgs: a log that was never written is empty; past the end there is nothing") {
  World world(Dialect::v2_0);
  REQUIRE(world.read(kClient, "other-client").empty());
  operations::LlogOriginHandleNextBlock::Request next;
  next.body.logid =
      world.answer<operations::LlogOriginHandleCreate>(kClient, {.name = "other-client"})
          .body.logid;
  next.body.index = 1;
  REQUIRE(
      world.ask<operations::LlogOriginHandleNextBlock>(kClient, next)[0].message.body().status ==
      -5);
}

TEST_CASE("Mgs: no client destroys a configuration log") {
  World world = with_targets(Dialect::v2_0);
  const auto refused = world.ask<operations::LlogOriginHandleDestroy>(kClient, {});
  REQUIRE(refused.at(0).message.body().status == -1);
  REQUIRE(refused[0].message.body().type == 4712);
}

TEST_CASE("Mgs: a parameter goes to every log of the file system, or to the one target's") {
  World world = with_targets(Dialect::v2_0);
  operations::MgsSetInfo::Request all;
  protocol::set_name(all.param.param, "lustre.llite.max_cached=1");
  world.ask<operations::MgsSetInfo>(kClient, all);
  REQUIRE(world.commit(kClient).size() == 1);
  REQUIRE(texts(world.read(kClient, "lustre-client")).back() == "param lustre llite.max_cached=1");
  operations::MgsSetInfo::Request one;
  protocol::set_name(one.param.param, "lustre-OST0000.ost.x=2");
  world.ask<operations::MgsSetInfo>(kClient, one);
  world.commit(kClient);
  REQUIRE(texts(world.read(kClient, "lustre-OST0000")).back() == "param lustre-OST0000 ost.x=2");
  operations::MgsSetInfo::Request wrong;
  protocol::set_name(wrong.param.param, "nonsense");
  REQUIRE(world.ask<operations::MgsSetInfo>(kClient, wrong)[0].message.body().status == -22);
}

TEST_CASE("Mgs: malformed registrations are refused") {
  World world(Dialect::v2_0);
  operations::MgsTargetReg::Request request;
  request.target.flags = target_flag::kSvTypeOst;
  protocol::set_name(request.target.fsname, "toolongname");
  request.target.nid_count = 1;
  REQUIRE(world.ask<operations::MgsTargetReg>(kOstPeer, request)[0].message.body().status == -22);
  protocol::set_name(request.target.fsname, "lustre");
  request.target.nid_count = 33;
  REQUIRE(world.ask<operations::MgsTargetReg>(kOstPeer, request)[0].message.body().status == -22);
}

TEST_CASE("Mgs: it is a machine, and a copy is another one") {
  static_assert(Machine<Mgs>);
  World world = with_targets(Dialect::v2_0);
  const Mgs copy = world.mgs();
  REQUIRE(digest_of(copy) == digest_of(world.mgs()));
  world.register_target({make_nid(0x7f000020), kLnetPid}, false, 1);
  REQUIRE(digest_of(copy) != digest_of(world.mgs()));
}

}  // namespace reference
