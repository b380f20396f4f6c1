// SPDX-License-Identifier: MIT
#include "runtime/linop/container/normal.hpp"

#include <algorithm>

#include "runtime/linop/container/chain.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

NormalCore::NormalCore(Node a, std::optional<Node> inner, Composition composition)
    : Core(std::move(composition), ""), a_(std::move(a)), middle_(std::move(inner)) {}

Field NormalCore::field() const noexcept { return field_of(children()); }

std::vector<Node> NormalCore::children() const {
  if (middle_) return {a_, *middle_};
  return {a_};
}

bool NormalCore::is_self_adjoint() const noexcept {
  return !middle_ || (middle_->form == nullptr && middle_->core->is_self_adjoint() &&
                      !transposes(middle_->mode) && !conjugates(middle_->mode));
}

bool NormalCore::same(const Core& other) const {
  const auto& o = static_cast<const NormalCore&>(other);
  return same_node(a_, o.a_) && middle_.has_value() == o.middle_.has_value() &&
         (!middle_ || same_node(*middle_, *o.middle_));
}

std::shared_ptr<const Core> NormalCore::shown_as(const Signature& form) const {
  auto list = shown_children(children(), signature(), form);
  if (!list) return nullptr;
  std::optional<Node> middle;
  if (middle_) middle = list->back();
  return std::make_shared<NormalCore>(list->front(), std::move(middle), Composition{form, {}});
}

void NormalCore::complete(Mode, const Shape& in, Shape& out) const {
  if (in.ndim() != out.ndim()) return;
  for (int i = 0; i < out.ndim(); ++i) {
    if (out.extent(i) == kUnknown) out = out.with_extent(i, in.extent(i));
  }
}

std::vector<Node> NormalCore::factors(Mode mode) const {
  std::vector<Node> list{with_mode(a_, Mode::adjoint)};
  if (middle_) list.push_back(*middle_);
  list.push_back(a_);
  for (Node& n : list) n = with_mode(n, mode);
  if (transposes(mode)) std::reverse(list.begin(), list.end());
  return list;
}

void NormalCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  b.lower(Node{shared_from_this(), mode, nullptr}, x, y, s);
}

const NormalCore* as_normal(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const NormalCore*>(node.core.get());
}

Node make_normal(const Node& a, const Node* inner) {
  if (a.form == nullptr) {
    if (auto exact = a.core->exact_normal(a.mode, inner)) return *exact;
  }
  const Composition of_a = composition_of(a);
  Composition composition;
  if (inner == nullptr) {
    composition = normal(of_a);
  } else {
    const std::string label = label_of(a), middle = label_of(*inner);
    const Composition right = compose(composition_of(*inner), middle, of_a, label);
    // Where M leaves the dims as they are, the normal shares A's variables with Aᴴ.
    composition =
        right.signature == of_a.signature
            ? normal(of_a)
            : compose(adjoint(of_a), label_of(with_mode(a, Mode::adjoint)), right, middle);
  }
  std::optional<Node> middle;
  if (inner != nullptr) middle = *inner;
  return {std::make_shared<NormalCore>(a, std::move(middle), std::move(composition)), Mode::forward,
          nullptr};
}

}  // namespace lunops
