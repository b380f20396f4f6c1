// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/blocks.hpp"

#include <algorithm>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/native.hpp"
#include "runtime/linop/moving/constructors.hpp"
#include "runtime/linop/moving/selected_normal.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

int64_t BlockCut::count_of(size_t d, int64_t extent) const noexcept {
  if (!count.empty() && count[d] > 0) return count[d];
  const int64_t rest = extent - block[d];
  if (pads) return extent < 1 ? -1 : rest <= 0 ? 1 : (rest + stride[d] - 1) / stride[d] + 1;
  return rest < 0 ? -1 : rest / stride[d] + 1;
}

BlockGrid BlockCut::grid(const std::vector<int64_t>& extents) const {
  BlockGrid g;
  g.ndim = static_cast<int>(block.size());
  g.entries = entries;
  for (size_t d = 0; d < block.size(); ++d) {
    g.extent[d] = extents[d];
    g.block[d] = block[d];
    g.stride[d] = stride[d];
    g.count[d] = count_of(d, extents[d]);
  }
  if (has_mask()) {
    g.runs = runs.data();
    g.run_count = static_cast<int64_t>(runs.size());
  }
  return g;
}

PlacedRuns::PlacedRuns(std::shared_ptr<const BlockCut> cut, const Stream& stream)
    : cut_(std::move(cut)) {
  if (!is_gpu(stream.device())) return;
  copy_ = held_copy<BlockGrid::Run>(cut_->runs, "runs of a mask", stream);
}

std::shared_ptr<const PlacedRuns> PlacedRuns::of(std::shared_ptr<const BlockCut> cut,
                                                 const Stream& stream) {
  const auto make = [&] { return std::make_shared<const PlacedRuns>(cut, stream); };
  return is_gpu(stream.device()) && cut->has_mask() ? cut->placed.get(stream.device(), make)
                                                    : make();
}

namespace {

Side mixed_terms(const Side& side, const Side& other) {
  Side mixed;
  for (const Term& t : terms_of(side)) {
    if (find_term(other, t) < 0) mixed.push_back(t);
  }
  return mixed;
}

class BlocksStep final : public Step {
 public:
  // `runs` is null in dry plans.
  BlocksStep(std::shared_ptr<const PlacedRuns> runs,
             const BlockGrid& grid,
             bool cuts,
             Ref x,
             Ref y,
             StepScale s)
      : runs_(std::move(runs)),
        grid_(runs_ == nullptr ? grid : runs_->seen_by(grid)),
        cuts_(cuts),
        scale_(s) {
    refs = {x, y};
    const auto n = static_cast<double>(x.view.count()) + static_cast<double>(y.view.count());
    bytes = n * static_cast<double>(size_of(x.view.dtype));
    if (!cuts_) flops = static_cast<double>(x.view.count()) * (is_complex(x.view.dtype) ? 2 : 1);
  }
  void run(const Frame& f) const override {
    const RawView x = refs[0].at(f), y = refs[1].at(f);
    if (cuts_) {
      f.backend->array_to_blocks(grid_, x, f.resolve(scale_), y, *f.stream);
    } else {
      f.backend->blocks_to_array(grid_, x, f.resolve(scale_), y, *f.stream);
    }
  }

 private:
  std::shared_ptr<const PlacedRuns> runs_;  // keeps those of the grid
  BlockGrid grid_;
  bool cuts_;
  StepScale scale_;
};

}  // namespace

// Where things lie among the dims of an array and of its blocks; batch and kept dims correspond.
struct BlocksCore::Positions {
  std::vector<int> array_rest, blocks_rest;
  std::vector<int> array;   // dims of the array
  std::vector<int> blocks;  // counts, then offsets or entries
};

BlocksCore::BlocksCore(bool is_reverse,
                       std::shared_ptr<const BlockCut> cut,
                       Signature signature,
                       std::string name)
    : Core(std::move(signature), std::move(name)),
      is_reverse_(is_reverse),
      cut_(std::move(cut)),
      array_(mixed_terms(array_side(), blocks_side())),
      blocks_(mixed_terms(blocks_side(), array_side())) {}

std::string BlocksCore::details() const {
  std::string block, stride;
  for (size_t d = 0; d < cut_->block.size(); ++d) {
    block += fmt::format("{}{}", d == 0 ? "" : " x ", cut_->block[d]);
    stride += fmt::format("{}{}", d == 0 ? "" : " x ", cut_->stride[d]);
  }
  std::string text = fmt::format("block {}, stride {}", block, stride);
  if (cut_->has_mask()) text += fmt::format(", {} entries of each", cut_->entries);
  if (cut_->pads) text += ", padded";
  return text;
}

Weights BlocksCore::weights() const { return cut_->has_mask() ? Weights{cut_->mask} : Weights{}; }

bool BlocksCore::same(const Core& other) const {
  const BlockCut &a = *cut_, &b = *static_cast<const BlocksCore&>(other).cut_;
  return a.block == b.block && a.stride == b.stride && a.count == b.count && a.pads == b.pads &&
         a.entries == b.entries && a.has_mask() == b.has_mask() &&
         (!a.has_mask() || a.mask->same(*b.mask));
}

std::shared_ptr<const Core> BlocksCore::rebuilt(Parts parts) const {
  require_same_weights(parts);
  auto made = std::make_shared<BlockCut>(*cut_);
  if (made->has_mask()) made->mask = parts.weights.front();
  return std::make_shared<BlocksCore>(is_reverse_, std::move(made), signature(), parts.name);
}

std::shared_ptr<const Core> BlocksCore::shown_as(const Signature& form) const {
  return std::make_shared<BlocksCore>(is_reverse_, cut_, form, name());
}

BlocksCore::Positions BlocksCore::positions(int array_ndim, int blocks_ndim) const {
  const Places in = places(array_side(), signature().is_open(), array_ndim);
  const Places out = places(blocks_side(), signature().is_open(), blocks_ndim);
  const Side a = terms_of(array_side()), b = terms_of(blocks_side());
  Positions at;
  for (int i = 0; i < in.batch_count; ++i) {
    at.array_rest.push_back(in.batch_first + i);
    at.blocks_rest.push_back(out.batch_first + i);
  }
  for (size_t i = 0; i < a.size(); ++i) {
    const int kept = find_term(b, a[i]);
    (kept < 0 ? at.array : at.array_rest).push_back(in.term[i]);
    if (kept >= 0) at.blocks_rest.push_back(out.term[static_cast<size_t>(kept)]);
  }
  for (size_t i = 0; i < b.size(); ++i) {
    if (find_term(a, b[i]) < 0) at.blocks.push_back(out.term[i]);
  }
  return at;
}

std::vector<int64_t> BlocksCore::array_extents(const Shape& array, const Positions& at) const {
  std::vector<int64_t> extents;
  for (size_t d = 0; d < at.array.size(); ++d) {
    const int64_t n = array.extent(at.array[d]);
    if (n != kUnknown && cut_->count_of(d, n) < 0) {
      fail(Code::shape, kind(), "block of '{0}' is {1} but '{0}' is {2}; use a smaller block",
           array_[d].kind == Term::Kind::dim ? array_[d].dim.text() : text_of_base(array_[d]),
           cut_->block[d], n);
    }
    extents.push_back(n);
  }
  return extents;
}

void BlocksCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const bool is_cutting = cuts(mode);
  const Positions at =
      positions(is_cutting ? in.ndim() : out.ndim(), is_cutting ? out.ndim() : in.ndim());
  if (is_cutting) {
    const std::vector<int64_t> extents = array_extents(in, at);
    for (size_t d = 0; d < extents.size(); ++d) {
      if (extents[d] == kUnknown) continue;
      out = out.with_extent(at.blocks[d], cut_->count_of(d, extents[d]));
    }
  }
  const std::vector<int>&from = is_cutting ? at.array_rest : at.blocks_rest,
        &to = is_cutting ? at.blocks_rest : at.array_rest;
  for (size_t i = 0; i < from.size(); ++i) {
    if (out.extent(to[i]) == kUnknown) out = out.with_extent(to[i], in.extent(from[i]));
  }
}

std::optional<Operand> BlocksCore::view(Mode mode, const Operand& x) const {
  if (!cuts(mode) || cut_->has_mask()) return std::nullopt;
  Shape out = output_of(Node{shared_from_this(), mode, nullptr}, x.shape);
  if (!out.is_known()) return std::nullopt;
  const Positions at = positions(x.shape.ndim(), out.ndim());
  const BlockGrid g = cut_->grid(array_extents(x.shape, at));
  const size_t dims = at.array.size();
  Operand blocks = x;
  blocks.shape = out;
  blocks.strides.assign(static_cast<size_t>(out.ndim()), 0);
  for (size_t i = 0; i < at.array_rest.size(); ++i) {
    blocks.strides[static_cast<size_t>(at.blocks_rest[i])] =
        x.strides[static_cast<size_t>(at.array_rest[i])];
  }
  for (size_t d = 0; d < dims; ++d) {
    if ((g.count[d] - 1) * g.stride[d] + g.block[d] > g.extent[d]) return std::nullopt;
    const int64_t step = x.strides[static_cast<size_t>(at.array[d])];
    blocks.strides[static_cast<size_t>(at.blocks[d])] = step * g.stride[d];
    blocks.strides[static_cast<size_t>(at.blocks[dims + d])] = step;
  }
  return blocks;
}

void BlocksCore::check_extents(Mode mode, const Operand& x, const Operand& y) const {
  const bool is_cutting = cuts(mode);
  const Operand &array = is_cutting ? x : y, &blocks = is_cutting ? y : x;
  const Positions at = positions(array.shape.ndim(), blocks.shape.ndim());
  const std::vector<int64_t> extents = array_extents(array.shape, at);
  for (size_t d = 0; d < extents.size(); ++d) {
    const int64_t n = cut_->count_of(d, extents[d]);
    const int64_t given = blocks.shape.extent(at.blocks[d]);
    if (given == n) continue;
    fail(Code::shape, kind(), "'{}' is {} but an array with '{}' = {} has {} blocks along it",
         text_of_base(blocks_[d]), given, text_of_base(array_[d]), extents[d], n);
  }
}

void BlocksCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  check_extents(mode, x, y);
  const bool is_cutting = cuts(mode);
  const Operand &array = is_cutting ? x : y, &blocks = is_cutting ? y : x;
  const Positions at = positions(array.shape.ndim(), blocks.shape.ndim());
  const std::vector<int64_t> extents = array_extents(array.shape, at);
  const auto ref = [](const Operand& o, const std::vector<int>& rest, const std::vector<int>& own) {
    std::vector<int64_t> n, strides;
    for (const auto* list : {&rest, &own}) {
      for (const int d : *list) {
        n.push_back(o.shape.extent(d));
        strides.push_back(o.strides[static_cast<size_t>(d)]);
      }
    }
    return make_ref(o, n, strides);
  };
  const Ref a = ref(array, at.array_rest, at.array), c = ref(blocks, at.blocks_rest, at.blocks);
  std::shared_ptr<const PlacedRuns> runs;
  if (!b.is_dry()) runs = PlacedRuns::of(cut_, *b.context().stream);
  b.add(std::make_unique<BlocksStep>(std::move(runs), cut_->grid(extents), is_cutting,
                                     is_cutting ? a : c, is_cutting ? c : a, s));
}

std::optional<std::vector<int64_t>> BlocksCore::known_array() const {
  std::vector<int64_t> extents;
  for (size_t d = 0; d < array_.size(); ++d) {
    extents.push_back(array_[d].extent);
    if (extents[d] == kUnknown || cut_->count_of(d, extents[d]) < 0) return std::nullopt;
  }
  return extents;
}

std::optional<Node> BlocksCore::exact_normal(Mode mode, const Node* inner) const {
  const auto extents = known_array();
  if (!cuts(mode) || !extents) return std::nullopt;
  const BlockGrid grid = cut_->grid(*extents);
  std::vector<int64_t> selected;
  for (size_t d = 0; d < array_.size(); ++d) selected.push_back(grid.count[d]);
  if (cut_->has_mask()) {
    selected.push_back(cut_->entries);
  } else {
    selected.insert(selected.end(), cut_->block.begin(), cut_->block.end());
  }
  return selected_normal(
      Node{shared_from_this(), mode, nullptr}, inner, array_, *extents, blocks_, selected,
      [cut = cut_, grid](const RawView& m, const RawView& y, Context& context) {
        const auto runs = PlacedRuns::of(cut, *context.stream);
        context.backend().blocks_to_array(runs->seen_by(grid), m, {}, y, *context.stream);
      });
}

Tensor BlocksCore::multiplicity(Context& context) const {
  for (const Term& t : array_) {
    if (t.extent != kUnknown) continue;
    const std::string dim = text_of_base(t);
    fail(Code::shape, "multiplicity", "extent of '{}' is unknown; give extent = {{{} = …}}", dim,
         dim);
  }
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  for (const Term& t : array_) {
    dims.push_back(t.dim.without_primes());
    extents.push_back(t.extent);
  }
  const BlockGrid grid = cut_->grid(extents);
  const Tensor one = full(Shape::unnamed({1}), 1.0, DType::f32, context);
  RawView ones = one.view();
  ones.ndim = grid.ndim + (cut_->has_mask() ? 1 : grid.ndim);
  for (int d = 0; d < ones.ndim; ++d) {
    const auto k = static_cast<size_t>(d), j = static_cast<size_t>(d - grid.ndim);
    ones.stride[k] = 0;
    ones.extent[k] = d < grid.ndim      ? grid.count[k]
                     : cut_->has_mask() ? grid.entries
                                        : grid.block[j];
  }
  const Tensor counts = Tensor::empty(Shape(dims, extents), DType::f32, context);
  const auto runs = PlacedRuns::of(cut_, *context.stream);
  context.backend().blocks_to_array(runs->seen_by(grid), ones, {}, counts.view(), *context.stream);
  return counts;
}

Tensor multiplicity(const Linop& a, Context& context) {
  const auto* blocks = dynamic_cast<const BlocksCore*>(a.core().get());
  if (blocks == nullptr) {
    fail(Code::argument, "multiplicity",
         "{} has no blocks; it is a method of ArrayToBlocks and BlocksToArray", a.label());
  }
  if (a.node().form == nullptr) return blocks->multiplicity(context);
  const auto shown = blocks->shown_as(a.node().form->signature);
  return static_cast<const BlocksCore&>(*shown).multiplicity(context);
}

// A range of count dims needs the array from its first block to the end of its last one; a range of
// offsets shifts and narrows all blocks.
Tile BlocksCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  const Side in = terms_of(signature().input()), out = terms_of(signature().output());
  const Side &array = is_reverse_ ? out : in, &blocks = is_reverse_ ? in : out;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  Slices &of_array = is_reverse_ ? part.output : part.input,
         &of_blocks = is_reverse_ ? part.input : part.output;
  const size_t dims = array_.size();
  const auto slice_of = [&](const Term& t) {
    return of_blocks[static_cast<size_t>(find_term(blocks, t))];
  };
  auto made = std::make_shared<BlockCut>(*cut_);
  made->count.clear();
  bool is_cut = false;
  for (size_t d = 0; d < dims; ++d) {
    std::optional<Stretch>& own = of_array[static_cast<size_t>(find_term(array, array_[d]))];
    if (own) refuse_cut(*this, array_[d], fmt::format("cut '{}'", text_of_base(blocks_[d])));
    const std::optional<Stretch> counts = slice_of(blocks_[d]);
    const std::optional<Stretch> offsets =
        cut_->has_mask() ? std::nullopt : slice_of(blocks_[dims + d]);
    const int64_t n = array_[d].extent;
    const int64_t s = cut_->stride[d];
    if (!counts && !offsets) {
      made->count.push_back(cut_->count.empty() ? 0 : cut_->count[d]);
      continue;
    }
    if (n == kUnknown) {
      const std::string dim = text_of_base(array_[d]);
      refuse_cut(*this, blocks_[d],
                 fmt::format("the extent of '{0}' is unknown; give extent = {{{0} = …}}", dim));
    }
    is_cut = true;
    const Stretch i = counts.value_or(Stretch{0, cut_->count_of(d, n)});
    const Stretch j = offsets.value_or(Stretch{0, cut_->block[d]});
    const int64_t first = i.first * s + j.first;
    made->count.push_back(i.count);
    made->block[d] = j.count;
    own = Stretch{first, std::min(n, first + (i.count - 1) * s + j.count) - first};
    if (i.count == 0 || j.count == 0 || own->count <= 0) {
      own = Stretch{std::min(first, n), 0};
      return no_tile(part);
    }
  }
  if (!is_cut) made->count = cut_->count;
  if (cut_->has_mask()) {
    if (const std::optional<Stretch> range = slice_of(blocks_[dims])) {
      made->runs.clear();
      for (const BlockGrid::Run& run : cut_->runs) {
        const Stretch both = intersection({run.number, run.length}, *range);
        if (both.count == 0) continue;
        made->runs.push_back(
            {run.row, run.start + both.first - run.number, both.count, both.first - range->first});
      }
      made->entries = range->count;
    }
  } else {
    made->entries = 1;
    for (const int64_t n : made->block) made->entries *= n;
  }
  return tile_of(
      std::make_shared<BlocksCore>(is_reverse_, std::move(made),
                                   cut_signature(signature(), part.input, part.output), name()),
      part);
}

}  // namespace lunops
