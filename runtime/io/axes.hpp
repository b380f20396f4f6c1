// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/core/shape.hpp"

namespace lunops::io {

inline constexpr int64_t kMaxCount = int64_t{1} << 53;  // elements of a Shape

// Throws Error{format} unless the product of the extents fits a Shape and `element_bytes` times it
// is at most `available`: "file says 4.1 TB, has 12 MB".  Nothing may be allocated before this.
void check_size(const std::string& path,
                const std::vector<int64_t>& extents,
                int64_t element_bytes,
                uint64_t available);

// The extents with the names of `dims`, unnamed if it is empty.  Extents that `dims` states are
// compared.  Throws Error{shape} showing both.
Shape named(const std::string& path, const std::vector<int64_t>& extents, const std::string& dims);

// The shape with the names of `dims`, for data that has names of its own: the same names in another
// order are Error{shape}, because naming axes does not permute them.
Shape named_as(const std::string& path, const Shape& shape, const std::string& dims);

// Dim i of the result is dim order[i] of `shape`.
Shape permuted(const Shape& shape, const std::vector<int>& order);

}  // namespace lunops::io
