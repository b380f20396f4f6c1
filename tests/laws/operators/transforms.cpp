// SPDX-License-Identifier: MIT
#include "tests/laws/operators/nufft_case.hpp"

namespace lunops::laws {
namespace {

FFTOptions norm_of(const char* norm, bool centred, bool inverse) {
  FFTOptions o;
  o.norm = norm;
  o.centred = centred;
  o.inverse = inverse;
  return o;
}

const bool fft =
    add("FFT",
        {
            {"even and odd", [](Draw&) { return FFT("y=6 x=5"); }, {}},
            {"prime, backward, not centred",
             [](Draw&) { return FFT("x=13", norm_of("backward", false, false)); },
             {}},
            {"forward norm, inverse",
             [](Draw&) { return FFT("x=4", norm_of("forward", true, true)); },
             {}},
            {"kept dim between", [](Draw&) { return FFT("y=4 t=3 x=2 -> ky t kx"); }, {}},
            {"one point", [](Draw&) { return FFT("x=1"); }, {}},
            {"no point", [](Draw&) { return FFT("x=0"); }, {}},
            {"extents from the input", [](Draw&) { return FFT("x -> x'"); }, "x=6"},
        });

const bool nufft =
    add("NUFFT",
        {
            {"one dim",
             [](Draw& d) {
               return NUFFT(d.uniform("s=20 d=1", -4, 4), "x -> s", image({{"x", 8}}, d.dtype()));
             },
             {},
             nufft_error},
            {"two dims, odd and even",
             [](Draw& d) {
               return NUFFT(d.uniform("p=5 s=12 d=2", -3, 3), "y x -> p s",
                            image({{"y", 6}, {"x", 7}}, d.dtype()));
             },
             {},
             nufft_error},
            {"three dims",
             [](Draw& d) {
               return NUFFT(d.uniform("s=40 d=3", -2, 2), "z y x -> s",
                            image({{"z", 4}, {"y", 5}, {"x", 6}}, d.dtype()));
             },
             {},
             nufft_error},
            {"frames",
             [](Draw& d) {
               return NUFFT(d.uniform("t=3 s=15 d=2", -3, 3), "t y x -> t s",
                            image({{"y", 5}, {"x", 6}}, d.dtype()));
             },
             {},
             nufft_error},
            {"one sample of one pixel",
             [](Draw& d) {
               return NUFFT(d.uniform("s=1 d=1", -1, 1), "x -> s", image({{"x", 1}}, d.dtype()));
             },
             {},
             nufft_error},
            {"no pixel",
             [](Draw& d) {
               return NUFFT(d.uniform("p=2 s=3 d=2", -1, 1), "y x -> p s",
                            image({{"y", 4}, {"x", 0}}, d.dtype()));
             },
             {},
             nufft_error},
            {"nearest grid point",
             [](Draw& d) {
               NUFFTOptions o = image({{"y", 5}, {"x", 6}}, d.dtype());
               o.tol.reset();
               o.mode = "nearest";
               return NUFFT(d.uniform("p=3 s=9 d=2", -3, 3), "y x -> p s", o);
             },
             {}},
            {"ragged frames",
             [](Draw& d) {
               NUFFTOptions o = image({{"y", 5}, {"x", 6}}, d.dtype());
               const Tensor counts = zeros(Shape::parse("t=3"), DType::i64, d.context());
               counts.data_as<int64_t>()[0] = 7;
               counts.data_as<int64_t>()[2] = 15;
               o.counts = counts;
               return NUFFT(d.uniform("t=3 p=3 s=5 d=2", -3, 3), "t y x -> t p s", o);
             },
             {},
             nufft_error},
        });

InterpolateOptions grid(std::vector<std::pair<std::string, int64_t>> extents) {
  InterpolateOptions o;
  o.extent = std::move(extents);
  return o;
}

const bool interpolate =
    add("Interpolate",
        {
            {"one dim",
             [](Draw& d) {
               return Interpolate(d.uniform("s=12 d=1", -3, 12), "x -> s", grid({{"x", 8}}));
             },
             {}},
            {"two dims, zero boundary, widths by dim",
             [](Draw& d) {
               InterpolateOptions o = grid({{"y", 6}, {"x", 7}});
               o.width = {{"y", 2.5}, {"x", 3}};
               o.boundary = "zero";
               return Interpolate(d.uniform("p=3 s=5 d=2", -3, 9), "y x -> p s", o);
             },
             {}},
            {"three dims, linear, on grid points",
             [](Draw& d) {
               InterpolateOptions o = grid({{"z", 2}, {"y", 3}, {"x", 5}});
               o.kernel = "linear";
               o.width = {{"", 2}};
               return Interpolate(zeros(Shape::parse("s=4 d=3"), DType::f64, d.context()),
                                  "z y x -> s", o);
             },
             {}},
            {"frames",
             [](Draw& d) {
               return Interpolate(d.uniform("t=3 s=6 d=1", 0, 9), "t x -> t s", grid({{"x", 9}}));
             },
             {}},
            {"one grid point",
             [](Draw& d) {
               InterpolateOptions o = grid({{"x", 1}});
               o.width = {{"", 1}};
               o.beta = {{"", 2}};
               return Interpolate(d.uniform("s=3 d=1", -2, 2), "x -> s", o);
             },
             {}},
            {"no grid point",
             [](Draw& d) {
               InterpolateOptions o = grid({{"x", 0}});
               o.boundary = "zero";
               return Interpolate(d.uniform("s=3 d=1", -2, 2), "x -> s", o);
             },
             {}},
            {"no sample",
             [](Draw& d) {
               return Interpolate(zeros(Shape::parse("s=0 d=1"), DType::f64, d.context()), "x -> s",
                                  grid({{"x", 5}}));
             },
             {}},
        });

const bool gridding = add(
    "Gridding",
    {
        {"two dims",
         [](Draw& d) {
           return Gridding(d.uniform("s=12 d=2", -3, 12), "s -> y x", grid({{"y", 5}, {"x", 6}}));
         },
         {}},
        {"one grid point",
         [](Draw& d) {
           InterpolateOptions o = grid({{"x", 1}});
           o.width = {{"", 1}};
           o.beta = {{"", 2}};
           return Gridding(d.uniform("s=1 d=1", -2, 2), "s -> x", o);
         },
         {}},
        {"no grid point",
         [](Draw& d) {
           InterpolateOptions o = grid({{"x", 0}});
           o.boundary = "zero";
           return Gridding(d.uniform("s=3 d=1", -2, 2), "s -> x", o);
         },
         {}},
        {"frames, zero boundary",
         [](Draw& d) {
           InterpolateOptions o = grid({{"x", 5}});
           o.boundary = "zero";
           return Gridding(d.uniform("t=2 s=7 d=1", -3, 8), "t s -> t x", o);
         },
         {}},
    });

ConvolutionOptions by(const char* boundary,
                      const char* method,
                      std::vector<std::pair<std::string, int64_t>> extents = {}) {
  ConvolutionOptions o;
  o.boundary = boundary;
  o.method = method;
  o.extent = std::move(extents);
  return o;
}

const bool convolution = add(
    "Convolution",
    {
        {"direct, odd",
         [](Draw& d) { return Convolution(d.tensor("x=3"), "x=7", by("zero", "direct")); },
         {}},
        {"fft, even",
         [](Draw& d) { return Convolution(d.tensor("x=4"), "x=7", by("zero", "fft")); },
         {}},
        {"circular, direct",
         [](Draw& d) { return Convolution(d.tensor("x=4"), "x=5", by("circular", "direct")); },
         {}},
        {"circular, fft, long lags fit",
         [](Draw& d) { return Convolution(d.tensor("y=2 x=3"), "y=5 x=6", by("circular", "fft")); },
         {}},
        {"kernel longer than the data",
         [](Draw& d) { return Convolution(d.tensor("x=9"), "x=4", by("zero", "fft")); },
         {}},
        {"real kernel, chosen, kept dim",
         [](Draw& d) { return Convolution(d.real("y=3 x=2"), "y=5 c x=4"); }, "y=5 c=2 x=4"},
        {"channels",
         [](Draw& d) {
           return Convolution(d.tensor("cout=2 cin=3 x=3"), "cin x=6 -> cout x'",
                              by("zero", "direct"));
         },
         {}},
        {"channels, circular, fft",
         [](Draw& d) {
           return Convolution(d.tensor("cout=2 cin=3 x=3"), "cin x=6 -> cout x'",
                              by("circular", "fft"));
         },
         {}},
        {"a kernel per index, real, fft",
         [](Draw& d) { return Convolution(d.real("f=2 x=3"), "f x=5 -> f x'", by("zero", "fft")); },
         {}},
        {"three dims, extents from the input",
         [](Draw& d) { return Convolution(d.tensor("z=2 y=3 x=2"), "z y x"); }, "z=3 y=4 x=3"},
        {"one element", [](Draw& d) { return Convolution(d.tensor("x=1"), "x=1"); }, {}},
        {"no sample", [](Draw& d) { return Convolution(d.tensor("x=3"), "x=0"); }, {}},
    });

WaveletOptions family(const char* name,
                      std::optional<int64_t> levels = {},
                      std::vector<std::string> dims = {}) {
  WaveletOptions o;
  o.family = name;
  o.levels = levels;
  o.dims = std::move(dims);
  return o;
}

const bool wavelet = add(
    "Wavelet",
    {
        {"haar, nothing padded", [](Draw&) { return Wavelet("x=8", family("haar", 3)); }, {}},
        {"db2, padded, two dims",
         [](Draw&) { return Wavelet("y=5 x=6 -> wy wx", family("db2", 2)); },
         {}},
        {"db4, longer than the data", [](Draw&) { return Wavelet("x=6", family("db4", 1)); }, {}},
        {"db3, kept dim between",
         [](Draw&) {
           return Wavelet("y=6 c=2 x=5", family("db3", 1, {"y", "x"}));
         },
         {}},
        {"db10, default levels", [](Draw&) { return Wavelet("x=40", family("db10")); }, {}},
        {"three dims", [](Draw&) { return Wavelet("z=4 y=3 x=4", family("haar", 2)); }, {}},
        {"one sample", [](Draw&) { return Wavelet("x=1", family("haar", 1)); }, {}},
        {"no sample", [](Draw&) { return Wavelet("y=2 x=0", family("haar", 1, {"x"})); }, {}},
    });

}  // namespace
}  // namespace lunops::laws
