// SPDX-License-Identifier: MIT
#include "runtime/linop/container/tiled.hpp"

#include <algorithm>
#include <set>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/normal.hpp"
#include "runtime/linop/container/tiled_parts.hpp"
#include "runtime/linop/placed.hpp"

namespace lunops {

const Stretch* find(const TiledCore::Ranges& ranges, Dim dim) {
  for (const auto& [d, stretch] : ranges) {
    if (d == dim) return &stretch;
  }
  return nullptr;
}

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

bool is_added(const TiledAxis& axis, Mode mode) noexcept {
  using Kind = TiledAxis::Kind;
  return axis.kind == Kind::inner ||
         axis.kind == (transposes(mode) ? Kind::out_only : Kind::in_only);
}

std::string Placement::text() const {
  switch (kind) {
    case Kind::replicate:
      return "replicate";
    case Kind::shard:
      return fmt::format("shard {}", dim.text());
    case Kind::partial:
      break;
  }
  return "partial";
}

bool TiledCore::Part::same(const Part& other) const {
  return same_node(op, other.op) && input == other.input && output == other.output &&
         inner == other.inner && batch == other.batch && device == other.device &&
         leaves == other.leaves;
}

std::string TiledCore::Part::text() const {
  std::string text;
  for (const auto& [dim, stretch] : request) {
    text += fmt::format("{}{} {}..{}", text.empty() ? "" : ", ", dim.text(), stretch.first + 1,
                        stretch.end());
  }
  if (device) text += fmt::format("{}on {}", text.empty() ? "" : " ", device->text());
  return text;
}

TiledCore::TiledCore(std::vector<Part> parts,
                     Composition composition,
                     Setup setup,
                     WorkersPtr workers)
    : Core(std::move(composition), ""),
      parts_(std::move(parts)),
      setup_(std::move(setup)),
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

int64_t TiledCore::tiles_along(size_t axis) const {
  std::set<int64_t> places;
  for (const Part& p : parts_) places.insert(p.index[axis]);
  return static_cast<int64_t>(places.size());
}

bool TiledCore::is_sum() const noexcept {
  const auto is_whole = [](const Slices& slices) {
    return std::none_of(slices.begin(), slices.end(), [](const auto& s) { return s.has_value(); });
  };
  return std::all_of(parts_.begin(), parts_.end(), [&](const Part& p) {
    return is_whole(p.input) && is_whole(p.output) && p.batch.empty() && p.device == setup_.base;
  });
}

std::string TiledCore::details() const {
  std::string text;
  for (size_t k = 0; k < setup_.axes.size(); ++k) {
    const TiledAxis& axis = setup_.axes[k];
    const int64_t tiles = tiles_along(k);
    const bool is_tree = setup_.tree && setup_.tree->axis == k;
    const char* what = is_leaves() ? tiles == 1 ? "leaf" : "leaves" : tiles == 1 ? "tile" : "tiles";
    text += fmt::format("{}{} {} along {}, {}", text.empty() ? "" : "; ", tiles, what,
                        axis.dim.text(), is_added(axis, Mode::forward) ? "added" : "joined");
    if (!is_tree || is_leaves()) continue;
    const Leaves& leaves = setup_.tree->leaves;
    text += fmt::format(" ({} lea{} of {}{})", leaves.count, leaves.count == 1 ? "f" : "ves",
                        leaves.size, setup_.tree->is_moved ? "; bounds moved to leaves" : "");
  }
  if (setup_.options->is_deterministic && !is_leaves()) text += "; deterministic";
  if (setup_.base) text += fmt::format("; base {}", setup_.base->text());
  return text;
}

std::vector<AxisPlacement> TiledCore::placement(Mode mode) const {
  using Kind = TiledAxis::Kind;
  const auto exchanged = [](Placement p) {
    if (p.kind == Placement::Kind::shard) return p;
    const bool is_replicate = p.kind == Placement::Kind::replicate;
    return Placement{is_replicate ? Placement::Kind::partial : Placement::Kind::replicate, {}};
  };
  std::vector<AxisPlacement> made;
  for (const TiledAxis& axis : setup_.axes) {
    const Placement shard{Placement::Kind::shard, axis.dim};
    const bool has_input = axis.kind == Kind::kept || axis.kind == Kind::in_only;
    const bool has_output = axis.kind == Kind::kept || axis.kind == Kind::out_only;
    const Placement in = has_input ? shard : Placement{};
    const Placement out = has_output ? shard : Placement{Placement::Kind::partial, {}};
    made.push_back(transposes(mode) ? AxisPlacement{axis.dim, exchanged(out), exchanged(in)}
                                    : AxisPlacement{axis.dim, in, out});
  }
  return made;
}

Device TiledCore::result_device(Mode mode, Device in) const {
  return setup_.base ? in : Core::result_device(mode, in);
}

std::optional<DevicePlaces> TiledCore::device_places() const {
  if (!setup_.base) return std::nullopt;
  DevicePlaces places{*setup_.base, {}};
  for (const Part& p : parts_) places.children.push_back(*p.device);
  return places;
}

bool TiledCore::same(const Core& other) const {
  const auto& o = static_cast<const TiledCore&>(other);
  return setup_.batch == o.setup_.batch && setup_.base == o.setup_.base &&
         options().is_deterministic == o.options().is_deterministic &&
         std::equal(parts_.begin(), parts_.end(), o.parts_.begin(), o.parts_.end(),
                    [](const Part& a, const Part& b) { return a.same(b); });
}

std::shared_ptr<const Core> TiledCore::rebuilt(Parts parts) const {
  if (!parts.name.empty()) {
    fail(Code::unsupported, "with", "{} has no name; give one to its operator", label());
  }
  std::vector<Part> made = parts_;
  for (size_t i = 0; i < made.size(); ++i) made[i].op = parts.children[i];
  Setup setup = setup_;
  if (setup.tree) setup.tree->whole.reset();  // of the weights that were
  return std::make_shared<TiledCore>(std::move(made), Composition{signature(), inner()},
                                     std::move(setup), copy_of(workers_));
}

void TiledCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const Signature& own = signature(mode);
  const Places from = places_of(own, own.input(), in.ndim());
  const Places to = places_of(own, own.output(), out.ndim());
  for (const Part& part : parts_) {
    if (out.is_known()) return;
    const Slices& read = transposes(mode) ? part.output : part.input;
    const Slices& written = transposes(mode) ? part.input : part.output;
    Shape shape = in;
    for (size_t i = 0; i < read.size(); ++i) {
      if (read[i]) shape = shape.with_extent(from.term[i], read[i]->count);
    }
    Shape made = output_of(with_mode(part.op, mode), shape);
    for (size_t i = 0; i < written.size(); ++i) {
      // It tells nothing of the extent of a dim of which it writes a slice.
      if (written[i]) made = made.with_extent(to.term[i], kUnknown);
    }
    for (int d = 0; d < out.ndim(); ++d) {
      if (out.extent(d) == kUnknown) out = out.with_extent(d, made.extent(d));
    }
  }
}

namespace {

// The inner dims of Aᴴ A by those of A and by A's output terms: a.inner, then what of the output is
// no input (compose.hpp).  Without `composition` where that is not all of them.
struct NormalInner {
  std::optional<Composition> composition;
  std::vector<Dim> of_inner;
  std::vector<std::optional<Dim>> of_output;
};

NormalInner inner_of_normal(const Composition& a) {
  const Side in = terms_of(a.signature.input()), out = terms_of(a.signature.output());
  NormalInner made;
  const Composition whole = normal(a);
  size_t at = 0;
  const auto next = [&] {
    return at < whole.inner.size() ? whole.inner[at++].first : (++at, Dim{});
  };
  for (size_t i = 0; i < a.inner.size(); ++i) made.of_inner.push_back(next());
  for (const Term& t : out) {
    const bool is_inner = t.kind == Term::Kind::dim && find_term(in, t) < 0;
    made.of_output.push_back(is_inner ? std::optional(next()) : std::nullopt);
  }
  if (at == whole.inner.size()) made.composition = whole;
  return made;
}

}  // namespace

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
  const Composition own = composition_of(Node{shared_from_this(), mode, nullptr});
  const NormalInner names = inner_of_normal(own);
  // What part p is of the inner dims of the normal.
  const auto inner_of_part = [&](const Part& p) {
    Ranges ranges;
    if (!names.composition) return ranges;
    for (const auto& [dim, stretch] : p.inner) {
      for (size_t k = 0; k < this->inner().size(); ++k) {
        if (this->inner()[k].first != dim) continue;
        ranges.emplace_back(names.of_inner[is_transposed ? this->inner().size() - 1 - k : k],
                            stretch);
      }
    }
    for (size_t i = 0; i < out(p).size(); ++i) {
      if (out(p)[i] && names.of_output[i]) ranges.emplace_back(*names.of_output[i], *out(p)[i]);
    }
    return ranges;
  };
  std::vector<Part> normals;
  for (const Part& p : parts_) {
    Part normal = p;
    normal.op = make_normal(with_mode(p.op, mode), nullptr);
    // Weights that an entry makes of nothing but extents have no place yet.
    const bool keeps_weights = options().is_resident;
    if (p.device) normal.op = placed(normal.op, *p.device, keeps_weights);
    normal.input = normal.output = is_transposed ? p.output : p.input;
    normal.inner = inner_of_part(p);
    normals.push_back(std::move(normal));
  }
  Setup setup = setup_;
  for (TiledAxis& axis : setup.axes) {
    // What was joined is summed over inside the normal; what is kept, or narrows the other side,
    // has its range on both.
    using Kind = TiledAxis::Kind;
    const Kind joined = is_transposed ? Kind::in_only : Kind::out_only;
    axis.kind = axis.kind == joined ? Kind::inner : Kind::kept;
  }
  if (setup.tree && setup.tree->whole) {
    Node whole = make_normal(with_mode(*setup.tree->whole, mode), nullptr);
    const auto& device = parts_.front().device;
    if (device) whole = placed(whole, *device, options().is_resident);
    setup.tree->whole = std::move(whole);
    setup.tree->sums_grids = setup.tree->sums_grids_transposed = false;
  }
  return Node{
      std::make_shared<TiledCore>(
          std::move(normals), names.composition.value_or(Composition{signature(mode).normal(), {}}),
          std::move(setup), workers_),
      Mode::forward, nullptr};
}

const TiledCore* as_tiled(const Node& node) noexcept {
  return dynamic_cast<const TiledCore*>(node.core.get());
}

}  // namespace lunops
