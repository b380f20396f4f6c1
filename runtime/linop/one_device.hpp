// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string_view>

#include "runtime/tensor/tensor.hpp"

namespace lunops {

struct NamedTensor {
  std::string_view name;
  const Tensor* tensor;  // null: not given
};

// The tensors that an operator is made of.  Throws Error{device} naming the first and one that lies
// elsewhere: no input would fit such an operator.
void require_one_device(std::string_view operation, std::initializer_list<NamedTensor> tensors);

}  // namespace lunops
