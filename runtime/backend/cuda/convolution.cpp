// SPDX-License-Identifier: MIT
#include "runtime/backend/convolution.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "runtime/backend/cuda/convolution_job.hpp"
#include "runtime/backend/cuda/planned.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/held.hpp"

namespace lunops::cuda {

namespace {

// The sum as it stands, each result by one thread: bits depend on nothing else.
class Convolution final : public ConvolutionKernel {
 public:
  Convolution(const ConvolutionSpec& spec, Stream& stream)
      : dtype_(spec.dtype),
        filter_dtype_(is_complex(spec.kernel_dtype) ? spec.dtype : real_of(spec.dtype)) {
    job_.is_circular = spec.is_circular;
    sort_dims(spec);
    count(spec);
    if (spec.kernel == nullptr || results_ == 0) return;
    if (job_.taps > 0) {
      bring_filter(spec, stream);
      bring_taps(spec, stream);
    }
    there_ = held_copy(std::vector<ConvolutionJob>{job_}, "taps of a convolution", stream);
  }

  size_t bytes() const noexcept override {
    return static_cast<size_t>(sets_.count * job_.taps) * size_of(filter_dtype_) +
           static_cast<size_t>(job_.taps) *
               (2 * sizeof(int64_t) + static_cast<size_t>(job_.lines) * sizeof(int32_t));
  }
  size_t workspace() const noexcept override { return 0; }
  double flops() const noexcept override {
    const double reals = (is_complex(dtype_) ? 2 : 1) * (is_complex(filter_dtype_) ? 2 : 1);
    return 2.0 * static_cast<double>(results_) * static_cast<double>(job_.taps) * reals;
  }
  double traffic() const noexcept override {
    return static_cast<double>(inputs_ + results_) * static_cast<double>(size_of(dtype_)) +
           static_cast<double>(sets_.count * job_.taps) *
               static_cast<double>(size_of(filter_dtype_));
  }

  void run(const void* x, void* y, Scale s, std::byte*, Stream& stream) const override {
    convolve({job_.sets.count, job_.results.count}, there_.data(), dtype_,
             is_complex(filter_dtype_), x, y, s, stream);
  }

 private:
  // Results by set, neighbours in y next to each other.
  void sort_dims(const ConvolutionSpec& spec) {
    struct Place {
      int64_t extent, x, y;
      int line;  // -1: none
    };
    std::vector<Place> places;
    for (const ConvolutionSpec::Dim& d : spec.kept) {
      if (d.k != 0) {
        sets_.add(d.extent, {d.x, d.y});
      } else {
        places.push_back({d.extent, d.x, d.y, -1});
      }
    }
    for (const ConvolutionSpec::Line& l : spec.lines) {
      if (job_.lines == kMostLines) {
        fail(Code::unsupported, "convolution",
             "{} dims are convolved at once, the cuda backend takes {}; apply the operator on "
             "\"cpu\"",
             spec.lines.size(), kMostLines);
      }
      places.push_back({l.extent, 0, l.y, job_.lines});
      job_.line[job_.lines++] = {l.extent, l.x_extent, l.taps, l.centre, l.x};
    }
    std::stable_sort(places.begin(), places.end(),
                     [](const Place& a, const Place& b) { return std::abs(a.y) > std::abs(b.y); });
    Dims<2 + kMostLines> results;
    for (const Place& p : places) {
      std::array<int64_t, 2 + kMostLines> steps{p.x, p.y};
      if (p.line >= 0) steps[2 + static_cast<size_t>(p.line)] = 1;
      results.add(p.extent, steps);
    }
    job_.sets = sets_.walk<int64_t>();
    job_.results = results.walk<int64_t>();
  }

  void count(const ConvolutionSpec& spec) {
    results_ = job_.sets.count * job_.results.count;
    for (const ConvolutionSpec::Dim& d : spec.kept) inputs_ *= d.x != 0 ? d.extent : 1;
    for (const ConvolutionSpec::Dim& d : spec.summed) {
      inputs_ *= d.extent;
      job_.taps *= d.extent;
    }
    for (const ConvolutionSpec::Line& l : spec.lines) {
      inputs_ *= l.x_extent;
      job_.taps *= l.taps;
    }
  }

  void bring_filter(const ConvolutionSpec& spec, Stream& stream) {
    RawView from, to;
    from.data = const_cast<void*>(spec.kernel);
    from.dtype = spec.kernel_dtype;
    from.ndim = 0;
    const auto add = [&](int64_t extent, int64_t stride) {
      const auto at = static_cast<size_t>(from.ndim++);
      from.extent[at] = extent;
      from.stride[at] = stride;
    };
    for (const ConvolutionSpec::Dim& d : spec.kept) {
      if (d.k != 0) add(d.extent, d.k);
    }
    for (const ConvolutionSpec::Dim& d : spec.summed) add(d.extent, d.k);
    for (const ConvolutionSpec::Line& l : spec.lines) add(l.taps, l.k);
    filter_ = HeldArray<std::byte>(from.count() * static_cast<int64_t>(size_of(filter_dtype_)),
                                   "kernel of a convolution", stream);
    to = from;
    to.data = filter_.data();
    to.dtype = filter_dtype_;
    int64_t step = 1;
    for (auto d = static_cast<size_t>(to.ndim); d-- > 0;) {
      to.stride[d] = step;
      step *= to.extent[d];
    }
    stream.backend().copy(from, spec.conjugate, to, stream);
    job_.filter = filter_.data();
  }

  // Where each tap finds its element of x.
  void bring_taps(const ConvolutionSpec& spec, Stream& stream) {
    std::vector<int64_t> offset, summed;
    std::vector<int32_t> position;
    for (int64_t t = 0; t < job_.taps; ++t) {
      int64_t rest = t, of_lines = 0, of_summed = 0;
      std::array<int32_t, kMostLines> j{};
      for (int l = job_.lines - 1; l >= 0; --l) {
        const ConvolutionJob::Line& line = job_.line[l];
        const int64_t at = rest % line.taps;
        rest /= line.taps;
        j[static_cast<size_t>(l)] = static_cast<int32_t>(at);
        of_lines += (line.centre - at) * line.x;
      }
      for (size_t d = spec.summed.size(); d-- > 0;) {
        of_summed += rest % spec.summed[d].extent * spec.summed[d].x;
        rest /= spec.summed[d].extent;
      }
      offset.push_back(of_lines + of_summed);
      summed.push_back(of_summed);
      position.insert(position.end(), j.begin(), j.begin() + job_.lines);
    }
    offset_ = held_copy(offset, "taps of a convolution", stream);
    summed_ = held_copy(summed, "taps of a convolution", stream);
    position_ = held_copy(position, "taps of a convolution", stream);
    job_.offset = offset_.data();
    job_.summed = summed_.data();
    job_.position = position_.data();
  }

  DType dtype_, filter_dtype_;
  ConvolutionJob job_;
  HeldArray<ConvolutionJob> there_;  // of the device
  Dims<2> sets_;
  int64_t results_ = 1, inputs_ = 1;
  HeldArray<std::byte> filter_;
  HeldArray<int64_t> offset_, summed_;
  HeldArray<int32_t> position_;
};

}  // namespace

std::shared_ptr<const ConvolutionKernel> make_convolution(const ConvolutionSpec& spec,
                                                          Stream& stream) {
  return std::make_shared<Convolution>(spec, stream);
}

}  // namespace lunops::cuda
