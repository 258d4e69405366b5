// A run as a sequence diagram: a lane for each node, an arrow for each message from where it was
// sent to where it arrived (or to a cross where a fault took it), calls, commits, crashes, what
// servers said.
#pragma once

#include <string>
#include <vector>

#include "harness/report/run.h"

namespace harness::report {

// What is drawn, top to bottom. Rows count from 0; what one step of a node did shares its row and
// the rows below, one a line of text.
struct Sequence {
  struct Arrow {
    record::NodeIndex from = 0, to = 0;
    size_t sent = 0, arrived = 0;  // rows
    std::string text;
    bool reply = false, lost = false, again = false;  // again: a message that had arrived before
    bool witness = false;
  };
  struct Mark {
    enum class Kind : uint8_t { call, result, commit, crash, start, fault, fact, peer_lost, time };
    Kind kind = Kind::fact;
    record::NodeIndex node = 0;
    size_t row = 0;
    std::string text;
    bool witness = false;
  };
  struct Down {  // a node from its crash to its start
    record::NodeIndex node = 0;
    size_t from = 0, to = 0;
  };
  size_t rows = 0;
  std::vector<record::NodeIndex> lanes;  // nodes that do something
  std::vector<Arrow> arrows;
  std::vector<Mark> marks;
  std::vector<Down> down;
};
Sequence make_sequence(const Run& run);

std::string sequence_svg(const Run& run);
std::string sequence_text(const Run& run);

}  // namespace harness::report
