// SPDX-License-Identifier: MIT
// Compiled once per instruction set; isa.hpp says what may not be included here.
#include "runtime/backend/cpu/fold.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

namespace {

// t = k g / N in double-double, so that z is right to rounding for c128 and any k.  The builtins
// are instructions where the set has them and otherwise calls with the same results.
bool fold_dim(const double* k,
              int64_t step,
              int64_t count,
              const FoldDim& dim,
              int64_t* __restrict cell,
              double* __restrict z) {
  const double extent = dim.extent, grid = dim.grid;
  const double half_width = 0.5 * dim.width, last = dim.width - 1;
  int64_t bad = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double whole = __builtin_nearbyint(k[i * step] / extent);
    bad |= __builtin_fabs(whole) <= kMostExtents ? 0 : 1;  // NaN is bad too
    // Exact: the quotient is a small integer and the difference no larger than k.
    const double near = k[i * step] - extent * whole;
    const double product = near * grid;
    const double product_rest = __builtin_fma(near, grid, -product);
    const double t = product / extent;
    const double t_rest = (__builtin_fma(-t, extent, product) + product_rest) / extent;
    const double left = __builtin_ceil(t - half_width);
    z[i] = 2.0 * ((left - t) - t_rest) + last;
    double wrapped = left < 0 ? left + grid : left;
    wrapped = wrapped >= grid ? wrapped - grid : wrapped;
    cell[i] = static_cast<int64_t>(wrapped);
  }
  return bad == 0;
}

bool fold(const double* k, int64_t count, int64_t dims, const FoldDim* dim, Folded* folded) {
  bool is_good = true;
  for (int64_t d = 0; d < dims; ++d) {
    is_good = fold_dim(k + d, dims, count, dim[d], folded->cell[d], folded->z[d]) && is_good;
  }
  return is_good;
}

}  // namespace

extern const FoldTable fold_table = {&fold};

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
