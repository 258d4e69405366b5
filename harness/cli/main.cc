// The program `assay`: reads the command line and runs one command (commands.h).
#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"

namespace harness {
namespace {

constexpr std::string_view kFooter = R"(
exit status: 0 all pass, 1 some fail, 2 undecided, 3 broken or unreachable, 64 bad usage or input
Standard output is the result, standard error the log. `assay COMMAND --help` tells more.)";

int run(int argc, char** argv) {
  ExitCode exit = ExitCode::pass;
  CLI::App app("Conformance and fault injection for servers that speak Lustre's wire protocols.",
               "assay");
  app.set_version_flag("--version", fmt::format("assay {} ({})", kVersion, build_id()));
  app.footer(std::string(kFooter));
  app.require_subcommand(0, 1);
  add_run(app, exit);
  add_list(app, exit);
  add_client(app, exit);
  add_decode(app, exit);
  add_judge(app, exit);
  add_serve(app, exit);
  add_fuzz(app, exit);
  add_explore(app, exit);
  add_campaign(app, exit);
  add_replay(app, exit);
  add_shrink(app, exit);
  add_sensitivity(app, exit);
  add_som(app, exit);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& mistake) {
    complain(mistake.what());
    fmt::print(stderr, "assay: see `assay --help`\n");
    return static_cast<int>(ExitCode::usage);
  }
  if (app.get_subcommands().empty()) {
    fmt::print(stderr, "{}", app.help());
    return static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(exit);
}

}  // namespace
}  // namespace harness

int main(int argc, char** argv) { return harness::run(argc, argv); }
