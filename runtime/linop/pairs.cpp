// SPDX-License-Identifier: MIT
#include "runtime/linop/pairs.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

std::vector<TermPair> mixed_pairs(std::string_view operation, const Signature& signature) {
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  std::vector<int> only_in, only_out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (find_term(out, in[i]) < 0) only_in.push_back(static_cast<int>(i));
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (find_term(in, out[i]) < 0) only_out.push_back(static_cast<int>(i));
  }
  if (only_in.size() != only_out.size()) {
    fail(Code::shape, operation,
         "\"{}\" replaces {} dim{} by {}; the dims that differ stand pairwise, by position",
         signature.text(), only_in.size(), only_in.size() == 1 ? "" : "s", only_out.size());
  }
  std::vector<TermPair> pairs;
  for (size_t i = 0; i < only_in.size(); ++i) pairs.push_back({only_in[i], only_out[i]});
  return pairs;
}

namespace {

[[noreturn]] void no_such_dim(std::string_view operation,
                              std::string_view option,
                              std::string_view name,
                              const Signature& signature) {
  std::vector<std::string> known;
  for (const Dim& d : signature.dims()) known.push_back(d.text());
  fail(Code::shape, operation, "{}: no dim '{}' in \"{}\"{}", option, name, signature.text(),
       did_you_mean(name, known));
}

bool is_dim(const Term& term, Dim dim) { return term.kind == Term::Kind::dim && term.dim == dim; }

}  // namespace

size_t pair_named(std::string_view operation,
                  std::string_view option,
                  const Signature& signature,
                  const std::vector<TermPair>& pairs,
                  std::string_view name) {
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  const Dim dim = Dim::parse(name, operation);
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (is_dim(in[static_cast<size_t>(pairs[i].in)], dim)) return i;
    if (is_dim(out[static_cast<size_t>(pairs[i].out)], dim)) return i;
  }
  if (!signature.has(dim)) no_such_dim(operation, option, name, signature);
  fail(Code::shape, operation,
       "{}: '{}' stands on both sides of \"{}\" and is kept; give its result a name of its own, "
       "such as {}'",
       option, name, signature.text(), name);
}

void check_listed(std::string_view operation,
                  std::string_view option,
                  const Signature& signature,
                  const std::vector<TermPair>& pairs,
                  const std::vector<std::string>& listed) {
  if (listed.empty()) return;
  std::vector<bool> is_listed(pairs.size(), false);
  for (const std::string& name : listed) {
    is_listed[pair_named(operation, option, signature, pairs, name)] = true;
  }
  const Side in = terms_of(signature.input());
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (is_listed[i]) continue;
    const std::string name = text_of_base(in[static_cast<size_t>(pairs[i].in)]);
    fail(Code::shape, operation, "{0}: \"{1}\" replaces '{2}' too; add it to '{0}', or keep '{2}'",
         option, signature.text(), name);
  }
}

Signature with_primed(std::string_view operation,
                      std::string_view text,
                      std::string_view option,
                      const std::vector<std::string>& changed) {
  const SignatureText parsed = parse_signature(operation, text);
  if (!parsed.is_one_sided) return parsed.signature;
  Side out = parsed.side;
  for (const std::string& name : changed) {
    const Dim dim = Dim::parse(name, operation);
    const auto found =
        std::find_if(out.begin(), out.end(), [&](const Term& t) { return is_dim(t, dim); });
    if (found == out.end()) {
      no_such_dim(operation, option, name, Signature(parsed.side, parsed.side));
    }
    found->dim.primes = 1;
  }
  return Signature(parsed.side, out);
}

Signature with_equal_pairs(std::string_view operation,
                           const Signature& signature,
                           const std::vector<TermPair>& pairs) {
  Side in = signature.input(), out = signature.output();
  const Side from = terms_of(in), to = terms_of(out);
  const auto set = [](Side& side, const Term& term, int64_t extent) {
    for (Term& t : side) {
      if (same_term(t, term)) t.extent = extent;
    }
  };
  for (const TermPair& pair : pairs) {
    const Term &a = from[static_cast<size_t>(pair.in)], &b = to[static_cast<size_t>(pair.out)];
    if (a.extent != kUnknown && b.extent != kUnknown && a.extent != b.extent) {
      fail(Code::shape, operation,
           "extent of '{}' is {} but of '{}' {}; they are one dim under two names", text_of_base(a),
           a.extent, text_of_base(b), b.extent);
    }
    const int64_t extent = a.extent != kUnknown ? a.extent : b.extent;
    set(in, a, extent);
    set(out, b, extent);
  }
  return Signature(in, out, signature.is_open());
}

PairedDims paired_dims(const Signature& forward,
                       const std::vector<TermPair>& pairs,
                       Mode mode,
                       int ndim) {
  const bool is_transposed = transposes(mode);
  const Side& in = is_transposed ? forward.output() : forward.input();
  const Side& out = is_transposed ? forward.input() : forward.output();
  const Places from = places(in, forward.is_open(), ndim);
  const Places to = places(out, forward.is_open(), ndim);
  PairedDims dims;
  dims.source.assign(static_cast<size_t>(ndim), -1);
  for (int j = 0; j < to.batch_count; ++j) {
    dims.source[static_cast<size_t>(to.batch_first + j)] = from.batch_first + j;
  }
  const Side in_terms = terms_of(in), out_terms = terms_of(out);
  for (size_t i = 0; i < in_terms.size(); ++i) {
    const int kept = find_term(out_terms, in_terms[i]);
    if (kept < 0) continue;
    dims.source[static_cast<size_t>(to.term[static_cast<size_t>(kept)])] = from.term[i];
  }
  for (const TermPair& pair : pairs) {
    const auto a = static_cast<size_t>(is_transposed ? pair.out : pair.in);
    const auto b = static_cast<size_t>(is_transposed ? pair.in : pair.out);
    dims.source[static_cast<size_t>(to.term[b])] = from.term[a];
    dims.mixed.push_back(to.term[b]);
  }
  return dims;
}

}  // namespace lunops
