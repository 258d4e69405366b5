#include "harness/report/sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace harness::report {
namespace {

using Mark = Sequence::Mark;

// Fills a Sequence record by record.
class Builder {
 public:
  explicit Builder(const Run& run) : run_(run), witness_(run.witness.begin(), run.witness.end()) {}

  Sequence build() {
    for (size_t i = run_.first; i < run_.records.size(); ++i) add(run_.records[i]);
    for (const auto& [node, row] : crashed_) sequence_.down.push_back({node, row, row_});
    for (const auto& [message, sending] : sent_) end_in_nothing(message, sending);
    sequence_.rows = row_ + 1;
    sequence_.lanes.assign(lanes_.begin(), lanes_.end());
    // Clients left of the servers: requests go to the right.
    std::ranges::stable_sort(sequence_.lanes, {}, [&](record::NodeIndex node) {
      const record::Role role = run_.nodes[node].role;
      return role == record::Role::client ? 0 : role == record::Role::mgs ? 2 : 1;
    });
    return std::move(sequence_);
  }

 private:
  struct Sending {
    record::NodeIndex from = 0, to = 0;
    size_t row = 0;
    std::string text;
    bool reply = false;
    int arrivals = 0;
    std::optional<size_t> dropped;  // row
    bool witness = false;
  };

  bool is_witness(const record::Record& record) const { return witness_.contains(record.index); }

  void mark(const record::Record& record, Mark::Kind kind, std::string text) {
    lanes_.insert(record.node);
    sequence_.marks.push_back({kind, record.node, ++row_, std::move(text), is_witness(record)});
  }

  void add(const record::Record& record) {
    if (record.time != time_) {
      if (time_ >= 0) {
        sequence_.marks.push_back({Mark::Kind::time, 0, ++row_, time_text(record.time), false});
      }
      time_ = record.time;
    }
    std::visit([&](const auto& what) { on(record, what); }, record.what);
  }

  void on(const record::Record& record, const record::CallBegan& began) {
    mark(record, Mark::Kind::call, call_text(*began.call));
  }
  void on(const record::Record& record, const record::CallEnded& ended) {
    mark(record, Mark::Kind::result, fmt::format("= {}", ended.result->status));
  }
  void on(const record::Record& record, const record::Sent& sent) {
    const auto at = std::ranges::find(run_.nodes, sent.to, &record::Node::peer);
    if (at == run_.nodes.end()) return;
    const auto to = static_cast<record::NodeIndex>(at - run_.nodes.begin());
    lanes_.insert(record.node);
    lanes_.insert(to);
    sent_[sent.message] = {record.node,
                           to,
                           ++row_,
                           message_text(run_.dialect, sent.envelope),
                           sent.envelope.kind == record::Envelope::Kind::reply,
                           0,
                           {},
                           is_witness(record)};
  }
  void on(const record::Record& record, const record::Received& received) {
    const auto at = sent_.find(received.message);
    if (at == sent_.end()) return;
    Sending& sending = at->second;
    lanes_.insert(record.node);
    const bool again = sending.arrivals++ > 0;
    sequence_.arrows.push_back({sending.from, sending.to, sending.row, ++row_, sending.text,
                                sending.reply, false, again,
                                sending.witness || is_witness(record)});
  }
  void on(const record::Record& record, const record::Faulted& faulted) {
    mark(record, Mark::Kind::fault, faulted.what);
    const auto at = sent_.find(faulted.message);
    if (at != sent_.end() && faulted.what.starts_with("drop")) at->second.dropped = row_;
  }
  void on(const record::Record& record, const record::Committed&) {
    mark(record, Mark::Kind::commit, "commit");
  }
  void on(const record::Record& record, const record::Crashed&) {
    mark(record, Mark::Kind::crash, "crash");
    crashed_[record.node] = row_;
  }
  void on(const record::Record& record, const record::Started&) {
    mark(record, Mark::Kind::start, "start");
    const auto at = crashed_.find(record.node);
    if (at == crashed_.end()) return;
    sequence_.down.push_back({record.node, at->second, row_});
    crashed_.erase(at);
  }
  void on(const record::Record& record, const record::Noted& noted) {
    std::string text = fact_text(noted.fact);
    if (!text.empty()) mark(record, Mark::Kind::fact, std::move(text));
  }
  void on(const record::Record& record, const record::Lost& lost) {
    const auto at = std::ranges::find(run_.nodes, lost.peer, &record::Node::peer);
    if (at == run_.nodes.end()) return;
    mark(record, Mark::Kind::peer_lost, at->name() + " is gone");
  }
  void on(const record::Record& record, const record::Dropped&) {
    mark(record, Mark::Kind::peer_lost, "closes the connection");
  }
  void on(const record::Record&, const auto&) {}

  // Sent and never received: dropped, lost with a crash, or still on its way at the end.
  void end_in_nothing(uint64_t, const Sending& sending) {
    if (sending.arrivals != 0) return;
    sequence_.arrows.push_back({sending.from, sending.to, sending.row,
                                sending.dropped.value_or(sending.row), sending.text, sending.reply,
                                true, false, sending.witness});
  }

  const Run& run_;
  std::set<uint64_t> witness_;
  Sequence sequence_;
  std::map<uint64_t, Sending> sent_;
  std::map<record::NodeIndex, size_t> crashed_;
  std::set<record::NodeIndex> lanes_;
  size_t row_ = 0;
  record::Time time_ = -1;
};

}  // namespace

Sequence make_sequence(const Run& run) { return Builder(run).build(); }

// --- as text ---

namespace {

constexpr size_t kLane = 16;  // columns from one lane to the next
constexpr size_t kMargin = 8;

class Canvas {
 public:
  explicit Canvas(const Sequence& sequence) : sequence_(sequence) {}
  size_t column(record::NodeIndex node) const {
    const auto at = std::ranges::find(sequence_.lanes, node);
    return kMargin + kLane * static_cast<size_t>(at - sequence_.lanes.begin());
  }
  std::string empty(size_t row) const {
    std::string line(kMargin + kLane * sequence_.lanes.size(), ' ');
    for (const record::NodeIndex node : sequence_.lanes) {
      const auto down = [&](const Sequence::Down& d) {
        return d.node == node && d.from <= row && row < d.to;
      };
      line[column(node)] = std::ranges::any_of(sequence_.down, down) ? ' ' : '|';
    }
    return line;
  }

 private:
  const Sequence& sequence_;
};

std::string arrow_line(const Canvas& canvas, const Sequence::Arrow& arrow) {
  std::string line = canvas.empty(arrow.arrived);
  const size_t from = canvas.column(arrow.from), to = canvas.column(arrow.to);
  const size_t left = std::min(from, to) + 1, right = std::max(from, to) - 1;
  std::fill(line.begin() + static_cast<ptrdiff_t>(left),
            line.begin() + static_cast<ptrdiff_t>(right) + 1, arrow.reply ? '.' : '-');
  if (arrow.lost) {
    line[(left + right) / 2] = 'X';
  } else if (from < to) {
    line[right] = '>';
  } else {
    line[left] = '<';
  }
  line += "  " + arrow.text;
  if (arrow.lost) line += "  (lost)";
  if (arrow.again) line += "  (again)";
  return line;
}

std::string mark_line(const Canvas& canvas, const Mark& mark) {
  if (mark.kind == Mark::Kind::time) return fmt::format("  -- {} --", mark.text);
  std::string line = canvas.empty(mark.row);
  static constexpr std::string_view kSigns = "[]#X+!*~";
  line[canvas.column(mark.node)] = kSigns[static_cast<size_t>(mark.kind)];
  return line + "  " + mark.text;
}

}  // namespace

std::string sequence_text(const Run& run) {
  const Sequence sequence = make_sequence(run);
  const Canvas canvas(sequence);
  std::multimap<size_t, std::string> lines;
  const auto add = [&](size_t row, std::string line, bool witness) {
    if (witness) line.replace(0, 2, "=>");
    lines.emplace(row, std::move(line));
  };
  for (const auto& arrow : sequence.arrows) {
    add(arrow.arrived, arrow_line(canvas, arrow), arrow.witness);
  }
  for (const Mark& mark : sequence.marks) add(mark.row, mark_line(canvas, mark), mark.witness);
  std::string text = run.title + "\n";
  std::string head(kMargin + kLane * sequence.lanes.size(), ' ');
  for (const record::NodeIndex node : sequence.lanes) {
    const std::string name = run.nodes[node].name();
    head.replace(canvas.column(node) - name.size() / 2, name.size(), name);
  }
  text += head + "\n";
  for (const auto& [row, line] : lines) text += line + "\n";
  if (!run.verdict.empty()) text += "violated: " + run.verdict + "\n";
  return text;
}

}  // namespace harness::report
