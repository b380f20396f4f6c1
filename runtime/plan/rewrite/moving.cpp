// SPDX-License-Identifier: MIT
// Rules on operators that select: R11.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/moving/pad.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

// A range of one dim of a weight.
struct Cut {
  int axis;
  int64_t first, count;
};

WeightPtr cut_weight(const WeightPtr& w, const std::vector<Cut>& cuts) {
  std::vector<int64_t> extents = w->extents();
  std::string key = "cut";
  for (const Cut& c : cuts) {
    extents[static_cast<size_t>(c.axis)] = c.count;
    key += fmt::format(" {} {} {}", c.axis, c.first, c.count);
  }
  auto recipe = [w, cuts](DType dtype, Context& context) {
    Tensor part = w->as(dtype, context, false).unname();
    for (const Cut& c : cuts) part = part.slice(c.axis, c.first, c.count);
    return part.clone(context);
  };
  return std::make_shared<Weight>(extents, w->is_complex(), Weights{w}, std::move(recipe), key);
}

// The Diagonal d, which faces the larger side of the selection p, cut to its smaller side.
std::optional<Node> cut_diagonal(const Node& d, const Node& p, bool d_acts_last) {
  const auto j = d_acts_last ? join(d, p) : join(p, d);
  if (!j) return std::nullopt;
  const DiagonalCore& diagonal = *as_diagonal(d);
  const PadCore& pad = *as_pad(p);
  const Side large = terms_of(d_acts_last ? own_output(p) : own_input(p));
  const Side small = terms_of(d_acts_last ? own_input(p) : own_output(p));
  const std::vector<int>& large_dims = d_acts_last ? j->right_out : j->left_in;
  const std::vector<int>& small_dims = d_acts_last ? j->right_in : j->left_out;
  const std::vector<int>& dims = d_acts_last ? j->left_in : j->right_in;
  const Side& side = d_acts_last ? j->in : j->out;
  const std::vector<int>& side_dims = d_acts_last ? j->in_dims : j->out_dims;
  Side shown = side;
  for (Term& t : shown) t.dim.primes = 0;

  Side terms;
  std::vector<Cut> cuts;
  for (size_t k = 0; k < diagonal.terms().size(); ++k) {
    int dim =
        dims[static_cast<size_t>(find_term(diagonal.signature().input(), diagonal.terms()[k]))];
    for (const TermPair& pair : pad.pairs()) {
      // Pairs count terms of the forward signature.
      const bool faces_out = d_acts_last != transposes(p.mode);
      const auto of_large = static_cast<size_t>(faces_out ? pair.out : pair.in);
      const auto of_small = static_cast<size_t>(faces_out ? pair.in : pair.out);
      if (large_dims[of_large] != dim) continue;
      const int64_t n = diagonal.weight()->extents()[k], m = small[of_small].extent;
      if (m == kUnknown || large[of_large].extent != n) return std::nullopt;
      cuts.push_back({static_cast<int>(k), pad.offset(n, m), m});
      dim = small_dims[of_small];
      break;
    }
    const auto at = std::find(side_dims.begin(), side_dims.end(), dim);
    if (at == side_dims.end()) return std::nullopt;
    terms.push_back(shown[static_cast<size_t>(at - side_dims.begin())]);
    terms.back().extent = kUnknown;
  }
  const WeightPtr w = cuts.empty() ? diagonal.weight() : cut_weight(diagonal.weight(), cuts);
  return Node{std::make_shared<DiagonalCore>(w, terms, Signature(shown, shown), diagonal.name()),
              d.mode, nullptr};
}

}  // namespace

bool select_first(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    for (const bool d_acts_last : {true, false}) {
      const Node d = p.factors[d_acts_last ? i : i + 1], s = p.factors[d_acts_last ? i + 1 : i];
      const PadCore* pad = as_pad(s);
      if (as_diagonal(d) == nullptr || pad == nullptr || pad->pads(s.mode) != d_acts_last) continue;
      auto cut = cut_diagonal(d, s, d_acts_last);
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
