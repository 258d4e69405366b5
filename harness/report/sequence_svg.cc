#include <fmt/format.h>

#include <algorithm>

#include "harness/report/sequence.h"

namespace harness::report {
namespace {

using Mark = Sequence::Mark;

// Pixels.
constexpr int kTop = 96, kLeft = 120, kLaneWidth = 230, kRow = 22, kBottom = 60;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

constexpr std::string_view kStyle = R"(
  text { font: 12px "DejaVu Sans", "Helvetica Neue", Arial, sans-serif; fill: #24292f }
  .title { font-size: 17px; font-weight: bold }
  .verdict { font-size: 13px; fill: #b3261e }
  .head { font-weight: bold; text-anchor: middle }
  .headbox { fill: #eef2f7; stroke: #8c99a8 }
  .lane { stroke: #c3cbd4; stroke-width: 1.5 }
  .downlane { stroke: #b3261e; stroke-width: 1.5; stroke-dasharray: 2 5 }
  .request { stroke: #1f5fae; stroke-width: 1.5; fill: none }
  .reply { stroke: #2f7d4f; stroke-width: 1.3; stroke-dasharray: 6 3; fill: none }
  .lost { stroke: #b3261e; stroke-width: 1.5; fill: none }
  .label { text-anchor: middle; paint-order: stroke; stroke: #fff; stroke-width: 4px;
    stroke-linejoin: round }
  .call { fill: #fff7e0; stroke: #c99a2e }
  .result { fill: #f3efe2; stroke: #c9b27a }
  .commit { fill: #e3f2e6; stroke: #4c9a63 }
  .crash { fill: #fbe3e1; stroke: #b3261e }
  .start { fill: #e8f0fb; stroke: #5a86c5 }
  .fault { fill: #b3261e; stroke: #7d1a14 }
  .fact { fill: #f6f6f6; stroke: #b9b9b9 }
  .peer_lost { fill: #fff; stroke: #b3261e; stroke-dasharray: 3 2 }
  .marktext { text-anchor: middle; font-size: 11px }
  .faulttext { text-anchor: middle; font-size: 11px; fill: #fff; font-weight: bold }
  .time { stroke: #d9dee3; stroke-dasharray: 1 4 }
  .timetext { font-size: 11px; fill: #68727d }
  .witness { fill: #ffe27a; opacity: .55 }
)";

class Drawing {
 public:
  Drawing(const Run& run, const Sequence& sequence) : run_(run), sequence_(sequence) {
    width_ = kLeft + kLaneWidth * static_cast<int>(sequence.lanes.size());
    height_ = kTop + kRow * static_cast<int>(sequence.rows + 1) + kBottom;
  }

  std::string draw() {
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
        "viewBox=\"0 0 {0} {1}\">\n<style>{2}</style>\n"
        "<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" "
        "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L10 5L0 10z\" fill=\"#44515e\"/>"
        "</marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        "<text class=\"title\" x=\"20\" y=\"28\">{3}</text>\n",
        width_, height_, kStyle, escaped(run_.title));
    if (!run_.verdict.empty()) {
      out_ += fmt::format("<text class=\"verdict\" x=\"20\" y=\"48\">violated: {}</text>\n",
                          escaped(run_.verdict));
    }
    witnesses();
    for (const record::NodeIndex node : sequence_.lanes) lane(node);
    for (const Mark& mark : sequence_.marks) {
      if (mark.kind == Mark::Kind::time) time(mark);
    }
    for (const Sequence::Arrow& arrow : sequence_.arrows) draw(arrow);
    for (const Mark& mark : sequence_.marks) {
      if (mark.kind != Mark::Kind::time) draw(mark);
    }
    return out_ + "</svg>\n";
  }

 private:
  int x(record::NodeIndex node) const {
    const auto at = std::ranges::find(sequence_.lanes, node);
    return kLeft + kLaneWidth * static_cast<int>(at - sequence_.lanes.begin());
  }
  static int y(size_t row) { return kTop + kRow * static_cast<int>(row); }

  void witnesses() {
    const auto band = [&](size_t row) {
      out_ += fmt::format("<rect class=\"witness\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                          y(row) - kRow / 2, width_, kRow);
    };
    for (const auto& arrow : sequence_.arrows) {
      if (arrow.witness) band(arrow.arrived);
    }
    for (const Mark& mark : sequence_.marks) {
      if (mark.witness) band(mark.row);
    }
  }

  void lane(record::NodeIndex node) {
    const int at = x(node), end = y(sequence_.rows + 1);
    const auto line = [&](std::string_view style, int from, int to) {
      out_ += fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n", style,
                          at, from, at, to);
    };
    int from = kTop - 8;
    for (const Sequence::Down& down : sequence_.down) {
      if (down.node != node) continue;
      line("lane", from, y(down.from));
      line("downlane", y(down.from), y(down.to));
      from = y(down.to);
    }
    line("lane", from, end);
    const std::string name = run_.nodes[node].name();
    out_ += fmt::format(
        "<rect class=\"headbox\" rx=\"5\" x=\"{}\" y=\"{}\" width=\"90\" height=\"24\"/>"
        "<text class=\"head\" x=\"{}\" y=\"{}\">{}</text>\n",
        at - 45, kTop - 32, at, kTop - 16, escaped(name));
  }

  void time(const Mark& mark) {
    out_ += fmt::format(
        "<line class=\"time\" x1=\"70\" y1=\"{0}\" x2=\"{1}\" y2=\"{0}\"/>"
        "<text class=\"timetext\" x=\"8\" y=\"{2}\">{3}</text>\n",
        y(mark.row), width_, y(mark.row) + 4, escaped(mark.text));
  }

  void draw(const Sequence::Arrow& arrow) {
    const int x1 = x(arrow.from), y1 = y(arrow.sent), y2 = y(arrow.arrived);
    const int full = x(arrow.to);
    const int x2 = arrow.lost ? (x1 + full) / 2 : full;
    const std::string_view style = arrow.lost ? "lost" : arrow.reply ? "reply" : "request";
    out_ += fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"{}/>\n", style,
                        x1, y1, x2, y2, arrow.lost ? "" : " marker-end=\"url(#tip)\"");
    if (arrow.lost) {
      out_ +=
          fmt::format("<path class=\"lost\" d=\"M{} {}l10 10m0 -10l-10 10\"/>\n", x2 - 5, y2 - 5);
    }
    // Near its arrival, where the reader looks next.
    const double part = arrow.lost ? 0.5 : 0.56;
    out_ += fmt::format("<text class=\"label\" x=\"{:.0f}\" y=\"{:.0f}\">{}{}</text>\n",
                        x1 + (x2 - x1) * part, y1 + (y2 - y1) * part - 4, escaped(arrow.text),
                        arrow.again ? " (again)" : "");
  }

  void draw(const Mark& mark) {
    static constexpr std::string_view kStyles[] = {"call",  "result", "commit", "crash",
                                                   "start", "fault",  "fact",   "peer_lost"};
    const bool fault = mark.kind == Mark::Kind::fault;
    const int width = 16 + 7 * static_cast<int>(mark.text.size());
    out_ += fmt::format(
        "<rect class=\"{}\" rx=\"4\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"18\"/>"
        "<text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>\n",
        kStyles[static_cast<size_t>(mark.kind)], x(mark.node) - width / 2, y(mark.row) - 9, width,
        fault ? "faulttext" : "marktext", x(mark.node), y(mark.row) + 4, escaped(mark.text));
  }

  const Run& run_;
  const Sequence& sequence_;
  int width_ = 0, height_ = 0;
  std::string out_;
};

}  // namespace

std::string sequence_svg(const Run& run) {
  const Sequence sequence = make_sequence(run);
  return Drawing(run, sequence).draw();
}

}  // namespace harness::report
