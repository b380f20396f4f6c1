// SPDX-License-Identifier: MIT
#include "runtime/linop/nufft/positions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/device/thread_pool.hpp"

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

// Points that one thread reads at a time.
constexpr int64_t kPointsAtOnce = 4096;

// {count, d} numbers, in double and contiguous.  Returns the first that is not finite, or -1.
template <class T>
int64_t widen(
    const T* x, int64_t count, int64_t step, int64_t d, int64_t component_step, double* to) {
  bool is_finite = true;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < d; ++j) {
      const T raw = x[i * step + j * component_step];
      is_finite = is_finite && std::abs(raw) <= std::numeric_limits<T>::max();
      to[i * d + j] = static_cast<double>(raw);
    }
  }
  if (is_finite) return -1;
  return std::find_if(to, to + count * d, [](double v) { return !std::isfinite(v); }) - to;
}

// `index` is by dim of the tensor, from 0.
[[noreturn]] void fail_at(std::string_view operation,
                          const Tensor& k,
                          const std::vector<int64_t>& index,
                          double value) {
  std::string place;
  for (int i = 0; i < k.ndim(); ++i) {
    const std::string name =
        k.shape().is_named() ? k.shape().dim(i).text() : fmt::format("dim {}", i + 1);
    place +=
        fmt::format("{}{}={}", place.empty() ? "" : ", ", name, index[static_cast<size_t>(i)] + 1);
  }
  fail(Code::numeric, operation, "coordinate at {} is {}", place,
       // A NaN has a sign that says nothing.
       std::isnan(value) ? "nan"
       : value < 0       ? "-inf"
                         : "inf");
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

HeldArray<double> read_positions(std::string_view operation,
                                 const Tensor& trajectory,
                                 const PositionRoles& roles,
                                 const std::vector<int64_t>& counts,
                                 const Stream& stream) {
  Context host;
  const Tensor k = trajectory.to(Device::host(), host);
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
  const auto d = static_cast<int64_t>(roles.image.size());
  HeldArray<double> values(frames * points * d, "coordinates", stream.for_host());
  if (values.size() == 0) return values;

  // Rows are the runs of the fastest axis of points; without samples there is one point a row.
  const bool has_rows = !roles.samples.empty();
  const int64_t length = has_rows ? k.shape().extent(axes.back()) : 1;
  const std::vector<int> outer(axes.begin(), axes.end() - (has_rows ? 1 : 0));
  const auto stride = [&](int axis) { return k.strides()[static_cast<size_t>(axis)]; };
  const auto index_of = [&](int64_t row) {
    std::vector<int64_t> index(static_cast<size_t>(k.ndim()), 0);
    for (size_t a = outer.size(); a-- > 0;) {
      index[static_cast<size_t>(outer[a])] = row % k.shape().extent(outer[a]);
      row /= k.shape().extent(outer[a]);
    }
    return index;
  };
  const auto read_row = [&](int64_t row) {
    std::vector<int64_t> index = index_of(row);
    int64_t offset = 0;
    for (const int axis : outer) offset += index[static_cast<size_t>(axis)] * stride(axis);
    const int64_t first = row * length;
    const int64_t frame = first / points;
    const int64_t live = counts.empty() ? points : counts[static_cast<size_t>(frame)];
    const int64_t exist = std::clamp<int64_t>(live - first % points, 0, length);
    double* const to = values.data() + first * d;
    std::fill(to + exist * d, to + length * d, 0.0);
    const int64_t step = has_rows ? stride(axes.back()) : 0;
    const int64_t bad =
        k.dtype() == DType::f64
            ? widen(k.data_as<double>() + offset, exist, step, d, stride(coordinate), to)
            : widen(k.data_as<float>() + offset, exist, step, d, stride(coordinate), to);
    if (bad < 0) return;
    if (has_rows) index[static_cast<size_t>(axes.back())] = bad / d;
    index[static_cast<size_t>(coordinate)] = bad % d;
    fail_at(operation, k, index, to[bad]);
  };
  const int64_t rows = frames * points / length;
  const int64_t rows_of_item = std::max<int64_t>(1, kPointsAtOnce / length);
  ThreadPool::process().run((rows + rows_of_item - 1) / rows_of_item, stream.threads(),
                            [&](int64_t item, int) {
                              const int64_t end = std::min(rows, (item + 1) * rows_of_item);
                              for (int64_t row = item * rows_of_item; row < end; ++row)
                                read_row(row);
                            });
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
