// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// An identity that does something else on the way: the base of Trace, Breakpoint and Sleep.  It is
// no Identity to any rule, and its normal is the composition.
class PassingCore : public Core {
 public:
  using Core::Core;
  Field field() const noexcept override { return Field::real; }
  bool same(const Core& other) const override { return this == &other; }
  Tile cut(const TileRequest& request) const override;

 protected:
  // The same with another signature.
  virtual std::shared_ptr<const Core> with_signature(Signature signature) const = 0;
};

// The signature of a one-sided string.
Signature passing_signature(std::string_view operation,
                            std::string_view text,
                            const LinopOptions& options);

}  // namespace lunops
