// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/core/signature.hpp"
#include "runtime/core/unify.hpp"

namespace lunops {

namespace {

void check_names(const Unifier& unifier,
                 const DimList& side,
                 std::string_view operation,
                 std::string_view place,
                 std::string_view operator_name) {
  const int twice = unifier.repeated(side);
  if (twice < 0) return;
  fail(Code::shape, operation, "two dims named '{}' on the {} of {}; rename one of them",
       unifier.base_text(twice), place, operator_name);
}

// "'coil' is missing" where lists of different lengths tell which dim it is, else the lengths.
std::string explain(const Unifier& unifier,
                    const DimList& p,
                    const DimList& q,
                    const Misfit& misfit) {
  if (misfit.kind == Misfit::Kind::ambiguous) return misfit.reason;
  const auto lacking = [&](const DimList& from, const DimList& in) {
    std::string names;
    for (const int dim : from) {
      if (dim == kRest) continue;
      if (unifier.name(dim).empty()) return std::string();
      const bool is_there = std::any_of(in.begin(), in.end(), [&](int other) {
        return other != kRest && unifier.have_one_base(dim, other);
      });
      if (is_there) continue;
      names += fmt::format("{}'{}'", names.empty() ? "" : ", ", unifier.base_text(dim));
    }
    return names;
  };
  const std::string missing = lacking(p, q);
  const std::string extra = lacking(q, p);
  if (!missing.empty() && extra.empty()) {
    return fmt::format("{} {} missing", missing,
                       missing.find(',') == std::string::npos ? "is" : "are");
  }
  if (!extra.empty() && missing.empty()) {
    return fmt::format("extra dim{} {}; the left operator takes no batch dims",
                       extra.find(',') == std::string::npos ? "" : "s", extra);
  }
  return misfit.reason;
}

}  // namespace

Composition compose(const Composition& a,
                    std::string_view left,
                    const Composition& b,
                    std::string_view right) {
  Unifier unifier;
  const Unifier::Sides sides_a = unifier.load(a.signature);
  const Unifier::Sides sides_b = unifier.load(b.signature);
  const auto mismatch = [&](const std::string& reason) {
    fail(Code::shape, "compose", "left input {} ({}) does not match right output {} ({}): {}",
         braced(a.signature.input(), false), left, braced(b.signature.output(), false), right,
         reason);
  };

  const auto [alignment, misfit] = align(sides_a.input, sides_b.output);
  if (!alignment) mismatch(explain(unifier, sides_a.input, sides_b.output, misfit));
  for (const auto& [p, q] : alignment->pairs) {
    if (const std::string reason = unifier.join_bases(p, q); !reason.empty()) mismatch(reason);
  }
  for (const auto& [p, q] : alignment->pairs) {
    const int64_t extent_a = unifier.extent(p);
    const int64_t extent_b = unifier.extent(q);
    if (!unifier.join_extents(p, q)) {
      fail(Code::shape, "compose", "extent of '{}' is {} in {} {} but {} in {} {}",
           unifier.base_text(p), extent_b, right, braced(b.signature.output(), true), extent_a,
           left, braced(a.signature.input(), true));
    }
    unifier.join_dims(p, q);
  }
  const DimList input = expand(sides_b.input, alignment->q_rest);
  const DimList middle_b = expand(sides_b.output, alignment->q_rest);
  const DimList middle_a = expand(sides_a.input, alignment->p_rest);
  const DimList output = expand(sides_a.output, alignment->p_rest);
  check_names(unifier, input, "compose", "input", right);
  check_names(unifier, middle_b, "compose", "output", right);
  check_names(unifier, middle_a, "compose", "input", left);
  check_names(unifier, output, "compose", "output", left);

  // In order of execution; to_signature drops those that are input or output dims.
  DimList inner;
  const auto add_inner = [&](const Composition& part) {
    Side side;
    for (const auto& [dim, extent] : part.inner) side.push_back({Term::Kind::dim, dim, 0, extent});
    const DimList dims = unifier.load(side);
    inner.insert(inner.end(), dims.begin(), dims.end());
  };
  add_inner(b);
  inner.insert(inner.end(), middle_b.begin(), middle_b.end());
  add_inner(a);
  return to_signature(unifier, input, output, inner,
                      a.signature.is_open() || b.signature.is_open());
}

Composition compose(const Signature& a,
                    std::string_view left,
                    const Signature& b,
                    std::string_view right) {
  return compose(Composition{a, {}}, left, Composition{b, {}}, right);
}

Composition adjoint(const Composition& a) {
  Unifier unifier;
  const Unifier::Sides sides = unifier.load(a.signature);
  Side side;
  for (const auto& [dim, extent] : a.inner) side.push_back({Term::Kind::dim, dim, 0, extent});
  DimList inner = unifier.load(side);
  std::reverse(inner.begin(), inner.end());
  return to_signature(unifier, sides.output, sides.input, inner, a.signature.is_open());
}

Composition normal(const Composition& a) {
  Unifier unifier;
  const Unifier::Sides sides = unifier.load(a.signature);
  DimList output;
  for (const int dim : sides.input) {
    const bool is_kept =
        std::find(sides.output.begin(), sides.output.end(), dim) != sides.output.end();
    const bool is_same = dim == kRest || is_kept;
    output.push_back(is_same ? dim : unifier.copy(dim));
    if (!is_same) (void)unifier.join_extents(dim, output.back());
  }
  Side side;
  for (const auto& [dim, extent] : a.inner) side.push_back({Term::Kind::dim, dim, 0, extent});
  DimList inner = unifier.load(side);
  inner.insert(inner.end(), sides.output.begin(), sides.output.end());
  return to_signature(unifier, sides.input, output, inner, a.signature.is_open());
}

namespace {

// New dims for what "..." of one term of a sum is bound to: the term keeps each of them, whatever
// the other term does.
std::optional<DimList> name_rest(Unifier& unifier, const std::optional<DimList>& rest) {
  if (!rest) return std::nullopt;
  DimList named;
  for (const int dim : *rest) named.push_back(dim == kRest ? kRest : unifier.copy(dim));
  return named;
}

// How many dims stand before and after the "..." that remains; they must agree on both sides.
std::pair<size_t, size_t> place_of_rest(const std::optional<DimList>& rest) {
  if (!rest) return {1, 0};
  return {rest->size(),
          static_cast<size_t>(std::find(rest->begin(), rest->end(), kRest) - rest->begin())};
}

}  // namespace

Signature add(const Signature& a,
              std::string_view left,
              const Signature& b,
              std::string_view right) {
  Unifier unifier;
  const Unifier::Sides sides_a = unifier.load(a);
  const Unifier::Sides sides_b = unifier.load(b);
  const auto mismatch = [&](std::string_view place, const std::string& reason) {
    const bool is_input = place == "input";
    fail(Code::shape, "add", "{0} {1} ({2}) does not match {0} {3} ({4}): {5}", place,
         braced(is_input ? a.input() : a.output(), false), left,
         braced(is_input ? b.input() : b.output(), false), right, reason);
  };
  const AlignResult inputs = align(sides_a.input, sides_b.input);
  if (!inputs.alignment) {
    mismatch("input", explain(unifier, sides_a.input, sides_b.input, inputs.misfit));
  }
  const AlignResult outputs = align(sides_a.output, sides_b.output);
  if (!outputs.alignment) {
    mismatch("output", explain(unifier, sides_a.output, sides_b.output, outputs.misfit));
  }
  if (place_of_rest(inputs.alignment->p_rest) != place_of_rest(outputs.alignment->p_rest) ||
      place_of_rest(inputs.alignment->q_rest) != place_of_rest(outputs.alignment->q_rest)) {
    mismatch("output", "'...' would stand for other dims than on the input");
  }

  // From here on both terms are written with the same number of dims, position by position.
  const std::optional<DimList> rest_a = name_rest(unifier, inputs.alignment->p_rest);
  const std::optional<DimList> rest_b = name_rest(unifier, inputs.alignment->q_rest);
  const DimList input_a = expand(sides_a.input, rest_a);
  const DimList input_b = expand(sides_b.input, rest_b);
  const DimList output_a = expand(sides_a.output, rest_a);
  const DimList output_b = expand(sides_b.output, rest_b);
  const auto join = [&](const DimList& p, const DimList& q, std::string_view place) {
    for (size_t i = p.size(); i-- > 0;) {
      if (p[i] == kRest) continue;
      if (const std::string reason = unifier.join_bases(p[i], q[i]); !reason.empty()) {
        mismatch(place, reason);
      }
      const int64_t extent_a = unifier.extent(p[i]);
      const int64_t extent_b = unifier.extent(q[i]);
      if (!unifier.join_extents(p[i], q[i])) {
        const bool is_input = place == "input";
        fail(Code::shape, "add", "extent of '{}' is {} in {} {} but {} in {} {}",
             unifier.base_text(p[i]), extent_a, left,
             braced(is_input ? a.input() : a.output(), true), extent_b, right,
             braced(is_input ? b.input() : b.output(), true));
      }
    }
  };
  join(input_a, input_b, "input");
  join(output_a, output_b, "output");
  // Once more: what one term learnt from its output may be news to the other's input.
  join(input_a, input_b, "input");
  check_names(unifier, input_a, "add", "input", left);
  check_names(unifier, output_a, "add", "output", left);

  // A dim of the sum is what it is in both terms: kept only if both keep it.
  DimList output;
  for (size_t j = 0; j < output_a.size(); ++j) {
    int dim = kRest;
    if (output_a[j] != kRest) {
      for (size_t i = 0; i < input_a.size(); ++i) {
        if (input_a[i] == output_a[j] && input_b[i] == output_b[j]) dim = input_a[i];
      }
      if (dim == kRest) {
        dim = unifier.copy(output_a[j]);
        (void)unifier.join_extents(dim, output_a[j]);
      }
    }
    output.push_back(dim);
  }
  return to_signature(unifier, input_a, output, {}, a.is_open() || b.is_open()).signature;
}

}  // namespace lunops
