// SPDX-License-Identifier: MIT
#include "runtime/core/extent_table.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

using Axis = PatternAxis;

ExtentTable::ExtentTable(const Pattern& pattern,
                         std::string_view operation,
                         const ExtentList& given)
    : pattern_(pattern), operation_(operation) {
  for (const auto* side : {&pattern.left, &pattern.right}) {
    for (const Axis& axis : *side) {
      for (const Axis::Member& member : axis.members) set(member.dim, member.extent);
    }
  }
  for (const auto& [dim, extent] : given) {
    if (is_member(dim)) {
      set(dim, extent);
    } else if (is_label(dim)) {
      wholes_.emplace_back(dim, extent);
    } else {
      std::vector<std::string> names;
      for (const auto& [known, value] : known_) names.push_back(known.text());
      fail(Code::shape, operation_, "no dim '{}' in \"{}\"{}", dim.text(), pattern_.text(),
           did_you_mean(dim.text(), names));
    }
  }
}

int64_t ExtentTable::of_whole(const Axis& axis) const {
  for (const auto& [known, extent] : wholes_) {
    if (known == axis.name) return extent;
  }
  return kUnknown;
}

int64_t ExtentTable::of(Dim dim) const {
  for (const auto& [known, extent] : known_) {
    if (known == dim) return extent;
  }
  return kUnknown;
}

void ExtentTable::set(Dim dim, int64_t extent) {
  for (auto& [known, value] : known_) {
    if (known != dim) continue;
    if (value != kUnknown && extent != kUnknown && value != extent) {
      fail(Code::shape, operation_,
           "extent of '{}' is {} in one place and {} in another, for \"{}\"", dim.text(), value,
           extent, pattern_.text());
    }
    value = std::max(value, extent);
    return;
  }
  known_.emplace_back(dim, extent);
}

int64_t ExtentTable::fit(const Axis& axis, int64_t whole) {
  if (axis.kind == Axis::Kind::dim) {
    set(axis.members[0].dim, whole);
    return of(axis.members[0].dim);
  }
  int64_t product = 1;
  std::optional<Dim> open;
  for (const Axis::Member& member : axis.members) {
    const int64_t extent = of(member.dim);
    if (extent == kUnknown) {
      if (open && whole != kUnknown) {
        fail(Code::shape, operation_,
             "the extents of '{}' and '{}' are unknown, and only one can be told from {}={}; give "
             "one as extent",
             open->text(), member.dim.text(), axis.name.text(), whole);
      }
      open = member.dim;
    } else if (__builtin_mul_overflow(product, extent, &product) || product >= kExtentLimit) {
      fail(Code::shape, operation_, "the extents of group '{}' are too large", axis.name.text());
    }
  }
  if (whole == kUnknown) return open ? kUnknown : product;
  if (!open && product != whole) {
    fail(Code::shape, operation_, "extent of '{}' is {}, but its members give {}", axis.name.text(),
         whole, product);
  }
  if (open) {
    if (product == 0) {
      fail(Code::shape, operation_,
           "the extent of '{}' cannot be told where another member of '{}' is 0; give it as "
           "extent",
           open->text(), axis.name.text());
    }
    if (whole % product != 0) {
      fail(Code::shape, operation_,
           "extent of '{}': {} is not a multiple of {}, the product of the known members",
           axis.name.text(), whole, product);
    }
    set(*open, whole / product);
  }
  return whole;
}

bool ExtentTable::is_member(Dim dim) const {
  return std::any_of(known_.begin(), known_.end(),
                     [&](const auto& known) { return known.first == dim; });
}

bool ExtentTable::is_label(Dim dim) const {
  const auto has_name = [&](const Axis& axis) { return axis.name == dim; };
  return std::any_of(pattern_.left.begin(), pattern_.left.end(), has_name) ||
         std::any_of(pattern_.right.begin(), pattern_.right.end(), has_name);
}

}  // namespace lunops
