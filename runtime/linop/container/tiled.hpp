// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/linop/container/workers.hpp"
#include "runtime/linop/tile.hpp"

namespace lunops {

// An operator as its tiles, applied one after another: the sum over the parts of op(x[input]) put
// at output.
class TiledCore final : public Core {
 public:
  using Ranges = std::vector<std::pair<Dim, Stretch>>;
  struct Part {
    Node op;
    Slices input, output;  // by the terms of the signature
    Ranges inner;          // what of the inner dims this part is; those not named: all
    Ranges batch;          // slices of dims that the operator takes as batch

    bool same(const Part& other) const;
  };
  // `composition`: that of the whole operator.  `batch`: extents of the batch dims that are cut.
  // `grid` says how it is cut, for people.
  TiledCore(std::vector<Part> parts,
            Composition composition,
            DimExtents batch,
            std::string grid,
            WorkersPtr workers = nullptr);

  std::string_view kind() const noexcept override { return "Tiled"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override;
  std::string details() const override { return grid_; }
  bool is_self_adjoint() const noexcept override { return is_self_adjoint_; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  std::shared_ptr<Workers> workers() const override { return workers_; }
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  bool is_sum() const noexcept;  // every part reads and writes all of both sides

 private:
  std::vector<Part> parts_;
  DimExtents batch_;
  std::string grid_;
  WorkersPtr workers_;
  bool is_self_adjoint_ = false;
};

}  // namespace lunops
