// SPDX-License-Identifier: MIT
#include "runtime/linop/one_device.hpp"

#include "runtime/core/error.hpp"

namespace lunops {

void require_one_device(std::string_view operation, std::initializer_list<NamedTensor> tensors) {
  const NamedTensor* first = nullptr;
  for (const NamedTensor& each : tensors) {
    if (each.tensor == nullptr) continue;
    if (first == nullptr) first = &each;
    const Device here = first->tensor->device(), there = each.tensor->device();
    if (here == there) continue;
    fail(Code::device, operation, "{0} is on {1} but {2} is on {3}; use {2}:to \"{1}\"",
         first->name, here.text(), each.name, there.text());
  }
}

}  // namespace lunops
