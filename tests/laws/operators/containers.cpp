// SPDX-License-Identifier: MIT
#include "tests/laws/operators/nufft_case.hpp"

namespace lunops::laws {
namespace {

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
