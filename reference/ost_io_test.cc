#include <cerrno>

#include "protocol/checksum.h"
#include "reference/ost_probe.h"

namespace reference::ost_probe {

namespace brw_flag = protocol::ost::brw_flag;
namespace obdo_flag = protocol::ost::obdo_flag;

namespace {

constexpr uint64_t kFull = connect_flag::kFull20 | connect_flag::kSrvlock | connect_flag::kGrant;

struct Mounted : Talk {
  explicit Mounted(Dialect dialect = Dialect::v2_0, DefectSet defects = {})
      : Mounted(config_of(dialect, defects)) {}
  explicit Mounted(const Config& chosen) : Talk(chosen) {
    connect(anna, kFull);
    connect(bert, kFull);
    create(*this, anna, 8);
  }
  std::string_view content() const { return protocol::as_text(sunk.view()); }
  Client anna{"anna", 1};
  Client bert{"bert", 2};
};

}  // namespace

TEST_CASE("OST: what was written is read, in both dialects") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    Mounted talk(dialect);
    const auto written = write(talk, talk.anna, 1, 10, text("hello"));
    REQUIRE(written);
    REQUIRE(written->body().status == 0);
    REQUIRE(written->body().transno != 0);
    REQUIRE(written->body().last_committed >= written->body().transno);
    const auto rc = ops::OstWrite::Reply::decode(*written)->rc;
    REQUIRE(rc.size() == 1);
    REQUIRE(rc[0] == 0);
    const auto got = read(talk, talk.bert, 1, 10, 5);
    REQUIRE(got->body().status == 5);
    REQUIRE(got->buffer_count() == 2);
    REQUIRE(talk.content() == "hello");
  }
}

TEST_CASE("OST: a write is answered when it is on the disk, not before") {
  Mounted talk;
  talk.commits_at_once = false;
  REQUIRE_FALSE(write(talk, talk.anna, 1, 0, text("data")));
  talk.commit();
  REQUIRE(talk.reply_to(talk.anna, talk.anna.xid));
  talk.crash_and_restart();
  REQUIRE(talk.ost.objects().find({0, 1})->attributes.size == 4);
}

TEST_CASE("OST: a read past the end is short, and brings its bulk all the same") {
  Mounted talk;
  write(talk, talk.anna, 1, 0, text("abc"));
  REQUIRE(read(talk, talk.bert, 1, 1, 100)->body().status == 2);
  REQUIRE(talk.content() == "bc");
  REQUIRE(read(talk, talk.bert, 1, 50, 100)->body().status == 0);
  REQUIRE(talk.sunk.empty());
}

TEST_CASE("OST: an object that does not exist is neither read nor written") {
  Mounted talk;
  const auto got = read(talk, talk.anna, 99, 0, 10);
  REQUIRE(got->body().status == -ENOENT);
  REQUIRE(got->body().type == 4712);
  REQUIRE(write(talk, talk.anna, 99, 0, text("x"))->body().status == -ENOENT);
}

TEST_CASE("OST: several stretches are one bulk") {
  Mounted talk;
  ops::OstWrite::Request request;
  const std::vector<protocol::ost::NiobufRemote> niobufs{{0, 2, 0}, {8192, 3, 0}};
  request = brw_request(1, niobufs);
  talk.say<ops::OstWrite>(talk.anna, request, {.source = text("abcde")});
  REQUIRE(talk.ost.objects().find({0, 1})->attributes.size == 8195);
  read(talk, talk.anna, 1, 8192, 3);
  REQUIRE(talk.content() == "cde");
}

TEST_CASE("OST: stretches that are out of order, mixed or too many are refused") {
  Mounted talk;
  const std::vector<protocol::ost::NiobufRemote> backwards{{8192, 1, 0}, {0, 1, 0}};
  REQUIRE(talk.say<ops::OstWrite>(talk.anna, brw_request(1, backwards), {.source = text("ab")})
              ->body()
              .status == -EFAULT);
  const std::vector<protocol::ost::NiobufRemote> mixed{{0, 1, brw_flag::kSrvlock}, {8192, 1, 0}};
  REQUIRE(talk.say<ops::OstWrite>(talk.anna, brw_request(1, mixed), {.source = text("ab")})
              ->body()
              .status == -EFAULT);
  const std::vector<protocol::ost::NiobufRemote> huge{{0, Ost::kBulkMax + 1, 0}};
  REQUIRE(talk.say<ops::OstWrite>(talk.anna, brw_request(1, huge))->body().status == -EFAULT);
  REQUIRE(talk.ost.objects().find({0, 1})->attributes.size == 0);
}

TEST_CASE("OST: checksums go both ways, of the kind that was asked for") {
  Mounted talk;
  const Bytes data = text("check me");
  const auto written = write(talk, talk.anna, 1, 0, data, {.extra_valid = valid::kCksum});
  const auto oa = ops::OstWrite::Reply::decode(*written)->body.oa;
  REQUIRE((oa.flags & obdo_flag::kCksumCrc32) != 0);
  REQUIRE(oa.nlink == protocol::crc32(data.view()));

  const std::vector<protocol::ost::NiobufRemote> niobufs{{0, 8, 0}};
  ops::OstRead::Request request;
  request.body.oa = obdo(1);
  request.body.oa.valid |= valid::kCksum | valid::kFlags;
  request.body.oa.flags = obdo_flag::kCksumAdler;
  request.ioobj = {.id = 1, .seq = 0, .type = 0x8000, .bufcnt = 1};
  request.niobufs = niobufs;
  const auto got = talk.say<ops::OstRead>(talk.anna, request, {.sink = 8});
  const auto back = ops::OstRead::Reply::decode(*got)->body.oa;
  REQUIRE((back.flags & obdo_flag::kCksumAdler) != 0);
  REQUIRE(back.nlink == protocol::adler32(data.view()));
}

TEST_CASE("OST: a lockless write waits for the lock, and gives it back") {
  Mounted talk;
  const auto lock = lock_in(enqueue(talk, talk.anna, 1, 2, 0, kEof));
  REQUIRE_FALSE(write(talk, talk.bert, 1, 0, text("x"), {.flags = brw_flag::kSrvlock}));
  REQUIRE(talk.anna.callbacks.size() == 1);
  talk.answer(talk.anna);
  cancel(talk, talk.anna, lock.lock.lock_handle.cookie);
  REQUIRE(talk.reply_to(talk.bert, talk.bert.xid)->body().status == 0);
  REQUIRE(talk.ost.locks().size() == 0);
}

TEST_CASE("OST: bulk that does not come is not waited for for ever") {
  Mounted talk;
  const std::vector<protocol::ost::NiobufRemote> niobufs{{0, 4, brw_flag::kSrvlock}};
  REQUIRE_FALSE(talk.say<ops::OstWrite>(talk.anna, brw_request(1, niobufs)));
  REQUIRE(talk.ost.locks().size() == 1);
  talk.fire(Ost::kBulkTimer);
  REQUIRE(talk.ost.locks().size() == 0);
  REQUIRE_FALSE(talk.reply_to(talk.anna, talk.anna.xid));
  REQUIRE(talk.facts(Fact::Kind::evicted) == 0);
}

TEST_CASE("OST: when the writer is evicted its bulk has no effect") {
  Mounted talk;
  const std::vector<protocol::ost::NiobufRemote> niobufs{{0, 4, 0}};
  talk.say<ops::OstWrite>(talk.anna, brw_request(1, niobufs));
  talk.step(Asked{1, Evict{"anna"}});
  REQUIRE(talk.timers.count({Ost::kBulkTimer, 0}) == 0);
  REQUIRE(talk.ost.objects().find({0, 1})->attributes.size == 0);
}

TEST_CASE("OST: grant is given at connect and by writes, and paid with pages") {
  Mounted talk;
  Client carl{"carl", 3};
  const Message reply = talk.connect(carl, kFull, 64 * 4096);
  REQUIRE(ops::OstConnect::Reply::decode(reply)->connect_data.grant == 64 * 4096);
  const ExportId client = carl.handle;
  REQUIRE(talk.ost.grants().of(client) == 64 * 4096);
  write(talk, carl, 1, 0, text(std::string(8192, 'x')), {.flags = brw_flag::kFromGrant});
  REQUIRE(talk.ost.grants().of(client) == 62 * 4096);
  talk.step(Asked{1, Evict{"carl"}});
  REQUIRE(talk.ost.grants().total() == 0);
}

TEST_CASE("OST: a resent write pays once") {
  Mounted talk;
  Client carl{"carl", 3};
  talk.connect(carl, kFull, 64 * 4096);
  const Bytes page = text(std::string(4096, 'x'));
  write(talk, carl, 1, 0, page, {.flags = brw_flag::kFromGrant});
  write(talk, carl, 1, 0, page,
        {.flags = brw_flag::kFromGrant, .said = {.flags = msg_flag::kResent}});
  REQUIRE(talk.ost.grants().of(carl.handle) == 63 * 4096);
}

TEST_CASE("OST: with the planted defect an evicted client's grant is lost") {
  Mounted talk(Dialect::v2_0, Defect::grant_leaked);
  Client carl{"carl", 3};
  talk.connect(carl, kFull, 64 * 4096);
  talk.step(Asked{1, Evict{"carl"}});
  REQUIRE(talk.ost.grants().total() == 64 * 4096);
}

TEST_CASE("OST: a full OST refuses what nobody has paid for, and takes what is granted") {
  Config config = config_of(Dialect::v2_0);
  config.capacity_bytes = 64 * 4096;
  Mounted talk(config);
  Client carl{"carl", 3};
  talk.connect(carl, kFull, 4 * 4096);
  const uint64_t granted = talk.ost.grants().of(carl.handle);
  REQUIRE(granted == 4 * 4096);
  const auto filled = write(talk, talk.anna, 1, 0, text(std::string(60 * 4096, 'x')));
  REQUIRE(ops::OstWrite::Reply::decode(*filled)->rc[0] == 0);
  const auto refused = write(talk, talk.anna, 2, 0, text("x"));
  REQUIRE(ops::OstWrite::Reply::decode(*refused)->rc[0] == -ENOSPC);
  const auto covered =
      write(talk, carl, 3, 0, text(std::string(4 * 4096, 'y')), {.flags = brw_flag::kFromGrant});
  REQUIRE(ops::OstWrite::Reply::decode(*covered)->rc[0] == 0);
}

TEST_CASE("OST: a device that shrinks keeps what is on it, and grows again") {
  Mounted talk;
  write(talk, talk.anna, 1, 0, text(std::string(4096, 'x')));
  talk.ost.resize(0);
  const auto refused = write(talk, talk.anna, 2, 4096, text("x"));
  REQUIRE(ops::OstWrite::Reply::decode(*refused)->rc[0] == -ENOSPC);
  talk.ost.resize(64u << 20);
  const auto taken = write(talk, talk.anna, 3, 4096, text("x"));
  REQUIRE(ops::OstWrite::Reply::decode(*taken)->rc[0] == 0);
}

TEST_CASE("OST: a client gives grant back") {
  Mounted talk;
  Client carl{"carl", 3};
  talk.connect(carl, kFull, 64 * 4096);
  ops::OstSetInfoGrantShrink::Request request;
  request.key = "grant_shrink";
  request.body.oa.valid = valid::kFlags | valid::kGrant;
  request.body.oa.flags = obdo_flag::kShrinkGrant;
  request.body.oa.grant = 60 * 4096;
  REQUIRE(talk.say<ops::OstSetInfoGrantShrink>(carl, request)->body().status == 0);
  REQUIRE(talk.ost.grants().of(carl.handle) == 4 * 4096);
}

TEST_CASE("OST: one history makes one state") {
  Mounted first;
  Mounted second;
  write(first, first.anna, 1, 0, text("same"));
  REQUIRE(digest_of(first.ost) != digest_of(second.ost));
  write(second, second.anna, 1, 0, text("same"));
  REQUIRE(digest_of(first.ost) == digest_of(second.ost));
}

}  // namespace reference::ost_probe
