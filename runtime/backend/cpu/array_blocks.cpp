// SPDX-License-Identifier: MIT
#include "runtime/backend/array_blocks.hpp"

#include <cstring>

#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/boxes.hpp"
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/hot_use.hpp"
#include "runtime/backend/cpu/runs.hpp"

namespace lunops {

using namespace cpu;

namespace {

const BoxTable& boxes() {
  static const BoxTable& table = LUNOPS_SELECT_ISA(isa(), box_table);
  return table;
}

using Small = std::array<int64_t, kMaxDims / 2>;

// Half-open range of one dim.
struct Span {
  int64_t first = 0, last = 0;
};
using Spans = std::array<Span, kMaxDims / 2>;

// Where the dims of a grid are in the two views: strides in elements.
struct Blocked {
  const BlockGrid& g;
  Small array{}, count{}, offset{};  // offset[0] is the step between entries with a mask
  size_t last;                       // the last dim of the array

  Blocked(const BlockGrid& grid, const RawView& x, const RawView& y)
      : g(grid), last(static_cast<size_t>(grid.ndim - 1)) {
    const int batch = x.ndim - g.ndim;
    for (size_t d = 0; d <= last; ++d) {
      array[d] = x.stride[static_cast<size_t>(batch) + d];
      count[d] = y.stride[static_cast<size_t>(batch) + d];
      const size_t at = static_cast<size_t>(batch + g.ndim) + d;
      if (at < static_cast<size_t>(y.ndim)) offset[d] = y.stride[at];
    }
  }
};

// Boxes of x and y that go together.
struct Box {
  int64_t n[4] = {1, 1, 1, 1};
  int64_t array_step[4] = {0, 0, 0, 0}, block_step[4] = {0, 0, 0, 0};
  int64_t array = 0, block = 0;  // offsets of the first elements
};

// The offsets in a block at p = i * stride that lie in `part` of a dim.
Span offsets_in(const Span& part, int64_t p, int64_t block) {
  return {std::max<int64_t>(0, part.first - p), std::min(block, part.last - p)};
}

// The blocks of a dim that touch `part`.
Span blocks_in(const BlockGrid& g, size_t d, const Span& part) {
  const int64_t s = g.stride[d], before = part.first - g.block[d] + 1;
  return {before <= 0 ? 0 : (before + s - 1) / s,
          std::min(g.count[d], part.last <= 0 ? 0 : (part.last - 1) / s + 1)};
}

// Calls f with the boxes of blocks first … last-1 of one line (the blocks along the last dim whose
// other numbers are `i`), as far as they lie in `part`: an element of the array meets its blocks
// in ascending order.  `at` is the offset of the line's block 0 in y.
template <class F>
void for_line(
    const Blocked& b, const Small& i, Span line, const Spans& part, int64_t at, const F& f) {
  const BlockGrid& g = b.g;
  const size_t last = b.last;
  Spans inside{};  // offsets of the dims before the last
  int64_t array = 0;
  for (size_t d = 0; d < last; ++d) {
    inside[d] = offsets_in(part[d], i[d] * g.stride[d], g.block[d]);
    if (inside[d].first >= inside[d].last) return;
    array += i[d] * g.stride[d] * b.array[d];
  }
  // Stretches of blocks that lie inside with all of offsets start … start+length-1 go together.
  const auto along = [&](int64_t start, int64_t length, Box box, int64_t block_step) {
    const Span& p = part[last];
    const int64_t s = g.stride[last];
    int64_t k = line.first;
    while (k < line.last) {
      const int64_t from = k * s + start;
      Box made = box;
      int64_t cut = 0, n = length, blocks = 1;
      if (from >= p.first && from + length <= p.last) {
        blocks = std::min(line.last - k, (p.last - length - from) / s + 1);
      } else {
        cut = std::max<int64_t>(0, p.first - from);
        n = std::min(length, p.last - from) - cut;
      }
      if (n > 0) {
        made.n[0] = blocks;
        made.n[3] = n;
        made.array_step[0] = s * b.array[last];
        made.array_step[3] = b.array[last];
        made.block_step[0] = b.count[last];
        made.block_step[3] = block_step;
        made.array += (from + cut) * b.array[last];
        made.block += k * b.count[last] + cut * block_step;
        f(made);
      }
      k += blocks;
    }
  };
  if (g.runs == nullptr) {
    Box box;
    box.array = array;
    box.block = at;
    // Two more dims of the block belong to the box, the others are walked here.
    const size_t outer = last > 2 ? last - 2 : 0;
    for (size_t d = outer; d < last; ++d) {
      const size_t k = 3 - (last - d);
      box.n[k] = inside[d].last - inside[d].first;
      box.array_step[k] = b.array[d];
      box.block_step[k] = b.offset[d];
      box.array += inside[d].first * b.array[d];
      box.block += inside[d].first * b.offset[d];
    }
    Small j{};
    for (size_t d = 0; d < outer; ++d) j[d] = inside[d].first;
    for (;;) {
      Box made = box;
      for (size_t d = 0; d < outer; ++d) {
        made.array += j[d] * b.array[d];
        made.block += j[d] * b.offset[d];
      }
      along(0, g.block[last], made, b.offset[last]);
      size_t d = outer;
      while (d > 0 && ++j[d - 1] == inside[d - 1].last) {
        j[d - 1] = inside[d - 1].first;
        --d;
      }
      if (d == 0) break;
    }
    return;
  }
  // Within one row of the blocks, what is further right meets an element from an earlier block.
  for (int64_t r = g.run_count; r-- > 0;) {
    const BlockGrid::Run& run = g.runs[r];
    Box box;
    box.array = array;
    box.block = at + run.number * b.offset[0];
    int64_t row = run.row;
    bool is_inside = true;
    for (size_t d = last; d-- > 0;) {
      const int64_t j = row % g.block[d];
      row /= g.block[d];
      is_inside = is_inside && j >= inside[d].first && j < inside[d].last;
      box.array += j * b.array[d];
    }
    if (is_inside) along(run.start, run.length, box, b.offset[0]);
  }
}

// Offset of element `number`, in row-major order, of dims first … last-1 of a view.
int64_t offset_of(const RawView& v, int first, int last, int64_t number) {
  int64_t offset = 0;
  for (int d = last; d-- > first;) {
    const auto k = static_cast<size_t>(d);
    offset += number % v.extent[k] * v.stride[k];
    number /= v.extent[k];
  }
  return offset;
}

int64_t count_of(const RawView& v, int first, int last) {
  int64_t n = 1;
  for (int d = first; d < last; ++d) n *= v.extent[static_cast<size_t>(d)];
  return n;
}

// The part of a view with indices first … first+count-1 in one dim.
RawView narrowed(const RawView& v, int dim, int64_t first, int64_t count) {
  RawView part = v;
  const auto d = static_cast<size_t>(dim);
  part.extent[d] = count;
  part.data = at(v, first * v.stride[d]);
  return part;
}

// Larger results than this do not stay in the caches of a core until they are read.
constexpr int64_t kStreamBytes = int64_t{4} << 20;

// Whether the rows of all boxes of y are whole cache lines.
bool rows_are_lines(const BlockGrid& g, const RawView& y) {
  if (g.runs != nullptr) return false;
  const auto size = static_cast<int64_t>(size_of(y.dtype));
  const auto last = static_cast<size_t>(y.ndim - 1);
  if (y.stride[last] != 1 || g.block[static_cast<size_t>(g.ndim - 1)] * size % 64 != 0) {
    return false;
  }
  if (reinterpret_cast<uintptr_t>(y.data) % 64 != 0) return false;
  for (size_t d = 0; d < last; ++d) {
    if (y.extent[d] > 1 && y.stride[d] * size % 64 != 0) return false;
  }
  return true;
}

// A tile of the array that stays in the second-level cache of a core while blocks are added to it.
constexpr int64_t kTileBytes = int64_t{256} << 10;

Small tile_of(const BlockGrid& g, int64_t batch, int64_t element, int share) {
  Small tile{};
  int64_t bytes = element;
  for (size_t d = 0; d < static_cast<size_t>(g.ndim); ++d) {
    tile[d] = g.extent[d];
    bytes *= g.extent[d];
  }
  // Outer dims are cut first, to whole strides, so that blocks are read in long pieces.
  for (size_t d = 0; d < static_cast<size_t>(g.ndim) && bytes > kTileBytes; ++d) {
    const int64_t rest = bytes / tile[d];
    const int64_t s = g.stride[d];
    tile[d] = std::min(tile[d], std::max<int64_t>(1, kTileBytes / rest / s) * s);
    bytes = rest * tile[d];
  }
  // A few tiles for each thread, where there is something to share.
  for (size_t d = 0; d < static_cast<size_t>(g.ndim); ++d) {
    int64_t tiles = batch;
    for (size_t k = 0; k < static_cast<size_t>(g.ndim); ++k) {
      tiles *= (g.extent[k] + tile[k] - 1) / std::max<int64_t>(1, tile[k]);
    }
    const int64_t wanted = 4 * int64_t{share};
    if (tiles >= wanted || share == 1) break;
    const int64_t cuts = (wanted + tiles - 1) / tiles, s = g.stride[d];
    tile[d] = std::min(tile[d], std::max(s, (tile[d] / cuts + s - 1) / s * s));
  }
  return tile;
}

}  // namespace

void CpuBackend::array_to_blocks(
    const BlockGrid& grid, RawView x, Scale s, RawView y, Stream& stream) {
  if (y.empty()) return;
  if (s.alpha == 0.0) return scale(s.beta, y, stream);
  const Blocked b(grid, x, y);
  const int batch = x.ndim - grid.ndim;
  Spans whole{};
  for (size_t d = 0; d <= b.last; ++d) {
    whole[d] = {0, grid.extent[d]};
    const int64_t reaching = (grid.extent[d] - grid.block[d] + grid.stride[d]) / grid.stride[d];
    if (reaching >= grid.count[d]) continue;
    // Blocks that reach beyond the array, where nothing is written below.
    if (s.beta == 0.0) {
      const int64_t first = std::max<int64_t>(0, reaching);
      fill(0.0, narrowed(y, batch + static_cast<int>(d), first, grid.count[d] - first), stream);
    } else {
      scale(s.beta, y, stream);
      s.beta = 1.0;
    }
  }
  const double factors[4] = {s.alpha.real(), s.alpha.imag(), s.beta.real(), s.beta.imag()};
  const auto size = static_cast<int64_t>(size_of(y.dtype));
  const bool streams = s.alpha == 1.0 && s.beta == 0.0 && x.dtype == y.dtype &&
                       y.count() * size >= kStreamBytes &&
                       x.stride[static_cast<size_t>(x.ndim - 1)] == 1 && rows_are_lines(grid, y);
  const BoxTable& table = boxes();
  const BoxTable::Axpby axpby = table.axpby[hot_index(y.dtype)];
  const int64_t along = grid.count[b.last];
  const int64_t lines = count_of(y, 0, batch + grid.ndim) / along;
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, grid.entries));
  parallel_range(lines * along, grain, stream, [&](int64_t first, int64_t end, int) {
    while (first < end) {
      const int64_t line = first / along;
      const Span range{first % along, std::min(along, first % along + end - first)};
      Small i{};
      int64_t rest = line, at_y = 0;
      for (size_t d = b.last; d-- > 0;) {
        i[d] = rest % grid.count[d];
        rest /= grid.count[d];
        at_y += i[d] * b.count[d];
      }
      const std::byte* from = at(x, offset_of(x, 0, batch, rest));
      std::byte* to = at(y, offset_of(y, 0, batch, rest));
      for_line(b, i, range, whole, at_y, [&](Box& box) {
        const std::byte* source = from + box.array * size;
        std::byte* target = to + box.block * size;
        if (!streams || box.n[3] != grid.block[b.last]) {
          axpby(box.n, source, box.array_step, factors, target, box.block_step);
          return;
        }
        box.n[3] *= size;
        for (size_t d = 0; d < 3; ++d) {
          box.array_step[d] *= size;
          box.block_step[d] *= size;
        }
        table.stream(box.n, source, box.array_step, target, box.block_step);
      });
      first += range.last - range.first;
    }
  });
}

void CpuBackend::blocks_to_array(
    const BlockGrid& grid, RawView y, Scale s, RawView x, Stream& stream) {
  if (x.empty()) return;
  if (s.alpha == 0.0 || y.empty()) return scale(s.beta, x, stream);
  const Blocked b(grid, x, y);
  const int batch = x.ndim - grid.ndim;
  const int64_t arrays = count_of(x, 0, batch);
  const auto size = static_cast<int64_t>(size_of(x.dtype));
  const int share = x.count() + y.count() < kGrain ? 1 : stream.threads();
  const Small tile = tile_of(grid, arrays, size, share);
  Small tiles{};
  int64_t per_array = 1;
  for (size_t d = 0; d <= b.last; ++d) {
    tiles[d] = (grid.extent[d] + tile[d] - 1) / tile[d];
    per_array *= tiles[d];
  }
  const double adding[4] = {s.alpha.real(), s.alpha.imag(), 1.0, 0.0};
  const double before[4] = {s.beta.real(), s.beta.imag(), 0.0, 0.0};
  const BoxTable::Axpby axpby = boxes().axpby[hot_index(x.dtype)];
  ThreadPool::process().run(arrays * per_array, share, [&](int64_t item, int) {
    Spans part{}, range{};
    RawView own;  // the tile
    own.dtype = x.dtype;
    own.ndim = grid.ndim;
    int64_t rest = item, at_tile = 0;
    for (size_t d = b.last + 1; d-- > 0;) {
      const int64_t first = rest % tiles[d] * tile[d];
      rest /= tiles[d];
      part[d] = {first, std::min(grid.extent[d], first + tile[d])};
      range[d] = blocks_in(grid, d, part[d]);
      at_tile += first * b.array[d];
      own.extent[d] = part[d].last - first;
      own.stride[d] = b.array[d];
    }
    std::byte* to = at(x, offset_of(x, 0, batch, rest));
    const std::byte* from = at(y, offset_of(y, 0, batch, rest));
    own.data = to + at_tile * size;
    if (s.beta != 1.0) {
      const Runs<1> runs({&own});
      runs.walk(0, runs.count, [&](const auto& offset, int64_t n) {
        std::byte* row = at(own, offset[0]);
        if (s.beta == 0.0 && runs.step[0] == 1) {
          std::memset(row, 0, static_cast<size_t>(n * size));
        } else if (s.beta == 0.0) {
          for (int64_t i = 0; i < n; ++i) {
            std::memset(row + i * runs.step[0] * size, 0, static_cast<size_t>(size));
          }
        } else {
          hot().axpby[hot_index(x.dtype)](n, row, runs.step[0], false, before, row, runs.step[0]);
        }
      });
    }
    for (size_t d = 0; d <= b.last; ++d) {
      if (range[d].first >= range[d].last) return;
    }
    Small i{};
    for (size_t d = 0; d < b.last; ++d) i[d] = range[d].first;
    for (;;) {
      int64_t at_y = 0;
      for (size_t d = 0; d < b.last; ++d) at_y += i[d] * b.count[d];
      for_line(b, i, range[b.last], part, at_y, [&](const Box& box) {
        axpby(box.n, from + box.block * size, box.block_step, adding, to + box.array * size,
              box.array_step);
      });
      size_t d = b.last;
      while (d > 0 && ++i[d - 1] == range[d - 1].last) {
        i[d - 1] = range[d - 1].first;
        --d;
      }
      if (d == 0) break;
    }
  });
}

}  // namespace lunops
