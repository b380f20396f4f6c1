// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

using namespace reference;

namespace {

// One result: over the dims of x in which y has stride 0 and more than one element.
struct Sum {
  c128 z = 0.0;
  int64_t i = 0;
  int64_t count = 0;
};

void add(Reduction op, Sum& sum, const Value& x, bool integers) {
  const bool is_first = sum.count++ == 0;
  switch (op) {
    case Reduction::sum:
    case Reduction::mean:
      sum.z += x.z;
      sum.i = static_cast<int64_t>(static_cast<uint64_t>(sum.i) + static_cast<uint64_t>(x.i));
      return;
    case Reduction::norm:
      sum.z += std::norm(x.z);
      return;
    case Reduction::min:
    case Reduction::max: {
      const bool less = op == Reduction::min;
      const bool wins = integers ? (less ? x.i < sum.i : x.i > sum.i)
                                 : (less ? x.z.real() < sum.z.real() : x.z.real() > sum.z.real());
      // NaN wins and stays.
      if (is_first || (!std::isnan(sum.z.real()) && (wins || std::isnan(x.z.real())))) {
        sum.z = x.z;
        sum.i = x.i;
      }
      return;
    }
    case Reduction::any:
      if (x.z != 0.0) sum.z = 1.0;
      return;
    case Reduction::all:
      if (is_first) sum.z = 1.0;
      if (x.z == 0.0) sum.z = 0.0;
      return;
  }
}

Value result(Reduction op, const Sum& sum, bool integers) {
  switch (op) {
    case Reduction::sum:
    case Reduction::min:
    case Reduction::max:
      return integers ? Value(sum.i) : Value(sum.z);
    case Reduction::mean:
      return sum.z / static_cast<double>(sum.count);
    case Reduction::norm:
      return c128(std::sqrt(sum.z.real()));
    case Reduction::any:
      return sum.z;
    case Reduction::all:
      return sum.count == 0 ? c128(1.0) : sum.z;
  }
  __builtin_unreachable();
}

// The dims of y that stay, and those with stride 0; the other dims of each have extent 1.
std::pair<RawView, RawView> divided(const RawView& y) {
  RawView kept = y, reduced = y;
  for (int d = 0; d < y.ndim; ++d) {
    const auto k = static_cast<size_t>(d);
    (y.stride[k] == 0 ? kept : reduced).extent[k] = 1;
  }
  return {kept, reduced};
}

}  // namespace

// y[k] = alpha * the sum of the elements of x that share k + beta * y[k]
void ReferenceBackend::sum(RawView x, Scale s, RawView y, SumOrder, Stream&) {
  const auto parts = divided(y);
  for_each_index(parts.first, [&](const Index& outer) {
    c128 sum = 0.0;
    for_each_index(parts.second, [&](const Index& inner) {
      sum += read(x, offset(x, outer) + offset(x, inner)).z;
    });
    store(y, offset(y, outer), sum, s);
  });
}

// y[k] = op over the elements of x that share k.  Dims of y with stride 0 are reduced.
void ReferenceBackend::reduce(Reduction op, RawView x, RawView y, Stream&) {
  const bool integers = is_integer(x.dtype);
  const auto parts = divided(y);
  for_each_index(parts.first, [&](const Index& outer) {
    Sum sum;
    for_each_index(parts.second, [&](const Index& inner) {
      add(op, sum, read(x, offset(x, outer) + offset(x, inner)), integers);
    });
    write(y, offset(y, outer), result(op, sum, integers));
  });
}

// result[k] = sum conj(x[k, i]) y[k, i]
void ReferenceBackend::dot(RawView x, RawView y, c128* result, Stream&) {
  for (int64_t k = 0; k < x.extent[0]; ++k) {
    result[k] = 0.0;
    for (int64_t i = 0; i < x.extent[1]; ++i) {
      result[k] += std::conj(read(x, k * x.stride[0] + i * x.stride[1]).z) *
                   read(y, k * y.stride[0] + i * y.stride[1]).z;
    }
  }
}

// result[k] = sum |x[k, i]|^2
void ReferenceBackend::norm2(RawView x, double* result, Stream&) {
  for (int64_t k = 0; k < x.extent[0]; ++k) {
    result[k] = 0.0;
    for (int64_t i = 0; i < x.extent[1]; ++i) {
      result[k] += std::norm(read(x, k * x.stride[0] + i * x.stride[1]).z);
    }
  }
}

}  // namespace lunops
