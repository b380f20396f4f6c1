// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/selected_normal.hpp"

#include <algorithm>

#include "runtime/backend/backend.hpp"
#include "runtime/linop/elementary/diagonal.hpp"

namespace lunops {

namespace {

// Position of a dim by its base name: matching ignores primes.
int find_base(const Side& side, const Term& term) {
  for (size_t i = 0; i < side.size(); ++i) {
    if (side[i].kind == Term::Kind::dim && side[i].dim.name == term.dim.name) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

bool are_dims(const Side& side) {
  return std::all_of(side.begin(), side.end(),
                     [](const Term& t) { return t.kind == Term::Kind::dim; });
}

RawView strided(const Tensor& values,
                const std::vector<int64_t>& extents,
                const std::vector<int64_t>& strides) {
  RawView v;
  v.data = values.data();
  v.dtype = values.dtype();
  v.ndim = static_cast<int>(extents.size());
  for (size_t i = 0; i < extents.size(); ++i) {
    v.extent[i] = extents[i];
    v.stride[i] = strides[i];
  }
  return v;
}

}  // namespace

std::optional<Node> selected_normal(const Node& a,
                                    const Node* inner,
                                    const Side& own,
                                    const std::vector<int64_t>& own_extents,
                                    const Side& selected,
                                    const std::vector<int64_t>& selected_extents,
                                    SelectedSum sum) {
  if (!are_dims(own) || !are_dims(selected)) return std::nullopt;
  Side side = signature_of(a).input();
  bool is_open = signature_of(a).is_open();
  WeightPtr middle;
  Side others;
  std::vector<int64_t> extents;
  std::vector<int> from;  // dim of M's weight for each of {others…, selected…}; -1: none
  if (inner != nullptr) {
    const DiagonalCore* m = as_diagonal(*inner);
    if (m == nullptr || !are_dims(m->terms())) return std::nullopt;
    const Composition right =
        compose(composition_of(*inner), label_of(*inner), composition_of(a), label_of(a));
    side = right.signature.input();
    is_open = right.signature.is_open();
    middle = m->weight();
    for (size_t i = 0; i < m->terms().size(); ++i) {
      const Term& t = m->terms()[i];
      if (find_base(selected, t) >= 0) continue;
      const int at = find_base(side, t);
      if (at < 0) return std::nullopt;
      others.push_back(side[static_cast<size_t>(at)]);
      extents.push_back(middle->extents()[i]);
      from.push_back(static_cast<int>(i));
    }
    for (const Term& t : selected) from.push_back(find_base(m->terms(), t));
  } else {
    from.assign(selected.size(), -1);
  }
  Side terms = others;
  std::vector<int64_t> read = extents;
  read.insert(read.end(), selected_extents.begin(), selected_extents.end());
  extents.insert(extents.end(), own_extents.begin(), own_extents.end());
  for (const Term& t : own) {
    const int at = find_base(side, t);
    if (at < 0) return std::nullopt;
    terms.push_back(side[static_cast<size_t>(at)]);
  }
  for (Term& t : terms) t.extent = kUnknown;
  const bool is_complex_weight = middle != nullptr && middle->is_complex();
  auto recipe = [=](DType dtype, Context& context) {
    const DType work = is_complex_weight ? complex_of(dtype) : real_of(dtype);
    const Tensor m = middle == nullptr ? full(Shape::unnamed({1}), 1.0, work, context)
                                       : middle->as(work, context, false);
    std::vector<int64_t> strides;
    for (const int i : from) strides.push_back(i < 0 ? 0 : m.strides()[static_cast<size_t>(i)]);
    const Tensor out = Tensor::empty(Shape::unnamed(extents), work, context);
    sum(strided(m, read, strides), out.view(), context);
    return work == dtype ? out : out.as(dtype, context);
  };
  Weights sources = a.core->weights();  // a later write to the indices is an error here, too
  if (middle != nullptr) sources.push_back(middle);
  const auto weight =
      std::make_shared<Weight>(extents, is_complex_weight, std::move(sources), std::move(recipe));
  const Node made{std::make_shared<DiagonalCore>(weight, terms, Signature(side, side, is_open), ""),
                  Mode::forward, nullptr};
  const bool conjugate = inner != nullptr && conjugates(inner->mode) && is_complex_weight;
  return conjugate ? with_mode(made, Mode::conj) : made;
}

}  // namespace lunops
