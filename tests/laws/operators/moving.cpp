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
                          {"to nothing",
                           [](Draw&) {
                             return Crop("x=4", to({{"x", 0}}));
                           },
                           {}},
                      });

}  // namespace
}  // namespace lunops::laws
