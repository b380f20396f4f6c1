// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"

namespace lunops {

using namespace reference;

namespace {

// Calls f(block, element) for all entries of all blocks that cover element `p` of the array, in
// ascending order of the blocks: indices with the batch dims in front.
template <class F>
void for_each_block(const BlockGrid& g, int batch, const Index& p, const F& f) {
  RawView box;  // of block numbers
  box.ndim = g.ndim;
  Index first{};
  for (int d = 0; d < g.ndim; ++d) {
    const auto k = static_cast<size_t>(d);
    const int64_t at = p[static_cast<size_t>(batch + d)];
    const int64_t before = at - g.block[k] + 1;  // the first start of a block that reaches `at`
    first[k] = before <= 0 ? 0 : (before + g.stride[k] - 1) / g.stride[k];
    box.extent[k] = std::max<int64_t>(0, std::min(g.count[k] - 1, at / g.stride[k]) - first[k] + 1);
  }
  for_each_index(box, [&](const Index& number) {
    Index i = p;
    int64_t row = 0, column = 0;
    for (int d = 0; d < g.ndim; ++d) {
      const auto k = static_cast<size_t>(d), at = static_cast<size_t>(batch + d);
      i[at] = first[k] + number[k];
      column = p[at] - i[at] * g.stride[k];
      i[static_cast<size_t>(batch + g.ndim + d)] = column;
      if (d < g.ndim - 1) row = row * g.block[k] + column;
    }
    if (g.runs == nullptr) return f(i);
    for (int64_t r = 0; r < g.run_count; ++r) {
      const BlockGrid::Run& run = g.runs[r];
      if (run.row != row || column < run.start || column >= run.start + run.length) continue;
      i[static_cast<size_t>(batch + g.ndim)] = run.number + column - run.start;
      f(i);
    }
  });
}

}  // namespace

// y[…, i, j] = alpha * x[…, i * stride + j] + beta * y[…, i, j], x being 0 beyond the array.
void ReferenceBackend::array_to_blocks(
    const BlockGrid& grid, RawView x, Scale s, RawView y, Stream&) {
  const int batch = x.ndim - grid.ndim;
  for_each_index(y, [&](const Index& i) { store(y, offset(y, i), 0.0, {0.0, s.beta}); });
  for_each_index(x, [&](const Index& p) {
    const c128 value = read(x, offset(x, p)).z;
    for_each_block(grid, batch, p, [&](const Index& i) {
      store(y, offset(y, i), value, {s.alpha, 1.0});
    });
  });
}

// x[…, p] = alpha * sum of y[…, i, j] over i * stride + j = p + beta * x[…, p].
void ReferenceBackend::blocks_to_array(
    const BlockGrid& grid, RawView y, Scale s, RawView x, Stream&) {
  const int batch = x.ndim - grid.ndim;
  for_each_index(x, [&](const Index& p) {
    c128 sum = 0.0;
    for_each_block(grid, batch, p, [&](const Index& i) { sum += read(y, offset(y, i)).z; });
    store(x, offset(x, p), sum, s);
  });
}

}  // namespace lunops
