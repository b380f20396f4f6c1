// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "runtime/backend/cg_scalars.hpp"
#include "runtime/solver/vector_space.hpp"

namespace lunops {

// The passes of conjugate gradients over the vectors of a space, and the scalars between them:
// these stay on the vectors' device, where one stage follows the other without the host.
class CgPasses {
 public:
  // The residuals of as many iterations, the start among them, are kept on the device (history()).
  CgPasses(VectorSpace& space, Context& context, int kept_residuals);

  CgScalars& scalars() noexcept { return scalars_; }  // what stages go by
  // delta = <p, q>, pp = |p|^2, qq = |q|^2
  void products(const Tensor& p, const Tensor& q);
  void update(const Tensor& p, const Tensor& q, const Tensor& x, const Tensor& r);
  void direction(const Tensor& z, const Tensor& p);
  void advance(CgScalars::Stage stage);

  // Rows qq to fault as the device has them when all that was issued is done: the host waits.
  const CgScalars& read();
  // {iteration, problem}; the host waits.
  std::vector<double> history(int iterations);

 private:
  VectorSpace& space_;
  Context& context_;
  Tensor memory_, history_;
  CgScalars scalars_, read_;
  std::vector<double> host_;  // of read_, where rows qq to fault are valid
};

}  // namespace lunops
