// SPDX-License-Identifier: MIT
#include "runtime/device/timeline.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "runtime/core/error.hpp"

namespace lunops {

namespace {

using Node = TimelineNode;
using Interval = std::pair<double, double>;

std::string described(const Node& node, int64_t number) {
  std::string text = fmt::format("{}", name_of(node.kind));
  if (!node.label.empty()) text += fmt::format(" '{}'", node.label);
  if (!node.tile.empty()) text += " of tile " + node.tile;
  return text + fmt::format(" on {} (node {})", node.stream, number);
}

// Which nodes are ordered before which, by streams and events alone: a vector clock for each node.
class Order {
 public:
  // Nodes come in order of issue.  False for a wait without an earlier record.
  bool add(const Node& node) {
    const auto stream =
        static_cast<size_t>(streams_.try_emplace(node.stream, streams_.size()).first->second);
    if (stream == now_.size()) now_.emplace_back();
    Clock& clock = now_[stream];
    if (clock.size() <= stream) clock.resize(stream + 1, 0);
    ++clock[stream];
    bool is_recorded = true;
    if (node.kind == Node::Kind::wait) {
      const auto event = events_.find(node.event);
      is_recorded = event != events_.end();
      if (is_recorded) merge(clock, event->second);
    }
    if (node.kind == Node::Kind::record) events_[node.event] = clock;
    at_.push_back({stream, clock});
    return is_recorded;
  }

  bool is_before(int64_t a, int64_t b) const {
    const Stamp& first = at_[static_cast<size_t>(a)];
    const Stamp& second = at_[static_cast<size_t>(b)];
    return first.stream < second.clock.size() &&
           second.clock[first.stream] >= first.clock[first.stream];
  }

 private:
  using Clock = std::vector<int64_t>;  // by stream: how many of its nodes are done
  struct Stamp {
    size_t stream;
    Clock clock;
  };

  static void merge(Clock& clock, const Clock& other) {
    if (clock.size() < other.size()) clock.resize(other.size(), 0);
    for (size_t i = 0; i < other.size(); ++i) clock[i] = std::max(clock[i], other[i]);
  }

  std::unordered_map<std::string, size_t> streams_;
  std::unordered_map<int64_t, Clock> events_;
  std::vector<Clock> now_;
  std::vector<Stamp> at_;
};

// Who touched the bytes of one memory last: disjoint pieces, by first byte.
class Touched {
 public:
  struct Piece {
    uintptr_t last = 0;
    int64_t writer = -1;
    std::vector<int64_t> readers;  // since then
  };

  // Calls f(first, piece) for the pieces that together are [first, last).
  template <class F>
  void visit(uintptr_t first, uintptr_t last, const F& f) {
    cut(first);
    cut(last);
    for (uintptr_t at = first; at < last;) {
      auto piece = pieces_.lower_bound(at);
      if (piece == pieces_.end() || piece->first != at) {
        const uintptr_t end = piece == pieces_.end() ? last : std::min(last, piece->first);
        piece = pieces_.emplace_hint(piece, at, Piece{end, -1, {}});
      }
      f(piece->first, piece->second);
      at = piece->second.last;
    }
  }

 private:
  // No piece crosses `at` afterwards.
  void cut(uintptr_t at) {
    auto next = pieces_.lower_bound(at);
    if (next == pieces_.begin()) return;
    const auto piece = std::prev(next);
    if (piece->second.last <= at) return;
    Piece rest = piece->second;
    piece->second.last = at;
    pieces_.emplace_hint(next, at, std::move(rest));
  }

  std::map<uintptr_t, Piece> pieces_;
};

// Disjoint intervals in which one of the nodes runs.
std::vector<Interval> busy(const std::vector<Node>& nodes, const TimelineFilter& filter) {
  std::vector<Interval> all;
  for (const Node& node : nodes) {
    if (filter.matches(node) && node.stop > node.start) all.emplace_back(node.start, node.stop);
  }
  std::sort(all.begin(), all.end());
  std::vector<Interval> merged;
  for (const Interval& each : all) {
    if (merged.empty() || each.first > merged.back().second) {
      merged.push_back(each);
    } else {
      merged.back().second = std::max(merged.back().second, each.second);
    }
  }
  return merged;
}

double length(const std::vector<Interval>& intervals) {
  double sum = 0;
  for (const auto& [start, stop] : intervals) sum += stop - start;
  return sum;
}

}  // namespace

std::string_view name_of(TimelineNode::Kind kind) noexcept {
  switch (kind) {
    case Node::Kind::record:
      return "record";
    case Node::Kind::wait:
      return "wait";
    case Node::Kind::copy:
      return "copy";
    case Node::Kind::compute:
      return "compute";
    case Node::Kind::host:
      return "host";
  }
  return "";
}

bool TimelineFilter::matches(const TimelineNode& node) const {
  const auto agrees = [](const auto& wanted, const auto& has) {
    return !wanted.has_value() || *wanted == has;
  };
  return agrees(kind, node.kind) && agrees(device, node.device) &&
         (!source.has_value() || (node.kind == Node::Kind::copy && *source == node.source)) &&
         agrees(stream, node.stream) && agrees(label, node.label) && agrees(tile, node.tile) &&
         agrees(event, node.event);
}

int64_t Timeline::add(TimelineNode node) {
  const std::lock_guard lock(mutex_);
  nodes_.push_back(std::move(node));
  return std::ssize(nodes_) - 1;
}

void Timeline::set_times(int64_t node, double start, double stop) {
  const std::lock_guard lock(mutex_);
  Node& n = nodes_.at(static_cast<size_t>(node));
  n.start = start;
  n.stop = stop;
}

void Timeline::set_times(int64_t node, const Moment& start, const Moment& stop) {
  const double *first = std::get_if<double>(&start), *last = std::get_if<double>(&stop);
  if (first != nullptr && last != nullptr) return set_times(node, *first, *last);
  const std::lock_guard lock(mutex_);
  open_.push_back({node, start, stop});
}

void Timeline::close() {
  std::vector<Open> open;
  {
    const std::lock_guard lock(mutex_);
    open.swap(open_);
  }
  for (const Open& each : open) {
    const auto seconds = [&](const Moment& moment) {
      const auto* event = std::get_if<std::shared_ptr<const NativeEvent>>(&moment);
      return event == nullptr ? std::get<double>(moment) : clocks_.seconds_of(**event);
    };
    try {
      const double start = seconds(each.start);
      set_times(each.node, start, seconds(each.stop));
    } catch (const Error& e) {
      const Node node = nodes().at(static_cast<size_t>(each.node));
      throw Error(
          e.code(), "timeline",
          fmt::format("when {} ran cannot be told: {}", described(node, each.node), e.message()));
    }
  }
}

std::vector<TimelineNode> Timeline::nodes() const {
  const std::lock_guard lock(mutex_);
  return nodes_;
}

int64_t Timeline::count(const TimelineFilter& filter) const {
  const std::lock_guard lock(mutex_);
  return std::count_if(nodes_.begin(), nodes_.end(),
                       [&](const Node& node) { return filter.matches(node); });
}

double Timeline::overlap(const TimelineFilter& a, const TimelineFilter& b) const {
  const std::vector<Node> all = nodes();
  const std::vector<Interval> x = busy(all, a), y = busy(all, b);
  const double shorter = std::min(length(x), length(y));
  if (shorter <= 0) return 0;
  double both = 0;
  for (size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    both += std::max(0.0, std::min(x[i].second, y[j].second) - std::max(x[i].first, y[j].first));
    x[i].second < y[j].second ? ++i : ++j;
  }
  return both / shorter;
}

std::vector<Timeline::Fault> Timeline::check() const {
  const std::vector<Node> all = nodes();
  Order order;
  std::map<Device, Touched> memories;
  std::set<std::pair<int64_t, int64_t>> reported;
  std::vector<Fault> faults;

  for (int64_t number = 0; number < std::ssize(all); ++number) {
    const Node& node = all[static_cast<size_t>(number)];
    if (!order.add(node)) {
      faults.push_back({-1,
                        number,
                        {},
                        fmt::format("{} waits for event {}, which was not recorded before",
                                    described(node, number), node.event)});
    }
    const auto compare = [&](int64_t earlier, bool earlier_writes, const Node::Access& range) {
      if (earlier < 0 || earlier == number || order.is_before(earlier, number)) return;
      if (!reported.emplace(earlier, number).second) return;
      faults.push_back(
          {earlier, number, range,
           fmt::format("{} {} {} bytes of {} at {:#x} and is not ordered after {}, which {} them",
                       described(node, number), range.writes ? "writes" : "reads",
                       range.last - range.first, range.memory.text(), range.first,
                       described(all[static_cast<size_t>(earlier)], earlier),
                       earlier_writes ? "writes" : "reads")});
    };
    // Reads first: a node that works in place reads what was there before it.
    for (const bool writes : {false, true}) {
      for (const Node::Access& access : node.accesses) {
        if (access.writes != writes) continue;
        for (int64_t k = 0; k < access.repeats; ++k) {
          const uintptr_t shift = static_cast<uintptr_t>(k) * access.stride;
          memories[access.memory].visit(
              access.first + shift, access.last + shift,
              [&](uintptr_t first, Touched::Piece& piece) {
                const Node::Access range{access.memory, first, piece.last, writes};
                compare(piece.writer, true, range);
                if (!writes) {
                  if (piece.readers.empty() || piece.readers.back() != number)
                    piece.readers.push_back(number);
                  return;
                }
                for (const int64_t reader : piece.readers) compare(reader, false, range);
                piece.writer = number;
                piece.readers.clear();
              });
        }
      }
    }
  }
  return faults;
}

}  // namespace lunops
