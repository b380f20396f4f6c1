// SPDX-License-Identifier: MIT
// Convolutions of the CUDA backend against the sums of the reference.
#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "tests/cuda/on_gpu.hpp"
#include "tests/unit/backend/convolution_cases.hpp"

using namespace lunops;
using namespace lunops::compared;
using draw::Channels;
using draw::DrawnConvolution;
using Views = std::vector<RawView>;

namespace {

// Rounding of sums of up to a few hundred numbers of size 1 to 10.
double allowed(DType t) { return is_double(t) ? 1e-12 : 2e-4; }

double difference(const DrawnConvolution& drawn, Scale scale) {
  return on_gpu::compare({drawn.k, drawn.x, drawn.y}, 2,
                         [&](Backend& b, const Views& v, Stream& s) {
                           ConvolutionSpec spec = drawn.spec;
                           spec.kernel = v[0].data;
                           const auto kernel = b.convolution(spec, s);
                           on_gpu::Room room(kernel->workspace(), s);
                           kernel->run(v[1].data, v[2].data, scale, room.data(), s);
                         });
}

}  // namespace

TEST_CASE("cuda: convolutions of channels, batches and pieces agree with the reference",
          "[cuda][convolution]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(34);
  for (const Channels& c : draw::convolutions()) {
    for (const Strides strides : draw::kStrides) {
      for (const DType dtype : kFloating) {
        for (const DType kind : {dtype, real_of(dtype)}) {
          for (const bool is_circular : {false, true}) {
            const DrawnConvolution drawn(c, strides, dtype, kind, is_circular, random);
            if (!drawn.is_legal) continue;
            CAPTURE(c.x, c.y, c.k, static_cast<int>(strides), is_circular, name_of(dtype));
            const Scale scale = is_circular ? Scale{{0.5, -1.0}, {0.25, 0.5}} : Scale{};
            REQUIRE(difference(drawn, is_complex(dtype) ? scale : real_scale(scale)) <=
                    allowed(dtype));
          }
        }
      }
    }
  }
}

TEST_CASE("cuda: more taps than stand in shared memory at once agree with the reference",
          "[cuda][convolution]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(35);
  const Channels c{
      "aYX", "bYX", "baYX", {{'a', 9}, {'b', 2}, {'Y', 40}, {'X', 70}}, {{'Y', 8}, {'X', 9}},
      {},    {}};
  for (const bool is_circular : {false, true}) {
    const DrawnConvolution drawn(c, Strides::contiguous, DType::c128, DType::c128, is_circular,
                                 random);
    CHECK(difference(drawn, {}) <= 10 * allowed(DType::c128));
  }
}

TEST_CASE("cuda: a convolution of nothing scales", "[cuda][convolution]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(36);
  const Channels c{"aX", "X", "aX", {{'a', 0}, {'X', 9}}, {{'X', 3}}, {}, {}};
  const DrawnConvolution drawn(c, Strides::gaps, DType::c64, DType::c64, false, random);
  CHECK(difference(drawn, {1.0, {0.0, 0.5}}) <= allowed(DType::c64));
}

TEST_CASE("cuda: a convolution without values knows what it would need", "[cuda][convolution]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(37);
  const Channels c{"X", "X", "X", {{'X', 7}}, {{'X', 4}}, {}, {}};
  DrawnConvolution drawn(c, Strides::contiguous, DType::f32, DType::f32, false, random);
  Stream stream(on_gpu::kGpu, Backend::reference());

  const auto kernel = stream.backend().convolution(drawn.spec, stream);

  CHECK(kernel->bytes() == 4 * (4 + 8 + 8 + 4));
  CHECK(kernel->flops() == 2 * 7 * 4);
}

TEST_CASE("cuda: more convolved dims than the kernel takes are an error", "[cuda][convolution]") {
  if (!on_gpu::is_here()) return;
  ConvolutionSpec spec;
  spec.lines.assign(5, {2, 2, 1, 0, 1, 1, 1});
  Stream stream(on_gpu::kGpu, Backend::reference());

  try {
    stream.backend().convolution(spec, stream);
    FAIL("it was taken");
  } catch (const Error& e) {
    CHECK(e.code() == Code::unsupported);
    CHECK(std::string(e.what()).find("5 dims are convolved at once, the cuda backend takes 4; "
                                     "apply the operator on \"cpu\"") != std::string::npos);
  }
}
