// SPDX-License-Identifier: MIT
#include "runtime/core/match.hpp"

#include <algorithm>

#include "runtime/core/shape_parser.hpp"
#include "runtime/core/unify.hpp"

namespace lunops {

namespace {

// What the dim stands for: a name, else the variable that it met, else itself.
std::string bound_to(const Unifier& unifier, int dim, const DimList& other) {
  if (!unifier.name(dim).empty()) return unifier.base_text(dim);
  for (const int met : other) {
    if (met != kRest && unifier.have_one_base(dim, met)) return unifier.text(met);
  }
  return unifier.text(dim);
}

MatchBindings bindings_of(const Unifier& unifier,
                          const Side& terms,
                          const DimList& dims,
                          const DimList& other,
                          const std::optional<DimList>& rest) {
  MatchBindings bindings;
  for (size_t i = 0; i < terms.size(); ++i) {
    const Term& term = terms[i];
    switch (term.kind) {
      case Term::Kind::dim:
        break;
      case Term::Kind::ellipsis: {
        std::string& text = bindings.rest.emplace();
        for (const int dim : rest.value_or(DimList{kRest})) {
          if (!text.empty()) text += ' ';
          text += unifier.base_text(dim);
        }
        break;
      }
      case Term::Kind::variable: {
        const std::string bound = bound_to(unifier, dims[i], other);
        if (term.variable >= kFirstAnonymous) {
          bindings.anonymous.push_back(bound);
          break;
        }
        const bool is_known =
            std::any_of(bindings.numbered.begin(), bindings.numbered.end(),
                        [&](const auto& known) { return known.first == term.variable; });
        if (!is_known) bindings.numbered.emplace_back(term.variable, bound);
        break;
      }
    }
  }
  return bindings;
}

}  // namespace

MatchResult match(std::string_view p, std::string_view q) {
  const Side terms_p = parse_match("match", p);
  const Side terms_q = parse_match("match", q);
  Unifier unifier;
  const DimList dims_p = unifier.load(terms_p);
  const DimList dims_q = unifier.load(terms_q);

  MatchResult result;
  const AlignResult found = align(dims_p, dims_q);
  if (!found.alignment) {
    result.reason = found.misfit.reason;
    return result;
  }
  for (const auto& [a, b] : found.alignment->pairs) {
    result.reason = unifier.join_bases(a, b);
    if (!result.reason.empty()) return result;
  }
  result.is_match = true;
  result.p = bindings_of(unifier, terms_p, dims_p, dims_q, found.alignment->p_rest);
  result.q = bindings_of(unifier, terms_q, dims_q, dims_p, found.alignment->q_rest);
  return result;
}

}  // namespace lunops
