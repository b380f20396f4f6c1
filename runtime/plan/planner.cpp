// SPDX-License-Identifier: MIT
#include "runtime/plan/planner.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/linop/bytes.hpp"
#include "runtime/linop/container/planned.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

namespace {

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
  bool is_resident = true;
  int rank = 0;
  Toeplitz toeplitz = Toeplitz::automatic;
  // Known once it was planned:
  Linop op;
  PlanFigures figures;
};

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
    const size_t budget = Account::on(context_.account, device)->figures().budget;
    return budget > 0 ? budget : Pool::of(device).memory_limit();
  }
  size_t budget_on(Device device) const {
    for (const auto& [d, bytes] : budgets_) {
      if (d == device) return bytes;
    }
    return std::numeric_limits<size_t>::max();
  }
  bool fits(const PlanFigures& f) const {
    return std::all_of(f.devices.begin(), f.devices.end(),
                       [&](const auto& on) { return on.most() <= budget_on(on.device); });
  }
  // What is needed over the budget where that is largest.
  double load(const PlanFigures& f) const {
    double most = 0;
    for (const auto& on : f.devices) {
      most = std::max(most,
                      static_cast<double>(on.most()) / static_cast<double>(budget_on(on.device)));
    }
    return most;
  }
  bool is_cuttable(Dim dim, int64_t extent) const;
  void check_names() const;  // of the dims that may and may not be cut
  std::vector<CutDim> dims_to_cut() const;
  std::vector<int64_t> sizes_of(int64_t extent) const;
  // Contiguous shares of `tiles` tiles for the devices.
  std::vector<Device> shares(int64_t tiles) const;
  double speed_of(Device d) const {
    return d.kind == DeviceKind::cpu ? virtual_devices()->speed_of(d.index) : 1.0;
  }
  bool are_alike() const {
    return std::all_of(devices_.begin(), devices_.end(),
                       [&](Device d) { return speed_of(d) == speed_of(devices_.front()); });
  }
  // Plans it; nothing if the operator refuses it.
  bool evaluate(Candidate& c);
  std::optional<std::pair<Linop, Shape>> largest_tile(const SplitAxes& axes) const;
  bool is_hopeless(const SplitAxes& axes, const std::vector<Device>& devices);
  // Whether it fits in some way.
  bool consider(const SplitAxes& axes, const std::vector<Device>& devices, int rank);
  bool consider(Candidate c);
  bool is_better(const Candidate& p, const Candidate& q) const;
  SplitAxis axis_of(const CutDim& dim, int64_t size) const;
  // Sizes that give more than `above` and at most `most` tiles.
  void consider_sizes(
      const SplitAxes& before, const CutDim& dim, int rank, int64_t above, int64_t most);
  // `depth` of the dims from number `first` on; of the last of them the largest size that fits.
  void consider_deeper(const SplitAxes& before,
                       const std::vector<CutDim>& dims,
                       size_t first,
                       int rank,
                       size_t depth);
  // What the error of a forced Toeplitz form says if gridding fits.
  std::string by_gridding(const PlanFigures& toeplitz) const;
  [[noreturn]] void fail_to_fit() const;

  const Linop& a_;
  const PlanRequest& request_;
  Context& context_;
  Device base_;
  std::vector<Device> devices_;
  std::vector<std::pair<Device, size_t>> budgets_;
  std::optional<ReductionDim> reduction_;
  std::optional<Candidate> best_;      // that fits
  std::optional<Candidate> smallest_;  // of those that were planned
  std::optional<Candidate> least_;     // of those of which one tile is too large
  size_t least_need_ = 0;              // of that tile
  bool is_part_ = false;               // of another search
  int64_t evaluated_ = 0;              // tiles
  bool chose_toeplitz_ = false;        // a candidate of those considered together
  std::exception_ptr refused_;         // why the first candidate that was refused was
};

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
  const auto add = [&](Dim dim, int64_t extent, Rank rank) {
    if (!is_wanted(dim) || extent == kUnknown || extent < 2) return;
    const bool is_summed = rank == kInner || rank == kInOnly;
    const bool is_reduction = reduction_ && reduction_->dim == dim;
    if (request_.determinism && is_summed && !is_reduction) return;
    if (!is_cuttable(dim, extent)) return;
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

// The largest tile's part of the operator, and of the input.
std::optional<std::pair<Linop, Shape>> Search::largest_tile(const SplitAxes& axes) const {
  const Signature& s = a_.signature();
  const Side in = terms_of(s.input()), out = terms_of(s.output());
  const DimExtents inner = composition_of(a_.node()).inner;
  TileRequest request;
  request.input.resize(in.size());
  request.output.resize(out.size());
  Shape input = request_.input;
  for (const SplitAxis& axis : axes) {
    const auto largest = std::max_element(axis.sizes.begin(), axis.sizes.end());
    const Stretch part{std::accumulate(axis.sizes.begin(), largest, int64_t{0}), *largest};
    if (axis.sizes.size() == 1) continue;
    const Term term{Term::Kind::dim, axis.dim, 0};
    const int at_in = find_term(in, term), at_out = find_term(out, term);
    if (at_in >= 0) request.input[static_cast<size_t>(at_in)] = part;
    if (at_out >= 0) request.output[static_cast<size_t>(at_out)] = part;
    if (at_in >= 0 || at_out >= 0) continue;
    const bool is_inner = std::any_of(inner.begin(), inner.end(),
                                      [&](const auto& known) { return known.first == axis.dim; });
    if (is_inner) {
      request.inner.emplace_back(axis.dim, part);
    } else {
      input = input.with_extent(input.find_base(axis.dim.name), part.count);
    }
  }
  const Tile tile = cut(a_.node(), request);
  if (!tile.op) return std::nullopt;
  const Places at = places(s.input(), s.is_open() || s.has_ellipsis(), input.ndim());
  for (size_t i = 0; i < tile.input.size(); ++i) {
    if (tile.input[i]) input = input.with_extent(at.term[i], tile.input[i]->count);
  }
  return std::pair{Linop(*tile.op), std::move(input)};
}

// Whether the largest tile alone, its weights passing through, is too large for every device: then
// no plan with such tiles fits, and the many tiles need not be planned to see it.
bool Search::is_hopeless(const SplitAxes& axes, const std::vector<Device>& devices) {
  constexpr size_t kManyTiles = 16;
  if (devices.size() <= kManyTiles) return false;
  size_t most = 0;
  for (const Device d : devices_) most = std::max(most, budget_on(d));
  try {
    const auto tile = largest_tile(axes);
    if (!tile) return false;
    PlanRequest alone = request_;
    alone.input = tile->second;
    for (auto& [name, extent] : alone.extents) {
      for (const SplitAxis& axis : axes) {
        if (Dim::parse(name, "plan") != axis.dim) continue;
        extent = *std::max_element(axis.sizes.begin(), axis.sizes.end());
      }
    }
    Search search(tile->first, alone, context_);
    size_t need = std::numeric_limits<size_t>::max();
    for (const Toeplitz toeplitz : {Toeplitz::automatic, Toeplitz::never}) {
      Candidate c{{}, {devices.front()}, 0, false, 0, toeplitz, {}, {}};
      search.is_part_ = true;
      if (!search.evaluate(c)) return false;
      for (const auto& on : c.figures.devices) {
        if (on.device == devices.front()) need = std::min(need, on.most());
      }
      if (!c.figures.chose_toeplitz || request_.determinism) break;
    }
    ++evaluated_;
    if (need <= most) return false;
    if (!least_ || need < least_need_) {
      least_ = Candidate{axes, devices, 0, false, 0, Toeplitz::automatic, {}, {}};
      least_need_ = need;
    }
    return true;
  } catch (const Error&) {
    return false;
  }
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

std::string Search::by_gridding(const PlanFigures& toeplitz) const {
  PlanRequest request = request_;
  request.options.toeplitz = Toeplitz::never;
  try {
    const PlanFigures figures = Search(a_, request, context_).run().estimate;
    size_t need = 0;
    for (const auto& on : figures.devices) need = std::max(need, on.most());
    return fmt::format(
        ", or toeplitz = \"auto\" (gridding needs {} and takes about {:.2g} times as long)",
        bytes_text(static_cast<double>(need)), figures.seconds / toeplitz.seconds);
  } catch (const Error&) {
    return {};  // it does not fit either
  }
}

void Search::fail_to_fit() const {
  const Candidate& c = *smallest_;
  const auto over = [&](const PlanFigures::OnDevice& on) {
    return static_cast<double>(on.most()) / static_cast<double>(budget_on(on.device));
  };
  const auto worst =
      std::max_element(c.figures.devices.begin(), c.figures.devices.end(),
                       [&](const auto& p, const auto& q) { return over(p) < over(q); });
  const size_t budget = budget_on(worst->device), most = worst->most();
  std::string tile;
  for (const SplitAxis& axis : c.axes) {
    tile += fmt::format("{}{}={}", tile.empty() ? "" : " ", axis.dim.text(),
                        *std::max_element(axis.sizes.begin(), axis.sizes.end()));
  }
  if (tile.empty()) tile = "the whole, since no dim of it can be cut";
  const std::string other = c.figures.must_toeplitz ? by_gridding(c.figures) : std::string();
  // Rounded up, so that the budget that is named will do.
  const auto megabytes = static_cast<double>((most + 99'999) / 100'000) / 10.0;
  fail(worst->device.is_host() ? Code::host_memory : Code::device_memory, "plan",
       "{} does not fit into {} on {}. The smallest tile, {}{}, needs {} there{}. Try memory = "
       "\"{:.1f} MB\"{}",
       a_.label(), bytes_text(static_cast<double>(budget)), worst->device.text(), tile,
       c.axes.empty() ? "" : " without prefetch", bytes_text(static_cast<double>(most)),
       worst->building > worst->peak ? " while kernels are made" : "", megabytes, other);
}

}  // namespace

Linop as_plan(const PlannedOperator& planned) {
  return Linop(std::make_shared<PlannedCore>(
      planned.op.node(), std::make_shared<PlanReport>(planned.estimate, planned.tiles),
      planned.choices));
}

std::shared_ptr<const PlanReport> report_of(const Linop& a) {
  const PlannedCore* core = as_planned(a.node());
  return core == nullptr ? nullptr : core->report();
}

Linop planned_operator(const Linop& plan) {
  const PlannedCore* core = as_planned(plan.node());
  if (core == nullptr)
    fail(Code::argument, "plan", "{} is no plan; lo.plan makes one", plan.label());
  return Linop(with_mode(core->op(), plan.node().mode));
}

PlannedOperator plan_operator(const Linop& a, const PlanRequest& request, Context& context) {
  return Search(a, request, context).run();
}

}  // namespace lunops
