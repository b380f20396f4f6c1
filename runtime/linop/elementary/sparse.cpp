// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/sparse.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/linop/elementary/constructors.hpp"
#include "runtime/linop/one_device.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

// Entry k of the result is entry source[k].
WeightPtr picked(const WeightPtr& value, std::vector<int64_t> source) {
  const auto n = static_cast<int64_t>(source.size());
  auto recipe = [value, source = std::move(source), n](DType dtype, Context& context) {
    Context host = on_device(Device::host(), context);
    const Tensor from = value->as(dtype, context, false).to(host.device, host).contiguous(host);
    const Tensor to = Tensor::empty(Shape::unnamed({n}), dtype, host);
    const size_t size = size_of(dtype);
    for (size_t k = 0; k < source.size(); ++k) {
      std::memcpy(to.data_as<std::byte>() + k * size,
                  from.data_as<std::byte>() + static_cast<size_t>(source[k]) * size, size);
    }
    return to.to(context.device, context);
  };
  return std::make_shared<Weight>(std::vector<int64_t>{n}, value->is_complex(), Weights{value},
                                  std::move(recipe));
}

}  // namespace

SparseCore::SparseCore(std::shared_ptr<const RowTable> table,
                       WeightPtr value,
                       Weights given,
                       Signature signature,
                       std::string name)
    : Core(std::move(signature), std::move(name)),
      table_(std::move(table)),
      value_(std::move(value)),
      given_(std::move(given)) {}

SparseCore::SparseCore(const SparseCore& other, const Signature& form)
    : SparseCore(other.table_, other.value_, other.given_, form, other.name()) {
  transpose_ = other.transpose_;
}

std::string SparseCore::details() const {
  const size_t n = table_->column.size();
  return fmt::format("{} entr{}", n, n == 1 ? "y" : "ies");
}

Weights SparseCore::weights() const {
  Weights all{value_};
  all.insert(all.end(), given_.begin(), given_.end());
  return all;
}

void SparseCore::check_dtype(Mode mode, DType in) const {
  Core::check_dtype(mode, in);
  const Weight* given = value_.get();
  while (!given->is_given()) given = given->sources().front().get();
  const DType own = given->tensor().dtype();
  if (is_double(own) == is_double(in)) return;
  fail(Code::dtype, "apply", "x is {} but the values of {} are {}; use x:as \"{}\"", name_of(in),
       label(), name_of(own), name_of(is_complex(in) ? complex_of(own) : real_of(own)));
}

bool SparseCore::same(const Core& other) const {
  const auto& o = static_cast<const SparseCore&>(other);
  const auto equal = [](const WeightPtr& a, const WeightPtr& b) { return a->same(*b); };
  return value_->same(*o.value_) &&
         std::equal(given_.begin(), given_.end(), o.given_.begin(), o.given_.end(), equal);
}

std::shared_ptr<const Core> SparseCore::rebuilt(Parts parts) const {
  require_same_weights(parts);
  const WeightPtr value = parts.weights.front();
  parts.weights.erase(parts.weights.begin());
  return std::make_shared<SparseCore>(table_, value, std::move(parts.weights), signature(),
                                      parts.name);
}

std::shared_ptr<const Core> SparseCore::shown_as(const Signature& form) const {
  return std::make_shared<SparseCore>(*this, form);
}

const SparseCore::Transpose& SparseCore::transpose() const {
  std::call_once(transpose_->once, [&] {
    TransposedRows made = transposed(*table_);
    transpose_->value = picked(value_, std::move(made.source));
    transpose_->table = std::make_shared<RowTable>(std::move(made.table));
  });
  return *transpose_;
}

void SparseCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const RowPlaces at = row_places(signature(), mode, {}, x.shape.ndim(), y.shape.ndim());
  const bool conjugate = conjugates(mode) && value_->is_complex();
  if (transposes(mode)) {
    lower_rows(b, transpose().table, transpose().value, conjugate, at, x, y, s);
  } else {
    lower_rows(b, table_, value_, conjugate, at, x, y, s);
  }
}

Tile SparseCore::cut(const TileRequest& request) const {
  const Side in = terms_of(signature().input()), out = terms_of(signature().output());
  const auto slowest = [&](const Side& terms, const Slices& slices) -> std::optional<Stretch> {
    for (size_t i = 1; i < slices.size(); ++i) {
      if (slices[i]) {
        refuse_cut(*this, terms[i],
                   fmt::format("cut the slowest dim '{}'", text_of_base(terms.front())));
      }
    }
    return slices.empty() ? std::nullopt : slices.front();
  };
  const auto rows = slowest(out, request.output), columns = slowest(in, request.input);
  const int64_t per_row = out.empty() ? 1 : table_->rows / std::max<int64_t>(1, out[0].extent);
  const int64_t per_column = in.empty() ? 1 : table_->columns / std::max<int64_t>(1, in[0].extent);
  const Stretch r =
      rows ? Stretch{rows->first * per_row, rows->count * per_row} : Stretch{0, table_->rows};
  const Stretch c = columns ? Stretch{columns->first * per_column, columns->count * per_column}
                            : Stretch{0, table_->columns};
  auto part = std::make_shared<RowTable>();
  part->rows = r.count;
  part->columns = c.count;
  part->first.push_back(0);
  std::vector<int64_t> source;
  for (int64_t row = r.first; row < r.end(); ++row) {
    const auto at = static_cast<size_t>(row);
    for (int64_t k = table_->first[at]; k < table_->first[at + 1]; ++k) {
      const int64_t column = table_->column[static_cast<size_t>(k)] - c.first;
      if (column < 0 || column >= c.count) continue;
      part->column.push_back(static_cast<int32_t>(column));
      source.push_back(k);
    }
    part->first.push_back(static_cast<int64_t>(source.size()));
  }
  return tile_of(std::make_shared<SparseCore>(
                     std::move(part), picked(value_, std::move(source)), given_,
                     cut_signature(signature(), request.input, request.output), name()),
                 request);
}

namespace {

constexpr const char* kName = "Sparse";

// The elements of an integer tensor of rank 1.
std::vector<int64_t> integers(const Tensor& t, const char* what) {
  if (t.dtype() != DType::i32 && t.dtype() != DType::i64) {
    fail(Code::dtype, kName, "'{}' is {}; indices are i32 or i64", what, name_of(t.dtype()));
  }
  if (t.ndim() != 1) {
    fail(Code::shape, kName, "'{}' is {} of rank {}; it has one dim", what, t.shape().braced(),
         t.ndim());
  }
  Context context;
  const Tensor row = t.to(Device::host(), context).as(DType::i64, context).contiguous(context);
  return {row.data_as<int64_t>(), row.data_as<int64_t>() + row.count()};
}

// Product of the extents of a side, all of which must be known; the product may exceed int64_t.
int64_t count_of(const Side& side) {
  double n = 1;
  for (const Term& t : terms_of(side)) {
    if (t.extent == kUnknown) {
      const std::string dim = text_of_base(t);
      fail(Code::shape, kName, "extent of '{}' is unknown; give extent = {{{} = …}}", dim, dim);
    }
    n *= static_cast<double>(t.extent);
  }
  if (n > std::numeric_limits<int32_t>::max()) {
    fail(Code::shape, kName,
         "{} has {:.0f} elements, which do not fit i32 indices (2^31 - 1 at most)",
         braced(side, true), n);
  }
  return static_cast<int64_t>(n);
}

void check_range(const std::vector<int64_t>& index,
                 int64_t count,
                 int64_t base,
                 const char* what,
                 const Side& side) {
  for (size_t k = 0; k < index.size(); ++k) {
    if (index[k] >= base && index[k] < base + count) continue;
    fail(Code::shape, kName, "{} {} at entry {} is outside {}…{} of {}", what, index[k],
         static_cast<int64_t>(k) + base, base, base + count - 1, braced(side, true));
  }
}

// Limits of the rows, from 0.
std::vector<int64_t> row_limits(const Tensor& rowptr, int64_t rows, int64_t entries, int64_t base) {
  std::vector<int64_t> first = integers(rowptr, "rowptr");
  if (static_cast<int64_t>(first.size()) != rows + 1) {
    fail(Code::shape, kName, "'rowptr' has {} elements for {} rows; it has one more than rows",
         first.size(), rows);
  }
  for (int64_t& f : first) f -= base;
  for (size_t r = 0; r + 1 < first.size(); ++r) {
    if (first[r + 1] >= first[r]) continue;
    fail(Code::shape, kName, "'rowptr' decreases from {} to {} at element {}", first[r] + base,
         first[r + 1] + base, static_cast<int64_t>(r) + 1 + base);
  }
  if (first.front() != 0 || first.back() != entries) {
    fail(Code::shape, kName, "'rowptr' goes from {} to {} but {} entries go from {} to {}",
         first.front() + base, first.back() + base, entries, base, entries + base);
  }
  return first;
}

}  // namespace

Linop Sparse(const SparseEntries& e, std::string_view text, const LinopOptions& options) {
  const SignatureText parsed = parse_signature(kName, text);
  if (parsed.is_one_sided) {
    fail(Code::shape, kName, "\"{}\" has one side; write \"{} -> row\"", text, text);
  }
  if (e.rowptr.has_value() == e.row.has_value()) {
    fail(Code::argument, kName,
         "give either 'rowptr', the limits of the rows, or 'row', the row of "
         "each entry");
  }
  require_one_device(kName, {{"value", &e.value},
                             {"col", &e.col},
                             {"row", e.row ? &*e.row : nullptr},
                             {"rowptr", e.rowptr ? &*e.rowptr : nullptr}});
  const Signature signature = with_options(kName, parsed.signature, options);
  for (const Term& t : terms_of(signature.input())) {
    if (find_term(signature.output(), t) < 0) continue;
    fail(Code::shape, kName,
         "'{}' is on both sides of \"{}\"; rows and columns have dims of their own, and batch dims "
         "need no name",
         text_of_base(t), text);
  }
  if (!is_floating(e.value.dtype())) {
    fail(Code::dtype, kName, "the values are {}; values are f32, f64, c64 or c128",
         name_of(e.value.dtype()));
  }
  auto table = std::make_shared<RowTable>();
  table->rows = count_of(signature.output());
  table->columns = count_of(signature.input());
  std::vector<int64_t> column = integers(e.col, "col");
  const auto entries = static_cast<int64_t>(column.size());
  if (e.value.ndim() != 1 || e.value.count() != entries) {
    fail(Code::shape, kName, "'value' is {} but 'col' has {} entries", e.value.shape().braced(),
         entries);
  }
  check_range(column, table->columns, e.base, "column", signature.input());
  const std::string owner =
      options.name.empty() ? kName : fmt::format("{} '{}'", kName, options.name);
  WeightPtr value = std::make_shared<Weight>(e.value, owner);
  Weights given{std::make_shared<Weight>(e.col, owner)};
  if (e.rowptr) {
    table->first = row_limits(*e.rowptr, table->rows, entries, e.base);
    given.push_back(std::make_shared<Weight>(*e.rowptr, owner));
    for (const int64_t c : column) table->column.push_back(static_cast<int32_t>(c - e.base));
  } else {
    const std::vector<int64_t> row = integers(*e.row, "row");
    if (static_cast<int64_t>(row.size()) != entries) {
      fail(Code::shape, kName, "'row' has {} entries but 'col' has {}", row.size(), entries);
    }
    check_range(row, table->rows, e.base, "row", signature.output());
    given.push_back(std::make_shared<Weight>(*e.row, owner));
    std::vector<int64_t> source(row.size());
    std::iota(source.begin(), source.end(), int64_t{0});
    std::stable_sort(source.begin(), source.end(), [&](int64_t a, int64_t b) {
      return row[static_cast<size_t>(a)] < row[static_cast<size_t>(b)];
    });
    table->first.assign(static_cast<size_t>(table->rows + 1), 0);
    for (const int64_t r : row) ++table->first[static_cast<size_t>(r - e.base + 1)];
    std::partial_sum(table->first.begin(), table->first.end(), table->first.begin());
    for (const int64_t k : source) {
      table->column.push_back(static_cast<int32_t>(column[static_cast<size_t>(k)] - e.base));
    }
    value = picked(value, std::move(source));
  }
  return Linop(std::make_shared<SparseCore>(std::move(table), std::move(value), std::move(given),
                                            signature, options.name));
}

}  // namespace lunops
