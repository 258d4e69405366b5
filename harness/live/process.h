// A server of ours in a process of its own, as the harness sees it: started, given orders, killed.
// It ends when this object does, or when the harness dies, since the control pipe closes then.
#pragma once

#include <sys/types.h>

#include <deque>
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
    std::function<void()> ended;  // for whatever reason; all that it said was taken in
    // Told for a history (ServerOptions::tells_all).
    std::function<void(reference::PeerId from, uint64_t digest)> saw;
    std::function<void(reference::PeerId to, protocol::Bytes&& message)> sent;
    std::function<void(reference::PeerId peer)> lost;
    std::function<void(reference::PeerId peer)> dropped;
    std::function<void()> turns;
    std::function<void(uint64_t transactions)> committed;
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
  // Takes in what the server has said by now. Does nothing while that is going on already.
  void drain();
  // Likewise, one thing after the other until this holds; the rest is kept for later.
  void hear_until(const std::function<bool()>& enough);

  // To an order "rest": what the last answer was.
  struct Rest {
    bool at_rest = false;
    uint64_t events = 0;
  };
  Rest rest() const { return rest_; }

  // Sends the signal: SIGSTOP, SIGCONT, or a SIGKILL whose end has_ended() tells later.
  void signal(int number);
  // SIGKILL, and waits until the process is gone. What it had said before is taken in.
  void kill();
  pid_t pid() const { return pid_; }

 private:
  void hear(const std::function<bool()>& enough);
  void on_line(std::string_view line);
  void on_history_line(std::string_view verb, std::string_view rest);

  Handlers handlers_;
  std::unique_ptr<ControlPipe> control_;
  pid_t pid_ = -1;
  bool ready_ = false;
  bool ended_ = false;
  int outstanding_ = 0;
  reference::CommitId committed_ = 0;
  Rest rest_;
  std::deque<std::string> heard_;  // lines that were not yet looked at
  bool hearing_ = false;
  bool patient_ = false;  // lines are only collected
};

}  // namespace harness::live
