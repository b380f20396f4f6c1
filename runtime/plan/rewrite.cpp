// SPDX-License-Identifier: MIT
#include "runtime/plan/rewrite.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/bytes.hpp"
#include "runtime/linop/container/add.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/normal.hpp"
#include "runtime/linop/elementary/dense.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/elementary/scalar.hpp"

namespace lunops {

namespace {

void flatten_into(const Node& node, bool simplify, Product& p) {
  const auto each = [&](const std::vector<Node>& factors) {
    for (const Node& f : factors) flatten_into(f, simplify, p);
  };
  if (const ChainCore* chain = as_chain(node)) return each(chain->factors(node.mode));
  if (const NormalCore* normal = as_normal(node)) return each(normal->factors(node.mode));
  if (simplify && node.form != nullptr) {
    if (const auto core = node.core->shown_as(node.form->signature)) {
      return flatten_into(Node{core, node.mode, nullptr}, simplify, p);
    }
  }
  if (simplify) {
    if (const ScalarCore* scalar = as_scalar(node)) {
      const c128 s = scalar->value(node.mode);
      const bool commutes =
          s.imag() == 0.0 || std::none_of(p.factors.begin(), p.factors.end(),
                                          [](const Node& f) { return f.core->is_real_linear(); });
      if (commutes) {
        p.scale *= s;
        return;
      }
    }
    if (dynamic_cast<const IdentityCore*>(node.core.get()) != nullptr) return;
  }
  Node factor = node;
  factor.mode = node.core->canonical(node.mode);  // R28
  p.factors.push_back(std::move(factor));
}

bool same_factors(const Product& a, const Product& b) {
  return std::equal(a.factors.begin(), a.factors.end(), b.factors.begin(), b.factors.end(),
                    same_node);
}

bool is_subset(const Side& part, const Side& of) {
  return std::all_of(part.begin(), part.end(),
                     [&](const Term& t) { return find_term(of, t) >= 0; });
}

}  // namespace

Product flatten(const Node& node, bool simplify) {
  Product p;
  flatten_into(node, simplify, p);
  return p;
}

void collect_terms(const Node& add, std::vector<Product>& terms) {
  const AddCore* sum = as_add(add);
  for (const Node& child : sum->children()) {
    const Node term = with_mode(child, add.mode);
    Product p = flatten(term, true);
    if (p.factors.size() == 1 && as_add(p.factors.front()) != nullptr) {
      const size_t first = terms.size();
      collect_terms(p.factors.front(), terms);
      for (size_t i = first; i < terms.size(); ++i) terms[i].scale *= p.scale;
    } else {
      terms.push_back(std::move(p));
    }
  }
}

void merge_terms(std::vector<Product>& terms, Builder& b) {
  const size_t before = terms.size();
  for (size_t i = 0; i < terms.size(); ++i) {
    for (size_t j = terms.size(); --j > i;) {
      if (!same_factors(terms[i], terms[j])) continue;
      terms[i].scale += terms[j].scale;
      terms.erase(terms.begin() + static_cast<ptrdiff_t>(j));
    }
  }
  std::erase_if(terms, [](const Product& p) { return p.scale == 0.0; });

  // One Diagonal takes in the others whose dims are among its own, and multiples of the identity.
  const auto diagonal_of = [](const Product& p) {
    return p.factors.size() == 1 ? as_diagonal(p.factors.front()) : nullptr;
  };
  const DiagonalCore* largest = nullptr;
  for (const Product& p : terms) {
    const DiagonalCore* d = diagonal_of(p);
    if (d != nullptr && (largest == nullptr || d->terms().size() > largest->terms().size())) {
      largest = d;
    }
  }
  if (largest != nullptr) {
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
    if (taken.size() > 1) {
      const auto core = std::make_shared<DiagonalCore>(weight_sum(parts, largest->terms()),
                                                       largest->terms(), largest->signature(), "");
      terms[taken.front()] = Product{1.0, {Node{core, Mode::forward, nullptr}}};
      for (size_t k = taken.size(); --k > 0;) {
        terms.erase(terms.begin() + static_cast<ptrdiff_t>(taken[k]));
      }
    }
  }
  if (terms.size() < before) {
    b.rewrote(fmt::format("sum of {} terms -> {}", before, terms.size()));
  }
}

bool merge_sums(Product& p, Builder& b) {
  for (size_t i = 0; i < p.factors.size(); ++i) {
    if (as_add(p.factors[i]) == nullptr) continue;
    std::vector<Product> terms;
    collect_terms(p.factors[i], terms);
    merge_terms(terms, b);
    if (terms.size() != 1) continue;
    const auto at = p.factors.erase(p.factors.begin() + static_cast<ptrdiff_t>(i));
    p.factors.insert(at, terms.front().factors.begin(), terms.front().factors.end());
    p.scale *= terms.front().scale;
    return true;
  }
  return false;
}

bool drop_isometries(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const Node& right = p.factors[i + 1];
    if (!right.core->is_isometry(right.mode)) continue;
    if (!same_node(p.factors[i], with_mode(right, Mode::adjoint))) continue;
    b.rewrote(fmt::format("{} normal -> Identity", right.core->label()));
    p.factors.erase(p.factors.begin() + static_cast<ptrdiff_t>(i),
                    p.factors.begin() + static_cast<ptrdiff_t>(i) + 2);
    return true;
  }
  return false;
}

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
    b.rewrote(fmt::format("{} * {} -> one Diagonal", left->label(), right->label()));
    p.factors[i] = Node{std::make_shared<DiagonalCore>(w, wide->terms(), wide->signature(), ""),
                        Mode::forward, nullptr};
    p.factors.erase(p.factors.begin() + static_cast<ptrdiff_t>(i) + 1);
    return true;
  }
  return false;
}

namespace {

// Positions of A^H, an optional factor M, and A in a product; end - begin is 2 or 3.
struct Sandwich {
  size_t begin = 0;
  const Node* middle = nullptr;
  size_t length = 0;
};

template <class Accept>
std::optional<Sandwich> find_sandwich(const std::vector<Node>& f, const Accept& accept) {
  for (size_t i = 0; i + 1 < f.size(); ++i) {
    for (const size_t length : {size_t{2}, size_t{3}}) {
      if (i + length > f.size()) continue;
      const Node& a = f[i + length - 1];
      if (!accept(a) || !same_node(f[i], with_mode(a, Mode::adjoint))) continue;
      return Sandwich{i, length == 3 ? &f[i + 1] : nullptr, length};
    }
  }
  return std::nullopt;
}

void replace(std::vector<Node>& f, const Sandwich& at, Node by) {
  f[at.begin] = std::move(by);
  f.erase(f.begin() + static_cast<ptrdiff_t>(at.begin) + 1,
          f.begin() + static_cast<ptrdiff_t>(at.begin + at.length));
}

}  // namespace

bool fuse_dense_normal(Product& p, Builder& b) {
  using Choice = PlanOptions::Dense;
  if (b.options().dense == Choice::pair) return false;
  const auto found = find_sandwich(p.factors, [](const Node& n) { return as_dense(n) != nullptr; });
  if (!found) return false;
  const Node& a = p.factors[found->begin + found->length - 1];
  auto fused = fuse_dense(a, found->middle);
  if (!fused) return false;
  // operators.md, rule of Dense: building costs n m products per kept index, each application of
  // the pair 2 m of the fused form n.
  const double r = b.applications();
  const double n = fused->n, m = fused->m;
  const bool pays = r * (2 * m - n) > n * m && n <= m;
  if (b.options().dense == Choice::automatic && !pays) return false;
  b.rewrote(fmt::format("{} normal -> {} with weight {}", a.core->label(), fused->node.core->kind(),
                        bytes_text(static_cast<double>(fused->elements) * 8)));
  replace(p.factors, *found, std::move(fused->node));
  return true;
}

void rewrite(Product& p, Builder& b) {
  for (bool changed = true; changed;) {
    changed = merge_sums(p, b) || drop_isometries(p, b) || merge_diagonals(p, b) ||
              fuse_dense_normal(p, b) || fold_nufft_normal(p, b) || attach_maps(p, b);
  }
}

}  // namespace lunops
