#include "harness/cli/campaign_live.h"

#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/cli/terminal.h"
#include "harness/json_text.h"
#include "harness/live/random_run.h"
#include "harness/workers.h"
#include "protocol/check.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;
using live::RandomRun;

std::string path_of(const LiveCampaign& campaign, uint64_t seed, std::string_view extension) {
  return fmt::format("{}/seed-{}.{}", campaign.out, seed, extension);
}

Json to_json(const RandomRun& run) {
  return {{"seed", run.seed},         {"rested", run.rested},         {"calls", run.calls},
          {"records", run.records},   {"kills", run.kills},           {"struck", run.struck},
          {"broken", run.properties}, {"complaints", run.complaints}, {"undecided", run.undecided},
          {"plan", run.plan}};
}

// In a process of its own: a line about the run, or nothing if it dies.
void run_one(const LiveCampaign& campaign, uint64_t seed, int pipe) {
  live::RandomRunOptions options{.dialect = campaign.dialect, .defects = campaign.defects};
  if (!campaign.out.empty()) options.history = path_of(campaign, seed, "history");
  Json line;
  try {
    line = to_json(live::random_run(options, seed));
  } catch (const Broken& broken) {
    line = {{"seed", seed}, {"died", broken.why}};
  }
  const std::string text = json_text(line, -1);
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = write(pipe, text.data() + done, text.size() - done);
    if (count < 0) return;
    done += static_cast<size_t>(count);
  }
}

struct LiveTally {
  uint64_t runs = 0, failed = 0, unfinished = 0, undecided = 0, calls = 0, records = 0, kills = 0;
  uint64_t struck = 0;                     // faults
  std::map<std::string, uint64_t> titles;  // a property, or what else is wrong
};

class Campaign {
 public:
  explicit Campaign(const LiveCampaign& campaign) : campaign_(campaign) {}

  void run() {
    std::vector<Under> under_way;
    uint64_t begun = 0;
    while (begun < campaign_.runs || !under_way.empty()) {
      if (told_to_end()) break;
      if (begun < campaign_.runs && under_way.size() < campaign_.jobs) {
        under_way.push_back(begin(campaign_.first_seed + begun++));
        continue;
      }
      hear(under_way);
    }
    for (const Under& one : under_way) kill_worker(one.worker);
    progress_.clear();
  }
  const LiveTally& tally() const { return tally_; }

 private:
  struct Under {
    Worker worker;
    uint64_t seed = 0;
    std::string said;
  };

  Under begin(uint64_t seed) {
    return {begin_worker([&](int pipe) { run_one(campaign_, seed, pipe); }), seed, {}};
  }

  void hear(std::vector<Under>& under_way) {
    std::vector<pollfd> polled;
    for (const Under& one : under_way) polled.push_back({one.worker.pipe, POLLIN, 0});
    if (poll(polled.data(), polled.size(), -1) <= 0) return;
    for (size_t i = polled.size(); i-- > 0;) {
      if (polled[i].revents == 0) continue;
      char chunk[16384];
      const ssize_t got = read(polled[i].fd, chunk, sizeof chunk);
      if (got > 0) {
        under_way[i].said.append(chunk, static_cast<size_t>(got));
        continue;
      }
      const Under ended = std::move(under_way[i]);
      under_way.erase(under_way.begin() + static_cast<ptrdiff_t>(i));
      const std::string death = end_worker(ended.worker);
      conclude(ended, death);
    }
  }

  void conclude(const Under& ended, const std::string& death) {
    ++tally_.runs;
    const Json line = Json::parse(ended.said, nullptr, false);
    if (line.is_discarded() || line.contains("died")) {
      fail(ended.seed,
           {line.is_discarded() ? "the run died: " + death : line["died"].get<std::string>()}, {});
      return;
    }
    tally_.calls += line["calls"].get<uint64_t>();
    tally_.records += line["records"].get<uint64_t>();
    tally_.kills += line["kills"].get<uint64_t>();
    tally_.struck += line["struck"].size();
    tally_.undecided += line["undecided"].empty() ? 0 : 1;
    const bool broken = !line["broken"].empty();
    if (!broken && line["rested"].get<bool>()) {
      forget(ended.seed);
    } else if (!broken) {
      ++tally_.unfinished;
      ++tally_.titles["a run did not come to rest"];
      keep(ended.seed, line);
    } else {
      keep(ended.seed, line);
      fail(ended.seed, line["broken"].get<std::vector<std::string>>(), line);
    }
    progress_.show(
        fmt::format("{} of {} runs, {} failed", tally_.runs, campaign_.runs, tally_.failed));
  }

  void fail(uint64_t seed, const std::vector<std::string>& titles, const Json& line) {
    ++tally_.failed;
    progress_.clear();
    for (const std::string& title : titles) {
      ++tally_.titles[title];
      if (campaign_.json) continue;
      fmt::print("seed {}: {}\n", seed, title);
    }
    if (campaign_.json || line.is_null()) return;
    for (const auto& complaint : line["complaints"]) {
      fmt::print("  {}\n", complaint.get<std::string>());
    }
    for (const auto& struck : line["struck"]) fmt::print("  | {}\n", struck.get<std::string>());
  }

  void keep(uint64_t seed, const Json& line) const {
    if (campaign_.out.empty()) return;
    std::ofstream(path_of(campaign_, seed, "plan")) << line["plan"].get<std::string>();
  }
  void forget(uint64_t seed) const {
    std::error_code error;
    if (!campaign_.out.empty()) std::filesystem::remove(path_of(campaign_, seed, "history"), error);
  }

  const LiveCampaign& campaign_;
  LiveTally tally_;
  ProgressLine progress_;
};

}  // namespace

ExitCode run_live_campaign(const LiveCampaign& campaign) {
  std::error_code error;
  if (!campaign.out.empty() && !std::filesystem::create_directory(campaign.out, error)) {
    complain(fmt::format("--out {}: it exists already, or cannot be made", campaign.out));
    return ExitCode::usage;
  }
  const auto began = std::chrono::steady_clock::now();
  LiveTally tally;
  {
    const WorkRoom room;
    Campaign all(campaign);
    all.run();
    tally = all.tally();
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (campaign.json) {
    const Json result = {{"world", "live"},
                         {"dialect", campaign.dialect == reference::Dialect::v1_8 ? "1.8" : "2.0"},
                         {"first_seed", campaign.first_seed},
                         {"runs", tally.runs},
                         {"failed", tally.failed},
                         {"unfinished", tally.unfinished},
                         {"undecided", tally.undecided},
                         {"calls", tally.calls},
                         {"records", tally.records},
                         {"struck", tally.struck},
                         {"kills", tally.kills},
                         {"seconds", seconds},
                         {"titles", tally.titles}};
    fmt::print("{}\n", json_text(result));
  } else {
    fmt::print(
        "{} live runs, seeds from {}: {} failed, {} unfinished, {} with a property undecided\n"
        "  {:.1f} s, {} calls, {} faults struck, {} servers killed, {} records judged\n",
        tally.runs, campaign.first_seed, tally.failed, tally.unfinished, tally.undecided, seconds,
        tally.calls, tally.struck, tally.kills, tally.records);
    for (const auto& [title, count] : tally.titles) fmt::print("  {:>6} {}\n", count, title);
  }
  if (told_to_end()) return ExitCode::inconclusive;
  if (tally.failed != 0) return ExitCode::fail;
  return tally.unfinished == 0 ? ExitCode::pass : ExitCode::inconclusive;
}

}  // namespace harness
