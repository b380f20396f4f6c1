// SPDX-License-Identifier: MIT
// Compiled once per instruction set; isa.hpp says what may not be included here.
#include "runtime/backend/cpu/boxes.hpp"
#include "runtime/backend/cpu/rounded.hpp"

#include "runtime/backend/cpu/vector.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

namespace {

// What happens to y: replaced, added to, or both with factors.
enum class Update { copy, add, scaled };

// Rows are short: whole vectors first, then halves of them, down to single numbers.
template <class R, int kWidth, Update kUpdate>
LUNOPS_INLINE void update_row(int64_t n, const R* x, R alpha, R beta, bool reads, R* y) {
  if constexpr (kWidth == 1) {
    if (n == 0) return;
    if constexpr (kUpdate == Update::copy) {
      *y = *x;
    } else if constexpr (kUpdate == Update::add) {
      *y += *x;
    } else {
      *y = reads ? alpha * *x + beta * *y : alpha * *x;
    }
  } else {
    typedef R Lanes __attribute__((vector_size(sizeof(R) * kWidth), aligned(sizeof(R)), may_alias));
    for (; n >= kWidth; n -= kWidth, x += kWidth, y += kWidth) {
      const Lanes from = *reinterpret_cast<const Lanes*>(x);
      Lanes& to = *reinterpret_cast<Lanes*>(y);
      if constexpr (kUpdate == Update::copy) {
        to = from;
      } else if constexpr (kUpdate == Update::add) {
        to += from;
      } else {
        to = reads ? alpha * from + beta * to : alpha * from;
      }
    }
    update_row<R, kWidth / 2, kUpdate>(n, x, alpha, beta, reads, y);
  }
}

template <class F>
LUNOPS_INLINE void for_rows(const int64_t* n,
                            const int64_t* x_step,
                            const int64_t* y_step,
                            const F& f) {
  for (int64_t i = 0; i < n[0]; ++i) {
    for (int64_t j = 0; j < n[1]; ++j) {
      int64_t x = i * x_step[0] + j * x_step[1], y = i * y_step[0] + j * y_step[1];
      for (int64_t k = 0; k < n[2]; ++k, x += x_step[2], y += y_step[2]) f(x, y);
    }
  }
}

// Sums ask for data this many boxes of the outermost dim ahead: a block is a few pages of memory,
// too short for the prefetcher of the processor to see a stream (46 against 28 ms for two coils of
// 128^3, block 8, stride 4, c64, on one core of a Zen 4).
constexpr int64_t kAhead = 4;

// Contiguous rows and real factors; complex numbers are `parts` = 2 reals.
template <class R, Update kUpdate>
void update(const int64_t* n,
            const R* x,
            const int64_t* x_step,
            const double* s,
            R* y,
            const int64_t* y_step,
            int64_t parts) {
  const R alpha = static_cast<R>(s[0]), beta = static_cast<R>(s[2]);
  const bool reads = beta != 0;
  for_rows(n, x_step, y_step, [&](int64_t at_x, int64_t at_y) {
    if constexpr (kUpdate != Update::copy) {
      const R* next = x + (at_x + kAhead * x_step[0]) * parts;
      for (int64_t i = 0; i < n[3] * parts; i += 64 / static_cast<int64_t>(sizeof(R))) {
        __builtin_prefetch(next + i, 0, 2);
      }
    }
    update_row<R, kReals<R>, kUpdate>(n[3] * parts, x + at_x * parts, alpha, beta, reads,
                                      y + at_y * parts);
  });
}

// Any steps, any factors.
template <class R, bool kComplex>
void update_any(const int64_t* n,
                const R* x,
                const int64_t* x_step,
                const double* s,
                R* y,
                const int64_t* y_step) {
  const R re = static_cast<R>(s[0]), im = static_cast<R>(s[1]);
  const R b_re = static_cast<R>(s[2]), b_im = static_cast<R>(s[3]);
  const bool reads = s[2] != 0 || s[3] != 0;
  constexpr int64_t parts = kComplex ? 2 : 1;
  for_rows(n, x_step, y_step, [&](int64_t at_x, int64_t at_y) {
    for (int64_t i = 0; i < n[3]; ++i) {
      const R* from = x + (at_x + i * x_step[3]) * parts;
      R* to = y + (at_y + i * y_step[3]) * parts;
      if constexpr (kComplex) {
        if (s[1] == 0 && s[3] == 0) {  // as in contiguous rows, also of zeros with a sign
          to[0] = reads ? re * from[0] + b_re * to[0] : re * from[0];
          to[1] = reads ? re * from[1] + b_re * to[1] : re * from[1];
          continue;
        }
        R sum_re = LUNOPS_ROUNDED(re * from[0]) - LUNOPS_ROUNDED(im * from[1]);
        R sum_im = LUNOPS_ROUNDED(re * from[1]) + LUNOPS_ROUNDED(im * from[0]);
        if (reads) {
          sum_re += LUNOPS_ROUNDED(b_re * to[0]) - LUNOPS_ROUNDED(b_im * to[1]);
          sum_im += LUNOPS_ROUNDED(b_re * to[1]) + LUNOPS_ROUNDED(b_im * to[0]);
        }
        to[0] = sum_re;
        to[1] = sum_im;
      } else {
        to[0] = reads ? re * from[0] + b_re * to[0] : re * from[0];
      }
    }
  });
}

template <class R, bool kComplex>
void axpby(const int64_t* n,
           const void* x_data,
           const int64_t* x_step,
           const double* s,
           void* y_data,
           const int64_t* y_step) {
  const auto* x = static_cast<const R*>(x_data);
  auto* y = static_cast<R*>(y_data);
  constexpr int64_t parts = kComplex ? 2 : 1;
  const bool is_contiguous = (x_step[3] == 1 && y_step[3] == 1) || n[3] == 1;
  if (!is_contiguous || s[1] != 0 || s[3] != 0) {
    update_any<R, kComplex>(n, x, x_step, s, y, y_step);
  } else if (s[0] == 1 && s[2] == 0) {
    update<R, Update::copy>(n, x, x_step, s, y, y_step, parts);
  } else if (s[0] == 1 && s[2] == 1) {
    update<R, Update::add>(n, x, x_step, s, y, y_step, parts);
  } else {
    update<R, Update::scaled>(n, x, x_step, s, y, y_step, parts);
  }
}

void stream(const int64_t* n,
            const void* x_data,
            const int64_t* x_step,
            void* y_data,
            const int64_t* y_step) {
  const auto* x = static_cast<const char*>(x_data);
  auto* y = static_cast<char*>(y_data);
  for_rows(n, x_step, y_step, [&](int64_t at_x, int64_t at_y) {
    for (int64_t i = 0; i < n[3]; i += 64) {
      const char* from = x + at_x + i;
      char* to = y + at_y + i;
#if defined(__AVX512F__)
      _mm512_stream_si512(reinterpret_cast<__m512i*>(to), _mm512_loadu_si512(from));
#elif defined(__AVX2__)
      for (int part = 0; part < 64; part += 32) {
        const auto* line = reinterpret_cast<const __m256i*>(from + part);
        _mm256_stream_si256(reinterpret_cast<__m256i*>(to + part), _mm256_loadu_si256(line));
      }
#elif defined(__SSE2__)
      for (int part = 0; part < 64; part += 16) {
        const auto* line = reinterpret_cast<const __m128i*>(from + part);
        _mm_stream_si128(reinterpret_cast<__m128i*>(to + part), _mm_loadu_si128(line));
      }
#else
      __builtin_memcpy(to, from, 64);
#endif
    }
  });
#if defined(__SSE2__)
  // Streaming stores are not ordered with the ones that tell other threads about the result.
  _mm_sfence();
#endif
}

}  // namespace

extern const BoxTable box_table = {
    {axpby<float, false>, axpby<double, false>, axpby<float, true>, axpby<double, true>}, stream};

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
