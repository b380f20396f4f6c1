// SPDX-License-Identifier: MIT
#include "runtime/linop/tile.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"

namespace lunops {

Stretch intersection(const Stretch& a, const Stretch& b) noexcept {
  const int64_t first = std::max(a.first, b.first);
  return {first, std::max<int64_t>(0, std::min(a.end(), b.end()) - first)};
}

bool TileRequest::is_whole() const noexcept {
  const auto is_cut = [](const std::optional<Stretch>& s) { return s.has_value(); };
  return inner.empty() && std::none_of(input.begin(), input.end(), is_cut) &&
         std::none_of(output.begin(), output.end(), is_cut);
}

namespace {

Side cut_side(const Side& side, const Slices& slices) {
  Side made = side;
  size_t at = 0;
  for (Term& t : made) {
    if (t.kind == Term::Kind::ellipsis) continue;
    if (at < slices.size() && slices[at]) t.extent = slices[at]->count;
    ++at;
  }
  return made;
}

// Set while `cuttable` tries: what refuses then need not say what else there is.
thread_local bool is_trying = false;
struct Trying {
  Trying() { is_trying = true; }
  ~Trying() { is_trying = false; }
  Trying(const Trying&) = delete;
  Trying& operator=(const Trying&) = delete;
};

bool can_be_cut(const Core& core, bool is_input, size_t term, int64_t extent) {
  TileRequest request;
  request.input.resize(terms_of(core.signature().input()).size());
  request.output.resize(terms_of(core.signature().output()).size());
  (is_input ? request.input : request.output)[term] = Stretch{0, (extent + 1) / 2};
  try {
    core.cut(request);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// What the operator could be cut along instead.
std::string cuttable(const Core& core) {
  if (is_trying) return {};
  const Trying trying;
  std::vector<std::string> names;
  for (const bool is_input : {true, false}) {
    const Side side = terms_of(is_input ? core.signature().input() : core.signature().output());
    for (size_t i = 0; i < side.size(); ++i) {
      if (side[i].kind != Term::Kind::dim || side[i].extent < 2) continue;
      const std::string name = side[i].dim.text();
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      if (can_be_cut(core, is_input, i, side[i].extent)) names.push_back(name);
    }
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  const bool takes_batch = core.signature().is_open() || core.signature().has_ellipsis();
  if (list.empty() && !takes_batch) return "nor can it along any other dim";
  if (!takes_batch) return "it can be cut along " + list;
  return list.empty() ? "it can be cut along batch dims"
                      : fmt::format("it can be cut along {}, and along batch dims", list);
}

// "{y=256, x=256 -> spoke=34}".
std::string sides_of(const Signature& s) {
  std::string in = braced(s.input(), true), out = braced(s.output(), true);
  in.pop_back();
  return fmt::format("{} -> {}", in, out.substr(1));
}

}  // namespace

Signature cut_signature(const Signature& signature, const Slices& input, const Slices& output) {
  return Signature(cut_side(signature.input(), input), cut_side(signature.output(), output),
                   signature.is_open());
}

Tile tile_of(std::shared_ptr<const Core> core, const TileRequest& request) {
  return {Node{std::move(core), Mode::forward, nullptr}, request.input, request.output};
}

Tile no_tile(const TileRequest& request) { return {std::nullopt, request.input, request.output}; }

namespace {

// Drops slices that are all of their dim.
void drop_whole(const Side& terms, Slices& slices) {
  slices.resize(terms.size());
  for (size_t i = 0; i < terms.size(); ++i) {
    if (slices[i] && *slices[i] == Stretch{0, terms[i].extent}) slices[i].reset();
  }
}

}  // namespace

Tile cut(const Node& node, const TileRequest& request) {
  TileRequest own = request;
  // A form may give inner dims other names; the adjoint lists them the other way round, and under
  // the names that this gives.
  const DimExtents shown = composition_of(node).inner;
  own.inner.clear();
  for (const auto& [dim, stretch] : request.inner) {
    const auto at = std::find_if(shown.begin(), shown.end(),
                                 [d = dim](const auto& known) { return known.first == d; });
    if (at == shown.end()) {  // what lacks the dim is in the first tile alone
      if (stretch.first > 0) return no_tile(request);
      continue;
    }
    const auto number = transposes(node.mode) ? shown.end() - at - 1 : at - shown.begin();
    own.inner.emplace_back(node.core->inner()[static_cast<size_t>(number)].first, stretch);
  }
  if (transposes(node.mode)) std::swap(own.input, own.output);
  const Signature& signature = node.core->signature();
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  drop_whole(in, own.input);
  drop_whole(out, own.output);
  Tile tile = own.is_whole() ? tile_of(node.core, own) : node.core->cut(own);
  drop_whole(in, tile.input);
  drop_whole(out, tile.output);
  if (tile.op) {
    const Node part = *tile.op;
    tile.op = with_mode(part, node.mode);
    if (node.form != nullptr) {
      const Signature shown = cut_signature(node.form->signature, tile.input, tile.output);
      tile.op->form =
          std::make_shared<const Form>(Form{transposes(part.mode) ? shown.adjoint() : shown});
    }
  }
  if (transposes(node.mode)) std::swap(tile.input, tile.output);
  return tile;
}

bool agree_on_kept(const Signature& signature, TileRequest& request) {
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  request.input.resize(in.size());
  request.output.resize(out.size());
  bool is_something = true;
  for (size_t i = 0; i < in.size(); ++i) {
    const int at = find_term(out, in[i]);
    if (at < 0) continue;
    std::optional<Stretch>&a = request.input[i], &b = request.output[static_cast<size_t>(at)];
    if (a && b) {
      a = b = intersection(*a, *b);
      is_something = is_something && a->count > 0;
    } else if (a) {
      b = a;
    } else {
      a = b;
    }
  }
  return is_something;
}

std::optional<std::pair<bool, int>> first_mixed_cut(const Signature& signature,
                                                    const TileRequest& request) {
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  for (size_t i = 0; i < request.input.size(); ++i) {
    if (request.input[i] && find_term(out, in[i]) < 0) return std::pair(true, static_cast<int>(i));
  }
  for (size_t i = 0; i < request.output.size(); ++i) {
    if (request.output[i] && find_term(in, out[i]) < 0) {
      return std::pair(false, static_cast<int>(i));
    }
  }
  return std::nullopt;
}

WeightPtr cut_weight(const WeightPtr& weight,
                     const Side& terms,
                     const Signature& signature,
                     const TileRequest& request) {
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  struct Part {
    int dim;
    Stretch stretch;
  };
  std::vector<Part> parts;
  std::vector<int64_t> extents = weight->extents();
  for (size_t i = 0; i < terms.size(); ++i) {
    std::optional<Stretch> stretch;
    const int a = find_term(in, terms[i]), b = find_term(out, terms[i]);
    if (a >= 0 && static_cast<size_t>(a) < request.input.size()) {
      stretch = request.input[static_cast<size_t>(a)];
    }
    if (!stretch && b >= 0 && static_cast<size_t>(b) < request.output.size()) {
      stretch = request.output[static_cast<size_t>(b)];
    }
    // A weight of extent 1 in a longer dim does not occur: nothing is broadcast but missing dims.
    if (!stretch) continue;
    parts.push_back({static_cast<int>(i), *stretch});
    extents[i] = stretch->count;
  }
  if (parts.empty()) return weight;
  if (weight->origin() != nullptr) {  // the part has a copy of its own, no larger than it
    return weight_copy(cut_weight(weight->origin(), terms, signature, request), weight->device());
  }
  const auto slice = [parts](Tensor t) {
    for (const Part& p : parts) t = t.slice(p.dim, p.stretch.first, p.stretch.count);
    return t;
  };
  if (weight->is_given()) {
    weight->check();
    return std::make_shared<Weight>(slice(weight->tensor()), weight->owner());
  }
  return std::make_shared<Weight>(extents, weight->is_complex(), Weights{weight},
                                  [weight, slice](DType dtype, Context& context) {
                                    const DType own =
                                        weight->is_complex() ? complex_of(dtype) : real_of(dtype);
                                    return slice(weight->as(own, context)).as(dtype, context);
                                  });
}

Tile cut_kept(const Core& core, TileRequest request) {
  const Signature& own = core.signature();
  if (const auto mixed = first_mixed_cut(own, request)) {
    const Side side = terms_of(mixed->first ? own.input() : own.output());
    refuse_cut(core, side[static_cast<size_t>(mixed->second)]);
  }
  if (!agree_on_kept(own, request)) return {std::nullopt, request.input, request.output};
  Tile tile{std::nullopt, request.input, request.output};
  auto part = core.shown_as(cut_signature(own, tile.input, tile.output));
  tile.op = Node{std::move(part), Mode::forward, nullptr};
  return tile;
}

void refuse_cut(const Core& core, const Term& term, std::string_view hint, std::string_view what) {
  const std::string name = term.kind == Term::Kind::dim ? term.dim.text() : text_of_base(term);
  if (!hint.empty()) {
    fail(Code::shape, "split", "{} cannot be cut along '{}'; {}", core.label(), name, hint);
  }
  const bool in = find_term(core.signature().input(), term) >= 0;
  const bool out = find_term(core.signature().output(), term) >= 0;
  const std::string_view side = in && out ? "kept" : in ? "input" : "output";
  fail(Code::shape, "split", "{} {} cannot be cut along its {} dim '{}'; {}", core.label(),
       sides_of(core.signature()), what.empty() ? side : what, name, cuttable(core));
}

void refuse_mixed_cuts(const Core& core, const TileRequest& request) {
  if (const auto mixed = first_mixed_cut(core.signature(), request)) {
    const Side side = terms_of(mixed->first ? core.signature().input() : core.signature().output());
    refuse_cut(core, side[static_cast<size_t>(mixed->second)]);
  }
}

Tile Core::cut(const TileRequest& request) const {
  if (request.is_whole()) return tile_of(shared_from_this(), request);
  refuse_mixed_cuts(*this, request);
  fail(Code::unsupported, "split", "{} has no rule for being cut; apply it whole", label());
}

}  // namespace lunops
