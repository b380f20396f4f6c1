// SPDX-License-Identifier: MIT
// Timelines as text: streams are rows, time goes to the right.
#include <algorithm>
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/device/timeline.hpp"

namespace lunops {

namespace {

using Node = TimelineNode;

constexpr int kColumns = 70;  // of the time axis
constexpr int kTick = 10;     // columns between two numbers on it

// A line of which each column is one character, which may take several bytes.
class Line {
 public:
  // Puts `text` at `column`, or behind what is there already.
  void put(int64_t column, const std::vector<std::string>& text) {
    column = std::max(column, static_cast<int64_t>(cells_.size()));
    cells_.resize(static_cast<size_t>(column), " ");
    cells_.insert(cells_.end(), text.begin(), text.end());
  }
  std::string text() const {
    std::string all;
    for (const std::string& cell : cells_) all += cell;
    return all;
  }

 private:
  std::vector<std::string> cells_;
};

// The characters of UTF-8 text.
std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> list;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80 && !list.empty()) {
      list.back() += c;
    } else {
      list.emplace_back(1, c);
    }
  }
  return list;
}

std::string target_name(Device device) {
  return device.kind == DeviceKind::cpu && !device.is_host() ? std::to_string(device.index)
                                                             : device.text();
}

struct Row {
  std::string stream;
  std::vector<const Node*> nodes;
};

// One row for each stream, in the order in which they were first used.  What the host does after
// all others have begun, such as adding up results, stands in a row of its own at the end.
std::vector<Row> rows_of(const std::vector<Node>& nodes) {
  std::vector<std::string> seen;
  const Node* last_new = nullptr;
  for (const Node& node : nodes) {
    if (std::find(seen.begin(), seen.end(), node.stream) != seen.end()) continue;
    seen.push_back(node.stream);
    last_new = &node;
  }
  std::vector<Row> rows;
  Row after{"cpu", {}};
  for (const Node& node : nodes) {
    const bool is_host = node.stream == after.stream;
    if (is_host && &node > last_new) {
      after.nodes.push_back(&node);
      continue;
    }
    auto row = std::find_if(rows.begin(), rows.end(),
                            [&](const Row& r) { return r.stream == node.stream; });
    if (row == rows.end()) row = rows.insert(rows.end(), Row{node.stream, {}});
    row->nodes.push_back(&node);
  }
  if (after.nodes.empty()) return rows;
  if (!rows.empty() && rows.back().stream == after.stream) {
    rows.back().nodes.insert(rows.back().nodes.end(), after.nodes.begin(), after.nodes.end());
  } else {
    rows.push_back(std::move(after));
  }
  return rows;
}

// What a row does: "wait,copy".  Records are drawn, so they are named only where nothing else is
// done.
std::string kinds_of(const Row& row) {
  std::vector<std::string> kinds;
  for (const Node* node : row.nodes) {
    if (node->kind == Node::Kind::record) continue;
    const std::string name =
        node->kind == Node::Kind::compute ? "comp" : std::string(name_of(node->kind));
    if (std::find(kinds.begin(), kinds.end(), name) == kinds.end()) kinds.push_back(name);
  }
  return kinds.empty() ? "record" : fmt::format("{}", fmt::join(kinds, ","));
}

// Seconds between two numbers on the axis: 1, 2 or 5 times a power of ten.
double tick_of(double seconds) {
  const double least = std::max(seconds, 1e-9) * kTick / kColumns;
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

void draw(Line& line, const Node& node, double origin, double per_column) {
  const auto column = [&](double t) -> int64_t { return std::llround((t - origin) / per_column); };
  if (node.kind == Node::Kind::record) {
    line.put(column(node.start), characters(fmt::format("E{}", node.event)));
    return;
  }
  if (node.kind == Node::Kind::wait) return;
  std::string label = node.label;
  if (node.kind == Node::Kind::copy) {
    label += "→" + target_name(node.device);
  } else if (!node.tile.empty()) {
    label = node.tile;
  }
  std::vector<std::string> text = characters(label);
  // Short work keeps the beginning of its name.
  const int64_t least = std::min<int64_t>(std::ssize(text), 4);
  const int64_t inside = std::max(column(node.stop) - column(node.start) - 2, least);
  text.resize(static_cast<size_t>(inside), " ");
  text.insert(text.begin(), "[");
  text.emplace_back("]");
  line.put(column(node.start), text);
}

}  // namespace

std::string Timeline::text() const {
  const std::vector<Node> all = nodes();
  if (all.empty()) return "nothing was issued";
  double first = all.front().start, last = all.front().stop;
  for (const Node& node : all) {
    first = std::min(first, node.start);
    last = std::max(last, node.stop);
  }
  const double tick = tick_of(last - first);
  const bool is_long = tick >= 1, is_short = tick < 1e-3;
  const double unit = is_long ? 1 : is_short ? 1e-6 : 1e-3;

  std::vector<Row> rows = rows_of(all);
  size_t stream_width = 5, kinds_width = 6;
  for (const Row& row : rows) {
    stream_width = std::max(stream_width, row.stream.size());
    kinds_width = std::max(kinds_width, kinds_of(row).size());
  }

  std::string text = fmt::format("{:<{}}",
                                 is_long    ? "t [s]"
                                 : is_short ? "t [us]"
                                            : "t [ms]",
                                 stream_width + kinds_width + 4);
  const auto ticks = static_cast<int>(std::ceil((last - first) / tick - 1e-9));
  Line axis;
  for (int i = 0; i <= ticks; ++i) {
    axis.put(i * kTick, characters(fmt::format("{:g}", i * tick / unit)));
  }
  text += axis.text();
  for (const Row& row : rows) {
    Line line;
    for (const Node* node : row.nodes) draw(line, *node, first, tick / kTick);
    text += fmt::format("\n{:<{}}  {:<{}}  {}", row.stream, stream_width, kinds_of(row),
                        kinds_width, line.text());
  }
  return text;
}

}  // namespace lunops
