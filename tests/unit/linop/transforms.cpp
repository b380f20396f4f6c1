// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

double distance(const Values& a, const Values& b) {
  REQUIRE(a.size() == b.size());
  double d = 0;
  for (size_t i = 0; i < a.size(); ++i) d = std::max(d, std::abs(a[i] - b[i]));
  return d;
}

double distance(const Tensor& a, const Tensor& b) { return distance(values_of(a), values_of(b)); }

constexpr double kRounding = 2e-6;  // a few c64 roundings of values below 10

Linop pad(const char* text, int64_t to, const char* at = "centre") {
  PadOptions o;
  o.to = {{"x", to}};
  o.at = at;
  return Pad(text, o);
}

Linop crop(const char* text, int64_t to, const char* at = "centre") {
  PadOptions o;
  o.to = {{"x", to}};
  o.at = at;
  return Crop(text, o);
}

}  // namespace

TEST_CASE("FFT: the examples of the catalogue", "[linop]") {
  Context context;
  const Tensor four = tensor("x=4", {1, 2, 3, 4});
  FFTOptions plain;
  plain.centred = false;
  plain.norm = "backward";
  FFTOptions centred;
  centred.norm = "backward";

  CHECK(distance(values_of(FFT("x", plain)(four, context)), {10, {-2, 2}, -2, {-2, -2}}) <
        kRounding);
  CHECK(FFT("x").signature().text() == "x -> kx");
  plain.norm = "ortho";
  CHECK(distance(values_of(FFT("x", plain)(four, context)), {5, {-1, 1}, -1, {-1, -1}}) <
        kRounding);
  CHECK(distance(values_of(FFT("x")(four, context)), {-1, {1, 1}, 5, {1, -1}}) < kRounding);
  CHECK(distance(values_of(FFT("x")(tensor("x=5", {1, 2, 3, 4, 5}), context)),
                 {{0, -1.1755705}, {0, 1.9021130}, 6.7082039, {0, -1.9021130}, {0, 1.1755705}}) <
        kRounding);
  CHECK(distance(values_of(FFT("x").H()(tensor("kx=4", {0, 0, 1, 0}), context)), {.5, .5, .5, .5}) <
        kRounding);
  CHECK(distance(values_of(FFT("x=4", centred).N()(four, context)), {4, 8, 12, 16}) < kRounding);
  CHECK(FFT("x").N().kind() == "Identity");
}

TEST_CASE("FFT: strings name what is transformed", "[linop]") {
  Context context;
  const Linop f = FFT("t y x -> t ky kx");

  CHECK(f.signature().keeps(Dim::parse("t")));
  CHECK(f(tensor("t=2 y=1 x=2", {1, 2, 3, 4}), context).shape().text() == "t=2 ky=1 kx=2");
  CHECK(error_of([] { FFT("x -> x"); }) ==
        "FFT: \"x -> x\" has the same dims on both sides, so nothing is transformed; write \"x -> "
        "x'\" or \"x -> kx\"");
  CHECK(error_of([&] { f(tensor("t=1 y=1 x=1", {1}, DType::f32), context); }) ==
        "apply: FFT is complex but x is f32; use x:as \"c64\"");
}

TEST_CASE("chains: extents pass through operators that imply them, from both ends", "[linop]") {
  const Linop f = FFT("y x -> ky kx");
  const Linop s = Dense(tensor("coil=1 y=2 x=1", {1, 1}), "y x -> coil y x");
  const Linop d = Diagonal(tensor("ky=2 kx=1", {1, 1}));
  const Linop wrong = Diagonal(tensor("ky=3 kx=1", {1, 1, 1}));

  CHECK((f * s).signature().text() == "y=2 x=1 -> coil=1 ky=2 kx=1");
  CHECK((d * f).signature().text() == "y=2 x=1 -> ky=2 kx=1");
  CHECK((f * f.H() * d).signature().text() == "ky=2 kx=1 -> ky'=2 kx'=1");
  CHECK(error_of([&] { wrong* f* s; }) ==
        "compose: extent of 'y' is 2 in Dense {coil=1, y=2, x=1} but 3 in Chain {y=3, x=1}");
  CHECK(error_of([&] { wrong*(f * s); }) ==
        "compose: extent of 'ky' is 2 in Chain {coil=1, ky=2, kx=1} but 3 in Diagonal {ky=3, "
        "kx=1}");
}

TEST_CASE("Pad and Crop: the examples of the catalogue", "[linop]") {
  Context context;
  const auto padded = [&](int64_t n, int64_t to) {
    const Tensor x = full(Shape::parse("x=" + std::to_string(n)), 1.0, DType::c64, context);
    const Values v = values_of(pad("x", to)(x, context));
    int64_t before = 0, after = 0;
    while (v[static_cast<size_t>(before)] == 0.0) ++before;
    while (v[v.size() - 1 - static_cast<size_t>(after)] == 0.0) ++after;
    return std::pair(before, after);
  };

  CHECK(padded(3, 6) == std::pair<int64_t, int64_t>(2, 1));
  CHECK(padded(4, 7) == std::pair<int64_t, int64_t>(1, 2));
  CHECK(padded(3, 8) == std::pair<int64_t, int64_t>(3, 2));
  CHECK(padded(3, 5) == std::pair<int64_t, int64_t>(1, 1));
  CHECK(padded(10, 21) == std::pair<int64_t, int64_t>(5, 6));
  CHECK(padded(15, 30) == std::pair<int64_t, int64_t>(8, 7));
  CHECK(padded(2, 5) == std::pair<int64_t, int64_t>(1, 2));
  CHECK(values_of(crop("x", 3)(tensor("x=6", {0, 1, 2, 3, 4, 5}), context)) == Values{2, 3, 4});
  const Linop truncate = crop("x=5", 3, "start");
  CHECK(values_of(truncate(tensor("x=5", {0, 1, 2, 3, 4}), context)) == Values{0, 1, 2});
  CHECK(values_of(truncate.H()(tensor("x=3", {1, 1, 1}), context)) == Values{1, 1, 1, 0, 0});
  CHECK(values_of(truncate.N()(tensor("x=5", {1, 1, 1, 1, 1}), context)) == Values{1, 1, 1, 0, 0});
  CHECK(values_of(crop("x=2", 2)(tensor("x=2", {1, 2}), context)) == Values{1, 2});
  CHECK(pad("x", 6).N().kind() == "Identity");
}

TEST_CASE("Pad and Crop: what the other is for", "[linop]") {
  Context context;

  CHECK(error_of([] { pad("x=4", 3); }) ==
        "Pad: 'x' would go from 4 to 3, which is less; use Crop");
  CHECK(error_of([] { crop("x=4", 5); }) ==
        "Crop: 'x' would go from 4 to 5, which is more; use Pad");
  CHECK(error_of([] { Pad("x", {}); }) == "Pad: give 'to', the extents of the result, or 'scale'");
  CHECK(error_of([&] {
          pad("x", 6).H()(tensor("x=6", {1, 1, 1, 1, 1, 1}), context);
        }) == "Pad.H: extent of 'x' is unknown; give extent = {x = …}");
}

TEST_CASE("NUFFT: the example of the catalogue", "[linop]") {
  Context context;
  const Tensor k = tensor("s=4 d=1", {0, 1, -2, .5}, DType::f64);
  const Linop f = NUFFT(k, "x -> s", {{.extent = {{"x", 4}}}});

  const Values y = values_of(f(tensor("x=4", {1, 2, 3, 4}), context));
  const Values delta = values_of(f(tensor("x=4", {0, 0, 1, 0}), context));

  const double tol = 5e-4;  // 1e-4 relative to the norm 7.3, and the image is not white
  CHECK(distance(y, {5, {1, -1}, -1, {3.62132034, -.20710678}}) < tol);
  CHECK(distance(delta, {.5, .5, .5, .5}) < tol);
}

TEST_CASE("NUFFT: an image without pixels has zero samples and an empty normal", "[linop]") {
  Context context;
  const Tensor k = tensor("t=2 s=3 d=2", {0, 1, 2, 3, -1, 0, 0, 1, 2, 2, -1, 1}, DType::f64);
  for (const Toeplitz toeplitz : {Toeplitz::never, Toeplitz::always, Toeplitz::automatic}) {
    NUFFTOptions o;
    o.extent = {{"y", 4}, {"x", 0}};
    o.units = "cycles";
    o.tol = 1e-8;
    o.toeplitz = toeplitz;
    const Linop f = NUFFT(k, "t y x -> t s", o);
    const Linop basis =
        Dense(full(Shape::parse("t=2 r=2"), 1.0, DType::c128, context), "r y x -> t y x");
    const Linop a = f * basis;
    const Tensor x = zeros(Shape::parse("r=2 y=4 x=0"), DType::c128, context);

    const Tensor y = a(x, context);

    CHECK(y.shape() == Shape::parse("t=2 s=3"));
    CHECK(norm(y, context) == 0.0);
    CHECK(a.H()(y, context).shape() == x.shape());
    CHECK(a.N()(x, context).shape() == x.shape());
    CHECK(nufft_info(f));
  }
}

TEST_CASE("NUFFT: errors of the trajectory", "[linop]") {
  Context context;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Linop f = NUFFT(tensor("spoke=1 sample=2 d=1", {0, nan}, DType::f32), "x -> spoke sample",
                        {{.extent = {{"x", 4}}}});

  CHECK(error_of([&] {
          f(tensor("x=4", {1, 2, 3, 4}), context);
        }) == "NUFFT: coordinate at spoke=1, sample=2, d=1 is nan");
  CHECK(error_of([] {
          NUFFT(tensor("s=1 d=2", {0, 1}, DType::f32), "z y x -> s");
        }) == "NUFFT: trajectory has 2 entries in 'd' but the image \"z y x\" has 3 dims");
  CHECK(error_of([] {
          NUFFT(tensor("spoke=0 sample=512 d=2", {}, DType::f32), "y x -> spoke sample");
        }) == "NUFFT: trajectory {spoke=0, sample=512, d=2} has no points");
  NUFFTOptions o;
  o.width = 17;
  o.oversamp = {{"", 2.0}};
  CHECK(error_of([&] { NUFFT(tensor("s=1 d=1", {0}, DType::f32), "x -> s", o); }) ==
        "NUFFT: 'width' = 17 must be an integer from 2 to 16");
  o.tol = 1e-3;
  CHECK(error_of([&] { NUFFT(tensor("s=1 d=1", {0}, DType::f32), "x -> s", o); }) ==
        "NUFFT: give either 'tol' or 'width' with 'oversamp', not both");
  NUFFTOptions fine;
  fine.tol = 1e-9;
  fine.extent = {{"x", 4}};
  const Linop g = NUFFT(tensor("s=1 d=1", {0}, DType::f32), "x -> s", fine);
  CHECK(error_of([&] {
          g(tensor("x=4", {1, 2, 3, 4}), context);
        }) ==
        "NUFFT: tol = 1e-09 is below what c64 can reach (5e-07); use tol >= 5e-07 or data in c128");
}

namespace {

struct Sense {
  Context context;
  Tensor k, maps, w, x, ksp;
  Linop f, s, weight, a;

  explicit Sense(Toeplitz toeplitz = Toeplitz::automatic, int64_t n = 12) {
    const std::string extent = " y=" + std::to_string(n) + " x=" + std::to_string(n + 1);
    k = binary(
        Binary::multiply,
        binary(Binary::subtract,
               rand(Shape::parse("spoke=5 sample=40 d=2"), DType::f64, 1, context), 0.5, context),
        static_cast<double>(n), context);
    maps = randn(Shape::parse("coil=3" + extent), DType::c64, 2, context);
    w = rand(Shape::parse("spoke=5 sample=40"), DType::f32, 3, context);
    x = randn(Shape::parse(extent), DType::c64, 4, context);
    ksp = randn(Shape::parse("coil=3 spoke=5 sample=40"), DType::c64, 5, context);
    NUFFTOptions o;
    o.toeplitz = toeplitz;
    o.units = "cycles";
    o.tol = 1e-5;
    f = NUFFT(k, "y x -> spoke sample", o);
    s = Dense(maps, "y x -> coil y x");
    weight = Diagonal(w, "spoke sample");
    a = f * s;
  }
};

bool takes_toeplitz(const Linop& a, const Tensor& x, Context& context) {
  const auto plan = make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context);
  return plan->choices().size() == 1 && plan->choices().front().chosen == "Toeplitz";
}
bool takes_toeplitz(const Linop& a, Sense& t) { return takes_toeplitz(a, t.x, t.context); }

double relative(const Tensor& a, const Tensor& b) {
  Context context;
  return norm(binary(Binary::subtract, a, b, context), context) / norm(b, context);
}

}  // namespace

TEST_CASE("SENSE: every form of the weighted normal agrees with the unrewritten product",
          "[linop][plan]") {
  Sense t;
  const Linop m = t.a.H() * t.weight * t.a;
  const Tensor plain = apply_planned(m, t.x, t.context, {.rewrite = false});

  const Tensor toeplitz = apply_planned(m, t.x, t.context, {.toeplitz = Toeplitz::always});
  const Tensor gridding = apply_planned(m, t.x, t.context, {.toeplitz = Toeplitz::never});

  CHECK(m.signature().text() == "y=12 x=13 -> y'=12 x'=13");
  CHECK(relative(gridding, plain) < 2e-6);
  CHECK(relative(toeplitz, plain) < 2e-5);  // tol of the transforms on both sides
  CHECK(relative(t.a.normal(t.weight)(t.x, t.context), plain) < 2e-5);
}

TEST_CASE(
    "SENSE: the whole normal is one step in Toeplitz form, also with a multiple of the "
    "identity",
    "[plan]") {
  Sense t;
  const Linop m = t.a.H() * t.weight * t.a;
  const Linop regular = m + scale(0.5, Identity());
  const PlanOptions forced{.toeplitz = Toeplitz::always};

  const auto plan = make_plan(m.node(), *t.x.layout(), DType::c64, nullptr, t.context, forced);
  const auto sum = make_plan(regular.node(), *t.x.layout(), DType::c64, nullptr, t.context, forced);

  CHECK(plan->steps().size() == 1);
  CHECK(sum->steps().size() == 2);
  const Tensor y = apply_planned(regular, t.x, t.context, forced);
  Tensor expected = apply_planned(m, t.x, t.context, forced);
  axpby(0.5, t.x, 1.0, expected, t.context);
  CHECK(relative(y, expected) < 1e-6);
}

TEST_CASE("SENSE: maps are attached to the NUFFT in forward and adjoint", "[plan]") {
  Sense t;

  const auto forward = make_plan(t.a.node(), *t.x.layout(), DType::c64, nullptr, t.context);
  const auto adjoint = make_plan(t.a.H().node(), *t.ksp.layout(), DType::c64, nullptr, t.context);

  CHECK(forward->steps().size() == 1);
  CHECK(adjoint->steps().size() == 1);
  for (const Linop& a : {t.a, t.a.conj()}) {
    const Tensor plain = apply_planned(a, t.x, t.context, {.rewrite = false});
    CHECK(relative(a(t.x, t.context), plain) < 2e-6);
  }
  for (const Linop& a : {t.a.H(), t.a.T()}) {
    const Tensor plain = apply_planned(a, t.ksp, t.context, {.rewrite = false});
    CHECK(relative(a(t.ksp, t.context), plain) < 2e-6);
  }
}

TEST_CASE("NUFFT: frames carry points of their own; layouts that kernels cannot take are copied",
          "[linop]") {
  Context context;
  const Tensor k = binary(Binary::multiply,
                          rand(Shape::parse("t=2 s=30 d=2"), DType::f64, 1, context), 4.0, context);
  NUFFTOptions o;
  o.units = "cycles";
  o.extent = {{"y", 5}, {"x", 6}};
  const Linop f = NUFFT(k, "t y x -> t s", o);
  const Tensor x = randn(Shape::parse("c=3 t=2 y=5 x=6"), DType::c64, 2, context);

  const Tensor y = f(x, context);

  for (int64_t t = 0; t < 2; ++t) {
    const Linop one = NUFFT(k.select(0, t), "y x -> s", o);
    CHECK(relative(y.select(1, t), one(x.select(1, t), context)) < 2e-6);
  }
  const Tensor turned = x.permute("c t x y").contiguous(context).permute("c t y x");
  CHECK(distance(f(turned, context), y) == 0.0);
  const Linop middle = NUFFT(k.select(0, 0), "y ... x -> s ...", o);
  const Linop plain = NUFFT(k.select(0, 0), "y x -> s", o);
  const Tensor u = x.select(1, 0);
  CHECK(relative(middle(u.permute("y c x"), context).permute("c s"), plain(u, context)) < 2e-6);
  const Tensor v = randn(Shape::parse("c=3 s=30"), DType::c64, 9, context);
  CHECK(relative(middle.H()(v.permute("s c"), context).permute("c y x"), plain.H()(v, context)) <
        2e-6);
}

TEST_CASE("NUFFT: a weight that depends on a batch dim gives one kernel for each index", "[plan]") {
  Sense t;
  const Tensor w = rand(Shape::parse("coil=3 spoke=5 sample=40"), DType::f32, 8, t.context);
  const Linop d = Diagonal(w, "coil spoke sample");
  const Linop m = t.a.H() * d * t.a;
  const Linop complex = t.a.H() * (c128(0, 1) * d) * t.a;

  const Tensor plain = apply_planned(m, t.x, t.context, {.rewrite = false});

  CHECK(relative(apply_planned(m, t.x, t.context, {.toeplitz = Toeplitz::always}), plain) < 2e-5);
  for (const Linop& a : {complex, complex.H(), complex.T(), complex.conj()}) {
    CHECK(relative(apply_planned(a, t.x, t.context, {.toeplitz = Toeplitz::always}),
                   apply_planned(a, t.x, t.context, {.rewrite = false})) < 2e-5);
  }
}

TEST_CASE("NUFFT: a forced Toeplitz form says why an inner operator does not qualify", "[plan]") {
  Sense t(Toeplitz::always);
  const Linop mix = Dense(randn(Shape::parse("spoke'=5 spoke=5"), DType::c64, 1, t.context),
                          "spoke' spoke, coil spoke sample -> coil spoke' sample");

  CHECK(
      error_of([&] { (t.a.H() * mix * t.a)(t.x, t.context); }) ==
      "NUFFT: toeplitz = true needs an inner operator that is pointwise on the samples, but Dense "
      "mixes 'spoke'; use toeplitz = \"auto\"");
  const Linop w = Diagonal(rand(Shape::parse("spoke=5 sample=40"), DType::f32, 2, t.context));
  const Linop v = Diagonal(randn(Shape::parse("coil=3"), DType::c64, 3, t.context),
                           "coil spoke sample", {.name = "gains"});
  const Linop u = Diagonal(randn(Shape::parse("coil=3 frame=2"), DType::c64, 4, t.context),
                           "frame coil spoke sample");
  const Tensor frames = randn(Shape::parse("frame=2 y=12 x=13"), DType::c64, 5, t.context);
  CHECK(error_of([&] { (t.a.H() * w * mix * v * t.a)(t.x, t.context); }) ==
        "NUFFT: toeplitz = true needs an inner operator that is pointwise on the samples, but "
        "Dense mixes 'spoke'; use toeplitz = \"auto\"");
  CHECK(error_of([&] { (t.a.H() * u * t.a)(frames, t.context); }) ==
        "NUFFT: toeplitz = true needs weights over samples and at most one batch dim, but Diagonal "
        "depends on 'coil', 'frame'; use toeplitz = \"auto\"");
  CHECK(error_of([&] { (t.a.H() * w * v * t.a)(t.x, t.context); }) ==
        "NUFFT: toeplitz = true needs weights over samples and at most one batch dim, but Diagonal "
        "* Diagonal 'gains' depends on 'coil'; use toeplitz = \"auto\"");
  // The refusal leaves the operator usable, and forms that do qualify are taken.
  CHECK(takes_toeplitz(t.a.H() * w * t.a, t));
}

TEST_CASE("NUFFT: a renamed operator is rewritten like the one it shows", "[plan]") {
  Sense t(Toeplitz::always);
  const Linop plain = t.a.H() * t.weight * t.a;
  const Linop f = t.f.rename({{"y", "v"}, {"x", "u"}, {"sample", "readout"}});
  const Linop s = t.s.rename({{"y", "v"}, {"x", "u"}});
  const Linop w = t.weight.rename({{"sample", "readout"}});
  const Tensor x = t.x.with_shape(Shape::parse("v=12 u=13"));
  const Tensor expected = plain(t.x, t.context).with_shape(Shape::parse("v=12 u=13"));

  // Leaves that were renamed, a whole chain, its inner dims meeting the new names, and a normal.
  for (const Linop& a : {(f * s).H() * w * (f * s), plain.rename({{"y", "v"}, {"x", "u"}}),
                         t.a.rename({{"y", "v"}, {"x", "u"}}).normal(t.weight),
                         t.a.normal(t.weight).rename({{"y", "v"}, {"x", "u"}})}) {
    CHECK(takes_toeplitz(a, x, t.context));
    CHECK(relative(a(x, t.context), expected) < 1e-6);
  }
  const Linop clash = plain.rename({{"y", "coil"}, {"x", "spoke"}});
  const Tensor y = clash(t.x.with_shape(Shape::parse("coil=12 spoke=13")), t.context);
  CHECK(relative(y.with_shape(expected.shape()), expected) < 1e-6);
  const auto mapped = make_plan((f * s).node(), *x.layout(), DType::c64, nullptr, t.context);
  CHECK(mapped->steps().size() == 1);
}

TEST_CASE("NUFFT: the conjugate and the transpose of a normal take the Toeplitz form", "[plan]") {
  Sense t(Toeplitz::always);
  const Linop complex =
      t.a.H() *
      (t.weight * Diagonal(randn(Shape::parse("spoke=5 sample=40"), DType::c64, 8, t.context))) *
      t.a;

  for (const Linop& a : {t.a.conj().N(), complex.conj(), complex.T(), complex.H(),
                         t.a.H() * (t.weight + 0.5 * Identity()) * t.a}) {
    CHECK(takes_toeplitz(a, t));
    // tol of the transforms on both sides
    CHECK(relative(a(t.x, t.context), apply_planned(a, t.x, t.context, {.rewrite = false})) < 2e-5);
  }
}

TEST_CASE("NUFFT: weights that lie differently on the samples have kernels of their own",
          "[plan]") {
  Context context;
  const Tensor k = rand(Shape::parse("p=6 s=6 d=2"), DType::f64, 1, context);
  NUFFTOptions o{{.extent = {{"y", 8}, {"x", 8}}}};
  o.toeplitz = Toeplitz::always;
  o.units = "cycles";
  const Linop f = NUFFT(k, "y x -> p s", o);
  const Tensor w = rand(Shape::unnamed({6, 6}), DType::f32, 2, context);
  const Tensor x = randn(Shape::parse("y=8 x=8"), DType::c64, 3, context);
  const Linop one = f.H() * Diagonal(w, "p s") * f;
  const Linop other = f.H() * Diagonal(w.with_shape(Shape::parse("s=6 p=6")), "p s") * f;
  const Tensor first = one(x, context);

  const Tensor second = other(x, context);

  CHECK(relative(first, apply_planned(one, x, context, {.rewrite = false})) < 2e-4);
  CHECK(relative(second, apply_planned(other, x, context, {.rewrite = false})) < 2e-4);
}

TEST_CASE("NUFFT: units are converted, and a suspicious range draws one warning", "[linop]") {
  struct Ear final : Listener {
    std::vector<std::string> heard;
    void warn(std::string_view place, std::string_view text) override {
      heard.push_back(std::string(place) + ": " + std::string(text));
    }
    void progress(const ProgressEvent&) override {}
  } ear;
  Context context;
  context.listener = &ear;
  const Tensor radians =
      binary(Binary::multiply,
             binary(Binary::subtract, rand(Shape::parse("s=64 d=1"), DType::f64, 1, context), 0.5,
                    context),
             6.28, context);
  const Tensor cycles = binary(Binary::multiply, radians, 32 / (2 * 3.14159265358979324), context);
  NUFFTOptions o;
  o.extent = {{"x", 32}};
  const Tensor x = randn(Shape::parse("x=32"), DType::c64, 2, context);
  const Tensor expected = NUFFT(cycles, "x -> s", o)(x, context);
  CHECK(ear.heard.empty());

  const Linop unsure = NUFFT(radians, "x -> s", o);
  unsure(x, context);
  unsure.H()(expected, context);
  o.units = "radians";

  CHECK(relative(NUFFT(radians, "x -> s", o)(x, context), expected) < 1e-6);
  REQUIRE(ear.heard.size() == 1);
  CHECK(ear.heard.front().find("with an image of 32: these look like radians; give units = "
                               "\"radians\", or units = \"cycles\" if this is meant") !=
        std::string::npos);
}

TEST_CASE("NUFFT: operators composed anew share sorted points and Toeplitz kernels", "[plan]") {
  Sense t(Toeplitz::always);
  const Linop first = t.a.H() * t.weight * t.a;
  const Linop second = t.a.H() * t.weight * t.a;
  first(t.x, t.context);
  const auto before = Pool::of(Device::host()).figures().allocations;

  // Building the kernel would take the weights in double from the pool.
  CHECK(prepare(second, t.x, t.context) > 0.0);

  CHECK(Pool::of(Device::host()).figures().allocations == before);
  CHECK(relative(second(t.x, t.context), first(t.x, t.context)) == 0.0);
}
