// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/gemm.hpp"

#include <limits>

#include "runtime/backend/cpu/hot_use.hpp"
#include "runtime/backend/cpu/runs.hpp"
#include "runtime/device/loader.hpp"
#include "runtime/modules/blas.hpp"

namespace lunops::cpu {

namespace {

// Below this many products own loops take less than some 30 us, and the library need not be opened.
constexpr int64_t kLeastProducts = 32 * 32 * 32;
// Tiles of the result that threads share; their cut depends on the extents alone.
constexpr int64_t kTile = 256;

// Dims of one role (rows, columns, summed, or batch): extents with the strides of two operands and
// the result.
struct Role {
  int ndim = 0;
  std::array<int64_t, kMaxDims> extent;
  std::array<std::array<int64_t, 3>, kMaxDims> stride;  // a, b, y

  void add(int64_t e, const std::array<int64_t, 3>& s) {
    extent[static_cast<size_t>(ndim)] = e;
    stride[static_cast<size_t>(ndim)] = s;
    ++ndim;
  }

  // Joins neighbours that follow each other without a gap in all operands.
  void merge() {
    int kept = 0;
    for (int d = 1; d < ndim; ++d) {
      const auto o = static_cast<size_t>(kept), i = static_cast<size_t>(d);
      bool is_gapless = true;
      for (size_t v = 0; v < 3; ++v) {
        is_gapless = is_gapless && stride[o][v] == extent[i] * stride[i][v];
      }
      if (is_gapless) {
        extent[o] *= extent[i];
        stride[o] = stride[i];
      } else {
        ++kept;
        extent[static_cast<size_t>(kept)] = extent[i];
        stride[static_cast<size_t>(kept)] = stride[i];
      }
    }
    if (ndim > 0) ndim = kept + 1;
  }

  // Leaves the last dim; the others join `batch`.
  void give_outer_to(Role& batch) {
    for (int d = 0; d + 1 < ndim; ++d) {
      batch.add(extent[static_cast<size_t>(d)], stride[static_cast<size_t>(d)]);
    }
    if (ndim > 1) {
      extent[0] = extent[static_cast<size_t>(ndim - 1)];
      stride[0] = stride[static_cast<size_t>(ndim - 1)];
      ndim = 1;
    }
  }

  int64_t count() const {
    int64_t n = 1;
    for (int d = 0; d < ndim; ++d) n *= extent[static_cast<size_t>(d)];
    return n;
  }
};

// One operand as a matrix: element (i, j) lies at i * row + j * column, and one of them is 1.
struct Matrix {
  MatrixForm form;
  int leading;
};

bool as_matrix(int64_t row, int64_t column, int64_t rows, int64_t columns, bool conj, Matrix& m) {
  const int64_t most = std::numeric_limits<int>::max();
  if (column == 1 && row >= columns && row <= most) {
    m = {conj ? MatrixForm::conjugated : MatrixForm::plain, static_cast<int>(row)};
    return true;
  }
  if (row == 1 && column >= rows && column <= most) {
    m = {conj ? MatrixForm::adjoint : MatrixForm::transposed, static_cast<int>(column)};
    return true;
  }
  return false;
}

}  // namespace

bool contract_by_gemm(RawView a,
                      bool conjugate_a,
                      RawView b,
                      bool conjugate_b,
                      int reduced,
                      Scale s,
                      RawView y,
                      Stream& stream) {
  const int kept = y.ndim - reduced;
  Role rows, columns, summed, batch;
  for (int d = 0; d < y.ndim; ++d) {
    const auto k = static_cast<size_t>(d);
    if (y.extent[k] == 1) continue;
    const bool in_a = a.stride[k] != 0, in_b = b.stride[k] != 0;
    if (!in_a && !in_b) return false;
    if (d >= kept && !(in_a && in_b)) return false;
    Role& role = d >= kept ? summed : in_a && in_b ? batch : in_a ? rows : columns;
    role.add(y.extent[k], {a.stride[k], b.stride[k], d < kept ? y.stride[k] : 0});
  }
  rows.merge();
  columns.merge();
  summed.merge();
  if (rows.ndim == 0 || columns.ndim == 0 || summed.ndim != 1) return false;
  rows.give_outer_to(batch);
  columns.give_outer_to(batch);
  if (rows.stride[0][2] == 1) {
    // The result's rows are contiguous: its transpose is the row-major one.
    std::swap(rows, columns);
    std::swap(a, b);
    std::swap(conjugate_a, conjugate_b);
    for (Role* role : {&rows, &columns, &summed, &batch}) {
      for (int d = 0; d < role->ndim; ++d) {
        auto& stride = role->stride[static_cast<size_t>(d)];
        std::swap(stride[0], stride[1]);
      }
    }
  }
  const int64_t m = rows.extent[0], n = columns.extent[0], k = summed.extent[0];
  if (m * n * k < kLeastProducts || m < 4 || n < 4 || k < 4) return false;
  const auto [y_row, y_column] = std::pair(rows.stride[0][2], columns.stride[0][2]);
  Matrix left, right;
  if (y_column != 1 || y_row < n || y_row > std::numeric_limits<int>::max() ||
      k > std::numeric_limits<int>::max() ||
      !as_matrix(rows.stride[0][0], summed.stride[0][0], m, k, conjugate_a, left) ||
      !as_matrix(summed.stride[0][1], columns.stride[0][1], k, n, conjugate_b, right)) {
    return false;
  }

  static const auto* const blas = static_cast<const BlasModule*>(load_module("blas"));
  const BlasModule::Gemm gemm = blas->gemm[hot_index(y.dtype)];
  const double alpha[2] = {s.alpha.real(), s.alpha.imag()};
  const double beta[2] = {s.beta.real(), s.beta.imag()};
  const int64_t row_tiles = (m + kTile - 1) / kTile, column_tiles = (n + kTile - 1) / kTile;
  const int64_t items = batch.count() * row_tiles * column_tiles;
  const int64_t row_a = rows.stride[0][0], column_b = columns.stride[0][1];
  ThreadPool::process().run(items, stream.threads(), [&](int64_t item, int) {
    const int64_t column = item % column_tiles * kTile;
    const int64_t row = item / column_tiles % row_tiles * kTile;
    int64_t rest = item / (column_tiles * row_tiles);
    std::array<int64_t, 3> offset = {row * row_a, column * column_b, row * y_row + column};
    for (int d = batch.ndim; d-- > 0;) {
      const auto i = static_cast<size_t>(d);
      for (size_t v = 0; v < 3; ++v) offset[v] += rest % batch.extent[i] * batch.stride[i][v];
      rest /= batch.extent[i];
    }
    gemm(left.form, right.form, static_cast<int>(std::min(kTile, m - row)),
         static_cast<int>(std::min(kTile, n - column)), static_cast<int>(k), alpha,
         at(a, offset[0]), left.leading, at(b, offset[1]), right.leading, beta, at(y, offset[2]),
         static_cast<int>(y_row));
  });
  return true;
}

}  // namespace lunops::cpu
