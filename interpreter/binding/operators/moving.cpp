// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"

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

constexpr Record kRecords[] = {exported<pad>(), exported<crop>()};

}  // namespace

std::span<const Record> moving_records() { return kRecords; }

}  // namespace lunops::lua
