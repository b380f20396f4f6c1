// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/sampling.hpp"

#include <algorithm>
#include <limits>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/linop/moving/selected_normal.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

SamplingCore::SamplingCore(SampleIndex index, Signature signature, std::string name)
    : Core(std::move(signature), std::move(name)), index_(std::move(index)) {
  const Side in = terms_of(this->signature().input()), out = terms_of(this->signature().output());
  const auto extent_of = [&](const Term& t) {
    return index_.tensors.front()->extents()[static_cast<size_t>(find_term(index_.terms, t))];
  };
  for (const Term& t : in) {
    if (find_term(out, t) < 0) grid_.push_back(t);
  }
  for (const Term& t : out) {
    const bool is_indexed = find_term(index_.terms, t) >= 0;
    if (find_term(in, t) < 0) {
      samples_.push_back(t);
      sample_count_ *= extent_of(t);
    } else if (is_indexed) {
      groups_.push_back(t);
      group_count_ *= extent_of(t);
    }
  }
}

SamplingCore::SamplingCore(const SamplingCore& other, const Signature& form)
    : SamplingCore(
          [&] {
            SampleIndex shown = other.index_;
            shown.terms = shown_terms(shown.terms, other.signature(), form);
            return shown;
          }(),
          form,
          other.name()) {
  made_ = other.made_;
}

std::string SamplingCore::details() const {
  return fmt::format("{} point{}", sample_count_ * group_count_,
                     sample_count_ * group_count_ == 1 ? "" : "s");
}

Weights SamplingCore::weights() const {
  if (index_.mask != nullptr) return {index_.mask};
  return index_.tensors;
}

bool SamplingCore::same(const Core& other) const {
  const SampleIndex &a = index_, &b = static_cast<const SamplingCore&>(other).index_;
  const auto equal = [](const WeightPtr& p, const WeightPtr& q) { return p->same(*q); };
  if (a.mask != nullptr && b.mask != nullptr) return a.mask->same(*b.mask);
  return a.terms == b.terms && a.base == b.base &&
         std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(), equal);
}

std::shared_ptr<const Core> SamplingCore::rebuilt(Parts parts) const {
  require_same_weights(parts);
  SampleIndex index = index_;
  if (index.mask != nullptr) {
    index.mask = parts.weights.front();
  } else {
    index.tensors = std::move(parts.weights);
  }
  const auto made = std::make_shared<SamplingCore>(std::move(index), signature(), parts.name);
  made->made_ = made_;
  return made;
}

std::shared_ptr<const Core> SamplingCore::shown_as(const Signature& form) const {
  return std::make_shared<SamplingCore>(*this, form);
}

// Calls f(point, d, index from 0, index as the user wrote it); points are numbered by group, then
// sample.
template <class F>
void SamplingCore::for_indices(const F& f) const {
  Context context;
  for (size_t k = 0; k < index_.tensors.size(); ++k) {
    const Tensor& given = index_.tensors[k]->tensor();
    std::vector<int> order;
    for (const Side* list : {&groups_, &samples_}) {
      for (const Term& t : *list) order.push_back(find_term(index_.terms, t));
    }
    Term coordinate;
    coordinate.kind = Term::Kind::ellipsis;
    const int at = find_term(index_.terms, coordinate);
    if (at >= 0) order.push_back(at);
    const Tensor sorted = given.to(Device::host(), context)
                              .permute(order)
                              .as(DType::i64, context)
                              .contiguous(context);
    const int64_t* value = sorted.data_as<int64_t>();
    const int64_t entries = at < 0 ? 1 : given.shape().extent(at);
    const int64_t points = group_count_ * sample_count_;
    for (int64_t p = 0; p < points; ++p) {
      for (int64_t e = 0; e < entries; ++e) {
        const int64_t written = value[p * entries + e];
        f(p, k + static_cast<size_t>(e), written - index_.base, written);
      }
    }
  }
}

void SamplingCore::check_indices(const std::vector<int64_t>& grid) const {
  if (index_.mask != nullptr) return;  // every point of a mask is one
  for_indices([&](int64_t p, size_t d, int64_t i, int64_t written) {
    if (grid[d] == kUnknown || (i >= 0 && i < grid[d])) return;
    std::string place;
    std::vector<std::string> parts;
    const auto add = [&](const Side& terms) {
      for (size_t k = terms.size(); k-- > 0;) {
        const int64_t n = index_.tensors.front()
                              ->extents()[static_cast<size_t>(find_term(index_.terms, terms[k]))];
        parts.push_back(fmt::format("{}={}", text_of_base(terms[k]), p % n + index_.base));
        p /= n;
      }
    };
    add(samples_);
    add(groups_);
    std::reverse(parts.begin(), parts.end());
    fail(Code::shape, label(), "index {} of '{}' at {{{}}} is outside {}…{}", written,
         text_of_base(grid_[d]), fmt::format("{}", fmt::join(parts, ", ")), index_.base,
         grid[d] - 1 + index_.base);
  });
}

std::shared_ptr<const RowTable> SamplingCore::table(const std::vector<int64_t>& grid,
                                                    bool is_adjoint) const {
  std::lock_guard lock(made_->mutex);
  auto known = std::find_if(made_->tables.begin(), made_->tables.end(),
                            [&](const auto& t) { return t.grid == grid; });
  if (known == made_->tables.end()) {
    int64_t cells = 1;
    for (const int64_t n : grid) cells *= n;
    if (cells > std::numeric_limits<int32_t>::max()) {
      fail(Code::unsupported, label(), "the grid has {} points; at most 2^31 - 1 can be numbered",
           cells);
    }
    check_indices(grid);
    auto rows = std::make_shared<RowTable>();
    rows->groups = group_count_;
    rows->rows = sample_count_;
    rows->columns = cells;
    std::vector<int64_t> weight(grid.size(), 1);
    for (size_t d = grid.size(); d-- > 1;) weight[d - 1] = weight[d] * grid[d];
    rows->column.assign(static_cast<size_t>(group_count_ * sample_count_), 0);
    for_indices([&](int64_t p, size_t d, int64_t i, int64_t) {
      rows->column[static_cast<size_t>(p)] += static_cast<int32_t>(i * weight[d]);
    });
    made_->tables.push_back({grid, std::move(rows), nullptr});
    known = made_->tables.end() - 1;
  }
  if (!is_adjoint) return known->forward;
  if (known->adjoint == nullptr) {
    known->adjoint = std::make_shared<RowTable>(transposed(*known->forward).table);
  }
  return known->adjoint;
}

void SamplingCore::check_extents(Mode mode, const Operand& x, const Operand& y) const {
  const RowPlaces at = row_places(signature(), mode, groups_, x.shape.ndim(), y.shape.ndim());
  const Operand& on_grid = transposes(mode) ? y : x;
  std::vector<int64_t> grid;
  for (const int d : (transposes(mode) ? at.y : at.x).line) grid.push_back(on_grid.shape.extent(d));
  check_indices(grid);
}

void SamplingCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const RowPlaces at = row_places(signature(), mode, groups_, x.shape.ndim(), y.shape.ndim());
  const Operand& on_grid = transposes(mode) ? y : x;
  std::vector<int64_t> grid;
  for (const int d : (transposes(mode) ? at.y : at.x).line) grid.push_back(on_grid.shape.extent(d));
  std::shared_ptr<const RowTable> rows;
  if (!b.is_dry()) rows = table(grid, transposes(mode));
  lower_rows(b, std::move(rows), nullptr, false, at, x, y, s);
}

std::optional<Node> SamplingCore::exact_normal(Mode mode, const Node* inner) const {
  std::vector<int64_t> grid, own_extents, read_extents;
  for (const Term& t : grid_) grid.push_back(t.extent);
  if (transposes(mode) || std::find(grid.begin(), grid.end(), kUnknown) != grid.end()) {
    return std::nullopt;
  }
  Side own = groups_, read = groups_;
  own.insert(own.end(), grid_.begin(), grid_.end());
  read.insert(read.end(), samples_.begin(), samples_.end());
  for (const Side* list : {&groups_, &samples_}) {
    for (const Term& t : *list) {
      const auto at = static_cast<size_t>(find_term(index_.terms, t));
      read_extents.push_back(index_.tensors.front()->extents()[at]);
    }
  }
  own_extents.assign(read_extents.begin(),
                     read_extents.begin() + static_cast<ptrdiff_t>(groups_.size()));
  own_extents.insert(own_extents.end(), grid.begin(), grid.end());
  // The recipe lives in a core that outlives this one.
  const auto self = std::static_pointer_cast<const SamplingCore>(shared_from_this());
  const auto kept = std::make_shared<SamplingCore>(*self, signature());
  auto sum = [kept, grid, groups = groups_.size()](const RawView& m, const RawView& y,
                                                   Context& context) {
    std::vector<int64_t> extents(m.extent.begin(), m.extent.begin() + m.ndim);
    const Tensor dense = Tensor::empty(Shape::unnamed(extents), m.dtype, context);
    context.backend().copy(m, false, dense.view(), *context.stream);
    // {others…, groups, samples} and {others…, groups, cells}
    const auto folded = [&](const RawView& v, int64_t last) {
      RawView f;
      f.data = v.data;
      f.dtype = v.dtype;
      f.ndim = 3;
      f.extent[1] = kept->group_count_;
      f.extent[2] = last;
      f.extent[0] = 1;
      for (int d = 0; d < v.ndim; ++d) f.extent[0] *= v.extent[static_cast<size_t>(d)];
      f.extent[0] = f.extent[1] * last == 0 ? 0 : f.extent[0] / (f.extent[1] * last);
      f.stride[2] = 1;
      f.stride[1] = last;
      f.stride[0] = f.extent[1] * last;
      return f;
    };
    const auto rows = PlacedRows::of(kept->table(grid, true), *context.stream);
    const RawView from = folded(dense.view(), kept->sample_count_),
                  to = folded(y, rows->table().rows);
    if (from.empty()) {
      context.backend().fill(0.0, y, *context.stream);
    } else {
      context.backend().sparse(rows->view(nullptr, DType::f32), false, from, {}, to,
                               *context.stream);
    }
  };
  return selected_normal(Node{self, mode, nullptr}, inner, own, own_extents, read, read_extents,
                         std::move(sum));
}

WeightPtr SamplingCore::sampled(const WeightPtr& weight, const std::vector<int>& order) const {
  const size_t others = order.size() - groups_.size() - grid_.size();
  std::vector<int64_t> extents, grid;
  for (size_t k = 0; k < order.size(); ++k) {
    const bool is_kept = k < others + groups_.size();
    (is_kept ? extents : grid).push_back(weight->extents()[static_cast<size_t>(order[k])]);
  }
  int64_t outer = 1;
  for (size_t k = 0; k < others; ++k) outer *= extents[k];
  for (const Term& t : samples_) {
    const auto at = static_cast<size_t>(find_term(index_.terms, t));
    extents.push_back(index_.tensors.front()->extents()[at]);
  }
  // Plans hold weights: a recipe that held this core could hold the plan itself.
  const auto kept = std::make_shared<SamplingCore>(*this, signature());
  auto recipe = [=](DType dtype, Context& context) {
    const Tensor from =
        weight->as(dtype, context, false).unname().permute(order).contiguous(context);
    const Tensor to = Tensor::empty(Shape::unnamed(extents), dtype, context);
    const auto folded = [&](const Tensor& t, int64_t last) {
      RawView v = t.view();
      v.ndim = 3;
      v.extent[0] = outer;
      v.extent[1] = kept->group_count_;
      v.extent[2] = last;
      v.stride[2] = 1;
      v.stride[1] = last;
      v.stride[0] = kept->group_count_ * last;
      return v;
    };
    const auto rows = PlacedRows::of(kept->table(grid, false), *context.stream);
    const RawView y = folded(to, kept->sample_count_);
    if (!y.empty()) {
      context.backend().sparse(rows->view(nullptr, DType::f32), false,
                               folded(from, rows->table().columns), {}, y, *context.stream);
    }
    return to;
  };
  return std::make_shared<Weight>(extents, weight->is_complex(), Weights{weight},
                                  std::move(recipe));
}

Tile SamplingCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  const Side in = terms_of(signature().input());
  for (const Term& t : grid_) {
    if (!part.input[static_cast<size_t>(find_term(in, t))]) continue;
    refuse_cut(*this, t,
               samples_.empty() ? "" : fmt::format("cut '{}'", text_of_base(samples_.front())));
  }
  SampleIndex index = index_;
  for (WeightPtr& w : index.tensors) w = cut_weight(w, index_.terms, signature(), part);
  if (index.mask != nullptr && index.tensors.front() != index_.tensors.front()) {
    index_.mask->check();
    index.mask = nullptr;
  }
  return tile_of(std::make_shared<SamplingCore>(
                     std::move(index), cut_signature(signature(), part.input, part.output), name()),
                 part);
}

}  // namespace lunops
