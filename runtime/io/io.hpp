// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/tensor/tensor.hpp"

namespace lunops::io {

// Options of `read` (solvers.md §8).  The format is found by content, never by extension.
//
// dims     names of the axes in row-major order of the result; empty: from the file, else unnamed
// as       cfl: "traj" or "data"; empty: by the file's name.  ISMRMRD: "lines", "grid", "spokes" or
//          "traj"; empty: by dims ("spoke": spokes, "ky": grid, "d" without "coil": traj, else
//          lines)
// name     ISMRMRD: the group; empty: "dataset"
// squeeze  cfl: drop trailing and inner axes of extent 1
struct ReadOptions {
  std::string dims = {};
  std::string as = {};
  std::string name = {};
  bool squeeze = true;
};
Tensor read(const std::string& path, const ReadOptions& options, Context& context);

struct Probe {
  std::string format;  // npy cfl ismrmrd
  std::string dtype;   // as the file says
  Shape shape;         // that of `read` without options, but for a trajectory's zero component
  uint64_t bytes = 0;  // of the data
};
Probe probe(const std::string& path);  // without reading data

// window      PNG: the values drawn black and white; absent: see picture()
// percentile  PNG, without window
// part        PNG: abs phase real imag
// depth       PNG: 8 or 16
// axes        cfl: the BART axis (x y z coil map …) of dims whose name is none: {{"frame", "time"}}
struct WriteOptions {
  std::optional<std::pair<double, double>> window = {};
  double percentile = 99.5;
  std::string part = "abs";
  int depth = 8;
  std::vector<std::pair<std::string, std::string>> axes = {};
};
// By extension: .npy .cfl (with .hdr) .png.  Atomic: temporary file in the same folder, fsync,
// rename; a failure leaves the old file.
void write(const std::string& path, const Tensor& x, const WriteOptions& options, Context& context);
void write_text(const std::string& path, std::string_view text);  // atomic; for JSON reports

// Fields of an ISMRMRD XML header; absent numbers are 0, absent lists empty.  Arrays are z y x.
struct IsmrmrdHeader {
  std::array<int64_t, 3> encoded = {0, 0, 0}, recon = {0, 0, 0};       // matrix sizes
  std::array<double, 3> encoded_mm = {0, 0, 0}, recon_mm = {0, 0, 0};  // fields of view
  // Centres of the encoding limits: step 2, step 1, step 0; -1: absent.
  std::array<int64_t, 3> center = {-1, -1, -1};
  std::string trajectory;  // cartesian epi radial goldenangle spiral other
  double field_strength_t = 0, resonance_hz = 0, relative_noise_bandwidth = 0;
  int64_t channels = 0;
  std::vector<double> tr_ms, te_ms, ti_ms, flip_angle_deg;
};

// Raw ISMRMRD acquisitions.
//
// The file is read in this process.  Damaged files are errors, but for a few that crash libhdf5
// itself, which nothing in this process can prevent: read the files of strangers in a process of
// their own.
//
// Readouts are in the order of the file.  Samples marked to be discarded are removed, reversed
// readouts are flipped (with their trajectory).  Noise readouts are in `noise`, navigator and
// phase-correction readouts in neither.
struct Ismrmrd {
  Tensor data;                    // "coil spoke sample" c64, or by `as`
  std::optional<Tensor> traj;     // "spoke sample d" f32, cycles, components z y x (zero z dropped)
  std::optional<Tensor> noise;    // "coil sample": the noise readouts one after the other
  std::optional<Tensor> weights;  // density column of the trajectory
  // "grid": bool, dims of data without coil and kx; false: not measured.
  std::optional<Tensor> mask;
  std::vector<std::pair<std::string, std::vector<int64_t>>> index;  // counters per imaging readout
  std::vector<uint64_t> flags;                                      // per imaging readout
  int64_t excluded = 0;  // navigator, phase-correction, dummy and feedback readouts left out
  std::string header_xml;
  IsmrmrdHeader header;                                           // its fields of interest
  std::array<int64_t, 3> encoded = {0, 0, 0}, recon = {0, 0, 0};  // matrix z y x
  std::string trajectory_units;  // what was decided: "normalized" or "cycles"
};
// as: "lines" is "coil readout sample", "grid" is "coil slice contrast phase repetition set average
// kz ky kx" without the dims of extent 1 but ky and kx, "spokes" is "coil spoke sample"; empty:
// spokes if the file carries a trajectory, else lines. remove_oversampling: each readout is cut to
// the reconstruction matrix in image space; its samples keep their scale, so the value at k = 0
// stays.
Ismrmrd read_ismrmrd(const std::string& path,
                     const std::string& as,
                     bool remove_oversampling,
                     Context& context);

// An 8-bit grey picture of a tensor with two dims (further ones must have extent 1), row-major,
// first row on top, as `write` puts into a PNG.
//
// Without a window: abs from 0 to the percentile of the finite values, real and imag from the
// percentile of the other end, phase from -pi to pi.  If all finite values are equal they are
// mid-grey.  NaN is drawn as kNanGrey and counted.
inline constexpr uint8_t kNanGrey = 128;
struct Picture {
  int64_t rows = 0, columns = 0;
  std::vector<uint8_t> grey;
  double low = 0, high = 0;  // window used
  int64_t nans = 0;
};
Picture picture(const Tensor& x, const WriteOptions& options, Context& context);

}  // namespace lunops::io
