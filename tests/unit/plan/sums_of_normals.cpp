// SPDX-License-Identifier: MIT
// R14, R16: normals of NUFFTs, and sums of them on one grid.
#include "tests/unit/linop/values.hpp"
#include "tests/unit/plan/rewritten.hpp"

#include "runtime/plan/batch.hpp"
#include "runtime/plan/explain.hpp"

using namespace lunops;
using test::random;

namespace {

Tensor points(const char* shape, uint64_t seed) {
  Context context;
  const Tensor unit = rand(Shape::parse(shape), DType::f64, seed, context);
  const Tensor centred = binary(Binary::subtract, unit, 0.5, context);
  return binary(Binary::multiply, centred, 9.0, context);
}

Linop nufft(const char* shape, const char* text, uint64_t seed, double tol = 1e-9) {
  NUFFTOptions o;
  o.units = "cycles";
  o.tol = tol;
  o.extent = {{"y", 9}, {"x", 10}};
  return NUFFT(points(shape, seed), text, o);
}

Tensor real(const char* shape, uint64_t seed) {
  Context context;
  return rand(Shape::parse(shape), DType::f64, seed, context);
}

struct Kernels {
  size_t uses = 0;   // of R16
  size_t steps = 0;  // with a kernel
};

// What was made of a sum where Toeplitz forms are forced, after it was compared with the operator
// as it stands, which the tol of 1e-9 separates on both sides.
Kernels kernels_of(const Linop& a, const Tensor& x, std::vector<std::string> without = {}) {
  Context context;
  PlanOptions forced{.toeplitz = Toeplitz::always};
  forced.without = std::move(without);
  const Tensor plain = apply_planned(a, x, context, {.rewrite = false});
  const Tensor made = apply_planned(a, x, context, forced);
  const double error = norm(binary(Binary::subtract, made, plain, context), context);
  CHECK(error <= 5e-9 * norm(plain, context));
  const auto plan = make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context, forced);
  Kernels k;
  for (const std::string& line : plan->rewritten()) k.uses += line.starts_with("R16 ");
  for (const auto& step : plan->steps()) {
    k.steps += step->label.find("Toeplitz") != std::string::npos;
  }
  return k;
}

}  // namespace

TEST_CASE("R14: a NUFFT, weights of its samples, and its adjoint are a Toeplitz kernel", "[plan]") {
  const Linop f = nufft("spoke=6 sample=20 d=2", "y x -> spoke sample", 1);
  const Linop w = Diagonal(real("spoke=6 sample=20", 2)),
              z = Diagonal(random("sample=20", 3), "spoke sample");
  const Linop coils = Diagonal(random("coil=3 spoke=6 sample=20", 4));
  const Linop mix =
      Dense(random("spoke'=6 spoke=6", 5), "spoke' spoke, spoke sample -> spoke' sample");
  const Tensor x = random("y=9 x=10", 6), each = random("coil=3 y=9 x=10", 7);
  const auto is_toeplitz = [](const Linop& a, const Tensor& data) {
    return kernels_of(a, data).steps == 1;
  };
  Context context;

  CHECK(is_toeplitz(f.N(), x));
  CHECK(is_toeplitz(f.H() * w * f, each));
  CHECK(is_toeplitz((f.H() * z * f).H(), x));
  CHECK(is_toeplitz((f.H() * z * f).T(), x));
  CHECK(is_toeplitz((f.H() * z * f).conj(), x));
  CHECK(is_toeplitz(f.normal(coils), each));
  CHECK(kernels_of(f.N(), x, {"toeplitz"}).steps == 0);
  CHECK(kernels_of(f.H() * Trace("...") * f, x, {"toeplitz"}).steps == 0);
  CHECK(test::error_of([&] { apply_planned(f.normal(mix), x, context, {}); }) == "no error");
}

TEST_CASE("R16: normals on one grid are one, with the kernels added", "[plan]") {
  const Linop f = nufft("spoke=6 sample=20 d=2", "y x -> spoke sample", 1);
  const Linop g = nufft("shot=50 d=2", "y x -> shot", 2);
  const Linop w = Diagonal(real("spoke=6 sample=20", 3));
  const Linop v = Diagonal(random("shot=50", 4));
  const Linop other = nufft("shot=50 d=2", "y x -> shot", 2, 1e-10);
  const Tensor x = random("y=9 x=10", 5), coils = random("coil=3 y=9 x=10", 6);

  CHECK(kernels_of(f.N() + g.N(), x).steps == 1);
  CHECK(kernels_of(f.N() + g.N(), coils).steps == 1);
  CHECK(kernels_of(f.normal(w) + 0.5 * g.N(), x).steps == 1);
  CHECK(kernels_of(f.normal(w) - c128(0, 2) * g.normal(v), x).steps == 1);
  CHECK(kernels_of((f.normal(w) - c128(0, 2) * g.normal(v)).H(), x).steps == 1);
  CHECK(kernels_of((f.normal(w) - c128(0, 2) * g.normal(v)).T(), x).steps == 1);
  CHECK(kernels_of((f.normal(w) + c128(0, 2) * g.normal(v)).conj(), x).steps == 1);
  CHECK(kernels_of(f.conj().N() + g.conj().normal(v), x).steps == 1);
  CHECK(kernels_of((w * f).N() + (v * g).N() + 0.1 * Identity("y x"), x).steps == 1);
  CHECK(kernels_of(f.N() + g.N(), x).uses == 1);
  // What was asked of the transforms differs, or the rule is off.
  CHECK(kernels_of(f.N() + other.N(), x).steps == 2);
  CHECK(kernels_of(f.N() + g.N(), x, {"kernels"}).steps == 2);
}

TEST_CASE("R16: weights of coils and frames of their own", "[plan]") {
  const Linop f = nufft("spoke=6 sample=20 d=2", "y x -> spoke sample", 1);
  const Linop g = nufft("shot=50 d=2", "y x -> shot", 2);
  const Linop w = Diagonal(real("coil=3 spoke=6 sample=20", 3));
  const Linop v = Diagonal(real("coil=3 shot=50", 4));
  const Linop u = Diagonal(real("shot=50", 5));
  const Linop p = nufft("frame=4 sample=20 d=2", "frame y x -> frame sample", 6);
  const Linop q = nufft("frame=4 shot=30 d=2", "frame y x -> frame shot", 7);
  const Tensor coils = random("coil=3 y=9 x=10", 8), frames = random("frame=4 y=9 x=10", 9);

  CHECK(kernels_of(f.normal(w) + g.normal(v), coils).steps == 1);
  CHECK(kernels_of(f.normal(w) + g.normal(u), coils).steps == 1);
  CHECK(kernels_of(f.N() + g.normal(v), coils).steps == 1);
  CHECK(kernels_of(p.N() + q.N(), frames).steps == 1);
  CHECK(kernels_of(p.normal(Diagonal(real("frame=4 sample=20", 10))) + q.N(), frames).steps == 1);
}

TEST_CASE("R16: maps on both sides go around the one kernel", "[plan]") {
  const Linop f = nufft("spoke=6 sample=20 d=2", "y x -> spoke sample", 1);
  const Linop g = nufft("shot=50 d=2", "y x -> shot", 2);
  const Linop s = Dense(random("coil=3 y=9 x=10", 3), "y x -> coil y x");
  const Linop t = Dense(random("coil=3 y=9 x=10", 4), "y x -> coil y x");
  const Tensor x = random("y=9 x=10", 5);

  CHECK(kernels_of((f * s).N() + (g * s).N(), x).steps == 1);
  CHECK(kernels_of(s.H() * (f.N() + g.N()) * s, x).steps == 1);
  CHECK(kernels_of((f * s).N() + (g * t).N(), x).steps == 2);
  // A Trace sees each of the two.
  const Linop seen = Trace("...");
  CHECK(kernels_of(seen * f.N() + seen * g.N(), x).steps == 2);
}

TEST_CASE("R16: a normal cut by spoke has one kernel, that of the whole", "[plan]") {
  const Linop f = nufft("spoke=6 sample=20 d=2", "coil y x -> coil spoke sample", 1);
  const Linop s = Dense(random("coil=4 y=9 x=10", 2), "y x -> coil y x");
  const Linop w = Diagonal(real("spoke=6 sample=20", 3), "coil spoke sample");
  const Linop a = w * f * s;
  const Tensor x = random("y=9 x=10", 4);
  Context context;
  const PlanOptions forced{.toeplitz = Toeplitz::always};
  const auto persistent = [&](const Linop& each) {
    return make_plan(each.node(), *x.layout(), x.dtype(), nullptr, context, forced)->persistent();
  };

  const Linop spokes = batch(a.N(), parse_axes("batch", "spoke=4"));

  CHECK(spokes.children().size() == 2);
  CHECK(kernels_of(a.N(), x).steps == 1);
  CHECK(kernels_of(spokes, x).steps == 1);
  CHECK(kernels_of(spokes, x).uses == 1);
  CHECK(kernels_of(spokes.H(), x).steps == 1);
  CHECK(kernels_of(spokes.T(), x).steps == 1);
  CHECK(kernels_of(batch(a, parse_axes("batch", "spoke=4")).N(), x).steps == 1);
  CHECK(kernels_of(spokes + 0.1 * Identity("y x"), x).steps == 1);
  CHECK(persistent(spokes) == persistent(a.N()));
  const Tensor whole = apply_planned(a.N(), x, context, forced);
  const Tensor tiled = apply_planned(spokes, x, context, forced);
  const double error = norm(binary(Binary::subtract, tiled, whole, context), context);
  CHECK(error <= 1e-11 * norm(whole, context));  // a tenth of the tol, less by the kernel's width
}

TEST_CASE("R16: tiles of coils share the kernel of all spokes", "[plan]") {
  const Linop f = nufft("spoke=6 sample=20 d=2", "coil y x -> coil spoke sample", 1);
  const Linop s = Dense(random("coil=4 y=9 x=10", 2), "y x -> coil y x");
  const Linop w = Diagonal(real("spoke=6 sample=20", 3), "coil spoke sample");
  const Tensor x = random("y=9 x=10", 4);
  Context context;
  const PlanOptions forced{.toeplitz = Toeplitz::always};

  const Linop n = (w * f * s).N();
  const Linop both = batch(n, parse_axes("batch", "coil=2 spoke=3"));
  const Linop levels =
      batch(batch(n, parse_axes("batch", "spoke=3")), parse_axes("batch", "coil=2"));
  const auto plan = [&](const Linop& each) {
    return make_plan(each.node(), *x.layout(), x.dtype(), nullptr, context, forced);
  };

  CHECK(both.children().size() == 4);
  CHECK(kernels_of(both, x).steps == 2);
  CHECK(kernels_of(levels, x).steps == 2);
  // One kernel serves both coil tiles.
  const size_t one = plan((f * s).N())->persistent();
  CHECK(plan(both)->persistent() == plan(n)->persistent());
  CHECK(one == plan(n)->persistent());
}

TEST_CASE("R16: cost decides by the whole, and explain tells", "[plan]") {
  Context context;
  const auto explained = [&](int applications) {
    const Shape shape({Dim::parse("spoke"), Dim::parse("sample"), Dim::parse("d")}, {400, 128, 2});
    NUFFTOptions o;
    o.units = "cycles";
    const Tensor k = binary(Binary::multiply, rand(shape, DType::f64, 1, context), 30.0, context);
    const Linop f = NUFFT(k, "y x -> spoke sample", o);
    const Linop tiled = batch(f.N(), SplitAxes{{Dim::parse("spoke"), 40}});
    return explain(tiled, Shape::parse("y=64 x=64"), DType::c64, context,
                   {.applications = applications});
  };

  const Explained often = explained(20), once = explained(1);

  REQUIRE(often.rewritten.size() == 2);
  CHECK(often.rewritten[0] == "R16 10 normals of NUFFT -> one, kernels added");
  CHECK(often.choices.size() == 1);
  CHECK(often.choices[0].chosen == "Toeplitz");
  for (const std::string& line : once.rewritten) CHECK(!line.starts_with("R16 "));
}

TEST_CASE("R16: transforms that are no kernel stay in their tiles", "[plan]") {
  const Linop f = nufft("spoke=6 sample=20 d=2", "y x -> spoke sample", 1);
  const Linop tiled = batch(f.N(), parse_axes("batch", "spoke=2"));
  const Tensor x = random("y=9 x=10", 2);
  Context context;
  const auto plan = make_plan(tiled.node(), *x.layout(), x.dtype(), nullptr, context,
                              {.toeplitz = Toeplitz::never});

  CHECK(plan->rewritten().empty());
  CHECK(plan->workspace() < make_plan(f.N().node(), *x.layout(), x.dtype(), nullptr, context,
                                      {.toeplitz = Toeplitz::never})
                                ->workspace());
}

TEST_CASE("R16: kernels hold no operator, and go with the last one", "[plan]") {
  const int64_t cores = live_cores();
  {
    const Linop f = nufft("spoke=6 sample=20 d=2", "y x -> spoke sample", 1);
    const Linop w = Diagonal(real("spoke=6 sample=20", 2));
    const Linop tiled = batch((w * f).N(), parse_axes("batch", "spoke=2"));
    CHECK(kernels_of(tiled, random("y=9 x=10", 3)).steps == 1);
    CHECK(live_cores() > cores);
  }

  CHECK(live_cores() == cores);
}

TEST_CASE("R16: points that do not exist weigh nothing", "[plan]") {
  NUFFTOptions o;
  o.units = "cycles";
  o.extent = {{"y", 9}, {"x", 10}};
  o.counts = test::tensor("frame=2", {3, 20}, DType::i32);
  const Linop f = NUFFT(points("frame=2 sample=20 d=2", 1), "frame y x -> frame sample", o);
  o.counts.reset();
  const Linop g = NUFFT(points("frame=2 shot=30 d=2", 2), "frame y x -> frame shot", o);

  CHECK(kernels_of(f.N() + g.N(), random("frame=2 y=9 x=10", 3)).steps == 1);
}
