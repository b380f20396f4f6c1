// SPDX-License-Identifier: MIT
#include <cstring>

#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/contraction.hpp"
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/gemm.hpp"
#include "runtime/backend/cpu/hot_use.hpp"
#include "runtime/backend/cpu/runs.hpp"
#include "runtime/backend/cpu/sums.hpp"

namespace lunops {

using namespace cpu;

namespace {

// The dims from `first` to `last` of a view.
RawView part(const RawView& v, int first, int last) {
  RawView out;
  out.data = v.data;
  out.dtype = v.dtype;
  out.ndim = last - first;
  for (int d = first; d < last; ++d) {
    out.extent[static_cast<size_t>(d - first)] = v.extent[static_cast<size_t>(d)];
    out.stride[static_cast<size_t>(d - first)] = v.stride[static_cast<size_t>(d)];
  }
  return out;
}

// One result element after the other, each a sum along runs of the summed dims.
void by_rows(const Contraction& c, const Runs<2>& reduced, const Stream& stream) {
  const size_t type = hot_index(c.y.dtype);
  const HotTable& table = hot();
  const Runs<3> kept({&c.y, &c.a, &c.b});
  const auto sum = [&](int64_t a, int64_t b, int64_t first, int64_t last) {
    DotSums sums;
    reduced.walk(first, last, [&](const auto& offset, int64_t n) {
      DotSums run;
      table.dot[type](n, at(c.a, a + offset[0]), reduced.step[0], at(c.b, b + offset[1]),
                      reduced.step[1], run.s.data());
      sums += run;
    });
    return sums;
  };
  const auto store = [&](int64_t y, const DotSums& sums) {
    // The kernel's four sums serve any combination of conjugates.
    c128 z = c.conjugate_a != c.conjugate_b ? sums.conjugated() : sums.plain();
    if (c.conjugate_b) z = std::conj(z);
    if (!is_complex(c.y.dtype)) z = sums.s[0];
    const double pair[2] = {z.real(), z.imag()};
    table.store[type](1, pair, c.s, at(c.y, y), 1);
  };
  if (kept.count < FixedBlocks::kMost && reduced.count > FixedBlocks(reduced.count).size) {
    // Few and long sums: each is shared among the threads.
    kept.walk(0, kept.count, [&](const auto& offset, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        DotSums whole;
        sum_blocks(1, reduced.count, stream, &whole, [&](int64_t, int64_t first, int64_t last) {
          return sum(offset[1] + i * kept.step[1], offset[2] + i * kept.step[2], first, last);
        });
        store(offset[0] + i * kept.step[0], whole);
      }
    });
    return;
  }
  const FixedBlocks blocks(reduced.count);
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, reduced.count));
  parallel_range(kept.count, grain, stream, [&](int64_t begin, int64_t end, int) {
    kept.walk(begin, end, [&](const auto& offset, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        const int64_t a = offset[1] + i * kept.step[1], b = offset[2] + i * kept.step[2];
        DotSums whole;
        for (int64_t k = 0; k < blocks.count; ++k)
          whole += sum(a, b, blocks.first(k), blocks.last(k));
        store(offset[0] + i * kept.step[0], whole);
      }
    });
  });
}

// A block of result elements side by side, one product after the other: coil sums, and everything
// that is odd.
void by_columns(const Contraction& c, const Runs<2>& reduced, const Stream& stream) {
  const size_t type = hot_index(c.y.dtype);
  const HotTable& table = hot();
  const Runs<3> kept({&c.y, &c.a, &c.b});
  const int64_t parts = is_complex(c.y.dtype) ? 2 : 1;
  const int64_t grain = std::max<int64_t>(kBlockSize, kGrain / std::max<int64_t>(1, reduced.count));
  parallel_range(kept.count, grain, stream, [&](int64_t begin, int64_t end, int) {
    double sums[2 * kBlockSize];
    kept.walk(begin, end, [&](const auto& offset, int64_t n) {
      for (int64_t i = 0; i < n; i += kBlockSize) {
        const int64_t m = std::min(kBlockSize, n - i);
        std::memset(sums, 0, static_cast<size_t>(m * parts) * sizeof(double));
        const int64_t a = offset[1] + i * kept.step[1], b = offset[2] + i * kept.step[2];
        reduced.walk(0, reduced.count, [&](const auto& inner, int64_t length) {
          for (int64_t j = 0; j < length; ++j) {
            table.accumulate[type](m, at(c.a, a + inner[0] + j * reduced.step[0]), kept.step[1],
                                   c.real_a, c.conjugate_a,
                                   at(c.b, b + inner[1] + j * reduced.step[1]), kept.step[2],
                                   c.conjugate_b, sums);
          }
        });
        table.store[type](m, sums, c.s, at(c.y, offset[0] + i * kept.step[0]), kept.step[0]);
      }
    });
  });
}

bool is_unit_or_zero(int64_t step) { return step == 0 || step == 1; }

}  // namespace

void CpuBackend::contract(RawView a,
                          bool conjugate_a,
                          RawView b,
                          bool conjugate_b,
                          int reduced,
                          Scale s,
                          RawView y,
                          SumOrder order,
                          Stream& stream) {
  const int kept = y.ndim - reduced;
  const RawView result = part(y, 0, kept);
  if (result.empty()) return;
  if (s.alpha == 0.0) return scale(s.beta, result, stream);
  const bool is_fixed = order == SumOrder::fixed;
  if (!is_fixed && a.dtype == y.dtype && b.dtype == y.dtype &&
      contract_by_gemm(a, conjugate_a, b, conjugate_b, reduced, s, y, stream)) {
    return;
  }
  // The kernels take a real factor on the left.
  if (is_complex(a.dtype) && !is_complex(b.dtype)) {
    std::swap(a, b);
    std::swap(conjugate_a, conjugate_b);
  }
  Contraction c{part(a, 0, kept),
                part(b, 0, kept),
                result,
                part(a, kept, y.ndim),
                part(b, kept, y.ndim),
                conjugate_a && is_complex(a.dtype),
                conjugate_b && is_complex(b.dtype),
                is_complex(y.dtype) && !is_complex(a.dtype),
                {s.alpha.real(), s.alpha.imag(), s.beta.real(), s.beta.imag()}};
  const Runs<2> inner({&c.ra, &c.rb});
  if (inner.count == 1 && c.b.dtype == c.y.dtype && !(c.conjugate_a && c.conjugate_b)) {
    // Nothing is summed: maps times an image.  The weight is the operand that may be conjugated.
    if (c.conjugate_b) {
      multiply(c.b, c.a, true, s, c.y, stream);
    } else {
      multiply(c.a, c.b, c.conjugate_a, s, c.y, stream);
    }
    return;
  }
  if (is_fixed) return contract_fixed(c, stream);
  const Runs<3> outer({&c.y, &c.a, &c.b});
  const bool columns_are_fast = outer.step[0] == 1 && is_unit_or_zero(outer.step[1]) &&
                                is_unit_or_zero(outer.step[2]) && outer.length >= 16;
  const bool rows_are_fast =
      !c.real_a && inner.step[0] == 1 && inner.step[1] == 1 && inner.length >= 16;
  if (rows_are_fast && !columns_are_fast) {
    by_rows(c, inner, stream);
  } else {
    by_columns(c, inner, stream);
  }
}

}  // namespace lunops
