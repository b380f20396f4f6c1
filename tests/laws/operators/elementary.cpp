// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "tests/laws/laws.hpp"

namespace lunops::laws {
namespace {

const bool identity = add("Identity",
                          {
                              {"two dims", [](Draw&) { return Identity("y=3 x=4"); }, {}},
                              {"anything", [](Draw&) { return Identity(); }, "a=2 b=3"},
                              {"one element", [](Draw&) { return Identity("x=1"); }, {}},
                              {"empty", [](Draw&) { return Identity("x=0"); }, {}},
                          });

const bool zero = add("Zero",
                      {
                          {"other output", [](Draw&) { return Zero("n=3 -> m=2 k=3"); }, {}},
                          {"one element", [](Draw&) { return Zero("n=1 -> m=1"); }, {}},
                          {"out of nothing", [](Draw&) { return Zero("n=0 -> m=2"); }, {}},
                          {"to nothing", [](Draw&) { return Zero("n=3 -> m=0"); }, {}},
                      });

const bool scalar =
    add("Scalar",
        {
            {"real", [](Draw&) { return Scalar(-0.5); }, "x=5"},
            {"complex",
             [](Draw&) {
               return Scalar({2, 3}, "x=3");
             },
             {}},
            {"one element", [](Draw&) { return Scalar(2.0, "x=1"); }, {}},
            {"no element of an even number of rows", [](Draw&) { return Scalar(2.0); }, "y=4 x=0"},

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
            {"one element", [](Draw& d) { return Dense(d.tensor("m=1 n=1"), "m n, n -> m"); }, {}},
            {"empty sum", [](Draw& d) { return Dense(d.tensor("m=3 n=0"), "m n, n -> m"); }, {}},
            {"empty result", [](Draw& d) { return Dense(d.tensor("m=0 n=3"), "m n, n -> m"); }, {}},
        });

LowRankOptions singular(Tensor s) {
  LowRankOptions o;
  o.s = std::move(s);
  return o;
}

const bool low_rank =
    add("LowRank",
        {
            {"two factors",
             [](Draw& d) { return LowRank(d.tensor("m=5 r=2"), d.tensor("n=6 r=2"), "n -> m"); },
             {}},
            {"singular values, square",
             [](Draw& d) {
               return LowRank(d.tensor("n=4 r=3"), d.tensor("r=3 n=4"), "n -> n'",
                              singular(d.tensor("r=3")));
             },
             {}},
            {"a kept dim with factors of its own, and one without",
             [](Draw& d) {
               return LowRank(d.tensor("b=2 m=3 r=2"), d.tensor("n=4 r=2 b=2"), "b c n -> m b c");
             },
             "b=2 c=3 n=4"},
            {"unnamed factors, two input dims",
             [](Draw& d) {
               return LowRank(d.tensor("a=3 r=1").unname(), d.tensor("a=2 b=3 r=1").unname(),
                              "y x -> m", singular(d.real("r=1")));
             },
             {}},
            {"one element",
             [](Draw& d) { return LowRank(d.tensor("m=1 r=1"), d.tensor("n=1 r=1"), "n -> m"); },
             {}},
            {"empty sum",
             [](Draw& d) { return LowRank(d.tensor("m=3 r=2"), d.tensor("n=0 r=2"), "n -> m"); },
             {}},
            {"rank 0",
             [](Draw& d) { return LowRank(d.tensor("m=3 r=0"), d.tensor("n=4 r=0"), "n -> m"); },
             {}},

        });

SparseEntries random_entries(Draw& d, int64_t rows, int64_t columns, int64_t count) {
  const auto list = [&](int64_t n) {
    std::vector<c128> values;
    for (int64_t i = 0; i < count; ++i) values.emplace_back(static_cast<double>(d.below(n)));
    return from_values(Shape({Dim::parse("k")}, {count}), DType::i32, values, d.context());
  };
  SparseEntries e;
  e.row = list(rows);
  e.col = list(columns);
  e.value = d.tensor(fmt::format("k={}", count));
  return e;
}

const bool sparse = add(
    "Sparse",
    {
        {"triplets, some of them twice",
         [](Draw& d) { return Sparse(random_entries(d, 4, 12, 20), "y=3 x=4 -> ray=4"); },
         {}},
        {"two output dims, empty rows",
         [](Draw& d) { return Sparse(random_entries(d, 6, 5, 4), "x=5 -> view=3 s=2"); },
         {}},
        {"real values",
         [](Draw& d) {
           SparseEntries e = random_entries(d, 3, 3, 5);
           e.value = d.real("k=5");
           return Sparse(e, "x=3 -> x'=3");
         },
         {}},
        {"no entries",
         [](Draw& d) { return Sparse(random_entries(d, 2, 3, 0), "x=3 -> r=2"); },
         {}},
        {"one element",
         [](Draw& d) { return Sparse(random_entries(d, 1, 1, 1), "x=1 -> r=1"); },
         {}},
        {"no columns",
         [](Draw& d) { return Sparse(random_entries(d, 1, 1, 0), "x=0 -> r=2"); },
         {}},
        {"no rows", [](Draw& d) { return Sparse(random_entries(d, 1, 1, 0), "x=3 -> r=0"); }, {}},

    });

const bool kronecker =
    add("Kronecker",
        {
            {"two matrices",
             [](Draw& d) {
               return Kronecker(Dense(d.tensor("c=2 a=3"), "a -> c"),
                                Dense(d.tensor("d=5 b=4"), "b -> d"));
             },
             {}},
            {"an adjoint, several dims",
             [](Draw& d) {
               return Kronecker(Dense(d.tensor("c=2 e=2 a=3"), "c e -> a").H(),
                                Dense(d.tensor("b'=4 b=4"), "b -> b'"));
             },
             {}},
            {"a diagonal, self-adjoint",
             [](Draw& d) {
               return Kronecker(Diagonal(d.real("a=3")), Dense(d.tensor("m=2 n=4"), "n -> m").N());
             },
             {}},
            {"of one element",
             [](Draw& d) {
               return Kronecker(Dense(d.tensor("c=1 a=1"), "a -> c"),
                                Dense(d.tensor("d=1 b=1"), "b -> d"));
             },
             {}},
            {"an empty sum",
             [](Draw& d) {
               return Kronecker(Dense(d.tensor("c=2 a=0"), "a -> c"),
                                Dense(d.tensor("d=3 b=4"), "b -> d"));
             },
             {}},

        });

}  // namespace
}  // namespace lunops::laws
