// SPDX-License-Identifier: MIT
#include "runtime/linop/nufft/nufft.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/native.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

constexpr double kTolLimitSingle = 5e-7, kTolLimitDouble = 1e-13;  // nufft.md §2

}  // namespace

NufftCore::NufftCore(WeightPtr trajectory,
                     Side terms,
                     WeightPtr counts,
                     std::vector<int64_t> live,
                     NufftChoices choices,
                     Signature signature,
                     std::string name)
    : Core(std::move(signature), std::move(name)),
      trajectory_(std::move(trajectory)),
      counts_weight_(std::move(counts)),
      counts_(std::move(live)),
      choices_(std::move(choices)),
      roles_(roles_of(this->signature(), std::move(terms))) {
  for (const Term& t : roles_.frames) frame_count_ *= t.extent;
  for (const Term& t : roles_.samples) points_ *= t.extent;
}

NufftCore::NufftCore(const NufftCore& other, const Signature& form)
    : NufftCore(other.trajectory_,
                shown_terms(other.roles_.terms, other.signature(), form),
                other.counts_weight_,
                other.counts_,
                other.choices_,
                form,
                other.name()) {
  made_ = other.made_;
}

std::shared_ptr<const Core> NufftCore::rebuilt(Parts parts) const {
  const WeightPtr counts = parts.weights.size() > 1 ? parts.weights.back() : nullptr;
  if (counts != counts_weight_) require_same_weights(parts);
  const auto made = std::make_shared<NufftCore>(parts.weights.front(), roles_.terms, counts,
                                                counts_, choices_, signature(), parts.name);
  if (parts.weights.front()->same(*trajectory_)) {
    made->made_ = made_;
  } else if (parts.is_move) {
    made->made_ = made_on(parts.weights.front()->device());
  }
  return made;
}

std::shared_ptr<NufftCore::Made> NufftCore::made_on(Device device) const {
  const std::lock_guard lock(made_->mutex);
  std::erase_if(made_->placed, [](const auto& known) { return known.second.expired(); });
  for (const auto& [known, made] : made_->placed) {
    if (!(known == device)) continue;
    if (auto alive = made.lock()) return alive;
  }
  auto made = std::make_shared<Made>();
  made->has_warned = made_->has_warned.load();
  made_->placed.emplace_back(device, made);
  return made;
}

std::shared_ptr<const Core> NufftCore::shown_as(const Signature& form) const {
  return std::make_shared<NufftCore>(*this, form);
}

std::string NufftCore::details() const {
  if (choices_.is_nearest) return "nearest";
  if (choices_.width > 0) return fmt::format("width={}", choices_.width);
  return choices_.tol ? fmt::format("tol={:g}", *choices_.tol) : std::string("tol=auto");
}

bool NufftCore::same(const Core& other) const {
  const auto& o = static_cast<const NufftCore&>(other);
  if (!parts_.empty() || !o.parts_.empty()) return this == &o;
  const NufftChoices &a = choices_, &b = o.choices_;
  const bool same_terms = std::equal(roles_.terms.begin(), roles_.terms.end(),
                                     o.roles_.terms.begin(), o.roles_.terms.end(), same_term);
  return counts_ == o.counts_ && a.is_nearest == b.is_nearest &&
         trajectory_->same(*o.trajectory_) && same_terms && a.tol == b.tol && a.width == b.width &&
         a.oversamp == b.oversamp && a.grid == b.grid && a.units == b.units &&
         a.toeplitz == b.toeplitz;
}

bool NufftCore::matches(const KernelKey& a, const KernelKey& b) noexcept {
  const auto same = [](const WeightPtr& p, const WeightPtr& q) {
    return p == q || (p != nullptr && q != nullptr && p->same(*q));
  };
  return same(a.middle, b.middle) && same(a.matrix, b.matrix) && a.matrix_terms == b.matrix_terms &&
         a.is_matrix_conjugate == b.is_matrix_conjugate && a.middle_terms == b.middle_terms &&
         a.image == b.image && a.dtype == b.dtype && a.backend == b.backend &&
         a.is_conjugate == b.is_conjugate && a.is_deterministic == b.is_deterministic &&
         a.kernels == b.kernels;
}

NufftSpec NufftCore::spec(const std::vector<int64_t>& image, DType dtype) const {
  NufftSpec spec;
  spec.dtype = dtype;
  spec.image = image;
  spec.frames = frame_count_;
  spec.points = points_;
  spec.width = choices_.width;
  spec.oversamp = choices_.oversamp;
  spec.grid = choices_.grid;
  spec.is_nearest = choices_.is_nearest;
  spec.counts = counts_.empty() ? nullptr : counts_.data();
  if (choices_.whole) spec.whole = *choices_.whole;
  spec.tol = choices_.tol.value_or(is_double(dtype) ? 1e-9 : 1e-4);
  const double limit = is_double(dtype) ? kTolLimitDouble : kTolLimitSingle;
  if (choices_.width == 0 && !spec.is_nearest && spec.tol < limit) {
    fail(Code::argument, "NUFFT", "tol = {:g} is below what {} can reach ({:g}); use tol >= {:g}{}",
         spec.tol, name_of(dtype), limit, limit, is_double(dtype) ? "" : " or data in c128");
  }
  return spec;
}

double NufftCore::cycles_per_unit(int64_t extent) const noexcept {
  const auto n = static_cast<double>(extent);
  if (choices_.units == "radians") return n / (2 * std::numbers::pi);
  return choices_.units == "normalized" ? n : 1.0;
}

HeldArray<double> NufftCore::coordinates(const std::vector<int64_t>& image,
                                         Context& context) const {
  if (!parts_.empty()) return joined_coordinates(image, context);
  HeldArray<double> k = read_positions("NUFFT", trajectory(), roles_, counts_, *context.stream);
  const size_t d = image.size();
  double factor[3] = {1, 1, 1}, limit[3] = {}, largest[3] = {};
  for (size_t j = 0; j < d; ++j) {
    factor[j] = cycles_per_unit(image[j]);
    limit[j] = 1.01 * static_cast<double>(image[j]) / 2;
  }
  int64_t beyond = 0;
  double* const end = k.data() + k.size();
  for (double* point = k.data(); point < end; point += d) {
    bool is_beyond = false;
    for (size_t j = 0; j < d; ++j) {
      point[j] *= factor[j];
      const double size = std::abs(point[j]);
      largest[j] = std::max(largest[j], size);
      is_beyond |= size > limit[j];
    }
    beyond += is_beyond ? 1 : 0;
  }
  if (!choices_.whole) {
    check_units(image, {largest, largest + d}, beyond, frame_count_ * points_, context);
  }
  return k;
}

size_t NufftCore::coordinate_bytes(const Stream& stream) const noexcept {
  if (is_gpu(stream.device())) return 0;
  return static_cast<size_t>(frame_count_ * points_) * roles_.image.size() * sizeof(double);
}

HeldArray<double> NufftCore::joined_coordinates(const std::vector<int64_t>& image,
                                                Context& context) const {
  const auto d = static_cast<int64_t>(image.size());
  HeldArray<double> all(frame_count_ * points_ * d, "coordinates", context.stream->for_host());
  int64_t first = 0;
  for (const auto& part : parts_) {
    const HeldArray<double> own = part->coordinates(image, context);
    const int64_t count = part->points_ * d;
    for (int64_t f = 0; f < frame_count_; ++f) {
      std::copy_n(own.data() + f * count, count, all.data() + f * points_ * d + first);
    }
    first += count;
  }
  return all;
}

void NufftCore::check_units(const std::vector<int64_t>& image,
                            const std::vector<double>& largest,
                            int64_t beyond,
                            int64_t count,
                            Context& context) const {
  if (made_->has_warned) return;
  const double most = *std::max_element(largest.begin(), largest.end());
  const int64_t extent = *std::max_element(image.begin(), image.end());
  std::string text;
  if (choices_.units.empty()) {
    if (count < 16 || extent < 16 || most > 3.15) return;
    const char* units = most <= 0.51 ? "normalized" : "radians";
    text = fmt::format(
        "largest coordinate is {:.2f} with an image of {}: these look like {}; give units = "
        "\"{}\", or units = \"cycles\" if this is meant",
        most, extent, units == std::string_view("radians") ? "radians" : "normalized coordinates",
        units);
  } else if (beyond * 100 > count) {
    text = fmt::format(
        "{} of {} points lie beyond the range of units = \"{}\" and are wrapped; check the units",
        beyond, count, choices_.units);
  } else {
    return;
  }
  if (!made_->has_warned.exchange(true)) context.warn("NUFFT", text);
}

std::shared_ptr<const NufftPoints> NufftCore::points(const std::vector<int64_t>& image,
                                                     DType dtype,
                                                     bool deterministic,
                                                     Context& context) const {
  std::lock_guard lock(made_->mutex);
  const Backend* backend = &context.backend();
  for (const Made::Points& p : made_->points) {
    if (p.dtype == dtype && p.is_deterministic == deterministic && p.backend == backend &&
        p.image == image) {
      return p.points;
    }
  }
  NufftSpec s = spec(image, dtype);
  s.deterministic = deterministic;
  const HeldArray<double> k = coordinates(image, context);
  s.coordinates = k.data();
  std::shared_ptr<const NufftPoints> made = context.backend().nufft(s, *context.stream);
  made_->points.push_back({image, dtype, deterministic, backend, made});
  return made;
}

// Dims of samples and frames: the trajectory is sliced.  The tile keeps the width and the grid that
// the whole has, so that tiles agree with it to rounding.
Tile NufftCore::cut(const TileRequest& request) const {
  for (size_t i = 0; i < request.input.size(); ++i) {
    const Term t = terms_of(signature().input())[i];
    if (request.input[i] && find_term(roles_.image, t) >= 0) refuse_cut(*this, t, {}, "image");
  }
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  const Side out = terms_of(signature().output());
  const auto kept_of = [&](const Term& t) {
    const auto& slice = part.output[static_cast<size_t>(find_term(out, t))];
    return slice.value_or(Stretch{0, t.extent});
  };
  std::vector<int64_t> live;
  if (!counts_.empty()) {
    std::vector<int64_t> extents;
    std::vector<Stretch> kept;
    for (const Term& t : roles_.samples) {
      extents.push_back(t.extent);
      kept.push_back(kept_of(t));
    }
    for (int64_t f = 0; f < frame_count_; ++f) {
      int64_t rest = f;
      bool is_inside = true;
      for (size_t i = roles_.frames.size(); i-- > 0;) {
        const Term& t = roles_.frames[i];
        const Stretch s = kept_of(t);
        is_inside = is_inside && rest % t.extent >= s.first && rest % t.extent < s.end();
        rest /= t.extent;
      }
      if (is_inside) live.push_back(count_in_tile(counts_[static_cast<size_t>(f)], extents, kept));
    }
  }
  NufftChoices choices = choices_;
  if (!choices.whole) choices.whole = NufftSpec::Whole{frame_count_, points_};
  const auto made =
      std::make_shared<NufftCore>(cut_weight(trajectory_, roles_.terms, signature(), part),
                                  roles_.terms, counts_weight_, std::move(live), std::move(choices),
                                  cut_signature(signature(), part.input, part.output), name());
  std::vector<Stretch> stretches;
  bool has_all = true;
  for (const Side* side : {&roles_.frames, &roles_.samples}) {
    for (const Term& t : *side) {
      stretches.push_back(kept_of(t));
      has_all = has_all && stretches.back().count == t.extent;
    }
  }
  if (has_all) {
    made->made_ = made_;
    return tile_of(made, part);
  }
  // Tiles over the same points share what plans make of them.
  const std::lock_guard lock(made_->mutex);
  std::erase_if(made_->tiles, [](const auto& known) { return known.second.expired(); });
  for (const auto& [known, of_tile] : made_->tiles) {
    const auto alive = of_tile.lock();
    if (known != stretches || alive == nullptr) continue;
    made->made_ = alive;
    return tile_of(made, part);
  }
  made_->tiles.emplace_back(std::move(stretches), made->made_);
  return tile_of(made, part);
}

std::shared_ptr<const NufftPoints> NufftCore::last_points() const {
  std::lock_guard lock(made_->mutex);
  return made_->points.empty() ? nullptr : made_->points.back().points;
}

void NufftCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  lower_nufft(b, *this, nullptr, mode, x, y, s);
}

const NufftCore* as_nufft(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const NufftCore*>(node.core.get());
}

MappedNufftCore::MappedNufftCore(std::shared_ptr<const NufftCore> f,
                                 AttachedMaps maps,
                                 Composition composition)
    : Core(std::move(composition), f->name()), f_(std::move(f)), maps_(std::move(maps)) {}

void MappedNufftCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  lower_nufft(b, *f_, &maps_, mode, x, y, s);
}

}  // namespace lunops