// SPDX-License-Identifier: MIT
#include "runtime/plan/rewrite/product.hpp"

#include <algorithm>
#include <array>

#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/normal.hpp"

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
  Node factor = node;
  factor.mode = node.core->canonical(node.mode);
  p.factors.push_back(std::move(factor));
}

bool is_plain(const Signature& sig) {
  if (!sig.is_open()) return false;
  for (const Side* side : {&sig.input(), &sig.output()}) {
    for (const Term& t : *side) {
      if (t.kind != Term::Kind::dim) return false;
    }
  }
  return true;
}

}  // namespace

Product flatten(const Node& node, bool simplify) {
  Product p;
  flatten_into(node, simplify, p);
  return p;
}

void replace(Product& p, size_t first, size_t count, Node by) {
  p.factors[first] = std::move(by);
  erase(p, first + 1, count - 1);
}

void erase(Product& p, size_t first, size_t count) {
  const auto at = p.factors.begin() + static_cast<ptrdiff_t>(first);
  p.factors.erase(at, at + static_cast<ptrdiff_t>(count));
}

bool same_factors(const Product& a, const Product& b) {
  return std::equal(a.factors.begin(), a.factors.end(), b.factors.begin(), b.factors.end(),
                    same_node);
}

bool is_subset(const Side& part, const Side& of) {
  return std::all_of(part.begin(), part.end(),
                     [&](const Term& t) { return find_term(of, t) >= 0; });
}

bool is_barrier(const Node& node) {
  static constexpr std::array<std::string_view, 5> kKinds = {"Trace", "Breakpoint", "Custom",
                                                             "Sleep", "ToDevice"};
  const std::string_view kind = node.core->kind();
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

bool has_barrier(const Product& p) {
  return std::any_of(p.factors.begin(), p.factors.end(), is_barrier);
}

std::optional<Junction> junction(const Node& left, const Node& right) {
  const Signature a = signature_of(left), b = signature_of(right);
  if (!is_plain(a) || !is_plain(b)) return std::nullopt;
  Junction j{a.input(), b.output(), std::min(a.input().size(), b.output().size())};
  for (size_t k = 1; k <= j.both; ++k) {
    if (j.in[j.in.size() - k].dim.name != j.out[j.out.size() - k].dim.name) return std::nullopt;
  }
  return j;
}

}  // namespace lunops
