// SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>

#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/combine_use.hpp"
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/hot_use.hpp"
#include "runtime/backend/cpu/runs.hpp"

namespace lunops {

using namespace cpu;

namespace {

using Term = PointwiseSpec::Term;

// Rounded to R, the number is neither infinite nor less exact than R allows.
template <class R>
bool is_normal(c128 z) {
  const double size = std::max(std::abs(z.real()), std::abs(z.imag()));
  return size >= double{std::numeric_limits<R>::min()} &&
         size <= double{std::numeric_limits<R>::max()};
}

// A weight along one block.
struct Line {
  const RawView* view;
  void* data;
  int64_t step;
  bool conjugate;
};

// One block of at most kBlockSize elements, in the first-level cache from its first factor to its
// last.
template <class T>
class Block {
 public:
  using R = Real<T>;

  // out <- factor * the term of x + beta * out; `lines` are the term's weights.
  void add(const Term& term,
           const Line* lines,
           bool may_fold,
           c128 factor,
           c128 beta,
           const T* x,
           int64_t n,
           T* out,
           int64_t out_step) {
    std::array<Line, PointwiseSpec::kMostFactors> rest;
    size_t count = 0;
    for (size_t k = 0; k < static_cast<size_t>(term.count); ++k) {
      const bool is_folded = may_fold && lines[k].step == 0 && folds(lines[k], factor);
      if (!is_folded) rest[count++] = lines[k];
    }
    const double last[4] = {factor.real(), factor.imag(), beta.real(), beta.imag()};
    if (count == 0) {
      kernels().axpby[kRow](n, x, 1, term.conjugate, last, out, out_step);
      return;
    }
    const bool conjugate = is_complex_v<T> && term.conjugate;
    const T* product = x;
    const auto pivot =
        std::find_if(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(count),
                     [](const Line& w) { return is_complex(w.view->dtype) && !w.conjugate; });
    const bool has_pivot = pivot != rest.begin() + static_cast<ptrdiff_t>(count);
    if (conjugate && has_pivot) {
      std::swap(*pivot, rest[0]);
    } else if (conjugate) {
      kernels().axpby[kRow](n, x, 1, true, kPlain, other(product), 1);
      product = other(product);
    }
    for (size_t k = 0; k < count; ++k) {
      const bool is_last = k + 1 == count;
      T* to = is_last ? out : other(product);
      const int64_t step = is_last ? out_step : 1;
      const double* scale = is_last ? last : kPlain;
      const Line& w = rest[k];
      const HotTable::Multiply multiply = kernels().multiply[kRow];
      if (!is_complex(w.view->dtype)) {
        const R* real = load<R>(w.view->dtype, w.data, w.step, n, reinterpret_cast<R*>(weight_));
        multiply(n, real, 1, true, false, product, 1, scale, to, step);
      } else {
        const T* line = load<T>(w.view->dtype, w.data, w.step, n, weight_);
        if (k == 0 && conjugate && has_pivot) {
          // The kernel conjugates the first of its operands only.
          multiply(n, x, 1, false, true, line, 1, scale, to, step);
        } else {
          multiply(n, line, 1, false, w.conjugate, product, 1, scale, to, step);
        }
      }
      product = to;
    }
  }

  T in[kBlockSize], result[kBlockSize];

 private:
  static constexpr size_t kRow = hot_index(dtype_v<T>);
  static constexpr double kPlain[4] = {1, 0, 0, 0};
  static const HotTable& kernels() { return hot(); }

  // A weight that is constant along the block goes into the factor, where numbers allow.
  static bool folds(const Line& w, c128& factor) {
    c128 value;
    load<c128>(w.view->dtype, w.data, 0, 1, &value);
    const c128 both = factor * (w.conjugate ? std::conj(value) : value);
    const bool is_zero = value == 0.0 || factor == 0.0;
    if (!is_zero && !is_normal<R>(both)) return false;
    factor = both;
    return true;
  }
  // Kernels read and write different memory: with one they cannot be vectorised.
  T* other(const T* taken) { return taken == even_ ? odd_ : even_; }

  T even_[kBlockSize], odd_[kBlockSize], weight_[kBlockSize];
};

// Views of a call: y, x, weights; the rest of N repeat y.
template <class T, int N>
void run(const PointwiseSpec& spec,
         const RawView* weights,
         int count,
         const RawView& x,
         Scale s,
         const RawView& y,
         const Stream& stream) {
  std::array<const RawView*, N> views;
  views.fill(&y);
  views[1] = &x;
  for (int k = 0; k < count; ++k) views[static_cast<size_t>(k) + 2] = weights + k;
  const Runs<N> runs(views);
  const bool is_in_place = x.data == y.data;
  const auto run_one = [&](Block<T>& block, const auto& offset, int64_t n) {
    for (int64_t i = 0; i < n; i += kBlockSize) {
      const int64_t m = std::min(kBlockSize, n - i);
      const auto address = [&](const RawView& v, size_t k) {
        return at(v, offset[k] + i * runs.step[k]);
      };
      const T* in = load<T>(x.dtype, address(x, 1), runs.step[1], m, block.in);
      if (is_in_place && in != block.in) in = std::copy_n(in, m, block.in) - m;
      void* to = address(y, 0);
      T* out = block.result;
      int64_t out_step = 1;
      if (y.dtype == dtype_v<T>) {
        out = static_cast<T*>(to);
        out_step = runs.step[0];
      } else if (s.beta != 0.0) {
        load<T>(y.dtype, to, runs.step[0], m, out);
      }
      for (size_t t = 0; t < static_cast<size_t>(spec.count); ++t) {
        const Term& term = spec.terms[t];
        std::array<Line, PointwiseSpec::kMostFactors> lines;
        for (size_t k = 0; k < static_cast<size_t>(term.count); ++k) {
          const auto number = static_cast<size_t>(term.weight[k]);
          const RawView& w = weights[number];
          lines[k] = {&w, address(w, number + 2), runs.step[number + 2], term.conjugate_weight[k]};
        }
        block.add(term, lines.data(), !spec.deterministic, s.alpha * term.scale,
                  t == 0 ? s.beta : 1.0, in, m, out, out_step);
      }
      if (out == block.result) save<T>(y.dtype, out, to, runs.step[0], m);
    }
  };
  // One block for many runs: to make one is to clear it, which takes longer than a short run.
  parallel_range(runs.count, kGrain, stream, [&](int64_t first, int64_t last, int) {
    Block<T> block;
    runs.walk(first, last, [&](const auto& offset, int64_t n) { run_one(block, offset, n); });
  });
}

}  // namespace

void CpuBackend::pointwise(const PointwiseSpec& spec,
                           const RawView* weights,
                           int count,
                           RawView x,
                           Scale s,
                           RawView y,
                           Stream& stream) {
  if (y.empty()) return;
  if (s.alpha == 0.0 || spec.count == 0) return scale(s.beta, y, stream);
  DType inside = common_of(x.dtype, y.dtype);
  for (int k = 0; k < count; ++k) inside = common_of(inside, weights[k].dtype);
  dispatch_floating(inside, [&]<class T>() {
    if (count <= 2) return run<T, 4>(spec, weights, count, x, s, y, stream);
    if (count <= 4) return run<T, 6>(spec, weights, count, x, s, y, stream);
    run<T, 2 + PointwiseSpec::kMostWeights>(spec, weights, count, x, s, y, stream);
  });
}

}  // namespace lunops
