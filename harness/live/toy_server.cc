// A server process with a toy machine, for the test of processes: takes the command line that
// process.cc makes, as `assay serve` does.
#include <charconv>
#include <map>
#include <string>

#include "harness/live/server.h"
#include "harness/live/toy_machines.h"
#include "reference/nid.h"

int main(int argc, char** argv) {
  using namespace harness::live;
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    if (equals != std::string::npos) options[word.substr(0, equals)] = word.substr(equals + 1);
  }
  ServerOptions server_options;
  server_options.config.self = {*reference::parse_nid(options["--nid"]), reference::kLnetPid};
  server_options.port = static_cast<uint16_t>(std::stoi(options["--port"]));
  server_options.store = options["--store"];
  server_options.commit_interval =
      std::chrono::microseconds(std::stol(options["--commit-interval-us"]));
  server_options.control = std::stoi(options["--control"]);
  boost::asio::io_context loop;
  const auto make = [](harness::Role, const reference::Config& config,
                       const reference::Store& store) {
    const auto found = store.find("count");
    const uint64_t count = found == store.end() ? 0 : found->second[0];
    return std::make_unique<MachineBox<Echo>>(Echo{config.self, count});
  };
  Server server(loop, server_options, make,
                {.log = [](std::string_view) {}, .note = {}, .ended = [&] { loop.stop(); }});
  if (!server.start()) return 3;
  loop.run();
}
