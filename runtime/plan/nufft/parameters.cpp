// SPDX-License-Identifier: MIT
#include "runtime/plan/nufft/parameters.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>
#include <string>

#include "runtime/core/error.hpp"
#include "runtime/plan/nufft/cost.hpp"
#include "runtime/plan/nufft/good_size.hpp"

namespace lunops::nufft {

namespace {

constexpr std::array<double, 4> kOversamp = {1.25, 1.5, 1.75, 2.0};
constexpr double kNearestOversamp = 2.0;

bool is_double(const NufftSpec& spec) noexcept { return spec.dtype == DType::c128; }

// 5e-7, not 5e-07: as a user writes it.
std::string text_of(double value) {
  std::string text = fmt::format("{}", value);
  const size_t zero = text.find("e-0");
  if (zero != std::string::npos) text.erase(zero + 2, 1);
  return text;
}

// predict_dim by (width, oversamp): dims of equal extent share it.
class Predictions {
 public:
  DimError at(int width, double oversamp) {
    const auto [it, is_new] = known_.try_emplace({width, oversamp});
    if (is_new) it->second = predict_dim(kaiser_bessel(width, oversamp), oversamp);
    return it->second;
  }

 private:
  std::map<std::pair<int, double>, DimError> known_;
};

double error_with(const NufftSpec& spec, const NufftParameters& p, Predictions& known) {
  std::vector<DimError> dims;
  for (size_t d = 0; d < spec.image.size(); ++d) dims.push_back(known.at(p.width, p.oversamp[d]));
  return predict(dims, is_double(spec));
}

// Whether the error is mostly rounding, which grows with the width, and not aliasing, which a step
// of width divides by 3 and more.
bool is_rounding(const NufftSpec& spec, const NufftParameters& p, Predictions& known) {
  std::vector<DimError> dims;
  for (size_t d = 0; d < spec.image.size(); ++d) {
    dims.push_back(known.at(p.width, p.oversamp[d]));
    dims.back().aliasing = 0;
  }
  return 2 * predict(dims, is_double(spec)) > p.predicted_error;
}

// The extent that grids are made for: a dim without pixels has the grid of one.
int64_t gridded_extent(const NufftSpec& spec, size_t d) {
  return std::max<int64_t>(spec.image[d], 1);
}

// Fills grid, real oversampling and beta for a width.
void complete(const NufftSpec& spec, const std::array<double, 3>& oversamp, NufftParameters& p) {
  for (size_t d = 0; d < spec.image.size(); ++d) {
    const int64_t n = gridded_extent(spec, d);
    if (spec.grid[d] > 0) {
      p.grid[d] = spec.grid[d];
    } else {
      // A hair below sigma N, so that 1.25 * 256 asks for 320 whatever the rounding of the product.
      const double least = std::ceil(oversamp[d] * static_cast<double>(n) * (1.0 - 1e-12));
      p.grid[d] = good_size(std::max<int64_t>(static_cast<int64_t>(least), 2 * p.width));
    }
    p.oversamp[d] = static_cast<double>(p.grid[d]) / static_cast<double>(n);
    p.beta[d] = kaiser_bessel(p.width, p.oversamp[d]).beta;
  }
}

void check_fixed(const NufftSpec& spec) {
  if (spec.width < 2 || spec.width > kMaxWidth) {
    fail(Code::argument, "NUFFT", "'width' = {} must be an integer from 2 to {}", spec.width,
         kMaxWidth);
  }
  for (size_t d = 0; d < spec.image.size(); ++d) {
    if (spec.grid[d] == 0 && (spec.oversamp[d] < 1.1 || spec.oversamp[d] > 4.0)) {
      fail(Code::argument, "NUFFT", "'oversamp' = {} must be from 1.1 to 4", spec.oversamp[d]);
    }
    if (spec.grid[d] != 0 && spec.grid[d] < 2 * spec.width) {
      fail(Code::argument, "NUFFT", "'grid' = {} is too small for width {}; give at least {}",
           spec.grid[d], spec.width, 2 * spec.width);
    }
    if (spec.grid[d] != 0 && spec.grid[d] < spec.image[d]) {
      fail(Code::argument, "NUFFT", "'grid' = {} is smaller than the image extent {}", spec.grid[d],
           spec.image[d]);
    }
  }
}

NufftParameters choose_nearest(const NufftSpec& spec) {
  NufftParameters p;
  p.width = 1;
  double variance = 0;
  for (size_t d = 0; d < spec.image.size(); ++d) {
    const int64_t n = gridded_extent(spec, d);
    const double sigma = spec.oversamp[d] > 0 ? spec.oversamp[d] : kNearestOversamp;
    if (spec.grid[d] != 0 && spec.grid[d] < n) {
      fail(Code::argument, "NUFFT", "'grid' = {} is smaller than the image extent {}", spec.grid[d],
           n);
    }
    const double least = std::ceil(sigma * static_cast<double>(n) * (1.0 - 1e-12));
    p.grid[d] = spec.grid[d] > 0 ? spec.grid[d] : good_size(static_cast<int64_t>(least));
    p.oversamp[d] = static_cast<double>(p.grid[d]) / static_cast<double>(n);
    variance += 1.0 / (p.oversamp[d] * p.oversamp[d]);
  }
  // A position is off by up to half a cell, a pixel by up to half the field of view from the
  // centre, both evenly spread: the phase error has the standard deviation pi / (6 sigma) per dim.
  p.predicted_error = std::numbers::pi / 6.0 * std::sqrt(variance);
  return p;
}

}  // namespace

KaiserBessel kernel_of(const NufftParameters& p, int d) noexcept {
  return {p.width, p.beta[static_cast<size_t>(d)]};
}

double predicted_error(const NufftSpec& spec, const NufftParameters& p) {
  if (spec.is_nearest) return p.predicted_error;
  Predictions known;
  return error_with(spec, p, known);
}

namespace {

NufftParameters choose_for(const NufftSpec& spec, int64_t batch) {
  if (spec.is_nearest) return choose_nearest(spec);
  Predictions known;
  NufftParameters p;
  if (spec.width != 0) {
    check_fixed(spec);
    p.width = spec.width;
    complete(spec, spec.oversamp, p);
    p.predicted_error = error_with(spec, p, known);
    return p;
  }
  const double least = is_double(spec) ? kLeastTolC128 : kLeastTolC64;
  if (!(spec.tol >= least * (1 - 1e-9))) {
    if (is_double(spec)) {
      fail(Code::argument, "NUFFT", "tol = {} is below what c128 can reach ({}); use tol >= {}",
           text_of(spec.tol), text_of(least), text_of(least));
    }
    fail(Code::argument, "NUFFT",
         "tol = {} is below what c64 can reach ({}); use tol >= {} or data in c128",
         text_of(spec.tol), text_of(least), text_of(least));
  }
  double best_seconds = 0;
  double best_cells = 0;
  for (const double sigma : kOversamp) {
    const std::array<double, 3> wanted = {spec.oversamp[0] > 0 ? spec.oversamp[0] : sigma,
                                          spec.oversamp[1] > 0 ? spec.oversamp[1] : sigma,
                                          spec.oversamp[2] > 0 ? spec.oversamp[2] : sigma};
    // The error falls with the width until rounding takes over: bisect for the smallest that fits.
    const auto at = [&](int width) {
      NufftParameters q;
      q.width = width;
      complete(spec, wanted, q);
      q.predicted_error = error_with(spec, q, known);
      return q;
    };
    const double limit = 0.9 * spec.tol;
    int low = 2;
    int high = kMaxWidth;
    NufftParameters found;
    while (low <= high) {
      const int middle = (low + high) / 2;
      const NufftParameters q = at(middle);
      if (q.predicted_error <= limit) {
        found = q;
        high = middle - 1;
        continue;
      }
      // Past the width where rounding dominates, wider is worse: look below.
      const bool wider_is_worse = middle > 2 && is_rounding(spec, q, known) &&
                                  at(middle - 1).predicted_error < q.predicted_error;
      if (wider_is_worse) {
        high = middle - 1;
      } else {
        low = middle + 1;
      }
    }
    if (found.width == 0) continue;
    double cells = 1;
    for (size_t d = 0; d < spec.image.size(); ++d) cells *= static_cast<double>(found.grid[d]);
    const double seconds =
        gridding(spec, found, batch, false).seconds + gridding(spec, found, batch, true).seconds;
    const bool is_tie = p.width != 0 && std::abs(seconds - best_seconds) <= 0.03 * best_seconds;
    if (p.width == 0 || (is_tie ? cells < best_cells : seconds < best_seconds)) {
      p = found;
      best_seconds = seconds;
      best_cells = cells;
    }
  }
  if (p.width == 0) {
    fail(Code::argument, "NUFFT",
         "no width up to {} reaches tol = {} for this image; use a larger tol{}", kMaxWidth,
         text_of(spec.tol), is_double(spec) ? "" : " or data in c128");
  }
  return p;
}

// What was chosen last, by all that the choice depends on.
struct Choice {
  DType dtype;
  std::vector<int64_t> image;
  int64_t frames, points, batch;
  bool is_nearest;
  double tol;
  int width;
  std::array<double, 3> oversamp;
  std::array<int64_t, 3> grid;

  bool operator==(const Choice&) const = default;
};

}  // namespace

NufftParameters choose(const NufftSpec& part, int64_t batch) {
  NufftSpec spec = part;
  if (part.whole.points > 0) {
    spec.frames = part.whole.frames;
    spec.points = part.whole.points;
  }
  // Planning asks for the same transforms again and again, half a millisecond each: a planner for
  // each of its candidates, once for each of their tiles.
  constexpr size_t kKept = 64;
  struct Known {
    std::mutex mutex;
    std::vector<std::pair<Choice, NufftParameters>> list;
    size_t next = 0;  // to be replaced
  };
  static auto* const known = new Known;  // leaked: asked for at any time
  Choice key{spec.dtype,      spec.image, spec.frames, spec.points,   batch,
             spec.is_nearest, spec.tol,   spec.width,  spec.oversamp, spec.grid};
  {
    const std::lock_guard lock(known->mutex);
    for (const auto& [choice, parameters] : known->list) {
      if (choice == key) return parameters;
    }
  }
  NufftParameters made = choose_for(spec, batch);
  const std::lock_guard lock(known->mutex);
  if (known->list.size() < kKept) {
    known->list.emplace_back(std::move(key), made);
  } else {
    known->list[known->next++ % kKept] = {std::move(key), made};
  }
  return made;
}

}  // namespace lunops::nufft
