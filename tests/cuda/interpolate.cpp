// SPDX-License-Identifier: MIT
#include <cmath>

#include <catch2/catch.hpp>

#include "tests/cuda/on_gpu.hpp"

using namespace lunops;
using namespace lunops::compared;
using Views = std::vector<RawView>;

namespace {

struct Problem {
  std::vector<int64_t> grid;
  int64_t frames = 1, points = 1, batch = 1;
  std::array<double, 3> width = {4, 4, 4};
  bool is_circular = true;
  InterpolateSpec::Kernel kernel = InterpolateSpec::Kernel::kaiser_bessel;
};

// Kernel values of beta = 2 reach 2.3 in each dim; sums of up to 125 of them are rounded in single
// precision.
double allowed(DType t) { return is_double(t) ? 1e-11 : 5e-4; }

void compare_interpolate(const Problem& p, DType dtype, std::mt19937_64& random) {
  InterpolateSpec spec;
  spec.dtype = dtype;
  spec.grid = p.grid;
  spec.frames = p.frames;
  spec.points = p.points;
  spec.kernel = p.kernel;
  spec.width = p.width;
  spec.beta = {2, 2, 2};
  spec.is_circular = p.is_circular;
  // Inside and beyond the grid; every third one on a grid point, where kernels meet both ends.
  std::vector<double> coordinates;
  for (int64_t j = 0; j < p.frames * p.points; ++j) {
    for (const int64_t n : p.grid) {
      const auto size = static_cast<double>(n);
      const double at = std::uniform_real_distribution<double>(-0.7 * size, 1.7 * size)(random);
      coordinates.push_back(j % 3 == 0 ? std::floor(at) : at);
    }
  }
  spec.coordinates = coordinates.data();
  std::vector<int64_t> grid_extents{p.frames, p.batch};
  grid_extents.insert(grid_extents.end(), p.grid.begin(), p.grid.end());
  const Array grid = draw::array(grid_extents, dtype, draw::Strides::contiguous, random);
  const Array samples =
      draw::array({p.frames, p.batch, p.points}, dtype, draw::Strides::contiguous, random);
  for (const Scale& scale : {Scale{}, Scale{2.0, 0.5}}) {
    for (const bool is_adjoint : {false, true}) {
      INFO("dims " << p.grid.size() << ", batch " << p.batch << ", adjoint " << is_adjoint);
      const std::vector<Array> operands =
          is_adjoint ? std::vector<Array>{samples, grid} : std::vector<Array>{grid, samples};
      CHECK(on_gpu::compare(operands, 1, [&](Backend& b, const Views& v, Stream& s) {
              const auto kernel = b.interpolate(spec, s);
              std::vector<std::byte> room(kernel->workspace(p.batch));
              const auto run = [&](std::byte* workspace) {
                if (is_adjoint) {
                  kernel->adjoint(v[0], scale, v[1], workspace, s);
                } else {
                  kernel->forward(v[0], scale, v[1], workspace, s);
                }
              };
              if (s.native() == nullptr) return run(room.data());
              const on_gpu::Copied there(room);
              run(there.data());
              s.wait();
            }) <= allowed(dtype));
    }
  }
}

}  // namespace

TEST_CASE("cuda: interpolation and gridding agree with the reference, of 1 to 3 dims", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(41);
  for (const DType dtype : kFloating) {
    for (const bool is_circular : {true, false}) {
      compare_interpolate({{300}, 2, 57, 1, {4}, is_circular}, dtype, random);
      compare_interpolate({{20, 37}, 1, 91, 3, {4, 3}, is_circular}, dtype, random);
      compare_interpolate({{9, 10, 11}, 2, 23, 5, {2.5, 4, 3}, is_circular}, dtype, random);
    }
  }
}

TEST_CASE("cuda: linear kernels, small grids and single points agree with the reference",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(42);
  constexpr auto kLinear = InterpolateSpec::Kernel::linear;
  for (const DType dtype : kFloating) {
    compare_interpolate({{18, 17}, 1, 40, 2, {2, 2}, true, kLinear}, dtype, random);
    // As wide as the grid, so that both ends meet one cell.
    compare_interpolate({{4, 5}, 1, 12, 1, {4, 5}, true}, dtype, random);
    compare_interpolate({{1}, 1, 1, 1, {1}, true}, dtype, random);
    compare_interpolate({{1, 6}, 3, 4, 4, {2, 2}, false, kLinear}, dtype, random);
  }
}

TEST_CASE("cuda: gridding has the same bits each time and for any batch", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(43);
  InterpolateSpec spec;
  spec.dtype = DType::c64;
  spec.grid = {16, 16};
  spec.points = 400;
  std::vector<double> coordinates;
  for (int i = 0; i < 800; ++i) {
    coordinates.push_back(std::uniform_real_distribution<double>(0, 16)(random));
  }
  spec.coordinates = coordinates.data();
  const Array one = draw::array({1, 1, 400}, DType::c64, draw::Strides::contiguous, random);
  std::vector<std::vector<std::byte>> results;
  for (const int64_t batch : {1, 1, 6}) {
    Stream stream(on_gpu::kGpu, Backend::reference());
    std::vector<std::byte> from, to(static_cast<size_t>(batch) * 256 * sizeof(c64));
    for (int64_t k = 0; k < batch; ++k) {
      from.insert(from.end(), one.memory.begin(), one.memory.begin() + 400 * sizeof(c64));
    }
    on_gpu::Copied samples(from), grid(to);
    RawView x, y;
    x.data = samples.data();
    y.data = grid.data();
    x.dtype = y.dtype = DType::c64;
    x.ndim = 3;
    x.extent = {1, batch, 400};
    x.stride = {400 * batch, 400, 1};
    y.ndim = 4;
    y.extent = {1, batch, 16, 16};
    y.stride = {256 * batch, 256, 16, 1};
    stream.backend().interpolate(spec, stream)->adjoint(x, {}, y, nullptr, stream);
    stream.wait();
    grid.bring_back();
    results.emplace_back(to.end() - 256 * sizeof(c64), to.end());
  }

  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
}
