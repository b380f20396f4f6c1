// SPDX-License-Identifier: MIT
// Rules on Dense operators: R17.
#include <fmt/format.h>

#include "runtime/linop/bytes.hpp"
#include "runtime/linop/elementary/dense.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

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
  b.rewrote("R17",
            fmt::format("{} normal -> {} with weight {}", a.core->label(), fused->node.core->kind(),
                        bytes_text(static_cast<double>(fused->elements) * 8)));
  replace(p, found->begin, found->length, std::move(fused->node));
  return true;
}

}  // namespace lunops
