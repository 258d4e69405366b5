// A server of ours in a process of its own, as the harness sees it: started, given orders, killed.
// It ends when this object does, or when the harness dies, since the control pipe closes then.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/live/control.h"
#include "harness/live/server.h"

namespace harness::live {

// The command line that starts such a server, without its control pipe.
std::vector<std::string> serve_command(const std::string& program, const ServerOptions& options);

class ServerProcess {
 public:
  struct Handlers {
    std::function<void(reference::Fact&&)> note;
    std::function<void(std::string_view)> refused;
    std::function<void()> ended;  // for whatever reason, but not by kill()
  };

  // `program` is the assay binary. The process is started at once; is_ready() tells when it serves.
  ServerProcess(boost::asio::io_context& loop, const std::string& program,
                const ServerOptions& options, Handlers handlers);
  ~ServerProcess();  // kills it
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  bool is_ready() const { return ready_; }
  bool has_ended() const { return ended_; }
  // Highest transaction known to be durable, of this incarnation.
  reference::CommitId committed() const { return committed_; }

  // Sends an order (server.cc names them); idle() when all orders were carried out.
  void order(const std::string& line);
  bool idle() const { return outstanding_ == 0 || ended_; }
  // Takes in what the server has said by now.
  void drain();

  // Sends the signal: SIGSTOP, SIGCONT, or a SIGKILL whose end has_ended() tells later.
  void signal(int number);
  // SIGKILL, and waits until the process is gone. What it had said before is taken in.
  void kill();
  pid_t pid() const { return pid_; }

 private:
  void on_line(std::string_view line);

  Handlers handlers_;
  std::unique_ptr<ControlPipe> control_;
  pid_t pid_ = -1;
  bool ready_ = false;
  bool ended_ = false;
  int outstanding_ = 0;
  reference::CommitId committed_ = 0;
};

}  // namespace harness::live
