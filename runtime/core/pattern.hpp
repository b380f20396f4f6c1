// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/dim.hpp"
#include "runtime/core/shape.hpp"
#include "runtime/core/shape_lexer.hpp"
#include "runtime/core/signature.hpp"

namespace lunops {

// What may be missing in a pattern: nothing, names on the right (they are reduced), or names on the
// left (they are new).
enum class PatternKind : uint8_t { rearrange, reduce, expand };

// One dim of a tensor, as a side of a pattern writes it.
//
// dim       "x=4"
// group     "(a b)" or "y=(a b)": made of several members, the last one fastest
// one       "1": a dim of extent 1 of any name on the left, a new one on the right
// ellipsis  "...": any number of dims that stay together and in order
struct PatternAxis {
  enum class Kind : uint8_t { dim, group, one, ellipsis };
  struct Member {
    Dim dim;
    int64_t extent = kUnknown;
    bool operator==(const Member&) const = default;
  };
  Kind kind = Kind::dim;
  Dim name;                     // of the whole axis; empty for "..." and for "1" on the left
  bool is_labelled = false;     // group: the name was written
  std::vector<Member> members;  // kind dim: one; kind group: at least one

  bool operator==(const PatternAxis&) const = default;
};

// A parsed rearrange pattern "coil y=(yo by) x -> coil by yo x" (shape-strings §2).
struct Pattern {
  PatternKind kind = PatternKind::rearrange;
  std::vector<PatternAxis> left;
  std::vector<PatternAxis> right;

  bool has_ellipsis() const noexcept;
  std::string text() const;  // parses back
  bool operator==(const Pattern&) const = default;
};

Pattern parse_pattern(std::string_view operation,
                      std::string_view text,
                      PatternKind kind = PatternKind::rearrange);

using ExtentList = std::vector<std::pair<Dim, int64_t>>;

// How the members of the pattern are found in a tensor.
struct PatternRules {
  bool takes_any_name = false;  // an unlabelled group on the left matches a dim of any name
  bool takes_batch = false;     // without "...", further leading dims are kept: operators
};

// A pattern worked out for one input shape: split, then choose and permute, then merge.
//
// split        the input with its groups taken apart, in memory order
// order        for each dim of `elements` its position in `split`, or -1 if it is new
// elements     the output before merging: split dims in the new order, and new dims
// group_sizes  for each output dim, how many consecutive `elements` it merges
// dropped      positions in `split` of dims of extent 1 that vanish
// reduced      positions in `split` of dims that are summed (PatternKind::reduce)
// output       unnamed if a dim of an unnamed input comes through "..."
//
// Dims without a name of their own have names such as "#3" in `split` and `elements`.  Extents are
// known if those of the input are.
struct Recipe {
  Shape split;
  std::vector<int> order;
  Shape elements;
  std::vector<int> group_sizes;
  std::vector<int> dropped;
  std::vector<int> reduced;
  Shape output;
};
Recipe resolve(const Pattern& pattern,
               std::string_view operation,
               const Shape& x,
               const ExtentList& extents = {},
               PatternRules rules = {});

// The signature of an operator with this pattern and the extents that follow from those given: an
// axis is a dim under its name, "1" on the left is a variable.
Signature to_signature(const Pattern& pattern,
                       std::string_view operation,
                       const ExtentList& extents = {});

}  // namespace lunops
