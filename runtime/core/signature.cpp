// SPDX-License-Identifier: MIT
#include "runtime/core/signature.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/core/shape_lexer.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

namespace {

bool is_ellipsis(const Term& term) { return term.kind == Term::Kind::ellipsis; }

bool have_one_base(const Term& a, const Term& b) {
  if (a.kind != b.kind) return false;
  if (is_ellipsis(a)) return true;
  return a.kind == Term::Kind::dim ? a.dim.name == b.dim.name : a.variable == b.variable;
}

bool are_one_dim(const Term& a, const Term& b) {
  return have_one_base(a, b) && a.dim.primes == b.dim.primes;
}

const Term* find_base(const Side& side, const Term& term) {
  const auto found = std::find_if(side.begin(), side.end(),
                                  [&](const Term& other) { return have_one_base(other, term); });
  return found == side.end() ? nullptr : &*found;
}

Term* find_dim(Side& side, const Term& term) {
  const auto found = std::find_if(side.begin(), side.end(),
                                  [&](const Term& other) { return are_one_dim(other, term); });
  return found == side.end() ? nullptr : &*found;
}

const Term* find_dim(const Side& side, Dim dim) {
  const auto found = std::find_if(side.begin(), side.end(), [&](const Term& other) {
    return other.kind == Term::Kind::dim && other.dim == dim;
  });
  return found == side.end() ? nullptr : &*found;
}

void check_side(const Side& side, std::string_view place) {
  for (size_t i = 0; i < side.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (have_one_base(side[i], side[j])) {
        fail(Code::shape, "signature", "'{}' twice on the {}", text_of_base(side[i]), place);
      }
    }
  }
  if (std::count_if(side.begin(), side.end(), is_ellipsis) + kMaxDims <
      static_cast<int>(side.size())) {
    fail(Code::shape, "signature", "more than {} dims on the {}", kMaxDims, place);
  }
}

void merge_kept_extents(Side& input, Side& output) {
  for (Term& out : output) {
    Term* in = find_dim(input, out);
    if (in == nullptr || in->extent == out.extent) continue;
    if (in->extent != kUnknown && out.extent != kUnknown) {
      fail(Code::shape, "signature",
           "extents of the kept dim '{0}' differ: {1} on the input, {2} on the output; write "
           "\"{0}'\" on "
           "the output if they are two dims",
           text_of_base(out), in->extent, out.extent);
    }
    in->extent = out.extent = std::max(in->extent, out.extent);
  }
}

std::string text_of(const Side& side, std::string_view separator, bool has_extents) {
  std::string text;
  for (const Term& term : side) {
    if (!text.empty()) text += separator;
    text += text_of_base(term);
    text.append(term.dim.primes, '\'');
    if (has_extents && term.kind == Term::Kind::dim && term.extent != kUnknown) {
      text += fmt::format("={}", term.extent);
    }
  }
  return text;
}

Shape shape_of(const Side& side) {
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  for (const Term& term : side) {
    if (term.kind != Term::Kind::dim) continue;
    dims.push_back(term.dim);
    extents.push_back(term.extent);
  }
  return Shape(std::move(dims), std::move(extents));
}

}  // namespace

std::string text_of_base(const Term& term) {
  switch (term.kind) {
    case Term::Kind::dim:
      return std::string(term.dim.name.text());
    case Term::Kind::variable:
      return term.variable > kMaxWildcard ? "()" : fmt::format("({})", term.variable);
    case Term::Kind::ellipsis:
      return "...";
  }
  return "";
}

std::string braced(const Side& side, bool has_extents) {
  return fmt::format("{{{}}}", text_of(side, ", ", has_extents));
}

Signature::Signature()
    : Signature({{Term::Kind::ellipsis, {}, 0, kUnknown}},
                {{Term::Kind::ellipsis, {}, 0, kUnknown}}) {}

Signature::Signature(Side input, Side output, bool is_open)
    : input_(std::move(input)), output_(std::move(output)), is_open_(is_open) {
  check_side(input_, "input");
  check_side(output_, "output");
  const bool has_left = std::any_of(input_.begin(), input_.end(), is_ellipsis);
  const bool has_right = std::any_of(output_.begin(), output_.end(), is_ellipsis);
  if (has_left != has_right) {
    fail(Code::shape, "signature", "'...' is only on the {}; it stands on both sides or on neither",
         has_left ? "input" : "output");
  }
  if (has_left) is_open_ = false;
  merge_kept_extents(input_, output_);

  for (Term& out : output_) {
    if (is_ellipsis(out)) continue;
    const Term* in = find_base(input_, out);
    out.dim.primes = in == nullptr || in->dim.primes == out.dim.primes ? 0 : 1;
  }
  for (Term& in : input_) in.dim.primes = 0;

  std::vector<int> numbers;
  for (Side* side : {&input_, &output_}) {
    for (Term& term : *side) {
      if (term.kind != Term::Kind::variable) continue;
      auto known = std::find(numbers.begin(), numbers.end(), term.variable);
      if (known == numbers.end()) known = numbers.insert(known, term.variable);
      term.variable = static_cast<int>(known - numbers.begin()) + 1;
    }
  }
}

Signature Signature::adjoint() const { return Signature(output_, input_, is_open_); }

Signature Signature::normal() const {
  Side output = input_;
  for (Term& term : output) {
    if (!is_ellipsis(term) && find_dim(const_cast<Side&>(output_), term) == nullptr)
      term.dim.primes = 1;
  }
  return Signature(input_, std::move(output), is_open_);
}

Signature Signature::closed() const {
  if (has_ellipsis()) {
    fail(Code::shape, "signature",
         "'...' is written in \"{}\", which batch = false contradicts; leave one out", text());
  }
  return Signature(input_, output_, false);
}

bool Signature::has_ellipsis() const noexcept {
  return std::any_of(input_.begin(), input_.end(), is_ellipsis);
}

Signature Signature::with_extents(const std::vector<std::pair<Dim, int64_t>>& extents) const {
  Signature made = *this;
  for (const auto& [dim, extent] : extents) {
    bool is_there = false;
    for (Side* side : {&made.input_, &made.output_}) {
      for (Term& term : *side) {
        if (term.kind != Term::Kind::dim || term.dim != dim) continue;
        is_there = true;
        if (term.extent != kUnknown && extent != kUnknown && term.extent != extent) {
          fail(Code::shape, "signature", "extent of '{}' is {} in \"{}\" but {} was given",
               dim.text(), term.extent, text(), extent);
        }
        if (extent != kUnknown) term.extent = extent;
      }
    }
    if (!is_there) {
      std::vector<std::string> known;
      for (const Dim& each : dims()) known.push_back(each.text());
      fail(Code::shape, "signature", "no dim '{}' in \"{}\"{}", dim.text(), text(),
           did_you_mean(dim.text(), known));
    }
  }
  return made;
}

bool Signature::keeps(Dim dim) const noexcept {
  return find_dim(input_, dim) != nullptr && find_dim(output_, dim) != nullptr;
}

int64_t Signature::extent(Dim dim) const noexcept {
  const Term* term = find_dim(input_, dim);
  if (term == nullptr) term = find_dim(output_, dim);
  return term == nullptr ? kUnknown : term->extent;
}

bool Signature::has(Dim dim) const noexcept {
  return find_dim(input_, dim) != nullptr || find_dim(output_, dim) != nullptr;
}

std::vector<Dim> Signature::dims() const {
  std::vector<Dim> dims;
  for (const Side* side : {&input_, &output_}) {
    for (const Term& term : *side) {
      if (term.kind != Term::Kind::dim) continue;
      if (std::find(dims.begin(), dims.end(), term.dim) == dims.end()) dims.push_back(term.dim);
    }
  }
  return dims;
}

Shape Signature::ishape() const { return shape_of(input_); }

Shape Signature::oshape() const { return shape_of(output_); }

std::string Signature::itext() const { return text_of(input_, " ", true); }

std::string Signature::otext() const { return text_of(output_, " ", true); }

std::string Signature::text() const {
  std::string text = itext();
  text += text.empty() ? "->" : " ->";
  const std::string output = otext();
  return output.empty() ? text : text + " " + output;
}

}  // namespace lunops
