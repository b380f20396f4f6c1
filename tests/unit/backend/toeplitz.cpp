// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/unit/backend/nufft_runs.hpp"

using namespace lunops;
using namespace lunops::testing;

namespace {

using Form = ToeplitzSpec::Form;

struct Problem {
  std::vector<int64_t> image;
  std::vector<double> coordinates;
  std::vector<double> re, im;  // weights, at most 1
  double tol;
  DType dtype;
  int64_t frames = 1;
  int64_t kernels = 1;
  bool sum_frames = false;
  bool is_complex = false;

  ToeplitzSpec spec(Form form) const {
    ToeplitzSpec s;
    s.nufft = nufft_spec(dtype, image, coordinates, tol, frames);
    s.weights_real = re.data();
    s.weights_imag = is_complex ? im.data() : nullptr;
    s.kernels = kernels;
    s.sum_frames = sum_frames;
    s.form = form;
    return s;
  }
};

Problem problem_of(std::vector<int64_t> image,
                   int64_t points,
                   double tol,
                   DType dtype,
                   int64_t frames = 1,
                   int64_t kernels = 1) {
  Problem p;
  p.coordinates = random_points(image, points * frames, 5);
  p.image = std::move(image);
  p.tol = tol;
  p.dtype = dtype;
  p.frames = frames;
  p.kernels = kernels;
  std::mt19937_64 generator(6);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  for (int64_t i = 0; i < points * frames * kernels; ++i) {
    p.re.push_back(uniform(generator));
    p.im.push_back(uniform(generator) - 0.5);
  }
  return p;
}

struct Flags {
  bool conjugate = false;
  bool adjoint = false;
  Scale scale;
  int threads = 2;
};

template <class C>
std::vector<C> run(const ToeplitzKernel& kernel,
                   const Problem& p,
                   int64_t batch,
                   const NufftMaps& maps,
                   Flags flags,
                   const std::vector<C>& x,
                   std::vector<C> y = {}) {
  y.resize(x.size());
  std::vector<int64_t> extents = {p.sum_frames ? 1 : p.frames, maps.sum_batch ? 1 : batch};
  extents.insert(extents.end(), p.image.begin(), p.image.end());
  Stream stream = stream_of(flags.threads);
  const Workspace workspace(kernel.workspace(batch));
  kernel.run(view_of(x, extents), maps, flags.conjugate, flags.adjoint, flags.scale,
             view_of(y, extents), workspace.data(), stream);
  return y;
}

template <class C>
double error_of(
    const Problem& p, Form form, int64_t batch = 1, const NufftMaps& maps = {}, Flags flags = {}) {
  Stream stream = stream_of();
  const auto fast = cpu::make_toeplitz(p.spec(form), stream);
  const auto exact = reference::make_toeplitz(p.spec(form), stream);
  CHECK(fast->is_embedded() == (form == Form::embedded));
  CHECK(fast->is_real() == !p.is_complex);
  const int64_t count =
      (p.sum_frames ? 1 : p.frames) * (maps.sum_batch ? 1 : batch) * product_of(p.image);
  const auto x = random_numbers<C>(count, 7);
  const auto y = random_numbers<C>(count, 8);
  return relative_error(run(*fast, p, batch, maps, flags, x, y),
                        run(*exact, p, batch, maps, flags, x, y));
}

}  // namespace

TEST_CASE("Toeplitz: a Cartesian trajectory with unit weights gives the identity", "[backend]") {
  Problem p = problem_of({4}, 4, 1e-10, DType::c128);
  p.coordinates = {-2, -1, 0, 1};
  p.re = {1, 1, 1, 1};
  const std::vector<c128> x = {1, {0, 2}, 3, {4, -1}};

  for (const Form form : {Form::embedded, Form::decomposed}) {
    Stream stream = stream_of();
    CHECK(relative_error(run(*cpu::make_toeplitz(p.spec(form), stream), p, 1, {}, {}, x), x) <
          1e-10);
  }
}

TEST_CASE("Toeplitz: both forms are the normal operator to tol, odd and even extents",
          "[backend]") {
  // Every extent up to 70 in [.sweep]; here those around the awkward ones.
  for (const int64_t n : {7, 8, 32, 33, 34, 35, 38, 39, 64}) {
    CAPTURE(n);
    for (const Form form : {Form::embedded, Form::decomposed}) {
      CHECK(error_of<c64>(problem_of({n}, 2 * n, 1e-4, DType::c64), form) <= 1e-4);
      CHECK(error_of<c128>(problem_of({n}, 2 * n, 1e-10, DType::c128), form) <= 1e-10);
      CHECK(error_of<c64>(problem_of({n, n}, 150, 1e-5, DType::c64), form) <= 1e-5);
      if (n < 35)
        CHECK(error_of<c128>(problem_of({n, n + 1}, 80, 1e-9, DType::c128), form) <= 1e-9);
    }
  }
}

TEST_CASE("Toeplitz: both forms are the normal operator to tol, all extents", "[.sweep]") {
  for (int64_t n = 8; n <= 70; ++n) {
    CAPTURE(n);
    for (const Form form : {Form::embedded, Form::decomposed}) {
      for (Problem p : {problem_of({n}, 2 * n, 1e-6, DType::c64),
                        problem_of({n, n + 4}, 3 * n, 1e-6, DType::c64)}) {
        CHECK(error_of<c64>(p, form) <= 1e-6);
        p.is_complex = true;
        CHECK(error_of<c64>(p, form) <= 1e-6);
      }
    }
  }
}

TEST_CASE("Toeplitz: three dims, complex weights, conjugate and adjoint", "[backend]") {
  Problem p = problem_of({9, 10, 11}, 60, 1e-9, DType::c128);
  p.is_complex = GENERATE(false, true);
  for (const Form form : {Form::embedded, Form::decomposed}) {
    for (const bool conjugate : {false, true}) {
      for (const bool adjoint : {false, true}) {
        CAPTURE(conjugate, adjoint, form == Form::embedded, p.is_complex);
        const Flags flags{conjugate, adjoint, {{0.5, 1}, {2, -1}}, 2};
        CHECK(error_of<c128>(p, form, 1, {}, flags) <= 1e-9);
      }
    }
  }
}

TEST_CASE("Toeplitz: maps are applied on both sides and summed over the batch", "[backend]") {
  for (const std::vector<int64_t>& image : {std::vector<int64_t>{21}, {18, 23}, {6, 9, 8}}) {
    const Problem p = problem_of(image, 70, 1e-9, DType::c128);
    const int64_t batch = 5;
    std::vector<int64_t> extents = {batch};
    extents.insert(extents.end(), image.begin(), image.end());
    const auto data = random_numbers<c128>(product_of(extents), 9);
    NufftMaps maps;
    maps.maps = view_of(data, extents);
    for (const Form form : {Form::embedded, Form::decomposed}) {
      for (const bool sum_batch : {false, true}) {
        CAPTURE(image, sum_batch);
        maps.sum_batch = sum_batch;
        CHECK(error_of<c128>(p, form, batch, maps, {false, false, {{1, 2}, {0, 0}}, 2}) <= 1e-9);
        CHECK(error_of<c128>(p, form, batch, maps, {true, false, {{1, 0}, {1, 0}}, 2}) <= 1e-9);
      }
    }
  }
}

TEST_CASE("Toeplitz: a kernel per batch element, a kernel per frame, one for all frames",
          "[backend]") {
  Problem p = problem_of({12, 13}, 50, 1e-9, DType::c128, 3, 4);
  for (const Form form : {Form::embedded, Form::decomposed}) {
    for (const bool sum_frames : {false, true}) {
      p.sum_frames = sum_frames;
      CHECK(error_of<c128>(p, form, 4) <= 1e-9);
    }
  }
}

TEST_CASE("Toeplitz: the operator with real weights is Hermitian", "[backend]") {
  const Problem p = problem_of({33, 24}, 500, 1e-4, DType::c64);
  Stream stream = stream_of();
  const auto kernel = cpu::make_toeplitz(p.spec(Form::choose), stream);
  const auto x = random_numbers<c64>(33 * 24, 1);
  const auto y = random_numbers<c64>(33 * 24, 2);

  const auto tx = run(*kernel, p, 1, {}, {}, x);
  const auto ty = run(*kernel, p, 1, {}, {}, y);

  // Rounding of f32, whatever tol.
  CHECK(std::abs(real_inner(tx, y) - real_inner(x, ty)) <
        2e-6 * std::sqrt(real_inner(tx, tx) * real_inner(y, y)));
}

TEST_CASE("Toeplitz: the bits do not depend on the threads", "[backend]") {
  const Problem p = problem_of({48, 50}, 300, 1e-4, DType::c64);
  const auto data = random_numbers<c64>(7 * 48 * 50, 3);
  NufftMaps maps;
  maps.maps = view_of(data, {7, 48, 50});
  maps.sum_batch = true;
  Stream stream = stream_of(4);
  const auto kernel = cpu::make_toeplitz(p.spec(Form::choose), stream);
  const auto x = random_numbers<c64>(48 * 50, 4);
  const auto one = run(*kernel, p, 7, maps, {false, false, {}, 1}, x);

  for (const int threads : {2, 3, 4})
    CHECK(run(*kernel, p, 7, maps, {false, false, {}, threads}, x) == one);
}
