// SPDX-License-Identifier: MIT
// What deterministic plans promise of the cpu backend (splitting.md §10): the bits of an element of
// A(x) depend neither on the threads nor on the other indices of kept, batch and out-only dims that
// the same application computes.
#include <algorithm>
#include <cstring>
#include <optional>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/plan/split.hpp"
#include "tests/laws/laws.hpp"

namespace lunops::laws {

namespace {

Tensor applied(const Linop& a, const Tensor& x, Context& c, bool rewrite = true) {
  return apply_planned(a, x, c, {.rewrite = rewrite, .deterministic = true});
}

bool have_equal_bits(const Tensor& a, const Tensor& b) {
  Context context;
  if (!(a.shape() == b.shape()) || a.dtype() != b.dtype()) return false;
  const Tensor u = a.contiguous(context), v = b.contiguous(context);
  return u.bytes() == 0 || std::memcmp(u.data(), v.data(), u.bytes()) == 0;
}

// The part of a tensor that the slices of one side name.
Tensor part_of(const Tensor& x, const Side& side, bool takes_batch, const Slices& slices) {
  const Places at = places(side, takes_batch, x.ndim());
  Tensor part = x;
  for (size_t i = 0; i < slices.size(); ++i) {
    if (slices[i]) part = part.slice(at.term[i], slices[i]->first, slices[i]->count);
  }
  return part;
}

bool stands_in(const Side& side, Dim dim) {
  return std::any_of(side.begin(), side.end(),
                     [&](const Term& t) { return t.kind == Term::Kind::dim && t.dim == dim; });
}

// Tiles along a dim that is kept or out-only: none where A cannot be cut along it, or where several
// tiles add up to one part of the result.
std::optional<Tiles> tiles_along(const Linop& a, Dim dim, int64_t size) {
  if (!stands_in(a.signature().output(), dim)) return std::nullopt;
  try {
    Tiles tiles = split(a, {{dim, size}});
    for (size_t i = 0; i < tiles.tiles.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (tiles.tiles[i].output_slices == tiles.tiles[j].output_slices) return std::nullopt;
      }
    }
    return tiles;
  } catch (const Error&) {
    return std::nullopt;  // L10 looks at what is said
  }
}

// Tiles of a composition along an out-only dim may be rewritten otherwise, as a normal that is no
// normal any more; equality is promised of what stays the same.
bool is_composed(const Linop& a) { return a.kind() == "Normal" || !a.children().empty(); }

// Of its pieces along a dim that it mixes, a difference adds the far neighbours later.
bool is_difference(const Linop& a) {
  const std::string kind = a.kind();
  const std::vector<Linop> children = a.children();
  return kind == "Laplacian" || kind == "FiniteDifference" || kind == "Gradient" ||
         std::any_of(children.begin(), children.end(), is_difference);
}

void check_bits(const std::string& name, const Linop& a, const Tensor& x, Context& c) {
  INFO("bits of " << name);
  Context one;
  one.stream->set_threads(1);
  const Tensor y = applied(a, x, one);
  for (const int threads : {2, 3}) {
    INFO(threads << " threads");
    Context more;
    more.stream->set_threads(threads);
    CHECK(have_equal_bits(applied(a, x, more), y));
  }
  const Signature& s = a.signature();
  const bool takes_batch = s.is_open() || s.has_ellipsis();
  const std::optional<Tensor> plain =
      is_composed(a) ? std::optional<Tensor>(applied(a, x, one, false)) : std::nullopt;
  for (const Dim& dim : a.dims()) {
    const int64_t n = a.extent(dim.text());
    const bool is_kept = stands_in(s.input(), dim) && stands_in(s.output(), dim);
    if (!is_kept && is_difference(a)) continue;
    const bool is_rewritten = is_kept || !plain;
    // Thousands of tiles take longer to make than to compare.
    std::vector<int64_t> sizes{n > 200 ? n / 50 : 1, (n + 1) / 2};
    if (n == 2) sizes.pop_back();
    for (const int64_t size : sizes) {
      if (size < 1 || size >= n) continue;
      INFO("tiles of " << dim.text() << "=" << size);
      const auto tiles = tiles_along(a, dim, size);
      if (!tiles) break;
      for (size_t i = 0; i < tiles->tiles.size(); ++i) {
        if (i > 1 && i + 2 < tiles->tiles.size()) continue;  // two at each end are like the others
        const SplitTile& tile = tiles->tiles[i];
        const Tensor from = part_of(x, s.input(), takes_batch, tile.input_slices);
        const Tensor expected =
            part_of(is_rewritten ? y : *plain, s.output(), takes_batch, tile.output_slices);
        CHECK(have_equal_bits(applied(tile.op, from, one, is_rewritten), expected));
        CHECK(have_equal_bits(applied(tile.op, from.contiguous(c), one, is_rewritten), expected));
      }
    }
  }
  if (!s.is_open() || !x.shape().is_named()) return;
  // A batch of five at once, in parts, and alone.
  std::vector<Dim> dims = x.shape().dims();
  std::vector<int64_t> extents = x.shape().extents();
  dims.insert(dims.begin(), Dim::parse("zz"));
  extents.insert(extents.begin(), 5);
  const Tensor stack = random_like(Shape(dims, extents), x.dtype(), 7, c);
  const Tensor whole = applied(a, stack, one);
  const auto check_part = [&](int64_t first, int64_t count) {
    INFO("batch elements from " << first << ", " << count << " of 5");
    const Tensor from = stack.slice(0, first, count), expected = whole.slice(0, first, count);
    CHECK(have_equal_bits(applied(a, from, one), expected));
  };
  check_part(0, 2);
  check_part(2, 3);
  for (int64_t i = 0; i < 5; ++i) check_part(i, 1);
  CHECK(have_equal_bits(applied(a, stack.select(0, 3), one), whole.select(0, 3)));
}

}  // namespace

void determinism(const Subject& s, Context& c) {
  const Tensor x = random_like(s.input, s.dtype, s.seed + 16, c);
  const Tensor y = random_like(s.output, s.output_dtype, s.seed + 17, c);
  check_bits(s.name, s.a, x, c);
  check_bits(s.name + ".H", s.a.H(), y, c);
  check_bits(s.name + ".N", s.a.N(), x, c);
}

}  // namespace lunops::laws
