// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"

namespace lunops::lua {

namespace {

constexpr Field kBoundary = option(
    "boundary", Kind::text, "neumann", "beyond the ends: neumann (repeated), zero, circular");
constexpr Field kDims = option("dims", Kind::dims, "all", "dims of a one-sided string");
constexpr Field kSpacing =
    option("spacing", Kind::number_table, "1", "distance of samples, for all dims or by dim");

constexpr auto finite_difference =
    with_options(constructor(
                     {.name = "FiniteDifference",
                      .summary = "Differences of neighbours along one dim, which gets a prime.",
                      .adjoint = "the exact transpose, boundaries included",
                      .normal = "the composition",
                      .returns = "an operator",
                      .raises = {Code::shape, Code::argument},
                      .example = R"(local x = lo.tensor({ 1, 4, 9 }, "x", { dtype = "f32" })
print(lo.FiniteDifference "x"(x){ x = 2 }:item())  --> 5.0)"},
                     [](Context&, const Given& given) {
                       auto options = common<FiniteDifferenceOptions>(given);
                       options.dim = given.text("dim").value_or("");
                       options.kind = given.text("kind").value_or("forward");
                       options.boundary = given.text("boundary").value_or("neumann");
                       options.spacing = given.number("spacing").value_or(1.0);
                       return FiniteDifference(given.text(1), options);
                     },
                     operand("text", Kind::text, "\"y x\" with dim = …, or \"y x -> y x'\"")),
                 option("dim", Kind::text, "the only one", "along which it goes"),
                 option("kind", Kind::text, "forward", "forward, backward or centred"),
                 kBoundary,
                 option("spacing", Kind::number, "1", "distance of two samples"),
                 kExtent,
                 kName,
                 kBatch);

GradientOptions gradient_options(const Given& given) {
  auto options = common<GradientOptions>(given);
  options.dims = given.dims("dims");
  options.boundary = given.text("boundary").value_or("neumann");
  options.spacing = given.numbers("spacing");
  return options;
}

constexpr auto gradient = with_options(
    constructor(
        {.name = "Gradient",
         .summary = "Forward differences along several dims, stacked along a new leading dim.",
         .adjoint = "minus the divergence",
         .normal = "minus the Laplacian with the same options, in one pass",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Gradient{ \"y x\" }(lo.ones \"y=2 x=3\").shape)  --> grad=2 y=2 x=3"},
        [](Context&, const Given& given) {
          return Gradient(given.text(1), gradient_options(given));
        },
        operand("text", Kind::text, "\"y x\", or \"y x -> grad y' x'\"")),
    kDims,
    kBoundary,
    kSpacing,
    kExtent,
    kName,
    kBatch);

constexpr auto laplacian =
    with_options(constructor(
                     {.name = "Laplacian",
                      .summary = "The sum of second differences along several dims, in one pass.",
                      .adjoint = "itself",
                      .normal = "the composition",
                      .returns = "an operator",
                      .raises = {Code::shape, Code::argument},
                      .example = R"(local x = lo.tensor({ 1, 4, 9 }, "x", { dtype = "f32" })
print(lo.Laplacian "x"(x){ x = 3 }:item())  --> -5.0)"},
                     [](Context&, const Given& given) {
                       return Laplacian(given.text(1), gradient_options(given));
                     },
                     operand("text", Kind::text, "\"y x\", or \"y x -> y' x'\"")),
                 kDims,
                 kBoundary,
                 kSpacing,
                 kExtent,
                 kName,
                 kBatch);

constexpr Record kRecords[] = {exported<finite_difference>(), exported<gradient>(),
                               exported<laplacian>()};

}  // namespace

std::span<const Record> difference_records() { return kRecords; }

}  // namespace lunops::lua
