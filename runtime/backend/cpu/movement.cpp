// SPDX-License-Identifier: MIT
#include <cstring>
#include <type_traits>

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

constexpr int64_t kSide = 32;
constexpr int64_t kTile = kSide * kSide;  // elements: at most 16 KiB, half a first-level cache

// A piece of a transposition, height x width elements of y: y is contiguous along the width, x
// along the height.  It goes through a tile on the stack, so that both sides see whole cache lines:
// read in the order of y, rows of x at distances of a power of two push each other out of the
// cache.
template <class Word>
void copy_piece(const std::byte* x,
                int64_t x_step,
                std::byte* y,
                int64_t y_step,
                int64_t height,
                int64_t width) {
  constexpr auto size = static_cast<int64_t>(sizeof(Word));
  Word tile[kTile];
  for (int64_t j = 0; j < width; ++j) {
    std::memcpy(tile + j * height, x + j * x_step * size, static_cast<size_t>(height * size));
  }
  for (int64_t i = 0; i < height; ++i) {
    std::byte* row = y + i * y_step * size;
    for (int64_t j = 0; j < width; ++j) {
      std::memcpy(row + j * size, tile + j * height + i, sizeof(Word));
    }
  }
}

// Copies by pieces if x and y are transposed against each other; false if they are not.
bool copy_transposed(const RawView& x,
                     const RawView& y,
                     const Runs<2>& runs,
                     const Stream& stream) {
  if (runs.step[0] != 1 || runs.step[1] == 1 || runs.length < 4) return false;
  size_t d = 0;
  const auto ndim = static_cast<size_t>(runs.ndim);
  while (d < ndim && runs.stride[d][1] != 1) ++d;
  if (d == ndim || runs.extent[d] < 4) return false;
  const size_t size = size_of(y.dtype);
  const int64_t outer = runs.extent[d], x_step = runs.step[1], y_step = runs.stride[d][0];
  // A short side leaves its room in the tile to the other one.
  const int64_t height = std::min(outer, std::max(kSide, kTile / std::min(runs.length, kSide)));
  const int64_t width = std::min(runs.length, kTile / height);
  const int64_t strips = (outer + height - 1) / height;
  const int64_t rest = runs.count / (runs.length * outer);
  const int share = runs.count < kGrain ? 1 : stream.threads();
  ThreadPool::process().run(rest * strips, share, [&](int64_t item, int) {
    // The dims of `rest` are the fast ones: neighbouring items write to the same pages.
    const int64_t first = item / rest * height;
    int64_t number = item % rest, at_y = first * y_step, at_x = first;
    for (size_t k = ndim; k-- > 0;) {
      if (k == d) continue;
      at_y += number % runs.extent[k] * runs.stride[k][0];
      at_x += number % runs.extent[k] * runs.stride[k][1];
      number /= runs.extent[k];
    }
    const int64_t rows = std::min(height, outer - first);
    for (int64_t j = 0; j < runs.length; j += width) {
      const int64_t columns = std::min(width, runs.length - j);
      const std::byte* from = at(x, at_x + j * x_step);
      std::byte* to = at(y, at_y + j);
      switch (size) {
        case 1:
          copy_piece<uint8_t>(from, x_step, to, y_step, rows, columns);
          break;
        case 4:
          copy_piece<uint32_t>(from, x_step, to, y_step, rows, columns);
          break;
        case 8:
          copy_piece<uint64_t>(from, x_step, to, y_step, rows, columns);
          break;
        default:
          copy_piece<Sixteen>(from, x_step, to, y_step, rows, columns);
          break;
      }
    }
  });
  return true;
}

// y = alpha x + beta y for real x and complex y.  A part of alpha that is 0 makes no product, so
// that infinity and NaN in x stay in the parts of y that they belong to.
template <class T>
void widen_run(const T* x, int64_t x_step, Scale s, T* y, int64_t y_step, int64_t n) {
  const T re = static_cast<T>(s.alpha.real()), im = static_cast<T>(s.alpha.imag());
  const auto write = [&](auto has_re, auto has_im) {
    for (int64_t i = 0; i < n; ++i) {
      const T value = x[i * x_step];
      y[2 * i * y_step] = has_re() ? re * value : T(0);
      y[2 * i * y_step + 1] = has_im() ? im * value : T(0);
    }
  };
  if (s.beta == 0.0) {
    if (im == T(0)) return write(std::true_type(), std::false_type());
    if (re == T(0)) return write(std::false_type(), std::true_type());
    return write(std::true_type(), std::true_type());
  }
  const T beta_re = static_cast<T>(s.beta.real()), beta_im = static_cast<T>(s.beta.imag());
  for (int64_t i = 0; i < n; ++i) {
    const T value = x[i * x_step];
    const T a = y[2 * i * y_step], b = y[2 * i * y_step + 1];
    y[2 * i * y_step] = (re == T(0) ? T(0) : re * value) + (beta_re * a - beta_im * b);
    y[2 * i * y_step + 1] = (im == T(0) ? T(0) : im * value) + (beta_re * b + beta_im * a);
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
  if (s.alpha == 0.0) return scale(s.beta, y, stream);
  const double factors[4] = {s.alpha.real(), s.alpha.imag(), s.beta.real(), s.beta.imag()};
  const Runs<2> runs({&y, &x});
  if (x.dtype == y.dtype && is_floating(y.dtype)) {
    const HotTable::Axpby kernel = hot().axpby[hot_index(y.dtype)];
    runs.run(stream, [&](const auto& offset, int64_t n) {
      kernel(n, at(x, offset[1]), runs.step[1], conjugate, factors, at(y, offset[0]), runs.step[0]);
    });
    return;
  }
  if (is_complex(y.dtype) && x.dtype == real_of(y.dtype)) {
    const auto widen = [&]<class T>(T) {
      runs.run(stream, [&](const auto& offset, int64_t n) {
        widen_run(reinterpret_cast<const T*>(at(x, offset[1])), runs.step[1], s,
                  reinterpret_cast<T*>(at(y, offset[0])), runs.step[0], n);
      });
    };
    return y.dtype == DType::c64 ? widen(float()) : widen(double());
  }
  if (s.alpha == 1.0 && s.beta == 0.0 && is_floating(x.dtype) && is_floating(y.dtype)) {
    return copy(x, conjugate, y, stream);
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

void CpuBackend::scale(c128 factor, RawView y, Stream& stream) {
  if (factor == 0.0) {
    fill(0.0, y, stream);
  } else if (factor != 1.0) {
    axpby(y, false, {factor, 0.0}, y, stream);
  }
}

}  // namespace lunops
