// SPDX-License-Identifier: MIT
//
// Fuzz target of the shape strings (shape-strings §8).  The first byte chooses the context, a
// newline separates two strings.
//   clang++ -fsanitize=fuzzer,address,undefined …   libFuzzer brings its own main
//   shape_string_fuzz [COUNT [SEED]]                seeded inputs, as the ordinary tests run it
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "runtime/core/compact.hpp"
#include "runtime/core/match.hpp"
#include "runtime/core/pattern.hpp"
#include "runtime/core/shape.hpp"
#include "runtime/core/shape_parser.hpp"
#include "runtime/core/signature.hpp"
#include "runtime/core/unify.hpp"

using namespace lunops;

namespace {

[[noreturn]] void broken(std::string_view property, std::string_view p, std::string_view q = "") {
  fmt::print(stderr, "broken: {}\n  \"{}\"\n  \"{}\"\n", property, p, q);
  std::abort();
}

// Runs f; errors in the string are fine as long as they point into it.
bool accepts(std::string_view text, const std::function<void()>& f) {
  try {
    f();
    return true;
  } catch (const ParseError& e) {
    if (e.offset() > text.size()) broken("the offset is inside the string", text);
  } catch (const Error&) {
  }
  return false;
}

void check_shape(std::string_view text) {
  accepts(text, [&] {
    const Shape shape = Shape::parse(text);
    if (Shape::parse(shape.text()) != shape) broken("a printed shape parses back", text);
  });
}

void check_pattern(std::string_view text, PatternKind kind) {
  accepts(text, [&] {
    const Pattern pattern = parse_pattern("fuzz", text, kind);
    if (parse_pattern("fuzz", pattern.text(), kind) != pattern) {
      broken("a printed pattern parses back", text);
    }
    if (kind == PatternKind::rearrange) (void)to_signature(pattern, "fuzz");
  });
}

void check_compact(std::string_view text) {
  accepts(text, [&] {
    const std::string expanded = expand_compact("fuzz", text);
    if (expanded.size() > 3 * text.size()) broken("the compact form grows linearly", text);
  });
}

void check_renaming(const Signature& signature, std::string_view text) {
  std::vector<std::pair<std::string, std::string>> there;
  std::vector<std::pair<std::string, std::string>> back;
  std::vector<std::string> bases;
  for (const Dim& dim : signature.dims()) {
    const std::string base(dim.name.text());
    if (std::find(bases.begin(), bases.end(), base) != bases.end()) continue;
    bases.push_back(base);
    there.emplace_back(base, fmt::format("q{}q", bases.size()));
    back.emplace_back(there.back().second, base);
  }
  for (const std::string& base : bases) {
    if (base.front() == 'q' && base.back() == 'q') return;
  }
  if (signature.rename(there).rename(back) != signature) {
    broken("a renaming and its inverse cancel", text);
  }
}

void check_signature(std::string_view text, Signature* parsed = nullptr) {
  accepts(text, [&] {
    const Signature signature = Signature::parse("fuzz", text);
    if (Signature::parse("fuzz", signature.text()) != signature) {
      broken("a printed signature parses back", text);
    }
    if (signature.adjoint().adjoint() != signature) broken(".H twice is the identity", text);
    const Signature normal = signature.normal();
    if (normal.normal() != normal || normal.adjoint() != normal) {
      broken("a normal is its own adjoint and normal", text);
    }
    check_renaming(signature, text);
    if (parsed != nullptr) *parsed = signature;
  });
}

void check_weight(std::string_view text) {
  accepts(text, [&] {
    const WeightText weight = parse_weight("fuzz", text);
    if (!weight.weight) return;
    std::string printed;
    for (const Term& term : *weight.weight_terms) {
      printed += fmt::format("{}{} ", text_of_base(term), std::string(term.dim.primes, '\''));
    }
    printed += fmt::format(", {}", weight.signature.signature.text());
    const WeightText again = parse_weight("fuzz", printed);
    if (again.signature.signature != weight.signature.signature || again.weight != weight.weight) {
      broken("a printed weight string parses back", text);
    }
  });
}

void check_einsum(std::string_view text) {
  accepts(text, [&] {
    const EinsumText einsum = parse_einsum("fuzz", text);
    std::vector<std::string> operands;
    for (const Shape& operand : einsum.operands) operands.push_back(operand.text());
    const std::string printed =
        fmt::format("{} -> {}", fmt::join(operands, ", "), einsum.result.text());
    const EinsumText again = parse_einsum("fuzz", printed);
    if (again.operands != einsum.operands || again.result != einsum.result) {
      broken("a printed einsum parses back", text);
    }
  });
}

// The bindings of p with those of q exchanged.
bool agree(const MatchBindings& a, const MatchBindings& b) {
  return a.rest == b.rest && a.numbered == b.numbered && a.anonymous == b.anonymous;
}

void check_match(std::string_view p, std::string_view q) {
  const bool is_p = accepts(p, [&] { (void)parse_match("fuzz", p); });
  const bool is_q = accepts(q, [&] { (void)parse_match("fuzz", q); });
  if (!is_p || !is_q) return;
  const MatchResult forward = match(p, q);
  const MatchResult backward = match(q, p);
  if (forward.is_match != backward.is_match) broken("matching is symmetric", p, q);
  if (!forward.is_match) return;
  if (!agree(forward.p, backward.q) || !agree(forward.q, backward.p)) {
    broken("the bindings are the same both ways round", p, q);
  }

  Unifier unifier;
  const DimList left = unifier.load(parse_match("fuzz", p));
  const DimList right = unifier.load(parse_match("fuzz", q));
  const Alignment found = *align(left, right).alignment;
  for (const auto& [a, b] : found.pairs) (void)unifier.join_bases(a, b);
  const DimList bound_left = expand(left, found.p_rest);
  const DimList bound_right = expand(right, found.q_rest);
  bool is_equal = bound_left.size() == bound_right.size();
  for (size_t i = 0; is_equal && i < bound_left.size(); ++i) {
    const int a = bound_left[i];
    const int b = bound_right[i];
    is_equal = (a == kRest) == (b == kRest) && (a == kRest || unifier.have_one_base(a, b));
  }
  if (!is_equal) broken("the bindings make both sides equal", p, q);
}

void check_composition(std::string_view p, std::string_view q) {
  Signature a;
  Signature b;
  check_signature(p, &a);
  check_signature(q, &b);
  Signature product;
  const bool is_product = accepts("", [&] { product = compose(a, "A", b, "B").signature; });
  Signature reversed;
  const bool is_reversed =
      accepts("", [&] { reversed = compose(b.adjoint(), "B.H", a.adjoint(), "A.H").signature; });
  if (is_product != is_reversed || (is_product && product.adjoint() != reversed)) {
    broken("(A*B).H is B.H*A.H", p, q);
  }
  if (is_product && Signature::parse("fuzz", product.text()).text() != product.text()) {
    broken("a printed product parses back", p, q);
  }
  Signature sum;
  Signature other;
  const bool is_sum = accepts("", [&] { sum = add(a, "A", b, "B"); });
  const bool is_other = accepts("", [&] { other = add(b, "B", a, "A"); });
  if (is_sum != is_other || (is_sum && sum != other)) broken("A+B is B+A", p, q);
  accepts("", [&] { (void)bind(a, "A", b.oshape()); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t line = text.find('\n');
  const std::string_view first = text.substr(0, line);
  const std::string_view second = line == std::string_view::npos ? "" : text.substr(line + 1);
  switch (data[0] % 10) {
    case 0:
      check_shape(text);
      break;
    case 1:
      check_signature(text);
      break;
    case 2:
      check_weight(text);
      break;
    case 3:
      check_pattern(text, PatternKind::rearrange);
      break;
    case 4:
      check_pattern(text, PatternKind::reduce);
      break;
    case 5:
      check_pattern(text, PatternKind::expand);
      break;
    case 6:
      check_einsum(text);
      break;
    case 7:
      check_compact(text);
      break;
    case 8:
      check_match(first, second);
      break;
    case 9:
      check_composition(first, second);
      break;
  }
  return 0;
}
