// What a run left, counted when all was at rest (reference/counts.h): a table for reports, of each
// node and what it has.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace harness::check {

class Audit {
 public:
  struct Count {
    std::string what;
    int64_t value = 0;
  };
  struct Node {
    std::string name;  // "mds", "client1"
    std::vector<Count> counts;
  };

  // All records of a run; of several rests the last one counts.
  void on(const record::Record& record);
  const std::vector<Node>& nodes() const { return nodes_; }
  // "mds: 1 clients, 1 slots, …", a node a line; what is 0 is left out.
  std::vector<std::string> lines() const;

 private:
  std::map<record::NodeIndex, record::Node> known_;
  std::vector<Node> nodes_;
  bool rested_ = false;  // since the last count
};

}  // namespace harness::check
