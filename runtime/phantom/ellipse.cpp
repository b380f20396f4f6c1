// SPDX-License-Identifier: MIT
#include "runtime/phantom/ellipse.hpp"

#include <math.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "runtime/core/error.hpp"
#include "runtime/device/thread_pool.hpp"

namespace lunops {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr int64_t kPointsPerItem = 512;  // of the parallel loop

using Vector = std::array<double, 3>;

// Dims are right-aligned: entry 2 is the last dim, and in 2-D entry 0 is unused.
struct Ellipse {
  double amplitude = 0;
  Vector axes{1, 1, 1};
  Vector centre{0, 0, 0};
  double cosine = 1, sine = 0;

  // A vector in the frame of the half axes.
  Vector turned(const Vector& v) const {
    return {v[0], v[1] * cosine - v[2] * sine, v[2] * cosine + v[1] * sine};
  }
};

// Element (i, j) of a real tensor of two dims.
double at(const Tensor& x, int64_t i, int64_t j) {
  const int64_t place = i * x.strides()[0] + j * x.strides()[1];
  return x.dtype() == DType::f32 ? static_cast<double>(x.data_as<float>()[place])
                                 : x.data_as<double>()[place];
}

// Element i of a contiguous real tensor.
double component(const Tensor& x, int64_t i) {
  return x.dtype() == DType::f32 ? static_cast<double>(x.data_as<float>()[i])
                                 : x.data_as<double>()[i];
}

std::vector<Ellipse> read_table(std::string_view operation, const Tensor& table, size_t dims) {
  if (table.ndim() != 2 || !is_real(table.dtype())) {
    fail(Code::shape, operation, "the table is {} of {}; it must be a real tensor of two dims",
         table.shape().braced(), name_of(table.dtype()));
  }
  const int64_t columns = static_cast<int64_t>(2 + 2 * dims);
  if (table.shape().extent(1) != columns) {
    fail(Code::shape, operation,
         "rows of the table have {} entries, but {} dims need {}: amplitude, half axes, centre, "
         "angle",
         table.shape().extent(1), dims, columns);
  }
  std::vector<Ellipse> ellipses(static_cast<size_t>(table.shape().extent(0)));
  const size_t skip = 3 - dims;
  for (size_t i = 0; i < ellipses.size(); ++i) {
    const auto entry = [&](size_t j) {
      const double value = at(table, static_cast<int64_t>(i), static_cast<int64_t>(j));
      if (!std::isfinite(value)) {
        fail(Code::argument, operation, "entry {} of ellipse {} is {}", j + 1, i + 1, value);
      }
      return value;
    };
    Ellipse& e = ellipses[i];
    e.amplitude = entry(0);
    for (size_t d = 0; d < dims; ++d) {
      e.axes[skip + d] = entry(1 + d);
      e.centre[skip + d] = entry(1 + dims + d);
      if (!(e.axes[skip + d] > 0)) {
        fail(Code::argument, operation, "half axis {} of ellipse {} is {}; it must be positive",
             d + 1, i + 1, e.axes[skip + d]);
      }
    }
    e.cosine = std::cos(entry(1 + 2 * dims));
    e.sine = std::sin(entry(1 + 2 * dims));
  }
  return ellipses;
}

// Transform of the unit disc and the unit ball, over 2 pi rho; near 0 by their series, where the
// closed forms cancel.
double disc(double rho) {
  return rho < 1e-4 ? kPi * (1 - rho * rho / 8) : 2 * kPi * ::j1(rho) / rho;
}
double ball(double rho) {
  if (rho < 1e-2) {
    const double s = rho * rho;
    return 4 * kPi / 3 * (1 - s / 10 * (1 - s / 28));
  }
  return 4 * kPi * (std::sin(rho) - rho * std::cos(rho)) / (rho * rho * rho);
}

double product_of(const Vector& v, size_t dims) {
  return dims == 3 ? v[0] * v[1] * v[2] : v[1] * v[2];
}

c128 unit(double cycles) { return std::polar(1.0, 2 * kPi * cycles); }

double dot3(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Everything about the samples that does not depend on the point.
struct Transform {
  std::vector<Ellipse> ellipses;
  std::vector<Vector> shifts;  // over N
  std::vector<c128> phases;    // {ellipse, shift}: amplitude, size, and the shift's turn
  size_t dims = 2;

  // sums[q] = the transform at f - shifts[q]; f is k/N.
  void sample(const Vector& f, std::vector<c128>& sums) const {
    std::fill(sums.begin(), sums.end(), c128(0));
    for (size_t e = 0; e < ellipses.size(); ++e) {
      const Ellipse& ellipse = ellipses[e];
      const c128 turn = unit(-dot3(f, ellipse.centre));
      for (size_t q = 0; q < shifts.size(); ++q) {
        const Vector& s = shifts[q];
        const Vector g = ellipse.turned({f[0] - s[0], f[1] - s[1], f[2] - s[2]});
        const double z = dims == 3 ? ellipse.axes[0] * g[0] : 0.0;
        const double y = ellipse.axes[1] * g[1], x = ellipse.axes[2] * g[2];
        const double rho = 2 * kPi * std::sqrt(z * z + y * y + x * x);
        sums[q] += (dims == 3 ? ball(rho) : disc(rho)) * turn * phases[e * shifts.size() + q];
      }
    }
  }
};

Transform prepare_transform(std::vector<Ellipse> ellipses,
                            const Vector& extent,
                            size_t dims,
                            const Tensor* shifts) {
  Transform t;
  t.dims = dims;
  t.ellipses = std::move(ellipses);
  const size_t skip = 3 - dims;
  t.shifts.assign(1, {});
  if (shifts != nullptr) {
    t.shifts.assign(static_cast<size_t>(shifts->count()) / dims, {});
    for (size_t i = 0; i < t.shifts.size() * dims; ++i) {
      const size_t d = skip + i % dims;
      t.shifts[i / dims][d] = component(*shifts, static_cast<int64_t>(i)) / extent[d];
    }
  }
  const double norm = 1 / std::sqrt(product_of(extent, dims));
  for (const Ellipse& e : t.ellipses) {
    for (const Vector& s : t.shifts) {
      t.phases.push_back(e.amplitude * product_of(e.axes, dims) * norm * unit(dot3(s, e.centre)));
    }
  }
  return t;
}

Shape kspace_shape(const Tensor& trajectory, const Tensor* shifts) {
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  const auto append = [&](const Shape& shape) {
    for (int i = 0; i + 1 < shape.ndim(); ++i) {
      dims.push_back(shape.dim(i));
      extents.push_back(shape.extent(i));
    }
  };
  if (shifts != nullptr) append(shifts->shape());
  append(trajectory.shape());
  return Shape(std::move(dims), std::move(extents));
}

void check_kspace(const std::vector<int64_t>& extent,
                  const Tensor& trajectory,
                  const Tensor* shifts,
                  DType dtype) {
  constexpr std::string_view kName = "ellipse_kspace";
  const auto dims = static_cast<int64_t>(extent.size());
  if (dims != 2 && dims != 3) {
    fail(Code::shape, kName, "the image has {} dims; ellipses have 2 or 3", dims);
  }
  for (const int64_t n : extent) {
    if (n < 1) fail(Code::shape, kName, "an extent of the image is {}; it must be 1 or more", n);
  }
  if (trajectory.ndim() < 1 || trajectory.shape().extent(trajectory.ndim() - 1) != dims) {
    fail(Code::shape, kName,
         "the trajectory {} must end in a dim with one entry per image dim, that is {}",
         trajectory.shape().braced(), dims);
  }
  if (!is_real(trajectory.dtype())) {
    fail(Code::dtype, kName, "the trajectory is {}; it must be f32 or f64",
         name_of(trajectory.dtype()));
  }
  if (!is_complex(dtype)) {
    fail(Code::dtype, kName, "samples are complex; 'dtype' must be c64 or c128, got {}",
         name_of(dtype));
  }
  if (shifts != nullptr &&
      (shifts->ndim() < 1 || shifts->shape().extent(shifts->ndim() - 1) != dims ||
       !is_real(shifts->dtype()))) {
    fail(Code::shape, kName, "the shifts {} must be real and end in a dim of extent {}",
         shifts->shape().braced(), dims);
  }
}

template <class T>
T narrow(c128 value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value.real());
  } else {
    return T(value);
  }
}

// Mean over s points per dim and pixel of the ellipses' sum.
class Raster {
 public:
  Raster(std::vector<Ellipse> ellipses, const Vector& extent, int supersample, size_t dims)
      : ellipses_(std::move(ellipses)), extent_(extent), s_(supersample), dims_(dims) {}

  // Pixels (z, y, 0 … nx-1), z and y relative to nothing: indices from 0.
  void row(int64_t z, int64_t y, std::vector<double>& sums) const {
    std::fill(sums.begin(), sums.end(), 0.0);
    const int depth = dims_ == 3 ? s_ : 1;
    for (int a = 0; a < depth; ++a) {
      const double at_z = dims_ == 3 ? position(z, extent_[0], a) : 0.0;
      for (int b = 0; b < s_; ++b) add_line(at_z, position(y, extent_[1], b), sums);
    }
    const double scale = 1.0 / (static_cast<double>(depth) * s_ * s_);
    for (double& v : sums) v *= scale;
  }

 private:
  double position(int64_t index, double extent, int sub) const {
    return static_cast<double>(index) - std::floor(extent / 2) + (sub + 0.5) / s_ - 0.5;
  }

  void add_line(double z, double y, std::vector<double>& sums) const {
    for (const Ellipse& e : ellipses_) {
      const double radius = std::max(e.axes[1], e.axes[2]);
      if (std::abs(y - e.centre[1]) > radius) continue;
      const double w = (z - e.centre[0]) / e.axes[0];
      const double left = std::max(0.0, e.centre[2] - radius + std::floor(extent_[2] / 2) - 1);
      const double right =
          std::min(extent_[2] - 1, e.centre[2] + radius + std::floor(extent_[2] / 2) + 1);
      for (int64_t i = static_cast<int64_t>(left); i <= static_cast<int64_t>(right); ++i) {
        int inside = 0;
        for (int c = 0; c < s_; ++c) {
          const double x = position(i, extent_[2], c);
          const Vector v = e.turned({0, y - e.centre[1], x - e.centre[2]});
          const double v1 = v[1] / e.axes[1], v2 = v[2] / e.axes[2];
          inside += w * w + v1 * v1 + v2 * v2 <= 1 ? 1 : 0;
        }
        sums[static_cast<size_t>(i)] += inside * e.amplitude;
      }
    }
  }

  std::vector<Ellipse> ellipses_;
  Vector extent_;
  int s_;
  size_t dims_;
};

}  // namespace

Tensor ellipse_kspace(const Tensor& table,
                      const std::vector<int64_t>& extent,
                      const Tensor& trajectory,
                      const Tensor* shifts,
                      DType dtype,
                      Context& context) {
  check_kspace(extent, trajectory, shifts, dtype);
  const size_t dims = extent.size(), skip = 3 - dims;
  Vector sizes{1, 1, 1};
  for (size_t d = 0; d < dims; ++d) sizes[skip + d] = static_cast<double>(extent[d]);
  Context host = on_device(Device::host(), context);
  const std::optional<Tensor> moves =
      shifts != nullptr ? std::optional(shifts->to(host.device, host).contiguous(host))
                        : std::nullopt;
  const Transform transform =
      prepare_transform(read_table("ellipse_kspace", table.to(host.device, host), dims), sizes,
                        dims, moves ? &*moves : nullptr);

  const Tensor k = trajectory.to(host.device, host).contiguous(host);
  const Tensor y = Tensor::empty(kspace_shape(k, shifts), dtype, host);
  const int64_t points = k.count() / static_cast<int64_t>(dims);
  const int64_t items = (points + kPointsPerItem - 1) / kPointsPerItem;
  const auto sample = [&]<class T>() {
    T* out = y.data_as<T>();
    ThreadPool::process().run(items, context.threads(), [&](int64_t item, int) {
      std::vector<c128> sums(transform.shifts.size());
      const int64_t last = std::min(points, (item + 1) * kPointsPerItem);
      for (int64_t p = item * kPointsPerItem; p < last; ++p) {
        Vector f{0, 0, 0};
        for (size_t d = 0; d < dims; ++d) {
          f[skip + d] = component(k, p * static_cast<int64_t>(dims) + static_cast<int64_t>(d)) /
                        sizes[skip + d];
        }
        transform.sample(f, sums);
        for (size_t q = 0; q < sums.size(); ++q) {
          out[static_cast<int64_t>(q) * points + p] = narrow<T>(sums[q]);
        }
      }
    });
  };
  if (dtype == DType::c64) {
    sample.template operator()<c64>();
  } else {
    sample.template operator()<c128>();
  }
  return y.to(context.device, context);
}

Tensor ellipse_image(
    const Tensor& table, const Shape& shape, int supersample, DType dtype, Context& context) {
  const size_t dims = static_cast<size_t>(shape.ndim());
  if (dims != 2 && dims != 3) {
    fail(Code::shape, "ellipse_image", "the image {} has {} dims; ellipses have 2 or 3",
         shape.braced(), dims);
  }
  if (!shape.is_known()) {
    fail(Code::shape, "ellipse_image", "extents of {} are missing", shape.braced());
  }
  if (supersample < 1 || supersample > 256) {
    fail(Code::argument, "ellipse_image", "'supersample' is {}; it must be in 1 … 256",
         supersample);
  }
  if (!is_floating(dtype)) {
    fail(Code::dtype, "ellipse_image", "'dtype' must be f32, f64, c64 or c128, got {}",
         name_of(dtype));
  }
  Vector sizes{1, 1, 1};
  for (size_t d = 0; d < dims; ++d) {
    sizes[3 - dims + d] = static_cast<double>(shape.extent(static_cast<int>(d)));
  }
  Context host = on_device(Device::host(), context);
  const Raster raster(read_table("ellipse_image", table.to(host.device, host), dims), sizes,
                      supersample, dims);
  const Tensor image = Tensor::empty(shape, dtype, host);
  const int64_t rows = static_cast<int64_t>(sizes[1]), columns = static_cast<int64_t>(sizes[2]);
  dispatch(dtype, [&]<class T>() {
    if constexpr (!std::is_integral_v<T>) {
      T* out = image.data_as<T>();
      ThreadPool::process().run(
          static_cast<int64_t>(sizes[0]) * rows, context.threads(), [&](int64_t line, int) {
            std::vector<double> sums(static_cast<size_t>(columns));
            raster.row(line / rows, line % rows, sums);
            for (int64_t i = 0; i < columns; ++i) {
              out[line * columns + i] = narrow<T>(sums[static_cast<size_t>(i)]);
            }
          });
    }
  });
  return image.to(context.device, context);
}

}  // namespace lunops
