// SPDX-License-Identifier: MIT
// The bits of deterministic plans at extents at which loops are shared out, and blocks of kernels
// end.
#include <tuple>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "tests/laws/laws.hpp"

using namespace lunops;

namespace {

constexpr uint64_t kSeed = 77;

class Checks {
 public:
  explicit Checks(DType dtype) : dtype_(dtype), draw_(kSeed, dtype, context_) {}

  laws::Draw& draw() noexcept { return draw_; }
  // Indices from 0 below n.
  Tensor indices(std::string_view shape, int64_t n) {
    const Shape parsed = Shape::parse(shape);
    std::vector<c128> values;
    for (int64_t i = 0; i < parsed.count(); ++i) {
      values.emplace_back(static_cast<double>(draw_.below(n)));
    }
    return from_values(parsed, DType::i64, values, context_);
  }
  void check(const char* name, const Linop& a, const char* input) {
    laws::Subject s;
    s.name = fmt::format("{}, {}, {}, seed {}", name, input, name_of(dtype_), kSeed);
    s.a = a;
    s.input = Shape::parse(input);
    std::tie(s.output, s.output_dtype) = a.result(zeros(s.input, dtype_, context_));
    s.dtype = dtype_;
    s.seed = kSeed;
    laws::determinism(s, context_);
  }

 private:
  DType dtype_;
  Context context_;
  laws::Draw draw_;
};

}  // namespace

TEST_CASE("laws: bits of deterministic plans, sums and products of many elements", "[laws]") {
  for (const DType dtype : {DType::c64, DType::c128, DType::f32}) {
    Checks c(dtype);
    laws::Draw& d = c.draw();
    c.check("a matrix", Dense(d.tensor("m=70 n=150"), "m n, n -> m"), "n=150");
    c.check("matrices", Dense(d.tensor("k=3 m=40 n=300"), "k m n, k n -> k m"), "k=3 n=300");
    c.check("columns", Dense(d.tensor("m=33 n=164"), "m n, n b -> m b"), "n=164 b=45");
    c.check("a real matrix", Dense(d.real("m=33 n=64"), "m n, n b -> m b"), "n=64 b=45");
    c.check("coil maps", Dense(d.tensor("coil=6 y=150 x=160"), "y x -> coil y x"), "y=150 x=160");
    c.check("coil maps, frames", Dense(d.tensor("coil=3 y=50 x=60"), "t y x -> t coil y x"),
            "t=4 y=50 x=60");
    c.check("SumReduce", SumReduce("a b=600 c -> a c"), "a=41 b=600 c=3");
    c.check("SumReduce, rows", SumReduce("a b=6000 -> a"), "a=7 b=6000");
    c.check("SumReduce, all", SumReduce("a=50000 b -> b"), "a=50000 b=2");
    c.check("Diagonal", Diagonal(d.tensor("y=160 x=170"), "c y x"), "c=2 y=160 x=170");
    c.check("Diagonal of the slow dim", Diagonal(d.tensor("y=160"), "c y x"), "c=2 y=160 x=170");
    SparseEntries e;
    e.row = c.indices("k=3000", 150);
    e.col = c.indices("k=3000", 200);
    e.value = d.tensor("k=3000");
    c.check("Sparse", Sparse(e, "x=200 -> r=150"), "x=200");
    c.check("Sampling", Sampling(c.indices("s=9000 d=2", 40), "y=40 x=45 -> s"), "y=40 x=45");
    BlocksOptions blocks;
    blocks.block = {{"y", 6}, {"x", 5}};
    blocks.stride = {{"y", 2}, {"x", 3}};
    c.check("ArrayToBlocks", ArrayToBlocks("y=60 x=70 -> by bx ky kx", blocks), "y=60 x=70");
  }
}

TEST_CASE("laws: bits of deterministic plans, transforms of many elements", "[laws]") {
  for (const DType dtype : {DType::c64, DType::c128}) {
    Checks c(dtype);
    laws::Draw& d = c.draw();
    c.check("FFT", FFT("y x"), "y=64 x=60");
    c.check("FFT, many lines", FFT("x"), "y=301 x=64");
    c.check("FFT, kept dims around", FFT("k y t x -> k ky t kx"), "k=3 y=33 t=5 x=40");
    PadOptions pad;
    pad.to = {{"y", 80}, {"x", 72}};
    c.check("FFT of a padded image", FFT("y x") * Pad("y=40 x=36", pad), "y=40 x=36");
    c.check("Wavelet", Wavelet("y=64 x=90"), "y=64 x=90");
    ConvolutionOptions direct, fft;
    direct.method = "direct";
    fft.method = "fft";
    c.check("Convolution", Convolution(d.tensor("y=5 x=4"), "y x", direct), "y=90 x=230");
    c.check("Convolution, kept dim", Convolution(d.tensor("y=5 x=4"), "c y x", direct),
            "c=3 y=30 x=90");
    c.check("Convolution, FFT", Convolution(d.tensor("y=7 x=8"), "y x", fft), "y=90 x=130");
    InterpolateOptions grid;
    grid.extent = {{"y", 40}, {"x", 44}};
    c.check("Interpolate", Interpolate(d.uniform("s=20000 d=2", -5, 50), "y x -> s", grid),
            "y=40 x=44");
    c.check("Interpolate, frames",
            Interpolate(d.uniform("t=3 s=9000 d=2", -5, 50), "t y x -> t s", grid),
            "t=3 y=40 x=44");
  }
}

TEST_CASE("laws: bits of deterministic plans, NUFFTs of many coils", "[laws]") {
  for (const DType dtype : {DType::c64, DType::c128}) {
    Checks c(dtype);
    laws::Draw& d = c.draw();
    const auto image = [](std::vector<std::pair<std::string, int64_t>> extents) {
      NUFFTOptions o;
      o.extent = std::move(extents);
      return o;
    };
    const Linop flat = NUFFT(d.uniform("spoke=137 sample=90 d=2", -24, 24), "y x -> spoke sample",
                             image({{"y", 48}, {"x", 50}}));
    c.check("NUFFT", flat, "y=48 x=50");
    c.check("NUFFT", flat, "coil=2 y=48 x=50");
    c.check("NUFFT", flat, "coil=9 y=48 x=50");
    c.check("NUFFT, maps", flat * Dense(d.tensor("coil=5 y=48 x=50"), "y x -> coil y x"),
            "y=48 x=50");
    c.check("NUFFT, frames",
            NUFFT(d.uniform("t=3 spoke=311 sample=64 d=2", -9, 9), "t y x -> t spoke sample",
                  image({{"y", 40}, {"x", 36}})),
            "t=3 y=40 x=36");
    c.check("NUFFT, three dims",
            NUFFT(d.uniform("p=9000 d=3", -9, 9), "z y x -> p",
                  image({{"z", 18}, {"y", 20}, {"x", 17}})),
            "z=18 y=20 x=17");
    c.check("NUFFT, one dim",
            NUFFT(d.uniform("p=3000 d=1", -60, 60), "x -> p", image({{"x", 128}})), "x=128");
  }
}
