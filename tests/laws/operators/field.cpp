// SPDX-License-Identifier: MIT
#include "tests/laws/laws.hpp"

namespace lunops::laws {
namespace {

// To the other precision of the case's field.
Linop other_precision(const char* text, DType dtype) {
  CastOptions o;
  o.to = name_of(is_complex(dtype) ? (is_double(dtype) ? DType::c64 : DType::c128)
                                   : (is_double(dtype) ? DType::f32 : DType::f64));
  return Cast(text, o);
}

const bool real =
    add("Real",
        {
            {"two dims", [](Draw&) { return Real("y=3 x=4"); }, {}},
            {"after a Dense",
             [](Draw& d) { return Real("m") * Dense(d.tensor("m=3 n=2"), "m n, n -> m"); },
             {}},
            {"its projection", [](Draw&) { return Real("x=5").N(); }, {}},
            {"extents from the input", [](Draw&) { return Real(); }, "x=3"},
            {"one element", [](Draw&) { return Real("x=1"); }, {}},
            {"nothing", [](Draw&) { return Real("x=0"); }, {}},
        });

const bool imag =
    add("Imag",
        {
            {"two dims", [](Draw&) { return Imag("y=1 x=7"); }, {}},
            {"nothing", [](Draw&) { return Imag("y=2 x=0"); }, {}},
            {"of a sum with complex factors",
             [](Draw& d) {
               const Linop w = Diagonal(d.tensor("x=4"));
               return Imag("x") * (c128(0, 1) * w + c128(2, 1) * w.H() + c128(0, 3) * w);
             },
             {}},
        });

const bool conj =
    add("Conj",
        {
            {"two dims", [](Draw&) { return Conj("y=2 x=3"); }, {}},
            {"one element", [](Draw&) { return Conj("x=1"); }, {}},
            {"nothing", [](Draw&) { return Conj("x=0"); }, {}},
            {"between complex factors",
             [](Draw& d) {
               return Diagonal(d.tensor("x=3")) * (Conj("x") * (c128(0, 2) * FFT("x=3 -> x'")));
             },
             {}},
        });

const bool cast =
    add("Cast",
        {
            {"two dims", [](Draw& d) { return other_precision("y=3 x=4", d.dtype()); }, {}},
            {"weights on either side",
             [](Draw& d) {
               const DType there =
                   d.dtype() == DType::c64 || d.dtype() == DType::f32 ? DType::f64 : DType::f32;
               const Tensor w = randn(Shape::parse("x=4"), there, d.next(), d.context());
               return Diagonal(w) * other_precision("x", d.dtype()) *
                      Dense(d.tensor("x=4 n=3"), "x n, n -> x");
             },
             {}},
            {"one element", [](Draw& d) { return other_precision("x=1", d.dtype()); }, {}},
            {"nothing", [](Draw& d) { return other_precision("x=0", d.dtype()); }, {}},
        });

}  // namespace
}  // namespace lunops::laws
