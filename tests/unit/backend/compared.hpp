// SPDX-License-Identifier: MIT
#pragma once

// What the comparisons of kernels with the reference share.
#include <vector>

#include "runtime/tensor/tensor.hpp"
#include "tests/unit/backend/draw.hpp"

namespace lunops::compared {

using draw::Array;
using draw::Strides;

inline constexpr DType kAll[] = {DType::f32, DType::f64, DType::c64,    DType::c128,
                                 DType::i32, DType::i64, DType::boolean};
inline constexpr DType kFloating[] = {DType::f32, DType::f64, DType::c64, DType::c128};

// A few roundings of numbers of size 1 to 10 in the precision of the dtype.
inline double tolerance(DType t) { return !is_floating(t) ? 0 : is_double(t) ? 1e-13 : 2e-5; }

// Runs `kernel(backend, view of y)` on both backends from equal memory.
template <class Kernel>
double compare(const Array& y, const Kernel& kernel) {
  Context cpu, reference(Backend::reference());
  Array a = y, b = y;
  kernel(cpu.backend(), a.view(), *cpu.stream);
  kernel(reference.backend(), b.view(), *reference.stream);
  return draw::difference(a, b);
}

struct Case {
  std::vector<int64_t> extents;
  Strides y, x;
};

template <class F>
inline void for_cases(const F& f) {
  for (const auto& extents : draw::extents()) {
    for (const Strides y : draw::kStrides) {
      for (const Strides x : draw::kStrides) {
        // The long case is there for blocks and threads, not for strides.
        const bool is_long = !extents.empty() && extents.back() > 1000;
        if (!is_long || x == y) f(Case{extents, y, x});
      }
    }
  }
}

inline const Scale kScales[] = {
    {1.0, 0.0}, {2.0, 1.0}, {{0.5, -1.0}, {0.25, 0.5}}, {0.0, 1.0}, {-1.0, {0.0, 1.0}}};

inline Scale real_scale(Scale s) { return {s.alpha.real(), s.beta.real()}; }

}  // namespace lunops::compared
