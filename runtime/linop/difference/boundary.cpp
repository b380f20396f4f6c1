// SPDX-License-Identifier: MIT
#include "runtime/linop/difference/boundary.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

std::string_view name_of(Boundary boundary) noexcept {
  switch (boundary) {
    case Boundary::neumann:
      return "neumann";
    case Boundary::zero:
      return "zero";
    case Boundary::circular:
      return "circular";
  }
  return {};
}

Boundary boundary_named(std::string_view operation, const std::string& name) {
  for (const Boundary b : {Boundary::neumann, Boundary::zero, Boundary::circular}) {
    if (name == name_of(b)) return b;
  }
  const std::vector<std::string> known{"neumann", "zero", "circular"};
  fail(Code::argument, operation, "boundary is '{}'; it is neumann, zero or circular{}", name,
       did_you_mean(name, known));
}

std::string_view name_of(Difference kind) noexcept {
  switch (kind) {
    case Difference::forward:
      return "forward";
    case Difference::backward:
      return "backward";
    case Difference::centred:
      return "centred";
  }
  return {};
}

Difference difference_named(std::string_view operation, const std::string& name) {
  for (const Difference d : {Difference::forward, Difference::backward, Difference::centred}) {
    if (name == name_of(d)) return d;
  }
  const std::vector<std::string> known{"forward", "backward", "centred"};
  fail(Code::argument, operation, "kind is '{}'; it is forward, backward or centred{}", name,
       did_you_mean(name, known));
}

DifferenceLine difference_line(Difference kind, Boundary boundary, double spacing) {
  DifferenceLine line;
  const double one = 1.0 / spacing;
  switch (kind) {
    case Difference::forward:
      line.diagonal = -one;
      line.upper = one;
      break;
    case Difference::backward:
      line.lower = -one;
      line.diagonal = one;
      break;
    case Difference::centred:
      line.lower = -one / 2;
      line.upper = one / 2;
      break;
  }
  line.is_circular = boundary == Boundary::circular;
  if (boundary == Boundary::neumann) {
    // The repeated sample is the one on the diagonal.
    line.first = line.lower;
    line.last = line.upper;
  }
  return line;
}

DifferenceLine second_difference_line(Boundary boundary, double spacing, double factor) {
  DifferenceLine line;
  const double one = factor / (spacing * spacing);
  line.lower = line.upper = one;
  line.diagonal = -2 * one;
  line.is_circular = boundary == Boundary::circular;
  // The first row of DᵀD has no difference before it; with zeros beyond the end the last has one
  // behind it.
  if (boundary != Boundary::circular) line.first = one;
  if (boundary == Boundary::neumann) line.last = one;
  return line;
}

double checked_spacing(std::string_view operation, double spacing) {
  if (!(spacing > 0) || !std::isfinite(spacing)) {
    fail(Code::argument, operation, "spacing is {}; it is the distance of two samples, above 0",
         std::isnan(spacing) ? std::abs(spacing) : spacing);  // a NaN has no sign worth showing
  }
  if (!std::isfinite(1 / (spacing * spacing))) {
    fail(Code::argument, operation, "spacing is {}, too small to divide by its square", spacing);
  }
  return spacing;
}

std::vector<double> spacings_of(std::string_view operation,
                                const Signature& signature,
                                const std::vector<TermPair>& pairs,
                                const std::vector<std::pair<std::string, double>>& given) {
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  std::vector<double> spacings(pairs.size(), 1.0);
  for (const auto& [name, spacing] : given) {
    checked_spacing(operation, spacing);
    if (name.empty()) {
      std::fill(spacings.begin(), spacings.end(), spacing);
      continue;
    }
    const Dim dim = Dim::parse(name);
    bool is_found = false;
    for (size_t i = 0; i < pairs.size(); ++i) {
      const Term &a = in[static_cast<size_t>(pairs[i].in)],
                 &b = out[static_cast<size_t>(pairs[i].out)];
      const bool is_it = (a.kind == Term::Kind::dim && a.dim == dim) ||
                         (b.kind == Term::Kind::dim && b.dim == dim);
      if (!is_it) continue;
      spacings[i] = spacing;
      is_found = true;
    }
    if (is_found) continue;
    std::vector<std::string> known;
    for (const TermPair& pair : pairs)
      known.push_back(text_of_base(in[static_cast<size_t>(pair.in)]));
    fail(Code::shape, operation, "spacing: '{}' is not differentiated in \"{}\"{}", name,
         signature.text(), did_you_mean(name, known));
  }
  return spacings;
}

std::string spacing_text(const std::vector<double>& spacings) {
  if (std::all_of(spacings.begin(), spacings.end(), [](double h) { return h == 1.0; })) return {};
  std::string text = ", spacing";
  for (const double h : spacings) text += fmt::format(" {}", h);
  return text;
}

Signature primed_signature(std::string_view operation,
                           std::string_view text,
                           const std::vector<std::string>& dims) {
  const SignatureText parsed = parse_signature(operation, text);
  std::vector<Dim> wanted;
  for (const std::string& name : dims) wanted.push_back(Dim::parse(name));
  const Side& side = parsed.is_one_sided ? parsed.side : parsed.signature.input();
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool is_there = std::any_of(side.begin(), side.end(), [&](const Term& t) {
      return t.kind == Term::Kind::dim && t.dim == wanted[i];
    });
    if (is_there) continue;
    std::vector<std::string> known;
    for (const Term& t : side) {
      if (t.kind == Term::Kind::dim) known.push_back(t.dim.text());
    }
    fail(Code::shape, operation, "no dim '{}' in \"{}\"{}", dims[i], text,
         did_you_mean(dims[i], known));
  }
  if (!parsed.is_one_sided) return parsed.signature;
  Side out = parsed.side;
  for (Term& t : out) {
    const bool is_it = dims.empty()
                           ? t.kind != Term::Kind::ellipsis
                           : t.kind == Term::Kind::dim &&
                                 std::find(wanted.begin(), wanted.end(), t.dim) != wanted.end();
    if (is_it) ++t.dim.primes;
  }
  return Signature(parsed.side, out);
}

Signature equal_extents(std::string_view operation,
                        const Signature& signature,
                        const std::vector<TermPair>& pairs) {
  Side in = signature.input(), out = signature.output();
  const auto nth = [](Side& side, int number) -> Term& {
    for (Term& t : side) {
      if (t.kind != Term::Kind::ellipsis && number-- == 0) return t;
    }
    return side.back();
  };
  for (const TermPair& pair : pairs) {
    Term &a = nth(in, pair.in), &b = nth(out, pair.out);
    if (a.extent != kUnknown && b.extent != kUnknown && a.extent != b.extent) {
      fail(Code::shape, operation, "'{}' has extent {} on the input but {} on the output of \"{}\"",
           text_of_base(a), a.extent, b.extent, signature.text());
    }
    if (a.extent == kUnknown) a.extent = b.extent;
    b.extent = a.extent;
  }
  return Signature(in, out, signature.is_open());
}

}  // namespace lunops
