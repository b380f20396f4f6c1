// SPDX-License-Identifier: MIT
#include "tests/laws/laws.hpp"

namespace lunops::laws {
namespace {

FlipOptions flipped(std::vector<std::string> dims) {
  FlipOptions o;
  o.dims = std::move(dims);
  return o;
}

RollOptions by(std::vector<std::pair<std::string, int64_t>> shift) {
  RollOptions o;
  o.shift = std::move(shift);
  return o;
}

const bool rename =
    add("Rename",
        {
            {"new names", [](Draw&) { return Rename("y=3 x=4 -> ky kx"); }, {}},
            {"a swap", [](Draw&) { return Rename("y=3 x=4 -> x y"); }, {}},
            {"a cycle, one kept", [](Draw&) { return Rename("a=2 t=3 b=1 c=4 -> b t c a"); }, {}},
            {"extents from the input", [](Draw&) { return Rename("a b -> b c"); }, "a=2 b=5"},
            {"nothing", [](Draw&) { return Rename("a=0 -> b"); }, {}},
            {"before a Dense",
             [](Draw& d) { return Dense(d.tensor("m=3 n=2"), "m n, n -> m") * Rename("k=2 -> n"); },
             {}},
        });

const bool permute = add(
    "Permute",
    {
        {"coils last", [](Draw&) { return Permute("coil=2 y=3 x=4 -> y x coil"); }, {}},
        {"batch dims in between", [](Draw&) { return Permute("y=3 x=5 -> x y"); }, {}},
        {"before and after an operator that keeps the dims",
         [](Draw& d) {
           return Permute("b a -> a b") * Diagonal(d.tensor("b=3 a=2")) * Permute("a=2 b=3 -> b a");
         },
         {}},
        {"one and nothing", [](Draw&) { return Permute("a=1 b=0 -> b a"); }, {}},
    });

const bool flip =
    add("Flip",
        {
            {"one dim of two", [](Draw&) { return Flip("y=3 x=4", flipped({"x"})); }, {}},
            {"two dims",
             [](Draw&) {
               return Flip("y=3 x=5", flipped({"x", "y"}));
             },
             {}},
            {"named results", [](Draw&) { return Flip("y=2 x=7 -> y rx", flipped({"x"})); }, {}},
            {"one and nothing",
             [](Draw&) {
               return Flip("y=1 x=0", flipped({"x", "y"}));
             },
             {}},
            {"before a sum over the flipped dim",
             [](Draw& d) {
               return Dense(d.tensor("m=3 x=4"), "m x, x -> m") * Flip("x=4", flipped({"x"}));
             },
             {}},
            {"in place of a slot",
             [](Draw& d) {
               return Diagonal(d.tensor("x=5")) * Flip("x=5", flipped({"x"})) *
                      Dense(d.tensor("x=5 n=2"), "x n, n -> x");
             },
             {}},
        });

const bool roll = add("Roll",
                      {
                          {"one dim",
                           [](Draw&) {
                             return Roll("y=3 x=5", by({{"x", 2}}));
                           },
                           {}},
                          {"two dims, backwards",
                           [](Draw&) {
                             return Roll("y=3 x=4", by({{"x", -3}, {"y", 7}}));
                           },
                           {}},
                          {"all the way round",
                           [](Draw&) {
                             return Roll("x=4", by({{"x", 8}}));
                           },
                           {}},
                          {"one and nothing",
                           [](Draw&) {
                             return Roll("y=1 x=0", by({{"x", 3}, {"y", 1}}));
                           },
                           {}},
                          {"named results",
                           [](Draw&) {
                             return Roll("x=7 -> shifted", by({{"x", 3}}));
                           },
                           {}},
                      });

}  // namespace
}  // namespace lunops::laws
