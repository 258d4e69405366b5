#include <cerrno>

#include "reference/ost_probe.h"

namespace reference::ost_probe {

namespace obdo_flag = protocol::ost::obdo_flag;

namespace {

constexpr uint64_t kFull = connect_flag::kFull20 | connect_flag::kSrvlock | connect_flag::kGrant;

struct Mounted : Talk {
  explicit Mounted(Dialect dialect = Dialect::v2_0, DefectSet defects = {})
      : Talk(dialect, defects) {
    connect(anna, kFull);
    connect(bert, kFull);
    create(*this, anna, 8);
  }
  Client anna{"anna", 1};
  Client bert{"bert", 2};
};

}  // namespace

TEST_CASE("OST: precreation gives all objects up to the one wanted, once") {
  Mounted talk;
  REQUIRE(talk.ost.objects().last_id(0) == 8);
  const auto again = ops::OstCreate::Reply::decode(create(talk, talk.anna, 5));
  REQUIRE(again->body.oa.id == 8);
  REQUIRE(again->body.oa.valid & valid::kId);
}

TEST_CASE("OST: orphans above the last one in use are destroyed") {
  Mounted talk;
  ops::OstCreate::Request request;
  request.body.oa = obdo(3);
  request.body.oa.valid |= valid::kFlags;
  request.body.oa.flags = obdo_flag::kDelorphan;
  const auto reply = talk.say<ops::OstCreate>(talk.anna, request);
  REQUIRE(ops::OstCreate::Reply::decode(*reply)->body.oa.id == 3);
  REQUIRE(talk.ost.objects().size() == 3);
}

TEST_CASE("OST: a late copy of an older orphan cleanup destroys nothing") {
  Mounted talk;
  ops::OstCreate::Request request;
  request.body.oa = obdo(8);
  request.body.oa.valid |= valid::kFlags;
  request.body.oa.flags = obdo_flag::kDelorphan;
  talk.say<ops::OstCreate>(talk.anna, request);
  create(talk, talk.anna, 12);
  talk.anna.xid -= 2;
  talk.say<ops::OstCreate>(talk.anna, request);
  REQUIRE(talk.ost.objects().last_id(0) == 12);
}

TEST_CASE("OST: orphan cleanup makes again what a crash of the OST took") {
  Mounted talk;
  ops::OstCreate::Request request;
  request.body.oa = obdo(12);
  request.body.oa.valid |= valid::kFlags;
  request.body.oa.flags = obdo_flag::kDelorphan;
  talk.say<ops::OstCreate>(talk.anna, request);
  REQUIRE(talk.ost.objects().last_id(0) == 12);
  REQUIRE(talk.ost.objects().find({0, 12}) != nullptr);
}

TEST_CASE("OST: a truncate sets the size and frees what is behind it") {
  Mounted talk;
  write(talk, talk.anna, 1, 0, text("0123456789"));
  const auto reply = punch(talk, talk.anna, 1, 4);
  REQUIRE(reply->body().status == 0);
  REQUIRE(reply->body().transno != 0);
  REQUIRE(attributes(talk, talk.bert, 1).size == 4);
  punch(talk, talk.anna, 1, 6);
  read(talk, talk.anna, 1, 0, 10);
  REQUIRE(protocol::as_text(talk.sunk.view()) == std::string("0123\0\0", 6));
}

TEST_CASE("OST: with the planted defect a truncate leaves the size") {
  Mounted talk(Dialect::v2_0, Defect::punch_keeps_size);
  write(talk, talk.anna, 1, 0, text("0123456789"));
  punch(talk, talk.anna, 1, 4);
  REQUIRE(attributes(talk, talk.anna, 1).size == 10);
}

TEST_CASE("OST: the last xid again without saying so is refused") {
  Mounted talk;
  write(talk, talk.anna, 1, 0, text("0123456789"));
  punch(talk, talk.anna, 1, 4);
  talk.anna.replies.clear();
  --talk.anna.xid;
  REQUIRE(punch(talk, talk.anna, 1, 4)->body().status == -ENOTCONN);
}

TEST_CASE("OST: only truncation is punched") {
  Mounted talk;
  ops::OstPunch::Request request;
  request.body.oa = obdo(1);
  request.body.oa.blocks = 100;
  request.body.oa.valid |= valid::kSize | valid::kBlocks;
  REQUIRE(talk.say<ops::OstPunch>(talk.anna, request)->body().status == -EFAULT);
}

TEST_CASE("OST: a lockless truncate waits until the writer has given way") {
  Mounted talk;
  const auto lock = lock_in(enqueue(talk, talk.anna, 1, 2, 0, 4095));
  REQUIRE_FALSE(punch(talk, talk.bert, 1, 0, obdo_flag::kSrvlock));
  REQUIRE(talk.anna.callbacks.size() == 1);
  talk.answer(talk.anna);
  write(talk, talk.anna, 1, 0, text("late"));
  cancel(talk, talk.anna, lock.lock.lock_handle.cookie);
  const auto reply = talk.reply_to(talk.bert, talk.bert.xid);
  REQUIRE(reply);
  REQUIRE(reply->body().status == 0);
  REQUIRE(talk.ost.objects().find({0, 1})->attributes.size == 0);
  REQUIRE(talk.ost.locks().size() == 0);
}

TEST_CASE("OST: destroying calls holders back, who need not write") {
  Mounted talk;
  const auto lock = lock_in(enqueue(talk, talk.anna, 1, 2, 0, 4095));
  ops::OstDestroy::Request request;
  request.body.oa = obdo(1);
  REQUIRE_FALSE(talk.say<ops::OstDestroy>(talk.bert, request));
  const Message called = *Message::parse(talk.anna.callbacks.at(0).message);
  REQUIRE(ops::LdlmBlCallback::Request::decode(called)->lock.lock_flags ==
          protocol::ldlm::lock_flag::kDiscardData);
  cancel(talk, talk.anna, lock.lock.lock_handle.cookie);
  REQUIRE(talk.reply_to(talk.bert, talk.bert.xid)->body().status == 0);
  REQUIRE(talk.ost.objects().find({0, 1}) == nullptr);
  REQUIRE(talk.say<ops::OstDestroy>(talk.bert, request)->body().status == -ENOENT);
}

TEST_CASE("OST: a write that overtook a utime does not move the times back") {
  Mounted talk;
  ops::OstSetattr::Request utime;
  utime.body.oa = obdo(1);
  utime.body.oa.valid |= valid::kMtime;
  utime.body.oa.mtime = 5;
  talk.say<ops::OstSetattr>(talk.anna, utime);
  talk.anna.xid -= 10;  // the write was sent before
  write(talk, talk.anna, 1, 0, text("x"), {.extra_valid = valid::kMtime});
  REQUIRE(attributes(talk, talk.bert, 1).mtime == 5);
}

TEST_CASE("OST: a resent truncate is not executed over a later write") {
  Mounted talk;
  punch(talk, talk.anna, 1, 0);
  write(talk, talk.bert, 1, 0, text("new"));
  ops::OstPunch::Request request;
  request.body.oa = obdo(1);
  request.body.oa.blocks = kEof;
  request.body.oa.valid |= valid::kSize | valid::kBlocks;
  talk.anna.xid -= 1;
  talk.anna.replies.clear();
  const auto again = talk.say<ops::OstPunch>(talk.anna, request, {.flags = msg_flag::kResent});
  REQUIRE(again->body().status == 0);
  REQUIRE(talk.ost.objects().find({0, 1})->attributes.size == 3);
}

TEST_CASE("OST: what a crash took of a truncate comes back by replay") {
  Mounted talk;
  write(talk, talk.anna, 1, 0, text("0123456789"));
  talk.commits_at_once = false;
  const auto first = punch(talk, talk.anna, 1, 4);
  const uint64_t xid = talk.anna.xid;
  talk.crash_and_restart();
  REQUIRE(talk.ost.objects().find({0, 1})->attributes.size == 10);
  talk.commits_at_once = true;
  for (Client* client : {&talk.anna, &talk.bert}) {
    ++client->conn_cnt;
    client->handle = 0;
    talk.connect(*client, kFull);
    talk.clients.pop_back();
  }
  talk.anna.xid = xid - 1;
  talk.anna.replies.clear();
  ops::OstPunch::Request request;
  request.body.oa = obdo(1);
  request.body.oa.size = 4;
  request.body.oa.blocks = kEof;
  request.body.oa.valid |= valid::kSize | valid::kBlocks;
  const auto again = talk.say<ops::OstPunch>(
      talk.anna, request, {.flags = msg_flag::kReplay, .transno = first->body().transno});
  REQUIRE(again->body().transno == first->body().transno);
  REQUIRE(talk.ost.objects().find({0, 1})->attributes.size == 4);
}

TEST_CASE("OST: 2.0 takes sequence 0 for an old client, whatever that says") {
  Talk talk(Dialect::v2_0);
  Client old{"old", 1};
  talk.connect(old, connect_flag::kSrvlock);
  create(talk, old, 2);
  ops::OstGetattr::Request request;
  request.body.oa = obdo(1);
  request.body.oa.valid |= valid::kGroup;
  request.body.oa.seq = 77;
  REQUIRE(talk.say<ops::OstGetattr>(old, request)->body().status == 0);
}

TEST_CASE("OST: 2.0 refuses a sequence that is no object's") {
  Mounted talk;
  ops::OstGetattr::Request request;
  request.body.oa = obdo(1);
  request.body.oa.valid |= valid::kGroup;
  request.body.oa.seq = 0x200000400;
  const auto reply = talk.say<ops::OstGetattr>(talk.anna, request);
  REQUIRE(reply->body().status == -EPROTO);
  REQUIRE(reply->body().type == 4712);
}

TEST_CASE("OST: 1.8 knows four groups") {
  Mounted talk(Dialect::v1_8);
  ops::OstGetattr::Request request;
  request.body.oa = obdo(1);
  request.body.oa.valid |= valid::kGroup;
  request.body.oa.seq = 4;
  REQUIRE(talk.say<ops::OstGetattr>(talk.anna, request)->body().status == -EINVAL);
  request.body.oa.seq = 0;
  REQUIRE(talk.say<ops::OstGetattr>(talk.anna, request)->body().status == 0);
}

TEST_CASE("OST: statfs, last_id, and what is refused") {
  Mounted talk;
  write(talk, talk.anna, 1, 0, text("x"));
  const auto statfs = ops::OstStatfs::Reply::decode(*talk.say<ops::OstStatfs>(talk.anna, {}));
  REQUIRE(statfs->statfs.blocks - statfs->statfs.bfree == 1);
  const auto last = talk.say<ops::OstGetInfoLastId>(talk.anna, {.key = "last_id"});
  REQUIRE(ops::OstGetInfoLastId::Reply::decode(*last)->last_id == 8);
  REQUIRE(talk.say<ops::OstGetInfo>(talk.anna, {.key = "nonsense"})->body().status == -EINVAL);
  REQUIRE(talk.say<ops::OstQuotactl>(talk.anna, {})->body().status == -EOPNOTSUPP);
}

TEST_CASE("OST: another server has a client evicted by its NID") {
  Mounted talk;
  const std::string nid = "127.0.0.1@tcp";
  const std::vector<uint8_t> value(nid.begin(), nid.end());
  talk.say<ops::OstSetInfo>(talk.anna, {.key = "evict_by_nid", .value = value});
  REQUIRE(talk.ost.service().exports().empty());
}

}  // namespace reference::ost_probe
