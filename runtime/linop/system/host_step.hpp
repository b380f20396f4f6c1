// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "runtime/linop/system/constructors.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

// What a host function is called: "Custom 'warp'" and "adjoint", for errors.
struct HostCall {
  HostFunction function;
  std::string owner, role;
  bool conjugate = false;  // conj(f(conj(x)))
};

// One call: a copy of x goes in; the result is checked against `expected`, whose names count where
// it is named.
Tensor call_host(const HostCall& call, const Tensor& x, const Layout& expected, Context& context);

// The dims of a host function's tensor: those of the operand without the batch dims `batch`,
// unnamed where one of them has no name that a string could contain.
std::shared_ptr<const Layout> host_layout(const Operand& operand, const std::vector<int>& batch);

// y <- scale of f(x), once for each index of the batch dims; `batch_x` and `batch_y` are their
// positions in the operands, in the same order.
std::unique_ptr<Step> host_step(HostCall call,
                                const Operand& x,
                                const std::vector<int>& batch_x,
                                const Operand& y,
                                const std::vector<int>& batch_y,
                                const StepScale& scale);

}  // namespace lunops
