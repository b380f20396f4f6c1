// SPDX-License-Identifier: MIT
// Neighbours of one kind that are one operator: R24, R25, R26, R27.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/elementary/kronecker.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/linop/field/cast.hpp"
#include "runtime/linop/moving/repeat.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/system/to_device.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

// The two operands of a Kronecker in the mode that it stands in.
struct Operands {
  Node a, b;
};

std::optional<Operands> operands_of(const Node& node) {
  const KroneckerCore* k = as_kronecker(node);
  if (k == nullptr) return std::nullopt;
  return Operands{with_mode(k->left(), node.mode), with_mode(k->right(), node.mode)};
}

// The dims that `right` writes are those that `left` reads, and no others.
bool fit(const Node& left, const Node& right) {
  const Side in = signature_of(left).input(), out = signature_of(right).output();
  return std::equal(in.begin(), in.end(), out.begin(), out.end(),
                    [](const Term& a, const Term& b) { return a.dim.name == b.dim.name; });
}

// R12 on one operand.
bool undo_each_other(const Node& left, const Node& right) {
  return right.core->is_isometry(right.mode) && same_node(left, with_mode(right, Mode::adjoint));
}

int position_of(const std::vector<int>& dims, int dim) {
  const auto at = std::find(dims.begin(), dims.end(), dim);
  return at == dims.end() ? -1 : static_cast<int>(at - dims.begin());
}

bool shares_names(const Signature& a, const Signature& b) {
  const std::vector<Dim> left = a.dims(), right = b.dims();
  return std::any_of(left.begin(), left.end(), [&](const Dim& d) {
    return std::any_of(right.begin(), right.end(), [&](const Dim& e) { return d.name == e.name; });
  });
}

// Elements of the dims of A and of B in one array between the factors; nothing if one is unknown.
struct Sizes {
  double a = 1, b = 1;
};
std::optional<Sizes> sizes(const Shape& shape, size_t of_a, size_t of_b) {
  Sizes s;
  const int n = shape.ndim();
  for (int i = n - static_cast<int>(of_a + of_b); i < n; ++i) {
    if (shape.extent(i) == kUnknown) return std::nullopt;
    (i < n - static_cast<int>(of_b) ? s.a : s.b) *= static_cast<double>(shape.extent(i));
  }
  return s;
}

// Products of one application of A ⊗ B to an array, as matrices, in the better order.
double products(const Sizes& x, const Sizes& y) {
  return std::min(x.a * x.b * y.b + x.a * y.a * y.b, x.a * x.b * y.a + x.b * y.a * y.b);
}

// The same of AC ⊗ BD, of which each operand keeps its two factors.
double products(const Sizes& x, const Sizes& m, const Sizes& y) {
  const double to_b = x.b * m.b + m.b * y.b, to_a = x.a * m.a + m.a * y.a;
  return std::min(x.a * to_b + y.b * to_a, x.b * to_a + y.a * to_b);
}

}  // namespace

bool join_kroneckers(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const Node &left = p.factors[i], &right = p.factors[i + 1];
    const auto l = operands_of(left), r = operands_of(right);
    if (!l || !r || !junction(left, right) || !fit(l->a, r->a) || !fit(l->b, r->b)) continue;
    const Linop first = Linop(l->a) * Linop(r->a), second = Linop(l->b) * Linop(r->b);
    if (shares_names(first.signature(), second.signature())) continue;
    const auto x = b.shape_into(p, i + 1), middle = b.shape_into(p, i);
    if (!x || !middle) continue;
    const Signature &c = signature_of(r->a), &d = signature_of(r->b);
    const auto in = sizes(*x, c.input().size(), d.input().size());
    const auto between = sizes(*middle, c.output().size(), d.output().size());
    const auto out = sizes(output_of(left, *middle), first.signature().output().size(),
                           second.signature().output().size());
    if (!in || !between || !out) continue;
    if (products(*in, *between, *out) > products(*in, *between) + products(*between, *out)) {
      continue;
    }
    b.rewrote("R25",
              fmt::format("{} * {} -> one Kronecker", left.core->label(), right.core->label()));
    const bool a_vanishes = undo_each_other(l->a, r->a), b_vanishes = undo_each_other(l->b, r->b);
    if (a_vanishes && b_vanishes) {
      erase(p, i, 2);
    } else if (a_vanishes) {
      replace(p, i, 2, second.node());  // the dims of A are batch dims
    } else {
      replace(p, i, 2, kronecker(first.node(), second.node(), ""));
    }
    return true;
  }
  return false;
}

bool join_devices(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const auto last = as_to_device(p.factors[i]), first = as_to_device(p.factors[i + 1]);
    if (!last || !first || first->target != last->source) continue;
    if (p.factors[i].core->signature() != p.factors[i + 1].core->signature()) continue;
    const bool returns = first->source == last->target;
    b.rewrote("R27", fmt::format("{} -> {} -> {} -> {}", first->source.text(), first->target.text(),
                                 last->target.text(), returns ? "none" : "one ToDevice"));
    if (returns) {
      erase(p, i, 2);
    } else {
      replace(p, i, 2, ToDevice(first->source, last->target, {}).node());
    }
    return true;
  }
  return false;
}

namespace {

// Numbers of the dims that stand on one side of a factor only.
std::vector<int> only(const std::vector<int>& side, const std::vector<int>& other) {
  std::vector<int> dims;
  for (const int d : side) {
    if (std::find(other.begin(), other.end(), d) == other.end()) dims.push_back(d);
  }
  std::sort(dims.begin(), dims.end());
  return dims;
}

// The copies that `right` makes and `left` adds up, where it adds up all of them and nothing else.
std::optional<double> copies(const Product& p, size_t i, const Joined& j, const Builder& b) {
  if (j.in_dims != j.out_dims || only(j.right_out, j.right_in) != only(j.left_in, j.left_out)) {
    return std::nullopt;
  }
  const auto x = b.shape_into(p, i + 1), middle = b.shape_into(p, i);
  if (!x || !middle) return std::nullopt;
  double count = 1;
  for (size_t k = 0; k < j.right_out.size(); ++k) {
    if (position_of(j.right_in, j.right_out[k]) >= 0) continue;
    count *= static_cast<double>(
        middle->extent(middle->ndim() - static_cast<int>(j.right_out.size() - k)));
  }
  return count;
}

}  // namespace

bool join_repeats(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const Node left = p.factors[i], right = p.factors[i + 1];
    const RepeatCore *l = as_repeat(left), *r = as_repeat(right);
    if (l == nullptr || r == nullptr || !l->sums(left.mode) || r->sums(right.mode)) continue;
    const auto j = join(left, right);
    const auto count = j ? copies(p, i, *j, b) : std::nullopt;
    if (!count) continue;
    b.rewrote("R24", fmt::format("{} * {} -> {:g} times the identity", label_of(left),
                                 label_of(right), *count));
    Side side = j->in;
    for (Term& t : side) t.dim.primes = 0;
    replace(p, i, 2,
            Node{std::make_shared<ScalarCore>(*count, Signature(side, side), ""), Mode::forward,
                 nullptr});
    return true;
  }
  return false;
}

bool join_casts(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const Node &left = p.factors[i], &right = p.factors[i + 1];
    const CastCore *l = as_cast(left), *r = as_cast(right);
    // There are two precisions, so that the second of two Casts gives back the first.
    if (l == nullptr || r == nullptr || !r->widens(right.mode) || l->widens(left.mode)) continue;
    if (!junction(left, right)) continue;
    b.rewrote("R26", fmt::format("{} * {} -> none", label_of(left), label_of(right)));
    erase(p, i, 2);
    return true;
  }
  return false;
}

}  // namespace lunops
