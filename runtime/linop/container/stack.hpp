// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/container/workers.hpp"
#include "runtime/linop/tile.hpp"

namespace lunops {

// Operators side by side along a new dim: of the output (vertical), of the input (horizontal), or
// of both (diagonal).  Child i takes element i of that dim of x and makes element i of y; where the
// dim is not there, all of x or a summand of y.
class StackCore final : public Core {
 public:
  // `input`, `output`: the new dim among the terms of each side; -1: not there.
  StackCore(std::vector<Node> children,
            int input,
            int output,
            Signature signature,
            std::string name,
            WorkersPtr workers = nullptr);

  std::string_view kind() const noexcept override { return "Stack"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override { return children_; }
  std::string details() const override;
  bool is_self_adjoint() const noexcept override { return is_self_adjoint_; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<StackCore>(std::move(parts.children), input_, output_, signature(),
                                       parts.name, copy_of(workers_));
  }
  std::vector<Pairing> pairings(Mode, const Tensor& x, const Tensor& v, Context&) const override;
  std::shared_ptr<Workers> workers() const override { return workers_; }
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  std::vector<Node> children_;
  int input_, output_;
  Signature of_child_;  // the signature without the new dim
  WorkersPtr workers_;
  bool is_self_adjoint_ = false;
};

}  // namespace lunops
