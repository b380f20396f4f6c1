// SPDX-License-Identifier: MIT
// The tables of the NUFFT's specification, computed again, and the prediction against measurements.
#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/plan/nufft/cost.hpp"
#include "runtime/plan/nufft/good_size.hpp"
#include "runtime/plan/nufft/kaiser_bessel.hpp"
#include "runtime/plan/nufft/parameters.hpp"
#include "tests/unit/backend/nufft_runs.hpp"

using namespace lunops;
using namespace lunops::testing;

namespace {

struct Row {
  double oversamp;
  std::vector<std::pair<int, double>> errors;  // width, aliasing error of one dim
};

const std::vector<Row>& error_table() {
  static const std::vector<Row> rows = {
      {1.25,
       {{3, 2.2e-2},
        {4, 4.6e-3},
        {5, 1.1e-3},
        {6, 2.6e-4},
        {7, 6.2e-5},
        {8, 1.5e-5},
        {9, 3.7e-6},
        {10, 9.0e-7},
        {12, 5.4e-8},
        {14, 3.3e-9}}},
      {1.5,
       {{3, 9.8e-3},
        {4, 1.5e-3},
        {5, 2.2e-4},
        {6, 3.4e-5},
        {7, 5.4e-6},
        {8, 8.7e-7},
        {9, 1.4e-7},
        {10, 2.3e-8},
        {12, 6.2e-10},
        {14, 1.6e-11}}},
      {2.0,
       {{3, 4.1e-3},
        {4, 4.2e-4},
        {5, 4.4e-5},
        {6, 4.6e-6},
        {7, 4.9e-7},
        {8, 5.3e-8},
        {9, 5.7e-9},
        {10, 6.1e-10},
        {12, 7.1e-12},
        {14, 8.4e-14}}},
  };
  return rows;
}

NufftSpec asking(DType dtype, int dims, double tol) {
  NufftSpec spec;
  spec.dtype = dtype;
  spec.image.assign(static_cast<size_t>(dims), 256);
  spec.points = 100000;
  spec.tol = tol;
  return spec;
}

// The smallest width whose predicted error is at most 0.9 tol at this oversampling, 0 if none.
int smallest_width(DType dtype, int dims, double oversamp, double tol) {
  for (int width = 2; width <= 16; ++width) {
    const auto dim = nufft::predict_dim(nufft::kaiser_bessel(width, oversamp), oversamp);
    const std::vector<nufft::DimError> all(static_cast<size_t>(dims), dim);
    if (nufft::predict(all, dtype == DType::c128) <= 0.9 * tol) return width;
  }
  return 0;
}

}  // namespace

TEST_CASE("NUFFT parameters: the table of aliasing errors", "[plan]") {
  for (const Row& row : error_table()) {
    for (const auto& [width, error] : row.errors) {
      CAPTURE(row.oversamp, width);
      const auto dim = nufft::predict_dim(nufft::kaiser_bessel(width, row.oversamp), row.oversamp);
      // The table has two digits.
      CHECK(dim.aliasing == Approx(error).epsilon(0.06));
    }
  }
}

TEST_CASE("NUFFT parameters: the table of amplitudes", "[plan]") {
  const auto amplitude = [](int width, double oversamp) {
    return nufft::predict_dim(nufft::kaiser_bessel(width, oversamp), oversamp).amplitude;
  };
  CHECK(amplitude(4, 1.25) == Approx(1.5).epsilon(0.05));
  CHECK(amplitude(8, 1.25) == Approx(5.1).epsilon(0.05));
  CHECK(amplitude(14, 1.25) == Approx(56).epsilon(0.05));
  CHECK(amplitude(10, 1.5) == Approx(2.4).epsilon(0.05));
  CHECK(amplitude(14, 2) == Approx(1.2).epsilon(0.05));
}

TEST_CASE("NUFFT parameters: the table of widths by tolerance", "[plan]") {
  const auto row = [](DType dtype, int dims, double tol) {
    return std::vector<int>{smallest_width(dtype, dims, 1.25, tol),
                            smallest_width(dtype, dims, 1.5, tol),
                            smallest_width(dtype, dims, 2.0, tol)};
  };
  CHECK(row(DType::c64, 2, 1e-2) == std::vector<int>{4, 4, 3});
  CHECK(row(DType::c64, 2, 1e-3) == std::vector<int>{6, 5, 4});
  CHECK(row(DType::c64, 3, 1e-4) == std::vector<int>{8, 6, 5});
  CHECK(row(DType::c64, 2, 1e-5) == std::vector<int>{0, 7, 6});
  CHECK(row(DType::c64, 3, 1e-6) == std::vector<int>{0, 0, 7});
  CHECK(row(DType::c128, 2, 1e-7) == std::vector<int>{12, 10, 8});
  CHECK(row(DType::c128, 2, 1e-9) == std::vector<int>{16, 12, 10});
  CHECK(row(DType::c128, 3, 1e-11) == std::vector<int>{0, 15, 13});
  CHECK(row(DType::c128, 2, 1e-13) == std::vector<int>{0, 0, 15});
}

TEST_CASE("NUFFT parameters: the transform of the kernel is its Fourier integral", "[plan]") {
  const nufft::KaiserBessel kernel = nufft::kaiser_bessel(6, 1.5);
  for (const double f : {0.0, 0.2, 0.33, 0.7, 1.4}) {
    // Phi(f) = integral of phi(2x/w) cos(2 pi f x) over the width, by the midpoint rule.
    double sum = 0;
    const int steps = 20000;
    for (int i = 0; i < steps; ++i) {
      const double x = 6.0 * ((i + 0.5) / steps - 0.5);
      sum += kernel.value(x / 3.0) * std::cos(2 * 3.14159265358979323846 * f * x);
    }
    // The midpoint rule stops at the jump of phi at the edge of its support.
    CHECK(kernel.transform(f) == Approx(sum * 6.0 / steps).margin(1e-6));
  }
}

TEST_CASE("NUFFT parameters: the choice keeps tol on even grids that hold the kernel", "[plan]") {
  for (const DType dtype : {DType::c64, DType::c128}) {
    for (const int dims : {1, 2, 3}) {
      for (const double tol : {1e-2, 1e-4, 1e-6}) {
        CAPTURE(dims, tol);
        const NufftSpec spec = asking(dtype, dims, tol);
        const NufftParameters p = nufft::choose(spec);
        CHECK(p.predicted_error <= 0.9 * tol);
        for (int d = 0; d < dims; ++d) {
          const auto i = static_cast<size_t>(d);
          CHECK(p.grid[i] % 2 == 0);
          CHECK(p.grid[i] >= 2 * p.width);
          CHECK(p.oversamp[i] == Approx(static_cast<double>(p.grid[i]) / 256));
        }
      }
    }
  }
}

TEST_CASE("NUFFT parameters: width and oversamp are kept", "[plan]") {
  NufftSpec spec = asking(DType::c64, 2, 0);
  spec.width = 4;
  spec.oversamp = {1.25, 1.25, 0};

  const NufftParameters p = nufft::choose(spec);

  CHECK(p.width == 4);
  CHECK(p.grid[0] == 320);
  CHECK(p.predicted_error == Approx(4.6e-3 * std::sqrt(2.0)).epsilon(0.06));
}

TEST_CASE("NUFFT parameters: good sizes are even, smooth and close", "[plan]") {
  CHECK(nufft::good_size(320) == 320);
  CHECK(nufft::good_size(321) == 384);  // 324, 360 and 375 cost more per line
  CHECK(nufft::good_size(511) == 512);
  for (int64_t n = 2; n < 2000; ++n) {
    const int64_t g = nufft::good_size(n);
    CHECK(g >= n);
    CHECK(g % 2 == 0);
    CHECK(g <= std::max(n + n / 4, n + 16));
  }
}

TEST_CASE("NUFFT parameters: what cannot be reached is refused with the other precision named",
          "[plan]") {
  CHECK_THROWS_WITH(nufft::choose(asking(DType::c64, 2, 1e-9)),
                    "NUFFT: tol = 1e-9 is below what c64 can reach (5e-7); use tol >= 5e-7 or data "
                    "in c128");
  CHECK_THROWS_WITH(nufft::choose(asking(DType::c128, 2, 1e-15)),
                    "NUFFT: tol = 1e-15 is below what c128 can reach (1e-13); use tol >= 1e-13");
  NufftSpec spec = asking(DType::c64, 2, 0);
  spec.width = 17;
  CHECK_THROWS_WITH(nufft::choose(spec), "NUFFT: 'width' = 17 must be an integer from 2 to 16");
}

// Every width and oversampling of the table in 1-D and 2-D; 3-D for a few, the direct sum being
// slow.
TEST_CASE("NUFFT parameters: the prediction holds against measurements", "[plan]") {
  struct Shape {
    std::vector<int64_t> image;
    int64_t batch;
    int step;
  };
  for (const Shape& shape :
       {Shape{{201}, 40, 1}, Shape{{65, 34}, 8, 1}, Shape{{33, 24, 35}, 2, 4}}) {
    const auto k = random_points(shape.image, 150, 1);
    for (const Row& row : error_table()) {
      for (size_t i = 0; i < row.errors.size(); i += static_cast<size_t>(shape.step)) {
        NufftSpec spec = nufft_spec(DType::c128, shape.image, k, 0);
        spec.width = row.errors[i].first;
        for (size_t d = 0; d < shape.image.size(); ++d) {
          // The exact ratio, not the next good size: that of the table as closely as an even grid
          // can.
          const double g = row.oversamp * static_cast<double>(shape.image[d]);
          spec.grid[d] = std::max<int64_t>(2 * std::lround(g / 2), 2 * spec.width);
        }
        CAPTURE(shape.image, row.oversamp, spec.width);
        Stream stream = stream_of();
        const auto fast = cpu::make_nufft(spec, stream);
        const auto exact = reference::make_nufft(spec, stream);
        const NufftCase a{*fast, spec, shape.batch, {}, false, {}, 2};
        const NufftCase b{*exact, spec, shape.batch, {}, false, {}, 2};
        const auto x = random_numbers<c128>(product_of(a.image_extents()), 2);
        const double predicted = fast->parameters().predicted_error;
        const double ratio = relative_error(a.forward(x), b.forward(x)) / predicted;
        // Where rounding is below a third of it.
        if (predicted > 1e-12) {
          CHECK(ratio >= 0.6);
          CHECK(ratio <= 1.3);
        }
      }
    }
  }
}

TEST_CASE("NUFFT parameters: the settings of other packages reach the table's error", "[plan]") {
  struct Setting {
    int width;
    double oversamp;
    double table;
  };
  for (const Setting& s :
       {Setting{4, 1.25, 4.6e-3}, Setting{6, 2, 4.6e-6}, Setting{8, 1.5, 8.7e-7}}) {
    CAPTURE(s.width);
    const std::vector<int64_t> image = {64, 64};
    const auto k = random_points(image, 400, 3);
    NufftSpec spec = nufft_spec(DType::c128, image, k, 0);
    spec.width = s.width;
    spec.oversamp = {s.oversamp, s.oversamp, 0};
    Stream stream = stream_of();
    const auto fast = cpu::make_nufft(spec, stream);
    const auto exact = reference::make_nufft(spec, stream);
    const NufftCase a{*fast, spec, 4, {}, false, {}, 2};
    const NufftCase b{*exact, spec, 4, {}, false, {}, 2};
    const auto x = random_numbers<c128>(product_of(a.image_extents()), 4);

    CHECK(relative_error(a.forward(x), b.forward(x)) <= 1.25 * s.table * std::sqrt(2.0));
  }
}
