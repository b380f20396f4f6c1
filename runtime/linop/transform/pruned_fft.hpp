// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/transform/fft.hpp"

namespace lunops {

class PadCore;

// An FFT with the Pad before it, the Crop after it, or both, as one transform that leaves out zero
// lines and lines that are not wanted: made by rewriting.
class PrunedFftCore final : public Core {
 public:
  // The last factor acts first.  A Pad or Crop changes transformed dims only.
  PrunedFftCore(std::vector<Node> parts, Signature signature)
      : Core(std::move(signature), ""), parts_(std::move(parts)) {}

  std::string_view kind() const noexcept override { return "pruned FFT"; }
  Field field() const noexcept override { return Field::complex; }
  bool same(const Core& other) const override { return this == &other; }
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  const std::vector<Node>& parts() const noexcept { return parts_; }

 private:
  std::vector<Node> parts_;
};

const PrunedFftCore* as_pruned_fft(const Node& node) noexcept;  // null if the node renames it

}  // namespace lunops
