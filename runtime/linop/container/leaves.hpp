// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "runtime/linop/tile.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

class Builder;

// How the sum over one dim is ordered where its bits shall not depend on tiles (splitting.md §10).
//
// The indices of the dim form leaves of `size` consecutive ones, the last perhaps of fewer.  Node
// (j, i) of the tree over the leaves covers those from i 2^j to (i+1) 2^j - 1, as far as they
// exist; its value is left + right, or left alone where right has none, rounded to the precision of
// the data.  All of this is a function of the extent alone.
struct Leaves {
  int64_t size = 1;
  int64_t count = 1;

  static constexpr int64_t kMost = 64;
  static Leaves of(int64_t extent, int64_t most = kMost);
  // Those that elements lie in.
  Stretch of_elements(Stretch elements) const {
    const int64_t first = elements.first / size;
    return {first, std::max<int64_t>(1, (elements.end() + size - 1) / size - first)};
  }
  // The elements of these leaves among those of a range.
  Stretch elements(Stretch leaves, Stretch range) const {
    return intersection({leaves.first * size, leaves.count * size}, range);
  }
  // The largest nodes within these leaves, in order.
  std::vector<Stretch> nodes(Stretch leaves) const;

  bool operator==(const Leaves&) const = default;
};

// Whether a step with this scale writes values as they are.
inline bool is_plain(const StepScale& scale) noexcept {
  return scale.factor == 1.0 && !scale.has_callers_alpha && scale.beta == StepScale::Beta::zero;
}

// Sums of the values of nodes, by the tree.
class TreeSum {
 public:
  // A node with a value on a device; `make` writes the steps that put it `into` a place.
  struct Entry {
    Stretch leaves;
    Device device;
    std::function<void(const Operand& into)> make;
  };
  // Entries in order of their leaves; leaves that none covers count as zero.
  TreeSum(Builder& b, std::vector<Entry> entries) : b_(b), entries_(std::move(entries)) {}

  // y <- scale of the root.  Values on one device are added there; what meets across devices comes
  // to that of y when all devices have their work, and is added there.
  void write(const Operand& y, const StepScale& scale);

 private:
  // Of a node: its value, or two of which one lies elsewhere.
  struct Value {
    Operand here = {};
    std::vector<Value> parts = {};
  };
  Value made(size_t entry);
  std::optional<Value> value_of(Stretch node);
  Value sum(Value left, Value right);
  Operand resolved(const Value& value);

  Builder& b_;
  std::vector<Entry> entries_;
  size_t next_ = 0;
  const Operand* y_ = nullptr;
  bool is_plain_ = false;  // y is the root, as it is
};

}  // namespace lunops
