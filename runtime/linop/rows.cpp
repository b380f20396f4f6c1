// SPDX-License-Identifier: MIT
#include "runtime/linop/rows.hpp"

#include <algorithm>
#include <optional>

#include "runtime/device/native.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

size_t RowTable::bytes() const noexcept {
  return first.size() * sizeof(int64_t) + column.size() * sizeof(int32_t);
}

PlacedRows::PlacedRows(std::shared_ptr<const RowTable> table, const Stream& stream)
    : table_(std::move(table)) {
  if (!is_gpu(stream.device())) return;
  first_ = held_copy<int64_t>(table_->first, "rows", stream);
  column_ = held_copy<int32_t>(table_->column, "columns", stream);
}

std::shared_ptr<const PlacedRows> PlacedRows::of(std::shared_ptr<const RowTable> table,
                                                 const Stream& stream) {
  const auto make = [&] { return std::make_shared<const PlacedRows>(table, stream); };
  return is_gpu(stream.device()) ? table->placed.get(stream.device(), make) : make();
}

SparseRows PlacedRows::view(const void* value, DType dtype) const noexcept {
  SparseRows a;
  a.groups = table_->groups;
  a.rows = table_->rows;
  a.columns = table_->columns;
  a.first = first_.size() > 0       ? first_.data()
            : table_->first.empty() ? nullptr
                                    : table_->first.data();
  a.column = column_.size() > 0 ? column_.data() : table_->column.data();
  a.value = value;
  a.dtype = dtype;
  a.entries = static_cast<int64_t>(table_->column.size());
  return a;
}

TransposedRows transposed(const RowTable& a) {
  TransposedRows t;
  t.table.groups = a.groups;
  t.table.rows = a.columns;
  t.table.columns = a.rows;
  t.table.column.resize(a.column.size());
  t.source.resize(a.column.size());
  std::vector<int64_t>& first = t.table.first;
  first.assign(static_cast<size_t>(a.groups * a.columns + 1), 0);
  const auto each = [&](const auto& f) {  // f(row of the transpose, row of the table, entry)
    for (int64_t g = 0; g < a.groups; ++g) {
      for (int64_t r = 0; r < a.rows; ++r) {
        const auto at = static_cast<size_t>(g * a.rows + r);
        const int64_t begin = a.first.empty() ? static_cast<int64_t>(at) : a.first[at];
        const int64_t end = a.first.empty() ? begin + 1 : a.first[at + 1];
        for (int64_t k = begin; k < end; ++k) {
          f(static_cast<size_t>(g * a.columns + a.column[static_cast<size_t>(k)]), r, k);
        }
      }
    }
  };
  each([&](size_t row, int64_t, int64_t) { ++first[row + 1]; });
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  std::vector<int64_t> next(first.begin(), first.end() - 1);
  each([&](size_t row, int64_t r, int64_t k) {
    const auto at = static_cast<size_t>(next[row]++);
    t.table.column[at] = static_cast<int32_t>(r);
    t.source[at] = k;
  });
  return t;
}

RowPlaces row_places(
    const Signature& forward, Mode mode, const Side& groups, int x_ndim, int y_ndim) {
  // The sides as they stand, not normalised: kept terms have equal names on both.
  const Side& in = transposes(mode) ? forward.output() : forward.input();
  const Side& out = transposes(mode) ? forward.input() : forward.output();
  const Places from = places(in, forward.is_open(), x_ndim);
  const Places to = places(out, forward.is_open(), y_ndim);
  const Side x_terms = terms_of(in), y_terms = terms_of(out);
  RowPlaces at;
  for (int i = 0; i < from.batch_count; ++i) {
    at.x.others.push_back(from.batch_first + i);
    at.y.others.push_back(to.batch_first + i);
  }
  for (size_t i = 0; i < x_terms.size(); ++i) {
    const int kept = find_term(y_terms, x_terms[i]);
    if (kept < 0) {
      at.x.line.push_back(from.term[i]);
      continue;
    }
    const bool is_group = find_term(groups, x_terms[i]) >= 0;
    (is_group ? at.x.groups : at.x.others).push_back(from.term[i]);
    (is_group ? at.y.groups : at.y.others).push_back(to.term[static_cast<size_t>(kept)]);
  }
  // Groups are numbered by their own order, which is that of the table.
  if (!groups.empty()) {
    at.x.groups.clear();
    at.y.groups.clear();
    for (const Term& g : groups) {
      at.x.groups.push_back(from.term[static_cast<size_t>(find_term(x_terms, g))]);
      at.y.groups.push_back(to.term[static_cast<size_t>(find_term(y_terms, g))]);
    }
  }
  for (size_t i = 0; i < y_terms.size(); ++i) {
    if (find_term(x_terms, y_terms[i]) < 0) at.y.line.push_back(to.term[i]);
  }
  return at;
}

namespace {

// The one stride by which row-major steps over these dims go, if there is one.
std::optional<int64_t> stride_of(const Operand& o, const std::vector<int>& dims) {
  std::optional<int64_t> stride;
  int64_t expected = 0;
  for (size_t i = dims.size(); i-- > 0;) {
    const int64_t n = o.shape.extent(dims[i]), step = o.strides[static_cast<size_t>(dims[i])];
    if (n == 1) continue;
    if (stride && step != expected) return std::nullopt;
    if (!stride) stride = step;
    expected = step * n;
  }
  return stride ? stride : 1;
}

int64_t count_of(const Operand& o, const std::vector<int>& dims) {
  int64_t n = 1;
  for (const int d : dims) n *= o.shape.extent(d);
  return n;
}

// {others…, groups, line}, where both of the latter have one stride.
std::optional<Ref> rows_ref(const Operand& o, const RowDims& dims) {
  const auto groups = stride_of(o, dims.groups), line = stride_of(o, dims.line);
  if (!groups || !line) return std::nullopt;
  std::vector<int64_t> extents, strides;
  for (const int d : dims.others) {
    extents.push_back(o.shape.extent(d));
    strides.push_back(o.strides[static_cast<size_t>(d)]);
  }
  extents.insert(extents.end(), {count_of(o, dims.groups), count_of(o, dims.line)});
  strides.insert(strides.end(), {*groups, *line});
  return make_ref(o, extents, strides);
}

// The same operand with its dims in the order others, groups, line.
Operand in_order(const Operand& o, const RowDims& dims) {
  Operand made = o;
  std::vector<Dim> names;
  std::vector<int64_t> extents;
  made.strides.clear();
  for (const auto* list : {&dims.others, &dims.groups, &dims.line}) {
    for (const int d : *list) {
      names.push_back(o.shape.dim(d));
      extents.push_back(o.shape.extent(d));
      made.strides.push_back(o.strides[static_cast<size_t>(d)]);
    }
  }
  made.shape = Shape(std::move(names), std::move(extents));
  return made;
}

RowDims ordered(const RowDims& dims) {
  RowDims made;
  int at = 0;
  for (size_t i = 0; i < dims.others.size(); ++i) made.others.push_back(at++);
  for (size_t i = 0; i < dims.groups.size(); ++i) made.groups.push_back(at++);
  for (size_t i = 0; i < dims.line.size(); ++i) made.line.push_back(at++);
  return made;
}

class RowsStep final : public Step {
 public:
  // `rows` is null in dry plans.
  RowsStep(std::shared_ptr<const PlacedRows> rows,
           std::optional<Ref> value,
           bool conjugate,
           Ref x,
           Ref y,
           StepScale s)
      : rows_(std::move(rows)), has_value_(value.has_value()), conjugate_(conjugate), scale_(s) {
    refs = {x, y};
    if (value) refs = {*value, x, y};
    const auto size = static_cast<double>(size_of(y.view.dtype));
    const auto data = static_cast<double>(y.view.count());
    bytes = size * data;
    if (rows_ == nullptr) return;
    const RowTable& table = rows_->table();
    if (table.rows * table.groups == 0) return;
    const auto entries = static_cast<double>(table.column.size());
    const double batch = data / static_cast<double>(table.rows * table.groups);
    bytes += static_cast<double>(table.bytes()) + size * entries * batch;
    if (value) {
      bytes += entries * static_cast<double>(size_of(value->view.dtype));
      flops = entries * batch * (is_complex(y.view.dtype) ? 8.0 : 2.0);
    }
  }
  void run(const Frame& f) const override {
    const RawView value = has_value_ ? refs.front().at(f) : RawView{};
    const size_t x = has_value_ ? 1 : 0;
    f.backend->sparse(rows_->view(value.data, has_value_ ? value.dtype : DType::f32), conjugate_,
                      refs[x].at(f), f.resolve(scale_), refs[x + 1].at(f), *f.stream);
  }

 private:
  std::shared_ptr<const PlacedRows> rows_;
  bool has_value_;  // the first of the views
  bool conjugate_;
  StepScale scale_;
};

}  // namespace

void lower_rows(Builder& b,
                std::shared_ptr<const RowTable> table,
                const WeightPtr& value,
                bool conjugate,
                const RowPlaces& at,
                const Operand& x,
                const Operand& y,
                const StepScale& s) {
  std::shared_ptr<const PlacedRows> rows;
  if (table != nullptr) {
    b.persists(table.get(), table->bytes());
    rows = PlacedRows::of(std::move(table), *b.context().stream);
  }
  std::optional<Ref> values;
  if (value != nullptr) {
    values = b.placed_values(value, value->meets(x.dtype)).seen_as({value->count()}, {1});
  }
  std::optional<Ref> from = rows_ref(x, at.x), to = rows_ref(y, at.y);
  if (!from) {
    const Operand ordered_x = in_order(x, at.x);
    const Operand copy = b.slot(ordered_x.shape, x.dtype);
    b.copy(ordered_x, copy, StepScale{});
    from = rows_ref(copy, ordered(at.x));
  }
  if (to) {
    b.add(std::make_unique<RowsStep>(std::move(rows), values, conjugate, *from, *to, s));
    return;
  }
  const Operand ordered_y = in_order(y, at.y);
  const Operand result = b.slot(ordered_y.shape, y.dtype);
  b.add(std::make_unique<RowsStep>(std::move(rows), values, conjugate, *from,
                                   *rows_ref(result, ordered(at.y)), StepScale{}));
  b.copy(result, ordered_y, s);
}

}  // namespace lunops
