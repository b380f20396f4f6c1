// SPDX-License-Identifier: MIT
#include "runtime/linop/container/add.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/alike.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

AddCore::AddCore(std::vector<Node> terms, Signature signature, std::string name, WorkersPtr workers)
    : Core(Composition{std::move(signature), inner_of(terms)}, std::move(name)),
      terms_(std::move(terms)),
      workers_(or_new(std::move(workers))) {
  is_self_adjoint_ = std::all_of(terms_.begin(), terms_.end(), [](const Node& n) {
    return n.form == nullptr && n.core->is_self_adjoint() && n.mode == Mode::forward;
  });
}

Field AddCore::field() const noexcept { return field_of(terms_); }

DType AddCore::result_dtype(Mode mode, DType in) const {
  const Node first = with_mode(terms_.front(), mode);
  const DType made = lunops::result_dtype(first, in);
  for (const Node& term : terms_) {
    const Node other = with_mode(term, mode);
    const DType theirs = lunops::result_dtype(other, in);
    if (theirs == made) continue;
    fail(Code::dtype, "Add",
         "{} makes {} of {} but {} makes {}; use Cast, Real or Imag in one term", label_of(first),
         name_of(made), name_of(in), label_of(other), name_of(theirs));
  }
  return made;
}

bool AddCore::same(const Core& other) const {
  const std::vector<Node>& theirs = static_cast<const AddCore&>(other).terms_;
  return std::equal(terms_.begin(), terms_.end(), theirs.begin(), theirs.end(), same_node);
}

// Every term alike; one that lacks a requested inner dim goes into the first tile alone.
Tile AddCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  std::vector<Tile> tiles;
  for (const Node& term : terms_) {
    if (auto tile = cut_alike(*this, term, part)) tiles.push_back(std::move(*tile));
  }
  if (tiles.empty()) return no_tile(part);
  const auto [input, output] = common_slices(tiles, part);
  std::vector<Node> made;
  for (const Tile& t : tiles) made.push_back(widened(signature(), t, input, output));
  const Signature shown = cut_signature(signature(), input, output);
  if (made.size() == 1 && name().empty() && signature_of(made.front()) == shown) {
    return {made.front(), input, output};
  }
  return {Node{std::make_shared<AddCore>(std::move(made), shown, name(), workers_), Mode::forward,
               nullptr},
          input, output};
}

std::vector<Pairing> AddCore::pairings(Mode mode,
                                       const Tensor& x,
                                       const Tensor& v,
                                       Context&) const {
  std::vector<Pairing> all;
  for (size_t i = 0; i < terms_.size(); ++i) {
    all.push_back({i, with_mode(terms_[i], mode), x, v});
  }
  return all;
}

std::shared_ptr<const Core> AddCore::shown_as(const Signature& form) const {
  auto list = shown_children(terms_, signature(), form);
  if (!list) return nullptr;
  return std::make_shared<AddCore>(std::move(*list), form, name(), workers_);
}

void AddCore::complete(Mode mode, const Shape& in, Shape& out) const {
  for (const Node& t : terms_) {
    const Shape of_term = output_of(with_mode(t, mode), in);
    for (int i = 0; i < out.ndim(); ++i) {
      if (out.extent(i) == kUnknown) out = out.with_extent(i, of_term.extent(i));
    }
  }
}

void AddCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  std::vector<Product> products;
  collect_terms(Node{shared_from_this(), mode, nullptr}, products, b);
  if (b.options().rewrite) merge_terms(products, b);
  if (products.empty()) {
    b.add(prepare_step(make_ref(y), s));
    return;
  }
  b.sum_side_by_side(workers_, products.size(), y, s,
                     [&](size_t i, const Operand& to, const StepScale& scale) {
                       b.lower(products[i], x, to, scale);
                     });
}

const AddCore* as_add(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const AddCore*>(node.core.get());
}

Node sum_of(const std::vector<Node>& terms, WorkersPtr workers) {
  std::vector<Signature> signatures;
  for (const Node& t : terms) signatures.push_back(signature_of(t));
  const Signature sum = unified("Add", signatures, terms);
  if (terms.size() == 1) return terms.front();
  return {std::make_shared<AddCore>(terms, sum, "", std::move(workers)), Mode::forward, nullptr};
}

Linop Add(const std::vector<Linop>& given, const AddOptions& options) {
  if (given.empty()) {
    fail(Code::argument, "Add", "no terms; give at least one operator");
  }
  for (const Linop& t : given) {
    if (!t) fail(Code::argument, "Add", "a term is no operator");
  }
  const bool has_options = !options.name.empty() || !options.extent.empty() || !options.batch ||
                           options.threaded || options.num_workers != 0;
  if (given.size() == 1 && !has_options) return given.front();
  Signature sum = given.front().signature();
  for (size_t i = 1; i < given.size(); ++i) {
    sum = add(sum, given[i - 1].label(), given[i].signature(), given[i].label());
  }
  std::vector<Node> terms;
  for (const Linop& t : given) terms.push_back(t.node());
  return Linop(std::make_shared<AddCore>(std::move(terms), with_options("Add", sum, options),
                                         options.name, workers_of("Add", options)));
}

}  // namespace lunops
