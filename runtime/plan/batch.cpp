// SPDX-License-Identifier: MIT
#include "runtime/plan/batch.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/linop/placed.hpp"
#include "runtime/plan/resident.hpp"

namespace lunops {

namespace {

using Extents = std::vector<std::pair<std::string, int64_t>>;

bool has_inner(const DimExtents& inner, Dim dim) {
  return std::any_of(inner.begin(), inner.end(),
                     [&](const auto& known) { return known.first == dim; });
}

// The side with extents for dims that all tiles have ranges of, which reach from its start to its
// end.
Side with_reached(const Side& side, const std::vector<SplitTile>& tiles, bool is_input) {
  Side made = side;
  size_t at = 0;
  for (Term& t : made) {
    if (t.kind == Term::Kind::ellipsis) continue;
    const auto slice_of = [&](const SplitTile& tile) {
      return (is_input ? tile.input_slices : tile.output_slices)[at];
    };
    // A tile that has all of the dim tells its extent when it is applied.
    const bool have_all = std::all_of(tiles.begin(), tiles.end(), [&](const SplitTile& tile) {
      return slice_of(tile).has_value();
    });
    if (t.extent == kUnknown && have_all) {
      for (const SplitTile& tile : tiles) t.extent = std::max(t.extent, slice_of(tile)->end());
    }
    ++at;
  }
  return made;
}

TiledAxis axis_of(const Signature& signature, bool is_inner, Dim dim) {
  using Kind = TiledAxis::Kind;
  const auto has = [&](const Side& side) {
    return std::any_of(side.begin(), side.end(),
                       [&](const Term& t) { return t.kind == Term::Kind::dim && t.dim == dim; });
  };
  const bool in = has(signature.input()), out = has(signature.output());
  if (!in && !out) return {dim, is_inner ? Kind::inner : Kind::kept};
  return {dim, in && out ? Kind::kept : in ? Kind::in_only : Kind::out_only};
}

class Batching {
 public:
  // `a`: what the first level cuts.
  Batching(const Linop& a, const std::vector<BatchSpec>& levels, bool is_placed, Context& context)
      : levels_(levels),
        is_placed_(is_placed),
        used_(levels.size()),
        inner_(composition_of(a.node()).inner),
        context_(context) {
    const auto& wanted = levels.front().determinism;
    is_deterministic_ = wanted.has_value();
    if (wanted) reduction_ = reduction_dim(a, *wanted, levels.front().extents, "batch");
    if (!reduction_) return;
    may_run_whole_ = !has_normals(a) || has_inner(inner_, reduction_->dim);
    if (reduction_->first_leaf) {
      const Node leaf = reduction_->first_leaf->node();
      sums_grids_[0] = sums_grids(a.node(), leaf, reduction_->dim);
      sums_grids_[1] = sums_grids(with_mode(a.node(), Mode::adjoint),
                                  with_mode(leaf, Mode::adjoint), reduction_->dim);
    }
  }

  Node whole(const Linop& a, const std::optional<Device>& base) {
    const Stretch all{0, reduction_ ? reduction_->extent : 0};
    return (*this)(a.node(), 0, base, {}, all, nullptr);
  }

 private:
  // `base`: of the operator; nothing where none is placed.  `reduced`: what of the reduction dim of
  // the whole it has.
  Node operator()(const Node& node,
                  size_t level,
                  std::optional<Device> base,
                  const Extents& inherited,
                  Stretch reduced,
                  const std::shared_ptr<const TiledOptions>& above) {
    const BatchSpec& spec = levels_[level];
    const Linop a(node);
    const Extents extents = extents_of(spec, a, inherited);
    SplitAxes axes = spec.axes;
    if (is_deterministic_) require_deterministic(a, axes, reduction_, "batch");
    const bool cuts_reduction =
        reduction_ && std::any_of(axes.begin(), axes.end(), [&](const SplitAxis& axis) {
          return axis.dim == reduction_->dim;
        });
    // Each deterministic operator has the axis, so that its sums are known as such.
    if (reduction_ && level == 0 && !cuts_reduction)
      axes.push_back({reduction_->dim, reduced.count});
    if (!spec.is_ordered) axes = in_order_of(a, axes);
    const std::optional<NodeCut> nodes = cut_into_nodes(axes, reduced);
    const Tiles tiles = split(a, axes, extents, "batch", inner_);
    const auto options = options_of(spec, above);

    std::vector<std::vector<int64_t>> places;
    std::vector<int64_t> grid = tiles.grid;  // of what was asked for
    if (nodes) grid[nodes->axis] = nodes->tile.back() + 1;
    std::vector<size_t> place_of;
    for (const SplitTile& t : tiles.tiles) {
      std::vector<int64_t> place = t.index;
      if (nodes) {
        int64_t& at = place[nodes->axis];
        at = nodes->tile[static_cast<size_t>(at)];
      }
      const auto known = std::find(places.begin(), places.end(), place);
      place_of.push_back(static_cast<size_t>(known - places.begin()));
      if (known == places.end()) places.push_back(std::move(place));
    }
    std::vector<Device> devices;
    if (is_placed_) devices = spec.devices.of_tiles(places, grid, *base);
    std::vector<Device>& used = used_[level];
    used.insert(used.end(), devices.begin(), devices.end());

    const Composition whole = composition_of(node);
    std::vector<TiledCore::Part> parts;
    for (size_t t = 0; t < tiles.tiles.size(); ++t) {
      const SplitTile& tile = tiles.tiles[t];
      TiledCore::Part part;
      if (is_placed_) part.device = devices[place_of[t]];
      part.input = tile.input_slices;
      part.output = tile.output_slices;
      part.batch = tile.batch;
      part.index = tile.index;
      part.request = tile.request;
      for (const NamedStretch& r : tile.request) {
        if (has_inner(whole.inner, r.first)) part.inner.push_back(r);
      }
      Stretch own = reduced;
      if (reduction_) own = reduced_of(a, tile, reduced);
      if (nodes) part.leaves = nodes->leaves[static_cast<size_t>(tile.index[nodes->axis])];
      const Extents known = within(extents, tile);
      part.op = level + 1 < levels_.size()
                    ? (*this)(tile.op.node(), level + 1, part.device, known, own, options)
                    : leaf(tile.op.node(), part, known, own, options);
      parts.push_back(std::move(part));
    }
    std::optional<TiledCore::Setup::Tree> tree;
    if (nodes) tree = {nodes->axis, reduction_->leaves, false, nodes->is_moved};
    return tiled(a, tiles, extents, std::move(parts), base, options, tree);
  }

 public:
  void warn_of_unused() const {
    std::vector<Device> unused;
    for (size_t level = 0; level < levels_.size(); ++level) {
      const std::vector<Device>& used = used_[level];
      for (const Device d : levels_[level].devices.named()) {
        const bool is_known = std::find(unused.begin(), unused.end(), d) != unused.end();
        if (!is_known && std::find(used.begin(), used.end(), d) == used.end()) unused.push_back(d);
      }
    }
    if (unused.empty()) return;
    context_.warn("batch", fmt::format("no tile goes to {}", names_of(unused)));
  }

 private:
  // How the axis of the reduction dim is cut.
  struct NodeCut {
    size_t axis;
    std::vector<int64_t> tile;
    std::vector<Stretch> leaves;
    bool is_moved;
  };
  std::optional<NodeCut> cut_into_nodes(SplitAxes& axes, Stretch reduced) const {
    for (size_t k = 0; k < axes.size() && reduction_; ++k) {
      if (axes[k].dim != reduction_->dim) continue;
      NodeAxis made = nodes_of(axes[k], reduction_->leaves, reduced);
      if (made.tile.empty()) return std::nullopt;
      axes[k] = std::move(made.axis);
      return NodeCut{k, std::move(made.tile), std::move(made.leaves), made.is_moved};
    }
    return std::nullopt;
  }

  // What of the reduction dim a tile has: less than was asked for where a neighbour in a chain,
  // such as a Pad, needs less.  Leaves are numbered by the whole, so that has to be known.
  Stretch reduced_of(const Linop& a, const SplitTile& tile, Stretch reduced) const {
    const Dim dim = reduction_->dim;
    Stretch asked = reduced;
    for (const NamedStretch& r : tile.request) {
      if (r.first == dim) asked = {reduced.first + r.second.first, r.second.count};
    }
    int64_t extent = kUnknown;
    if (tile.op.signature().has(dim)) extent = tile.op.signature().extent(dim);
    for (const auto& [known, count] : composition_of(tile.op.node()).inner) {
      if (known == dim) extent = count;
    }
    if (extent == kUnknown || extent == asked.count) return asked;
    for (const auto* side : {&tile.input, &tile.output}) {
      for (const NamedStretch& r : *side) {
        if (r.first == dim && r.second.count == extent) {
          return {reduced.first + r.second.first, extent};
        }
      }
    }
    fail(Code::unsupported, "batch",
         "a tile of {} has {} of the {} elements of '{}', the reduction dim, that it was cut to, "
         "and "
         "their place is not known; cut another dim, or choose another reduction dim",
         a.label(), extent, asked.count, dim.text());
  }

  std::shared_ptr<const TiledOptions> options_of(
      const BatchSpec& spec, const std::shared_ptr<const TiledOptions>& above) const {
    auto options = spec.options != nullptr ? spec.options : above;
    if (!is_deterministic_ || (options != nullptr && options->is_deterministic)) return options;
    auto made = options == nullptr ? std::make_shared<TiledOptions>()
                                   : std::make_shared<TiledOptions>(*options);
    made->is_deterministic = true;
    return made;
  }

  // Those of the levels above hold for what the tile does not know itself.
  static Extents extents_of(const BatchSpec& spec, const Linop& a, const Extents& inherited) {
    Extents made = inherited;
    for (const auto& [name, extent] : spec.extents) {
      const Dim dim = Dim::parse(name, "batch");
      const bool is_known = std::any_of(made.begin(), made.end(), [&](const auto& each) {
        return Dim::parse(each.first, "batch") == dim;
      });
      if (!is_known) made.emplace_back(name, extent);
    }
    const Composition whole = composition_of(a.node());
    std::erase_if(made, [&](const auto& each) {
      const Dim dim = Dim::parse(each.first, "batch");
      const bool is_own =
          std::find(spec.extents.begin(), spec.extents.end(), each) != spec.extents.end();
      return !is_own && (a.signature().has(dim) || has_inner(whole.inner, dim));
    });
    return made;
  }

  // What the next level may take as known of the batch dims of a tile.
  static Extents within(const Extents& extents, const SplitTile& tile) {
    Extents made;
    for (const auto& [name, extent] : extents) {
      const Dim dim = Dim::parse(name, "batch");
      int64_t own = extent;
      for (const NamedStretch& r : tile.request) {
        if (r.first == dim) own = r.second.count;
      }
      made.emplace_back(name, own);
    }
    return made;
  }

  // What the tiles of the last level are.
  Node leaf(const Node& op,
            const TiledCore::Part& part,
            const Extents& extents,
            Stretch reduced,
            const std::shared_ptr<const TiledOptions>& options) const {
    const Node there = at_its_place(op, part, options);
    return reduction_ ? leaves(there, part, extents, reduced, options) : there;
  }

  // A tile as the sum of its leaves.
  Node leaves(const Node& op,
              const TiledCore::Part& tile,
              const Extents& extents,
              Stretch reduced,
              const std::shared_ptr<const TiledOptions>& options) const {
    const Linop a(op);
    const Stretch numbers = reduction_->leaves.of_elements(reduced);
    SplitAxis axis{reduction_->dim};
    for (int64_t i = numbers.first; i < numbers.end(); ++i) {
      axis.sizes.push_back(reduction_->leaves.elements({i, 1}, reduced).count);
    }
    const Tiles tiles = split(a, {axis}, extents, "batch", inner_);
    std::vector<TiledCore::Part> parts;
    for (const SplitTile& each : tiles.tiles) {
      TiledCore::Part part;
      part.op = each.op.node();
      part.input = each.input_slices;
      part.output = each.output_slices;
      part.batch = each.batch;
      part.index = each.index;
      part.request = each.request;
      part.device = tile.device;
      part.leaves = {numbers.first + each.index.front(), 1};
      const Composition whole = composition_of(op);
      for (const NamedStretch& r : each.request) {
        if (has_inner(whole.inner, r.first)) part.inner.push_back(r);
      }
      parts.push_back(std::move(part));
    }
    TiledCore::Setup::Tree tree{0, reduction_->leaves, true};
    if (may_run_whole_) tree.whole = op;
    tree.sums_grids = sums_grids_[0];
    tree.sums_grids_transposed = sums_grids_[1];
    return tiled(a, tiles, extents, std::move(parts), tile.device, options, tree);
  }

  Node at_its_place(const Node& op,
                    const TiledCore::Part& part,
                    const std::shared_ptr<const TiledOptions>& options) const {
    if (!is_placed_) return op;
    const Node made = placed(op, *part.device);
    try {
      check_device(made, *part.device);
    } catch (const Error& e) {
      throw Error(e.code(), "batch",
                  fmt::format("the tile {} cannot run there: {}", part.text(), e.message()));
    }
    const bool keeps_weights = options == nullptr || options->is_resident;
    return keeps_weights ? made : placed(op, *part.device, false);
  }

  Node tiled(const Linop& a,
             const Tiles& tiles,
             const Extents& extents,
             std::vector<TiledCore::Part> parts,
             const std::optional<Device>& base,
             const std::shared_ptr<const TiledOptions>& options,
             const std::optional<TiledCore::Setup::Tree>& tree) const {
    Composition whole = composition_of(a.node());
    whole.signature = Signature(with_reached(whole.signature.input(), tiles.tiles, true),
                                with_reached(whole.signature.output(), tiles.tiles, false),
                                whole.signature.is_open());
    TiledCore::Setup setup;
    setup.base = base;
    setup.tree = tree;
    if (options != nullptr) setup.options = options;
    for (const Dim dim : tiles.dims) {
      const bool is_inner = has_inner(whole.inner, dim) || has_inner(inner_, dim);
      setup.axes.push_back(axis_of(whole.signature, is_inner, dim));
      if (a.signature().has(dim) || is_inner) continue;
      for (const auto& [name, extent] : extents) {
        if (Dim::parse(name) == dim) setup.batch.emplace_back(dim, extent);
      }
    }
    return {std::make_shared<TiledCore>(std::move(parts), std::move(whole), std::move(setup)),
            Mode::forward, nullptr};
  }

  const std::vector<BatchSpec>& levels_;
  bool is_placed_;
  std::vector<std::vector<Device>> used_;  // by level
  const DimExtents inner_;                 // of the whole operator; a tile may lack some of them
  bool is_deterministic_ = false;
  std::optional<ReductionDim> reduction_;
  bool sums_grids_[2] = {false, false};  // of the operator and its adjoint
  bool may_run_whole_ = false;           // in the direction in which the reduction dim is joined
  Context& context_;
};

// The device of input and output; nothing where no level names devices.
std::optional<Device> base_of(const Linop& a, const std::vector<BatchSpec>& levels) {
  for (size_t level = 1; level < levels.size(); ++level) {
    if (!levels[level].base) continue;
    fail(
        Code::argument, "batch",
        "level {} has base = \"{}\", but the base of its tiles is where the level above puts them; "
        "give base in the first level",
        level + 1, levels[level].base->text());
  }
  if (levels.front().base) return levels.front().base;
  const bool is_placed = std::any_of(levels.begin(), levels.end(),
                                     [](const BatchSpec& spec) { return spec.devices.is_given(); });
  if (!is_placed) return std::nullopt;
  return a.device().value_or(Device::host());
}

}  // namespace

Linop batch(const Linop& a, const std::vector<BatchSpec>& levels, Context& context) {
  if (levels.empty()) {
    fail(Code::argument, "batch", "no level is given; write sizes, such as {{ coil = 2 }}");
  }
  for (const BatchSpec& spec : levels) {
    const DeviceChoice& devices = spec.devices;
    if (devices.matrix && (!devices.list.empty() || !devices.by_parent.empty())) {
      fail(Code::argument, "batch",
           "devices and device_matrix are both given; give the list, or the exact places");
    }
    for (const Device device : devices.named()) Pool::of(device);  // throws if there is none
    if (spec.base) Pool::of(*spec.base);
  }
  for (size_t level = 1; level < levels.size(); ++level) {
    if (!levels[level].determinism) continue;
    fail(Code::argument, "batch",
         "level {} has deterministic, which holds for all levels; give it in the first", level + 1);
  }
  const std::optional<Device> base = base_of(a, levels);
  Batching batching(a, levels, base.has_value(), context);
  Node made = batching.whole(a, base);
  const auto is_free = [](const BatchSpec& spec) { return spec.is_resident_if_fits; };
  if (base && std::all_of(levels.begin(), levels.end(), is_free) &&
      !weights_fit(Linop(made), *base, context)) {
    std::vector<BatchSpec> streamed = levels;
    for (BatchSpec& spec : streamed) {
      auto options = spec.options == nullptr ? std::make_shared<TiledOptions>()
                                             : std::make_shared<TiledOptions>(*spec.options);
      if (spec.options == nullptr && &spec != &streamed.front()) continue;  // those above
      options->is_resident = false;
      spec.options = std::move(options);
    }
    made = Batching(a, streamed, true, context).whole(a, base);
  }
  batching.warn_of_unused();
  return Linop(made);
}

Linop batch(const Linop& a, const SplitAxes& axes, const Extents& extents) {
  Context context;
  return batch(a, {{.axes = axes, .extents = extents}}, context);
}

std::optional<Tiles> tiles_of(const Linop& a) {
  const TiledCore* core = as_tiled(a.node());
  if (core == nullptr) return std::nullopt;
  const Mode mode = a.node().mode;
  const Side in = terms_of(core->signature(mode).input());
  const Side out = terms_of(core->signature(mode).output());
  Tiles made;
  for (size_t k = 0; k < core->axes().size(); ++k) {
    made.dims.push_back(core->axes()[k].dim);
    made.grid.push_back(core->tiles_along(k));
  }
  for (const TiledCore::Part& p : core->parts()) {
    SplitTile tile;
    tile.op = Linop(with_mode(p.op, mode));
    tile.request = p.request;
    tile.index = p.index;
    tile.input_slices = transposes(mode) ? p.output : p.input;
    tile.output_slices = transposes(mode) ? p.input : p.output;
    tile.batch = p.batch;
    tile.input = named(in, tile.input_slices);
    tile.output = named(out, tile.output_slices);
    for (auto* side : {&tile.input, &tile.output}) {
      side->insert(side->end(), tile.batch.begin(), tile.batch.end());
    }
    tile.device = p.device;
    made.tiles.push_back(std::move(tile));
  }
  return made;
}

std::vector<AxisPlacement> placement_of(const Linop& a) {
  const TiledCore* core = as_tiled(a.node());
  if (core == nullptr) return {};
  return core->placement(a.node().mode);
}

}  // namespace lunops
