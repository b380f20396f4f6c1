// SPDX-License-Identifier: MIT
#include "runtime/backend/convolution.hpp"

#include <vector>

#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/planned.hpp"

namespace lunops::reference {

namespace {

// The sum of ConvolutionSpec as it stands, in double.
class Convolution final : public ConvolutionKernel {
 public:
  explicit Convolution(const ConvolutionSpec& spec) : spec_(spec) {
    // Elements of k by offset, so that the caller may forget it.
    int64_t first = 0, last = 0;
    const auto reach = [&](int64_t extent, int64_t stride) {
      (stride < 0 ? first : last) += (extent - 1) * stride;
      count_ *= extent;
    };
    for (const auto& d : spec.kept) reach(d.extent, d.k);
    for (const auto& d : spec.summed) reach(d.extent, d.k);
    for (const auto& d : spec.lines) reach(d.taps, d.k);
    zero_ = -first;
    if (spec.kernel == nullptr || count_ == 0) return;
    RawView k;
    k.data = const_cast<void*>(spec.kernel);
    k.dtype = spec.kernel_dtype;
    for (int64_t i = first; i <= last; ++i)
      kernel_.push_back(conj_if(spec.conjugate, read(k, i).z));
    spec_.kernel = nullptr;
  }

  size_t bytes() const noexcept override { return kernel_.size() * sizeof(c128); }
  size_t workspace() const noexcept override { return 0; }
  double flops() const noexcept override { return 8.0 * static_cast<double>(count_); }
  double traffic() const noexcept override { return 0; }

  void run(const void* x, void* y, Scale s, std::byte*, Stream&) const override {
    State state{};
    state.x.data = const_cast<void*>(x);
    state.y.data = y;
    state.x.dtype = state.y.dtype = spec_.dtype;
    state.s = s;
    results(state, 0, 0, 0, 0);
  }

 private:
  struct State {
    RawView x, y;
    Scale s;
    std::vector<int64_t> n;
  };

  // Over all elements of y: dims `d` and further ones, at these offsets of x, y, k.
  void results(State& state, size_t d, int64_t x, int64_t y, int64_t k) const {
    if (d < spec_.kept.size()) {
      const auto& dim = spec_.kept[d];
      for (int64_t i = 0; i < dim.extent; ++i)
        results(state, d + 1, x + i * dim.x, y + i * dim.y, k + i * dim.k);
      return;
    }
    if (d < spec_.kept.size() + spec_.lines.size()) {
      const auto& line = spec_.lines[d - spec_.kept.size()];
      for (int64_t n = 0; n < line.extent; ++n) {
        state.n.push_back(n);
        results(state, d + 1, x, y + n * line.y, k);
        state.n.pop_back();
      }
      return;
    }
    store(state.y, y, sum(state, 0, x, k), state.s);
  }

  c128 sum(const State& state, size_t d, int64_t x, int64_t k) const {
    c128 result = 0;
    if (d < spec_.summed.size()) {
      const auto& dim = spec_.summed[d];
      for (int64_t i = 0; i < dim.extent; ++i)
        result += sum(state, d + 1, x + i * dim.x, k + i * dim.k);
      return result;
    }
    const size_t l = d - spec_.summed.size();
    if (l == spec_.lines.size())
      return kernel_[static_cast<size_t>(zero_ + k)] * read(state.x, x).z;
    const auto& line = spec_.lines[l];
    for (int64_t j = 0; j < line.taps; ++j) {
      int64_t i = state.n[l] - j + line.centre;
      if (spec_.is_circular) {
        i = (i % line.extent + line.extent) % line.extent;
      } else if (i < 0 || i >= line.x_extent) {
        continue;
      }
      result += sum(state, d + 1, x + i * line.x, k + j * line.k);
    }
    return result;
  }

  ConvolutionSpec spec_;
  std::vector<c128> kernel_;
  int64_t zero_ = 0;  // where offset 0 lies
  int64_t count_ = 1;
};

}  // namespace

std::shared_ptr<const ConvolutionKernel> make_convolution(const ConvolutionSpec& spec, Stream&) {
  return std::make_shared<Convolution>(spec);
}

}  // namespace lunops::reference
