// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"

namespace lunops::lua {

namespace {

constexpr auto identity = with_options(
    constructor(
        {.name = "Identity",
         .summary = "The operator that returns its input.",
         .signature = "y x",
         .adjoint = "itself",
         .normal = "itself",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Identity \"x\"(lo.ones \"x=3\"):sum())  --> 3+0i"},
        [](Context&, const Given& given) { return Identity(given.text(1, "..."), common(given)); },
        optional_operand("text", Kind::text, "dims; default any")),
    kExtent,
    kName,
    kBatch);

constexpr auto zero = with_options(
    constructor(
        {.name = "Zero",
         .summary = "The operator whose result is zero.",
         .adjoint = "Zero with the sides exchanged",
         .normal = "Zero on the input",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example =
             "print(lo.Zero{ \"n -> m\", extent = { m = 2 } }(lo.ones \"n=3\").shape)  --> m=2"},
        [](Context&, const Given& given) { return Zero(given.text(1), common(given)); },
        operand("text", Kind::text, "\"n -> m k\"")),
    kExtent,
    kName,
    kBatch);

constexpr auto scalar = with_options(
    constructor(
        {.name = "Scalar",
         .summary = "Multiplies by a number; usually written s * A.",
         .signature = "...",
         .adjoint = "the conjugate number",
         .normal = "the squared modulus",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Scalar{ lo.complex(2, 3) }.H(lo.ones \"x=1\"):item())  --> 2-3i"},
        [](Context&, const Given& given) {
          return Scalar(*scalar_of(*given.operand(1)), given.text(2, "..."), common(given));
        },
        operand("s", Kind::scalar, "the number"),
        optional_operand("text", Kind::text, "dims; default any")),
    kExtent,
    kName,
    kBatch);

constexpr auto diagonal = with_options(
    constructor(
        {.name = "Diagonal",
         .summary = "Multiplies element by element with a weight, broadcast over dims it lacks.",
         .signature = "coil y x",
         .adjoint = "the conjugate weight",
         .normal = "Diagonal of |weight|^2",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example = R"(local w = lo.tensor({ 4, 9 }, "x", { dtype = "f32" })
print((lo.Diagonal{ w } ^ 0.5)(lo.ones("x=2", { dtype = "f32" })):sum())  --> 5.0)"},
        [](Context&, const Given& given) {
          const auto text = given.optional_text(2);
          return Diagonal(given.tensor(1), view(text), common(given));
        },
        operand("weight", Kind::tensor, "some of the dims, addressed by name"),
        optional_operand("text", Kind::text, "all dims; default the weight's")),
    kExtent,
    kName,
    kBatch);

constexpr auto dense = with_options(
    constructor(
        {.name = "Dense",
         .summary = "Multiplies with a weight and sums over the dims that the output lacks.",
         .adjoint = "the conjugate weight, summed over the dims that the input lacks",
         .normal = "one Dense or Diagonal with the Gram weights, or the pair, by cost",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example =
             R"(local W = lo.tensor({ { 1, 2 }, { 3, 4 }, { 5, 6 } }, "m n", { dtype = "f32" })
print(lo.Dense{ W, "m n, n -> m" }(lo.ones("n=2", { dtype = "f32" })):sum())  --> 21.0)"},
        [](Context&, const Given& given) {
          const auto text = given.optional_text(2);
          return Dense(given.tensor(1), view(text), common(given));
        },
        operand("weight", Kind::tensor, "its dims are addressed by name"),
        optional_operand("text", Kind::text, "\"y x -> coil y x\" or \"m n, n -> m\"")),
    kExtent,
    kName,
    kBatch);

constexpr Record kRecords[] = {exported<identity>(), exported<zero>(), exported<scalar>(),
                               exported<diagonal>(), exported<dense>()};

}  // namespace

std::span<const Record> elementary_records() { return kRecords; }

}  // namespace lunops::lua
