// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/paired.hpp"

#include "runtime/linop/elementary/identity.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

Mode PairedCore::canonical(Mode mode) const noexcept {
  return transposes(mode) && !is_self_adjoint() ? Mode::adjoint : Mode::forward;
}

std::optional<Node> PairedCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  return Node{identity_like(signature(mode)), Mode::forward, nullptr};
}

void PairedCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const PairedDims from = dims(mode, out.ndim());
  for (const int at : from.mixed) {
    if (out.extent(at) == kUnknown) {
      out = out.with_extent(at, in.extent(from.source[static_cast<size_t>(at)]));
    }
  }
}

Operand PairedCore::reordered(const Operand& x, const PairedDims& dims) {
  Operand moved = x;
  std::vector<Dim> names;
  std::vector<int64_t> extents;
  for (size_t i = 0; i < dims.source.size(); ++i) {
    names.push_back(x.shape.dim(dims.source[i]));
    extents.push_back(x.shape.extent(dims.source[i]));
    moved.strides[i] = x.strides[static_cast<size_t>(dims.source[i])];
  }
  moved.shape = Shape(std::move(names), std::move(extents));
  return moved;
}

void PairedCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  b.copy(*view(mode, x), y, s);
}

}  // namespace lunops
