// SPDX-License-Identifier: MIT
#include "runtime/core/shape_parser.hpp"

#include <utility>

#include <fmt/format.h>

#include "runtime/core/parse_cache.hpp"

namespace lunops {

namespace {

struct SideRules {
  std::string_view place = {};           // "on the input": ends messages about names
  std::string_view ellipsis_place = {};  // "left of '->'"
  std::string_view twice_hint = {};      // what to do about a name that stands twice
  Extents extents = Extents::allowed;
  bool has_ellipsis = true;
  bool has_anonymous = true;
  bool is_weight = false;  // names may repeat with other primes, variables too
  bool may_repeat_variables = false;
};

bool are_same(const Term& a, const Term& b, bool compare_primes) {
  if (a.kind != b.kind) return false;
  if (a.kind == Term::Kind::ellipsis) return true;
  if (compare_primes && a.dim.primes != b.dim.primes) return false;
  return a.kind == Term::Kind::dim ? a.dim.name == b.dim.name : a.variable == b.variable;
}

ParsedTerm parse_wildcard(Lexer& lexer, const Token& open, const SideRules& rules, int& anonymous) {
  ParsedTerm parsed;
  parsed.term.kind = Term::Kind::variable;
  Token token = lexer.next();
  if (token.kind == Token::Kind::number) {
    const int64_t number = parse_number(lexer, token, "wildcard number", kMaxWildcard + 1);
    if (number == 0) lexer.fail(token, "wildcard numbers begin with 1");
    parsed.term.variable = static_cast<int>(number);
    token = lexer.next();
  } else if (token.kind == Token::Kind::close) {
    if (!rules.has_anonymous) {
      lexer.fail({open.span.begin, token.span.end},
                 "'()' has no place in a weight, for it would be a new dim; number it: '(1)'");
    }
    parsed.term.variable = anonymous++;
  } else if (token.kind == Token::Kind::name) {
    lexer.fail({open.span.begin, token.span.end},
               "groups belong to rearrange patterns; a wildcard is '()' or '(1)'");
  } else {
    lexer.fail(token, fmt::format("'(' begins a wildcard '()' or '(1)', but {} follows",
                                  describe(lexer, token)));
  }
  if (token.kind != Token::Kind::close) {
    lexer.fail(token, fmt::format("the wildcard is not closed: ')' is expected, not {}",
                                  describe(lexer, token)));
  }
  parsed.span = {open.span.begin, token.span.end};
  parsed.term.dim.primes = parse_primes(lexer, parsed.span);
  if (lexer.peek().kind == Token::Kind::equals) {
    lexer.fail(lexer.peek(), "a wildcard takes no extent; name the dim");
  }
  return parsed;
}

// Reads terms up to a token that belongs to no term, which is returned.
Token parse_side(Lexer& lexer, const SideRules& rules, int& anonymous, ParsedSide& side) {
  double product = 1;
  int dims = 0;
  for (;;) {
    const Token token = lexer.next();
    ParsedTerm parsed;
    if (token.kind == Token::Kind::name || token.kind == Token::Kind::number) {
      const ParsedDim dim = parse_dim(lexer, token, rules.extents);
      parsed.term.dim = dim.dim;
      parsed.term.extent = dim.extent;
      parsed.span = dim.span;
    } else if (token.kind == Token::Kind::open) {
      parsed = parse_wildcard(lexer, token, rules, anonymous);
    } else if (token.kind == Token::Kind::ellipsis) {
      if (!rules.has_ellipsis) lexer.fail(token, fmt::format("'...' has no place {}", rules.place));
      parsed.term.kind = Term::Kind::ellipsis;
      parsed.span = token.span;
    } else if (token.kind == Token::Kind::prime) {
      lexer.fail(token, "a prime follows a name or a wildcard");
    } else if (token.kind == Token::Kind::equals) {
      lexer.fail(token, "'=' stands between a name and its extent: 'x=256'");
    } else {
      return token;
    }

    for (const ParsedTerm& earlier : side) {
      if (!are_same(earlier.term, parsed.term, rules.is_weight)) continue;
      if (parsed.term.kind == Term::Kind::ellipsis) {
        lexer.fail(parsed.span, fmt::format("'...' stands twice {}; a side may have it once",
                                            rules.ellipsis_place));
      }
      if (parsed.term.kind == Term::Kind::variable && rules.may_repeat_variables) continue;
      lexer.fail(parsed.span, fmt::format("'{}' twice {}{}", text_of_base(parsed.term), rules.place,
                                          rules.twice_hint));
    }
    if (parsed.term.kind != Term::Kind::ellipsis && ++dims > kMaxDims) {
      lexer.fail(parsed.span, fmt::format("more than {} dims {}", kMaxDims, rules.place));
    }
    if (parsed.term.extent > 0) product *= static_cast<double>(parsed.term.extent);
    if (product >= static_cast<double>(kExtentLimit)) {
      lexer.fail(parsed.span,
                 fmt::format("the product of the extents is too large: it must be below {}",
                             kExtentLimit));
    }
    side.push_back(parsed);
  }
}

}  // namespace

Side terms_of(const ParsedSide& side) {
  Side terms;
  terms.reserve(side.size());
  for (const ParsedTerm& parsed : side) terms.push_back(parsed.term);
  return terms;
}

namespace {

// One operand of an einsum or a whole shape: names only.
Token parse_names(Lexer& lexer, Extents extents, std::string_view place, Shape& shape) {
  std::vector<Dim> dims;
  std::vector<int64_t> sizes;
  double product = 1;
  for (;;) {
    const Token token = lexer.next();
    if (token.kind == Token::Kind::ellipsis) {
      lexer.fail(token, fmt::format("'...' has no place {}", place));
    }
    if (token.kind == Token::Kind::open) {
      lexer.fail(token, fmt::format("wildcards and groups have no place {}", place));
    }
    if (token.kind == Token::Kind::prime) lexer.fail(token, "a prime follows a name");
    if (token.kind == Token::Kind::equals) {
      lexer.fail(token, "'=' stands between a name and its extent: 'x=256'");
    }
    if (token.kind != Token::Kind::name && token.kind != Token::Kind::number) {
      shape = Shape(std::move(dims), std::move(sizes));
      return token;
    }
    const ParsedDim parsed = parse_dim(lexer, token, extents);
    for (const Dim& earlier : dims) {
      if (earlier == parsed.dim) lexer.fail(parsed.span, fmt::format("'{}' twice", earlier.text()));
    }
    if (dims.size() == kMaxDims)
      lexer.fail(parsed.span, fmt::format("more than {} dims", kMaxDims));
    if (parsed.extent > 0) product *= static_cast<double>(parsed.extent);
    if (product >= static_cast<double>(kExtentLimit)) {
      lexer.fail(parsed.span,
                 fmt::format("the product of the extents is too large: it must be below {}",
                             kExtentLimit));
    }
    dims.push_back(parsed.dim);
    sizes.push_back(parsed.extent);
  }
}

}  // namespace

Shape parse_shape(std::string_view operation, std::string_view text) {
  Lexer lexer(operation, text);
  Shape shape;
  const Token token = parse_names(lexer, Extents::allowed, "in a tensor's shape", shape);
  if (token.kind != Token::Kind::end) {
    lexer.fail(token, fmt::format("{} has no place in a tensor's shape", describe(lexer, token)));
  }
  return shape;
}

namespace {

Side read_match(std::string_view operation, std::string_view text) {
  Lexer lexer(operation, text);
  int anonymous = kFirstAnonymous;
  ParsedSide side;
  SideRules rules{
      .place = "in the pattern", .ellipsis_place = "in the pattern", .extents = Extents::forbidden};
  rules.may_repeat_variables = true;
  const Token token = parse_side(lexer, rules, anonymous, side);
  if (token.kind != Token::Kind::end) {
    lexer.fail(token, fmt::format("{} has no place in a match pattern", describe(lexer, token)));
  }
  return terms_of(side);
}

}  // namespace

Side parse_match(std::string_view operation, std::string_view text) {
  return *cached<Side>(ParseContext::match, operation, text, read_match);
}

ParsedSignature parse_terms(std::string_view operation, std::string_view text, WeightPart weight) {
  Lexer lexer(operation, text);
  // Which rules hold for the first part depends on a comma that may stand after it.
  const bool has_weight = weight == WeightPart::allowed &&
                          text.substr(0, kMaxShapeText).find(',') != std::string_view::npos;
  int anonymous = kFirstAnonymous;
  ParsedSignature parsed;
  Token token;
  if (has_weight) {
    SideRules rules{.place = "in the weight", .has_ellipsis = false, .has_anonymous = false};
    rules.is_weight = true;
    token = parse_side(lexer, rules, anonymous, parsed.weight.emplace());
    if (token.kind == Token::Kind::arrow) {
      lexer.fail(token, "',' is missing between the dims of the weight and the input");
    }
    if (token.kind != Token::Kind::comma) {
      lexer.fail(token, fmt::format("',' is expected after the dims of the weight, not {}",
                                    describe(lexer, token)));
    }
  }
  SideRules input{.place = "on the input", .ellipsis_place = "left of '->'"};
  if (weight == WeightPart::allowed && !has_weight) {
    input.twice_hint = "; ',' is missing if the dims of a weight stand first: \"m n, n -> m\"";
  }
  token = parse_side(lexer, input, anonymous, parsed.input);
  if (token.kind == Token::Kind::comma) {
    lexer.fail(token, has_weight ? "',' twice; a weight string has one weight and one input"
                                 : "',' has no place in a signature");
  }
  if (token.kind == Token::Kind::arrow) {
    token = parse_side(lexer, {.place = "on the output", .ellipsis_place = "right of '->'"},
                       anonymous, parsed.output.emplace());
    if (token.kind == Token::Kind::arrow) lexer.fail(token, "'->' twice; a signature has it once");
    if (token.kind == Token::Kind::comma) {
      lexer.fail(token, has_weight ? "',' twice; a weight string has it once, left of '->'"
                                   : "',' has no place right of '->'");
    }
  }
  if (token.kind != Token::Kind::end) {
    lexer.fail(token, fmt::format("{} has no place here", describe(lexer, token)));
  }
  if (has_weight && !parsed.output) {
    lexer.fail(token, "'->' is missing; a weight string is \"weight, input -> output\"");
  }
  return parsed;
}

namespace {

EinsumText read_einsum(std::string_view operation, std::string_view text) {
  Lexer lexer(operation, text);
  EinsumText einsum;
  Token token;
  do {
    token = parse_names(lexer, Extents::forbidden, "in an einsum", einsum.operands.emplace_back());
  } while (token.kind == Token::Kind::comma);
  if (token.kind != Token::Kind::arrow) {
    lexer.fail(token,
               fmt::format("'->' is expected after the operands, not {}", describe(lexer, token)));
  }
  token = parse_names(lexer, Extents::forbidden, "in an einsum", einsum.result);
  if (token.kind != Token::Kind::end) {
    lexer.fail(token, fmt::format("{} has no place right of '->'", describe(lexer, token)));
  }
  return einsum;
}

}  // namespace

EinsumText parse_einsum(std::string_view operation, std::string_view text) {
  return *cached<EinsumText>(ParseContext::einsum, operation, text, read_einsum);
}

}  // namespace lunops
