// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/combine.hpp"
#include "runtime/backend/cpu/hot_use.hpp"

// How kernels that combine rows see elements: rows of E are rows of reals.
namespace lunops::cpu {

template <class E>
struct RealOf {
  using Type = E;
};
template <class T>
struct RealOf<std::complex<T>> {
  using Type = T;
};
template <class E>
using Real = typename RealOf<E>::Type;

template <class E>
inline constexpr int64_t kRealsPer = static_cast<int64_t>(sizeof(E) / sizeof(Real<E>));

template <class E>
const Real<E>* reals(const E* p) noexcept {
  return reinterpret_cast<const Real<E>*>(p);
}
template <class E>
Real<E>* reals(E* p) noexcept {
  return reinterpret_cast<Real<E>*>(p);
}

// The table of the instruction set in use.
template <class T>
const CombineFunctions<T>& combine() {
  static const CombineFunctions<T>& functions =
      functions_of<T>(LUNOPS_SELECT_ISA(isa(), combine_table));
  return functions;
}

// y = alpha x + beta y for a row whose results are complete.
template <class E>
void store_row(const E* x, Scale s, E* y, int64_t y_step, int64_t n) {
  const double scale[4] = {s.alpha.real(), s.alpha.imag(), s.beta.real(), s.beta.imag()};
  hot().axpby[hot_index(dtype_v<E>)](n, x, 1, false, scale, y, y_step);
}

}  // namespace lunops::cpu
