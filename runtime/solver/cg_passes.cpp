// SPDX-License-Identifier: MIT
#include "runtime/solver/cg_passes.hpp"

#include <cstring>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"

namespace lunops {

using Stage = CgScalars::Stage;

namespace {

c128* complex_row(const CgScalars& s, CgScalars::Row row) {
  return reinterpret_cast<c128*>(s.row(row));
}

}  // namespace

CgPasses::CgPasses(VectorSpace& space, Context& context, int kept_residuals)
    : space_(space), context_(context) {
  const auto count = static_cast<int64_t>(space.elements());
  memory_ = Tensor::empty(Shape::unnamed({CgScalars::rows, count}), DType::f64, context);
  scalars_.memory = static_cast<double*>(memory_.data());
  scalars_.count = count;
  scalars_.roundoff = space.roundoff();
  if (kept_residuals > 0) {
    history_ = Tensor::empty(Shape::unnamed({kept_residuals, count}), DType::f64, context);
    scalars_.history = static_cast<double*>(history_.data());
  }
  host_.resize(static_cast<size_t>(CgScalars::rows) * space.elements());
  advance(Stage::clear);
}

void CgPasses::products(const Tensor& p, const Tensor& q) {
  const std::vector<VectorSpace::Part>& parts = space_.parts();
  Backend& backend = context_.backend();
  const bool is_one = parts.size() == 1;
  const auto row = [&](CgScalars::Row whole, CgScalars::Row part) {
    return scalars_.row(is_one ? whole : part);
  };
  if (!is_one) advance(Stage::clear);
  for (const VectorSpace::Part& part : parts) {
    backend.cg_products(space_.view(p, part), space_.view(q, part),
                        complex_row(scalars_, is_one ? CgScalars::delta : CgScalars::part_delta),
                        row(CgScalars::pp, CgScalars::part_pp),
                        row(CgScalars::qq, CgScalars::part_qq), *context_.stream);
    if (is_one) return;
    scalars_.first = static_cast<int64_t>(part.first);
    scalars_.part_count = space_.rows();
    advance(Stage::collect_products);
  }
}

void CgPasses::update(const Tensor& p, const Tensor& q, const Tensor& x, const Tensor& r) {
  const std::vector<VectorSpace::Part>& parts = space_.parts();
  const bool is_one = parts.size() == 1;
  if (!is_one) advance(Stage::clear);
  for (const VectorSpace::Part& part : parts) {
    context_.backend().cg_update(
        complex_row(scalars_, CgScalars::alpha) + part.first, space_.view(p, part),
        space_.view(q, part), space_.view(x, part), space_.view(r, part),
        scalars_.row(is_one ? CgScalars::rr : CgScalars::part_rr), *context_.stream);
    if (is_one) return;
    scalars_.first = static_cast<int64_t>(part.first);
    scalars_.part_count = space_.rows();
    advance(Stage::collect_residual);
  }
}

void CgPasses::direction(const Tensor& z, const Tensor& p) {
  for (const VectorSpace::Part& part : space_.parts()) {
    context_.backend().cg_direction(complex_row(scalars_, CgScalars::beta) + part.first,
                                    space_.view(z, part), space_.view(p, part), *context_.stream);
  }
}

void CgPasses::advance(Stage stage) {
  context_.backend().cg_scalars(scalars_, stage, *context_.stream);
}

const CgScalars& CgPasses::read() {
  read_ = scalars_;
  read_.memory = host_.data();
  context_.backend().fetch(scalars_.row(CgScalars::qq), read_.row(CgScalars::qq), read_bytes(),
                           *context_.stream);
  return read_;
}

// The rows that the host looks at lie together.
size_t CgPasses::read_bytes() const noexcept {
  const size_t count = static_cast<size_t>(CgScalars::fault - CgScalars::qq + 1);
  return count * space_.elements() * sizeof(double);
}

void CgPasses::post() {
  LUNOPS_ASSERT(posts_ - takes_ < posted_.size());
  Posted& slot = posted_[posts_ % posted_.size()];
  const Device gpu = context_.device;
  if (!slot.memory) slot.memory.emplace(read_bytes());
  if (!slot.ready) slot.ready = NativeEvent(gpu);
  const NativeStream& stream = NativeStream::compute(gpu);
  stream.module().copy(stream.handle(), gpu.index, scalars_.row(CgScalars::qq),
                       number_of(Device::host()), slot.memory->data(), read_bytes(), false);
  slot.ready.record(stream);
  ++posts_;
}

const CgScalars& CgPasses::take() {
  LUNOPS_ASSERT(takes_ < posts_);
  const Posted& slot = posted_[takes_++ % posted_.size()];
  slot.ready.synchronize();
  read_ = scalars_;
  read_.memory = host_.data();
  std::memcpy(read_.row(CgScalars::qq), slot.memory->data(), read_bytes());
  return read_;
}

CgPasses::~CgPasses() {
  // Copies that nobody took may still be under way.
  for (; takes_ < posts_; ++takes_) {
    try {
      posted_[takes_ % posted_.size()].ready.synchronize();
    } catch (const Error&) {
      // Who waits next is told.
    }
  }
}

std::vector<double> CgPasses::history(int iterations) {
  std::vector<double> residuals(static_cast<size_t>(iterations) * space_.elements());
  context_.backend().fetch(scalars_.history, residuals.data(), residuals.size() * sizeof(double),
                           *context_.stream);
  return residuals;
}

}  // namespace lunops
