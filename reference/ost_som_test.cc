#include <cerrno>

#include "reference/ost_probe.h"

namespace reference::ost_probe {

namespace flag = protocol::ldlm::lock_flag;

namespace {

constexpr uint64_t kFull = connect_flag::kFull20 | connect_flag::kSrvlock;
constexpr uint32_t kPw = protocol::ldlm::lock_mode::kPw;

Config with(SomPolicies policies) {
  Config config = config_of(Dialect::v2_0);
  config.som = {true, policies};
  return config;
}

struct Fenced : Talk {
  explicit Fenced(SomPolicies policies = kSomComplete) : Talk(with(policies)) {
    connect(anna, kFull);
    connect(bert, kFull);
    create(*this, anna, 8);
  }
  // In this epoch of its file.
  std::optional<Message> lock(Client& who, uint64_t epoch) {
    ops::LdlmEnqueueExtent::Request request;
    request.lock.lock_desc.resource = {.type = 11, .padding = 0, .name = {{1, 0, 0, 0}}};
    request.lock.lock_desc.req_mode = kPw;
    protocol::set_overlay(request.lock.lock_desc.policy_data,
                          protocol::ldlm::LdlmExtent{.start = 0, .end = kEof, .gid = epoch});
    request.lock.lock_handle[0].cookie = 900'000 + who.id.pid;
    return say<ops::LdlmEnqueueExtent>(who, request);
  }
  // For the MDS, under a lock.
  std::optional<Message> sizes(Client& who, uint64_t epoch) {
    ops::OstGetattr::Request request;
    request.body.oa = obdo(1);
    request.body.oa.valid |= valid::kEpoch | valid::kFlags;
    request.body.oa.ioepoch = epoch;
    request.body.oa.flags = protocol::ost::obdo_flag::kSrvlock;
    return say<ops::OstGetattr>(who, request);
  }
  Client anna{"anna", 1};
  Client bert{"bert", 2};
};

}  // namespace

TEST_CASE("fence: once sizes are read, no lock to write under in that epoch or before") {
  Fenced talk;
  REQUIRE(talk.sizes(talk.bert, 5)->body().status == 0);
  REQUIRE(talk.lock(talk.anna, 5)->body().status == -ESTALE);
  REQUIRE(talk.lock(talk.anna, 0)->body().status == -ESTALE);
  REQUIRE(talk.lock(talk.anna, 6)->body().status == 0);
}

TEST_CASE("fence: a lock that waits while sizes are read is refused by its completion") {
  Fenced talk;
  const uint64_t held = lock_in(talk.lock(talk.bert, 6)).lock.lock_handle.cookie;
  REQUIRE_FALSE(talk.sizes(talk.bert, 6));
  const auto waiting = talk.lock(talk.anna, 6);
  REQUIRE((lock_in(waiting).lock.lock_flags & flag::kBlockGranted) != 0);
  talk.answer(talk.bert);
  cancel(talk, talk.bert, held);
  const Message said = *Message::parse(talk.anna.callbacks.at(0).message);
  REQUIRE(said.body().opc == 105);
  const auto completion = ops::LdlmCpCallback::Request::decode(said);
  REQUIRE((completion->lock.lock_flags & flag::kFailed) != 0);
  REQUIRE(talk.ost.locks().size() == 0);
}

TEST_CASE("fence: sizes are told no sooner than it is durable, though somebody asks again") {
  Fenced talk;
  talk.commits_at_once = false;
  REQUIRE_FALSE(talk.sizes(talk.bert, 5));
  REQUIRE_FALSE(talk.sizes(talk.bert, 5));
}

TEST_CASE("solution 10: a lockless write waits until the MDS has heard of it") {
  Fenced talk({SomPolicy::invalidate_first});
  Client mds{"assay-mdtlov_UUID", 3};
  talk.connect(mds, kFull | connect_flag::kMds);
  const Brw lockless{.flags = protocol::ost::brw_flag::kSrvlock, .extra_valid = valid::kFid};
  REQUIRE_FALSE(write(talk, talk.anna, 1, 0, text("late"), lockless));
  REQUIRE(attributes(talk, talk.bert, 1).size == 0);
  REQUIRE(Message::parse(mds.callbacks.at(0).message)->body().opc == 107);
  talk.answer(mds);
  REQUIRE(attributes(talk, talk.bert, 1).size == 4);
  REQUIRE(mds.callbacks.size() == 1);  // that it is done
}

}  // namespace reference::ost_probe
