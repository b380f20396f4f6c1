// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>

#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/contraction.hpp"
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/hot_use.hpp"
#include "runtime/backend/cpu/runs.hpp"
#include "runtime/backend/cpu/sums.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

using namespace cpu;

namespace {

// What a reduction does: elements are loaded as `In`, gathered in `Sum`.
template <class T>
struct Plus {
  using In = T;
  using Sum = T;
  static Sum start() { return Sum(0); }
  static void add(Sum& sum, const In& x) {
    if constexpr (std::is_integral_v<T>) {
      sum = static_cast<T>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(x));
    } else {
      sum += x;
    }
  }
  static void merge(Sum& sum, const Sum& other) { add(sum, other); }
};

template <class T>
struct Squares {
  using In = T;
  using Sum = double;
  static Sum start() { return 0; }
  static void add(Sum& sum, const In& x) {
    if constexpr (is_complex_v<T>) {
      sum += x.real() * x.real() + x.imag() * x.imag();
    } else {
      sum += x * x;
    }
  }
  static void merge(Sum& sum, const Sum& other) { sum += other; }
};

// NaN wins and stays.
template <class T, bool is_min>
struct Extreme {
  using In = T;
  using Sum = T;
  static Sum start() {
    if constexpr (std::is_floating_point_v<T>) {
      return is_min ? std::numeric_limits<T>::infinity() : -std::numeric_limits<T>::infinity();
    } else {
      return is_min ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
    }
  }
  static void add(Sum& sum, const In& x) {
    const bool wins = is_min ? x < sum : x > sum;
    if constexpr (std::is_floating_point_v<T>) {
      if (wins || std::isnan(x)) sum = std::isnan(sum) ? sum : x;
    } else {
      if (wins) sum = x;
    }
  }
  static void merge(Sum& sum, const Sum& other) { add(sum, other); }
};

template <bool is_all>
struct Logical {
  using In = bool;
  using Sum = bool;
  static Sum start() { return is_all; }
  static void add(Sum& sum, const In& x) { sum = is_all ? sum && x : sum || x; }
  static void merge(Sum& sum, const Sum& other) { add(sum, other); }
};

struct Parts {
  RawView x, y;   // the dims that stay
  RawView inner;  // the summed dims of x
  DType x_dtype, y_dtype;
};

// One run of x into eight partial sums, which are merged in order: the additions of one sum do not
// wait for each other, and their order depends on n alone.
template <class R>
void add_run(typename R::Sum& sum, DType dtype, const std::byte* data, int64_t step, int64_t n) {
  using In = typename R::In;
  constexpr int64_t kLanes = 8;
  typename R::Sum lanes[kLanes];
  for (auto& lane : lanes) lane = R::start();
  In buffer[kBlockSize];
  const auto size = static_cast<int64_t>(size_of(dtype));
  for (int64_t i = 0; i < n; i += kBlockSize) {
    const int64_t m = std::min(kBlockSize, n - i);
    const In* x = load<In>(dtype, data + i * step * size, step, m, buffer);
    int64_t j = 0;
    for (; j + kLanes <= m; j += kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) R::add(lanes[l], x[j + l]);
    }
    for (; j < m; ++j) R::add(lanes[0], x[j]);
  }
  for (const auto& lane : lanes) R::merge(sum, lane);
}

// Results side by side at a time: their sums take at most 16 KiB, and rows of x are read in pieces
// of 4 KiB and more, one page or whole ones.
constexpr int64_t kColumns = 1024;

// `write(sums, to, step, n)` makes n elements of y from their sums; `gather` is the loop that adds
// a run of x to as many sums, where there is one.
template <class R, class Write>
void gather_as(const Parts& v,
               const Stream& stream,
               const Write& write,
               HotTable::Gather gather = nullptr) {
  using Sum = typename R::Sum;
  const Runs<2> kept({&v.y, &v.x});
  const Runs<1> inner({&v.inner});
  const auto store = [&](int64_t y, const Sum* sums, int64_t n) {
    write(sums, at(v.y, y), kept.step[0], n);
  };
  const auto range = [&](int64_t x, int64_t first, int64_t last) {
    Sum sum = R::start();
    inner.walk(first, last, [&](const auto& offset, int64_t n) {
      add_run<R>(sum, v.x_dtype, at(v.x, x + offset[0]), inner.step[0], n);
    });
    return sum;
  };
  const FixedBlocks blocks(inner.count);
  if (kept.count < FixedBlocks::kMost && blocks.count > 1) {
    kept.walk(0, kept.count, [&](const auto& offset, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        Sum sums[FixedBlocks::kMost];
        ThreadPool::process().run(blocks.count, stream.threads(), [&](int64_t b, int) {
          sums[b] = range(offset[1] + i * kept.step[1], blocks.first(b), blocks.last(b));
        });
        Sum sum = R::start();
        for (int64_t b = 0; b < blocks.count; ++b) R::merge(sum, sums[b]);
        store(offset[0] + i * kept.step[0], &sum, 1);
      }
    });
    return;
  }
  int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, inner.count));
  // Results side by side where x is contiguous along them, else one after the other.
  const bool by_columns = kept.step[1] == 1 || (inner.count > 0 && inner.step[0] != 1);
  const bool is_hot = by_columns && gather != nullptr && kept.step[1] == 1;
  const int64_t block = is_hot ? kColumns : kBlockSize;
  if (is_hot) {
    const int64_t share = (kept.count + stream.threads() - 1) / stream.threads();
    grain = std::max(grain, std::min(kColumns, share));
  }
  parallel_range(kept.count, grain, stream, [&](int64_t begin, int64_t end, int) {
    Sum sums[kColumns];
    typename R::In buffer[kBlockSize];
    kept.walk(begin, end, [&](const auto& offset, int64_t n) {
      for (int64_t i = 0; i < n; i += block) {
        const int64_t m = std::min(block, n - i);
        const int64_t x = offset[1] + i * kept.step[1];
        if (by_columns) {
          for (int64_t j = 0; j < m; ++j) sums[j] = R::start();
          inner.walk(0, inner.count, [&](const auto& within, int64_t length) {
            for (int64_t k = 0; k < length; ++k) {
              const std::byte* row = at(v.x, x + within[0] + k * inner.step[0]);
              if (is_hot) {
                gather(m, row, reinterpret_cast<double*>(sums));
                continue;
              }
              const auto* in = load<typename R::In>(v.x_dtype, row, kept.step[1], m, buffer);
              for (int64_t j = 0; j < m; ++j) R::add(sums[j], in[j]);
            }
          });
        } else {
          for (int64_t j = 0; j < m; ++j) sums[j] = range(x + j * kept.step[1], 0, inner.count);
        }
        store(offset[0] + i * kept.step[0], sums, m);
      }
    });
  });
}

template <class R, class Finish>
void reduce_as(const Parts& v,
               const Stream& stream,
               const Finish& finish,
               HotTable::Gather gather = nullptr) {
  using Sum = typename R::Sum;
  using Out = decltype(finish(Sum()));
  const auto write = [&](const Sum* sums, std::byte* to, int64_t step, int64_t n) {
    const auto size = static_cast<int64_t>(size_of(v.y_dtype));
    Out out[kBlockSize];
    for (int64_t i = 0; i < n; i += kBlockSize) {
      const int64_t m = std::min(kBlockSize, n - i);
      for (int64_t j = 0; j < m; ++j) out[j] = finish(sums[i + j]);
      save<Out>(v.y_dtype, out, to + i * step * size, step, m);
    }
  };
  gather_as<R>(v, stream, write, gather);
}

// Products with one: the sums of a contraction.
Contraction sum_as_contraction(const Parts& v, const double* factors) {
  static float one_f32 = 1;
  static double one_f64 = 1;
  const auto ones = [&](RawView like) {
    like.dtype = real_of(v.x_dtype);
    like.data = like.dtype == DType::f32 ? static_cast<void*>(&one_f32) : &one_f64;
    for (int d = 0; d < like.ndim; ++d) like.stride[static_cast<size_t>(d)] = 0;
    return like;
  };
  return {ones(v.x),
          v.x,
          v.y,
          ones(v.inner),
          v.inner,
          false,
          false,
          is_complex(v.x_dtype),
          {factors[0], factors[1], factors[2], factors[3]}};
}

Parts parts_of(const RawView& x, const RawView& y) {
  Parts v{x, y, x, x.dtype, y.dtype};
  v.x.ndim = v.y.ndim = v.inner.ndim = 0;
  const auto append = [](RawView& to, const RawView& from, size_t k) {
    to.extent[static_cast<size_t>(to.ndim)] = from.extent[k];
    to.stride[static_cast<size_t>(to.ndim)] = from.stride[k];
    ++to.ndim;
  };
  for (size_t k = 0; k < static_cast<size_t>(x.ndim); ++k) {
    if (y.stride[k] == 0) {
      append(v.inner, x, k);
    } else {
      append(v.x, x, k);
      append(v.y, y, k);
    }
  }
  return v;
}

}  // namespace

void CpuBackend::sum(RawView x, Scale s, RawView y, SumOrder order, Stream& stream) {
  const Parts v = parts_of(x, y);
  if (v.y.empty()) return;
  if (s.alpha == 0.0) return scale(s.beta, v.y, stream);
  const double factors[4] = {s.alpha.real(), s.alpha.imag(), s.beta.real(), s.beta.imag()};
  if (order == SumOrder::fixed) {
    contract_fixed(sum_as_contraction(v, factors), stream);
    return;
  }
  const HotTable::Store store = hot().store[hot_index(y.dtype)];
  const HotTable::Gather add = hot().add[hot_index(y.dtype)];
  const auto write = [&](const auto* sums, std::byte* to, int64_t step, int64_t n) {
    store(n, reinterpret_cast<const double*>(sums), factors, to, step);
  };
  if (is_complex(y.dtype)) return gather_as<Plus<c128>>(v, stream, write, add);
  gather_as<Plus<double>>(v, stream, write, add);
}

void CpuBackend::reduce(Reduction op, RawView x, RawView y, Stream& stream) {
  const Parts v = parts_of(x, y);
  if (v.y.empty()) return;
  const auto same = [](const auto& sum) { return sum; };
  const double count = static_cast<double>(v.inner.count());
  HotTable::Gather add = nullptr, squares = nullptr;
  if (is_floating(x.dtype)) {
    add = hot().add[hot_index(x.dtype)];
    squares = hot().add_squares[hot_index(x.dtype)];
  }
  switch (op) {
    case Reduction::sum:
      if (is_complex(x.dtype)) return reduce_as<Plus<c128>>(v, stream, same, add);
      if (is_real(x.dtype)) return reduce_as<Plus<double>>(v, stream, same, add);
      return reduce_as<Plus<int64_t>>(v, stream, same);
    case Reduction::mean: {
      const auto quotient = [&](auto sum) { return sum / count; };
      if (is_complex(x.dtype)) return reduce_as<Plus<c128>>(v, stream, quotient, add);
      return reduce_as<Plus<double>>(v, stream, quotient, add);
    }
    case Reduction::norm: {
      const auto root = [](double sum) { return std::sqrt(sum); };
      if (is_complex(x.dtype)) return reduce_as<Squares<c128>>(v, stream, root, squares);
      return reduce_as<Squares<double>>(v, stream, root, squares);
    }
    case Reduction::min:
      if (is_floating(x.dtype)) return reduce_as<Extreme<double, true>>(v, stream, same);
      return reduce_as<Extreme<int64_t, true>>(v, stream, same);
    case Reduction::max:
      if (is_floating(x.dtype)) return reduce_as<Extreme<double, false>>(v, stream, same);
      return reduce_as<Extreme<int64_t, false>>(v, stream, same);
    case Reduction::any:
      return reduce_as<Logical<false>>(v, stream, same);
    case Reduction::all:
      return reduce_as<Logical<true>>(v, stream, same);
  }
}

}  // namespace lunops
