#include "harness/record/record.h"

#include <fmt/format.h>

#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"

namespace harness::record {

std::string Node::name() const {
  switch (role) {
    case Role::mgs:
      return "mgs";
    case Role::mds:
      return "mds";
    case Role::ost:
      return fmt::format("ost{}", index);
    case Role::client:
      return fmt::format("client{}", index + 1);
    case Role::probe:
      return fmt::format("probe{}", index + 1);
  }
  return "nobody";
}

Envelope read_envelope(const Bytes& bytes) {
  Envelope envelope;
  const auto lnet = protocol::LnetMessage::parse(bytes);
  if (!lnet) return envelope;
  namespace type = protocol::lnet::lnet_msg_type;
  if (lnet->header.type == type::kGet) {
    const auto get = protocol::overlay<protocol::lnet::LnetGet>(lnet->header.msg);
    envelope.portal = get.ptl_index;
    envelope.xid = get.match_bits;
  }
  if (lnet->header.type != type::kPut) return envelope;
  envelope.portal = lnet->header.msg.ptl_index;
  envelope.xid = lnet->header.msg.match_bits;
  const auto message = protocol::Message::parse(lnet->payload);
  if (!message) return envelope;
  const protocol::ptlrpc::PtlrpcBody& body = message->body();
  const bool request = body.type == protocol::ptlrpc::msg_type::kRequest;
  // Of replies only early ones carry a checksum (facts: lnet-socklnd 5).
  const bool early = message->header().cksum != 0;
  envelope.kind = request ? Envelope::Kind::request
                  : early ? Envelope::Kind::early_reply
                          : Envelope::Kind::reply;
  envelope.opcode = body.opc;
  envelope.flags = body.flags;
  envelope.op_flags = body.op_flags;
  envelope.conn_cnt = body.conn_cnt;
  envelope.status = body.status;
  envelope.transno = body.transno;
  envelope.last_committed = body.last_committed;
  envelope.handle = body.handle.cookie;
  envelope.versions = body.pre_versions;
  return envelope;
}

}  // namespace harness::record
