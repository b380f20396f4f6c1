// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

// Columns are images of unit vectors; the input's dims become batch dims of the matrix by way of
// one column at a time, so any operator has a matrix.
Tensor Linop::dense(DType dtype, Context& context) const {
  constexpr int64_t kMost = int64_t{1} << 24;
  const Signature& sig = signature();
  for (const Side* side : {&sig.input(), &sig.output()}) {
    for (const Term& t : *side) {
      if (t.kind == Term::Kind::ellipsis) continue;
      if (t.kind == Term::Kind::dim && (t.extent != kUnknown || side == &sig.output())) continue;
      fail(Code::shape, "dense", "extent of '{}' of {} is unknown; give extent = {{{} = …}}",
           text_of_base(t), label(), text_of_base(t));
    }
  }
  const Shape in = sig.ishape();
  Shape out = output_of(node_, in);
  const auto product = [](const Shape& s) {
    double n = 1;
    for (const int64_t e : s.extents()) n *= static_cast<double>(e);
    return n;
  };
  for (int i = 0; i < out.ndim(); ++i) {
    if (out.extent(i) == kUnknown) {
      fail(Code::shape, "dense", "extent of '{}' of {} is unknown; give extent = {{{} = …}}",
           out.dim(i).text(), label(), out.dim(i).text());
    }
  }
  if (product(in) * product(out) > static_cast<double>(kMost)) {
    fail(Code::limit, "dense",
         "the matrix of {} would have {} x {} elements; at most 2^24 are made", label(),
         product(out), product(in));
  }

  std::vector<Dim> dims = out.dims();
  std::vector<int64_t> extents = out.extents();
  for (int i = 0; i < in.ndim(); ++i) {
    Dim dim = in.dim(i);
    dim.primes = 0;
    // (out, in'): a name that the output has too gets a prime on the input side; n -> n' gives n
    // n'.
    dim.primes = 1;
    const bool is_shared = out.find_base(dim.name) >= 0;
    if (!is_shared) dim.primes = 0;
    dims.push_back(dim);
    extents.push_back(in.extent(i));
  }
  const Tensor matrix = zeros(Shape(dims, extents), dtype, context);
  const int64_t rows = out.count(), columns = in.count();
  const Tensor unit = zeros(in, dtype, context);
  std::byte* at = unit.storage()->data();
  const Tensor one = full(Shape(), 1.0, dtype, context);
  const auto plan = make_plan(node_, *unit.layout(), dtype, nullptr, context);
  const std::vector<int64_t> column_strides = [&] {
    std::vector<int64_t> s = row_major(out.extents());
    for (int64_t& each : s) each *= columns;
    return s;
  }();
  const auto layout = std::make_shared<Layout>();
  layout->shape = out;
  layout->strides = row_major(out.extents());
  const Tensor y = zeros(out, dtype, context);
  (void)rows;
  for (int64_t j = 0; j < columns; ++j) {
    std::copy_n(one.storage()->data(), size_of(dtype),
                at + static_cast<size_t>(j) * size_of(dtype));
    plan->run(unit, y, {}, context);
    std::fill_n(at + static_cast<size_t>(j) * size_of(dtype), size_of(dtype), std::byte{0});
    const auto target = std::make_shared<Layout>();
    target->shape = out;
    target->strides = column_strides;
    target->is_contiguous = false;
    copy(Tensor(matrix.storage(), target, j, dtype), y.with_shape(out), context);
  }
  return matrix;
}

}  // namespace lunops
