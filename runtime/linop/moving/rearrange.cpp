// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/rearrange.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

using Axis = PatternAxis;

namespace {

// Without "...": number i is term i of a signature's side.
std::vector<Axis> axes_of(const std::vector<Axis>& side) {
  std::vector<Axis> axes;
  for (const Axis& a : side) {
    if (a.kind != Axis::Kind::ellipsis) axes.push_back(a);
  }
  return axes;
}

// Number of the axis that has this member, and the member's number in it; -1 if none has.
std::pair<int, int> find_member(const std::vector<Axis>& axes, Dim member) {
  for (size_t i = 0; i < axes.size(); ++i) {
    for (size_t k = 0; k < axes[i].members.size(); ++k) {
      if (axes[i].members[k].dim == member) return {static_cast<int>(i), static_cast<int>(k)};
    }
  }
  return {-1, -1};
}

}  // namespace

// x and y with all groups taken apart, in the order of y.
struct RearrangeCore::Elements {
  std::vector<int64_t> extents, x_strides, y_strides;
  std::vector<int> sizes;  // of the dims of y, in members
};

RearrangeCore::RearrangeCore(Pattern pattern,
                             ExtentList extents,
                             Signature signature,
                             std::string name)
    : Core(std::move(signature), std::move(name)),
      pattern_(std::move(pattern)),
      extents_(std::move(extents)) {}

Mode RearrangeCore::canonical(Mode mode) const noexcept {
  return transposes(mode) ? Mode::adjoint : Mode::forward;
}

std::optional<Node> RearrangeCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  return Node{identity_like(signature(mode)), Mode::forward, nullptr};
}

bool RearrangeCore::same(const Core& other) const {
  const auto& o = static_cast<const RearrangeCore&>(other);
  return pattern_ == o.pattern_ && extents_ == o.extents_;
}

std::shared_ptr<const Core> RearrangeCore::shown_as(const Signature& form) const {
  return std::make_shared<RearrangeCore>(pattern_, extents_, form, name());
}

void RearrangeCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const bool is_back = transposes(mode);
  ExtentTable table(pattern_, "Rearrange", extents_);
  const std::vector<Axis> from = axes_of(is_back ? pattern_.right : pattern_.left),
                          to = axes_of(is_back ? pattern_.left : pattern_.right);
  const Places in_at = places(signature(mode).input(), signature().is_open(), in.ndim());
  const Places out_at = places(signature(mode).output(), signature().is_open(), out.ndim());
  for (size_t i = 0; i < from.size(); ++i) {
    // Two members that only the other side knows: it may be known from what follows.
    const auto unknown =
        std::count_if(from[i].members.begin(), from[i].members.end(),
                      [&](const Axis::Member& m) { return table.of(m.dim) == kUnknown; });
    if (!from[i].members.empty() && unknown < 2) table.fit(from[i], in.extent(in_at.term[i]));
  }
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i].members.empty() || out.extent(out_at.term[i]) != kUnknown) continue;
    out = out.with_extent(out_at.term[i], table.fit(to[i], table.of_whole(to[i])));
  }
}

ExtentTable RearrangeCore::table(Mode mode, const Shape& x, const Shape& y) const {
  const bool is_back = transposes(mode);
  ExtentTable table(pattern_, "Rearrange", extents_);
  const std::vector<Axis> from = axes_of(is_back ? pattern_.right : pattern_.left),
                          to = axes_of(is_back ? pattern_.left : pattern_.right);
  const Places x_at = places(signature(mode).input(), signature().is_open(), x.ndim());
  const Places y_at = places(signature(mode).output(), signature().is_open(), y.ndim());
  // What one side teaches may be needed by the other.
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < from.size(); ++i) {
      if (!from[i].members.empty()) table.fit(from[i], x.extent(x_at.term[i]));
    }
    for (size_t i = 0; i < to.size(); ++i) {
      if (!to[i].members.empty()) table.fit(to[i], y.extent(y_at.term[i]));
    }
  }
  return table;
}

RearrangeCore::Sides RearrangeCore::members(Mode mode, const Shape& x, const Shape& y) const {
  const ExtentTable known = table(mode, x, y);
  const auto of = [&](const std::vector<Axis>& side) {
    std::vector<Members> made;
    for (const Axis& a : axes_of(side)) {
      made.emplace_back();
      for (const Axis::Member& m : a.members) made.back().emplace_back(m.dim, known.of(m.dim));
    }
    return made;
  };
  Sides made{of(pattern_.left), of(pattern_.right)};
  if (transposes(mode)) std::swap(made.in, made.out);
  return made;
}

RearrangeCore::Elements RearrangeCore::elements(Mode mode,
                                                const Operand& x,
                                                const Operand& y) const {
  const bool is_back = transposes(mode);
  const ExtentTable table = this->table(mode, x.shape, y.shape);
  const std::vector<Axis> from = axes_of(is_back ? pattern_.right : pattern_.left),
                          to = axes_of(is_back ? pattern_.left : pattern_.right);
  const Places x_at = places(signature(mode).input(), signature().is_open(), x.shape.ndim());
  const Places y_at = places(signature(mode).output(), signature().is_open(), y.shape.ndim());
  // Stride of a member in a dim with this stride: the members after it are faster.
  const auto within = [&](const Axis& axis, int member, int64_t stride) {
    for (size_t k = axis.members.size(); --k > static_cast<size_t>(member);) {
      stride *= table.of(axis.members[k].dim);
    }
    return stride;
  };
  Elements made;
  for (int p = 0; p < y.shape.ndim(); ++p) {
    const int64_t y_stride = y.strides[static_cast<size_t>(p)];
    const auto term = std::find(y_at.term.begin(), y_at.term.end(), p);
    if (term == y_at.term.end()) {
      const int source = x_at.batch_first + p - y_at.batch_first;
      made.extents.push_back(y.shape.extent(p));
      made.x_strides.push_back(x.strides[static_cast<size_t>(source)]);
      made.y_strides.push_back(y_stride);
      made.sizes.push_back(1);
      continue;
    }
    const Axis& axis = to[static_cast<size_t>(term - y_at.term.begin())];
    made.sizes.push_back(static_cast<int>(axis.members.size()));
    for (size_t k = 0; k < axis.members.size(); ++k) {
      const Dim member = axis.members[k].dim;
      const auto [source, number] = find_member(from, member);
      const auto at = static_cast<size_t>(std::max(source, 0));
      made.extents.push_back(table.of(member));
      made.x_strides.push_back(
          source < 0 ? 0 : within(from[at], number, x.strides[static_cast<size_t>(x_at.term[at])]));
      made.y_strides.push_back(within(axis, static_cast<int>(k), y_stride));
    }
  }
  if (made.extents.size() > static_cast<size_t>(kMaxDims)) {
    fail(Code::limit, "Rearrange",
         "\"{}\" makes {} dims of {} when groups are taken apart; at most "
         "{} are possible",
         pattern_.text(), made.extents.size(), x.shape.braced(), kMaxDims);
  }
  return made;
}

void RearrangeCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const Elements e = elements(mode, x, y);
  b.add(axpby_step(make_ref(x, e.extents, e.x_strides), false, make_ref(y, e.extents, e.y_strides),
                   s));
}

std::optional<Operand> RearrangeCore::view(Mode mode, const Operand& x) const {
  Operand y = x;
  y.shape = output_of(Node{shared_from_this(), mode, nullptr}, x.shape);
  if (!y.shape.is_known()) return std::nullopt;
  y.strides = row_major(y.shape.extents());
  const Elements e = elements(mode, x, y);
  size_t at = 0;
  for (size_t p = 0; p < e.sizes.size(); ++p) {
    int64_t stride = 0, count = 1;
    for (size_t k = at + static_cast<size_t>(e.sizes[p]); k-- > at;) {
      if (e.extents[k] == 1) continue;
      if (count == 1) {
        stride = e.x_strides[k];
      } else if (e.x_strides[k] != stride * count) {
        return std::nullopt;
      }
      count *= e.extents[k];
    }
    y.strides[p] = stride;
    at += static_cast<size_t>(e.sizes[p]);
  }
  return y;
}

Tile RearrangeCore::cut(const TileRequest& request) const {
  ExtentTable table(pattern_, "Rearrange", extents_);
  const std::vector<Axis> axes[2] = {axes_of(pattern_.left), axes_of(pattern_.right)};
  const Side terms[2] = {terms_of(signature().input()), terms_of(signature().output())};
  for (int round = 0; round < 2; ++round) {
    for (const size_t side : {size_t{0}, size_t{1}}) {
      for (size_t i = 0; i < axes[side].size(); ++i) {
        if (!axes[side][i].members.empty()) table.fit(axes[side][i], terms[side][i].extent);
      }
    }
  }
  const auto inner_of = [&](const Axis& axis, const Term& term) {
    int64_t inner = 1;
    for (size_t k = 1; k < axis.members.size(); ++k) {
      const int64_t n = table.of(axis.members[k].dim);
      if (n == kUnknown) {
        const std::string name = axis.members[k].dim.text();
        refuse_cut(*this, term,
                   fmt::format("the extent of '{0}' is unknown; give extent = {{{0} = …}}", name));
      }
      inner *= n;
    }
    return inner;
  };
  std::vector<std::pair<Dim, Stretch>> members;  // outermost ones, cut
  bool is_something = true;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const Slices& slices = side == 0 ? request.input : request.output;
    for (size_t i = 0; i < slices.size(); ++i) {
      if (!slices[i]) continue;
      const Axis& axis = axes[side][i];
      const Term& term = terms[side][i];
      const int64_t inner = inner_of(axis, term);
      if (inner == 0 || slices[i]->first % inner != 0 || slices[i]->count % inner != 0) {
        refuse_cut(*this, term,
                   fmt::format("cut it at multiples of {}, the elements of '{}' that its inner "
                               "members make",
                               inner, axis.name.text()));
      }
      const Dim member = axis.members.front().dim;
      const auto [other, number] = find_member(axes[1 - side], member);
      if (number > 0) {
        refuse_cut(
            *this, term,
            fmt::format("'{}' is an inner member of '{}'; cut the outermost one", member.text(),
                        axes[1 - side][static_cast<size_t>(other)].name.text()));
      }
      const Stretch wanted{slices[i]->first / inner, slices[i]->count / inner};
      const auto known = std::find_if(members.begin(), members.end(),
                                      [&](const auto& m) { return m.first == member; });
      if (known == members.end()) {
        members.emplace_back(member, wanted);
      } else {
        known->second = intersection(known->second, wanted);
      }
    }
  }
  TileRequest part{Slices(terms[0].size()), Slices(terms[1].size()), {}};
  for (const auto& [member, stretch] : members) {
    is_something = is_something && stretch.count > 0;
    for (const size_t side : {size_t{0}, size_t{1}}) {
      const int i = find_member(axes[side], member).first;
      if (i < 0) continue;
      const auto at = static_cast<size_t>(i);
      const int64_t inner = inner_of(axes[side][at], terms[side][at]);
      (side == 0 ? part.input : part.output)[at] =
          Stretch{stretch.first * inner, stretch.count * inner};
    }
  }
  if (!is_something) return no_tile(part);
  // The pattern with the extents of the tile; whole groups follow from their members.
  Pattern pattern = pattern_;
  ExtentList extents;
  for (auto* side : {&pattern.left, &pattern.right}) {
    for (Axis& axis : *side) {
      for (Axis::Member& m : axis.members) {
        m.extent = table.of(m.dim);
        for (const auto& [member, stretch] : members) {
          if (member == m.dim) m.extent = stretch.count;
        }
      }
    }
  }
  return tile_of(
      std::make_shared<RearrangeCore>(std::move(pattern), std::move(extents),
                                      cut_signature(signature(), part.input, part.output), name()),
      part);
}

Linop Rearrange(std::string_view text, const LinopOptions& options) {
  const Pattern pattern = parse_pattern("Rearrange", text);
  ExtentList extents;
  for (const auto& [name, extent] : options.extent) {
    if (extent < 0) {
      fail(Code::shape, "Rearrange", "extent of '{}' is {}; an extent is at least 0", name, extent);
    }
    extents.emplace_back(Dim::parse(name, "Rearrange"), extent);
  }
  const Signature signature = to_signature(pattern, "Rearrange", extents);
  return Linop(std::make_shared<RearrangeCore>(
      pattern, std::move(extents), options.batch ? signature : signature.closed(), options.name));
}

}  // namespace lunops
