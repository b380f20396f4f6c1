// SPDX-License-Identifier: MIT
#include "runtime/linop/container/chain.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

Field field_of(const std::vector<Node>& nodes) noexcept {
  for (const Node& n : nodes) {
    if (n.core->field() == Field::complex) return Field::complex;
  }
  return Field::real;
}

namespace {

// The extents of the result that an input of known extents implies, factor by factor.
void complete_through(const std::vector<Node>& factors, const Shape& in, Shape& out) {
  Shape at = in;
  for (size_t i = factors.size(); i-- > 0;) {
    at = output_of(factors[i], at);
    if (!at.is_known()) look_ahead(factors, static_cast<int>(i), at, out);
  }
  for (int i = 0; i < out.ndim(); ++i) {
    if (out.extent(i) == kUnknown) out = out.with_extent(i, at.extent(i));
  }
}

std::vector<Node> in_mode(const std::vector<Node>& factors, Mode mode) {
  std::vector<Node> made;
  for (const Node& f : factors) made.push_back(with_mode(f, mode));
  if (transposes(mode)) std::reverse(made.begin(), made.end());
  return made;
}

// The extents of one side that the other implies, where composition sees only names: an FFT's
// output has the extents of its input.
DimExtents implied(const std::vector<Node>& factors, const Shape& from, const Shape& to) {
  DimExtents extents;
  if (!from.is_known() || to.is_known()) return extents;
  Shape complete = to;
  complete_through(factors, from, complete);
  for (int i = 0; i < complete.ndim(); ++i)
    if (complete.extent(i) != kUnknown) extents.emplace_back(to.dim(i), complete.extent(i));
  return extents;
}

bool is_named(const Side& side) {
  return std::all_of(side.begin(), side.end(),
                     [](const Term& t) { return t.kind == Term::Kind::dim; });
}

Signature with_implied(const std::vector<Node>& factors, const Signature& s) {
  if (!is_named(s.input()) || !is_named(s.output())) return s;
  const Signature forward = s.with_extents(implied(factors, s.ishape(), s.oshape()));
  return forward.with_extents(
      implied(in_mode(factors, Mode::adjoint), forward.oshape(), forward.ishape()));
}

}  // namespace

Field ChainCore::field() const noexcept { return field_of(factors_); }

std::vector<Node> ChainCore::factors(Mode mode) const { return in_mode(factors_, mode); }

bool ChainCore::same(const Core& other) const {
  const std::vector<Node>& theirs = static_cast<const ChainCore&>(other).factors_;
  return std::equal(factors_.begin(), factors_.end(), theirs.begin(), theirs.end(), same_node);
}

Tile ChainCore::cut(const TileRequest& request) const {
  return cut_product(*this, factors_, places_, request);
}

std::shared_ptr<const Core> ChainCore::shown_as(const Signature& form) const {
  auto list = shown_children(factors_, signature(), form);
  if (!list) return nullptr;
  return std::make_shared<ChainCore>(std::move(*list),
                                     Composition{form, inner_beside(form, inner())}, name(),
                                     places_of(wire(factors_, signature(), inner(), places_)));
}

void ChainCore::complete(Mode mode, const Shape& in, Shape& out) const {
  complete_through(factors(mode), in, out);
}

void ChainCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  b.lower(Node{shared_from_this(), mode, nullptr}, x, y, s);
}

const ChainCore* as_chain(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const ChainCore*>(node.core.get());
}

Linop Chain(const std::vector<Linop>& given, const LinopOptions& options) {
  if (given.empty()) {
    fail(Code::argument, "Chain", "no factors; give at least one operator, or use lo.Identity");
  }
  for (const Linop& f : given) {
    if (!f) fail(Code::argument, "Chain", "a factor is no operator");
  }
  const bool has_options = !options.name.empty() || !options.extent.empty() || !options.batch;
  if (given.size() == 1 && !has_options) return given.front();

  Composition product = composition_of(given.back().node());
  std::vector<Node> so_far = {given.back().node()};
  for (size_t i = given.size() - 1; i-- > 0;) {
    product =
        compose(composition_of(given[i].node()), given[i].label(), product, given[i + 1].label());
    so_far.insert(so_far.begin(), given[i].node());
    product.signature = with_implied(so_far, product.signature);
  }
  product.signature = with_options("Chain", product.signature, options);

  std::vector<Node> factors;
  for (const Linop& f : given) {
    const ChainCore* inner = as_chain(f.node());
    if (inner != nullptr && inner->name().empty()) {
      for (Node& n : inner->factors(f.mode())) factors.push_back(std::move(n));
    } else {
      factors.push_back(f.node());
    }
  }
  return Linop(std::make_shared<ChainCore>(std::move(factors), std::move(product), options.name));
}

}  // namespace lunops
