// SPDX-License-Identifier: MIT
#include "runtime/linop/nufft/functional.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/core/error.hpp"

namespace lunops {

namespace {

bool same_view(const Tensor& a, const Tensor& b) {
  return a.storage() == b.storage() && a.data() == b.data() && a.dtype() == b.dtype() &&
         a.shape() == b.shape() && a.strides() == b.strides();
}

bool same_options(const NUFFTOptions& a, const NUFFTOptions& b) {
  const bool same_counts = a.counts.has_value() == b.counts.has_value() &&
                           (!a.counts || same_view(*a.counts, *b.counts));
  return same_counts && a.extent == b.extent && a.name == b.name && a.batch == b.batch &&
         a.tol == b.tol && a.width == b.width && a.oversamp == b.oversamp && a.grid == b.grid &&
         a.units == b.units && a.mode == b.mode && a.toeplitz == b.toeplitz;
}

uint64_t version_of(const std::optional<Tensor>& t) { return t ? t->storage()->version() : 0; }

// Names of the trajectory's dims but the last.
std::vector<std::string> sample_dims(const char* operation, const Tensor& k) {
  if (!k.shape().is_named() || k.ndim() < 2) {
    fail(Code::shape, operation, "the trajectory {} has no names; give string = \"y x -> sample\"",
         k.shape().braced());
  }
  std::vector<std::string> names;
  for (int i = 0; i + 1 < k.ndim(); ++i) names.push_back(k.shape().dim(i).text());
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string joined(const std::vector<std::string>& frames,
                   const std::vector<std::string>& image,
                   const std::vector<std::string>& samples) {
  std::string text;
  for (const std::string& name : frames) text += name + " ";
  for (const std::string& name : image) text += name + " ";
  text += "->";
  for (const std::string& name : samples) text += " " + name;
  return text;
}

}  // namespace

Linop NufftCache::find(const Tensor& trajectory,
                       std::string_view text,
                       const NUFFTOptions& options) {
  const uint64_t version = trajectory.storage()->version();
  const uint64_t counts_version = version_of(options.counts);
  const auto is_it = [&](const Entry& e) {
    return e.version == version && e.counts_version == counts_version && e.text == text &&
           same_view(e.trajectory, trajectory) && same_options(e.options, options);
  };
  const auto found = std::find_if(entries_.begin(), entries_.end(), is_it);
  Entry entry;
  if (found != entries_.end()) {
    entry = std::move(*found);
    entries_.erase(found);
  } else {
    // What was made for an older content of this memory cannot be used any more.
    std::erase_if(entries_, [&](const Entry& e) {
      return e.trajectory.storage() == trajectory.storage() && e.version != version;
    });
    entry = {trajectory, version,        std::string(text),
             options,    counts_version, NUFFT(trajectory, text, options)};
  }
  entries_.push_front(std::move(entry));
  if (entries_.size() > kMost) entries_.pop_back();
  return entries_.front().made;
}

std::string nufft_text(const Tensor& x, const Tensor& trajectory) {
  const std::vector<std::string> samples = sample_dims("nufft", trajectory);
  const auto d = static_cast<int>(trajectory.shape().extent(trajectory.ndim() - 1));
  if (!x.shape().is_named() || x.ndim() < d) {
    fail(Code::shape, "nufft", "x {} has no {} named dims; give string = \"y x -> sample\"",
         x.shape().braced(), d);
  }
  std::vector<std::string> frames, image;
  for (int i = 0; i < x.ndim(); ++i) {
    const std::string name = x.shape().dim(i).text();
    if (i >= x.ndim() - d) {
      image.push_back(name);
    } else if (has(samples, name)) {
      frames.push_back(name);
    }
  }
  return joined(frames, image, samples);
}

std::string nufft_adjoint_text(const Tensor& y,
                               const Tensor& trajectory,
                               const std::vector<std::string>& image) {
  const std::vector<std::string> samples = sample_dims("nufft_adjoint", trajectory);
  const int64_t d = trajectory.shape().extent(trajectory.ndim() - 1);
  if (static_cast<int64_t>(image.size()) != d) {
    fail(
        Code::shape, "nufft_adjoint",
        "extent has {} dims but the trajectory {} has {} components; give the extent of each image "
        "dim",
        image.size(), trajectory.shape().braced(), d);
  }
  if (!y.shape().is_named()) {
    fail(Code::shape, "nufft_adjoint", "y {} has no names; give string = \"y x -> sample\"",
         y.shape().braced());
  }
  return joined({}, image, samples);
}

}  // namespace lunops
