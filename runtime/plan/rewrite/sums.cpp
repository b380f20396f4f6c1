// SPDX-License-Identifier: MIT
// Rules on sums: R3, R18, R19.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/container/add.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/linop/elementary/zero.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

Product simple_product(const Node& node, Builder& b) {
  const bool simplify = b.options().rewrite;
  Product p = flatten(node, simplify);
  while (simplify && (drop_identities(p, b) || collect_scalars(p, b))) {
  }
  return p;
}

void collect_terms(const Node& add, std::vector<Product>& terms, Builder& b) {
  for (const Node& child : as_add(add)->children()) {
    Product p = simple_product(with_mode(child, add.mode), b);
    if (p.factors.size() == 1 && as_add(p.factors.front()) != nullptr) {
      std::vector<Product> inner;
      collect_terms(p.factors.front(), inner, b);
      const bool is_one_level = std::all_of(inner.begin(), inner.end(), [&](const Product& t) {
        return may_multiply(p.scale, t.scale, b.input_dtype());
      });
      if (is_one_level) {
        for (Product& t : inner) {
          t.scale *= p.scale;
          terms.push_back(std::move(t));
        }
        continue;
      }
    }
    terms.push_back(std::move(p));
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
    const c128 s = terms.front().scale;
    if (s != 1.0 && !(passes_scalar(p, i, s) && may_multiply(p.scale, s, b.input_dtype())))
      continue;
    const auto at = p.factors.erase(p.factors.begin() + static_cast<ptrdiff_t>(i));
    p.factors.insert(at, terms.front().factors.begin(), terms.front().factors.end());
    p.scale *= terms.front().scale;
    return true;
  }
  return false;
}

std::optional<Linop> operator_of(const Product& p) {
  if (p.factors.empty()) return std::nullopt;
  std::vector<Linop> factors;
  if (p.scale != 1.0) factors.push_back(Scalar(p.scale));
  for (const Node& f : p.factors) factors.emplace_back(f);
  return factors.size() == 1 ? factors.front() : Chain(factors);
}

namespace {

bool same_dims(const Side& a, const Side& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Term& p, const Term& q) {
    return p.kind == Term::Kind::dim && q.kind == Term::Kind::dim && p.dim.name == q.dim.name;
  });
}

// Terms i and j with their outermost (or first acting) factor taken out, or nothing.
std::optional<Product> without_common(const Product& a,
                                      const Product& c,
                                      bool is_left,
                                      const WorkersPtr& workers) {
  const auto end_of = [&](const Product& p) {
    return is_left ? p.factors.front() : p.factors.back();
  };
  if (a.factors.size() < 2 || c.factors.size() < 2) return std::nullopt;
  const Node common = end_of(a);
  if (is_barrier(common) || !same_node(common, end_of(c))) {
    return std::nullopt;
  }
  // s A B = A s B only for real s where A is real-linear.
  if (is_left && common.core->is_real_linear() &&
      (a.scale.imag() != 0.0 || c.scale.imag() != 0.0)) {
    return std::nullopt;
  }
  Product u = a, v = c;
  erase(u, is_left ? 0 : u.factors.size() - 1, 1);
  erase(v, is_left ? 0 : v.factors.size() - 1, 1);
  const auto x = operator_of(u), y = operator_of(v);
  if (!same_dims(x->signature().input(), y->signature().input()) ||
      !same_dims(x->signature().output(), y->signature().output())) {
    return std::nullopt;
  }
  Product made;
  made.factors.push_back(sum_of({x->node(), y->node()}, workers));
  made.factors.insert(is_left ? made.factors.begin() : made.factors.end(), common);
  return made;
}

// R18 on the first two terms that have an end in common.
bool factor_out_terms(std::vector<Product>& terms, const WorkersPtr& workers, Builder& b) {
  for (size_t i = 0; i < terms.size(); ++i) {
    for (size_t j = i + 1; j < terms.size(); ++j) {
      for (const bool is_left : {true, false}) {
        auto made = without_common(terms[i], terms[j], is_left, workers);
        if (!made) continue;
        const Node& common = is_left ? made->factors.front() : made->factors.back();
        b.rewrote("R18", fmt::format("{} taken out of a sum", label_of(common)));
        terms[i] = std::move(*made);
        terms.erase(terms.begin() + static_cast<ptrdiff_t>(j));
        return true;
      }
    }
  }
  return false;
}

}  // namespace

bool factor_out(Product& p, Builder& b) {
  for (size_t i = 0; i < p.factors.size(); ++i) {
    const AddCore* sum = as_add(p.factors[i]);
    if (sum == nullptr) continue;
    const WorkersPtr workers = sum->workers();  // what is left of the sum runs as the user said
    std::vector<Product> terms;
    collect_terms(p.factors[i], terms, b);
    merge_terms(terms, b);
    if (!factor_out_terms(terms, workers, b)) continue;
    while (factor_out_terms(terms, workers, b)) {
    }
    std::vector<Node> operators;
    for (const Product& t : terms) {
      operators.push_back((t.factors.empty() ? Scalar(t.scale) : *operator_of(t)).node());
    }
    replace(p, i, 1, sum_of(operators, workers));
    p = [&] {  // a sum of one term is that term
      Product flat;
      flat.scale = p.scale;
      for (const Node& f : p.factors) {
        const Product each = flatten(f, true);
        flat.scale *= each.scale;
        flat.factors.insert(flat.factors.end(), each.factors.begin(), each.factors.end());
      }
      return flat;
    }();
    return true;
  }
  return false;
}

}  // namespace lunops
