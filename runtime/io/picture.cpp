// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "runtime/io/png.hpp"

namespace lunops::io {
namespace {

// The two dims to draw: those that are not 1, filled up from the last ones.
Tensor plane(const Tensor& x) {
  if (x.ndim() < 2) {
    fail(Code::shape, "picture", "a picture needs two dims, rows and columns; the tensor has {}",
         x.shape().braced());
  }
  Tensor plane = x;
  for (int dim = plane.ndim() - 1; dim >= 0 && plane.ndim() > 2; --dim) {
    // The last two stay where there is a choice.
    const bool is_spare = plane.shape().extent(dim) == 1 && dim < plane.ndim() - 2;
    if (is_spare) plane = plane.select(dim, 0);
  }
  for (int dim = plane.ndim() - 1; dim >= 0 && plane.ndim() > 2; --dim) {
    if (plane.shape().extent(dim) == 1) plane = plane.select(dim, 0);
  }
  if (plane.ndim() > 2) {
    const Shape& shape = plane.shape();
    const std::string first = shape.is_named() ? shape.dim(0).text() : "1";
    fail(Code::shape, "picture",
         "a picture has two dims, the tensor has {}; choose one of each further dim, as in slice = "
         "{{ {} = 1 }}",
         x.shape().braced(), shape.is_named() ? first : "[1]");
  }
  return plane;
}

enum class Part { abs, phase, real, imag };

Part parse_part(const std::string& text) {
  if (text == "abs") return Part::abs;
  if (text == "phase") return Part::phase;
  if (text == "real") return Part::real;
  if (text == "imag") return Part::imag;
  fail(Code::argument, "picture", "part is '{}'; it is one of abs, phase, real, imag", text);
}

template <class T>
float part_of(T value, Part part) {
  if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
    switch (part) {
      case Part::abs:
        return static_cast<float>(std::abs(value));
      case Part::phase:
        return static_cast<float>(std::arg(value));
      case Part::real:
        return static_cast<float>(value.real());
      case Part::imag:
        return static_cast<float>(value.imag());
    }
  } else {
    const auto real = static_cast<double>(value);
    switch (part) {
      case Part::abs:
        return static_cast<float>(std::fabs(real));
      case Part::phase:
        return std::isnan(real) ? std::numeric_limits<float>::quiet_NaN()
                                : static_cast<float>(real < 0 ? std::numbers::pi : 0.0);
      case Part::real:
        return static_cast<float>(real);
      case Part::imag:
        return 0.0F;
    }
  }
  __builtin_unreachable();
}

// The value below which `percent` of the values lie, linear between neighbours; reorders `values`.
double percentile(std::vector<float>& values, double percent) {
  const double position = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<size_t>(below)];
  const double fraction = position - static_cast<double>(below);
  if (fraction == 0) return low;
  const double high = *std::min_element(values.begin() + below + 1, values.end());
  return low + fraction * (high - low);
}

// `finite` is not empty.
void choose_window(std::vector<float>& finite, Part part, double percent, Grey& grey) {
  const auto [least, most] = std::minmax_element(finite.begin(), finite.end());
  if (*least == *most) {
    grey.low = grey.high = *least;
  } else if (part == Part::phase) {
    grey.low = -std::numbers::pi;
    grey.high = std::numbers::pi;
  } else {
    const double end = *most;
    const double start = *least;
    grey.high = percentile(finite, percent);
    grey.low = part == Part::abs ? 0.0 : percentile(finite, 100 - percent);
    // Fewer bright points than the percentile leaves out, such as one in a dark image.
    if (grey.high <= grey.low) {
      grey.low = part == Part::abs ? 0.0 : start;
      grey.high = end;
    }
  }
}

}  // namespace

Grey grey(const Tensor& x, const WriteOptions& options, Context& context) {
  const Part part = parse_part(options.part);
  if (options.window && !(options.window->first < options.window->second &&
                          std::isfinite(options.window->second - options.window->first))) {
    fail(Code::argument, "picture",
         "window is {{{}, {}}}; its first value is below its second, and both are finite",
         options.window->first, options.window->second);
  }
  if (!(options.percentile > 50 && options.percentile <= 100)) {
    fail(Code::argument, "picture", "percentile is {}; it is above 50 and at most 100",
         options.percentile);
  }
  Tensor values = plane(x);
  values = values.to(Device::host(), context);

  Grey result;
  result.rows = values.shape().extent(0);
  result.columns = values.shape().extent(1);
  result.level.resize(static_cast<size_t>(result.rows * result.columns));
  dispatch(values.dtype(), [&]<class T>() {
    const T* from = values.data_as<T>();
    const int64_t row_step = values.strides()[0];
    const int64_t column_step = values.strides()[1];
    float* to = result.level.data();
    for (int64_t row = 0; row < result.rows; ++row) {
      for (int64_t column = 0; column < result.columns; ++column) {
        *to++ = part_of(from[row * row_step + column * column_step], part);
      }
    }
  });

  std::vector<float> finite;
  finite.reserve(result.level.size());
  for (const float v : result.level) {
    if (std::isfinite(v)) finite.push_back(v);
    if (std::isnan(v)) ++result.nans;
  }
  if (options.window) {
    result.low = options.window->first;
    result.high = options.window->second;
  } else if (!finite.empty()) {
    choose_window(finite, part, options.percentile, result);
  }
  const double range = result.high - result.low;
  for (float& v : result.level) {
    if (std::isnan(v)) continue;
    if (range > 0) {
      v = static_cast<float>(std::clamp((static_cast<double>(v) - result.low) / range, 0.0, 1.0));
    } else {
      v = std::isfinite(v) ? 0.5F : (v > 0 ? 1.0F : 0.0F);
    }
  }
  return result;
}

Picture picture(const Tensor& x, const WriteOptions& options, Context& context) {
  const Grey levels = grey(x, options, context);
  Picture result{levels.rows, levels.columns, {}, levels.low, levels.high, levels.nans};
  result.grey.reserve(levels.level.size());
  for (const float v : levels.level) {
    result.grey.push_back(std::isnan(v) ? kNanGrey : static_cast<uint8_t>(std::lround(v * 255)));
  }
  return result;
}

}  // namespace lunops::io
