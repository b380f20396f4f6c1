// SPDX-License-Identifier: MIT
#include <cmath>

#include <fmt/format.h>

#include "runtime/backend/backend.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/system/host_step.hpp"
#include "runtime/linop/system/passing.hpp"
#include "runtime/plan/builder.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

using Look = std::function<void(const Tensor& x, std::string_view mode, Context& context)>;

std::string_view word_of(Mode mode) noexcept {
  switch (mode) {
    case Mode::forward:
      return "forward";
    case Mode::transpose:
      return "transpose";
    case Mode::conj:
      return "conj";
    case Mode::adjoint:
      return "adjoint";
  }
  return "forward";
}

// "after F, adjoint: c64 {y=2, x=3}, norm 1.5, |x| from 0 to 1, 0 NaN".
std::string summary(std::string_view label,
                    const Tensor& x,
                    std::string_view mode,
                    Context& context) {
  const Tensor size = unary(Unary::abs, x, context);
  const Tensor is_number = binary(Binary::equal, size, size, context);
  const auto over_all = [&](Reduction op, const Tensor& of) {
    std::vector<int> dims;
    for (int i = 0; i < of.ndim(); ++i) dims.push_back(i);
    return item(reduce(op, of, dims, context)).real();
  };
  std::string text = fmt::format("{}{}{}: {} {}", label, label.empty() ? "" : ", ", mode,
                                 name_of(x.dtype()), x.shape().braced());
  if (x.count() == 0) return text;
  const auto nans = x.count() - static_cast<int64_t>(over_all(Reduction::sum, is_number));
  if (nans == x.count()) return text + fmt::format(", {} NaN", nans);
  const Tensor least =
      where(is_number, size, full(size.shape(), INFINITY, size.dtype(), context), context);
  const Tensor greatest =
      where(is_number, size, zeros(size.shape(), size.dtype(), context), context);
  return text + fmt::format(", norm {:.6g}, |x| from {:.6g} to {:.6g}, {} NaN",
                            norm(greatest, context), over_all(Reduction::min, least),
                            over_all(Reduction::max, greatest), nans);
}

void report(std::string_view label, const Tensor& x, std::string_view mode, Context& context) {
  if (context.listener != nullptr) context.listener->note(summary(label, x, mode, context));
}

class LookStep final : public Step {
 public:
  LookStep(Look look, const Operand& x, Mode mode)
      : look_(std::move(look)), layout_(host_layout(x, {})), mode_(mode) {
    is_host_callback = true;
    refs = {make_ref(x)};
    written = kNone;
    bytes = static_cast<double>(x.shape.count()) * static_cast<double>(size_of(x.dtype));
  }
  void run(const Frame& f) const override {
    const RawView from = refs[0].at(f);
    const Tensor copy = Tensor::empty(layout_, from.dtype, *f.context);
    f.backend->copy(from, false, copy.view(), *f.stream);
    look_(copy, word_of(mode_), *f.context);
  }

 private:
  Look look_;
  std::shared_ptr<const Layout> layout_;
  Mode mode_;
};

class TraceCore final : public PassingCore {
 public:
  TraceCore(
      std::string_view kind, Look look, std::string label, Signature signature, std::string name)
      : PassingCore(std::move(signature), std::move(name)),
        kind_(kind),
        look_(std::move(look)),
        label_(std::move(label)) {}
  std::string_view kind() const noexcept override { return kind_; }
  std::string details() const override { return label_; }
  void lower(Builder& b,
             Mode mode,
             const Operand& x,
             const Operand& y,
             const StepScale& s) const override {
    b.add(std::make_unique<LookStep>(look_, x, mode));
    b.copy(x, y, s);
  }

 protected:
  std::shared_ptr<const Core> with_signature(Signature signature) const override {
    return std::make_shared<TraceCore>(kind_, look_, label_, std::move(signature), name());
  }

 private:
  std::string_view kind_;  // of static storage
  Look look_;
  std::string label_;
};

}  // namespace

Linop Trace(std::string_view text, const TraceOptions& options) {
  const std::string& label = options.label.empty() ? options.name : options.label;
  Look look = options.look;
  if (!look) {
    look = [label](const Tensor& x, std::string_view mode, Context& context) {
      report(label, x, mode, context);
    };
  }
  return Linop(std::make_shared<TraceCore>(
      "Trace", std::move(look), label, passing_signature("Trace", text, options), options.name));
}

Linop Breakpoint(std::string_view text, const BreakpointOptions& options) {
  const std::string& label = options.label.empty() ? options.name : options.label;
  Look look = [label](const Tensor& x, std::string_view mode, Context& context) {
    if (context.listener != nullptr && context.listener->stop(label, x, mode)) return;
    report(label, x, mode, context);
  };
  return Linop(std::make_shared<TraceCore>("Breakpoint", std::move(look), label,
                                           passing_signature("Breakpoint", text, options),
                                           options.name));
}

}  // namespace lunops
