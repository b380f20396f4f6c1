// SPDX-License-Identifier: MIT
#include "runtime/linop/pairs.hpp"

#include "runtime/core/error.hpp"

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
