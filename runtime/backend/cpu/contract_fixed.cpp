// SPDX-License-Identifier: MIT
#include <cstring>

#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/contraction.hpp"
#include "runtime/backend/cpu/fixed.hpp"
#include "runtime/backend/cpu/hot_use.hpp"

// Three ways through the same sums (fixed.hpp says which): which of them is taken never shows in
// the bits.
namespace lunops::cpu {

namespace {

const FixedTable& fixed() {
  static const FixedTable& table = LUNOPS_SELECT_ISA(isa(), fixed_table);
  return table;
}

void add_dim(RawView& v, int64_t extent, int64_t stride) {
  v.extent[static_cast<size_t>(v.ndim)] = extent;
  v.stride[static_cast<size_t>(v.ndim)] = stride;
  ++v.ndim;
}

// The dims of the result by what has them: the first operand, the second, both or none.
struct Roles {
  RawView rows_y, rows_a, columns_y, columns_b, batch_y, batch_a, batch_b;

  explicit Roles(const Contraction& c) {
    rows_y = columns_y = batch_y = c.y;
    rows_a = batch_a = c.a;
    columns_b = batch_b = c.b;
    for (RawView* v : {&rows_y, &rows_a, &columns_y, &columns_b, &batch_y, &batch_a, &batch_b}) {
      v->ndim = 0;
    }
    for (size_t d = 0; d < static_cast<size_t>(c.y.ndim); ++d) {
      const int64_t n = c.y.extent[d], y = c.y.stride[d], a = c.a.stride[d], b = c.b.stride[d];
      if (n == 1) continue;
      if (a != 0 && b == 0) {
        add_dim(rows_y, n, y);
        add_dim(rows_a, n, a);
      } else if (a == 0 && b != 0) {
        add_dim(columns_y, n, y);
        add_dim(columns_b, n, b);
      } else {
        add_dim(batch_y, n, y);
        add_dim(batch_a, n, a);
        add_dim(batch_b, n, b);
      }
    }
  }
};

// One side of a product of matrices.
struct Side {
  const Runs<2>& runs;  // y, operand
  const RawView& operand;
  int summed;  // number of the operand among those of the summed dims
  bool conjugate;

  int64_t parts() const noexcept { return is_complex(operand.dtype) ? 2 : 1; }

  // Elements first … first+count-1 for summed indices k0 … k1-1 as a panel.
  void pack(const Runs<2>& reduced,
            int64_t offset,
            int64_t first,
            int64_t count,
            int64_t k0,
            int64_t k1,
            int64_t side,
            double* panel) const {
    const FixedTable::Pack put = fixed().pack[hot_index(operand.dtype)];
    if (count < side) {
      std::memset(panel, 0, static_cast<size_t>((k1 - k0) * parts() * side) * sizeof(double));
    }
    int64_t i = 0;
    runs.walk(first, first + count, [&](const auto& at_element, int64_t n) {
      int64_t k = 0;
      reduced.walk(k0, k1, [&](const auto& at_summed, int64_t length) {
        const auto s = static_cast<size_t>(summed);
        put(n, length, at(operand, offset + at_element[1] + at_summed[s]), runs.step[1],
            reduced.step[s], conjugate, side, panel + k * parts() * side + i);
        k += length;
      });
      i += n;
    });
  }
};

// Elements of a tile of the result: its sums and panels take 224 KiB of a thread's stack, within a
// second cache.
constexpr int64_t kLeft = 64, kRight = 32;

void by_tiles(const Contraction& c,
              const Roles& roles,
              const Runs<2>& reduced,
              const Stream& stream) {
  const Runs<2> rows({&roles.rows_y, &roles.rows_a}), columns({&roles.columns_y, &roles.columns_b});
  const Runs<3> batch({&roles.batch_y, &roles.batch_a, &roles.batch_b});
  // The longer side lies along the vectors.
  const bool is_other = columns.count > rows.count;
  const Side a{rows, c.a, 0, c.conjugate_a}, b{columns, c.b, 1, c.conjugate_b};
  const Side &left = is_other ? b : a, &right = is_other ? a : b;
  const bool is_result_complex = is_complex(c.y.dtype);
  const int64_t parts = is_result_complex ? 2 : 1;
  const int64_t side = fixed().rows[is_result_complex ? 1 : 0];
  FixedTable::Multiply multiply = fixed().real;
  if (is_result_complex) {
    multiply = left.parts() == 1    ? fixed().left_is_real
               : right.parts() == 1 ? fixed().right_is_real
                                    : fixed().complex[is_other ? 1 : 0];
  }
  const HotTable::Store store = hot().store[hot_index(c.y.dtype)];

  const int64_t left_tiles = (left.runs.count + kLeft - 1) / kLeft;
  const int64_t right_tiles = (right.runs.count + kRight - 1) / kRight;
  const int64_t items = batch.count * left_tiles * right_tiles;
  const int64_t work =
      std::min(kLeft, left.runs.count) * std::min(kRight, right.runs.count) * reduced.count;
  const int64_t per_item = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work));
  const auto tile = [&](int64_t item) {
    alignas(64) double left_panels[kLeft * kFixedBlock * 2];
    alignas(64) double right_panels[kRight * kFixedBlock * 2];
    alignas(64) double totals[kLeft * kRight * 2];
    const int64_t l0 = item % left_tiles * kLeft;
    const int64_t r0 = item / left_tiles % right_tiles * kRight;
    const int64_t element = item / left_tiles / right_tiles;
    const int64_t l_count = std::min(kLeft, left.runs.count - l0);
    const int64_t r_count = std::min(kRight, right.runs.count - r0);
    const int64_t l_groups = (l_count + side - 1) / side;
    const int64_t r_groups = (r_count + kFixedColumns - 1) / kFixedColumns;
    const int64_t l_panel = side * kFixedBlock * left.parts();
    const int64_t r_panel = kFixedColumns * kFixedBlock * right.parts();
    const int64_t block = side * kFixedColumns * parts;
    std::memset(totals, 0, static_cast<size_t>(l_groups * r_groups * block) * sizeof(double));
    std::array<int64_t, 3> offset{};
    batch.walk(element, element + 1, [&](const auto& where, int64_t) { offset = where; });
    const int64_t at_left = offset[is_other ? 2 : 1], at_right = offset[is_other ? 1 : 2];
    for (int64_t k0 = 0; k0 < reduced.count; k0 += kFixedBlock) {
      const int64_t k1 = std::min(reduced.count, k0 + kFixedBlock);
      for (int64_t g = 0; g < l_groups; ++g) {
        left.pack(reduced, at_left, l0 + g * side, std::min(side, l_count - g * side), k0, k1, side,
                  left_panels + g * l_panel);
      }
      for (int64_t h = 0; h < r_groups; ++h) {
        right.pack(reduced, at_right, r0 + h * kFixedColumns,
                   std::min(kFixedColumns, r_count - h * kFixedColumns), k0, k1, kFixedColumns,
                   right_panels + h * r_panel);
        for (int64_t g = 0; g < l_groups; ++g) {
          multiply(k1 - k0, left_panels + g * l_panel, right_panels + h * r_panel,
                   totals + (h * l_groups + g) * block);
        }
      }
    }
    double sums[2 * kLeft];
    int64_t r = 0;
    right.runs.walk(r0, r0 + r_count, [&](const auto& where, int64_t n) {
      for (int64_t i = 0; i < n; ++i, ++r) {
        const double* from =
            totals + r / kFixedColumns * l_groups * block + r % kFixedColumns * parts * side;
        for (int64_t l = 0; l < l_count; ++l) {
          const double* sum = from + l / side * block + l % side;
          for (int64_t p = 0; p < parts; ++p) sums[l * parts + p] = sum[p * side];
        }
        const int64_t column = offset[0] + where[0] + i * right.runs.step[0];
        int64_t done = 0;
        left.runs.walk(l0, l0 + l_count, [&](const auto& row, int64_t length) {
          store(length, sums + done * parts, c.s, at(c.y, column + row[0]), left.runs.step[0]);
          done += length;
        });
      }
    });
  };
  ThreadPool::process().run((items + per_item - 1) / per_item, stream.threads(),
                            [&](int64_t part, int) {
                              const int64_t last = std::min(items, (part + 1) * per_item);
                              for (int64_t i = part * per_item; i < last; ++i) tile(i);
                            });
}

// A stretch of the result, one product after the other.
void by_columns(const Contraction& c, const Runs<2>& reduced, const Stream& stream) {
  const size_t type = hot_index(c.y.dtype);
  const FixedTable::Accumulate accumulate = fixed().accumulate[type];
  const HotTable::Store store = hot().store[type];
  const Runs<3> kept({&c.y, &c.a, &c.b});
  const int64_t parts = is_complex(c.y.dtype) ? 2 : 1;
  const int64_t grain = std::max<int64_t>(64, kGrain / std::max<int64_t>(1, reduced.count));
  parallel_range(kept.count, grain, stream, [&](int64_t begin, int64_t end, int) {
    double totals[2 * kBlockSize], chains[2 * kBlockSize];
    kept.walk(begin, end, [&](const auto& offset, int64_t n) {
      for (int64_t i = 0; i < n; i += kBlockSize) {
        const int64_t m = std::min(kBlockSize, n - i);
        const int64_t a = offset[1] + i * kept.step[1], b = offset[2] + i * kept.step[2];
        std::memset(totals, 0, static_cast<size_t>(m * parts) * sizeof(double));
        for (int64_t k0 = 0; k0 < reduced.count; k0 += kFixedBlock) {
          std::memset(chains, 0, static_cast<size_t>(m * parts) * sizeof(double));
          reduced.walk(k0, std::min(reduced.count, k0 + kFixedBlock),
                       [&](const auto& inner, int64_t length) {
                         for (int64_t j = 0; j < length; ++j) {
                           accumulate(m, at(c.a, a + inner[0] + j * reduced.step[0]), kept.step[1],
                                      c.real_a, c.conjugate_a,
                                      at(c.b, b + inner[1] + j * reduced.step[1]), kept.step[2],
                                      c.conjugate_b, chains);
                         }
                       });
          for (int64_t j = 0; j < m * parts; ++j) totals[j] += chains[j];
        }
        store(m, totals, c.s, at(c.y, offset[0] + i * kept.step[0]), kept.step[0]);
      }
    });
  });
}

// Few results of long sums along one stride: chains side by side, shared among the threads.
void by_chains(const Contraction& c, const Runs<2>& reduced, const Stream& stream) {
  constexpr int64_t kAtOnce = 16, kRound = 512;
  const size_t type = hot_index(c.y.dtype);
  const FixedTable::Accumulate accumulate = fixed().accumulate[type];
  const Runs<3> kept({&c.y, &c.a, &c.b});
  const int64_t parts = is_complex(c.y.dtype) ? 2 : 1;
  const int64_t full = reduced.count / kFixedBlock;
  const auto add = [&](int64_t a, int64_t b, int64_t chain, int64_t n, int64_t length,
                       double* sums) {
    for (int64_t j = 0; j < length; ++j) {
      const int64_t k = chain * kFixedBlock + j;
      accumulate(n, at(c.a, a + k * reduced.step[0]), kFixedBlock * reduced.step[0], c.real_a,
                 c.conjugate_a, at(c.b, b + k * reduced.step[1]), kFixedBlock * reduced.step[1],
                 c.conjugate_b, sums);
    }
  };
  kept.walk(0, kept.count, [&](const auto& offset, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t a = offset[1] + i * kept.step[1], b = offset[2] + i * kept.step[2];
      double total[2] = {0, 0};
      for (int64_t first = 0; first < full; first += kRound) {
        double chains[2 * kRound] = {};
        const int64_t count = std::min(kRound, full - first);
        ThreadPool::process().run((count + kAtOnce - 1) / kAtOnce, stream.threads(),
                                  [&](int64_t part, int) {
                                    const int64_t at_chain = part * kAtOnce;
                                    add(a, b, first + at_chain, std::min(kAtOnce, count - at_chain),
                                        kFixedBlock, chains + at_chain * parts);
                                  });
        for (int64_t k = 0; k < count * parts; ++k) total[k % parts] += chains[k];
      }
      double rest[2] = {0, 0};
      add(a, b, full, 1, reduced.count - full * kFixedBlock, rest);
      for (int64_t p = 0; p < parts; ++p) total[p] += rest[p];
      hot().store[type](1, total, c.s, at(c.y, offset[0] + i * kept.step[0]), kept.step[0]);
    }
  });
}

}  // namespace

void contract_fixed(const Contraction& c, const Stream& stream) {
  const Runs<2> reduced({&c.ra, &c.rb}, true);
  const Roles roles(c);
  const int64_t rows = roles.rows_y.count(), columns = roles.columns_y.count();
  const Runs<3> kept({&c.y, &c.a, &c.b});
  const auto is_unit_or_zero = [](int64_t step) { return step == 0 || step == 1; };
  const bool columns_are_fast = kept.step[0] == 1 && is_unit_or_zero(kept.step[1]) &&
                                is_unit_or_zero(kept.step[2]) && kept.length >= 16;
  const bool is_matrix = rows >= 4 && columns >= 4;
  if (reduced.count >= 8 && (is_matrix || (!columns_are_fast && rows * columns >= 8))) {
    by_tiles(c, roles, reduced, stream);
  } else if (kept.count < 16 && reduced.ndim == 0 && reduced.count >= 8 * kFixedBlock) {
    by_chains(c, reduced, stream);
  } else {
    by_columns(c, reduced, stream);
  }
}

}  // namespace lunops::cpu
