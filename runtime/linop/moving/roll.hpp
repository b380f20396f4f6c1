// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/moving/paired.hpp"

namespace lunops {

// y[(i + s) mod N] = x[i] on the dims that change their name.
class RollCore final : public PairedCore {
 public:
  // `shifts`: by pair.
  RollCore(std::vector<int64_t> shifts,
           std::vector<TermPair> pairs,
           Signature signature,
           std::string name)
      : PairedCore(std::move(pairs), std::move(signature), std::move(name)),
        shifts_(std::move(shifts)) {}

  std::string_view kind() const noexcept override { return "Roll"; }
  std::string details() const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override { return cut_kept(*this, request); }
  // One copy for each combination of the two parts of each rolled dim.
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  // The pieces of all combinations of rolled dims are separate copies.
  static constexpr size_t kMostDims = 8;
  // Of a pair, in this mode.
  int64_t shift(Mode mode, int pair) const noexcept {
    const int64_t s = shifts_[static_cast<size_t>(pair)];
    return transposes(mode) ? -s : s;
  }

 private:
  std::vector<int64_t> shifts_;
};

}  // namespace lunops
