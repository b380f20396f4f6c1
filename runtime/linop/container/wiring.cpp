// SPDX-License-Identifier: MIT
#include "runtime/linop/container/wiring.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"

namespace lunops {

namespace {

bool has_rest(const Signature& s) { return s.is_open() || s.has_ellipsis(); }

// Which wires the inner names of the product stand for.  Names are given in order of execution to
// what is neither input nor output (composition, signature.hpp), so the k-th inner dim with a base
// name is the k-th such wire or inner dim of a factor.
std::vector<InnerDim> find_inner(const Wiring& w, const DimExtents& inner) {
  struct Candidate {
    Name base;
    int64_t extent;
    InnerDim what;
  };
  std::vector<Candidate> candidates;
  std::vector<int> seen = w.input;
  seen.insert(seen.end(), w.output.begin(), w.output.end());
  for (size_t k = 0; k < w.stages.size(); ++k) {
    const Stage& stage = w.stages[k];
    for (const auto& [dim, extent] : composition_of(stage.node).inner) {
      candidates.push_back({dim.name, extent, {kRestWire, static_cast<int>(k), dim}});
    }
    if (k + 1 == w.stages.size()) break;
    for (const int wire : stage.after) {
      if (wire == kRestWire || std::find(seen.begin(), seen.end(), wire) != seen.end()) continue;
      seen.push_back(wire);
      const Wire& there = w.wires[static_cast<size_t>(wire)];
      if (there.term.kind != Term::Kind::dim) continue;
      candidates.push_back({there.term.dim.name, there.extent, {wire, -1, {}}});
    }
  }
  std::vector<InnerDim> found;
  for (const auto& [dim, extent] : inner) {
    // In a tile, bridges have added wires of the same base: only one of the right extent will do,
    // and any of that extent gives tiles that add up.
    const auto at =
        std::find_if(candidates.begin(), candidates.end(), [&, d = dim, n = extent](const auto& c) {
          return c.base == d.name && (c.extent == n || c.extent == kUnknown || n == kUnknown);
        });
    found.push_back(at == candidates.end() ? InnerDim{} : at->what);
    if (at != candidates.end()) candidates.erase(at);
  }
  return found;
}

}  // namespace

std::vector<int> list_of(const Signature& signature, bool is_input) {
  const Side& side = is_input ? signature.input() : signature.output();
  std::vector<int> list;
  if (signature.is_open()) list.push_back(kRestWire);
  int number = 0;
  for (const Term& t : side) list.push_back(t.kind == Term::Kind::ellipsis ? kRestWire : number++);
  return list;
}

Wiring wire(const std::vector<Node>& factors, const Signature& signature, const DimExtents& inner) {
  Wiring w;
  const auto add_wire = [&](const Term& term) {
    w.wires.push_back({term, term.extent});
    return static_cast<int>(w.wires.size()) - 1;
  };
  const auto learn = [&](int wire, const Term& term) {
    Wire& known = w.wires[static_cast<size_t>(wire)];
    if (known.term.kind != Term::Kind::dim && term.kind == Term::Kind::dim) known.term = term;
    if (known.extent == kUnknown) known.extent = term.extent;
  };

  for (const Term& t : terms_of(signature.input())) w.input.push_back(add_wire(t));
  std::vector<int> at;
  for (const int number : list_of(signature, true)) {
    at.push_back(number == kRestWire ? kRestWire : w.input[static_cast<size_t>(number)]);
  }
  for (size_t i = factors.size(); i-- > 0;) {
    Stage stage{factors[i], {}, {}, at, {}};
    const Signature sig = signature_of(stage.node);
    const Side in = terms_of(sig.input()), out = terms_of(sig.output());
    const int ndim = static_cast<int>(at.size());
    const Places from = places(sig.input(), has_rest(sig), ndim);
    LUNOPS_ASSERT(from.batch_count >= 0);
    for (size_t t = 0; t < in.size(); ++t) {
      const int wire = at[static_cast<size_t>(from.term[t])];
      learn(wire, in[t]);
      stage.input.push_back(wire);
    }
    for (const Term& t : out) {
      const int kept = find_term(in, t);
      stage.output.push_back(kept < 0 ? add_wire(t) : stage.input[static_cast<size_t>(kept)]);
      learn(stage.output.back(), t);
    }
    const int out_ndim = from.batch_count + static_cast<int>(out.size());
    const Places to = places(sig.output(), has_rest(sig), out_ndim);
    stage.after.assign(static_cast<size_t>(out_ndim), kRestWire);
    for (int b = 0; b < from.batch_count; ++b) {
      stage.after[static_cast<size_t>(to.batch_first + b)] =
          at[static_cast<size_t>(from.batch_first + b)];
    }
    for (size_t t = 0; t < out.size(); ++t) {
      stage.after[static_cast<size_t>(to.term[t])] = stage.output[t];
    }
    at = stage.after;
    w.stages.push_back(std::move(stage));
  }
  for (const int wire : at) {
    if (wire != kRestWire) w.output.push_back(wire);
  }
  const Side out = terms_of(signature.output());
  LUNOPS_ASSERT(out.size() == w.output.size());
  for (size_t t = 0; t < out.size(); ++t) learn(w.output[t], out[t]);
  w.inner = find_inner(w, inner);
  for (size_t i = 0; i < inner.size(); ++i) {
    if (w.inner[i].wire == kRestWire) continue;
    Wire& known = w.wires[static_cast<size_t>(w.inner[i].wire)];
    if (known.extent == kUnknown) known.extent = inner[i].second;
  }
  return w;
}

}  // namespace lunops
