// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "runtime/linop/core.hpp"
#include "runtime/linop/system/host_step.hpp"

namespace lunops {

// An operator made of functions of the host.
class CustomCore final : public Core {
 public:
  // What parts and normals of one Custom share.
  struct Shared {
    CustomFunctions functions;
    Field field;
    bool is_real_linear, check;
    std::vector<std::string> cuts;
    std::function<CustomPart(const std::vector<CustomCut>&)> split;
  };
  // `whole`: where this is a part, what the elements of its cut dims are in the whole operator.
  CustomCore(std::shared_ptr<const Shared> code,
             Composition composition,
             std::string name,
             std::vector<CustomCut> whole = {});

  std::string_view kind() const noexcept override { return "Custom"; }
  Field field() const noexcept override { return code_->field; }
  bool is_real_linear() const override { return code_->is_real_linear; }
  bool is_self_adjoint() const noexcept override { return is_normal_; }
  const Core* without_adjoint() const noexcept override;
  std::string details() const override { return "host callback"; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  friend std::shared_ptr<const CustomCore> normal_core(const CustomCore& core);
  HostCall call(Mode mode) const;
  // Runs the laws once, on tensors with these layouts.
  void check_laws(const std::shared_ptr<const Layout>& input,
                  const std::shared_ptr<const Layout>& output,
                  DType dtype,
                  Context& context) const;
  void check_adjoint(const Tensor& x, const Tensor& z, const Layout& output, Context&) const;
  void check_linear(const Tensor& x, const Tensor& z, const Layout& output, Context&) const;
  void check_normal(const Tensor& x, const Layout& output, Context&) const;

  std::shared_ptr<const Shared> code_;
  std::vector<CustomCut> whole_;
  bool is_normal_ = false;
  std::shared_ptr<const CustomCore> normal_of_;
  mutable std::atomic<bool> is_checked_ = false;
};

}  // namespace lunops
