// SPDX-License-Identifier: MIT
#include "runtime/linop/nufft/positions.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

namespace {

// Terms of the tensor's dims, with an ellipsis for the coordinate dim.
Side terms_of_positions(const PositionWords& w,
                        const Tensor& k,
                        const Signature& sig,
                        std::string_view text) {
  const Side in = terms_of(sig.input()), out = terms_of(sig.output());
  Side terms;
  if (k.ndim() == 0) fail(Code::shape, w.operation, "{} has no dims", w.tensor);
  Term coordinate;
  coordinate.kind = Term::Kind::ellipsis;
  if (!k.shape().is_named()) {
    const auto others = static_cast<size_t>(k.ndim() - 1);
    if (others > out.size()) {
      fail(Code::shape, w.operation, "{} {} has rank {} but \"{}\" has {} output dims", w.tensor,
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
    fail(Code::shape, w.operation,
         "{} {} has {} that \"{}\" does not name; exactly one, the coordinate dim, stands outside "
         "the string",
         w.tensor, k.shape().braced(), count == 0 ? "no dim" : fmt::format("the dims {}", unnamed),
         text);
  }
  return terms;
}

template <class T>
void by_dim(std::string_view operation,
            std::string_view option,
            const std::vector<std::pair<std::string, T>>& given,
            const PositionRoles& roles,
            std::string_view noun,
            std::array<T, 3>& values) {
  std::vector<std::string> names;
  for (const Term& t : roles.image) names.push_back(text_of_base(t));
  for (const auto& [name, value] : given) {
    bool is_there = false;
    for (size_t i = 0; i < roles.image.size(); ++i) {
      if (!name.empty() && names[i] != name) continue;
      values[i] = value;
      is_there = true;
    }
    if (!is_there) {
      fail(Code::shape, operation, "{}: no {} dim '{}'{}", option, noun, name,
           did_you_mean(name, names));
    }
  }
}

}  // namespace

PositionRoles roles_of(const Signature& sig, Side terms) {
  PositionRoles roles;
  roles.terms = std::move(terms);
  const Side in = terms_of(sig.input()), out = terms_of(sig.output());
  for (const Term& t : in) {
    const bool is_kept = find_term(out, t) >= 0;
    if (!is_kept) roles.image.push_back(t);
    if (is_kept && find_term(roles.terms, t) >= 0) roles.frames.push_back(t);
  }
  for (const Term& t : out) {
    if (find_term(in, t) < 0) roles.samples.push_back(t);
  }
  return roles;
}

PositionRoles position_roles(const PositionWords& w,
                             const Tensor& k,
                             const Signature& sig,
                             std::string_view text) {
  if (!is_real(k.dtype())) {
    fail(Code::dtype, w.operation, "{} is {}; coordinates are f32 or f64", w.tensor,
         name_of(k.dtype()));
  }
  PositionRoles roles = roles_of(sig, terms_of_positions(w, k, sig, text));
  const Side in = terms_of(sig.input()), out = terms_of(sig.output());
  std::string image_text;
  for (const Term& t : roles.image)
    image_text += fmt::format("{}{}", image_text.empty() ? "" : " ", text_of_base(t));
  int coordinate = 0;
  for (size_t i = 0; i < roles.terms.size(); ++i) {
    if (roles.terms[i].kind == Term::Kind::ellipsis) coordinate = static_cast<int>(i);
  }
  const int64_t entries = k.shape().extent(coordinate);
  const size_t dims = roles.image.size();
  if (entries != static_cast<int64_t>(dims)) {
    const std::string name = k.shape().is_named() ? k.shape().dim(coordinate).text()
                                                  : fmt::format("dim {}", coordinate + 1);
    fail(Code::shape, w.operation, "{} has {} entr{} in '{}' but the {} \"{}\" has {} dim{}",
         w.bare, entries, entries == 1 ? "y" : "ies", name, w.image, image_text, dims,
         dims == 1 ? "" : "s");
  }
  if (dims == 0 || dims > 3) {
    fail(Code::shape, w.operation, "the {} \"{}\" has {} dims; 1, 2 or 3 are transformed", w.image,
         image_text, dims);
  }
  for (const Term& t : out) {
    const int at = find_term(roles.terms, t);
    const bool is_sample = find_term(in, t) < 0;
    if (at < 0 && is_sample) {
      fail(Code::shape, w.operation, "'{}' is on the output of \"{}\" but not in {} {}",
           text_of_base(t), text, w.tensor, k.shape().braced());
    }
    if (at >= 0 && t.kind == Term::Kind::dim) {
      const int64_t n = k.shape().extent(at);
      if (t.extent != kUnknown && t.extent != n) {
        fail(Code::shape, w.operation, "extent of '{}' is {} in \"{}\" but {} in {} {}",
             t.dim.text(), t.extent, text, n, w.tensor, k.shape().braced());
      }
      roles.extents.emplace_back(t.dim, n);
    }
    if (t.kind == Term::Kind::variable) {
      fail(Code::shape, w.operation, "'{}' has no name; name the dims of the samples",
           text_of_base(t));
    }
  }
  return roles;
}

void by_image_dim(std::string_view operation,
                  std::string_view option,
                  const std::vector<std::pair<std::string, double>>& given,
                  const PositionRoles& roles,
                  std::string_view noun,
                  std::array<double, 3>& values) {
  by_dim(operation, option, given, roles, noun, values);
}

void by_image_dim(std::string_view operation,
                  std::string_view option,
                  const std::vector<std::pair<std::string, int64_t>>& given,
                  const PositionRoles& roles,
                  std::string_view noun,
                  std::array<int64_t, 3>& values) {
  by_dim(operation, option, given, roles, noun, values);
}

std::vector<double> read_positions(std::string_view operation,
                                   const Tensor& k,
                                   const PositionRoles& roles,
                                   const std::vector<int64_t>& counts) {
  // Axes in the order frames, points, coordinate.
  std::vector<int> axes;
  int64_t frames = 1, points = 1;
  for (const Term& t : roles.frames) {
    axes.push_back(find_term(roles.terms, t));
    frames *= k.shape().extent(axes.back());
  }
  for (const Term& t : roles.samples) {
    axes.push_back(find_term(roles.terms, t));
    points *= k.shape().extent(axes.back());
  }
  int coordinate = 0;
  for (size_t i = 0; i < roles.terms.size(); ++i) {
    if (roles.terms[i].kind == Term::Kind::ellipsis) coordinate = static_cast<int>(i);
  }
  const int64_t step = k.strides()[static_cast<size_t>(coordinate)];
  const size_t d = roles.image.size();
  std::vector<double> values(static_cast<size_t>(frames * points) * d);
  std::vector<int64_t> index(axes.size(), 0);
  for (int64_t p = 0; p < frames * points; ++p) {
    int64_t at = 0;
    for (size_t a = 0; a < axes.size(); ++a) {
      at += index[a] * k.strides()[static_cast<size_t>(axes[a])];
    }
    const bool exists = counts.empty() || p % points < counts[static_cast<size_t>(p / points)];
    for (size_t j = 0; exists && j < d; ++j) {
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
        fail(Code::numeric, operation, "coordinate at {} is {}", place,
             // A NaN has a sign that says nothing.
             std::isnan(raw) ? "nan"
             : raw < 0       ? "-inf"
                             : "inf");
      }
      values[static_cast<size_t>(p) * d + j] = raw;
    }
    for (size_t a = axes.size(); a-- > 0;) {
      if (++index[a] < k.shape().extent(axes[a])) break;
      index[a] = 0;
    }
  }
  return values;
}

int64_t count_in_tile(int64_t count,
                      const std::vector<int64_t>& extents,
                      const std::vector<Stretch>& kept) {
  int64_t inside = 1, whole = 1;  // points of the tile and of the frame
  for (size_t i = 0; i < extents.size(); ++i) {
    inside *= kept[i].count;
    whole *= extents[i];
  }
  if (count >= whole) return inside;
  int64_t sum = 0;
  for (size_t i = 0; i < extents.size() && count > 0 && inside > 0; ++i) {
    inside /= kept[i].count;
    whole /= extents[i];
    // All of the slices before this one exist, and a part of it.
    const int64_t slice = count / whole;
    sum += std::clamp<int64_t>(slice - kept[i].first, 0, kept[i].count) * inside;
    if (slice < kept[i].first || slice >= kept[i].end()) break;
    count -= slice * whole;
  }
  return sum;
}

}  // namespace lunops
