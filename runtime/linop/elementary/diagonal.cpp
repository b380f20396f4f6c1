// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/diagonal.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/linop/bytes.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

DiagonalCore::DiagonalCore(WeightPtr weight, Side terms, Signature signature, std::string name)
    : Core(std::move(signature), std::move(name)),
      weight_(std::move(weight)),
      terms_(std::move(terms)) {}

Mode DiagonalCore::canonical(Mode mode) const noexcept {
  return conjugates(mode) && weight_->is_complex() ? Mode::conj : Mode::forward;
}

std::string DiagonalCore::details() const { return fmt::format("weight {}", bytes_text(*weight_)); }

std::optional<Node> DiagonalCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner == nullptr) {
    return Node{std::make_shared<DiagonalCore>(weight_square(weight_), terms_, signature(), ""),
                Mode::forward, nullptr};
  }
  const DiagonalCore* m = as_diagonal(*inner);
  if (m == nullptr || !(m->signature() == signature())) return std::nullopt;
  const Side dims = terms_of(signature().input());
  Side all;
  for (const Term& t : dims) {
    if (find_term(terms_, t) >= 0 || find_term(m->terms_, t) >= 0) all.push_back(t);
  }
  (void)mode;
  const WeightPtr made = weight_product(weight_square(weight_), terms_, false, m->weight_,
                                        m->terms_, conjugates(inner->mode), all);
  return Node{std::make_shared<DiagonalCore>(made, all, signature(), ""), Mode::forward, nullptr};
}

bool DiagonalCore::same(const Core& other) const {
  const auto& o = static_cast<const DiagonalCore&>(other);
  return terms_ == o.terms_ && weight_->same(*o.weight_);
}

// Every dim may be cut: those of the weight with it, the others are kept and broadcast.
Tile DiagonalCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  return tile_of(
      std::make_shared<DiagonalCore>(cut_weight(weight_, terms_, signature(), part), terms_,
                                     cut_signature(signature(), part.input, part.output), name()),
      part);
}

std::shared_ptr<const Core> DiagonalCore::shown_as(const Signature& form) const {
  return std::make_shared<DiagonalCore>(weight_, shown_terms(terms_, signature(), form), form,
                                        name());
}

Side terms_at(const Side& side, const Places& at, int ndim) {
  Side dims(static_cast<size_t>(ndim));
  const Side own = terms_of(side);
  for (size_t i = 0; i < own.size(); ++i) dims[static_cast<size_t>(at.term[i])] = own[i];
  return dims;
}

void DiagonalCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const Side& side = signature().input();
  const Side dims =
      terms_at(side, places(side, signature().is_open(), x.shape.ndim()), x.shape.ndim());
  const std::vector<int64_t>& extents = x.shape.extents();
  const Ref w = b.weight(weight_, weight_->meets(x.dtype), extents, dims, terms_);
  b.add(multiply_step(w, conjugates(mode) && weight_->is_complex(), make_ref(x),
                      make_ref(y, extents, y.strides), s));
}

const DiagonalCore* as_diagonal(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const DiagonalCore*>(node.core.get());
}

namespace {

// Of a bool tensor in row-major memory, as arithmetic makes it.
int64_t count_true(const Tensor& mask) {
  Context host;
  const Tensor x = mask.to(Device::host(), host);
  const bool* at = x.data_as<bool>();
  return std::count(at, at + x.count(), true);
}

}  // namespace

std::optional<Node> diagonal_power(const Node& node, double p) {
  const auto* diagonal = dynamic_cast<const DiagonalCore*>(node.core.get());
  if (diagonal == nullptr) return std::nullopt;
  Context context = on_device(diagonal->weight()->device(), Context());
  const DType dtype =
      diagonal->weight()->is_given() && is_floating(diagonal->weight()->tensor().dtype())
          ? diagonal->weight()->tensor().dtype()
          : (diagonal->weight()->is_complex() ? DType::c128 : DType::f64);
  Tensor w = diagonal->weight()->as(dtype, context, false).unname();
  if (conjugates(node.mode) && is_complex(dtype)) w = unary(Unary::conj, w, context);
  if (p < 0) {
    const int64_t zeros_there = count_true(binary(Binary::equal, w, 0.0, context));
    if (zeros_there > 0) {
      fail(Code::numeric, "power", "{} ^ {}: {} of {} weights are 0", label_of(node), p,
           zeros_there, w.count());
    }
  }
  if (!is_complex(dtype) && p != std::floor(p)) {
    const int64_t negatives = count_true(binary(Binary::less, w, 0.0, context));
    if (negatives > 0) {
      fail(Code::numeric, "power",
           "{} ^ {}: {} of {} weights are negative; use a complex weight for a fractional power",
           label_of(node), p, negatives, w.count());
    }
  }
  const Tensor raised = binary(Binary::power, w, p, context);
  const auto made = std::make_shared<Weight>(
      raised.dtype() == dtype ? raised : raised.as(dtype, context), diagonal->label());
  return Node{std::make_shared<DiagonalCore>(made, diagonal->terms(), diagonal->signature(),
                                             diagonal->name()),
              Mode::forward, node.form};
}

Linop Diagonal(const Tensor& weight,
               std::optional<std::string_view> text,
               const LinopOptions& options) {
  const std::string owner =
      options.name.empty() ? "Diagonal" : fmt::format("Diagonal '{}'", options.name);
  if (!is_floating(weight.dtype()) && weight.dtype() != DType::boolean) {
    fail(Code::dtype, "Diagonal",
         "the weight is {}; weights are f32, f64, c64, c128 or bool, so use w:as \"f32\"",
         name_of(weight.dtype()));
  }
  const auto rank = static_cast<size_t>(weight.ndim());
  Side side;
  if (text) {
    const SignatureText parsed = parse_signature("Diagonal", *text);
    if (!parsed.is_one_sided) {
      fail(Code::shape, "Diagonal",
           "\"{}\" has two sides; a Diagonal keeps its dims, so name them once", *text);
    }
    side = parsed.side;
  } else {
    for (size_t i = 0; i < rank; ++i) {
      Term t;
      if (weight.shape().is_named() && rank > 0) {
        t.dim = weight.shape().dim(static_cast<int>(i)).without_primes();
      } else {
        t.kind = Term::Kind::variable;
        t.variable = static_cast<int>(i) + 1;
      }
      side.push_back(t);
    }
  }
  const Side dims = terms_of(side);
  if (rank > dims.size()) {
    fail(Code::shape, "Diagonal", "the weight {} has rank {} but \"{}\" has {} dim{}",
         weight.shape().braced(), rank, text.value_or(""), dims.size(),
         dims.size() == 1 ? "" : "s");
  }
  Side terms;
  DimExtents extents;
  for (size_t i = 0; i < rank; ++i) {
    Term t;
    if (weight.shape().is_named() && rank > 0) {
      t.dim = weight.shape().dim(static_cast<int>(i)).without_primes();
      const bool is_there = find_term(dims, t) >= 0;
      if (!is_there && text) {
        fail(Code::shape, "Diagonal",
             "the weight {} has the dim '{}', which \"{}\" does not have; rename the weight or add "
             "the dim to the string",
             weight.shape().braced(), t.dim.text(), *text);
      }
    } else {
      t = dims[dims.size() - rank + i];
    }
    if (find_term(terms, t) >= 0) {
      fail(Code::shape, "Diagonal", "the weight {} has two dims named '{}'; rename one of them",
           weight.shape().braced(), t.dim.text());
    }
    t.extent = kUnknown;
    terms.push_back(t);
    const int64_t extent = weight.shape().extent(static_cast<int>(i));
    for (Term& own : side) {
      if (!same_term(own, t)) continue;
      if (own.extent != kUnknown && own.extent != extent) {
        fail(Code::shape, "Diagonal", "extent of '{}' is {} in \"{}\" but {} in the weight {}",
             text_of_base(own), own.extent, text.value_or(""), extent, weight.shape().braced());
      }
      own.extent = extent;
    }
  }
  return Linop(std::make_shared<DiagonalCore>(
      std::make_shared<Weight>(weight, owner), terms,
      with_options("Diagonal", Signature(side, side), options), options.name));
}

}  // namespace lunops
