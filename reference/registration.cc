#include "reference/registration.h"

#include <fmt/format.h>

#include "protocol/codec.h"
#include "protocol/mgs.h"
#include "protocol/operations_2_0.h"
#include "reference/derive.h"

namespace reference {

std::string target_name(const Config& config, RegisteredKind kind) {
  return fmt::format("{}-{}{:04x}", config.fsname, kind == RegisteredKind::mdt ? "MDT" : "OST",
                     config.index);
}

OutgoingRequest registration_request(const Config& config, RegisteredKind kind) {
  using protocol::operations_2_0::MgsTargetReg;  // the same in both dialects
  namespace target_flag = protocol::mgs::target_flag;
  MgsTargetReg::Request request;
  protocol::mgs::MgsTargetInfo& target = request.target;
  const std::string name = target_name(config, kind);
  target.stripe_index = config.index;
  target.flags = kind == RegisteredKind::mdt ? target_flag::kSvTypeMdt : target_flag::kSvTypeOst;
  target.nid_count = 1;
  target.nids[0] = config.self.nid;
  protocol::set_name(target.fsname, config.fsname);
  protocol::set_name(target.svname, name);
  protocol::set_name(target.uuid, name + "_UUID");
  return make_request<MgsTargetReg>(request, 1, protocol::mgs::MgsTargetInfo::kSize);
}

ImportSetup mgs_import_setup(const Config& config) {
  namespace connect_flag = protocol::ptlrpc::connect_flag;
  ImportSetup setup;
  setup.kind = ImportSetup::Kind::mgs;
  setup.number = 0;
  setup.target_uuid = "MGS";
  setup.self_uuid = derive_uuid(config, config.mgs, 0);  // a new client at each start
  setup.peers = {config.mgs};
  setup.wish.connect_flags = connect_flag::kVersion | connect_flag::kAt;
  return setup;
}

}  // namespace reference
