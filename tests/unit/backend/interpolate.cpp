// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/unit/backend/allocations.hpp"
#include "tests/unit/backend/nufft_runs.hpp"

using namespace lunops;
using namespace lunops::testing;

namespace {

// Positions inside and outside the grid, a third of them on grid points and half way between, where
// a stencil has one cell more.
std::vector<double> positions(const std::vector<int64_t>& grid, int64_t count, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform(-0.7, 1.6);
  std::vector<double> t;
  for (int64_t j = 0; j < count; ++j) {
    for (const int64_t n : grid) {
      const double at = uniform(generator) * static_cast<double>(n);
      t.push_back(j % 3 == 0 ? std::floor(2 * at) / 2 : at);
    }
  }
  return t;
}

InterpolateSpec spec_of(DType dtype,
                        std::vector<int64_t> grid,
                        const std::vector<double>& t,
                        int64_t frames = 1) {
  InterpolateSpec spec;
  spec.dtype = dtype;
  spec.points = static_cast<int64_t>(t.size() / grid.size()) / frames;
  spec.grid = std::move(grid);
  spec.frames = frames;
  spec.coordinates = t.data();
  spec.beta = {7, 5.5, 6};
  return spec;
}

struct Run {
  const InterpolateKernel& kernel;
  InterpolateSpec spec;
  int64_t batch = 1;
  Scale scale = {};
  int threads = 2;

  std::vector<int64_t> grid_extents() const {
    std::vector<int64_t> e = {spec.frames, batch};
    e.insert(e.end(), spec.grid.begin(), spec.grid.end());
    return e;
  }
  std::vector<int64_t> sample_extents() const { return {spec.frames, batch, spec.points}; }

  template <class C>
  std::vector<C> forward(const std::vector<C>& x, std::vector<C> y = {}) const {
    y.resize(static_cast<size_t>(product_of(sample_extents())));
    Stream stream = stream_of(threads);
    const Workspace workspace(kernel.workspace(batch));
    kernel.forward(view_of(x, grid_extents()), scale, view_of(y, sample_extents()),
                   workspace.data(), stream);
    return y;
  }
  template <class C>
  std::vector<C> adjoint(const std::vector<C>& y, std::vector<C> x = {}) const {
    x.resize(static_cast<size_t>(product_of(grid_extents())));
    Stream stream = stream_of(threads);
    const Workspace workspace(kernel.workspace(batch));
    kernel.adjoint(view_of(y, sample_extents()), scale, view_of(x, grid_extents()),
                   workspace.data(), stream);
    return x;
  }
};

}  // namespace

TEST_CASE("Interpolate: eight points by hand", "[backend]") {
  const std::vector<double> t = {4, 3.25, 0, 7.5};
  const std::vector<double> x = {1, 2, 3, 4, 5, 6, 7, 8};
  InterpolateSpec spec = spec_of(DType::f64, {8}, t);
  Stream stream = stream_of();
  const auto make = [&](bool is_reference) {
    return is_reference ? reference::make_interpolate(spec, stream)
                        : cpu::make_interpolate(spec, stream);
  };

  for (const bool is_reference : {true, false}) {
    CAPTURE(is_reference);
    spec.kernel = InterpolateSpec::Kernel::linear;
    spec.is_circular = true;
    auto kernel = make(is_reference);
    CHECK(relative_error(Run{*kernel, spec}.forward(x), std::vector<double>{10, 8.5, 6, 9}) <
          1e-15);
    CHECK(relative_error(Run{*kernel, spec}.adjoint(std::vector<double>{0, 1, 0, 0}),
                         std::vector<double>{0, 0, .375, .875, .625, .125, 0, 0}) < 1e-15);
    CHECK(relative_error(Run{*kernel, spec}.adjoint(std::vector<double>{0, 0, 0, 1}),
                         std::vector<double>{.75, .25, 0, 0, 0, 0, .25, .75}) < 1e-15);
    spec.is_circular = false;
    kernel = make(is_reference);
    CHECK(relative_error(Run{*kernel, spec}.forward(x), std::vector<double>{10, 8.5, 2, 7.75}) <
          1e-15);
    spec.kernel = InterpolateSpec::Kernel::kaiser_bessel;
    spec.beta = {1, 0, 0};
    kernel = make(is_reference);
    CHECK(relative_error(Run{*kernel, spec}.forward(x),
                         std::vector<double>{28.2950727, 21.0114120, 6.6590145, 17.7745828}) <
          1e-8);
    spec.is_circular = true;
    kernel = make(is_reference);
    CHECK(relative_error(Run{*kernel, spec}.forward(x),
                         std::vector<double>{28.2950727, 21.0114120, 23.2308092, 21.2478583}) <
          1e-8);
  }
}

TEST_CASE("tap_range: coordinates beyond the integers stay outside every grid", "[backend]") {
  constexpr int64_t kFar = int64_t{1} << 61;

  CHECK(tap_range(1, 1e300).start() > kFar);
  CHECK(tap_range(1, -1e300).start() < -kFar);
  CHECK(tap_range(4, -1e300).count == 5);
}

TEST_CASE("Interpolate: cpu agrees with the reference for widths, dims, boundaries and batches",
          "[backend]") {
  const std::vector<int64_t> grid = GENERATE(
      std::vector<int64_t>{17}, std::vector<int64_t>{5}, std::vector<int64_t>{1200},
      std::vector<int64_t>{75, 40}, std::vector<int64_t>{1, 9}, std::vector<int64_t>{6, 7, 20});
  const bool is_circular = GENERATE(true, false);
  const auto t = positions(grid, 2 * 90, 3);
  Stream stream = stream_of();
  const std::vector<std::array<double, 3>> widths = {{1, 1, 1}, {2, 2, 2},   {2.5, 3, 1.7},
                                                     {4, 4, 4}, {5, 3, 4.5}, {16, 16, 16}};
  for (const auto& width : widths) {
    bool fits = true;
    for (size_t d = 0; d < grid.size(); ++d)
      fits = fits && width[d] <= static_cast<double>(grid[d]);
    if (is_circular && !fits) continue;
    for (const int64_t batch : {1, 2, 5, 8, 19}) {
      CAPTURE(grid, is_circular, width, batch);
      const auto check = [&]<class C>(DType dtype, double rounding) {
        InterpolateSpec spec = spec_of(dtype, grid, t, 2);
        spec.width = width;
        spec.is_circular = is_circular;
        const auto fast = cpu::make_interpolate(spec, stream);
        const auto exact = reference::make_interpolate(spec, stream);
        const Scale scale{{0.5, is_complex(dtype) ? -1.0 : 0.0},
                          {0.25, is_complex(dtype) ? 2.0 : 0.0}};
        const Run a{*fast, spec, batch, scale}, b{*exact, spec, batch, scale};
        const auto x = random_numbers<C>(product_of(a.grid_extents()), 4);
        const auto y = random_numbers<C>(product_of(a.sample_extents()), 5);
        CHECK(relative_error(a.forward(x, y), b.forward(x, y)) < rounding);
        CHECK(relative_error(a.adjoint(y, x), b.adjoint(y, x)) < rounding);
        const Run plain{*fast, spec, batch}, plain_exact{*exact, spec, batch};
        CHECK(relative_error(plain.forward(x), plain_exact.forward(x)) < rounding);
        CHECK(relative_error(plain.adjoint(y), plain_exact.adjoint(y)) < rounding);
      };
      // Sums of up to 17^3 terms in the data's precision.
      check.template operator()<c64>(DType::c64, 2e-6);
      check.template operator()<double>(DType::f64, 1e-14);
      if (batch % 2 == 1) {
        check.template operator()<c128>(DType::c128, 1e-14);
        check.template operator()<float>(DType::f32, 2e-6);
      }
    }
  }
}

TEST_CASE("Interpolate: the adjoint is the exact transpose and has the same bits for any threads",
          "[backend]") {
  // Every point in one tile of four: cut tiles.
  const std::vector<int64_t> grid = {64, 64};
  auto t = positions(grid, 30000, 7);
  for (size_t i = 0; i < t.size() / 2; ++i) t[i] = std::fmod(std::abs(t[i]), 20.0);
  InterpolateSpec spec = spec_of(DType::c64, grid, t);
  Stream stream = stream_of(7);
  const auto kernel = cpu::make_interpolate(spec, stream);
  for (const int64_t batch : {1, 8}) {
    const Run two{*kernel, spec, batch, {}, 2};
    const auto x = random_numbers<c64>(product_of(two.grid_extents()), 8);
    const auto y = random_numbers<c64>(product_of(two.sample_extents()), 9);

    const auto kx = two.forward(x);
    const auto ky = two.adjoint(y);

    const double size = std::sqrt(real_inner(kx, kx) * real_inner(y, y));
    CHECK(std::abs(real_inner(kx, y) - real_inner(x, ky)) <= 2e-6 * size);
    for (const int threads : {1, 7}) {
      const Run other{*kernel, spec, batch, {}, threads};
      CHECK(other.forward(x) == kx);
      CHECK(other.adjoint(y) == ky);
    }
  }
}

TEST_CASE("Interpolate: the second run allocates nothing", "[backend]") {
  const std::vector<int64_t> grid = {20, 21};
  const auto t = positions(grid, 50, 10);
  const InterpolateSpec spec = spec_of(DType::c64, grid, t);
  Stream stream = stream_of();
  const auto kernel = cpu::make_interpolate(spec, stream);
  const auto x = random_numbers<c64>(3 * 20 * 21, 11);
  std::vector<c64> y(3 * 50);
  const Workspace workspace(kernel->workspace(3));
  const RawView in = view_of(x, {1, 3, 20, 21}), out = view_of(y, {1, 3, 50});
  kernel->forward(in, {}, out, workspace.data(), stream);
  kernel->adjoint(out, {}, in, workspace.data(), stream);

  const int64_t before = allocations();
  kernel->forward(in, {}, out, workspace.data(), stream);
  kernel->adjoint(out, {}, in, workspace.data(), stream);

  CHECK(allocations() == before);
}
