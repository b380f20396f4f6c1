// SPDX-License-Identifier: MIT
#include "runtime/io/axes.hpp"

#include <algorithm>

#include <fmt/ranges.h>

#include "runtime/io/input.hpp"

namespace lunops::io {

void check_size(const std::string& path,
                const std::vector<int64_t>& extents,
                int64_t element_bytes,
                uint64_t available) {
  Wide count = 1;
  Wide nonzero = 1;  // a Shape limits the product also where another extent is 0
  for (const int64_t extent : extents) {
    count *= static_cast<Wide>(extent);
    nonzero *= static_cast<Wide>(std::max<int64_t>(extent, 1));
    // Checked at each step: factors are below 2^53, so the product never leaves 128 bits.
    if (nonzero >= static_cast<Wide>(kMaxCount)) {
      fail(Code::format, "read", "{}: file says {} elements, which is above 2^53, has {}", path,
           fmt::join(extents, " x "), bytes_text(available));
    }
  }
  const Wide bytes = count * static_cast<Wide>(element_bytes);
  if (bytes > available) {
    fail(Code::format, "read", "{}: file says {}, has {}; it is cut off or not what it seems", path,
         bytes_text(bytes), bytes_text(available));
  }
}

Shape named(const std::string& path, const std::vector<int64_t>& extents, const std::string& dims) {
  if (dims.empty()) return Shape::unnamed(extents);
  const Shape asked = Shape::parse(dims);
  const auto rank = static_cast<size_t>(asked.ndim());
  if (rank != extents.size()) {
    fail(Code::shape, "read", "{}: dims \"{}\" names {} axes, the file has {}: {}", path, dims,
         rank, extents.size(), fmt::join(extents, " "));
  }
  for (size_t i = 0; i < rank; ++i) {
    const int64_t extent = asked.extents()[i];
    if (extent != kUnknown && extent != extents[i]) {
      fail(Code::shape, "read", "{}: dims says {}={}, the file has {} there: {}", path,
           asked.dims()[i].text(), extent, extents[i], fmt::join(extents, " "));
    }
  }
  return Shape(asked.dims(), extents);
}

Shape named_as(const std::string& path, const Shape& shape, const std::string& dims) {
  const Shape result = named(path, shape.extents(), dims);
  for (int i = 0; i < result.ndim(); ++i) {
    const int place = shape.find(result.dim(i));
    if (place >= 0 && place != i) {
      fail(Code::shape, "read",
           "{}: dims \"{}\" names the axes of {} in another order; read \"{}\" and permute", path,
           dims, shape.braced(), shape.names());
    }
  }
  return result;
}

Shape permuted(const Shape& shape, const std::vector<int>& order) {
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  for (const int i : order) {
    dims.push_back(shape.dim(i));
    extents.push_back(shape.extent(i));
  }
  return Shape(std::move(dims), std::move(extents));
}

}  // namespace lunops::io
