// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/backend/cpu/planned.hpp"
#include "runtime/backend/reference/planned.hpp"
#include "tests/unit/backend/kernel_runs.hpp"

using namespace lunops;
using namespace lunops::testing;

namespace {

std::vector<int64_t> contiguous(const std::vector<int64_t>& extents) {
  std::vector<int64_t> strides(extents.size());
  int64_t stride = 1;
  for (size_t d = extents.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= extents[d];
  }
  return strides;
}

FftSpec spec_of(DType dtype, std::vector<int64_t> extents, std::vector<int> axes, int sign = -1) {
  FftSpec spec;
  spec.dtype = dtype;
  spec.x_strides = contiguous(extents);
  spec.y_strides = spec.x_strides;
  spec.extents = std::move(extents);
  spec.axes = std::move(axes);
  spec.sign = sign;
  return spec;
}

template <class C>
std::vector<C> run(const FftKernel& kernel,
                   const std::vector<C>& x,
                   std::vector<C> y,
                   Scale s = {},
                   int threads = 2) {
  Stream stream = stream_of(threads);
  const Workspace workspace(kernel.workspace());
  kernel.run(x.data(), y.data(), s, workspace.data(), stream);
  return y;
}

int64_t count_of(const std::vector<int64_t>& extents) {
  int64_t n = 1;
  for (const int64_t e : extents) n *= e;
  return n;
}

// cpu against reference, both with alpha and beta.
template <class C>
double difference(const FftSpec& spec, int64_t x_count, int64_t y_count, Scale s) {
  Stream stream = stream_of();
  const auto x = random_numbers<C>(x_count, 1);
  const auto y = random_numbers<C>(y_count, 2);

  const auto fast = run(*cpu::make_fft(spec, stream), x, y, s);
  const auto exact = run(*reference::make_fft(spec, stream), x, y, s);

  return relative_error(fast, exact);
}

}  // namespace

TEST_CASE("FFT: four points, centred, by hand", "[backend]") {
  const FftSpec spec = spec_of(DType::c64, {4}, {0});
  Stream stream = stream_of();
  // x at n - 2 = -2 … 1; y[k] = sum x exp(-2 pi i (k-2)(n-2)/4).
  const std::vector<c64> x = {{1, 0}, {2, 0}, {3, 0}, {4, 0}};
  const std::vector<c64> expected = {{-2, 0}, {2, 2}, {10, 0}, {2, -2}};

  CHECK(relative_error(run(*cpu::make_fft(spec, stream), x, std::vector<c64>(4)), expected) < 1e-6);
  CHECK(relative_error(run(*reference::make_fft(spec, stream), x, std::vector<c64>(4)), expected) <
        1e-6);
}

TEST_CASE("FFT: every extent up to 70 and primes beyond agree with the definition", "[backend]") {
  std::vector<int64_t> sizes = {97, 101, 127, 128, 211, 320};
  for (int64_t n = 1; n <= 70; ++n) sizes.push_back(n);
  for (const int64_t n : sizes) {
    CAPTURE(n);
    for (const bool centred : {true, false}) {
      FftSpec spec = spec_of(DType::c64, {3, n}, {1}, n % 2 == 0 ? 1 : -1);
      spec.centred = centred;
      // Rounding of f32 times the logarithm of the length.
      CHECK(difference<c64>(spec, 3 * n, 3 * n, {{0.5, -1.5}, {0, 0}}) < 1e-6);
    }
  }
}

TEST_CASE("FFT: any axes of any array agree with the definition in both precisions", "[backend]") {
  const std::vector<int64_t> extents =
      GENERATE(std::vector<int64_t>{33, 18, 7}, std::vector<int64_t>{5, 17, 32},
               std::vector<int64_t>{1, 40, 1}, std::vector<int64_t>{16, 2, 35});
  for (const std::vector<int>& axes :
       {std::vector<int>{0}, {1}, {2}, {0, 1}, {2, 0}, {1, 2}, {0, 1, 2}, {}}) {
    CAPTURE(extents, axes);
    const int64_t n = count_of(extents);
    const Scale s{{0.25, 0.5}, {-1.0, 0.75}};
    CHECK(difference<c64>(spec_of(DType::c64, extents, axes), n, n, s) < 1e-6);
    CHECK(difference<c128>(spec_of(DType::c128, extents, axes, 1), n, n, s) < 1e-14);
    CHECK(difference<c128>(spec_of(DType::c128, extents, axes, 1), n, n, {}) < 1e-14);
  }
}

TEST_CASE("FFT: transposed, reversed and spread out arrays keep their meaning", "[backend]") {
  // x is stored as {x, coil, y} and every second element of the rows is used; y is contiguous.
  FftSpec spec = spec_of(DType::c64, {4, 20, 17}, {1, 2});
  spec.x_strides = {20, 1, 2 * 4 * 20};

  CHECK(difference<c64>(spec, 2 * 4 * 20 * 17, 4 * 20 * 17, {}) < 1e-6);

  std::swap(spec.x_strides, spec.y_strides);
  CHECK(difference<c64>(spec, 4 * 20 * 17, 2 * 4 * 20 * 17, {{2, 0}, {1, 0}}) < 1e-6);
}

TEST_CASE("FFT: a batch too large for one block is cut and stays right", "[backend]") {
  // 3 x 700 images of 16 x 40 in c128: 21 MB, more than the 8 MB of a block.
  const FftSpec spec = spec_of(DType::c128, {3, 700, 16, 40}, {2, 3});
  const int64_t n = count_of(spec.extents);
  Stream stream = stream_of();
  const auto x = random_numbers<c128>(n, 3);

  const auto y = run(*cpu::make_fft(spec, stream), x, std::vector<c128>(static_cast<size_t>(n)));

  const FftSpec one = spec_of(DType::c128, {16, 40}, {0, 1});
  const auto kernel = reference::make_fft(one, stream);
  for (const int64_t image : {0, 699, 700, 1234, 2099}) {
    const auto at = [&](const std::vector<c128>& v) {
      return std::vector<c128>(v.begin() + image * 640, v.begin() + (image + 1) * 640);
    };
    CHECK(relative_error(at(y), run(*kernel, at(x), std::vector<c128>(640))) < 1e-14);
  }
}

TEST_CASE("FFT: the bits do not depend on the threads", "[backend]") {
  const FftSpec spec = spec_of(DType::c64, {3, 66, 50}, {1, 2});
  Stream stream = stream_of(4);
  const auto kernel = cpu::make_fft(spec, stream);
  const auto x = random_numbers<c64>(count_of(spec.extents), 4);

  const auto one = run(*kernel, x, x, {}, 1);

  CHECK(run(*kernel, x, x, {}, 2) == one);
  CHECK(run(*kernel, x, x, {}, 4) == one);
}

TEST_CASE("FFT: an empty array is left alone", "[backend]") {
  const FftSpec spec = spec_of(DType::c64, {0, 5}, {1});
  Stream stream = stream_of();

  CHECK(run(*cpu::make_fft(spec, stream), std::vector<c64>{}, std::vector<c64>{}).empty());
}

TEST_CASE("FFT: a window of the input stands among zeros, one of the output is what is wanted",
          "[backend]") {
  // Two lines of 4, of which x holds indices 1 and 2, y index 3: sums of the definition by hand.
  FftSpec spec = spec_of(DType::c128, {2, 4}, {1});
  spec.centred = false;
  spec.x_window = {{0, 2}, {1, 2}};
  spec.y_window = {{0, 2}, {3, 1}};
  spec.x_strides = {2, 1};
  spec.y_strides = {1, 1};
  Stream stream = stream_of();
  const std::vector<c128> x = {{1, 0}, {2, 0}, {3, 0}, {4, 0}};
  const std::vector<c128> expected = {{-2, 1}, {-4, 3}};  // i x[1] - x[2]

  CHECK(relative_error(run(*cpu::make_fft(spec, stream), x, std::vector<c128>(2)), expected) <
        1e-14);
  CHECK(relative_error(run(*reference::make_fft(spec, stream), x, std::vector<c128>(2)), expected) <
        1e-14);
}

TEST_CASE("FFT: windows of any axes agree with the definition in both precisions", "[backend]") {
  const std::vector<int64_t> extents =
      GENERATE(std::vector<int64_t>{33, 18, 7}, std::vector<int64_t>{5, 17, 32},
               std::vector<int64_t>{8, 1, 9});
  for (const bool centred : {true, false}) {
    for (const std::vector<int>& axes : {std::vector<int>{0}, {2}, {0, 1}, {2, 0}, {0, 1, 2}}) {
      // Left, right and on both sides of the origin; one element; a different one of x and y.
      for (int which = 0; which < 4; ++which) {
        CAPTURE(extents, axes, centred, which);
        FftSpec spec = spec_of(DType::c64, extents, axes, which % 2 == 0 ? -1 : 1);
        spec.centred = centred;
        std::vector<int64_t> x_extents = extents, y_extents = extents;
        for (size_t d = 0; d < extents.size(); ++d) {
          const int64_t n = extents[d], small = std::max<int64_t>(1, n / 3);
          const std::vector<FftWindow> each = {
              {0, small}, {n - small, small}, {n / 2 - small / 2, small}, {n / 2, 1}, {0, n}};
          const bool is_axis =
              std::find(axes.begin(), axes.end(), static_cast<int>(d)) != axes.end();
          const auto at = static_cast<size_t>(which) + d;
          spec.x_window.push_back(is_axis ? each[at % 5] : each[4]);
          spec.y_window.push_back(is_axis ? each[(2 * at + 1) % 5] : each[4]);
          x_extents[d] = spec.x_window[d].count;
          y_extents[d] = spec.y_window[d].count;
        }
        spec.x_strides = contiguous(x_extents);
        spec.y_strides = contiguous(y_extents);
        const int64_t from = count_of(x_extents), to = count_of(y_extents);
        CHECK(difference<c64>(spec, from, to, {}) < 1e-6);
        spec.dtype = DType::c128;
        CHECK(difference<c128>(spec, from, to, {{0.25, 0.5}, {-1.0, 0.75}}) < 1e-14);
      }
    }
  }
}
