// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/container/workers.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

// A sum, accumulated in the order of its terms.
class AddCore final : public Core {
 public:
  // `signature` of the sum; its inner dims are those of the terms.
  AddCore(std::vector<Node> terms,
          Signature signature,
          std::string name,
          WorkersPtr workers = nullptr);

  std::string_view kind() const noexcept override { return "Add"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override { return terms_; }
  bool is_self_adjoint() const noexcept override { return is_self_adjoint_; }
  // Throws Error{dtype} if the terms disagree.
  DType result_dtype(Mode, DType in) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<AddCore>(std::move(parts.children), signature(), parts.name,
                                     copy_of(workers_));
  }
  std::vector<Pairing> pairings(Mode, const Tensor& x, const Tensor& v, Context&) const override;
  std::shared_ptr<Workers> workers() const override { return workers_; }
  Tile cut(const TileRequest& request) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  std::vector<Node> terms_;
  WorkersPtr workers_;
  bool is_self_adjoint_ = false;
};

// The sum of these operators, under these settings.
Node sum_of(const std::vector<Node>& terms, WorkersPtr workers);

const AddCore* as_add(const Node& node) noexcept;  // null if the node renames it

}  // namespace lunops
