// SPDX-License-Identifier: MIT
#include "tests/laws/laws.hpp"

namespace lunops::laws {
namespace {

SliceOptions range(std::vector<std::pair<std::string, SliceRange>> ranges,
                   std::vector<std::pair<std::string, int64_t>> extents = {}) {
  SliceOptions o;
  o.range = std::move(ranges);
  o.extent = std::move(extents);
  return o;
}

SliceRange at(int64_t index) { return {index, index, 1, true}; }

PadOptions to(std::vector<std::pair<std::string, int64_t>> extents) {
  PadOptions o;
  o.to = std::move(extents);
  return o;
}

const bool slice = add(
    "Slice",
    {
        {"a range and steps",
         [](Draw&) {
           return Slice("t=2 y=6 x=7", range({{"y", {2, 4}}, {"x", {1, 7, 3}}}));
         },
         {}},
        {"a dropped dim",
         [](Draw&) {
           return Slice("coil=3 y=2 x=5", range({{"coil", at(2)}, {"x", {2, 5, 2}}}));
         },
         {}},
        {"named results",
         [](Draw&) {
           return Slice("a=4 b=5 -> row col", range({{"a", {2, 3}}, {"b", {1, 4, 2}}}));
         },
         {}},
        {"everything",
         [](Draw&) {
           return Slice("x=4", range({{"x", {1, 4}}}));
         },
         {}},
        {"one of one",
         [](Draw&) {
           return Slice("x=1", range({{"x", {1, 1}}}));
         },
         {}},
        {"nothing of the kept dim",
         [](Draw&) {
           return Slice("y=0 x=4", range({{"x", {2, 3}}}));
         },
         {}},
        {"of a Dense",
         [](Draw& d) {
           return Slice("m", range({{"m", {2, 5, 3}}})) * Dense(d.tensor("m=6 n=3"), "m n, n -> m");
         },
         {}},
    });

const bool embed = add(
    "Embed",
    {
        {"a range and steps",
         [](Draw&) {
           return Embed("t=2 y x", range({{"y", {2, 4}}, {"x", {1, 7, 3}}}, {{"y", 6}, {"x", 7}}));
         },
         {}},
        {"a new dim",
         [](Draw&) {
           return Embed("coil x=3", range({{"coil", at(2)}}, {{"coil", 4}}));
         },
         {}},
        {"one of one",
         [](Draw&) {
           return Embed("x=1", range({{"x", {1, 1}}}, {{"x", 1}}));
         },
         {}},
        {"nothing of the kept dim",
         [](Draw&) {
           return Embed("y=0 x", range({{"x", {2, 3}}}, {{"x", 4}}));
         },
         {}},
        {"named",
         [](Draw&) {
           return Embed("a -> b=5", range({{"b", {2, 4, 2}}}));
         },
         {}},
    });

const bool sum = add(
    "SumReduce",
    {
        {"the last dim", [](Draw&) { return SumReduce("a=2 b=3 -> a"); }, {}},
        {"the first and another order", [](Draw&) { return SumReduce("a=4 b=3 c=5 -> c b"); }, {}},
        {"everything", [](Draw&) { return SumReduce("a=3 b=7 ->"); }, {}},
        {"one and nothing", [](Draw&) { return SumReduce("a=1 b=0 c=2 -> c a"); }, {}},
        {"of a product",
         [](Draw& d) { return SumReduce("coil x -> x") * Diagonal(d.tensor("coil=3 x=4")); },
         {}},
    });

const bool repeat =
    add("Repeat",
        {
            {"a new last dim", [](Draw&) { return Repeat("a=2 -> a b=3"); }, {}},
            {"new dims around, another order",
             [](Draw&) { return Repeat("a=2 b=3 -> c=2 b d=5 a"); },
             {}},
            {"one and none", [](Draw&) { return Repeat("a=3 -> a b=1"); }, {}},
            {"no copies", [](Draw&) { return Repeat("a=3 -> a b=0"); }, {}},
            {"before a weight",
             [](Draw& d) { return Diagonal(d.tensor("b=4 a=3")) * Repeat("a=3 -> b=4 a"); },
             {}},
            {"in place of a slot",
             [](Draw& d) {
               return Diagonal(d.tensor("b=4 x=5")) * Repeat("x -> b=4 x") *
                      Dense(d.tensor("x=5 n=2"), "x n, n -> x");
             },
             {}},
            {"before a transform",
             [](Draw& d) {
               // Real data have no transform; a Dense stands in its place.
               return Dense(d.tensor("k=3 x=4"), "k x, b x -> b k") * Repeat("x=4 -> b=3 x");
             },
             {}},
        });

const bool rearrange =
    add("Rearrange",
        {
            {"split",
             [](Draw&) {
               return Rearrange("(a b) c=2 -> a b c", {.extent = {{"a", 2}, {"b", 3}}});
             },
             {}},
            {"merge", [](Draw&) { return Rearrange("a=2 b=3 c=2 -> (a b) c"); }, {}},
            {"blocks",
             [](Draw&) {
               return Rearrange("coil=2 y=(yo by) x=3 -> coil by yo x",
                                {.extent = {{"by", 2}, {"yo", 3}}});
             },
             {}},
            {"merge what is apart", [](Draw&) { return Rearrange("a=2 b=3 c=4 -> b (c a)"); }, {}},
            {"from one group to another",
             [](Draw&) { return Rearrange("(a=2 b=3) c=4 -> a=2 (c b)"); },
             {}},
            {"dims of extent 1", [](Draw&) { return Rearrange("a=3 s=1 b=2 -> b 1 a"); }, {}},
            {"nothing", [](Draw&) { return Rearrange("(a=0 b=2) -> b a"); }, {}},
            {"extents from the input", [](Draw&) { return Rearrange("y=(yo by=2) x -> by x yo"); },
             "y=6 x=5"},
        });

const bool pad_dim = add("PadDim",
                         {
                             {"two dims",
                              [](Draw&) {
                                return PadDim("y=3 x=4", to({{"y", 5}, {"x", 4}}));
                              },
                              {}},
                             {"from one",
                              [](Draw&) {
                                return PadDim("x=1", to({{"x", 3}}));
                              },
                              {}},
                             {"from nothing",
                              [](Draw&) {
                                return PadDim("x=0", to({{"x", 3}}));
                              },
                              {}},

                         });

const bool truncate = add("Truncate",
                          {
                              {"two dims",
                               [](Draw&) {
                                 return Truncate("y=5 x=4", to({{"y", 3}, {"x", 1}}));
                               },
                               {}},
                              {"equal extents",
                               [](Draw&) {
                                 return Truncate("x=5", to({{"x", 5}}));
                               },
                               {}},
                              {"to nothing",
                               [](Draw&) {
                                 return Truncate("x=5", to({{"x", 0}}));
                               },
                               {}},

                          });

}  // namespace
}  // namespace lunops::laws
