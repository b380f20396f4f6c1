// SPDX-License-Identifier: MIT
#include "runtime/solver/cg_passes.hpp"

#include "runtime/backend/backend.hpp"

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
  // The rows that the host looks at lie together.
  read_ = scalars_;
  read_.memory = host_.data();
  const size_t count = static_cast<size_t>(CgScalars::fault - CgScalars::qq + 1);
  context_.backend().fetch(scalars_.row(CgScalars::qq), read_.row(CgScalars::qq),
                           count * space_.elements() * sizeof(double), *context_.stream);
  return read_;
}

std::vector<double> CgPasses::history(int iterations) {
  std::vector<double> residuals(static_cast<size_t>(iterations) * space_.elements());
  context_.backend().fetch(scalars_.history, residuals.data(), residuals.size() * sizeof(double),
                           *context_.stream);
  return residuals;
}

}  // namespace lunops
