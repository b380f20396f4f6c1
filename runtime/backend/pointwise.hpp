// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "runtime/backend/view.hpp"

namespace lunops {

// A sum of terms, each a multiple of x or conj(x) times weights; weights are numbers among those of
// the call, so that terms may share one.
struct PointwiseSpec {
  static constexpr int kMostTerms = 4;
  static constexpr int kMostFactors = 4;  // weights of one term
  static constexpr int kMostWeights = 8;  // of all terms

  struct Term {
    c128 scale{1.0, 0.0};
    bool conjugate = false;  // of x
    int count = 0;
    std::array<int, kMostFactors> weight{};
    std::array<bool, kMostFactors> conjugate_weight{};
  };
  std::array<Term, kMostTerms> terms;
  int count = 0;
  bool deterministic = false;  // the same operations whichever dims the weights lack
};

}  // namespace lunops
