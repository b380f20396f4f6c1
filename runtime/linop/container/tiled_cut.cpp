// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/linop/container/tiled_parts.hpp"

namespace lunops {

namespace {

// What of a part a request asks for, in the part's own count: the request's slice, the part's.
// False: nothing.
bool narrow(const std::optional<Stretch>& asked,
            const std::optional<Stretch>& own,
            std::optional<Stretch>& local) {
  local.reset();
  if (!asked) return true;
  if (!own) {
    local = asked;
    return true;
  }
  const Stretch both = intersection(*asked, *own);
  if (both != *own) local = Stretch{both.first - own->first, both.count};
  return both.count > 0;
}

// The slice of a part of a part, in the count of the request's slice.
std::optional<Stretch> placed(const std::optional<Stretch>& asked,
                              const std::optional<Stretch>& own,
                              const std::optional<Stretch>& local) {
  if (!own && !local) {
    if (!asked) return std::nullopt;
    return Stretch{0, asked->count};
  }
  Stretch at = local.value_or(Stretch{0, own ? own->count : 0});
  if (own) at.first += own->first;
  if (asked) at.first -= asked->first;
  return at;
}

// Where parts of a tile have ranges of a dim of unknown extent, the tile reaches from the first to
// the last of them, and the parts lie in that.  `side` of a part: its slices.
template <typename GetSlices>
void take_reach(std::vector<TiledCore::Part>& parts,
                const Side& terms,
                Slices& slices,
                const GetSlices& side) {
  for (size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].extent != kUnknown || slices[i]) continue;
    std::optional<Stretch> reach = side(parts.front())[i];
    for (TiledCore::Part& p : parts) {
      const std::optional<Stretch>& own = side(p)[i];
      if (!own) reach.reset();
      if (!reach) break;
      const int64_t first = std::min(reach->first, own->first);
      reach = Stretch{first, std::max(reach->end(), own->end()) - first};
    }
    if (!reach) continue;
    slices[i] = reach;
    for (TiledCore::Part& p : parts) side(p)[i]->first -= reach->first;
  }
}

}  // namespace

Tile TiledCore::cut(const TileRequest& request) const {
  TileRequest whole = request;
  if (!agree_on_kept(signature(), whole)) return no_tile(whole);
  std::vector<Part> made;
  for (const Part& p : parts_) {
    TileRequest own;
    own.input.resize(p.input.size());
    own.output.resize(p.output.size());
    bool is_something = true;
    for (size_t i = 0; i < p.input.size(); ++i) {
      is_something = narrow(whole.input[i], p.input[i], own.input[i]) && is_something;
    }
    for (size_t i = 0; i < p.output.size(); ++i) {
      is_something = narrow(whole.output[i], p.output[i], own.output[i]) && is_something;
    }
    const DimExtents there = composition_of(p.op).inner;
    Ranges inner = p.inner;
    for (const auto& [dim, stretch] : whole.inner) {
      const Stretch* part = find(p.inner, dim);
      const auto named = [d = dim](const auto& known) { return known.first == d; };
      const auto mine = std::find_if(there.begin(), there.end(), named);
      const auto all = std::find_if(this->inner().begin(), this->inner().end(), named);
      std::erase_if(inner, named);
      const bool is_listed = part != nullptr || all != this->inner().end();
      if (!is_listed || mine == there.end() ||
          mine->second != (part == nullptr ? all->second : part->count)) {
        // A part that lacks the dim, or of which a cut along another has left an unknown piece of
        // it, is in one tile alone.
        const int64_t first = part == nullptr ? 0 : part->first;
        is_something = is_something && stretch.first <= first && first < stretch.end();
        continue;
      }
      std::optional<Stretch> local;
      const std::optional<Stretch> of_part = part == nullptr ? std::nullopt : std::optional(*part);
      is_something = narrow(stretch, of_part, local) && is_something;
      if (local) own.inner.emplace_back(dim, *local);
      const auto at = placed(stretch, of_part, local);
      if (at) inner.emplace_back(dim, *at);
    }
    if (!is_something) continue;
    const Tile tile = lunops::cut(p.op, own);
    if (!tile.op) continue;
    Part part{*tile.op, {}, {}, std::move(inner), p.batch, p.index, p.device, p.request, p.leaves};
    for (size_t i = 0; i < p.input.size(); ++i) {
      part.input.push_back(placed(whole.input[i], p.input[i], tile.input[i]));
    }
    for (size_t i = 0; i < p.output.size(); ++i) {
      part.output.push_back(placed(whole.output[i], p.output[i], tile.output[i]));
    }
    made.push_back(std::move(part));
  }
  if (made.empty()) return no_tile(whole);
  take_reach(made, terms_of(signature().input()), whole.input,
             [](Part& p) -> Slices& { return p.input; });
  take_reach(made, terms_of(signature().output()), whole.output,
             [](Part& p) -> Slices& { return p.output; });
  Composition shown{cut_signature(signature(), whole.input, whole.output), inner()};
  for (auto& [dim, extent] : shown.inner) {
    if (const Stretch* s = find(whole.inner, dim)) extent = s->count;
  }
  Setup setup = setup_;
  if (is_leaves() && setup.tree->whole) {
    setup.tree->whole = lunops::cut(*setup.tree->whole, request).op;
  }
  return {Node{std::make_shared<TiledCore>(std::move(made), std::move(shown), std::move(setup),
                                           workers_),
               Mode::forward, nullptr},
          whole.input, whole.output};
}

}  // namespace lunops
