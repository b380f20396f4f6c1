// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/core/signature.hpp"
#include "runtime/core/unify.hpp"

namespace lunops {

namespace {

[[noreturn]] void fail_to_bind(const Signature& signature,
                               std::string_view operation,
                               const Shape& x,
                               bool has_extents,
                               const std::string& reason) {
  fail(Code::shape, "apply", "{} needs {} but was given {}: {}", operation,
       braced(signature.input(), has_extents), x.braced(), reason);
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += fmt::format("'{}'", names[i]);
  }
  return text;
}

bool is_subsequence(const std::vector<std::string>& part, const Shape& x) {
  size_t at = 0;
  for (const Dim& dim : x.dims()) {
    if (at < part.size() && dim.name.text() == part[at]) ++at;
  }
  return at == part.size();
}

// Says which of the ways to be wrong this is; called when the names of x do not fit.
std::string explain(const Signature& signature, const Shape& x) {
  std::vector<std::string> needed;
  std::vector<std::string> missing;
  size_t variables = 0;
  for (const Term& term : signature.input()) {
    if (term.kind == Term::Kind::variable) ++variables;
    if (term.kind != Term::Kind::dim) continue;
    needed.emplace_back(term.dim.name.text());
    if (x.find_base(term.dim.name) < 0) missing.push_back(needed.back());
  }
  if (!missing.empty()) {
    return fmt::format("{} {} missing", quoted_list(missing), missing.size() == 1 ? "is" : "are");
  }
  std::vector<std::string> extra;
  for (const Dim& dim : x.dims()) {
    const std::string name(dim.name.text());
    if (std::find(needed.begin(), needed.end(), name) == needed.end()) extra.push_back(name);
  }
  const bool takes_batch = signature.is_open() || signature.has_ellipsis();
  if (extra.size() < variables) {
    return fmt::format("{}, {}{} needed", count_of_dims(x.ndim()), takes_batch ? "at least " : "",
                       needed.size() + variables);
  }
  if (!takes_batch && extra.size() > variables) {
    return fmt::format("extra dim{} {}; this operator takes no batch dims",
                       extra.size() == 1 ? "" : "s", quoted_list(extra));
  }

  std::string order;
  const auto append = [&](const std::string& name) { order += (order.empty() ? "" : " ") + name; };
  size_t used = 0;
  const auto append_batch = [&] {
    for (size_t i = variables; i < extra.size(); ++i) append(extra[used++]);
  };
  if (signature.is_open()) append_batch();
  for (const Term& term : signature.input()) {
    switch (term.kind) {
      case Term::Kind::dim:
        append(std::string(term.dim.name.text()));
        break;
      case Term::Kind::variable:
        append(extra[used++]);
        break;
      case Term::Kind::ellipsis:
        append_batch();
        break;
    }
  }
  if (extra.size() == variables) {
    return fmt::format("same dims in another order; pass x:permute \"{}\"", order);
  }
  if (!signature.is_open() || variables > 0 || !is_subsequence(needed, x)) {
    return fmt::format("the dims are in another order; pass x:permute \"{}\"", order);
  }
  // Where the batch dims stand together, the string of the operator can say so as well.
  std::string pattern;
  int gaps = 0;
  bool was_extra = false;
  for (const Dim& dim : x.dims()) {
    const std::string name(dim.name.text());
    const bool is_extra = std::find(extra.begin(), extra.end(), name) != extra.end();
    if (!is_extra || !was_extra)
      pattern += (pattern.empty() ? "" : " ") + (is_extra ? "..." : name);
    gaps += is_extra && !was_extra ? 1 : 0;
    was_extra = is_extra;
  }
  const std::string hint =
      gaps == 1 ? fmt::format(" or write \"{}\" in the operator's string", pattern) : "";
  return fmt::format("batch dims lead; pass x:permute \"{}\"{}", order, hint);
}

}  // namespace

Binding bind(const Signature& signature, std::string_view operation, const Shape& x) {
  // Batch dims are seen by name: an unnamed tensor has those that "..." was written for, and no
  // others.
  const bool is_positional = !x.is_named();
  Unifier unifier;
  const Unifier::Sides sides = unifier.load(
      is_positional ? Signature(signature.input(), signature.output(), false) : signature);
  const DimList given = unifier.load(x);
  if (const int twice = unifier.repeated(given); twice >= 0) {
    fail(Code::shape, "apply",
         "{} was given {}: two dims named '{}', for primes do not tell the dims of a "
         "tensor apart; rename one of them",
         operation, x.braced(), unifier.base_text(twice));
  }

  const AlignResult found = align(sides.input, given);
  if (!found.alignment) {
    if (!is_positional) fail_to_bind(signature, operation, x, false, explain(signature, x));
    const size_t rank = signature.input().size();
    fail_to_bind(
        signature, operation, x, false,
        fmt::format("an unnamed tensor of rank {} against rank {}{}; batch dims are seen by name, "
                    "so name the dims",
                    x.ndim(), signature.has_ellipsis() ? rank - 1 : rank,
                    signature.has_ellipsis() ? " at least" : ""));
  }
  for (const auto& [p, q] : found.alignment->pairs) {
    if (!unifier.join_bases(p, q).empty()) {
      fail_to_bind(signature, operation, x, false, explain(signature, x));
    }
  }
  for (const auto& [p, q] : found.alignment->pairs) {
    const int64_t needed = unifier.extent(p);
    const int64_t there = unifier.extent(q);
    if (!unifier.join_extents(p, q)) {
      fail_to_bind(signature, operation, x, true,
                   fmt::format("extent of '{}' is {}, not {}{}", unifier.base_text(p), there,
                               needed, there == 1 ? "; a dim of extent 1 is not broadcast" : ""));
    }
    unifier.join_dims(q, p);
  }

  const std::optional<DimList>& rest = found.alignment->p_rest;
  const DimList input = expand(sides.input, rest);
  const DimList output = expand(sides.output, rest);
  for (const DimList* side : {&input, &output}) {
    const int twice = unifier.repeated(*side);
    if (twice < 0) continue;
    const bool is_batch = rest && std::any_of(rest->begin(), rest->end(), [&](int dim) {
                            return unifier.have_one_base(dim, twice);
                          });
    fail(Code::shape, "apply",
         "two dims named '{}' on the {} of {}, which was given {}{}; rename one of them",
         unifier.base_text(twice), side == &input ? "input" : "output", operation, x.braced(),
         is_batch ? ", one of them a batch dim" : "");
  }

  Binding binding;
  // Dims without a name get one that no string can contain, so that they can be told apart.
  const auto seen_name = [&](int dim) {
    const Name name = unifier.name(dim);
    return name.empty() ? Name::intern(fmt::format("#{}", unifier.variable(dim))) : name;
  };
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  for (const int dim : input) {
    dims.push_back({seen_name(dim), 0});
    extents.push_back(unifier.extent(dim));
  }
  binding.input = Shape(std::move(dims), std::move(extents));
  if (rest) {
    const auto at = std::find(sides.input.begin(), sides.input.end(), kRest) - sides.input.begin();
    for (size_t i = 0; i < rest->size(); ++i)
      binding.batch.push_back(static_cast<int>(at) + static_cast<int>(i));
  }

  std::vector<Dim> seen;
  std::vector<Dim> shown;
  std::vector<int64_t> sizes;
  for (const int dim : output) {
    const bool is_kept = std::any_of(input.begin(), input.end(), [&](int other) {
      return unifier.find(other) == unifier.find(dim);
    });
    const Name name = seen_name(dim);
    seen.push_back(
        {name, static_cast<uint8_t>(is_kept || binding.input.find_base(name) < 0 ? 0 : 1)});
    shown.push_back({unifier.name(dim), 0});
    sizes.push_back(unifier.extent(dim));
    if (shown.back().name.empty()) binding.is_named = false;
  }
  binding.seen_output = Shape(std::move(seen), sizes);
  binding.output = binding.is_named ? Shape(std::move(shown), std::move(sizes))
                                    : Shape::unnamed(std::move(sizes));

  for (size_t i = 0, at = 0; i < sides.input.size(); ++i) {
    if (sides.input[i] == kRest) continue;
    while (signature.input()[at].kind == Term::Kind::ellipsis) ++at;
    const Term& term = signature.input()[at++];
    if (term.kind != Term::Kind::variable) continue;
    binding.variables.emplace_back(term.variable, Dim{seen_name(sides.input[i]), 0});
  }
  return binding;
}

}  // namespace lunops
