// SPDX-License-Identifier: MIT
#include <cstring>

#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/hot_use.hpp"
#include "runtime/backend/cpu/runs.hpp"

namespace lunops {

using namespace cpu;

namespace {

template <class T>
void fill_run(T value, T* y, int64_t step, int64_t n) {
  if (step == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = value;
  } else {
    for (int64_t i = 0; i < n; ++i) y[i * step] = value;
  }
}

// Both sides strided: 8- and 16-byte elements as whole words.
template <class Word>
void copy_words(const void* x_data, int64_t x_step, void* y_data, int64_t y_step, int64_t n) {
  const auto* x = static_cast<const std::byte*>(x_data);
  auto* y = static_cast<std::byte*>(y_data);
  constexpr auto size = static_cast<int64_t>(sizeof(Word));
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(y + i * y_step * size, x + i * x_step * size, sizeof(Word));
  }
}

struct Sixteen {
  uint64_t low, high;
};

void copy_equal(size_t size, const void* x, int64_t x_step, void* y, int64_t y_step, int64_t n) {
  if (x_step == 1 && y_step == 1) {
    std::memcpy(y, x, static_cast<size_t>(n) * size);
    return;
  }
  switch (size) {
    case 1:
      return copy_words<uint8_t>(x, x_step, y, y_step, n);
    case 4:
      return copy_words<uint32_t>(x, x_step, y, y_step, n);
    case 8:
      return copy_words<uint64_t>(x, x_step, y, y_step, n);
    default:
      return copy_words<Sixteen>(x, x_step, y, y_step, n);
  }
}

// A transposition: y is contiguous along the runs, x along the outer dim `d`.  Squares of both fit
// the first-level cache, so that no cache line of x is fetched once per element.
template <class Word>
void copy_square(const std::byte* x,
                 int64_t x_run,
                 std::byte* y,
                 int64_t y_outer,
                 int64_t runs,
                 int64_t length) {
  constexpr auto size = static_cast<int64_t>(sizeof(Word));
  for (int64_t i = 0; i < runs; ++i) {
    for (int64_t j = 0; j < length; ++j) {
      std::memcpy(y + (i * y_outer + j) * size, x + (i + j * x_run) * size, sizeof(Word));
    }
  }
}

constexpr int64_t kSide = 32;

// Copies by squares if x and y are transposed against each other; false if they are not.
bool copy_transposed(const RawView& x,
                     const RawView& y,
                     const Runs<2>& runs,
                     const Stream& stream) {
  if (runs.step[0] != 1 || runs.step[1] == 1 || runs.length < kSide) return false;
  size_t d = 0;
  const auto ndim = static_cast<size_t>(runs.ndim);
  while (d < ndim && runs.stride[d][1] != 1) ++d;
  if (d == ndim || runs.extent[d] < kSide) return false;
  const size_t size = size_of(y.dtype);
  const int64_t outer = runs.extent[d], y_outer = runs.stride[d][0];
  const int64_t strips = (outer + kSide - 1) / kSide;
  const int64_t rest = runs.count / (runs.length * outer);
  const int share = runs.count < kGrain ? 1 : stream.threads();
  ThreadPool::process().run(rest * strips, share, [&](int64_t item, int) {
    const int64_t first = item % strips * kSide;
    int64_t number = item / strips, at_y = first * y_outer, at_x = first;
    for (size_t k = ndim; k-- > 0;) {
      if (k == d) continue;
      at_y += number % runs.extent[k] * runs.stride[k][0];
      at_x += number % runs.extent[k] * runs.stride[k][1];
      number /= runs.extent[k];
    }
    const int64_t height = std::min(kSide, outer - first);
    for (int64_t j = 0; j < runs.length; j += kSide) {
      const int64_t width = std::min(kSide, runs.length - j);
      const std::byte* from = at(x, at_x + j * runs.step[1]);
      std::byte* to = at(y, at_y + j);
      switch (size) {
        case 1:
          copy_square<uint8_t>(from, runs.step[1], to, y_outer, height, width);
          break;
        case 4:
          copy_square<uint32_t>(from, runs.step[1], to, y_outer, height, width);
          break;
        case 8:
          copy_square<uint64_t>(from, runs.step[1], to, y_outer, height, width);
          break;
        default:
          copy_square<Sixteen>(from, runs.step[1], to, y_outer, height, width);
          break;
      }
    }
  });
  return true;
}

}  // namespace

void CpuBackend::fill(c128 value, RawView y, Stream& stream) {
  if (y.empty()) return;
  const Runs<1> runs({&y});
  dispatch(y.dtype, [&]<class T>() {
    const T element = convert<T>(value);
    runs.run(stream, [&](const auto& offset, int64_t n) {
      fill_run(element, reinterpret_cast<T*>(at(y, offset[0])), runs.step[0], n);
    });
  });
}

void CpuBackend::copy(RawView x, bool conjugate, RawView y, Stream& stream) {
  if (y.empty()) return;
  if (conjugate && is_complex(x.dtype) && x.dtype == y.dtype) {
    axpby(x, true, Scale{}, y, stream);
    return;
  }
  const Runs<2> runs({&y, &x});
  const int64_t y_step = runs.step[0], x_step = runs.step[1];
  if (x.dtype == y.dtype) {
    if (copy_transposed(x, y, runs, stream)) return;
    const size_t size = size_of(y.dtype);
    runs.run(stream, [&](const auto& offset, int64_t n) {
      copy_equal(size, at(x, offset[1]), x_step, at(y, offset[0]), y_step, n);
    });
    return;
  }
  dispatch(y.dtype, [&]<class T>() {
    runs.run(stream, [&](const auto& offset, int64_t n) {
      T buffer[kBlockSize];
      for (int64_t i = 0; i < n; i += kBlockSize) {
        const int64_t m = std::min(kBlockSize, n - i);
        void* to = at(y, offset[0] + i * y_step);
        T* out = target<T>(y.dtype, to, y_step, buffer);
        load<T>(x.dtype, at(x, offset[1] + i * x_step), x_step, m, out);
        if constexpr (is_complex_v<T>) {
          if (conjugate) {
            for (int64_t j = 0; j < m; ++j) out[j] = std::conj(out[j]);
          }
        }
        save<T>(y.dtype, out, to, y_step, m);
      }
    });
  });
}

void CpuBackend::axpby(RawView x, bool conjugate, Scale s, RawView y, Stream& stream) {
  if (y.empty()) return;
  const double factors[4] = {s.alpha.real(), s.alpha.imag(), s.beta.real(), s.beta.imag()};
  const Runs<2> runs({&y, &x});
  if (x.dtype == y.dtype && is_floating(y.dtype)) {
    const HotTable::Axpby kernel = hot().axpby[hot_index(y.dtype)];
    runs.run(stream, [&](const auto& offset, int64_t n) {
      kernel(n, at(x, offset[1]), runs.step[1], conjugate, factors, at(y, offset[0]), runs.step[0]);
    });
    return;
  }
  // Mixed dtypes, and integers, in which alpha and beta are whole numbers: in double.
  runs.run(stream, [&](const auto& offset, int64_t n) {
    c128 in[kBlockSize], out[kBlockSize];
    for (int64_t i = 0; i < n; i += kBlockSize) {
      const int64_t m = std::min(kBlockSize, n - i);
      void* to = at(y, offset[0] + i * runs.step[0]);
      const c128* from =
          load<c128>(x.dtype, at(x, offset[1] + i * runs.step[1]), runs.step[1], m, in);
      for (int64_t j = 0; j < m; ++j) out[j] = s.alpha * (conjugate ? std::conj(from[j]) : from[j]);
      if (s.beta != 0.0) {
        const c128* old = load<c128>(y.dtype, to, runs.step[0], m, in);
        for (int64_t j = 0; j < m; ++j) out[j] += s.beta * old[j];
      }
      save<c128>(y.dtype, out, to, runs.step[0], m);
    }
  });
}

}  // namespace lunops
