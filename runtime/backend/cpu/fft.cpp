// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <vector>

#include "runtime/backend/cpu/fft_plan.hpp"
#include "runtime/backend/cpu/lines.hpp"
#include "runtime/backend/cpu/planned.hpp"
#include "runtime/device/thread_pool.hpp"

namespace lunops::cpu {

namespace {

// Intermediate results of one block of transforms should stay in the caches.
constexpr int64_t kBlockBytes = int64_t{8} << 20;
// A pass with fewer lines than this runs them one by one instead of filling a chunk with zeros.
constexpr int64_t kFewLines = 4;

// A dim across which a pass finds its lines.
struct Across {
  int64_t extent;
  int64_t x_stride;
  int64_t y_stride;
};

// One pass: the lines along one axis.  The last entry of `across` varies fastest.
struct Pass {
  int64_t n = 1;
  FftWindow x_window, y_window;  // of the line
  int64_t x_stride = 1;          // along the line
  int64_t y_stride = 1;
  std::array<Across, kMaxDims + 1> across;
  int dims = 0;  // entries of `across` in use
  int64_t lines = 1;
};

template <class T>
class Fft final : public FftKernel {
  using C = std::complex<T>;

 public:
  // Without plans it cannot run, but knows what it would need.
  Fft(const FftSpec& spec, int threads, bool has_plans = true)
      : spec_(spec),
        threads_(threads),
        lines_(&functions_of<T>(LUNOPS_SELECT_ISA(isa(), line_table))) {
    if (spec_.axes.empty()) {
      spec_.axes.push_back(static_cast<int>(spec_.extents.size()));
      spec_.extents.push_back(1);
      spec_.x_strides.push_back(1);
      spec_.y_strides.push_back(1);
      for (auto* list : {&spec_.x_window, &spec_.y_window}) {
        if (!list->empty()) list->push_back({0, 1});
      }
    }
    spec_.axes = fft_order(spec_);
    for (const int64_t n : spec_.extents) count_ *= n;
    if (count_ == 0) return;
    split_batch();
    int64_t longest = 1;
    for (const int axis : spec_.axes) longest = std::max(longest, extent(axis));
    buffer_ = kChunk * line_pitch<T>(longest);
    for (size_t i = 0; i < spec_.axes.size(); ++i) {
      const int axis = spec_.axes[i];
      const bool has_few = !spec_.deterministic && pass_of(i, cut_extent_).lines < kFewLines;
      chunk_.push_back(has_few ? 1 : kChunk);
      if (!has_plans) continue;
      plans_.push_back(&LinePlan<T>::get(extent(axis), chunk_.back(), spec_.sign));
      if (spec_.deterministic && !plans_.back()->is_uniform()) {
        chunk_.back() = 1;
        plans_.back() = &LinePlan<T>::get(extent(axis), 1, spec_.sign);
      }
    }
    if (has_plans) keep_wisdom();
  }

  size_t workspace() const noexcept override {
    if (count_ == 0) return 0;
    return static_cast<size_t>(intermediate() + 2 * threads_ * buffer_) * sizeof(C);
  }
  double flops() const noexcept override { return fft_flops(spec_); }
  double bytes() const noexcept override {
    double batch = sizeof(C), sum = 0;
    for (size_t d = 0; d < spec_.extents.size(); ++d) {
      if (!is_axis(static_cast<int>(d))) batch *= static_cast<double>(spec_.extents[d]);
    }
    for (size_t i = 0; i < spec_.axes.size(); ++i) {
      double lines = batch;
      for (const int axis : spec_.axes) {
        if (axis != spec_.axes[i]) lines *= static_cast<double>(extent_before(i, axis));
      }
      const int axis = spec_.axes[i];
      sum += lines * static_cast<double>(spec_.x_at(axis).count + spec_.y_at(axis).count);
    }
    return sum;
  }

  void run(const void* x, void* y, Scale s, std::byte* workspace, Stream& stream) const override {
    if (count_ == 0) return;
    const int share = std::min(threads_, stream.threads());
    C* middle = reinterpret_cast<C*>(workspace);
    C* buffers = middle + intermediate();
    for (int64_t outer = 0; outer < outer_count_; ++outer) {
      Block block = block_at(outer);
      const C* from = static_cast<const C*>(x) + block.x_offset;
      C* to = static_cast<C*>(y) + block.y_offset;
      const size_t last = spec_.axes.size() - 1;
      for (size_t i = 0; i <= last; ++i) {
        Pass pass = pass_of(i, block.extent);
        run_pass(pass, i, i == 0 ? from : middle, i == last ? to : middle, i == last, s, buffers,
                 share);
      }
    }
  }

 private:
  struct Block {
    int64_t extent;  // of the dim that is cut, in this block
    int64_t x_offset;
    int64_t y_offset;
  };

  int64_t extent(int dim) const { return spec_.extents[static_cast<size_t>(dim)]; }
  bool is_axis(int dim) const {
    return std::find(spec_.axes.begin(), spec_.axes.end(), dim) != spec_.axes.end();
  }
  // Elements along an axis before pass `number`: transformed where an earlier pass did that.
  int64_t extent_before(size_t number, int axis) const {
    const auto end = spec_.axes.begin() + static_cast<ptrdiff_t>(number);
    const bool is_done = std::find(spec_.axes.begin(), end, axis) != end;
    return (is_done ? spec_.y_at(axis) : spec_.x_at(axis)).count;
  }
  // Elements along an axis that the intermediate array has room for: lines are read and written in
  // place there, but not by the first pass and the last.
  int64_t middle_extent(int axis) const {
    int64_t n = 0;
    if (axis != spec_.axes.back()) n = spec_.y_at(axis).count;
    if (axis != spec_.axes.front()) n = std::max(n, spec_.x_at(axis).count);
    return n;
  }
  int64_t intermediate() const {
    // Rounded to cache lines, so that the line buffers behind it are aligned.
    return spec_.axes.size() > 1 ? (block_count_ + 7) / 8 * 8 : 0;
  }

  // Decides which batch dims are looped over, which one is cut, and which are inside a block.
  void split_batch() {
    int64_t inner = 1;
    for (const int axis : spec_.axes) {
      inner *= std::max<int64_t>(1, spec_.axes.size() == 1 ? extent(axis) : middle_extent(axis));
    }
    const int64_t most = spec_.axes.size() == 1
                             ? count_
                             : std::max<int64_t>(inner, kBlockBytes / int64_t{sizeof(C)});
    cut_ = -1;
    cut_extent_ = 1;
    for (int d = static_cast<int>(spec_.extents.size()) - 1; d >= 0; --d) {
      if (is_axis(d)) continue;
      const int64_t n = extent(d);
      if (cut_ < 0 && inner * n <= most) {
        inner *= n;
        inside_.push_back(d);
      } else if (cut_ < 0) {
        cut_ = d;
        cut_extent_ = std::max<int64_t>(1, most / inner);
        inner *= cut_extent_;
        outer_count_ = (n + cut_extent_ - 1) / cut_extent_;
      } else {
        outside_.push_back(d);
        outer_count_ *= n;
      }
    }
    block_count_ = inner;
  }

  Block block_at(int64_t outer) const {
    Block block{1, 0, 0};
    if (cut_ >= 0) {
      const auto d = static_cast<size_t>(cut_);
      const int64_t cuts = (spec_.extents[d] + cut_extent_ - 1) / cut_extent_;
      const int64_t first = outer % cuts * cut_extent_;
      outer /= cuts;
      block = {std::min(cut_extent_, spec_.extents[d] - first), first * spec_.x_strides[d],
               first * spec_.y_strides[d]};
    }
    for (const int dim : outside_) {
      const auto d = static_cast<size_t>(dim);
      const int64_t i = outer % spec_.extents[d];
      outer /= spec_.extents[d];
      block.x_offset += i * spec_.x_strides[d];
      block.y_offset += i * spec_.y_strides[d];
    }
    return block;
  }

  // The intermediate array holds {cut dim, inside dims, axes}, row-major, axes in dim order.
  Pass pass_of(size_t number, int64_t cut_extent) const {
    const size_t last = spec_.axes.size() - 1;
    const int axis = spec_.axes[number];
    Pass pass;
    const auto add = [&](int dim, int64_t count, int64_t middle_stride) {
      const auto d = static_cast<size_t>(dim);
      const int64_t xs = number == 0 ? spec_.x_strides[d] : middle_stride;
      const int64_t ys = number == last ? spec_.y_strides[d] : middle_stride;
      if (dim == axis) {
        pass.n = extent(dim);
        pass.x_window = spec_.x_at(dim);
        pass.y_window = spec_.y_at(dim);
        pass.x_stride = xs;
        pass.y_stride = ys;
      } else if (count != 1) {
        pass.across[static_cast<size_t>(pass.dims++)] = {count, xs, ys};
        pass.lines *= count;
      }
    };
    int64_t stride = 1;
    for (int d = static_cast<int>(spec_.extents.size()) - 1; d >= 0; --d) {
      if (!is_axis(d)) continue;
      add(d, extent_before(number, d), stride);
      stride *= middle_extent(d);
    }
    for (const int d : inside_) {
      add(d, extent(d), stride);
      stride *= extent(d);
    }
    if (cut_ >= 0) add(cut_, cut_extent, stride);
    const auto begin = pass.across.begin();
    const auto end = begin + pass.dims;
    std::reverse(begin, end);
    // Lines next to each other in memory come as columns: put that dim last.
    auto adjacent = std::find_if(begin, end, [](const Across& a) { return a.x_stride == 1; });
    if (adjacent == end)
      adjacent = std::find_if(begin, end, [](const Across& a) { return a.y_stride == 1; });
    if (adjacent != end) std::rotate(adjacent, adjacent + 1, end);
    return pass;
  }

  void run_pass(const Pass& pass,
                size_t number,
                const C* x,
                C* y,
                bool is_last,
                Scale s,
                C* buffers,
                int share) const {
    const int width = chunk_[number];
    const int64_t chunks = (pass.lines + width - 1) / width;
    ThreadPool::process().run(chunks, share, [&](int64_t chunk, int worker) {
      C* a = buffers + 2 * worker * buffer_;
      C* b = a + buffer_;
      int64_t from[kChunk];
      int64_t to[kChunk];
      const int64_t first = chunk * width;
      const int64_t count = std::min<int64_t>(width, pass.lines - first);
      for (int64_t i = 0; i < count; ++i) place(pass, first + i, from[i], to[i]);
      load(pass, x, from, count, a);
      for (int64_t i = count; i < width; ++i)
        std::fill_n(a + i * line_pitch<T>(pass.n), pass.n, C(0));
      plans_[number]->execute(reinterpret_cast<const T*>(a), reinterpret_cast<T*>(b));
      store(pass, b, to, count, is_last, s, y);
    });
  }

  static void place(const Pass& pass, int64_t line, int64_t& from, int64_t& to) {
    from = 0;
    to = 0;
    for (int d = pass.dims; d-- > 0;) {
      const Across& a = pass.across[static_cast<size_t>(d)];
      const int64_t i = line % a.extent;
      line /= a.extent;
      from += i * a.x_stride;
      to += i * a.y_stride;
    }
  }

  static bool are_adjacent(const int64_t* offset, int64_t count) {
    for (int64_t i = 1; i < count; ++i) {
      if (offset[i] != offset[0] + i) return false;
    }
    return true;
  }

  // A centred transform is the plain one between two half-lines: the line starts at the origin.  So
  // a window is at most two runs of the line: `count` elements from `line` on are those of the
  // array from `array` on.
  struct Run {
    int64_t line, array, count;
  };
  struct Runs {
    Run head, tail;  // from the origin on, and before it
  };
  Runs runs_of(int64_t n, const FftWindow& w) const {
    const int64_t origin = spec_.centred ? n / 2 : 0;
    const int64_t end = w.first + w.count;
    const int64_t after = std::max(w.first, origin), before = std::min(end, origin);
    Runs runs{{after - origin, after - w.first, end - after},
              {n - origin + w.first, 0, before - w.first}};
    if (runs.head.count <= 0) runs.head = {0, 0, 0};
    if (runs.tail.count <= 0) runs.tail = {n, 0, 0};
    return runs;
  }

  void load(const Pass& pass, const C* x, const int64_t* from, int64_t count, C* a) const {
    const int64_t pitch = line_pitch<T>(pass.n);
    const auto [head, tail] = runs_of(pass.n, pass.x_window);
    if (pass.x_window.count != pass.n) {
      for (int64_t i = 0; i < count; ++i) {
        C* line = a + i * pitch;
        std::fill(line, line + head.line, C(0));
        std::fill(line + head.line + head.count, line + tail.line, C(0));
        std::fill(line + tail.line + tail.count, line + pass.n, C(0));
      }
    }
    if (count > 1 && pass.x_stride != 1 && are_adjacent(from, count)) {
      const C* start = x + from[0];
      for (const Run& r : {head, tail}) {
        gather(start + r.array * pass.x_stride, pass.x_stride, r.count, count, a + r.line, pitch);
      }
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      const C* start = x + from[i];
      for (const Run& r : {head, tail}) {
        C* line = a + i * pitch + r.line;
        if (pass.x_stride == 1) {
          std::copy_n(start + r.array, r.count, line);
          continue;
        }
        for (int64_t j = 0; j < r.count; ++j) line[j] = start[(r.array + j) * pass.x_stride];
      }
    }
  }

  void store(
      const Pass& pass, C* b, const int64_t* to, int64_t count, bool is_last, Scale s, C* y) const {
    const int64_t pitch = line_pitch<T>(pass.n);
    const auto [head, tail] = runs_of(pass.n, pass.y_window);
    if (is_last) {
      const c128 scale = s.alpha * spec_.scale;
      if (scale != 1.0) {
        for (int64_t i = 0; i < count; ++i) {
          T* line = reinterpret_cast<T*>(b + i * pitch);
          lines_->multiply(line, nullptr, false, nullptr, T(scale.real()), T(scale.imag()), line,
                           pass.n);
        }
      }
      if (s.beta != 0.0) {
        const C beta(s.beta);
        for (int64_t i = 0; i < count; ++i) {
          for (const Run& r : {head, tail}) {
            const C* line = b + i * pitch + r.line;
            C* start = y + to[i] + r.array * pass.y_stride;
            for (int64_t j = 0; j < r.count; ++j) {
              C& out = start[j * pass.y_stride];
              out = line[j] + beta * out;
            }
          }
        }
        return;
      }
    }
    if (count > 1 && pass.y_stride != 1 && are_adjacent(to, count)) {
      C* start = y + to[0];
      for (const Run& r : {head, tail}) {
        scatter(b + r.line, pitch, r.count, count, start + r.array * pass.y_stride, pass.y_stride);
      }
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      for (const Run& r : {head, tail}) {
        const C* line = b + i * pitch + r.line;
        C* start = y + to[i] + r.array * pass.y_stride;
        if (pass.y_stride == 1) {
          std::copy_n(line, r.count, start);
          continue;
        }
        for (int64_t j = 0; j < r.count; ++j) start[j * pass.y_stride] = line[j];
      }
    }
  }

  void gather(
      const C* x, int64_t stride, int64_t rows, int64_t columns, C* a, int64_t pitch) const {
    lines_->gather(reinterpret_cast<const T*>(x), stride, rows, columns, reinterpret_cast<T*>(a),
                   pitch);
  }
  void scatter(
      const C* b, int64_t pitch, int64_t rows, int64_t columns, C* y, int64_t stride) const {
    lines_->scatter(reinterpret_cast<const T*>(b), pitch, rows, columns, reinterpret_cast<T*>(y),
                    stride);
  }

  FftSpec spec_;
  int threads_;
  const LineFunctions<T>* lines_;
  int64_t count_ = 1;
  int64_t outer_count_ = 1;
  int64_t block_count_ = 1;  // elements of one block
  int cut_ = -1;
  int64_t cut_extent_ = 1;
  std::vector<int> inside_, outside_;
  int64_t buffer_ = 0;  // elements of one line buffer
  std::vector<int> chunk_;
  std::vector<const LinePlan<T>*> plans_;
};

}  // namespace

size_t fft_workspace(const FftSpec& spec, Stream& stream) {
  if (spec.dtype == DType::c64) return Fft<float>(spec, stream.threads(), false).workspace();
  return Fft<double>(spec, stream.threads(), false).workspace();
}

std::shared_ptr<const FftKernel> make_fft(const FftSpec& spec, Stream& stream) {
  if (spec.dtype == DType::c64) return std::make_shared<Fft<float>>(spec, stream.threads());
  return std::make_shared<Fft<double>>(spec, stream.threads());
}

}  // namespace lunops::cpu
