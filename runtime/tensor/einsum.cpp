// SPDX-License-Identifier: MIT
#include <limits>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/shape_parser.hpp"
#include "runtime/tensor/broadcast.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

// x under the names of the text: by name, whatever the order in memory, or by position if unnamed.
Tensor bound(const Tensor& x, const Shape& text, size_t number) {
  if (!is_floating(x.dtype())) {
    fail(Code::dtype, "einsum", "operand {} is {}; convert it with :as \"f32\" or :as \"f64\"",
         number, name_of(x.dtype()));
  }
  if (x.ndim() != text.ndim()) {
    fail(Code::shape, "einsum", "operand {} is {} but the text says {{{}}}", number,
         x.shape().braced(), text.names());
  }
  if (!x.shape().is_named()) return x.with_shape(Shape(text.dims(), x.shape().extents()));
  for (const Dim dim : text.dims()) {
    if (x.shape().find(dim) < 0) {
      fail(Code::shape, "einsum", "operand {} is {}: it has no dim '{}', which the text names",
           number, x.shape().braced(), dim.text());
    }
  }
  return x;
}

bool has(const Shape& shape, Dim dim) { return shape.find(dim) >= 0; }

// The view of x over these dims: stride 0 in those it lacks.
RawView over(const Tensor& x, const Shape& dims) {
  RawView v;
  v.data = x.data();
  v.dtype = x.dtype();
  v.ndim = dims.ndim();
  for (int i = 0; i < dims.ndim(); ++i) {
    const auto k = static_cast<size_t>(i);
    const int at = x.shape().find(dims.dim(i));
    v.extent[k] = dims.extent(i);
    v.stride[k] = at >= 0 ? x.strides()[static_cast<size_t>(at)] : 0;
  }
  return v;
}

int64_t extent_in(const Tensor& a, const Tensor& b, Dim dim) {
  const int at = a.shape().find(dim);
  return at >= 0 ? a.shape().extent(at) : b.shape().extent(b.shape().find(dim));
}

// Sums over the dims of x that nobody else needs.
template <class Needed>
Tensor sum_rest(const Tensor& x, const Needed& is_needed, Context& context) {
  std::vector<int> dims;
  for (int i = 0; i < x.ndim(); ++i) {
    if (!is_needed(x.shape().dim(i))) dims.push_back(i);
  }
  return dims.empty() ? x : reduce(Reduction::sum, x, dims, context);
}

// The product of two operands, summed over the dims that `result` lacks.
Tensor contract(const Tensor& a,
                const Tensor& b,
                const std::vector<Dim>& result,
                Context& context) {
  std::vector<Dim> dims = result;
  std::vector<int64_t> extents;
  for (const Dim dim : result) extents.push_back(extent_in(a, b, dim));
  const Shape shape(result, extents);
  for (const Shape* s : {&a.shape(), &b.shape()}) {
    for (int i = 0; i < s->ndim(); ++i) {
      bool is_new = true;
      for (const Dim dim : dims) is_new = is_new && dim != s->dim(i);
      if (!is_new) continue;
      dims.push_back(s->dim(i));
      extents.push_back(s->extent(i));
    }
  }
  const Shape all(dims, extents);
  const int reduced = all.ndim() - shape.ndim();
  if (all.ndim() > kMaxDims) {
    fail(Code::shape, "einsum", "{} and {} have more than {} dims together", a.shape().braced(),
         b.shape().braced(), kMaxDims);
  }
  Context here = on_device(a.device(), context);
  Tensor y = Tensor::empty(shape, promote("einsum", a.dtype(), b.dtype()), here);
  here.backend().contract(over(a, all), false, over(b, all), false, reduced, Scale{}, over(y, all),
                          SumOrder::fastest, *here.stream);
  return y;
}

}  // namespace

Tensor einsum(std::string_view text, std::span<const Tensor> operands, Context& context) {
  const EinsumText parsed = parse_einsum("einsum", text);
  if (parsed.operands.size() != operands.size()) {
    fail(Code::argument, "einsum", "\"{}\" names {} operands, but {} were given", text,
         parsed.operands.size(), operands.size());
  }
  std::vector<Tensor> left;
  for (size_t i = 0; i < operands.size(); ++i) {
    left.push_back(bound(operands[i], parsed.operands[i], i + 1));
    check_device("einsum", left.front(), left.back());
    for (size_t j = 0; j < i; ++j) {
      const Shape& earlier = left[j].shape();
      for (int d = 0; d < left[i].ndim(); ++d) {
        const Dim dim = left[i].shape().dim(d);
        const int at = earlier.find(dim);
        if (at >= 0 && earlier.extent(at) != left[i].shape().extent(d)) {
          fail(Code::shape, "einsum", "extent of '{}' is {} in operand {} but {} in operand {}",
               dim.text(), earlier.extent(at), j + 1, left[i].shape().extent(d), i + 1);
        }
      }
    }
  }
  const auto is_needed = [&](Dim dim, size_t except_a, size_t except_b) {
    if (has(parsed.result, dim)) return true;
    for (size_t i = 0; i < left.size(); ++i) {
      if (i != except_a && i != except_b && has(left[i].shape(), dim)) return true;
    }
    return false;
  };
  for (size_t i = 0; i < left.size(); ++i) {
    left[i] = sum_rest(
        left[i], [&](Dim dim) { return is_needed(dim, i, i); }, context);
  }
  // Two at a time, the pair with the smallest result first.
  while (left.size() > 1) {
    size_t first = 0, second = 1;
    std::vector<Dim> best_dims;
    double best = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < left.size(); ++i) {
      for (size_t j = i + 1; j < left.size(); ++j) {
        std::vector<Dim> dims;
        double size = 1;
        const auto add = [&](Dim dim) {
          dims.push_back(dim);
          size *= static_cast<double>(extent_in(left[i], left[j], dim));
        };
        // The order of the result where it is known, so that the last step needs no permutation.
        for (const Dim dim : parsed.result.dims()) {
          if (has(left[i].shape(), dim) || has(left[j].shape(), dim)) add(dim);
        }
        for (const Shape* s : {&left[i].shape(), &left[j].shape()}) {
          for (const Dim dim : s->dims()) {
            bool is_new = !has(parsed.result, dim) && is_needed(dim, i, j);
            for (const Dim known : dims) is_new = is_new && known != dim;
            if (is_new) add(dim);
          }
        }
        if (size < best) {
          best = size;
          best_dims = dims;
          first = i;
          second = j;
        }
      }
    }
    Tensor product = contract(left[first], left[second], best_dims, context);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(second));
    left[first] = std::move(product);
  }
  for (const Dim dim : parsed.result.dims()) {
    if (!has(left[0].shape(), dim)) {
      fail(Code::shape, "einsum", "'{}' of the result is in no operand of \"{}\"", dim.text(),
           text);
    }
  }
  std::vector<int> order;
  for (const Dim dim : parsed.result.dims()) order.push_back(left[0].shape().find(dim));
  return left[0].permute(order);
}

}  // namespace lunops
