// SPDX-License-Identifier: MIT
#include "runtime/linop/placed.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "runtime/linop/elementary/scalar.hpp"

namespace lunops {

namespace {

// Copies of operators that somebody still uses, by what they are copies of.
struct PlacedCores {
  struct Entry {
    std::weak_ptr<const Core> source, copy;
    Device device;
    bool keeps_weights;
  };
  std::mutex mutex;
  std::unordered_multimap<const Core*, Entry> table;
  size_t swept_at = 64;  // entries
};

PlacedCores& placed_cores() {
  static auto* const all =
      new PlacedCores;  // leaked: operators may outlive any order of destruction
  return *all;
}

std::shared_ptr<const Core> find(const std::shared_ptr<const Core>& core,
                                 Device device,
                                 bool keeps_weights) {
  PlacedCores& all = placed_cores();
  std::lock_guard lock(all.mutex);
  const auto [first, last] = all.table.equal_range(core.get());
  for (auto at = first; at != last; ++at) {
    const PlacedCores::Entry& known = at->second;
    if (!(known.device == device) || known.keeps_weights != keeps_weights) continue;
    if (known.source.lock() != core) continue;
    if (auto copy = at->second.copy.lock()) return copy;
  }
  return nullptr;
}

void keep(const std::shared_ptr<const Core>& core,
          Device device,
          bool keeps_weights,
          const std::shared_ptr<const Core>& copy) {
  PlacedCores& all = placed_cores();
  std::lock_guard lock(all.mutex);
  if (all.table.size() >= all.swept_at) {
    std::erase_if(all.table, [](const auto& each) {
      return each.second.source.expired() || each.second.copy.expired();
    });
    all.swept_at = std::max<size_t>(64, 2 * all.table.size());
  }
  all.table.emplace(core.get(), PlacedCores::Entry{core, copy, device, keeps_weights});
}

// Those whose steps take their weights from wherever they lie.
bool streams_weights(const Core& core) {
  constexpr std::string_view kKinds[] = {"Dense", "Diagonal", "Convolution", "Sparse"};
  return std::find(std::begin(kKinds), std::end(kKinds), core.kind()) != std::end(kKinds);
}

std::shared_ptr<const Core> placed_core(const std::shared_ptr<const Core>& core,
                                        Device device,
                                        bool keeps_weights) {
  if (core->device_places() || dynamic_cast<const ScalarCore*>(core.get()) != nullptr) return core;
  if (!keeps_weights && streams_weights(*core)) return core;
  if (auto known = find(core, device, keeps_weights)) return known;
  Parts parts{core->weights(), core->children(), core->name(), true};
  bool is_changed = false;
  for (WeightPtr& weight : parts.weights) {
    const WeightPtr copy = weight_copy(weight, device);
    is_changed = is_changed || copy != weight;
    weight = copy;
  }
  for (Node& child : parts.children) {
    const auto copy = placed_core(child.core, device, keeps_weights);
    is_changed = is_changed || copy != child.core;
    child.core = copy;
  }
  if (!is_changed) return core;
  auto made = core->rebuilt(std::move(parts));
  keep(core, device, keeps_weights, made);
  return made;
}

}  // namespace

Node placed(const Node& node, Device device, bool keeps_weights) {
  Node made = node;
  made.core = placed_core(node.core, device, keeps_weights);
  return made;
}

}  // namespace lunops
