// SPDX-License-Identifier: MIT
// Nearest mode and ragged frames.
#include <limits>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/plan/nufft/nearest.hpp"
#include "tests/unit/backend/nufft_runs.hpp"

using namespace lunops;
using namespace lunops::testing;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The dense Gram matrix's action: adjoint of weights times forward.
template <class C>
std::vector<C> normal_of(const NufftCase& run,
                         const std::vector<C>& x,
                         const std::vector<double>& w) {
  std::vector<C> y = run.forward(x);
  const auto points = static_cast<size_t>(run.spec.points);
  for (size_t i = 0; i < y.size(); ++i)
    y[i] *= static_cast<typename C::value_type>(
        w[i / (points * static_cast<size_t>(run.batch)) * points + i % points]);
  return run.adjoint(y);
}

std::vector<c128> run_toeplitz(const ToeplitzKernel& kernel,
                               const NufftCase& run,
                               const std::vector<c128>& x) {
  std::vector<c128> y(x.size());
  Stream stream = stream_of();
  const Workspace workspace(kernel.workspace(run.batch));
  kernel.run(view_of(x, run.image_extents()), {}, false, false, {}, view_of(y, run.image_extents()),
             workspace.data(), stream);
  return y;
}

}  // namespace

TEST_CASE("NUFFT, nearest: ties go to the even grid point before anything is wrapped",
          "[backend]") {
  // t = k 2: 0.5 -> 0, 1.5 -> 2, 2.5 -> 2, -0.5 -> 0, -1.5 -> -2, and 7.5 -> 8 = 0 modulo 8.
  const double k[] = {0.25, 0.75, 1.25, -0.25, -0.75, 3.75, 1.3};
  const int64_t cells[] = {0, 2, 2, 0, 6, 0, 3};
  for (size_t i = 0; i < 7; ++i) CHECK(nufft::nearest_cell(k[i], 4, 8) == cells[i]);
  // On an odd grid a period of 5 changes the parity: 5.5 -> 6 = 1, where 0.5 -> 0.
  CHECK(nufft::nearest_cell(5.5, 5, 5) == 1);
}

TEST_CASE("NUFFT, nearest: a point is rounded exactly on large grids and far away", "[backend]") {
  // By rational arithmetic; next to half cells, where products and quotients are rounded to ties.
  CHECK(nufft::nearest_cell(1496.000666555574, 3000, 6001) == 2993);
  CHECK(nufft::nearest_cell(-1492.0013331111481, 3000, 6001) == 6001 - 2985);
  CHECK(nufft::nearest_cell(-848.0136719793089, 100000, 131071) == 129960);
  CHECK(nufft::nearest_cell(138560.3192799518, 1000003, 2000005) == 277121);
  CHECK(nufft::nearest_cell(3e25, 50, 101) == 89);
}

TEST_CASE("NUFFT, nearest: cpu and reference agree with the sum at the rounded positions",
          "[backend]") {
  const std::vector<int64_t> image =
      GENERATE(std::vector<int64_t>{1}, std::vector<int64_t>{9}, std::vector<int64_t>{20, 23},
               std::vector<int64_t>{5, 6, 9});
  const auto k = random_points(image, 2 * 150, 61);
  Stream stream = stream_of();
  for (const int64_t batch : {1, 3, 8}) {
    CAPTURE(image, batch);
    NufftSpec spec = nufft_spec(DType::c128, image, k, 1e-4, 2);
    spec.is_nearest = true;
    const auto fast = cpu::make_nufft(spec, stream);
    const auto exact = reference::make_nufft(spec, stream);
    const NufftCase a{*fast, spec, batch, {}, false, {}, 2};
    const NufftCase b{*exact, spec, batch, {}, false, {}, 2};
    const auto x = random_numbers<c128>(product_of(a.image_extents()), 62);
    const auto y = random_numbers<c128>(product_of(a.sample_extents()), 63);

    CHECK(relative_error(a.forward(x), b.forward(x)) < 1e-13);
    CHECK(relative_error(a.adjoint(y), b.adjoint(y)) < 1e-13);

    // The same positions as plain coordinates of the exact transform.
    const auto moved = nufft::nearest_points(spec, fast->parameters());
    const NufftSpec plain = nufft_spec(DType::c128, image, moved, 1e-4, 2);
    const auto sum = reference::make_nufft(plain, stream);
    CHECK(relative_error(a.forward(x), NufftCase{*sum, plain, batch, {}, false, {}, 2}.forward(x)) <
          1e-13);
  }
}

TEST_CASE("NUFFT, nearest: the Toeplitz normal is exact, embedded and decomposed", "[backend]") {
  const std::vector<int64_t> image = GENERATE(std::vector<int64_t>{9}, std::vector<int64_t>{12, 15},
                                              std::vector<int64_t>{5, 6, 7});
  const auto k = random_points(image, 2 * 200, 64);
  NufftSpec spec = nufft_spec(DType::c128, image, k, 1e-4, 2);
  spec.is_nearest = true;
  spec.oversamp = {1.5, 1.5, 1.5};
  Stream stream = stream_of();
  const auto points = cpu::make_nufft(spec, stream);
  const NufftCase run{*points, spec, 2, {}, false, {}, 2};
  const auto x = random_numbers<c128>(product_of(run.image_extents()), 65);
  std::vector<double> w(2 * 200);
  for (size_t i = 0; i < w.size(); ++i) w[i] = 0.5 + static_cast<double>(i % 7);
  const auto expected = normal_of(run, x, w);

  for (const auto form : {ToeplitzSpec::Form::embedded, ToeplitzSpec::Form::decomposed}) {
    ToeplitzSpec t;
    t.nufft = spec;
    t.weights_real = w.data();
    t.form = form;
    CHECK(relative_error(run_toeplitz(*cpu::make_toeplitz(t, stream), run, x), expected) < 1e-12);
    CHECK(relative_error(run_toeplitz(*reference::make_toeplitz(t, stream), run, x), expected) <
          1e-12);
  }
}

TEST_CASE("NUFFT, nearest: a Cartesian trajectory is the interpolating transform to rounding",
          "[backend]") {
  std::vector<double> k;
  for (int i = -8; i < 8; ++i) k.push_back(i);
  NufftSpec spec = nufft_spec(DType::c128, {16}, k, 1e-12);
  Stream stream = stream_of();
  const auto x = random_numbers<c128>(16, 66);
  const auto smooth = cpu::make_nufft(spec, stream);
  const auto expected = NufftCase{*smooth, spec, 1, {}, false, {}, 2}.forward(x);
  spec.is_nearest = true;
  const auto points = cpu::make_nufft(spec, stream);

  CHECK(relative_error(NufftCase{*points, spec, 1, {}, false, {}, 2}.forward(x), expected) < 1e-12);
}

TEST_CASE(
    "NUFFT, ragged: each frame equals that frame alone, and NaN beyond the counts is not seen",
    "[backend]") {
  const std::vector<int64_t> image = {14, 15};
  const std::vector<int64_t> counts = {70, 0, 33, 100};
  auto k = random_points(image, 4 * 100, 71);
  for (size_t f = 0; f < 4; ++f) {
    for (size_t i = static_cast<size_t>(counts[f]) * 2; i < 200; ++i) k[f * 200 + i] = kNaN;
  }
  NufftSpec spec = nufft_spec(DType::c128, image, k, 1e-8, 4);
  spec.counts = counts.data();
  Stream stream = stream_of();
  for (const bool is_reference : {true, false}) {
    const auto points =
        is_reference ? reference::make_nufft(spec, stream) : cpu::make_nufft(spec, stream);
    for (const int64_t batch : {1, 6}) {
      CAPTURE(is_reference, batch);
      const NufftCase run{*points, spec, batch, {}, false, {}, 2};
      const auto x = random_numbers<c128>(product_of(run.image_extents()), 72);
      auto y = random_numbers<c128>(product_of(run.sample_extents()), 73);
      auto old = y;
      for (int64_t f = 0; f < 4; ++f) {
        for (int64_t b = 0; b < batch; ++b) {
          for (int64_t j = counts[static_cast<size_t>(f)]; j < 100; ++j)
            y[static_cast<size_t>((f * batch + b) * 100 + j)] = {kNaN, kNaN};
        }
      }

      const auto fx = run.forward(x);
      const auto fy = run.adjoint(y);

      NufftCase scaled = run;
      scaled.scale = {{1, 0}, {0, 2}};
      const auto summed = scaled.forward(x, old);
      const int64_t pixels = 14 * 15;
      for (int64_t f = 0; f < 4; ++f) {
        const int64_t count = counts[static_cast<size_t>(f)];
        const std::vector<double> own(k.begin() + f * 200, k.begin() + f * 200 + 2 * count);
        std::vector<c128> mine, image_of(static_cast<size_t>(batch * pixels));
        for (int64_t b = 0; b < batch; ++b) {
          for (int64_t j = 0; j < 100; ++j) {
            const auto at = static_cast<size_t>((f * batch + b) * 100 + j);
            if (j < count) {
              mine.push_back(y[at]);
            } else {
              CHECK(fx[at] == 0.0);
              CHECK(std::abs(summed[at] - old[at] * c128(0, 2)) < 1e-14);
            }
          }
        }
        if (count > 0) {
          const NufftSpec alone = nufft_spec(DType::c128, image, own, 1e-8);
          const auto one = cpu::make_nufft(alone, stream);
          const NufftCase single{*one, alone, batch, {}, false, {}, 2};
          image_of = single.adjoint(mine);
          const std::vector<c128> part(x.begin() + f * batch * pixels,
                                       x.begin() + (f + 1) * batch * pixels);
          const auto samples = single.forward(part);
          for (int64_t b = 0; b < batch; ++b) {
            const std::vector<c128> a(samples.begin() + b * count,
                                      samples.begin() + (b + 1) * count);
            const auto from = fx.begin() + (f * batch + b) * 100;
            CHECK(relative_error(std::vector<c128>(from, from + count), a) < 3e-8);
          }
        }
        const auto from = fy.begin() + f * batch * pixels;
        const std::vector<c128> got(from, from + batch * pixels);
        if (count == 0) {
          CHECK(got == image_of);
        } else {
          CHECK(relative_error(got, image_of) < 3e-8);
        }
      }
    }
  }
}
