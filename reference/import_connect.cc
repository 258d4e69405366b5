#include "reference/import_connect.h"

#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"

namespace reference {

namespace ptlrpc = protocol::ptlrpc;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;

namespace {

// Lustre leaves room for replies of servers to come, whose connect data may be longer.
constexpr uint32_t kConnectReplyRoom = ptlrpc::ObdConnectData::kSize + 128;

using ConnectBuilder = OutgoingRequest (*)(const ImportSetup&, uint64_t,
                                           const ptlrpc::ObdConnectData&, uint32_t);

template <class Operation>
OutgoingRequest build_connect(const ImportSetup& setup, uint64_t client_cookie,
                              const ptlrpc::ObdConnectData& data, uint32_t op_flags) {
  typename Operation::Request buffers;
  buffers.target_uuid = setup.target_uuid;
  buffers.client_uuid = setup.self_uuid;
  buffers.client_handle.cookie = client_cookie;
  buffers.connect_data = data;
  ptlrpc::PtlrpcBody body;
  body.op_flags = op_flags;
  return make_request<Operation>(buffers, 1, kConnectReplyRoom, body);
}

// By Dialect, then by ImportSetup::Kind.
constexpr std::array<std::array<ConnectBuilder, 3>, 2> kConnectBuilders = {{
    {build_connect<v1_8::MgsConnect>, build_connect<v1_8::MdsConnect>,
     build_connect<v1_8::OstConnect>},
    {build_connect<v2_0::MgsConnect>, build_connect<v2_0::MdsConnect>,
     build_connect<v2_0::OstConnect>},
}};

}  // namespace

OutgoingRequest connect_message(Dialect dialect, const ImportSetup& setup, uint64_t client_cookie,
                                const ptlrpc::ObdConnectData& data, uint32_t op_flags) {
  const ConnectBuilder build =
      kConnectBuilders.at(static_cast<size_t>(dialect)).at(static_cast<size_t>(setup.kind));
  return build(setup, client_cookie, data, op_flags);
}

OutgoingRequest disconnect_message(ImportSetup::Kind kind) {
  switch (kind) {
    case ImportSetup::Kind::mgs:
      return make_request<v2_0::MgsDisconnect>({}, 0, 0);
    case ImportSetup::Kind::mds:
      return make_request<v2_0::MdsDisconnect>({}, 0, 0);
    case ImportSetup::Kind::ost:
      return make_request<v2_0::OstDisconnect>({}, 0, 0);
  }
  return {};
}

OutgoingRequest ping_message() { return make_request<v2_0::ObdPing>({}, 0, 0); }

}  // namespace reference
