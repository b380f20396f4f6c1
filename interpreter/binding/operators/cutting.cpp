// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"

namespace lunops::lua {

namespace {

constexpr auto sampling = with_options(
    constructor(
        {.name = "Sampling",
         .summary = "Reads a grid at listed points.",
         .signature = "y x -> sample",
         .adjoint = "adds the samples to their points, in a fixed order",
         .normal = "Diagonal of how often each point is listed",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example = R"(local idx = lo.tensor({ 2, 2, 4 }, "sample", { dtype = "i32" })
local S = lo.Sampling{ { idx }, "x=4 -> sample" }
print(S(lo.arange "x=4"):sum())  --> 5+0i)"},
        [](Context&, const Given& given) {
          auto options = common<SamplingOptions>(given);
          options.base = 1;
          const Value& index = *given.operand(1);
          if (const auto* one = index.get<Tensor>()) return Sampling(*one, given.text(2), options);
          const auto* list = index.table();
          if (list == nullptr) {
            fail(Code::argument, "Sampling",
                 "operand 1 must be a tensor or a list of tensors, got {}", index.type());
          }
          std::vector<Tensor> tensors;
          for (const Value& v : list->list) {
            const auto* one = v.get<Tensor>();
            if (one == nullptr) {
              fail(Code::argument, "Sampling", "the indices of a dim must be a tensor, got {}",
                   v.type());
            }
            tensors.push_back(*one);
          }
          return Sampling(tensors, given.text(2), options);
        },
        operand(
            "index",
            Kind::any,
            "integers from 1 whose last dim has one entry for each grid dim, a list of tensors, "
            "one for each grid dim, or a bool mask over the grid, read row by row"),
        operand("text", Kind::text, "\"y x -> sample\"")),
    kExtent,
    kName,
    kBatch);

BlocksOptions blocks_options(const Given& given) {
  BlocksOptions options;
  common(given, options);
  options.block = given.extents("block");
  options.stride = given.extents("stride");
  options.mask = given.tensor("mask");
  options.tail = given.text("tail").value_or("drop");
  return options;
}
constexpr Field kBlock = option("block", Kind::table, "", "extents of a block by array dim");
constexpr Field kStride = option("stride", Kind::table, "", "steps between blocks by array dim");
constexpr Field kMask = option("mask", Kind::tensor, "", "bool, over a block: the entries to keep");
constexpr Field kTail =
    option("tail", Kind::text, "drop", "drop what no block covers, or pad with zeros");

constexpr auto array_to_blocks = with_options(
    constructor(
        {.name = "ArrayToBlocks",
         .summary = "Takes blocks out of an array; they may overlap.",
         .signature = "y x -> by bx ky kx",
         .adjoint = "BlocksToArray",
         .normal = "Diagonal of the number of blocks over each element",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example =
             R"(local B = lo.ArrayToBlocks{ "x=6 -> b k", block = { x = 3 }, stride = { x = 2 } }
print(B(lo.ones "x=6").shape)  --> b=2 k=3)"},
        [](Context&, const Given& given) {
          return ArrayToBlocks(given.text(1), blocks_options(given));
        },
        operand("text",
                Kind::text,
                "\"y x -> by bx ky kx\": counts, then offsets in the block; with a mask "
                "\"y x -> by bx k\"")),
    kBlock,
    kStride,
    kMask,
    kTail,
    kExtent,
    kName,
    kBatch);
constexpr auto blocks_to_array = with_options(
    constructor(
        {.name = "BlocksToArray",
         .summary = "Adds blocks up to an array, each at its place.",
         .signature = "by bx ky kx -> y x",
         .adjoint = "ArrayToBlocks",
         .normal = "the composition",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example =
             R"(local B = lo.BlocksToArray{ "b k -> x=6", block = { x = 3 }, stride = { x = 2 } }
print(B(lo.ones "b=2 k=3"):sum())  --> 6+0i)"},
        [](Context&, const Given& given) {
          return BlocksToArray(given.text(1), blocks_options(given));
        },
        operand("text", Kind::text, "\"by bx ky kx -> y x\", with the extents of the array")),
    kBlock,
    kStride,
    kMask,
    kTail,
    kExtent,
    kName,
    kBatch);

constexpr Record kRecords[] = {exported<sampling>(), exported<array_to_blocks>(),
                               exported<blocks_to_array>()};

}  // namespace

std::span<const Record> cutting_records() { return kRecords; }

}  // namespace lunops::lua
