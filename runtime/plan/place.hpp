// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/device/device.hpp"

namespace lunops {

// Which tile goes to which device (splitting.md §3).

// Devices by the place of a tile in its grid: along each axis they repeat, and what lies beyond the
// grid is cut off.
class DeviceMatrix {
 public:
  // As it is written: a device, or a list of matrices.
  struct Nested {
    std::optional<Device> device;
    std::vector<Nested> list = {};
  };
  // Throws Error{argument} for lists that are empty or of unequal lengths or depths.
  explicit DeviceMatrix(const Nested& nested);

  int ndim() const noexcept { return static_cast<int>(extents_.size()); }
  const std::vector<Device>& devices() const noexcept { return devices_; }
  // Axes of length 1 are put in front of the matrix.  Throws Error{argument} if it has more axes
  // than the grid.
  void check_axes(const std::vector<int64_t>& grid) const;
  Device at(const std::vector<int64_t>& index) const;

 private:
  std::vector<int64_t> extents_;
  std::vector<Device> devices_;  // row-major
};

// The devices of one level of tiles.
struct DeviceChoice {
  std::vector<Device> list = {};  // tile t goes to number t mod size
  // Lists by the device of the operator that is cut.
  std::vector<std::pair<Device, std::vector<Device>>> by_parent = {};
  std::optional<DeviceMatrix> matrix = {};

  bool is_given() const noexcept { return !list.empty() || !by_parent.empty() || matrix; }
  // All that are named, each once.
  std::vector<Device> named() const;
  // Of the tiles at these places of the grid, in order, where the parent's is `base`.  Throws
  // Error{device} if no list is given for it.
  std::vector<Device> of_tiles(const std::vector<std::vector<int64_t>>& places,
                               const std::vector<int64_t>& grid,
                               Device base) const;
};

// "cpu:0, cpu:1".
std::string names_of(const std::vector<Device>& devices);

}  // namespace lunops
