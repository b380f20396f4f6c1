// SPDX-License-Identifier: MIT
#include "runtime/linop/container/tiled.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/normal.hpp"
#include "runtime/plan/builder.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

bool has_rest(const Signature& s) { return s.is_open() || s.has_ellipsis(); }

const Stretch* find(const TiledCore::Ranges& ranges, Dim dim) {
  for (const auto& [d, stretch] : ranges) {
    if (d == dim) return &stretch;
  }
  return nullptr;
}

// Whether two parts touch no element in common on one side.
bool are_apart(const Slices& a,
               const TiledCore::Ranges& batch_a,
               const Slices& b,
               const TiledCore::Ranges& batch_b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] && b[i] && intersection(*a[i], *b[i]).count == 0) return true;
  }
  for (const auto& [dim, stretch] : batch_a) {
    const Stretch* other = find(batch_b, dim);
    if (other != nullptr && intersection(stretch, *other).count == 0) return true;
  }
  return false;
}

// The summands of a part, those of tiles within it included where they are added, not joined.
void collect_parts(const Node& node, std::vector<Product>& terms, Builder& b) {
  Product p = simple_product(node, b);
  const TiledCore* inner = p.factors.size() == 1 && p.factors.front().form == nullptr
                               ? dynamic_cast<const TiledCore*>(p.factors.front().core.get())
                               : nullptr;
  if (inner == nullptr || !inner->is_sum()) {
    terms.push_back(std::move(p));
    return;
  }
  const size_t first = terms.size();
  for (const Node& child : inner->children()) {
    collect_parts(with_mode(child, p.factors.front().mode), terms, b);
  }
  for (size_t i = first; i < terms.size(); ++i) terms[i].scale *= p.scale;
}

}  // namespace

bool TiledCore::is_sum() const noexcept {
  const auto is_whole = [](const Slices& slices) {
    return std::none_of(slices.begin(), slices.end(), [](const auto& s) { return s.has_value(); });
  };
  return std::all_of(parts_.begin(), parts_.end(), [&](const Part& p) {
    return is_whole(p.input) && is_whole(p.output) && p.batch.empty();
  });
}

bool TiledCore::Part::same(const Part& other) const {
  return same_node(op, other.op) && input == other.input && output == other.output &&
         inner == other.inner && batch == other.batch;
}

TiledCore::TiledCore(std::vector<Part> parts,
                     Composition composition,
                     DimExtents batch,
                     std::string grid,
                     WorkersPtr workers)
    : Core(std::move(composition), ""),
      parts_(std::move(parts)),
      batch_(std::move(batch)),
      grid_(std::move(grid)),
      workers_(or_new(std::move(workers))) {
  is_self_adjoint_ = signature().adjoint() == signature() &&
                     std::all_of(parts_.begin(), parts_.end(), [](const Part& p) {
                       return p.input == p.output && p.op.form == nullptr &&
                              p.op.core->is_self_adjoint() && p.op.mode == Mode::forward;
                     });
}

Field TiledCore::field() const noexcept { return field_of(children()); }

std::vector<Node> TiledCore::children() const {
  std::vector<Node> list;
  for (const Part& p : parts_) list.push_back(p.op);
  return list;
}

bool TiledCore::same(const Core& other) const {
  const auto& o = static_cast<const TiledCore&>(other);
  return batch_ == o.batch_ &&
         std::equal(parts_.begin(), parts_.end(), o.parts_.begin(), o.parts_.end(),
                    [](const Part& a, const Part& b) { return a.same(b); });
}

std::shared_ptr<const Core> TiledCore::rebuilt(Parts parts) const {
  if (!parts.name.empty()) {
    fail(Code::unsupported, "with", "{} has no name; give one to its operator", label());
  }
  std::vector<Part> made = parts_;
  for (size_t i = 0; i < made.size(); ++i) made[i].op = parts.children[i];
  return std::make_shared<TiledCore>(std::move(made), Composition{signature(), inner()}, batch_,
                                     grid_, copy_of(workers_));
}

void TiledCore::complete(Mode mode, const Shape& in, Shape& out) const {
  if (parts_.empty()) return;
  const Part& part = parts_.front();
  const Signature& own = signature(mode);
  const Places from = places(own.input(), has_rest(own), in.ndim());
  const Slices& slices = transposes(mode) ? part.output : part.input;
  Shape shape = in;
  for (size_t i = 0; i < slices.size(); ++i) {
    if (slices[i]) shape = shape.with_extent(from.term[i], slices[i]->count);
  }
  const Shape made = output_of(with_mode(part.op, mode), shape);
  for (int d = 0; d < out.ndim(); ++d) {
    // A dim that is cut has its extent in the signature.
    if (out.extent(d) == kUnknown) out = out.with_extent(d, made.extent(d));
  }
}

void TiledCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const Signature& own = signature();
  const bool is_transposed = transposes(mode);
  const auto part_of = [&](const Operand& o, const Side& side, const Slices& slices,
                           const Ranges& batch) {
    const Places at = places(side, has_rest(own), o.shape.ndim());
    Operand part = o;
    for (size_t i = 0; i < slices.size(); ++i) {
      if (slices[i]) part = slice(part, at.term[i], slices[i]->first, slices[i]->count);
    }
    for (const auto& [dim, stretch] : batch) {
      part = slice(part, o.shape.find_base(dim.name), stretch.first, stretch.count);
    }
    return part;
  };
  for (const auto& [dim, extent] : batch_) {
    const int at = x.shape.find_base(dim.name);
    if (at >= 0 && x.shape.extent(at) == extent) continue;
    fail(Code::shape, "apply", "{} is cut along the batch dim '{}' = {} but was given {}", label(),
         dim.text(), extent, x.shape.braced());
  }

  // Parts by the place that they write.  The first there brings the caller's beta, unless places
  // overlap or some are written by none.
  std::vector<std::vector<const Part*>> groups;
  bool are_disjoint = true;
  int64_t written = 0;
  const Side &from = is_transposed ? own.output() : own.input(),
             &to = is_transposed ? own.input() : own.output();
  const auto place = [&](const Part& p) -> const Slices& {
    return is_transposed ? p.input : p.output;
  };
  for (const Part& p : parts_) {
    std::vector<const Part*>* mine = nullptr;
    for (auto& group : groups) {
      const Part& w = *group.front();
      if (place(p) == place(w) && p.batch == w.batch) {
        mine = &group;
      } else {
        are_disjoint = are_disjoint && are_apart(place(p), p.batch, place(w), w.batch);
      }
    }
    if (mine != nullptr) {
      mine->push_back(&p);
      continue;
    }
    groups.push_back({&p});
    written += part_of(y, to, place(p), p.batch).shape.count();
  }
  const bool is_covered = are_disjoint && written == y.shape.count();
  if (!is_covered) {
    b.label(label(), y.shape.braced());
    b.add(prepare_step(make_ref(y), s));
  }
  const auto lower_part = [&](const Part& p, const StepScale& scale) {
    b.lower(with_mode(p.op, mode), part_of(x, from, is_transposed ? p.output : p.input, p.batch),
            part_of(y, to, place(p), p.batch), scale);
  };
  if (!are_disjoint) {
    for (const Part& p : parts_) lower_part(p, s.accumulating());
    return;
  }
  const auto read = [&](const Part& p) -> const Slices& {
    return is_transposed ? p.output : p.input;
  };
  b.side_by_side(workers_, groups.size(), [&](size_t i) {
    bool is_first = is_covered;
    // Parts that read and write one place are a sum, of which R16 makes less (splitting.md §1).
    const Part& one = *groups[i].front();
    const bool is_sum =
        groups[i].size() > 1 && std::all_of(groups[i].begin(), groups[i].end(),
                                            [&](const Part* p) { return read(*p) == read(one); });
    std::vector<Product> terms;
    const Operand from_part = part_of(x, from, read(one), one.batch);
    if (is_sum && b.options().rewrite) {
      for (const Part* p : groups[i]) collect_parts(with_mode(p->op, mode), terms, b);
    }
    if (join_normals(terms, from_part.shape, x.dtype, b)) {
      const Operand to_part = part_of(y, to, place(one), one.batch);
      for (const Product& term : terms) {
        b.lower(term, from_part, to_part, is_first ? s : s.accumulating());
        is_first = false;
      }
      return;
    }
    for (const Part* p : groups[i]) {
      lower_part(*p, is_first ? s : s.accumulating());
      is_first = false;
    }
  });
}

// Where no two parts write one place, Aᴴ A has no terms across parts.
std::optional<Node> TiledCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  const bool is_transposed = transposes(mode);
  const auto out = [&](const Part& p) -> const Slices& {
    return is_transposed ? p.input : p.output;
  };
  for (size_t i = 0; i < parts_.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const Part &a = parts_[i], &b = parts_[j];
      if (!are_apart(out(a), a.batch, out(b), b.batch)) return std::nullopt;
    }
  }
  std::vector<Part> normals;
  for (const Part& p : parts_) {
    const Slices& in = is_transposed ? p.output : p.input;
    normals.push_back({make_normal(with_mode(p.op, mode), nullptr), in, in, {}, p.batch});
  }
  return Node{
      std::make_shared<TiledCore>(std::move(normals), Composition{signature(mode).normal(), {}},
                                  batch_, grid_, workers_),
      Mode::forward, nullptr};
}

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
      const int64_t count = part == nullptr ? all->second : part->count;
      std::erase_if(inner, named);
      if (mine == there.end() || mine->second != count) {
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
    Part part{*tile.op, {}, {}, std::move(inner), p.batch};
    for (size_t i = 0; i < p.input.size(); ++i) {
      part.input.push_back(placed(whole.input[i], p.input[i], tile.input[i]));
    }
    for (size_t i = 0; i < p.output.size(); ++i) {
      part.output.push_back(placed(whole.output[i], p.output[i], tile.output[i]));
    }
    made.push_back(std::move(part));
  }
  if (made.empty()) return no_tile(whole);
  Composition shown{cut_signature(signature(), whole.input, whole.output), inner()};
  for (auto& [dim, extent] : shown.inner) {
    if (const Stretch* s = find(whole.inner, dim)) extent = s->count;
  }
  return {
      Node{std::make_shared<TiledCore>(std::move(made), std::move(shown), batch_, grid_, workers_),
           Mode::forward, nullptr},
      whole.input, whole.output};
}

}  // namespace lunops
