// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/unit/backend/draw.hpp"

// Convolutions by letters, for comparing backends.
namespace lunops::draw {

// Letters of x, y and k say which dims they have: y {dims}, with lines upper case.
struct Channels {
  const char *x, *y, *k;
  std::map<char, int64_t> extent, taps, x_extent;
  std::map<char, int64_t> centre;
};

inline const std::vector<Channels>& convolutions() {
  static const std::vector<Channels> cases = {
      {"X", "X", "X", {{'X', 1}}, {{'X', 1}}, {}, {}},
      {"X", "X", "X", {{'X', 7}}, {{'X', 4}}, {}, {}},
      {"X", "X", "X", {{'X', 5}}, {{'X', 12}}, {}, {}},
      {"X", "X", "X", {{'X', 5000}}, {{'X', 9}}, {}, {}},
      {"cX", "cX", "X", {{'c', 3}, {'X', 33}}, {{'X', 5}}, {}, {}},
      {"Xc", "Xc", "X", {{'c', 6}, {'X', 33}}, {{'X', 5}}, {}, {}},
      {"cYX", "cYX", "YX", {{'c', 2}, {'Y', 40}, {'X', 37}}, {{'Y', 3}, {'X', 6}}, {}, {}},
      {"aYX",
       "bYX",
       "baYX",
       {{'a', 3}, {'b', 2}, {'Y', 9}, {'X', 8}},
       {{'Y', 3}, {'X', 2}},
       {},
       {}},
      {"fX", "fX", "fX", {{'f', 4}, {'X', 21}}, {{'X', 3}}, {}, {}},
      {"faX", "Xfb", "Xabf", {{'f', 2}, {'a', 2}, {'b', 3}, {'X', 21}}, {{'X', 3}}, {}, {}},
      {"ZYX", "ZYX", "ZYX", {{'Z', 6}, {'Y', 5}, {'X', 7}}, {{'Z', 3}, {'Y', 2}, {'X', 3}}, {}, {}},
      {"YX",
       "YX",
       "YX",
       {{'Y', 6}, {'X', 9}},
       {{'Y', 3}, {'X', 4}},
       {{'Y', 8}, {'X', 3}},
       {{'Y', 2}, {'X', -3}}},
      {"X", "X", "X", {{'X', 4}}, {{'X', 3}}, {{'X', 5}}, {{'X', 40}}},
      {"cX", "cX", "X", {{'c', 0}, {'X', 4}}, {{'X', 3}}, {}, {}},
  };
  return cases;
}

// x, y and k of the extents and strides, of random numbers; the spec of their convolution, without
// values.
struct DrawnConvolution {
  Array x, y, k;
  ConvolutionSpec spec;
  bool is_legal = true;

  DrawnConvolution(const Channels& c,
                   Strides strides,
                   DType dtype,
                   DType kind,
                   bool is_circular,
                   std::mt19937_64& random)
      : x(array(extents(c.x, c.extent, c.x_extent), dtype, strides, random)),
        y(array(extents(c.y, c.extent, {}), dtype, strides, random)),
        k(array(extents(c.k, c.extent, c.taps), kind, strides, random)) {
    spec.dtype = dtype;
    spec.kernel_dtype = kind;
    spec.conjugate = is_circular;
    spec.is_circular = is_circular;
    for (const auto& [d, n] : c.extent) {
      const int64_t sx = stride(c.x, x, d), sy = stride(c.y, y, d), sk = stride(c.k, k, d);
      if (c.taps.count(d) != 0) {
        const int64_t taps = c.taps.at(d);
        const int64_t reach = c.x_extent.count(d) != 0 ? c.x_extent.at(d) : n;
        spec.lines.push_back(
            {n, reach, taps, c.centre.count(d) != 0 ? c.centre.at(d) : taps / 2, sx, sy, sk});
        is_legal = is_legal && !(is_circular && (taps > n || reach != n));
      } else if (std::string(c.y).find(d) == std::string::npos) {
        spec.summed.push_back({n, sx, 0, sk});
      } else {
        spec.kept.push_back({n, sx, sy, sk});
      }
    }
  }

 private:
  static std::vector<int64_t> extents(const std::string& dims,
                                      const std::map<char, int64_t>& sizes,
                                      const std::map<char, int64_t>& other) {
    std::vector<int64_t> e;
    for (const char d : dims) e.push_back(other.count(d) != 0 ? other.at(d) : sizes.at(d));
    return e;
  }
  static int64_t stride(const char* dims, const Array& a, char d) {
    const auto at = std::string(dims).find(d);
    return at == std::string::npos ? 0 : a.shape.stride[at];
  }
};

}  // namespace lunops::draw
