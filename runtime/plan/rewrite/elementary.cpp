// SPDX-License-Identifier: MIT
// Rules on Identity, Zero, Scalar and isometries: R2, R3, R5, R12.
#include <algorithm>

#include <fmt/format.h>

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

bool collect_scalars(Product& p, Builder& b) {
  for (size_t i = 0; i < p.factors.size(); ++i) {
    const ScalarCore* scalar = as_scalar(p.factors[i]);
    if (scalar == nullptr) continue;
    const c128 s = scalar->value(p.factors[i].mode);
    const bool commutes =
        s.imag() == 0.0 || std::none_of(p.factors.begin(), p.factors.begin() + i,
                                        [](const Node& f) { return f.core->is_real_linear(); });
    if (!commutes) continue;
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

}  // namespace lunops
