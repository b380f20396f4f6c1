// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "tests/unit/backend/nufft_runs.hpp"

using namespace lunops;
using namespace lunops::testing;

namespace {

struct Errors {
  double forward;
  double adjoint;
};

// cpu against reference on random data.
template <class C>
Errors errors_of(const NufftSpec& spec, int64_t batch = 1) {
  Stream stream = stream_of();
  const auto fast = cpu::make_nufft(spec, stream);
  const auto exact = reference::make_nufft(spec, stream);
  const NufftCase a{*fast, spec, batch, {}, false, {}, 2};
  const NufftCase b{*exact, spec, batch, {}, false, {}, 2};
  const auto image = random_numbers<C>(product_of(a.image_extents()), 11);
  const auto samples = random_numbers<C>(product_of(a.sample_extents()), 12);
  return {relative_error(a.forward(image), b.forward(image)),
          relative_error(a.adjoint(samples), b.adjoint(samples))};
}

double worst(Errors e) { return std::max(e.forward, e.adjoint); }

}  // namespace

TEST_CASE("NUFFT: four pixels and four points by hand", "[backend]") {
  const std::vector<double> k = {0, 1, -2, 0.5};
  const NufftSpec spec = nufft_spec(DType::c128, {4}, k, 1e-12);
  Stream stream = stream_of();
  const std::vector<c128> x = {1, 2, 3, 4};
  const std::vector<c128> expected = {5, {1, -1}, -1, {3.6213203435596424, -0.20710678118654757}};

  for (const auto& points : {cpu::make_nufft(spec, stream), reference::make_nufft(spec, stream)}) {
    const NufftCase run{*points, spec, 1, {}, false, {}, 2};
    CHECK(relative_error(run.forward(x), expected) < 1e-11);
    // A delta at the centre has the same value everywhere, one off the centre turns with k.
    CHECK(relative_error(run.forward(std::vector<c128>{0, 0, 1, 0}),
                         std::vector<c128>{0.5, 0.5, 0.5, 0.5}) < 1e-11);
    std::vector<c128> turning;
    for (const double f : k)
      turning.push_back(std::polar(0.5, -2 * 3.14159265358979323846 * f / 4));
    CHECK(relative_error(run.forward(std::vector<c128>{0, 0, 0, 1}), turning) < 1e-11);
  }
}

// The whole sweep (eight tolerances per decade, 20 extents) takes minutes in the reference: the
// default run takes two per decade on small images; `[.sweep]` has the rest.
static void sweep(const std::vector<std::vector<int64_t>>& images, int per_decade) {
  for (const auto& image : images) {
    const auto k = random_points(image, 500, 21);
    for (const double sigma : {0.0, 1.25, 1.5, 1.75, 2.0}) {
      for (int i = per_decade; i <= 13 * per_decade; ++i) {
        const double tol = std::pow(10.0, -static_cast<double>(i) / per_decade);
        CAPTURE(image, sigma, tol);
        for (const DType dtype : {DType::c64, DType::c128}) {
          if (dtype == DType::c64 && tol < 1e-6 * 0.999) continue;
          NufftSpec spec = nufft_spec(dtype, image, k, tol);
          spec.oversamp = {sigma, sigma, sigma};
          Errors e{};
          try {
            // Eight images: few pixels at the edges carry most of the error, so one image of 50
            // pixels scatters by 40 % around the mean that tol speaks of.
            e = dtype == DType::c64 ? errors_of<c64>(spec, 8) : errors_of<c128>(spec, 8);
          } catch (const Error& error) {
            // A forced small sigma cannot reach every tol; the free choice can.
            REQUIRE(sigma != 0.0);
            REQUIRE(error.code() == Code::argument);
            continue;
          }
          CHECK(e.forward <= 1.25 * tol);
          CHECK(e.adjoint <= 1.25 * tol);
        }
      }
    }
  }
}

TEST_CASE("NUFFT: the error stays below tol at every tolerance and oversampling", "[backend]") {
  sweep({{50}, {25, 40}}, 2);
}

TEST_CASE("NUFFT: the error stays below tol, all tolerances and extents", "[.sweep]") {
  sweep({{50}, {25, 40}, {10, 11, 12}, {33, 24, 35}, {65, 34}}, 8);
}

TEST_CASE("NUFFT: three dims keep tol", "[backend]") {
  const std::vector<int64_t> image = {10, 11, 12};
  const auto k = random_points(image, 300, 22);
  for (const double tol : {1e-2, 1e-4, 1e-6}) {
    CAPTURE(tol);
    CHECK(worst(errors_of<c64>(nufft_spec(DType::c64, image, k, tol), 5)) <= 1.25 * tol);
  }
  CHECK(worst(errors_of<c128>(nufft_spec(DType::c128, image, k, 1e-10), 3)) <= 1.25e-10);
}

TEST_CASE("NUFFT: a Cartesian trajectory is the centred orthonormal FFT", "[backend]") {
  for (const std::vector<int64_t>& image : {std::vector<int64_t>{8}, {9}, {127, 16, 5}, {64, 65}}) {
    CAPTURE(image);
    std::vector<double> k;
    const int64_t count = product_of(image);
    for (int64_t i = 0; i < count; ++i) {
      std::vector<double> point(image.size());
      int64_t rest = i;
      for (size_t d = image.size(); d-- > 0;) {
        point[d] = static_cast<double>(rest % image[d] - image[d] / 2);
        rest /= image[d];
      }
      k.insert(k.end(), point.begin(), point.end());
    }
    const NufftSpec spec = nufft_spec(DType::c128, image, k, 1e-9);
    Stream stream = stream_of();
    const auto points = cpu::make_nufft(spec, stream);
    const NufftCase run{*points, spec, 1, {}, false, {}, 2};
    const auto x = random_numbers<c128>(count, 23);
    FftSpec fft;
    fft.dtype = DType::c128;
    fft.extents = image;
    const RawView v = view_of(x, image);
    fft.x_strides.assign(v.stride.begin(), v.stride.begin() + v.ndim);
    fft.y_strides = fft.x_strides;
    for (int d = 0; d < v.ndim; ++d) fft.axes.push_back(d);
    fft.scale = 1 / std::sqrt(static_cast<double>(count));
    const auto kernel = cpu::make_fft(fft, stream);
    std::vector<c128> y(x.size());
    const Workspace workspace(kernel->workspace());
    kernel->run(x.data(), y.data(), {}, workspace.data(), stream);

    CHECK(relative_error(run.forward(x), y) <= 1e-9);
  }
}

TEST_CASE("NUFFT: the adjoint is the exact transpose, with maps, conjugates and any batch",
          "[backend]") {
  const std::vector<int64_t> image = GENERATE(
      std::vector<int64_t>{37}, std::vector<int64_t>{18, 21}, std::vector<int64_t>{9, 8, 11});
  const auto k = random_points(image, 400, 31);
  Stream stream = stream_of();
  for (int width = 2; width <= 16; ++width) {
    for (const int64_t batch : {1, 3, 8, 13}) {
      for (const bool sum_batch : {false, true}) {
        CAPTURE(image, width, batch, sum_batch);
        const auto check = [&]<class C>(DType dtype, double rounding) {
          NufftSpec spec = nufft_spec(dtype, image, k, 0, 2);
          spec.width = width;
          spec.oversamp = {2, 2, 2};
          const auto points = cpu::make_nufft(spec, stream);
          NufftCase run{*points, spec, batch, {}, width % 2 == 0, {}, 2};
          std::vector<int64_t> extents = {batch};
          extents.insert(extents.end(), image.begin(), image.end());
          const auto maps = random_numbers<C>(product_of(extents), 32);
          run.maps.maps = view_of(maps, extents);
          run.maps.sum_batch = sum_batch;
          const auto x = random_numbers<C>(product_of(run.image_extents()), 33);
          const auto y = random_numbers<C>(product_of(run.sample_extents()), 34);

          const auto fx = run.forward(x);
          const auto fy = run.adjoint(y);

          // Full accuracy whatever the width: both sides use the same kernel values.
          const double size = std::sqrt(real_inner(fx, fx) * real_inner(y, y));
          CHECK(std::abs(real_inner(fx, y) - real_inner(x, fy)) <= rounding * size);
        };
        check.template operator()<c64>(DType::c64, 2e-6);
        if (width % 3 == 0) check.template operator()<c128>(DType::c128, 1e-14);
      }
    }
  }
}

TEST_CASE("NUFFT: maps, alpha, beta and conjugates agree with the reference", "[backend]") {
  const std::vector<int64_t> image = {14, 19};
  const auto k = random_points(image, 2 * 300, 41);
  const NufftSpec spec = nufft_spec(DType::c128, image, k, 1e-11, 2);
  Stream stream = stream_of();
  const auto fast = cpu::make_nufft(spec, stream);
  const auto exact = reference::make_nufft(spec, stream);
  const int64_t batch = GENERATE(1, 2, 5, 9);
  const bool sum_batch = GENERATE(false, true);
  const bool conjugate = GENERATE(false, true);
  // Maps that do not depend on y, and are not contiguous along x.
  const auto maps = random_numbers<c128>(batch * 19 * 2, 42);
  NufftMaps attached;
  attached.maps = view_of(maps, {batch, 1, 19 * 2});
  attached.maps.extent[1] = 14;
  attached.maps.stride[1] = 0;
  attached.maps.extent[2] = 19;
  attached.maps.stride[2] = 2;
  attached.sum_batch = sum_batch;
  const Scale scale{{0.5, -1}, {0.25, 2}};
  const NufftCase a{*fast, spec, batch, attached, conjugate, scale, 2};
  const NufftCase b{*exact, spec, batch, attached, conjugate, scale, 2};
  const auto x = random_numbers<c128>(product_of(a.image_extents()), 43);
  const auto y = random_numbers<c128>(product_of(a.sample_extents()), 44);

  CHECK(relative_error(a.forward(x, y), b.forward(x, y)) < 1e-11);
  CHECK(relative_error(a.adjoint(y, x), b.adjoint(y, x)) < 1e-11);
}

TEST_CASE("NUFFT: points repeat with the period of the image", "[backend]") {
  const std::vector<int64_t> image = {20, 23};
  auto k = random_points(image, 200, 51);
  // Multiples of 2^-20, so that adding a period is exact.
  for (double& c : k) c = std::round(c * 1048576) / 1048576;
  auto shifted = k;
  for (size_t i = 0; i < k.size(); ++i)
    shifted[i] += static_cast<double>(image[i % 2] * (static_cast<int64_t>(i % 7) - 3));
  Stream stream = stream_of();
  const NufftSpec spec = nufft_spec(DType::c128, image, k, 1e-8);
  const NufftSpec other = nufft_spec(DType::c128, image, shifted, 1e-8);
  const auto a = cpu::make_nufft(spec, stream);
  const auto b = cpu::make_nufft(other, stream);
  const auto x = random_numbers<c128>(20 * 23, 52);

  CHECK(relative_error(NufftCase{*a, spec, 1, {}, false, {}, 2}.forward(x),
                       NufftCase{*b, other, 1, {}, false, {}, 2}.forward(x)) < 1e-13);
}

TEST_CASE("NUFFT: a permuted trajectory permutes the data", "[backend]") {
  const std::vector<int64_t> image = {31, 16};
  const auto k = random_points(image, 700, 53);
  std::vector<double> reversed;
  for (size_t j = k.size() / 2; j-- > 0;) reversed.insert(reversed.end(), {k[2 * j], k[2 * j + 1]});
  Stream stream = stream_of();
  const NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-5);
  const NufftSpec other = nufft_spec(DType::c64, image, reversed, 1e-5);
  const auto a = cpu::make_nufft(spec, stream);
  const auto b = cpu::make_nufft(other, stream);
  const auto x = random_numbers<c64>(31 * 16, 54);

  auto y = NufftCase{*b, other, 1, {}, false, {}, 2}.forward(x);
  std::reverse(y.begin(), y.end());

  CHECK(relative_error(y, NufftCase{*a, spec, 1, {}, false, {}, 2}.forward(x)) < 1e-6);
}

TEST_CASE("NUFFT: many batch elements and frames in one call are the same as one by one",
          "[backend]") {
  const std::vector<int64_t> image = {22, 27};
  const auto k = random_points(image, 3 * 150, 61);
  const NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-5, 3);
  Stream stream = stream_of();
  const auto all = cpu::make_nufft(spec, stream);
  std::vector<NufftSpec> single;
  std::vector<std::shared_ptr<const NufftPoints>> alone;
  std::vector<std::vector<double>> parts;
  for (int f = 0; f < 3; ++f) parts.emplace_back(k.begin() + f * 300, k.begin() + (f + 1) * 300);
  for (int f = 0; f < 3; ++f) {
    single.push_back(nufft_spec(DType::c64, image, parts[static_cast<size_t>(f)], 1e-5));
    alone.push_back(cpu::make_nufft(single.back(), stream));
  }
  const int64_t pixels = 22 * 27;
  for (int64_t batch = 1; batch <= 17; ++batch) {
    CAPTURE(batch);
    const NufftCase run{*all, spec, batch, {}, false, {}, 2};
    const auto x = random_numbers<c64>(3 * batch * pixels, 62);
    const auto y = run.forward(x);
    const auto z = run.adjoint(y);
    std::vector<c64> y_single, z_single;
    for (int64_t f = 0; f < 3; ++f) {
      const auto i = static_cast<size_t>(f);
      const NufftCase one{*alone[i], single[i], 1, {}, false, {}, 2};
      for (int64_t b = 0; b < batch; ++b) {
        const int64_t at = (f * batch + b) * pixels;
        const auto part = one.forward(std::vector<c64>(x.begin() + at, x.begin() + at + pixels));
        y_single.insert(y_single.end(), part.begin(), part.end());
        const auto back = one.adjoint(part);
        z_single.insert(z_single.end(), back.begin(), back.end());
      }
    }
    // Different order of sums, same kernel values.
    CHECK(relative_error(y, y_single) < 2e-6);
    CHECK(relative_error(z, z_single) < 2e-6);
  }
}

TEST_CASE("NUFFT: the bits do not depend on threads or repetition", "[backend]") {
  // 30 000 points in one corner: that tile is cut into runs.
  const std::vector<int64_t> image = {60, 70};
  auto k = random_points(image, 40000, 71);
  for (size_t i = 0; i < 60000; ++i) k[i] *= 0.05;
  const NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-4);
  const int64_t batch = GENERATE(1, 5, 9);
  Stream four = stream_of(4);
  Stream one = stream_of(1);
  const auto points = cpu::make_nufft(spec, four);
  const auto planned_alone = cpu::make_nufft(spec, one);
  const NufftCase base{*points, spec, batch, {}, false, {}, 1};
  const auto x = random_numbers<c64>(product_of(base.image_extents()), 72);
  const auto y = base.forward(x);
  const auto z = base.adjoint(y);

  for (const int threads : {1, 2, 3, 4}) {
    const NufftCase run{*points, spec, batch, {}, false, {}, threads};
    CHECK(run.forward(x) == y);
    CHECK(run.adjoint(y) == z);
  }
  const NufftCase run{*planned_alone, spec, batch, {}, false, {}, 1};
  CHECK(run.forward(x) == y);
  CHECK(run.adjoint(y) == z);
}

TEST_CASE("NUFFT: edge cases keep tol", "[backend]") {
  const auto check = [](const std::vector<int64_t>& image, const std::vector<double>& k,
                        int width = 0) {
    CAPTURE(image, width);
    for (const int64_t batch : {1, 6}) {
      NufftSpec spec = nufft_spec(DType::c128, image, k, 1e-6);
      double limit = 1.25e-6;
      if (width > 0) {
        spec.width = width;
        for (size_t d = 0; d < image.size(); ++d)
          spec.grid[d] = std::max<int64_t>(2 * width, 2 * image[d]);
        Stream stream = stream_of();
        limit = 1.25 * cpu::make_nufft(spec, stream)->parameters().predicted_error + 1e-14;
      }
      const Errors e = errors_of<c128>(spec, batch);
      CHECK(e.forward <= limit);
      CHECK(e.adjoint <= limit);
    }
  };
  SECTION("one point") { check({12, 14}, {3.25, -6.5}); }
  SECTION("an extent of one") {
    check({1, 14}, random_points({9, 14}, 50, 81));
    check({14, 1, 1}, random_points({14, 9, 3}, 50, 82));
    check({1}, random_points({5}, 50, 83));
  }
  SECTION("two by two pixels") { check({2, 2}, random_points({2, 2}, 50, 84)); }
  SECTION("the widest kernel on the smallest grid") {
    check({16, 15}, random_points({16, 15}, 60, 85), 16);
    check({7}, random_points({7}, 60, 86), 16);
  }
  SECTION("points on cells, on half cells and on the edge of the band") {
    std::vector<double> k;
    for (int i = -40; i <= 40; ++i)
      k.push_back(i * 0.2);  // grid cells of 20 on 16: multiples of 0.8
    for (const double edge : {-8.0, 8.0, 7.6, 0.4, -0.4}) k.push_back(edge);
    check({16}, k);
  }
}

TEST_CASE("NUFFT: all points in one cell", "[backend]") {
  // White noise does not stay white here: compare with the tolerance times the worst case of an
  // edge.
  const std::vector<int64_t> image = {24, 26};
  std::vector<double> k;
  for (int j = 0; j < 20000; ++j) k.insert(k.end(), {5.3 + 1e-6 * j, -7.1});
  for (const int64_t batch : {1, 8}) {
    const Errors e = errors_of<c64>(nufft_spec(DType::c64, image, k, 1e-4), batch);
    CHECK(e.forward <= 6e-4);
    CHECK(e.adjoint <= 6e-4);
  }
}

TEST_CASE("NUFFT: a coordinate that is not finite is named", "[backend]") {
  auto k = random_points({8, 8}, 2 * 10, 91);
  k[2 * 13 + 1] = std::nan("");
  const NufftSpec spec = nufft_spec(DType::c64, {8, 8}, k, 1e-3, 2);
  Stream stream = stream_of();

  CHECK_THROWS_WITH(cpu::make_nufft(spec, stream),
                    "NUFFT: coordinate at frame=1, point=3, d=1 is nan");
  CHECK_THROWS_WITH(reference::make_nufft(spec, stream),
                    "NUFFT: coordinate at frame=1, point=3, d=1 is nan");
}
