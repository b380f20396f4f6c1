// SPDX-License-Identifier: MIT
// Neighbours that move elements, of one kind, as one: R10.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/moving/flip.hpp"
#include "runtime/linop/moving/pad.hpp"
#include "runtime/linop/moving/permute.hpp"
#include "runtime/linop/moving/rename.hpp"
#include "runtime/linop/moving/roll.hpp"
#include "runtime/linop/moving/slice.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

// A dim of the product and the pairs of the factors that it goes through; -1: none.
struct Route {
  TermPair ends;  // positions in the sides of the product
  int right = -1, left = -1;
};

int position_of(const std::vector<int>& dims, int dim) {
  const auto at = std::find(dims.begin(), dims.end(), dim);
  return at == dims.end() ? -1 : static_cast<int>(at - dims.begin());
}

// The number of the pair that leads on from this dim, which then is the dim it leads to.
int follow(const std::vector<TermPair>& pairs,
           Mode mode,
           const std::vector<int>& in,
           const std::vector<int>& out,
           int& dim) {
  for (size_t k = 0; k < pairs.size(); ++k) {
    // Pairs count terms of the forward signature.
    const int from = transposes(mode) ? pairs[k].out : pairs[k].in;
    const int to = transposes(mode) ? pairs[k].in : pairs[k].out;
    if (in[static_cast<size_t>(from)] != dim) continue;
    dim = out[static_cast<size_t>(to)];
    return static_cast<int>(k);
  }
  return -1;
}

// The dims that a factor replaces, in the product of two that replace dims one for one.
std::optional<std::vector<Route>> routes(const Joined& j,
                                         const std::vector<TermPair>& left,
                                         Mode left_mode,
                                         const std::vector<TermPair>& right,
                                         Mode right_mode) {
  std::vector<Route> made;
  for (size_t i = 0; i < j.in_dims.size(); ++i) {
    int dim = j.in_dims[i];
    Route r;
    r.right = follow(right, right_mode, j.right_in, j.right_out, dim);
    r.left = follow(left, left_mode, j.left_in, j.left_out, dim);
    r.ends = {static_cast<int>(i), position_of(j.out_dims, dim)};
    if (r.ends.out < 0) return std::nullopt;
    if (r.right >= 0 || r.left >= 0) made.push_back(r);
  }
  return made;
}

std::vector<TermPair> ends_of(const std::vector<Route>& made) {
  std::vector<TermPair> pairs;
  for (const Route& r : made) pairs.push_back(r.ends);
  return pairs;
}

template <class T>
const T* as(const Node& node) {
  return node.form == nullptr ? dynamic_cast<const T*>(node.core.get()) : nullptr;
}

using Made = std::shared_ptr<const Core>;

// Both factors of one kind: dims under other names, permuted, reversed, or turned.
Made merged_pairs(const Node& left, const Node& right, const Joined& j) {
  const auto *l = as<PairedCore>(left), *r = as<PairedCore>(right);
  const auto all = routes(j, l->pairs(), left.mode, r->pairs(), right.mode);
  if (!all) return nullptr;
  const Signature signature(j.in, j.out);
  const auto renamed = [&] { return std::make_shared<RenameCore>(ends_of(*all), signature, ""); };
  if (as<RenameCore>(left) != nullptr) return renamed();
  if (as<PermuteCore>(left) != nullptr) return std::make_shared<PermuteCore>(signature, "");
  if (as<FlipCore>(left) != nullptr) {
    const auto flips = [](const Route& route) { return (route.right < 0) != (route.left < 0); };
    if (std::all_of(all->begin(), all->end(), flips)) {
      return std::make_shared<FlipCore>(ends_of(*all), signature, "");
    }
    return std::none_of(all->begin(), all->end(), flips) ? renamed() : nullptr;
  }
  const auto *roll = as<RollCore>(left), *first = as<RollCore>(right);
  if (roll == nullptr || first == nullptr || all->size() > RollCore::kMostDims) return nullptr;
  std::vector<int64_t> shifts;
  for (const Route& route : *all) {
    int64_t shift = 0;
    const int64_t a = route.left < 0 ? 0 : roll->shift(left.mode, route.left);
    const int64_t c = route.right < 0 ? 0 : first->shift(right.mode, route.right);
    if (__builtin_add_overflow(a, c, &shift)) return nullptr;
    shifts.push_back(shift);
  }
  if (std::all_of(shifts.begin(), shifts.end(), [](int64_t s) { return s == 0; })) return renamed();
  return std::make_shared<RollCore>(std::move(shifts), ends_of(*all), signature, "");
}

// Two selections, the right one acting first, as one; nothing where the left one reads beyond what
// the right one takes, which is an error when applied.
Made merged_slices(const SliceCore& left, const SliceCore& right, const Joined& j) {
  using Range = SliceCore::Range;
  const auto at = [](const std::vector<int>& dims, int number) {
    return number < 0 ? -1 : dims[static_cast<size_t>(number)];
  };
  std::vector<Range> ranges;
  std::vector<bool> is_taken(left.ranges().size(), false);
  for (const Range& r : right.ranges()) {
    int dim = at(j.right_out, r.small);
    Range made{position_of(j.in_dims, at(j.right_in, r.large)), -1, r.first, r.step, r.count};
    for (size_t k = 0; k < left.ranges().size() && dim >= 0; ++k) {
      const Range& l = left.ranges()[k];
      if (at(j.left_in, l.large) != dim) continue;
      if (l.first + (l.count - 1) * l.step >= r.count) return nullptr;
      is_taken[k] = true;
      made.first = r.first + l.first * r.step;
      made.step = r.step * l.step;
      made.count = l.count;
      dim = at(j.left_out, l.small);
    }
    if (dim >= 0) {
      made.small = position_of(j.out_dims, dim);
      if (made.small < 0) return nullptr;
    }
    ranges.push_back(made);
  }
  for (size_t k = 0; k < left.ranges().size(); ++k) {
    if (is_taken[k]) continue;
    Range made = left.ranges()[k];
    const bool is_dropped = made.small < 0;
    made.large = position_of(j.in_dims, at(j.left_in, made.large));
    made.small = position_of(j.out_dims, at(j.left_out, made.small));
    if (made.large < 0 || (made.small < 0) != is_dropped) return nullptr;
    ranges.push_back(made);
  }
  return std::make_shared<SliceCore>(false, std::move(ranges), Signature(j.in, j.out), "");
}

// Whether a Pad or Crop is applied to arrays that it may be applied to.
bool is_valid(const Node& node, const Shape& x, const Shape& y) {
  const PadCore& pad = *as_pad(node);
  const auto extent = [](const Shape& shape, const Side& side, int number) {
    return shape.extent(shape.ndim() - static_cast<int>(side.size()) + number);
  };
  return std::all_of(pad.pairs().begin(), pad.pairs().end(), [&](const TermPair& pair) {
    const int in = transposes(node.mode) ? pair.out : pair.in;
    const int out = transposes(node.mode) ? pair.in : pair.out;
    const int64_t a = extent(x, own_input(node), in), c = extent(y, own_output(node), out);
    if (a == kUnknown || c == kUnknown) return false;
    return pad.pads(node.mode) ? a <= c : a >= c;
  });
}

// Two Crops, the right one acting first, as one.
Made merged_crops(const Node& left, const Node& right, const Joined& j) {
  const PadCore &l = *as_pad(left), &r = *as_pad(right);
  const auto all = routes(j, l.pairs(), left.mode, r.pairs(), right.mode);
  if (!all) return nullptr;
  return std::make_shared<PadCore>(true, l.at(), ends_of(*all), Signature(j.in, j.out), "");
}

// Factors i and i + 1 as one; a null core stands for the identity.
std::optional<Node> merged(const Product& p, size_t i, const Builder& b) {
  const Node &left = p.factors[i], &right = p.factors[i + 1];
  if (left.core->kind() != right.core->kind() && as_pad(left) == nullptr &&
      as<SliceCore>(left) == nullptr) {
    return std::nullopt;
  }
  if (as<PairedCore>(left) != nullptr && as<PairedCore>(right) != nullptr) {
    const auto j = join(left, right);
    if (!j) return std::nullopt;
    if (as<PermuteCore>(left) != nullptr && j->in_dims == j->out_dims) return Node{};
    Made core = merged_pairs(left, right, *j);
    if (core == nullptr) return std::nullopt;
    return Node{std::move(core), Mode::forward, nullptr};
  }
  // What embeds is the adjoint of what selects.
  const auto as_selection = [&](bool embeds, const auto& merge) -> std::optional<Node> {
    const Node last = embeds ? with_mode(right, Mode::adjoint) : left;
    const Node first = embeds ? with_mode(left, Mode::adjoint) : right;
    const auto j = join(last, first);
    if (!j) return std::nullopt;
    Made core = merge(last, first, *j);
    if (core == nullptr) return std::nullopt;
    const Mode mode = embeds ? Mode::adjoint : Mode::forward;
    return Node{std::move(core), mode, nullptr};
  };
  if (const auto* l = as<SliceCore>(left), *r = as<SliceCore>(right);
      l != nullptr && r != nullptr) {
    if (l->selects(left.mode) != r->selects(right.mode)) return std::nullopt;
    return as_selection(!l->selects(left.mode),
                        [](const Node& last, const Node& first, const Joined& j) {
                          return merged_slices(*as<SliceCore>(last), *as<SliceCore>(first), j);
                        });
  }
  if (const PadCore* l = as_pad(left), *r = as_pad(right); l != nullptr && r != nullptr) {
    if (l->at() != r->at() || l->pads(left.mode) != r->pads(right.mode)) return std::nullopt;
    const auto x = b.shape_into(p, i + 1), middle = b.shape_into(p, i);
    if (!x || !middle || !is_valid(right, *x, *middle) ||
        !is_valid(left, *middle, output_of(left, *middle))) {
      return std::nullopt;
    }
    return as_selection(l->pads(left.mode), merged_crops);
  }
  return merged_rearranges(p, i, b);
}

}  // namespace

bool merge_moves(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    auto one = merged(p, i, b);
    if (!one) continue;
    const bool vanishes = one->core == nullptr;
    b.rewrote("R10",
              fmt::format("{} * {} -> {}", label_of(p.factors[i]), label_of(p.factors[i + 1]),
                          vanishes ? "none" : "one " + label_of(*one)));
    if (vanishes) {
      erase(p, i, 2);
    } else {
      replace(p, i, 2, std::move(*one));
    }
    return true;
  }
  return false;
}

}  // namespace lunops
