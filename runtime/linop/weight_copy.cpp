// SPDX-License-Identifier: MIT
#include <functional>
#include <unordered_map>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/device/account.hpp"
#include "runtime/linop/weight.hpp"

namespace lunops {

namespace {

// Copies that somebody still uses, by where their elements lie (splitting.md §4).
struct Copies {
  std::mutex mutex;
  std::unordered_multimap<size_t, std::weak_ptr<const Weight>> table;
  size_t swept_at = 64;  // entries
};

Copies& copies() {
  static auto* const all = [] {
    Account::set_relief(drop_unused_weight_copies);
    return new Copies;  // leaked: operators may outlive any order of destruction
  }();
  return *all;
}

// Equal for weights that are the same.
size_t hash_of(const Weight& weight, Device device) {
  const Weight* root = &weight;
  while (!root->is_given() && !root->sources().empty()) root = root->sources().front().get();
  const void* storage = root->is_given() ? root->tensor().storage().get() : nullptr;
  size_t hash = std::hash<const void*>()(storage);
  const auto mix = [&](int64_t value) { hash = hash * 31 + std::hash<int64_t>()(value); };
  if (root->is_given()) mix(root->tensor().offset());
  for (const int64_t extent : weight.extents()) mix(extent);
  mix(device.index);
  mix(static_cast<int64_t>(device.kind));
  return hash;
}

}  // namespace

Weight::Weight(WeightPtr origin, Device device)
    : extents_(origin->extents_),
      is_complex_(origin->is_complex_),
      tensor_(origin->tensor_),
      origin_(origin),
      owner_(origin->owner_),
      sources_{origin},
      recipe_([origin, device](DType dtype, Context& there) {
        Context here = on_device(origin->device(), there);
        const DType own = origin->is_complex() ? complex_of(dtype) : real_of(dtype);
        const Tensor values =
            origin->is_given() && origin->tensor().dtype() == dtype
                ? origin->tensor()
                : origin->as(is_floating(dtype) ? own : dtype, here, false).as(dtype, here);
        return values.to(device, there);
      }),
      key_(fmt::format("on {}", device.text())),
      pull_back_([origin](const Tensor& gradient, Context& context) {
        return std::vector<Tensor>{gradient.to(origin->device(), context)};
      }),
      device_(device) {}

WeightPtr weight_copy(const WeightPtr& weight, Device device) {
  if (weight->device() == device) return weight;
  if (weight->origin() != nullptr) return weight_copy(weight->origin(), device);
  weight->check();
  Copies& all = copies();
  const size_t hash = hash_of(*weight, device);
  std::lock_guard lock(all.mutex);
  const auto [first, last] = all.table.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    const WeightPtr known = at->second.lock();
    if (known != nullptr && known->device() == device && known->origin()->same(*weight)) {
      return known;
    }
  }
  if (all.table.size() >= all.swept_at) {
    std::erase_if(all.table, [](const auto& each) { return each.second.expired(); });
    all.swept_at = std::max<size_t>(64, 2 * all.table.size());
  }
  auto made = std::make_shared<const Weight>(weight, device);
  all.table.emplace(hash, made);
  return made;
}

void drop_unused_weight_copies(Device device) noexcept {
  Copies& all = copies();
  std::vector<WeightPtr> known;
  {
    const std::unique_lock lock(all.mutex, std::try_to_lock);
    if (!lock.owns_lock()) return;
    for (const auto& [hash, weak] : all.table) {
      WeightPtr weight = weak.lock();
      if (weight != nullptr && weight->device() == device) known.push_back(std::move(weight));
    }
  }
  // Unlocked: the last user of a weight may have gone meanwhile.
  for (const WeightPtr& weight : known) weight->drop_unused();
}

size_t live_weight_copies() {
  Copies& all = copies();
  std::lock_guard lock(all.mutex);
  size_t count = 0;
  for (const auto& each : all.table) count += each.second.expired() ? 0 : 1;
  return count;
}

}  // namespace lunops
