// SPDX-License-Identifier: MIT
#include "runtime/linop/nufft/nufft_normal.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/device/native.hpp"
#include "runtime/linop/bytes.hpp"
#include "runtime/linop/nufft/nufft_lower.hpp"
#include "runtime/linop/nufft/toeplitz_step.hpp"
#include "runtime/plan/nufft/cost.hpp"

namespace lunops {

NufftNormalCore::NufftNormalCore(std::shared_ptr<const NufftCore> f,
                                 std::shared_ptr<const DiagonalCore> middle,
                                 bool is_middle_conjugate,
                                 std::optional<AttachedMaps> maps,
                                 Composition composition)
    : Core(std::move(composition), f->name()),
      f_(std::move(f)),
      middle_(std::move(middle)),
      is_conjugate_(is_middle_conjugate),
      maps_(std::move(maps)) {}

Side NufftNormalCore::batch_terms() const {
  Side batch;
  if (middle_ == nullptr) return batch;
  for (const Term& t : middle_->terms()) {
    if (find_term(f_->sample_terms(), t) < 0 && find_term(f_->frame_terms(), t) < 0) {
      batch.push_back(t);
    }
  }
  return batch;
}

void NufftNormalCore::complete(Mode, const Shape& in, Shape& out) const {
  for (int i = 0; i < out.ndim(); ++i) {
    if (out.extent(i) == kUnknown) out = out.with_extent(i, in.extent(i));
  }
}

const NufftNormalCore* as_nufft_normal(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const NufftNormalCore*>(node.core.get());
}

namespace {

constexpr char kToeplitz = 0;  // its address tells kernels without weights from sorted points

MiddleWeights weights_of(const SampleDims& f,
                         const DiagonalCore& middle,
                         bool is_conjugate,
                         const Side& batch,
                         Context& context) {
  const bool is_complex = middle.weight()->is_complex();
  const Tensor values = middle.weight()
                            ->as(is_complex ? DType::c128 : DType::f64, context, false)
                            .to(Device::host(), context);
  // Axes in the order of the kernel's weights; a dim that M lacks repeats.
  Side order = batch;
  order.insert(order.end(), f.frames.begin(), f.frames.end());
  order.insert(order.end(), f.samples.begin(), f.samples.end());
  const std::vector<int64_t> strides = strides_for(order, middle.terms(), values);
  std::vector<int64_t> extents;
  int64_t count = 1;
  for (const Term& t : order) {
    const int at = find_term(middle.terms(), t);
    extents.push_back(at >= 0 ? values.shape().extent(at) : t.extent);
    count *= extents.back();
  }
  MiddleWeights made;
  made.real.resize(static_cast<size_t>(count));
  if (is_complex) made.imag.resize(static_cast<size_t>(count));
  std::vector<int64_t> index(order.size(), 0);
  for (int64_t p = 0; p < count; ++p) {
    int64_t at = 0;
    for (size_t a = 0; a < order.size(); ++a) at += index[a] * strides[a];
    const auto to = static_cast<size_t>(p);
    if (is_complex) {
      const c128 w = values.data_as<c128>()[at];
      made.real[to] = w.real();
      made.imag[to] = is_conjugate ? -w.imag() : w.imag();
    } else {
      made.real[to] = values.data_as<double>()[at];
    }
    for (size_t a = order.size(); a-- > 0;) {
      if (++index[a] < extents[a]) break;
      index[a] = 0;
    }
  }
  return made;
}

// What tiles along frames have in common.
NufftSpec of_one_frame(NufftSpec spec) noexcept {
  spec.frames = 1;
  if (spec.whole.points > 0) spec.whole.frames = 1;
  return spec;
}

// Points that do not exist weigh nothing, whatever M holds there.
void clear_missing(const SampleDims& f, MiddleWeights& w) {
  if (f.counts.empty()) return;
  const auto points = static_cast<size_t>(f.points);
  const auto frames = static_cast<size_t>(f.frame_count);
  for (size_t row = 0; row * points < w.real.size(); ++row) {
    const auto live = static_cast<size_t>(f.counts[row % frames]);
    for (size_t i = row * points + live; i < (row + 1) * points; ++i) {
      w.real[i] = 0;
      if (!w.imag.empty()) w.imag[i] = 0;
    }
  }
}

}  // namespace

SampleDims::SampleDims(const NufftCore& f)
    : frames(f.frame_terms()),
      samples(f.sample_terms()),
      frame_count(f.frames()),
      points(f.points_per_frame()),
      counts(f.counts()) {}

MiddleWeights middle_weights(const SampleDims& f,
                             const DiagonalCore* middle,
                             bool is_conjugate,
                             const Side& batch,
                             Context& context) {
  MiddleWeights w;
  if (middle != nullptr) {
    w = weights_of(f, *middle, is_conjugate, batch, context);
  } else {
    w.real.assign(static_cast<size_t>(f.frame_count * f.points), 1.0);
  }
  clear_missing(f, w);
  return w;
}

NufftNormalCore::Form NufftNormalCore::form(Builder& b,
                                            const NufftRoles& roles,
                                            DType dtype) const {
  Form made;
  double images = 1;
  for (const BatchAxis& a : roles.axes) images *= static_cast<double>(a.extent);
  const Side batch = batch_terms();
  for (const BatchAxis& a : roles.axes) {
    if (!batch.empty() && a.dim.name == batch.front().dim.name) made.kernels = a.extent;
  }
  const bool has_complex = middle_ != nullptr && middle_->weight()->is_complex();
  const NufftSpec spec = f_->spec(roles.extents, dtype);
  const auto count = static_cast<int64_t>(images);
  Backend& backend = b.context().backend();
  made.estimate = backend.estimate(spec, count, has_complex);
  made.build_seconds = made.estimate.build_seconds * static_cast<double>(made.kernels);
  // In deterministic plans those of one frame and one image decide, which any tile has.
  Backend::NufftEstimate e = made.estimate;
  double build_seconds = made.build_seconds;
  if (b.options().deterministic) {
    e = backend.estimate(of_one_frame(spec), 1, has_complex);
    build_seconds = e.build_seconds;
  }
  const double runs = b.applications();
  const Toeplitz wanted =
      b.options().toeplitz != Toeplitz::automatic ? b.options().toeplitz : f_->choices().toeplitz;
  made.is_toeplitz = runs * e.gridding_seconds > runs * e.toeplitz_seconds + build_seconds;
  std::string why =
      fmt::format("{:.0f} applications of {:.2g} s against {:.2g} s, {:.2g} s to build", runs,
                  e.toeplitz_seconds, e.gridding_seconds, build_seconds);
  // So that an operator is applied in one form wherever its data lie.
  if (is_gpu(b.context().device)) why += ", on one core of the host";
  made.choice.is_given = f_->choices().toeplitz != Toeplitz::automatic;
  if (wanted != Toeplitz::automatic) {
    made.is_toeplitz = wanted == Toeplitz::always;
    why = b.is_settled() && !made.choice.is_given
              ? fmt::format("Toeplitz does not fit; {}", why)
              : fmt::format("toeplitz = {} was given; {}", made.is_toeplitz, why);
  }
  made.choice.node = f_->label() + " normal";
  made.choice.chosen = made.is_toeplitz ? "Toeplitz" : "gridding";
  made.choice.why = why;
  made.choice.estimates = {
      {"Toeplitz", e.toeplitz_seconds}, {"gridding", e.gridding_seconds}, {"build", build_seconds}};
  return made;
}

void NufftNormalCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const AttachedMaps* maps = maps_ ? &*maps_ : nullptr;
  const NufftRoles roles = nufft_roles(*f_, maps, x.shape);
  if (roles.is_empty_image()) {
    b.add(prepare_step(make_ref(y), s));
    return;
  }
  std::vector<int> positions;
  std::vector<LoopAxis> axes;
  int summed = -1, forced = -1;
  const Side batch = batch_terms();
  for (size_t i = 0; i < roles.axes.size(); ++i) {
    if (roles.axes[i].image < 0) summed = forced = static_cast<int>(i);
    positions.push_back(roles.axes[i].image);
  }
  for (size_t i = 0; i < roles.axes.size(); ++i) {
    if (!batch.empty() && roles.axes[i].dim.name == batch.front().dim.name) {
      forced = static_cast<int>(i);
    }
  }
  NufftSpec spec = f_->spec(roles.extents, x.dtype);
  spec.deterministic = b.options().deterministic;
  const Form chosen = form(b, roles, x.dtype);
  const auto& estimate = chosen.estimate;
  const int64_t kernels = chosen.kernels;
  b.chose(chosen.choice);

  if (!chosen.is_toeplitz) {
    // Aᴴ M A in this mode: F and Fᴴ in conj or not, M by its own bit.
    const Mode flip = mode == Mode::conj || mode == Mode::transpose ? Mode::conj : Mode::forward;
    const Operand samples = b.slot(roles.sample_shape, x.dtype);
    lower_nufft(b, *f_, maps, flip, x, samples, StepScale{});
    if (middle_ != nullptr) {
      const bool conjugate = is_conjugate_ != conjugates(mode);
      middle_->lower(b, conjugate ? Mode::conj : Mode::forward, samples, samples, StepScale{});
    }
    lower_nufft(b, *f_, maps, Mode::adjoint ^ flip, samples, y, s);
    return;
  }

  const size_t kernel_bytes = estimate.kernel_bytes * static_cast<size_t>(kernels);
  b.rewrote("R14", fmt::format("{} normal -> Toeplitz ({} kernel, build {:.2g} s, tol {:g})",
                               f_->label(), bytes_text(static_cast<double>(kernel_bytes)),
                               chosen.build_seconds, spec.tol));
  const RoleView from = role_view(b, x, positions, roles.image_frames, roles.image, true);
  const RoleView to = role_view(b, y, positions, roles.image_frames, roles.image, false);
  for (size_t i = 0; i < roles.axes.size(); ++i) {
    axes.push_back({roles.axes[i].extent, {from.axes[i], to.axes[i], 0}});
  }
  Ref map;
  if (maps != nullptr) map = maps_ref(b, *maps, roles, x.dtype, axes);
  const Loops loops = group_axes(axes, forced);
  std::shared_ptr<const ToeplitzKernel> kernel;
  if (!b.is_dry()) {
    NufftCore::KernelKey key;
    key.image = roles.extents;
    key.dtype = x.dtype;
    key.backend = &b.context().backend();
    key.is_conjugate = is_conjugate_;
    key.is_deterministic = b.options().deterministic;
    key.kernels = kernels;
    if (middle_ != nullptr) {
      key.middle = middle_->weight();
      Side own = f_->frame_terms();
      own.insert(own.end(), f_->sample_terms().begin(), f_->sample_terms().end());
      for (const Term& t : middle_->terms()) key.middle_terms.push_back(find_term(own, t));
    }
    kernel = f_->kernel(key, [&] {
      ToeplitzSpec t;
      t.nufft = spec;
      t.kernels = kernels;
      const HeldArray<double> k = f_->coordinates(roles.extents, b.context());
      t.nufft.coordinates = k.data();
      MiddleWeights w;
      if (middle_ != nullptr || !f_->counts().empty()) {
        w = middle_weights(SampleDims(*f_), middle_.get(), is_conjugate_, batch, b.context());
        t.weights_real = w.real.data();
        t.weights_imag = w.imag.empty() ? nullptr : w.imag.data();
      }
      return b.context().backend().toeplitz(t, *b.context().stream);
    });
  }

  std::vector<int64_t> extents{f_->frames(), summed >= 0 ? 1 : loops.batch.extent};
  extents.insert(extents.end(), roles.extents.begin(), roles.extents.end());
  std::vector<int64_t> x_strides(extents.size()), y_strides;
  int64_t step = 1;
  for (size_t i = extents.size(); i-- > 2;) {
    x_strides[i] = step;
    step *= extents[i];
  }
  y_strides = x_strides;
  x_strides[0] = from.frames;
  y_strides[0] = to.frames;
  x_strides[1] = loops.batch.strides[0];
  y_strides[1] = loops.batch.strides[1];
  auto made = std::make_unique<ToeplitzStep>(kernel, mode, maps != nullptr, summed >= 0,
                                             to.is_copy ? StepScale{} : s, loops.loops);
  made->refs = {make_ref(from.operand, extents, x_strides),
                make_ref(to.operand, extents, y_strides)};
  made->written = 1;
  if (maps != nullptr) {
    map.view.extent[0] = loops.batch.extent;
    map.view.stride[0] = loops.batch.strides[2];
    made->refs.push_back(map);
  }
  double calls = 1;
  for (const LoopAxis& l : loops.loops) calls *= static_cast<double>(l.extent);
  if (kernel != nullptr) {
    b.persists(kernel.get(), kernel->bytes());
    made->scratch_bytes = kernel->workspace(loops.batch.extent);
    made->costs(kernel->cost(loops.batch.extent), calls);
  } else {
    ToeplitzSpec wanted;
    wanted.nufft = spec;
    wanted.kernels = kernels;
    const Backend::NufftBytes bytes = b.context().backend().nufft_bytes(
        wanted, !is_self_adjoint(), loops.batch.extent, *b.context().stream);
    b.persists(f_->shared(), bytes.kernel,
               f_->coordinate_bytes(*b.context().stream) + bytes.building,
               middle_ == nullptr ? static_cast<const void*>(&kToeplitz) : middle_->weight().get());
    made->scratch_bytes = bytes.toeplitz;
    made->costs(b.context().backend().toeplitz_cost(wanted, loops.batch.extent, !is_self_adjoint()),
                calls);
  }
  made->label = f_->label() + " normal, Toeplitz";
  b.add(std::move(made));
  if (to.is_copy) copy_back(b, to, y, positions, roles.image_frames, roles.image, s);
}

}  // namespace lunops
