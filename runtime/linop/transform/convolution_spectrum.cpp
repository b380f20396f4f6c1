// SPDX-License-Identifier: MIT
#include "runtime/linop/transform/convolution_spectrum.hpp"

#include <algorithm>

#include "runtime/backend/backend.hpp"

namespace lunops {

namespace {

// Copies the taps of line l … to their places on the grid: those before the centre to its end.
void place_taps(const Tensor& kernel,
                const Tensor& grid,
                const std::vector<KernelLine>& lines,
                size_t l,
                Context& context) {
  if (l == lines.size()) {
    context.backend().copy(kernel.view(), false, grid.view(), *context.stream);
    return;
  }
  const KernelLine& line = lines[l];
  const int dim = static_cast<int>(line.dim);
  const int64_t centre = line.taps / 2;
  const int64_t before = std::min(centre, line.extent - 1);
  const int64_t behind = std::min(line.taps - centre, line.extent);
  const int64_t n = grid.shape().extent(dim);
  place_taps(kernel.slice(dim, centre, behind), grid.slice(dim, 0, behind), lines, l + 1, context);
  if (before > 0) {
    place_taps(kernel.slice(dim, centre - before, before), grid.slice(dim, n - before, before),
               lines, l + 1, context);
  }
}

// The same view without names, for kernels.
Tensor unnamed(const Tensor& t) { return t.shape().is_named() ? t.unname() : t; }

// Memory for a kernel's work.
Tensor workspace_of(size_t bytes, Context& context) {
  const auto count = static_cast<int64_t>((bytes + sizeof(c128) - 1) / sizeof(c128));
  return Tensor::empty(Shape::unnamed({std::max<int64_t>(1, count)}), DType::c128, context);
}

}  // namespace

WeightPtr ConvolutionSpectra::of(const WeightPtr& kernel,
                                 const std::vector<KernelLine>& lines,
                                 const std::vector<int64_t>& grid) {
  const std::lock_guard lock(mutex_);
  std::vector<int64_t> reach;
  for (const KernelLine& line : lines) reach.push_back(line.extent);
  for (const Made& m : made_) {
    if (m.grid == grid && m.extents == reach) return m.spectrum;
  }
  std::vector<int64_t> extents = kernel->extents();
  for (size_t l = 0; l < lines.size(); ++l) extents[lines[l].dim] = grid[l];
  auto recipe = [kernel, lines, extents](DType dtype, Context& context) {
    // In double, so that a spectrum adds no error of its own to c64 data.
    const Tensor k =
        unnamed(kernel->as(kernel->is_complex() ? DType::c128 : DType::f64, context, false));
    const Tensor placed = zeros(Shape::unnamed(extents), DType::c128, context);
    place_taps(k, placed, lines, 0, context);
    const Tensor spectrum = Tensor::empty(Shape::unnamed(extents), DType::c128, context);
    FftSpec spec;
    spec.dtype = DType::c128;
    spec.extents = extents;
    spec.x_strides = spec.y_strides = row_major(extents);
    for (const KernelLine& line : lines) spec.axes.push_back(static_cast<int>(line.dim));
    spec.centred = false;
    spec.deterministic = true;  // a tile's kernels have the same spectra
    const auto fft = context.backend().fft(spec, *context.stream);
    const Tensor workspace = workspace_of(fft->workspace(), context);
    fft->run(placed.data(), spectrum.data(), {}, static_cast<std::byte*>(workspace.data()),
             *context.stream);
    return spectrum.as(dtype, context);
  };
  made_.push_back(
      {grid, reach, std::make_shared<Weight>(extents, true, Weights{kernel}, std::move(recipe))});
  return made_.back().spectrum;
}

namespace {

// y[l mod extent] += x[l] along one dim, for lags -first … with lag 0 at floor(extent / 2) of y.
Tensor fold(const Tensor& x, int dim, int64_t first, int64_t extent, Context& context) {
  std::vector<int64_t> extents = x.shape().extents();
  extents[static_cast<size_t>(dim)] = extent;
  const Tensor y = zeros(Shape::unnamed(extents), x.dtype(), context);
  const int64_t count = x.shape().extent(dim);
  for (int64_t i = 0; i < count;) {
    const int64_t to = ((i - first + extent / 2) % extent + extent) % extent;
    const int64_t run = std::min(extent - to, count - i);
    axpby(1.0, x.slice(dim, i, run), 1.0, y.slice(dim, to, run), context);
    i += run;
  }
  return y;
}

}  // namespace

WeightPtr autocorrelation(const WeightPtr& kernel,
                          const std::vector<size_t>& kept,
                          const std::vector<size_t>& paired,
                          const std::vector<size_t>& summed,
                          const std::vector<KernelLine>& lines) {
  std::vector<int64_t> extents;
  for (const size_t d : kept) extents.push_back(kernel->extents()[d]);
  for (int copy = 0; copy < 2; ++copy) {
    for (const size_t d : paired) extents.push_back(kernel->extents()[d]);
  }
  const size_t first_line = extents.size();
  for (const KernelLine& line : lines) extents.push_back(std::min(2 * line.taps - 1, line.extent));
  auto recipe = [=](DType dtype, Context& context) {
    const DType inside = kernel->is_complex() ? DType::c128 : DType::f64;
    const Tensor k = unnamed(kernel->as(inside, context, false));
    // All lags, as the convolution of k with its reversed conjugate.
    std::vector<int64_t> all = extents;
    for (size_t l = 0; l < lines.size(); ++l) all[first_line + l] = 2 * lines[l].taps - 1;
    Tensor r = Tensor::empty(Shape::unnamed(all), inside, context);
    const std::vector<int64_t> strides = row_major(all);
    ConvolutionSpec spec;
    spec.dtype = spec.kernel_dtype = inside;
    spec.conjugate = true;
    int64_t end = 0;
    size_t at = 0;
    const auto of = [&](size_t d) { return k.strides()[d]; };
    const auto extent = [&](size_t d) { return kernel->extents()[d]; };
    for (const size_t d : kept) spec.kept.push_back({extent(d), of(d), strides[at++], of(d)});
    for (const size_t d : paired) spec.kept.push_back({extent(d), 0, strides[at++], of(d)});
    for (const size_t d : paired) spec.kept.push_back({extent(d), of(d), strides[at++], 0});
    for (const size_t d : summed) spec.summed.push_back({extent(d), of(d), 0, of(d)});
    for (const KernelLine& line : lines) {
      spec.lines.push_back(
          {2 * line.taps - 1, line.taps, line.taps, 0, of(line.dim), strides[at++], -of(line.dim)});
      end += (line.taps - 1) * of(line.dim);
    }
    spec.kernel =
        static_cast<const std::byte*>(k.data()) + end * static_cast<int64_t>(size_of(inside));
    const auto convolution = context.backend().convolution(spec, *context.stream);
    const Tensor workspace = workspace_of(convolution->workspace(), context);
    convolution->run(k.data(), r.data(), {}, static_cast<std::byte*>(workspace.data()),
                     *context.stream);
    for (size_t l = 0; l < lines.size(); ++l) {
      const KernelLine& line = lines[l];
      if (2 * line.taps - 1 <= line.extent) continue;
      r = fold(r, static_cast<int>(first_line + l), line.taps - 1, line.extent, context);
    }
    return r.as(dtype, context);
  };
  return std::make_shared<Weight>(extents, kernel->is_complex(), Weights{kernel},
                                  std::move(recipe));
}

WeightPtr convolved(const WeightPtr& a,
                    const std::vector<KernelLine>& a_lines,
                    const WeightPtr& b,
                    const std::vector<KernelLine>& b_lines) {
  std::vector<int64_t> all, extents;
  for (size_t l = 0; l < a_lines.size(); ++l) {
    // Of two even kernels the centre is that of one more tap, which is zero.
    const int64_t m = a_lines[l].taps, n = b_lines[l].taps;
    all.push_back(m + n - (m % 2 == 0 && n % 2 == 0 ? 0 : 1));
    extents.push_back(std::min(all.back(), a_lines[l].extent));
  }
  const bool is_complex = a->is_complex() || b->is_complex();
  auto recipe = [=](DType dtype, Context& context) {
    const DType inside = is_complex ? DType::c128 : DType::f64;
    const auto in_order = [&](const WeightPtr& w, const std::vector<KernelLine>& lines) {
      std::vector<int> order;
      for (const KernelLine& line : lines) order.push_back(static_cast<int>(line.dim));
      return unnamed(w->as(inside, context, false)).permute(order).contiguous(context);
    };
    const Tensor x = in_order(a, a_lines), k = in_order(b, b_lines);
    Tensor r = Tensor::empty(Shape::unnamed(all), inside, context);
    ConvolutionSpec spec;
    spec.dtype = spec.kernel_dtype = inside;
    for (size_t l = 0; l < all.size(); ++l) {
      spec.lines.push_back({all[l], a_lines[l].taps, b_lines[l].taps, 0, x.strides()[l],
                            r.strides()[l], k.strides()[l]});
    }
    spec.kernel = static_cast<const std::byte*>(k.data());
    const auto convolution = context.backend().convolution(spec, *context.stream);
    const Tensor workspace = workspace_of(convolution->workspace(), context);
    convolution->run(x.data(), r.data(), {}, static_cast<std::byte*>(workspace.data()),
                     *context.stream);
    for (size_t l = 0; l < all.size(); ++l) {
      if (all[l] == extents[l]) continue;
      const int64_t centre = a_lines[l].taps / 2 + b_lines[l].taps / 2;
      r = fold(r, static_cast<int>(l), centre, extents[l], context);
    }
    return r.as(dtype, context);
  };
  return std::make_shared<Weight>(extents, is_complex, Weights{a, b}, std::move(recipe));
}

}  // namespace lunops
