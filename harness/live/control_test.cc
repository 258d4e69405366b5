#include "harness/live/control.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "harness/live/server.h"

namespace harness::live {

TEST_CASE("a note comes out of the pipe as it went in") {
  const reference::Fact fact{.kind = reference::Fact::Kind::evicted,
                             .client = "a%b\tc",
                             .xid = 1,
                             .transno = ~uint64_t{0},
                             .object = {3, 4},
                             .handle = 4,
                             .value = -5,
                             .text = "why\nnot"};
  const auto back = decode_fact(encode_fact(fact));
  REQUIRE(back);
  REQUIRE(back->kind == fact.kind);
  REQUIRE(back->client == fact.client);
  REQUIRE(back->transno == fact.transno);
  REQUIRE(back->value == -5);
  REQUIRE(back->text == fact.text);
  REQUIRE_FALSE(decode_fact("1\tx"));
  REQUIRE_FALSE(decode_fact("99\tx\t1\t1\t1\t1\t1\tx\t"));
}

TEST_CASE("lines arrive whole and in order, and drain takes them at once") {
  boost::asio::io_context loop;
  const auto [ours, theirs] = make_control_pipe();
  std::vector<std::string> lines;
  bool closed = false;
  ControlPipe reader(loop, ours,
                     {.line = [&](std::string_view line) { lines.emplace_back(line); },
                      .closed = [&] { closed = true; }});
  auto writer = std::make_unique<ControlPipe>(loop, theirs, ControlPipe::Handlers{});
  for (int i = 0; i < 100; ++i) REQUIRE(writer->send(fmt::format("line {}", i)));
  reader.drain();
  REQUIRE(lines.size() == 100);
  REQUIRE(lines[99] == "line 99");
  writer.reset();
  while (!closed) loop.run_one();
}

TEST_CASE("timings travel in one word") {
  REQUIRE(decode_timing("lustre")->obd_timeout == 100 * reference::kSecond);
  reference::Timing timing = reference::short_timing();
  timing.at_extra = 123;
  const auto back = decode_timing(encode_timing(timing));
  REQUIRE(back);
  REQUIRE(back->at_extra == 123);
  REQUIRE(back->write_back_delay == timing.write_back_delay);
  REQUIRE_FALSE(decode_timing("1,2,3,"));
  REQUIRE_FALSE(decode_timing(encode_timing(timing) + "7"));
}

}  // namespace harness::live
