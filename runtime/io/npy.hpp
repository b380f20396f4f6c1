// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/core/dtype.hpp"
#include "runtime/io/input.hpp"
#include "runtime/io/io.hpp"

namespace lunops::io {

inline constexpr std::string_view kNpyMagic = "\x93NUMPY";

// What the header of an .npy file says.  Source: numpy.lib.format, versions 1.0 to 3.0.
struct NpyHeader {
  std::string descr;          // as written: "<c8"
  DType dtype = DType::c64;   // of the tensor; u2 widens to i32
  int part_bytes = 4;         // bytes of one number; a complex element has two
  int64_t element_bytes = 8;  // in the file
  bool swap = false;          // the other byte order
  bool widen = false;         // u2
  bool is_fortran = false;
  std::vector<int64_t> extents;
  uint64_t data_offset = 0;
};

// Parses without evaluating anything; throws Error{format} with the offset.
NpyHeader read_npy_header(const Input& file);

// Fortran order gives a view whose first dim has stride 1: no copy.
Tensor read_npy(const Input& file, const ReadOptions& options, Context& context);
std::string npy_header(const std::vector<int64_t>& extents, DType dtype);  // version 1
void write_npy(const std::string& path, const Tensor& x, Context& context);

}  // namespace lunops::io
