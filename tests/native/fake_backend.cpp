// SPDX-License-Identifier: MIT
#include <utility>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "tests/native/fake_module.hpp"

namespace lunops::fake {

namespace {

Stream& host() {
  static Stream stream(Device::host(), Backend::reference(), 1);
  return stream;
}

[[noreturn]] void absent(std::string_view kernel) {
  fail(Code::unsupported, kernel, "the fake backend has no kernel for it");
}

void later(Stream& stream, const char* name, std::function<void()> work) {
  if (take_failure()) fail(Code::device, "fake", "{} could not be issued", name);
  submit(stream.native(), name, std::move(work));
}

// The kernels of the reference, run when the stream comes to them.
class FakeBackend final : public Backend {
 public:
  std::string_view name() const noexcept override { return "fake"; }

  void fill(c128 value, RawView y, Stream& s) override {
    later(s, "fill", [=] { Backend::reference().fill(value, y, host()); });
  }
  void copy(RawView x, bool conjugate, RawView y, Stream& s) override {
    later(s, "copy", [=] { Backend::reference().copy(x, conjugate, y, host()); });
  }
  void axpby(RawView x, bool conjugate, Scale scale, RawView y, Stream& s) override {
    later(s, "axpby", [=] { Backend::reference().axpby(x, conjugate, scale, y, host()); });
  }
  void multiply(RawView w, RawView x, bool conjugate, Scale scale, RawView y, Stream& s) override {
    later(s, "multiply", [=] { Backend::reference().multiply(w, x, conjugate, scale, y, host()); });
  }
  void pointwise(
      const PointwiseSpec&, const RawView*, int, RawView, Scale, RawView, Stream&) override {
    absent("pointwise");
  }
  void binary(Binary op, RawView a, RawView b, RawView y, Stream& s) override {
    later(s, "binary", [=] { Backend::reference().binary(op, a, b, y, host()); });
  }
  void unary(Unary op, RawView x, RawView y, Stream& s) override {
    later(s, "unary", [=] { Backend::reference().unary(op, x, y, host()); });
  }
  void where(RawView, RawView, RawView, RawView, Stream&) override { absent("where"); }
  void reduce(Reduction, RawView, RawView, Stream&) override { absent("reduce"); }
  void sum(RawView x, Scale scale, RawView y, SumOrder order, Stream& s) override {
    later(s, "sum", [=] { Backend::reference().sum(x, scale, y, order, host()); });
  }
  void dot(RawView, RawView, c128*, Stream&) override { absent("dot"); }
  void norm2(RawView, double*, Stream&) override { absent("norm2"); }
  void contract(RawView a,
                bool conjugate_a,
                RawView b,
                bool conjugate_b,
                int reduced,
                Scale scale,
                RawView y,
                SumOrder order,
                Stream& s) override {
    later(s, "contract", [=] {
      Backend::reference().contract(a, conjugate_a, b, conjugate_b, reduced, scale, y, order,
                                    host());
    });
  }
  void sparse(const SparseRows&, bool, RawView, Scale, RawView, Stream&) override {
    absent("sparse");
  }
  void array_to_blocks(const BlockGrid&, RawView, Scale, RawView, Stream&) override {
    absent("array_to_blocks");
  }
  void blocks_to_array(const BlockGrid&, RawView, Scale, RawView, Stream&) override {
    absent("blocks_to_array");
  }
  void random(bool, uint64_t, int64_t, RawView, Stream&) override { absent("random"); }
  void cg_update(const c128*, RawView, RawView, RawView, RawView, double*, Stream&) override {
    absent("cg_update");
  }
  void cg_direction(const c128*, RawView, RawView, Stream&) override { absent("cg_direction"); }
  void cg_products(RawView, RawView, c128*, double*, double*, Stream&) override {
    absent("cg_products");
  }
  void difference(const DifferenceSpec&, RawView, RawView, Scale, Stream&) override {
    absent("difference");
  }
  std::shared_ptr<const FftKernel> fft(const FftSpec&, Stream&) override { absent("fft"); }
  std::shared_ptr<const NufftPoints> nufft(const NufftSpec&, Stream&) override { absent("nufft"); }
  std::shared_ptr<const InterpolateKernel> interpolate(const InterpolateSpec&, Stream&) override {
    absent("interpolate");
  }
  std::shared_ptr<const ToeplitzKernel> toeplitz(const ToeplitzSpec&, Stream&) override {
    absent("toeplitz");
  }
  std::shared_ptr<const ConvolutionKernel> convolution(const ConvolutionSpec&, Stream&) override {
    absent("convolution");
  }
  std::shared_ptr<const WaveletKernel> wavelet(const WaveletSpec&, Stream&) override {
    absent("wavelet");
  }
  NufftEstimate estimate(const NufftSpec&, int64_t, bool) override { absent("estimate"); }
};

}  // namespace

Backend& backend_of(int) {
  static FakeBackend backend;
  return backend;
}

}  // namespace lunops::fake
