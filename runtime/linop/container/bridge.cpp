// SPDX-License-Identifier: MIT
#include "runtime/linop/container/bridge.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/wiring.hpp"
#include "runtime/linop/moving/pad.hpp"

namespace lunops {

namespace {

// Cuts each dim from `whole` elements to `part` of them, at the start or at the end.
Node crop(const std::vector<BridgeDim>& dims,
          PadCore::At at,
          const std::vector<int64_t>& whole,
          const std::vector<int64_t>& part) {
  Side in, out;
  const bool is_open = !dims.empty() && dims.front().term.kind == Term::Kind::ellipsis;
  for (size_t i = is_open ? 1 : 0; i < dims.size(); ++i) {
    Term t = dims[i].term;
    if (t.kind != Term::Kind::ellipsis) {
      t.dim.primes = 0;
      if (t.kind == Term::Kind::variable) t.variable = static_cast<int>(i) + 1;
    }
    t.extent = whole[i];
    in.push_back(t);
    t.extent = part[i];
    if (whole[i] != part[i]) t.dim.primes = 1;
    out.push_back(t);
  }
  const Signature signature(in, out, is_open);
  return {std::make_shared<PadCore>(true, at, mixed_pairs("Crop", signature), signature, ""),
          Mode::forward, nullptr};
}

// Factors that cut the stretches `from` to `to`, which lie inside them; in order of execution.
std::vector<Node> select(const std::vector<BridgeDim>& dims,
                         const std::vector<Stretch>& from,
                         const std::vector<Stretch>& to) {
  std::vector<int64_t> whole, middle, part;
  for (size_t i = 0; i < dims.size(); ++i) {
    whole.push_back(from[i].count);
    middle.push_back(to[i].end() - from[i].first);
    part.push_back(to[i].count);
  }
  std::vector<Node> made;
  if (whole != middle) made.push_back(crop(dims, PadCore::At::start, whole, middle));
  if (middle != part) made.push_back(crop(dims, PadCore::At::end, middle, part));
  return made;
}

}  // namespace

std::vector<Node> bridge(const std::vector<BridgeDim>& dims) {
  std::vector<Stretch> from, to, both;
  for (const BridgeDim& d : dims) {
    if (!d.from && !d.to) {  // nothing happens to it, and its extent need not be known
      from.push_back({0, kUnknown});
      to.push_back(from.back());
      both.push_back(from.back());
      continue;
    }
    if (d.extent == kUnknown && !(d.from && d.to)) {
      fail(Code::shape, "split", "extent of '{0}' is unknown; give extent = {{{0} = …}}",
           text_of_base(d.term));
    }
    const Stretch all{0, d.extent};
    from.push_back(d.from.value_or(all));
    to.push_back(d.to.value_or(all));
    both.push_back(intersection(from.back(), to.back()));
  }
  std::vector<Node> made = select(dims, from, both);
  std::vector<Node> embeds = select(dims, to, both);
  std::reverse(embeds.begin(), embeds.end());
  for (const Node& n : embeds) made.push_back(with_mode(n, Mode::adjoint));
  return made;
}

namespace {

std::vector<BridgeDim> dims_of(const Signature& signature,
                               bool is_input,
                               const Slices& from,
                               const Slices& to) {
  const Side terms = terms_of(is_input ? signature.input() : signature.output());
  std::vector<BridgeDim> dims;
  for (const int number : list_of(signature, is_input)) {
    BridgeDim dim;
    if (number == kRestWire) {
      dim.term.kind = Term::Kind::ellipsis;
    } else {
      const auto i = static_cast<size_t>(number);
      dim = {terms[i], terms[i].extent, from[i], to[i]};
    }
    dims.push_back(dim);
  }
  return dims;
}

}  // namespace

Node widened(const Signature& signature,
             const Tile& tile,
             const Slices& input,
             const Slices& output) {
  std::vector<Node> factors = bridge(dims_of(signature, true, input, tile.input));
  const DimExtents inner = composition_of(*tile.op).inner;
  InnerPlaces places;
  for (const auto& [dim, extent] : inner) {
    places.push_back({static_cast<int>(factors.size()), -1, dim});
  }
  factors.push_back(*tile.op);
  for (Node& n : bridge(dims_of(signature, false, tile.output, output))) {
    factors.push_back(std::move(n));
  }
  if (factors.size() == 1) return *tile.op;
  std::reverse(factors.begin(), factors.end());
  return {std::make_shared<ChainCore>(std::move(factors),
                                      Composition{cut_signature(signature, input, output), inner},
                                      "", std::move(places)),
          Mode::forward, nullptr};
}

}  // namespace lunops
