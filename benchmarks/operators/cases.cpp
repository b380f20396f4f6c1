// SPDX-License-Identifier: MIT
#include "benchmarks/operators/cases.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

using namespace lunops;

namespace {

// Images of a middling scan: 8 coils of 256 x 256, 4 MiB in c64.
constexpr const char* kImages = "coil=8 y=256 x=256";

Tensor random(const char* shape, Context& context, DType dtype = DType::c64) {
  return randn(Shape::parse(shape), dtype, 1, context);
}

template <class Options>
Options with_extents(std::vector<std::pair<std::string, int64_t>> extents) {
  Options o;
  o.extent = std::move(extents);
  return o;
}

PadOptions to(std::vector<std::pair<std::string, int64_t>> extents) {
  PadOptions o;
  o.to = std::move(extents);
  return o;
}

// Points "point d=2" spread over the whole of k-space, in cycles.
Tensor points(int64_t count, Context& context) {
  const Tensor unit =
      rand(Shape::parse(fmt::format("point={} d=2", count)), DType::f64, 1, context);
  return binary(Binary::multiply, binary(Binary::subtract, unit, 0.5, context), 255.0, context);
}

// Integers "…" by their number.
Tensor integers(const char* shape, Context& context, int64_t (*value)(int64_t)) {
  const Tensor made = Tensor::empty(Shape::parse(shape), DType::i64, context);
  auto* data = made.data_as<int64_t>();
  for (int64_t i = 0; i < made.shape().count(); ++i) data[i] = value(i);
  return made;
}

// Spread over the integers by a multiplication modulo 2^31 - 1.
int64_t scattered(int64_t i) { return (i * 48271 + 11) % 2147483647 * 69621 % 2147483647; }

BlocksOptions blocks() {
  BlocksOptions o;
  o.block = {{"y", 8}, {"x", 8}};
  o.stride = {{"y", 4}, {"x", 4}};
  return o;
}

std::vector<BenchmarkCase> all_cases() {
  return {
      {"Identity", "8 images", [](Context&) { return Identity("coil y x"); }, kImages},
      {"Zero", "8 images", [](Context&) { return Zero("coil y x"); }, kImages},
      {"Scalar", "8 images",
       [](Context&) {
         return Scalar({0.6, 0.8}, "coil y x");
       },
       kImages},
      {"Diagonal", "one weight for 8 images",
       [](Context& c) { return Diagonal(random("y=256 x=256", c), "coil y x"); }, kImages},
      {"Dense", "8 coil maps",
       [](Context& c) { return Dense(random(kImages, c), "y x -> coil y x"); }, "y=256 x=256"},
      {"Real", "8 images", [](Context&) { return Real("coil y x"); }, kImages},
      {"Imag", "8 images", [](Context&) { return Imag("coil y x"); }, kImages},
      {"Conj", "8 images", [](Context&) { return Conj("coil y x"); }, kImages},
      {"Cast", "8 images to c128",
       [](Context&) {
         CastOptions o;
         o.to = "c128";
         return Cast("coil y x", o);
       },
       kImages},
      {"Pad", "8 images to 384",
       [](Context&) {
         return Pad("y=256 x=256", to({{"y", 384}, {"x", 384}}));
       },
       kImages},
      {"Crop", "8 images to 192",
       [](Context&) {
         return Crop("y=256 x=256", to({{"y", 192}, {"x", 192}}));
       },
       kImages},
      {"PadDim", "8 images to 384",
       [](Context&) {
         return PadDim("y=256 x=256", to({{"y", 384}, {"x", 384}}));
       },
       kImages},
      {"Truncate", "8 images to 192",
       [](Context&) {
         return Truncate("y=256 x=256", to({{"y", 192}, {"x", 192}}));
       },
       kImages},
      {"Rename", "8 images", [](Context&) { return Rename("y x -> ky kx"); }, kImages},
      {"Permute", "8 images, coils last", [](Context&) { return Permute("coil y x -> y x coil"); },
       kImages},
      {"Rearrange", "8 images in blocks of 8 by 8",
       [](Context&) {
         return Rearrange("y=(yo by=8) x=(xo bx=8) -> yo xo by bx",
                          {.extent = {{"y", 256}, {"x", 256}}});
       },
       kImages},
      {"SumReduce", "8 images over the coils",
       [](Context&) { return SumReduce("coil=8 y=256 x=256 -> y x"); }, kImages},
      {"Repeat", "an image for 8 coils", [](Context&) { return Repeat("y x -> coil=8 y x"); },
       "y=256 x=256"},
      {"Slice", "8 images, every other row and column",
       [](Context&) {
         SliceOptions o;
         o.range = {{"y", {1, 256, 2}}, {"x", {1, 256, 2}}};
         return Slice("y=256 x=256", o);
       },
       kImages},
      {"Embed", "8 images between zeros",
       [](Context&) {
         SliceOptions o;
         o.range = {{"y", {1, 511, 2}}, {"x", {1, 511, 2}}};
         o.extent = {{"y", 512}, {"x", 512}};
         return Embed("y x", o);
       },
       kImages},
      {"Flip", "8 images along x",
       [](Context&) {
         FlipOptions o;
         o.dims = {"x"};
         return Flip("y x", o);
       },
       kImages},
      {"Roll", "8 images along both dims",
       [](Context&) {
         RollOptions o;
         o.shift = {{"y", 3}, {"x", 100}};
         return Roll("y x", o);
       },
       kImages},
      {"FFT", "8 images", [](Context&) { return FFT("y x -> ky kx"); }, kImages},
      {"NUFFT", "an image, 65536 random points, tol 1e-4",
       [](Context& c) {
         return NUFFT(points(65536, c), "y x -> point",
                      with_extents<NUFFTOptions>({{"y", 256}, {"x", 256}}));
       },
       "y=256 x=256"},
      {"Convolution", "8 images, 5 by 5 kernel",
       [](Context& c) { return Convolution(random("y=5 x=5", c), "y x"); }, kImages},
      {"Wavelet", "8 images, db4, 3 levels",
       [](Context&) {
         WaveletOptions o;
         o.levels = 3;
         return Wavelet("y=256 x=256 -> wy wx", o);
       },
       kImages},
      {"FiniteDifference", "8 images along x",
       [](Context&) {
         FiniteDifferenceOptions o;
         o.dim.push_back('x');
         return FiniteDifference("y x", o);
       },
       kImages},
      {"Gradient", "8 images", [](Context&) { return Gradient("y x"); }, kImages},
      {"Laplacian", "8 images", [](Context&) { return Laplacian("y x"); }, kImages},
      {"LowRank", "8 images, rank 4 along y",
       [](Context& c) { return LowRank(random("m=256 r=4", c), random("y=256 r=4", c), "y -> m"); },
       "coil=8 x=256 y=256"},
      {"Sparse", "65536 rows of 8 entries, an image",
       [](Context& c) {
         SparseEntries e;
         e.rowptr = integers("row=65537", c, [](int64_t i) { return 8 * i; });
         e.col = integers("entry=524288", c, [](int64_t i) { return scattered(i) % 65536; });
         e.value = random("entry=524288", c);
         return Sparse(e, "y=256 x=256 -> ray=65536");
       },
       "y=256 x=256"},
      {"Kronecker", "64 by 256 along y and x",
       [](Context& c) {
         return Kronecker(Dense(random("m=64 y=256", c), "y -> m"),
                          Dense(random("k=64 x=256", c), "x -> k"));
       },
       "y=256 x=256"},
      {"Sampling", "65536 scattered points of 8 images",
       [](Context& c) {
         return Sampling(
             integers("sample=65536 d=2", c, [](int64_t i) { return scattered(i) % 256; }),
             "y=256 x=256 -> sample");
       },
       kImages},
      {"ArrayToBlocks", "8 by 8 blocks at every fourth pixel of 8 images",
       [](Context&) { return ArrayToBlocks("y=256 x=256 -> by bx ky kx", blocks()); }, kImages},
      {"BlocksToArray", "8 by 8 blocks at every fourth pixel of 8 images",
       [](Context&) { return BlocksToArray("by bx ky kx -> y=256 x=256", blocks()); },
       "coil=8 by=63 bx=63 ky=8 kx=8"},
      {"Interpolate", "65536 random points of an image, 4 by 4 cells",
       [](Context& c) { return Interpolate(points(65536, c), "y=256 x=256 -> point"); },
       "y=256 x=256"},
      {"Gridding", "65536 random points to an image, 4 by 4 cells",
       [](Context& c) { return Gridding(points(65536, c), "point -> y=256 x=256"); },
       "point=65536"},
      {"Chain", "FFT after 8 coil maps",
       [](Context& c) {
         return Chain({FFT("y x -> ky kx"), Dense(random(kImages, c), "y x -> coil y x")});
       },
       "y=256 x=256"},
      {"Add", "two Diagonals of 8 images",
       [](Context& c) {
         return Add({Diagonal(random("y=256 x=256", c), "coil y x"),
                     Diagonal(random("coil=8", c), "coil y x")});
       },
       kImages},
      {"Concat", "two groups of 4 coil maps",
       [](Context& c) {
         const Linop maps = Dense(random("coil=4 y=256 x=256", c), "y x -> coil y x");
         ConcatOptions o;
         o.odim = std::string("coil");
         return Concat({maps, maps}, o);
       },
       "y=256 x=256"},
      {"Stack", "8 Diagonals of an image, along a new dim",
       [](Context& c) {
         StackOptions o;
         o.odim = std::string("coil");
         return Stack(std::vector<Linop>(8, Diagonal(random("y=256 x=256", c), "y x")), o);
       },
       "y=256 x=256"},
  };
}

}  // namespace

const std::vector<BenchmarkCase>& benchmark_cases() {
  static const std::vector<BenchmarkCase> all = all_cases();
  return all;
}

std::vector<std::string> operators_without_case(const std::string& path) {
  std::vector<std::string> missing;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::string kind = line.substr(0, line.find(' '));
    if (kind.empty() || kind == "#") continue;
    const auto& all = benchmark_cases();
    if (std::none_of(all.begin(), all.end(),
                     [&](const BenchmarkCase& c) { return c.kind == kind; }))
      missing.push_back(kind);
  }
  return missing;
}
