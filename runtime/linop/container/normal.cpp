// SPDX-License-Identifier: MIT
#include "runtime/linop/container/normal.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/wiring.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

NormalCore::NormalCore(Node a,
                       std::optional<Node> inner,
                       Composition composition,
                       InnerPlaces places)
    : Core(std::move(composition), ""),
      a_(std::move(a)),
      middle_(std::move(inner)),
      places_(std::move(places)) {}

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

// Along dims that A keeps, and along inner dims that are A's output: there Aᴴ A is joined from, or
// is the sum of, the normals of A's tiles.
std::optional<Tile> NormalCore::cut_inside(const TileRequest& request) const {
  const Signature& own = signature();
  const Signature sig = signature_of(a_);
  const Side in = terms_of(own.input()), out = terms_of(own.output());
  const Side a_in = terms_of(sig.input()), a_out = terms_of(sig.output());
  if (in.size() != a_in.size() || out.size() != in.size()) return std::nullopt;
  const Wiring w = wire(factors(Mode::forward), own, inner(), places_);
  const Stage& first = w.stages.front();  // A
  if (first.input != w.input) return std::nullopt;

  TileRequest of_a;
  of_a.input.resize(a_in.size());
  of_a.output.resize(a_out.size());
  for (size_t i = 0; i < in.size(); ++i) {
    if (!request.input[i] && !request.output[i]) continue;
    if (find_term(a_out, a_in[i]) < 0 || w.output[i] != w.input[i]) return std::nullopt;
    of_a.input[i] = request.input[i];
  }
  const Stage& last = w.stages.back();  // Aᴴ: what it reads of A's output has come through M
  const auto passes = [&](int wire) {
    return std::find(last.before.begin(), last.before.end(), wire) != last.before.end();
  };
  for (const auto& [dim, stretch] : request.inner) {
    size_t k = 0;
    while (k < inner().size() && inner()[k].first != dim) ++k;
    if (k == inner().size()) return std::nullopt;
    const auto at = std::find(first.output.begin(), first.output.end(), w.inner[k].wire);
    if (at == first.output.end() || !passes(*at)) return std::nullopt;
    of_a.output[static_cast<size_t>(at - first.output.begin())] = stretch;
  }
  Tile a = lunops::cut(a_, of_a);
  if (!a.op) return no_tile(request);

  std::optional<Node> middle;
  if (middle_) {
    const Stage& m = w.stages[1];
    TileRequest of_m;
    of_m.input.resize(m.input.size());
    of_m.output.resize(m.output.size());
    for (size_t i = 0; i < first.output.size(); ++i) {
      if (!a.output[i]) continue;
      if (!passes(first.output[i])) return std::nullopt;
      for (size_t t = 0; t < m.input.size(); ++t) {
        if (m.input[t] == first.output[i]) of_m.input[t] = a.output[i];
      }
      for (size_t t = 0; t < m.output.size(); ++t) {
        if (m.output[t] == first.output[i]) of_m.output[t] = a.output[i];
      }
    }
    const Tile part = lunops::cut(*middle_, of_m);
    if (!part.op) return no_tile(request);
    if (part.input != of_m.input || part.output != of_m.output) return std::nullopt;
    middle = part.op;
  }
  Composition shown{cut_signature(own, a.input, a.input), {}};
  const InnerPlaces places = places_of(w);
  InnerPlaces kept;
  for (size_t k = 0; k < inner().size(); ++k) {
    const InnerDim& what = w.inner[k];
    auto [dim, extent] = inner()[k];
    if (what.stage >= 0) {
      const bool is_first = what.stage == 0,
                 is_last = static_cast<size_t>(what.stage) + 1 == w.stages.size();
      const auto there = inner_extent(is_first  ? *a.op
                                      : is_last ? with_mode(*a.op, Mode::adjoint)
                                                : *middle,
                                      what.dim);
      if (!there) continue;  // the factor lost it, as an Add does with a term
      extent = *there;
    }
    const auto at = std::find(first.output.begin(), first.output.end(), what.wire);
    if (what.stage < 0 && at != first.output.end()) {
      const auto& slice = a.output[static_cast<size_t>(at - first.output.begin())];
      if (slice) extent = slice->count;
    }
    shown.inner.emplace_back(dim, extent);
    kept.push_back(places[k]);
  }
  return Tile{Node{std::make_shared<NormalCore>(*a.op, std::move(middle), std::move(shown),
                                                std::move(kept)),
                   Mode::forward, nullptr},
              a.input, a.input};
}

Tile NormalCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  if (const auto tile = cut_inside(part)) return *tile;
  return cut_product(*this, factors(Mode::forward), places_, part);
}

std::shared_ptr<const Core> NormalCore::rebuilt(Parts parts) const {
  if (!parts.name.empty()) {
    fail(Code::unsupported, "with", "{} has no name; give one to its operator", label());
  }
  std::optional<Node> middle;
  if (middle_) middle = parts.children.back();
  return std::make_shared<NormalCore>(parts.children.front(), std::move(middle),
                                      Composition{signature(), inner()}, places_);
}

std::shared_ptr<const Core> NormalCore::shown_as(const Signature& form) const {
  auto list = shown_children(children(), signature(), form);
  if (!list) return nullptr;
  std::optional<Node> middle;
  if (middle_) middle = list->back();
  return std::make_shared<NormalCore>(
      list->front(), std::move(middle), Composition{form, inner_beside(form, inner())},
      places_of(wire(factors(Mode::forward), signature(), inner(), places_)));
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
  require_adjoint(*a.core, "normal");
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
