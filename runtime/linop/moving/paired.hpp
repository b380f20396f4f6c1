// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"
#include "runtime/linop/pairs.hpp"
#include "runtime/linop/tile.hpp"

namespace lunops {

// What Rename, Permute, Flip and Roll share: each input dim is one output dim, kept or under
// another name, with the same extent; elements change places and nothing else, so that AᴴA = I.
class PairedCore : public Core {
 public:
  PairedCore(std::vector<TermPair> pairs, Signature signature, std::string name)
      : Core(std::move(signature), std::move(name)), pairs_(std::move(pairs)) {}

  Field field() const noexcept override { return Field::real; }
  Mode canonical(Mode mode) const noexcept override;
  bool is_isometry(Mode) const noexcept override { return true; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  // Copies the view.
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  const std::vector<TermPair>& pairs() const noexcept { return pairs_; }

 protected:
  PairedDims dims(Mode mode, int ndim) const {
    return paired_dims(signature(), pairs_, mode, ndim);
  }
  // x with its dims in the order of y.
  static Operand reordered(const Operand& x, const PairedDims& dims);

 private:
  std::vector<TermPair> pairs_;
};

// Makes the slices of kept dims agree, and those of the pairs, where `facing(pair, stretch)` is
// what a stretch of the input becomes on the output, and the other way round.  False: one is empty.
template <class Facing>
bool agree_on_pairs(const Signature& signature,
                    const std::vector<TermPair>& pairs,
                    TileRequest& request,
                    const Facing& facing) {
  bool is_something = agree_on_kept(signature, request);
  for (size_t i = 0; i < pairs.size(); ++i) {
    std::optional<Stretch>&from = request.input[static_cast<size_t>(pairs[i].in)],
    &to = request.output[static_cast<size_t>(pairs[i].out)];
    if (!from && !to) continue;
    if (to) {
      const Stretch wanted = facing(i, *to);
      from = from ? intersection(*from, wanted) : wanted;
    }
    to = facing(i, *from);
    is_something = is_something && from->count > 0;
  }
  return is_something;
}

}  // namespace lunops
