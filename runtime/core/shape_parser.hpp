// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "runtime/core/shape.hpp"
#include "runtime/core/shape_lexer.hpp"
#include "runtime/core/signature.hpp"

namespace lunops {

// Variables that come from "()" get numbers above every one that can be written.
inline constexpr int kFirstAnonymous = kMaxWildcard + 1;

// A term and where it stands.
struct ParsedTerm {
  Term term;
  Span span;
};

using ParsedSide = std::vector<ParsedTerm>;

Side terms_of(const ParsedSide& side);

// "coil=8 y x": a tensor's shape.
Shape parse_shape(std::string_view operation, std::string_view text);

// "coil ... (1) x": one side, without extents; repeated variables are allowed, repeated names are
// not.
Side parse_match(std::string_view operation, std::string_view text);

// What stands in a signature or weight string, as written.
struct ParsedSignature {
  std::optional<ParsedSide> weight;
  ParsedSide input;
  std::optional<ParsedSide> output;  // absent: one-sided
};
enum class WeightPart : uint8_t { allowed, forbidden };
ParsedSignature parse_terms(std::string_view operation, std::string_view text, WeightPart weight);

// "coil y x, coil y x -> y x".
struct EinsumText {
  std::vector<Shape> operands;
  Shape result;
};
EinsumText parse_einsum(std::string_view operation, std::string_view text);

}  // namespace lunops
