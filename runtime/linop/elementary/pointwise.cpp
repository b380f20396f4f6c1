// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/pointwise.hpp"

#include <algorithm>

#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/linop/field/cast.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

// The factors of a term in the order in which they act.
std::vector<Node> acting(const PointwiseCore::Term& term, Mode mode) {
  std::vector<Node> nodes;
  for (const Node& f : term.factors) nodes.push_back(with_mode(f, mode));
  if (!transposes(mode)) std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

template <class F>
bool any_factor(const std::vector<PointwiseCore::Term>& terms, const F& f) {
  return std::any_of(terms.begin(), terms.end(), [&](const PointwiseCore::Term& t) {
    return std::any_of(t.factors.begin(), t.factors.end(), f);
  });
}

// Weights that terms share are there once.
class Weighting {
 public:
  Weighting(Builder& b, const Shape& x) : b_(b), x_(x) {}

  int number_of(const DiagonalCore& d, DType dtype) {
    const Side& side = d.signature().input();
    const Side dims = terms_at(side, places(side, d.signature().is_open(), x_.ndim()), x_.ndim());
    for (size_t k = 0; k < known_.size(); ++k) {
      const Known& each = known_[k];
      if (each.weight == d.weight() && each.dtype == dtype && each.dims == dims &&
          each.terms == d.terms()) {
        return static_cast<int>(k);
      }
    }
    refs_.push_back(b_.weight(d.weight(), dtype, x_.extents(), dims, d.terms()));
    known_.push_back({d.weight(), dtype, dims, d.terms()});
    return static_cast<int>(refs_.size()) - 1;
  }
  std::vector<Ref> take() { return std::move(refs_); }

 private:
  struct Known {
    WeightPtr weight;
    DType dtype;
    Side dims, terms;
  };
  Builder& b_;
  const Shape& x_;
  std::vector<Ref> refs_;
  std::vector<Known> known_;
};

PointwiseSpec::Term term_of(const PointwiseCore::Term& from,
                            Mode mode,
                            DType dtype,
                            Weighting& weights) {
  PointwiseSpec::Term t;
  const c128 scale = conjugates(mode) ? std::conj(from.scale) : from.scale;
  if (transposes(mode)) t.scale = scale;
  for (const Node& f : acting(from, mode)) {
    const auto count = static_cast<size_t>(t.count);
    if (const DiagonalCore* d = as_diagonal(f)) {
      t.weight[count] = weights.number_of(*d, d->weight()->meets(dtype));
      t.conjugate_weight[count] = conjugates(f.mode) && d->weight()->is_complex();
      ++t.count;
    } else if (as_cast(f) != nullptr) {
      dtype = result_dtype(f, dtype);
    } else {
      t.scale = std::conj(t.scale);
      t.conjugate = !t.conjugate;
      for (size_t k = 0; k < count; ++k) t.conjugate_weight[k] = !t.conjugate_weight[k];
    }
  }
  if (!transposes(mode)) t.scale *= scale;
  return t;
}

}  // namespace

Field PointwiseCore::field() const noexcept {
  const bool is_complex =
      any_factor(terms_, [](const Node& f) { return f.core->field() == Field::complex; }) ||
      std::any_of(terms_.begin(), terms_.end(),
                  [](const Term& t) { return t.scale.imag() != 0.0; });
  return is_complex ? Field::complex : Field::real;
}

bool PointwiseCore::is_real_linear() const {
  return any_factor(terms_, [](const Node& f) { return f.core->is_real_linear(); });
}

DType PointwiseCore::result_dtype(Mode mode, DType in) const {
  for (const Node& f : acting(terms_.front(), mode)) in = lunops::result_dtype(f, in);
  return in;
}

void PointwiseCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  PointwiseSpec spec;
  spec.deterministic = b.options().deterministic;
  Weighting weights(b, x.shape);
  for (const Term& t : terms_) {
    spec.terms[static_cast<size_t>(spec.count++)] = term_of(t, mode, x.dtype, weights);
  }
  const bool is_one_scale =
      std::all_of(spec.terms.begin(), spec.terms.begin() + spec.count,
                  [&](const auto& t) { return may_multiply(s.factor, t.scale, y.dtype); });
  const Operand made = is_one_scale ? y : b.slot(x.shape, y.dtype);
  b.add(pointwise_step(spec, weights.take(), make_ref(x),
                       make_ref(made, x.shape.extents(), made.strides),
                       is_one_scale ? s : StepScale{}));
  if (!is_one_scale) b.copy(made, y, s);
}

const PointwiseCore* as_pointwise(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const PointwiseCore*>(node.core.get());
}

}  // namespace lunops
