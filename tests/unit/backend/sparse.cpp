// SPDX-License-Identifier: MIT
// Sparse rows: by hand, then the CPU backend against the reference over dtypes, strides and shapes
// of rows, and the same bits for any number of threads.
#include <cstring>

#include <catch2/catch.hpp>

#include "runtime/tensor/tensor.hpp"
#include "tests/unit/backend/allocations.hpp"
#include "tests/unit/backend/draw.hpp"
#include "tests/unit/backend/kernel_runs.hpp"

using namespace lunops;
using draw::Array;
using draw::Strides;

namespace {

// A matrix that owns what SparseRows points to.
struct Matrix {
  std::vector<int64_t> first;
  std::vector<int32_t> column;
  std::vector<std::byte> value;
  SparseRows rows;

  void point() {
    rows.first = first.empty() ? nullptr : first.data();
    rows.column = column.data();
    rows.value = value.empty() ? nullptr : value.data();
    rows.entries = static_cast<int64_t>(column.size());
  }
};

enum class Kind { selection, weighted_selection, ones, real, complex };

// Rows with 0, 1, 2 … entries, the first one long.
Matrix matrix(
    int64_t groups, int64_t rows, int64_t columns, Kind kind, DType data, std::mt19937_64& random) {
  Matrix m;
  m.rows.groups = groups;
  m.rows.rows = rows;
  m.rows.columns = columns;
  const auto one = [&] { m.column.push_back(static_cast<int32_t>(random() % columns)); };
  const bool is_selection = kind == Kind::selection || kind == Kind::weighted_selection;
  if (!is_selection) m.first.push_back(0);
  for (int64_t r = 0; r < groups * rows; ++r) {
    const auto n = is_selection ? 1 : r == 0 ? 100 : random() % 4;
    for (uint64_t k = 0; k < n; ++k) one();
    if (!is_selection) m.first.push_back(static_cast<int64_t>(m.column.size()));
  }
  if (kind != Kind::selection && kind != Kind::ones) {
    m.rows.dtype = kind == Kind::complex ? data : real_of(data);
    m.value = draw::array({static_cast<int64_t>(m.column.size())}, m.rows.dtype,
                          Strides::contiguous, random)
                  .memory;
  }
  m.point();
  return m;
}

const Scale kScales[] = {{1.0, 0.0}, {2.0, 1.0}, {{0.5, -1.0}, {0.25, 0.5}}, {0.0, 2.0}};

}  // namespace

TEST_CASE("sparse: rows are sums of weighted columns", "[backend][kernels]") {
  Context context;
  Matrix m;
  m.first = {0, 1, 3};
  m.column = {1, 0, 2};
  m.rows.rows = 2;
  m.rows.columns = 3;
  m.rows.dtype = DType::f64;
  m.value.resize(3 * sizeof(double));
  const double values[] = {2, 1, 3};
  std::memcpy(m.value.data(), values, sizeof values);
  m.point();
  const std::vector<double> x{1, 2, 3};
  std::vector<double> y(2);

  context.backend().sparse(m.rows, false, testing::view_of(x, {1, 3}), {},
                           testing::view_of(y, {1, 2}), *context.stream);

  CHECK(y == std::vector<double>{4, 10});
}

TEST_CASE("sparse: the CPU agrees with the reference for all kinds of rows and strides",
          "[backend][kernels]") {
  std::mt19937_64 random(11);
  struct Case {
    std::vector<int64_t> batch;
    int64_t groups, rows, columns;
  };
  const Case cases[] = {{{}, 1, 7, 5},    {{3}, 1, 40, 9},    {{2, 3}, 4, 5, 6},
                        {{70}, 1, 33, 8}, {{2}, 1, 1, 1},     {{1}, 3, 0, 4},
                        {{0}, 1, 4, 4},   {{2}, 2, 9000, 50}, {{3}, 1, 12, 300}};
  for (const Case& c : cases) {
    for (const DType dtype : {DType::f32, DType::f64, DType::c64, DType::c128}) {
      for (const Kind kind :
           {Kind::selection, Kind::weighted_selection, Kind::ones, Kind::real, Kind::complex}) {
        const Matrix m = matrix(c.groups, c.rows, c.columns, kind, dtype, random);
        std::vector<int64_t> in = c.batch, out = c.batch;
        in.insert(in.end(), {c.groups, c.columns});
        out.insert(out.end(), {c.groups, c.rows});
        for (const Strides strides : draw::kStrides) {
          const Array y = draw::array(out, dtype, strides, random);
          Array x = draw::array(in, dtype, strides, random);
          for (const Scale& given : kScales) {
            const Scale s =
                is_complex(dtype) ? given : Scale{given.alpha.real(), given.beta.real()};
            const bool conjugate = given.beta != 0.0;
            Context cpu, reference(Backend::reference());
            Array a = y, b = y;
            cpu.backend().sparse(m.rows, conjugate, x.view(), s, a.view(), *cpu.stream);
            reference.backend().sparse(m.rows, conjugate, x.view(), s, b.view(), *reference.stream);
            // The long row has 100 terms of size 1; sums are in double, their rounding is not.
            REQUIRE(draw::difference(a, b) <= (is_double(dtype) ? 1e-12 : 1e-4));
          }
        }
      }
    }
  }
}

TEST_CASE("sparse: any number of threads gives the same bits, and nothing is allocated",
          "[backend][kernels]") {
  std::mt19937_64 random(12);
  const Matrix m = matrix(1, 20000, 3000, Kind::real, DType::c64, random);
  Array x = draw::array({4, 1, 3000}, DType::c64, Strides::contiguous, random);
  Array y = draw::array({4, 1, 20000}, DType::c64, Strides::contiguous, random), one = y, four = y;
  Stream alone = testing::stream_of(1), together = testing::stream_of(4);
  Backend& b = Backend::cpu();
  b.sparse(m.rows, false, x.view(), {}, one.view(), alone);
  b.sparse(m.rows, false, x.view(), {}, four.view(), together);
  const int64_t before = testing::allocations();

  b.sparse(m.rows, false, x.view(), {}, four.view(), together);

  CHECK(testing::allocations() == before);
  CHECK(one.memory == four.memory);
}
