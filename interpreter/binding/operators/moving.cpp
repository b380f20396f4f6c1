// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"
#include "runtime/core/error.hpp"

namespace lunops::lua {

namespace {

PadOptions pad_options(const Given& given) {
  PadOptions options;
  common(given, options);
  options.to = given.extents("to");
  options.scale = given.number("scale");
  options.at = given.text("at").value_or("centre");
  return options;
}
constexpr Field kTo = option("to", Kind::table, "", "new extents by dim");
constexpr Field kScale = option("scale", Kind::number, "", "new extents as multiples of the old");
constexpr Field kAt = option("at", Kind::text, "centre", "centre, start or end");

constexpr auto pad = with_options(
    constructor(
        {.name = "Pad",
         .summary = "Surrounds with zeros.",
         .signature = "y x -> y' x'",
         .adjoint = "Crop",
         .normal = "the identity",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Pad{ \"x -> x'\", to = { x = 6 } }(lo.ones \"x=4\").shape)  --> x=6"},
        [](Context&, const Given& given) { return Pad(given.text(1), pad_options(given)); },
        operand("text", Kind::text, "the dims that grow are primed on the output")),
    kTo,
    kScale,
    kAt,
    kExtent,
    kName,
    kBatch);
constexpr auto crop = with_options(
    constructor(
        {.name = "Crop",
         .summary = "Cuts out a part.",
         .signature = "y x -> y' x'",
         .adjoint = "Pad",
         .normal = "Diagonal of zeros and ones",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example =
             "print(lo.Crop{ \"x -> x'\", to = { x = 2 } }(lo.ones \"x=4\").shape)  --> x=2"},
        [](Context&, const Given& given) { return Crop(given.text(1), pad_options(given)); },
        operand("text", Kind::text, "the dims that shrink are primed on the output")),
    kTo,
    kScale,
    kAt,
    kExtent,
    kName,
    kBatch);

constexpr auto pad_dim = with_options(
    constructor(
        {.name = "PadDim",
         .summary = "Appends zeros: Pad with at = \"start\".",
         .signature = "y x -> y' x'",
         .adjoint = "Truncate",
         .normal = "the identity",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local x = lo.tensor({ 5, 6 }, "x", { dtype = "f32" })
print(table.concat(lo.PadDim{ "x", to = { x = 3 } }(x):totable(), " "))  --> 5.0 6.0 0.0)",
         .see = {"Pad", "Truncate"}},
        [](Context&, const Given& given) { return PadDim(given.text(1), pad_options(given)); },
        operand("text", Kind::text, "the dims in 'to' are primed on the output")),
    kTo,
    kScale,
    kExtent,
    kName,
    kBatch);
constexpr auto truncate = with_options(
    constructor(
        {.name = "Truncate",
         .summary = "Keeps the first elements: Crop with at = \"start\".",
         .signature = "y x -> y' x'",
         .adjoint = "PadDim",
         .normal = "Diagonal of zeros and ones",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local x = lo.tensor({ 5, 6, 7 }, "x", { dtype = "f32" })
print(table.concat(lo.Truncate{ "x", to = { x = 2 } }(x):totable(), " "))  --> 5.0 6.0)",
         .see = {"Crop", "PadDim"}},
        [](Context&, const Given& given) { return Truncate(given.text(1), pad_options(given)); },
        operand("text", Kind::text, "the dims in 'to' are primed on the output")),
    kTo,
    kScale,
    kExtent,
    kName,
    kBatch);

constexpr auto rename = with_options(
    constructor(
        {.name = "Rename",
         .summary = "Gives the dims other names, by position; no data move.",
         .signature = "y x -> ky kx",
         .adjoint = "the names exchanged back",
         .normal = "the identity",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Rename \"n -> m\"(lo.ones \"n=2\").shape)  --> m=2",
         .see = {"Permute"}},
        [](Context&, const Given& given) { return Rename(given.text(1), common(given)); },
        operand("text", Kind::text, "equal rank on both sides")),
    kExtent,
    kName,
    kBatch);
constexpr auto permute = with_options(
    constructor(
        {.name = "Permute",
         .summary = "Puts the dims in another order.",
         .signature = "coil y x -> y x coil",
         .adjoint = "the inverse order",
         .normal = "the identity",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local x = lo.tensor({ { 1, 2, 3 }, { 4, 5, 6 } }, "a b")
print(lo.Permute "a b -> b a"(x).shape)  --> b=3 a=2)",
         .see = {"Rearrange", "Rename"}},
        [](Context&, const Given& given) { return Permute(given.text(1), common(given)); },
        operand("text", Kind::text, "the same dims on both sides")),
    kExtent,
    kName,
    kBatch);
constexpr auto rearrange = with_options(
    constructor(
        {.name = "Rearrange",
         .summary = "Splits, permutes and merges dims by a pattern.",
         .signature = "y -> by yo",
         .adjoint = "the pattern reversed",
         .normal = "the identity",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument, Code::limit},
         .example = R"(local A = lo.Rearrange{ "(a b) c -> a b c", extent = { a = 2, b = 3 } }
print(A(lo.ones "a_b=6 c=1").shape)  --> a=2 b=3 c=1)",
         .see = {"Permute", "rearrange"}},
        [](Context&, const Given& given) { return Rearrange(given.text(1), common(given)); },
        operand("text", Kind::text, "a rearrange pattern")),
    kExtent,
    kName,
    kBatch);
constexpr auto sum_reduce = with_options(
    constructor(
        {.name = "SumReduce",
         .summary = "Sums over the dims that the output lacks.",
         .signature = "a b -> a",
         .adjoint = "Repeat",
         .normal = "every element becomes the sum over those dims",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.SumReduce \"a b -> a\"(lo.ones \"a=2 b=3\"):sum())  --> 6+0i",
         .see = {"Repeat", "Dense"}},
        [](Context&, const Given& given) { return SumReduce(given.text(1), common(given)); },
        operand("text", Kind::text, "\"a b -> a\"")),
    kExtent,
    kName,
    kBatch);
constexpr auto repeat = with_options(
    constructor(
        {.name = "Repeat",
         .summary = "Copies along new dims; a view where the next operator takes one.",
         .signature = "a -> a b",
         .adjoint = "SumReduce",
         .normal = "the number of copies times the identity",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local A = lo.Repeat{ "a -> a b", extent = { b = 3 } }
print(A(lo.ones "a=2").shape)  --> a=2 b=3)",
         .see = {"SumReduce"}},
        [](Context&, const Given& given) { return Repeat(given.text(1), common(given)); },
        operand("text", Kind::text, "\"a -> a b\"; new dims need extents")),
    kExtent,
    kName,
    kBatch);

SliceRange range_of(const Given& given, const std::string& dim, const Value& value) {
  if (const auto index = integer_of(value)) return {*index, *index, 1, true};
  const Table* list = value.table();
  const bool is_list =
      list != nullptr && list->fields.empty() && (list->list.size() == 2 || list->list.size() == 3);
  SliceRange range;
  for (size_t i = 0; is_list && i < list->list.size(); ++i) {
    const auto number = integer_of(list->list[i]);
    if (!number) break;
    (i == 0 ? range.first : i == 1 ? range.last : range.step) = *number;
    if (i + 1 == list->list.size()) return range;
  }
  fail(Code::argument, given.operation(),
       "range of '{}' must be {{first, last}}, {{first, last, step}} or a number, in whole numbers",
       dim);
}

SliceOptions slice_options(const Given& given) {
  SliceOptions options;
  common(given, options);
  const Value* value = given.option("range");
  if (value == nullptr || value->table() == nullptr) return options;
  for (const auto& [dim, item] : value->table()->fields) {
    options.range.emplace_back(dim, range_of(given, dim, item));
  }
  return options;
}
constexpr Field kRange = option(
    "range", Kind::table, "", "by dim: {first, last}, {first, last, step}, or a number to drop it");

constexpr auto slice = with_options(
    constructor(
        {.name = "Slice",
         .summary = "Takes ranges of dims, every step-th element, or one element.",
         .signature = "coil y x -> y' x'",
         .adjoint = "Embed",
         .normal = "Diagonal of zeros and ones",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example =
             R"(local x = lo.tensor({ 5, 6, 7, 8 }, "x", { dtype = "f32" })
print(table.concat(lo.Slice{ "x", range = { x = { 2, 3 } } }(x):totable(), " "))  --> 6.0 7.0)",
         .see = {"Embed", "Crop"}},
        [](Context&, const Given& given) { return Slice(given.text(1), slice_options(given)); },
        operand("text", Kind::text, "dims with a range are primed on the output")),
    kRange,
    kExtent,
    kName,
    kBatch);
constexpr auto embed = with_options(
    constructor(
        {.name = "Embed",
         .summary = "Writes into ranges of dims of zeros: the adjoint of Slice.",
         .signature = "y x -> y' x'",
         .adjoint = "Slice",
         .normal = "the identity",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local A = lo.Embed{ "x", range = { x = { 2, 3 } }, extent = { x = 4 } }
local x = lo.tensor({ 6, 7 }, "x", { dtype = "f32" })
print(table.concat(A(x):totable(), " "))  --> 0.0 6.0 7.0 0.0)",
         .see = {"Slice", "Pad"}},
        [](Context&, const Given& given) { return Embed(given.text(1), slice_options(given)); },
        operand("text", Kind::text, "the dims of the larger side")),
    kRange,
    kExtent,
    kName,
    kBatch);

constexpr auto flip =
    with_options(constructor(
                     {.name = "Flip",
                      .summary = "Reverses the order of elements along dims.",
                      .signature = "y x -> y x'",
                      .adjoint = "itself, sides exchanged",
                      .normal = "the identity",
                      .returns = "an operator",
                      .raises = {Code::shape, Code::argument},
                      .example = R"(local x = lo.tensor({ 1, 2, 3 }, "x", { dtype = "f32" })
print(table.concat(lo.Flip{ "x", dims = "x" }(x):totable(), " "))  --> 3.0 2.0 1.0)",
                      .see = {"Roll"}},
                     [](Context&, const Given& given) {
                       FlipOptions options;
                       common(given, options);
                       options.dims = given.dims("dims");
                       return Flip(given.text(1), options);
                     },
                     operand("text", Kind::text, "flipped dims are primed on the output")),
                 option("dims", Kind::dims, "", "the dims to flip"),
                 kExtent,
                 kName,
                 kBatch);
constexpr auto roll =
    with_options(constructor(
                     {.name = "Roll",
                      .summary = "Shifts along dims; what leaves at the end comes in at the start.",
                      .signature = "y x -> y x'",
                      .adjoint = "the opposite shift",
                      .normal = "the identity",
                      .returns = "an operator",
                      .raises = {Code::shape, Code::argument, Code::limit},
                      .example = R"(local x = lo.tensor({ 1, 2, 3, 4 }, "x", { dtype = "f32" })
print(table.concat(lo.Roll{ "x", shift = { x = 1 } }(x):totable(), " "))  --> 4.0 1.0 2.0 3.0)",
                      .see = {"Flip"}},
                     [](Context&, const Given& given) {
                       RollOptions options;
                       common(given, options);
                       for (const auto& [dim, shift] : given.numbers("shift")) {
                         const auto whole = integer_of(Value(shift));
                         if (!whole) {
                           fail(Code::argument, given.operation(),
                                "shift of '{}' is {}; give a whole number", dim, shift);
                         }
                         options.shift.emplace_back(dim, *whole);
                       }
                       return Roll(given.text(1), options);
                     },
                     operand("text", Kind::text, "rolled dims are primed on the output")),
                 option("shift", Kind::table, "", "by dim: how far, in elements; any whole number"),
                 kExtent,
                 kName,
                 kBatch);

constexpr Record kRecords[] = {exported<pad>(),       exported<crop>(),       exported<pad_dim>(),
                               exported<truncate>(),  exported<rename>(),     exported<permute>(),
                               exported<rearrange>(), exported<sum_reduce>(), exported<repeat>(),
                               exported<slice>(),     exported<embed>(),      exported<flip>(),
                               exported<roll>()};

}  // namespace

std::span<const Record> moving_records() { return kRecords; }

}  // namespace lunops::lua
