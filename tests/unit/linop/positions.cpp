// SPDX-License-Identifier: MIT
// Interpolate, Gridding, and what a NUFFT has besides its values: modes, ragged frames, tiles,
// functional forms.
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "runtime/linop/nufft/functional.hpp"
#include "runtime/linop/nufft/positions.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

double distance(const Tensor& a, const Values& b) {
  const Values v = values_of(a);
  REQUIRE(v.size() == b.size());
  double d = 0;
  for (size_t i = 0; i < v.size(); ++i) d = std::max(d, std::abs(v[i] - b[i]));
  return d;
}

double relative(const Tensor& a, const Tensor& b) {
  const Values v = values_of(a), w = values_of(b);
  REQUIRE(v.size() == w.size());
  double difference = 0, size = 0;
  for (size_t i = 0; i < v.size(); ++i) {
    difference += std::norm(v[i] - w[i]);
    size += std::norm(w[i]);
  }
  return std::sqrt(difference / size);
}

InterpolateOptions options(std::vector<std::pair<std::string, int64_t>> extent,
                           const char* kernel,
                           double width,
                           const char* boundary = "circular") {
  InterpolateOptions o;
  o.extent = std::move(extent);
  o.kernel = kernel;
  o.width = {{"", width}};
  o.boundary = boundary;
  return o;
}

const Tensor kEight = tensor("x=8", {1, 2, 3, 4, 5, 6, 7, 8}, DType::f64);

}  // namespace

TEST_CASE("Interpolate: the examples of the catalogue", "[linop]") {
  Context context;
  const Tensor t = tensor("s=4 d=1", {4, 3.25, 0, 7.5}, DType::f64);
  const InterpolateOptions linear = options({{"x", 8}}, "linear", 4);
  const InterpolateOptions cut = options({{"x", 8}}, "linear", 4, "zero");
  InterpolateOptions bessel = options({{"x", 8}}, "kaiser_bessel", 4);
  bessel.beta = {{"", 1}};
  InterpolateOptions bessel_cut = bessel;
  bessel_cut.boundary = "zero";

  CHECK(distance(Interpolate(t, "x -> s", linear)(kEight, context), {10, 8.5, 6, 9}) < 1e-14);
  CHECK(distance(Interpolate(t, "x -> s", cut)(kEight, context), {10, 8.5, 2, 7.75}) < 1e-14);
  CHECK(distance(Interpolate(t, "x -> s", bessel)(kEight, context),
                 {28.2950727, 21.0114120, 23.2308092, 21.2478583}) < 1e-7);
  CHECK(distance(Interpolate(t, "x -> s", bessel_cut)(kEight, context),
                 {28.2950727, 21.0114120, 6.6590145, 17.7745828}) < 1e-7);
  const Tensor one = tensor("s=1 d=1", {3.25}, DType::f64);
  CHECK(distance(Gridding(one, "s -> x", linear)(tensor("s=1", {1}, DType::f64), context),
                 {0, 0, .375, .875, .625, .125, 0, 0}) < 1e-14);
  Values sixteen;
  for (int i = 0; i < 16; ++i) sixteen.emplace_back(i);
  const Tensor plane = tensor("s=1 d=2", {1.5, 2.25}, DType::f64);
  CHECK(distance(Interpolate(plane, "y x -> s", options({{"y", 4}, {"x", 4}}, "linear", 2))(
                     tensor("y=4 x=4", sixteen), context),
                 {8.25}) < 1e-6);
}

TEST_CASE("Interpolate: a kernel beyond what the data's dtype holds is an error", "[linop]") {
  Context context;
  const Tensor t = tensor("s=1 d=1", {4}, DType::f64);
  const auto with = [&](double beta) {
    InterpolateOptions o = options({{"x", 8}}, "kaiser_bessel", 2);
    o.beta = {{"x", beta}};
    return Interpolate(t, "x -> s", o);
  };
  const auto at_centre = [&](double beta, DType dtype) {
    const Tensor x = tensor("x=8", {0, 0, 0, 0, 1, 0, 0, 0}, dtype);
    return values_of(with(beta)(x, context)).front().real();
  };

  // I0(700) = 1.5295933476718737e302, I0(85) = 3.560...e35: by their asymptotic series.
  CHECK(at_centre(700, DType::f64) == Approx(1.5295933476718737e302));
  CHECK(at_centre(85, DType::f32) == Approx(std::exp(85) / std::sqrt(170 * M_PI) * 1.001474));
  CHECK(
      error_of([&] { with(720); }) ==
      "Interpolate: kernel values I0(beta) would reach 10^311 over all dims, more than f64 holds; "
      "use a smaller beta");
  CHECK(error_of([&] { with(1e300); }).starts_with("Interpolate: kernel values I0(beta)"));
  CHECK(
      error_of([&] { at_centre(100, DType::c64); }) ==
      "apply: kernel values of Interpolate reach 10^42, more than c64 holds; use x:as \"c128\", or "
      "a smaller width or beta");
}

TEST_CASE("Interpolate: the default beta is Beatty's for a grid of twice the image", "[linop]") {
  Context context;
  const Tensor t = tensor("s=2 d=1", {4, 4.5}, DType::f64);
  const auto with = [&](double width, double oversamp, double beta) {
    InterpolateOptions by_width = options({{"x", 8}}, "kaiser_bessel", width);
    if (oversamp != 2) by_width.oversamp = {{"", oversamp}};
    InterpolateOptions by_beta = options({{"x", 8}}, "kaiser_bessel", width);
    by_beta.beta = {{"x", beta}};
    return relative(Interpolate(t, "x -> s", by_width)(kEight, context),
                    Interpolate(t, "x -> s", by_beta)(kEight, context));
  };

  CHECK(with(4, 1.25, 6.99665905) < 1e-8);
  CHECK(with(6, 2, 13.85510035) < 1e-8);
}

TEST_CASE("Interpolate: strided, permuted and batched data give the same values", "[linop]") {
  Context context;
  const Tensor t = rand(Shape::parse("f=2 s=30 d=2"), DType::f32, 1, context);
  const Linop a = Interpolate(t, "f y x -> f s", options({{"y", 9}, {"x", 8}}, "linear", 3));
  const Tensor x = randn(Shape::parse("coil=3 f=2 y=9 x=8"), DType::c64, 2, context);
  const Tensor mixed = x.permute("y coil x f").contiguous(context).permute("coil f y x");
  const Tensor plain = a(x, context);

  CHECK(relative(a(mixed, context), plain) == 0);
  const Linop middle = Interpolate(t, "y f x -> s f", options({{"y", 9}, {"x", 8}}, "linear", 3));
  CHECK(relative(middle(x.permute("coil y f x"), context).permute("coil f s"), plain) < 1e-6);
}

TEST_CASE("Interpolate: errors say what to do", "[linop]") {
  Context context;
  const Tensor t = zeros(Shape::parse("s=3 d=2"), DType::f64, context);
  const Tensor line = zeros(Shape::parse("s=3 d=1"), DType::f64, context);
  const InterpolateOptions plain = options({{"x", 8}}, "linear", 4);

  CHECK(error_of([&] { Interpolate(t, "x -> s", plain); }) ==
        "Interpolate: locs has 2 entries in 'd' but the grid \"x\" has 1 dim");
  CHECK(error_of([&] { Gridding(t, "s -> x", plain); }) ==
        "Gridding: locs has 2 entries in 'd' but the grid \"x\" has 1 dim");
  CHECK(error_of([&] { Interpolate(line, "x -> s", options({}, "linear", 0.5)); }) ==
        "Interpolate: width = 0.5 must be from 1 to 16");
  CHECK(error_of([&] { Interpolate(line, "x -> s", options({}, "linear", 17)); }) ==
        "Interpolate: width = 17 must be from 1 to 16");
  CHECK(error_of([&] {
          Interpolate(line, "x -> s", options({{"x", 3}}, "linear", 4));
        }) ==
        "Interpolate: width = 4 of 'x' is more than its extent 3; a circular boundary needs at "
        "most that");
  // The extent is known when data come.
  const Linop later = Interpolate(line, "x -> s", options({}, "linear", 4));
  CHECK(error_of([&] {
          later(tensor("x=3", {1, 2, 3}), context);
        }) ==
        "Interpolate: width = 4 of 'x' is more than its extent 3; a circular boundary needs at "
        "most that");
  CHECK(later(kEight, context).count() == 3);
  InterpolateOptions narrow = options({{"x", 8}}, "kaiser_bessel", 1);
  CHECK(error_of([&] { Interpolate(line, "x -> s", narrow); }) ==
        "Interpolate: width = 1 with oversamp = 2 gives beta^2 = -0.238 pi^2; give 'beta' or a "
        "larger width");
  narrow.beta = {{"", -1}};
  CHECK(error_of([&] { Interpolate(line, "x -> s", narrow); }) ==
        "Interpolate: beta = -1 must be at least 0");
  CHECK(error_of([&] { Interpolate(line, "x -> s", options({}, "cubic", 4)); }) ==
        "Interpolate: kernel is 'cubic'; it is kaiser_bessel or linear");
  CHECK(error_of([&] { Interpolate(line, "x -> s", options({}, "linear", 4, "circle")); }) ==
        "Interpolate: boundary is 'circle'; it is circular or zero");
  InterpolateOptions with_beta = plain;
  with_beta.beta = {{"", 3}};
  CHECK(error_of([&] { Interpolate(line, "x -> s", with_beta); }) ==
        "Interpolate: 'beta' is an option of kernel = \"kaiser_bessel\" only");
  InterpolateOptions unknown = plain;
  unknown.width = {{"q", 3}};
  CHECK(error_of([&] { Interpolate(line, "x -> s", unknown); }) ==
        "Interpolate: width: no grid dim 'q'");
  CHECK(error_of([&] {
          Interpolate(zeros(Shape::parse("s=3 d=1"), DType::i64, context), "x -> s", plain);
        }) == "Interpolate: locs is i64; coordinates are f32 or f64");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Linop bad = Interpolate(tensor("s=2 d=1", {0, nan}, DType::f64), "x -> s", plain);
  CHECK(error_of([&] { bad(kEight, context); }) == "Interpolate: coordinate at s=2, d=1 is nan");
  CHECK(error_of([&] {
          TileRequest r;
          r.input = {Stretch{0, 4}};
          r.output = {std::nullopt};
          cut(Interpolate(line, "x -> s", plain).node(), r);
        }) ==
        "split: Interpolate {x=8 -> s=3} cannot be cut along its grid dim 'x'; it can be cut along "
        "s, and along batch dims");
}

TEST_CASE("NUFFT: nearest mode agrees with the interpolating mode as the grid is refined",
          "[linop]") {
  Context context;
  const Tensor k = rand(Shape::parse("s=200 d=2"), DType::f64, 3, context);
  const Tensor x = randn(Shape::parse("y=9 x=10"), DType::c128, 4, context);
  NUFFTOptions o;
  o.extent = {{"y", 9}, {"x", 10}};
  o.units = "cycles";
  const Tensor exact = NUFFT(k, "y x -> s", o)(x, context);
  o.mode = "nearest";
  double before = 1;
  for (const int64_t factor : {4, 16, 64}) {
    o.grid = {{"y", 9 * factor}, {"x", 10 * factor}};
    const double error = relative(NUFFT(k, "y x -> s", o)(x, context), exact);
    CHECK(error < before / 3);  // falls as 1 / factor
    before = error;
  }
  o.toeplitz = Toeplitz::always;
  const Linop f = NUFFT(k, "y x -> s", o);
  CHECK(relative(f.N()(x, context), f.H()(f(x, context), context)) < 1e-12);
}

TEST_CASE("NUFFT: options of nearest mode and counts are checked", "[linop]") {
  Context context;
  const Tensor k = zeros(Shape::parse("frame=4 spoke=34 sample=256 d=2"), DType::f32, context);
  NUFFTOptions o;
  o.mode = "nearest";
  o.tol = 1e-3;
  CHECK(
      error_of([&] { NUFFT(k, "frame y x -> frame spoke sample", o); }) ==
      "NUFFT: mode = \"nearest\" has no 'tol'; give 'oversamp' or 'grid', which set its accuracy");
  o.tol.reset();
  o.mode = "nearst";
  CHECK(error_of([&] { NUFFT(k, "frame y x -> frame spoke sample", o); }) ==
        "NUFFT: mode is 'nearst'; it is interpolate or nearest; did you mean 'nearest'?");
  o.mode = "interpolate";
  const Tensor counts = zeros(Shape::parse("frame=4"), DType::i32, context);
  counts.data_as<int32_t>()[3] = 9000;
  o.counts = counts;
  CHECK(error_of([&] { NUFFT(k, "frame y x -> frame spoke sample", o); }) ==
        "NUFFT: counts[frame=4] is 9000 but a frame has 34 x 256 = 8704 points");
  CHECK(error_of([&] { NUFFT(k, "y x -> frame spoke sample", o); }) ==
        "NUFFT: counts {frame=4} must have the dims of the frames, \"\"");
  o.counts = zeros(Shape::parse("frame=4"), DType::f32, context);
  CHECK(error_of([&] { NUFFT(k, "frame y x -> frame spoke sample", o); }) ==
        "NUFFT: counts are f32; they are i32 or i64");
}

TEST_CASE("NUFFT: a tile of samples and frames has the values of the whole", "[linop]") {
  Context context;
  const Tensor k = rand(Shape::parse("frame=3 spoke=4 sample=20 d=2"), DType::f64, 5, context);
  NUFFTOptions o;
  o.extent = {{"y", 9}, {"x", 10}};
  o.units = "cycles";
  const Tensor counts = zeros(Shape::parse("frame=3"), DType::i64, context);
  counts.data_as<int64_t>()[0] = 55;
  counts.data_as<int64_t>()[1] = 80;
  counts.data_as<int64_t>()[2] = 12;
  o.counts = counts;
  const Linop f = NUFFT(k, "frame y x -> frame spoke sample", o);
  const Tensor x = randn(Shape::parse("frame=3 y=9 x=10"), DType::c64, 6, context);
  TileRequest r;
  r.input.resize(3);
  r.output = {Stretch{0, 2}, Stretch{1, 2}, Stretch{3, 9}};

  const Tile tile = cut(f.node(), r);

  REQUIRE(tile.op.has_value());
  const Tensor part = Linop(*tile.op)(x.slice(0, 0, 2), context);
  const Tensor whole = f(x, context).slice(0, 0, 2).slice(1, 1, 2).slice(2, 3, 9);
  // Rounding: the tile has the width and the grid of the whole.
  CHECK(relative(part, whole) < 1e-6);
  CHECK(error_of([&] {
          TileRequest bad;
          bad.input = {std::nullopt, Stretch{0, 4}, std::nullopt};
          bad.output.resize(3);
          cut(f.node(), bad);
        }) ==
        "split: NUFFT {frame=3, y=9, x=10 -> frame=3, spoke=4, sample=20} cannot be cut along its "
        "image dim 'y'; it can be cut along frame, spoke, sample, and along batch dims");
}

TEST_CASE("NUFFT: the points of a ragged frame that a tile keeps are its first ones", "[linop]") {
  // 55 of 4 x 20 points: two whole rows and 15 of the third.
  CHECK(count_in_tile(55, {4, 20}, {{0, 4}, {0, 20}}) == 55);
  CHECK(count_in_tile(55, {4, 20}, {{1, 2}, {0, 20}}) == 35);
  CHECK(count_in_tile(55, {4, 20}, {{1, 2}, {10, 10}}) == 15);
  CHECK(count_in_tile(55, {4, 20}, {{3, 1}, {0, 20}}) == 0);
  CHECK(count_in_tile(80, {4, 20}, {{3, 1}, {5, 2}}) == 2);
  CHECK(count_in_tile(0, {4, 20}, {{0, 4}, {0, 20}}) == 0);
}

TEST_CASE("nufft: functional calls share operators until the trajectory is written", "[linop]") {
  Context context;
  const Tensor k = rand(Shape::parse("s=50 d=2"), DType::f64, 7, context);
  NUFFTOptions o;
  o.extent = {{"y", 9}, {"x", 10}};
  o.units = "cycles";
  NufftCache cache;
  const Linop first = cache.find(k, "y x -> s", o);

  CHECK(cache.find(k, "y x -> s", o).core() == first.core());
  o.tol = 1e-2;
  CHECK(cache.find(k, "y x -> s", o).core() != first.core());
  o.tol.reset();
  k.storage()->touch();
  CHECK(cache.find(k, "y x -> s", o).core() != first.core());
  CHECK(cache.size() == 1);
  for (int i = 0; i < 20; ++i) {
    o.tol = 1e-3 / (i + 1);
    cache.find(k, "y x -> s", o);
  }
  CHECK(cache.size() == NufftCache::kMost);
}

TEST_CASE("nufft: strings are inferred from names", "[linop]") {
  Context context;
  const auto of = [&](const char* shape) {
    return zeros(Shape::parse(shape), DType::f32, context);
  };

  CHECK(nufft_text(of("coil=2 y=4 x=4"), of("spoke=2 sample=3 d=2")) == "y x -> spoke sample");
  CHECK(nufft_text(of("coil=2 frame=5 y=4 x=4"), of("frame=5 sample=3 d=2")) ==
        "frame y x -> frame sample");
  CHECK(nufft_adjoint_text(of("coil=2 spoke=2 sample=3"), of("spoke=2 sample=3 d=2"), {"y", "x"}) ==
        "y x -> spoke sample");
  CHECK(error_of([&] { nufft_text(of("x=4"), of("sample=3 d=2")); }) ==
        "nufft: x {x=4} has no 2 named dims; give string = \"y x -> sample\"");
}
