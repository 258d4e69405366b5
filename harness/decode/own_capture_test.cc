// What we send ourselves, written as a capture and explained again: nothing may stay unexplained.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <vector>

#include "harness/decode/trace.h"
#include "harness/record/message_capture.h"
#include "protocol/message.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"

namespace ptlrpc = protocol::ptlrpc;
using harness::Entry;
using harness::EntryKind;
using protocol::lnet::LnetHdr;
using reference::PeerId;

namespace {

constexpr PeerId kClient{0x000200007f000015, 12345}, kServer{0x000200007f00000b, 12345};
constexpr uint64_t kExport = 0x1001, kCallbacks = 0x2002;

LnetHdr put(PeerId from, PeerId to, uint32_t portal, uint64_t xid) {
  LnetHdr header{.dest_nid = to.nid,
                 .src_nid = from.nid,
                 .dest_pid = to.pid,
                 .src_pid = from.pid,
                 .type = protocol::lnet::lnet_msg_type::kPut};
  protocol::set_overlay(header.msg, protocol::lnet::LnetPut{.ack_wmd = {~uint64_t{0}, ~uint64_t{0}},
                                                            .match_bits = xid,
                                                            .ptl_index = portal});
  return header;
}

// A capture of messages between the two, and what became of it.
class Session {
 public:
  Session()
      : path_(std::filesystem::temp_directory_path() / ("assay-own-" + std::to_string(getpid()))) {
    capture_.emplace(path_.string(), 1'700'000'000);
  }
  ~Session() { std::filesystem::remove(path_); }

  template <class Operation>
  void request(uint64_t xid, uint64_t handle, const typename Operation::Request& content) {
    const ptlrpc::PtlrpcBody body{.handle = {handle},
                                  .type = ptlrpc::msg_type::kRequest,
                                  .version = Operation::kVersion,
                                  .opc = Operation::kOpcode};
    protocol::MessageBuilder message(body);
    content.encode(message);
    send(kClient, kServer, Operation::kRequestPortal, xid, message);
  }
  template <class Operation>
  void reply(uint64_t xid, uint64_t handle, const typename Operation::Reply& content) {
    const ptlrpc::PtlrpcBody body{.handle = {handle},
                                  .type = ptlrpc::msg_type::kReply,
                                  .version = Operation::kVersion,
                                  .opc = Operation::kOpcode};
    protocol::MessageBuilder message(body);
    content.encode(message);
    send(kServer, kClient, Operation::kReplyPortal, xid, message);
  }

  std::vector<Entry> explained() {
    capture_.reset();
    auto capture = harness::Capture::open(path_.string());
    REQUIRE(capture);
    std::vector<Entry> entries;
    const auto summary = harness::trace_capture(
        std::move(*capture), [&](const Entry& entry) { entries.push_back(entry); });
    REQUIRE(summary);
    REQUIRE(summary->account.count().unexplained == 0);
    return entries;
  }

 private:
  void send(PeerId from, PeerId to, uint32_t portal, uint64_t xid,
            protocol::MessageBuilder& message) {
    time_ += reference::kMillisecond;
    capture_->message(time_, from, to, message.finish(put(from, to, portal, xid)));
  }

  std::filesystem::path path_;
  std::optional<harness::record::MessageCapture> capture_;
  reference::Time time_ = 0;
};

// The operations of a kind, in order.
std::vector<std::string> named(const std::vector<Entry>& entries, EntryKind kind) {
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    if (entry.kind == kind) names.push_back(entry.operation + " " + std::string(entry.dialect));
  }
  return names;
}

}  // namespace

TEST_CASE("a session of the 2.0 dialect") {
  namespace ops = protocol::operations_2_0;
  Session session;
  session.request<ops::MdsConnect>(1, 0,
                                   {.target_uuid = "lab-MDT0000_UUID",
                                    .client_uuid = "client_UUID",
                                    .client_handle = {kCallbacks},
                                    .connect_data = {.connect_flags = ptlrpc::connect_flag::kFid}});
  session.reply<ops::MdsConnect>(1, kExport,
                                 {.connect_data = {.connect_flags = ptlrpc::connect_flag::kFid}});
  session.request<ops::MdsGetattr>(2, kExport, {});
  session.reply<ops::MdsGetattr>(2, 0, {});
  session.request<ops::MdsDisconnect>(3, kExport, {});
  const auto entries = session.explained();
  REQUIRE(named(entries, EntryKind::request) ==
          std::vector<std::string>{"MDS_CONNECT 2.0", "MDS_GETATTR 2.0", "MDS_DISCONNECT 2.0"});
  REQUIRE(named(entries, EntryKind::reply) ==
          std::vector<std::string>{"MDS_CONNECT 2.0", "MDS_GETATTR 2.0"});
}

TEST_CASE("a 1.8 client speaks 1.8, and 2.0 to an MDT that grants it FIDs") {
  namespace old = protocol::operations_1_8;
  namespace ops = protocol::operations_2_0;
  Session session;
  const old::MdsConnect::Request hello{.target_uuid = "lab-MDT0000_UUID",
                                       .client_uuid = "client_UUID",
                                       .client_handle = {kCallbacks}};
  session.request<old::MdsConnect>(1, 0, hello);
  session.reply<old::MdsConnect>(1, kExport, {});
  session.request<old::MdsGetattr>(2, kExport, {});
  session.request<old::MdsConnect>(3, 0, hello);
  session.reply<old::MdsConnect>(3, kExport + 1,
                                 {.connect_data = {.connect_flags = ptlrpc::connect_flag::kFid}});
  session.request<ops::MdsGetattr>(4, kExport + 1, {});
  REQUIRE(named(session.explained(), EntryKind::request) ==
          std::vector<std::string>{"MDS_CONNECT 1.8", "MDS_GETATTR 1.8", "MDS_CONNECT 1.8",
                                   "MDS_GETATTR 2.0"});
}

TEST_CASE("without a CONNECT in the capture the dialect is a guess, and said to be one") {
  Session session;
  session.request<protocol::operations_2_0::MdsDisconnect>(1, kExport, {});
  const auto entries = session.explained();
  REQUIRE(named(entries, EntryKind::request) == std::vector<std::string>{"MDS_DISCONNECT 2.0"});
  REQUIRE(entries.back().notes.size() == 1);
}
