// SPDX-License-Identifier: MIT
// Differences, wavelets and convolutions of the CPU backend against the reference.  CTest runs this
// file once per instruction set that the machine has (LUNOPS_ISA).
#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "tests/unit/backend/allocations.hpp"
#include "tests/unit/backend/convolution_cases.hpp"
#include "tests/unit/backend/draw.hpp"
#include "tests/unit/backend/kernel_runs.hpp"

using namespace lunops;
using namespace lunops::testing;
using draw::Array;
using draw::Strides;

namespace {

constexpr DType kFloating[] = {DType::f32, DType::f64, DType::c64, DType::c128};
constexpr Scale kScales[] = {
    {1.0, 0.0}, {2.0, 1.0}, {{0.5, -1.0}, {0.25, 0.5}}, {-1.0, {0.0, 1.0}}, {0.0, 0.5}};

Scale fit(Scale s, DType t) { return is_complex(t) ? s : Scale{s.alpha.real(), s.beta.real()}; }

// Rounding of sums of up to a few hundred numbers of size 1 to 10.
double tolerance(DType t) { return is_double(t) ? 1e-12 : 2e-4; }

std::vector<int64_t> extents_of(const Array& a) {
  return {a.shape.extent.begin(), a.shape.extent.begin() + a.shape.ndim};
}
std::vector<int64_t> strides_of(const Array& a) {
  return {a.shape.stride.begin(), a.shape.stride.begin() + a.shape.ndim};
}

DifferenceLine line(int axis, double lower, double diagonal, double upper) {
  DifferenceLine l;
  l.axis = axis;
  l.lower = lower;
  l.diagonal = diagonal;
  l.upper = upper;
  return l;
}

// Two threads and one must give the same bits, and a second run must allocate nothing.
template <class Kernel>
double compare(const Kernel& fast, const Kernel& exact, Array& x, const Array& y, Scale s) {
  Stream two = stream_of(2), one = stream_of(1);
  Array a = y, b = y, c = y, d = y;
  const Workspace wa(fast.workspace()), wb(exact.workspace());
  fast.run(x.view().data, c.view().data, s, wa.data(), one);
  // The first loop on two threads starts the pool.
  fast.run(x.view().data, d.view().data, s, wa.data(), two);
  const int64_t before = lunops::testing::allocations();
  fast.run(x.view().data, a.view().data, s, wa.data(), two);
  CHECK(lunops::testing::allocations() == before);
  exact.run(x.view().data, b.view().data, s, wb.data(), one);
  CHECK(a.memory == c.memory);
  return draw::difference(a, b);
}

}  // namespace

TEST_CASE("difference: three samples, by hand", "[backend][kernels]") {
  // Forward differences, the last repeated beyond the end: [-1 1 0; 0 -1 1; 0 0 0].
  const std::vector<double> x = {1, 4, 9};
  std::vector<double> y(3), z(3);
  DifferenceSpec spec;
  spec.count = 1;
  spec.lines[0] = line(0, 0, -1, 1);
  spec.lines[0].last = 1;
  DifferenceSpec transposed = spec;
  transposed.lines[0] = spec.lines[0].transposed();
  Stream stream = stream_of();

  Backend::cpu().difference(spec, view_of(x, {3}), view_of(y, {3}), {}, stream);
  Backend::cpu().difference(transposed, view_of(std::vector<double>{1, 2, 5}, {3}), view_of(z, {3}),
                            {}, stream);

  CHECK(y == std::vector<double>{3, 5, 0});
  CHECK(z == std::vector<double>{-1, -1, 2});
}

TEST_CASE("difference: all forms agree with the reference for all dtypes and strides",
          "[backend][kernels]") {
  std::mt19937_64 random(31);
  using Form = DifferenceSpec::Form;
  for (const std::vector<int64_t>& extents : {std::vector<int64_t>{1},
                                              {2},
                                              {5},
                                              {5000},
                                              {0, 3},
                                              {1, 7},
                                              {7, 1},
                                              {2, 2},
                                              {40, 33},
                                              {3, 4, 7}}) {
    for (const Strides strides : draw::kStrides) {
      for (const DType dtype : kFloating) {
        for (const Form form : {Form::sum, Form::stack, Form::gather}) {
          for (const bool is_circular : {false, true}) {
            // Components come as a leading dim, which the kernel does not see.
            const auto ndim = static_cast<int>(extents.size());
            std::vector<int64_t> stacked = extents;
            stacked.insert(stacked.begin(), ndim);
            Array x = draw::array(form == Form::gather ? stacked : extents, dtype, strides, random);
            const Array y =
                draw::array(form == Form::stack ? stacked : extents, dtype, strides, random);
            DifferenceSpec spec;
            spec.form = form;
            for (int d = 0; d < ndim; ++d) {
              DifferenceLine& l = spec.lines[static_cast<size_t>(spec.count++)];
              l = line(d, 0.5 + d, -1, 2);
              l.is_circular = is_circular;
              l.first = is_circular ? 0 : 0.25;
              l.last = is_circular ? 0 : -3;
            }
            const auto run = [&](Backend& backend, Stream& stream, Array& to, Scale s) {
              RawView from = x.view(), target = to.view();
              const auto drop_first = [&](RawView& v) {
                spec.pitch = v.stride[0];
                --v.ndim;
                std::copy_n(v.extent.begin() + 1, v.ndim, v.extent.begin());
                std::copy_n(v.stride.begin() + 1, v.ndim, v.stride.begin());
              };
              if (form == Form::gather) drop_first(from);
              if (form == Form::stack) drop_first(target);
              backend.difference(spec, from, target, s, stream);
            };
            Context cpu, reference(Backend::reference());
            for (const Scale& given : kScales) {
              const Scale s = fit(given, dtype);
              Array a = y, b = y, c = y;
              Stream one = stream_of(1), two = stream_of(2);
              run(Backend::cpu(), two, a, s);
              run(Backend::cpu(), one, c, s);
              run(Backend::reference(), one, b, s);
              CAPTURE(extents, static_cast<int>(strides), static_cast<int>(form), is_circular);
              REQUIRE(draw::difference(a, b) <= tolerance(dtype));
              REQUIRE(a.memory == c.memory);
            }
          }
        }
      }
    }
  }
}

namespace {

// Filters with the right relations between low and high pass; the values do not matter here.
std::vector<double> filter_of(int length) {
  std::vector<double> h;
  for (int k = 0; k < length; ++k) h.push_back(0.9 / (1 + k) - (k % 3 == 1 ? 0.4 : 0));
  return h;
}

WaveletSpec wavelet_of(const Array& image,
                       const Array& bands,
                       std::vector<int> axes,
                       int levels,
                       int length,
                       bool is_adjoint) {
  WaveletSpec spec;
  spec.dtype = image.shape.dtype;
  spec.extents = extents_of(image);
  spec.image_strides = strides_of(image);
  spec.band_strides = strides_of(bands);
  for (const int a : axes) spec.padded.push_back(bands.shape.extent[static_cast<size_t>(a)]);
  spec.axes = std::move(axes);
  spec.levels = levels;
  spec.filter = filter_of(length);
  spec.is_adjoint = is_adjoint;
  return spec;
}

}  // namespace

TEST_CASE("wavelet: four samples with the Haar filter, by hand", "[backend][kernels]") {
  const double r = std::sqrt(0.5);
  const std::vector<double> x = {1, 2, 3, 4};
  std::vector<double> y(4), z(4);
  WaveletSpec spec;
  spec.dtype = DType::f64;
  spec.extents = {4};
  spec.image_strides = spec.band_strides = {1};
  spec.axes = {0};
  spec.padded = {4};
  spec.levels = 2;
  spec.filter = {r, r};
  Stream stream = stream_of();
  for (Backend* backend : {&Backend::cpu(), &Backend::reference()}) {
    spec.is_adjoint = false;
    const auto forward = backend->wavelet(spec, stream);
    spec.is_adjoint = true;
    const auto adjoint = backend->wavelet(spec, stream);
    const Workspace workspace(std::max(forward->workspace(), adjoint->workspace()));

    forward->run(x.data(), y.data(), {}, workspace.data(), stream);
    adjoint->run(y.data(), z.data(), {}, workspace.data(), stream);

    // Two roundings of numbers up to 5.
    CHECK(relative_error(y, std::vector<double>{5, -2, -r, -r}) < 1e-15);
    CHECK(relative_error(z, x) < 1e-15);
  }
}

TEST_CASE("wavelet: both directions agree with the reference for all dtypes, strides and axes",
          "[backend][kernels]") {
  struct Case {
    std::vector<int64_t> image, bands;
    std::vector<int> axes;
    int levels, length;
  };
  const std::vector<Case> cases = {
      {{1}, {2}, {0}, 1, 2},
      {{6}, {6}, {0}, 1, 8},
      {{13}, {16}, {0}, 2, 4},
      {{2000}, {2016}, {0}, 5, 6},
      {{3, 40}, {3, 40}, {1}, 3, 20},
      {{40, 3}, {40, 3}, {0}, 3, 20},
      {{16, 24}, {16, 24}, {0, 1}, 2, 8},
      {{11, 14}, {12, 16}, {0, 1}, 2, 4},
      {{11, 14}, {12, 16}, {1, 0}, 2, 4},
      {{5, 2, 9}, {8, 2, 12}, {0, 2}, 2, 2},
      {{4, 7, 9}, {4, 8, 12}, {0, 1, 2}, 2, 6},
      {{2, 130, 70}, {2, 132, 72}, {1, 2}, 2, 8},
      {{0, 6}, {0, 8}, {1}, 2, 4},
  };
  std::mt19937_64 random(32);
  for (const Case& c : cases) {
    for (const Strides strides : draw::kStrides) {
      for (const DType dtype : kFloating) {
        Array image = draw::array(c.image, dtype, strides, random);
        Array bands = draw::array(c.bands, dtype, strides, random);
        for (const bool is_adjoint : {false, true}) {
          const WaveletSpec spec = wavelet_of(image, bands, c.axes, c.levels, c.length, is_adjoint);
          Stream stream = stream_of();
          const auto fast = Backend::cpu().wavelet(spec, stream);
          const auto exact = Backend::reference().wavelet(spec, stream);
          for (const Scale& given : kScales) {
            CAPTURE(c.image, c.axes, static_cast<int>(strides), is_adjoint);
            REQUIRE(compare(*fast, *exact, is_adjoint ? bands : image, is_adjoint ? image : bands,
                            fit(given, dtype)) <= tolerance(dtype));
          }
        }
      }
    }
  }
}

TEST_CASE("convolution: five samples, by hand", "[backend][kernels]") {
  const std::vector<double> x = {1, 0, 0, 2, 0}, k = {1, 2, 3};
  std::vector<double> y(5);
  ConvolutionSpec spec;
  spec.dtype = spec.kernel_dtype = DType::f64;
  spec.kernel = k.data();
  spec.lines = {{5, 5, 3, 1, 1, 1, 1}};
  Stream stream = stream_of();
  for (Backend* backend : {&Backend::cpu(), &Backend::reference()}) {
    for (const bool is_circular : {false, true}) {
      spec.is_circular = is_circular;
      const auto kernel = backend->convolution(spec, stream);
      const Workspace workspace(kernel->workspace());

      kernel->run(x.data(), y.data(), {}, workspace.data(), stream);

      CHECK(y == (is_circular ? std::vector<double>{2, 3, 2, 4, 7}
                              : std::vector<double>{2, 3, 2, 4, 6}));
    }
  }
}

TEST_CASE("convolution: channels, batches, pieces and all strides agree with the reference",
          "[backend][kernels]") {
  std::mt19937_64 random(33);
  for (const draw::Channels& c : draw::convolutions()) {
    for (const Strides strides : draw::kStrides) {
      for (const DType dtype : kFloating) {
        for (const DType kind : {dtype, real_of(dtype)}) {
          for (const bool is_circular : {false, true}) {
            draw::DrawnConvolution drawn(c, strides, dtype, kind, is_circular, random);
            if (!drawn.is_legal) continue;
            drawn.spec.kernel = drawn.k.view().data;
            Stream stream = stream_of();
            const auto fast = Backend::cpu().convolution(drawn.spec, stream);
            const auto exact = Backend::reference().convolution(drawn.spec, stream);
            for (const Scale& given : kScales) {
              CAPTURE(c.x, c.y, c.k, static_cast<int>(strides), is_circular);
              REQUIRE(compare(*fast, *exact, drawn.x, drawn.y, fit(given, dtype)) <=
                      tolerance(dtype));
            }
          }
        }
      }
    }
  }
}
