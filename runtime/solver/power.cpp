// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/solver/monitor.hpp"
#include "runtime/solver/solver.hpp"
#include "runtime/solver/vector_space.hpp"

namespace lunops {
namespace {

Tensor start_vector(const Linop& m,
                    Context& context,
                    const PowerOptions& options,
                    const std::optional<Shape>& shape,
                    DType dtype) {
  if (options.v0) return options.v0->clone(context);
  const Shape dims = shape ? *shape : m.ishape();
  if (!dims.is_known()) {
    fail(Code::shape, "power", "extents of M's input {} are not known; give 'v0' or the extents",
         dims.braced());
  }
  return randn(dims.without_primes(), dtype, options.seed, context);
}

// v <- v / |v| for each element; an element of norm 0 stays.
void normalise(VectorSpace& space, const Tensor& v, std::vector<double>& norm2) {
  space.norm2(v, norm2);
  for (double& s : norm2) {
    if (!std::isfinite(s)) {
      fail(Code::numeric, "power",
           "the norm of the iterate is {}; look for NaN or infinity in M's "
           "weights or in 'v0'",
           s);
    }
    s = s > 0 ? 1 / std::sqrt(s) : 1.0;
  }
  space.scale(norm2, v);
}

}  // namespace

PowerResult power_method(const Linop& m,
                         Context& context,
                         const PowerOptions& options,
                         const std::optional<Shape>& shape,
                         DType dtype) {
  if (options.iters < 1) {
    fail(Code::argument, "power", "'iters' is {}; it must be 1 or more", options.iters);
  }
  const Device device = options.v0 ? options.v0->device() : m.device().value_or(context.device);
  if (device != context.device) {
    Context here = on_device(device, context);
    return power_method(m, here, options, shape, dtype);
  }
  Tensor v = start_vector(m, context, options, shape, dtype);
  const auto [result_shape, result_dtype] = m.result(v);
  if (result_shape.without_primes() != v.shape().without_primes()) {
    fail(Code::shape, "power", "M maps {} to {}; it must keep the dims: pass A.N",
         v.shape().braced(), result_shape.braced());
  }
  if (result_dtype != v.dtype()) {
    fail(Code::dtype, "power", "M gives {} for a start of {}; use v0:as \"{}\"",
         name_of(result_dtype), name_of(v.dtype()), name_of(result_dtype));
  }
  VectorSpace space("power", v.shape().without_primes(), v.dtype(), options.batch, context);
  v = space.copy_of(v);
  Tensor w = space.vector();
  const size_t n = space.elements();
  std::vector<double> norm2(n), value(n, 0.0), before(n, 0.0);
  std::vector<c128> product(n);

  SolverOptions loop;
  loop.iters = options.iters;
  PowerResult out;
  out.info.algorithm = "power";
  out.info.setup_seconds = prepare(m, v, context, options.iters + 1);
  Monitor monitor("power", loop, context);
  space.norm2(v, norm2);
  if (std::count(norm2.begin(), norm2.end(), 0.0) > 0) {
    fail(Code::numeric, "power", "'v0' is zero; give a start that is not");
  }
  normalise(space, v, norm2);

  // <v, M v> for the present v, and w = M v.
  const auto apply = [&] {
    m.apply(v, w, {}, context);
    ++out.info.applications;
    space.dot(v, w, product);
    value.swap(before);
    for (size_t i = 0; i < n; ++i) value[i] = product[i].real();
  };
  const auto change = [&] {
    double largest = 0;
    for (size_t i = 0; i < n; ++i) {
      const double difference = std::abs(value[i] - before[i]);
      if (difference > 0) largest = std::max(largest, difference / std::abs(value[i]));
    }
    return largest;
  };

  bool is_zero = false;
  for (int k = 1; k <= options.iters; ++k) {
    apply();
    space.norm2(w, norm2);
    is_zero = std::all_of(norm2.begin(), norm2.end(), [](double s) { return s == 0; });
    if (is_zero) {
      out.info.reason = Reason::exact;
      break;
    }
    const double step = k == 1 ? 1.0 : change();
    std::swap(v, w);
    normalise(space, v, norm2);
    out.info.iterations = k;
    const auto stop = monitor.after(k, step, v);
    if (k > 1 && step <= options.tol) {
      out.info.reason = Reason::tol;
      break;
    }
    if (stop) {
      out.info.reason = *stop;
      break;
    }
  }
  out.info.converged = out.info.reason == Reason::tol || out.info.reason == Reason::exact;
  if (!is_zero) apply();

  // |M v - value v|^2 = |M v|^2 - value^2 for unit v.
  space.norm2(w, norm2);
  out.value = value[0];
  for (size_t i = 0; i < n; ++i) {
    const double magnitude = std::abs(value[i]);
    if (magnitude > std::abs(out.value)) out.value = value[i];
    const double residual2 = std::max(0.0, norm2[i] - value[i] * value[i]);
    if (magnitude > 0) {
      out.info.residual = std::max(out.info.residual, std::sqrt(residual2) / magnitude);
    }
  }
  if (!options.batch.empty()) {
    Context host = on_device(Device::host(), context);
    const Tensor values = Tensor::empty(space.batch_shape(), DType::f64, host);
    std::copy(value.begin(), value.end(), values.data_as<double>());
    out.values = values;
  }
  out.info.seconds = monitor.seconds();
  out.info.history = monitor.history();
  out.info.peak = context.account->figures().peak;
  out.vector = v;
  return out;
}

}  // namespace lunops
