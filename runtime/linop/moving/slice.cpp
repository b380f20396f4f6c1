// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/slice.hpp"

#include <algorithm>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/pairs.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

SliceCore::SliceCore(bool is_embed,
                     std::vector<Range> ranges,
                     Signature signature,
                     std::string name)
    : Core(std::move(signature), std::move(name)),
      is_embed_(is_embed),
      ranges_(std::move(ranges)) {}

namespace {

// As a user writes it.
std::string text_of(const SliceCore::Range& r) {
  if (r.small < 0) return fmt::format("{}", r.first + 1);
  const int64_t last = r.first + 1 + (r.count - 1) * r.step;
  return r.step == 1 ? fmt::format("{{{}, {}}}", r.first + 1, last)
                     : fmt::format("{{{}, {}, {}}}", r.first + 1, last, r.step);
}

// One past the last element that is taken.
int64_t end_of(const SliceCore::Range& r) { return r.first + (r.count - 1) * r.step + 1; }

}  // namespace

std::string SliceCore::details() const {
  const Side large = terms_of(large_side());
  std::string text;
  for (const Range& r : ranges_) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        text_of_base(large[static_cast<size_t>(r.large)]), text_of(r));
  }
  return text;
}

Mode SliceCore::canonical(Mode mode) const noexcept {
  return transposes(mode) ? Mode::adjoint : Mode::forward;
}

std::optional<Node> SliceCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  const Side& side = signature(mode).input();
  const Signature on_input(side, side, signature().is_open());
  if (!selects(mode)) {
    return Node{std::make_shared<IdentityCore>(on_input, ""), Mode::forward, nullptr};
  }
  const Side large = terms_of(signature(mode).input());
  Side terms;
  std::vector<int64_t> extents;
  bool takes_all = true;
  for (const Range& r : ranges_) {
    Term t = large[static_cast<size_t>(r.large)];
    if (t.kind == Term::Kind::variable || t.extent == kUnknown) return std::nullopt;
    takes_all = takes_all && r.count == t.extent;
    extents.push_back(t.extent);
    t.extent = kUnknown;
    terms.push_back(t);
  }
  if (takes_all) return Node{identity_like(on_input), Mode::forward, nullptr};
  auto recipe = [extents, ranges = ranges_](DType dtype, Context& context) {
    const Tensor mask = zeros(Shape::unnamed(extents), dtype, context);
    Tensor taken = mask;
    for (size_t i = 0; i < extents.size(); ++i) {
      taken = taken.slice(static_cast<int>(i), ranges[i].first, ranges[i].count, ranges[i].step);
    }
    context.backend().fill(1.0, taken.view(), *context.stream);
    return mask;
  };
  const auto weight = std::make_shared<Weight>(extents, false, Weights{}, std::move(recipe));
  return Node{std::make_shared<DiagonalCore>(weight, terms, on_input, ""), Mode::forward, nullptr};
}

bool SliceCore::same(const Core& other) const {
  return ranges_ == static_cast<const SliceCore&>(other).ranges_;
}

std::shared_ptr<const Core> SliceCore::shown_as(const Signature& form) const {
  return std::make_shared<SliceCore>(is_embed_, ranges_, form, name());
}

// What is left of a range is counted from the first element that is left.
Tile SliceCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  Slices &large = is_embed_ ? part.output : part.input,
         &small = is_embed_ ? part.input : part.output;
  const Side large_terms = terms_of(large_side());
  std::vector<Range> ranges = ranges_;
  for (Range& r : ranges) {
    std::optional<Stretch>& from = large[static_cast<size_t>(r.large)];
    std::optional<Stretch>* to = r.small < 0 ? nullptr : &small[static_cast<size_t>(r.small)];
    if (!from && (to == nullptr || !*to)) continue;
    Stretch left{0, r.count};
    if (from) {
      // Elements j with from.first <= first + j step < from.end.
      const auto up = [&](int64_t at) {
        return at <= r.first ? 0 : (at - r.first + r.step - 1) / r.step;
      };
      const int64_t begin = up(from->first);
      left = intersection(left, {begin, up(from->end()) - begin});
    }
    if (to != nullptr && *to) left = intersection(left, **to);
    if (left.count <= 0) return no_tile(part);
    r.first += left.first * r.step;
    r.count = left.count;
    from = Stretch{r.first, end_of(r) - r.first};
    if (*from == Stretch{0, large_terms[static_cast<size_t>(r.large)].extent}) from.reset();
    if (to != nullptr) *to = left;
    r.first = 0;
  }
  return tile_of(
      std::make_shared<SliceCore>(is_embed_, std::move(ranges),
                                  cut_signature(signature(), part.input, part.output), name()),
      part);
}

Operand SliceCore::window(const Operand& large, const Shape& small) const {
  const bool is_open = signature().is_open();
  const Side large_terms = terms_of(large_side()), small_terms = terms_of(small_side());
  const Places from = places(large_side(), is_open, large.shape.ndim());
  const Places to = places(small_side(), is_open, small.ndim());
  Operand part = large;
  part.shape = small;
  part.strides.assign(static_cast<size_t>(small.ndim()), 0);
  const auto link = [&](int source, int target, int64_t step) {
    part.strides[static_cast<size_t>(target)] = large.strides[static_cast<size_t>(source)] * step;
  };
  for (int i = 0; i < to.batch_count; ++i) link(from.batch_first + i, to.batch_first + i, 1);
  for (size_t i = 0; i < small_terms.size(); ++i) {
    const int kept = find_term(large_terms, small_terms[i]);
    if (kept >= 0) link(from.term[static_cast<size_t>(kept)], to.term[i], 1);
  }
  for (const Range& r : ranges_) {
    const int source = from.term[static_cast<size_t>(r.large)];
    const int64_t n = large.shape.extent(source);
    if (end_of(r) > n) {
      const std::string name = text_of_base(large_terms[static_cast<size_t>(r.large)]);
      fail(Code::shape, "apply", "{}: the range of '{}' is {} but its extent is {}", label(), name,
           text_of(r), n);
    }
    part.offset += r.first * large.strides[static_cast<size_t>(source)] *
                   static_cast<int64_t>(size_of(large.dtype));
    if (r.small >= 0) link(source, to.term[static_cast<size_t>(r.small)], r.step);
  }
  return part;
}

void SliceCore::check_extents(Mode mode, const Operand& x, const Operand& y) const {
  selects(mode) ? window(x, y.shape) : window(y, x.shape);
}

void SliceCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  if (selects(mode)) {
    b.copy(window(x, y.shape), y, s);
    return;
  }
  b.add(prepare_step(make_ref(y), s));
  b.copy(x, window(y, x.shape), s.accumulating());
}

std::optional<Operand> SliceCore::view(Mode mode, const Operand& x) const {
  if (!selects(mode)) return std::nullopt;
  const Shape out = output_of(Node{shared_from_this(), mode, nullptr}, x.shape);
  if (!out.is_known()) return std::nullopt;
  return window(x, out);
}

}  // namespace lunops
