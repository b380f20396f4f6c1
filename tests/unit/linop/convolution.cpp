// SPDX-License-Identifier: MIT
#include <limits>

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/explain.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using namespace lunops::test;

namespace {

ConvolutionOptions by(const char* boundary, const char* method = "auto") {
  ConvolutionOptions o;
  o.boundary = boundary;
  o.method = method;
  return o;
}

// Rounded to what a transform keeps of numbers below 100.
std::vector<c128> rounded(std::vector<c128> values) {
  for (c128& v : values) v = std::round(v.real() * 1e12) / 1e12;
  return values;
}

std::vector<c128> result_of(const Linop& a, const std::vector<c128>& x) {
  Context context;
  return rounded(values_of(a(tensor("x=5", x, DType::f64), context)));
}

Tensor numbers(const char* shape, uint64_t seed) {
  Context context;
  return randn(Shape::parse(shape), DType::c128, seed, context);
}

double difference(const Tensor& a, const Tensor& b) {
  Context context;
  return norm(binary(Binary::subtract, a, b, context), context) / norm(b, context);
}

}  // namespace

TEST_CASE("Convolution: five samples by hand, both boundaries and both methods", "[linop]") {
  const Tensor odd = tensor("x=3", {1, 2, 3}, DType::f64), even = tensor("x=2", {1, 2}, DType::f64);
  const std::vector<c128> x = {1, 0, 0, 2, 0};
  for (const char* method : {"direct", "fft"}) {
    const Linop a = Convolution(odd, "x", by("zero", method));
    CHECK(result_of(a, x) == std::vector<c128>{2, 3, 2, 4, 6});
    CHECK(result_of(a.H(), x) == std::vector<c128>{2, 1, 6, 4, 2});
    const Linop b = Convolution(odd, "x", by("circular", method));
    CHECK(result_of(b, x) == std::vector<c128>{2, 3, 2, 4, 7});
    CHECK(result_of(b.H(), x) == std::vector<c128>{2, 1, 6, 4, 5});
    const Linop c = Convolution(even, "x", by("zero", method));
    CHECK(result_of(c, x) == std::vector<c128>{2, 0, 2, 4, 0});
    CHECK(result_of(c.H(), x) == std::vector<c128>{2, 1, 0, 4, 2});
    const Linop d = Convolution(even, "x", by("circular", method));
    CHECK(result_of(d, x) == std::vector<c128>{2, 0, 2, 4, 1});
    CHECK(result_of(d.H(), x) == std::vector<c128>{2, 1, 0, 4, 2});
  }
}

TEST_CASE("Convolution: both methods agree in all modes, with channels and kept dims", "[linop]") {
  Context context;
  const Tensor k = numbers("cout=2 f=3 cin=2 y=3 x=4", 1);
  for (const char* boundary : {"zero", "circular"}) {
    const char* text = "cin f y x -> f cout y' x'";
    const Linop direct = Convolution(k, text, by(boundary, "direct"));
    const Linop fft = Convolution(k, text, by(boundary, "fft"));
    const Tensor x = numbers("b=2 cin=2 f=3 y=5 x=6", 2), v = numbers("b=2 f=3 cout=2 y=5 x=6", 3);

    // A few roundings of transforms of 100 points.
    CHECK(difference(fft(x, context), direct(x, context)) < 1e-14);
    CHECK(difference(fft.conj()(x, context), direct.conj()(x, context)) < 1e-14);
    CHECK(difference(fft.H()(v, context), direct.H()(v, context)) < 1e-14);
    CHECK(difference(fft.T()(v, context), direct.T()(v, context)) < 1e-14);
  }
}

TEST_CASE("Convolution: the circular normal is one convolution with the autocorrelation",
          "[linop]") {
  Context context;
  for (const char* method : {"direct", "fft"}) {
    for (const int64_t taps : {2, 3, 6}) {
      ConvolutionOptions options = by("circular", method);
      options.extent = {{"x", 7}};
      const Tensor k = numbers(fmt::format("co=2 ci=3 x={}", taps).c_str(), 4);
      const Linop a = Convolution(k, "ci x -> co x'", options);
      const Tensor x = numbers("ci=3 x=7", 5);

      CHECK(a.N().kind() == "Convolution");
      CHECK(a.N().H() == a.N());
      CHECK(difference(a.N()(x, context), a.H()(a(x, context), context)) < 1e-14);
    }
  }
}

TEST_CASE("Convolution: the method is chosen by cost, and explain says so", "[linop]") {
  Context context;
  const auto chosen = [&](const char* kernel, const char* image) {
    const Linop a = Convolution(numbers(kernel, 6), "y x");
    return explain(a, Shape::parse(image), DType::c128, context).choices.at(0).chosen;
  };

  CHECK(chosen("y=3 x=3", "y=64 x=64") == "direct");
  CHECK(chosen("y=65 x=65", "y=128 x=128") == "fft");
}

TEST_CASE("Convolution: pieces of the output and the input are those parts of the matrix",
          "[linop]") {
  Context context;
  for (const char* shape : {"x=3", "x=4", "x=9"}) {
    ConvolutionOptions options;
    options.extent = {{"x", 6}};
    const Linop a = Convolution(numbers(shape, 8), "x", options);
    for (const Linop& each : {a, a.H(), a.conj()}) {
      const std::vector<c128> whole = values_of(each.dense(DType::c128, context));
      for (int64_t first = 0; first < 6; ++first) {
        for (int64_t count = 1; first + count <= 6; ++count) {
          TileRequest request;
          request.output = {Stretch{first, count}};
          request.input = {std::nullopt};
          const Tile tile = cut(each.node(), request);
          REQUIRE(tile.op);
          const Stretch columns = tile.input[0].value_or(Stretch{0, 6});
          const Stretch rows = tile.output[0].value_or(Stretch{0, 6});
          CHECK(rows.count == count);
          const std::vector<c128> part = values_of(Linop(*tile.op).dense(DType::c128, context));
          for (int64_t i = first; i < first + count; ++i) {
            for (int64_t j = 0; j < 6; ++j) {
              const bool is_inside = j >= columns.first && j < columns.end();
              const c128 value =
                  is_inside
                      ? part[static_cast<size_t>((i - first) * columns.count + j - columns.first)]
                      : c128(0);
              CHECK(std::abs(value - whole[static_cast<size_t>(i * 6 + j)]) < 1e-15);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("Convolution: errors say what is known", "[linop]") {
  const Tensor k = tensor("x=3", {1, 2, 3}, DType::f32);
  CHECK(error_of([&] { Convolution(k, "x", by("periodic")); }) ==
        "Convolution: boundary is 'periodic'; it is zero or circular");
  CHECK(error_of([&] { Convolution(k, "x", by("zero", "ftt")); }) ==
        "Convolution: method is 'ftt'; it is auto, direct or fft; did you mean 'fft'?");
  CHECK(error_of([&] { Convolution(k, "x=2", by("circular")); }) ==
        "Convolution: the kernel has 3 taps along 'x', whose extent is 2; a circular kernel is at "
        "most as long, so shorten it or use boundary = \"zero\"");
  CHECK(error_of([&] { Convolution(k, "y"); }) ==
        "Convolution: 'x' is in the kernel {x=3} but on neither side of \"y -> y\"");
  CHECK(error_of([&] { Convolution(k, "x -> x"); }) ==
        "Convolution: no dim of the kernel {x=3} is convolved in \"x -> x\"; such a dim stands on "
        "both sides, with a prime on the output, as in \"y x -> y' x'\"");
  CHECK(error_of([&] { Convolution(k, "c x -> x'"); }) ==
        "Convolution: 'c' is on the input of \"c x -> x'\" but neither in the kernel {x=3} nor on "
        "the output");
  CHECK(error_of([&] {
          result_of(Convolution(k, "x"), {1, 2, 3, 4, 5});
        }) == "apply: x is f64 but the kernel of Convolution is f32; use k:as \"f64\"");
  CHECK(error_of([] {
          Convolution(tensor("x=1", {std::numeric_limits<double>::infinity()}, DType::f32), "x");
        }) == "Convolution: the kernel {x=1} has a NaN or an infinity");
  CHECK(error_of([] { Convolution(tensor("x=1", {1e200}, DType::f64), "x"); }) == "no error");
  CHECK(error_of([] { Convolution(tensor("x=0", {}, DType::f32), "x"); }) ==
        "Convolution: the kernel {x=0} is empty");
}
