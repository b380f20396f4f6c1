// SPDX-License-Identifier: MIT
#include "tests/laws/laws.hpp"

namespace lunops::laws {
namespace {

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

}  // namespace
}  // namespace lunops::laws
