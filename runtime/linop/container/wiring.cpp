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
    const auto at =
        std::find_if(candidates.begin(), candidates.end(), [&, d = dim, n = extent](const auto& c) {
          return c.base == d.name && (c.extent == n || c.extent == kUnknown || n == kUnknown);
        });
    found.push_back(at == candidates.end() ? InnerDim{} : at->what);
    if (at != candidates.end()) candidates.erase(at);
  }
  return found;
}

// Extents that factors make of others; whether there were any new ones.
bool learn_extents(Wiring& w) {
  bool is_new = false;
  const auto through = [&](const Node& node, const std::vector<int>& from,
                           const std::vector<int>& to) {
    const auto extent_of = [&](int wire) {
      return wire == kRestWire ? 1 : w.wires[static_cast<size_t>(wire)].extent;
    };
    const auto is_open = [&](int wire) { return extent_of(wire) == kUnknown; };
    if (std::any_of(from.begin(), from.end(), is_open)) return;
    if (std::none_of(to.begin(), to.end(), is_open)) return;
    const Signature sig = signature_of(node);
    const Side in = terms_of(sig.input());
    const Places at = places(sig.input(), has_rest(sig), static_cast<int>(from.size()));
    std::vector<Dim> dims(from.size());
    std::vector<int64_t> extents;
    for (size_t t = 0; t < in.size(); ++t) {
      if (in[t].kind != Term::Kind::dim) continue;
      dims[static_cast<size_t>(at.term[t])] = in[t].dim.without_primes();
    }
    for (size_t i = 0; i < from.size(); ++i) {
      // No name in a string starts with '#'.
      if (dims[i].name.empty()) dims[i].name = Name::intern(fmt::format("#w{}", i));
      extents.push_back(extent_of(from[i]));
    }
    const Shape made = output_of(node, Shape(std::move(dims), std::move(extents)));
    for (size_t i = 0; i < to.size(); ++i) {
      const int64_t extent = made.extent(static_cast<int>(i));
      if (!is_open(to[i]) || extent == kUnknown) continue;
      w.wires[static_cast<size_t>(to[i])].extent = extent;
      is_new = true;
    }
  };
  for (const Stage& s : w.stages) {
    through(s.node, s.before, s.after);
    if (s.node.core->without_adjoint() == nullptr) {
      through(with_mode(s.node, Mode::adjoint), s.after, s.before);
    }
  }
  return is_new;
}

}  // namespace

namespace {

Side with_extents(const Side& side, const std::vector<int64_t>& extents, bool& is_new) {
  Side made = side;
  size_t at = 0;
  for (Term& t : made) {
    if (t.kind == Term::Kind::ellipsis) continue;
    const int64_t known = extents[at++];
    if (t.extent != kUnknown || known == kUnknown) continue;
    t.extent = known;
    is_new = true;
  }
  return made;
}

}  // namespace

Node with_extents(const Node& node,
                  const std::vector<int64_t>& input,
                  const std::vector<int64_t>& output) {
  const bool is_transposed = transposes(node.mode);
  bool is_new = false;
  const auto completed = [&](const Signature& s) {
    return Signature(with_extents(s.input(), is_transposed ? output : input, is_new),
                     with_extents(s.output(), is_transposed ? input : output, is_new), s.is_open());
  };
  const Signature own = completed(node.core->signature());
  if (!is_new) return node;
  auto core = node.core->shown_as(own);
  if (core == nullptr) return node;
  Node made{std::move(core), node.mode, node.form};
  if (node.form != nullptr) {
    made.form = std::make_shared<const Form>(Form{completed(node.form->signature)});
  }
  return made;
}

std::vector<int> list_of(const Signature& signature, bool is_input) {
  const Side& side = is_input ? signature.input() : signature.output();
  std::vector<int> list;
  if (signature.is_open()) list.push_back(kRestWire);
  int number = 0;
  for (const Term& t : side) list.push_back(t.kind == Term::Kind::ellipsis ? kRestWire : number++);
  return list;
}

InnerPlaces places_of(const Wiring& wiring) {
  InnerPlaces places;
  for (const InnerDim& what : wiring.inner) {
    InnerPlace place{what.stage, -1, what.dim};
    for (size_t k = 0; what.wire != kRestWire && k < wiring.stages.size(); ++k) {
      const std::vector<int>& after = wiring.stages[k].after;
      const auto at = std::find(after.begin(), after.end(), what.wire);
      if (at == after.end()) continue;
      place = {static_cast<int>(k), static_cast<int>(at - after.begin()), {}};
      break;
    }
    places.push_back(place);
  }
  return places;
}

std::optional<int64_t> inner_extent(const Node& node, Dim dim) {
  for (const auto& [known, extent] : composition_of(node).inner) {
    if (known == dim) return extent;
  }
  return std::nullopt;
}

DimExtents inner_beside(const Signature& form, DimExtents inner) {
  for (size_t i = 0; i < inner.size(); ++i) {
    const auto is_taken = [&](Dim dim) {
      return form.has(dim) || std::any_of(inner.begin(), inner.begin() + static_cast<ptrdiff_t>(i),
                                          [&](const auto& known) { return known.first == dim; });
    };
    while (is_taken(inner[i].first)) ++inner[i].first.primes;
  }
  return inner;
}

Wiring wire(const std::vector<Node>& factors,
            const Signature& signature,
            const DimExtents& inner,
            const InnerPlaces& inner_places) {
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
  if (inner_places.empty()) {
    w.inner = find_inner(w, inner);
  } else {
    for (const InnerPlace& place : inner_places) {
      const bool is_wire = place.stage >= 0 && place.position >= 0;
      w.inner.push_back(is_wire ? InnerDim{w.stages[static_cast<size_t>(place.stage)]
                                               .after[static_cast<size_t>(place.position)],
                                           -1,
                                           {}}
                                : InnerDim{kRestWire, place.stage, place.dim});
    }
  }
  for (size_t i = 0; i < inner.size(); ++i) {
    if (w.inner[i].wire == kRestWire) continue;
    Wire& known = w.wires[static_cast<size_t>(w.inner[i].wire)];
    if (known.extent == kUnknown) known.extent = inner[i].second;
  }
  while (learn_extents(w)) {
  }
  return w;
}

}  // namespace lunops
