#include "suites/runner.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/json_text.h"
#include "harness/targets/lustre.h"
#include "harness/workers.h"
#include "protocol/check.h"

namespace suites {
namespace {

using Json = nlohmann::json;

// The body of the GoogleTest test that a case becomes.
class CaseTest : public testing::Test {
 public:
  CaseTest(const Setting& setting, const Case& c) : setting_(setting), case_(c) {}

  void TestBody() override {
    try {
      if (auto lacks = lacking(setting_.target, case_.needs)) {
        throw Stop{Outcome::unsupported, *std::move(lacks)};
      }
      Conformance conformance(setting_, case_);
      converse(conformance);
      RecordProperty("points", Json(conformance.points_hit()).dump());
    } catch (const Stop& stop) {
      end(stop.outcome, stop.why);
    } catch (const harness::Unsupported& unsupported) {
      end(Outcome::unsupported, unsupported.why);
    } catch (const harness::Broken& broken) {
      end(Outcome::broken, broken.why);
    }
  }

 private:
  void converse(Conformance& conformance) {
    bool whole = true;
    try {
      case_.run(conformance);
    } catch (const Stop& stop) {
      end(stop.outcome, stop.why);
      whole = stop.outcome == Outcome::fail;
    }
    const std::optional<std::string> struck = conformance.struck_by_plan();
    if (!whole && !struck) return;
    if (conformance.judge() == 0 && struck) RecordProperty("struck", *struck);
    Json audit = Json::object();
    for (const auto& node : conformance.audit().nodes()) {
      for (const auto& count : node.counts) audit[node.name][count.what] = count.value;
    }
    RecordProperty("audit", audit.dump());
  }
  void end(Outcome outcome, const std::string& why) {
    RecordProperty("outcome", std::string(outcome_name(outcome)));
    RecordProperty("why", why);
  }

  const Setting& setting_;
  const Case& case_;
};

// Hears the one test of a RUN_ALL_TESTS.
class Listener : public testing::EmptyTestEventListener {
 public:
  // What was heard since the last take; broken, if no test ran.
  Verdict take() { return std::exchange(verdict_, {.why = "the case did not run"}); }

 private:
  void OnTestStart(const testing::TestInfo&) override { verdict_ = {}; }
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (!part.failed()) return;
    verdict_.why += fmt::format("{}{}:{}: {}", verdict_.why.empty() ? "" : "\n",
                                part.file_name() != nullptr ? part.file_name() : "?",
                                part.line_number(), part.message());
  }
  void OnTestEnd(const testing::TestInfo& info) override {
    verdict_.seconds = static_cast<double>(info.result()->elapsed_time()) / 1000;
    verdict_.outcome = info.result()->Failed() ? Outcome::fail : Outcome::pass;
    std::string struck;
    for (int i = 0; i < info.result()->test_property_count(); ++i) {
      const testing::TestProperty& property = info.result()->GetTestProperty(i);
      if (property.key() == std::string_view("struck")) struck = property.value();
      if (property.key() == std::string_view("points")) {
        verdict_.points = Json::parse(property.value()).get<std::vector<uint32_t>>();
      }
      if (property.key() == std::string_view("audit")) verdict_.audit = property.value();
      // A failed expectation before the stop is the better witness.
      if (verdict_.outcome == Outcome::fail) continue;
      if (property.key() == std::string_view("why")) verdict_.why = property.value();
      if (property.key() != std::string_view("outcome")) continue;
      for (const Outcome outcome :
           {Outcome::unsupported, Outcome::inconclusive, Outcome::broken, Outcome::fail}) {
        if (property.value() == outcome_name(outcome)) stopped_ = outcome;
      }
    }
    if (verdict_.outcome == Outcome::pass && stopped_) verdict_.outcome = *stopped_;
    stopped_.reset();
    // A case does not reckon with a plan's faults; properties do.
    if (verdict_.outcome == Outcome::fail && !struck.empty()) {
      verdict_.outcome = Outcome::inconclusive;
      verdict_.why = fmt::format("under the plan ({}), of which the case knows nothing: {}", struck,
                                 verdict_.why);
    }
  }

  Verdict verdict_{.why = "the case did not run"};
  std::optional<Outcome> stopped_;
};

// A case's name for GoogleTest, in whose filters a '-' means "but not".
std::string filter_name(std::string_view id) {
  std::string name(id);
  std::ranges::replace(name, '-', '_');
  return name;
}

std::pair<std::string, std::string> split(std::string_view id) {
  const size_t dot = id.find('.');
  CHECK(dot != std::string_view::npos, "a case's id is suite.number");
  return {filter_name(id.substr(0, dot)), std::string(id.substr(dot + 1))};
}

// Registers the cases with GoogleTest, once a process.
Listener& prepare(const Setting& setting, const std::vector<const Case*>& cases) {
  static int argc = 1;
  static char name[] = "assay";
  static char* argv[] = {name, nullptr};
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Release(
      testing::UnitTest::GetInstance()->listeners().default_result_printer());
  for (const Case* c : cases) {
    const auto [suite, number] = split(c->id);
    testing::RegisterTest(suite.c_str(), number.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [&setting, c]() -> testing::Test* { return new CaseTest(setting, *c); });
  }
  auto* listener = new Listener;  // GoogleTest owns it
  testing::UnitTest::GetInstance()->listeners().Append(listener);
  return *listener;
}

// A worker process: takes the next case until there is none, and writes a line about each.
void work(const Order& order, const std::vector<const Case*>& cases, std::atomic<uint32_t>& next,
          int pipe) {
  Setting setting = order.setting;
  Listener& listener = prepare(setting, cases);
  const auto say = [pipe](const Json& line) {
    const std::string text = harness::json_text(line, -1) + "\n";
    CHECK(write(pipe, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  };
  for (uint32_t i = next++; i < cases.size() * order.repeat; i = next++) {
    say({{"begin", i}});
    setting.seed = order.setting.seed + i % order.repeat;
    testing::GTEST_FLAG(filter) = filter_name(cases[i / order.repeat]->id);
    // The listener has heard more than this tells.
    [[maybe_unused]] const int failed = RUN_ALL_TESTS();
    const Verdict verdict = listener.take();
    say({{"case", i},
         {"outcome", static_cast<int>(verdict.outcome)},
         {"why", verdict.why},
         {"seconds", verdict.seconds},
         {"points", verdict.points},
         {"audit", verdict.audit}});
  }
}

struct Worker {
  harness::Worker process;
  std::string buffer;
  std::optional<uint32_t> running;
};

Worker spawn(const Order& order, const std::vector<const Case*>& cases,
             std::atomic<uint32_t>& next) {
  const auto process = harness::begin_worker([&](int pipe) { work(order, cases, next, pipe); });
  return {.process = process, .buffer = {}, .running = {}};
}

class Crew {
 public:
  // `cases`, in the order in which they begin.
  Crew(const Order& order, const std::vector<const Case*>& cases,
       const std::function<void(const Verdict&)>& seen)
      : order_(order), cases_(cases), seen_(seen), verdicts_(cases.size() * order.repeat) {
    void* page = mmap(nullptr, sizeof(std::atomic<uint32_t>), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    next_ = new (page) std::atomic<uint32_t>(0);
  }
  ~Crew() { munmap(next_, sizeof *next_); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  std::vector<Verdict> run() {
    const size_t jobs = std::min<size_t>(std::max(order_.jobs, 1u), verdicts_.size());
    for (size_t i = 0; i < jobs; ++i) workers_.push_back(spawn(order_, cases_, *next_));
    while (!workers_.empty()) {
      if (harness::told_to_end()) break;
      std::vector<pollfd> polled;
      for (const Worker& worker : workers_) polled.push_back({worker.process.pipe, POLLIN, 0});
      if (poll(polled.data(), polled.size(), -1) < 0) continue;
      for (size_t i = polled.size(); i-- > 0;) {
        if (polled[i].revents != 0) hear(i);
      }
    }
    for (const Worker& worker : workers_) harness::kill_worker(worker.process);
    return std::move(verdicts_);
  }

 private:
  void hear(size_t index) {
    Worker& worker = workers_[index];
    char chunk[4096];
    const ssize_t got = read(worker.process.pipe, chunk, sizeof chunk);
    if (got <= 0) return bury(index);
    worker.buffer.append(chunk, static_cast<size_t>(got));
    for (size_t end = worker.buffer.find('\n'); end != std::string::npos;
         end = worker.buffer.find('\n')) {
      take(worker, Json::parse(worker.buffer.substr(0, end)));
      worker.buffer.erase(0, end + 1);
    }
  }

  void take(Worker& worker, const Json& line) {
    if (line.contains("begin")) {
      worker.running = line["begin"].get<uint32_t>();
      return;
    }
    const auto index = line["case"].get<uint32_t>();
    worker.running.reset();
    conclude(index, {.id = {},
                     .outcome = static_cast<Outcome>(line["outcome"].get<int>()),
                     .why = line["why"].get<std::string>(),
                     .seconds = line["seconds"].get<double>(),
                     .points = line["points"].get<std::vector<uint32_t>>(),
                     .audit = line["audit"].get<std::string>()});
  }

  void conclude(uint32_t index, Verdict verdict) {
    verdict.id = cases_[index / order_.repeat]->id;
    verdict.seed = order_.setting.seed + index % order_.repeat;
    if (const auto& file = order_.setting.target.file) {
      const auto known = file->expect.find(verdict.id);
      if (known != file->expect.end()) verdict.issue = known->second;
    }
    seen_(verdict);
    verdicts_[index] = std::move(verdict);
  }

  // The worker ended: for good, or in the middle of a case, whose verdict that is.
  void bury(size_t index) {
    Worker worker = std::move(workers_[index]);
    workers_.erase(workers_.begin() + static_cast<ptrdiff_t>(index));
    const std::string death = harness::end_worker(worker.process);
    if (!worker.running) return;
    conclude(*worker.running,
             {.id = {},
              .outcome = Outcome::broken,
              .why = "the process that ran it " + (death.empty() ? "ended early" : death)});
    workers_.push_back(spawn(order_, cases_, *next_));
  }

  const Order& order_;
  const std::vector<const Case*>& cases_;
  const std::function<void(const Verdict&)>& seen_;
  std::vector<Verdict> verdicts_;
  std::vector<Worker> workers_;
  std::atomic<uint32_t>* next_ = nullptr;
};

bool applies(const Case& c, Dialect dialect) {
  if (has(c.needs, Needs::only_1_8)) return dialect == Dialect::v1_8;
  if (has(c.needs, Needs::only_2_0) || has(c.needs, Needs::som)) return dialect == Dialect::v2_0;
  return true;
}

}  // namespace

std::vector<const Case*> select(const Order& order) {
  std::vector<const Case*> cases;
  for (const std::span<const Case> suite : catalogue()) {
    for (const Case& c : suite) {
      if (!applies(c, order.setting.target.dialect)) continue;
      if (!order.only.empty() && !order.only.contains(c.id)) continue;
      if (order.except.contains(c.id)) continue;
      cases.push_back(&c);
    }
  }
  return cases;
}

std::vector<Verdict> run(const Order& order, const std::function<void(const Verdict&)>& seen) {
  const std::vector<const Case*> cases = select(order);
  if (cases.empty()) return {};
  std::vector<const Case*> begun = cases;
  std::ranges::stable_partition(begun, &Case::waits_long);
  const harness::WorkRoom room;
  std::vector<Verdict> verdicts = Crew(order, begun, seen).run();
  if (harness::told_to_end()) {
    std::erase_if(verdicts, [](const Verdict& verdict) { return verdict.id.empty(); });
  }
  // As the catalogue has them.
  const auto place = [&](const Verdict& verdict) {
    return std::ranges::find(cases, verdict.id, &Case::id);
  };
  std::ranges::stable_sort(verdicts, {}, place);
  return verdicts;
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return "pass";
    case Outcome::fail:
      return "fail";
    case Outcome::unsupported:
      return "unsupported";
    case Outcome::inconclusive:
      return "inconclusive";
    case Outcome::broken:
      return "broken";
  }
  CHECK(false, "no such outcome");
}

int exit_status(const std::vector<Verdict>& verdicts) {
  const auto some = [&](Outcome outcome) {
    return std::ranges::any_of(verdicts, [&](const Verdict& v) {
      return v.outcome == outcome && (outcome != Outcome::fail || v.issue.empty());
    });
  };
  if (some(Outcome::fail)) return 1;
  if (some(Outcome::broken)) return 3;
  if (some(Outcome::inconclusive)) return 2;
  return 0;
}

std::string summary(const std::vector<Verdict>& verdicts) {
  const auto count = [&](Outcome outcome) {
    return std::ranges::count(verdicts, outcome, &Verdict::outcome);
  };
  const auto expected = std::ranges::count_if(
      verdicts, [](const Verdict& v) { return v.outcome == Outcome::fail && !v.issue.empty(); });
  return fmt::format("{} passed, {} failed, {} unsupported, {} inconclusive, {} broken{}",
                     count(Outcome::pass), count(Outcome::fail), count(Outcome::unsupported),
                     count(Outcome::inconclusive), count(Outcome::broken),
                     expected == 0 ? "" : fmt::format(" ({} failed as expected)", expected));
}

}  // namespace suites
