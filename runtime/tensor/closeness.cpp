// SPDX-License-Identifier: MIT
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/tensor/broadcast.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

std::string Closeness::text() const {
  if (is_close) return "all close";
  std::string place;
  for (size_t d = 0; d < index.size(); ++d) {
    if (d > 0) place += ", ";
    if (!dims[d].name.empty()) place += dims[d].text() + "=";
    place += std::to_string(index[d] + 1);
  }
  return fmt::format("largest difference {:.6g} at {{{}}}", difference, place);
}

Closeness allclose(const Tensor& a, const Tensor& b, double rtol, double atol, Context& context) {
  check_device("allclose", a, b);
  const bool are_named = a.shape().is_named() && b.shape().is_named();
  if (are_named ? a.shape() != b.shape() : a.shape().extents() != b.shape().extents()) {
    fail(Code::shape, "allclose", "{} does not match {}", a.shape().braced(), b.shape().braced());
  }
  const Tensor wide_a = a.to(Device::host(), context).as(DType::c128, context).contiguous(context);
  const Tensor wide_b = b.to(Device::host(), context).as(DType::c128, context).contiguous(context);
  const auto* p = wide_a.data_as<c128>();
  const auto* q = wide_b.data_as<c128>();
  Closeness result;
  result.dims = a.shape().dims();
  int64_t worst = -1;
  const int64_t n = a.count();
  for (int64_t i = 0; i < n; ++i) {
    if (p[i] == q[i]) continue;  // equal infinities, too
    const double difference = std::abs(p[i] - q[i]);
    if (difference <= atol + rtol * std::abs(q[i]) && std::isfinite(difference)) continue;
    // NaN is the worst of all.
    const bool is_worse = worst < 0 || std::isnan(difference) || difference > result.difference;
    if (is_worse && !std::isnan(result.difference)) {
      worst = i;
      result.difference = difference;
    }
  }
  if (worst < 0) return result;
  result.is_close = false;
  result.index.resize(static_cast<size_t>(a.ndim()));
  for (int d = a.ndim(); d-- > 0;) {
    result.index[static_cast<size_t>(d)] = worst % a.shape().extent(d);
    worst /= a.shape().extent(d);
  }
  return result;
}

}  // namespace lunops
