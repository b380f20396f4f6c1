// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/container/workers.hpp"
#include "runtime/linop/tile.hpp"

namespace lunops {

// Operators side by side along a dim that they have: of the output (vertical), of the input
// (horizontal), or of both (diagonal).
//
// Child i takes `input` part i of x and makes part i of y; where it has no part, all of x or a
// summand of y.  Parts are in order and without gaps.
class ConcatCore final : public Core {
 public:
  struct Joint {
    int term = -1;               // of the container's side; -1: not joined on this side
    std::vector<Stretch> parts;  // by child

    bool is_there() const noexcept { return term >= 0; }
    bool operator==(const Joint&) const = default;
  };
  ConcatCore(std::vector<Node> children,
             Joint input,
             Joint output,
             Signature signature,
             std::string name,
             WorkersPtr workers = nullptr);

  std::string_view kind() const noexcept override { return "Concat"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override { return children_; }
  std::string details() const override;
  bool is_self_adjoint() const noexcept override { return is_self_adjoint_; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<ConcatCore>(std::move(parts.children), input_, output_, signature(),
                                        parts.name, copy_of(workers_));
  }
  std::vector<Pairing> pairings(Mode, const Tensor& x, const Tensor& v, Context&) const override;
  std::shared_ptr<Workers> workers() const override { return workers_; }
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  // The container's signature with the extents of one child.
  Signature signature_of_child(size_t i) const;

  std::vector<Node> children_;
  Joint input_, output_;
  WorkersPtr workers_;
  bool is_self_adjoint_ = false;
};

}  // namespace lunops
