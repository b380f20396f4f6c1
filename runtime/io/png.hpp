// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/core/error.hpp"
#include "runtime/io/io.hpp"

namespace lunops::io {

// A picture before it is cut into grey levels: 0 is black, 1 is white.
struct Grey {
  int64_t rows = 0, columns = 0;
  std::vector<float> level;  // NaN stays NaN
  double low = 0, high = 0;
  int64_t nans = 0;
};
Grey grey(const Tensor& x, const WriteOptions& options, Context& context);

void write_png(const std::string& path,
               const Tensor& x,
               const WriteOptions& options,
               Context& context);

}  // namespace lunops::io
