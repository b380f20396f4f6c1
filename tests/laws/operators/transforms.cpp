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
        });

}  // namespace
}  // namespace lunops::laws
