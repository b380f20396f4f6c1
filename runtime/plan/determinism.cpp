// SPDX-License-Identifier: MIT
#include "runtime/plan/determinism.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/plan/rewrite/product.hpp"

namespace lunops {

namespace {

using Extents = std::vector<std::pair<std::string, int64_t>>;

enum class Use : uint8_t { none, kept, summed, joined };

bool has(const Side& side, Dim dim) {
  return std::any_of(side.begin(), side.end(),
                     [&](const Term& t) { return t.kind == Term::Kind::dim && t.dim == dim; });
}

Use use_of(const Linop& a, Dim dim) {
  const bool in = has(a.signature().input(), dim), out = has(a.signature().output(), dim);
  if (in && out) return Use::kept;
  if (in) return Use::summed;
  if (out) return Use::joined;
  const auto inner = composition_of(a.node()).inner;
  const bool is_inner = std::any_of(inner.begin(), inner.end(),
                                    [&](const auto& known) { return known.first == dim; });
  return is_inner ? Use::summed : Use::none;
}

int64_t extent_of(const Linop& a, Dim dim, const Extents& extents) {
  if (a.signature().has(dim)) {
    const int64_t extent = a.signature().extent(dim);
    if (extent != kUnknown) return extent;
  }
  for (const auto& [known, extent] : composition_of(a.node()).inner) {
    if (known == dim && extent != kUnknown) return extent;
  }
  for (const auto& [name, extent] : extents) {
    if (Dim::parse(name, "batch") == dim) return extent;
  }
  return kUnknown;
}

// Operators whose sums over dims that they do not keep are formed within the operator, in an order
// of its own.
constexpr std::array<std::string_view, 7> kSumWithin = {
    "NUFFT",       "Gridding",      "Interpolate",  "Sampling",
    "Convolution", "ArrayToBlocks", "BlocksToArray"};

void collect(const Node& node, std::vector<const Core*>& found) {
  const std::string_view kind = node.core->kind();
  if (std::find(kSumWithin.begin(), kSumWithin.end(), kind) != kSumWithin.end()) {
    found.push_back(node.core.get());
  }
  for (const Node& child : node.core->children()) collect(child, found);
}

// Extents of the dims that one side has and the other does not.
std::vector<std::pair<Dim, int64_t>> mixed_extents(const Core& core) {
  std::vector<std::pair<Dim, int64_t>> mixed;
  const Side &in = core.signature().input(), &out = core.signature().output();
  for (const Side* side : {&in, &out}) {
    for (const Term& t : *side) {
      if (t.kind != Term::Kind::dim || find_term(side == &in ? out : in, t) >= 0) continue;
      mixed.emplace_back(t.dim, t.extent);
    }
  }
  return mixed;
}

// The operator that a part of A has less of along a dim that it does not keep; null: none.
const Core* cut_within(const Linop& a, const Linop& part) {
  std::vector<const Core*> before, after;
  collect(a.node(), before);
  collect(part.node(), after);
  for (const Core* core : after) {
    const bool is_there = std::any_of(before.begin(), before.end(), [&](const Core* known) {
      return known->kind() == core->kind() && mixed_extents(*known) == mixed_extents(*core);
    });
    if (!is_there) return core;
  }
  return nullptr;
}

// The leaves of A along a dim; nothing where they do not write one place, in the direction in which
// they are added, for a tree adds whole arrays; nor where neighbours in a chain need less of an
// inner dim than was asked for, for then nobody says where that lies.
std::optional<Tiles> leaves_of(
    const Linop& a, Dim dim, int64_t extent, const Leaves& leaves, const Extents& extents) {
  SplitAxis axis{dim};
  for (int64_t i = 0; i < leaves.count; ++i) {
    axis.sizes.push_back(leaves.elements({i, 1}, {0, extent}).count);
  }
  Tiles tiles = split(a, {axis}, extents, "split");
  const bool is_joined = use_of(a, dim) == Use::joined;
  for (const SplitTile& t : tiles.tiles) {
    const SplitTile& first = tiles.tiles.front();
    const bool is_one_place =
        is_joined ? t.input_slices == first.input_slices : t.output_slices == first.output_slices;
    if (!is_one_place || t.batch != first.batch) return std::nullopt;
  }
  if (tiles.tiles.empty()) return std::nullopt;
  if (a.signature().has(dim)) return tiles;
  if (static_cast<int64_t>(tiles.tiles.size()) != leaves.count) return std::nullopt;
  for (const SplitTile& t : tiles.tiles) {
    for (const auto& [inner, count] : composition_of(t.op.node()).inner) {
      if (inner == dim && count != t.request.front().second.count) return std::nullopt;
    }
  }
  return tiles;
}

[[noreturn]] void fail_one_leaf(std::string_view operation, const Core& core, Dim dim) {
  fail(Code::unsupported, operation,
       "'{}' cannot be the reduction dim: {} sums over it within the operator, in one leaf; give "
       "leaves = {{ {} = 8 }} to sum eight pieces of it by the tree, or name another dim",
       dim.text(), core.label(), dim.text());
}

}  // namespace

std::optional<ReductionDim> reduction_dim(const Linop& a,
                                          const Determinism& wanted,
                                          const Extents& extents,
                                          std::string_view operation) {
  std::optional<Dim> named = wanted.dim;
  int64_t most = Leaves::kMost;
  if (wanted.leaves) {
    const auto& [dim, count] = *wanted.leaves;
    if (count < 1) {
      fail(Code::argument, operation, "leaves of '{}' are {}; give at least 1", dim.text(), count);
    }
    if (named && *named != dim) {
      fail(
          Code::argument, operation,
          "the reduction dim is '{}' but leaves are given of '{}'; only one dim is cut into leaves",
          named->text(), dim.text());
    }
    named = dim;
    most = count;
  }
  if (named) {
    const Use use = use_of(a, *named);
    if (use == Use::none) {
      std::vector<std::string> names;
      for (const Dim d : a.dims()) names.push_back(d.text());
      for (const Dim d : a.inner()) names.push_back(d.text());
      fail(Code::shape, operation, "no dim '{}' in {}{}", named->text(), a.label(),
           did_you_mean(named->text(), names));
    }
    if (use == Use::kept) {
      fail(
          Code::shape, operation,
          "'{}' is kept by {}, nothing is summed over it; the reduction dim is one of its inner or "
          "input dims",
          named->text(), a.label());
    }
    const int64_t extent = extent_of(a, *named, extents);
    if (extent == kUnknown) {
      fail(Code::shape, operation, "extent of '{}' is unknown; give extent = {{ {} = … }}",
           named->text(), named->text());
    }
    if (extent == 0) return std::nullopt;
    ReductionDim made{*named, extent, Leaves::of(extent, most)};
    if (made.leaves.count == 1) return made;
    const std::optional<Tiles> tiles = leaves_of(a, *named, extent, made.leaves, extents);
    if (!tiles) {
      fail(Code::unsupported, operation,
           "'{}' cannot be the reduction dim: parts of {} along it write different places or are "
           "smaller than asked for, which a tree does not add; name another dim",
           named->text(), a.label());
    }
    made.first_leaf = tiles->tiles.front().op;
    const Core* within = wanted.leaves ? nullptr : cut_within(a, *made.first_leaf);
    if (within != nullptr) fail_one_leaf(operation, *within, *named);
    return made;
  }

  std::vector<Dim> candidates = a.inner();
  for (const Use use : {Use::summed, Use::joined}) {
    for (const Dim dim : a.dims()) {
      if (use_of(a, dim) == use) candidates.push_back(dim);
    }
  }
  for (const Dim dim : candidates) {
    const int64_t extent = extent_of(a, dim, extents);
    if (extent == kUnknown || extent == 0) continue;
    ReductionDim made{dim, extent, Leaves::of(extent)};
    if (made.leaves.count > 1) {
      try {
        const std::optional<Tiles> tiles = leaves_of(a, dim, extent, made.leaves, extents);
        if (!tiles) continue;
        made.first_leaf = tiles->tiles.front().op;
      } catch (const Error&) {
        continue;  // it cannot be cut along this dim
      }
      if (cut_within(a, *made.first_leaf) != nullptr) continue;
    }
    return made;
  }
  return std::nullopt;
}

bool has_normals(const Linop& a) {
  const auto is_normal = [](const auto& self, const Node& node) -> bool {
    if (node.core->kind() == "Normal") return true;
    const auto any = [](const Node&) { return true; };
    if (node.core->kind() == "Chain" && find_sandwich(flatten(node, true).factors, any))
      return true;
    const std::vector<Node> children = node.core->children();
    return std::any_of(children.begin(), children.end(),
                       [&](const Node& child) { return self(self, child); });
  };
  return is_normal(is_normal, a.node());
}

namespace {

// Whether a part of it along a dim of the output would round otherwise than the whole.
bool rounds_by_parts(const Node& node) {
  const std::string_view kind = node.core->kind();
  if (kind == "FiniteDifference" || kind == "Laplacian" || kind == "Gradient") return true;
  const std::vector<Node> children = node.core->children();
  return std::any_of(children.begin(), children.end(), rounds_by_parts);
}

}  // namespace

void require_deterministic(const Linop& a,
                           const SplitAxes& axes,
                           const std::optional<ReductionDim>& reduction,
                           std::string_view operation) {
  for (const SplitAxis& axis : axes) {
    const Use use = use_of(a, axis.dim);
    if (reduction && reduction->dim == axis.dim) continue;
    const std::string dim = axis.dim.text();
    if (use == Use::joined && has_normals(a)) {
      fail(
          Code::unsupported, operation,
          "'{}' is on the output alone, and cutting it takes a normal apart, whose form would then "
          "be another; leave it whole, or drop deterministic",
          dim);
    }
    if (use == Use::joined && rounds_by_parts(a.node())) {
      fail(Code::unsupported, operation,
           "'{}' is on the output of differences of neighbours, which round otherwise where they "
           "are "
           "cut; leave it whole, or drop deterministic",
           dim);
    }
    if (use != Use::summed || extent_of(a, axis.dim, {}) == 0) continue;
    if (reduction) {
      fail(Code::unsupported, operation,
           "'{}' is summed within the leaves of '{}', the reduction dim, and cannot be cut beside "
           "it; cut '{}', or choose deterministic = \"{}\"",
           dim, reduction->dim.text(), reduction->dim.text(), dim);
    }
    fail(
        Code::unsupported, operation,
        "'{}' is summed within the operator, in one leaf, or in parts that write different places, "
        "and cannot be cut where bits must not depend on it; leave it whole, or give leaves = "
        "{{ {} = 8 }} if a transform sums over it",
        dim, dim);
  }
}

NodeAxis nodes_of(const SplitAxis& axis, const Leaves& leaves, Stretch range) {
  NodeAxis made{axis, {}, {}, false};
  std::vector<int64_t> ends;  // of the tiles, in the whole
  if (axis.sizes.empty()) {
    if (axis.size < 1) return made;
    for (int64_t at = axis.size; at < range.count; at += axis.size) {
      ends.push_back(range.first + at);
    }
    ends.push_back(range.end());
  } else {
    int64_t sum = 0;
    for (const int64_t size : axis.sizes) {
      if (size < 1) return made;
      ends.push_back(range.first + (sum += size));
    }
    if (sum != range.count) return made;
  }
  // Sizes that are wrong stay, for `split` to refuse.
  made.axis.size = 0;
  made.axis.sizes.clear();
  const Stretch all = leaves.of_elements(range);
  int64_t leaf = all.first;
  for (size_t tile = 0; tile < ends.size(); ++tile) {
    const bool is_last = tile + 1 == ends.size();
    const int64_t nearest = (ends[tile] + leaves.size / 2) / leaves.size;
    const int64_t end = is_last ? all.end() : std::min(nearest, all.end());
    made.is_moved = made.is_moved || (!is_last && end * leaves.size != ends[tile]);
    if (end <= leaf) continue;
    for (const Stretch& node : leaves.nodes({leaf, end - leaf})) {
      made.axis.sizes.push_back(leaves.elements(node, range).count);
      made.tile.push_back(static_cast<int64_t>(tile));
      made.leaves.push_back(node);
    }
    leaf = end;
  }
  return made;
}

}  // namespace lunops
