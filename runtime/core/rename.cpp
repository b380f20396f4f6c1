// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/core/shape_lexer.hpp"
#include "runtime/core/signature.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

namespace {

// One entry of a renaming: what is renamed, and to what.
struct Rule {
  std::optional<Dim> dim;  // absent: a variable
  int variable = 0;
  bool has_primes = false;  // only this dim; otherwise the base name with all its primes
  Dim to;
};

Rule parse_rule(const std::pair<std::string, std::string>& entry) {
  const auto& [from, to] = entry;
  Rule rule;
  Lexer lexer("rename", from);
  if (lexer.peek().kind == Token::Kind::open) {
    lexer.next();
    const Token number = lexer.next();
    if (number.kind != Token::Kind::number) lexer.fail(number, "a variable is written '(1)'");
    rule.variable =
        static_cast<int>(parse_number(lexer, number, "wildcard number", kMaxWildcard + 1));
    const Token close = lexer.next();
    if (close.kind != Token::Kind::close) lexer.fail(close, "a variable is written '(1)'");
    if (lexer.peek().kind != Token::Kind::end)
      lexer.fail(lexer.peek(), "a variable is renamed as a whole");
  } else {
    rule.dim = Dim::parse(from, "rename");
    rule.has_primes = rule.dim->primes > 0;
  }
  rule.to = Dim::parse(to, "rename");
  return rule;
}

bool applies(const Rule& rule, const Term& term) {
  if (term.kind == Term::Kind::variable) return !rule.dim && rule.variable == term.variable;
  if (term.kind != Term::Kind::dim || !rule.dim || rule.dim->name != term.dim.name) return false;
  return !rule.has_primes || rule.dim->primes == term.dim.primes;
}

// The rule for a dim with primes goes before the one for its base name.
const Rule* rule_for(const std::vector<Rule>& rules, const Term& term) {
  const Rule* found = nullptr;
  for (const Rule& rule : rules) {
    if (applies(rule, term) && (found == nullptr || rule.has_primes)) found = &rule;
  }
  return found;
}

void rename_term(const std::vector<Rule>& rules, Term& term) {
  const Rule* rule = rule_for(rules, term);
  if (rule == nullptr) return;
  const int primes = rule->to.primes + (rule->has_primes ? 0 : term.dim.primes);
  if (primes > kMaxPrimes)
    fail(Code::shape, "rename", "more than {} primes on '{}'", kMaxPrimes, rule->to.text());
  term.kind = Term::Kind::dim;
  term.variable = 0;
  term.dim = {rule->to.name, static_cast<uint8_t>(primes)};
}

// What was not one dim on both sides is none under its new names either: the output's gets primes.
void part_sides(const Signature& before, const Side& input, Side& output) {
  const auto is_same = [](const Term& a, const Term& b) {
    return a.kind == b.kind && a.dim == b.dim && a.variable == b.variable;
  };
  for (size_t i = 0; i < output.size(); ++i) {
    Term& term = output[i];
    if (term.kind != Term::Kind::dim) continue;
    const auto met = [&] {
      return std::find_if(input.begin(), input.end(),
                          [&](const Term& t) { return is_same(t, term); });
    };
    const auto at = met();
    const bool is_kept =
        at == input.end() ||
        is_same(before.input()[static_cast<size_t>(at - input.begin())], before.output()[i]);
    if (is_kept) continue;
    while (met() != input.end()) {
      if (++term.dim.primes > kMaxPrimes) {
        fail(Code::shape, "rename", "more than {} primes on '{}'", kMaxPrimes,
             term.dim.name.text());
      }
    }
  }
}

void check_twice(const Side& side, std::string_view place) {
  for (size_t i = 0; i < side.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (side[i].kind == Term::Kind::dim && side[j].kind == Term::Kind::dim &&
          side[i].dim.name == side[j].dim.name) {
        fail(Code::shape, "rename", "'{}' twice on the {} of the result", side[i].dim.name.text(),
             place);
      }
    }
  }
}

}  // namespace

Composition rename(const Composition& a,
                   const std::vector<std::pair<std::string, std::string>>& names) {
  const Signature& signature = a.signature;
  std::vector<Rule> rules;
  for (const auto& entry : names) {
    const Rule rule = parse_rule(entry);
    const auto is_renamed = [&](const Term& term) { return applies(rule, term); };
    const bool is_there =
        std::any_of(signature.input().begin(), signature.input().end(), is_renamed) ||
        std::any_of(signature.output().begin(), signature.output().end(), is_renamed) ||
        std::any_of(a.inner.begin(), a.inner.end(), [&](const auto& dim) {
          return is_renamed({Term::Kind::dim, dim.first, 0, kUnknown});
        });
    if (!is_there) {
      std::vector<std::string> known;
      for (const Dim& dim : signature.dims()) known.push_back(dim.text());
      for (const auto& [dim, extent] : a.inner) known.push_back(dim.text());
      fail(Code::shape, "rename", "no dim '{}' in \"{}\"{}", entry.first, signature.text(),
           did_you_mean(entry.first, known));
    }
    rules.push_back(rule);
  }
  Side input = signature.input();
  Side output = signature.output();
  for (Term& term : input) rename_term(rules, term);
  for (Term& term : output) rename_term(rules, term);
  part_sides(signature, input, output);
  check_twice(input, "input");
  check_twice(output, "output");

  Composition made;
  std::vector<Term> inner;
  for (const auto& [dim, extent] : a.inner) {
    Term term{Term::Kind::dim, dim, 0, extent};
    rename_term(rules, term);
    inner.push_back(term);
  }
  // Normal form moves primes about; an inner dim keeps clear of the names that input and output end
  // up with.
  made.signature = Signature(std::move(input), std::move(output), signature.is_open());
  for (const Term& term : inner) {
    Dim dim{term.dim.name, 0};
    const auto is_taken = [&] {
      return made.signature.has(dim) ||
             std::any_of(made.inner.begin(), made.inner.end(),
                         [&](const auto& other) { return other.first == dim; });
    };
    while (dim.primes <= kMaxPrimes && is_taken()) ++dim.primes;
    // Past the primes that a string can hold it has no name, as in a product.
    if (dim.primes <= kMaxPrimes) made.inner.emplace_back(dim, term.extent);
  }
  return made;
}

Signature Signature::rename(const std::vector<std::pair<std::string, std::string>>& names) const {
  return lunops::rename(Composition{*this, {}}, names).signature;
}

}  // namespace lunops
