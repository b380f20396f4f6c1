// SPDX-License-Identifier: MIT
#include "runtime/linop/nufft/nufft_matrix.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/bytes.hpp"
#include "runtime/linop/nufft/nufft_lower.hpp"
#include "runtime/linop/nufft/toeplitz_step.hpp"
#include "runtime/plan/nufft/cost.hpp"

namespace lunops {

namespace {

// Sustained rate of contractions over small dims, one core.
constexpr double kContractionFlops = 8e9;

int64_t extent_of(const Weight& w, const Side& terms, const Term& t) {
  const int at = find_term(terms, t);
  return at < 0 ? 1 : w.extents()[static_cast<size_t>(at)];
}

Side base_terms(Side side) {
  for (Term& t : side) t.dim.primes = 0;
  return side;
}

}  // namespace

int64_t MatrixMiddle::k() const { return extent_of(*weight, terms, input); }

bool MatrixMiddle::is_complex() const {
  return weight->is_complex() || (diagonal != nullptr && diagonal->weight()->is_complex());
}

bool MatrixMiddle::is_hermitian() const {
  return is_pair && (diagonal == nullptr || !diagonal->weight()->is_complex());
}

NufftMatrixCore::NufftMatrixCore(std::shared_ptr<const NufftCore> f,
                                 MatrixMiddle middle,
                                 std::optional<AttachedMaps> maps,
                                 Signature signature)
    : Core(std::move(signature), f->name()),
      f_(std::move(f)),
      middle_(std::move(middle)),
      maps_(std::move(maps)) {}

void NufftMatrixCore::complete(Mode, const Shape& in, Shape& out) const {
  for (int i = 0; i < out.ndim(); ++i) {
    if (out.extent(i) == kUnknown) out = out.with_extent(i, in.extent(i));
  }
}

// Roles of the dims of an image operand whose coupled dim stands where F has its frames.
struct NufftMatrixCore::Roles {
  NufftRoles all;
  std::vector<int> coupled;  // its position
  std::vector<int> positions;
  int summed = -1;           // the axis that the maps sum over
  double images = 1;         // that F transforms for each frame, or for each input of G
  double outer = 1;          // the same without the axis that the maps produce
  int64_t frames_apart = 1;  // frames that share the points of F
};

NufftMatrixCore::Roles NufftMatrixCore::roles(const Shape& x) const {
  Roles r;
  const int at = x.find_base(middle_.input.dim.name);
  Shape seen = x;
  if (!middle_.frame.dim.name.empty()) {
    std::vector<Dim> dims = x.dims();
    std::vector<int64_t> extents = x.extents();
    dims[static_cast<size_t>(at)] = middle_.frame.dim.without_primes();
    extents[static_cast<size_t>(at)] = extent_of(*middle_.weight, middle_.terms, middle_.frame);
    seen = Shape(std::move(dims), std::move(extents));
  }
  r.all = nufft_roles(*f_, maps_ ? &*maps_ : nullptr, seen);
  r.coupled = {at};
  auto& axes = r.all.axes;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].image != at) continue;
    if (!middle_.frame.dim.name.empty()) r.frames_apart = axes[i].extent;
    axes.erase(axes.begin() + static_cast<ptrdiff_t>(i));
    break;
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].image < 0) r.summed = static_cast<int>(i);
    r.positions.push_back(axes[i].image);
    r.images *= static_cast<double>(axes[i].extent);
    if (axes[i].image >= 0) r.outer *= static_cast<double>(axes[i].extent);
  }
  return r;
}

NufftMatrixCore::Estimate NufftMatrixCore::estimate(Context& context,
                                                    const Shape& x,
                                                    DType dtype,
                                                    bool of_one_image) const {
  Roles r = roles(x);
  if (of_one_image) r.images = r.outer = 1;
  const NufftSpec spec = f_->spec(r.all.extents, dtype);
  const int64_t k = middle_.k();
  const auto images = static_cast<int64_t>(r.images);
  Backend& backend = context.backend();
  Estimate e;
  e.kernels = matrix_kernels(k, middle_.is_hermitian());
  NufftSpec coupled = spec;
  coupled.frames = k;
  const auto form = backend.estimate(coupled, images, middle_.is_complex());
  std::array<int64_t, 3> grid = {1, 1, 1};
  for (size_t d = 0; d < spec.image.size(); ++d) {
    grid[d] = form.embedded ? nufft::embedding_grid(spec.image)[d] : 2 * spec.image[d];
  }
  e.toeplitz_seconds =
      form.toeplitz_seconds + nufft::toeplitz_matrix(spec, grid, k, images).seconds;
  e.kernel_bytes = form.kernel_bytes / static_cast<size_t>(k) * static_cast<size_t>(e.kernels);
  NufftSpec joined = spec;
  joined.points = spec.points * spec.frames;
  joined.frames = 1;
  e.build_seconds = nufft::toeplitz_build(joined, 1, middle_.is_complex()).seconds *
                    static_cast<double>(e.kernels);

  double pixels = 1;
  for (const int64_t n : spec.image) pixels *= static_cast<double>(n);
  const int64_t each = middle_.frame.dim.name.empty() ? k : r.frames_apart;
  e.gridding_seconds = backend.estimate(spec, images * each, false).gridding_seconds;
  // B on images, or G on samples, and its adjoint.
  const double elements =
      middle_.frame.dim.name.empty()
          ? r.images * static_cast<double>(spec.points)
          : r.outer * pixels * static_cast<double>(spec.frames * r.frames_apart);
  e.gridding_seconds += 16.0 * static_cast<double>(k) * elements / kContractionFlops;
  return e;
}

namespace {

// The weights of one kernel after another: B or G, and M, over {frames apart, frames, points}.
class KernelWeights {
 public:
  KernelWeights(const NufftCore& f, const MatrixMiddle& middle, Context& context)
      : is_pair_(middle.is_pair),
        is_hermitian_(middle.is_hermitian()),
        k_(middle.k()),
        counts_(f.counts()),
        per_frame_(f.points_per_frame()) {
    const bool is_apart =
        !middle.frame.dim.name.empty() && find_term(base_terms(f.frame_terms()), middle.frame) < 0;
    if (is_apart) order_.push_back(middle.frame);
    const size_t inner = order_.size();
    for (const Side* side : {&f.frame_terms(), &f.sample_terms()}) {
      for (const Term& t : base_terms(*side)) order_.push_back(t);
    }
    if (is_apart) extents_.push_back(extent_of(*middle.weight, middle.terms, middle.frame));
    for (const Side* side : {&f.frame_terms(), &f.sample_terms()}) {
      for (const Term& t : *side) extents_.push_back(t.extent);
    }
    apart_ = is_apart ? extents_.front() : 1;
    for (size_t i = inner; i < extents_.size(); ++i) points_ *= extents_[i];

    b_ = read(*middle.weight, middle.terms, middle.is_conjugate, context);
    input_step_ = strides_for({middle.input}, middle.terms, b_.tensor).front();
    if (!is_pair_) output_step_ = strides_for({middle.output}, middle.terms, b_.tensor).front();
    if (middle.diagonal != nullptr) {
      m_ = read(*middle.diagonal->weight(), base_terms(middle.diagonal->terms()),
                middle.is_diagonal_conjugate, context);
    }
  }

  void fill(int64_t kernel, double* real, double* imag) const {
    int64_t at = 0;
    for (int64_t a = 0; a < k_; ++a) {
      for (int64_t b = is_hermitian_ ? a : 0; b < k_; ++b) {
        if (at++ == kernel) return fill(a, b, real, imag);
      }
    }
  }

 private:
  struct Values {
    Tensor tensor;
    std::vector<int64_t> strides;  // by `order_`
    bool is_conjugate = false;
    c128 at(int64_t offset) const {
      const c128 v = tensor.data_as<c128>()[offset];
      return is_conjugate ? std::conj(v) : v;
    }
  };

  Values read(const Weight& w, const Side& terms, bool conjugate, Context& context) const {
    Values v;
    v.tensor = w.as(DType::c128, context, false).to(Device::host(), context);
    v.strides = strides_for(order_, terms, v.tensor);
    v.is_conjugate = conjugate;
    return v;
  }

  void fill(int64_t a, int64_t b, double* real, double* imag) const {
    std::vector<int64_t> index(extents_.size(), 0);
    int64_t of_b = 0, of_m = 0;
    std::fill_n(real, points_, 0.0);
    if (imag != nullptr) std::fill_n(imag, points_, 0.0);
    for (int64_t n = 0; n < apart_ * points_; ++n) {
      c128 w = m_.tensor.is_empty_handle() ? c128(1) : m_.at(of_m);
      if (is_pair_) {
        w *= std::conj(b_.at(of_b + a * input_step_)) * b_.at(of_b + b * input_step_);
      } else {
        w *= b_.at(of_b + a * output_step_ + b * input_step_);
      }
      // Points that do not exist weigh nothing, whatever the weights hold there.
      const int64_t point = n % points_;
      const bool exists =
          counts_.empty() || point % per_frame_ < counts_[static_cast<size_t>(point / per_frame_)];
      real[point] += exists ? w.real() : 0.0;
      if (imag != nullptr) imag[point] += exists ? w.imag() : 0.0;
      for (size_t i = index.size(); i-- > 0;) {
        of_b += b_.strides[i];
        if (!m_.strides.empty()) of_m += m_.strides[i];
        if (++index[i] < extents_[i]) break;
        of_b -= extents_[i] * b_.strides[i];
        if (!m_.strides.empty()) of_m -= extents_[i] * m_.strides[i];
        index[i] = 0;
      }
    }
  }

  bool is_pair_, is_hermitian_;
  int64_t k_;
  const std::vector<int64_t>& counts_;
  int64_t per_frame_;
  Side order_;
  std::vector<int64_t> extents_;
  int64_t apart_ = 1, points_ = 1, input_step_ = 0, output_step_ = 0;
  Values b_, m_;
};

}  // namespace

void NufftMatrixCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const AttachedMaps* maps = maps_ ? &*maps_ : nullptr;
  const Roles r = roles(x.shape);
  if (r.all.is_empty_image()) {
    b.add(prepare_step(make_ref(y), s));
    return;
  }
  const Estimate e = estimate(b.context(), x.shape, x.dtype);
  NufftSpec spec = f_->spec(r.all.extents, x.dtype);
  spec.deterministic = b.options().deterministic;
  const int64_t k = middle_.k();
  const RoleView from = role_view(b, x, r.positions, r.coupled, r.all.image, true);
  const RoleView to = role_view(b, y, r.positions, r.coupled, r.all.image, false);
  std::vector<LoopAxis> axes;
  for (size_t i = 0; i < r.all.axes.size(); ++i) {
    axes.push_back({r.all.axes[i].extent, {from.axes[i], to.axes[i], 0}});
  }
  Ref map;
  if (maps != nullptr) map = maps_ref(b, *maps, r.all, x.dtype, axes);
  const Loops loops = group_axes(axes, r.summed);

  std::shared_ptr<const ToeplitzKernel> kernel;
  if (!b.is_dry()) {
    NufftCore::KernelKey key;
    key.image = r.all.extents;
    key.dtype = x.dtype;
    key.backend = &b.context().backend();
    key.is_deterministic = b.options().deterministic;
    key.kernels = e.kernels;
    key.matrix = middle_.weight;
    key.is_matrix_conjugate = middle_.is_conjugate;
    Side own = base_terms(f_->frame_terms());
    const Side samples = base_terms(f_->sample_terms());
    own.insert(own.end(), samples.begin(), samples.end());
    for (const Term& t : middle_.terms) key.matrix_terms.push_back(find_term(own, t));
    if (middle_.diagonal != nullptr) {
      key.middle = middle_.diagonal->weight();
      key.is_conjugate = middle_.is_diagonal_conjugate;
      for (const Term& t : base_terms(middle_.diagonal->terms())) {
        key.middle_terms.push_back(find_term(own, t));
      }
    }
    kernel = f_->kernel(key, [&] {
      ToeplitzSpec t;
      t.nufft = spec;
      t.kernels = e.kernels;
      t.matrix = k;
      t.is_hermitian = middle_.is_hermitian();
      t.has_complex_fill = middle_.is_complex();
      const KernelWeights weights(*f_, middle_, b.context());
      t.fill = [&](int64_t pair, double* re, double* im) { weights.fill(pair, re, im); };
      const HeldArray<double> points = f_->coordinates(r.all.extents, b.context());
      t.nufft.coordinates = points.data();
      return b.context().backend().toeplitz(t, *b.context().stream);
    });
  }

  std::vector<int64_t> extents{k, r.summed >= 0 ? 1 : loops.batch.extent};
  extents.insert(extents.end(), r.all.extents.begin(), r.all.extents.end());
  std::vector<int64_t> x_strides = row_major(extents), y_strides = x_strides;
  x_strides[0] = from.frames;
  y_strides[0] = to.frames;
  x_strides[1] = loops.batch.strides[0];
  y_strides[1] = loops.batch.strides[1];
  auto step = std::make_unique<ToeplitzStep>(kernel, mode, maps != nullptr, r.summed >= 0,
                                             to.is_copy ? StepScale{} : s, loops.loops);
  step->refs = {make_ref(from.operand, extents, x_strides),
                make_ref(to.operand, extents, y_strides)};
  step->written = 1;
  if (maps != nullptr) {
    map.view.extent[0] = loops.batch.extent;
    map.view.stride[0] = loops.batch.strides[2];
    step->refs.push_back(map);
  }
  double calls = 1;
  for (const LoopAxis& l : loops.loops) calls *= static_cast<double>(l.extent);
  if (kernel != nullptr) {
    b.persists(kernel.get(), kernel->bytes());
    step->scratch_bytes = kernel->workspace(loops.batch.extent);
    step->costs(kernel->cost(loops.batch.extent), calls);
  } else {
    ToeplitzSpec wanted;
    wanted.nufft = spec;
    wanted.kernels = e.kernels;
    wanted.matrix = k;
    const Backend::NufftBytes bytes = b.context().backend().nufft_bytes(
        wanted, middle_.is_complex(), loops.batch.extent, *b.context().stream);
    b.persists(f_->shared(), bytes.kernel,
               f_->coordinate_bytes(*b.context().stream) + bytes.building, middle_.weight.get());
    step->scratch_bytes = bytes.toeplitz;
    step->costs(
        b.context().backend().toeplitz_cost(wanted, loops.batch.extent, middle_.is_complex()),
        calls);
  }
  step->label = fmt::format("{} normal, {} x {} Toeplitz", f_->label(), k, k);
  b.add(std::move(step));
  if (to.is_copy) copy_back(b, to, y, r.positions, r.coupled, r.all.image, s);
}

}  // namespace lunops
