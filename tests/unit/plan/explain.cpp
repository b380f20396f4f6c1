// SPDX-License-Identifier: MIT
#include "runtime/plan/explain.hpp"

#include <cstdlib>

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;

TEST_CASE("explain: costs and choices without allocating", "[plan]") {
  Context context;
  const Tensor k = rand(Shape::parse("spoke=20 sample=64 d=2"), DType::f64, 1, context);
  const Tensor maps = randn(Shape::parse("coil=4 y=32 x=32"), DType::c64, 2, context);
  const Linop f = NUFFT(k, "y x -> spoke sample");
  const Linop s = Dense(maps, "y x -> coil y x");
  const Linop a = f * s;
  const auto before = Pool::of(Device::host()).figures();

  const Explained e = explain(a.N(), Shape::parse("y=32 x=32"), DType::c64, context);
  const Explained forward = explain(a, Shape::parse("y=32 x=32"), DType::c64, context);

  CHECK(Pool::of(Device::host()).figures().allocations == before.allocations);
  CHECK(e.headline == "Normal  y=32 x=32 -> y=32 x=32   c64   base cpu");
  REQUIRE(e.choices.size() == 1);
  CHECK(e.choices[0].estimates.count("Toeplitz") == 1);
  CHECK(e.choices[0].estimates.count("gridding") == 1);
  CHECK(e.flops > 0);
  CHECK(e.bytes > 0);
  CHECK(e.seconds > 0);
  CHECK(forward.root.children.size() == 1);
  CHECK(forward.root.children[0].name.find("NUFFT") == 0);
  const std::string text = e.text();
  for (const char* part : {"rewritten: ", "gridding", "Toeplitz", "because", "planned in",
                           "FFT plans of this process: "}) {
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("explain: the operator as written and as planned, with what each node costs", "[plan]") {
  Context context;
  const Tensor w = rand(Shape::parse("m=3 n=4"), DType::f32, 1, context);
  const Linop a = Dense(w, "m n, n -> m", {.name = "left"}), b = FFT("n -> m");
  const Linop d = Diagonal(rand(Shape::parse("m=3"), DType::f32, 2, context), "m");
  PadOptions crop;
  crop.to = {{"k", 3}};
  crop.extent = {{"n", 4}};
  const Linop sum = Identity("m") * d * a + FFT("k -> m") * Crop("n -> k", crop);

  const Explained e = explain(sum, Shape::parse("n=4"), DType::c64, context);

  CHECK(e.written.name == "Add");
  REQUIRE(e.written.children.size() == 2);
  CHECK(e.written.children[0].children.size() == 3);
  REQUIRE(e.root.children.size() == 1);
  const ExplainedNode& add = e.root.children[0];
  REQUIRE(add.children.size() == 2);
  CHECK(add.children[0].name == "Dense 'left'");
  CHECK(add.children[1].name == "Chain");
  CHECK(add.children[1].children.size() == 2);
  CHECK(add.flops == add.children[0].flops + add.children[1].flops);
  CHECK(e.flops == add.flops);
  const std::string text = e.text();
  for (const char* part : {"R8 Diagonal into Dense 'left'", "as written", "as planned", "view"}) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  }
  const Explained plain =
      explain(sum, Shape::parse("n=4"), DType::c64, context, {.rewrite = false});
  CHECK(plain.rewritten.empty());
  CHECK(plain.text().find("as written") == std::string::npos);
}

namespace {

bool agree(size_t estimate, size_t real) {
  const size_t gap = estimate > real ? estimate - real : real - estimate;
  return gap <= std::max(real / 10, size_t{8} << 20);  // splitting.md §9
}

void check_estimates(const Linop& a, const Shape& shape, int applications) {
  Context context;
  const Tensor x = zeros(shape, DType::c64, context);
  const Explained e = explain(a, shape, DType::c64, context, {.applications = applications});
  const auto plan = make_plan(a.node(), *x.layout(), DType::c64, nullptr, context,
                              {.applications = applications});
  const auto real_bytes = [](const Shape& s) { return static_cast<size_t>(s.count()) * 8; };
  const size_t peak = plan->persistent() + plan->workspace() + real_bytes(shape) +
                      real_bytes(plan->output()->shape);

  INFO(e.text());
  CHECK(agree(e.workspace, plan->workspace()));
  CHECK(agree(e.persistent, plan->persistent()));
  CHECK(agree(e.peak, peak));
}

}  // namespace

TEST_CASE("explain: estimates of memory meet the numbers of the real plan", "[plan]") {
  Context context;
  const Tensor k = binary(Binary::multiply,
                          rand(Shape::parse("spoke=100 sample=512 d=2"), DType::f64, 1, context),
                          200.0, context);
  NUFFTOptions o;
  o.units = "cycles";
  const Linop s =
      Dense(randn(Shape::parse("coil=12 y=384 x=384"), DType::c64, 2, context), "y x -> coil y x");
  const Shape image = Shape::parse("y=384 x=384");

  for (const Toeplitz toeplitz : {Toeplitz::always, Toeplitz::never}) {
    o.toeplitz = toeplitz;
    const Linop f = NUFFT(k, "y x -> spoke sample", o);
    CAPTURE(toeplitz == Toeplitz::always);
    check_estimates((f * s).N(), image, 20);
  }
  const Linop cartesian = FFT("y x -> ky kx") * s;
  check_estimates(FFT("y x -> ky kx"), Shape::parse("coil=16 y=512 x=512"), 20);
  check_estimates(FFT("y x -> ky kx"), Shape::parse("y=2048 x=2048"), 20);
  check_estimates(s, image, 20);
  check_estimates(s.N(), image, 20);
  check_estimates(cartesian, image, 20);
  check_estimates(cartesian.N() + 0.1 * Identity(), image, 20);
}

// By itself, since a process gives the note only once.
TEST_CASE("explain: a cache folder that cannot be written draws one warning", "[.note]") {
  struct Ear final : Listener {
    std::vector<std::string> heard;
    void warn(std::string_view, std::string_view text) override { heard.emplace_back(text); }
    void progress(const ProgressEvent&) override {}
  } ear;
  setenv("LUNOPS_CACHE", "/dev/null/no-folder", 1);
  Context context;
  context.listener = &ear;

  for (const char* shape : {"x=18", "x=21"}) {
    FFT("x -> kx")(zeros(Shape::parse(shape), DType::c64, context), context);
  }

  REQUIRE(ear.heard.size() == 1);
  CHECK(ear.heard.front().find("FFTW wisdom cannot be kept in '/dev/null/no-folder'") == 0);
  const Explained e = explain(FFT("x -> kx"), Shape::parse("x=18"), DType::c64, context);
  CHECK(e.fft.measured + e.fft.from_wisdom >= 2);
  CHECK(e.fft.seconds > 0);
}

TEST_CASE("explain: what a planned NUFFT keeps is live in the account as long as the plan",
          "[plan]") {
  Context context;
  const Tensor k = rand(Shape::parse("spoke=100 sample=512 d=2"), DType::f64, 1, context);
  const Tensor x = zeros(Shape::parse("y=128 x=128"), DType::c64, context);
  const size_t before = context.account->figures().live;
  const auto live = [&] { return context.account->figures().live - before; };
  const auto is_near = [](size_t a, size_t b) { return a < b + b / 10 && b < a + a / 10; };
  for (const Toeplitz use : {Toeplitz::always, Toeplitz::never}) {
    {
      NUFFTOptions options;
      options.toeplitz = use;
      const Linop f = NUFFT(k, "y x -> spoke sample", options);
      const auto plan =
          make_plan(f.N().node(), *x.layout(), DType::c64, nullptr, context, {.applications = 20});

      INFO("held " << live() << ", persistent " << plan->persistent());
      CHECK(plan->persistent() > 100000);
      CHECK(is_near(live(), plan->persistent()));
    }
    CHECK(live() == 0);
  }
}
