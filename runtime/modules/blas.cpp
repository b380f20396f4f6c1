// SPDX-License-Identifier: MIT
#include "runtime/modules/blas.hpp"

#include <cblas.h>

#include <complex>
#include <string_view>

namespace {

using lunops::MatrixForm;

CBLAS_TRANSPOSE form(MatrixForm f) {
  switch (f) {
    case MatrixForm::plain:
      return CblasNoTrans;
    case MatrixForm::transposed:
      return CblasTrans;
    case MatrixForm::conjugated:
      return CblasConjNoTrans;
    case MatrixForm::adjoint:
      return CblasConjTrans;
  }
  __builtin_unreachable();
}

template <class T, auto function>
void real_gemm(MatrixForm form_a,
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
               int ldc) {
  function(CblasRowMajor, form(form_a), form(form_b), m, n, k, static_cast<T>(alpha[0]),
           static_cast<const T*>(a), lda, static_cast<const T*>(b), ldb, static_cast<T>(beta[0]),
           static_cast<T*>(c), ldc);
}

template <class T, auto function>
void complex_gemm(MatrixForm form_a,
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
                  int ldc) {
  const std::complex<T> first(static_cast<T>(alpha[0]), static_cast<T>(alpha[1]));
  const std::complex<T> second(static_cast<T>(beta[0]), static_cast<T>(beta[1]));
  function(CblasRowMajor, form(form_a), form(form_b), m, n, k, &first, a, lda, b, ldb, &second, c,
           ldc);
}

constexpr lunops::BlasModule table = {
    {real_gemm<float, cblas_sgemm>, real_gemm<double, cblas_dgemm>,
     complex_gemm<float, cblas_cgemm>, complex_gemm<double, cblas_zgemm>}};

}  // namespace

extern "C" __attribute__((visibility("default"))) const void* lunops_module(const char* build_id) {
  if (std::string_view(build_id) != LUNOPS_BUILD_ID) return nullptr;
  // OPENBLAS_NUM_THREADS=1 before the load would also spare its sleeping threads, but setenv is
  // unsafe once a host runs threads of its own.
  openblas_set_num_threads(1);
  return &table;
}
