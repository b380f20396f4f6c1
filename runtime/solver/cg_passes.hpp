// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "runtime/backend/cg_scalars.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/pinned.hpp"
#include "runtime/solver/vector_space.hpp"

namespace lunops {

// The passes of conjugate gradients over the vectors of a space, and the scalars between them:
// these stay on the vectors' device, where one stage follows the other without the host.
class CgPasses {
 public:
  // The residuals of as many iterations, the start among them, are kept on the device (history()).
  CgPasses(VectorSpace& space, Context& context, int kept_residuals);
  ~CgPasses();
  CgPasses(const CgPasses&) = delete;

  CgScalars& scalars() noexcept { return scalars_; }  // what stages go by
  // delta = <p, q>, pp = |p|^2, qq = |q|^2
  void products(const Tensor& p, const Tensor& q);
  void update(const Tensor& p, const Tensor& q, const Tensor& x, const Tensor& r);
  void direction(const Tensor& z, const Tensor& p);
  void advance(CgScalars::Stage stage);

  // Rows qq to fault as the device has them when all that was issued is done: the host waits.
  const CgScalars& read();
  // The same, for hosts that look late, on a GPU: post() keeps what they will be when all that was
  // issued so far is done, take() waits for what was posted first and not taken yet.  At most two
  // are kept.
  void post();
  const CgScalars& take();
  // {iteration, problem}; the host waits.
  std::vector<double> history(int iterations);

 private:
  struct Posted {
    std::optional<PinnedMemory> memory;
    NativeEvent ready;
  };
  size_t read_bytes() const noexcept;

  VectorSpace& space_;
  Context& context_;
  Tensor memory_, history_;
  CgScalars scalars_, read_;
  std::vector<double> host_;  // of read_, where rows qq to fault are valid
  std::array<Posted, 2> posted_;
  size_t posts_ = 0, takes_ = 0;
};

}  // namespace lunops
