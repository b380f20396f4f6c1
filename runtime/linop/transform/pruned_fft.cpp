// SPDX-License-Identifier: MIT
#include "runtime/linop/transform/pruned_fft.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/moving/pad.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

// The factors in a mode, the transform and what is around it.
struct Around {
  Node crop, fft, pad;  // without a core: not there
};

Around around(const std::vector<Node>& parts, Mode mode) {
  Around made;
  for (const Node& part : parts) {
    const Node seen = with_mode(part, mode);
    const PadCore* pad = as_pad(seen);
    if (pad == nullptr) {
      made.fft = seen;
    } else if (pad->pads(seen.mode)) {
      made.pad = seen;
    } else {
      made.crop = seen;
    }
  }
  return made;
}

// How dims of a Pad or Crop face each other: by position in its result.
struct Changed {
  std::vector<int> source;
  std::vector<int64_t> large;  // extent of the larger side; kept dims: kWhole
};
constexpr int64_t kWhole = -2;

Changed changed_dims(const Node& node, int ndim) {
  Changed made;
  made.large.assign(static_cast<size_t>(ndim), kWhole);
  if (node.core == nullptr) {
    for (int i = 0; i < ndim; ++i) made.source.push_back(i);
    return made;
  }
  const PadCore& pad = *as_pad(node);
  const PairedDims dims = paired_dims(pad.signature(), pad.pairs(), node.mode, ndim);
  made.source = dims.source;
  const bool is_in_larger = pad.pads(Mode::adjoint);  // of the forward signature
  const Side side = terms_of(is_in_larger ? pad.signature().input() : pad.signature().output());
  for (size_t i = 0; i < dims.mixed.size(); ++i) {
    const TermPair& pair = pad.pairs()[i];
    const auto term = static_cast<size_t>(is_in_larger ? pair.in : pair.out);
    made.large[static_cast<size_t>(dims.mixed[i])] = side[term].extent;
  }
  return made;
}

// Of each dim of the result: where it was before each factor, and how long the transform is.
struct Positions {
  std::vector<int> before_crop, before_fft, before_pad;
  std::vector<bool> is_cropped, is_padded;
  std::vector<int64_t> length;
};

Positions positions_of(const Around& f, const Shape& x, const Shape& y) {
  const int ndim = y.ndim();
  const FftCore& fft = *as_fft(f.fft);
  const Changed crop = changed_dims(f.crop, ndim), pad = changed_dims(f.pad, ndim);
  const PairedDims turned = paired_dims(fft.signature(), fft.pairs(), f.fft.mode, ndim);
  Positions made;
  for (int i = 0; i < ndim; ++i) {
    const auto at = static_cast<size_t>(i);
    const int u = crop.source[at];
    const int v = turned.source[static_cast<size_t>(u)];
    const int w = pad.source[static_cast<size_t>(v)];
    made.before_crop.push_back(u);
    made.before_fft.push_back(v);
    made.before_pad.push_back(w);
    const int64_t cropped = crop.large[at], padded = pad.large[static_cast<size_t>(v)];
    made.is_cropped.push_back(cropped != kWhole);
    made.is_padded.push_back(padded != kWhole);
    int64_t n = padded == kWhole ? x.extent(w) : padded;
    if (n == kUnknown) n = cropped == kWhole ? y.extent(i) : cropped;
    made.length.push_back(n);
  }
  return made;
}

}  // namespace

void PrunedFftCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const Positions at_each = positions_of(around(parts_, mode), in, out);
  for (int i = 0; i < out.ndim(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (out.extent(i) == kUnknown && !at_each.is_cropped[at])
      out = out.with_extent(i, at_each.length[at]);
  }
}

void PrunedFftCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const Around f = around(parts_, mode);
  const Positions at_each = positions_of(f, x.shape, y.shape);
  const FftCore& fft = *as_fft(f.fft);
  const PairedDims turned = paired_dims(fft.signature(), fft.pairs(), f.fft.mode, y.shape.ndim());
  FftSpec spec;
  spec.extents = at_each.length;
  spec.y_strides = y.strides;
  std::vector<int64_t> x_extents;
  for (size_t i = 0; i < at_each.length.size(); ++i) {
    const int64_t n = at_each.length[i];
    const int64_t from = x.shape.extent(at_each.before_pad[i]);
    const int64_t to = y.shape.extent(static_cast<int>(i));
    const int64_t first = at_each.is_padded[i] ? as_pad(f.pad)->offset(n, from) : 0;
    const int64_t wanted = at_each.is_cropped[i] ? as_pad(f.crop)->offset(n, to) : 0;
    spec.x_strides.push_back(x.strides[static_cast<size_t>(at_each.before_pad[i])]);
    spec.x_window.push_back({first, from});
    spec.y_window.push_back({wanted, to});
    x_extents.push_back(from);
    if (from > n || to > n) {
      fail(Code::shape, "apply", "{} takes '{}' = {} out of {}; use Pad", label_of(f.crop),
           y.shape.dim(static_cast<int>(i)).text(), to, n);
    }
    const auto u = std::find(turned.mixed.begin(), turned.mixed.end(), at_each.before_crop[i]);
    if (u != turned.mixed.end()) spec.axes.push_back(static_cast<int>(i));
  }
  const Ref from = make_ref(x, x_extents, spec.x_strides);
  fft.lower(b, f.fft.mode, std::move(spec), x.dtype, from, make_ref(y), s);
}

const PrunedFftCore* as_pruned_fft(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const PrunedFftCore*>(node.core.get());
}

}  // namespace lunops
