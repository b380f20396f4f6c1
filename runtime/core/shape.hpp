// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/dim.hpp"

namespace lunops {

// An ordered list of named extents.  Order is memory order, slowest first.
//
// Invariants: dims are unique, or all of them are unnamed; a known extent is >= 0; the product of
// the known extents is below 2^53.  A Shape is a value and never changes after construction, so any
// thread may read it.
class Shape {
 public:
  Shape() = default;  // rank 0
  Shape(std::vector<Dim> dims, std::vector<int64_t> extents);
  static Shape unnamed(std::vector<int64_t> extents);

  // Parses "coil y=256 x"; extents that the text does not give are unknown.
  // Throws Error{shape} with a caret under the offending token.
  static Shape parse(std::string_view text);

  int ndim() const noexcept { return static_cast<int>(dims_.size()); }
  const std::vector<Dim>& dims() const noexcept { return dims_; }
  const std::vector<int64_t>& extents() const noexcept { return extents_; }
  Dim dim(int i) const { return dims_[static_cast<size_t>(i)]; }
  int64_t extent(int i) const { return extents_[static_cast<size_t>(i)]; }

  bool is_named() const noexcept;    // true for rank 0
  bool is_known() const noexcept;    // every extent is known
  int64_t count() const;             // product of the extents, all of which must be known
  int find(Dim dim) const noexcept;  // position of exactly this dim, or -1
  int find(std::string_view name) const noexcept;  // the same for text such as "x'", or -1
  int find_base(Name name) const noexcept;  // position of the first dim with this base name, or -1
  int64_t extent_of(std::string_view name) const;  // throws Error{shape} naming the dims there are

  Shape with_extent(int i, int64_t extent) const;
  Shape without_primes() const;

  std::string text() const;    // "coil=8 y=256 x": parses back; unnamed extents print as "8 256"
  std::string names() const;   // "coil y x"
  std::string braced() const;  // "{coil=8, y=256, x}": for messages

  bool operator==(const Shape&) const = default;

 private:
  std::vector<Dim> dims_;
  std::vector<int64_t> extents_;
};

}  // namespace lunops
