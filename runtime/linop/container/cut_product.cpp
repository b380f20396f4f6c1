// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <set>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/bridge.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/wiring.hpp"

namespace lunops {

namespace {

using Range = std::optional<Stretch>;

// Cuts a product (splitting.md §1, "How a request travels").
//
// Each wire has the range that is known to matter: outside it values are not read or are zero, and
// since what keeps a dim does not mix along it, this holds all along the wire.  Factors with a
// requested dim are cut by it, or the request is an error.  What they narrow is offered to the
// others; one that refuses stays as it is, and a bridge makes up the difference.
class ProductCut {
 public:
  ProductCut(const std::vector<Node>& factors, const InnerPlaces& places, const Core& core)
      : core_(core),
        wiring_(wire(factors, core.signature(), core.inner(), places)),
        range_(wiring_.wires.size()),
        asked_(wiring_.wires.size()),
        inner_(wiring_.stages.size()),
        tiles_(wiring_.stages.size()),
        used_(wiring_.stages.size()),
        refused_(wiring_.stages.size()) {}

  Tile run(const TileRequest& request) {
    if (!take(request)) return no_tile(request);
    for (size_t k = 0; k < tiles_.size(); ++k) {
      if (!apply(k, slices_of(k, asked_))) return no_tile(request);
    }
    const int count = static_cast<int>(tiles_.size());
    for (bool changed = true; changed;) {
      changed = false;
      for (int i = 0; i < 2 * count; ++i) {  // output to input, then input to output
        bool is_something = true;
        const int k = i < count ? count - 1 - i : i - count;
        changed = offer(static_cast<size_t>(k), is_something) || changed;
        if (!is_something) return no_tile(request);
      }
    }
    return assemble();
  }

 private:
  Range& range(int wire) { return range_[static_cast<size_t>(wire)]; }

  // False: an empty range.
  bool narrow(int wire, const Range& by) {
    if (!by) return true;
    Range& r = range(wire);
    r = r ? intersection(*r, *by) : *by;
    return r->count > 0;
  }

  bool take(const TileRequest& request) {
    const auto take_side = [&](const std::vector<int>& wires, const Slices& slices) {
      for (size_t i = 0; i < wires.size() && i < slices.size(); ++i) {
        if (!narrow(wires[i], slices[i])) return false;
      }
      return true;
    };
    if (!take_side(wiring_.input, request.input) || !take_side(wiring_.output, request.output)) {
      return false;
    }
    for (const auto& [dim, stretch] : request.inner) {
      const auto at = std::find_if(core_.inner().begin(), core_.inner().end(),
                                   [d = dim](const auto& known) { return known.first == d; });
      if (at == core_.inner().end()) {  // what lacks the dim is in the first tile alone
        if (stretch.first > 0) return false;
        continue;
      }
      const InnerDim& what = wiring_.inner[static_cast<size_t>(at - core_.inner().begin())];
      if (what.stage < 0 && what.wire == kRestWire) {
        Term term;
        term.dim = dim;
        refuse_cut(core_, term, "it was cut along another dim before; cut along both at once");
      }
      if (what.stage >= 0) {
        inner_[static_cast<size_t>(what.stage)].emplace_back(what.dim, stretch);
      } else if (!narrow(what.wire, stretch)) {
        return false;
      }
    }
    if (!join_kept()) return false;
    asked_ = range_;
    return true;
  }

  // What the product keeps has one range on both sides, also where a bridge parts the wire.
  bool join_kept() {
    const Side in = terms_of(core_.signature().input()), out = terms_of(core_.signature().output());
    for (size_t i = 0; i < in.size(); ++i) {
      const int at = find_term(out, in[i]);
      if (at < 0) continue;
      const int a = wiring_.input[i], b = wiring_.output[static_cast<size_t>(at)];
      if (!narrow(a, range(b)) || !narrow(b, range(a))) return false;
    }
    return true;
  }

  TileRequest slices_of(size_t k, const std::vector<Range>& ranges) const {
    const Stage& stage = wiring_.stages[k];
    TileRequest r;
    for (const int w : stage.input) r.input.push_back(ranges[static_cast<size_t>(w)]);
    for (const int w : stage.output) r.output.push_back(ranges[static_cast<size_t>(w)]);
    r.inner = inner_[k];
    return r;
  }

  // Factor k, told the extents of what it is cut along where only its neighbours know them.
  Node node_for(size_t k, const TileRequest& request) const {
    const Stage& stage = wiring_.stages[k];
    const Signature sig = signature_of(stage.node);
    const auto is_open = [](const Side& terms, const Slices& slices) {
      for (size_t i = 0; i < terms.size(); ++i) {
        if (slices[i] && terms[i].extent == kUnknown) return true;
      }
      return false;
    };
    if (!is_open(terms_of(sig.input()), request.input) &&
        !is_open(terms_of(sig.output()), request.output)) {
      return stage.node;
    }
    const auto extents = [&](const std::vector<int>& wires) {
      std::vector<int64_t> list;
      for (const int w : wires) list.push_back(wiring_.wires[static_cast<size_t>(w)].extent);
      return list;
    };
    return with_extents(stage.node, extents(stage.input), extents(stage.output));
  }

  // Cuts factor k and takes over what it narrows.  False: nothing is left.
  bool apply(size_t k, const TileRequest& request) {
    const Stage& stage = wiring_.stages[k];
    Tile tile = cut(node_for(k, request), request);
    if (!tile.op) return false;
    tiles_[k] = std::move(tile);
    used_[k] = request;
    for (size_t i = 0; i < stage.input.size(); ++i) {
      if (!narrow(stage.input[i], tiles_[k].input[i])) return false;
    }
    for (size_t i = 0; i < stage.output.size(); ++i) {
      if (!narrow(stage.output[i], tiles_[k].output[i])) return false;
    }
    return join_kept();
  }

  // Offers the ranges that are new to factor k.  True: something changed.
  bool offer(size_t k, bool& is_something) {
    const auto with_ranges = [&](const std::set<int>& refused) {
      std::vector<Range> ranges = range_;
      for (const int w : refused) ranges[static_cast<size_t>(w)] = asked_[static_cast<size_t>(w)];
      return slices_of(k, ranges);
    };
    const auto is_known = [&](const TileRequest& r) {
      return r.input == used_[k].input && r.output == used_[k].output;
    };
    const auto accepts = [&](const TileRequest& r) {
      try {
        is_something = apply(k, r);
        return true;
      } catch (const Error&) {
        return false;
      }
    };
    const TileRequest all = with_ranges(refused_[k]);
    if (is_known(all)) return false;
    if (accepts(all)) return true;
    // Which of the dims it does not want: each is tried without the others that it has not taken.
    std::set<int> wires;
    for (const int w : wiring_.stages[k].input) wires.insert(w);
    for (const int w : wiring_.stages[k].output) wires.insert(w);
    std::set<int> open = wires;
    bool changed = false;
    for (const int w : wires) {
      open.erase(w);
      std::set<int> without = open;
      without.insert(refused_[k].begin(), refused_[k].end());
      if (refused_[k].contains(w)) continue;
      const TileRequest one = with_ranges(without);
      if (is_known(one)) continue;
      if (accepts(one)) {
        changed = true;
        if (!is_something) return true;
      } else {
        refused_[k].insert(w);
      }
    }
    return changed;
  }

  BridgeDim bridge_dim(int wire, const Range& from, const Range& to) const {
    if (wire == kRestWire) {
      BridgeDim rest;
      rest.term.kind = Term::Kind::ellipsis;
      return rest;
    }
    const Wire& w = wiring_.wires[static_cast<size_t>(wire)];
    return {w.term, w.extent, from, to};
  }

  // The range of a wire, nothing for all of it.
  Range part_of(int wire, const Range& r) const {
    const bool is_all = r && *r == Stretch{0, wiring_.wires[static_cast<size_t>(wire)].extent};
    return is_all ? std::nullopt : r;
  }

  Tile assemble() {
    std::vector<Node> factors;          // in order of execution
    std::vector<Range> state = range_;  // slices of the data between factors
    // Where inner dims have just the range that matters, for cuts of the tile.
    InnerPlaces places(wiring_.inner.size());
    const auto has_place = [&](size_t i) {
      const int wire = wiring_.inner[i].wire;
      return wire == kRestWire || places[i].stage >= 0;
    };
    const auto is_range = [&](int wire, const Range& r) {
      return part_of(wire, r) == part_of(wire, range(wire));
    };
    const auto find_places = [&](const std::vector<int>& list) {
      for (size_t i = 0; i < places.size(); ++i) {
        if (has_place(i)) continue;
        const int wire = wiring_.inner[i].wire;
        const auto at = std::find(list.begin(), list.end(), wire);
        if (at == list.end() || !is_range(wire, state[static_cast<size_t>(wire)])) continue;
        places[i] = {static_cast<int>(factors.size()) - 1, static_cast<int>(at - list.begin()), {}};
      }
    };
    const auto go_to = [&](const std::vector<int>& list, const std::map<int, Range>& wanted) {
      std::vector<BridgeDim> dims;
      for (const int w : list) {
        if (w == kRestWire) {
          dims.push_back(bridge_dim(w, {}, {}));
          continue;
        }
        const auto it = wanted.find(w);
        const Range from = state[static_cast<size_t>(w)];
        dims.push_back(bridge_dim(w, from, it == wanted.end() ? from : it->second));
        if (it != wanted.end()) state[static_cast<size_t>(w)] = it->second;
      }
      const size_t before = factors.size();
      for (Node& n : bridge(dims)) factors.push_back(std::move(n));
      if (factors.size() > before) find_places(list);
    };
    for (size_t k = 0; k < tiles_.size(); ++k) {
      const Stage& stage = wiring_.stages[k];
      std::map<int, Range> wanted, narrowed;
      for (size_t i = 0; i < stage.input.size(); ++i) wanted[stage.input[i]] = tiles_[k].input[i];
      // Both neighbours want more of an inner dim than matters: it passes through what does.
      for (size_t i = 0; i < places.size(); ++i) {
        const int wire = wiring_.inner[i].wire;
        if (has_place(i) || !wanted.contains(wire) || is_range(wire, wanted[wire])) continue;
        narrowed[wire] = range(wire);
      }
      if (!narrowed.empty()) go_to(stage.before, narrowed);
      go_to(stage.before, wanted);
      for (size_t i = 0; i < places.size(); ++i) {
        const InnerDim& what = wiring_.inner[i];
        if (what.stage == static_cast<int>(k)) {
          places[i] = {static_cast<int>(factors.size()), -1, what.dim};
        }
      }
      factors.push_back(*tiles_[k].op);
      for (size_t i = 0; i < stage.output.size(); ++i) {
        state[static_cast<size_t>(stage.output[i])] = tiles_[k].output[i];
      }
      find_places(stage.after);
    }
    std::map<int, Range> wanted;
    for (const int w : wiring_.output) wanted[w] = range(w);
    go_to(wiring_.stages.back().after, wanted);

    Tile tile;
    for (const int w : wiring_.input) tile.input.push_back(range(w));
    for (const int w : wiring_.output) tile.output.push_back(range(w));
    Composition shown{cut_signature(core_.signature(), tile.input, tile.output), {}};
    InnerPlaces kept;
    for (size_t i = 0; i < wiring_.inner.size(); ++i) {
      const InnerDim& what = wiring_.inner[i];
      auto [dim, extent] = core_.inner()[i];
      if (what.wire != kRestWire && range(what.wire)) extent = range(what.wire)->count;
      if (what.stage >= 0) {
        const auto there = inner_extent(*tiles_[static_cast<size_t>(what.stage)].op, what.dim);
        if (!there) continue;  // the factor lost it, as an Add does with a term
        extent = *there;
      }
      shown.inner.emplace_back(dim, extent);
      kept.push_back(places[i]);
    }
    std::reverse(factors.begin(), factors.end());
    tile.op = Node{std::make_shared<ChainCore>(std::move(factors), std::move(shown), core_.name(),
                                               std::move(kept)),
                   Mode::forward, nullptr};
    return tile;
  }

  const Core& core_;
  Wiring wiring_;
  std::vector<Range> range_, asked_;                         // by wire
  std::vector<std::vector<std::pair<Dim, Stretch>>> inner_;  // by stage
  std::vector<Tile> tiles_;
  std::vector<TileRequest> used_;
  std::vector<std::set<int>> refused_;  // wires that a factor does not let itself be cut along
};

}  // namespace

Tile cut_product(const Core& core,
                 const std::vector<Node>& factors,
                 const InnerPlaces& places,
                 const TileRequest& request) {
  return ProductCut(factors, places, core).run(request);
}

}  // namespace lunops
