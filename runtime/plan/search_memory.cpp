// SPDX-License-Identifier: MIT
#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/linop/bytes.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/plan/search.hpp"

namespace lunops {

// The largest tile's part of the operator, and of the input; nothing if that is zero.
std::optional<std::pair<Linop, Shape>> Search::largest_tile(SplitAxes axes) const {
  for (SplitAxis& axis : axes) {
    const int64_t extent = std::accumulate(axis.sizes.begin(), axis.sizes.end(), int64_t{0});
    const int64_t largest = *std::max_element(axis.sizes.begin(), axis.sizes.end());
    axis.sizes = {largest};
    if (largest < extent) axis.sizes.push_back(extent - largest);
  }
  const Tiles tiles = split(a_, axes, request_.extents, "plan");
  const SplitTile* tile = tiles.at(std::vector<int64_t>(axes.size(), 0));
  if (tile == nullptr) return std::nullopt;
  const Signature& s = a_.signature();
  Shape input = request_.input;
  const Places at = places(s.input(), s.is_open() || s.has_ellipsis(), input.ndim());
  for (size_t i = 0; i < tile->input_slices.size(); ++i) {
    const auto& slice = tile->input_slices[i];
    if (slice) input = input.with_extent(at.term[i], slice->count);
  }
  for (const auto& [dim, part] : tile->batch) {
    input = input.with_extent(input.find_base(dim.name), part.count);
  }
  return std::pair{tile->op, std::move(input)};
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

}  // namespace lunops
