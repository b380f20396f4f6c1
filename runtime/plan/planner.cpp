// SPDX-License-Identifier: MIT
#include "runtime/plan/planner.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/linop/bytes.hpp"
#include "runtime/plan/cost.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

namespace {

size_t given_bytes(const Node& node, std::vector<const Storage*>& seen, Device device) {
  size_t sum = 0;
  const auto add = [&](const auto& self, const WeightPtr& w) -> void {
    if (w->is_given()) {
      const Storage* storage = w->tensor().storage().get();
      if (!(w->device() == device)) return;
      if (std::find(seen.begin(), seen.end(), storage) != seen.end()) return;
      seen.push_back(storage);
      sum += storage->bytes();
      return;
    }
    for (const WeightPtr& source : w->sources()) self(self, source);
  };
  for (const WeightPtr& w : node.core->weights()) add(add, w);
  for (const Node& child : node.core->children()) sum += given_bytes(child, seen, device);
  return sum;
}

PlanFigures figures_of(const Plan& plan,
                       const Node& node,
                       const Shape& input,
                       DType dtype,
                       const PlanOptions& options) {
  PlanFigures made;
  const std::vector<Device>& devices = plan.devices();
  std::vector<double> seconds;
  for (size_t d = 0; d < devices.size(); ++d) {
    PlanFigures::OnDevice on;
    on.device = devices[d];
    on.peak = plan.persistents()[d] + plan.workspaces()[d];
    std::vector<const Storage*> seen;
    on.peak += given_bytes(node, seen, on.device);
    if (d == 0) on.peak += static_cast<size_t>(input.count()) * size_of(dtype);
    if (on.device == plan.output_device()) {
      on.peak += static_cast<size_t>(plan.output()->shape.count()) * size_of(plan.dtype());
    }
    made.devices.push_back(on);
  }
  std::vector<int> last(devices.size(), -1);
  for (const auto& step : plan.steps()) {
    const double time = seconds_of(*step, devices);
    seconds.push_back(time);
    made.flops += step->flops;
    PlanFigures::OnDevice& on = made.devices[static_cast<size_t>(step->device)];
    const bool is_transfer = step->source >= 0 && step->source != step->device;
    (is_transfer ? on.transfer : on.compute) += time;
    if (is_transfer) on.moved += transfer_bytes(*step);
    if (step->tile >= 0 && !is_transfer && step->tile != last[static_cast<size_t>(step->device)]) {
      last[static_cast<size_t>(step->device)] = step->tile;
      ++on.tiles;
    }
  }
  made.seconds = plan.schedule().simulate(seconds).end;
  made.tiles = std::max<int64_t>(1, static_cast<int64_t>(plan.tiles().size()));
  made.applications = options.applications;
  return made;
}

Layout layout_of(const Shape& input) {
  Layout layout;
  layout.shape = input;
  layout.strides = row_major(input.extents());
  return layout;
}

enum Rank { kKept, kOutOnly, kInner, kInOnly };

struct CutDim {
  Dim dim;
  int64_t extent;
  Rank rank;
};

struct Candidate {
  SplitAxes axes;
  std::vector<Device> devices;  // of the tiles
  int prefetch = 1;
  int rank = 0;
  // Known once it was planned:
  Linop op;
  PlanFigures figures;
};

class Search {
 public:
  Search(const Linop& a, const PlanRequest& request, Context& context)
      : a_(a),
        request_(request),
        context_(context),
        base_(request.base.value_or(a.device().value_or(Device::host()))),
        devices_(request.devices.empty() ? std::vector<Device>{base_} : request.devices) {
    std::vector<Device> all{base_};
    for (const Device d : devices_) {
      if (std::find(all.begin(), all.end(), d) == all.end()) all.push_back(d);
    }
    for (const Device d : all) budgets_.emplace_back(d, budget_of(d));
  }

  PlannedOperator run();

 private:
  size_t budget_of(Device device) const {
    for (const auto& [d, bytes] : request_.budgets) {
      if (d == device) return bytes;
    }
    if (request_.memory) return *request_.memory;
    const Account::Figures f = Account::on(context_.account, device)->figures();
    return f.limit > 0 ? f.limit : f.budget > 0 ? f.budget : Pool::of(device).memory_limit();
  }
  bool fits(const PlanFigures& f) const {
    return std::all_of(f.devices.begin(), f.devices.end(), [&](const auto& on) {
      const auto it = std::find_if(budgets_.begin(), budgets_.end(),
                                   [&](const auto& b) { return b.first == on.device; });
      return it == budgets_.end() || on.peak <= it->second;
    });
  }
  bool is_cuttable(Dim dim, int64_t extent) const;
  std::vector<CutDim> dims_to_cut() const;
  std::vector<int64_t> sizes_of(int64_t extent) const;
  // Contiguous shares of `tiles` tiles for the devices.
  std::vector<Device> shares(int64_t tiles) const;
  double speed_of(Device d) const {
    return d.is_host() ? 1.0 : virtual_devices()->speed_of(d.index);
  }
  bool are_alike() const {
    return std::all_of(devices_.begin(), devices_.end(),
                       [&](Device d) { return speed_of(d) == speed_of(devices_.front()); });
  }
  // Plans it; nothing if the operator refuses it.
  bool evaluate(Candidate& c) const;
  void consider(SplitAxes axes, std::vector<Device> devices, int rank);
  void consider_sizes(const SplitAxes& before, const CutDim& dim, int rank);
  [[noreturn]] void fail_to_fit() const;

  const Linop& a_;
  const PlanRequest& request_;
  Context& context_;
  Device base_;
  std::vector<Device> devices_;
  std::vector<std::pair<Device, size_t>> budgets_;
  std::optional<Candidate> best_;      // that fits
  std::optional<Candidate> smallest_;  // of all
  int evaluated_ = 0;
};

bool Search::is_cuttable(Dim dim, int64_t extent) const {
  try {
    split(a_, {{dim, (extent + 1) / 2}}, request_.extents, "plan");
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::vector<CutDim> Search::dims_to_cut() const {
  std::vector<CutDim> found;
  const Signature& s = a_.signature();
  const Composition whole = composition_of(a_.node());
  const auto is_wanted = [&](Dim dim) {
    const auto has = [&](const std::vector<Dim>& list) {
      return std::find(list.begin(), list.end(), dim) != list.end();
    };
    return (request_.only.empty() || has(request_.only)) && !has(request_.never);
  };
  const auto side_has = [](const Side& side, Dim dim) {
    return std::any_of(side.begin(), side.end(), [&](const Term& t) {
      return t.kind == Term::Kind::dim && t.dim == dim;
    });
  };
  std::vector<Dim> known;
  const auto add = [&](Dim dim, int64_t extent, Rank rank) {
    known.push_back(dim);
    if (!is_wanted(dim) || extent == kUnknown || extent < 2 || !is_cuttable(dim, extent)) return;
    found.push_back({dim, extent, rank});
  };
  for (const Dim dim : a_.dims()) {
    const bool in = side_has(s.input(), dim), out = side_has(s.output(), dim);
    add(dim, s.extent(dim), in && out ? kKept : out ? kOutOnly : kInOnly);
  }
  for (const auto& [dim, extent] : whole.inner) add(dim, extent, kInner);
  for (const auto& [name, extent] : request_.extents) {
    const Dim dim = Dim::parse(name, "plan");
    if (!s.has(dim)) add(dim, extent, kKept);
  }
  for (const auto* list : {&request_.only, &request_.never}) {
    for (const Dim dim : *list) {
      if (std::find(known.begin(), known.end(), dim) != known.end()) continue;
      std::vector<std::string> names;
      for (const Dim d : known) names.push_back(d.text());
      fail(Code::shape, "plan", "no dim '{}' in {}{}", dim.text(), a_.label(),
           did_you_mean(dim.text(), names));
    }
  }
  return found;
}

std::vector<int64_t> Search::sizes_of(int64_t extent) const {
  std::vector<int64_t> sizes;
  for (int64_t k = 2; k <= 16; ++k) sizes.push_back((extent + k - 1) / k);
  for (int64_t size = 1; size < extent; size *= 2) sizes.push_back(size);
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  std::erase_if(sizes, [&](int64_t size) { return size >= extent; });
  return sizes;
}

std::vector<Device> Search::shares(int64_t tiles) const {
  std::vector<Device> made;
  const auto count = static_cast<int64_t>(devices_.size());
  for (int64_t t = 0; t < tiles; ++t) {
    made.push_back(devices_[static_cast<size_t>(std::min(t * count / tiles, count - 1))]);
  }
  return made;
}

bool Search::evaluate(Candidate& c) const {
  try {
    if (c.axes.empty()) {
      c.op = a_;
    } else {
      TiledOptions options;
      options.prefetch = c.prefetch;
      BatchSpec spec;
      spec.axes = c.axes;
      spec.devices.list = c.devices;
      spec.base = base_;
      spec.extents = request_.extents;
      spec.options = std::make_shared<const TiledOptions>(std::move(options));
      Context quiet = context_;
      quiet.listener = nullptr;  // of devices without tiles nobody need hear
      c.op = batch(a_, {spec}, quiet);
    }
    c.figures = estimate(c.op, request_.input, request_.dtype, base_, context_, request_.options);
    return true;
  } catch (const Error& e) {
    if (c.axes.empty()) throw;
    return false;
  }
}

void Search::consider(SplitAxes axes, std::vector<Device> devices, int rank) {
  constexpr double kAlike = 1.03;  // estimates are no better than this
  const bool is_placed =
      std::any_of(devices.begin(), devices.end(), [&](Device d) { return !(d == base_); });
  for (const int prefetch : {1, 0}) {
    Candidate c{axes, devices, prefetch, rank, {}, {}};
    if (!evaluate(c)) return;
    ++evaluated_;
    const auto most = [](const PlanFigures& f) {
      size_t peak = 0;
      for (const auto& on : f.devices) peak = std::max(peak, on.peak);
      return peak;
    };
    if (!smallest_ || most(c.figures) < most(smallest_->figures)) smallest_ = c;
    if (fits(c.figures)) {
      const auto is_better = [&](const Candidate& p, const Candidate& q) {
        if (request_.least_memory && most(p.figures) != most(q.figures)) {
          return most(p.figures) < most(q.figures);
        }
        if (p.figures.seconds * kAlike < q.figures.seconds) return true;
        if (q.figures.seconds * kAlike < p.figures.seconds) return false;
        if (p.figures.tiles != q.figures.tiles) return p.figures.tiles < q.figures.tiles;
        return p.rank < q.rank;
      };
      if (!best_ || is_better(c, *best_)) best_ = std::move(c);
      return;
    }
    if (!is_placed) return;  // nothing is in flight beside the tile that computes
  }
}

void Search::consider_sizes(const SplitAxes& before, const CutDim& dim, int rank) {
  int64_t outer = 1;
  for (const SplitAxis& axis : before) {
    outer *= axis.sizes.empty() ? 1 : static_cast<int64_t>(axis.sizes.size());
  }
  for (const int64_t size : sizes_of(dim.extent)) {
    const int64_t along = (dim.extent + size - 1) / size;
    if (along * outer > 4096) continue;
    SplitAxes axes = before;
    SplitAxis axis{dim.dim};
    std::vector<Device> devices;
    if (are_alike() || !before.empty()) {
      for (int64_t at = 0; at < dim.extent; at += size) {
        axis.sizes.push_back(std::min(size, dim.extent - at));
      }
      devices = shares(along * outer);
    } else {
      // Shares in proportion to speed, each cut into tiles of at most this size.
      double total = 0, until = 0;
      for (const Device d : devices_) total += speed_of(d);
      int64_t first = 0;
      for (const Device d : devices_) {
        until += speed_of(d);
        const auto end = static_cast<int64_t>(
            std::llround(static_cast<double>(dim.extent) * until / total));
        for (; first < end; first += axis.sizes.back()) {
          axis.sizes.push_back(std::min(size, end - first));
          devices.push_back(d);
        }
      }
    }
    axes.push_back(std::move(axis));
    consider(std::move(axes), std::move(devices), rank);
  }
}

PlannedOperator Search::run() {
  const bool is_base_alone = devices_.size() == 1 && devices_.front() == base_;
  if (is_base_alone) consider({}, {}, 0);
  const bool is_whole_enough = is_base_alone && best_ && !request_.least_memory;
  if (!is_whole_enough) {
    const std::vector<CutDim> dims = dims_to_cut();
    if (dims.empty() && !best_ && !smallest_) consider({}, {}, 0);
    for (const CutDim& d : dims) {
      if (!is_base_alone && &d == &dims.front()) {  // all of it on the fastest device
        const auto fastest =
            std::max_element(devices_.begin(), devices_.end(),
                             [&](Device p, Device q) { return speed_of(p) < speed_of(q); });
        consider({{d.dim, 0, {d.extent}}}, {*fastest}, d.rank);
      }
      consider_sizes({}, d, d.rank);
    }
    // Two and three dims where one is not enough: the first in single elements, the next by size.
    for (size_t most = 2; most <= 3 && !best_; ++most) {
      for (size_t i = 0; i < dims.size() && dims.size() >= most; ++i) {
        SplitAxes before;
        int rank = 0;
        for (size_t k = 0; k + 1 < most; ++k) {
          const CutDim& d = dims[(i + k) % dims.size()];
          SplitAxis axis{d.dim};
          axis.sizes.assign(static_cast<size_t>(d.extent), 1);
          if (d.extent > 256) axis.sizes.clear();
          rank += d.rank;
          if (axis.sizes.empty()) break;
          before.push_back(std::move(axis));
        }
        if (before.size() + 1 < most) continue;
        for (size_t j = 0; j < dims.size(); ++j) {
          const bool is_cut = std::any_of(before.begin(), before.end(), [&](const SplitAxis& axis) {
            return axis.dim == dims[j].dim;
          });
          if (!is_cut) consider_sizes(before, dims[j], rank + dims[j].rank);
        }
      }
    }
  }
  if (!best_) fail_to_fit();
  PlannedOperator made;
  made.op = best_->op;
  made.estimate = best_->figures;
  made.budgets = budgets_;
  made.is_split = !best_->axes.empty();
  if (!made.is_split) {
    made.tiles = "one tile";
  } else {
    for (const SplitAxis& axis : best_->axes) {
      const int64_t extent = std::accumulate(axis.sizes.begin(), axis.sizes.end(), int64_t{0});
      std::string sizes;
      const bool are_equal = std::all_of(axis.sizes.begin(), axis.sizes.end() - 1,
                                         [&](int64_t n) { return n == axis.sizes.front(); });
      if (are_equal) {
        sizes = fmt::format("{} x {}", axis.sizes.size(), axis.sizes.front());
        if (axis.sizes.back() != axis.sizes.front()) {
          sizes += fmt::format(", the last {}", axis.sizes.back());
        }
      } else {
        sizes = fmt::format("{}", fmt::join(axis.sizes, " + "));
      }
      made.tiles += fmt::format("{}{} {} = {}", made.tiles.empty() ? "" : "; ", axis.dim.text(),
                                extent, sizes);
    }
    made.tiles += fmt::format("; prefetch {}", best_->prefetch);
  }
  return made;
}

void Search::fail_to_fit() const {
  const Candidate& c = *smallest_;
  const auto worst = std::max_element(
      c.figures.devices.begin(), c.figures.devices.end(), [&](const auto& p, const auto& q) {
        const auto over = [&](const auto& on) {
          const size_t budget = std::find_if(budgets_.begin(), budgets_.end(), [&](const auto& b) {
                                  return b.first == on.device;
                                })->second;
          return static_cast<double>(on.peak) - static_cast<double>(budget);
        };
        return over(p) < over(q);
      });
  const size_t budget = std::find_if(budgets_.begin(), budgets_.end(), [&](const auto& b) {
                          return b.first == worst->device;
                        })->second;
  size_t most = 0;
  for (const auto& on : c.figures.devices) most = std::max(most, on.peak);
  std::string tile;
  for (const SplitAxis& axis : c.axes) {
    tile += fmt::format("{}{}={}", tile.empty() ? "" : " ", axis.dim.text(),
                        *std::max_element(axis.sizes.begin(), axis.sizes.end()));
  }
  if (tile.empty()) tile = "the whole, since no dim of it can be cut";
  // Rounded up, so that the budget that is named will do.
  const auto megabytes = static_cast<double>((most + 99'999) / 100'000) / 10.0;
  fail(worst->device.is_host() ? Code::host_memory : Code::device_memory, "plan",
       "{} does not fit into {} on {}. The smallest tile, {}{}, needs {} there. Try memory = "
       "\"{:.1f} MB\"",
       a_.label(), bytes_text(static_cast<double>(budget)), worst->device.text(), tile,
       c.axes.empty() ? "" : " without prefetch", bytes_text(static_cast<double>(worst->peak)),
       megabytes);
}

}  // namespace

PlanFigures estimate(const Linop& a,
                     const Shape& input,
                     DType dtype,
                     Device base,
                     Context& context,
                     const PlanOptions& given) {
  PlanOptions options = given;
  options.is_dry = true;
  Context there = on_device(base, context);
  const auto plan = make_plan(a.node(), layout_of(input), dtype, nullptr, there, options);
  return figures_of(*plan, a.node(), input, dtype, options);
}

PlannedOperator plan_operator(const Linop& a, const PlanRequest& request, Context& context) {
  return Search(a, request, context).run();
}

}  // namespace lunops
