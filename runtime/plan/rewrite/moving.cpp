// SPDX-License-Identifier: MIT
// Rules on operators that select: R11.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/moving/pad.hpp"
#include "runtime/linop/moving/sampling.hpp"
#include "runtime/linop/moving/slice.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

// A range of one dim of a weight, or one element, whose dim is dropped.
struct Cut {
  int axis;
  int64_t first, step, count;
  bool drops;
};

WeightPtr cut_weight(const WeightPtr& w, const std::vector<Cut>& cuts) {
  std::vector<int64_t> extents = w->extents();
  std::string key = "cut";
  for (size_t k = cuts.size(); k-- > 0;) {  // later axes first: dropped ones change no number
    const Cut& c = cuts[k];
    extents[static_cast<size_t>(c.axis)] = c.count;
    if (c.drops) extents.erase(extents.begin() + c.axis);
    key += fmt::format(" {} {} {} {} {}", c.axis, c.first, c.step, c.count, c.drops);
  }
  auto recipe = [w, cuts](DType dtype, Context& context) {
    Tensor part = w->as(dtype, context, false).unname();
    for (size_t k = cuts.size(); k-- > 0;) {
      const Cut& c = cuts[k];
      part = c.drops ? part.select(c.axis, c.first) : part.slice(c.axis, c.first, c.count, c.step);
    }
    return part.clone(context);
  };
  return std::make_shared<Weight>(extents, w->is_complex(), Weights{w}, std::move(recipe), key);
}

using Range = SliceCore::Range;

// What a selection takes, by terms of its larger and its smaller side; nothing if p is none.  A
// count that is not known is kUnknown.
std::optional<std::vector<Range>> ranges_of(const Node& p, const Side& large, const Side& small) {
  if (const auto* slice = dynamic_cast<const SliceCore*>(p.core.get())) return slice->ranges();
  const PadCore* pad = as_pad(p);
  if (pad == nullptr) return std::nullopt;
  std::vector<Range> ranges;
  for (const TermPair& pair : pad->pairs()) {
    // Pairs count terms of the forward signature, whose output is the larger side of a Pad.
    const bool is_pad = pad->pads(Mode::forward);
    const int of_large = is_pad ? pair.out : pair.in, of_small = is_pad ? pair.in : pair.out;
    const int64_t n = large[static_cast<size_t>(of_large)].extent;
    const int64_t m = small[static_cast<size_t>(of_small)].extent;
    const bool is_known = n != kUnknown && m != kUnknown;
    ranges.push_back(
        {of_large, of_small, is_known ? pad->offset(n, m) : 0, 1, is_known ? m : kUnknown});
  }
  return ranges;
}

// Whether p, forward or not, makes the array smaller.
bool selects(const Node& p) {
  if (const PadCore* pad = as_pad(p)) return !pad->pads(p.mode);
  if (const auto* slice = dynamic_cast<const SliceCore*>(p.core.get()))
    return slice->selects(p.mode);
  return !transposes(p.mode);
}

// The Diagonal d, which faces the larger side of the selection p, cut to its smaller side.
std::optional<Node> cut_diagonal(const Node& d, const Node& p, bool d_acts_last) {
  const auto j = d_acts_last ? join(d, p) : join(p, d);
  if (!j) return std::nullopt;
  const DiagonalCore& diagonal = *as_diagonal(d);
  const Side large = terms_of(d_acts_last ? own_output(p) : own_input(p));
  const Side small = terms_of(d_acts_last ? own_input(p) : own_output(p));
  const std::vector<int>& large_dims = d_acts_last ? j->right_out : j->left_in;
  const std::vector<int>& small_dims = d_acts_last ? j->right_in : j->left_out;
  const std::vector<int>& dims = d_acts_last ? j->left_in : j->right_in;
  const Side& side = d_acts_last ? j->in : j->out;
  const std::vector<int>& side_dims = d_acts_last ? j->in_dims : j->out_dims;
  Side shown = side;
  for (Term& t : shown) t.dim.primes = 0;
  const auto ranges = ranges_of(p, large, small);
  if (!ranges) return std::nullopt;

  Side terms;
  std::vector<Cut> cuts;
  for (size_t k = 0; k < diagonal.terms().size(); ++k) {
    int dim =
        dims[static_cast<size_t>(find_term(diagonal.signature().input(), diagonal.terms()[k]))];
    bool is_dropped = false;
    for (const Range& r : *ranges) {
      if (large_dims[static_cast<size_t>(r.large)] != dim) continue;
      const int64_t n = diagonal.weight()->extents()[k];
      const int64_t given = large[static_cast<size_t>(r.large)].extent;
      if (r.count == kUnknown || (given != kUnknown && given != n)) return std::nullopt;
      if (r.count > 0 && r.first + (r.count - 1) * r.step >= n) return std::nullopt;
      is_dropped = r.small < 0;
      cuts.push_back({static_cast<int>(k), r.first, r.step, r.count, is_dropped});
      if (!is_dropped) dim = small_dims[static_cast<size_t>(r.small)];
      break;
    }
    if (is_dropped) continue;
    const auto at = std::find(side_dims.begin(), side_dims.end(), dim);
    if (at == side_dims.end()) return std::nullopt;
    terms.push_back(shown[static_cast<size_t>(at - side_dims.begin())]);
    terms.back().extent = kUnknown;
  }
  if (terms.empty()) return std::nullopt;  // one number of a weight is no Diagonal
  const WeightPtr w = cuts.empty() ? diagonal.weight() : cut_weight(diagonal.weight(), cuts);
  return Node{std::make_shared<DiagonalCore>(w, terms, Signature(shown, shown), diagonal.name()),
              d.mode, nullptr};
}

// The Diagonal d, which faces the grid of the Sampling s, at its samples, where those are fewer.
std::optional<Node> sampled_diagonal(const Node& d, const Node& s, bool d_acts_last) {
  const auto j = d_acts_last ? join(d, s) : join(s, d);
  if (!j) return std::nullopt;
  const DiagonalCore& diagonal = *as_diagonal(d);
  const auto& sampling = static_cast<const SamplingCore&>(*s.core);
  const Side large = d_acts_last ? own_output(s) : own_input(s);
  const Side small = d_acts_last ? own_input(s) : own_output(s);
  const std::vector<int>& large_dims = d_acts_last ? j->right_out : j->left_in;
  const std::vector<int>& small_dims = d_acts_last ? j->right_in : j->left_out;
  const std::vector<int>& dims = d_acts_last ? j->left_in : j->right_in;
  const Side& side = d_acts_last ? j->in : j->out;
  const std::vector<int>& side_dims = d_acts_last ? j->in_dims : j->out_dims;
  Side shown = side;
  for (Term& t : shown) t.dim.primes = 0;

  std::vector<int> of_weight;  // numbers
  for (const Term& t : diagonal.terms()) {
    of_weight.push_back(dims[static_cast<size_t>(find_term(diagonal.signature().input(), t))]);
  }
  // {others…, groups, grid} of the weight become {others…, groups, samples}.
  std::vector<int> order;
  const auto take = [&](const Side& terms) {
    return std::all_of(terms.begin(), terms.end(), [&](const Term& t) {
      const int dim = large_dims[static_cast<size_t>(find_term(large, t))];
      const auto at = std::find(of_weight.begin(), of_weight.end(), dim);
      order.push_back(static_cast<int>(at - of_weight.begin()));
      return at != of_weight.end();
    });
  };
  if (!take(sampling.group_terms()) || !take(sampling.grid_terms())) return std::nullopt;
  double cells = 1;
  for (size_t k = sampling.group_terms().size(); k < order.size(); ++k) {
    cells *= static_cast<double>(diagonal.weight()->extents()[static_cast<size_t>(order[k])]);
  }
  if (static_cast<double>(sampling.sample_count()) >= cells) return std::nullopt;
  std::vector<int> kept(order.begin(),
                        order.end() - static_cast<ptrdiff_t>(sampling.grid_terms().size()));
  std::vector<int> others;
  for (int k = 0; k < static_cast<int>(of_weight.size()); ++k) {
    if (std::find(order.begin(), order.end(), k) == order.end()) others.push_back(k);
  }
  order.insert(order.begin(), others.begin(), others.end());
  kept.insert(kept.begin(), others.begin(), others.end());

  Side terms;
  const auto add = [&](int dim) {
    const auto at = std::find(side_dims.begin(), side_dims.end(), dim);
    if (at == side_dims.end()) return false;
    terms.push_back(shown[static_cast<size_t>(at - side_dims.begin())]);
    terms.back().extent = kUnknown;
    return true;
  };
  for (const int k : kept) {
    if (!add(of_weight[static_cast<size_t>(k)])) return std::nullopt;
  }
  for (const Term& t : sampling.sample_terms()) {
    if (!add(small_dims[static_cast<size_t>(find_term(small, t))])) return std::nullopt;
  }
  return Node{std::make_shared<DiagonalCore>(sampling.sampled(diagonal.weight(), order), terms,
                                             Signature(shown, shown), diagonal.name()),
              d.mode, nullptr};
}

}  // namespace

bool select_first(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    for (const bool d_acts_last : {true, false}) {
      const Node d = p.factors[d_acts_last ? i : i + 1], s = p.factors[d_acts_last ? i + 1 : i];
      if (as_diagonal(d) == nullptr || s.form != nullptr || selects(s) == d_acts_last) continue;
      auto cut = s.core->kind() == "Sampling" ? sampled_diagonal(d, s, d_acts_last)
                                              : cut_diagonal(d, s, d_acts_last);
      if (!cut) continue;
      b.rewrote("R11",
                fmt::format("{} cut to the smaller side of {}", d.core->label(), s.core->label()));
      p.factors[i] = d_acts_last ? s : std::move(*cut);
      p.factors[i + 1] = d_acts_last ? std::move(*cut) : s;
      return true;
    }
  }
  return false;
}

}  // namespace lunops
