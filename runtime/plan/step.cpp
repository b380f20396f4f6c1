// SPDX-License-Identifier: MIT
#include "runtime/plan/step.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/core/error.hpp"
#include "runtime/device/issued_work.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/stream.hpp"
#include "runtime/plan/cost.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

bool Operand::is_contiguous() const noexcept {
  int64_t expected = 1;
  for (int i = shape.ndim() - 1; i >= 0; --i) {
    const int64_t n = shape.extent(i);
    if (n != 1 && strides[static_cast<size_t>(i)] != expected) return false;
    expected *= n;
  }
  return true;
}

Operand slice(const Operand& operand, int dim, int64_t first, int64_t count) {
  LUNOPS_ASSERT(first >= 0 && first + count <= operand.shape.extent(dim));
  Operand part = operand;
  part.shape = operand.shape.with_extent(dim, count);
  part.offset += first * operand.strides[static_cast<size_t>(dim)] *
                 static_cast<int64_t>(size_of(operand.dtype));
  return part;
}

Operand select(const Operand& operand, int dim, int64_t index) {
  Operand part = slice(operand, dim, index, 1);
  std::vector<Dim> dims = part.shape.dims();
  std::vector<int64_t> extents = part.shape.extents();
  dims.erase(dims.begin() + dim);
  extents.erase(extents.begin() + dim);
  part.shape = Shape(std::move(dims), std::move(extents));
  part.strides.erase(part.strides.begin() + dim);
  return part;
}

bool Operand::repeats() const noexcept {
  for (int i = 0; i < shape.ndim(); ++i) {
    if (shape.extent(i) > 1 && strides[static_cast<size_t>(i)] == 0) return true;
  }
  return false;
}

namespace {

void set_dims(RawView& view,
              const std::vector<int64_t>& extents,
              const std::vector<int64_t>& strides) {
  view.ndim = static_cast<int>(extents.size());
  for (size_t i = 0; i < extents.size(); ++i) {
    view.extent[i] = extents[i];
    view.stride[i] = strides[i];
  }
}

}  // namespace

Ref make_ref(const Operand& operand,
             const std::vector<int64_t>& extents,
             const std::vector<int64_t>& strides) {
  Ref ref;
  ref.view.dtype = operand.dtype;
  ref.view.data = nullptr;
  set_dims(ref.view, extents, strides);
  ref.place = operand.place;
  ref.slot = operand.slot;
  ref.offset = operand.offset;
  return ref;
}

Ref make_ref(const Operand& operand) {
  return make_ref(operand, operand.shape.extents(), operand.strides);
}

Ref make_constant(const void* data,
                  DType dtype,
                  const std::vector<int64_t>& extents,
                  const std::vector<int64_t>& strides) {
  Ref ref;
  // Kernels take all their operands as RawView; this one is only read.
  ref.view.data = const_cast<void*>(data);
  ref.view.dtype = dtype;
  set_dims(ref.view, extents, strides);
  ref.place = Place::constant;
  return ref;
}

void merge_dims(std::vector<Ref>& refs) {
  const int ndim = refs.front().view.ndim;
  int kept = 0;
  for (int i = 0; i < ndim; ++i) {
    const auto from = static_cast<size_t>(i);
    const int64_t n = refs.front().view.extent[from];
    if (n == 1) continue;
    const bool joins =
        kept > 0 && std::all_of(refs.begin(), refs.end(), [&](const Ref& r) {
          return r.view.stride[static_cast<size_t>(kept - 1)] == r.view.stride[from] * n;
        });
    const auto to = static_cast<size_t>(joins ? kept - 1 : kept);
    for (Ref& r : refs) {
      r.view.extent[to] = joins ? r.view.extent[to] * n : n;
      r.view.stride[to] = r.view.stride[from];
    }
    if (!joins) ++kept;
  }
  for (Ref& r : refs) r.view.ndim = kept;
}

void Step::perform(const Frame& frame) const {
  const bool is_issued = frame.link != nullptr || frame.stream->native() != nullptr;
  if (is_issued) {
    note_issued(frame.link != nullptr ? frame.link->device() : frame.stream->device(), label);
  }
  run(frame);
  if (is_issued && is_blocking() && frame.link == nullptr) frame.stream->wait();
}

void Step::costs(const NufftCost& of_call, double calls) noexcept {
  flops = calls * of_call.flops;
  bytes = calls * of_call.bytes;
  seconds = calls * of_call.seconds;
}

GroupStep::GroupStep(std::vector<std::vector<std::unique_ptr<Step>>> groups, int workers)
    : groups_(std::move(groups)), workers_(workers) {
  for (const auto& group : groups_) {
    for (const auto& step : group) {
      refs.insert(refs.end(), step->refs.begin(), step->refs.end());
      flops += step->flops;
      bytes += step->bytes;
      seconds += seconds_of(*step);
    }
  }
}

void GroupStep::run(const Frame& frame) const {
  const int share = std::min(workers_, frame.stream->threads());
  ThreadPool::process().run(static_cast<int64_t>(groups_.size()), share, [&](int64_t g, int) {
    try {
      for (const auto& step : groups_[static_cast<size_t>(g)]) {
        frame.context->poll();
        step->run(frame);
      }
    } catch (...) {
      if (frame.failed_group != nullptr) {  // the first, whose error is the one that is reported
        int64_t known = frame.failed_group->load();
        while ((known < 0 || g < known) && !frame.failed_group->compare_exchange_weak(known, g)) {
        }
      }
      throw;
    }
  });
}

int GroupStep::tile_of(int64_t group) const noexcept {
  const auto& steps = groups_[static_cast<size_t>(group)];
  return steps.empty() ? -1 : steps.front()->tile;
}

namespace {

double bytes_of(const Ref& r) {
  double n = static_cast<double>(size_of(r.view.dtype));
  for (int i = 0; i < r.view.ndim; ++i) {
    if (r.view.stride[static_cast<size_t>(i)] != 0) {
      n *= static_cast<double>(r.view.extent[static_cast<size_t>(i)]);
    }
  }
  return n;
}

double flops_per_product(DType dtype) { return is_complex(dtype) ? 8.0 : 2.0; }

class AxpbyStep final : public Step {
 public:
  AxpbyStep(Ref x, bool conjugate, Ref y, StepScale s) : conjugate_(conjugate), scale_(s) {
    refs = {x, y};
    has_all_elements = true;
    merge_dims(refs);
    bytes = bytes_of(x) + bytes_of(y);
    flops = static_cast<double>(y.view.count()) * flops_per_product(y.view.dtype) / 2;
  }
  void run(const Frame& f) const override {
    if (f.link != nullptr) {  // Builder::transfer makes such steps of contiguous operands alone
      const RawView& x = refs[0].view;
      LUNOPS_ASSERT(x.ndim == 0 ||
                    (x.ndim == 1 && x.stride[0] == 1 && refs[1].view.stride[0] == 1));
      f.link->copy(refs[0].address(f), refs[1].address(f),
                   static_cast<size_t>(x.count()) * size_of(x.dtype));
      return;
    }
    f.backend->axpby(refs[0].at(f), conjugate_, f.resolve(scale_), refs[1].at(f), *f.stream);
  }

 private:
  bool conjugate_;
  StepScale scale_;
};

class SumStep final : public Step {
 public:
  SumStep(Ref x, Ref y, StepScale s, SumOrder order) : scale_(s), order_(order) {
    refs = {x, y};
    has_all_elements = true;
    merge_dims(refs);
    bytes = bytes_of(x) + bytes_of(y);
    flops = static_cast<double>(x.view.count()) * (is_complex(x.view.dtype) ? 2.0 : 1.0);
  }
  void run(const Frame& f) const override {
    f.backend->sum(refs[0].at(f), f.resolve(scale_), refs[1].at(f), order_, *f.stream);
  }

 private:
  StepScale scale_;
  SumOrder order_;
};

class PrepareStep final : public Step {
 public:
  PrepareStep(Ref y, StepScale s) : scale_(s) {
    refs = {y};
    has_all_elements = true;
    merge_dims(refs);
    bytes = bytes_of(y);
  }
  void run(const Frame& f) const override {
    const c128 beta = f.resolve(scale_).beta;
    const RawView y = refs[0].at(f);
    if (beta == 1.0) return;
    if (beta == 0.0) {
      f.backend->fill(0.0, y, *f.stream);
    } else {
      f.backend->axpby(y, false, {beta, 0.0}, y, *f.stream);
    }
  }

 private:
  StepScale scale_;
};

class MultiplyStep final : public Step {
 public:
  MultiplyStep(Ref w, bool conjugate, Ref x, Ref y, StepScale s)
      : conjugate_(conjugate), scale_(s) {
    refs = {w, x, y};
    has_all_elements = true;
    merge_dims(refs);
    bytes = bytes_of(w) + bytes_of(x) + bytes_of(y);
    flops = static_cast<double>(y.view.count()) * flops_per_product(y.view.dtype);
  }
  void run(const Frame& f) const override {
    f.backend->multiply(refs[0].at(f), refs[1].at(f), conjugate_, f.resolve(scale_), refs[2].at(f),
                        *f.stream);
  }

 private:
  bool conjugate_;
  StepScale scale_;
};

class PointwiseStep final : public Step {
 public:
  PointwiseStep(const PointwiseSpec& spec, std::vector<Ref> weights, Ref x, Ref y, StepScale s)
      : spec_(spec), scale_(s) {
    refs = std::move(weights);
    refs.push_back(x);
    refs.push_back(y);
    has_all_elements = true;
    merge_dims(refs);
    for (const Ref& r : refs) bytes += bytes_of(r);
    double products = 0;
    for (int t = 0; t < spec.count; ++t) {
      products += std::max(1, spec.terms[static_cast<size_t>(t)].count);
    }
    flops = static_cast<double>(y.view.count()) * flops_per_product(y.view.dtype) * products;
  }
  void run(const Frame& f) const override {
    std::array<RawView, PointwiseSpec::kMostWeights> weights;
    const size_t count = refs.size() - 2;
    for (size_t k = 0; k < count; ++k) weights[k] = refs[k].at(f);
    f.backend->pointwise(spec_, weights.data(), static_cast<int>(count), refs[count].at(f),
                         f.resolve(scale_), refs[count + 1].at(f), *f.stream);
  }

 private:
  PointwiseSpec spec_;
  StepScale scale_;
};

class ContractStep final : public Step {
 public:
  ContractStep(Ref a, bool conjugate, Ref b, int reduced, Ref y, StepScale s, SumOrder order)
      : conjugate_(conjugate), reduced_(reduced), scale_(s), order_(order) {
    refs = {a, b, y};
    has_all_elements = true;
    bytes = bytes_of(a) + bytes_of(b) + bytes_of(y);
    flops = static_cast<double>(y.view.count()) * flops_per_product(y.view.dtype);
  }
  void run(const Frame& f) const override {
    f.backend->contract(refs[0].at(f), conjugate_, refs[1].at(f), false, reduced_,
                        f.resolve(scale_), refs[2].at(f), order_, *f.stream);
  }

 private:
  bool conjugate_;
  int reduced_;
  StepScale scale_;
  SumOrder order_;
};

class FftStep final : public Step {
 public:
  FftStep(std::shared_ptr<const FftKernel> kernel, Ref x, Ref y, StepScale s)
      : kernel_(std::move(kernel)), scale_(s) {
    refs = {x, y};
    bytes = bytes_of(x) + bytes_of(y);
    if (kernel_ != nullptr) {
      flops = kernel_->flops();
      bytes = kernel_->bytes();
      scratch_bytes = kernel_->workspace();
    }
  }
  void run(const Frame& f) const override {
    kernel_->run(refs[0].address(f), refs[1].address(f), f.resolve(scale_), scratch_at(f),
                 *f.stream);
  }

 private:
  std::shared_ptr<const FftKernel> kernel_;
  StepScale scale_;
};

}  // namespace

std::unique_ptr<Step> axpby_step(Ref x, bool conjugate, Ref y, StepScale scale) {
  return std::make_unique<AxpbyStep>(x, conjugate, y, scale);
}

std::unique_ptr<Step> sum_step(Ref x, Ref y, StepScale scale, SumOrder order) {
  return std::make_unique<SumStep>(x, y, scale, order);
}

std::unique_ptr<Step> prepare_step(Ref y, StepScale scale) {
  return std::make_unique<PrepareStep>(y, scale);
}

std::unique_ptr<Step> multiply_step(Ref w, bool conjugate, Ref x, Ref y, StepScale scale) {
  return std::make_unique<MultiplyStep>(w, conjugate, x, y, scale);
}

std::unique_ptr<Step> pointwise_step(
    const PointwiseSpec& spec, std::vector<Ref> weights, Ref x, Ref y, StepScale scale) {
  return std::make_unique<PointwiseStep>(spec, std::move(weights), x, y, scale);
}

std::unique_ptr<Step> contract_step(
    Ref a, bool conjugate, Ref b, int reduced, Ref y, StepScale scale, SumOrder order) {
  return std::make_unique<ContractStep>(a, conjugate, b, reduced, y, scale, order);
}

Work work_of(const Step& step) noexcept {
  if (dynamic_cast<const GroupStep*>(&step) != nullptr) return Work::group;
  if (dynamic_cast<const FftStep*>(&step) != nullptr) return Work::fft;
  if (dynamic_cast<const ContractStep*>(&step) != nullptr) return Work::contraction;
  return Work::elementwise;
}

std::unique_ptr<Step> fft_step(std::shared_ptr<const FftKernel> kernel,
                               Ref x,
                               Ref y,
                               StepScale scale) {
  return std::make_unique<FftStep>(std::move(kernel), x, y, scale);
}

}  // namespace lunops
