// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/device/gpu_rates.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/plan/profile.hpp"

namespace lunops {

// A dim that may be cut.  Of cuts that are alike the one with the least ranks is preferred.
struct CutDim {
  enum Rank { kKept, kOutOnly, kInner, kInOnly };
  Dim dim;
  int64_t extent;
  Rank rank;
};

// One way to cut and place an operator.
struct Candidate {
  SplitAxes axes;
  std::vector<Device> devices;  // of the tiles
  int prefetch = 1;
  bool is_resident = true;
  int rank = 0;
  Toeplitz toeplitz = Toeplitz::automatic;
  // Known once it was planned:
  Linop op;
  PlanFigures figures;
};

// The planner's search: dims, sizes and places by dry plans (search.cpp), within the devices'
// memory (search_memory.cpp).
class Search {
 public:
  Search(const Linop& a, const PlanRequest& request, Context& context)
      : a_(a),
        request_(request),
        context_(context),
        base_(request.base.value_or(a.device().value_or(Device::host()))),
        devices_(request.devices.empty() ? std::vector<Device>{base_} : request.devices) {
    std::vector<Device> all{base_};
    for (const Device d : devices_) {
      if (std::find(all.begin(), all.end(), d) == all.end()) all.push_back(d);
    }
    for (const Device d : all) budgets_.emplace_back(d, budget_of(d));
  }

  PlannedOperator run();

 private:
  size_t budget_of(Device device) const {
    for (const auto& [d, bytes] : request_.budgets) {
      if (d == device) return bytes;
    }
    return request_.memory ? *request_.memory : memory_budget(device, context_);
  }
  size_t budget_on(Device device) const {
    for (const auto& [d, bytes] : budgets_) {
      if (d == device) return bytes;
    }
    return std::numeric_limits<size_t>::max();
  }
  bool fits(const PlanFigures& f) const {
    return std::all_of(f.devices.begin(), f.devices.end(),
                       [&](const auto& on) { return on.most() <= budget_on(on.device); });
  }
  // What is needed over the budget where that is largest.
  double load(const PlanFigures& f) const {
    double most = 0;
    for (const auto& on : f.devices) {
      most = std::max(most,
                      static_cast<double>(on.most()) / static_cast<double>(budget_on(on.device)));
    }
    return most;
  }
  bool is_cuttable(Dim dim, int64_t extent) const;
  void check_names() const;  // of the dims that may and may not be cut
  std::vector<CutDim> dims_to_cut() const;
  std::vector<int64_t> sizes_of(int64_t extent) const;
  // Contiguous shares of `tiles` tiles for the devices.
  std::vector<Device> shares(int64_t tiles) const;
  double speed_of(Device d) const {
    if (is_gpu(d)) return gpu_rates(d).bytes / device_profile()->bytes;
    return virtual_devices()->speed_of(d.index);
  }
  bool are_alike() const {
    return std::all_of(devices_.begin(), devices_.end(),
                       [&](Device d) { return speed_of(d) == speed_of(devices_.front()); });
  }
  // Plans it; nothing if the operator refuses it.
  bool evaluate(Candidate& c);
  std::optional<std::pair<Linop, Shape>> largest_tile(SplitAxes axes) const;
  bool is_hopeless(const SplitAxes& axes, const std::vector<Device>& devices);
  // Whether it fits in some way.
  bool consider(const SplitAxes& axes, const std::vector<Device>& devices, int rank);
  bool consider(Candidate c);
  bool is_better(const Candidate& p, const Candidate& q) const;
  SplitAxis axis_of(const CutDim& dim, int64_t size) const;
  // Sizes that give more than `above` and at most `most` tiles.
  void consider_sizes(
      const SplitAxes& before, const CutDim& dim, int rank, int64_t above, int64_t most);
  // `depth` of the dims from number `first` on; of the last of them the largest size that fits.
  void consider_deeper(const SplitAxes& before,
                       const std::vector<CutDim>& dims,
                       size_t first,
                       int rank,
                       size_t depth);
  // What the error of a forced Toeplitz form says if gridding fits.
  std::string by_gridding(const PlanFigures& toeplitz) const;
  [[noreturn]] void fail_to_fit() const;

  const Linop& a_;
  const PlanRequest& request_;
  Context& context_;
  Device base_;
  std::vector<Device> devices_;
  std::vector<std::pair<Device, size_t>> budgets_;
  std::optional<ReductionDim> reduction_;
  std::optional<Candidate> best_;      // that fits
  std::optional<Candidate> smallest_;  // of those that were planned
  std::optional<Candidate> least_;     // of those of which one tile is too large
  size_t least_need_ = 0;              // of that tile
  bool is_part_ = false;               // of another search
  int64_t evaluated_ = 0;              // tiles
  bool chose_toeplitz_ = false;        // a candidate of those considered together
  std::exception_ptr refused_;         // why the first candidate that was refused was
};

}  // namespace lunops
