// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

// Columns are images of unit vectors, one application each.
Tensor Linop::dense(DType dtype, Context& context) const {
  constexpr int64_t kMost = int64_t{1} << 24;
  const Signature& sig = signature();
  if (is_real_linear()) {
    fail(Code::unsupported, "dense",
         "{} is real-linear, so no matrix over the complex numbers stands for it; use its parts "
         "before and after Real, Imag or Conj",
         label());
  }
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
      const std::string name = extent_name(node_, out, i);
      fail(Code::shape, "dense", "extent of '{}' of {} is unknown; {}", name, label(),
           give_extent(name));
    }
  }
  if (product(in) * product(out) > static_cast<double>(kMost)) {
    fail(Code::limit, "dense",
         "the matrix of {} would have {} x {} elements; at most 2^24 are made", label(),
         product(out), product(in));
  }

  // (out, in'): an input dim whose name the output has too gets a prime; n -> n' gives n n'.
  std::vector<Dim> dims = out.dims();
  std::vector<int64_t> extents = out.extents();
  for (int i = 0; i < in.ndim(); ++i) {
    const Name name = in.dim(i).name;
    dims.push_back({name, static_cast<uint8_t>(out.find_base(name) >= 0 ? 1 : 0)});
    extents.push_back(in.extent(i));
  }
  const DType result = result_dtype(node_, dtype);
  const Tensor matrix = zeros(Shape(dims, extents), result, context);
  const Tensor unit = zeros(in, dtype, context);
  const auto plan = make_plan(node_, *unit.layout(), dtype, nullptr, context);
  const Tensor y = zeros(out, result, context);
  const int64_t columns = in.count();
  std::vector<int64_t> column_strides = row_major(out.extents());
  for (int64_t& each : column_strides) each *= columns;
  const auto column = Layout::strided(out, column_strides);
  for (int64_t j = 0; j < columns; ++j) {
    const Tensor at(unit.storage(), Layout::row_major(Shape()), j, dtype);
    fill(at, 1.0, context);
    plan->run(unit, y, {}, context);
    fill(at, 0.0, context);
    copy(Tensor(matrix.storage(), column, j, result), y, context);
  }
  return matrix;
}

}  // namespace lunops
