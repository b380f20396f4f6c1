// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"

namespace lunops::lua {

namespace {

constexpr auto kDims = optional_operand("text", Kind::text, "the dims, all kept; default any");

constexpr auto real = with_options(
    constructor(
        {.name = "Real",
         .summary = "The real part of complex data; linear over the real numbers only.",
         .signature = "y x",
         .adjoint = "v + 0i, for the real part of the inner product",
         .normal = "the projection to x.re + 0i",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local x = lo.tensor({ lo.complex(1, 2), lo.complex(3, -1) }, "x")
print(lo.Real "x"(x):sum())  --> 4.0)",
         .see = {"Imag", "Conj", "Cast"}},
        [](Context&, const Given& given) { return Real(given.text(1, "..."), common(given)); },
        kDims),
    kExtent,
    kName,
    kBatch);

constexpr auto imag = with_options(
    constructor(
        {.name = "Imag",
         .summary = "The imaginary part of complex data; linear over the real numbers only.",
         .signature = "y x",
         .adjoint = "i v, for the real part of the inner product",
         .normal = "the projection to 0 + i x.im",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local v = lo.tensor({ 1, 2 }, "x", { dtype = "f32" })
print(lo.Imag "x".H(v):sum())  --> 0+3i)",
         .see = {"Real", "Conj"}},
        [](Context&, const Given& given) { return Imag(given.text(1, "..."), common(given)); },
        kDims),
    kExtent,
    kName,
    kBatch);

constexpr auto conj = with_options(
    constructor(
        {.name = "Conj",
         .summary = "Conjugates complex data; linear over the real numbers only.",
         .signature = "y x",
         .adjoint = "itself, for the real part of the inner product",
         .normal = "the identity",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(print(lo.Conj "x"(lo.full("x=1", lo.complex(3, -1))):item())  --> 3+1i)",
         .see = {"Real", "Imag"}},
        [](Context&, const Given& given) { return Conj(given.text(1, "..."), common(given)); },
        kDims),
    kExtent,
    kName,
    kBatch);

constexpr auto cast =
    with_options(constructor(
                     {.name = "Cast",
                      .summary = "Changes the precision, never from complex to real or back.",
                      .signature = "y x",
                      .adjoint = "casts back",
                      .normal = "the identity where the precision grows",
                      .returns = "an operator",
                      .raises = {Code::shape, Code::argument},
                      .example = R"(local x = lo.full("x=1", 0.1, { dtype = "f32" })
print(("%.11f"):format(lo.Cast{ "x", to = "f64" }(x):item()))  --> 0.10000000149)",
                      .see = {"Real"}},
                     [](Context&, const Given& given) {
                       CastOptions options;
                       common(given, options);
                       options.to = given.text("to").value_or("");
                       return Cast(given.text(1, "..."), options);
                     },
                     kDims),
                 option("to", Kind::text, "", "f32, f64, c64 or c128"),
                 kExtent,
                 kName,
                 kBatch);

constexpr Record kRecords[] = {exported<real>(), exported<imag>(), exported<conj>(),
                               exported<cast>()};

}  // namespace

std::span<const Record> field_records() { return kRecords; }

}  // namespace lunops::lua
