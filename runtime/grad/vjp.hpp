// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/linop/linop.hpp"
#include "runtime/linop/parts.hpp"

namespace lunops {

// Gradients of f = Re<v, A x>.
//
// x        Aᴴ v; an empty handle where it was not asked for
// weights  by path: tensors with the shape and dtype of the weight, numbers for scalars, such that
//          f(w + h) = f(w) + Re<g, h> + o(h); real where the weight is
struct Gradients {
  Tensor x;
  std::vector<NamedPart> weights;
};

// `only`: paths of weights, and "x"; nothing: all of them.
// v has the shape, dtype and device of A x.  Throws Error{shape | dtype | device} otherwise,
// Error{argument} for a path that is not there, Error{unsupported} for a weight that has no
// gradient (indices, masks) and was asked for by name.
Gradients vjp(const Linop& a,
              const Tensor& x,
              const Tensor& v,
              Context& context,
              const std::optional<std::vector<std::string>>& only = {});

}  // namespace lunops
