// SPDX-License-Identifier: MIT
#include "runtime/linop/difference/step.hpp"

namespace lunops {

namespace {

class DifferenceStep final : public Step {
 public:
  DifferenceStep(const DifferenceSpec& spec, Ref x, Ref y, StepScale s) : spec_(spec), scale_(s) {
    refs = {x, y};
    using Form = DifferenceSpec::Form;
    const auto elements = static_cast<double>(y.view.count());
    const double parts = spec.count;
    const double arrays =
        (spec.form == Form::gather ? parts : 1) + (spec.form == Form::stack ? parts : 1);
    bytes = elements * arrays * static_cast<double>(size_of(y.view.dtype));
    flops = elements * parts * (is_complex(y.view.dtype) ? 12.0 : 6.0);
  }
  void run(const Frame& f) const override {
    f.backend->difference(spec_, refs[0].at(f), refs[1].at(f), f.resolve(scale_), *f.stream);
  }

 private:
  DifferenceSpec spec_;
  StepScale scale_;
};

}  // namespace

std::unique_ptr<Step> difference_step(const DifferenceSpec& spec, Ref x, Ref y, StepScale scale) {
  return std::make_unique<DifferenceStep>(spec, x, y, scale);
}

}  // namespace lunops
