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
  // with_mode knows whether the names that a form shows allow it.
  factor.mode =
      node.form == nullptr ? node.core->canonical(node.mode) : with_mode(node, Mode::forward).mode;
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

const Side& own_input(const Node& node) {
  const Signature& sig = node.core->signature();
  return transposes(node.mode) ? sig.output() : sig.input();
}

const Side& own_output(const Node& node) {
  const Signature& sig = node.core->signature();
  return transposes(node.mode) ? sig.input() : sig.output();
}

bool Joined::keeps(int dim) const noexcept {
  return std::find(in_dims.begin(), in_dims.end(), dim) != in_dims.end() &&
         std::find(out_dims.begin(), out_dims.end(), dim) != out_dims.end();
}

namespace {

// Numbers for `side`, those of terms that `other` has too being theirs.
std::vector<int> numbers(const Side& side,
                         const Side& other,
                         const std::vector<int>& of_other,
                         int& count) {
  std::vector<int> made;
  for (const Term& t : side) {
    const int at = find_term(other, t);
    made.push_back(at >= 0 ? of_other[static_cast<size_t>(at)] : count++);
  }
  return made;
}

bool has_repeated_names(const Side& side) {
  for (size_t i = 0; i < side.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (side[i].dim.name == side[k].dim.name) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<Joined> join(const Node& left, const Node& right) {
  if (left.form != nullptr || right.form != nullptr || !junction(left, right)) return std::nullopt;
  const Side &lin = own_input(left), &lout = own_output(left);
  const Side &rin = own_input(right), &rout = own_output(right);
  Joined j;
  j.right_in = numbers(rin, {}, {}, j.count);
  j.right_out = numbers(rout, rin, j.right_in, j.count);
  const size_t both = std::min(lin.size(), rout.size());
  const size_t more_left = lin.size() - both, more_right = rout.size() - both;
  for (size_t i = 0; i < more_left; ++i) j.left_in.push_back(j.count++);
  j.left_in.insert(j.left_in.end(), j.right_out.begin() + static_cast<ptrdiff_t>(more_right),
                   j.right_out.end());
  j.left_out = numbers(lout, lin, j.left_in, j.count);

  std::vector<int64_t> extents(static_cast<size_t>(j.count), kUnknown);
  const auto know = [&](const Side& side, const std::vector<int>& dims) {
    for (size_t i = 0; i < side.size(); ++i) {
      if (side[i].extent != kUnknown) extents[static_cast<size_t>(dims[i])] = side[i].extent;
    }
  };
  know(lin, j.left_in);
  know(lout, j.left_out);
  know(rin, j.right_in);
  know(rout, j.right_out);
  const auto put = [&](Side& side, std::vector<int>& dims, const Term& t, int dim) {
    side.push_back(t);
    side.back().dim.primes = 0;
    side.back().extent = extents[static_cast<size_t>(dim)];
    dims.push_back(dim);
  };
  for (size_t i = 0; i < more_left; ++i) put(j.in, j.in_dims, lin[i], j.left_in[i]);
  for (size_t i = 0; i < rin.size(); ++i) put(j.in, j.in_dims, rin[i], j.right_in[i]);
  for (size_t i = 0; i < more_right; ++i) put(j.out, j.out_dims, rout[i], j.right_out[i]);
  for (size_t i = 0; i < lout.size(); ++i) put(j.out, j.out_dims, lout[i], j.left_out[i]);
  if (has_repeated_names(j.in) || has_repeated_names(j.out)) return std::nullopt;
  for (size_t i = 0; i < j.out.size(); ++i) {
    for (size_t k = 0; k < j.in.size(); ++k) {
      if (j.in[k].dim.name != j.out[i].dim.name) continue;
      if (j.in_dims[k] != j.out_dims[i]) j.out[i].dim.primes = 1;
    }
  }
  // A kept dim whose name the other factor changed could not be told by names.
  for (size_t i = 0; i < j.out.size(); ++i) {
    for (size_t k = 0; k < j.in.size(); ++k) {
      if (j.in_dims[k] == j.out_dims[i] && !same_term(j.in[k], j.out[i])) return std::nullopt;
    }
  }
  return j;
}

}  // namespace lunops
