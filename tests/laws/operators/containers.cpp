// SPDX-License-Identifier: MIT
#include <fmt/format.h>

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
        {"one element", [](Draw& d) { return Diagonal(d.tensor("x=1")) + Identity(); }, {}},
        {"no element", [](Draw& d) { return Diagonal(d.tensor("x=0")) + 2.0 * Identity(); }, {}},
        {"empty sums",
         [](Draw& d) {
           return Dense(d.tensor("m=3 n=0"), "n -> m") + Dense(d.tensor("m=3 n=0"), "n -> m");
         },
         {}},
        {"regularised normal",
         [](Draw& d) { return Dense(d.tensor("m=5 n=3"), "m n, n -> m").N() + 0.1 * Identity(); },
         {}},
    });

Linop dense(Draw& d, int64_t m, int64_t n) {
  return Dense(d.tensor(fmt::format("m={} n={}", m, n)), "n -> m");
}

ConcatOptions along(std::string idim, std::string odim) {
  ConcatOptions o;
  o.idim = std::move(idim);
  o.odim = std::move(odim);
  return o;
}

StackOptions stacked(std::string idim, std::string odim, int64_t idim_at = 1, int64_t odim_at = 1) {
  StackOptions o;
  o.idim = std::move(idim);
  o.odim = std::move(odim);
  o.idim_at = idim_at;
  o.odim_at = odim_at;
  return o;
}

const bool concat =
    add("Concat",
        {
            {"vertical",
             [](Draw& d) {
               return Concat({dense(d, 3, 4), dense(d, 1, 4), dense(d, 4, 4)}, along("", "m"));
             },
             {}},
            {"horizontal",
             [](Draw& d) {
               return Concat({dense(d, 3, 4), dense(d, 3, 1)}, along("n", ""));
             },
             {}},
            {"diagonal",
             [](Draw& d) {
               return Concat({dense(d, 3, 4), dense(d, 2, 1), dense(d, 1, 2)}, along("n", "m"));
             },
             {}},
            {"diagonal along a kept dim",
             [](Draw& d) {
               return Concat({Diagonal(d.tensor("coil=2 x=3")),
                              Dense(d.tensor("x'=3 x=3"), "coil=3 x -> coil x'")},
                             along("coil", "coil"));
             },
             {}},
            {"parts without elements",
             [](Draw& d) {
               return Concat({dense(d, 3, 0), dense(d, 0, 4), dense(d, 2, 2)}, along("n", "m"));
             },
             {}},
            {"one operator", [](Draw& d) { return Concat({dense(d, 3, 4)}, along("n", "m")); }, {}},
            {"one element", [](Draw& d) { return Concat({dense(d, 1, 1)}, along("", "m")); }, {}},
            {"of nothing",
             [](Draw& d) {
               return Concat({dense(d, 0, 3), dense(d, 0, 3)}, along("", "m"));
             },
             {}},
            {"a normal and a sum",
             [](Draw& d) {
               const Linop n = Dense(d.tensor("m=2 n=3"), "n -> m").N();
               return Concat({n, Dense(d.tensor("n'=2 n=2"), "n -> n'") + 2.0 * Identity()},
                             along("n", "n'"));
             },
             {}},
            {"padded parts",
             [](Draw& d) {
               const auto part = [&](int64_t m) {
                 PadOptions o;
                 o.to = {{"wide", 5}};
                 return Dense(d.tensor(fmt::format("m={} x=3", m)), "wide x -> wide m") *
                        Pad("y=3 x=3 -> wide x", o);
               };
               return Concat({part(2), part(3)}, along("", "m"));
             },
             {}},
            {"transforms",
             [](Draw& d) {
               return Concat({FFT("y=4 -> ky=4"), Dense(d.tensor("ky=2 y=4"), "y -> ky")},
                             along("", "ky"));
             },
             {}},
        });

const bool stack = add(
    "Stack",
    {
        {"vertical",
         [](Draw& d) {
           return Stack({dense(d, 3, 4), dense(d, 3, 4), dense(d, 3, 4)}, stacked("", "frame"));
         },
         {}},
        {"vertical, last",
         [](Draw& d) {
           return Stack({dense(d, 3, 4), dense(d, 3, 4)}, stacked("", "frame", 1, 2));
         },
         {}},
        {"horizontal",
         [](Draw& d) {
           return Stack({dense(d, 3, 4), dense(d, 3, 4)}, stacked("frame", ""));
         },
         {}},
        {"diagonal, positions differ",
         [](Draw& d) {
           return Stack({dense(d, 3, 4), dense(d, 3, 4), dense(d, 3, 4)},
                        stacked("frame", "frame", 1, 2));
         },
         {}},
        {"diagonal, names differ",
         [](Draw& d) {
           return Stack({dense(d, 3, 4), dense(d, 3, 4)}, stacked("a", "b", 2, 1));
         },
         {}},
        {"one operator", [](Draw& d) { return Stack({dense(d, 3, 4)}, stacked("", "frame")); }, {}},
        {"of one element",
         [](Draw& d) {
           return Stack({dense(d, 1, 1), dense(d, 1, 1)}, stacked("", "frame"));
         },
         {}},
        {"empty sums",
         [](Draw& d) {
           return Stack({dense(d, 2, 0), dense(d, 2, 0)}, stacked("frame", "frame"));
         },
         {}},
        {"kept dims and sums",
         [](Draw& d) {
           return Stack(
               {Diagonal(d.tensor("y=3 x=2")) + 0.5 * Identity(), Diagonal(d.real("y=3 x=2"))},
               stacked("", "part", 1, 2));
         },
         {}},
    });

const bool cuts = add(
    "Chain",
    {
        {"a Dense between Diagonals",
         [](Draw& d) {
           const Linop w = Diagonal(d.tensor("k=4"));
           return w * Dense(d.tensor("k'=4 k=4"), "k -> k'") * w;
         },
         {}},
        {"padding before a transform",
         [](Draw& d) {
           PadOptions o;
           o.to = {{"x", 7}};
           return FFT("x=7 -> k=7") * Pad("x=4", o) * Diagonal(d.tensor("coil=3 x=4"));
         },
         {}},
        {"of one element", [](Draw& d) { return dense(d, 1, 1) * Diagonal(d.tensor("n=1")); }, {}},
        {"through nothing",
         [](Draw& d) { return Dense(d.tensor("k=3 m=0"), "m -> k") * dense(d, 0, 2); },
         {}},
        {"out of nothing",
         [](Draw& d) { return Dense(d.tensor("k=3 m=2"), "m -> k") * dense(d, 2, 0); },
         {}},
        {"normals with inner dims of one name",
         [](Draw& d) {
           const Linop w = Dense(d.tensor("m=3 n=2"), "n -> m");
           return w.N() * w.N();
         },
         {}},
        {"a normal with something between",
         [](Draw& d) {
           const Linop s = Dense(d.tensor("coil=3 y=4"), "y -> coil y");
           return s.normal(Dense(d.tensor("coil'=3 coil=3"), "coil y -> coil' y") *
                           Diagonal(d.tensor("coil=3 y=4")));
         },
         {}},
    });

}  // namespace
}  // namespace lunops::laws
