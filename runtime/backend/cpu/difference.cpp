// SPDX-License-Identifier: MIT
#include "runtime/backend/difference.hpp"

#include <algorithm>

#include "runtime/backend/cpu/combine_use.hpp"
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/runs.hpp"

namespace lunops {

using namespace cpu;

namespace {

// Elements of a row that are computed at once: they fit on the stack and in the first cache.
constexpr int64_t kSegment = 1024;
constexpr size_t kMostTaps = 3 * kMaxDims;

// What is added to make one row of the result: rows of x, each with a coefficient.
template <class E>
struct Taps {
  const E* row[kMostTaps];
  Real<E> factor[kMostTaps];
  int count = 0;

  void add(const E* p, double c) {
    if (c == 0) return;
    for (int t = 0; t < count; ++t) {
      if (row[t] == p) {
        factor[t] += static_cast<Real<E>>(c);
        return;
      }
    }
    row[count] = p;
    factor[count++] = static_cast<Real<E>>(c);
  }
};

// All rows along one dim.  In a row the neighbours along other dims are rows as well; along the row
// itself they are the same row, shifted by one element, but for its two ends.
template <class E>
class Differences {
 public:
  Differences(const DifferenceSpec& spec, const RawView& x, const RawView& y, Scale s)
      : spec_(spec), x_(x), y_(y), s_(s) {
    inner_ = x.ndim - 1;
    for (int d = x.ndim; d-- > 0;) {
      if (x.stride[at(d)] == 1 && y.stride[at(d)] == 1 && x.extent[at(d)] > 1) {
        inner_ = d;
        break;
      }
    }
    length_ = x.extent[at(inner_)];
    x_step_ = x.stride[at(inner_)];
    y_step_ = y.stride[at(inner_)];
    // A complex factor is left to the last step.
    is_folded_ = s.alpha.imag() == 0;
    is_direct_ = is_folded_ && s.beta == 0.0 && y_step_ == 1;
    rest_ = {is_folded_ ? c128(1.0) : s.alpha, s.beta};
  }

  void run(const Stream& stream) const {
    const int64_t rows = y_.count() / length_;
    const int64_t segments = (length_ + kSegment - 1) / kSegment;
    const int64_t units = rows * segments;
    const int64_t per_item = std::max<int64_t>(1, kGrain / std::min(length_, kSegment));
    ThreadPool::process().run((units + per_item - 1) / per_item, stream.threads(),
                              [&](int64_t item, int) {
                                const int64_t last = std::min(units, (item + 1) * per_item);
                                for (int64_t u = item * per_item; u < last; ++u) {
                                  const int64_t first = u % segments * kSegment;
                                  segment(u / segments, first, std::min(length_, first + kSegment));
                                }
                              });
  }

 private:
  static size_t at(int d) noexcept { return static_cast<size_t>(d); }

  // Elements first … last-1 of one row, in all components.
  void segment(int64_t row, int64_t first, int64_t last) const {
    std::array<int64_t, kMaxDims> index;
    int64_t from = 0, to = 0;
    for (int d = x_.ndim; d-- > 0;) {
      if (d == inner_) continue;
      index[at(d)] = row % x_.extent[at(d)];
      row /= x_.extent[at(d)];
      from += index[at(d)] * x_.stride[at(d)];
      to += index[at(d)] * y_.stride[at(d)];
    }
    const E* x = static_cast<const E*>(x_.data) + from;
    E* y = static_cast<E*>(y_.data) + to;
    using Form = DifferenceSpec::Form;
    if (spec_.form == Form::stack) {
      for (int l = 0; l < spec_.count; ++l) {
        Taps<E> taps;
        add(spec_.lines[at(l)], x, index, taps);
        const bool has_ends = spec_.lines[at(l)].axis == inner_;
        combine(taps, has_ends, l, l + 1, x, index, first, last, y + l * spec_.pitch);
      }
      return;
    }
    Taps<E> taps;
    bool has_ends = false;
    for (int l = 0; l < spec_.count; ++l) {
      add(spec_.lines[at(l)], x + (spec_.form == Form::gather ? l * spec_.pitch : 0), index, taps);
      has_ends = has_ends || spec_.lines[at(l)].axis == inner_;
    }
    combine(taps, has_ends, 0, spec_.count, x, index, first, last, y);
  }

  double folded(double c) const { return is_folded_ ? c * s_.alpha.real() : c; }

  // The rows that one line of the spec adds, for elements away from the ends of the row.
  void add(const DifferenceLine& line,
           const E* x,
           const std::array<int64_t, kMaxDims>& index,
           Taps<E>& taps) const {
    const int64_t stride = x_.stride[at(line.axis)];
    if (line.axis == inner_) {
      taps.add(x, folded(line.diagonal));
      taps.add(x - stride, folded(line.lower));
      taps.add(x + stride, folded(line.upper));
      return;
    }
    const int64_t n = x_.extent[at(line.axis)], i = index[at(line.axis)];
    double diagonal = line.diagonal;
    if (i == 0) diagonal += line.first;
    if (i == n - 1) diagonal += line.last;
    taps.add(x, folded(diagonal));
    if (i > 0) {
      taps.add(x - stride, folded(line.lower));
    } else if (line.is_circular) {
      taps.add(x + (n - 1) * stride, folded(line.lower));
    }
    if (i < n - 1) {
      taps.add(x + stride, folded(line.upper));
    } else if (line.is_circular) {
      taps.add(x - i * stride, folded(line.upper));
    }
  }

  // The first or last element of a row, by lines l0 … l1-1.
  E end_of_row(
      int l0, int l1, const E* x, std::array<int64_t, kMaxDims> index, int64_t position) const {
    Taps<E> taps;
    for (int l = l0; l < l1; ++l) {
      const DifferenceLine& line = spec_.lines[at(l)];
      const E* from = x + (spec_.form == DifferenceSpec::Form::gather ? l * spec_.pitch : 0) +
                      position * x_step_;
      if (line.axis != inner_) {
        add(line, from, index, taps);
        continue;
      }
      const int64_t n = length_;
      double diagonal = line.diagonal;
      if (position == 0) diagonal += line.first;
      if (position == n - 1) diagonal += line.last;
      taps.add(from, folded(diagonal));
      if (position > 0) {
        taps.add(from - x_step_, folded(line.lower));
      } else if (line.is_circular) {
        taps.add(from + (n - 1) * x_step_, folded(line.lower));
      }
      if (position < n - 1) {
        taps.add(from + x_step_, folded(line.upper));
      } else if (line.is_circular) {
        taps.add(from - position * x_step_, folded(line.upper));
      }
    }
    return sum_at(taps, 0);
  }
  // One element, by the same operations as in rows.
  static E sum_at(const Taps<E>& taps, int64_t offset) {
    const Real<E>* rows[kMostTaps];
    for (int t = 0; t < taps.count; ++t) rows[t] = reals(taps.row[t] + offset);
    E sum = 0;
    cpu::combine<Real<E>>().one(rows, taps.factor, taps.count, reals(&sum), kRealsPer<E>);
    return sum;
  }

  void combine(const Taps<E>& taps,
               bool has_ends,
               int l0,
               int l1,
               const E* x,
               const std::array<int64_t, kMaxDims>& index,
               int64_t first,
               int64_t last,
               E* y) const {
    alignas(64) E buffer[kSegment];
    E* out = is_direct_ ? y + first : buffer;
    const int64_t begin = has_ends ? std::max<int64_t>(first, 1) : first;
    const int64_t end = has_ends ? std::min(last, length_ - 1) : last;
    if (begin > first) out[0] = end_of_row(l0, l1, x, index, 0);
    if (end < last && length_ > 1)
      out[last - 1 - first] = end_of_row(l0, l1, x, index, length_ - 1);
    if (end > begin) sum_rows(taps, begin, end, out + (begin - first));
    if (!is_direct_) store_row(buffer, rest_, y + first * y_step_, y_step_, last - first);
  }

  void sum_rows(const Taps<E>& taps, int64_t begin, int64_t end, E* out) const {
    if (x_step_ == 1) {
      const Real<E>* rows[kMostTaps];
      for (int t = 0; t < taps.count; ++t) rows[t] = reals(taps.row[t] + begin);
      cpu::combine<Real<E>>().one(rows, taps.factor, taps.count, reals(out),
                                  (end - begin) * kRealsPer<E>);
      return;
    }
    constexpr int64_t kAtOnce = 32;
    E near[kMostTaps][kAtOnce];
    const Real<E>* rows[kMostTaps];
    for (int t = 0; t < taps.count; ++t) rows[t] = reals(near[t]);
    for (int64_t i = begin; i < end; i += kAtOnce) {
      const int64_t n = std::min(kAtOnce, end - i);
      for (int t = 0; t < taps.count; ++t) {
        for (int64_t j = 0; j < n; ++j) near[t][j] = taps.row[t][(i + j) * x_step_];
      }
      cpu::combine<Real<E>>().one(rows, taps.factor, taps.count, reals(out + (i - begin)),
                                  n * kRealsPer<E>);
    }
  }

  const DifferenceSpec& spec_;
  const RawView &x_, &y_;
  Scale s_, rest_;
  int inner_ = 0;
  int64_t length_ = 1, x_step_ = 1, y_step_ = 1;
  bool is_folded_ = false, is_direct_ = false;
};

}  // namespace

void CpuBackend::difference(
    const DifferenceSpec& spec, RawView x, RawView y, Scale s, Stream& stream) {
  if (y.empty()) return;
  if (s.alpha == 0.0) {
    // What the result is not multiplied with is not computed.
    for (int l = 0; l < (spec.form == DifferenceSpec::Form::stack ? spec.count : 1); ++l) {
      RawView part = y;
      part.data =
          static_cast<std::byte*>(y.data) + l * spec.pitch * static_cast<int64_t>(size_of(y.dtype));
      scale(s.beta, part, stream);
    }
    return;
  }
  dispatch_floating(y.dtype, [&]<class E>() { Differences<E>(spec, x, y, s).run(stream); });
}

}  // namespace lunops
