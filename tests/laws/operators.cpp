// SPDX-License-Identifier: MIT
#include "tests/laws/laws.hpp"

namespace lunops::laws {
namespace {

PadOptions to(std::vector<std::pair<std::string, int64_t>> extents, const char* at = "centre") {
  PadOptions o;
  o.to = std::move(extents);
  o.at = at;
  return o;
}

FFTOptions norm_of(const char* norm, bool centred, bool inverse) {
  FFTOptions o;
  o.norm = norm;
  o.centred = centred;
  o.inverse = inverse;
  return o;
}

NUFFTOptions image(std::vector<std::pair<std::string, int64_t>> extents, DType dtype) {
  NUFFTOptions o;
  o.extent = std::move(extents);
  o.units = "cycles";
  o.tol = is_double(dtype) ? 1e-8 : 1e-4;
  return o;
}

// Relative error of these NUFFTs against the exact transform: the tol that `image` asks for.  The
// factor covers cases so small that the error of a random image scatters about its mean.
double nufft_error(DType dtype) { return 1.25 * *image({}, dtype).tol; }

const bool identity = add("Identity",
                          {
                              {"two dims", [](Draw&) { return Identity("y=3 x=4"); }, {}},
                              {"anything", [](Draw&) { return Identity(); }, "a=2 b=3"},
                              {"empty", [](Draw&) { return Identity("x=0"); }, {}},
                          });

const bool zero = add("Zero", {{"other output", [](Draw&) { return Zero("n=3 -> m=2 k=3"); }, {}}});

const bool scalar = add("Scalar",
                        {
                            {"real", [](Draw&) { return Scalar(-0.5); }, "x=5"},
                            {"complex",
                             [](Draw&) {
                               return Scalar({2, 3}, "x=3");
                             },
                             {}},
                        });

const bool diagonal =
    add("Diagonal",
        {
            {"one element", [](Draw& d) { return Diagonal(d.tensor("x=1"), "x"); }, {}},
            {"odd, two dims", [](Draw& d) { return Diagonal(d.tensor("y=33 x=65"), "y x"); }, {}},
            {"broadcast over coil", [](Draw& d) { return Diagonal(d.tensor("x=57"), "coil x"); },
             "coil=3 x=57"},
            {"real weight, transposed memory",
             [](Draw& d) { return Diagonal(d.real("x=4 y=3"), "y x"); },
             {}},
            {"empty", [](Draw& d) { return Diagonal(d.tensor("x=0")); }, {}},
            {"batch dims in the middle",
             [](Draw& d) { return Diagonal(d.tensor("y=3 x=2"), "y ... x"); }, "y=3 c=2 x=2"},
        });

const bool dense =
    add("Dense",
        {
            {"tall", [](Draw& d) { return Dense(d.tensor("m=5 n=3"), "m n, n -> m"); }, {}},
            {"wide", [](Draw& d) { return Dense(d.tensor("m=2 n=31"), "m n, n -> m"); }, {}},
            {"square, primed", [](Draw& d) { return Dense(d.tensor("n'=4 n=4"), "n -> n'"); }, {}},
            {"kept dim", [](Draw& d) { return Dense(d.tensor("b=2 m=3 n=4"), "b n -> b m"); }, {}},
            {"kept dim not in the weight",
             [](Draw& d) { return Dense(d.tensor("c'=3 c=2"), "c' c, c x -> c' x"); }, "c=2 x=5"},
            {"coil maps",
             [](Draw& d) { return Dense(d.tensor("coil=3 y=4 x=5"), "y x -> coil y x"); },
             {}},
            {"real weight", [](Draw& d) { return Dense(d.real("m=3 n=7"), "m n, n -> m"); }, {}},
            {"all kept", [](Draw& d) { return Dense(d.tensor("x=4"), "x, x -> x"); }, {}},
            {"empty sum", [](Draw& d) { return Dense(d.tensor("m=3 n=0"), "m n, n -> m"); }, {}},
            {"empty result", [](Draw& d) { return Dense(d.tensor("m=0 n=3"), "m n, n -> m"); }, {}},
        });

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

const bool pad = add("Pad",
                     {
                         {"centre",
                          [](Draw&) {
                            return Pad("y=3 x=4", to({{"y", 6}, {"x", 7}}));
                          },
                          {}},
                         {"start",
                          [](Draw&) {
                            return Pad("y=3 x=4", to({{"x", 9}}, "start"));
                          },
                          {}},
                         {"end",
                          [](Draw&) {
                            return Pad("x=4", to({{"x", 5}}, "end"));
                          },
                          {}},
                         {"nothing to do",
                          [](Draw&) {
                            return Pad("x=4", to({{"x", 4}}));
                          },
                          {}},
                         {"from nothing",
                          [](Draw&) {
                            return Pad("x=0", to({{"x", 4}}));
                          },
                          {}},
                         {"named",
                          [](Draw&) {
                            return Pad("x=3 -> wide", to({{"wide", 8}}));
                          },
                          {}},
                     });

const bool crop = add("Crop",
                      {
                          {"centre",
                           [](Draw&) {
                             return Crop("y=6 x=7", to({{"y", 3}, {"x", 4}}));
                           },
                           {}},
                          {"end",
                           [](Draw&) {
                             return Crop("y=2 x=9", to({{"x", 4}}, "end"));
                           },
                           {}},
                          {"to nothing",
                           [](Draw&) {
                             return Crop("x=4", to({{"x", 0}}));
                           },
                           {}},
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
        });

const bool chain =
    add("Chain",
        {
            {"SENSE",
             [](Draw& d) {
               const Linop f =
                   NUFFT(d.uniform("p=5 s=12 d=2", -3, 3), "y x -> p s", image({}, d.dtype()));
               return f * Dense(d.tensor("coil=3 y=6 x=7"), "y x -> coil y x");
             },
             {},
             nufft_error},
            {"masked SENSE with weights",
             [](Draw& d) {
               const Linop f =
                   NUFFT(d.uniform("p=4 s=9 d=2", -3, 3), "y x -> p s", image({}, d.dtype()));
               return Diagonal(d.real("p=4 s=9"), "p s") * f *
                      Dense(d.tensor("coil=2 y=5 x=6"), "y x -> coil y x") *
                      Diagonal(d.real("y=5 x=6"));
             },
             {},
             nufft_error},
            {"Cartesian",
             [](Draw& d) {
               return Diagonal(d.real("ky=6 kx=5")) * FFT("y x") *
                      Dense(d.tensor("coil=2 y=6 x=5"), "y x -> coil y x");
             },
             {}},
        });

const bool sum = add(
    "Add",
    {
        {"three terms",
         [](Draw& d) {
           const Linop w = Dense(d.tensor("n'=4 n=4"), "n -> n'");
           return w + 2.0 * Identity() - Diagonal(d.tensor("n=4"));
         },
         {}},
        {"regularised normal",
         [](Draw& d) { return Dense(d.tensor("m=5 n=3"), "m n, n -> m").N() + 0.1 * Identity(); },
         {}},
    });

}  // namespace
}  // namespace lunops::laws
