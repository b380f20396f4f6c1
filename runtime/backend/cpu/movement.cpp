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
