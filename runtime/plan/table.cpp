// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

namespace {

constexpr size_t kKept = 8;

bool same_layout(const std::shared_ptr<const Layout>& a, const std::shared_ptr<const Layout>& b) {
  return a == b || (a->strides == b->strides && a->shape == b->shape);
}

bool same_form(const std::shared_ptr<const Form>& a, const std::shared_ptr<const Form>& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

// `out` must be what the result is, but may have no names.
void check_out(const Tensor& y, const Layout& result, DType dtype, Device device) {
  if (y.dtype() != dtype) {
    fail(Code::dtype, "apply", "out is {} but the result is {}", name_of(y.dtype()),
         name_of(dtype));
  }
  if (!(y.device() == device)) {
    fail(Code::device, "apply", "out is on {} but the result is on {}", y.device().text(),
         device.text());
  }
  if (y.layout().get() == &result || y.shape() == result.shape) return;
  const bool fits = y.shape().extents() == result.shape.extents() &&
                    (!y.shape().is_named() || y.shape().without_primes() == result.shape);
  if (!fits) {
    fail(Code::shape, "apply", "out is {} but the result is {}", y.shape().braced(),
         result.shape.braced());
  }
}

bool is_strided(const Tensor* y) { return y != nullptr && !y->is_contiguous(); }

}  // namespace

const PlanTable::Entry* PlanTable::find(const Node& node,
                                        const Tensor& x,
                                        const Tensor* y,
                                        const Context& context,
                                        int applications) const {
  const bool strided = is_strided(y);
  for (const Entry& e : entries_) {
    if (e.mode != node.mode || e.dtype != x.dtype() || e.backend != &context.backend()) continue;
    if (!(e.device == x.device()) || (e.y != nullptr) != strided) continue;
    if (!same_layout(e.x, x.layout()) || !same_form(e.form, node.form)) continue;
    if (strided && e.y->strides != y->strides()) continue;
    if (e.plan->is_told() &&
        (y == nullptr || e.plan->output()->shape.extents() != y->shape().extents())) {
      continue;
    }
    if (!e.plan->is_current()) continue;
    if (e.plan->threads() > 0 && e.plan->threads() != context.stream->threads()) continue;
    const int made_for = e.plan->applications();
    if (applications > 0 && made_for > 0 && made_for != applications) continue;
    return &e;
  }
  return nullptr;
}

std::shared_ptr<const Plan> PlanTable::get(
    const Node& node, const Tensor& x, const Tensor* y, Context& context, int applications) {
  std::shared_ptr<const Plan> plan;
  {
    std::lock_guard lock(mutex_);
    if (const Entry* e = find(node, x, y, context, applications)) {
      e->used = ++clock_;
      plan = e->plan;
    }
  }
  if (plan == nullptr) {
    // One thread plans, others that need the same plan wait for it.
    std::lock_guard planning(planning_);
    {
      std::lock_guard lock(mutex_);
      if (const Entry* e = find(node, x, y, context, applications)) plan = e->plan;
    }
    if (plan == nullptr) {
      PlanOptions options;
      if (applications > 0) options.applications = applications;
      const bool strided = is_strided(y);
      if (strided) {  // errors of `out` come before any work
        const auto dry =
            make_plan(node, *x.layout(), x.dtype(), y->layout().get(), context, {.is_dry = true});
        check_out(*y, *dry->output(), dry->dtype(), dry->output_device());
      }
      plan = make_plan(node, *x.layout(), x.dtype(), y == nullptr ? nullptr : y->layout().get(),
                       context, options);
      std::lock_guard lock(mutex_);
      std::erase_if(entries_, [](const Entry& e) { return !e.plan->is_current(); });
      if (const Entry* superseded = find(node, x, y, context, 0)) {
        entries_.erase(entries_.begin() + (superseded - entries_.data()));
      }
      if (entries_.size() >= kKept) {
        entries_.erase(
            std::min_element(entries_.begin(), entries_.end(),
                             [](const Entry& a, const Entry& b) { return a.used < b.used; }));
      }
      entries_.push_back({node.mode, node.form, x.layout(), strided ? y->layout() : nullptr,
                          x.dtype(), x.device(), &context.backend(), plan, ++clock_});
    }
  }
  if (y != nullptr) check_out(*y, *plan->output(), plan->dtype(), plan->output_device());
  return plan;
}

bool PlanTable::has(const Node& node, const Tensor& x, Context& context, int applications) const {
  std::lock_guard lock(mutex_);
  return find(node, x, nullptr, context, applications) != nullptr;
}

size_t PlanTable::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace lunops
