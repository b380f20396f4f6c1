// SPDX-License-Identifier: MIT
// Rules on Diagonals: R6, R7, R8.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/elementary/dense.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

bool merge_diagonals(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const DiagonalCore* left = as_diagonal(p.factors[i]);
    const DiagonalCore* right = as_diagonal(p.factors[i + 1]);
    if (left == nullptr || right == nullptr) continue;
    const bool left_holds = is_subset(right->terms(), left->terms());
    if (!left_holds && !is_subset(left->terms(), right->terms())) continue;
    const DiagonalCore* wide = left_holds ? left : right;
    const WeightPtr w = weight_product(left->weight(), left->terms(), conjugates(p.factors[i].mode),
                                       right->weight(), right->terms(),
                                       conjugates(p.factors[i + 1].mode), wide->terms());
    b.rewrote("R6", fmt::format("{} * {} -> one Diagonal", left->label(), right->label()));
    replace(p, i, 2,
            Node{std::make_shared<DiagonalCore>(w, wide->terms(), wide->signature(), ""),
                 Mode::forward, nullptr});
    return true;
  }
  return false;
}

namespace {

// The Diagonal d on the other side of its neighbour a, which must keep all dims of its weight.
std::optional<Node> past(const Node& d, const Node& a, bool d_acts_last) {
  const auto j = d_acts_last ? join(d, a) : join(a, d);
  if (!j || is_barrier(a)) return std::nullopt;
  const DiagonalCore& diagonal = *as_diagonal(d);
  if (a.core->is_real_linear() && diagonal.weight()->is_complex()) return std::nullopt;
  const Side& own = diagonal.signature().input();
  const std::vector<int>& dims = d_acts_last ? j->left_in : j->right_in;
  const Side& side = d_acts_last ? j->in : j->out;
  const std::vector<int>& side_dims = d_acts_last ? j->in_dims : j->out_dims;
  Side shown;
  for (const Term& t : side) {
    shown.push_back(t);
    shown.back().dim.primes = 0;
  }
  Side terms;
  for (const Term& t : diagonal.terms()) {
    const int dim = dims[static_cast<size_t>(find_term(own, t))];
    const auto at = std::find(side_dims.begin(), side_dims.end(), dim);
    if (!j->keeps(dim) || at == side_dims.end()) return std::nullopt;
    terms.push_back(shown[static_cast<size_t>(at - side_dims.begin())]);
    terms.back().extent = kUnknown;
  }
  return Node{std::make_shared<DiagonalCore>(diagonal.weight(), terms, Signature(shown, shown),
                                             diagonal.name()),
              d.mode, nullptr};
}

// Whether R6 makes one of the two.
bool would_merge(const Node& moved, const Node& there) {
  const DiagonalCore &a = *as_diagonal(moved), &b = *as_diagonal(there);
  return is_subset(a.terms(), b.terms()) || is_subset(b.terms(), a.terms());
}

}  // namespace

bool move_diagonal(Product& p, Builder& b) {
  for (size_t i = 0; i + 2 < p.factors.size(); ++i) {
    const Node first = p.factors[i], middle = p.factors[i + 1], last = p.factors[i + 2];
    if (as_diagonal(first) == nullptr || as_diagonal(last) == nullptr) continue;
    if (const auto moved = past(first, middle, true); moved && would_merge(*moved, last)) {
      b.rewrote("R7", fmt::format("{} past {}", first.core->label(), middle.core->label()));
      p.factors[i] = middle;
      p.factors[i + 1] = *moved;
      return true;
    }
    if (const auto moved = past(last, middle, false); moved && would_merge(*moved, first)) {
      b.rewrote("R7", fmt::format("{} past {}", last.core->label(), middle.core->label()));
      p.factors[i + 1] = *moved;
      p.factors[i + 2] = middle;
      return true;
    }
  }
  return false;
}

namespace {

// The Dense w with the weight of its neighbour d, or nothing if that has dims that w lacks.
std::optional<Node> absorbed(const Node& w, const Node& d, bool d_acts_last) {
  const auto j = d_acts_last ? join(d, w) : join(w, d);
  if (!j) return std::nullopt;
  const DenseCore& dense = *as_dense(w);
  const DiagonalCore& diagonal = *as_diagonal(d);
  const Side& facing = d_acts_last ? own_output(w) : own_input(w);
  const std::vector<int>& facing_dims = d_acts_last ? j->right_out : j->left_in;
  const std::vector<int>& dims = d_acts_last ? j->left_in : j->right_in;
  Side terms;
  for (const Term& t : diagonal.terms()) {
    const int dim = dims[static_cast<size_t>(find_term(diagonal.signature().input(), t))];
    const auto at = std::find(facing_dims.begin(), facing_dims.end(), dim);
    if (at == facing_dims.end()) return std::nullopt;
    terms.push_back(facing[static_cast<size_t>(at - facing_dims.begin())]);
    if (find_term(dense.terms(), terms.back()) < 0) return std::nullopt;
  }
  const WeightPtr made =
      weight_product(dense.weight(), dense.terms(), false, diagonal.weight(), terms,
                     conjugates(d.mode) != conjugates(w.mode), dense.terms());
  return Node{std::make_shared<DenseCore>(made, dense.terms(), dense.signature(), dense.name(),
                                          dense.normal()),
              w.mode, nullptr};
}

}  // namespace

bool absorb_diagonal(Product& p, Builder& b) {
  // Whether it pays depends on extents that tiles cut.
  if (b.options().deterministic) return false;
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    for (const bool d_acts_last : {true, false}) {
      const size_t at = d_acts_last ? i : i + 1, of = d_acts_last ? i + 1 : i;
      const Node &d = p.factors[at], &w = p.factors[of];
      if (as_diagonal(d) == nullptr || as_dense(w) == nullptr) continue;
      // M of Aᴴ M A stays where R15 and R17 look for it.
      const size_t beyond = d_acts_last ? at - 1 : at + 1;
      const bool is_middle =
          beyond < p.factors.size() && same_node(p.factors[beyond], with_mode(w, Mode::adjoint));
      if (is_middle) continue;
      // One pass over the data less for each application, for one over the weight.
      const auto x = b.shape_into(p, at);
      const auto weight = static_cast<double>(as_dense(w)->weight()->count());
      if (x && 2.0 * b.applications() * static_cast<double>(x->count()) <= 3.0 * weight) continue;
      if (!fits_share_of_budget(b, weight, true)) continue;
      auto made = absorbed(w, d, d_acts_last);
      if (!made) continue;
      b.rewrote("R8", fmt::format("{} into {}", d.core->label(), w.core->label()));
      replace(p, i, 2, std::move(*made));
      return true;
    }
  }
  return false;
}

}  // namespace lunops
