// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/moving/constructors.hpp"
#include "runtime/linop/moving/sampling.hpp"

namespace lunops {

namespace {

constexpr const char* kName = "Sampling";

Side minus(const Side& a, const Side& b) {
  Side left;
  for (const Term& t : terms_of(a)) {
    if (find_term(b, t) < 0) left.push_back(t);
  }
  return left;
}

std::string listed(const Side& terms) {
  std::string text;
  for (const Term& t : terms) text += fmt::format("{}{}", text.empty() ? "" : " ", text_of_base(t));
  return text;
}

Signature two_sided(std::string_view text) {
  const SignatureText parsed = parse_signature(kName, text);
  if (parsed.is_one_sided) {
    fail(Code::shape, kName, "\"{}\" has one side; write \"{} -> sample\"", text, text);
  }
  if (minus(parsed.signature.input(), parsed.signature.output()).empty()) {
    fail(Code::shape, kName, "\"{}\" has no grid: no input dim is missing on the output", text);
  }
  for (const Term& t : minus(parsed.signature.output(), parsed.signature.input())) {
    if (t.kind == Term::Kind::dim) continue;
    fail(Code::shape, kName, "'{}' has no name; name the dims of the samples", text_of_base(t));
  }
  return parsed.signature;
}

void check_integers(const Tensor& index) {
  if (index.dtype() == DType::i32 || index.dtype() == DType::i64) return;
  fail(Code::dtype, kName, "the indices are {}; indices are i32 or i64, so use idx:as \"i64\"{}",
       name_of(index.dtype()),
       is_floating(index.dtype()) ? ", or lo.Interpolate between grid points" : "");
}

// Terms of the dims of an index tensor, among those of `side`; its last dim is left out if
// `has_coordinates`.  Unnamed ones are the last dims of the side.
Side terms_by_dim(const Tensor& index,
                  const Side& side,
                  bool has_coordinates,
                  std::string_view what,
                  std::string_view text) {
  const auto rank = static_cast<size_t>(index.ndim() - (has_coordinates ? 1 : 0));
  if (!index.shape().is_named()) {
    if (rank > side.size()) {
      fail(Code::shape, kName, "the {} {} has {} dims for {} of \"{}\"", what,
           index.shape().braced(), rank, side.size(), text);
    }
    return Side(side.end() - static_cast<ptrdiff_t>(rank), side.end());
  }
  Side terms;
  for (size_t i = 0; i < rank; ++i) {
    const Dim dim = index.shape().dim(static_cast<int>(i));
    const auto at = std::find_if(side.begin(), side.end(), [&](const Term& t) {
      return t.kind == Term::Kind::dim && t.dim.name == dim.name;
    });
    if (at == side.end()) {
      fail(Code::shape, kName, "the {} {} has the dim '{}', which \"{}\" does not have there", what,
           index.shape().braced(), dim.text(), text);
    }
    terms.push_back(*at);
  }
  return terms;
}

Linop make(SampleIndex index, Signature signature, std::string_view text, const LinopOptions& o) {
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  DimExtents known;
  for (const Term& t : out) {
    const int at = find_term(index.terms, t);
    if (at < 0 && find_term(in, t) < 0) {
      fail(Code::shape, kName, "'{}' is on the output of \"{}\" but not in the indices {}",
           text_of_base(t), text, index.tensors.front()->tensor().shape().braced());
    }
    if (at < 0 || t.kind != Term::Kind::dim) continue;
    const int64_t n = index.tensors.front()->extents()[static_cast<size_t>(at)];
    if (t.extent != kUnknown && t.extent != n) {
      fail(Code::shape, kName, "extent of '{}' is {} in \"{}\" but {} in the indices {}",
           t.dim.text(), t.extent, text, n, index.tensors.front()->tensor().shape().braced());
    }
    known.emplace_back(t.dim, n);
  }
  const auto core = std::make_shared<SamplingCore>(
      std::move(index), with_options(kName, signature.with_extents(known), o), o.name);
  std::vector<int64_t> grid;
  for (const Term& t : minus(core->signature().input(), core->signature().output())) {
    grid.push_back(t.extent);
  }
  core->check_indices(grid);
  return Linop(core);
}

std::string owner_of(const LinopOptions& options) {
  return options.name.empty() ? kName : fmt::format("{} '{}'", kName, options.name);
}

// One index tensor for each grid dim from the true entries of a mask, in row-major order.
Linop from_mask(const Tensor& mask, std::string_view text, const SamplingOptions& options) {
  Signature signature = two_sided(text);
  const Side in = terms_of(signature.input());
  const Side grid = minus(signature.input(), signature.output());
  const Side samples = minus(signature.output(), signature.input());
  const Side given = terms_by_dim(mask, in, false, "mask", text);
  if (samples.size() != 1) {
    fail(Code::shape, kName, "a mask gives one dim of samples but \"{}\" has {} ({})", text,
         samples.size(), listed(samples));
  }
  std::vector<int> order;
  Side groups;
  for (const Term& t : given) {
    if (find_term(grid, t) >= 0) continue;
    groups.push_back(t);
    order.push_back(find_term(given, t));
  }
  DimExtents known;
  std::vector<int64_t> extents;
  for (const Term& t : grid) {
    const int at = find_term(given, t);
    if (at < 0) {
      fail(Code::shape, kName, "the mask {} lacks the grid dim '{}' of \"{}\"",
           mask.shape().braced(), text_of_base(t), text);
    }
    order.push_back(at);
    extents.push_back(mask.shape().extent(at));
    if (t.extent != kUnknown && t.extent != extents.back()) {
      fail(Code::shape, kName, "extent of '{}' is {} in \"{}\" but {} in the mask {}",
           text_of_base(t), t.extent, text, extents.back(), mask.shape().braced());
    }
    if (t.kind == Term::Kind::dim) known.emplace_back(t.dim, extents.back());
  }
  Context context;
  const Tensor sorted = mask.to(Device::host(), context).permute(order).contiguous(context);
  const bool* entry = sorted.data_as<bool>();
  int64_t cells = 1, group_count = 1;
  for (const int64_t n : extents) cells *= n;
  std::vector<int64_t> shape;
  for (const Term& t : groups) {
    shape.push_back(mask.shape().extent(find_term(given, t)));
    group_count *= shape.back();
  }
  int64_t count = 0;
  for (int64_t g = 0; g < group_count; ++g) {
    const int64_t here = std::count(entry + g * cells, entry + (g + 1) * cells, true);
    if (g == 0) count = here;
    if (here != count) {
      fail(Code::shape, kName,
           "the mask {} has {} true entries at first but {} at number {} of the kept dims; samples "
           "would be ragged, so use lo.Diagonal with the mask",
           mask.shape().braced(), count, here, g + 1);
    }
  }
  shape.push_back(count);
  SampleIndex index;
  index.terms = groups;
  index.terms.push_back(samples.front());
  index.mask = std::make_shared<Weight>(mask, owner_of(options));
  std::vector<int64_t*> next;
  for (size_t d = 0; d < grid.size(); ++d) {
    const Tensor one = Tensor::empty(Shape::unnamed(shape), DType::i64, context);
    next.push_back(one.data_as<int64_t>());
    index.tensors.push_back(std::make_shared<Weight>(one, owner_of(options)));
  }
  for (int64_t i = 0; i < group_count * cells; ++i) {
    if (!entry[i]) continue;
    int64_t rest = i % cells;
    for (size_t d = grid.size(); d-- > 0;) {
      *next[d]++ = rest % extents[d];
      rest /= extents[d];
    }
  }
  return make(std::move(index), signature.with_extents(known), text, options);
}

}  // namespace

Linop Sampling(const Tensor& given, std::string_view text, const SamplingOptions& options) {
  if (given.dtype() == DType::boolean) return from_mask(given, text, options);
  check_integers(given);
  const Signature signature = two_sided(text);
  const Side grid = minus(signature.input(), signature.output());
  if (given.ndim() == 0) fail(Code::shape, kName, "the indices have no dims");
  const int last = given.ndim() - 1;
  if (given.shape().extent(last) != static_cast<int64_t>(grid.size())) {
    fail(Code::shape, kName,
         "the indices {} have {} entries in their last dim but the grid \"{}\" has {} dim{}",
         given.shape().braced(), given.shape().extent(last), listed(grid), grid.size(),
         grid.size() == 1 ? "" : "s");
  }
  SampleIndex index;
  index.base = options.base;
  index.tensors = {std::make_shared<Weight>(given, owner_of(options))};
  index.terms = terms_by_dim(given, terms_of(signature.output()), true, "index tensor", text);
  Term coordinate;
  coordinate.kind = Term::Kind::ellipsis;
  index.terms.push_back(coordinate);
  return make(std::move(index), signature, text, options);
}

Linop Sampling(const std::vector<Tensor>& given,
               std::string_view text,
               const SamplingOptions& options) {
  const Signature signature = two_sided(text);
  const Side grid = minus(signature.input(), signature.output());
  if (given.size() != grid.size()) {
    fail(Code::shape, kName, "{} index tensor{} given but the grid \"{}\" has {} dim{}",
         given.size(), given.size() == 1 ? " is" : "s are", listed(grid), grid.size(),
         grid.size() == 1 ? "" : "s");
  }
  SampleIndex index;
  index.base = options.base;
  for (const Tensor& one : given) {
    check_integers(one);
    if (one.shape() != given.front().shape()) {
      fail(Code::shape, kName, "the index tensors differ: {} and {}",
           given.front().shape().braced(), one.shape().braced());
    }
    if (one.device() != given.front().device()) {
      fail(Code::device, kName, "an index tensor is on {0} but another on {1}; use :to \"{0}\"",
           given.front().device().text(), one.device().text());
    }
    index.tensors.push_back(std::make_shared<Weight>(one, owner_of(options)));
  }
  index.terms =
      terms_by_dim(given.front(), terms_of(signature.output()), false, "index tensor", text);
  return make(std::move(index), signature, text, options);
}

}  // namespace lunops
