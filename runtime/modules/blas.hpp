// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace lunops {

// How a matrix enters a product: as it lies, transposed, conjugated, or both.
enum class MatrixForm : uint8_t { plain, transposed, conjugated, adjoint };

// What liblunops-blas.so exports: OpenBLAS, single-threaded inside our own threads.
struct BlasModule {
  // C = alpha form(A) form(B) + beta C; all matrices row-major, leading dims in elements; m n are
  // the extents of C, k the summed one.  alpha, beta: {re, im}.
  using Gemm = void (*)(MatrixForm form_a,
                        MatrixForm form_b,
                        int m,
                        int n,
                        int k,
                        const double* alpha,
                        const void* a,
                        int lda,
                        const void* b,
                        int ldb,
                        const double* beta,
                        void* c,
                        int ldc);
  Gemm gemm[4];  // f32, f64, c64, c128
};

}  // namespace lunops
