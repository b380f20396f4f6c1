// SPDX-License-Identifier: MIT
#include "runtime/plan/search.hpp"

#include <cmath>
#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

namespace {

// Of all candidates of a stage: planning stays a matter of seconds where nothing fits (0.1 ms a
// tile).
constexpr int64_t kMostTiles = 12'000;

// "coil 8 = 4 x 2; prefetch 1".
std::string tiles_text(const Candidate& c) {
  std::string text;
  for (const SplitAxis& axis : c.axes) {
    const int64_t extent = std::accumulate(axis.sizes.begin(), axis.sizes.end(), int64_t{0});
    const bool are_equal = std::all_of(axis.sizes.begin(), axis.sizes.end() - 1,
                                       [&](int64_t n) { return n == axis.sizes.front(); });
    std::string sizes = fmt::format("{}", fmt::join(axis.sizes, " + "));
    if (are_equal) {
      sizes = fmt::format("{} x {}", axis.sizes.size(), axis.sizes.front());
      if (axis.sizes.back() != axis.sizes.front()) {
        sizes += fmt::format(", the last {}", axis.sizes.back());
      }
    }
    text += fmt::format("{}{} {} = {}", text.empty() ? "" : "; ", axis.dim.text(), extent, sizes);
  }
  if (c.axes.empty()) {
    text = "one tile";
  } else {
    text += fmt::format("; prefetch {}{}", c.prefetch, c.is_resident ? "" : "; weights streamed");
  }
  if (c.toeplitz == Toeplitz::never) text += "; gridding, since Toeplitz does not fit";
  return text;
}

}  // namespace

bool Search::is_cuttable(Dim dim, int64_t extent) const {
  try {
    split(a_, {{dim, (extent + 1) / 2}}, request_.extents, "plan");
    return true;
  } catch (const Error&) {
    return false;
  }
}

void Search::check_names() const {
  std::vector<Dim> known = a_.dims();
  for (const Dim dim : a_.inner()) known.push_back(dim);
  for (const auto& [name, extent] : request_.extents) known.push_back(Dim::parse(name, "plan"));
  for (const auto* list : {&request_.only, &request_.never}) {
    for (const Dim dim : *list) {
      if (std::find(known.begin(), known.end(), dim) != known.end()) continue;
      std::vector<std::string> names;
      for (const Dim d : known) names.push_back(d.text());
      fail(Code::shape, "plan", "no dim '{}' in {}{}", dim.text(), a_.label(),
           did_you_mean(dim.text(), names));
    }
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
    return std::any_of(side.begin(), side.end(),
                       [&](const Term& t) { return t.kind == Term::Kind::dim && t.dim == dim; });
  };
  const auto add = [&](Dim dim, int64_t extent, CutDim::Rank rank) {
    if (!is_wanted(dim) || extent == kUnknown || extent < 2) return;
    const bool is_summed = rank == CutDim::kInner || rank == CutDim::kInOnly;
    const bool is_reduction = reduction_ && reduction_->dim == dim;
    if (request_.determinism && is_summed && !is_reduction) return;
    if (!is_cuttable(dim, extent)) return;
    found.push_back({dim, extent, rank});
  };
  for (const Dim dim : a_.dims()) {
    const bool in = side_has(s.input(), dim), out = side_has(s.output(), dim);
    add(dim, s.extent(dim), in && out ? CutDim::kKept : out ? CutDim::kOutOnly : CutDim::kInOnly);
  }
  for (const auto& [dim, extent] : whole.inner) add(dim, extent, CutDim::kInner);
  for (const auto& [name, extent] : request_.extents) {
    const Dim dim = Dim::parse(name, "plan");
    if (!s.has(dim)) add(dim, extent, CutDim::kKept);
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

bool Search::evaluate(Candidate& c) {
  try {
    const bool is_at_base = c.devices.empty() || c.devices.front() == base_;
    if (c.axes.empty() && is_at_base && !request_.determinism && !is_part_) {
      c.op = a_;
    } else {
      TiledOptions options;
      options.prefetch = c.prefetch;
      options.is_resident = c.is_resident;
      BatchSpec spec;
      spec.axes = c.axes;
      spec.devices.list = c.devices;
      spec.base = base_;
      spec.extents = request_.extents;
      spec.determinism = request_.determinism;
      spec.is_resident_if_fits = false;
      spec.options = std::make_shared<const TiledOptions>(std::move(options));
      Context quiet = context_;
      quiet.listener = nullptr;  // of devices without tiles nobody need hear
      c.op = batch(a_, {spec}, quiet);
    }
    PlanOptions options = request_.options;
    if (c.toeplitz != Toeplitz::automatic) options.toeplitz = c.toeplitz;
    c.figures = estimate(c.op, request_.input, request_.dtype, base_, context_, options);
    return true;
  } catch (const Error& e) {
    if (c.axes.empty() && !is_part_) throw;
    if (!refused_) refused_ = std::current_exception();
    return false;
  }
}

bool Search::is_better(const Candidate& p, const Candidate& q) const {
  constexpr double kAlike = 1.03;  // estimates are no better than this
  if (request_.least_memory && load(p.figures) != load(q.figures)) {
    return load(p.figures) < load(q.figures);
  }
  if (p.figures.seconds * kAlike < q.figures.seconds) return true;
  if (q.figures.seconds * kAlike < p.figures.seconds) return false;
  if (p.figures.tiles != q.figures.tiles) return p.figures.tiles < q.figures.tiles;
  return p.rank < q.rank;
}

bool Search::consider(const SplitAxes& axes, const std::vector<Device>& devices, int rank) {
  Candidate c{axes, devices, 1, true, rank, Toeplitz::automatic, {}, {}};
  chose_toeplitz_ = false;
  if (is_hopeless(axes, devices)) return false;
  if (consider(c)) return true;
  // Choices of deterministic plans do not look at memory (splitting.md §10).
  if (!chose_toeplitz_ || request_.determinism) return false;
  c.toeplitz = Toeplitz::never;
  return consider(std::move(c));
}

bool Search::consider(Candidate c) {
  const bool is_placed =
      std::any_of(c.devices.begin(), c.devices.end(), [&](Device d) { return !(d == base_); });
  const auto is_built_over = [&](const PlanFigures& f) {
    return std::any_of(f.devices.begin(), f.devices.end(),
                       [&](const auto& on) { return on.building > budget_on(on.device); });
  };
  // Weights that do not fit on their devices pass through them in each application.
  for (const bool is_resident : {true, false}) {
    for (const int prefetch : {1, 0}) {
      c.prefetch = prefetch;
      c.is_resident = is_resident;
      if (!evaluate(c)) return false;
      evaluated_ += 1 + static_cast<int64_t>(c.devices.size());
      chose_toeplitz_ = chose_toeplitz_ || c.figures.chose_toeplitz;
      if (!smallest_ || load(c.figures) < load(smallest_->figures)) smallest_ = c;
      if (fits(c.figures)) {
        if (!best_ || is_better(c, *best_)) best_ = std::move(c);
        return true;
      }
      if (!is_placed) return false;         // nothing is in flight beside the tile that computes
      if (is_built_over(c.figures)) break;  // what is in flight later does not matter
    }
  }
  return false;
}

SplitAxis Search::axis_of(const CutDim& dim, int64_t size) const {
  SplitAxis axis{dim.dim};
  for (int64_t at = 0; at < dim.extent; at += size) {
    axis.sizes.push_back(std::min(size, dim.extent - at));
  }
  return axis;
}

void Search::consider_sizes(
    const SplitAxes& before, const CutDim& dim, int rank, int64_t above, int64_t most) {
  int64_t outer = 1;
  for (const SplitAxis& axis : before) {
    outer *= axis.sizes.empty() ? 1 : static_cast<int64_t>(axis.sizes.size());
  }
  for (const int64_t size : sizes_of(dim.extent)) {
    const int64_t along = (dim.extent + size - 1) / size;
    if (along * outer <= above || along * outer > most) continue;
    if (evaluated_ > kMostTiles) return;
    SplitAxes axes = before;
    SplitAxis axis{dim.dim};
    std::vector<Device> devices;
    if (are_alike() || !before.empty()) {
      axis = axis_of(dim, size);
      devices = shares(along * outer);
    } else {
      // Shares in proportion to speed, each cut into tiles of at most this size.
      double total = 0, until = 0;
      for (const Device d : devices_) total += speed_of(d);
      int64_t first = 0;
      for (const Device d : devices_) {
        until += speed_of(d);
        const auto end =
            static_cast<int64_t>(std::llround(static_cast<double>(dim.extent) * until / total));
        for (; first < end; first += axis.sizes.back()) {
          axis.sizes.push_back(std::min(size, end - first));
          devices.push_back(d);
        }
      }
    }
    axes.push_back(std::move(axis));
    consider(axes, devices, rank);
  }
}

void Search::consider_deeper(const SplitAxes& before,
                             const std::vector<CutDim>& dims,
                             size_t first,
                             int rank,
                             size_t depth) {
  constexpr int64_t kMost = 1024;
  int64_t outer = 1;
  for (const SplitAxis& axis : before) outer *= static_cast<int64_t>(axis.sizes.size());
  for (size_t at = first; at + depth <= dims.size(); ++at) {
    const CutDim& d = dims[at];
    std::vector<int64_t> sizes = sizes_of(d.extent);
    std::erase_if(sizes,
                  [&](int64_t size) { return outer * ((d.extent + size - 1) / size) > kMost; });
    SplitAxes axes = before;
    axes.emplace_back();
    if (depth > 1) {
      for (const int64_t size : sizes) {
        axes.back() = axis_of(d, size);
        consider_deeper(axes, dims, at + 1, rank + d.rank, depth - 1);
      }
      continue;
    }
    // Smaller tiles need less: the largest that fit are found by halving.
    for (size_t low = 0, high = sizes.size(); low < high && evaluated_ <= kMostTiles;) {
      const size_t middle = (low + high) / 2;
      axes.back() = axis_of(d, sizes[middle]);
      const auto tiles = outer * static_cast<int64_t>(axes.back().sizes.size());
      if (consider(axes, shares(tiles), rank + d.rank)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
  }
}

// Few tiles first: more are looked at only where these do not fit.
PlannedOperator Search::run() {
  constexpr int64_t kFew = 8, kMany = 4096;
  const auto count = static_cast<int64_t>(devices_.size());
  const bool is_base_alone = count == 1 && devices_.front() == base_;
  check_names();
  if (request_.determinism) {
    reduction_ = reduction_dim(a_, *request_.determinism, request_.extents, "plan");
  }
  if (is_base_alone) consider({}, {}, 0);
  const bool is_whole_enough = is_base_alone && best_ && !request_.least_memory;
  const std::vector<CutDim> dims = is_whole_enough ? std::vector<CutDim>{} : dims_to_cut();
  if (!is_base_alone) {  // all of it on the fastest device
    const auto fastest =
        std::max_element(devices_.begin(), devices_.end(),
                         [&](Device p, Device q) { return speed_of(p) < speed_of(q); });
    consider({}, {*fastest}, 0);
  }
  for (const auto& [above, most] : {std::pair{int64_t{1}, kFew * count}, {kFew * count, kMany}}) {
    // Where memory is short, smaller tiles may leave room for one in flight, or for the weights.
    const bool is_roomy = best_ && best_->is_resident && best_->prefetch > 0;
    if (is_roomy && above > 1 && !request_.least_memory) break;
    for (const CutDim& d : dims) consider_sizes({}, d, d.rank, above, most);
  }
  // Two dims where one is not enough, then three.
  for (size_t depth = 2; depth <= 3 && !best_; ++depth) {
    evaluated_ = 0;
    consider_deeper({}, dims, 0, 0, depth);
  }
  // What the smallest tiles of all need is told.
  if (!best_ && least_) {
    Candidate c = *least_;
    if (evaluate(c) && c.figures.chose_toeplitz && !request_.determinism) {
      Candidate gridding = c;
      gridding.toeplitz = Toeplitz::never;
      if (evaluate(gridding) && load(gridding.figures) < load(c.figures)) c = std::move(gridding);
    }
    if (!c.figures.devices.empty() && (!smallest_ || load(c.figures) < load(smallest_->figures))) {
      smallest_ = std::move(c);
    }
  }
  if (!best_ && !smallest_) {
    if (refused_) std::rethrow_exception(refused_);
    fail(Code::shape, "plan",
         "no dim of {} can be cut, so it cannot run on {}; give devices = "
         "{{ \"{}\" }}",
         a_.label(), names_of(devices_), base_.text());
  }
  if (!best_) fail_to_fit();
  PlannedOperator made;
  made.op = best_->op;
  made.estimate = best_->figures;
  made.choices = {request_.options.applications, best_->toeplitz};
  made.tiles = tiles_text(*best_);
  return made;
}

}  // namespace lunops
