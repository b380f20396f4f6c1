// SPDX-License-Identifier: MIT
// Operators whose plans read weights and points: on cuda:0 as on the host.
#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/cuda/on_gpu.hpp"

using namespace lunops;

namespace {

Tensor random(const char* shape, uint64_t seed, DType dtype = DType::c128) {
  Context context;
  return randn(Shape::parse(shape), dtype, seed, context);
}

Tensor points(const char* shape, double reach, uint64_t seed) {
  Context context;
  const Tensor unit = rand(Shape::parse(shape), DType::f64, seed, context);
  return binary(Binary::multiply, binary(Binary::subtract, unit, 0.5, context), 2 * reach, context);
}

NUFFTOptions cycles() {
  NUFFTOptions o;
  o.units = "cycles";
  return o;
}

// ||A x on the GPU - A x on the host|| / ||A x on the host||.
double distance(const Linop& a, const Tensor& x, const PlanOptions& options = {}) {
  Context host;
  Context gpu = on_device(on_gpu::kGpu, host);
  const Tensor expected = apply_planned(a, x, host, options);
  const Linop there = a.to(on_gpu::kGpu, gpu);
  const Tensor made =
      apply_planned(there, x.to(on_gpu::kGpu, gpu), gpu, options).to(Device::host(), host);
  CHECK(made.shape() == expected.shape());
  return norm(binary(Binary::subtract, made, expected, host), host) / norm(expected, host);
}

}  // namespace

TEST_CASE("cuda: convolutions, direct and by FFT, and their adjoints and normals",
          "[cuda][operators]") {
  if (!on_gpu::is_here()) return;
  for (const char* method : {"direct", "fft"}) {
    for (const char* boundary : {"zero", "circular"}) {
      for (const DType dtype : {DType::f64, DType::c128}) {
        ConvolutionOptions options;
        options.method = method;
        options.boundary = boundary;
        const Linop a =
            Convolution(random("cin=2 y=3 x=4 cout=3", 1, dtype), "cin y x -> cout y' x'", options);
        const Tensor x = random("cin=2 y=9 x=12", 2, dtype),
                     y = random("cout=3 y=9 x=12", 3, dtype);
        CAPTURE(method, boundary, name_of(dtype));

        CHECK(distance(a, x) <= 1e-12);
        CHECK(distance(a.H(), y) <= 1e-12);
        CHECK(distance(a.N(), x) <= 1e-12);
      }
    }
  }
}

TEST_CASE("cuda: Toeplitz normals with weights and maps", "[cuda][operators]") {
  if (!on_gpu::is_here()) return;
  const PlanOptions options{.toeplitz = Toeplitz::always};
  const PlanOptions deterministic{.toeplitz = Toeplitz::always, .deterministic = true};
  const Linop f = NUFFT(points("spoke=5 sample=30 d=2", 5, 4), "y x -> spoke sample", cycles());
  const Linop s = Dense(random("coil=3 y=9 x=10", 5), "y x -> coil y x");
  const Tensor image = random("y=9 x=10", 6), images = random("slice=2 y=9 x=10", 7);
  // Two kernels to 1e-10 each.
  constexpr double kAllowed = 1e-8;

  CHECK(distance(f.N(), image, options) <= kAllowed);
  CHECK(distance(f.N(), images, deterministic) <= kAllowed);
  for (const Linop& w : {Diagonal(random("spoke=5 sample=30", 8, DType::f64)),
                         Diagonal(random("spoke=5 sample=30", 9))}) {
    CHECK(distance((f * s).normal(w), image, options) <= kAllowed);
    CHECK(distance((f * s).normal(w).H(), images, deterministic) <= kAllowed);
    CHECK(distance(f.normal(w), images, options) <= kAllowed);
  }
  const Linop by_coil = Diagonal(random("coil=3 spoke=5 sample=30", 10, DType::f64));
  CHECK(distance((f * s).normal(by_coil), image, options) <= kAllowed);
}

TEST_CASE("cuda: Toeplitz normals of frames, and of a basis over frames", "[cuda][operators]") {
  if (!on_gpu::is_here()) return;
  const PlanOptions options{.toeplitz = Toeplitz::always};
  const Linop f =
      NUFFT(points("frame=5 sample=30 d=2", 5, 11), "frame y x -> frame sample", cycles());
  const Linop basis = Dense(random("frame=5 coef=3", 12), "coef y x -> frame y x");
  const Linop w = Diagonal(random("frame=5 sample=30", 13, DType::f64));

  CHECK(distance(f.normal(w), random("frame=5 y=9 x=10", 14), options) <= 1e-8);
  CHECK(distance((f * basis).N(), random("coef=3 y=9 x=10", 15), options) <= 1e-8);
  CHECK(distance((f * basis).normal(w), random("slice=2 coef=3 y=9 x=10", 16), options) <= 1e-8);
}
