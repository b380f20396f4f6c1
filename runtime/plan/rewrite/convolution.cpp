// SPDX-License-Identifier: MIT
// Rules on Convolutions: R21.
#include "runtime/linop/transform/convolution.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

int position_of(const std::vector<int>& dims, int dim) {
  const auto at = std::find(dims.begin(), dims.end(), dim);
  return at == dims.end() ? -1 : static_cast<int>(at - dims.begin());
}

// left * right, both forward; null where they do not convolve the same dims.
std::shared_ptr<const Core> one_convolution(const Node& left, const Node& right) {
  const ConvolutionCore &l = *as_convolution(left), &r = *as_convolution(right);
  const auto j = join(left, right);
  if (!j || l.lines().size() != r.lines().size()) return nullptr;
  std::vector<size_t> of_right;
  std::vector<std::pair<int, int>> ends;
  for (const auto& line : l.lines()) {
    const int middle = j->left_in[static_cast<size_t>(line.in)];
    const auto found = std::find_if(r.lines().begin(), r.lines().end(), [&](const auto& other) {
      return j->right_out[static_cast<size_t>(other.out)] == middle;
    });
    if (found == r.lines().end()) return nullptr;
    of_right.push_back(static_cast<size_t>(found - r.lines().begin()));
    ends.emplace_back(position_of(j->in_dims, j->right_in[static_cast<size_t>(found->in)]),
                      position_of(j->out_dims, j->left_out[static_cast<size_t>(line.out)]));
    if (ends.back().first < 0 || ends.back().second < 0) return nullptr;
  }
  return l.after(r, of_right, ends, Signature(j->in, j->out));
}

}  // namespace

bool merge_convolutions(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const ConvolutionCore *l = as_convolution(p.factors[i]), *r = as_convolution(p.factors[i + 1]);
    if (l == nullptr || r == nullptr || !l->is_plain_circular() || !r->is_plain_circular())
      continue;
    const Mode mode = p.factors[i].mode;
    if (mode != p.factors[i + 1].mode) continue;
    // (B A)ᴴ = Aᴴ Bᴴ: the product is made of the forward convolutions and seen in their mode.
    const Node left = with_mode(p.factors[transposes(mode) ? i + 1 : i], mode);
    const Node right = with_mode(p.factors[transposes(mode) ? i : i + 1], mode);
    auto core = one_convolution(left, right);
    if (core == nullptr) continue;
    b.rewrote("R21", fmt::format("{} * {} -> one Convolution", p.factors[i].core->label(),
                                 p.factors[i + 1].core->label()));
    replace(p, i, 2, Node{std::move(core), mode, nullptr});
    return true;
  }
  return false;
}

}  // namespace lunops
