// SPDX-License-Identifier: MIT
// Rules on Fourier transforms: R22.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/transform/fft.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

// The pairs of the product, by position in its sides; nothing if a dim is transformed twice.
std::optional<std::vector<TermPair>> joined_pairs(const Joined& j,
                                                  const FftCore& left,
                                                  const FftCore& right) {
  const auto at = [](const std::vector<int>& dims, int dim) {
    const auto found = std::find(dims.begin(), dims.end(), dim);
    return found == dims.end() ? -1 : static_cast<int>(found - dims.begin());
  };
  std::vector<TermPair> pairs;
  const auto take = [&](const FftCore& f, const std::vector<int>& in, const std::vector<int>& out) {
    for (const TermPair& pair : f.pairs()) {
      const TermPair made{at(j.in_dims, in[static_cast<size_t>(pair.in)]),
                          at(j.out_dims, out[static_cast<size_t>(pair.out)])};
      if (made.in < 0 || made.out < 0) return false;
      pairs.push_back(made);
    }
    return true;
  };
  if (!take(right, j.right_in, j.right_out) || !take(left, j.left_in, j.left_out)) {
    return std::nullopt;
  }
  return pairs;
}

}  // namespace

bool merge_ffts(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    if (as_fft(p.factors[i]) == nullptr || as_fft(p.factors[i + 1]) == nullptr) continue;
    const Mode mode = p.factors[i].mode;
    if (mode != p.factors[i + 1].mode) continue;
    // (G F)ᴴ = Fᴴ Gᴴ: the product is made of the forward transforms and seen in their mode.
    const Node left = with_mode(p.factors[transposes(mode) ? i + 1 : i], mode);
    const Node right = with_mode(p.factors[transposes(mode) ? i : i + 1], mode);
    const auto j = join(left, right);
    if (!j) continue;
    const auto pairs = joined_pairs(*j, *as_fft(left), *as_fft(right));
    if (!pairs) continue;
    auto core = as_fft(left)->merged(*as_fft(right), *pairs, Signature(j->in, j->out));
    if (core == nullptr) continue;
    b.rewrote("R22", fmt::format("{} * {} -> one FFT", p.factors[i].core->label(),
                                 p.factors[i + 1].core->label()));
    replace(p, i, 2, Node{std::move(core), mode, nullptr});
    return true;
  }
  return false;
}

}  // namespace lunops
