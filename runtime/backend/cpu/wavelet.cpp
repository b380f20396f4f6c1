// SPDX-License-Identifier: MIT
#include "runtime/backend/wavelet.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "runtime/backend/cpu/combine_use.hpp"
#include "runtime/backend/cpu/planned.hpp"
#include "runtime/backend/cpu/runs.hpp"

namespace lunops::cpu {

namespace {

constexpr int kMostTaps = 20;  // db10
// Pairs of blocks that one item of the adjoint makes, in multiples of half the filter: it makes
// that half once more than it needs.
constexpr int64_t kPairsPerOverlap = 8;

// One level filters along all axes while the data are in the first caches: axis by axis, outermost
// first, a block (all that lies behind one index) at a time, so a plane is read once and its four
// bands are written once.  Along the innermost axis lines are split into even and odd samples, and
// along all axes a filter becomes a sum of shifted rows.
template <class E>
class Wavelet final : public WaveletKernel {
  using T = Real<E>;
  using Extents = std::array<int64_t, kMaxDims>;
  static constexpr int64_t kReals = kRealsPer<E>;

 public:
  Wavelet(const WaveletSpec& spec, int threads)
      : is_adjoint_(spec.is_adjoint),
        threads_(threads),
        depth_(spec.axes.size()),
        half_(static_cast<int>(spec.filter.size()) / 2) {
    std::vector<size_t> order(depth_);
    std::iota(order.begin(), order.end(), size_t{0});
    const auto stride = [&](size_t a) {
      return std::abs(spec.image_strides[static_cast<size_t>(spec.axes[a])]);
    };
    // The innermost axis is the one along which elements are neighbours.
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return stride(a) > stride(b); });
    for (size_t i = 0; i < depth_; ++i) {
      const auto dim = static_cast<size_t>(spec.axes[order[i]]);
      image_[i] = spec.extents[dim];
      padded_[i] = spec.padded[order[i]];
      image_stride_[i] = spec.image_strides[dim];
      band_stride_[i] = spec.band_strides[dim];
    }
    for (size_t d = 0; d < spec.extents.size(); ++d) {
      const bool is_axis =
          std::find(spec.axes.begin(), spec.axes.end(), static_cast<int>(d)) != spec.axes.end();
      if (is_axis || spec.extents[d] == 1) continue;
      batch_dims_.push_back({spec.extents[d], spec.image_strides[d], spec.band_strides[d]});
      batch_ *= spec.extents[d];
    }
    for (size_t i = 0; i < depth_; ++i) image_count_ *= image_[i];
    make_filters(spec.filter);
    make_levels(spec.levels);
    make_room();
  }

  size_t workspace() const noexcept override {
    return static_cast<size_t>(batch_ * approximations_ + copies() + threads_ * worker_) *
           sizeof(E);
  }
  double flops() const noexcept override {
    double sum = 0;
    for (const Level& level : levels_) {
      double elements = static_cast<double>(batch_);
      for (size_t i = 0; i < depth_; ++i) elements *= static_cast<double>(level.full[i]);
      sum += 2.0 * elements * static_cast<double>(2 * half_) * static_cast<double>(depth_);
    }
    return sum * static_cast<double>(kReals);
  }
  double bytes() const noexcept override {
    double elements = static_cast<double>(image_count_), coefficients = 1;
    for (size_t i = 0; i < depth_; ++i) coefficients *= static_cast<double>(padded_[i]);
    elements += coefficients + 2.0 * static_cast<double>(approximations_);
    return elements * static_cast<double>(batch_) * sizeof(E);
  }

  void run(const void* x, void* y, Scale s, std::byte* workspace, Stream& stream) const override {
    if (batch_ == 0 || image_count_ == 0) return;
    Job job;
    job.approximations = reinterpret_cast<E*>(workspace);
    job.copy = job.approximations + batch_ * approximations_;
    job.workers = job.copy + copies();
    job.s = s;
    job.is_plain = s.alpha == 1.0 && s.beta == 0.0;
    job.share = std::min(threads_, stream.threads());
    job.image = static_cast<E*>(is_adjoint_ ? y : const_cast<void*>(x));
    job.bands = static_cast<E*>(is_adjoint_ ? const_cast<void*>(x) : y);
    if (!is_adjoint_) {
      if (copies() > 0) copy_image(job);
      for (size_t l = 0; l < levels_.size(); ++l) analyse(job, l);
    } else {
      for (size_t l = levels_.size(); l-- > 0;) synthesise(job, l);
    }
  }

 private:
  struct BatchDim {
    int64_t extent, image, band;
  };
  // One level, from extents `full` to two halves each.  The data there may be less than that: the
  // image is, where it is padded.
  struct Level {
    Extents full, half, valid;
    Extents stride;         // of the data
    Extents tight;          // of blocks within them, which hold valid elements only
    Extents approximation;  // strides of the next level's data
    int64_t data = 0,
            next = 0;  // offsets of the data and the next level's in a batch element's room
    bool is_first = false, is_last = false;
    bool is_tight = false;  // blocks of the data are contiguous
    int64_t block = 1;      // valid elements behind one index of the outermost axis
  };
  struct Job {
    E *image, *bands, *approximations, *copy, *workers;
    Scale s;
    bool is_plain;
    int share;
  };

  void make_filters(const std::vector<double>& h) {
    for (int k = 0; k < 2 * half_; ++k) {
      const double low = h[static_cast<size_t>(k)];
      const double high = (k % 2 == 0 ? 1 : -1) * h[static_cast<size_t>(2 * half_ - 1 - k)];
      low_[k] = static_cast<T>(low);
      high_[k] = static_cast<T>(high);
      // Coefficients of the rows {a[m], a[m-1] …, d[m], d[m-1] …}.
      T* to = k % 2 == 0 ? even_ : odd_;
      to[k / 2] = static_cast<T>(low);
      to[half_ + k / 2] = static_cast<T>(high);
    }
  }

  void make_levels(int count) {
    for (int l = 0; l < count; ++l) {
      Level level;
      level.is_first = l == 0;
      level.is_last = l + 1 == count;
      int64_t next_count = 1, tight = 1;
      for (size_t i = depth_; i-- > 0;) {
        level.full[i] = padded_[i] >> l;
        level.half[i] = level.full[i] / 2;
        level.valid[i] = l == 0 ? image_[i] : level.full[i];
        level.tight[i] = tight;
        tight *= level.valid[i];
        level.approximation[i] = next_count;
        next_count *= level.half[i];
        if (i > 0) level.block *= level.valid[i];
      }
      const bool is_copy = l == 0 && copies() > 0;
      level.stride = l == 0 && !is_copy ? image_stride_ : level.tight;
      level.is_tight = true;
      for (size_t i = 1; i < depth_; ++i) {
        if (level.valid[i] != 1 && level.stride[i] != level.tight[i]) level.is_tight = false;
      }
      if (l > 0) level.data = levels_.back().next;
      level.next = l == 0 ? 0 : level.data + tight;
      if (!level.is_last) approximations_ = level.next + next_count;
      levels_.push_back(level);
    }
    approximations_ = round_up(approximations_);
  }

  static int64_t round_up(int64_t n) noexcept { return (n + 15) / 16 * 16; }

  // An image whose innermost axis has gaps is made contiguous first.
  int64_t copies() const noexcept {
    const bool has_gaps = image_stride_[depth_ - 1] != 1 && image_[depth_ - 1] != 1;
    return !is_adjoint_ && has_gaps ? round_up(batch_ * image_count_) : 0;
  }

  void make_room() {
    const int64_t line = padded_[depth_ - 1] / 2 + half_;
    line_ = round_up(line);
    int64_t block = 1;
    worker_ = 0;
    for (size_t d = depth_; d-- > 0;) {
      room_[d] = worker_;
      // Two results, or the blocks that overlap with one place of the filter and two results.
      if (d + 1 < depth_) worker_ += (is_adjoint_ ? 2 * half_ + 2 : 2) * round_up(block);
      block_room_[d] = round_up(block);
      block *= std::max(image_[d], padded_[d] / 2);
    }
    lines_at_ = worker_;
    worker_ += 4 * line_ + round_up(padded_[depth_ - 1]);
  }

  E* batch_at(E* base, int64_t number, bool is_image) const {
    for (size_t d = batch_dims_.size(); d-- > 0;) {
      const BatchDim& dim = batch_dims_[d];
      base += number % dim.extent * (is_image ? dim.image : dim.band);
      number /= dim.extent;
    }
    return base;
  }

  void copy_image(const Job& job) const {
    const int64_t line = image_[depth_ - 1], lines = image_count_ / line;
    const int64_t per_item = std::max<int64_t>(1, kGrain / line);
    const int64_t total = batch_ * lines;
    ThreadPool::process().run((total + per_item - 1) / per_item, job.share, [&](int64_t item, int) {
      const int64_t last = std::min(total, (item + 1) * per_item);
      for (int64_t number = item * per_item; number < last; ++number) {
        const E* from = batch_at(job.image, number / lines, true);
        int64_t rest = number % lines;
        for (size_t d = depth_ - 1; d-- > 0;) {
          from += rest % image_[d] * image_stride_[d];
          rest /= image_[d];
        }
        E* to = job.copy + number * line;
        for (int64_t i = 0; i < line; ++i) to[i] = from[i * image_stride_[depth_ - 1]];
      }
    });
  }

  // Where a level's data of a batch element begin.
  E* data_of(const Job& job, const Level& level, int64_t batch) const {
    if (!level.is_first) return job.approximations + batch * approximations_ + level.data;
    if (copies() > 0) return job.copy + batch * image_count_;
    return batch_at(job.image, batch, true);
  }
  E* next_of(const Job& job, const Level& level, int64_t batch) const {
    if (level.is_last) return nullptr;
    return job.approximations + batch * approximations_ + level.next;
  }

  // Calls f(batch element, first, last, worker) on parts of [0, half of the outermost axis).
  template <class F>
  void for_parts(const Job& job, const Level& level, int64_t least, const F& f) const {
    const int64_t half = level.half[0];
    const int64_t work = depth_ == 1 ? 2 : 2 * level.block;
    const int64_t size =
        depth_ == 1 ? half : std::min(half, std::max(least, kGrain / std::max<int64_t>(1, work)));
    const int64_t parts = (half + size - 1) / size;
    const int64_t units = batch_ * parts;
    const int64_t per_item = std::max<int64_t>(1, kGrain / (size * work));
    ThreadPool::process().run(
        (units + per_item - 1) / per_item, job.share, [&](int64_t item, int number) {
          E* worker = job.workers + number * worker_;
          for (int64_t u = item * per_item; u < std::min(units, (item + 1) * per_item); ++u) {
            const int64_t first = u % parts * size;
            f(u / parts, first, std::min(half, first + size), worker);
          }
        });
  }

  void analyse(const Job& job, size_t l) const {
    const Level& level = levels_[l];
    for_parts(job, level, 1, [&](int64_t batch, int64_t first, int64_t last, E* worker) {
      analyse_block(job, level, 0, data_of(job, level, batch), level.stride, level.is_tight, first,
                    last, next_of(job, level, batch), batch_at(job.bands, batch, false), worker);
    });
  }

  // Indices first … last-1 of axis d, and all axes behind it.  `next`: where the approximation
  // goes, null if it stays among the bands or is none.
  void analyse_block(const Job& job,
                     const Level& level,
                     size_t d,
                     const E* data,
                     const Extents& stride,
                     bool is_tight,
                     int64_t first,
                     int64_t last,
                     E* next,
                     E* bands,
                     E* worker) const {
    if (d + 1 == depth_) {
      analyse_line(job, level, data, next, bands, worker);
      return;
    }
    E* low = worker + room_[d];
    E* high = low + block_room_[d];
    for (int64_t n = first; n < last; ++n) {
      const E* block[kMostTaps];
      T low_factor[kMostTaps], high_factor[kMostTaps];
      int count = 0;
      for (int k = 0; k < 2 * half_; ++k) {
        const int64_t i = (2 * n + k) % level.full[d];
        if (i >= level.valid[d]) continue;
        block[count] = data + i * stride[d];
        low_factor[count] = low_[k];
        high_factor[count++] = high_[k];
      }
      for_rows(level, d, stride, is_tight, [&](int64_t from, int64_t to, int64_t elements) {
        const T* rows[kMostTaps];
        for (int t = 0; t < count; ++t) rows[t] = reals(block[t] + from);
        combine<T>().two(rows, low_factor, high_factor, count, reals(low + to), reals(high + to),
                         elements * kReals);
      });
      const int64_t half = level.half[d + 1];
      analyse_block(job, level, d + 1, low, level.tight, true, 0, half,
                    next == nullptr ? next : next + n * level.approximation[d],
                    bands + n * band_stride_[d], worker);
      analyse_block(job, level, d + 1, high, level.tight, true, 0, half, nullptr,
                    bands + (n + level.half[d]) * band_stride_[d], worker);
    }
  }

  // Calls f(offset in the data, offset in a tight block, elements) for the rows of a block behind
  // one index of axis d.
  template <class F>
  void for_rows(
      const Level& level, size_t d, const Extents& stride, bool is_tight, const F& f) const {
    int64_t rows = 1;
    for (size_t i = d + 1; i + 1 < depth_; ++i) rows *= level.valid[i];
    const int64_t line = level.valid[depth_ - 1];
    if (is_tight) {
      f(int64_t{0}, int64_t{0}, rows * line);
      return;
    }
    for (int64_t r = 0; r < rows; ++r) {
      int64_t from = 0, rest = r;
      for (size_t i = depth_ - 1; i-- > d + 1;) {
        from += rest % level.valid[i] * stride[i];
        rest /= level.valid[i];
      }
      f(from, r * line, line);
    }
  }

  void analyse_line(
      const Job& job, const Level& level, const E* data, E* next, E* bands, E* worker) const {
    const size_t d = depth_ - 1;
    const int64_t half = level.half[d], valid = level.valid[d], pairs = valid / 2;
    E* even = worker + lines_at_;
    E* odd = even + line_;
    combine<T>().split(reals(data), kReals, reals(even), reals(odd), pairs);
    if (pairs < half) {
      std::fill(even + pairs, even + half, E(0));
      std::fill(odd + pairs, odd + half, E(0));
      if (valid % 2 == 1) even[pairs] = data[valid - 1];
    }
    // One after the other: where the filter is longer than the line it goes round more than once.
    for (int i = 0; i < half_ - 1; ++i) {
      even[half + i] = even[i];
      odd[half + i] = odd[i];
    }
    const T* rows[kMostTaps];
    for (int j = 0; j < half_; ++j) {
      rows[2 * j] = reals(even + j);
      rows[2 * j + 1] = reals(odd + j);
    }
    const int64_t step = band_stride_[d];
    const bool is_direct = job.is_plain && step == 1;
    E* low = next != nullptr ? next : is_direct ? bands : odd + line_;
    E* high = is_direct ? bands + half : odd + 2 * line_;
    combine<T>().two(rows, low_, high_, 2 * half_, reals(low), reals(high), half * kReals);
    if (is_direct) return;
    if (next == nullptr) store_row(low, job.s, bands, step, half);
    store_row(high, job.s, bands + half * step, step, half);
  }

  void synthesise(const Job& job, size_t l) const {
    const Level& level = levels_[l];
    for_parts(job, level, kPairsPerOverlap * half_,
              [&](int64_t batch, int64_t first, int64_t last, E* worker) {
                synthesise_block(job, level, 0, next_of(job, level, batch),
                                 batch_at(job.bands, batch, false), first, last,
                                 data_of(job, level, batch), level.stride, level.is_tight, worker);
              });
  }

  // Pairs first … last-1 of indices of axis d, and all axes behind it.  `next`: the approximation,
  // null if it lies among the bands.
  void synthesise_block(const Job& job,
                        const Level& level,
                        size_t d,
                        const E* next,
                        const E* bands,
                        int64_t first,
                        int64_t last,
                        E* data,
                        const Extents& stride,
                        bool is_tight,
                        E* worker) const {
    // Scaling happens where the result is written: rows of axis 0, or lines where there is no
    // other.
    const bool is_result = level.is_first && d == 0;
    if (d + 1 == depth_) {
      synthesise_line(job, level, next, bands, is_result, data, worker);
      return;
    }
    const bool is_direct = !is_result || (job.is_plain && stride[depth_ - 1] == 1);
    const int64_t size = block_room_[d];
    E* lows = worker + room_[d];
    E* highs = lows + half_ * size;
    E* scratch = highs + half_ * size;
    const int64_t half = level.half[d];
    for (int64_t m = first - (half_ - 1); m < last; ++m) {
      const int64_t n = (m % half + half) % half;
      const int64_t slot = (m + half_) % half_ * size;
      synthesise_block(job, level, d + 1,
                       next == nullptr ? next : next + n * level.approximation[d],
                       bands + n * band_stride_[d], 0, level.half[d + 1], lows + slot, level.tight,
                       true, worker);
      synthesise_block(job, level, d + 1, nullptr, bands + (n + half) * band_stride_[d], 0,
                       level.half[d + 1], highs + slot, level.tight, true, worker);
      if (m < first || 2 * m >= level.valid[d]) continue;
      const bool has_odd = 2 * m + 1 < level.valid[d];
      for_rows(level, d, stride, is_tight && is_direct,
               [&](int64_t to, int64_t from, int64_t elements) {
                 const T* rows[kMostTaps];
                 for (int j = 0; j < half_; ++j) {
                   const int64_t at = (m - j + half_) % half_ * size + from;
                   rows[j] = reals(lows + at);
                   rows[half_ + j] = reals(highs + at);
                 }
                 E* target = data + 2 * m * stride[d] + to;
                 E* even = is_direct ? target : scratch;
                 E* odd = is_direct && has_odd ? target + stride[d] : scratch + size;
                 combine<T>().two(rows, even_, odd_, 2 * half_, reals(even), reals(odd),
                                  elements * kReals);
                 if (is_direct) return;
                 const int64_t step = stride[depth_ - 1];
                 store_row(even, job.s, target, step, elements);
                 if (has_odd) store_row(odd, job.s, target + stride[d], step, elements);
               });
    }
  }

  // half_ - 1 elements from the end of a line of n, then the line.
  void extend(const E* from, int64_t step, int64_t n, E* to) const {
    E* line = to + half_ - 1;
    if (step == 1) {
      std::copy_n(from, n, line);
    } else {
      for (int64_t i = 0; i < n; ++i) line[i] = from[i * step];
    }
    // Backwards: where the filter is longer than the line it goes round more than once.
    for (int i = half_ - 1; i-- > 0;) to[i] = to[i + n];
  }

  void synthesise_line(const Job& job,
                       const Level& level,
                       const E* next,
                       const E* bands,
                       bool is_result,
                       E* data,
                       E* worker) const {
    const size_t d = depth_ - 1;
    const int64_t half = level.half[d], valid = level.valid[d], step = band_stride_[d];
    E* low = worker + lines_at_;
    E* high = low + line_;
    E* even = high + line_;
    E* odd = even + line_;
    E* whole = odd + line_;
    extend(next != nullptr ? next : bands, next != nullptr ? 1 : step, half, low);
    extend(bands + half * step, step, half, high);
    const T* rows[kMostTaps];
    for (int j = 0; j < half_; ++j) {
      rows[j] = reals(low + (half_ - 1 - j));
      rows[half_ + j] = reals(high + (half_ - 1 - j));
    }
    combine<T>().two(rows, even_, odd_, 2 * half_, reals(even), reals(odd), half * kReals);
    const int64_t to_step = is_result ? level.stride[d] : 1;
    const bool is_direct = !is_result || (job.is_plain && to_step == 1);
    E* out = is_direct ? data : whole;
    combine<T>().join(reals(even), reals(odd), kReals, reals(out), valid / 2);
    if (valid % 2 == 1) out[valid - 1] = even[valid / 2];
    if (!is_direct) store_row(out, job.s, data, to_step, valid);
  }

  bool is_adjoint_;
  int threads_;
  size_t depth_;  // number of axes, outermost first below
  int half_;      // of the filter's length
  Extents image_{}, padded_{}, image_stride_{}, band_stride_{};
  std::vector<BatchDim> batch_dims_;
  int64_t batch_ = 1;
  int64_t image_count_ = 1;
  T low_[kMostTaps], high_[kMostTaps];
  T even_[kMostTaps], odd_[kMostTaps];
  std::vector<Level> levels_;
  int64_t approximations_ = 0;  // room for the inner levels of one batch element
  // Room of one thread: blocks by axis, then lines.
  int64_t room_[kMaxDims], block_room_[kMaxDims];
  int64_t lines_at_ = 0, line_ = 0, worker_ = 0;
};

}  // namespace

std::shared_ptr<const WaveletKernel> make_wavelet(const WaveletSpec& spec, Stream& stream) {
  return dispatch_floating(spec.dtype, [&]<class E>() -> std::shared_ptr<const WaveletKernel> {
    return std::make_shared<Wavelet<E>>(spec, stream.threads());
  });
}

}  // namespace lunops::cpu
