// SPDX-License-Identifier: MIT
#include "runtime/linop/transform/interpolate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/device/native.hpp"
#include "runtime/linop/nufft/nufft_lower.hpp"
#include "runtime/linop/transform/constructors.hpp"
#include "runtime/plan/nufft/kaiser_bessel.hpp"

namespace lunops {

InterpolateCore::InterpolateCore(bool grids,
                                 WeightPtr positions,
                                 Side terms,
                                 Choices choices,
                                 Signature signature,
                                 std::string name)
    : Core(std::move(signature), std::move(name)),
      grids_(grids),
      positions_(std::move(positions)),
      choices_(choices),
      roles_(roles_of(this->signature(to_samples()), std::move(terms))) {
  for (const Term& t : roles_.frames) frame_count_ *= t.extent;
  for (const Term& t : roles_.samples) points_ *= t.extent;
}

InterpolateCore::InterpolateCore(const InterpolateCore& other, const Signature& form)
    : InterpolateCore(other.grids_,
                      other.positions_,
                      shown_terms(other.roles_.terms, other.signature(), form),
                      other.choices_,
                      form,
                      other.name()) {
  made_ = other.made_;
}

std::shared_ptr<const Core> InterpolateCore::rebuilt(Parts parts) const {
  const auto made = std::make_shared<InterpolateCore>(grids_, parts.weights.front(), roles_.terms,
                                                      choices_, signature(), parts.name);
  if (parts.weights.front()->same(*positions_)) made->made_ = made_;
  return made;
}

std::shared_ptr<const Core> InterpolateCore::shown_as(const Signature& form) const {
  return std::make_shared<InterpolateCore>(*this, form);
}

std::string InterpolateCore::details() const {
  std::string text =
      choices_.kernel == InterpolateSpec::Kernel::linear ? "linear" : "kaiser_bessel";
  text += ", width=";
  const size_t dims = roles_.image.size();
  const bool is_one =
      std::all_of(choices_.width.begin(), choices_.width.begin() + static_cast<ptrdiff_t>(dims),
                  [&](double w) { return w == choices_.width[0]; });
  for (size_t d = 0; d < (is_one ? 1 : dims); ++d)
    text += fmt::format("{}{:g}", d == 0 ? "" : "x", choices_.width[d]);
  return choices_.is_circular ? text : text + ", zero boundary";
}

namespace {

// log10 of the largest kernel value, of all dims together: the kernel is not normalised.
double log_of_most(const InterpolateCore::Choices& choices) {
  double sum = 0;  // beta is 0 for linear kernels and for dims that are not there
  for (const double beta : choices.beta) sum += nufft::log_bessel_i0(beta);
  return sum / std::numbers::ln10;
}

}  // namespace

void InterpolateCore::check_dtype(Mode mode, DType in) const {
  Core::check_dtype(mode, in);
  const double most = log_of_most(choices_);
  if (is_double(in) || most < std::log10(std::numeric_limits<float>::max())) return;
  fail(Code::dtype, "apply",
       "kernel values of {} reach 10^{:.0f}, more than {} holds; use x:as \"{}\", or a smaller "
       "width or beta",
       label_of(Node{shared_from_this(), mode, nullptr}), most, name_of(in),
       name_of(is_complex(in) ? DType::c128 : DType::f64));
}

Mode InterpolateCore::canonical(Mode mode) const noexcept {
  return transposes(mode) ? Mode::adjoint : Mode::forward;
}

bool InterpolateCore::same(const Core& other) const {
  const auto& o = static_cast<const InterpolateCore&>(other);
  const bool same_terms = std::equal(roles_.terms.begin(), roles_.terms.end(),
                                     o.roles_.terms.begin(), o.roles_.terms.end(), same_term);
  return positions_->same(*o.positions_) && same_terms && choices_ == o.choices_;
}

// Dims of samples and frames: the positions are sliced.
Tile InterpolateCore::cut(const TileRequest& request) const {
  for (const bool is_input : {true, false}) {
    const Slices& slices = is_input ? request.input : request.output;
    const Side side = terms_of(is_input ? signature().input() : signature().output());
    for (size_t i = 0; i < slices.size(); ++i) {
      if (slices[i] && find_term(roles_.image, side[i]) >= 0)
        refuse_cut(*this, side[i], {}, "grid");
    }
  }
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  return tile_of(std::make_shared<InterpolateCore>(
                     grids_, cut_weight(positions_, roles_.terms, signature(), part), roles_.terms,
                     choices_, cut_signature(signature(), part.input, part.output), name()),
                 part);
}

InterpolateSpec InterpolateCore::spec(const std::vector<int64_t>& grid, DType dtype) const {
  InterpolateSpec spec;
  spec.dtype = dtype;
  spec.grid = grid;
  spec.frames = frame_count_;
  spec.points = points_;
  spec.kernel = choices_.kernel;
  spec.width = choices_.width;
  spec.beta = choices_.beta;
  spec.is_circular = choices_.is_circular;
  return spec;
}

std::shared_ptr<const InterpolateKernel> InterpolateCore::kernel(const InterpolateSpec& spec,
                                                                 Context& context) const {
  std::lock_guard lock(made_->mutex);
  const Backend* backend = &context.backend();
  for (const Made::Kernel& k : made_->kernels) {
    if (k.dtype == spec.dtype && k.is_deterministic == spec.deterministic && k.backend == backend &&
        k.grid == spec.grid) {
      return k.kernel;
    }
  }
  const HeldArray<double> t =
      read_positions(kind(), positions_->tensor(), roles_, {}, *context.stream);
  InterpolateSpec s = spec;
  s.coordinates = t.data();
  auto made = context.backend().interpolate(s, *context.stream);
  made_->kernels.push_back({spec.grid, spec.dtype, spec.deterministic, backend, made});
  return made;
}

namespace {

class InterpolateStep final : public LoopStep {
 public:
  InterpolateStep(std::shared_ptr<const InterpolateKernel> kernel,
                  bool spreads,
                  StepScale scale,
                  std::vector<LoopAxis> loops)
      : LoopStep(std::move(loops)), kernel_(std::move(kernel)), spreads_(spreads), scale_(scale) {}

 private:
  // views: grid, samples.
  void call(const RawView* views, const lunops::Frame& f) const override {
    const Scale s = f.resolve(scale_);
    if (spreads_) {
      kernel_->adjoint(views[1], s, views[0], scratch_at(f), *f.stream);
    } else {
      kernel_->forward(views[0], s, views[1], scratch_at(f), *f.stream);
    }
  }

  std::shared_ptr<const InterpolateKernel> kernel_;
  bool spreads_;
  StepScale scale_;
};

// Errors of a width on a grid, where the extent is known.
void check_width(
    std::string_view operation, const Term& term, double width, bool is_circular, int64_t extent) {
  if (!is_circular || extent == kUnknown || width <= static_cast<double>(extent)) return;
  fail(Code::argument, operation,
       "width = {:g} of '{}' is more than its extent {}; a circular boundary needs at most that",
       width, text_of_base(term), extent);
}

}  // namespace

// About what a kernel keeps of a point: its place in the order, and the values of its stencil,
// those of the last dim in whole steps of the cpu kernel's loops.
static size_t expected_bytes_of_point(const InterpolateSpec& spec) {
  constexpr size_t kStep = 8;
  double width = 1;
  for (size_t d = 0; d < spec.grid.size(); ++d) width = std::max(width, spec.width[d]);
  const size_t wide = static_cast<size_t>(width) + 1;
  const size_t values = (wide + kStep - 1) / kStep * kStep + (spec.grid.size() - 1) * wide;
  return sizeof(int32_t) + values * size_of(real_of(spec.dtype));
}

void InterpolateCore::check_extents(Mode mode, const Operand& x, const Operand& y) const {
  const NufftRoles roles = sampling_roles(*this, to_samples(), roles_.samples, roles_.frames,
                                          nullptr, (spreads(mode) ? y : x).shape);
  for (size_t d = 0; d < roles.extents.size(); ++d) {
    if (roles.extents[d] == 0) continue;  // nothing stays nothing, whatever the kernel
    check_width(label(), roles_.image[d], choices_.width[d], choices_.is_circular,
                roles.extents[d]);
  }
}

void InterpolateCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  check_extents(mode, x, y);
  const bool is_spread = spreads(mode);
  const Operand& grid = is_spread ? y : x;
  const Operand& samples = is_spread ? x : y;
  const NufftRoles roles =
      sampling_roles(*this, to_samples(), roles_.samples, roles_.frames, nullptr, grid.shape);
  int64_t cells = 1;
  for (const int64_t n : roles.extents) cells *= n;
  if (cells == 0 || frame_count_ == 0) {
    b.add(prepare_step(make_ref(y), s));
    return;
  }
  std::vector<int> ga, sa;
  for (const BatchAxis& a : roles.axes) {
    ga.push_back(a.image);
    sa.push_back(a.samples);
  }
  const RoleView gv = role_view(b, grid, ga, roles.image_frames, roles.image, !is_spread);
  const RoleView sv = role_view(b, samples, sa, roles.sample_frames, roles.samples, is_spread);
  std::vector<LoopAxis> axes;
  for (size_t i = 0; i < roles.axes.size(); ++i)
    axes.push_back({roles.axes[i].extent, {gv.axes[i], sv.axes[i], 0}});
  const Loops loops = group_axes(axes, -1);

  std::vector<int64_t> extents{frame_count_, loops.batch.extent};
  extents.insert(extents.end(), roles.extents.begin(), roles.extents.end());
  std::vector<int64_t> strides(extents.size());
  int64_t step = 1;
  for (size_t i = extents.size(); i-- > 2;) {
    strides[i] = step;
    step *= extents[i];
  }
  strides[0] = gv.frames;
  strides[1] = loops.batch.strides[0];
  const RoleView& out = is_spread ? gv : sv;
  std::shared_ptr<const InterpolateKernel> made;
  InterpolateSpec wanted = spec(roles.extents, x.dtype);
  wanted.deterministic = b.options().deterministic;
  if (!b.is_dry()) made = kernel(wanted, b.context());
  auto call = std::make_unique<InterpolateStep>(made, is_spread, out.is_copy ? StepScale{} : s,
                                                loops.loops);
  call->refs = {make_ref(gv.operand, extents, strides),
                make_ref(sv.operand, {frame_count_, loops.batch.extent, points_},
                         {sv.frames, loops.batch.strides[1], 1})};
  call->written = is_spread ? 0 : 1;
  double calls = 1;
  for (const LoopAxis& l : loops.loops) calls *= static_cast<double>(l.extent);
  double terms = is_complex(x.dtype) ? 4.0 : 2.0;
  double held = static_cast<double>(frame_count_ * points_);
  for (size_t d = 0; d < roles.extents.size(); ++d) terms *= choices_.width[d];
  const double elements = static_cast<double>(frame_count_ * loops.batch.extent);
  call->flops = calls * terms * elements * static_cast<double>(points_);
  call->bytes = calls * elements * static_cast<double>(size_of(x.dtype)) *
                static_cast<double>(points_ + (is_spread ? 2 : 1) * cells);
  // As the NUFFT's cost model has it for its kernels on the host, eight elements at once.
  if (!is_gpu(b.context().device)) {
    call->seconds = 1e-9 * calls * held * std::ceil(static_cast<double>(loops.batch.extent) / 8.0) *
                    (8.0 + (is_spread ? 0.9 : 0.5) * terms / 4.0);
  }
  if (made != nullptr) {
    call->scratch_bytes = made->workspace(loops.batch.extent);
    b.persists(made.get(), made->held_bytes());
  } else {
    const size_t points = static_cast<size_t>(frame_count_ * points_);
    const size_t coordinates = points * roles.extents.size() * sizeof(double);
    const size_t held = points * expected_bytes_of_point(wanted);
    b.persists(made_.get(), held, coordinates);
  }
  b.add(std::move(call));
  if (!out.is_copy) return;
  if (is_spread) {
    copy_back(b, gv, y, ga, roles.image_frames, roles.image, s);
  } else {
    copy_back(b, sv, y, sa, roles.sample_frames, roles.samples, s);
  }
}

namespace {

InterpolateCore::Choices choices_of(const char* operation,
                                    const InterpolateOptions& o,
                                    const PositionRoles& roles) {
  InterpolateCore::Choices c;
  if (o.kernel == "linear") {
    c.kernel = InterpolateSpec::Kernel::linear;
  } else if (o.kernel != "kaiser_bessel") {
    const std::vector<std::string> known{"kaiser_bessel", "linear"};
    fail(Code::argument, operation, "kernel is '{}'; it is kaiser_bessel or linear{}", o.kernel,
         did_you_mean(o.kernel, known));
  }
  if (o.boundary == "zero") {
    c.is_circular = false;
  } else if (o.boundary != "circular") {
    const std::vector<std::string> known{"circular", "zero"};
    fail(Code::argument, operation, "boundary is '{}'; it is circular or zero{}", o.boundary,
         did_you_mean(o.boundary, known));
  }
  const bool is_linear = c.kernel == InterpolateSpec::Kernel::linear;
  if (is_linear && !(o.beta.empty() && o.oversamp.empty())) {
    fail(Code::argument, operation, "'{}' is an option of kernel = \"kaiser_bessel\" only",
         o.beta.empty() ? "oversamp" : "beta");
  }
  if (!o.beta.empty() && !o.oversamp.empty()) {
    fail(Code::argument, operation,
         "give either 'beta' or 'oversamp', from which beta is computed, not both");
  }
  by_image_dim(operation, "width", o.width, roles, "grid", c.width);
  std::array<double, 3> oversamp = {2, 2, 2};
  constexpr double kUnset = -1;
  c.beta = {kUnset, kUnset, kUnset};
  by_image_dim(operation, "oversamp", o.oversamp, roles, "grid", oversamp);
  for (const auto& [name, beta] : o.beta) {
    if (!(std::isfinite(beta) && beta >= 0))
      fail(Code::argument, operation, "beta = {:g} must be at least 0", beta);
  }
  by_image_dim(operation, "beta", o.beta, roles, "grid", c.beta);
  for (size_t d = 0; d < 3; ++d) {
    const double width = c.width[d];
    if (!(width >= 1 && width <= 16)) {
      fail(Code::argument, operation, "width = {:g} must be from 1 to 16", width);
    }
    if (!(oversamp[d] >= 1 && std::isfinite(oversamp[d]))) {
      fail(Code::argument, operation, "oversamp = {:g} must be at least 1", oversamp[d]);
    }
    if (is_linear || d >= roles.image.size()) {
      c.beta[d] = 0;
      continue;
    }
    if (c.beta[d] != kUnset) continue;
    const double ratio = width * (oversamp[d] - 0.5) / oversamp[d];
    const double square = ratio * ratio - 0.8;
    if (square < 0) {
      fail(Code::argument, operation,
           "width = {:g} with oversamp = {:g} gives beta^2 = {:.3g} pi^2; give 'beta' or a larger "
           "width",
           width, oversamp[d], square);
    }
    c.beta[d] = std::numbers::pi * std::sqrt(square);
  }
  const double most = log_of_most(c);
  if (!(most < std::log10(std::numeric_limits<double>::max()))) {
    fail(Code::argument, operation,
         "kernel values I0(beta) would reach 10^{:.0f} over all dims, more than f64 holds; use a "
         "smaller beta",
         most);
  }
  return c;
}

Linop make(bool grids,
           const Tensor& locs,
           std::string_view text,
           const InterpolateOptions& options) {
  const PositionWords words = {grids ? "Gridding" : "Interpolate", "locs", "locs", "grid"};
  const SignatureText parsed = parse_signature(words.operation, text);
  if (parsed.is_one_sided) {
    fail(Code::shape, words.operation, "\"{}\" has one side; write \"{}\"", text,
         grids ? fmt::format("samples -> {}", text) : fmt::format("{} -> samples", text));
  }
  const Signature to_samples = grids ? parsed.signature.adjoint() : parsed.signature;
  const PositionRoles roles = position_roles(words, locs, to_samples, text);
  const InterpolateCore::Choices choices = choices_of(words.operation, options, roles);
  const Signature full =
      with_options(words.operation, parsed.signature.with_extents(roles.extents), options);
  for (size_t d = 0; d < roles.image.size(); ++d) {
    const Term& t = roles.image[d];
    if (t.kind != Term::Kind::dim) continue;
    check_width(words.operation, t, choices.width[d], choices.is_circular, full.extent(t.dim));
  }
  const std::string owner = options.name.empty()
                                ? std::string(words.operation)
                                : fmt::format("{} '{}'", words.operation, options.name);
  return Linop(std::make_shared<InterpolateCore>(grids, std::make_shared<Weight>(locs, owner),
                                                 roles.terms, choices, full, options.name));
}

}  // namespace

Linop Interpolate(const Tensor& locs, std::string_view text, const InterpolateOptions& options) {
  return make(false, locs, text, options);
}

Linop Gridding(const Tensor& locs, std::string_view text, const InterpolateOptions& options) {
  return make(true, locs, text, options);
}

}  // namespace lunops
