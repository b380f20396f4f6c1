// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/hot_use.hpp"
#include "runtime/backend/cpu/runs.hpp"
#include "runtime/backend/cpu/sums.hpp"

// The sums of solvers over {batch, n}, and CG's fused passes.  All operands have one floating
// dtype.
namespace lunops {

using namespace cpu;

namespace {

std::byte* row(const RawView& v, int64_t k, int64_t i) {
  return at(v, k * v.stride[0] + i * v.stride[1]);
}

// A run of one batch element, at least a block of the fixed cut long.
template <class F>
void for_rows(int64_t batch, int64_t n, const Stream& stream, const F& f) {
  const FixedBlocks blocks(n);
  const int share = batch * n < kGrain ? 1 : stream.threads();
  ThreadPool::process().run(batch * blocks.count, share, [&](int64_t item, int) {
    const int64_t k = item / blocks.count, b = item % blocks.count;
    f(k, blocks.first(b), blocks.last(b));
  });
}

}  // namespace

void CpuBackend::dot(RawView x, RawView y, c128* result, Stream& stream) {
  const HotTable::Dot kernel = hot().dot[hot_index(x.dtype)];
  struct Sum {
    c128 z = 0.0;
    Sum& operator+=(const Sum& other) {
      z += other.z;
      return *this;
    }
  };
  static_assert(sizeof(Sum) == sizeof(c128));
  sum_blocks(x.extent[0], x.extent[1], stream, reinterpret_cast<Sum*>(result),
             [&](int64_t k, int64_t first, int64_t last) {
               DotSums sums;
               kernel(last - first, row(x, k, first), x.stride[1], row(y, k, first), y.stride[1],
                      sums.s.data());
               return Sum{sums.conjugated()};
             });
}

void CpuBackend::norm2(RawView x, double* result, Stream& stream) {
  const HotTable::Norm2 kernel = hot().norm2[hot_index(x.dtype)];
  sum_blocks(x.extent[0], x.extent[1], stream, result, [&](int64_t k, int64_t first, int64_t last) {
    return kernel(last - first, row(x, k, first), x.stride[1]);
  });
}

void CpuBackend::cg_update(
    const c128* alpha, RawView p, RawView q, RawView x, RawView r, double* result, Stream& stream) {
  const HotTable::CgUpdate kernel = hot().cg_update[hot_index(x.dtype)];
  sum_blocks(x.extent[0], x.extent[1], stream, result, [&](int64_t k, int64_t first, int64_t last) {
    const double factor[2] = {alpha[k].real(), alpha[k].imag()};
    return kernel(last - first, factor, row(p, k, first), p.stride[1], row(q, k, first),
                  q.stride[1], row(x, k, first), x.stride[1], row(r, k, first), r.stride[1]);
  });
}

void CpuBackend::cg_direction(const c128* beta, RawView z, RawView p, Stream& stream) {
  const HotTable::Axpby kernel = hot().axpby[hot_index(p.dtype)];
  for_rows(p.extent[0], p.extent[1], stream, [&](int64_t k, int64_t first, int64_t last) {
    const double factors[4] = {1, 0, beta[k].real(), beta[k].imag()};
    kernel(last - first, row(z, k, first), z.stride[1], false, factors, row(p, k, first),
           p.stride[1]);
  });
}

void CpuBackend::cg_products(
    RawView p, RawView q, c128* delta, double* pp, double* qq, Stream& stream) {
  const HotTable& table = hot();
  const size_t type = hot_index(p.dtype);
  struct Products {
    c128 pq = 0.0;
    double pp = 0, qq = 0;
    Products& operator+=(const Products& other) {
      pq += other.pq;
      pp += other.pp;
      qq += other.qq;
      return *this;
    }
  };
  // Pieces of this many elements are read from memory once and then three times from the cache.
  constexpr int64_t kPiece = 1024;
  for (int64_t k = 0; k < p.extent[0]; ++k) {
    Products sum;
    sum_blocks(1, p.extent[1], stream, &sum, [&](int64_t, int64_t first, int64_t last) {
      Products part;
      for (int64_t i = first; i < last; i += kPiece) {
        const int64_t n = std::min(kPiece, last - i);
        DotSums sums;
        table.dot[type](n, row(p, k, i), p.stride[1], row(q, k, i), q.stride[1], sums.s.data());
        part.pq += sums.conjugated();
        part.pp += table.norm2[type](n, row(p, k, i), p.stride[1]);
        part.qq += table.norm2[type](n, row(q, k, i), q.stride[1]);
      }
      return part;
    });
    delta[k] = sum.pq;
    pp[k] = sum.pp;
    qq[k] = sum.qq;
  }
}

}  // namespace lunops
