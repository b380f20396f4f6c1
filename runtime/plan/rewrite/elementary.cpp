// SPDX-License-Identifier: MIT
// Rules on Identity, Zero, Scalar and isometries, and exact normals: R2, R3, R5, R12, R13, R20.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/linop/elementary/zero.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

bool drop_identities(Product& p, Builder& b) {
  const auto is_identity = [](const Node& n) {
    return dynamic_cast<const IdentityCore*>(n.core.get()) != nullptr;
  };
  if (std::erase_if(p.factors, is_identity) == 0) return false;
  b.rewrote("R2", "Identity dropped");
  return true;
}

bool drop_zeros(Product& p, Builder& b) {
  const bool is_zero = p.scale == 0.0 || std::any_of(p.factors.begin(), p.factors.end(), as_zero);
  const bool is_done = p.scale == 1.0 && p.factors.size() == 1 && as_zero(p.factors.front());
  if (!is_zero || is_done || p.factors.empty() || has_barrier(p)) return false;
  b.rewrote("R3", "product with Zero -> Zero");
  // Alone in its product it writes the result's own shape, whatever its signature.
  p = Product{1.0, {Node{make_zero(Signature()), Mode::forward, nullptr}}};
  return true;
}

bool passes_scalar(const Product& p, size_t i, c128 s) {
  return std::none_of(p.factors.begin(), p.factors.begin() + static_cast<ptrdiff_t>(i),
                      [&](const Node& f) {
                        return is_barrier(f) || (s.imag() != 0.0 && f.core->is_real_linear());
                      });
}

bool collect_scalars(Product& p, Builder& b) {
  for (size_t i = 0; i < p.factors.size(); ++i) {
    const ScalarCore* scalar = as_scalar(p.factors[i]);
    if (scalar == nullptr) continue;
    const c128 s = scalar->value(p.factors[i].mode);
    if (!passes_scalar(p, i, s) || !may_multiply(p.scale, s, b.input_dtype())) continue;
    // The last step scales what it writes.
    b.rewrote("R5", "scalars into the last step");
    p.scale *= s;
    erase(p, i, 1);
    return true;
  }
  return false;
}

bool drop_isometries(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const Node& right = p.factors[i + 1];
    if (!right.core->is_isometry(right.mode) || is_barrier(right)) continue;
    if (!same_node(p.factors[i], with_mode(right, Mode::adjoint))) continue;
    b.rewrote("R12", fmt::format("{} normal -> Identity", right.core->label()));
    erase(p, i, 2);
    return true;
  }
  return false;
}

namespace {

std::string_view rule_of_normal(std::string_view kind) {
  if (kind == "Concat" || kind == "Stack") return "R20";
  return "R13";
}

bool take_exact_normal_at(Product& p, size_t i, size_t length, Builder& b) {
  const Node a = p.factors[i + length - 1];
  const bool is_candidate = a.form == nullptr && !is_barrier(a) && as_diagonal(a) == nullptr;
  if (!is_candidate || !same_node(p.factors[i], with_mode(a, Mode::adjoint))) return false;
  const auto exact = a.core->exact_normal(a.mode, length == 3 ? &p.factors[i + 1] : nullptr);
  if (!exact) return false;
  const Product made = flatten(*exact, true);
  b.rewrote(rule_of_normal(a.core->kind()),
            fmt::format("{} normal -> {}", a.core->label(), exact->core->label()));
  erase(p, i, length);
  p.factors.insert(p.factors.begin() + static_cast<ptrdiff_t>(i), made.factors.begin(),
                   made.factors.end());
  return true;
}

}  // namespace

bool take_exact_normal(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    for (const size_t length : {size_t{2}, size_t{3}}) {
      if (i + length <= p.factors.size() && take_exact_normal_at(p, i, length, b)) return true;
    }
  }
  return false;
}

}  // namespace lunops
