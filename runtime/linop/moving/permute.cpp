// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/permute.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

std::shared_ptr<const Core> PermuteCore::shown_as(const Signature& form) const {
  return std::make_shared<PermuteCore>(form, name());
}

std::optional<Operand> PermuteCore::view(Mode mode, const Operand& x) const {
  return reordered(x, dims(mode, x.shape.ndim()));
}

Linop Permute(std::string_view text, const LinopOptions& options) {
  const SignatureText parsed = parse_signature("Permute", text);
  if (parsed.is_one_sided) {
    fail(Code::shape, "Permute", "\"{}\" has one side; write the new order after '->'", text);
  }
  const Side in = terms_of(parsed.signature.input()), out = terms_of(parsed.signature.output());
  for (const Term& t : in) {
    if (find_term(out, t) >= 0) continue;
    fail(Code::shape, "Permute",
         "\"{}\" loses '{}'; use SumReduce to sum over it, Rename for another name, Rearrange to "
         "merge it",
         text, text_of_base(t));
  }
  for (const Term& t : out) {
    if (find_term(in, t) >= 0) continue;
    fail(Code::shape, "Permute",
         "\"{}\" makes '{}', which the input does not have; use Repeat for a new dim, Rename for "
         "another name, Rearrange to split one",
         text, text_of_base(t));
  }
  return Linop(std::make_shared<PermuteCore>(with_options("Permute", parsed.signature, options),
                                             options.name));
}

}  // namespace lunops
