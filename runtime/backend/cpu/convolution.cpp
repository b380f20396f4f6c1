// SPDX-License-Identifier: MIT
#include "runtime/backend/convolution.hpp"

#include <algorithm>
#include <array>

#include "runtime/backend/cpu/combine_use.hpp"
#include "runtime/backend/cpu/planned.hpp"
#include "runtime/backend/cpu/runs.hpp"

namespace lunops::cpu {

namespace {

// A slab of x, with its neighbours, should stay in the second cache.
constexpr int64_t kSlabBytes = int64_t{256} << 10;
// Results of one row that are computed at once.
constexpr int64_t kSegment = 1024;

// A slab of x is copied with as many neighbours as the kernel reaches, zeros or the other end of a
// periodic line beyond the ends; a row of the result then is a sum of shifted rows of that copy,
// whose offsets are the same everywhere.  A complex kernel makes two real sums of complex rows,
// which are put together at the end: y = sum k' x + i sum k'' x.
template <class E>
class Convolution final : public ConvolutionKernel {
  using T = Real<E>;
  static constexpr int64_t kReals = kRealsPer<E>;

  struct Line {
    int64_t extent, x_extent, taps, before;  // before: neighbours on the low side
    int64_t x, y, k;
    int64_t pitch = 0;  // in the copy
  };

 public:
  Convolution(const ConvolutionSpec& spec, int threads)
      : is_circular_(spec.is_circular),
        is_complex_(is_complex(spec.kernel_dtype)),
        threads_(threads),
        summed_(spec.summed) {
    for (const auto& l : spec.lines)
      lines_.push_back({l.extent, l.x_extent, l.taps, l.taps - 1 - l.centre, l.x, l.y, l.k});
    for (const auto& d : spec.kept) {
      if (d.extent == 1) continue;
      // Neighbours in memory on which the kernel does not depend: a line with one tap.
      if (d.k == 0 && d.x == 1) {
        lines_.push_back({d.extent, d.extent, 1, 0, d.x, d.y, 0});
      } else if (d.x == 0) {
        produced_.push_back(d);
      } else {
        kept_.push_back(d);
      }
    }
    // The innermost line is the one along which elements are neighbours.
    std::stable_sort(lines_.begin(), lines_.end(),
                     [](const Line& a, const Line& b) { return std::abs(a.x) > std::abs(b.x); });
    count();
    if (results_ == 0 || taps_ == 0) return;
    cut();
    place_taps();
    if (spec.kernel != nullptr) pack(spec);
  }

  size_t bytes() const noexcept override {
    return static_cast<size_t>(sets() * taps_ * (is_complex_ ? 2 : 1)) * sizeof(T);
  }
  size_t workspace() const noexcept override {
    return static_cast<size_t>(threads_) * worker_bytes();
  }
  double flops() const noexcept override {
    return 2.0 * static_cast<double>(results_) * static_cast<double>(taps_) *
           static_cast<double>(kReals * (is_complex_ ? 2 : 1));
  }
  double traffic() const noexcept override {
    const double slabs = static_cast<double>(items_) * static_cast<double>(copy_);
    return (2.0 * slabs + static_cast<double>(results_)) * sizeof(E);
  }

  void run(const void* x, void* y, Scale s, std::byte* workspace, Stream& stream) const override {
    if (results_ == 0) return;
    const Job job{static_cast<const E*>(x), static_cast<E*>(y), s, s.alpha == 1.0 && s.beta == 0.0};
    const int share = std::min(threads_, stream.threads());
    const int64_t work = std::max<int64_t>(1, results_ / items_ * std::max<int64_t>(1, taps_));
    const int64_t per_item = std::max<int64_t>(1, kGrain / work);
    ThreadPool::process().run(
        (items_ + per_item - 1) / per_item, share, [&](int64_t part, int number) {
          std::byte* worker = workspace + static_cast<size_t>(number) * worker_bytes();
          const int64_t last = std::min(items_, (part + 1) * per_item);
          for (int64_t i = part * per_item; i < last; ++i) slab(job, i, worker);
        });
  }

 private:
  struct Job {
    const E* x;
    E* y;
    Scale s;
    bool is_plain;
  };

  static int64_t product(const std::vector<ConvolutionSpec::Dim>& dims) {
    int64_t n = 1;
    for (const auto& d : dims) n *= d.extent;
    return n;
  }

  void count() {
    taps_ = sums_ = product(summed_);
    outer_ = product(kept_);
    made_ = product(produced_);
    results_ = outer_ * made_;
    for (const Line& line : lines_) {
      taps_ *= line.taps;
      results_ *= line.extent;
    }
  }

  // Kernels are kept by index of kept and produced dims, where they depend on them.
  int64_t sets() const {
    int64_t n = made_;
    for (const auto& d : kept_) n *= d.k != 0 ? d.extent : 1;
    return n;
  }

  // How long slabs are along the slowest line; independent of the number of threads, as the cuts
  // decide how results are rounded.
  void cut() {
    Line& first = lines_.front();
    int64_t behind = sums_;
    for (size_t l = 1; l < lines_.size(); ++l) behind *= lines_[l].extent + lines_[l].taps - 1;
    const int64_t fits = kSlabBytes / (behind * static_cast<int64_t>(sizeof(E)));
    const int64_t apart = std::max((first.extent + 15) / 16, first.taps);
    slab_ = std::max<int64_t>(1, fits - (first.taps - 1));
    // A line alone is worth cutting only where it is long.
    slab_ = std::min(slab_, lines_.size() == 1 ? std::max<int64_t>(apart, kSegment) : apart);
    slab_ = std::min(slab_, first.extent);
    slabs_ = (first.extent + slab_ - 1) / slab_;
    items_ = outer_ * slabs_;
    copy_ = 1;
    for (size_t l = lines_.size(); l-- > 0;) {
      lines_[l].pitch = copy_;
      copy_ *= (l == 0 ? slab_ : lines_[l].extent) + lines_[l].taps - 1;
    }
    sum_pitch_ = copy_;
    copy_ *= sums_;
  }

  // Where the taps of a row lie in the copy, from the place of the row's first element.
  void place_taps() {
    offset_.reserve(static_cast<size_t>(taps_));
    for (int64_t r = 0; r < sums_; ++r) place_taps(0, r * sum_pitch_);
  }
  void place_taps(size_t l, int64_t offset) {
    if (l == lines_.size()) {
      offset_.push_back(offset);
      return;
    }
    for (int64_t j = 0; j < lines_[l].taps; ++j)
      place_taps(l + 1, offset + (lines_[l].taps - 1 - j) * lines_[l].pitch);
  }

  void pack(const ConvolutionSpec& spec) {
    real_.resize(static_cast<size_t>(sets() * taps_));
    if (is_complex_) imag_.resize(real_.size());
    size_t at = 0;
    const auto put = [&](int64_t k) {
      dispatch_floating(spec.kernel_dtype, [&]<class K>() {
        const c128 value(static_cast<const K*>(spec.kernel)[k]);
        real_[at] = static_cast<T>(value.real());
        if (is_complex_) {
          imag_[at] = static_cast<T>(spec.conjugate ? -value.imag() : value.imag());
        }
      });
      ++at;
    };
    std::vector<ConvolutionSpec::Dim> dims;
    for (const auto& d : kept_) {
      if (d.k != 0) dims.push_back(d);
    }
    dims.insert(dims.end(), produced_.begin(), produced_.end());
    dims.insert(dims.end(), summed_.begin(), summed_.end());
    for (const Line& line : lines_) dims.push_back({line.taps, 0, 0, line.k});
    for_kernel(dims, 0, 0, put);
  }
  template <class F>
  static void for_kernel(const std::vector<ConvolutionSpec::Dim>& dims,
                         size_t d,
                         int64_t k,
                         const F& f) {
    if (d == dims.size()) {
      f(k);
      return;
    }
    for (int64_t i = 0; i < dims[d].extent; ++i) for_kernel(dims, d + 1, k + i * dims[d].k, f);
  }

  // A thread's room: rows of taps, two segments, the copy.
  size_t pointers() const noexcept {
    return (static_cast<size_t>(taps_) * sizeof(const T*) + 63) / 64 * 64;
  }
  size_t worker_bytes() const noexcept {
    return pointers() +
           (2 * static_cast<size_t>(kSegment) + static_cast<size_t>(copy_)) * sizeof(E) / 64 * 64 +
           64;
  }

  void slab(const Job& job, int64_t item, std::byte* worker) const {
    auto* rows = reinterpret_cast<const T**>(worker);
    E* segments = reinterpret_cast<E*>(worker + pointers());
    E* copy = segments + 2 * kSegment;
    const int64_t begin = item % slabs_ * slab_;
    const int64_t count = std::min(slab_, lines_.front().extent - begin);
    int64_t rest = item / slabs_;
    const E* x = job.x;
    E* y = job.y;
    int64_t set = 0, set_stride = 1;
    for (size_t d = kept_.size(); d-- > 0;) {
      const int64_t i = rest % kept_[d].extent;
      rest /= kept_[d].extent;
      x += i * kept_[d].x;
      y += i * kept_[d].y;
      if (kept_[d].k == 0) continue;
      set += i * set_stride;
      set_stride *= kept_[d].extent;
    }
    for (int64_t r = 0; r < sums_; ++r) {
      const E* from = x;
      int64_t index = r;
      for (size_t d = summed_.size(); d-- > 0;) {
        from += index % summed_[d].extent * summed_[d].x;
        index /= summed_[d].extent;
      }
      fill(0, from, begin, count, copy + r * sum_pitch_);
    }
    for (int64_t p = 0; p < made_; ++p) {
      E* to = y;
      int64_t index = p;
      for (size_t d = produced_.size(); d-- > 0;) {
        to += index % produced_[d].extent * produced_[d].y;
        index /= produced_[d].extent;
      }
      results(job, set * made_ + p, 0, begin, count, copy, to, rows, segments);
    }
  }

  // The copy of `count` elements of line l from `begin`, and their neighbours; further lines whole.
  void fill(size_t l, const E* x, int64_t begin, int64_t count, E* copy) const {
    const Line& line = lines_[l];
    const bool is_innermost = l + 1 == lines_.size();
    const int64_t total = count + line.taps - 1;
    for (int64_t e = 0; e < total;) {
      int64_t i = begin + e - line.before;
      if (is_circular_) i = (i % line.extent + line.extent) % line.extent;
      if (i < 0 || i >= line.x_extent) {
        const int64_t run = i < 0 ? std::min(-i, total - e) : total - e;
        std::fill_n(copy + e * line.pitch, run * line.pitch, E(0));
        e += run;
        continue;
      }
      const int64_t run = std::min(line.x_extent - i, total - e);
      if (is_innermost) {
        const E* from = x + i * line.x;
        if (line.x == 1) {
          std::copy_n(from, run, copy + e);
        } else {
          for (int64_t n = 0; n < run; ++n) copy[e + n] = from[n * line.x];
        }
      } else {
        for (int64_t n = 0; n < run; ++n)
          fill(l + 1, x + (i + n) * line.x, 0, lines_[l + 1].extent, copy + (e + n) * line.pitch);
      }
      e += run;
    }
  }

  void results(const Job& job,
               int64_t set,
               size_t l,
               int64_t begin,
               int64_t count,
               const E* copy,
               E* y,
               const T** rows,
               E* segments) const {
    const Line& line = lines_[l];
    if (l + 1 < lines_.size()) {
      for (int64_t n = 0; n < count; ++n)
        results(job, set, l + 1, 0, lines_[l + 1].extent, copy + n * line.pitch,
                y + (begin + n) * line.y, rows, segments);
      return;
    }
    const T* real = real_.data() + set * taps_;
    for (int64_t first = 0; first < count; first += kSegment) {
      const int64_t n = std::min(kSegment, count - first);
      for (size_t t = 0; t < offset_.size(); ++t) rows[t] = reals(copy + first + offset_[t]);
      E* to = y + (begin + first) * line.y;
      E* out = job.is_plain && line.y == 1 ? to : segments;
      if (is_complex_) {
        E* other = segments + kSegment;
        combine<T>().two(rows, real, imag_.data() + set * taps_, taps_, reals(out), reals(other),
                         n * kReals);
        combine<T>().turn(reals(out), reals(other), reals(out), n);
      } else {
        combine<T>().one(rows, real, taps_, reals(out), n * kReals);
      }
      if (out == segments) store_row(out, job.s, to, line.y, n);
    }
  }

  bool is_circular_, is_complex_;
  int threads_;
  std::vector<Line> lines_;  // slowest first
  std::vector<ConvolutionSpec::Dim> kept_, produced_, summed_;
  int64_t taps_ = 1;                         // of one result
  int64_t results_ = 1;                      // in all
  int64_t sums_ = 1, outer_ = 1, made_ = 1;  // products of extents: summed_, kept_, produced_
  int64_t slab_ = 1, slabs_ = 1, items_ = 1;
  int64_t copy_ = 0, sum_pitch_ = 0;  // elements of a copy, and of one summed index in it
  std::vector<int64_t> offset_;       // of the taps
  std::vector<T> real_, imag_;        // {set, tap}
};

}  // namespace

std::shared_ptr<const ConvolutionKernel> make_convolution(const ConvolutionSpec& spec,
                                                          Stream& stream) {
  return dispatch_floating(spec.dtype, [&]<class E>() -> std::shared_ptr<const ConvolutionKernel> {
    return std::make_shared<Convolution<E>>(spec, stream.threads());
  });
}

}  // namespace lunops::cpu
