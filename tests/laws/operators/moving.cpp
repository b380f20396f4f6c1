// SPDX-License-Identifier: MIT
#include "tests/laws/laws.hpp"

namespace lunops::laws {
namespace {

PadOptions to(std::vector<std::pair<std::string, int64_t>> extents, const char* at = "centre") {
  PadOptions o;
  o.to = std::move(extents);
  o.at = at;
  return o;
}

const bool pad = add("Pad",
                     {
                         {"centre",
                          [](Draw&) {
                            return Pad("y=3 x=4", to({{"y", 6}, {"x", 7}}));
                          },
                          {}},
                         {"start",
                          [](Draw&) {
                            return Pad("y=3 x=4", to({{"x", 9}}, "start"));
                          },
                          {}},
                         {"end",
                          [](Draw&) {
                            return Pad("x=4", to({{"x", 5}}, "end"));
                          },
                          {}},
                         {"nothing to do",
                          [](Draw&) {
                            return Pad("x=4", to({{"x", 4}}));
                          },
                          {}},
                         {"from nothing",
                          [](Draw&) {
                            return Pad("x=0", to({{"x", 4}}));
                          },
                          {}},
                         {"from one element",
                          [](Draw&) {
                            return Pad("x=1", to({{"x", 4}}));
                          },
                          {}},

                         {"named",
                          [](Draw&) {
                            return Pad("x=3 -> wide", to({{"wide", 8}}));
                          },
                          {}},
                     });

const bool crop = add("Crop",
                      {
                          {"centre",
                           [](Draw&) {
                             return Crop("y=6 x=7", to({{"y", 3}, {"x", 4}}));
                           },
                           {}},
                          {"end",
                           [](Draw&) {
                             return Crop("y=2 x=9", to({{"x", 4}}, "end"));
                           },
                           {}},
                          {"to one element",
                           [](Draw&) {
                             return Crop("x=4", to({{"x", 1}}));
                           },
                           {}},
                          {"to nothing",
                           [](Draw&) {
                             return Crop("x=4", to({{"x", 0}}));
                           },
                           {}},
                      });

// Indices from 0 below the extents, of which the last dim of the result has one entry each.
Tensor indices(Draw& d, std::string_view shape, const std::vector<int64_t>& below) {
  const Shape parsed = Shape::parse(shape);
  std::vector<c128> values;
  for (int64_t i = 0; i < parsed.count(); ++i) {
    const int64_t n = below[static_cast<size_t>(i) % below.size()];
    values.emplace_back(static_cast<double>(d.below(n)));
  }
  return from_values(parsed, DType::i64, values, d.context());
}

Tensor mask(Draw& d, std::string_view shape, const std::vector<c128>& values) {
  return from_values(Shape::parse(shape), DType::boolean, values, d.context());
}

const bool sampling = add(
    "Sampling",
    {
        {"plane, repeated points",
         [](Draw& d) {
           return Sampling(indices(d, "sample=30 d=2", {4, 5}), "y=4 x=5 -> sample");
         },
         {}},
        {"one point on a grid of one",
         [](Draw& d) { return Sampling(indices(d, "s=1 d=1", {1}), "x=1 -> s"); },
         {}},
        {"spokes, unnamed indices",
         [](Draw& d) {
           return Sampling(indices(d, "a=3 b=4 d=1", {6}).unname(), "x=6 -> spoke sample");
         },
         "x=6"},
        {"kept frames with points of their own",
         [](Draw& d) {
           return Sampling(indices(d, "frame=3 s=5 d=2", {3, 4}), "frame y=3 x=4 -> frame s");
         },
         {}},
        {"kept dims in another order, one of them without points of its own",
         [](Draw& d) {
           return Sampling(indices(d, "s=5 frame=2 d=2", {3, 4}), "c=2 y=3 frame x=4 -> s frame c");
         },
         {}},
        {"one tensor for each dim",
         [](Draw& d) {
           return Sampling(std::vector<Tensor>{indices(d, "s=7", {4}), indices(d, "s=7", {3})},
                           "y=4 x=3 -> s");
         },
         {}},
        {"mask",
         [](Draw& d) {
           return Sampling(mask(d, "y=2 x=3", {1, 0, 1, 0, 1, 1}), "y x -> sample");
         },
         {}},
        {"mask by frame",
         [](Draw& d) {
           return Sampling(mask(d, "x=3 frame=2", {1, 0, 0, 1, 1, 1}), "frame x -> frame s");
         },
         {}},
        {"no points", [](Draw& d) { return Sampling(indices(d, "s=0 d=1", {1}), "x=3 -> s"); }, {}},
    });

BlocksOptions blocks(std::vector<std::pair<std::string, int64_t>> block,
                     std::vector<std::pair<std::string, int64_t>> stride,
                     const char* tail = "drop") {
  BlocksOptions o;
  o.block = std::move(block);
  o.stride = std::move(stride);
  o.tail = tail;
  return o;
}

BlocksOptions masked(Tensor mask, std::vector<std::pair<std::string, int64_t>> stride) {
  BlocksOptions o = blocks({}, std::move(stride));
  o.mask = std::move(mask);
  return o;
}

const bool array_to_blocks = add(
    "ArrayToBlocks",
    {
        {"overlapping",
         [](Draw&) {
           return ArrayToBlocks("x=11 -> b k", blocks({{"x", 3}}, {{"x", 2}}));
         },
         {}},
        {"gaps",
         [](Draw&) {
           return ArrayToBlocks("x=11 -> b k", blocks({{"x", 2}}, {{"x", 4}}));
         },
         {}},
        {"blocks of one",
         [](Draw&) {
           return ArrayToBlocks("x=1 -> b k", blocks({{"x", 1}}, {{"x", 1}}));
         },
         {}},
        {"of nothing",
         [](Draw&) {
           return ArrayToBlocks("c=0 x=5 -> c b k", blocks({{"x", 2}}, {{"x", 1}}));
         },
         {}},
        {"plane, a kept dim in between",
         [](Draw&) {
           return ArrayToBlocks("y=5 c=2 x=6 -> by bx ky c kx",
                                blocks({{"y", 2}, {"x", 3}}, {{"y", 1}, {"x", 2}}));
         },
         {}},
        {"volume",
         [](Draw&) {
           return ArrayToBlocks(
               "z=3 y=4 x=5 -> bz by bx kz ky kx",
               blocks({{"z", 2}, {"y", 3}, {"x", 2}}, {{"z", 1}, {"y", 1}, {"x", 3}}));
         },
         {}},
        {"padded",
         [](Draw&) {
           return ArrayToBlocks("y=5 x=6 -> by bx ky kx",
                                blocks({{"y", 3}, {"x", 4}}, {{"y", 2}, {"x", 3}}, "pad"));
         },
         {}},
        {"mask",
         [](Draw& d) {
           return ArrayToBlocks("y=4 x=5 -> by bx k", masked(mask(d, "x=3 y=2", {1, 0, 0, 1, 1, 1}),
                                                             {{"y", 1}, {"x", 1}}));
         },
         {}},
    });

const bool blocks_to_array =
    add("BlocksToArray",
        {
            {"overlapping",
             [](Draw&) {
               return BlocksToArray("by bx ky kx -> y=5 x=6",
                                    blocks({{"y", 3}, {"x", 2}}, {{"y", 2}, {"x", 1}}));
             },
             {}},
            {"one element",
             [](Draw&) {
               return BlocksToArray("b k -> x=1", blocks({{"x", 1}}, {{"x", 1}}));
             },
             {}},
            {"of nothing",
             [](Draw&) {
               return BlocksToArray("c b k -> c=0 x=5", blocks({{"x", 2}}, {{"x", 1}}));
             },
             {}},
            {"padded",
             [](Draw&) {
               return BlocksToArray("b k -> x=7", blocks({{"x", 3}}, {{"x", 3}}, "pad"));
             },
             {}},
        });

}  // namespace
}  // namespace lunops::laws
