// SPDX-License-Identifier: MIT
// R21: circular Convolutions one after the other.
#include "tests/unit/linop/values.hpp"
#include "tests/unit/plan/rewritten.hpp"

using namespace lunops;
using test::random;
using test::steps_of;
using test::uses_of;

namespace {

Linop line(const char* kernel, int64_t n, uint64_t seed, const char* boundary = "circular") {
  ConvolutionOptions o;
  o.boundary = boundary;
  o.extent = {{"x", n}};
  return Convolution(random(kernel, seed), "x", o);
}

}  // namespace

TEST_CASE("R21: circular Convolutions of one grid are one, with any centres", "[plan]") {
  for (const char* first : {"x=1", "x=2", "x=3", "x=4", "x=5"}) {
    for (const char* second : {"x=1", "x=2", "x=3", "x=4", "x=5"}) {
      for (const int64_t n : {5, 6, 12}) {
        CAPTURE(first, second, n);
        const Linop a = line(second, n, 1) * line(first, n, 2);
        const std::string extent = "x=" + std::to_string(n);

        CHECK(uses_of("R21", a, random(extent.c_str(), 3)) == 1);
        CHECK(uses_of("R21", a.H(), random(extent.c_str(), 4)) == 1);
        CHECK(uses_of("R21", a.T(), random(extent.c_str(), 5)) == 1);
        CHECK(uses_of("R21", a.conj(), random(("b=2 " + extent).c_str(), 6)) == 1);
      }
    }
  }
}

TEST_CASE("R21: dims of the kernels are met by name, and taps do not become more", "[plan]") {
  ConvolutionOptions o;
  o.boundary = "circular";
  o.extent = {{"y", 6}, {"x", 5}};
  o.method = "fft";
  const Linop a = Convolution(random("y=3 x=2"), "y x", o);
  const Linop b = Convolution(random("x=3 y=4", 2), "y x", o);
  o.method = "direct";
  const Linop c = Convolution(random("y=3 x=3"), "y x", o);
  const Tensor x = random("y=6 x=5", 3);

  CHECK(uses_of("R21", a * b, x) == 1);
  CHECK(uses_of("R21", (b * a).H(), x) == 1);
  CHECK(uses_of("R21", c * c, x) == 0);  // 25 taps in place of 18
}

TEST_CASE("R21: other boundaries, other dims and channels stay apart", "[plan]") {
  ConvolutionOptions o;
  o.boundary = "circular";
  o.extent = {{"y", 6}, {"x", 5}};
  const Linop y = Convolution(random("y=3"), "y x", o), x = Convolution(random("x=3", 2), "y x", o);
  o.extent = {{"x", 5}};
  const Linop mix = Convolution(random("c'=2 c=2 x=3", 3), "c x -> c' x'", o);

  CHECK(uses_of("R21", line("x=3", 6, 1, "zero") * line("x=3", 6, 2, "zero"), random("x=6")) == 0);
  CHECK(uses_of("R21", line("x=3", 6, 1) * line("x=3", 6, 2, "zero"), random("x=6")) == 0);
  CHECK(uses_of("R21", y * x, random("y=6 x=5")) == 0);
  CHECK(uses_of("R21", mix * mix, random("c=2 x=5")) == 0);
}

TEST_CASE("R21: between transforms that undo each other a Convolution is a Diagonal", "[plan]") {
  for (const int64_t n : {1, 5, 6}) {
    for (const char* norm : {"ortho", "backward"}) {
      for (const bool is_centred : {true, false}) {
        for (const char* kernel : {"k=1", "k=2", "k=3"}) {
          if (n == 1 && std::string(kernel) != "k=1") continue;
          CAPTURE(n, norm, is_centred, kernel);
          FFTOptions o;
          o.norm = norm;
          o.centred = is_centred;
          o.extent = {{"x", n}};
          const Linop f = FFT("x -> k", o);
          ConvolutionOptions c;
          c.boundary = "circular";
          c.extent = {{"k", n}};
          const Linop inside = Convolution(random(kernel), "k -> k'", c);
          const std::string extent = std::to_string(n);
          const Tensor x = random(("x=" + extent).c_str(), 2);
          const Tensor k = random(("k=" + extent).c_str(), 3);

          for (const Linop& each : {inside, inside.H(), inside.T(), inside.conj()}) {
            CHECK(uses_of("R21", f.H() * each * f, x) == 1);
            CHECK(uses_of("R21", (f.H() * each * f).T(), x) == 1);
            CHECK(steps_of(f.H() * each * f, x) == 1);
          }
          CHECK(uses_of("R21", f * line(n == 1 ? "x=1" : "x=3", n, 4) * f.H(), k) == 1);
        }
      }
    }
  }
}

TEST_CASE("R21: the spectrum lies on the dims that the kernel has", "[plan]") {
  ConvolutionOptions c;
  c.boundary = "circular";
  c.extent = {{"ky", 6}, {"kx", 5}};
  const Linop inside = Convolution(random("kx=3 ky=2"), "ky kx", c);
  const Linop along_x = Convolution(random("kx=2", 2), "coil ky kx", c);
  const Linop f = FFT("y x -> ky kx"), only_x = FFT("kx -> x");
  const Linop turned = FFT("ky kx -> x y"), other = FFT("ky kx -> u v");
  const Tensor x = random("coil=2 y=6 x=5", 3);

  CHECK(uses_of("R21", f.H() * inside * f, x) == 1);
  CHECK(uses_of("R21", f.H() * along_x * f, x) == 1);
  // Other names, another order, another sign, or dims that stay turned.
  CHECK(uses_of("R21", other * inside * f, x) == 0);
  CHECK(uses_of("R21", turned * inside * f, random("y=6 x=5")) == 0);
  CHECK(uses_of("R21", FFT("ky kx -> y x") * inside * f, x) == 0);
  CHECK(uses_of("R21", only_x * along_x * f, x) == 0);
  CHECK(uses_of("R21", f.H() * Trace("...") * inside * f, x) == 0);
  // What a Trace sees keeps its scale.
  FFTOptions o;
  o.norm = "backward";
  const Linop grown = FFT("y x -> ky kx", o);
  CHECK(uses_of("R21", Trace("...") * grown.H() * inside * grown, x) == 0);
  CHECK(uses_of("R21", grown.H() * inside * grown, x) == 1);
}
