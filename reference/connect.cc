#include "reference/connect.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "protocol/codec.h"
#include "protocol/ldlm.h"

namespace reference {

namespace ptlrpc = protocol::ptlrpc;
namespace connect_flag = protocol::ptlrpc::connect_flag;
using Facts = ConnectFacts;

namespace {

constexpr uint32_t k18 = 1, k20 = 2, kBoth = k18 | k20;  // dialects that a row is for

struct Row {
  std::string_view id;
  uint32_t dialects;
  bool (*holds)(const Facts&);
  int32_t status;
};

bool reconnects(const Facts& f) { return f.known && f.connected; }

// The rows that refuse, in order; the first that holds decides. What has no row here: C5 skips C7
// to C16; C6 one CONNECT is answered before the next is looked at; C9 an evicted export is gone at
// once, there is no time in which it is being evicted; C17 to C21, C23, C24 are what Service does
// when none refused. C10, C16 and C21 need Config::delayed_recovery.
constexpr std::array kRefusals = {
    Row{"C1", kBoth, [](const Facts& f) { return !f.serving; }, -ENODEV},
    Row{"C2", kBoth, [](const Facts& f) { return f.holding; }, -EAGAIN},
    Row{"C3", kBoth, [](const Facts& f) { return !f.well_formed; }, -EINVAL},
    Row{"C3", k20, [](const Facts& f) { return !f.has_data; }, -EPROTO},
    Row{"C4", kBoth, [](const Facts& f) { return !f.library_fits; }, -EPROTO},
};
constexpr std::array kExportRefusals = {
    Row{"C8", kBoth, [](const Facts& f) { return f.initial && reconnects(f) && f.other_nid; },
        -EALREADY},
    Row{"C10", k18, [](const Facts& f) { return f.delayed && !f.knows_versions; }, -ENODEV},
    Row{"C11", kBoth, [](const Facts& f) { return reconnects(f) && !f.same_handle; }, -EALREADY},
    Row{"C13", kBoth, [](const Facts& f) { return f.known && !f.on_export && f.executing > 0; },
        -EBUSY},
    Row{"C14", kBoth, [](const Facts& f) { return f.known && f.on_export && f.executing > 0; },
        -EBUSY},
    Row{"C15", kBoth, [](const Facts& f) { return f.known && f.conn_cnt == 1; }, -EALREADY},
    Row{"C16", k18, [](const Facts& f) { return f.delayed && f.recovering; }, -EBUSY},
};
constexpr std::array kLastRefusals = {
    Row{"C22", kBoth, [](const Facts& f) { return !f.known && f.recovering; }, -EBUSY},
    Row{"FID", k20, [](const Facts& f) { return f.needs_fid; }, -EBADE},
    Row{"C25", kBoth, [](const Facts& f) { return f.known && f.known_conn_cnt >= f.conn_cnt; },
        -EALREADY},
};

struct DialectRow {
  Dialect dialect;
  uint32_t bit;
  uint32_t version;
  uint32_t line_bits;      // below them, releases of one line differ: major.minor, or major
  uint64_t mgs, mdt, ost;  // what each kind of target supports
};
// LRU_RESIZE, which a default build has as well, is left out: our servers keep no lock volume.
constexpr auto kDialects = std::to_array<DialectRow>({
    {Dialect::v1_8, k18, 0x01080900, 16, 0x1000020, 0x8018140f1a1, 0x804b14c047e},
    {Dialect::v2_0, k20, 0x02000000, 24, 0x1001000020, 0x11c5f3b1a1, 0x16b16f047e},
});

const DialectRow& row_of(Dialect dialect) {
  return *std::ranges::find(kDialects, dialect, &DialectRow::dialect);
}

const Row* first_that_holds(std::span<const Row> rows, const Facts& facts) {
  const uint32_t dialect = row_of(facts.dialect).bit;
  for (const Row& row : rows) {
    if ((row.dialects & dialect) != 0 && row.holds(facts)) return &row;
  }
  return nullptr;
}

constexpr uint32_t kBrwSizeMax = 1u << 20;  // PTLRPC_MAX_BRW_SIZE
constexpr uint64_t kIbitsKnown = 0x7;       // LOOKUP, UPDATE, OPEN
constexpr uint32_t kChecksums = ptlrpc::checksum_type::kCrc32 | ptlrpc::checksum_type::kAdler;

std::optional<std::string_view> uuid_in(protocol::ByteView buffer) {
  const std::string_view text = protocol::as_text(buffer);
  const std::string_view uuid = text.substr(0, text.find('\0'));
  // A uuid has a NUL within its buffer, which may be 39 bytes that the text fills up.
  if (uuid.empty() || uuid.size() > 39 || (uuid.size() == text.size() && text.size() < 39)) {
    return std::nullopt;
  }
  return uuid;
}

}  // namespace

std::optional<ConnectRequest> unpack_connect(const protocol::Message& message) {
  const auto target = uuid_in(message.buffer(1));
  const auto client = uuid_in(message.buffer(2));
  const auto handle = protocol::decode<ptlrpc::LustreHandle>(message.buffer(3), message.order());
  if (!target || !client || !handle) return std::nullopt;
  ConnectRequest request{.target_uuid = *target,
                         .client_uuid = *client,
                         .client_handle = handle->cookie,
                         .data = std::nullopt};
  const auto data = protocol::decode<ptlrpc::ObdConnectData>(message.buffer(4), message.order());
  if (data) request.data = *data;
  return request;
}

ConnectVerdict decide_connect(const ConnectFacts& facts) {
  ConnectVerdict verdict;
  const auto refuse = [&verdict](const Row* row) {
    if (row == nullptr) return false;
    verdict.row = row->id;
    verdict.status = row->status;
    return true;
  };
  if (refuse(first_that_holds(kRefusals, facts))) return verdict;
  if (!facts.own_uuid) {
    if (facts.initial && facts.from_mds && reconnects(facts)) {
      verdict.row = "C7";
      verdict.replace_export = true;
      return verdict;
    }
    if (refuse(first_that_holds(kExportRefusals, facts))) {
      verdict.fail_export = verdict.row == "C10";
      verdict.abort_active = verdict.row == "C14" && facts.conn_cnt > facts.known_conn_cnt;
      return verdict;
    }
    verdict.reconnect = reconnects(facts);
  }
  refuse(first_that_holds(kLastRefusals, facts));
  return verdict;
}

uint32_t server_version(Dialect dialect) { return row_of(dialect).version; }

bool library_version_fits(Dialect dialect, uint32_t version) {
  const DialectRow& row = row_of(dialect);
  return version >> row.line_bits == row.version >> row.line_bits;
}

uint64_t supported_flags(Dialect dialect, TargetKind kind) {
  const DialectRow& row = row_of(dialect);
  switch (kind) {
    case TargetKind::mgs:
      return row.mgs;
    case TargetKind::mdt:
      return row.mdt;
    case TargetKind::ost:
      return row.ost;
  }
  return 0;
}

ptlrpc::ObdConnectData negotiate(const Config& config, TargetKind kind,
                                 const ptlrpc::ObdConnectData& asked) {
  ptlrpc::ObdConnectData granted;
  const bool som = config.som.on && kind == TargetKind::mdt;
  granted.connect_flags = asked.connect_flags & (supported_flags(config.dialect, kind) |
                                                 (som ? connect_flag::kSom : uint64_t{0}));
  const auto both = [&granted](uint64_t flag) { return (granted.connect_flags & flag) != 0; };
  granted.version = server_version(config.dialect);
  if (both(connect_flag::kIndex)) granted.index = config.index;
  if (both(connect_flag::kIbits)) granted.ibits_known = asked.ibits_known & kIbitsKnown;
  if (both(connect_flag::kBrwSize)) granted.brw_size = std::min(asked.brw_size, kBrwSizeMax);
  if (both(connect_flag::kCksum)) {
    granted.cksum_types = asked.cksum_types & kChecksums;
    if (granted.cksum_types == 0) granted.cksum_types = ptlrpc::checksum_type::kCrc32;
  }
  granted.transno = asked.transno;
  granted.group = asked.group;
  return granted;
}

}  // namespace reference
