// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/core/pattern.hpp"

namespace lunops {

// The extents of a pattern's members and axes, gathered from the pattern, an option and shapes.
// Refers to the pattern and to the operation's name, which must outlive it.
class ExtentTable {
 public:
  // Throws Error{shape} for a dim that the pattern does not have, and where extents disagree.
  ExtentTable(const Pattern& pattern, std::string_view operation, const ExtentList& given);

  // The extent given for the name of a group, which may be a member's name elsewhere.
  int64_t of_whole(const PatternAxis& axis) const;
  int64_t of(Dim member) const;  // kUnknown if not known
  void set(Dim member, int64_t extent);
  // Makes the members of an axis agree with the extent of the whole; either may be unknown.
  // Returns the whole.
  int64_t fit(const PatternAxis& axis, int64_t whole);

 private:
  bool is_member(Dim dim) const;
  bool is_label(Dim dim) const;

  const Pattern& pattern_;
  std::string_view operation_;
  ExtentList known_;   // of members
  ExtentList wholes_;  // of groups, as given
};

}  // namespace lunops
