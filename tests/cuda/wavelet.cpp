// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/linop/transform/daubechies.hpp"
#include "tests/cuda/on_gpu.hpp"

using namespace lunops;
using namespace lunops::compared;
using Views = std::vector<RawView>;

namespace {

// Each pass rounds sums of 20 products in the precision of the data; the reference stays in double.
double allowed(DType t) { return is_double(t) ? 1e-12 : 5e-5; }

std::vector<int64_t> strides_of(const Array& a) {
  return {a.shape.stride.begin(), a.shape.stride.begin() + a.shape.ndim};
}

void compare_wavelet(const std::vector<int64_t>& extents,
                     const std::vector<int>& axes,
                     int levels,
                     int moments,
                     DType dtype,
                     std::mt19937_64& random) {
  WaveletSpec spec;
  spec.dtype = dtype;
  spec.extents = extents;
  spec.axes = axes;
  spec.levels = levels;
  spec.filter = daubechies(moments);
  std::vector<int64_t> coefficients = extents;
  for (const int d : axes) {
    const int64_t block = int64_t{1} << levels;
    int64_t& n = coefficients[static_cast<size_t>(d)];
    n = (n + block - 1) / block * block;
    spec.padded.push_back(n);
  }
  const Array image = draw::array(extents, dtype, draw::Strides::gaps, random);
  const Array bands = draw::array(coefficients, dtype, draw::Strides::permuted, random);
  spec.image_strides = strides_of(image);
  spec.band_strides = strides_of(bands);
  for (const bool is_adjoint : {false, true}) {
    spec.is_adjoint = is_adjoint;
    const std::vector<Array> operands =
        is_adjoint ? std::vector<Array>{bands, image} : std::vector<Array>{image, bands};
    for (const Scale& scale : {Scale{}, Scale{2.0, 0.5}}) {
      INFO("levels " << levels << ", db" << moments << ", adjoint " << is_adjoint);
      CHECK(on_gpu::compare(operands, 1, [&](Backend& b, const Views& v, Stream& s) {
              const auto kernel = b.wavelet(spec, s);
              std::vector<std::byte> room(kernel->workspace());
              if (s.native() == nullptr) {
                kernel->run(v[0].data, v[1].data, scale, room.data(), s);
                return;
              }
              const on_gpu::Copied there(room);
              kernel->run(v[0].data, v[1].data, scale, there.data(), s);
              s.wait();
            }) <= allowed(dtype));
    }
  }
}

}  // namespace

TEST_CASE("cuda: wavelets of one dim agree with the reference, also where filters go round twice",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(31);
  for (const DType dtype : kFloating) {
    compare_wavelet({4}, {0}, 1, 1, dtype, random);
    compare_wavelet({4}, {0}, 2, 2, dtype, random);
    compare_wavelet({2, 5}, {1}, 2, 10, dtype, random);
    compare_wavelet({1}, {0}, 1, 3, dtype, random);
    compare_wavelet({37, 3}, {0}, 3, 4, dtype, random);
  }
}

TEST_CASE("cuda: wavelets of several dims agree with the reference, padded and in any order",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(32);
  for (const DType dtype : kFloating) {
    compare_wavelet({16, 8}, {0, 1}, 1, 2, dtype, random);
    compare_wavelet({13, 3, 10}, {0, 2}, 3, 4, dtype, random);
    compare_wavelet({13, 3, 10}, {2, 0}, 2, 1, dtype, random);
    compare_wavelet({5, 6, 7}, {0, 1, 2}, 2, 3, dtype, random);
    compare_wavelet({3, 4, 2, 5}, {3, 1, 0, 2}, 1, 2, dtype, random);
  }
}

TEST_CASE("cuda: wavelets of nothing do nothing", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(33);
  compare_wavelet({0, 4}, {1}, 1, 2, DType::c64, random);
  compare_wavelet({3, 0}, {1}, 1, 2, DType::f64, random);
}
