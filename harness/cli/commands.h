// The commands of the program, one file each. To add one: a function here, its file in
// CMakeLists.txt, its line in main.cc.
//
// A command's function adds its subcommand (a description of one line, in lower case, options with
// their default named) and sets a callback that runs it and writes its outcome to `exit`. The
// program lives no longer than one command, so options may be owned by the callback.
#pragma once

#include "harness/cli/exit_code.h"

namespace CLI {
class App;
}

namespace harness {

void add_campaign(CLI::App& app, ExitCode& exit);
void add_client(CLI::App& app, ExitCode& exit);
void add_decode(CLI::App& app, ExitCode& exit);
void add_explore(CLI::App& app, ExitCode& exit);
void add_fuzz(CLI::App& app, ExitCode& exit);
void add_judge(CLI::App& app, ExitCode& exit);
void add_list(CLI::App& app, ExitCode& exit);
void add_replay(CLI::App& app, ExitCode& exit);
void add_run(CLI::App& app, ExitCode& exit);
void add_sensitivity(CLI::App& app, ExitCode& exit);
void add_serve(CLI::App& app, ExitCode& exit);
void add_som(CLI::App& app, ExitCode& exit);
void add_shrink(CLI::App& app, ExitCode& exit);

}  // namespace harness
