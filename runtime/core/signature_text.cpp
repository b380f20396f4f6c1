// SPDX-License-Identifier: MIT
#include <algorithm>

#include <fmt/format.h>

#include "runtime/core/parse_cache.hpp"
#include "runtime/core/shape_parser.hpp"
#include "runtime/core/signature.hpp"

namespace lunops {

namespace {

bool are_one_dim(const Term& a, const Term& b) {
  if (a.kind != b.kind || a.dim.primes != b.dim.primes) return false;
  if (a.kind == Term::Kind::ellipsis) return true;
  return a.kind == Term::Kind::dim ? a.dim.name == b.dim.name : a.variable == b.variable;
}

const ParsedTerm* find(const ParsedSide& side, const Term& term) {
  const auto found = std::find_if(side.begin(), side.end(), [&](const ParsedTerm& other) {
    return are_one_dim(other.term, term);
  });
  return found == side.end() ? nullptr : &*found;
}

std::string text_of(const Term& term) {
  return text_of_base(term) + std::string(term.dim.primes, '\'');
}

// What must hold between the two sides, with carets at the later place.
void check_sides(std::string_view operation, std::string_view text, const ParsedSignature& parsed) {
  if (!parsed.output) return;
  const Term ellipsis{Term::Kind::ellipsis, {}, 0, kUnknown};
  const ParsedTerm* left = find(parsed.input, ellipsis);
  const ParsedTerm* right = find(*parsed.output, ellipsis);
  if ((left == nullptr) != (right == nullptr)) {
    fail_at(operation, text, left != nullptr ? left->span : right->span,
            fmt::format("'...' stands only {} of '->'; write it on both sides or on neither",
                        left != nullptr ? "left" : "right"));
  }
  for (const ParsedTerm& out : *parsed.output) {
    const ParsedTerm* in = find(parsed.input, out.term);
    if (in == nullptr || in->term.extent == kUnknown || out.term.extent == kUnknown) continue;
    if (in->term.extent == out.term.extent) continue;
    fail_at(operation, text, out.span,
            fmt::format(
                "extents of the kept dim '{0}' differ: {1} and {2}; write \"{0}'\" on the right if "
                "these are two dims",
                text_of(out.term), in->term.extent, out.term.extent));
  }
}

void merge_extent(std::string_view operation,
                  std::string_view text,
                  const ParsedTerm& weight,
                  ParsedTerm& dim) {
  const int64_t given = weight.term.extent;
  if (given == kUnknown) return;
  if (dim.term.extent != kUnknown && dim.term.extent != given) {
    fail_at(operation, text, dim.span,
            fmt::format("extent of '{}' is {} in the weight but {} here", text_of(dim.term), given,
                        dim.term.extent));
  }
  dim.term.extent = given;
}

// A weight has the dims of a contraction and no others.
void check_weight(std::string_view operation, std::string_view text, ParsedSignature& parsed) {
  ParsedSide& output = *parsed.output;
  for (const ParsedTerm& term : *parsed.weight) {
    bool is_there = false;
    for (ParsedSide* side : {&parsed.input, &output}) {
      for (ParsedTerm& other : *side) {
        if (!are_one_dim(term.term, other.term)) continue;
        is_there = true;
        merge_extent(operation, text, term, other);
      }
    }
    if (!is_there) {
      fail_at(
          operation, text, term.span,
          fmt::format(
              "'{}' is in the weight but in neither input nor output; sum it beforehand or name "
              "it in the signature",
              text_of(term.term)));
    }
  }
  for (const ParsedTerm& in : parsed.input) {
    if (in.term.kind == Term::Kind::ellipsis || find(*parsed.weight, in.term) ||
        find(output, in.term))
      continue;
    fail_at(operation, text, in.span,
            fmt::format(
                "'{}' is in the input but in neither weight nor output; sum it with lo.SumReduce",
                text_of(in.term)));
  }
  for (const ParsedTerm& out : output) {
    if (out.term.kind == Term::Kind::ellipsis || find(*parsed.weight, out.term)) continue;
    if (find(parsed.input, out.term)) continue;
    fail_at(
        operation, text, out.span,
        fmt::format("'{}' is in the output but in neither weight nor input; add it with lo.Repeat",
                    text_of(out.term)));
  }
}

// Variables numbered from 1 in order of appearance.
Side numbered(Side side) {
  std::vector<int> numbers;
  for (Term& term : side) {
    if (term.kind != Term::Kind::variable) continue;
    auto known = std::find(numbers.begin(), numbers.end(), term.variable);
    if (known == numbers.end()) known = numbers.insert(known, term.variable);
    term.variable = static_cast<int>(known - numbers.begin()) + 1;
  }
  return side;
}

SignatureText to_signature_text(const ParsedSignature& parsed) {
  SignatureText made;
  made.is_one_sided = !parsed.output.has_value();
  if (made.is_one_sided) {
    made.side = numbered(terms_of(parsed.input));
  } else {
    made.signature = Signature(terms_of(parsed.input), terms_of(*parsed.output));
  }
  return made;
}

SignatureText read_signature(std::string_view operation, std::string_view text) {
  const ParsedSignature parsed = parse_terms(operation, text, WeightPart::forbidden);
  check_sides(operation, text, parsed);
  return to_signature_text(parsed);
}

// The weight's dims follow those of the signature when that is brought to normal form.
Side follow(const ParsedSignature& parsed, const Signature& signature) {
  Side terms;
  for (const ParsedTerm& weight : *parsed.weight) {
    const ParsedTerm* in = find(parsed.input, weight.term);
    const ParsedTerm* out = find(*parsed.output, weight.term);
    terms.push_back(in != nullptr
                        ? signature.input()[static_cast<size_t>(in - parsed.input.data())]
                        : signature.output()[static_cast<size_t>(out - parsed.output->data())]);
  }
  return terms;
}

WeightText read_weight(std::string_view operation, std::string_view text) {
  ParsedSignature parsed = parse_terms(operation, text, WeightPart::allowed);
  check_sides(operation, text, parsed);
  if (parsed.weight) check_weight(operation, text, parsed);
  WeightText made;
  made.signature = to_signature_text(parsed);
  if (!parsed.weight) return made;
  made.weight_terms = follow(parsed, made.signature.signature);
  made.weight.emplace();
  for (const Term& term : *made.weight_terms) made.weight->push_back(term.dim);
  return made;
}

}  // namespace

SignatureText parse_signature(std::string_view operation, std::string_view text) {
  return *cached<SignatureText>(ParseContext::signature, operation, text, read_signature);
}

WeightText parse_weight(std::string_view operation, std::string_view text) {
  return *cached<WeightText>(ParseContext::weight, operation, text, read_weight);
}

Signature Signature::parse(std::string_view operation, std::string_view text) {
  const SignatureText parsed = parse_signature(operation, text);
  return parsed.is_one_sided ? Signature(parsed.side, parsed.side) : parsed.signature;
}

}  // namespace lunops
