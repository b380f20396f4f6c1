// SPDX-License-Identifier: MIT
#include "runtime/linop/nufft/nufft.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

constexpr double kTolLimitSingle = 5e-7, kTolLimitDouble = 1e-13;  // nufft.md §2

}  // namespace

NufftCore::NufftCore(
    WeightPtr trajectory, Side terms, NufftChoices choices, Signature signature, std::string name)
    : Core(std::move(signature), std::move(name)),
      trajectory_(std::move(trajectory)),
      terms_(std::move(terms)),
      choices_(std::move(choices)) {
  const Side in = terms_of(this->signature().input()), out = terms_of(this->signature().output());
  for (const Term& t : in) {
    const bool is_kept = find_term(out, t) >= 0;
    if (!is_kept) image_.push_back(t);
    if (is_kept && find_term(terms_, t) >= 0) {
      frames_.push_back(t);
      frame_count_ *= t.extent;
    }
  }
  for (const Term& t : out) {
    if (find_term(in, t) >= 0) continue;
    samples_.push_back(t);
    points_ *= t.extent;
  }
}

NufftCore::NufftCore(const NufftCore& other, const Signature& form)
    : NufftCore(other.trajectory_,
                shown_terms(other.terms_, other.signature(), form),
                other.choices_,
                form,
                other.name()) {
  made_ = other.made_;
}

std::shared_ptr<const Core> NufftCore::shown_as(const Signature& form) const {
  return std::make_shared<NufftCore>(*this, form);
}

std::string NufftCore::details() const {
  if (choices_.width > 0) return fmt::format("width={}", choices_.width);
  return choices_.tol ? fmt::format("tol={:g}", *choices_.tol) : std::string("tol=auto");
}

bool NufftCore::same(const Core& other) const {
  const auto& o = static_cast<const NufftCore&>(other);
  const NufftChoices &a = choices_, &b = o.choices_;
  const bool same_terms =
      std::equal(terms_.begin(), terms_.end(), o.terms_.begin(), o.terms_.end(), same_term);
  return trajectory_->same(*o.trajectory_) && same_terms && a.tol == b.tol && a.width == b.width &&
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
         a.is_conjugate == b.is_conjugate && a.kernels == b.kernels;
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
  spec.tol = choices_.tol.value_or(is_double(dtype) ? 1e-9 : 1e-4);
  const double limit = is_double(dtype) ? kTolLimitDouble : kTolLimitSingle;
  if (choices_.width == 0 && spec.tol < limit) {
    fail(Code::argument, "NUFFT", "tol = {:g} is below what {} can reach ({:g}); use tol >= {:g}{}",
         spec.tol, name_of(dtype), limit, limit, is_double(dtype) ? "" : " or data in c128");
  }
  return spec;
}

std::vector<double> NufftCore::coordinates(const std::vector<int64_t>& image,
                                           Context* context) const {
  const Tensor& k = trajectory();
  const size_t d = image.size();
  // Axes in the order frames, points, coordinate.
  std::vector<int> axes;
  for (const Term& t : frames_) axes.push_back(find_term(terms_, t));
  for (const Term& t : samples_) axes.push_back(find_term(terms_, t));
  int coordinate = 0;
  for (size_t i = 0; i < terms_.size(); ++i) {
    if (terms_[i].kind == Term::Kind::ellipsis) coordinate = static_cast<int>(i);
  }
  const int64_t step = k.strides()[static_cast<size_t>(coordinate)];
  std::vector<double> factor(d, 1.0);
  for (size_t j = 0; j < d; ++j) {
    const auto n = static_cast<double>(image[j]);
    if (choices_.units == "radians") factor[j] = n / (2 * std::numbers::pi);
    if (choices_.units == "normalized") factor[j] = n;
  }
  const int64_t count = frame_count_ * points_;
  std::vector<double> values(static_cast<size_t>(count) * d);
  std::vector<double> largest(d, 0.0);
  std::vector<int64_t> index(axes.size(), 0);
  int64_t beyond = 0;
  for (int64_t p = 0; p < count; ++p) {
    int64_t at = 0;
    for (size_t a = 0; a < axes.size(); ++a) {
      at += index[a] * k.strides()[static_cast<size_t>(axes[a])];
    }
    bool is_beyond = false;
    for (size_t j = 0; j < d; ++j) {
      const int64_t offset = at + static_cast<int64_t>(j) * step;
      const double raw = k.dtype() == DType::f64 ? k.data_as<double>()[offset]
                                                 : static_cast<double>(k.data_as<float>()[offset]);
      if (!std::isfinite(raw)) {
        std::string place;
        for (int i = 0; i < k.ndim(); ++i) {
          int64_t one_based = static_cast<int64_t>(j) + 1;
          for (size_t a = 0; a < axes.size(); ++a) {
            if (axes[a] == i) one_based = index[a] + 1;
          }
          const std::string name =
              k.shape().is_named() ? k.shape().dim(i).text() : fmt::format("dim {}", i + 1);
          place += fmt::format("{}{}={}", place.empty() ? "" : ", ", name, one_based);
        }
        fail(Code::numeric, "NUFFT", "coordinate at {} is {}", place,
             // A NaN has a sign that says nothing.
             std::isnan(raw) ? "nan"
             : raw < 0       ? "-inf"
                             : "inf");
      }
      const double cycles = raw * factor[j];
      values[static_cast<size_t>(p) * d + j] = cycles;
      largest[j] = std::max(largest[j], std::abs(cycles));
      is_beyond = is_beyond || std::abs(cycles) > 1.01 * static_cast<double>(image[j]) / 2;
    }
    beyond += is_beyond ? 1 : 0;
    for (size_t a = axes.size(); a-- > 0;) {
      if (++index[a] < k.shape().extent(axes[a])) break;
      index[a] = 0;
    }
  }
  if (context != nullptr) check_units(image, largest, beyond, count, *context);
  return values;
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
                                                     Context& context) const {
  std::lock_guard lock(made_->mutex);
  const Backend* backend = &context.backend();
  for (const Made::Points& p : made_->points) {
    if (p.dtype == dtype && p.backend == backend && p.image == image) return p.points;
  }
  NufftSpec s = spec(image, dtype);
  const std::vector<double> k = coordinates(image, &context);
  s.coordinates = k.data();
  std::shared_ptr<const NufftPoints> made = context.backend().nufft(s, *context.stream);
  made_->points.push_back({image, dtype, backend, made});
  return made;
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
