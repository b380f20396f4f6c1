// SPDX-License-Identifier: MIT
#include "tests/laws/laws.hpp"

namespace lunops::laws {
namespace {

FiniteDifferenceOptions along(const char* dim,
                              const char* kind,
                              const char* boundary,
                              double spacing = 1) {
  FiniteDifferenceOptions o;
  o.dim = dim;
  o.kind = kind;
  o.boundary = boundary;
  o.spacing = spacing;
  return o;
}

GradientOptions over(std::vector<std::string> dims,
                     const char* boundary,
                     std::vector<std::pair<std::string, double>> spacing = {}) {
  GradientOptions o;
  o.dims = std::move(dims);
  o.boundary = boundary;
  o.spacing = std::move(spacing);
  return o;
}

const bool finite_difference = add(
    "FiniteDifference",
    {
        {"forward, neumann", [](Draw&) { return FiniteDifference("x=7"); }, {}},
        {"backward, zero, kept dim",
         [](Draw&) { return FiniteDifference("y=3 x=6", along("y", "backward", "zero")); },
         {}},
        {"centred, circular, spacing",
         [](Draw&) { return FiniteDifference("x=6", along("x", "centred", "circular", 0.5)); },
         {}},
        {"centred, neumann, between kept dims",
         [](Draw&) {
           return FiniteDifference("t=2 y=5 x=3 -> t k x", along("y", "centred", "neumann"));
         },
         {}},
        {"backward, neumann",
         [](Draw&) { return FiniteDifference("x=5", along("x", "backward", "neumann")); },
         {}},
        {"forward, zero",
         [](Draw&) { return FiniteDifference("x -> x'", along("", "forward", "zero")); }, "x=4"},
        {"two samples, circular",
         [](Draw&) { return FiniteDifference("x=2", along("", "forward", "circular")); },
         {}},
        {"one sample", [](Draw&) { return FiniteDifference("x=1"); }, {}},
        {"no sample", [](Draw&) { return FiniteDifference("x=0"); }, {}},
    });

const bool gradient =
    add("Gradient",
        {
            {"two dims", [](Draw&) { return Gradient("y=4 x=5"); }, {}},
            {"three dims, circular, spacing",
             [](Draw&) {
               return Gradient("z=2 y=3 x=4", over({}, "circular", {{"z", 2.0}, {"x", 0.5}}));
             },
             {}},
            {"kept dim between, zero",
             [](Draw&) {
               return Gradient("y=3 t=2 x=4", over({"y", "x"}, "zero"));
             },
             {}},
            {"named", [](Draw&) { return Gradient("y=3 x=4 -> g v u", over({}, "neumann")); }, {}},
            {"extents from the input", [](Draw&) { return Gradient("x"); }, "x=6"},
            {"one sample", [](Draw&) { return Gradient("y=1 x=1"); }, {}},
            {"no sample", [](Draw&) { return Gradient("y=3 x=0"); }, {}},
        });

const bool laplacian = add(
    "Laplacian",
    {
        {"two dims", [](Draw&) { return Laplacian("y=4 x=5"); }, {}},
        {"three dims, circular, spacing",
         [](Draw&) {
           return Laplacian("z=2 y=3 x=4", over({}, "circular", {{"", 0.7}}));
         },
         {}},
        {"kept dim between, zero",
         [](Draw&) {
           return Laplacian("y=3 t=2 x=4", over({"y", "x"}, "zero"));
         },
         {}},
        {"other names", [](Draw&) { return Laplacian("y=3 x=4 -> v u", over({}, "neumann")); }, {}},
        {"one sample", [](Draw&) { return Laplacian("x=1"); }, {}},
        {"no sample", [](Draw&) { return Laplacian("x=0"); }, {}},
    });

}  // namespace
}  // namespace lunops::laws
