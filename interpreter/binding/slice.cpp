// SPDX-License-Identifier: MIT
#include "interpreter/binding/given.hpp"
#include "interpreter/binding/tensor.hpp"

namespace lunops::lua {

namespace {

// Index 1…n, or -n…-1 from the end, to 0…n-1.
int64_t position(std::string_view operation, std::string_view dim, int64_t index, int64_t extent) {
  if (index == 0)
    fail(Code::argument, operation, "index 0 along '{}': indices count from 1, and -1 is the last",
         dim);
  const int64_t at = index > 0 ? index - 1 : extent + index;
  if (at < 0 || at >= extent)
    fail(Code::shape, operation, "index {} along '{}' is outside 1 … {}", index, dim, extent);
  return at;
}

int64_t whole(std::string_view operation, std::string_view dim, const Value& value) {
  const auto n = integer_of(value);
  if (!n)
    fail(Code::argument, operation, "'{}' needs an integer or {{ first, last[, step] }}, got {}",
         dim, value.type());
  return *n;
}

// Applies one index or range; returns true if the dim is gone.
bool apply(
    std::string_view operation, Tensor& x, int dim, const std::string& name, const Value& value) {
  const int64_t extent = x.shape().extent(dim);
  const Table* range = value.table();
  if (range == nullptr) {
    x = x.select(dim, position(operation, name, whole(operation, name, value), extent));
    return true;
  }
  if (range->list.size() < 2 || range->list.size() > 3 || !range->fields.empty())
    fail(Code::argument, operation,
         "the range of '{}' must be {{ first, last }} or {{ first, last, step }}", name);
  const int64_t step = range->list.size() == 3 ? whole(operation, name, range->list[2]) : 1;
  if (step == 0) fail(Code::argument, operation, "the step along '{}' is 0", name);
  const int64_t first = whole(operation, name, range->list[0]);
  const int64_t last = whole(operation, name, range->list[1]);
  // {n + 1, n} is the empty range before position n + 1, as in Lua's own loops.
  const int64_t from = first == extent + 1 && last == extent && step > 0
                           ? extent
                           : position(operation, name, first, extent);
  const int64_t to =
      last == 0 && first == 1 && step > 0 ? -1 : position(operation, name, last, extent);
  const int64_t count = step > 0 ? (to < from ? 0 : (to - from) / step + 1)
                                 : (to > from ? 0 : (from - to) / -step + 1);
  x = x.slice(dim, count == 0 ? 0 : from, count, step);
  return false;
}

}  // namespace

Tensor slice_of(std::string_view operation, const Tensor& x, const Value& part) {
  const Table& table = *part.table();
  Tensor result = x;
  if (!table.list.empty()) {
    if (x.shape().is_named() && x.ndim() > 0)
      fail(Code::argument, operation,
           "positions are for unnamed tensors; {} has names: write x{{ {} = {} }}",
           x.shape().braced(), x.shape().dim(0).text(),
           integer_of(table.list[0]) ? fmt::format("{}", *integer_of(table.list[0])) : "{ … }");
    if (table.list.size() > static_cast<size_t>(x.ndim()) || !table.fields.empty())
      fail(Code::shape, operation, "{} positions for a tensor with {} dims",
           table.list.size() + table.fields.size(), x.ndim());
    int dim = 0;
    for (size_t i = 0; i < table.list.size(); ++i)
      if (!apply(operation, result, dim, fmt::format("({})", i + 1), table.list[i])) ++dim;
    return result;
  }
  for (const auto& [name, value] : table.fields) {
    if (x.shape().find(name) < 0) {
      std::vector<std::string> known;
      for (const Dim& dim : x.shape().dims()) known.push_back(dim.text());
      fail(Code::shape, operation, "{} has no dim '{}'{}", x.shape().braced(), name,
           suggestion(name, known));
    }
    apply(operation, result, result.shape().find(name), name, value);
  }
  return result;
}

}  // namespace lunops::lua
