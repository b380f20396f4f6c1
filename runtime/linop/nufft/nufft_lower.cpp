// SPDX-License-Identifier: MIT
#include "runtime/linop/nufft/nufft_lower.hpp"

#include <algorithm>
#include <numeric>

#include "runtime/device/native.hpp"
#include "runtime/plan/nufft/cost.hpp"

namespace lunops {

namespace {

class NufftStep final : public LoopStep {
 public:
  NufftStep(std::shared_ptr<const NufftPoints> points,
            bool is_adjoint,
            bool conjugate,
            bool has_maps,
            bool sum_batch,
            StepScale scale,
            std::vector<LoopAxis> loops)
      : LoopStep(std::move(loops)),
        points_(std::move(points)),
        is_adjoint_(is_adjoint),
        conjugate_(conjugate),
        has_maps_(has_maps),
        sum_batch_(sum_batch),
        scale_(scale) {}

 private:
  // views: image, samples, maps.
  void call(const RawView* views, const Frame& f) const override {
    NufftMaps maps;
    if (has_maps_) maps.maps = views[2];
    maps.sum_batch = sum_batch_;
    const Scale s = f.resolve(scale_);
    if (is_adjoint_) {
      points_->adjoint(views[1], maps, conjugate_, s, views[0], scratch_at(f), *f.stream);
    } else {
      points_->forward(views[0], maps, conjugate_, s, views[1], scratch_at(f), *f.stream);
    }
  }

  std::shared_ptr<const NufftPoints> points_;
  bool is_adjoint_, conjugate_, has_maps_, sum_batch_;
  StepScale scale_;
};

std::vector<int> image_axes(const NufftRoles& r) {
  std::vector<int> positions;
  for (const BatchAxis& a : r.axes) positions.push_back(a.image);
  return positions;
}

std::vector<int> sample_axes(const NufftRoles& r) {
  std::vector<int> positions;
  for (const BatchAxis& a : r.axes) positions.push_back(a.samples);
  return positions;
}

size_t existing_points(const NufftCore& f) noexcept {
  const auto& counts = f.counts();
  if (counts.empty()) return static_cast<size_t>(f.frames() * f.points_per_frame());
  return static_cast<size_t>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
}

}  // namespace

size_t expected_points_bytes(const NufftCore& f, DType dtype) noexcept {
  // Fraction, cell and index of a point: 16 bytes in 2-D c64, 24 in 3-D (nufft.md §3).
  const size_t per_dim = is_double(dtype) ? 10 : 6;
  return existing_points(f) * (4 + per_dim * f.image_terms().size());
}

size_t expected_sorting_bytes(const NufftCore& f, DType dtype, const Stream& stream) noexcept {
  if (!is_gpu(stream.device())) return f.coordinate_bytes(stream);
  // The coordinates are there all the time; first keys and indices, twice and with an eighth of a
  // byte for the sort, then the keys beside what is kept.
  const size_t points = existing_points(f), kept = expected_points_bytes(f, dtype);
  const size_t first = 16 * points + points / 8, then = kept + 4 * points;
  const auto all = static_cast<size_t>(f.frames() * f.points_per_frame());
  return all * f.image_terms().size() * sizeof(double) + std::max(first, then) - kept;
}

void lower_nufft(Builder& b,
                 const NufftCore& f,
                 const AttachedMaps* maps,
                 Mode mode,
                 const Operand& x,
                 const Operand& y,
                 const StepScale& s) {
  const bool is_adjoint = transposes(mode);
  const Operand& image = is_adjoint ? y : x;
  const Operand& samples = is_adjoint ? x : y;
  const NufftRoles roles = nufft_roles(f, maps, image.shape);
  if (roles.is_empty_image()) {
    b.add(prepare_step(make_ref(y), s));
    return;
  }
  const std::vector<int> ia = image_axes(roles), sa = sample_axes(roles);
  const RoleView iv = role_view(b, image, ia, roles.image_frames, roles.image, !is_adjoint);
  const RoleView sv = role_view(b, samples, sa, roles.sample_frames, roles.samples, is_adjoint);

  std::vector<LoopAxis> axes;
  int summed = -1;
  for (size_t i = 0; i < roles.axes.size(); ++i) {
    if (roles.axes[i].image < 0) summed = static_cast<int>(i);
    axes.push_back({roles.axes[i].extent, {iv.axes[i], sv.axes[i], 0}});
  }
  Ref map;
  if (maps != nullptr) map = maps_ref(b, *maps, roles, x.dtype, axes);
  const Loops loops = group_axes(axes, summed);

  std::vector<int64_t> image_extents{f.frames(), summed >= 0 ? 1 : loops.batch.extent};
  std::vector<int64_t> image_strides{iv.frames, loops.batch.strides[0]};
  int64_t step = 1;
  image_extents.insert(image_extents.end(), roles.extents.begin(), roles.extents.end());
  image_strides.resize(image_extents.size());
  for (size_t i = image_extents.size(); i-- > 2;) {
    image_strides[i] = step;
    step *= image_extents[i];
  }

  const RoleView& out = is_adjoint ? iv : sv;
  const StepScale scale = out.is_copy ? StepScale{} : s;
  std::shared_ptr<const NufftPoints> points;
  const bool deterministic = b.options().deterministic;
  if (!b.is_dry()) points = f.points(roles.extents, x.dtype, deterministic, b.context());
  // F flips the sign of the exponent in conj and transpose: conj(Fᴴ) is the transpose.
  auto step_made =
      std::make_unique<NufftStep>(points, is_adjoint, conjugates(mode) != transposes(mode),
                                  maps != nullptr, summed >= 0, scale, loops.loops);
  step_made->refs = {make_ref(iv.operand, image_extents, image_strides),
                     make_ref(sv.operand, {f.frames(), loops.batch.extent, f.points_per_frame()},
                              {sv.frames, loops.batch.strides[1], 1})};
  step_made->written = is_adjoint ? 0 : 1;
  step_made->is_atomic = is_adjoint && !deterministic && is_gpu(b.context().device);
  if (maps != nullptr) {
    map.view.extent[0] = loops.batch.extent;
    map.view.stride[0] = loops.batch.strides[2];
    step_made->refs.push_back(map);
  }
  double calls = 1;
  for (const LoopAxis& l : loops.loops) calls *= static_cast<double>(l.extent);
  if (points != nullptr) {
    step_made->scratch_bytes = points->workspace(loops.batch.extent);
    step_made->costs(points->cost(loops.batch.extent, is_adjoint), calls);
    b.persists(f.shared(), points->parameters().bytes);
  } else {
    NufftSpec spec = f.spec(roles.extents, x.dtype);
    spec.deterministic = deterministic;
    step_made->costs(b.context().backend().gridding_cost(spec, loops.batch.extent, is_adjoint),
                     calls);
    ToeplitzSpec wanted;
    wanted.nufft = spec;
    step_made->scratch_bytes =
        b.context()
            .backend()
            .nufft_bytes(wanted, false, loops.batch.extent, *b.context().stream)
            .gridding;
    b.persists(f.shared(), expected_points_bytes(f, x.dtype),
               expected_sorting_bytes(f, x.dtype, *b.context().stream));
  }
  b.add(std::move(step_made));
  if (out.is_copy) {
    if (is_adjoint) {
      copy_back(b, iv, y, ia, roles.image_frames, roles.image, s);
    } else {
      copy_back(b, sv, y, sa, roles.sample_frames, roles.samples, s);
    }
  }
}

}  // namespace lunops
