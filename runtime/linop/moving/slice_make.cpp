// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/moving/slice.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops {

namespace {

using Ranges = std::vector<std::pair<std::string, SliceRange>>;

std::string text_of(const SliceRange& r) {
  if (r.drops) return fmt::format("{}", r.first);
  return r.step == 1 ? fmt::format("{{{}, {}}}", r.first, r.last)
                     : fmt::format("{{{}, {}, {}}}", r.first, r.last, r.step);
}

const SliceRange* range_of(const Ranges& ranges, const Term& term) {
  if (term.kind != Term::Kind::dim) return nullptr;
  for (const auto& [name, range] : ranges) {
    if (Dim::parse(name) == term.dim) return &range;
  }
  return nullptr;
}

void check(const char* name, const std::string& dim, const SliceRange& r, int64_t extent) {
  if (r.step < 1) {
    fail(Code::argument, name, "range of '{}' is {}: the step is {}; it is at least 1", dim,
         text_of(r), r.step);
  }
  if (r.first > r.last) {
    fail(Code::argument, name, "range of '{}' is {}: the first element comes after the last", dim,
         text_of(r));
  }
  if (r.first < 1 || (extent != kUnknown && r.last > extent)) {
    fail(Code::shape, name, "range of '{}' is {}; it lies inside 1…{}", dim, text_of(r),
         extent == kUnknown ? std::string("N") : fmt::format("{}", extent));
  }
}

// The signature from the large to the small side.
Signature from_large(const char* name, bool is_embed, std::string_view text, const Ranges& ranges) {
  const SignatureText parsed = parse_signature(name, text);
  if (!parsed.is_one_sided) return is_embed ? parsed.signature.adjoint() : parsed.signature;
  Side small;
  for (Term t : parsed.side) {
    const SliceRange* range = range_of(ranges, t);
    if (range != nullptr && range->drops) continue;
    if (range != nullptr) {
      t.dim.primes = 1;
      t.extent = kUnknown;
    }
    small.push_back(t);
  }
  return Signature(parsed.side, small);
}

Linop make_slice(bool is_embed, std::string_view text, const SliceOptions& options) {
  const char* name = is_embed ? "Embed" : "Slice";
  if (options.range.empty()) {
    fail(Code::argument, name, "nothing is cut out; give range = {{x = {{first, last}}}}");
  }
  Signature signature =
      with_options(name, from_large(name, is_embed, text, options.range), options);
  const Side large = terms_of(signature.input()), small = terms_of(signature.output());
  for (const auto& [dim, range] : options.range) {
    const bool is_there = std::any_of(large.begin(), large.end(), [&](const Term& t) {
      return t.kind == Term::Kind::dim && t.dim == Dim::parse(dim, name);
    });
    if (is_there) continue;
    std::vector<std::string> known;
    for (const Term& t : large) known.push_back(text_of_base(t));
    fail(Code::shape, name, "range: no dim '{}' in {}{}", dim, braced(large, false),
         did_you_mean(dim, known));
  }
  // Ranged dims that are not dropped become, in order, the dims that only the small side has.
  std::vector<int> made;
  for (size_t i = 0; i < small.size(); ++i) {
    if (find_term(large, small[i]) < 0) made.push_back(static_cast<int>(i));
  }
  std::vector<SliceCore::Range> ranges;
  DimExtents extents;
  size_t next = 0;
  for (size_t i = 0; i < large.size(); ++i) {
    const std::string dim = text_of_base(large[i]);
    const SliceRange* given = range_of(options.range, large[i]);
    const bool is_kept = find_term(small, large[i]) >= 0;
    if (given == nullptr && is_kept) continue;
    if (given == nullptr) {
      fail(Code::shape, name,
           "\"{}\" replaces '{}', but range does not say which elements are left", text, dim);
    }
    if (is_kept) {
      fail(Code::shape, name,
           "'{}' has a range and stands on both sides of \"{}\"; write {}' for "
           "what is left",
           dim, text, dim);
    }
    check(name, dim, *given, large[i].extent);
    SliceCore::Range r{static_cast<int>(i), -1, given->first - 1, given->step, 1};
    if (!given->drops) {
      if (next == made.size()) {
        fail(Code::shape, name,
             "\"{}\" has no dim for what is left of '{}'; name it, or give a "
             "number as range to drop it",
             text, dim);
      }
      r.small = made[next++];
      r.count = (given->last - given->first) / given->step + 1;
      const Term& t = small[static_cast<size_t>(r.small)];
      if (t.extent != kUnknown && t.extent != r.count) {
        fail(Code::shape, name, "extent of '{}' is {} but the range {} of '{}' has {} elements",
             t.kind == Term::Kind::dim ? t.dim.text() : text_of_base(t), t.extent, text_of(*given),
             dim, r.count);
      }
      extents.emplace_back(t.dim, r.count);
    }
    ranges.push_back(r);
  }
  if (next != made.size()) {
    fail(Code::shape, name, "\"{}\" has the dim '{}' for no range", text,
         text_of_base(small[static_cast<size_t>(made[next])]));
  }
  signature = signature.with_extents(extents);
  return Linop(std::make_shared<SliceCore>(
      is_embed, std::move(ranges), is_embed ? signature.adjoint() : signature, options.name));
}

}  // namespace

Linop Slice(std::string_view text, const SliceOptions& options) {
  return make_slice(false, text, options);
}

Linop Embed(std::string_view text, const SliceOptions& options) {
  return make_slice(true, text, options);
}

}  // namespace lunops
