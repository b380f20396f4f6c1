// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/io/io.hpp"

namespace lunops::io {

// BART's names of the 16 axes of a cfl file, fastest first.
inline constexpr std::array<std::string_view, 16> kCflAxes = {
    "x",    "y",      "z",    "coil",  "map",   "te",    "coef", "coef2",
    "iter", "cshift", "time", "time2", "level", "slice", "avg",  "batch"};

// The two files of one array: PREFIX.hdr (text: extents) and PREFIX.cfl (complex64, column-major).
struct CflPaths {
  std::string header, data;
};

// The pair that `path` names: with .cfl, .hdr or without; none if its header does not exist.
std::optional<CflPaths> find_cfl(const std::string& path);

// The 16 extents, fastest first.  Throws Error{format}.
std::vector<int64_t> read_cfl_header(const std::string& path);

// Axes kept of a header, fastest first, and their names.
struct CflAxes {
  std::vector<int> axes;
  std::vector<Dim> dims;
};

// Chooses which axes of extent 1 stay.  Without `dims` none does; with it as many as the names
// require.  A name that is also the name of a BART axis pulls towards that axis; if several places
// are left that give different shapes, Error{shape} shows the header.  `first_name`, if not empty,
// replaces the name of axis 0.
CflAxes choose_cfl_axes(const std::string& path,
                        const std::vector<int64_t>& header,
                        const ReadOptions& options,
                        std::string_view first_name = {});

// Whether a file of this name and header is read as a trajectory under `options.as`.
bool is_cfl_trajectory(const CflPaths& paths,
                       const std::vector<int64_t>& header,
                       const ReadOptions& options);

// What a pair holds under `options`, without its data being read.
struct CflLayout {
  Shape shape;
  uint64_t bytes = 0;          // of the data file
  bool is_trajectory = false;  // then the last dim has the components x y z
};

// `available`: the length of the data file.  Throws Error{format} if it is not what the header
// says.
CflLayout cfl_layout(const CflPaths& paths, const ReadOptions& options, uint64_t available);

Tensor read_cfl(const CflPaths& paths, const ReadOptions& options, Context& context);

// Dims named like a BART axis go there, kx ky kz to x y z, sample to x, spoke to y; unnamed dims
// fill x, y, z … from the last one on; others need WriteOptions::axes.  `path` ends in .cfl.
void write_cfl(const std::string& path,
               const Tensor& x,
               const WriteOptions& options,
               Context& context);

}  // namespace lunops::io
