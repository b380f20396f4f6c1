// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/sparse.hpp"

#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/hot_use.hpp"
#include "runtime/backend/cpu/runs.hpp"

namespace lunops {

using namespace cpu;

namespace {

const SparseTable& table() {
  static const SparseTable& chosen = LUNOPS_SELECT_ISA(isa(), sparse_table);
  return chosen;
}

}  // namespace

void CpuBackend::sparse(
    const SparseRows& a, bool conjugate, RawView x, Scale s, RawView y, Stream& stream) {
  if (y.empty()) return;
  if (s.alpha == 0.0 || a.entries == 0) return scale(s.beta, y, stream);
  const auto last = static_cast<size_t>(y.ndim - 1), group = last - 1;
  // The other dims: one that is contiguous in both goes along inside the rows, unless the rows are.
  RawView from = x, to = y;
  from.ndim = to.ndim = y.ndim - 2;
  Runs<2> others({&to, &from});
  const bool is_wide = others.count > 1 && others.step[0] == 1 && others.step[1] == 1 &&
                       others.length > 1 && y.stride[last] != 1;
  const int64_t width = is_wide ? std::min(others.length, kWidest) : 1;
  const int64_t pieces = is_wide ? (others.length + width - 1) / width : others.length;
  const int64_t data = others.count / others.length * pieces;
  const double factors[4] = {s.alpha.real(), s.alpha.imag(), s.beta.real(), s.beta.imag()};
  const size_t type = hot_index(y.dtype);
  // Rows are done by chunks whose entries are read once for all data, from a near cache.
  constexpr int64_t kChunkEntries = 4096;
  const int64_t rows = a.groups * a.rows;
  const int64_t per_row = std::max<int64_t>(1, a.entries / rows);
  const int64_t chunk = std::min(a.rows, std::max<int64_t>(1, kChunkEntries / per_row / width));
  const int64_t chunks = (a.rows + chunk - 1) / chunk;
  const int share = (a.entries + rows) * data * width < kGrain ? 1 : stream.threads();
  ThreadPool::process().run(a.groups * chunks * data, share, [&](int64_t item, int) {
    const int64_t number = item % data, at_chunk = item / data % chunks, g = item / data / chunks;
    const int64_t row = at_chunk * chunk, begin = g * a.rows + row;
    SparseTable::Rows part;
    part.count = std::min(chunk, a.rows - row);
    part.first = a.first == nullptr ? nullptr : a.first + begin;
    part.column = a.first == nullptr ? a.column + begin : a.column;
    part.value = a.value;
    if (a.first == nullptr && a.value != nullptr) {
      part.value =
          static_cast<const std::byte*>(a.value) + begin * static_cast<int64_t>(size_of(a.dtype));
    }
    part.is_real = !is_complex(a.dtype);
    part.conjugate = conjugate && is_complex(a.dtype);
    const int64_t at_others = number / pieces * others.length + number % pieces * width;
    others.walk(at_others, at_others + 1, [&](const auto& offset, int64_t) {
      const std::byte* source = at(x, offset[1] + g * x.stride[group]);
      std::byte* target = at(y, offset[0] + g * y.stride[group] + row * y.stride[last]);
      if (is_wide) {
        const int64_t n = std::min(width, others.length - number % pieces * width);
        table().wide[type](part, n, source, x.stride[last], factors, target, y.stride[last]);
      } else {
        table().each[type](part, source, x.stride[last], factors, target, y.stride[last]);
      }
    });
  });
}

}  // namespace lunops
