// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/tensor/tensor.hpp"

namespace lunops::io {

// Options of `read` (solvers.md §8).  The format is found by content, never by extension.
struct ReadOptions {
  std::string dims;     // names of the axes in row-major order of the result; empty: from the file,
                        // else unnamed
  std::string as;       // "traj" for cfl; "lines" "grid" "spokes" for ISMRMRD; empty: by dims
  std::string name;     // dataset of a container
  bool squeeze = true;  // cfl: drop trailing and inner axes of extent 1
};
Tensor read(const std::string& path, const ReadOptions& options, Context& context);

struct Probe {
  std::string format;  // npy cfl ismrmrd hdf5 png
  std::string dtype;   // as the file says
  Shape shape;
  uint64_t bytes = 0;  // of the data
};
Probe probe(const std::string& path);  // without reading data

struct WriteOptions {
  std::optional<std::pair<double, double>>
      window;                // PNG: grey values between which the picture is scaled
  double percentile = 99.5;  // PNG, without window
  std::string part = "abs";  // abs phase real imag
  int depth = 8;             // 8 or 16
};
// By extension: .npy .cfl (with .hdr) .png.  Atomic: temporary file in the same folder, fsync,
// rename; a failure leaves the old file.
void write(const std::string& path, const Tensor& x, const WriteOptions& options, Context& context);
void write_text(const std::string& path, std::string_view text);  // atomic; for JSON reports

// Raw ISMRMRD acquisitions.
struct Ismrmrd {
  Tensor data;                 // "coil spoke sample" c64, or by `as`
  std::optional<Tensor> traj;  // "spoke sample d" f32, cycles, components z y x (zero z dropped)
  std::optional<Tensor> noise;
  std::optional<Tensor> weights;  // density column of the trajectory
  std::vector<std::pair<std::string, std::vector<int64_t>>> index;  // counters per readout
  std::vector<uint64_t> flags;
  std::string header_xml;
  std::array<int64_t, 3> encoded = {0, 0, 0}, recon = {0, 0, 0};  // matrix z y x
  std::string trajectory_units;  // what was decided: "normalized" or "cycles"
};
Ismrmrd read_ismrmrd(const std::string& path,
                     const std::string& as,
                     bool remove_oversampling,
                     Context& context);

// An 8-bit grey picture of the last two dims (others at 0), row-major, as `write` puts into a PNG.
struct Picture {
  int64_t rows = 0, columns = 0;
  std::vector<uint8_t> grey;
  double low = 0, high = 0;  // window used
};
Picture picture(const Tensor& x, const WriteOptions& options, Context& context);

}  // namespace lunops::io
