#include "harness/record/history_entry.h"

#include <utility>

#include "reference/lock_modes.h"

namespace harness::record {

namespace {

using protocol::ByteView;

capnp::Data::Reader data_of(ByteView bytes) { return {bytes.data(), bytes.size()}; }
capnp::Data::Reader data_of(const std::string& text) { return data_of(protocol::as_bytes(text)); }
std::string text_of(capnp::Data::Reader data) {
  return std::string(reinterpret_cast<const char*>(data.begin()), data.size());
}
Bytes bytes_of(capnp::Data::Reader data) { return Bytes(ByteView(data.begin(), data.size())); }

void put(const PeerId& peer, schema::Peer::Builder to) {
  to.setNid(peer.nid);
  to.setPid(peer.pid);
}
PeerId get(schema::Peer::Reader from) { return {from.getNid(), from.getPid()}; }

// --- calls ---

void put(const CallBegan& began, schema::CallBegan::Builder to) {
  const Syscall& call = *began.call;
  to.setOrder(began.order);
  to.setKind(static_cast<uint8_t>(call.kind));
  to.setPath(data_of(call.path));
  to.setTarget(data_of(call.target));
  to.setFlags(call.flags);
  to.setMode(call.mode);
  to.setUid(call.uid);
  to.setGid(call.gid);
  to.setFd(call.fd);
  to.setOffset(call.offset);
  to.setLength(call.length);
  to.setAtime(call.atime);
  to.setMtime(call.mtime);
  to.setStripeCount(call.stripe_count);
  to.setStripeSize(call.stripe_size);
  to.setData(data_of(call.data.view()));
}

std::optional<What> get(schema::CallBegan::Reader from) {
  if (from.getKind() > static_cast<uint8_t>(Syscall::Kind::sync)) return std::nullopt;
  Syscall call;
  call.kind = static_cast<Syscall::Kind>(from.getKind());
  call.path = text_of(from.getPath());
  call.target = text_of(from.getTarget());
  call.flags = from.getFlags();
  call.mode = from.getMode();
  call.uid = from.getUid();
  call.gid = from.getGid();
  call.fd = from.getFd();
  call.offset = from.getOffset();
  call.length = from.getLength();
  call.atime = from.getAtime();
  call.mtime = from.getMtime();
  call.stripe_count = from.getStripeCount();
  call.stripe_size = from.getStripeSize();
  call.data = bytes_of(from.getData());
  return CallBegan{from.getOrder(), std::make_shared<const Syscall>(std::move(call))};
}

void put(const reference::Attributes& of, schema::Attributes::Builder to) {
  to.setFidSeq(of.fid_seq);
  to.setFidOid(of.fid_oid);
  to.setFidVer(of.fid_ver);
  to.setIno(of.ino);
  to.setMode(of.mode);
  to.setNlink(of.nlink);
  to.setUid(of.uid);
  to.setGid(of.gid);
  to.setRdev(of.rdev);
  to.setSize(of.size);
  to.setBlocks(of.blocks);
  to.setAtime(of.atime);
  to.setMtime(of.mtime);
  to.setCtime(of.ctime);
}

reference::Attributes get(schema::Attributes::Reader from) {
  reference::Attributes of;
  of.fid_seq = from.getFidSeq();
  of.fid_oid = from.getFidOid();
  of.fid_ver = from.getFidVer();
  of.ino = from.getIno();
  of.mode = from.getMode();
  of.nlink = from.getNlink();
  of.uid = from.getUid();
  of.gid = from.getGid();
  of.rdev = from.getRdev();
  of.size = from.getSize();
  of.blocks = from.getBlocks();
  of.atime = from.getAtime();
  of.mtime = from.getMtime();
  of.ctime = from.getCtime();
  return of;
}

void put(const CallEnded& ended, schema::CallEnded::Builder to) {
  const Result& result = *ended.result;
  to.setOrder(ended.order);
  to.setStatus(result.status);
  to.setValue(result.value);
  put(result.attributes, to.initAttributes());
  to.setData(data_of(result.data.view()));
  auto entries = to.initEntries(static_cast<uint32_t>(result.entries.size()));
  for (uint32_t i = 0; i < entries.size(); ++i) {
    entries[i].setName(data_of(result.entries[i].name));
    entries[i].setIno(result.entries[i].ino);
    entries[i].setType(result.entries[i].type);
  }
  auto of = to.initFileSystem();
  of.setBlocks(result.file_system.blocks);
  of.setFree(result.file_system.free);
  of.setAvailable(result.file_system.available);
  of.setFiles(result.file_system.files);
  of.setFilesFree(result.file_system.files_free);
  of.setBlockSize(result.file_system.block_size);
}

What get(schema::CallEnded::Reader from) {
  Result result;
  result.status = from.getStatus();
  result.value = from.getValue();
  result.attributes = get(from.getAttributes());
  result.data = bytes_of(from.getData());
  for (const auto entry : from.getEntries()) {
    result.entries.push_back({text_of(entry.getName()), entry.getIno(), entry.getType()});
  }
  const auto of = from.getFileSystem();
  result.file_system = {of.getBlocks(), of.getFree(),      of.getAvailable(),
                        of.getFiles(),  of.getFilesFree(), of.getBlockSize()};
  return CallEnded{from.getOrder(), std::make_shared<const Result>(std::move(result))};
}

// --- notes ---

void put(const Fact& fact, schema::Fact::Builder to) {
  to.setKind(static_cast<uint8_t>(fact.kind));
  to.setType(fact.type);
  to.setOpcode(fact.opcode);
  to.setFlags(fact.flags);
  to.setConnCnt(fact.conn_cnt);
  to.setClient(std::string(fact.client.view()));
  to.setXid(fact.xid);
  to.setTransno(fact.transno);
  to.setObjectFirst(fact.object.first);
  to.setObjectSecond(fact.object.second);
  to.setHandle(fact.handle);
  to.setValue(fact.value);
  to.setStart(fact.start);
  to.setEnd(fact.end);
  to.setDigest(fact.digest);
  if (fact.versions != std::array<uint64_t, 4>{}) {
    auto versions = to.initVersions(static_cast<uint32_t>(fact.versions.size()));
    for (uint32_t i = 0; i < versions.size(); ++i) versions.set(i, fact.versions[i]);
  }
  to.setText(fact.text);
}

// Whether a lock's numbers are a type and a mode: who judges looks them up.
bool lock_is_known(const Fact& fact) {
  if (fact.kind != Fact::Kind::granted && fact.kind != Fact::Kind::waiting) return true;
  return reference::lock_type(fact.type) && std::in_range<uint32_t>(fact.value) &&
         reference::lock_mode(static_cast<uint32_t>(fact.value));
}

std::optional<What> get(schema::Fact::Reader from) {
  if (from.getKind() >= Fact::kKinds) return std::nullopt;
  Fact fact;
  fact.kind = static_cast<Fact::Kind>(from.getKind());
  fact.type = from.getType();
  fact.opcode = from.getOpcode();
  fact.flags = from.getFlags();
  fact.conn_cnt = from.getConnCnt();
  fact.client = std::string(from.getClient().cStr());
  fact.xid = from.getXid();
  fact.transno = from.getTransno();
  fact.object = {from.getObjectFirst(), from.getObjectSecond()};
  fact.handle = from.getHandle();
  fact.value = from.getValue();
  fact.start = from.getStart();
  fact.end = from.getEnd();
  fact.digest = from.getDigest();
  const auto versions = from.getVersions();
  for (uint32_t i = 0; i < versions.size() && i < fact.versions.size(); ++i) {
    fact.versions[i] = versions[i];
  }
  fact.text = std::string(from.getText().cStr(), from.getText().size());
  if (!lock_is_known(fact)) return std::nullopt;
  return Noted{std::move(fact)};
}

// --- nodes ---

void put(const Started& started, schema::Start::Builder to) {
  auto node = to.initNode();
  node.setRole(static_cast<uint8_t>(started.node.role));
  node.setIndex(started.node.index);
  put(started.node.peer, node.initPeer());
  to.setDialect(static_cast<uint8_t>(started.dialect));
}

std::optional<What> get(schema::Start::Reader from) {
  const auto node = from.getNode();
  const bool known = node.getRole() <= static_cast<uint8_t>(Role::probe) &&
                     from.getDialect() <= static_cast<uint8_t>(Dialect::v2_0);
  if (!known) return std::nullopt;
  return Started{{static_cast<Role>(node.getRole()), node.getIndex(), get(node.getPeer())},
                 static_cast<Dialect>(from.getDialect())};
}

template <class... Fs>
struct Visit : Fs... {
  using Fs::operator()...;
};

}  // namespace

void encode(const Record& record, schema::Record::Builder to) {
  to.setIndex(record.index);
  to.setTime(record.time);
  to.setNode(record.node);
  to.setIncarnation(record.incarnation);
  to.setCause(record.cause);
  auto what = to.getWhat();
  std::visit(Visit{[&](const CallBegan& began) { put(began, what.initCallBegan()); },
                   [&](const CallEnded& ended) { put(ended, what.initCallEnded()); },
                   [&](const Sent& sent) {
                     auto message = what.initSent();
                     put(sent.to, message.initPeer());
                     message.setNumber(sent.message);
                     message.setBytes(data_of(sent.bytes.view()));
                   },
                   [&](const Received& received) {
                     auto message = what.initReceived();
                     put(received.from, message.initPeer());
                     message.setNumber(received.message);
                     if (received.message == 0) message.setBytes(data_of(received.bytes.view()));
                   },
                   [&](const Lost& lost) { put(lost.peer, what.initLost()); },
                   [&](const Dropped& dropped) { put(dropped.peer, what.initDropped()); },
                   [&](const Faulted& faulted) {
                     auto fault = what.initFaulted();
                     fault.setWhat(faulted.what);
                     fault.setMessage(faulted.message);
                   },
                   [&](const Committed&) { what.setCommitted(); },
                   [&](const Crashed&) { what.setCrashed(); },
                   [&](const Started& started) { put(started, what.initStarted()); },
                   [&](const Noted& noted) { put(noted.fact, what.initNoted()); },
                   [&](const Digested& digested) { what.setDigested(digested.digest); },
                   [&](const Quiesced&) { what.setQuiesced(); }},
             record.what);
}

namespace {

std::optional<What> get(schema::Record::What::Reader from) {
  switch (from.which()) {
    case schema::Record::What::CALL_BEGAN:
      return get(from.getCallBegan());
    case schema::Record::What::CALL_ENDED:
      return get(from.getCallEnded());
    case schema::Record::What::SENT: {
      const auto message = from.getSent();
      Bytes bytes = bytes_of(message.getBytes());
      const Envelope envelope = read_envelope(bytes);
      return Sent{get(message.getPeer()), message.getNumber(), std::move(bytes), envelope};
    }
    case schema::Record::What::RECEIVED: {
      const auto message = from.getReceived();
      Bytes bytes = bytes_of(message.getBytes());
      const Envelope envelope = read_envelope(bytes);
      return Received{get(message.getPeer()), message.getNumber(), std::move(bytes), envelope};
    }
    case schema::Record::What::LOST:
      return Lost{get(from.getLost())};
    case schema::Record::What::DROPPED:
      return Dropped{get(from.getDropped())};
    case schema::Record::What::FAULTED:
      return Faulted{std::string(from.getFaulted().getWhat().cStr()),
                     from.getFaulted().getMessage()};
    case schema::Record::What::COMMITTED:
      return Committed{};
    case schema::Record::What::CRASHED:
      return Crashed{};
    case schema::Record::What::STARTED:
      return get(from.getStarted());
    case schema::Record::What::NOTED:
      return get(from.getNoted());
    case schema::Record::What::DIGESTED:
      return Digested{from.getDigested()};
    case schema::Record::What::QUIESCED:
      return Quiesced{};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Record> decode(schema::Record::Reader from) {
  std::optional<What> what = get(from.getWhat());
  if (!what) return std::nullopt;
  return Record{from.getIndex(),       from.getTime(),  from.getNode(),
                from.getIncarnation(), from.getCause(), *std::move(what)};
}

}  // namespace harness::record
