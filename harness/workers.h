// Processes that run worlds side by side, each a copy of this one. They end when this one does, for
// whatever reason, and leave nothing on the disk: their stores are in a room that goes with it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace harness {

struct Worker {
  pid_t pid = -1;
  int pipe = -1;  // what it says
};

// Runs `work` in a process of its own, which ends with it.
Worker begin_worker(const std::function<void(int pipe)>& work);
// Waits for it. How it died, in words; empty if it ended well.
std::string end_worker(const Worker& worker);

// With all processes that it began.
void kill_worker(const Worker& worker);

// While there is one, temporary files of this process and its workers are made in a directory that
// goes with it, and SIGINT and SIGTERM do not end the process: told_to_end() says that they came.
class WorkRoom {
 public:
  WorkRoom();
  ~WorkRoom();
  WorkRoom(const WorkRoom&) = delete;
  WorkRoom& operator=(const WorkRoom&) = delete;

 private:
  std::string directory_;
  std::string before_;
};
bool told_to_end();

}  // namespace harness
