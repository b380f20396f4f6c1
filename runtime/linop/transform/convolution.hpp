// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "runtime/linop/core.hpp"
#include "runtime/linop/transform/convolution_spectrum.hpp"

namespace lunops {

// A true convolution of some dims, y[n] = sum_j k[j] x[n - j + centre]; other dims of k are
// contracted, produced or kept as in a Dense.
class ConvolutionCore final : public Core {
 public:
  enum class Method : uint8_t { automatic, direct, fft };
  // A dim that is convolved, by numbers of terms, and of the weight's dim.  x[n + shift] belongs to
  // y[n]; it is 0 but for pieces.
  struct Line {
    int in, out, weight;
    int64_t shift = 0;
    bool operator==(const Line&) const = default;
  };
  struct Description {
    WeightPtr kernel;
    Side terms;  // the kernel's dims in memory order; where it is convolved, the input's term
    std::vector<Line> lines;
    bool is_circular = false;
    Method method = Method::automatic;
    bool is_normal = false;                 // an autocorrelation: self-adjoint
    std::shared_ptr<const Core> root = {};  // then the convolution that it is the normal of
  };
  ConvolutionCore(Description description, Signature signature, std::string name);

  std::string_view kind() const noexcept override { return "Convolution"; }
  Field field() const noexcept override {
    return is_.kernel->is_complex() ? Field::complex : Field::real;
  }
  std::string details() const override;
  Weights weights() const override { return {is_.kernel}; }
  // A real kernel fixes the precision too.
  void check_dtype(Mode, DType in) const override;
  bool is_self_adjoint() const noexcept override { return is_self_adjoint_; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    Description made = is_;
    made.kernel = parts.weights.front();
    made.root = nullptr;
    return std::make_shared<ConvolutionCore>(std::move(made), signature(), parts.name);
  }
  std::string_view weight_name(size_t) const noexcept override { return "kernel"; }
  Tensor weight_gradient(size_t, const Tensor& x, const Tensor& v, Context&) const override;
  std::optional<Node> normal_of() const override {
    if (is_.root == nullptr) return std::nullopt;
    return Node{is_.root, Mode::forward, nullptr};
  }
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void check_extents(Mode, const Operand& x, const Operand& y) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  // Whether every dim of the kernel is convolved, circularly, on whole grids of known extents.
  bool is_plain_circular() const;
  const std::vector<Line>& lines() const noexcept { return is_.lines; }
  // This after `first` over the same dims, as one; both plain and circular.  `of_first` numbers its
  // lines by those of this.  Null where direct taps are more than the two have, or precisions or
  // methods differ.
  std::shared_ptr<const Core> after(const ConvolutionCore& first,
                                    const std::vector<size_t>& of_first,
                                    const std::vector<std::pair<int, int>>& ends,
                                    const Signature& signature) const;
  // Of a plain circular one: the DFT of the kernel with its centre at 0, on its own grid, with the
  // kernel's dims.
  WeightPtr spectrum() const;

 private:
  struct Roles;  // of the dims of an application
  Roles roles(Mode mode, const Operand& x, const Operand& y) const;
  bool chooses_fft(Builder& b, const Roles& roles, DType dtype) const;
  void lower_direct(Builder& b,
                    Mode mode,
                    const Roles& roles,
                    const Operand& x,
                    const Operand& y,
                    const StepScale& s) const;
  void lower_fft(Builder& b,
                 Mode mode,
                 const Roles& roles,
                 const Operand& x,
                 const Operand& y,
                 const StepScale& s) const;
  int64_t taps(const Line& line) const {
    return is_.kernel->extents()[static_cast<size_t>(line.weight)];
  }
  bool is_piece() const;

  Description is_;
  bool is_self_adjoint_ = false;
  std::shared_ptr<ConvolutionSpectra> spectra_;
};

const ConvolutionCore* as_convolution(const Node& node) noexcept;  // null if the node renames it

}  // namespace lunops
