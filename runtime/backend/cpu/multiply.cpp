// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/hot_use.hpp"
#include "runtime/backend/cpu/runs.hpp"

namespace lunops {

using namespace cpu;

void CpuBackend::multiply(
    RawView w, RawView x, bool conjugate, Scale s, RawView y, Stream& stream) {
  if (y.empty()) return;
  if (s.alpha == 0.0) return scale(s.beta, y, stream);
  const double factors[4] = {s.alpha.real(), s.alpha.imag(), s.beta.real(), s.beta.imag()};
  const Runs<3> runs({&y, &x, &w});
  const auto [y_step, x_step, w_step] = runs.step;
  const bool real_w = w.dtype == real_of(y.dtype) && is_complex(y.dtype);
  if (x.dtype == y.dtype && is_floating(y.dtype) && (w.dtype == y.dtype || real_w)) {
    const HotTable::Multiply kernel = hot().multiply[hot_index(y.dtype)];
    runs.run(stream,
             [&, y_step = y_step, x_step = x_step, w_step = w_step](const auto& offset, int64_t n) {
               kernel(n, at(w, offset[2]), w_step, real_w, conjugate, at(x, offset[1]), x_step,
                      factors, at(y, offset[0]), y_step);
             });
    return;
  }
  // Rare pairs of dtypes (a mask as weight, a real x under a complex w): in double.
  runs.run(stream, [&](const auto& offset, int64_t n) {
    c128 weight[kBlockSize], in[kBlockSize], out[kBlockSize];
    for (int64_t i = 0; i < n; i += kBlockSize) {
      const int64_t m = std::min(kBlockSize, n - i);
      void* to = at(y, offset[0] + i * runs.step[0]);
      const c128* f =
          load<c128>(w.dtype, at(w, offset[2] + i * runs.step[2]), runs.step[2], m, weight);
      const c128* g = load<c128>(x.dtype, at(x, offset[1] + i * runs.step[1]), runs.step[1], m, in);
      for (int64_t j = 0; j < m; ++j)
        out[j] = s.alpha * ((conjugate ? std::conj(f[j]) : f[j]) * g[j]);
      if (s.beta != 0.0) {
        const c128* old = load<c128>(y.dtype, to, runs.step[0], m, in);
        for (int64_t j = 0; j < m; ++j) out[j] += s.beta * old[j];
      }
      save<c128>(y.dtype, out, to, runs.step[0], m);
    }
  });
}

}  // namespace lunops
