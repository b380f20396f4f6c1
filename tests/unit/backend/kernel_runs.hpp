// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <type_traits>
#include <vector>

#include "runtime/backend/backend.hpp"
#include "runtime/backend/view.hpp"
#include "runtime/device/device.hpp"
#include "runtime/device/stream.hpp"

// What tests of planned kernels share: streams, workspaces, random data, errors.
namespace lunops::testing {

inline Stream stream_of(int threads = 2) { return Stream(Device::host(), Backend::cpu(), threads); }

// Memory as the arena gives it: aligned to 64 bytes, filled with NaN so that a read before a write
// shows in the result.
class Workspace {
 public:
  explicit Workspace(size_t bytes)
      : memory_(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64)),
                &std::free) {
    auto* words = reinterpret_cast<uint64_t*>(memory_.get());
    for (size_t i = 0; i < bytes / 8; ++i) words[i] = ~uint64_t{0};
  }
  std::byte* data() const { return memory_.get(); }

 private:
  std::unique_ptr<std::byte, decltype(&std::free)> memory_;
};

template <class C>
std::vector<C> random_numbers(int64_t count, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<C> v(static_cast<size_t>(count));
  for (C& c : v) {
    const double re = normal(generator);
    if constexpr (std::is_floating_point_v<C>) {
      c = static_cast<C>(re);
    } else {
      c = C(c128(re, normal(generator)));
    }
  }
  return v;
}

// |a - b| / |b|
template <class A, class B>
double relative_error(const std::vector<A>& a, const std::vector<B>& b) {
  double difference = 0;
  double size = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    difference += std::norm(c128(a[i]) - c128(b[i]));
    size += std::norm(c128(b[i]));
  }
  return size == 0 ? std::sqrt(difference) : std::sqrt(difference / size);
}

// A contiguous view with these extents.
template <class C>
RawView view_of(const std::vector<C>& data, const std::vector<int64_t>& extents) {
  RawView v;
  v.data = const_cast<C*>(data.data());
  v.dtype = dtype_v<C>;
  v.ndim = static_cast<int>(extents.size());
  int64_t stride = 1;
  for (size_t d = extents.size(); d-- > 0;) {
    v.extent[d] = extents[d];
    v.stride[d] = stride;
    stride *= extents[d];
  }
  return v;
}

}  // namespace lunops::testing
