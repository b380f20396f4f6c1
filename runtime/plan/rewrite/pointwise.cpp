// SPDX-License-Identifier: MIT
// Neighbours that act element by element as one kernel: R29.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/container/add.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/pointwise.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/linop/field/cast.hpp"
#include "runtime/linop/field/conj.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

using Term = PointwiseCore::Term;
using Terms = std::vector<Term>;

bool is_conj(const Node& node) {
  return node.form == nullptr && dynamic_cast<const ConjCore*>(node.core.get()) != nullptr;
}

// What a narrowing Cast rounds away, nothing after it may still see.
bool keeps_precision(const Term& term) {
  bool has_narrowed = false;
  for (size_t i = term.factors.size(); i-- > 0;) {
    const CastCore* cast = as_cast(term.factors[i]);
    if (cast == nullptr) continue;
    if (!cast->widens(term.factors[i].mode)) {
      has_narrowed = true;
    } else if (has_narrowed) {
      return false;
    }
  }
  return true;
}

bool has_cast(const Terms& terms) {
  return std::any_of(terms.begin(), terms.end(), [](const Term& t) {
    return std::any_of(t.factors.begin(), t.factors.end(), as_cast);
  });
}

// Whether the kernel takes so many terms and weights.
bool is_small(const Terms& terms) {
  if (terms.size() > PointwiseSpec::kMostTerms) return false;
  const bool may_share = !has_cast(terms);  // weights of two precisions are two
  std::vector<const Core*> weights;
  for (const Term& t : terms) {
    int count = 0;
    for (const Node& f : t.factors) {
      if (as_diagonal(f) == nullptr) continue;
      ++count;
      const bool is_known =
          may_share && std::find(weights.begin(), weights.end(), f.core.get()) != weights.end();
      if (!is_known) weights.push_back(f.core.get());
    }
    if (count > PointwiseSpec::kMostFactors) return false;
  }
  return weights.size() <= PointwiseSpec::kMostWeights;
}

// The terms of left * right, where the kernel takes them.
std::optional<Terms> product_of(const Terms& left, const Terms& right, DType dtype) {
  if (left.size() > 1 && right.size() > 1) return std::nullopt;
  Terms made;
  for (const Term& l : left) {
    const bool flips = std::count_if(l.factors.begin(), l.factors.end(), is_conj) % 2 != 0;
    for (const Term& r : right) {
      const c128 scale = flips ? std::conj(r.scale) : r.scale;
      if (!may_multiply(l.scale, scale, dtype)) return std::nullopt;
      Term both{l.scale * scale, l.factors};
      both.factors.insert(both.factors.end(), r.factors.begin(), r.factors.end());
      if (!keeps_precision(both)) return std::nullopt;
      made.push_back(std::move(both));
    }
  }
  if (!is_small(made)) return std::nullopt;
  return made;
}

// Factors of a product that act element by element, from number `begin` on.
struct Run {
  size_t begin;
  Terms terms;
};
Run run_before(const std::vector<Node>& factors, size_t end, Builder& b);

// A node that acts element by element.
std::optional<Terms> terms_of(const Node& node, Builder& b) {
  if (const ScalarCore* s = as_scalar(node)) return Terms{{s->value(node.mode), {}}};
  if (as_diagonal(node) != nullptr || is_conj(node) || as_cast(node) != nullptr) {
    return Terms{{1.0, {node}}};
  }
  if (const PointwiseCore* p = as_pointwise(node); p != nullptr && node.mode == Mode::forward) {
    return p->terms();
  }
  if (as_add(node) == nullptr) return std::nullopt;
  std::vector<Product> products;
  collect_terms(node, products, b);
  merge_terms(products, b);
  Terms made;
  for (Product& p : products) {
    while (b.options().allows("diagonal") && merge_diagonals(p, b)) {
    }
    const Run run = run_before(p.factors, p.factors.size(), b);
    if (run.begin > 0) return std::nullopt;
    const auto scaled = product_of({{p.scale, {}}}, run.terms, b.input_dtype());
    if (!scaled) return std::nullopt;
    made.insert(made.end(), scaled->begin(), scaled->end());
  }
  if (made.empty() || !is_small(made)) return std::nullopt;
  return made;
}

Run run_before(const std::vector<Node>& factors, size_t end, Builder& b) {
  Run run{end, Terms(1)};
  while (run.begin > 0) {
    const auto left = terms_of(factors[run.begin - 1], b);
    auto made = left ? product_of(*left, run.terms, b.input_dtype()) : std::nullopt;
    if (!made) break;
    run.terms = std::move(*made);
    --run.begin;
  }
  return run;
}

// Whether the kernel would see short rows only: elements one after another along which each weight
// varies throughout or not at all.  Each row costs a call, and passes over memory then cost less:
// with rows of 8 they took half the time of the fused kernel, with rows of 512 three times as much.
bool has_short_rows(const Terms& terms, const Shape& x) {
  constexpr int64_t kShortest = 64, kSmall = 1024;
  if (x.count() <= kSmall) return false;  // a step less is worth more
  std::vector<Side> dims, weights;
  for (const Term& t : terms) {
    for (const Node& f : t.factors) {
      const DiagonalCore* d = as_diagonal(f);
      if (d == nullptr) continue;
      const Side& side = d->signature().input();
      dims.push_back(terms_at(side, places(side, d->signature().is_open(), x.ndim()), x.ndim()));
      weights.push_back(d->terms());
    }
  }
  const auto varies = [&](size_t weight, int dim) {
    const lunops::Term& t = dims[weight][static_cast<size_t>(dim)];
    return !t.dim.name.empty() && find_term(weights[weight], t) >= 0;
  };
  int64_t row = 1;
  int last = -1;
  for (int d = x.ndim(); d-- > 0;) {
    if (x.extent(d) == 1) continue;
    for (size_t w = 0; w < weights.size(); ++w) {
      if (last >= 0 && varies(w, d) != varies(w, last)) return row < kShortest;
    }
    row *= x.extent(d);
    last = d;
  }
  return false;
}

}  // namespace

bool fuse_pointwise(Product& p, Builder& b) {
  for (size_t end = p.factors.size(); end > 0; --end) {
    Run run = run_before(p.factors, end, b);
    const size_t count = end - run.begin;
    const bool is_sum =
        count == 1 && run.terms.size() > 1 && as_add(p.factors[run.begin]) != nullptr;
    if (count < 2 && !is_sum) continue;
    const std::optional<Shape> x = b.shape_into(p, end - 1);
    if (x && !b.options().deterministic && has_short_rows(run.terms, *x)) continue;
    const auto first = p.factors.begin() + static_cast<ptrdiff_t>(run.begin);
    const Product fused{1.0, {first, first + static_cast<ptrdiff_t>(count)}};
    std::string what;
    for (const Node& f : fused.factors) what += (what.empty() ? "" : " * ") + label_of(f);
    b.rewrote("R29", what + " -> one kernel");
    const Signature signature = operator_of(fused)->signature();
    replace(p, run.begin, count,
            Node{std::make_shared<PointwiseCore>(std::move(run.terms), signature), Mode::forward,
                 nullptr});
    return true;
  }
  return false;
}

}  // namespace lunops
