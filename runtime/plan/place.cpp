// SPDX-License-Identifier: MIT
#include "runtime/plan/place.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"

namespace lunops {

namespace {

std::string axes_text(size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "axis" : "axes");
}

}  // namespace

DeviceMatrix::DeviceMatrix(const Nested& nested) {
  const Nested* first = &nested;
  while (!first->device) {
    if (first->list.empty()) {
      fail(Code::argument, "batch",
           "device_matrix has an empty list; write a device, or lists of devices such as "
           "{{{{\"cpu:0\"}}, {{\"cpu:1\"}}}}");
    }
    extents_.push_back(static_cast<int64_t>(first->list.size()));
    first = &first->list.front();
  }
  const auto collect = [&](const auto& self, const Nested& at, size_t depth) -> void {
    if (at.device && depth == extents_.size()) {
      devices_.push_back(*at.device);
      return;
    }
    const bool is_regular = !at.device && depth < extents_.size() &&
                            static_cast<int64_t>(at.list.size()) == extents_[depth];
    if (!is_regular) {
      fail(Code::argument, "batch",
           "device_matrix is ragged: along axis {} one list has {} and another {}; give lists of "
           "equal lengths",
           depth + 1, depth < extents_.size() ? std::to_string(extents_[depth]) : "one device",
           at.device ? "is one device" : std::to_string(at.list.size()));
    }
    for (const Nested& each : at.list) self(self, each, depth + 1);
  };
  collect(collect, nested, 0);
}

void DeviceMatrix::check_axes(const std::vector<int64_t>& grid) const {
  if (extents_.size() <= grid.size()) return;
  fail(Code::argument, "batch",
       "device_matrix has {} but {} dim{} cut; give at most one axis for each cut dim",
       axes_text(extents_.size()), grid.size(), grid.size() == 1 ? " is" : "s are");
}

Device DeviceMatrix::at(const std::vector<int64_t>& index) const {
  const size_t in_front = index.size() - extents_.size();
  int64_t place = 0;
  for (size_t k = 0; k < extents_.size(); ++k) {
    place = place * extents_[k] + index[in_front + k] % extents_[k];
  }
  return devices_[static_cast<size_t>(place)];
}

std::vector<Device> DeviceChoice::named() const {
  std::vector<Device> all;
  const auto add = [&](const std::vector<Device>& devices) {
    for (const Device d : devices) {
      if (std::find(all.begin(), all.end(), d) == all.end()) all.push_back(d);
    }
  };
  add(list);
  for (const auto& [parent, devices] : by_parent) add(devices);
  if (matrix) add(matrix->devices());
  return all;
}

std::vector<Device> DeviceChoice::of_tiles(const std::vector<std::vector<int64_t>>& places,
                                           const std::vector<int64_t>& grid,
                                           Device base) const {
  std::vector<Device> made;
  if (matrix) {
    matrix->check_axes(grid);
    for (const auto& index : places) made.push_back(matrix->at(index));
    return made;
  }
  const std::vector<Device>* devices = &list;
  if (!by_parent.empty()) {
    const auto found = std::find_if(by_parent.begin(), by_parent.end(),
                                    [&](const auto& each) { return each.first == base; });
    if (found == by_parent.end()) {
      std::vector<Device> known;
      for (const auto& each : by_parent) known.push_back(each.first);
      fail(Code::device, "batch",
           "devices has no list for {}, where the operator that is cut lies; it has lists for {}",
           base.text(), names_of(known));
    }
    devices = &found->second;
  }
  for (size_t t = 0; t < places.size(); ++t) {
    made.push_back(devices->empty() ? base : (*devices)[t % devices->size()]);
  }
  return made;
}

std::string names_of(const std::vector<Device>& devices) {
  std::string text;
  for (const Device d : devices) text += fmt::format("{}{}", text.empty() ? "" : ", ", d.text());
  return text;
}

}  // namespace lunops
