// SPDX-License-Identifier: MIT
// Rules on Fourier transforms of padded and cropped arrays: R23.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/moving/pad.hpp"
#include "runtime/linop/transform/pruned_fft.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

std::vector<Node> parts_of(const Node& node) {
  if (const PrunedFftCore* pruned = as_pruned_fft(node)) return pruned->parts();
  return {node};
}

// Numbers in a Joined of the dims that an FFT or a Pad changes, on its input or its output.
template <class C>
std::vector<int> mixed_dims(const C& core, Mode mode, const std::vector<int>& own, bool on_input) {
  std::vector<int> dims;
  for (const TermPair& pair : core.pairs()) {
    const int term = on_input != transposes(mode) ? pair.in : pair.out;
    dims.push_back(own[static_cast<size_t>(term)]);
  }
  return dims;
}

// The transform takes every dim that the Pad or Crop changes.
bool transforms_all(const Node& fft, const Node& pad, bool pads) {
  const auto j = pads ? join(fft, pad) : join(pad, fft);
  if (!j) return false;
  const std::vector<int> changed =
      mixed_dims(*as_pad(pad), pad.mode, pads ? j->right_out : j->left_in, !pads);
  const std::vector<int> turned =
      mixed_dims(*as_fft(fft), fft.mode, pads ? j->left_in : j->right_out, pads);
  return std::all_of(changed.begin(), changed.end(), [&](int dim) {
    return std::find(turned.begin(), turned.end(), dim) != turned.end();
  });
}

// Extents that a Pad or Crop can have: where they are not, it says so itself.
bool fits(const Node& pad, const Shape& in) {
  const PadCore& core = *as_pad(pad);
  const PairedDims dims = paired_dims(core.signature(), core.pairs(), pad.mode, in.ndim());
  const Side out = terms_of(own_output(pad));
  for (size_t i = 0; i < dims.mixed.size(); ++i) {
    const TermPair& pair = core.pairs()[i];
    const int64_t from = in.extent(dims.source[static_cast<size_t>(dims.mixed[i])]);
    const int64_t to = out[static_cast<size_t>(transposes(pad.mode) ? pair.in : pair.out)].extent;
    if (to == kUnknown && core.pads(pad.mode)) return false;
    if (core.pads(pad.mode) ? from > to : from < to) return false;
  }
  return true;
}

}  // namespace

bool prune_ffts(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const Node left = p.factors[i], right = p.factors[i + 1];
    const bool pads = as_pad(right) != nullptr;
    const Node& transform = pads ? left : right;
    const Node& pad = pads ? right : left;
    if (as_pad(pad) == nullptr || as_pad(pad)->pads(pad.mode) != pads) continue;
    if (as_fft(transform) == nullptr && as_pruned_fft(transform) == nullptr) continue;
    std::vector<Node> parts = parts_of(transform);
    const Node& outermost = pads ? parts.back() : parts.front();
    if (as_fft(outermost) == nullptr) continue;
    const auto in = b.shape_into(p, pads ? i + 1 : i);
    if (!in || !fits(pad, *in) || !transforms_all(outermost, pad, pads)) continue;
    const auto j = join(left, right);
    if (!j) continue;
    parts.insert(pads ? parts.end() : parts.begin(), pad);
    b.rewrote("R23", fmt::format("{} * {} -> pruned FFT", left.core->label(), right.core->label()));
    replace(p, i, 2,
            Node{std::make_shared<PrunedFftCore>(std::move(parts), Signature(j->in, j->out)),
                 Mode::forward, nullptr});
    return true;
  }
  return false;
}

}  // namespace lunops
