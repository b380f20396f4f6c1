// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"

namespace lunops::lua {

namespace {

std::vector<Linop> linops(const Given& given) {
  std::vector<Linop> all;
  for (int i = 1; i <= given.operands(); ++i) {
    const auto* a = given.operand(i)->get<Linop>();
    if (a == nullptr)
      fail(Code::argument, given.operation(), "operand {} must be an operator, got {}", i,
           given.operand(i)->type());
    all.push_back(*a);
  }
  return all;
}

constexpr auto chain = with_options(
    constructor(
        {.name = "Chain",
         .summary = "Composition: Chain{A, B, C} applies C first; usually written A * B * C.",
         .signature = "n -> m",
         .adjoint = "the adjoints, in the opposite order",
         .normal = "from the left inward: B.normal(A.normal()) for A * B",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "local I = lo.Identity \"x\"\nprint(lo.Chain{ 2*I, 3*I }(lo.ones "
                    "\"x=1\"):item())  --> 6+0i"},
        [](Context&, const Given& given) { return Chain(linops(given), common(given)); },
        operand("A", Kind::linop, "the first of the factors")),
    kExtent,
    kName,
    kBatch);
constexpr auto add = with_options(
    constructor(
        {.name = "Add",
         .summary = "The sum of operators, accumulated in the order given; usually A + B.",
         .signature = "n -> m",
         .adjoint = "the sum of the adjoints",
         .normal = "A.H * A, two applications per term",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "local I = lo.Identity \"x\"\nprint(lo.Add{ 2*I, 3*I }.N(lo.ones "
                    "\"x=1\"):item())  --> 25+0i"},
        [](Context&, const Given& given) { return Add(linops(given), common(given)); },
        operand("A", Kind::linop, "the first of the terms")),
    kExtent,
    kName,
    kBatch);

constexpr Record kRecords[] = {exported<chain>(), exported<add>()};

}  // namespace

std::span<const Record> container_records() { return kRecords; }

}  // namespace lunops::lua
