#include "suites/stock/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/buffers.h"
#include "protocol/description.h"
#include "protocol/ldlm.h"
#include "protocol/lnet.h"
#include "protocol/mds.h"
#include "protocol/ost.h"
#include "protocol/ptlrpc.h"
#include "suites/errno.h"

namespace suites {

namespace disposition = protocol::ldlm::disposition;
namespace lock_flag = protocol::ldlm::lock_flag;
namespace opcode = protocol::ptlrpc::opcode;
namespace valid = protocol::mds::valid;
using protocol::BufferInfo;
using protocol::BufferKind;
using protocol::ByteView;
using protocol::Dialect;
using protocol::Direction;
using protocol::ldlm::LdlmReply;
using protocol::ldlm::LdlmRequest;
using protocol::mds_1_8::MdsBody;

namespace {

constexpr uint32_t kFileTypes = 0170000;
constexpr uint32_t kRegular = 0100000;
constexpr uint32_t kEarlyReplySize = 192;
constexpr uint32_t kAtSupport = 1;

class Judge {
 public:
  Judge(const Exchange& exchange, const Request& asked, const Given& given)
      : exchange_(exchange),
        operation_(*exchange.operation),
        asked_(asked),
        given_(given),
        body_(given.answer.body()),
        reader_(operation_, given.answer) {}

  std::vector<std::string> judge() {
    envelope();
    kind();
    if (body_.status < 0) return std::move(found_);
    layout();
    if (is_connect()) connect();
    if (const auto body = reader_.body()) metadata(*body);
    if (const auto lock = reader_.value<LdlmReply>("lock")) this->lock(*lock);
    transno();
    bulk();
    return std::move(found_);
  }

 private:
  template <class... Args>
  void demand(bool holds, fmt::format_string<Args...> text, Args&&... args) {
    if (!holds) found_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  bool is_old() const { return operation_.dialect == Dialect::v1_8; }
  bool is_connect() const {
    return operation_.opcode == opcode::kMgsConnect || operation_.opcode == opcode::kMdsConnect ||
           operation_.opcode == opcode::kOstConnect;
  }

  void envelope() {
    const protocol::lnet::LnetPut& put = given_.reply.header.msg;
    const auto& header = given_.answer.header();
    const bool adaptive = (exchange_.message.header().flags & kAtSupport) != 0;
    demand(put.ptl_index == exchange_.reply.header.msg.ptl_index,
           "the reply comes to portal {}, the client waits at {}", put.ptl_index,
           exchange_.reply.header.msg.ptl_index);
    // Offset 0 is an early reply to a client with adaptive timeouts.
    demand(put.offset == (adaptive ? kEarlyReplySize : 0), "the reply comes at offset {}",
           put.offset);
    demand(given_.answer.length() <= asked_.header.repsize,
           "the reply has {} bytes, the client has room for {}", given_.answer.length(),
           asked_.header.repsize);
    demand(given_.reply.payload.size() == given_.answer.length(),
           "{} bytes are sent for a message of {}", given_.reply.payload.size(),
           given_.answer.length());
    demand(header.cksum == 0, "lm_cksum is set, which marks early replies");
    demand(body_.opc == operation_.opcode, "pb_opc is {}", body_.opc);
    demand(given_.answer.body_length() == exchange_.message.body_length(),
           "ptlrpc_body has {} bytes", given_.answer.body_length());
  }

  // 1.8 keeps five errors in ordinary replies, 2.0 nearly all (rpc-formats, Notation).
  void kind() {
    namespace msg_type = protocol::ptlrpc::msg_type;
    constexpr int32_t kKept[] = {-kEnospc, -kEacces, -kEperm, -kEnoent, -kEinprogress};
    const bool error = is_old() && body_.status < 0 && std::ranges::find(kKept, body_.status) ==
                                                           std::end(kKept);
    demand(body_.type == (error ? msg_type::kErr : msg_type::kReply),
           "the reply is of type {} with status {}", body_.type, body_.status);
  }

  void layout() {
    const auto description =
        protocol::describe(given_.answer, &operation_, Direction::reply);
    for (const auto& part : description.unexplained) {
      found_.push_back(fmt::format("{} bytes at {} are not of the format: {}", part.length,
                                   part.offset, part.reason));
    }
    for (const BufferInfo& info : operation_.reply.buffers) {
      const auto buffer = reader_.buffer(info.name);
      const bool whole = info.kind == BufferKind::structure || info.kind == BufferKind::integer;
      if (!buffer) {
        demand(!whole || info.optional || info.may_be_empty || info.presence.width != 0,
               "the reply has no {}", info.name);
        continue;
      }
      if (!whole || (buffer->empty() && info.may_be_empty)) continue;
      const uint32_t size = info.structure != nullptr ? info.structure->size : info.element_size;
      demand(buffer->size() == size, "{} has {} bytes, not {}", info.name, buffer->size(), size);
    }
    // 2.0 finds a reply's buffers by their index, so all of them are there, be they empty.
    const auto wanted = static_cast<uint32_t>(operation_.reply.buffers.size() + 1);
    const bool optional = std::ranges::any_of(operation_.reply.buffers, &BufferInfo::optional);
    demand(is_old() || optional || given_.answer.buffer_count() == wanted,
           "the reply has {} buffers, not {}", given_.answer.buffer_count(), wanted);
  }

  void connect() {
    namespace connect_flag = protocol::ptlrpc::connect_flag;
    namespace msg_connect = protocol::ptlrpc::msg_connect_flag;
    using protocol::ptlrpc::ObdConnectData;
    const auto data = reader_.value<ObdConnectData>("connect_data");
    const auto offered = protocol::decode<ObdConnectData>(asked_.buffers[3]);
    if (!data || !offered) return;
    const uint64_t extra = data->connect_flags & ~offered->connect_flags;
    demand(extra == 0, "connect flags {:#x} were never offered", extra);
    // Without these the client asserts, or speaks otherwise than it did in this session.
    constexpr uint64_t kRelied = connect_flag::kVersion | connect_flag::kAt |
                                 connect_flag::kSrvlock | connect_flag::kTrunclock |
                                 connect_flag::kIbits;
    const uint64_t missing = offered->connect_flags & kRelied & ~data->connect_flags;
    demand(missing == 0, "connect flags {:#x} are not granted", missing);
    demand(body_.handle.cookie != 0, "no export handle is given");
    demand((body_.op_flags & (msg_connect::kRecovering | msg_connect::kReconnect)) == 0,
           "a first connect is answered with flags {:#x}", body_.op_flags);
    if ((data->connect_flags & connect_flag::kIbits) != 0) {
      demand(data->ibits_known != 0 && (data->ibits_known & ~offered->ibits_known) == 0,
             "ibits_known is {:#x}", data->ibits_known);
    }
  }

  void metadata(const MdsBody& body) {
    const auto md = reader_.buffer("md");
    if ((body.valid & valid::kEaSize) != 0) {
      demand((body.mode & kFileTypes) == kRegular, "OBD_MD_FLEASIZE on mode {:#o}", body.mode);
      demand(body.eadatasize != 0, "OBD_MD_FLEASIZE, and eadatasize is 0");
      demand(md && md->size() >= body.eadatasize, "OBD_MD_FLEASIZE without the EA");
      if (md) striping(*md, body);
    } else if ((body.valid & valid::kLinkname) != 0) {
      demand(md && !md->empty() && md->back() == 0 && body.eadatasize == md->size(),
             "the symlink's content is not as long as eadatasize ({}), NUL included",
             body.eadatasize);
    } else {
      demand(!md || md->empty() || (body.valid & valid::kDirEa) != 0,
             "an EA of {} bytes that no valid bit announces", md ? md->size() : 0);
    }
    if (operation_.opcode == opcode::kMdsGetattr || found_by_name()) attributes(body);
  }

  // (source) liblustre dies of a file without these; 1.8 compares whole ll_fids, f_type included.
  void attributes(const MdsBody& body) {
    const uint64_t wanted = valid::kId | (is_link_read() ? 0 : valid::kType) |
                            (is_old() && !is_link_read() ? valid::kGener : 0);
    demand((body.valid & wanted) == wanted, "valid {:#x} lacks {:#x}", body.valid,
           wanted & ~body.valid);
    demand(body.fid1 != protocol::fid::LlFid{}, "no fid is given");
    if (is_old() && !is_link_read()) {
      demand(body.fid1.f_type == (body.mode & kFileTypes), "fid1 says type {:#o}, mode {:#o}",
             body.fid1.f_type, body.mode);
    }
  }

  bool is_link_read() const {
    const auto& asked = exchange_.message.buffer(1);
    const auto body = protocol::decode<MdsBody>(asked);
    return operation_.opcode == opcode::kMdsGetattr && body &&
           (body->valid & valid::kLinkname) != 0;
  }

  bool found_by_name() const {
    const auto lock = reader_.value<LdlmReply>("lock");
    if (!lock || !is_intent(operation_) || lock->lock_policy_res2 != 0) return false;
    constexpr uint64_t kThere = disposition::kLookupPos | disposition::kOpenCreate;
    return (lock->lock_policy_res1 & kThere) != 0;
  }

  void striping(ByteView md, const MdsBody& body) {
    using protocol::ost::LovMdsMdV1;
    const auto layout = protocol::decode<LovMdsMdV1>(md);
    if (!layout) return demand(false, "an EA of {} bytes", md.size());
    constexpr uint32_t kStripeUnit = 65536;
    demand(layout->magic == protocol::ost::lov_magic::kV1, "the EA's magic is {:#x}, LOV_V3 was "
           "not granted", layout->magic);
    demand(layout->pattern == protocol::ost::lov_pattern::kRaid0, "the pattern is {:#x}",
           layout->pattern);
    demand(layout->stripe_size != 0 && layout->stripe_size % kStripeUnit == 0,
           "the stripe size is {}", layout->stripe_size);
    const size_t size =
        LovMdsMdV1::kSize + size_t{layout->stripe_count} * protocol::ost::LovOstDataV1::kSize;
    demand(layout->stripe_count != 0 && size == body.eadatasize,
           "an EA of {} stripes in {} bytes", layout->stripe_count, body.eadatasize);
    demand((body.valid & valid::kMoDeaSize) == 0 || body.max_mdsize >= body.eadatasize,
           "max_mdsize is {}, the EA has {} bytes", body.max_mdsize, body.eadatasize);
  }

  void lock(const LdlmReply& lock) {
    const bool aborted = body_.status == static_cast<int32_t>(protocol::ldlm::status::kLockAborted);
    if (is_intent(operation_)) intent(lock);
    if (aborted) return demand(lock.lock_handle.cookie == 0, "an aborted lock has a handle");
    const auto wanted = protocol::decode<LdlmRequest>(asked_.buffers[0]);
    demand(lock.lock_handle.cookie != 0, "a granted lock has no handle");
    constexpr uint32_t kBlocked =
        lock_flag::kBlockGranted | lock_flag::kBlockConv | lock_flag::kBlockWait;
    demand((lock.lock_flags & kBlocked) != 0 ||
               lock.lock_desc.granted_mode == lock.lock_desc.req_mode,
           "asked for mode {}, granted {}", lock.lock_desc.req_mode, lock.lock_desc.granted_mode);
    const auto& name = lock.lock_desc.resource.name;
    if (name == wanted->lock_desc.resource.name) return;
    demand((lock.lock_flags & lock_flag::kLockChanged) != 0,
           "the lock is on another resource, without LDLM_FL_LOCK_CHANGED");
    if (const auto body = reader_.body()) on_the_file(name.name, body->fid1);
  }

  // (source) The client asserts that the lock is on the file of the body.
  void on_the_file(const std::array<uint64_t, 4>& name, const protocol::fid::LlFid& file) {
    demand(name[0] == file.id && static_cast<uint32_t>(name[1]) == file.generation,
           "the lock is on {:#x}:{:#x}, the body is of {:#x}:{:#x}", name[0], name[1], file.id,
           file.generation);
  }

  void intent(const LdlmReply& lock) {
    const uint64_t done = lock.lock_policy_res1;
    demand((done & disposition::kItExecd) != 0 || lock.lock_policy_res2 != 0,
           "an intent that was not executed, with status 0");
    demand((done & disposition::kLookupExecd) == 0 ||
               ((done & disposition::kLookupNeg) != 0) != ((done & disposition::kLookupPos) != 0),
           "disposition {:#x}: neither found nor missing", done);
    const auto op = protocol::decode<uint64_t>(asked_.buffers[1]);
    demand(!op || (*op & protocol::ldlm::intent_op::kCreat) != 0 ||
               (done & disposition::kOpenCreate) == 0,
           "disposition {:#x}: created by an open without create", done);
    if (opened()) {
      const auto body = reader_.body();
      demand(body && body->handle.cookie != 0, "an open without a handle");
    }
  }

  bool opened() const {
    const auto lock = reader_.value<LdlmReply>("lock");
    return lock && is_intent(operation_) && lock->lock_policy_res2 == 0 &&
           (lock->lock_policy_res1 & disposition::kOpenOpen) != 0;
  }

  void transno() {
    if (opened()) demand(body_.transno != 0, "a successful open without transno");
    if (operation_.opcode == opcode::kMdsReint) {
      demand(body_.transno != 0, "a change without transno");
    }
    const bool changes = opened() || operation_.opcode == opcode::kMdsReint ||
                         exchange_.answer.body().transno != 0;
    demand(changes || body_.transno == 0 || operation_.opcode == opcode::kMdsClose ||
               operation_.reply_portal == protocol::ptlrpc::portal::kOscReply,
           "transno {} for what changes nothing", body_.transno);
  }

  void bulk() {
    if (operation_.opcode == opcode::kOstRead) {
      const size_t came = given_.taken ? given_.taken->size() : 0;
      demand(static_cast<size_t>(body_.status) == came, "status {}, bulk of {} bytes",
             body_.status, came);
    }
    if (operation_.opcode == opcode::kMdsReadpage) {
      demand(given_.taken && given_.taken->size() == exchange_.taken->size(),
             "a page of {} bytes", given_.taken ? given_.taken->size() : 0);
    }
    if (operation_.opcode == opcode::kOstWrite) {
      demand(given_.gotten, "the data was never fetched");
      demand(body_.status == 0, "status {}", body_.status);
      const ByteView rc = reader_.buffer("rc").value_or(ByteView{});
      const auto niobufs = asked_.buffers[2].size() / protocol::ost::NiobufRemote::kSize;
      demand(rc.size() == niobufs * sizeof(uint32_t), "{} bytes of rc for {} niobufs", rc.size(),
             niobufs);
      demand(std::ranges::all_of(rc, [](uint8_t byte) { return byte == 0; }), "rc is not 0");
    }
  }

  const Exchange& exchange_;
  const protocol::OperationInfo& operation_;
  const Request& asked_;
  const Given& given_;
  const protocol::ptlrpc::PtlrpcBody& body_;
  AnswerReader reader_;
  std::vector<std::string> found_;
};

}  // namespace

AnswerReader::AnswerReader(const protocol::OperationInfo& operation,
                           const protocol::Message& answer)
    : operation_(operation) {
  protocol::BufferCursor cursor(answer, operation.reply);
  for (size_t i = 0; i < operation.reply.buffers.size(); ++i) {
    const auto index = cursor.next();
    places_.push_back(index ? std::optional(answer.buffer(*index)) : std::nullopt);
  }
}

std::optional<ByteView> AnswerReader::buffer(std::string_view name) const {
  for (size_t i = 0; i < places_.size(); ++i) {
    if (operation_.reply.buffers[i].name == name) return places_[i];
  }
  return std::nullopt;
}

std::optional<MdsBody> AnswerReader::body() const {
  for (const BufferInfo& info : operation_.reply.buffers) {
    if (info.structure == nullptr) continue;
    if (info.structure->lustre == "mds_body" || info.structure->lustre == "mdt_body") {
      return value<MdsBody>(info.name);
    }
  }
  return std::nullopt;
}

bool is_intent(const protocol::OperationInfo& operation) {
  return operation.selector == protocol::Selector::intent;
}

std::vector<std::string> unacceptable(const Exchange& exchange, const Request& asked,
                                      const Given& given) {
  return Judge(exchange, asked, given).judge();
}

}  // namespace suites
