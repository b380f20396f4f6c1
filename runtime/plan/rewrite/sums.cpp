// SPDX-License-Identifier: MIT
// Rules on sums: R3, R18, R19.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/container/add.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/zero.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

void collect_terms(const Node& add, std::vector<Product>& terms, Builder& b) {
  const bool simplify = b.options().rewrite;
  for (const Node& child : as_add(add)->children()) {
    Product p = flatten(with_mode(child, add.mode), simplify);
    while (simplify && (drop_identities(p, b) || collect_scalars(p, b))) {
    }
    if (p.factors.size() == 1 && as_add(p.factors.front()) != nullptr) {
      const size_t first = terms.size();
      collect_terms(p.factors.front(), terms, b);
      for (size_t i = first; i < terms.size(); ++i) terms[i].scale *= p.scale;
    } else {
      terms.push_back(std::move(p));
    }
  }
}

namespace {

void add_up_equal_terms(std::vector<Product>& terms) {
  for (size_t i = 0; i < terms.size(); ++i) {
    for (size_t j = terms.size(); --j > i;) {
      if (!same_factors(terms[i], terms[j])) continue;
      terms[i].scale += terms[j].scale;
      terms.erase(terms.begin() + static_cast<ptrdiff_t>(j));
    }
  }
}

const DiagonalCore* diagonal_of(const Product& p) {
  return p.factors.size() == 1 ? as_diagonal(p.factors.front()) : nullptr;
}

// One Diagonal takes in the others whose dims are among its own, and multiples of the identity.
void add_up_diagonals(std::vector<Product>& terms) {
  const DiagonalCore* largest = nullptr;
  for (const Product& p : terms) {
    const DiagonalCore* d = diagonal_of(p);
    if (d != nullptr && (largest == nullptr || d->terms().size() > largest->terms().size())) {
      largest = d;
    }
  }
  if (largest == nullptr) return;
  std::vector<WeightTerm> parts;
  std::vector<size_t> taken;
  for (size_t i = 0; i < terms.size(); ++i) {
    const DiagonalCore* d = diagonal_of(terms[i]);
    if (d != nullptr && d->signature() == largest->signature() &&
        is_subset(d->terms(), largest->terms())) {
      parts.push_back(
          {terms[i].scale, d->weight(), d->terms(), conjugates(terms[i].factors.front().mode)});
    } else if (terms[i].factors.empty()) {
      parts.push_back({terms[i].scale, nullptr, {}, false});
    } else {
      continue;
    }
    taken.push_back(i);
  }
  if (taken.size() < 2) return;
  const auto core = std::make_shared<DiagonalCore>(weight_sum(parts, largest->terms()),
                                                   largest->terms(), largest->signature(), "");
  terms[taken.front()] = Product{1.0, {Node{core, Mode::forward, nullptr}}};
  for (size_t k = taken.size(); --k > 0;) {
    terms.erase(terms.begin() + static_cast<ptrdiff_t>(taken[k]));
  }
}

}  // namespace

void merge_terms(std::vector<Product>& terms, Builder& b) {
  if (b.options().allows("zero")) {
    const auto is_zero = [](const Product& p) {
      return !has_barrier(p) &&
             (p.scale == 0.0 || std::any_of(p.factors.begin(), p.factors.end(), as_zero));
    };
    if (std::erase_if(terms, is_zero) > 0) b.rewrote("R3", "Zero dropped from a sum");
  }
  if (!b.options().allows("sum")) return;
  const size_t before = terms.size();
  add_up_equal_terms(terms);
  std::erase_if(terms, [](const Product& p) { return p.scale == 0.0 && !has_barrier(p); });
  add_up_diagonals(terms);
  if (terms.size() < before) {
    b.rewrote("R19", fmt::format("sum of {} terms -> {}", before, terms.size()));
  }
}

bool merge_sums(Product& p, Builder& b) {
  for (size_t i = 0; i < p.factors.size(); ++i) {
    if (as_add(p.factors[i]) == nullptr) continue;
    std::vector<Product> terms;
    collect_terms(p.factors[i], terms, b);
    merge_terms(terms, b);
    if (terms.size() != 1) continue;
    // A complex scalar stays right of what is linear over the real numbers only.
    const bool is_blocked =
        terms.front().scale.imag() != 0.0 &&
        std::any_of(p.factors.begin(), p.factors.begin() + static_cast<ptrdiff_t>(i),
                    [](const Node& f) { return f.core->is_real_linear(); });
    if (is_blocked) continue;
    const auto at = p.factors.erase(p.factors.begin() + static_cast<ptrdiff_t>(i));
    p.factors.insert(at, terms.front().factors.begin(), terms.front().factors.end());
    p.scale *= terms.front().scale;
    return true;
  }
  return false;
}

}  // namespace lunops
