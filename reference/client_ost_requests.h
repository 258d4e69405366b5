// OST requests of a client, for a dialect's operations: the same in both, but for the capability
// buffer that 2.0 adds at the end (facts: rpc-formats OST).
#pragma once

#include "reference/client_dialect.h"

namespace reference {

template <class Operation>
OutgoingRequest ost_request(const OstRequest& request, bool capabilities) {
  typename Operation::Request buffers;
  buffers.body.oa = request.obdo;
  if constexpr (requires { buffers.elc; }) {
    if (capabilities) buffers.elc.emplace();
  }
  if constexpr (requires { buffers.capa; }) {
    if (capabilities) buffers.capa.emplace();
  }
  return make_request<Operation>(buffers, 1, protocol::ost::OstBody::kSize);
}

template <class Operation>
OutgoingRequest ost_brw(const OstRequest& request, bool capabilities) {
  typename Operation::Request buffers;
  buffers.body.oa = request.obdo;
  buffers.ioobj.id = request.obdo.id;
  buffers.ioobj.seq = request.obdo.seq;
  buffers.ioobj.type = 0x8000;  // S_IFREG
  buffers.ioobj.bufcnt = static_cast<uint32_t>(request.niobufs.size());
  buffers.niobufs = request.niobufs;
  if constexpr (requires { buffers.capa; }) {
    if (capabilities) buffers.capa.emplace();
  }
  OutgoingRequest outgoing = make_request<Operation>(
      buffers, 2,
      static_cast<uint32_t>(protocol::ost::OstBody::kSize +
                            protocol::padded(request.niobufs.size() * sizeof(uint32_t))));
  outgoing.bulk_portal = Operation::kBulkPortal;
  for (const auto& niobuf : request.niobufs) outgoing.sink_length += niobuf.len;
  return outgoing;
}

// Of a namespace of operations, given as its types.
template <class Getattr, class Setattr, class Punch, class Sync, class Destroy, class Read,
          class Write, class Statfs>
OutgoingRequest ost_operation(OstOp op, const OstRequest& request, bool capabilities) {
  switch (op) {
    case OstOp::getattr:
      return ost_request<Getattr>(request, capabilities);
    case OstOp::setattr:
      return ost_request<Setattr>(request, capabilities);
    case OstOp::punch:
      return ost_request<Punch>(request, capabilities);
    case OstOp::sync:
      return ost_request<Sync>(request, capabilities);
    case OstOp::destroy:
      return ost_request<Destroy>(request, capabilities);
    case OstOp::read: {
      OutgoingRequest outgoing = ost_brw<Read>(request, capabilities);
      outgoing.bulk = OutgoingRequest::Bulk::sink;
      return outgoing;
    }
    case OstOp::write: {
      OutgoingRequest outgoing = ost_brw<Write>(request, capabilities);
      outgoing.bulk = OutgoingRequest::Bulk::source;
      outgoing.source = request.data;
      return outgoing;
    }
    case OstOp::statfs:
      return make_request<Statfs>({}, 1, protocol::ptlrpc::ObdStatfs::kSize);
  }
  return {};
}

}  // namespace reference
