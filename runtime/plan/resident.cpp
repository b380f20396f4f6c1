// SPDX-License-Identifier: MIT
#include "runtime/plan/resident.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "runtime/core/error.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/plan/figures.hpp"

namespace lunops {

namespace {

// Bytes of copies by device, each copy once.
struct CopiedBytes {
  std::vector<const Weight*> seen;
  std::vector<std::pair<Device, size_t>> bytes;

  void add(const Node& node) {
    for (const WeightPtr& w : node.core->weights()) {
      if (w->origin() == nullptr) continue;
      if (std::find(seen.begin(), seen.end(), w.get()) != seen.end()) continue;
      seen.push_back(w.get());
      const DType dtype = w->dtype().value_or(w->is_complex() ? DType::c64 : DType::f32);
      const auto own = static_cast<size_t>(w->count()) * size_of(dtype);
      const auto known = std::find_if(bytes.begin(), bytes.end(),
                                      [&](const auto& on) { return on.first == w->device(); });
      if (known == bytes.end()) {
        bytes.emplace_back(w->device(), own);
      } else {
        known->second += own;
      }
    }
    for (const Node& child : node.core->children()) add(child);
  }
};

}  // namespace

bool weights_fit(const Linop& tiled, Device base, Context& context) {
  CopiedBytes copies;
  copies.add(tiled.node());
  constexpr size_t kSmall = 8;  // so small a part of a device is not worth a plan
  bool are_small = true, are_half = true;
  for (const auto& [device, bytes] : copies.bytes) {
    const size_t budget = memory_budget(device, context);
    are_small = are_small && bytes <= budget / kSmall;
    are_half = are_half && bytes <= budget / 2;
  }
  if (are_small) return true;
  const Shape input = tiled.ishape();
  if (!input.is_known()) return are_half;
  try {
    const PlanFigures figures =
        estimate(tiled, input, tiled.dtype().value_or(DType::c64), base, context);
    return std::all_of(figures.devices.begin(), figures.devices.end(), [&](const auto& on) {
      return on.device == base || on.most() <= memory_budget(on.device, context);
    });
  } catch (const Error&) {
    return are_half;  // its application tells what is wrong
  }
}

}  // namespace lunops
