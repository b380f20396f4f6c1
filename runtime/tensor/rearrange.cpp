// SPDX-License-Identifier: MIT
#include "runtime/core/error.hpp"
#include "runtime/core/pattern.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

using NamedExtents = std::vector<std::pair<std::string, int64_t>>;

ExtentList parsed(const NamedExtents& extents) {
  ExtentList list;
  for (const auto& [name, extent] : extents) list.emplace_back(Dim::parse(name), extent);
  return list;
}

Recipe recipe_of(const char* operation,
                 const Tensor& x,
                 std::string_view text,
                 PatternKind kind,
                 const NamedExtents& extents) {
  return resolve(parse_pattern(operation, text, kind), operation, x.shape(), parsed(extents),
                 {.takes_any_name = true, .takes_batch = false});
}

// Taking dims apart never moves data, so this is always a view.
Tensor split(const Tensor& x, const Recipe& recipe) {
  const std::optional<Tensor> view = x.try_reshape(recipe.split);
  LUNOPS_ASSERT(view.has_value());
  return *view;
}

// Chooses, permutes and merges.  `place[i]` is the dim of `x` that was dim i of the split input.
Tensor assemble(const Tensor& x,
                const Recipe& recipe,
                const std::vector<int>& place,
                Context& context) {
  std::vector<int64_t> strides;
  for (const int from : recipe.order) {
    const bool is_new = from < 0;
    strides.push_back(is_new ? 0
                             : x.strides()[static_cast<size_t>(place[static_cast<size_t>(from)])]);
  }
  const Tensor elements(x.storage(), Layout::strided(recipe.elements, std::move(strides)),
                        x.offset(), x.dtype());
  if (std::optional<Tensor> view = elements.try_reshape(recipe.output)) return *view;
  return *elements.clone(context).try_reshape(recipe.output);
}

std::vector<int> identity(int n) {
  std::vector<int> place;
  for (int i = 0; i < n; ++i) place.push_back(i);
  return place;
}

}  // namespace

Tensor rearrange(const Tensor& x,
                 std::string_view pattern,
                 const NamedExtents& extents,
                 Context& context) {
  const Recipe recipe = recipe_of("rearrange", x, pattern, PatternKind::rearrange, extents);
  return assemble(split(x, recipe), recipe, identity(recipe.split.ndim()), context);
}

Tensor expand(const Tensor& x,
              std::string_view pattern,
              const NamedExtents& extents,
              Context& context) {
  const Recipe recipe = recipe_of("expand", x, pattern, PatternKind::expand, extents);
  if (!recipe.elements.is_known()) {
    fail(Code::shape, "expand",
         "an extent of {} is not known; give it in the pattern or as an extent",
         recipe.elements.braced());
  }
  return assemble(split(x, recipe), recipe, identity(recipe.split.ndim()), context);
}

Tensor reduce(const Tensor& x,
              std::string_view pattern,
              Reduction op,
              const NamedExtents& extents,
              Context& context) {
  const Recipe recipe = recipe_of("reduce", x, pattern, PatternKind::reduce, extents);
  const Tensor y = reduce(op, split(x, recipe), recipe.reduced, context);
  std::vector<int> place;
  std::vector<bool> is_gone(static_cast<size_t>(recipe.split.ndim()), false);
  for (const int d : recipe.reduced) is_gone[static_cast<size_t>(d)] = true;
  int next = 0;
  for (const bool gone : is_gone) place.push_back(gone ? -1 : next++);
  return assemble(y, recipe, place, context);
}

}  // namespace lunops
