// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/unit/backend/nufft_runs.hpp"

using namespace lunops;
using namespace lunops::testing;

namespace {

using Form = ToeplitzSpec::Form;

// Frames of different lengths, and what each point is multiplied with for input a.
struct Frames {
  std::vector<int64_t> image;
  std::vector<double> coordinates;
  std::vector<c128> basis;      // {points, k}: of the point's frame
  std::vector<double> weights;  // {points}
  int64_t k;
  bool is_complex;

  int64_t points() const { return static_cast<int64_t>(weights.size()); }

  ToeplitzSpec spec(DType dtype, double tol, Form form, bool is_hermitian = true) const {
    ToeplitzSpec s;
    s.nufft = nufft_spec(dtype, image, coordinates, tol);
    s.form = form;
    s.matrix = k;
    s.is_hermitian = is_hermitian;
    s.kernels = matrix_kernels(k, is_hermitian);
    s.has_complex_fill = is_complex;
    s.fill = [this, is_hermitian](int64_t kernel, double* re, double* im) {
      int64_t at = 0;
      for (int64_t a = 0; a < k; ++a) {
        for (int64_t b = is_hermitian ? a : 0; b < k; ++b, ++at) {
          if (at != kernel) continue;
          for (int64_t j = 0; j < points(); ++j) {
            const c128 w = std::conj(basis[static_cast<size_t>(j * k + a)]) *
                           weights[static_cast<size_t>(j)] * basis[static_cast<size_t>(j * k + b)];
            re[j] = w.real();
            if (im != nullptr) im[j] = w.imag();
          }
        }
      }
    };
    return s;
  }
};

Frames frames_of(std::vector<int64_t> image, int64_t k, bool is_complex) {
  Frames f;
  f.k = k;
  f.is_complex = is_complex;
  const auto numbers = random_numbers<c128>(7 * k, 11);
  for (int64_t frame = 0; frame < 7; ++frame) {
    for (int64_t j = 0; j < 5 + 3 * frame; ++j) {
      for (int64_t a = 0; a < k; ++a) {
        const c128 b = numbers[static_cast<size_t>(frame * k + a)];
        f.basis.push_back(is_complex ? b : b.real());
      }
      f.weights.push_back(0.5 + 0.01 * static_cast<double>(j));
    }
  }
  f.coordinates = random_points(image, f.points(), 12);
  f.image = std::move(image);
  return f;
}

struct Flags {
  bool conjugate = false;
  bool adjoint = false;
  Scale scale;
};

template <class C>
std::vector<C> run(const ToeplitzKernel& kernel,
                   const Frames& f,
                   int64_t batch,
                   const NufftMaps& maps,
                   const Flags& flags,
                   const std::vector<C>& x,
                   std::vector<C> y = {}) {
  y.resize(x.size());
  std::vector<int64_t> extents = {f.k, maps.sum_batch ? 1 : batch};
  extents.insert(extents.end(), f.image.begin(), f.image.end());
  Stream stream = stream_of();
  const Workspace workspace(kernel.workspace(batch));
  kernel.run(view_of(x, extents), maps, flags.conjugate, flags.adjoint, flags.scale,
             view_of(y, extents), workspace.data(), stream);
  return y;
}

template <class C>
double error_of(const Frames& f,
                double tol,
                Form form,
                int64_t batch = 1,
                const NufftMaps& maps = {},
                const Flags& flags = {},
                bool is_hermitian = true) {
  const DType dtype = std::is_same_v<C, c64> ? DType::c64 : DType::c128;
  Stream stream = stream_of();
  const ToeplitzSpec spec = f.spec(dtype, tol, form, is_hermitian);
  const auto fast = cpu::make_toeplitz(spec, stream);
  const auto exact = reference::make_toeplitz(spec, stream);
  const int64_t count = f.k * (maps.sum_batch ? 1 : batch) * product_of(f.image);
  const auto x = random_numbers<C>(count, 7), y = random_numbers<C>(count, 8);
  return relative_error(run(*fast, f, batch, maps, flags, x, y),
                        run(*exact, f, batch, maps, flags, x, y));
}

}  // namespace

TEST_CASE("Toeplitz: of one pixel and one point a matrix kernel is conj(B) B", "[backend]") {
  Frames f;
  f.image = {1};
  f.coordinates = {0};
  f.basis = {1, {0, 2}};
  f.weights = {1};
  f.k = 2;
  f.is_complex = true;
  const std::vector<c128> x = {1, 1}, y = {{1, 2}, {4, -2}};

  for (const Form form : {Form::embedded, Form::decomposed}) {
    Stream stream = stream_of();
    const auto kernel = cpu::make_toeplitz(f.spec(DType::c128, 1e-10, form), stream);
    CHECK(relative_error(run(*kernel, f, 1, {}, {}, x), y) < 1e-10);
  }
}

TEST_CASE("Toeplitz: a basis of three over seven frames of different lengths, as defined",
          "[backend]") {
  for (const std::vector<int64_t>& image : {std::vector<int64_t>{21}, {18, 23}, {7, 8, 9}}) {
    for (const bool is_complex : {false, true}) {
      const Frames f = frames_of(image, 3, is_complex);
      for (const Form form : {Form::embedded, Form::decomposed}) {
        CAPTURE(image, is_complex, form == Form::embedded);
        CHECK(error_of<c64>(f, 1e-4, form) <= 2e-5);  // the kernel is built at tol / 10
        for (const bool conjugate : {false, true}) {
          for (const bool adjoint : {false, true}) {
            for (const bool is_hermitian : {false, true}) {
              const Flags flags{conjugate, adjoint, {{0.5, 1}, {2, -1}}};
              CHECK(error_of<c128>(f, 1e-8, form, 2, {}, flags, is_hermitian) <= 2e-9);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("Toeplitz: maps act on all inputs of a matrix kernel and are summed", "[backend]") {
  for (const std::vector<int64_t>& image : {std::vector<int64_t>{21}, {18, 23}, {7, 8, 9}}) {
    const Frames f = frames_of(image, 3, true);
    std::vector<int64_t> extents = {5};
    extents.insert(extents.end(), image.begin(), image.end());
    const auto data = random_numbers<c128>(product_of(extents), 9);
    NufftMaps maps;
    maps.maps = view_of(data, extents);
    for (const Form form : {Form::embedded, Form::decomposed}) {
      for (const bool sum_batch : {false, true}) {
        maps.sum_batch = sum_batch;
        CHECK(error_of<c128>(f, 1e-8, form, 5, maps, {false, false, {{1, 2}, {1, 0}}}) <= 2e-9);
      }
    }
  }
}

TEST_CASE("Toeplitz: a Hermitian matrix keeps half of its kernels, real ones for a real basis",
          "[backend]") {
  Stream stream = stream_of();
  const Frames real = frames_of({18, 23}, 3, false), complex = frames_of({18, 23}, 3, true);

  const auto one = cpu::make_toeplitz(real.spec(DType::c64, 1e-4, Form::embedded), stream);
  const auto two = cpu::make_toeplitz(complex.spec(DType::c64, 1e-4, Form::embedded), stream);
  const auto all =
      cpu::make_toeplitz(complex.spec(DType::c64, 1e-4, Form::embedded, false), stream);

  const auto cells = static_cast<size_t>(one->grid()[0] * one->grid()[1]);
  CHECK(one->bytes() == 6 * cells * sizeof(float));
  CHECK(two->bytes() == 6 * cells * sizeof(c64));
  CHECK(all->bytes() == 9 * cells * sizeof(c64));
}
