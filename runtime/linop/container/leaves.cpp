// SPDX-License-Identifier: MIT
#include "runtime/linop/container/leaves.hpp"

#include <algorithm>
#include <bit>

#include "runtime/core/error.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

Leaves Leaves::of(int64_t extent, int64_t most) {
  const int64_t n = std::max<int64_t>(1, extent);
  const int64_t size = (n + most - 1) / most;
  return {size, (n + size - 1) / size};
}

std::vector<Stretch> Leaves::nodes(Stretch leaves) const {
  std::vector<Stretch> made;
  for (int64_t at = leaves.first; at < leaves.end();) {
    // Each doubling keeps the start a multiple of the size; leaves beyond the last do not count.
    int64_t width = 1;
    while (at % (2 * width) == 0 && width < count - at &&
           std::min(at + 2 * width, count) <= leaves.end()) {
      width *= 2;
    }
    const int64_t end = std::min(at + width, count);
    made.push_back({at, end - at});
    at = end;
  }
  return made;
}

// All else is added to the value of the first entry, so that it may be written to y.
TreeSum::Value TreeSum::made(size_t entry) {
  const Entry& e = entries_[entry];
  const bool is_root = entry == 0 && is_plain_ && e.device == y_->device;
  Value value{is_root ? *y_ : b_.slot(y_->shape, y_->dtype, e.device), {}};
  e.make(value.here);
  return value;
}

std::optional<TreeSum::Value> TreeSum::value_of(Stretch node) {
  const auto has_more = [&] {
    return next_ < entries_.size() && entries_[next_].leaves.first < node.end();
  };
  if (!has_more()) return std::nullopt;
  const int64_t last = entries_.back().leaves.end();
  const Stretch& own = entries_[next_].leaves;
  if (own.first == node.first && own.end() == std::min(node.end(), last)) {
    return made(next_++);
  }
  if (node.count == 1) {
    // Pieces of one leaf, of an operator that was cut once more: in their order.
    std::optional<Value> all;
    while (has_more()) {
      Value piece = made(next_++);
      all = all ? sum(std::move(*all), std::move(piece)) : std::move(piece);
    }
    return all;
  }
  const int64_t half = node.count / 2;
  std::optional<Value> left = value_of({node.first, half});
  std::optional<Value> right = value_of({node.first + half, half});
  if (!left) return right;
  if (!right) return left;
  return sum(std::move(*left), std::move(*right));
}

TreeSum::Value TreeSum::sum(Value left, Value right) {
  if (!left.parts.empty() || !right.parts.empty() || !(left.here.device == right.here.device)) {
    Value both;
    both.parts.push_back(std::move(left));
    both.parts.push_back(std::move(right));
    return both;
  }
  b_.label("Add", left.here.shape.braced());
  b_.copy(right.here, left.here, StepScale{}.accumulating());
  return left;
}

Operand TreeSum::resolved(const Value& value) {
  if (!value.parts.empty()) {
    const Operand left = resolved(value.parts.front());
    const Operand right = resolved(value.parts.back());
    b_.label("Add", left.shape.braced());
    b_.copy(right, left, StepScale{}.accumulating());
    return left;
  }
  const Operand& there = value.here;
  if (there.device == y_->device) return there;
  const Operand here = b_.slot(there.shape, there.dtype, y_->device);
  b_.label("ToDevice", fmt::format("{} -> {}  {}", there.device.text(), y_->device.text(),
                                   there.shape.braced()));
  b_.copy(there, here, {});
  return here;
}

void TreeSum::write(const Operand& y, const StepScale& scale) {
  y_ = &y;
  is_plain_ = is_plain(scale);
  const int64_t leaves = entries_.back().leaves.end();
  const auto width = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(leaves)));
  const std::optional<Value> all = value_of({0, width});
  LUNOPS_ASSERT(all.has_value());
  if (is_plain_ && entries_.front().device == y.device) {
    resolved(*all);
    return;
  }
  const Operand root = all->parts.empty() ? all->here : resolved(*all);
  if (root.device == y.device) {
    b_.label("Copy", y.shape.braced());
  } else {
    b_.label("ToDevice",
             fmt::format("{} -> {}  {}", root.device.text(), y.device.text(), y.shape.braced()));
  }
  b_.copy(root, y, scale);
}

}  // namespace lunops
