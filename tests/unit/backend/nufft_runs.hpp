// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/backend/cpu/planned.hpp"
#include "runtime/backend/reference/planned.hpp"
#include "tests/unit/backend/kernel_runs.hpp"

// Running NUFFT kernels on vectors.
namespace lunops::testing {

// Points anywhere in the band of the image, a few of them outside it.
inline std::vector<double> random_points(const std::vector<int64_t>& image,
                                         int64_t count,
                                         unsigned seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform(-0.55, 0.55);
  std::vector<double> k;
  for (int64_t j = 0; j < count; ++j) {
    for (const int64_t n : image) k.push_back(uniform(generator) * static_cast<double>(n));
  }
  return k;
}

inline int64_t product_of(const std::vector<int64_t>& v) {
  int64_t n = 1;
  for (const int64_t e : v) n *= e;
  return n;
}

inline NufftSpec nufft_spec(DType dtype,
                            std::vector<int64_t> image,
                            const std::vector<double>& coordinates,
                            double tol,
                            int64_t frames = 1) {
  NufftSpec spec;
  spec.dtype = dtype;
  spec.points =
      static_cast<int64_t>(coordinates.size()) / static_cast<int64_t>(image.size()) / frames;
  spec.image = std::move(image);
  spec.frames = frames;
  spec.coordinates = coordinates.data();
  spec.tol = tol;
  return spec;
}

struct NufftCase {
  const NufftPoints& points;
  NufftSpec spec;
  int64_t batch = 1;
  NufftMaps maps;
  bool conjugate = false;
  Scale scale;
  int threads = 2;

  std::vector<int64_t> image_extents() const {
    std::vector<int64_t> e = {spec.frames, maps.sum_batch ? 1 : batch};
    e.insert(e.end(), spec.image.begin(), spec.image.end());
    return e;
  }
  std::vector<int64_t> sample_extents() const { return {spec.frames, batch, spec.points}; }

  template <class C>
  std::vector<C> forward(const std::vector<C>& image, std::vector<C> samples = {}) const {
    samples.resize(static_cast<size_t>(product_of(sample_extents())));
    Stream stream = stream_of(threads);
    const Workspace workspace(points.workspace(batch));
    points.forward(view_of(image, image_extents()), maps, conjugate, scale,
                   view_of(samples, sample_extents()), workspace.data(), stream);
    return samples;
  }
  template <class C>
  std::vector<C> adjoint(const std::vector<C>& samples, std::vector<C> image = {}) const {
    image.resize(static_cast<size_t>(product_of(image_extents())));
    Stream stream = stream_of(threads);
    const Workspace workspace(points.workspace(batch));
    points.adjoint(view_of(samples, sample_extents()), maps, conjugate, scale,
                   view_of(image, image_extents()), workspace.data(), stream);
    return image;
  }
};

inline double real_inner(const auto& a, const auto& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (std::conj(c128(a[i])) * c128(b[i])).real();
  return sum;
}

}  // namespace lunops::testing
