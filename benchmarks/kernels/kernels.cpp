// SPDX-License-Identifier: MIT
// Backend kernels on raw views: movement, vector work of CG, contraction, FFT passes, NUFFT both
// ways, Toeplitz.
#include <cmath>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "benchmarks/record.hpp"
#include "runtime/backend/backend.hpp"
#include "runtime/device/context.hpp"
#include "runtime/tensor/tensor.hpp"

using namespace lunops;

namespace {

RawView contiguous(c64* data, std::initializer_list<int64_t> extents) {
  RawView view;
  view.data = data;
  view.dtype = DType::c64;
  view.ndim = static_cast<int>(extents.size());
  int i = 0;
  for (const int64_t n : extents) view.extent[static_cast<size_t>(i++)] = n;
  int64_t stride = 1;
  for (i = view.ndim - 1; i >= 0; --i) {
    view.stride[static_cast<size_t>(i)] = stride;
    stride *= view.extent[static_cast<size_t>(i)];
  }
  return view;
}

std::vector<c64> noise(int64_t n) {
  std::mt19937 engine(1);
  std::normal_distribution<float> normal;
  std::vector<c64> x(static_cast<size_t>(n));
  for (c64& value : x) value = {normal(engine), normal(engine)};
  return x;
}

void traffic(benchmark::State& state, double bytes, const char* label) {
  state.counters["bytes"] = bytes;
  state.counters["GB/s"] = benchmark::Counter(bytes * static_cast<double>(state.iterations()) / 1e9,
                                              benchmark::Counter::kIsRate);
  state.SetLabel(label);
}

void axpby(benchmark::State& state) {
  const int64_t n = state.range(0);
  Context context;
  std::vector<c64> x = noise(n), y = noise(n);
  for (auto _ : state)
    context.backend().axpby(contiguous(x.data(), {n}), false, {{0.5, 0.1}, {0.25, 0.0}},
                            contiguous(y.data(), {n}), *context.stream);
  traffic(state, 24.0 * static_cast<double>(n), "c64");
}
BENCHMARK(axpby)->Arg(1 << 16)->Arg(1 << 22)->UseRealTime();

// conj(x) times a column and a row of weights, 512 x 512 x 8, in one pass or in three.
void pointwise(benchmark::State& state) {
  const bool is_fused = state.range(0) != 0;
  const int64_t coils = 8, n = 512;
  Context context;
  std::vector<c64> x = noise(coils * n * n), y = x, z = x, row = noise(n), column = noise(n);
  const auto weight = [&](c64* data, int64_t column_step, int64_t row_step) {
    RawView view = contiguous(data, {coils, n, n});
    view.stride[0] = 0;
    view.stride[1] = column_step;
    view.stride[2] = row_step;
    return view;
  };
  const RawView weights[] = {weight(column.data(), 1, 0), weight(row.data(), 0, 1)};
  const RawView from = contiguous(x.data(), {coils, n, n}),
                to = contiguous(y.data(), {coils, n, n}),
                between = contiguous(z.data(), {coils, n, n});
  PointwiseSpec spec;
  spec.count = 1;
  spec.terms[0] = {1.0, true, 2, {0, 1}, {}};
  for (auto _ : state) {
    if (is_fused) {
      context.backend().pointwise(spec, weights, 2, from, {}, to, *context.stream);
    } else {
      context.backend().axpby(from, true, {}, between, *context.stream);
      context.backend().multiply(weights[1], between, false, {}, between, *context.stream);
      context.backend().multiply(weights[0], between, false, {}, to, *context.stream);
    }
  }
  traffic(state, (is_fused ? 16.0 : 48.0) * static_cast<double>(coils * n * n),
          is_fused ? "conj and two weights, one pass, c64" : "conj and two weights, three passes");
}
BENCHMARK(pointwise)->Arg(1)->Arg(0)->UseRealTime();

void dot(benchmark::State& state) {
  const int64_t n = state.range(0);
  Context context;
  std::vector<c64> x = noise(n), y = noise(n);
  c128 result;
  for (auto _ : state)
    context.backend().dot(contiguous(x.data(), {1, n}), contiguous(y.data(), {1, n}), &result,
                          *context.stream);
  traffic(state, 16.0 * static_cast<double>(n), "c64, accumulated in double");
}
BENCHMARK(dot)->Arg(1 << 16)->Arg(1 << 22)->UseRealTime();

void cg_vectors(benchmark::State& state) {
  const int64_t n = state.range(0);
  Context context;
  std::vector<c64> x = noise(n), r = noise(n), p = noise(n), q = noise(n);
  const c128 alpha{1e-6, 0}, beta{0.5, 0};
  c128 delta;
  double rr, pp, qq;
  const RawView vx = contiguous(x.data(), {1, n}), vr = contiguous(r.data(), {1, n}),
                vp = contiguous(p.data(), {1, n}), vq = contiguous(q.data(), {1, n});
  for (auto _ : state) {
    context.backend().cg_products(vp, vq, &delta, &pp, &qq, *context.stream);
    context.backend().cg_update(&alpha, vp, vq, vx, vr, &rr, *context.stream);
    context.backend().cg_direction(&beta, vr, vp, *context.stream);
  }
  traffic(state, 8.0 * 11 * static_cast<double>(n), "the vector work of one CG iteration, c64");
}
BENCHMARK(cg_vectors)->Arg(1 << 16)->Arg(1 << 20)->UseRealTime();

void contract_maps(benchmark::State& state) {
  const int64_t coils = 8, n = 256 * 256;
  Context context;
  std::vector<c64> maps = noise(coils * n), images = noise(coils * n), sum = noise(n);
  // Views {pixel, coil}: the coil is summed.
  auto columns = [&](c64* data) {
    RawView view = contiguous(data, {n, coils});
    view.stride[0] = 1;
    view.stride[1] = n;
    return view;
  };
  RawView y = columns(sum.data());
  y.stride[1] = 0;
  for (auto _ : state)
    context.backend().contract(columns(maps.data()), true, columns(images.data()), false, 1, {}, y,
                               SumOrder::fastest, *context.stream);
  traffic(state, 8.0 * static_cast<double>(2 * coils + 1) * static_cast<double>(n),
          "sum over 8 coils of conj(map) * image, 256 x 256, c64");
}
BENCHMARK(contract_maps)->UseRealTime();

void contract_matrix(benchmark::State& state) {
  const int64_t n = state.range(0);
  Context context;
  std::vector<c64> a = noise(n * n), b = noise(n * n), c = noise(n * n);
  auto view = [&](c64* data, int64_t s0, int64_t s1, int64_t s2) {
    RawView v = contiguous(data, {n, n, n});
    v.stride[0] = s0;
    v.stride[1] = s1;
    v.stride[2] = s2;
    return v;
  };
  for (auto _ : state) {
    context.backend().contract(view(a.data(), n, 0, 1), false, view(b.data(), 0, 1, n), false, 1,
                               {}, view(c.data(), n, 1, 0), SumOrder::fastest, *context.stream);
  }
  state.counters["flops"] = 8.0 * std::pow(static_cast<double>(n), 3);
  state.SetLabel("matrix product, c64");
}
BENCHMARK(contract_matrix)->Arg(64)->Arg(256)->UseRealTime();

void fft_pass(benchmark::State& state) {
  const int64_t n = state.range(0);
  const bool columns = state.range(1) != 0;
  Context context;
  std::vector<c64> x = noise(8 * n * n), y = noise(8 * n * n);
  FftSpec spec;
  spec.extents = {8, n, n};
  spec.x_strides = spec.y_strides = {n * n, n, 1};
  spec.axes = {columns ? 1 : 2};
  const auto kernel = context.backend().fft(spec, *context.stream);
  std::vector<std::byte> workspace(kernel->workspace() + 64);
  auto* aligned =
      reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(workspace.data()) + 63) / 64 * 64);
  for (auto _ : state) kernel->run(x.data(), y.data(), {}, aligned, *context.stream);
  state.counters["flops"] = kernel->flops();
  state.counters["ns/point"] = benchmark::Counter(
      static_cast<double>(8 * n * n) * static_cast<double>(state.iterations()) / 1e9,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  traffic(state, kernel->bytes(),
          columns ? "one pass over columns of 8 images, c64, centred"
                  : "one pass over rows of 8 images, c64, centred");
}
BENCHMARK(fft_pass)
    ->Args({256, 0})
    ->Args({256, 1})
    ->Args({320, 0})
    ->Args({320, 1})
    ->Args({512, 0})
    ->Args({512, 1})
    ->UseRealTime();

struct Points {
  Context context;
  NufftSpec spec;
  std::vector<double> coordinates;
  Points(int64_t size, int64_t spokes, int64_t samples) {
    for (int64_t i = 0; i < spokes; ++i) {
      for (int64_t j = 0; j < samples; ++j) {
        const double radius = static_cast<double>(j - samples / 2) * static_cast<double>(size) /
                              static_cast<double>(samples);
        const double angle = M_PI * static_cast<double>(i) / static_cast<double>(spokes);
        coordinates.insert(coordinates.end(), {radius * std::sin(angle), radius * std::cos(angle)});
      }
    }
    spec.image = {size, size};
    spec.points = spokes * samples;
    spec.coordinates = coordinates.data();
  }
};

void nufft(benchmark::State& state, bool adjoint) {
  const int64_t size = 256, coils = state.range(0), spokes = state.range(1), samples = 512;
  Points problem(size, spokes, samples);
  const auto points = problem.context.backend().nufft(problem.spec, *problem.context.stream);
  std::vector<c64> image = noise(coils * size * size), data = noise(coils * spokes * samples);
  std::vector<std::byte> workspace(points->workspace(coils) + 64);
  auto* aligned =
      reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(workspace.data()) + 63) / 64 * 64);
  const RawView x = contiguous(image.data(), {1, coils, size, size}),
                y = contiguous(data.data(), {1, coils, spokes * samples});
  for (auto _ : state) {
    if (adjoint) {
      points->adjoint(y, {}, false, {}, x, aligned, *problem.context.stream);
    } else {
      points->forward(x, {}, false, {}, y, aligned, *problem.context.stream);
    }
  }
  const NufftCost cost = points->cost(coils, adjoint);
  state.counters["flops"] = cost.flops;
  state.counters["bytes"] = cost.bytes;
  state.SetLabel(
      fmt::format("256 x 256, {} coils, {} spokes x 512 samples, c64, tol 1e-4", coils, spokes));
}
void nufft_forward(benchmark::State& state) { nufft(state, false); }
void nufft_adjoint(benchmark::State& state) { nufft(state, true); }
BENCHMARK(nufft_forward)
    ->Args({1, 96})
    ->Args({8, 96})
    ->Args({8, 402})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(nufft_adjoint)
    ->Args({1, 96})
    ->Args({8, 96})
    ->Args({8, 402})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void toeplitz(benchmark::State& state) {
  const int64_t size = 256, coils = state.range(0);
  Points problem(size, 96, 512);
  ToeplitzSpec spec;
  spec.nufft = problem.spec;
  const auto kernel = problem.context.backend().toeplitz(spec, *problem.context.stream);
  std::vector<c64> image = noise(size * size), result = noise(size * size),
                   weights = noise(coils * size * size);
  std::vector<std::byte> workspace(kernel->workspace(coils) + 64);
  auto* aligned =
      reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(workspace.data()) + 63) / 64 * 64);
  NufftMaps maps;
  maps.maps = contiguous(weights.data(), {coils, size, size});
  maps.sum_batch = true;
  for (auto _ : state) {
    kernel->run(contiguous(image.data(), {1, 1, size, size}), maps, false, false, {},
                contiguous(result.data(), {1, 1, size, size}), aligned, *problem.context.stream);
  }
  const NufftCost cost = kernel->cost(coils);
  state.counters["flops"] = cost.flops;
  traffic(state, cost.bytes, "SENSE normal, 256 x 256, c64");
}
BENCHMARK(toeplitz)->Arg(1)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();

// T27: blocks of 8^3 every 4 elements of 128^3, two coils, against a copy that moves as many bytes.
struct Blocks {
  static constexpr int64_t kCoils = 2, kSize = 128, kBlock = 8, kStep = 4;
  static constexpr int64_t kCount = (kSize - kBlock) / kStep + 1;
  BlockGrid grid;
  std::vector<c64> array, blocks;
  Blocks() : array(noise(kCoils * kSize * kSize * kSize)) {
    grid.ndim = 3;
    grid.entries = kBlock * kBlock * kBlock;
    for (size_t d = 0; d < 3; ++d) {
      grid.extent[d] = kSize;
      grid.block[d] = kBlock;
      grid.stride[d] = kStep;
      grid.count[d] = kCount;
    }
    // Whole cache lines, as tensors have them.
    blocks.resize(static_cast<size_t>(kCoils * kCount * kCount * kCount * grid.entries + 8));
  }
  RawView array_view() { return contiguous(array.data(), {kCoils, kSize, kSize, kSize}); }
  RawView blocks_view() {
    auto* at = reinterpret_cast<c64*>((reinterpret_cast<uintptr_t>(blocks.data()) + 63) / 64 * 64);
    return contiguous(at, {kCoils, kCount, kCount, kCount, kBlock, kBlock, kBlock});
  }
  double bytes() const { return 8.0 * static_cast<double>(array.size() + blocks.size()); }
};

void array_to_blocks(benchmark::State& state) {
  Context context;
  Blocks b;
  for (auto _ : state) {
    context.backend().array_to_blocks(b.grid, b.array_view(), {}, b.blocks_view(), *context.stream);
  }
  traffic(state, b.bytes(), "two coils, 128^3, block 8, stride 4, c64");
}
void blocks_to_array(benchmark::State& state) {
  Context context;
  Blocks b;
  for (auto _ : state) {
    context.backend().blocks_to_array(b.grid, b.blocks_view(), {}, b.array_view(), *context.stream);
  }
  traffic(state, b.bytes(), "two coils, 128^3, block 8, stride 4, c64");
}
void blocks_floor(benchmark::State& state) {
  Context context;
  Blocks b;
  const int64_t n = static_cast<int64_t>(b.bytes()) / 16;
  std::vector<c64> copy(static_cast<size_t>(n));
  for (auto _ : state) {
    context.backend().copy(contiguous(b.blocks.data(), {n}), false, contiguous(copy.data(), {n}),
                           *context.stream);
  }
  traffic(state, b.bytes(), "a copy that moves as many bytes");
}
BENCHMARK(array_to_blocks)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(blocks_to_array)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(blocks_floor)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, "kernels"); }
