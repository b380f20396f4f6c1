// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/device/context.hpp"
#include "runtime/linop/linop.hpp"
#include "runtime/plan/options.hpp"

namespace lunops {

class Plan;

// What a plan is expected to take, or took (splitting.md §9).
struct PlanFigures {
  double seconds = 0;  // of one application
  double flops = 0;
  struct OnDevice {
    Device device;
    size_t peak = 0;   // bytes at most: weights, plans, kernels, input and output, workspace
    double moved = 0;  // bytes that reach it over links, for each application
    double compute = 0, transfer = 0;  // seconds that its streams work
    int64_t tiles = 0;
    size_t building = 0;  // bytes at most while plans and kernels are made, before the output is

    size_t most() const noexcept { return peak > building ? peak : building; }
  };
  std::vector<OnDevice> devices;  // the base first
  int64_t tiles = 0;
  int64_t applications = 0;
  // Normals of NUFFTs that run as convolutions, by choice or because `toeplitz = true` was given.
  bool chose_toeplitz = false, must_toeplitz = false;
};

// Of a plan of this node for such an input.
PlanFigures figures_of(const Plan& plan, const Node& node, const Shape& input, DType dtype);

// What an application of this operator to such an input is expected to take.
PlanFigures estimate(const Linop& a,
                     const Shape& input,
                     DType dtype,
                     Device base,
                     Context& context,
                     const PlanOptions& options = {});

// Bytes of users' tensors on a device that an operator holds as weights, each storage once.
size_t given_bytes(const Node& node, Device device);

// What the first application of a plan took, beside its estimate.  Thread-safe.
class PlanReport {
 public:
  PlanReport(PlanFigures expected, std::string tiles)
      : expected_(std::move(expected)), tiles_(std::move(tiles)) {}

  const PlanFigures& expected() const noexcept { return expected_; }
  const std::string& tiles() const noexcept { return tiles_; }
  std::optional<PlanFigures> measured() const;  // nothing before the first application

  // Before its first plan is made, when it is, and after its first application; later calls do
  // nothing.  The account's peak is its own again after the last, or after `abandon`, which stands
  // for the rest where one fails.
  void begin(const Node& node, size_t input_bytes, Context& context);
  void planned();
  void end(double seconds, size_t given_output_bytes);
  void abandon() noexcept;
  bool is_watching() const;  // from `begin` on to the end of that

 private:
  struct Watch {
    std::shared_ptr<Account> account;
    size_t before = 0;  // live then, less what the plan counts as its own
    size_t peak = 0;    // of the account until then
    size_t building = 0;
  };
  const PlanFigures expected_;
  const std::string tiles_;
  mutable std::mutex mutex_;
  std::vector<Watch> watches_;
  std::optional<PlanFigures> measured_;
};

// Bytes that work on a device may take where a plan is given no other: its account's budget, else
// the device's own limit.
size_t memory_budget(Device device, const Context& context);

}  // namespace lunops
