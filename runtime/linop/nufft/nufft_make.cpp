// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/nufft/nufft.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops {

namespace {

constexpr PositionWords kWords = {"NUFFT", "the trajectory", "trajectory", "image"};

// Points of each frame that exist, in row-major order of the frame dims.
std::vector<int64_t> live_points(const Tensor& given, const PositionRoles& roles) {
  Context host;
  const Tensor counts = given.to(Device::host(), host);
  if (counts.dtype() != DType::i32 && counts.dtype() != DType::i64) {
    fail(Code::dtype, "NUFFT", "counts are {}; they are i32 or i64", name_of(counts.dtype()));
  }
  std::string names;
  for (const Term& t : roles.frames)
    names += fmt::format("{}{}", names.empty() ? "" : " ", text_of_base(t));
  std::vector<int> axes;
  std::vector<int64_t> extents;
  for (size_t i = 0; i < roles.frames.size(); ++i) {
    const Term& t = roles.frames[i];
    axes.push_back(counts.shape().is_named() ? counts.shape().find(t.dim.text())
                                             : static_cast<int>(i));
    for (const auto& [dim, extent] : roles.extents) {
      if (dim == t.dim) extents.push_back(extent);
    }
  }
  bool fits = !roles.frames.empty() && counts.ndim() == static_cast<int>(axes.size());
  for (size_t i = 0; fits && i < axes.size(); ++i)
    fits = axes[i] >= 0 && counts.shape().extent(axes[i]) == extents[i];
  if (!fits) {
    fail(Code::shape, "NUFFT", "counts {} must have the dims of the frames, \"{}\"",
         counts.shape().braced(), names);
  }
  int64_t points = 1;
  std::string product;
  for (const Term& t : roles.samples) {
    for (const auto& [dim, extent] : roles.extents) {
      if (!(dim == t.dim)) continue;
      points *= extent;
      product += fmt::format("{}{}", product.empty() ? "" : " x ", extent);
    }
  }
  std::vector<int64_t> live(static_cast<size_t>(counts.count()));
  std::vector<int64_t> index(axes.size(), 0);
  for (int64_t& count : live) {
    int64_t at = 0;
    std::string place;
    for (size_t a = 0; a < axes.size(); ++a) {
      at += index[a] * counts.strides()[static_cast<size_t>(axes[a])];
      place +=
          fmt::format("{}{}={}", a == 0 ? "" : ", ", text_of_base(roles.frames[a]), index[a] + 1);
    }
    count = counts.dtype() == DType::i32 ? int64_t{counts.data_as<int32_t>()[at]}
                                         : counts.data_as<int64_t>()[at];
    if (count < 0 || count > points) {
      fail(Code::argument, "NUFFT", "counts[{}] is {} but a frame has {} = {} points", place, count,
           product, points);
    }
    for (size_t a = axes.size(); a-- > 0;) {
      if (++index[a] < extents[a]) break;
      index[a] = 0;
    }
  }
  return live;
}

NufftChoices choices_of(const NUFFTOptions& o, const PositionRoles& roles) {
  NufftChoices c;
  const std::vector<std::string> modes{"interpolate", "nearest"};
  if (std::find(modes.begin(), modes.end(), o.mode) == modes.end()) {
    fail(Code::argument, "NUFFT", "mode is '{}'; it is interpolate or nearest{}", o.mode,
         did_you_mean(o.mode, modes));
  }
  c.is_nearest = o.mode == "nearest";
  if (c.is_nearest && (o.tol || o.width)) {
    fail(Code::argument, "NUFFT",
         "mode = \"nearest\" has no '{}'; give 'oversamp' or 'grid', which set its accuracy",
         o.tol ? "tol" : "width");
  }
  if (c.is_nearest && !o.oversamp.empty() && !o.grid.empty()) {
    fail(Code::argument, "NUFFT", "give either 'oversamp' or 'grid', not both");
  }
  if (o.tol && (o.width || !o.oversamp.empty())) {
    fail(Code::argument, "NUFFT", "give either 'tol' or 'width' with 'oversamp', not both");
  }
  if (o.tol && !(*o.tol > 0 && *o.tol < 1)) {
    fail(Code::argument, "NUFFT", "tol = {:g} must be above 0 and below 1", *o.tol);
  }
  if (o.width && (*o.width < 2 || *o.width > 16)) {
    fail(Code::argument, "NUFFT", "'width' = {} must be an integer from 2 to 16", *o.width);
  }
  if (o.width && o.oversamp.empty() && o.grid.empty()) {
    fail(Code::argument, "NUFFT", "'width' needs 'oversamp', for example oversamp = 1.25");
  }
  if (!o.width && !o.oversamp.empty() && !c.is_nearest) {
    fail(Code::argument, "NUFFT", "'oversamp' needs 'width', for example width = 4");
  }
  for (const auto& [name, sigma] : o.oversamp) {
    if (!(sigma >= 1.1 && sigma <= 4)) {
      fail(Code::argument, "NUFFT", "'oversamp' = {:g} must be from 1.1 to 4", sigma);
    }
  }
  c.tol = o.tol;
  c.width = o.width.value_or(0);
  by_image_dim("NUFFT", "oversamp", o.oversamp, roles, kWords.image, c.oversamp);
  by_image_dim("NUFFT", "grid", o.grid, roles, kWords.image, c.grid);
  const std::vector<std::string> known{"cycles", "radians", "normalized"};
  if (!o.units.empty() && std::find(known.begin(), known.end(), o.units) == known.end()) {
    fail(Code::argument, "NUFFT", "units is '{}'; it is cycles, radians or normalized{}", o.units,
         did_you_mean(o.units, known));
  }
  c.units = o.units;
  c.toeplitz = o.toeplitz;
  return c;
}

}  // namespace

Linop NUFFT(const Tensor& k, std::string_view text, const NUFFTOptions& options) {
  const SignatureText parsed = parse_signature("NUFFT", text);
  if (parsed.is_one_sided) {
    fail(Code::shape, "NUFFT", "\"{}\" has one side; write \"{} -> samples\"", text, text);
  }
  const PositionRoles roles = position_roles(kWords, k, parsed.signature, text);
  if (k.count() == 0) {
    fail(Code::shape, "NUFFT", "trajectory {} has no points", k.shape().braced());
  }
  const NufftChoices choices = choices_of(options, roles);
  const Signature full =
      with_options("NUFFT", parsed.signature.with_extents(roles.extents), options);
  const std::string owner =
      options.name.empty() ? "NUFFT" : fmt::format("NUFFT '{}'", options.name);
  WeightPtr counts;
  std::vector<int64_t> live;
  if (options.counts) {
    Context host;
    live = live_points(options.counts->to(Device::host(), host), roles);
    counts = std::make_shared<Weight>(*options.counts, owner);
  }
  return Linop(std::make_shared<NufftCore>(std::make_shared<Weight>(k, owner), roles.terms, counts,
                                           std::move(live), choices, full, options.name));
}

std::optional<NUFFTInfo> nufft_info(const Linop& f) {
  const auto* core = dynamic_cast<const NufftCore*>(f.core().get());
  if (core == nullptr) return std::nullopt;
  NUFFTInfo info;
  const Node& node = f.node();
  const Side image = node.form == nullptr ? core->image_terms()
                                          : shown_terms(core->image_terms(), core->signature(),
                                                        node.form->signature);
  for (const Term& t : image) {
    info.image_dims.push_back(t.dim.without_primes());
    info.image.push_back(t.extent);
  }
  info.trajectory = core->trajectory();
  const std::string& units = core->choices().units;
  if (!units.empty() && units != "cycles") {
    for (size_t i = 0; i < info.image.size(); ++i) {
      if (info.image[i] != kUnknown) continue;
      fail(Code::shape, "NUFFT",
           "extent of '{}' is unknown, so coordinates in {} cannot be turned into cycles; give "
           "extent = {{{} = …}}",
           info.image_dims[i].text(), units, info.image_dims[i].text());
    }
    const Context host;
    Context context = on_device(core->trajectory().device(), host);
    Tensor cycles = core->trajectory().clone(context);
    for (int i = 0; i < cycles.ndim(); ++i) {
      if (core->trajectory_terms()[static_cast<size_t>(i)].kind != Term::Kind::ellipsis) continue;
      for (size_t j = 0; j < info.image.size(); ++j) {
        const double n = static_cast<double>(info.image[j]);
        const double factor = units == "radians" ? n / (2 * std::acos(-1.0)) : n;
        const Tensor part = cycles.slice(i, static_cast<int64_t>(j), 1);
        context.backend().axpby(part.view(), false, {factor, 0.0}, part.view(), *context.stream);
      }
    }
    info.trajectory = cycles;
  }
  return info;
}

std::optional<NUFFTPlanned> nufft_planned(const Linop& f) {
  const auto* core = dynamic_cast<const NufftCore*>(f.core().get());
  if (core == nullptr) return std::nullopt;
  const auto points = core->last_points();
  if (points == nullptr) return std::nullopt;
  NUFFTPlanned planned;
  planned.parameters = points->parameters();
  planned.points = core->frames() * core->points_per_frame();
  if (!core->counts().empty()) {
    planned.points = 0;
    for (const int64_t n : core->counts()) planned.points += n;
  }
  return planned;
}

}  // namespace lunops
