// SPDX-License-Identifier: MIT
// Rules on Diagonals: R6.
#include <fmt/format.h>

#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

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
    b.rewrote("R6", fmt::format("{} * {} -> one Diagonal", left->label(), right->label()));
    replace(p, i, 2,
            Node{std::make_shared<DiagonalCore>(w, wide->terms(), wide->signature(), ""),
                 Mode::forward, nullptr});
    return true;
  }
  return false;
}

}  // namespace lunops
