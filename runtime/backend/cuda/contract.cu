// SPDX-License-Identifier: MIT
#include <cublas_v2.h>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>

#include "runtime/backend/cuda/blas.hpp"
#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/fold.cuh"

namespace lunops {

using namespace cuda;

namespace {

template <class A, class B, class T>
struct Contract : Adding<wide_t<T>> {
  using Acc = wide_t<T>;
  const A* a;
  const B* b;
  bool conjugate_a, conjugate_b;
  T* y;
  Scaling<Acc> scale;
  template <class At, class I>
  __device__ Acc term(const At& at, I) const {
    const auto left = wide(conj_if(conjugate_a, a[at[0]]));
    const auto right = wide(conj_if(conjugate_b, b[at[1]]));
    if constexpr (is_complex_v<T> && !is_complex_v<A>) {
      return Acc(left * right.real(), left * right.imag());
    } else if constexpr (is_complex_v<T> && !is_complex_v<B>) {
      return Acc(left.real() * right, left.imag() * right);
    } else {
      return times(left, right);
    }
  }
  template <class At, class I>
  __device__ void finish(const Acc& sum, const At& at, I) const {
    scale.store(y[at[2]], sum);
  }
};

// y[m, n] = sum_k a[m, k] b[k, n] for each of `batch`, by strides; dims of one kind must be one.
struct Gemm {
  struct Dim {
    int64_t extent = 1, a = 0, b = 0, y = 0;
    bool is_taken = false;
  };
  Dim batch, m, n, k;
};

std::optional<Gemm> gemm_of(const RawView& a, const RawView& b, const RawView& y, int reduced) {
  Gemm g;
  for (int d = 0; d < y.ndim; ++d) {
    const auto at = static_cast<size_t>(d);
    const int64_t extent = y.extent[at];
    if (extent == 1) continue;
    const int64_t sa = a.stride[at], sb = b.stride[at], sy = y.stride[at];
    const bool is_reduced = d >= y.ndim - reduced;
    if (is_reduced ? sa == 0 || sb == 0 : sy == 0) return std::nullopt;
    Gemm::Dim& dim = is_reduced ? g.k : sa != 0 && sb != 0 ? g.batch : sa != 0 ? g.m : g.n;
    if (!is_reduced && sa == 0 && sb == 0) return std::nullopt;
    if (!dim.is_taken) {
      dim = {extent, sa, sb, sy, true};
    } else if (dim.a == sa * extent && dim.b == sb * extent &&
               (is_reduced || dim.y == sy * extent)) {
      dim = {dim.extent * extent, sa, sb, sy, true};
    } else {
      return std::nullopt;
    }
  }
  for (const Gemm::Dim* dim : {&g.batch, &g.m, &g.n, &g.k}) {
    if (dim->extent < 1) return std::nullopt;
  }
  return g;
}

// A matrix as cuBLAS takes it, column by column: with one stride of 1.  `op` says whether it stands
// as it is or transposed; an empty result where it is neither.
struct Matrix {
  cublasOperation_t op;
  int64_t pitch;
};

std::optional<Matrix> matrix_of(
    int64_t rows, int64_t row_step, int64_t columns, int64_t column_step, bool conjugate) {
  if (rows == 1) row_step = 1;
  if (columns == 1 && row_step == 1) column_step = rows;
  if (row_step == 1 && column_step >= rows) {
    // cuBLAS conjugates what it transposes, nothing else.
    if (conjugate) return std::nullopt;
    return Matrix{CUBLAS_OP_N, column_step};
  }
  if (columns == 1) column_step = 1;
  if (column_step == 1 && row_step >= columns) {
    return Matrix{conjugate ? CUBLAS_OP_C : CUBLAS_OP_T, row_step};
  }
  return std::nullopt;
}

// From here on, in multiplications and additions of one product, the setup of a GEMM pays.  A guess.
constexpr int64_t kLeastWork = 4096;

bool is_worth_gemm(const std::optional<Gemm>& g) {
  return g && g->m.extent * g->n.extent * g->k.extent >= kLeastWork;
}

// Products of one call.  The documentation of cuBLAS names no limit, but grids have one in y and z
// (CUDA C++ Programming Guide, technical specifications), along which kernels place a batch.
constexpr int64_t kMostProducts = 65535;

// False where strides do not allow it.
bool run_gemm(const RawView& a,
              bool conjugate_a,
              const RawView& b,
              bool conjugate_b,
              int reduced,
              const Scale& s,
              const RawView& y,
              Stream& stream) {
  conjugate_a = conjugate_a && is_complex(a.dtype);
  conjugate_b = conjugate_b && is_complex(b.dtype);
  const auto g = gemm_of(a, b, y, reduced);
  if (!is_worth_gemm(g)) return false;
  // A result that is row-major is the transpose of one that cuBLAS can write, with the factors
  // exchanged.
  const bool is_exchanged = g->m.y != 1 && g->m.extent != 1;
  const Gemm::Dim& rows = is_exchanged ? g->n : g->m;
  const Gemm::Dim& columns = is_exchanged ? g->m : g->n;
  const auto of_y = matrix_of(rows.extent, rows.y, columns.extent, columns.y, false);
  if (!of_y || of_y->op != CUBLAS_OP_N) return false;
  const auto left = is_exchanged ? matrix_of(rows.extent, rows.b, g->k.extent, g->k.b, conjugate_b)
                                 : matrix_of(rows.extent, rows.a, g->k.extent, g->k.a, conjugate_a);
  const auto right = is_exchanged
                         ? matrix_of(g->k.extent, g->k.a, columns.extent, columns.a, conjugate_a)
                         : matrix_of(g->k.extent, g->k.b, columns.extent, columns.b, conjugate_b);
  if (!left || !right) return false;
  const cudaStream_t native = enter(stream);
  Gpu& gpu = Gpu::at(stream.device().index);
  const std::lock_guard lock(gpu.blas_mutex);
  const cublasHandle_t blas = begin_blas(gpu, stream, native);
  const auto issue = [&](auto alpha, auto beta, cudaDataType type, cublasComputeType_t compute) {
    const RawView& first = is_exchanged ? b : a;
    const RawView& second = is_exchanged ? a : b;
    const int64_t first_step = is_exchanged ? g->batch.b : g->batch.a;
    const int64_t second_step = is_exchanged ? g->batch.a : g->batch.b;
    const auto at = [&](const RawView& v, int64_t offset) -> void* {
      return static_cast<std::byte*>(v.data) + offset * static_cast<int64_t>(size_of(v.dtype));
    };
    for (int64_t i = 0; i < g->batch.extent; i += kMostProducts) {
      // Extents and pitches may pass 2^31, which the functions without _64 do not take.
      check(cublasGemmStridedBatchedEx_64(
                blas, left->op, right->op, rows.extent, columns.extent, g->k.extent, &alpha,
                at(first, i * first_step), type, left->pitch, first_step,
                at(second, i * second_step), type, right->pitch, second_step, &beta,
                at(y, i * g->batch.y), type, of_y->pitch, g->batch.y,
                std::min(kMostProducts, g->batch.extent - i), compute, CUBLAS_GEMM_DEFAULT),
            "cublasGemmStridedBatchedEx_64");
    }
  };
  switch (y.dtype) {
    case DType::f32:
      issue(static_cast<float>(s.alpha.real()), static_cast<float>(s.beta.real()), CUDA_R_32F,
            CUBLAS_COMPUTE_32F_PEDANTIC);
      return true;
    case DType::f64:
      issue(s.alpha.real(), s.beta.real(), CUDA_R_64F, CUBLAS_COMPUTE_64F);
      return true;
    case DType::c64:
      issue(c64(s.alpha), c64(s.beta), CUDA_C_32F, CUBLAS_COMPUTE_32F_PEDANTIC);
      return true;
    case DType::c128:
      issue(s.alpha, s.beta, CUDA_C_64F, CUBLAS_COMPUTE_64F);
      return true;
    case DType::i32:
    case DType::i64:
    case DType::boolean:
      break;
  }
  return false;
}

}  // namespace

void cuda::prepare_contraction(
    const RawView& a, const RawView& b, int reduced, const RawView& y, const Stream& stream) {
  if (a.dtype != y.dtype || b.dtype != y.dtype) return;
  if (is_worth_gemm(gemm_of(a, b, y, reduced))) prepare_blas(stream);
}

// y[i] = alpha * sum_j a[i, j] b[i, j] + beta * y[i]: j runs over the last `reduced` dims.
void CudaBackend::contract(RawView a,
                           bool conjugate_a,
                           RawView b,
                           bool conjugate_b,
                           int reduced,
                           Scale s,
                           RawView y,
                           SumOrder order,
                           Stream& stream) {
  const bool is_uniform = a.dtype == y.dtype && b.dtype == y.dtype;
  if (order == SumOrder::fastest && is_uniform && s.alpha != 0.0 &&
      run_gemm(a, conjugate_a, b, conjugate_b, reduced, s, y, stream)) {
    return;
  }
  const int kept = y.ndim - reduced;
  const auto rows = dims_of<3>({&a, &b, &y}, [&](int d) { return d < kept; });
  const auto terms = dims_of<3>({&a, &b, &y}, [&](int d) { return d >= kept; });
  dispatch_floating(y.dtype, [&]<class H>() {
    using T = device_t<H>;
    const auto issue = [&]<class A, class B>() {
      Contract<A, B, T> f;
      f.a = data<const A>(a);
      f.b = data<const B>(b);
      f.conjugate_a = conjugate_a;
      f.conjugate_b = conjugate_b;
      f.y = data<T>(y);
      f.scale = scaling<wide_t<T>>(s);
      fold(rows, terms, stream, f);
    };
    if constexpr (is_complex_v<T>) {
      using R = typename T::value_type;
      if (!is_complex(a.dtype)) return issue.template operator()<R, T>();
      if (!is_complex(b.dtype)) return issue.template operator()<T, R>();
    }
    issue.template operator()<T, T>();
  });
}

}  // namespace lunops
