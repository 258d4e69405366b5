#include "harness/report/perfetto.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace harness::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSteps = 0, kCalls = 1;  // the two threads of a node's track

class Trace {
 public:
  explicit Trace(const Run& run) : run_(run) {}

  std::string make() {
    for (size_t i = 0; i < run_.nodes.size(); ++i) {
      name("process_name", i, kSteps, run_.nodes[i].name());
      name("thread_name", i, kSteps, "steps");
      if (run_.nodes[i].role == record::Role::client) name("thread_name", i, kCalls, "calls");
    }
    for (size_t i = run_.first; i < run_.records.size(); ++i) {
      const record::Record& record = run_.records[i];
      now_us_ = std::max(now_us_ + 1, record.time / reference::kMicrosecond);
      std::visit([&](const auto& what) { on(record, what); }, record.what);
    }
    return Json{{"displayTimeUnit", "ms"},
                {"otherData", {{"title", run_.title}, {"verdict", run_.verdict}}},
                {"traceEvents", events_}}
        .dump(1);
  }

 private:
  void name(std::string_view what, size_t node, int thread, std::string_view text) {
    events_.push_back(
        {{"ph", "M"}, {"name", what}, {"pid", node}, {"tid", thread}, {"args", {{"name", text}}}});
  }
  void slice(const record::Record& record, std::string_view text) {
    events_.push_back({{"ph", "X"},
                       {"name", text},
                       {"pid", record.node},
                       {"tid", kSteps},
                       {"ts", now_us_},
                       {"dur", 1},
                       {"args", {{"record", record.index}}}});
  }
  void instant(const record::Record& record, std::string_view text) {
    events_.push_back({{"ph", "i"},
                       {"name", text},
                       {"pid", record.node},
                       {"tid", kSteps},
                       {"ts", now_us_},
                       {"s", "p"}});
  }
  void flow(const record::Record& record, std::string_view phase, uint64_t message) {
    events_.push_back({{"ph", phase},
                       {"name", "message"},
                       {"cat", "message"},
                       {"id", message},
                       {"pid", record.node},
                       {"tid", kSteps},
                       {"ts", now_us_},
                       {"bp", "e"}});
  }

  void on(const record::Record& record, const record::CallBegan& began) {
    events_.push_back({{"ph", "B"},
                       {"name", call_text(*began.call)},
                       {"pid", record.node},
                       {"tid", kCalls},
                       {"ts", now_us_}});
  }
  void on(const record::Record& record, const record::CallEnded& ended) {
    events_.push_back({{"ph", "E"},
                       {"pid", record.node},
                       {"tid", kCalls},
                       {"ts", now_us_},
                       {"args", {{"status", ended.result->status}}}});
  }
  void on(const record::Record& record, const record::Sent& sent) {
    slice(record, "send " + message_text(run_.dialect, sent.envelope));
    flow(record, "s", sent.message);
  }
  void on(const record::Record& record, const record::Received& received) {
    slice(record, "receive " + message_text(run_.dialect, received.envelope));
    flow(record, "f", received.message);
  }
  void on(const record::Record& record, const record::Committed&) { slice(record, "commit"); }
  void on(const record::Record& record, const record::Faulted& faulted) {
    instant(record, faulted.what);
  }
  void on(const record::Record& record, const record::Crashed&) { instant(record, "crash"); }
  void on(const record::Record& record, const record::Started&) { instant(record, "start"); }
  void on(const record::Record& record, const record::Noted& noted) {
    const std::string text = fact_text(noted.fact);
    if (!text.empty()) slice(record, text);
  }
  void on(const record::Record& record, const record::Lost&) { slice(record, "a peer is gone"); }
  void on(const record::Record&, const auto&) {}

  const Run& run_;
  Json events_ = Json::array();
  int64_t now_us_ = 0;
};

}  // namespace

std::string perfetto_trace(const Run& run) { return Trace(run).make(); }

}  // namespace harness::report
