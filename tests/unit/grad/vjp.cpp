// SPDX-License-Identifier: MIT
#include "runtime/grad/vjp.hpp"

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "tests/unit/device/declared.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

Tensor random(const std::string& shape, uint64_t seed, DType dtype = DType::c128) {
  Context context;
  return randn(Shape::parse(shape), dtype, seed, context);
}

const PartValue& part_of(const std::vector<NamedPart>& parts, const std::string& path) {
  for (const NamedPart& p : parts) {
    if (p.path == path) return p.value;
  }
  fail(Code::internal, "test", "no part {}", path);
}

using Change = std::function<Linop(const Linop&)>;

// Compares every gradient of f(w) = Re<v, B x>, B = seen(A) and w the weights of A, with central
// differences along a random direction.  f is at most quadratic in the weights but for
// trajectories, so the differences are exact there up to rounding: 1e-16 |f| / step.
void check_differences(const Linop& a, const Change& seen, const Tensor& x, uint64_t seed) {
  Context context;
  const Linop b = seen(a);
  const Tensor bx = b(x, context);
  const Tensor v = randn(bx.shape(), bx.dtype(), seed, context);
  const auto f = [&](const PartValue& value, const std::string& path) {
    const Linop changed = seen(a.with({{path, value}}));
    return dot(v.unname(), changed(x, context).unname(), context).real();
  };
  const auto compare = [&](const std::string& path, const PartValue& above, const PartValue& below,
                           double step, double slope, double size) {
    INFO(b.text() << ", " << path);
    const double difference = (f(above, path) - f(below, path)) / (2 * step);
    CHECK(std::abs(difference - slope) <= 1e-6 * size);
  };

  const Gradients found = vjp(b, x, v, context);

  const Tensor expected = b.H()(v, context);
  CHECK(values_of(found.x) == values_of(expected));
  const std::vector<NamedPart> parts = named_parts(a.node());
  REQUIRE(found.weights.size() == parts.size());
  for (const NamedPart& part : parts) {
    const PartValue& gradient = part_of(found.weights, part.path);
    constexpr double kStep = 1e-4;
    if (const c128* s = std::get_if<c128>(&part.value)) {
      const c128 g = std::get<c128>(gradient), h = s->imag() == 0.0 ? c128(1) : c128(0.6, -0.8);
      compare(part.path, *s + kStep * h, *s - kStep * h, kStep, (std::conj(g) * h).real(),
              std::abs(g));
      continue;
    }
    const Tensor& w = std::get<Tensor>(part.value);
    const Tensor& g = std::get<Tensor>(gradient);
    REQUIRE(g.shape() == w.shape());
    REQUIRE(g.dtype() == w.dtype());
    const Tensor h = randn(w.shape(), w.dtype(), ++seed, context);
    const Tensor above = w.clone(context), below = w.clone(context);
    axpby(kStep, h, 1.0, above, context);
    axpby(-kStep, h, 1.0, below, context);
    compare(part.path, above, below, kStep, dot(g, h, context).real(),
            norm(g, context) * norm(h, context));
  }
}

// Forward, all modes that there are, and the normals.
void check_modes(const Linop& a, const std::string& input, uint64_t seed) {
  Context context;
  const Tensor x = random(input, seed);
  const Tensor y = a(x, context);
  const Tensor z = randn(y.shape(), y.dtype(), seed + 1, context);
  check_differences(
      a, [](const Linop& of) { return of; }, x, seed + 10);
  check_differences(
      a, [](const Linop& of) { return of.H(); }, z, seed + 20);
  check_differences(
      a, [](const Linop& of) { return of.T(); }, z, seed + 30);
  check_differences(
      a, [](const Linop& of) { return of.conj(); }, x, seed + 40);
  check_differences(
      a, [](const Linop& of) { return of.N(); }, x, seed + 50);
  check_differences(
      a, [](const Linop& of) { return of.H().N(); }, z, seed + 60);
  check_differences(
      a, [](const Linop& of) { return of.N().conj(); }, x, seed + 70);
}

Linop padded(std::vector<std::pair<std::string, int64_t>> to) {
  PadOptions options;
  options.to = std::move(to);
  options.extent = {{"y", 5}, {"x", 4}};
  return Pad("y x", options);
}

NUFFTOptions exact(std::vector<std::pair<std::string, int64_t>> image) {
  NUFFTOptions options;
  options.extent = std::move(image);
  options.tol = 1e-12;
  options.units = "cycles";
  options.toeplitz = Toeplitz::never;
  return options;
}

}  // namespace

TEST_CASE("vjp: the gradient of a Diagonal is conj(x) v, summed over what the weight lacks",
          "[grad]") {
  Context context;
  const Linop d = Diagonal(tensor("x=2", {{1, 1}, 2}), "t x");
  const Tensor x = tensor("t=2 x=2", {1, {0, 1}, 2, 3}), v = tensor("t=2 x=2", {1, 1, {0, 1}, 1});

  const Gradients g = vjp(d, x, v, context);

  CHECK(values_of(g.x) == Values{{1, -1}, 2, {1, 1}, 2});
  REQUIRE(g.weights.size() == 1);
  CHECK(g.weights[0].path == "weight");
  CHECK(values_of(std::get<Tensor>(g.weights[0].value)) == Values{{1, 2}, {3, -1}});
}

TEST_CASE("vjp: the gradient of a scalar is <x, v>", "[grad]") {
  Context context;
  const Tensor x = tensor("x=2", {1, {0, 1}}), v = tensor("x=2", {2, 2});

  const Gradients of_complex = vjp(Scalar({1, 1}), x, v, context);
  const Gradients of_real = vjp(Scalar(3.0), x, v, context);

  CHECK(std::get<c128>(of_complex.weights[0].value) == c128(2, -2));
  CHECK(std::get<c128>(of_real.weights[0].value) == c128(2, 0));
}

TEST_CASE("vjp: Scalar, Diagonal and Dense agree with finite differences in every mode", "[grad]") {
  check_modes(Scalar({0.3, -1.2}), "x=5", 100);
  check_modes(Scalar(0.7), "y=3 x=5", 200);
  check_modes(Diagonal(random("x=7", 1)), "x=7", 300);
  check_modes(Diagonal(random("x=5", 2), "coil y x"), "coil=3 y=2 x=5", 400);
  check_modes(Diagonal(random("coil=3 x=5", 3, DType::f64), "coil y x"), "t=2 coil=3 y=1 x=5", 500);
  check_modes(Dense(random("m=5 n=3", 4), "m n, n -> m"), "n=3", 600);
  check_modes(Dense(random("m=4 n=3", 5, DType::f64), "m n, n -> m"), "t=2 n=3", 700);
  check_modes(Dense(random("b=2 m=3 n=4", 6), "b m n, b n -> b m"), "s=2 b=2 n=4", 800);
  check_modes(Dense(random("coil=3 y=5 x=4", 7), "y x -> coil y x"), "y=5 x=4", 900);
  check_modes(Dense(random("n'=3 n=3", 8), "n -> n'"), "n=3", 1000);
  check_modes(Dense(random("c'=3 c=2", 9), "c' c, c x -> c' x"), "c=2 x=5", 1100);
}

TEST_CASE("vjp: positions of a NUFFT agree with finite differences in every mode", "[grad]") {
  Context context;
  const auto points = [&](const std::string& shape, uint64_t seed) {
    const Tensor k = random(shape, seed, DType::f64);
    return binary(Binary::multiply, k, 1.5, context);
  };
  check_modes(NUFFT(points("s=9 d=1", 1), "x -> s", exact({{"x", 7}})), "x=7", 100);
  check_modes(NUFFT(points("p=3 s=5 d=2", 2), "y x -> p s", exact({{"y", 6}, {"x", 5}})),
              "coil=2 y=6 x=5", 200);
  check_modes(NUFFT(points("t=2 s=5 d=2", 3), "t y x -> t s", exact({{"y", 5}, {"x", 4}})),
              "t=2 y=5 x=4", 300);
  NUFFTOptions radians = exact({{"y", 4}, {"x", 7}});
  radians.units = "radians";
  check_modes(NUFFT(points("s=6 d=2", 4), "y x -> s", radians), "y=4 x=7", 400);
}

TEST_CASE("vjp: chains, sums and normals of them agree with finite differences", "[grad]") {
  Context context;
  const Tensor k = random("s=8 d=2", 1, DType::f64);
  const Linop f = NUFFT(k, "y x -> s", exact({{"y", 5}, {"x", 4}}));
  const Linop s = Dense(random("coil=3 y=5 x=4", 2), "y x -> coil y x");
  const Linop w = Diagonal(random("s=8", 3, DType::f64), "s");

  check_modes(w * f * s, "y=5 x=4", 100);
  check_modes(c128(0.5, 2) * s + 2.0 * (s * Diagonal(random("x=4", 4), "y x")), "y=5 x=4", 200);
  check_modes((w * f * s).N() + 0.3 * Identity("y x"), "y=5 x=4", 300);
  check_modes(s.normal(Diagonal(random("coil=3", 5), "coil y x")), "y=5 x=4", 400);
  check_modes(Dense(random("n'=3 n=3", 10), "n -> n'") * Dense(random("n'=3 n=3", 11), "n -> n'"),
              "n=3", 700);
  check_modes(s.rename({{"y", "x"}, {"x", "y"}}), "x=5 y=4", 800);
  check_modes(padded({{"y", 9}, {"x", 6}}) * s, "y=5 x=4", 900);
}

TEST_CASE("vjp: extents that only x or v knows are taken from them", "[grad]") {
  Context context;
  const Tensor w = random("c=3 x=4", 1), u = random("x=4", 2);
  const Tensor wide = random("t=2 c=3 x=4", 3), narrow = random("t=2 x=4", 4);
  const LinopOptions known{.extent = {{"c", 3}}};
  const auto check = [&](const Linop& open, const Linop& full, const Tensor& x, const Tensor& v) {
    INFO(open.text());
    const Gradients found = vjp(open, x, v, context), expected = vjp(full, x, v, context);
    CHECK(found.x.shape() == expected.x.shape());
    CHECK(values_of(found.x) == values_of(expected.x));
    REQUIRE(found.weights.size() == expected.weights.size());
    for (size_t i = 0; i < found.weights.size(); ++i) {
      CHECK(values_of(std::get<Tensor>(found.weights[i].value)) ==
            values_of(std::get<Tensor>(expected.weights[i].value)));
    }
  };
  const Linop sum = SumReduce("c x -> x"), repeat = Repeat("x -> c x");
  const Linop full_sum = SumReduce("c x -> x", known), full_repeat = Repeat("x -> c x", known);
  const Linop d = Diagonal(u, "x");

  check_modes(sum * Diagonal(w, "c x"), "t=2 c=3 x=4", 100);
  check_modes(Diagonal(w, "c x") * repeat, "t=2 x=4", 200);
  check(sum, full_sum, wide, narrow);
  check(d * sum, d * full_sum, wide, narrow);
  check((d * sum).H(), (d * full_sum).H(), narrow, wide);
  check((d * sum).N(), (d * full_sum).N(), wide, wide);
  check(repeat * d, full_repeat * d, narrow, wide);
  check(d * sum + d * sum * d, d * full_sum + d * full_sum * d, wide, narrow);
}

TEST_CASE("vjp: kernels of convolutions agree with finite differences", "[grad]") {
  const auto convolution = [](const Tensor& k, std::string_view text, std::string boundary,
                              std::vector<std::pair<std::string, int64_t>> extents) {
    ConvolutionOptions options;
    options.boundary = std::move(boundary);
    options.extent = std::move(extents);
    return Convolution(k, text, options);
  };

  for (const std::string boundary : {"zero", "circular"}) {
    check_modes(convolution(random("x=3", 1), "x", boundary, {{"x", 7}}), "t=2 x=7", 100);
    check_modes(convolution(random("x=4", 2, DType::f64), "x", boundary, {{"x", 5}}), "x=5", 200);
    check_modes(convolution(random("y=3 x=2", 3), "y x", boundary, {{"y", 5}, {"x", 4}}), "y=5 x=4",
                300);
    check_modes(
        convolution(random("cin=2 x=3 cout=2", 4), "cin x -> cout x'", boundary, {{"x", 6}}),
        "cin=2 x=6", 400);
  }
}

TEST_CASE("vjp: stacks and joins agree with finite differences", "[grad]") {
  const Linop a = Dense(random("m=3 n=4", 1), "m n, n -> m"),
              b = Dense(random("m=2 n=4", 2), "m n, n -> m"),
              c = Dense(random("m=3 n=2", 3), "m n, n -> m"),
              d = Dense(random("m=3 n=4", 4), "m n, n -> m");
  const auto joined = [](std::vector<Linop> of, std::string odim, std::string idim) {
    ConcatOptions options;
    if (!odim.empty()) options.odim = odim;
    if (!idim.empty()) options.idim = idim;
    return Concat(of, options);
  };
  const auto stacked = [](std::vector<Linop> of, std::string odim, std::string idim) {
    StackOptions options;
    if (!odim.empty()) options.odim = odim;
    if (!idim.empty()) options.idim = idim;
    return Stack(of, options);
  };

  check_modes(joined({a, b}, "m", ""), "t=2 n=4", 100);
  check_modes(joined({a, c}, "", "n"), "n=6", 200);
  check_modes(joined({a, c}, "m", "n"), "n=6", 300);
  check_modes(stacked({a, d}, "frame", ""), "n=4", 400);
  check_modes(stacked({a, d}, "", "frame"), "frame=2 n=4", 500);
  check_modes(stacked({a, d}, "frame", "frame"), "t=2 frame=2 n=4", 600);
}

TEST_CASE("vjp: a Diagonal that was made of several passes its gradient on to them", "[grad]") {
  Context context;
  const Tensor w = random("x=4", 6), m = random("y=3 x=4", 7);
  const auto build = [](const Tensor& a, const Tensor& b) {
    return Diagonal(a, "y x", {.extent = {{"y", 3}}}).normal(Diagonal(b, "y x"));
  };
  const Linop n = build(w, m);
  const Tensor x = random("y=3 x=4", 8), v = random("y=3 x=4", 9);
  const auto f = [&](const Tensor& a, const Tensor& b) {
    return dot(v, build(a, b)(x, context), context).real();
  };
  const auto moved = [&](const Tensor& of, const Tensor& along, double step) {
    return binary(Binary::add, of, binary(Binary::multiply, step, along, context), context);
  };
  const Tensor hw = random("x=4", 10), hm = random("y=3 x=4", 11);
  constexpr double kStep = 1e-4;

  const Gradients g = vjp(n, x, v, context);

  REQUIRE(n.kind() == "Diagonal");
  REQUIRE(g.weights.size() == 2);
  const Tensor &gw = std::get<Tensor>(part_of(g.weights, "1.weight")),
               &gm = std::get<Tensor>(part_of(g.weights, "2.weight"));
  const double along_w = (f(moved(w, hw, kStep), m) - f(moved(w, hw, -kStep), m)) / (2 * kStep);
  const double along_m = (f(w, moved(m, hm, kStep)) - f(w, moved(m, hm, -kStep))) / (2 * kStep);
  CHECK(along_w == Approx(dot(gw, hw, context).real()).epsilon(1e-6));
  CHECK(along_m == Approx(dot(gm, hm, context).real()).epsilon(1e-6));
}

TEST_CASE("vjp: paths name the weights of containers, and only asks for some", "[grad]") {
  Context context;
  const Linop a = 2.0 * Diagonal(tensor("x=2", {1, 2})) * Diagonal(tensor("x=2", {3, 4}));
  const Tensor x = tensor("x=2", {1, 1}), v = tensor("x=2", {1, 0});
  const auto paths_of = [&](const Linop& of, std::optional<std::vector<std::string>> only = {}) {
    std::string text;
    const Gradients g = vjp(of, x, v, context, only);
    for (const NamedPart& p : g.weights) text += p.path + " ";
    return text + (g.x.is_empty_handle() ? "" : "x");
  };

  CHECK(paths_of(a) == "1.scalar 2.weight 3.weight x");
  CHECK(paths_of(a.N()) == "1.scalar 2.weight 3.weight x");
  CHECK(paths_of(a + a.H()) ==
        "1.1.scalar 1.2.weight 1.3.weight 2.1.scalar 2.2.weight "
        "2.3.weight x");
  CHECK(paths_of(a, {{"3.weight"}}) == "3.weight ");
  CHECK(paths_of(a, {{"2.weight", "x"}}) == "2.weight x");
  CHECK(paths_of(a, std::vector<std::string>{}).empty());
}

TEST_CASE("vjp: what does not fit is an error", "[grad]") {
  const test::Declared cpus(2);
  Context context;
  const Linop d = Diagonal(tensor("x=2", {1, 2}), "x", {.name = "filter"});
  const Tensor x = tensor("x=2", {1, 1});
  const auto error = [&](const Tensor& v, std::optional<std::vector<std::string>> only = {}) {
    return error_of([&] { vjp(d, x, v, context, only); });
  };

  CHECK(error(tensor("x=3", {1, 1, 1})) == "vjp: v is {x=3} but A x is {x=2}");
  CHECK(error(tensor("y=2", {1, 1})) == "vjp: v is {y=2} but A x is {x=2}");
  CHECK(error(tensor("x=2", {1, 1}, DType::c128)) == "vjp: v is c128 but A x is c64");
  CHECK(error(x.to({DeviceKind::cpu, 1}, context)) ==
        "vjp: v is on cpu:1 but A x is on cpu; use v:to \"cpu\"");
  CHECK(error(x, {{"wieght"}}) ==
        "vjp: Diagonal 'filter' has no 'wieght'; its weights are 'weight'; did you mean 'weight'?");
}
