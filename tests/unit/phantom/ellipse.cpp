// SPDX-License-Identifier: MIT
#include "runtime/phantom/ellipse.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "runtime/core/error.hpp"

using namespace lunops;

namespace {

constexpr double kPi = std::numbers::pi;

Tensor real_table(const std::vector<std::vector<double>>& rows,
                  const char* names,
                  Context& context) {
  std::vector<c128> values;
  for (const auto& row : rows) values.insert(values.end(), row.begin(), row.end());
  const Shape shape(Shape::parse(names).dims(),
                    {static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())});
  return from_values(shape, DType::f64, values, context);
}

// Two ellipses, one of them turned and off centre.
std::vector<std::vector<double>> two_ellipses(double size) {
  return {{1.0, 5.0 * size, 3.5 * size, 0.4 * size, -0.9 * size, 0.3},
          {-0.4, 1.5 * size, 2.5 * size, -1.2 * size, 0.7 * size, -1.1}};
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("ellipse_kspace: at k = 0 the sample is the area over the root of the pixels",
          "[phantom]") {
  Context context;
  const Tensor table = real_table({{2, 3, 3, 0, 0, 0}}, "ellipse parameter", context);
  const Tensor k = real_table({{0, 0}}, "sample d", context);

  const Tensor y = ellipse_kspace(table, {10, 10}, k, nullptr, DType::c128, context);

  CHECK(y.shape().text() == "sample=1");
  CHECK(item(y).real() == Approx(2 * kPi * 9 / 10));
  CHECK(item(y).imag() == 0);
}

TEST_CASE("ellipse_kspace: equals the Fourier sum of a picture sampled 64 times as finely",
          "[phantom]") {
  Context context;
  const int64_t n0 = 13, n1 = 12, fine = 64;
  const Tensor k =
      real_table({{0, 0}, {1, -2}, {-3.3, 2.1}, {6, 5.5}, {-6.5, -6}}, "sample d", context);
  const Tensor exact = ellipse_kspace(real_table(two_ellipses(1), "e p", context), {n0, n1}, k,
                                      nullptr, DType::c128, context);

  // Fine pixels are 1/64 wide; index i of them lies at (i - 64 floor(N/2) + 0.5)/64 - 0.5 pixels.
  auto scaled = two_ellipses(fine);
  const auto shift = [&](int64_t n) {
    const auto half = static_cast<double>(n / 2), total = static_cast<double>(n * fine / 2);
    return half * fine + fine / 2.0 - 0.5 - total;
  };
  for (auto& row : scaled) {
    row[3] += shift(n0);
    row[4] += shift(n1);
  }
  const Tensor picture = ellipse_image(real_table(scaled, "e p", context),
                                       Shape(Shape::parse("y x").dims(), {n0 * fine, n1 * fine}), 1,
                                       DType::f64, context);
  double largest = 0, peak = 0;
  for (int64_t s = 0; s < k.shape().extent(0); ++s) {
    const double* ks = k.data_as<double>() + 2 * s;
    c128 sum = 0;
    for (int64_t i = 0; i < n0 * fine; ++i) {
      c128 line = 0;
      const auto place = [&](int64_t j, int64_t n) {
        return (static_cast<double>(j) + 0.5) / fine - 0.5 - static_cast<double>(n / 2);
      };
      for (int64_t j = 0; j < n1 * fine; ++j) {
        const double v = picture.data_as<double>()[i * n1 * fine + j];
        if (v != 0)
          line += std::polar(v, -2 * kPi * ks[1] * place(j, n1) / static_cast<double>(n1));
      }
      sum += line * std::polar(1.0, -2 * kPi * ks[0] * place(i, n0) / static_cast<double>(n0));
    }
    sum /= static_cast<double>(fine * fine) * std::sqrt(static_cast<double>(n0 * n1));
    const c128 got = exact.data_as<c128>()[s];
    largest = std::max(largest, std::abs(got - sum));
    peak = std::max(peak, std::abs(got));
  }

  // The edge of the sampled picture is off by up to half a fine pixel.
  CHECK(largest < 1e-3 * peak);
}

TEST_CASE("ellipse_kspace: a shift samples at k - shift, in front of the other dims", "[phantom]") {
  Context context;
  const Tensor table = real_table(two_ellipses(1), "e p", context);
  const Tensor k = real_table({{1.5, 0.25}, {-2, 3}}, "sample d", context);
  const Tensor moved = real_table({{1.0, -0.25}, {-2.5, 2.5}}, "sample d", context);
  const Tensor shifts = real_table({{0, 0}, {0.5, 0.5}}, "q d", context);

  const Tensor y = ellipse_kspace(table, {13, 12}, k, &shifts, DType::c128, context);
  const Tensor plain = ellipse_kspace(table, {13, 12}, k, nullptr, DType::c128, context);
  const Tensor at_moved = ellipse_kspace(table, {13, 12}, moved, nullptr, DType::c128, context);

  CHECK(y.shape().text() == "q=2 sample=2");
  for (int64_t s = 0; s < 2; ++s) {
    CHECK(std::abs(y.data_as<c128>()[s] - plain.data_as<c128>()[s]) < 1e-12);
    CHECK(std::abs(y.data_as<c128>()[2 + s] - at_moved.data_as<c128>()[s]) < 1e-12);
  }
}

TEST_CASE("ellipse_kspace: series and closed form meet near k = 0, in two and three dims",
          "[phantom]") {
  Context context;
  const auto values = [&](std::vector<double> row, const std::vector<int64_t>& extent, double rho) {
    std::vector<double> k(extent.size(), 0.0);
    k.back() = rho / (2 * kPi) * static_cast<double>(extent.back());  // the half axis is 1
    return item(ellipse_kspace(real_table({row}, "e p", context), extent,
                               real_table({k}, "s d", context), nullptr, DType::c128, context))
        .real();
  };

  for (const double rho : {0.999e-4, 1.001e-4}) {
    CHECK(values({1, 1, 1, 0, 0, 0}, {1, 1}, rho) ==
          Approx(kPi * (1 - rho * rho / 8)).epsilon(1e-12));
  }
  for (const double rho : {0.999e-2, 1.001e-2}) {
    // The closed form cancels to 1e-16/rho^2 here.
    CHECK(values({1, 1, 1, 1, 0, 0, 0, 0}, {1, 1, 1}, rho) ==
          Approx(4 * kPi / 3 * (1 - rho * rho / 10)).epsilon(1e-8));
  }
}

TEST_CASE("ellipse_kspace: a ball of radius 2 at k = 0 and at the first zero of its transform",
          "[phantom]") {
  Context context;
  const Tensor table = real_table({{3, 2, 2, 2, 0, 0, 0, 0}}, "e p", context);
  // tan(rho) = rho at 4.493409457909064.
  const double k = 4.493409457909064 / (2 * kPi * 2) * 8;
  const Tensor traj = real_table({{0, 0, 0}, {k, 0, 0}, {0, k, 0}}, "s d", context);

  const Tensor y = ellipse_kspace(table, {8, 8, 8}, traj, nullptr, DType::c128, context);

  CHECK(y.data_as<c128>()[0].real() == Approx(3 * 4 * kPi / 3 * 8 / std::sqrt(512.0)));
  CHECK(std::abs(y.data_as<c128>()[1]) < 1e-12);
  CHECK(std::abs(y.data_as<c128>()[2]) < 1e-12);
}

TEST_CASE("ellipse_image: one pixel, an area, and the axis of x along the angle", "[phantom]") {
  Context context;

  const Tensor dot = ellipse_image(real_table({{5, 0.4, 0.4, 1, -1, 0}}, "e p", context),
                                   Shape::parse("y=4 x=5"), 1, DType::f32, context);
  const Tensor disc = ellipse_image(real_table({{1, 6, 6, 0.2, 0.1, 0}}, "e p", context),
                                    Shape::parse("y=16 x=17"), 8, DType::f64, context);
  // Half axis 3 along x, 1 along y, turned by 90 degrees: it covers three pixels up and down.
  const Tensor turned = ellipse_image(real_table({{1, 1.2, 3, 0, 0, kPi / 2}}, "e p", context),
                                      Shape::parse("y=9 x=9"), 1, DType::c64, context);

  const int64_t place[] = {3, 1};
  CHECK(value_at(dot, place) == c128(5));
  double sum = 0;
  for (int64_t i = 0; i < dot.count(); ++i) sum += static_cast<double>(dot.data_as<float>()[i]);
  CHECK(sum == 5);
  sum = 0;
  for (int64_t i = 0; i < disc.count(); ++i) sum += disc.data_as<double>()[i];
  CHECK(sum == Approx(kPi * 36).epsilon(2e-3));  // 64 points per pixel along the edge
  const int64_t down[] = {7, 4}, right[] = {4, 7};
  CHECK(value_at(turned, down) == c128(1));
  CHECK(value_at(turned, right) == c128(0));
}

TEST_CASE("ellipse_image: an ellipsoid has its volume", "[phantom]") {
  Context context;
  const Tensor table = real_table({{2, 3, 2, 4, 0, 0, 0, 0.7}}, "e p", context);

  const Tensor image = ellipse_image(table, Shape::parse("z=9 y=12 x=12"), 4, DType::f64, context);

  double sum = 0;
  for (int64_t i = 0; i < image.count(); ++i) sum += image.data_as<double>()[i];
  CHECK(sum == Approx(2 * 4 * kPi / 3 * 24).epsilon(5e-3));  // 64 points per voxel along the edge
}

TEST_CASE("ellipses: bad input is named", "[phantom]") {
  Context context;
  const Tensor good = real_table({{1, 1, 1, 0, 0, 0}}, "e p", context);
  const Tensor flat = real_table({{1, 1, -1, 0, 0, 0}}, "e p", context);
  const Tensor narrow = real_table({{1, 1, 0, 0, 0}}, "e p", context);
  const Tensor k = real_table({{0, 0}}, "sample d", context);

  const auto kspace = [&](const Tensor& table, std::vector<int64_t> extent, DType dtype) {
    return message_of([&] { ellipse_kspace(table, extent, k, nullptr, dtype, context); });
  };
  CHECK(kspace(flat, {4, 4}, DType::c64) ==
        "ellipse_kspace: half axis 2 of ellipse 1 is -1; it must be positive");
  CHECK(
      kspace(narrow, {4, 4}, DType::c64) ==
      "ellipse_kspace: rows of the table have 5 entries, but 2 dims need 6: amplitude, half axes, "
      "centre, angle");
  CHECK(kspace(good, {4, 4, 4}, DType::c64) ==
        "ellipse_kspace: the trajectory {sample=1, d=2} must end in a dim with one entry per image "
        "dim, that is 3");
  CHECK(kspace(good, {4, 4}, DType::f32) ==
        "ellipse_kspace: samples are complex; 'dtype' must be c64 or c128, got f32");
  CHECK(message_of([&] { ellipse_image(good, Shape::parse("y=4 x=4"), 0, DType::f32, context); }) ==
        "ellipse_image: 'supersample' is 0; it must be in 1 … 256");
}
