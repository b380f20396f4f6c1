// SPDX-License-Identifier: MIT
#include "runtime/plan/calibrate.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/backend/backend.hpp"
#include "runtime/backend/fft.hpp"
#include "runtime/plan/nufft/cost.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

// Seconds of one call: the median of nine, each repeated so often that the clock does not matter.
template <class F>
double seconds_of_call(const F& call) {
  using Clock = std::chrono::steady_clock;
  const auto timed = [&](int64_t repeats) {
    const auto start = Clock::now();
    for (int64_t i = 0; i < repeats; ++i) call();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  constexpr double kLeast = 2e-3;
  timed(1);
  int64_t repeats = 1;
  while (repeats < 1'000'000 && timed(repeats) < kLeast) repeats *= 4;
  std::vector<double> seconds;
  for (int i = 0; i < 9; ++i) seconds.push_back(timed(repeats));
  std::nth_element(seconds.begin(), seconds.begin() + 4, seconds.end());
  return seconds[4] / static_cast<double>(repeats);
}

// Values that are neither zero nor denormal.
Tensor values(std::vector<int64_t> extents, DType dtype, Context& context) {
  const Tensor made = Tensor::empty(Shape::unnamed(std::move(extents)), dtype, context);
  context.backend().fill(0.5, made.view(), *context.stream);
  return made;
}

// As kernels need it: tensors begin at multiples of 64 bytes.
Tensor scratch(size_t bytes, Context& context) {
  return values({static_cast<int64_t>(bytes / sizeof(float)) + 1}, DType::f32, context);
}

RawView view_of(const Tensor& t, std::vector<int64_t> extents, std::vector<int64_t> strides) {
  RawView v;
  v.data = t.data();
  v.dtype = t.dtype();
  v.ndim = static_cast<int>(extents.size());
  for (size_t i = 0; i < extents.size(); ++i) {
    v.extent[i] = extents[i];
    v.stride[i] = strides[i];
  }
  return v;
}

double fft_flops_per_second(Context& context) {
  constexpr int64_t kBatch = 4, kSide = 256;
  const Tensor x = values({kBatch, kSide, kSide}, DType::c64, context);
  const Tensor y = values({kBatch, kSide, kSide}, DType::c64, context);
  FftSpec spec;
  spec.dtype = DType::c64;
  spec.extents = {kBatch, kSide, kSide};
  spec.x_strides = spec.y_strides = x.strides();
  spec.axes = {1, 2};
  const auto kernel = context.backend().fft(spec, *context.stream);
  const Tensor workspace = scratch(kernel->workspace(), context);
  auto* const aligned = static_cast<std::byte*>(workspace.data());
  const double seconds =
      seconds_of_call([&] { kernel->run(x.data(), y.data(), {}, aligned, *context.stream); });
  return fft_flops(spec) / seconds;
}

// Against the model: points of a quarter of a million cells, one image.
double nufft_speed(Context& context) {
  constexpr int64_t kSide = 256, kPoints = 65536;
  NufftSpec spec;
  spec.image = {kSide, kSide};
  spec.points = kPoints;
  std::vector<double> coordinates;
  for (int64_t i = 0; i < kPoints; ++i) {  // a lattice that fills the plane evenly (Roberts)
    for (const double step : {0.7548776662466927, 0.5698402909980532}) {
      const double turns = static_cast<double>(i) * step;
      coordinates.push_back((turns - static_cast<double>(static_cast<int64_t>(turns)) - 0.5) *
                            kSide);
    }
  }
  spec.coordinates = coordinates.data();
  const auto points = context.backend().nufft(spec, *context.stream);
  const Tensor image = values({1, 1, kSide, kSide}, DType::c64, context);
  const Tensor samples = values({1, 1, kPoints}, DType::c64, context);
  const Tensor workspace = scratch(points->workspace(1), context);
  auto* const aligned = static_cast<std::byte*>(workspace.data());
  const double seconds = seconds_of_call([&] {
    points->forward(image.view(), {}, false, {}, samples.view(), aligned, *context.stream);
  });
  return points->cost(1, false).seconds / seconds;
}

}  // namespace

DeviceProfile measure_device(Context& context) {
  Context one = on_device(Device::host(), context);
  const auto account = one.account;
  one.stream = std::make_shared<Stream>(Device::host(), one.backend(), 1);
  one.stream->set_account(account);
  Backend& backend = one.backend();
  DeviceProfile made;
  {
    // 64 MiB there and back: beyond caches.
    const Tensor x = values({int64_t{1} << 24}, DType::f32, one);
    const Tensor y = values({int64_t{1} << 24}, DType::f32, one);
    made.bytes = 2.0 * static_cast<double>(x.bytes()) /
                 seconds_of_call([&] { backend.copy(x.view(), false, y.view(), *one.stream); });
  }
  {
    constexpr int64_t kCount = 4096;  // within the first cache
    const Tensor w = values({kCount}, DType::c64, one), x = values({kCount}, DType::c64, one);
    const Tensor y = values({kCount}, DType::c64, one);
    made.flops = 8.0 * kCount / seconds_of_call([&] {
                   backend.multiply(w.view(), x.view(), false, {}, y.view(), *one.stream);
                 });
  }
  {
    // y[b, m] = sum over n of a[m, n] x[b, n].
    constexpr int64_t kBatch = 16, kSide = 256;
    const Tensor a = values({kSide, kSide}, DType::c64, one);
    const Tensor x = values({kBatch, kSide}, DType::c64, one);
    const Tensor y = values({kBatch, kSide}, DType::c64, one);
    const std::vector<int64_t> extents{kBatch, kSide, kSide};
    const double seconds = seconds_of_call([&] {
      backend.contract(view_of(a, extents, {0, kSide, 1}), false,
                       view_of(x, extents, {kSide, 0, 1}), false, 1, {},
                       view_of(y, extents, {kSide, 1, 0}), SumOrder::fastest, *one.stream);
    });
    made.contraction = 8.0 * kBatch * kSide * kSide / seconds;
  }
  made.fft = fft_flops_per_second(one);
  made.spreading = nufft_speed(one);
  made.is_measured = true;
  return made;
}

}  // namespace lunops
