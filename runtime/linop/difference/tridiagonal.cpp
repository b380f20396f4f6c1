// SPDX-License-Identifier: MIT
#include "runtime/linop/difference/tridiagonal.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/difference/step.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

bool TridiagonalCore::Axis::operator==(const Axis& o) const noexcept {
  return line.lower == o.line.lower && line.diagonal == o.line.diagonal &&
         line.upper == o.line.upper && line.first == o.line.first && line.last == o.line.last &&
         line.is_circular == o.line.is_circular && shift == o.shift;
}

TridiagonalCore::TridiagonalCore(std::vector<Axis> axes,
                                 std::vector<TermPair> pairs,
                                 Signature signature,
                                 std::string name)
    : Core(std::move(signature), std::move(name)),
      axes_(std::move(axes)),
      pairs_(std::move(pairs)) {
  const Side in = terms_of(this->signature().input()), out = terms_of(this->signature().output());
  for (size_t i = 0; i < pairs_.size(); ++i) {
    const int64_t a = in[static_cast<size_t>(pairs_[i].in)].extent;
    const int64_t b = out[static_cast<size_t>(pairs_[i].out)].extent;
    is_piece_ = is_piece_ || axes_[i].shift != 0 || a != b;
  }
}

Mode TridiagonalCore::canonical(Mode mode) const noexcept {
  return transposes(mode) ? Mode::adjoint : Mode::forward;
}

bool TridiagonalCore::same(const Core& other) const {
  return axes_ == static_cast<const TridiagonalCore&>(other).axes_;
}

void TridiagonalCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const PairedDims dims = paired_dims(signature(), pairs_, mode, out.ndim());
  for (const int at : dims.mixed) {
    if (out.extent(at) == kUnknown)
      out = out.with_extent(at, in.extent(dims.source[static_cast<size_t>(at)]));
  }
}

// An output range needs one sample more on the sides where the matrix has a diagonal, and the other
// way round.
Tile TridiagonalCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  bool is_something = agree_on_kept(signature(), part);
  const Side in = terms_of(signature().input()), out = terms_of(signature().output());
  std::vector<Axis> axes = axes_;
  for (size_t i = 0; i < pairs_.size(); ++i) {
    std::optional<Stretch>&from = part.input[static_cast<size_t>(pairs_[i].in)],
    &to = part.output[static_cast<size_t>(pairs_[i].out)];
    if (!from && !to) continue;
    const Term &a = in[static_cast<size_t>(pairs_[i].in)],
               &b = out[static_cast<size_t>(pairs_[i].out)];
    Axis& axis = axes[i];
    if (axis.line.is_circular) refuse_cut(*this, from ? a : b, "its ends are neighbours");
    if (a.extent == kUnknown || b.extent == kUnknown) {
      const std::string name = text_of_base(a);
      refuse_cut(*this, from ? a : b,
                 fmt::format("the extent of '{0}' is unknown; give extent = {{{0} = …}}", name));
    }
    const int64_t low = axis.line.lower != 0 ? 1 : 0, high = axis.line.upper != 0 ? 1 : 0;
    Stretch x = from.value_or(Stretch{0, a.extent}), y = to.value_or(Stretch{0, b.extent});
    const Stretch reached{y.first + axis.shift - low, y.count + low + high};
    x = intersection(x, reached);
    const Stretch reaching{x.first - axis.shift - high, x.count + low + high};
    y = intersection(y, reaching);
    is_something = is_something && x.count > 0 && y.count > 0;
    axis.shift += y.first - x.first;
    if (x.first != 0 || y.first != 0) axis.line.first = 0;
    if (x.end() != a.extent || y.end() != b.extent) axis.line.last = 0;
    from = x;
    to = y;
  }
  if (!is_something) return no_tile(part);
  return tile_of(piece(std::move(axes), cut_signature(signature(), part.input, part.output)), part);
}

void TridiagonalCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const PairedDims dims = paired_dims(signature(), pairs_, mode, y.shape.ndim());
  std::vector<Axis> axes = axes_;
  DifferenceSpec spec;
  for (size_t i = 0; i < axes.size(); ++i) {
    Axis& axis = axes[i];
    axis.line.axis = dims.mixed[i];
    if (transposes(mode)) {
      axis.line = axis.line.transposed();
      axis.shift = -axis.shift;
    }
    spec.lines[static_cast<size_t>(spec.count++)] = axis.line;
  }
  if (is_piece_) {
    lower_piece(b, axes, dims, x, y, s);
    return;
  }
  std::vector<int64_t> strides;
  for (const int source : dims.source) strides.push_back(x.strides[static_cast<size_t>(source)]);
  b.add(difference_step(spec, make_ref(x, y.shape.extents(), strides), make_ref(y), s));
}

// The square part, where both sides have the same samples, in one pass; then, for each dim, the
// samples that only one side has, one slice at a time.
void TridiagonalCore::lower_piece(Builder& b,
                                  const std::vector<Axis>& axes,
                                  const PairedDims& dims,
                                  const Operand& x,
                                  const Operand& y,
                                  const StepScale& s) const {
  const auto rank = static_cast<size_t>(y.shape.ndim());
  std::vector<int64_t> x_strides, x_extents;
  for (const int source : dims.source) {
    x_strides.push_back(x.strides[static_cast<size_t>(source)]);
    x_extents.push_back(x.shape.extent(source));
  }
  // First elements and extents of the square part.
  std::vector<int64_t> from(rank, 0), to(rank, 0), extents = y.shape.extents();
  bool is_all = true;
  for (const Axis& axis : axes) {
    const auto d = static_cast<size_t>(axis.line.axis);
    to[d] = std::max<int64_t>(0, -axis.shift);
    from[d] = to[d] + axis.shift;
    const int64_t end = std::min(y.shape.extents()[d], x_extents[d] - axis.shift);
    is_all = is_all && to[d] == 0 && end == extents[d];
    extents[d] = std::max<int64_t>(0, end - to[d]);
  }
  const auto part = [&](const Operand& whole, const std::vector<int64_t>& strides,
                        const std::vector<int64_t>& first, const std::vector<int64_t>& count) {
    Ref ref = make_ref(whole, count, strides);
    for (size_t d = 0; d < rank; ++d)
      ref.offset += first[d] * strides[d] * static_cast<int64_t>(size_of(whole.dtype));
    return ref;
  };
  const bool is_empty = std::find(extents.begin(), extents.end(), 0) != extents.end();
  StepScale rest = s.accumulating();
  if (!is_all || is_empty) b.add(prepare_step(make_ref(y), s));
  if (!is_empty) {
    DifferenceSpec spec;
    for (const Axis& axis : axes) spec.lines[static_cast<size_t>(spec.count++)] = axis.line;
    b.add(difference_step(spec, part(x, x_strides, from, extents), part(y, y.strides, to, extents),
                          is_all ? s : rest));
  }
  for (const Axis& axis : axes) {
    const auto d = static_cast<size_t>(axis.line.axis);
    const int64_t n = y.shape.extents()[d], m = x_extents[d];
    // Row `row` of y takes `factor` times element `element` of x along this dim.
    const auto add = [&](int64_t row, int64_t element, double factor) {
      if (factor == 0 || row < 0 || row >= n || element < 0 || element >= m) return;
      std::vector<int64_t> x_first = from, y_first = to, count = extents;
      x_first[d] = element;
      y_first[d] = row;
      count[d] = 1;
      if (std::find(count.begin(), count.end(), 0) != count.end()) return;
      b.add(axpby_step(part(x, x_strides, x_first, count), false,
                       part(y, y.strides, y_first, count), rest.times(factor)));
    };
    const int64_t end = to[d] + extents[d];
    if (extents[d] > 0) {
      add(to[d], from[d] - 1, axis.line.lower);
      add(end - 1, end + axis.shift, axis.line.upper);
    }
    add(-axis.shift - 1, 0, axis.line.upper);
    add(m - axis.shift, m - 1, axis.line.lower);
  }
}

}  // namespace lunops
