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

// Terms of the trajectory's dims, with an ellipsis for the coordinate dim.
Side trajectory_terms(const Tensor& k, const Signature& sig, std::string_view text) {
  const Side in = terms_of(sig.input()), out = terms_of(sig.output());
  Side terms;
  if (k.ndim() == 0) fail(Code::shape, "NUFFT", "the trajectory has no dims");
  Term coordinate;
  coordinate.kind = Term::Kind::ellipsis;
  if (!k.shape().is_named()) {
    const auto others = static_cast<size_t>(k.ndim() - 1);
    if (others > out.size()) {
      fail(Code::shape, "NUFFT", "the trajectory {} has rank {} but \"{}\" has {} output dims",
           k.shape().braced(), k.ndim(), text, out.size());
    }
    terms.assign(out.end() - static_cast<ptrdiff_t>(others), out.end());
    terms.push_back(coordinate);
    return terms;
  }
  std::string unnamed;
  int count = 0;
  for (const Dim& dim : k.shape().dims()) {
    const auto is_it = [&](const Term& t) {
      return t.kind == Term::Kind::dim && t.dim.name == dim.name;
    };
    const auto found = std::find_if(out.begin(), out.end(), is_it);
    if (found != out.end()) {
      terms.push_back(*found);
      continue;
    }
    terms.push_back(coordinate);
    unnamed += fmt::format("{}'{}'", unnamed.empty() ? "" : ", ", dim.text());
    ++count;
  }
  if (count != 1) {
    fail(Code::shape, "NUFFT",
         "the trajectory {} has {} that \"{}\" does not name; exactly one, the coordinate dim, "
         "stands outside the string",
         k.shape().braced(), count == 0 ? "no dim" : fmt::format("the dims {}", unnamed), text);
  }
  return terms;
}

template <class T>
void by_dim(std::string_view option,
            const std::vector<std::pair<std::string, T>>& given,
            const Side& image,
            std::array<T, 3>& values) {
  std::vector<std::string> names;
  for (const Term& t : image) names.push_back(text_of_base(t));
  for (const auto& [name, value] : given) {
    bool is_there = false;
    for (size_t i = 0; i < image.size(); ++i) {
      if (!name.empty() && names[i] != name) continue;
      values[i] = value;
      is_there = true;
    }
    if (!is_there) {
      fail(Code::shape, "NUFFT", "{}: no image dim '{}'{}", option, name,
           did_you_mean(name, names));
    }
  }
}

NufftChoices choices_of(const NUFFTOptions& o, const Side& image) {
  NufftChoices c;
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
  if (!o.width && !o.oversamp.empty()) {
    fail(Code::argument, "NUFFT", "'oversamp' needs 'width', for example width = 4");
  }
  for (const auto& [name, sigma] : o.oversamp) {
    if (!(sigma >= 1.1 && sigma <= 4)) {
      fail(Code::argument, "NUFFT", "'oversamp' = {:g} must be from 1.1 to 4", sigma);
    }
  }
  c.tol = o.tol;
  c.width = o.width.value_or(0);
  by_dim("oversamp", o.oversamp, image, c.oversamp);
  by_dim("grid", o.grid, image, c.grid);
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
  if (!is_real(k.dtype())) {
    fail(Code::dtype, "NUFFT", "the trajectory is {}; coordinates are f32 or f64",
         name_of(k.dtype()));
  }
  const SignatureText parsed = parse_signature("NUFFT", text);
  if (parsed.is_one_sided) {
    fail(Code::shape, "NUFFT", "\"{}\" has one side; write \"{} -> samples\"", text, text);
  }
  const Signature& sig = parsed.signature;
  const Side in = terms_of(sig.input()), out = terms_of(sig.output());
  const Side terms = trajectory_terms(k, sig, text);
  Side image;
  std::string image_text;
  for (const Term& t : in) {
    if (find_term(out, t) >= 0) continue;
    image.push_back(t);
    image_text += fmt::format("{}{}", image_text.empty() ? "" : " ", text_of_base(t));
  }
  int coordinate = 0;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].kind == Term::Kind::ellipsis) coordinate = static_cast<int>(i);
  }
  const int64_t entries = k.shape().extent(coordinate);
  if (entries != static_cast<int64_t>(image.size())) {
    const std::string name = k.shape().is_named() ? k.shape().dim(coordinate).text()
                                                  : fmt::format("dim {}", coordinate + 1);
    fail(Code::shape, "NUFFT",
         "trajectory has {} entries in '{}' but the image \"{}\" has {} dim{}", entries, name,
         image_text, image.size(), image.size() == 1 ? "" : "s");
  }
  if (image.empty() || image.size() > 3) {
    fail(Code::shape, "NUFFT", "the image \"{}\" has {} dims; 1, 2 or 3 are transformed",
         image_text, image.size());
  }
  DimExtents extents;
  for (const Term& t : out) {
    const int at = find_term(terms, t);
    const bool is_sample = find_term(in, t) < 0;
    if (at < 0 && is_sample) {
      fail(Code::shape, "NUFFT", "'{}' is on the output of \"{}\" but not in the trajectory {}",
           text_of_base(t), text, k.shape().braced());
    }
    if (at >= 0 && t.kind == Term::Kind::dim) {
      const int64_t n = k.shape().extent(at);
      if (t.extent != kUnknown && t.extent != n) {
        fail(Code::shape, "NUFFT", "extent of '{}' is {} in \"{}\" but {} in the trajectory {}",
             t.dim.text(), t.extent, text, n, k.shape().braced());
      }
      extents.emplace_back(t.dim, n);
    }
    if (t.kind == Term::Kind::variable) {
      fail(Code::shape, "NUFFT", "'{}' has no name; name the dims of the samples", text_of_base(t));
    }
  }
  if (k.count() == 0) {
    fail(Code::shape, "NUFFT", "trajectory {} has no points", k.shape().braced());
  }
  const NufftChoices choices = choices_of(options, image);
  const Signature full = with_options("NUFFT", sig.with_extents(extents), options);
  const std::string owner =
      options.name.empty() ? "NUFFT" : fmt::format("NUFFT '{}'", options.name);
  return Linop(std::make_shared<NufftCore>(std::make_shared<Weight>(k, owner), terms, choices, full,
                                           options.name));
}

std::optional<NUFFTInfo> nufft_info(const Linop& f) {
  const auto* core = dynamic_cast<const NufftCore*>(f.core().get());
  if (core == nullptr) return std::nullopt;
  NUFFTInfo info;
  for (const Term& t : core->image_terms()) {
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
    Context context;
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

}  // namespace lunops
